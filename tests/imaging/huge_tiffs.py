"""Small TIFF files of every layout that huge photos come in, for the tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import tifffile

HEIGHT, WIDTH = 700, 900


def texture(height: int = HEIGHT, width: int = WIDTH, seed: int = 3) -> np.ndarray:
    """A cloudy picture, h x w x 3 uint8, that no part of resembles another one."""
    coarse = np.random.default_rng(seed).integers(0, 256, (9, 12, 3), np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


def halved(pixels: np.ndarray) -> np.ndarray:
    """Half the size, averaged; an odd side is rounded up."""
    height, width = pixels.shape[:2]
    even = np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    return cv2.resize(even, (even.shape[1] // 2, even.shape[0] // 2), interpolation=cv2.INTER_AREA)


def _tiled(path: Path, pixels: np.ndarray, **how: Any) -> None:
    tifffile.imwrite(path, pixels, **({"tile": (128, 128), "photometric": "rgb"} | how))


def _pyramidal(path: Path, pixels: np.ndarray, sub: bool) -> None:
    """With pages of a half and a quarter, in the SubIFDs of the first or among the others."""
    how: dict[str, Any] = {"tile": (128, 128), "photometric": "rgb", "compression": "deflate"}
    with tifffile.TiffWriter(path) as tiff:
        tiff.write(pixels, subifds=2 if sub else None, **how)
        for _ in range(2):
            pixels = halved(pixels)
            tiff.write(pixels, subfiletype=1, **how)


def _geotiff(path: Path, pixels: np.ndarray) -> None:
    scale = (33550, "d", 3, (0.01, 0.01, 0.0), True)
    tie = (33922, "d", 6, (0.0, 0.0, 0.0, 450000.0, 5400000.0, 0.0), True)
    keys = (34735, "H", 8, (1, 1, 0, 1, 3072, 0, 1, 32632), True)
    _tiled(path, pixels, extratags=[scale, tie, keys], compression="deflate")


LAYOUTS = {
    "tiled": lambda path, pixels: _tiled(path, pixels),
    "tiled-deflate": lambda path, pixels: _tiled(path, pixels, compression="deflate", predictor=True),
    "tiled-lzw": lambda path, pixels: _tiled(path, pixels, compression="lzw"),
    "tiled-jpeg": lambda path, pixels: _tiled(path, pixels, compression="jpeg"),
    "striped": lambda path, pixels: tifffile.imwrite(
        path, pixels, rowsperstrip=16, compression="deflate", photometric="rgb"
    ),
    "planar": lambda path, pixels: _tiled(
        path, np.ascontiguousarray(np.moveaxis(pixels, 2, 0)), planarconfig="separate"
    ),
    "big": lambda path, pixels: _tiled(path, pixels, bigtiff=True, byteorder=">"),
    "16-bit": lambda path, pixels: _tiled(path, pixels.astype(np.uint16) * 100 + 7000, compression="deflate"),
    "float": lambda path, pixels: _tiled(path, pixels.astype(np.float32) / 255),
    "grey": lambda path, pixels: _tiled(path, pixels[:, :, 0], photometric="minisblack"),
    "white-is-zero": lambda path, pixels: _tiled(path, pixels[:, :, 0], photometric="miniswhite"),
    "subifds": lambda path, pixels: _pyramidal(path, pixels, sub=True),
    "overviews": lambda path, pixels: _pyramidal(path, pixels, sub=False),
    "geotiff": _geotiff,
}
"""Writers of (path, h x w x 3 uint8) by name."""


def write(layout: str, path: Path, pixels: np.ndarray | None = None) -> Path:
    """Write a file of that layout."""
    LAYOUTS[layout](path, texture() if pixels is None else pixels)
    return path


def break_tile(path: Path, index: int) -> None:
    """Overwrite one tile of the first page with bytes that no decoder takes."""
    with tifffile.TiffFile(path) as tiff:
        page = tiff.pages.first
        start, count = page.dataoffsets[index], page.databytecounts[index]
    with path.open("r+b") as file:
        file.seek(start)
        file.write(b"\xff" * count)
