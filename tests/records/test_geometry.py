"""Claims about boxes of pixels and of the cells of halved sizes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from resatt_studio.records.geometry import Box

SIDES = st.integers(0, 5000)


@given(SIDES, SIDES, st.integers(1, 900), st.integers(1, 900), st.integers(0, 9))
def test_the_cells_of_a_box_are_those_that_it_touches(
    top: int, left: int, height: int, width: int, levels: int
) -> None:
    box = Box(top, left, top + height, left + width)
    cells = box.halved(levels)
    touched = list(box.cells(2**levels))
    assert (cells.top, cells.left) == touched[0]
    assert (cells.bottom - 1, cells.right - 1) == touched[-1]
    assert cells.doubled(levels).intersection(box) == box
    assert cells.doubled(levels).halved(levels) == cells
    assert box.doubled(levels).halved(levels) == box


@given(st.floats(-50, 50), st.floats(-50, 50))
def test_a_pixel_holds_the_places_in_it_and_a_box_holds_its_own_pixels_alone(
    row: float, column: float
) -> None:
    box, pixel = Box(-20, 3, 10, 40), Box.pixel(row, column)
    assert pixel.height == pixel.width == 1
    assert pixel.top <= row < pixel.bottom and pixel.left <= column < pixel.right
    assert box.holds(pixel) == (-20 <= row < 10 and 3 <= column < 40)


def test_a_box_holds_itself_and_no_box_that_reaches_out_of_it() -> None:
    box = Box(2, 3, 10, 12)
    assert box.holds(box)
    assert not any(box.holds(larger) for larger in (box.expanded(1), box.shifted(1, 0), box.shifted(0, -1)))
