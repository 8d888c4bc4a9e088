"""What changed between two crack masks of one photo: a map with its areas, and a picture of it for people."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from resatt_studio.errors import BugError
from resatt_studio.imaging.captions import broken_lines, in_grey, shown_size
from resatt_studio.imaging.resizing import resized
from resatt_studio.imaging.writing import write_png
from resatt_studio.records.arrays import UInt8Array, read_only
from resatt_studio.records.comparison import GAINED, LOST, ChangedAreas, ChangeMap
from resatt_studio.records.prediction import Prediction

GAINED_COLOUR, LOST_COLOUR = (70, 255, 170), (140, 30, 255)
"""sRGB. A light mint and a dark violet: told apart by hue and lightness in normal sight and in every common
colour blindness, by lightness in grey prints, and from the colours of the mask and of corrections."""

_OPACITY = 0.85
_GAP_PX = 12
_INK, _PAPER = (25, 25, 25), (255, 255, 255)


def change_map(before: Prediction, after: Prediction, thresholds: tuple[float, float]) -> ChangeMap:
    """Compare two predictions of the same photo.

    Args:
        before, after: By two versions of the weights, of the same input.
        thresholds: Probability in [0, 1] above which a pixel is crack, before and after.

    Raises:
        BugError: They are of different photos, sizes or inputs.
    """
    shapes = (before.probability_8bit.shape, after.probability_8bit.shape)
    if (before.photo_id, before.input) != (after.photo_id, after.input) or shapes[0] != shapes[1]:
        raise BugError(f"predictions of different photos or inputs compared: {before}, {after}")
    old, new = before.mask(thresholds[0]), after.mask(thresholds[1])
    gained, lost = np.greater(new, old), np.greater(old, new)
    # Few passes over small types: a photo of 50 megapixels is compared anew at each step of the threshold.
    ranks = gained.view(np.uint8) * np.uint8(GAINED)
    ranks |= lost.view(np.uint8) * np.uint8(LOST)
    areas = ChangedAreas(int(np.count_nonzero(gained)), int(np.count_nonzero(lost)), max(1, ranks.size))
    ids = (before.photo_id, before.weights_id, after.weights_id)
    return ChangeMap(*ids, thresholds, read_only(ranks), areas, before.input)


def area_words(pixels: int, share: float) -> str:
    """Such as "1,234 px (0.12 %)"; an area too small for the digits is said to be below them."""
    percent = 100 * share
    told = "< 0.01" if 0 < percent < 0.01 else f"{percent:.2f}"
    return f"{pixels:,} px ({told} %)"


def draw_change(photo: UInt8Array, change: ChangeMap, caption: str = "") -> UInt8Array:
    """Draw the photo in grey under what changed, with a legend that names both areas.

    A large photo is shrunk; a cell of the smaller picture shows the highest rank in it, so that what is one
    pixel wide stays to be seen.

    Args:
        photo: H x W x 3 uint8 RGB, the upright photo.
        change: Of this photo.
        caption: Lines of text for below; long ones are broken.

    Returns:
        Rows x columns x 3 uint8 RGB.

    Raises:
        BugError: The photo has another size.
    """
    from PIL import Image, ImageDraw, ImageFont

    if photo.shape != (change.height, change.width, 3):
        raise BugError(f"change of {change.height} x {change.width} pixels, photo of shape {photo.shape}")
    height, width = shown_size(change.height, change.width)
    part = in_grey(resized(photo, height, width))
    ranks = _shrunk(change.ranks, height, width)
    for rank, colour in ((GAINED, GAINED_COLOUR), (LOST, LOST_COLOUR)):
        there = ranks == rank
        mixed = _OPACITY * np.array(colour) + (1 - _OPACITY) * part[there]
        part[there] = np.rint(mixed).astype(np.uint8)
    text_px = max(15, round(max(height, width) / 72))
    line_px = round(1.4 * text_px)
    font = ImageFont.load_default(text_px)
    columns = max(width, 420)
    lines = [line for text in caption.splitlines() for line in broken_lines(text, columns - 24, font)]
    picture = Image.new("RGB", (columns, height + 2 * _GAP_PX + (2 + len(lines)) * line_px), _PAPER)
    picture.paste(Image.fromarray(part), (0, 0))
    draw = ImageDraw.Draw(picture)
    top = height + _GAP_PX
    areas = change.areas
    for colour, words in (
        (GAINED_COLOUR, f"crack gained: {area_words(areas.gained_px, areas.gained_share)}"),
        (LOST_COLOUR, f"crack lost: {area_words(areas.lost_px, areas.lost_share)}"),
    ):
        swatch = (_GAP_PX, top, _GAP_PX + text_px, top + text_px)
        draw.rectangle(swatch, fill=colour, outline=_INK)
        draw.text((2 * _GAP_PX + text_px, top), words, _INK, font)
        top += line_px
    for line in lines:
        draw.text((_GAP_PX, top), line, _INK, font)
        top += line_px
    return np.array(picture, np.uint8)


def write_change(path: Path, photo: UInt8Array, change: ChangeMap, caption: str = "") -> None:
    """Write :func:`draw_change` as PNG, whole or not at all.

    Raises:
        ExportError: The file cannot be written.
    """
    write_png(path, draw_change(photo, change, caption))


def _shrunk(ranks: UInt8Array, height: int, width: int) -> UInt8Array:
    """Ranks at another size: repeated when enlarged, the highest of each cell when shrunk."""
    if height >= ranks.shape[0]:
        return np.asarray(cv2.resize(ranks, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8)
    rows = np.arange(height) * ranks.shape[0] // height
    columns = np.arange(width) * ranks.shape[1] // width
    return np.maximum.reduceat(np.maximum.reduceat(ranks, rows, axis=0), columns, axis=1)
