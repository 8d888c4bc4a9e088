"""Claims about what the crack network is shown: the photo or the dehazed photo, and that it is told which."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from resatt_studio.errors import SettingsError, WeightsError
from resatt_studio.imaging.files import read_mask, read_photo
from resatt_studio.records.dehazing import Dehazing
from resatt_studio.records.photo import Photo
from resatt_studio.records.prediction import PredictionPart
from resatt_studio.workflow.dehaze import dehaze_photo, make_dehazer
from resatt_studio.workflow.jobs import Job, drain
from resatt_studio.workflow.load import add_photos, open_photo
from resatt_studio.workflow.photo_input import Clearing, PhotoInput, choose_input, clear_photo, photo_input
from resatt_studio.workflow.predict import make_engine, predict_files, predict_photo, predict_pixels
from resatt_studio.workflow.project import Project
from resatt_studio.workflow.weights import choose_weights

Make = Callable[..., Any]


@pytest.fixture
def dehazer(small_weights: Make) -> Any:
    return make_dehazer(small_weights("dhformer"), "cpu", 1)


def photo_of(level: int) -> Photo:
    """A flat photo with a dark line; the brighter, the hazier."""
    pixels = np.full((40, 50, 3), level, np.uint8)
    return Photo("a" * 64, pixels)


@pytest.mark.parametrize(
    ("wanted", "level", "kind"),
    [
        (PhotoInput.RAW, 250, PhotoInput.RAW),
        (PhotoInput.DEHAZED, 5, PhotoInput.DEHAZED),
        (PhotoInput.AUTO, 5, PhotoInput.RAW),
        (PhotoInput.AUTO, 250, PhotoInput.DEHAZED),
    ],
)
def test_raw_and_dehazed_are_taken_at_their_word_and_auto_asks_the_haze(
    dehazer: Any, wanted: PhotoInput, level: int, kind: PhotoInput
) -> None:
    photo = photo_of(level)
    chosen = drain(choose_input(photo, wanted, dehazer))
    assert chosen.kind is kind
    assert (chosen.photo is photo) is (kind is PhotoInput.RAW)
    assert (chosen.seconds > 0) is (kind is PhotoInput.DEHAZED)


def test_a_dehazed_photo_never_passes_for_the_photo_or_for_one_of_other_weights(
    dehazer: Any, small_weights: Make
) -> None:
    photo = photo_of(200)
    dehazing = drain(dehaze_photo(dehazer, photo))
    other = drain(dehaze_photo(make_dehazer(small_weights("dhformer", seed=1), "cpu", 1), photo))
    ids = {photo.photo_id, clear_photo(dehazing).photo_id, clear_photo(other).photo_id}
    assert len(ids) == 3 and all(len(one) == 64 for one in ids)
    assert clear_photo(dehazing) == clear_photo(drain(dehaze_photo(dehazer, photo)))
    assert clear_photo(dehazing).pixels is dehazing.pixels


def test_an_unknown_input_is_told_with_the_known_ones() -> None:
    assert photo_input("auto") is PhotoInput.AUTO
    with pytest.raises(SettingsError, match=r"input 'foggy'.*raw, dehazed, auto"):
        photo_input("foggy")


def test_masks_of_raw_and_dehazed_photos_have_one_name_and_size_and_rows_say_which_is_which(
    weights_path: Path, photo_folder: Path, tmp_path: Path, small_weights: Make
) -> None:
    weights, rows = choose_weights(str(weights_path), None), {}
    for shown in PhotoInput:
        job = predict_files(
            weights,
            [photo_folder],
            tmp_path / shown,
            shown=shown,
            dehazer_weights=small_weights("dhformer"),
            device="cpu",
            threads=1,
        )
        done = drain(job)
        rows[shown] = done.photos
        assert bool(done.dehazer_id) is (shown is not PhotoInput.RAW)
        assert done.as_json()["dehazer"] == (done.dehazer_id or None)
    assert {row.input for row in rows[PhotoInput.RAW]} == {"raw"}
    assert {row.input for row in rows[PhotoInput.DEHAZED]} == {"dehazed"}
    for raw, clear in zip(rows[PhotoInput.RAW], rows[PhotoInput.DEHAZED], strict=True):
        assert raw.mask.name == clear.mask.name and raw.haze == clear.haze
        shape = read_photo(raw.photo).pixels.shape[:2]
        assert read_mask(raw.mask, shape).shape == read_mask(clear.mask, shape).shape


def test_nothing_is_dehazed_and_no_further_weights_are_read_by_default(
    weights_path: Path, photo_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resatt_studio.resources._CANDIDATES", (tmp_path / "nowhere",))
    weights = choose_weights(str(weights_path), None)
    done = drain(predict_files(weights, [photo_folder], tmp_path / "out", device="cpu", threads=1))
    assert {row.input for row in done.photos} == {"raw"}
    (tmp_path / "nowhere").mkdir()
    with pytest.raises(WeightsError, match="no factory weights of DHFormer"):
        drain(predict_files(weights, [photo_folder], tmp_path / "b", shown=PhotoInput.AUTO, device="cpu"))


@pytest.mark.parametrize(("wanted", "kind"), [("raw", "raw"), ("dehazed", "dehazed"), ("auto", "raw")])
def test_what_a_project_keeps_says_what_was_segmented(
    project: Project, photo_folder: Path, weights_path: Path, dehazer: Any, wanted: str, kind: str
) -> None:
    entry = drain(add_photos(project, [photo_folder])).photos[0]
    engine = make_engine(choose_weights(str(weights_path), None), "cpu", 1)
    photo = open_photo(project, entry.photo_id)
    asked: list[Photo] = []

    def dehaze(asked_for: Photo) -> Job[Dehazing]:
        asked.append(asked_for)
        return (yield from dehaze_photo(dehazer, asked_for))

    clearing = Clearing(lambda: dehazer.weights_id, dehaze)
    parts: list[Any] = []
    steps = predict_photo(engine, project, photo, None, photo_input(wanted), clearing)
    first = drain(steps, lambda report: parts.append(report.detail))
    dehazer_id = dehazer.weights_id if kind == "dehazed" else ""
    assert (first.photo_id, first.input, first.dehazer_id) == (photo.photo_id, kind, dehazer_id)
    told = [part for part in parts if isinstance(part, PredictionPart)]
    assert told and {(part.photo_id, part.dehazer_id) for part in told} == {(photo.photo_id, dehazer_id)}
    assert len(asked) == (kind == "dehazed")
    kept = project.store.prediction(photo.photo_id, engine.weights_id, dehazer_id)
    assert kept == first and np.array_equal(kept.probability_8bit, first.probability_8bit)
    again = drain(predict_photo(engine, project, photo, None, photo_input(wanted), clearing))
    assert again == first and len(asked) == (kind == "dehazed"), "neither dehazed nor predicted twice"
    plain = drain(predict_photo(engine, project, photo))
    assert plain.input == "raw"
    assert (plain == first) == (kind == "raw"), "the other one stays"


def test_a_prediction_of_the_dehazed_photo_is_what_the_command_line_makes(
    project: Project, photo_folder: Path, weights_path: Path, dehazer: Any
) -> None:
    entry = drain(add_photos(project, [photo_folder])).photos[0]
    engine = make_engine(choose_weights(str(weights_path), None), "cpu", 1)
    photo = open_photo(project, entry.photo_id)
    clearing = Clearing(lambda: dehazer.weights_id, lambda photo: dehaze_photo(dehazer, photo))
    window = drain(predict_photo(engine, project, photo, None, PhotoInput.DEHAZED, clearing))
    terminal = drain(predict_pixels(engine, clear_photo(drain(dehaze_photo(dehazer, photo)))))
    assert np.array_equal(window.probability_8bit, terminal.probability_8bit)


def test_weights_that_changed_while_the_photo_was_dehazed_are_said_as_they_were(
    project: Project, photo_folder: Path, weights_path: Path, dehazer: Any, small_weights: Make
) -> None:
    entry = drain(add_photos(project, [photo_folder])).photos[0]
    engine = make_engine(choose_weights(str(weights_path), None), "cpu", 1)
    former = small_weights("dhformer", seed=1).weights_id
    clearing = Clearing(lambda: former, lambda photo: dehaze_photo(dehazer, photo))
    photo = open_photo(project, entry.photo_id)
    answer = drain(predict_photo(engine, project, photo, None, PhotoInput.DEHAZED, clearing))
    assert answer.dehazer_id == dehazer.weights_id
    assert project.store.prediction(photo.photo_id, engine.weights_id, former) is None
    assert project.store.prediction(photo.photo_id, engine.weights_id, dehazer.weights_id) == answer
