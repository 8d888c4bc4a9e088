"""Fixtures that several rooms share: where research photos lie, and tiny photos made on the spot."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import settings

from resatt_studio.records.arrays import BoolArray, UInt8Array

# Examples are drawn from a fixed seed: a red run stays red until the code is mended.
settings.register_profile("studio", deadline=None, derandomize=True, max_examples=30, database=None)
settings.load_profile("studio")


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """Folder of the research photo sets; skips where they are absent."""
    default = Path(__file__).resolve().parents[1].parent / "shared" / "data"
    folder = Path(os.environ.get("RESATT_DATA", default))
    if not (folder / "README.md").is_file():
        pytest.skip(f"no research photos in {folder}; set RESATT_DATA to the folder that holds them")
    return folder


def draw_photo(height: int, width: int, seed: int = 0) -> tuple[UInt8Array, BoolArray]:
    """A grey, grainy surface with one dark crooked line: H x W x 3 uint8 and its H x W bool mask."""
    random = np.random.default_rng(seed)
    coarse = random.normal(165, 10, (max(2, height // 8), max(2, width // 8))).astype(np.float32)
    surface = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    surface += random.normal(0, 6, (height, width)).astype(np.float32)
    columns = np.linspace(-2, width + 1, 9)
    rows = height / 2 + np.cumsum(random.normal(0, height / 16, 9))
    points = np.stack([columns, rows], axis=1).round().astype(np.int32)
    line = np.zeros((height, width), np.uint8)
    cv2.polylines(line, [points], False, 1, thickness=max(1, min(height, width) // 24))
    surface -= 80 * line
    tint = np.array([1.0, 0.98, 0.95], np.float32)
    pixels = np.clip(surface[:, :, None] * tint, 0, 255).astype(np.uint8)
    return pixels, line.astype(np.bool_)


@pytest.fixture(scope="session")
def tiny_photo() -> Callable[..., tuple[UInt8Array, BoolArray]]:
    """``tiny_photo(height, width, seed=0)`` draws pixels and mask; see :func:`draw_photo`."""
    return draw_photo


@pytest.fixture
def photo_folder(tmp_path: Path) -> Path:
    """A folder ``photos`` of four 96 x 128 JPEG photos, with their masks in ``masks`` beside it."""
    for folder in ("photos", "masks"):
        (tmp_path / folder).mkdir()
    for seed in range(4):
        pixels, mask = draw_photo(96, 128, seed)
        jpeg = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))[1]
        (tmp_path / "photos" / f"wall_{seed}.jpg").write_bytes(jpeg.tobytes())
        png = cv2.imencode(".png", mask.astype(np.uint8) * 255)[1]
        (tmp_path / "masks" / f"wall_{seed}.png").write_bytes(png.tobytes())
    return tmp_path / "photos"
