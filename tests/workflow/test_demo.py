"""Claims about the demo: it learns from one photo, is scored on the others, and leaves a whole folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from resatt_studio.annotation.document import CorrectionDocument
from resatt_studio.imaging.files import read_mask, read_photo
from resatt_studio.records.correction import Label
from resatt_studio.records.photo import ReviewState
from resatt_studio.resources import asset
from resatt_studio.workflow import demo
from resatt_studio.workflow.correct import check_project
from resatt_studio.workflow.demo import DemoOutcome, bundled_photos, read_recording, replay, run_demo
from resatt_studio.workflow.jobs import drain
from resatt_studio.workflow.project import open_project

Draw = Callable[..., tuple[np.ndarray, np.ndarray]]


@pytest.fixture(scope="module")
def demonstrated(
    tmp_path_factory: pytest.TempPathFactory, tiny_photo: Draw, weights_path: Path
) -> tuple[DemoOutcome, Path, Path]:
    """A demo of four small photos with the smallest network; with its assets and its folder."""
    assets, out = tmp_path_factory.mktemp("assets"), tmp_path_factory.mktemp("out")
    for seed in range(4):
        pixels, mask = tiny_photo(96, 128, seed)
        write_picture(assets / "photos" / f"wall_{seed}.jpg", pixels)
        write_picture(assets / "photos" / "masks" / f"wall_{seed}.png", mask.astype(np.uint8) * 255)
        write_picture(assets / "reference" / "images" / f"{seed}.png", pixels[:64, :64])
        write_picture(assets / "reference" / "masks" / f"{seed}.png", mask[:64, :64].astype(np.uint8) * 255)
    strokes = [
        {"tool": "brush", "label": 1, "radius_px": 3.0, "path": [[48, 10], [48, 60], [50, 120]]},
        {"tool": "brush", "label": 2, "radius_px": 6.0, "path": [[20, 10], [20, 100]]},
    ]
    (assets / "demo").mkdir()
    (assets / "demo" / "correction.json").write_text(json.dumps({"photo": "wall_2.jpg", "strokes": strokes}))
    with pytest.MonkeyPatch.context() as patch:
        for module in ("workflow.demo", "learning.reference"):
            patch.setattr(f"resatt_studio.{module}.asset", lambda *parts: assets.joinpath(*parts))
        job = run_demo(out, steps=3, device="cpu", threads=1, factory_weights=weights_path)
        return drain(job), assets, out


def write_picture(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), pixels[..., ::-1] if pixels.ndim == 3 else pixels)


def test_the_demo_leaves_a_whole_project_its_exports_and_its_scores(
    demonstrated: tuple[DemoOutcome, Path, Path],
) -> None:
    done, _, out = demonstrated
    assert done.corrected == "wall_2.jpg" and done.strokes == 2
    assert [row.name for row in done.rows] == ["wall_0.jpg", "wall_1.jpg", "wall_3.jpg"]
    said = json.loads((out / "scores.json").read_text())
    assert said["promoted"] is done.verdict.promoted and len(said["not_learned_from"]) == 3
    assert len(list((out / "masks").glob("*.mask.png"))) == 4
    assert [path.name for path in (out / "corrections").iterdir()] == ["wall_2.tristate.png"]
    assert len(list((out / "weights").glob("*.safetensors"))) == 1
    with open_project(done.project) as project:
        (sample,) = project.store.samples()
        assert sample.photo_path == out / "photos" / "wall_2.jpg" and not sample.complete
        states = {entry.name: entry.state for entry in project.store.photos()}
        assert states.pop("wall_2.jpg") is ReviewState.APPROVED
        assert set(states.values()) == {ReviewState.PREDICTED}
        assert check_project(project) == []


def test_scores_are_those_of_the_exported_masks_against_the_true_ones(
    demonstrated: tuple[DemoOutcome, Path, Path],
) -> None:
    done, assets, out = demonstrated
    row = done.rows[0]
    mask = read_mask(out / "masks" / "wall_0.mask.png", (96, 128))
    truth = read_mask(assets / "photos" / "masks" / "wall_0.png", (96, 128))
    dice = 2 * np.count_nonzero(mask & truth) / (np.count_nonzero(mask) + np.count_nonzero(truth))
    assert (row.after if done.verdict.promoted else row.before) == pytest.approx(dice)


def test_a_second_demo_in_the_same_folder_gets_a_project_of_its_own(tmp_path: Path) -> None:
    assert demo._free_name(tmp_path).name == "demo.resatt"
    (tmp_path / "demo.resatt").mkdir()
    assert demo._free_name(tmp_path).name == "demo-2.resatt"


def test_the_recording_paints_the_crack_of_its_photo() -> None:
    recording = read_recording(asset("demo", "correction.json"))
    photo = read_photo(asset("photos", recording.photo))
    truth = read_mask(
        asset("photos", "masks", f"{Path(recording.photo).stem}.png"), (photo.height, photo.width)
    )
    document = CorrectionDocument(photo.photo_id, photo.height, photo.width)
    edits = replay(document, recording.strokes)
    labels = document.labels.to_array()
    assert len(edits) == len(recording.strokes) and document.can_undo
    near = cv2.dilate(truth.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    assert np.mean(near[labels == Label.CRACK]) > 0.95
    assert np.mean(truth[labels == Label.NOT_CRACK]) < 0.01


def test_a_replay_is_what_a_hand_would_have_painted() -> None:
    by_replay, by_hand = (CorrectionDocument("a" * 64, 60, 80) for _ in range(2))
    path = [[10.0, 5.0], [30.5, 40.2], [50.0, 70.0]]
    replay(by_replay, [{"tool": "brush", "label": 1, "radius_px": 4.0, "path": path}])
    by_hand.begin("brush", Label.CRACK, 4.0)
    by_hand.extend([(row, column) for row, column in path])
    by_hand.end()
    np.testing.assert_array_equal(by_replay.labels.to_array(), by_hand.labels.to_array())


def test_every_bundled_photo_has_its_true_mask() -> None:
    photos = bundled_photos()
    assert len(photos) >= 8
    assert {path.stem for path in photos} == {path.stem for path in asset("photos", "masks").glob("*.png")}
