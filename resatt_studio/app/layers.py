"""What the layers are called; how they are shown at first stands in ``canvas.layers``."""

from __future__ import annotations

LAYER_WORDS: dict[str, tuple[str, str]] = {
    "photo": ("Photo", "The photo itself."),
    "dehazed": ("Dehazed", "The photo as the DHFormer-style network clears it."),
    "transmission": ("Transmission", "How clear the air is, by that network: black is dense haze."),
    "residual": ("Residual", "The haze that is left in the ratio image and taken away last."),
    "heat": ("Attention", "Where a label network looks; ask it in the Attention panel."),
    "mask": ("Crack mask", "What the network calls crack at the threshold, with your corrections."),
    "outline": ("Mask outline", "A line around the crack mask, beside it."),
    "probability": ("Probability", "How sure the network is of crack."),
    "uncertainty": ("Uncertainty", "Where the network wavers."),
    "correction": ("Your correction", "What you painted: crack, not crack."),
    "change": ("Changed by learning", "Crack that a version of the weights gained or lost against another."),
}
"""Title and one sentence of each layer, from the bottom up."""
