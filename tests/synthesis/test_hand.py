"""The recorded hand: it says nothing false, misses little, and takes a person's time."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from resatt_studio.synthesis.cracks import CrackStyle
from resatt_studio.synthesis.hand import CRACK, NOT_CRACK, Stroke, record_correction
from resatt_studio.synthesis.scenes import Recipe, Scene, render_scene


@pytest.fixture(scope="module")
def scene() -> Scene:
    recipe = Recipe("plaster", 4.0, ("branched",), CrackStyle(4.0), marks=("joint",))
    return render_scene(8, 384, 512, recipe=recipe)


@pytest.fixture(scope="module")
def predicted(scene: Scene) -> np.ndarray:
    """A network that finds the crack, too wide, and takes a joint and a hole for one as well."""
    said = cv2.dilate(scene.mask.astype(np.uint8), np.ones((3, 3), np.uint8))
    cv2.line(said, (0, 350), (511, 340), 1, 4)
    cv2.circle(said, (480, 30), 6, 1, -1)
    return said > 0


@pytest.fixture(scope="module")
def strokes(scene: Scene, predicted: np.ndarray) -> list[Stroke]:
    return record_correction(np.random.default_rng(1), scene, predicted)


def painted(scene: Scene, strokes: list[Stroke], label: int) -> np.ndarray:
    canvas = np.zeros(scene.mask.shape, np.uint8)
    for stroke in strokes:
        if stroke.label == label:
            for row, column in stroke.path:
                cv2.circle(canvas, (round(column), round(row)), round(stroke.radius_px), 1, -1)
    return canvas > 0


def test_no_stroke_calls_a_crack_not_crack(scene: Scene, strokes: list[Stroke]) -> None:
    assert painted(scene, strokes, NOT_CRACK).any()
    assert not (painted(scene, strokes, NOT_CRACK) & scene.mask).any()


def test_what_was_wrongly_called_crack_is_painted_over(
    scene: Scene, predicted: np.ndarray, strokes: list[Stroke]
) -> None:
    far = cv2.dilate(scene.mask.astype(np.uint8), np.ones((31, 31), np.uint8)) == 0
    false = predicted & far
    assert false.sum() > 1000
    assert (false & ~painted(scene, strokes, NOT_CRACK)).sum() / false.sum() < 0.1


def test_crack_strokes_lie_on_cracks_and_find_most_of_them(scene: Scene, strokes: list[Stroke]) -> None:
    near = cv2.dilate(scene.mask.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    crack = painted(scene, strokes, CRACK)
    assert (crack & near).sum() / crack.sum() > 0.95
    reached = cv2.dilate(crack.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    assert (reached & scene.mask).sum() / scene.mask.sum() > 0.85


def test_positions_and_times_go_together_and_time_goes_on(strokes: list[Stroke]) -> None:
    clock = 0
    for stroke in strokes:
        assert len(stroke.milliseconds) == len(stroke.path)
        assert stroke.milliseconds[0] >= clock
        assert all(b >= a for a, b in zip(stroke.milliseconds, stroke.milliseconds[1:], strict=False))
        clock = stroke.milliseconds[-1]


def test_a_stroke_becomes_plain_json_values(strokes: list[Stroke]) -> None:
    record = strokes[0].as_json()
    assert set(record) == {"tool", "label", "radius_px", "path", "milliseconds"}
    assert record["tool"] == "brush"
    assert all(len(point) == 2 and isinstance(point[0], float) for point in record["path"])


def test_the_same_seed_records_the_same_hand(
    scene: Scene, predicted: np.ndarray, strokes: list[Stroke]
) -> None:
    again = record_correction(np.random.default_rng(1), scene, predicted)
    assert [stroke.as_json() for stroke in again] == [stroke.as_json() for stroke in strokes]
