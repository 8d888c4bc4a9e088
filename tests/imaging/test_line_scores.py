"""Claims about lines: what is found, how wide it is, and that counts add up."""

from __future__ import annotations

import numpy as np
import pytest

from resatt_studio.errors import MaskError
from resatt_studio.imaging.line_scores import LineCounts, count_lines


def bar(width: int, row: int = 30, left: int = 0, right: int = 80) -> np.ndarray:
    mask = np.zeros((60, 80), bool)
    mask[row - width // 2 : row - width // 2 + width, left:right] = True
    return mask


def test_a_right_mask_is_found_whole_at_its_width() -> None:
    counts = count_lines(bar(5), bar(5))
    assert counts.recall == 1 and counts.mean_width_error_px == 0


def test_a_wider_mask_is_off_by_the_difference() -> None:
    counts = count_lines(bar(9, left=0), bar(5))
    assert counts.recall == 1 and counts.mean_width_error_px == pytest.approx(4, abs=0.3)


def test_half_a_crack_is_half_found_and_its_width_is_asked_there_alone() -> None:
    counts = count_lines(bar(5, right=40), bar(5))
    assert counts.recall == pytest.approx(0.5, abs=0.06) and counts.mean_width_error_px < 0.5


def test_a_shift_within_the_tolerance_is_found() -> None:
    assert count_lines(bar(1, row=32), bar(1)).recall == 1
    assert count_lines(bar(1, row=33), bar(1)).recall == 0


def test_nothing_predicted_finds_nothing_and_no_crack_is_all_found() -> None:
    nothing = np.zeros((60, 80), bool)
    assert count_lines(nothing, bar(3)).recall == 0 and count_lines(bar(3), nothing).recall == 1
    assert count_lines(nothing, bar(3)).mean_width_error_px is None


def test_a_mask_without_any_background_has_a_width_too() -> None:
    assert np.isfinite(count_lines(np.ones((60, 80), bool), bar(3)).width_error_px)


def test_counts_of_photos_add_up() -> None:
    assert LineCounts(1, 2, 3.0) + LineCounts(10, 20, 30.0) == LineCounts(11, 22, 33.0)


def test_masks_of_two_sizes_are_refused() -> None:
    with pytest.raises(MaskError):
        count_lines(bar(3), bar(3)[:50])
