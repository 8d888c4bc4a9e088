"""Claims about resizing: what a picture shows stays where it is."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from resatt_studio.imaging.resizing import resized

sides = st.integers(1, 90)


@given(height=sides, width=sides, new_height=sides, new_width=sides)
def test_a_slope_stays_where_it_is_in_the_side(
    height: int, width: int, new_height: int, new_width: int
) -> None:
    def middles(count: int) -> np.ndarray:
        return (np.arange(count, dtype=np.float32) + 0.5) / count

    slope = middles(height)[:, None] + middles(width)[None]
    answer = resized(slope, new_height, new_width)
    wanted_rows = middles(new_height).clip(0.5 / height, 1 - 0.5 / height)
    wanted_columns = middles(new_width).clip(0.5 / width, 1 - 0.5 / width)
    assert answer.dtype == np.float32 and answer.shape == (new_height, new_width)
    # A shrunk value is the mean over the steps that it covers, so it is off by less than half of one.
    slack = (0.5 / height if new_height < height else 0) + (0.5 / width if new_width < width else 0)
    assert np.abs(answer - wanted_rows[:, None] - wanted_columns[None]).max() <= slack + 1e-4


@given(height=sides, width=sides, new_height=sides, new_width=sides)
def test_what_shrinks_keeps_its_mean(height: int, width: int, new_height: int, new_width: int) -> None:
    values = np.random.default_rng(0).random((height, width), np.float32)
    answer = resized(values, min(height, new_height), min(width, new_width))
    assert abs(float(answer.mean() - values.mean())) < 1e-4


def test_colours_stay_bytes_and_nothing_to_do_costs_nothing() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (7, 9, 3), np.uint8)
    assert resized(photo, 7, 9) is photo
    assert resized(photo, 14, 4).shape == (14, 4, 3)
    assert resized(photo, 14, 4).dtype == np.uint8
