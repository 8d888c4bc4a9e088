"""Photos written anew: JPEG stays JPEG, everything else becomes PNG."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from resatt_studio.errors import BugError
from resatt_studio.imaging.writing import write_png, write_whole
from resatt_studio.records.arrays import UInt8Array

JPEG_QUALITY = 95
JPEG_SUFFIXES = frozenset({".jpg", ".jpeg"})
PNG_SUFFIX = ".png"


def suffix_for(path: Path) -> str:
    """The suffix with which a photo of this name is written anew: its own for JPEG and PNG, else ".png"."""
    kept = path.suffix.lower() in JPEG_SUFFIXES or path.suffix.lower() == PNG_SUFFIX
    return path.suffix if kept else PNG_SUFFIX


def write_photo(path: Path, pixels: UInt8Array) -> None:
    """Write a photo, whole or not at all, as JPEG or PNG by the suffix of ``path``.

    JPEG has quality 95 and full colour resolution. Neither file says anything about camera, place or
    orientation: the pixels are upright, and they are no longer what the camera saw.

    Args:
        path: Where to; missing folders are made.
        pixels: H x W x 3 uint8 RGB.

    Raises:
        ExportError: The file cannot be written.
        BugError: The suffix is of neither format, or no such file holds these pixels.
    """
    suffix = path.suffix.lower()
    if suffix == PNG_SUFFIX:
        write_png(path, pixels)
    elif suffix in JPEG_SUFFIXES:
        write_whole(path, _encode_jpeg(pixels))
    else:
        raise BugError(f"photos are written as JPEG or PNG, not as {path.name}")


def _encode_jpeg(pixels: UInt8Array) -> bytes:
    options = (
        cv2.IMWRITE_JPEG_QUALITY,
        JPEG_QUALITY,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
    )
    if pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
        raise BugError(f"no JPEG holds an array of shape {pixels.shape}")
    done, encoded = cv2.imencode(".jpg", cv2.cvtColor(np.asarray(pixels), cv2.COLOR_RGB2BGR), options)
    if not done:
        raise BugError(f"JPEG encoder refused an array of shape {pixels.shape}")
    return bytes(encoded.tobytes())
