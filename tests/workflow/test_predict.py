"""Claims about predicting: once for each photo and weights, files of the photo's size, broken photos told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from resatt_studio.errors import PhotoError
from resatt_studio.imaging.tiled_tiff import open_tiled
from resatt_studio.records.geometry import Box
from resatt_studio.records.photo import Photo, ReviewState
from resatt_studio.records.prediction import Prediction, PredictionPart
from resatt_studio.records.weights import WeightsFile
from resatt_studio.workflow.jobs import drain
from resatt_studio.workflow.load import add_photos, open_photo
from resatt_studio.workflow.predict import (
    make_engine,
    predict_files,
    predict_part,
    predict_photo,
    predict_pixels,
    predict_project,
)
from resatt_studio.workflow.project import Project
from resatt_studio.workflow.weights import choose_weights


@pytest.fixture
def weights(weights_path: Path) -> WeightsFile:
    return choose_weights(str(weights_path), None)


def read_grey(path: Path) -> np.ndarray:
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert image is not None and image.ndim == 2
    return image


def test_a_photo_is_predicted_once_for_each_set_of_weights(
    project: Project, photo_folder: Path, weights: WeightsFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = drain(add_photos(project, [photo_folder])).photos[0]
    engine = make_engine(weights, "cpu", 1)
    photo = open_photo(project, entry.photo_id)
    first = drain(predict_photo(engine, project, photo))
    assert isinstance(first, Prediction) and first.weights_id == weights.weights_id
    assert project.store.photo(entry.photo_id).state is ReviewState.PREDICTED
    monkeypatch.setattr(engine, "predict", lambda *_, **__: pytest.fail("it was predicted a second time"))
    again = drain(predict_photo(engine, project, photo))
    np.testing.assert_array_equal(again.probability_8bit, first.probability_8bit)


def test_counts_carry_what_their_tiles_finished_and_the_stored_answer_is_that_of_reading_order(
    project: Project, weights: WeightsFile, tmp_path: Path, tiny_photo: Callable[..., Any]
) -> None:
    (tmp_path / "large").mkdir()
    cv2.imwrite(str(tmp_path / "large" / "wall.png"), tiny_photo(700, 1100)[0])
    entry = drain(add_photos(project, [tmp_path / "large"])).photos[0]
    engine, photo = make_engine(weights, "cpu", 1), open_photo(project, entry.photo_id)
    parts: list[PredictionPart] = []
    seen = Box(500, 900, 700, 1100)
    led = drain(
        predict_photo(engine, project, photo, lambda: seen), lambda report: parts.append(report.detail)
    )
    assert {(part.photo_id, part.weights_id) for part in parts} == {(photo.photo_id, weights.weights_id)}
    assert len(parts) == 6
    assert parts[0].pieces[0][0].bottom == 700, "the corner that is seen comes first"
    plain = drain(predict_pixels(engine, photo))
    kept = project.store.prediction(photo.photo_id, weights.weights_id)
    assert kept is not None
    for prediction in (led, kept):
        np.testing.assert_array_equal(prediction.probability_8bit, plain.probability_8bit)
        assert prediction.mean_entropy == plain.mean_entropy


def test_closing_a_prediction_under_way_keeps_nothing(
    project: Project, photo_folder: Path, weights: WeightsFile
) -> None:
    entry = drain(add_photos(project, [photo_folder])).photos[0]
    job = predict_photo(make_engine(weights, "cpu", 1), project, open_photo(project, entry.photo_id))
    next(job)
    job.close()
    assert not project.store.has_prediction(entry.photo_id, weights.weights_id)


def test_a_project_is_predicted_whole_but_for_what_cannot_be_read(
    project: Project, photo_folder: Path, weights: WeightsFile
) -> None:
    (photo_folder / "wall_0.jpg").write_bytes(b"no photo")
    entries = drain(add_photos(project, [photo_folder])).photos
    entries[0].facts.path.unlink()
    refused = drain(predict_project(make_engine(weights, "cpu", 1), project))
    assert [row.path for row in refused] == [entries[0].facts.path]
    assert all(project.store.has_prediction(entry.photo_id, weights.weights_id) for entry in entries[1:])


def test_photos_that_take_more_memory_than_they_may_and_have_no_parts_are_told_and_not_read(
    project: Project, photo_folder: Path, weights: WeightsFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    from resatt_studio.workflow import predict

    entries = drain(add_photos(project, [photo_folder])).photos
    monkeypatch.setattr(predict, "open_photo", lambda project, photo_id: pytest.fail("the file was read"))
    asked: list[int] = []
    fits = lambda count_px: bool(asked.append(count_px))  # noqa: E731
    refused = drain(predict_project(make_engine(weights, "cpu", 1), project, fits=fits))
    assert [row.path for row in refused] == [entry.facts.path for entry in entries]
    assert all("only be read as a whole" in row.reason for row in refused)
    refused = drain(predict_project(make_engine(weights, "cpu", 1), project, fits=fits, huge=False))
    assert all("part that is seen" in row.reason for row in refused) and len(refused) == len(entries)
    assert asked == 2 * [entry.facts.height * entry.facts.width for entry in entries]


def test_masks_are_0_and_255_and_as_large_as_the_photos(
    photo_folder: Path, weights: WeightsFile, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    done = drain(
        predict_files(weights, [photo_folder], out, probability=True, device="cpu", threads=1, threshold=0.4)
    )
    assert [row.mask.name for row in done.photos] == [f"wall_{index}.mask.png" for index in range(4)]
    for row in done.photos:
        mask, probability = read_grey(row.mask), read_grey(row.probability)
        assert mask.shape == probability.shape == (96, 128) == (row.height, row.width)
        assert mask.dtype == np.uint8 and set(np.unique(mask)) <= {0, 255}
        assert probability.dtype == np.uint16
        np.testing.assert_array_equal(mask > 0, probability > 0.4 * 65535)
        assert row.crack_share == pytest.approx(float(np.mean(mask > 0)))


def test_a_broken_photo_is_told_and_the_rest_goes_on(
    photo_folder: Path, weights: WeightsFile, tmp_path: Path
) -> None:
    (photo_folder / "wall_1.jpg").write_bytes(b"\xff\xd8 cut")
    done = drain(predict_files(weights, [photo_folder], tmp_path / "out", device="cpu", threads=1))
    assert len(done.photos) == 3
    assert [row.path.name for row in done.refused] == ["wall_1.jpg"]
    assert not (tmp_path / "out" / "wall_1.mask.png").exists()


def test_when_no_photo_can_be_read_that_is_an_error(tmp_path: Path, weights: WeightsFile) -> None:
    (tmp_path / "a.jpg").write_bytes(b"x")
    with pytest.raises(PhotoError, match="None of the 1 photos"):
        drain(predict_files(weights, [tmp_path / "a.jpg"], tmp_path / "out", device="cpu", threads=1))


def test_an_oriented_photo_gives_an_upright_mask(weights: WeightsFile, tmp_path: Path) -> None:
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (64, 32), "grey").save(tmp_path / "turned.jpg", exif=exif)
    done = drain(predict_files(weights, [tmp_path / "turned.jpg"], tmp_path / "out", device="cpu", threads=1))
    assert read_grey(done.photos[0].mask).shape == (64, 32)


def test_photos_of_one_stem_write_files_of_their_own(
    photo_folder: Path, weights: WeightsFile, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "wall_1.jpg").write_bytes((photo_folder / "wall_2.jpg").read_bytes())
    done = drain(predict_files(weights, [photo_folder, other], tmp_path / "out", device="cpu", threads=1))
    assert len({row.mask for row in done.photos}) == len(done.photos) == 5
    assert {row.mask.name for row in done.photos} >= {"photos_wall_1.mask.png", "other_wall_1.mask.png"}


def test_a_part_of_a_huge_photo_is_predicted_as_if_it_were_a_photo_with_its_surroundings(
    weights: WeightsFile, tmp_path: Path, tiny_photo: Callable[..., Any]
) -> None:
    import tifffile

    pixels = tiny_photo(600, 800)[0][:, :, ::-1].copy()
    tifffile.imwrite(tmp_path / "deck.tif", pixels, tile=(128, 128), photometric="rgb")
    photo = open_tiled(tmp_path / "deck.tif")
    assert photo is not None
    engine = make_engine(weights, "cpu", 1)
    box = Box(0, 200, 250, 520)
    wide = Box(0, 136, 314, 584)
    found = np.zeros((600, 800), np.uint8)
    reached = np.zeros((600, 800), np.bool_)

    def take(report: Any) -> None:
        if report.detail is not None:
            assert report.detail.photo_id == "a" * 64
            for place, values in report.detail.pieces:
                found[place.slices] = values
                reached[place.slices] = True

    drain(predict_part(engine, photo, "a" * 64, box), take)
    alone = Photo("a" * 64, np.ascontiguousarray(pixels[wide.slices]))
    np.testing.assert_array_equal(found[wide.slices], drain(predict_pixels(engine, alone)).probability_8bit)
    assert reached[wide.slices].all() and reached.sum() == wide.height * wide.width
    photo.close()
