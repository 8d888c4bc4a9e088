"""Probability, uncertainty and labels to colour, by look-up tables; palettes for colour-blind eyes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from resatt_studio.records.arrays import BoolArray, UInt8Array, read_only
from resatt_studio.records.correction import Label

Colour = tuple[int, int, int]
"""sRGB, each in [0, 255]."""


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours of one look. Annotation colours are data: they do not follow the window's theme.

    Attributes:
        name: Key of :data:`PALETTES`.
        title: Shown to people.
        crack, not_crack: Of masks and labels; told apart under every common colour blindness.
        probability: Stops from low to high probability; lightness rises, so that grey prints keep the order.
        uncertainty: Stops from certain to even odds.
    """

    name: str
    title: str
    crack: Colour
    not_crack: Colour
    probability: tuple[Colour, ...]
    uncertainty: tuple[Colour, ...]


PALETTES: Mapping[str, Palette] = MappingProxyType(
    {
        palette.name: palette
        for palette in (
            Palette(
                name="red-blue",
                title="Red and blue",
                crack=(255, 77, 77),
                not_crack=(64, 140, 255),
                probability=((92, 40, 8), (200, 96, 16), (255, 176, 48), (255, 236, 150)),
                uncertainty=((58, 28, 92), (122, 64, 178), (190, 130, 240), (240, 214, 255)),
            ),
            Palette(
                name="orange-blue",
                title="Orange and deep blue",
                crack=(240, 140, 0),
                not_crack=(0, 92, 190),
                probability=((0, 32, 78), (80, 88, 110), (166, 154, 110), (255, 234, 70)),
                uncertainty=((10, 58, 66), (16, 118, 128), (90, 184, 186), (214, 246, 242)),
            ),
            Palette(
                name="yellow-violet",
                title="Yellow and violet (strong contrast)",
                crack=(255, 230, 0),
                not_crack=(140, 40, 200),
                probability=((64, 0, 84), (150, 30, 90), (232, 110, 40), (255, 240, 120)),
                uncertainty=((0, 60, 40), (0, 124, 92), (80, 196, 150), (210, 255, 226)),
            ),
        )
    }
)
"""The palettes by name; a new one is a new line."""

DEFAULT_PALETTE = PALETTES["red-blue"]

LABEL_ALPHA = 176
"""Opacity of a label or mask colour, so that the photo stays visible beneath."""


@lru_cache(maxsize=16)
def probability_table(palette: Palette = DEFAULT_PALETTE) -> UInt8Array:
    """256 x 4 uint8 RGBA by probability * 255; opacity grows with the probability, straight alpha."""
    return _table(palette.probability, np.linspace(0, 1, 256))


@lru_cache(maxsize=16)
def uncertainty_table(palette: Palette = DEFAULT_PALETTE) -> UInt8Array:
    """256 x 4 uint8 RGBA by probability * 255; opacity is the binary entropy in bits, straight alpha."""
    probability = np.linspace(0, 1, 256)[1:-1]
    bits = -probability * np.log2(probability) - (1 - probability) * np.log2(1 - probability)
    return _table(palette.uncertainty, np.concatenate([[0.0], bits, [0.0]]))


@lru_cache(maxsize=16)
def label_table(palette: Palette = DEFAULT_PALETTE) -> UInt8Array:
    """256 x 4 uint8 RGBA by ``Label`` value; unsaid and unknown values are transparent, straight alpha."""
    table = np.zeros((256, 4), np.uint8)
    table[Label.CRACK] = (*palette.crack, LABEL_ALPHA)
    table[Label.NOT_CRACK] = (*palette.not_crack, LABEL_ALPHA)
    return read_only(table)


def probability_rgba(probability_8bit: UInt8Array, palette: Palette = DEFAULT_PALETTE) -> UInt8Array:
    """H x W uint8 (probability * 255) to H x W x 4 uint8 RGBA, straight alpha."""
    return look_up(probability_table(palette), probability_8bit)


def uncertainty_rgba(probability_8bit: UInt8Array, palette: Palette = DEFAULT_PALETTE) -> UInt8Array:
    """H x W uint8 (probability * 255) to H x W x 4 uint8 RGBA; most opaque where the odds are even."""
    return look_up(uncertainty_table(palette), probability_8bit)


def label_rgba(labels: UInt8Array, palette: Palette = DEFAULT_PALETTE) -> UInt8Array:
    """H x W uint8 ``Label`` values to H x W x 4 uint8 RGBA; unsaid is transparent."""
    return look_up(label_table(palette), labels)


def mask_rgba(mask: BoolArray, palette: Palette = DEFAULT_PALETTE) -> UInt8Array:
    """H x W bool to H x W x 4 uint8 RGBA; the crack colour where True, else transparent."""
    return look_up(label_table(palette), mask.view(np.uint8))


def look_up(table: UInt8Array, indices: UInt8Array) -> UInt8Array:
    """Colour every index: table n x 4 and indices H x W, both uint8, to H x W x 4 uint8."""
    # One 32-bit word a pixel is several times faster than four bytes.
    words = np.ascontiguousarray(table).view(np.uint32).reshape(-1)
    return np.take(words, indices).view(np.uint8).reshape(*indices.shape, 4)


def _table(stops: tuple[Colour, ...], amount: npt.NDArray[Any]) -> UInt8Array:
    """Colours between evenly spaced stops; ``amount`` in [0, 1] sets both place and opacity."""
    places = np.linspace(0, 1, len(stops))
    channels = [np.interp(amount, places, [stop[channel] for stop in stops]) for channel in range(3)]
    return read_only(np.rint(np.stack([*channels, amount * 255], axis=1)).astype(np.uint8))
