"""What lies over the photo: layers, and the tables from probability and label to premultiplied colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from resatt_studio.imaging.colour import colour_map
from resatt_studio.imaging.heat_picture import HEAT_MAP
from resatt_studio.records.arrays import UInt8Array
from resatt_studio.records.comparison import GAINED, LOST

UNSAID, NOT_CRACK, CRACK = 0, 1, 2
"""Ranks of labels in the tables; see ``pyramid.LabelPyramid``."""

HAZE_LAYERS = ("dehazed", "transmission", "residual")
"""What dehazing makes of the photo, from the bottom up; all lie behind the split."""

_STEPS = 256


@dataclass(frozen=True, slots=True)
class Layer:
    """How one layer is shown.

    Attributes:
        name: One of :data:`DEFAULT_LAYERS`.
        visible: Whether it is shown at all.
        opacity: In [0, 1].
        colour: ``#rrggbb``; of what was painted as crack for the correction, of crack gained for the change.
        other_colour: ``#rrggbb`` of what was painted as not crack, or of crack lost; "" for other layers.
        palette: Name in ``imaging.colour.COLOUR_MAPS`` that values are shown by, or "" for the colour alone;
            either way more of a value is more opaque. The attention map always has one, and covers evenly.
    """

    name: str
    visible: bool
    opacity: float
    colour: str
    other_colour: str = ""
    palette: str = ""

    @property
    def strength(self) -> float:
        """Opacity, 0 when hidden."""
        return self.opacity if self.visible else 0.0


DEFAULT_LAYERS: tuple[Layer, ...] = (
    Layer("photo", True, 1.0, "#131417"),
    Layer("dehazed", False, 1.0, "#7fd1f5"),
    Layer("transmission", False, 1.0, "#c8ccd2"),
    Layer("residual", False, 1.0, "#c8ccd2"),
    Layer("heat", False, 0.6, "#21918c", palette=HEAT_MAP),
    Layer("mask", True, 0.55, "#ff5050"),
    Layer("outline", False, 1.0, "#d55e00"),
    Layer("probability", False, 0.7, "#e8a33d"),
    Layer("uncertainty", False, 0.7, "#9a6bd0"),
    Layer("correction", True, 0.75, "#35c2ff", "#f5d033"),
    Layer("change", False, 0.85, "#46ffaa", "#8c1eff"),
)
"""From the bottom up. Red, blue and yellow differ in lightness too, for eyes that mix up red and green; so do
mint and violet, which are those of ``imaging.changes``."""


def rgb(colour: str) -> tuple[int, int, int]:
    """``#rrggbb`` as three numbers in 0 to 255."""
    value = int(colour.lstrip("#"), 16)
    return value >> 16 & 255, value >> 8 & 255, value & 255


def overlay_table(layers: dict[str, Layer], threshold: float, peek: bool = False) -> npt.NDArray[np.uint32]:
    """Colour by label rank and probability: 3 * 256 premultiplied ARGB, index ``rank * 256 + probability``.

    The mask shown is the one that would be exported: the correction goes over the prediction. Where the
    correction itself is shown, its colours replace the mask's.

    Args:
        layers: By name.
        threshold: Probability in [0, 1] above which a pixel is crack.
        peek: True shows nothing at all.
    """
    table = np.zeros((3, _STEPS, 4))
    if not peek:
        values = np.arange(_STEPS)
        mask, correction = layers["mask"], layers["correction"]
        probability = layers["probability"]
        shades = value_colours(probability)
        table[UNSAID] = _over(table[UNSAID], shades, probability.strength * values / 255.0)
        masked = mask.strength * (values > threshold * 255.0)
        table[UNSAID] = _over(table[UNSAID], mask.colour, masked)
        if correction.strength > 0:
            everywhere = np.full(_STEPS, correction.strength)
            table[CRACK] = _over(table[CRACK], correction.colour, everywhere)
            table[NOT_CRACK] = _over(table[NOT_CRACK], correction.other_colour, everywhere)
        else:
            table[CRACK] = _over(table[CRACK], mask.colour, np.full(_STEPS, mask.strength))
    return _pack(table.reshape(-1, 4))


def mask_table(threshold: float) -> UInt8Array:
    """Whether a pixel is crack in the mask that would be exported, by label rank and probability.

    Returns:
        3 * 256 uint8, index as of :func:`overlay_table`, 1 for crack.
    """
    table = np.zeros((3, _STEPS), np.uint8)
    table[UNSAID] = np.arange(_STEPS) > threshold * 255.0
    table[CRACK] = 1
    return table.reshape(-1)


def uncertainty_table(layer: Layer, peek: bool = False) -> npt.NDArray[np.uint32]:
    """Colour by uncertainty (0 to 255, see :func:`uncertainty_8bit`): 256 premultiplied ARGB."""
    strength = 0.0 if peek else layer.strength
    return _pack(_over(np.zeros((_STEPS, 4)), value_colours(layer), strength * np.arange(_STEPS) / 255.0))


def value_colours(layer: Layer) -> UInt8Array:
    """256 x 3 uint8 RGB of a layer that shows values, from the lowest to the highest."""
    return colour_map(layer.palette) if layer.palette else np.full((_STEPS, 3), rgb(layer.colour), np.uint8)


def premultiplied(colour: str, alpha: float) -> np.uint32:
    """``#rrggbb`` with an opacity in [0, 1] as 0xAARRGGBB."""
    return np.uint32(_pack(_over(np.zeros((1, 4)), colour, np.array([alpha])))[0])


def change_table(layer: Layer) -> npt.NDArray[np.uint32]:
    """Colour by rank of a change (``records.comparison``: same, gained, lost): 3 premultiplied ARGB."""
    table = np.zeros((3, 4))
    for rank, colour in ((GAINED, layer.colour), (LOST, layer.other_colour)):
        table[rank] = _over(table[rank : rank + 1], colour, np.array([layer.strength]))[0]
    return _pack(table)


def uncertainty_8bit(probability_8bit: UInt8Array) -> UInt8Array:
    """Binary entropy of each pixel, 255 at a probability of one half; H x W uint8."""
    p = np.clip(np.arange(_STEPS) / 255.0, 1e-9, 1 - 1e-9)
    entropy = -(p * np.log2(p) + (1 - p) * np.log2(1 - p))
    return np.take(np.round(entropy * 255).astype(np.uint8), probability_8bit)


def _over(
    below: npt.NDArray[np.float64], colour: str | UInt8Array, alpha: npt.NDArray[np.floating[Any]]
) -> npt.NDArray[np.float64]:
    """Premultiplied RGBA in [0, 1], ``colour`` (or one for each row, n x 3) laid over ``below``."""
    cover = np.asarray(alpha, np.float64)[:, None]
    colours = np.array(rgb(colour) if isinstance(colour, str) else colour) / 255.0
    top = np.concatenate([colours * cover, cover], axis=1)
    return top + below * (1 - cover)


def _pack(rgba: npt.NDArray[np.float64]) -> npt.NDArray[np.uint32]:
    levels = np.round(rgba * 255).astype(np.uint32)
    red, green, blue, alpha = levels.T
    return np.asarray(alpha << 24 | red << 16 | green << 8 | blue, np.uint32)
