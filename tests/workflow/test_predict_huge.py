"""A huge photo's prediction is that of the whole photo, whatever is looked at; a stopped one goes on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from resatt_studio.errors import PhotoChanged, StoreError
from resatt_studio.records.geometry import Box
from resatt_studio.records.photo import ReviewState
from resatt_studio.records.prediction import HugePrediction, PredictionPart
from resatt_studio.records.weights import WeightsState
from resatt_studio.workflow import load
from resatt_studio.workflow.correct import approve, approved_mask, check_project, open_document
from resatt_studio.workflow.export import export_project
from resatt_studio.workflow.finetune import collect_samples
from resatt_studio.workflow.jobs import drain
from resatt_studio.workflow.load import add_photos, open_photo
from resatt_studio.workflow.predict import make_engine, predict_photo, predict_project
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


def test_all_photos_of_a_project_are_predicted_and_those_that_are_too_large_to_be_read_whole_by_parts(
    wall: tuple[Project, Any, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    project, engine, photo_id = wall
    monkeypatch.setattr(load, "MAX_PIXELS", HEIGHT * WIDTH - 1)
    assert drain(predict_project(engine, project)) == ()
    assert project.store.huge_prediction(photo_id, engine.weights_id) is not None


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


def test_it_is_exported_as_it_was_approved_when_other_weights_are_in_use(
    wall: tuple[Project, Any, str], tmp_path: Path, make_weights: Any
) -> None:
    project, engine, photo_id = wall
    huge = drain(predict_huge(engine, project, photo_id))
    document = open_document(project, photo_id)
    approve(project, document, huge, threshold=0.4, in_tiles=True)
    document.close()
    project.shelf.add(make_weights(tmp_path / "newer.safetensors", 3), state=WeightsState.ACTIVE)
    done = drain(export_project(project, "mask", tmp_path / "out", fits=lambda count_px: False))
    mask = cv2.imread(str(done.files[0]), cv2.IMREAD_UNCHANGED)
    assert mask is not None and np.array_equal(mask > 0, approved_mask(project, photo_id))
    assert 0 < np.count_nonzero(mask) < mask.size and len(done.approved) == 1


def stopped(project: Project, engine: Any, photo_id: str, tiles: int, looked_at: Any = None) -> set[Path]:
    """Stop after so many tiles; returns the files that it left."""
    before = files(project)
    job = predict_huge(engine, project, photo_id, looked_at)
    while next(job).done < tiles:
        pass
    job.close()
    return files(project) - before


def asked_tiles(engine: Any, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by the number of tiles in each pass of the network."""
    passes: list[int] = []
    segmenter, _ = engine.in_use()
    probability = segmenter.probability

    def noted(pixels: Any) -> Any:
        passes.append(len(pixels))
        return probability(pixels)

    monkeypatch.setattr(segmenter, "probability", noted)
    return passes


