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
