"""A huge photo's prediction is that of the whole photo, whatever is looked at, and nothing half is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from resatt_studio.errors import PhotoChanged, StoreError
from resatt_studio.records.geometry import Box
from resatt_studio.records.photo import ReviewState
from resatt_studio.records.prediction import HugePrediction, PredictionPart
from resatt_studio.workflow.correct import approve, check_project, open_document
from resatt_studio.workflow.finetune import collect_samples
from resatt_studio.workflow.jobs import drain
from resatt_studio.workflow.load import add_photos, open_photo
from resatt_studio.workflow.predict import make_engine, predict_photo
from resatt_studio.workflow.predict_huge import predict_huge
from resatt_studio.workflow.project import Project
from tests.imaging.huge_tiffs import texture, write

HEIGHT, WIDTH = 800, 1100


@pytest.fixture
def wall(project: Project, tmp_path: Path) -> tuple[Project, Any, str]:
    """A project of one tiled TIFF, an engine with its weights, and the photo's id."""
    (tmp_path / "photos").mkdir()
    rng = np.random.default_rng(1)
    grain = rng.integers(-20, 20, (HEIGHT, WIDTH, 1))
    pixels = np.clip(texture(HEIGHT, WIDTH) + grain, 0, 255).astype(np.uint8)
    write("tiled-deflate", tmp_path / "photos" / "wall.tif", pixels)
    (entry,) = drain(add_photos(project, [tmp_path / "photos"])).photos
    engine = make_engine(project.shelf.load(project.shelf.active().weights_id), "cpu", 1, "plain")
    return project, engine, entry.photo_id


def files(project: Project) -> set[Path]:
    return {path for path in project.blobs.folder.rglob("*") if path.is_file()}


def test_it_is_the_prediction_of_the_whole_photo_bit_for_bit(wall: tuple[Project, Any, str]) -> None:
    project, engine, photo_id = wall
    corner = Box(700, 1000, 790, 1090)
    parts: list[PredictionPart] = []

    def note(report: Any) -> None:
        if isinstance(report.detail, PredictionPart):
            parts.append(report.detail)
            for place, values in report.detail.pieces:
                assert np.array_equal(report.detail.whole.read(place), values), "what came is seen at once"

    huge = drain(predict_huge(engine, project, photo_id, lambda: corner), note)
    assert isinstance(huge, HugePrediction)
    (first, _), *_ = parts[0].pieces
    assert not first.intersection(Box(400, 600, HEIGHT, WIDTH)).empty, "what is looked at comes first"
    assert project.store.photo(photo_id).state is ReviewState.PREDICTED
    counted = project.store.value_counts()[photo_id]
    again = drain(predict_huge(engine, project, photo_id))
    assert again.probability.blob == huge.probability.blob and again.mean_entropy == huge.mean_entropy
    assert np.array_equal(again.counts, counted) and counted.sum() == HEIGHT * WIDTH
    assert check_project(project) == []
    kept = project.store.prediction(photo_id, engine.weights_id)
    assert kept is not None

    project.store.put_prediction(kept)  # as the whole: no longer in tiles
    assert project.store.huge_prediction(photo_id, engine.weights_id) is None
    whole = drain(engine_only(engine, project, photo_id))
    assert np.array_equal(whole.probability_8bit, kept.probability_8bit)
    assert whole.mean_entropy == pytest.approx(huge.mean_entropy, rel=1e-12)
    assert np.array_equal(huge.probability.read(Box(0, 0, HEIGHT, WIDTH)), whole.probability_8bit)


def engine_only(engine: Any, project: Project, photo_id: str) -> Any:
    """The prediction as it is made, whatever is kept."""
    from resatt_studio.workflow.predict import predict_pixels

    return predict_pixels(engine, open_photo(project, photo_id))


def test_a_kept_one_serves_when_there_is_memory_for_the_whole(wall: tuple[Project, Any, str]) -> None:
    project, engine, photo_id = wall
    huge = drain(predict_huge(engine, project, photo_id))
    known = drain(predict_photo(engine, project, open_photo(project, photo_id)))
    assert np.array_equal(known.probability_8bit, huge.probability.read(Box(0, 0, HEIGHT, WIDTH)))


def test_it_is_approved_without_a_copy_and_teaches_everywhere(wall: tuple[Project, Any, str]) -> None:
    project, engine, photo_id = wall
    huge = drain(predict_huge(engine, project, photo_id))
    before = files(project)
    document = open_document(project, photo_id)
    entry = approve(project, document, huge, in_tiles=True)
    document.close()
    assert entry.predicted_blob == huge.probability.blob and len(files(project) - before) == 1
    (sample,), _ = drain(collect_samples(project))
    box = Box(100, 200, 300, 500)
    assert np.array_equal(sample.predicted_in(box), huge.probability.read(box))


def test_one_that_is_stopped_leaves_nothing(wall: tuple[Project, Any, str]) -> None:
    project, engine, photo_id = wall
    before = files(project)
    job = predict_huge(engine, project, photo_id)
    for _ in range(3):
        next(job)
    assert len(files(project)) == len(before) + 1
    job.close()
    assert files(project) == before and not project.store.has_prediction(photo_id, engine.weights_id)


def test_a_file_that_changes_meanwhile_is_noticed_and_nothing_is_kept(
    wall: tuple[Project, Any, str], tmp_path: Path
) -> None:
    project, engine, photo_id = wall
    before = files(project)
    job = predict_huge(engine, project, photo_id)
    next(job)
    path = tmp_path / "photos" / "wall.tif"
    with path.open("r+b") as file:
        file.seek(-1, 2)
        last = file.read(1)
        file.seek(-1, 2)
        file.write(bytes([last[0] ^ 1]))
    with pytest.raises(PhotoChanged, match="was changed"):
        drain(job)
    assert files(project) == before and not project.store.has_prediction(photo_id, engine.weights_id)


def test_a_full_disk_ends_it_with_the_cure(
    wall: tuple[Project, Any, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from resatt_studio.store import map_blobs

    project, engine, photo_id = wall
    before = files(project)
    job = predict_huge(engine, project, photo_id)
    next(job)

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(map_blobs.os, "fsync", full)
    with pytest.raises(StoreError, match="No space left") as told:
        drain(job)
    assert "Free some disk space" in told.value.hint
    assert files(project) == before


@pytest.mark.parametrize("name", ["mask", "tristate", "mask-tiff"])
def test_its_pictures_are_exported_part_by_part_as_those_of_the_whole_photo(
    wall: tuple[Project, Any, str], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from resatt_studio.workflow import export

    project, engine, photo_id = wall
    document = open_document(project, photo_id)
    document.apply_labels("test", Box(10, 20, 60, 900), np.full((50, 880), 1, np.uint8))
    document.close()
    whole = drain(export.export_project(project, name, tmp_path / "whole", engine=engine))
    monkeypatch.setattr(export, "open_photo", None)
    project.store.prediction = None  # type: ignore[method-assign]
    parts = drain(
        export.export_project(project, name, tmp_path / "parts", engine=engine, fits=lambda count_px: False)
    )
    (one,), (other,) = whole.files, parts.files
    assert one.name == other.name and whole.refused == parts.refused == ()
    read = [cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in (one, other)]
    assert read[0].any() and np.array_equal(*read)
