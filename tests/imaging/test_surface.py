"""Claims about the description of a photo's surface."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from resatt_studio.imaging.surface import DESCRIPTOR_LENGTH, describe_parts, describe_surface
from resatt_studio.records.geometry import Box

Draw = Callable[..., tuple[np.ndarray, np.ndarray]]


def test_photos_of_one_surface_lie_nearer_than_those_of_another(tiny_photo: Draw) -> None:
    own = [describe_surface(tiny_photo(400, 400, seed)[0]) for seed in (1, 2)]
    # the same walls as a camera with a soft lens and a yellow lamp sees them
    other = describe_surface(np.clip(tiny_photo(1600, 1600, 1)[0] * [1.0, 0.9, 0.6], 0, 255).astype(np.uint8))
    assert np.linalg.norm(own[0] - own[1]) < 0.5 * np.linalg.norm(own[0] - other)


@pytest.mark.parametrize("height, width", [(1, 1), (7, 300), (64, 48), (299, 2000)])
def test_photos_of_any_size_are_described(tiny_photo: Draw, height: int, width: int) -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (height, width, 3), np.uint8)
    described = describe_surface(pixels)
    assert described.shape == (DESCRIPTOR_LENGTH,)
    assert described.dtype == np.float32
    assert np.isfinite(described).all()


def test_a_plain_grey_photo_has_numbers_too() -> None:
    assert np.isfinite(describe_surface(np.full((300, 300, 3), 128, np.uint8))).all()


def test_the_same_pixels_give_the_same_numbers_and_are_not_touched(tiny_photo: Draw) -> None:
    pixels, _ = tiny_photo(320, 320, 5)
    before = pixels.copy()
    assert np.array_equal(describe_surface(pixels), describe_surface(pixels))
    assert np.array_equal(pixels, before)


def test_a_photo_read_by_boxes_is_described_as_the_whole_one(
    tiny_photo: Draw,
) -> None:
    pixels, _ = tiny_photo(900, 1100, 2)
    asked = []

    def read(box: Box) -> np.ndarray:
        asked.append(box.height * box.width)
        return pixels[box.slices]

    assert np.array_equal(describe_parts(900, 1100, read), describe_surface(pixels))
    assert sum(asked) == 3 * 256 * 256