@pytest.mark.parametrize("corner", [None, Box(700, 1000, 790, 1090)], ids=["in order", "what is seen first"])
def test_one_that_is_stopped_goes_on_where_it_ended_and_gives_the_same_answer(
    wall: tuple[Project, Any, str], corner: Box | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, engine, photo_id = wall
    passes = asked_tiles(engine, monkeypatch)
    left = stopped(project, engine, photo_id, 5, lambda: corner)
    assert len(left) == 1 and sum(passes) == 5
    reports: list[Any] = []
    shown = np.zeros((HEIGHT, WIDTH), np.int64)

    def note(report: Any) -> None:
        reports.append(report)
        if isinstance(report.detail, PredictionPart):
            for place, _ in report.detail.pieces:
                shown[place.slices] += 1

    huge = drain(predict_huge(engine, project, photo_id), note)
    total = reports[0].total
    assert sum(passes) < 5 + total, "what is complete is not asked again"
    assert "stopped" in reports[0].message and (shown == 1).all(), "each piece is shown once"
    dones = [report.done for report in reports if report.unit == "tiles"]
    assert dones == sorted(dones) and dones[-1] == total
    assert not left & files(project), "the pieces go when the prediction is whole"

    again = drain(engine_only(engine, project, photo_id))
    assert np.array_equal(huge.probability.read(Box(0, 0, HEIGHT, WIDTH)), again.probability_8bit)
    assert huge.mean_entropy == again.mean_entropy and huge.counts.sum() == HEIGHT * WIDTH
    assert huge.seconds > 0 and check_project(project) == []


def test_a_stopped_one_is_neither_shown_nor_exported_nor_approved(
    wall: tuple[Project, Any, str], tmp_path: Path
) -> None:
    from resatt_studio.workflow import export

    project, engine, photo_id = wall
    stopped(project, engine, photo_id, 4)
    weights_id = engine.weights_id
    assert project.store.huge_prediction(photo_id, weights_id) is None
    assert project.store.prediction(photo_id, weights_id) is None
    assert not project.store.has_prediction(photo_id, weights_id)
    assert project.store.photo(photo_id).state is ReviewState.NEW
    assert list(project.blobs.all()) == [] and check_project(project) == []
    reports: list[Any] = []
    exporting = export.export_project(project, "mask", tmp_path, engine=engine, fits=lambda count_px: False)
    drain(exporting, reports.append)
    told = [(report.done, report.total) for report in reports if report.unit == "tiles"]
    assert told[-1] == (6, 6) and all(
        "wall.tif" in report.message for report in reports if report.unit == "tiles"
    )
    kept = project.store.huge_prediction(photo_id, weights_id)
    assert kept is not None and kept.counts.sum() == HEIGHT * WIDTH, "an export finishes it first"


@pytest.mark.parametrize("cut", [0, 3, 40, 5_000, 10**9], ids=str)
def test_what_a_crash_cut_off_is_made_again(
    wall: tuple[Project, Any, str], cut: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, engine, photo_id = wall
    (left,) = stopped(project, engine, photo_id, 4)
    data = left.read_bytes()
    left.write_bytes(data[: max(0, len(data) - cut)])
    passes = asked_tiles(engine, monkeypatch)
    huge = drain(predict_huge(engine, project, photo_id))
    assert passes and not left.exists()
    again = drain(engine_only(engine, project, photo_id))
    assert np.array_equal(huge.probability.read(Box(0, 0, HEIGHT, WIDTH)), again.probability_8bit)
    assert huge.mean_entropy == again.mean_entropy


def test_what_was_finished_of_a_changed_file_serves_nobody(
    wall: tuple[Project, Any, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, engine, photo_id = wall
    path = tmp_path / "photos" / "wall.tif"
    original, facts = path.read_bytes(), path.stat()
    changed = bytearray(original)
    changed[len(changed) // 2] ^= 1
    path.write_bytes(changed)  # of the same size, so nothing is noticed before the end
    stopped(project, engine, photo_id, 4)
    path.write_bytes(original)
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    passes = asked_tiles(engine, monkeypatch)
    reports: list[Any] = []
    drain(predict_huge(engine, project, photo_id), reports.append)
    assert sum(passes) == reports[0].total, "all tiles were asked again"


def test_other_weights_begin_anew(wall: tuple[Project, Any, str]) -> None:
    project, engine, photo_id = wall
    (left,) = stopped(project, engine, photo_id, 4)
    first = left.read_bytes()
    weights, header = engine.in_use()[1], {"photo": photo_id, "weights": "f" * 64}
    with project.blobs.unfinished(photo_id, header, HEIGHT, WIDTH) as kept:
        assert kept is not None and list(kept.pieces()) == []
    assert weights.weights_id.encode() in first and weights.weights_id.encode() not in left.read_bytes()


def test_two_jobs_about_one_photo_do_not_write_into_one_file(wall: tuple[Project, Any, str]) -> None:
    project, engine, photo_id = wall
    one, other = (predict_huge(engine, project, photo_id) for _ in range(2))
    for _ in range(3):
        next(one), next(other)
    other.close()
    huge = drain(one)
    again = drain(engine_only(engine, project, photo_id))
    assert np.array_equal(huge.probability.read(Box(0, 0, HEIGHT, WIDTH)), again.probability_8bit)


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

    with monkeypatch.context() as patched:
        patched.setattr(map_blobs.os, "fsync", full)
        with pytest.raises(StoreError, match="No space left") as told:
            drain(job)
    assert "Free some disk space" in told.value.hint
    assert len(files(project) - before) == 1, "the pieces, and nothing else"
    passes = asked_tiles(engine, monkeypatch)
    assert drain(predict_huge(engine, project, photo_id)).counts.sum() == HEIGHT * WIDTH
    assert not passes, "with room again no network is asked"


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
