"""Writes the photos that ``huge_photos.py`` opens: drawn, larger than memory, written tile by tile."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import tifffile

TILE_PX = 256
JPEG_SIZE = (5773, 8660)
_SHADES, _GRAINS = 16, 4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--side", type=int, default=32768, help="of the TIFF, in pixels; 32768 are a gigapixel"
    )
    parser.add_argument("--jpeg-only", action="store_true", help="no TIFF")
    asked = parser.parse_args()
    write_jpeg(asked.folder / "b_50_megapixels.jpg")
    if asked.jpeg_only:
        return
    write_tiff(asked.folder / "c_tiled.tif", asked.side, pyramid=False)
    write_tiff(asked.folder / "d_pyramid.tif", asked.side, pyramid=True)


def write_jpeg(path: Path) -> None:
    """A wall of the size of a 50-megapixel photo, quality 92."""
    pixels = np.tile(grain(0, 1024), (6, 9, 1))[: JPEG_SIZE[0], : JPEG_SIZE[1]]
    if not cv2.imwrite(str(path), pixels, [cv2.IMWRITE_JPEG_QUALITY, 92]):
        raise OSError(f"{path} cannot be written")


def write_tiff(path: Path, side_px: int, pyramid: bool) -> None:
    """A square photo in deflated tiles, alone or with all its halved sizes; never in memory as a whole.

    Of the 64 tiles that the photo is made of, each is drawn and coded once; so are the few kinds of tiles
    that four of them, halved, make together. Decoding knows nothing of that.
    """
    across = side_px // TILE_PX
    kind: Callable[[int, int], object] = _base
    levels = 0
    with tifffile.TiffWriter(path, bigtiff=True) as tiff:
        while True:
            last = across == 1 or not pyramid
            tiff.write(
                _tiles(kind, across),
                shape=(across * TILE_PX, across * TILE_PX, 3),
                dtype=np.uint8,
                tile=(TILE_PX, TILE_PX),
                photometric="rgb",
                compression="deflate",
                subfiletype=1 if levels else 0,
            )
            if last:
                return
            across, levels = across // 2, levels + 1
            kind = _above(kind)


def _base(row: int, column: int) -> tuple[int, int]:
    """What the tile of the photo at this place is made of: shade and grain."""
    return (row // 16 + 3 * (column // 16)) % _SHADES, (row * 7 + column * 3) % _GRAINS


def _above(kind: Callable[[int, int], object]) -> Callable[[int, int], object]:
    """Of the next level: the kinds of the four tiles below."""
    return lambda row, column: (
        (kind(2 * row, 2 * column), kind(2 * row, 2 * column + 1)),
        (kind(2 * row + 1, 2 * column), kind(2 * row + 1, 2 * column + 1)),
    )


def _tiles(kind: Callable[[int, int], object], across: int) -> Iterator[bytes]:
    for row in range(across):
        for column in range(across):
            yield _coded(kind(row, column))


@lru_cache(maxsize=4096)
def _coded(kind: object) -> bytes:
    import zlib

    return zlib.compress(_drawn(kind).tobytes(), 1)


@lru_cache(maxsize=1024)
def _drawn(kind: object) -> np.ndarray:
    """256 x 256 x 3 uint8 of a kind of tile."""
    first, second = kind
    if isinstance(first, tuple):
        rows = [np.concatenate([_drawn(part) for part in pair], axis=1) for pair in (first, second)]
        whole = np.concatenate(rows, axis=0)
        return cv2.resize(whole, (TILE_PX, TILE_PX), interpolation=cv2.INTER_AREA)
    shade = 70 + 8 * first
    return np.clip(grain(second, TILE_PX).astype(np.int16) - 130 + shade, 0, 255).astype(np.uint8)


def grain(seed: int, side_px: int) -> np.ndarray:
    """Concrete-like grain around 130 that goes on evenly at its edges, with one dark line through it."""
    noise = np.random.default_rng(seed).normal(0, 60, (side_px, side_px, 3)).astype(np.float32)
    soft = cv2.GaussianBlur(np.tile(noise, (3, 3, 1)), (0, 0), 1.5)[
        side_px : 2 * side_px, side_px : 2 * side_px
    ]
    pixels = np.clip(soft + 130, 0, 255).astype(np.uint8)
    at = side_px // 3
    cv2.line(pixels, (0, at), (side_px, at + side_px // 7), (48, 46, 44), 3, cv2.LINE_AA)
    return pixels


if __name__ == "__main__":
    main()
