"""What the label networks call a photo."""

from __future__ import annotations

from dataclasses import dataclass

from resatt_studio.records.geometry import Box
from resatt_studio.records.labels import CRACK_TYPES, CrackType


@dataclass(frozen=True, slots=True)
class LabelledView:
    """One look at a part of a photo.

    Attributes:
        box: The part, in pixels of the upright photo.
        probabilities: One for each of ``CRACK_TYPES``, summing to 1.
    """

    box: Box
    probabilities: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Labelling:
    """One network's answer for one whole photo.

    Attributes:
        photo_id: SHA-256 (hex) of the photo's bytes.
        model: Registry name, "rmt" or "revit".
        weights_id: Content hash of the weights.
        probabilities: One for each of ``CRACK_TYPES``, summing to 1: all views together.
        views: The looks that it was made of, squares of the photo: first those as large as its short side,
            which together show the whole photo (one for a square photo), then closer ones.
        seconds: Of the network.
        device: Where it ran, such as "cpu bf16".
    """

    photo_id: str
    model: str
    weights_id: str
    probabilities: tuple[float, ...]
    views: tuple[LabelledView, ...] = ()
    seconds: float = 0.0
    device: str = ""

    @property
    def label(self) -> CrackType:
        """The most probable type."""
        return CRACK_TYPES[max(range(len(CRACK_TYPES)), key=self.probabilities.__getitem__)]

    @property
    def crack_probability(self) -> float:
        """Probability that the photo shows a crack, of whichever type."""
        return 1.0 - self.probabilities[CRACK_TYPES.index(CrackType.NO_CRACK)]
