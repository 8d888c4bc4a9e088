"""Claims about dehazing photos into files: same name and size, originals never touched."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from resatt_studio.errors import ExportError, PhotoError, WeightsError
from resatt_studio.imaging.files import read_photo
from resatt_studio.records.weights import WeightsFile
from resatt_studio.workflow.dehaze import (
    dehaze_files,
    dehaze_photo,
    dehaze_weights,
    make_dehazer,
    out_names,
    refuse_own_folder,
)
from resatt_studio.workflow.jobs import drain

Make = Callable[..., Any]


@pytest.fixture
def weights(small_weights: Make) -> WeightsFile:
    return small_weights("dhformer")


def test_a_photo_is_dehazed_and_its_tiles_are_counted(weights: WeightsFile, photo_folder: Path) -> None:
    reports = []
    photo = read_photo(photo_folder / "wall_0.jpg")
    dehazing = drain(dehaze_photo(make_dehazer(weights, "cpu", 1), photo), reports.append)
    assert dehazing.photo_id == photo.photo_id and dehazing.pixels.shape == photo.pixels.shape
    assert [(report.done, report.total, report.unit) for report in reports] == [(1, 1, "tiles")]


def test_files_keep_name_and_size_and_the_photos_stay_as_they_were(
    weights: WeightsFile, photo_folder: Path, tmp_path: Path
) -> None:
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (64, 32), "grey").save(photo_folder / "turned.jpeg", exif=exif)
    cv2.imwrite(str(photo_folder / "flat.tif"), np.full((20, 30, 3), 90, np.uint8))
    cv2.imwrite(str(photo_folder / "flat.png"), np.full((20, 30, 3), 90, np.uint8))
    before = {path: path.read_bytes() for path in photo_folder.iterdir()}
    done = drain(dehaze_files(weights, [photo_folder], tmp_path / "out", device="cpu", threads=1))
    assert {path: path.read_bytes() for path in photo_folder.iterdir()} == before
    outs = {row.photo.name: row.out.name for row in done.photos}
    assert outs["wall_0.jpg"] == "wall_0.jpg" and outs["turned.jpeg"] == "turned.jpeg"
    assert outs["flat.tif"] == "flat_tif.png" and outs["flat.png"] == "flat_png.png"
    for row in done.photos:
        assert read_photo(row.out).pixels.shape == read_photo(row.photo).pixels.shape
        assert 0.0 <= row.haze <= 1.0 and row.seconds > 0
    assert read_photo(tmp_path / "out" / "turned.jpeg").pixels.shape == (64, 32, 3)
    assert done.weights_id == weights.weights_id
    assert done.as_json()["photos"][0].keys() == {"photo", "out", "haze", "seconds"}


def test_the_photos_own_folder_is_refused_by_every_name_it_has(
    weights: WeightsFile, photo_folder: Path, tmp_path: Path
) -> None:
    link = tmp_path / "link"
    link.symlink_to(photo_folder)
    for out in (photo_folder, photo_folder / ".." / photo_folder.name, link):
        with pytest.raises(ExportError, match="never overwritten"):
            drain(dehaze_files(weights, [photo_folder], out, device="cpu", threads=1))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "wall.jpg").symlink_to(photo_folder / "wall_0.jpg")
    for out in (photo_folder, elsewhere):
        with pytest.raises(ExportError, match="never overwritten"):
            refuse_own_folder([elsewhere / "wall.jpg"], out)
    refuse_own_folder([elsewhere / "wall.jpg"], tmp_path / "new")


def test_the_photos_own_folder_is_known_where_disks_do_not_tell_case_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def same(one: Path, other: Path) -> bool:
        return str(one).casefold() == str(other).casefold()

    monkeypatch.setattr(Path, "samefile", same)
    with pytest.raises(ExportError, match="never overwritten"):
        refuse_own_folder([tmp_path / "Photos" / "wall.jpg"], tmp_path / "photos")
    refuse_own_folder([tmp_path / "Photos" / "wall.jpg"], tmp_path / "clear")


def test_names_are_told_apart_only_where_they_would_clash() -> None:
    names = out_names([Path("n/a.jpg"), Path("s/a.JPG"), Path("n/a.png"), Path("n/b.tif"), Path("n/b.jpg")])
    assert names[Path("n/a.png")] == "a.png"
    assert names[Path("n/b.tif")] == "b.png" and names[Path("n/b.jpg")] == "b.jpg"
    assert {names[Path("n/a.jpg")], names[Path("s/a.JPG")]} == {"n_a.jpg", "s_a.JPG"}


def test_a_broken_photo_is_told_and_the_rest_goes_on(
    weights: WeightsFile, photo_folder: Path, tmp_path: Path
) -> None:
    (photo_folder / "wall_1.jpg").write_bytes(b"\xff\xd8 cut")
    done = drain(dehaze_files(weights, [photo_folder], tmp_path / "out", device="cpu", threads=1))
    assert len(done.photos) == 3 and [row.path.name for row in done.refused] == ["wall_1.jpg"]
    with pytest.raises(PhotoError, match="None of the 1 photos"):
        drain(dehaze_files(weights, [photo_folder / "wall_1.jpg"], tmp_path / "out", device="cpu", threads=1))


def test_missing_factory_weights_say_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("resatt_studio.resources._CANDIDATES", (tmp_path,))
    with pytest.raises(WeightsError, match=r"no factory weights of DHFormer.*file of your own"):
        dehaze_weights()
