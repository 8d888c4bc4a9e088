"""Claims about the reference set."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from resatt_studio.errors import LearningError
from resatt_studio.learning.reference import ReferenceSet


def test_what_is_replayed_never_judges() -> None:
    drawn = ReferenceSet.drawn(range(7), side_px=64)
    replayed = {tile.name for tile in drawn.replay}
    judging = {tile.name for tile in drawn.exam}
    assert not replayed & judging
    assert len(replayed | judging) == 7


def test_the_shipped_set_has_tiles_with_and_without_crack_in_both_halves() -> None:
    shipped = ReferenceSet.load()
    for half in (shipped.replay, shipped.exam):
        assert len(half) >= 16
        assert any(tile.mask.any() for tile in half)
        assert any(not tile.mask.any() for tile in half)


def test_a_scene_without_its_mask_is_named(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    cv2.imwrite(str(tmp_path / "images" / "lonely.png"), np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(LearningError, match=r"lonely\.png has no mask"):
        ReferenceSet.load(tmp_path)


def test_an_empty_folder_is_no_reference_set(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    with pytest.raises(LearningError, match="no reference tiles"):
        ReferenceSet.load(tmp_path)
