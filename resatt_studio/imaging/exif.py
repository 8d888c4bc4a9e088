"""Camera metadata: which way is up, when it was taken, with what."""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from typing import Any, TypeVar, cast

import cv2
import numpy.typing as npt
from PIL import Image

ORIENTATION, MAKE, MODEL, CHANGED_AT, EXIF_BLOCK = 274, 271, 272, 306, 34665
_TAKEN_AT, _OFFSET = 36867, 36881
_DATE = re.compile(r"(\d{4})[:-](\d\d)[:-](\d\d)[ T](\d\d):(\d\d):(\d\d)")
_ZONE = re.compile(r"[+-]\d\d:\d\d")

_Pixels = TypeVar("_Pixels", bound=npt.NDArray[Any])

# Damaged metadata must not hide a good photo; these are what its parser is known to raise.
_DAMAGED = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    struct.error,
    UserWarning,
)


def read_tags(block: bytes) -> dict[int, Any]:
    """Tags of an EXIF block (a small TIFF) by number, the EXIF sub-block merged in; empty when damaged."""
    if not block:
        return {}
    exif = Image.Exif()
    try:
        exif.load(block)
        return merged_tags(exif)
    except _DAMAGED:
        return {}


def merged_tags(exif: Image.Exif) -> dict[int, Any]:
    """Tags of the main and the EXIF directory in one mapping; a damaged sub-directory is left out."""
    tags: dict[int, Any] = dict(exif)
    try:
        tags.update(exif.get_ifd(EXIF_BLOCK))
    except _DAMAGED:
        return tags
    return tags


def orientation(tags: Mapping[int, Any]) -> int:
    """EXIF orientation, 1 to 8; anything else counts as 1 (upright)."""
    value = tags.get(ORIENTATION, 1)
    return int(value) if isinstance(value, int) and 1 <= value <= 8 else 1


def taken_at(tags: Mapping[int, Any]) -> str:
    """When the shutter opened, as ISO 8601 (with zone when the camera wrote one), or ""."""
    for tag in (_TAKEN_AT, CHANGED_AT):
        match = _DATE.match(_text(tags.get(tag)))
        if match and match[1] != "0000":
            zone = _ZONE.match(_text(tags.get(_OFFSET))) if tag == _TAKEN_AT else None
            return "{}-{}-{}T{}:{}:{}".format(*match.groups()) + (zone[0] if zone else "")
    return ""


def camera(tags: Mapping[int, Any]) -> str:
    """Make and model in one line, or ""; a make that the model repeats is not said twice."""
    make, model = _text(tags.get(MAKE)), _text(tags.get(MODEL))
    if model.casefold().startswith(make.casefold()):
        return model
    return f"{make} {model}".strip()


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return " ".join(value.replace("\0", " ").split()) if isinstance(value, str) else ""


def upright(pixels: _Pixels, orientation: int) -> _Pixels:
    """Turn stored pixels so that the scene stands upright.

    Args:
        pixels: H x W or H x W x C as stored, uint8 or uint16.
        orientation: EXIF value, 1 to 8 (Exif 2.32, section 4.6.4 A).

    Returns:
        The same array for 1, else a new one; 5 to 8 swap height and width.
    """
    turned: Any = pixels
    match orientation:
        case 2:
            turned = cv2.flip(pixels, 1)
        case 3:
            turned = cv2.rotate(pixels, cv2.ROTATE_180)
        case 4:
            turned = cv2.flip(pixels, 0)
        case 5:
            turned = cv2.transpose(pixels)
        case 6:
            turned = cv2.rotate(pixels, cv2.ROTATE_90_CLOCKWISE)
        case 7:
            turned = cv2.transpose(cv2.rotate(pixels, cv2.ROTATE_180))
        case 8:
            turned = cv2.rotate(pixels, cv2.ROTATE_90_COUNTERCLOCKWISE)
    return cast(_Pixels, turned)


def upright_size(height: int, width: int, orientation: int) -> tuple[int, int]:
    """(height, width) after :func:`upright`."""
    return (width, height) if orientation >= 5 else (height, width)
