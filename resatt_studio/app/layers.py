"""What the layers are called; how they are shown at first stands in ``canvas.layers``."""

from __future__ import annotations

from resatt_studio.app.canvas.layers import HAZE_LAYERS
from resatt_studio.words import mark

LAYER_WORDS: dict[str, tuple[str, str]] = {
    "photo": (mark("Photo"), mark("The photo itself.")),
    "dehazed": (mark("Dehazed"), mark("The photo as the DHFormer-style network clears it.")),
    "transmission": (
        mark("Transmission"),
        mark("How clear the air is, by that network: black is dense haze."),
    ),
    "residual": (mark("Residual"), mark("The haze that is left in the ratio image and taken away last.")),
    "heat": (mark("Attention"), mark("Where a label network looks; ask it in the Attention panel.")),
    "mask": (
        mark("Crack mask"),
        mark("What the network calls crack at the threshold, with your corrections."),
    ),
    "outline": (mark("Mask outline"), mark("A line around the crack mask, beside it.")),
    "probability": (mark("Probability"), mark("How sure the network is of crack.")),
    "uncertainty": (mark("Uncertainty"), mark("Where the network wavers.")),
    "correction": (mark("Your correction"), mark("What you painted: crack, not crack.")),
    "change": (
        mark("Changed by learning"),
        mark("Crack that a version of the weights gained or lost against another."),
    ),
}
"""Title and one sentence of each layer, from the bottom up."""

NEED_WHOLE_PHOTO = frozenset({*HAZE_LAYERS, "heat", "change"})
"""Layers that are made of photos that are held whole, never of one that is shown part by part."""
