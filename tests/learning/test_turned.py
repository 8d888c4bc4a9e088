"""Claims about labels that lie turned on their photo."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from resatt_studio.learning.turned import how_turned
from resatt_studio.records.correction import Label
from resatt_studio.synthesis.scenes import render_scene


def labelled(mask: np.ndarray) -> np.ndarray:
    return np.where(mask, Label.CRACK, Label.NOT_CRACK).astype(np.uint8)


@pytest.fixture(scope="module")
def masks() -> list[np.ndarray]:
    """Cracks that do not look the same when turned."""
    drawn = [render_scene(seed, 160, 160).mask for seed in range(40)]
    return [mask for mask in drawn if mask.sum() > 200 and (mask & mask[::-1, ::-1]).sum() < 0.1 * mask.sum()]


def seen(mask: np.ndarray) -> np.ndarray:
    """A network that finds two thirds of the crack."""
    found = mask & (np.random.default_rng(1).random(mask.shape) < 0.67)
    return np.where(found, 230, 10).astype(np.uint8)


@pytest.mark.parametrize(
    "words, turn",
    [
        ("turned by 180 degrees", lambda mask: mask[::-1, ::-1]),
        ("mirrored left to right", lambda mask: mask[:, ::-1]),
        ("mirrored top to bottom", lambda mask: mask[::-1]),
    ],
)
def test_turned_labels_are_told_and_others_are_not(
    masks: list[np.ndarray], words: str, turn: Callable[[np.ndarray], np.ndarray]
) -> None:
    assert len(masks) >= 5
    told = [how_turned(labelled(turn(mask)), seen(mask)) for mask in masks]
    assert told.count(words) >= 0.8 * len(masks)
    assert not any(how_turned(labelled(mask), seen(mask)) for mask in masks)


def test_strokes_on_what_was_missed_are_not_turned_however_alike_the_halves_are() -> None:
    line = np.zeros((100, 100), bool)
    line[48:52] = True
    found = line.copy()
    found[:, 50:] = False
    strokes = np.where(line & ~found, Label.CRACK, Label.UNSAID).astype(np.uint8)
    assert how_turned(strokes, np.where(found, 255, 0).astype(np.uint8)) == ""


def test_where_the_network_saw_nothing_nothing_can_be_told(masks: list[np.ndarray]) -> None:
    labels = labelled(masks[0][::-1, ::-1])
    assert how_turned(labels, None) == ""
    assert how_turned(labels, np.zeros(labels.shape, np.uint8)) == ""
