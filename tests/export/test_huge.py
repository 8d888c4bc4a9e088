"""Pictures written a few rows at a time are those that are written at once, and other programs read them."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from resatt_studio.annotation.tiled_labels import TiledLabels
from resatt_studio.errors import ExportError
from resatt_studio.export.items import Exported, ExportItem, HugeItem
from resatt_studio.export.registry import EXPORTERS, Subject
from resatt_studio.imaging import cracks, tile_tiff, writing
from resatt_studio.imaging.row_png import RowPng, read_rows
from resatt_studio.records.correction import Correction
from resatt_studio.records.photo import PhotoFacts
from resatt_studio.records.prediction import Prediction

BY_PARTS = [name for name, exporter in EXPORTERS.items() if exporter.huge_writer]


def tiled(values: np.ndarray) -> TiledLabels:
    labels = TiledLabels(*values.shape)
    labels.write(labels.box, values)
    return labels


def items(height: int, width: int, seed: int) -> tuple[ExportItem, HugeItem]:
    """The same photo, held whole and in tiles."""
    rng = np.random.default_rng(seed)
    facts = PhotoFacts("p" * 64, Path("wall.tif"), height, width, bytes=1)
    coarse = rng.integers(0, 256, (height // 64 + 1, width // 64 + 1), np.uint8)
    probability = np.kron(coarse, np.ones((64, 64), np.uint8))[:height, :width]
    labels = np.zeros((height, width), np.uint8)
    for label in (1, 2, 1, 2):
        top, left = rng.integers(0, height), rng.integers(0, width)
        labels[top : top + 300, left : left + 9] = label
    prediction = Prediction("p" * 64, "w" * 64, probability, 0.1)
    whole = ExportItem(facts, prediction, Correction("p" * 64, labels), 0.4)
    return whole, HugeItem(facts, tiled(probability), tiled(labels), 0.4)


def written(name: str, item: HugeItem, out: Path) -> Exported:
    steps, reports = EXPORTERS[name].export_huge(item, out), []
    while True:
        try:
            reports.append(next(steps))
        except StopIteration as end:
            assert reports[-1][0] == reports[-1][1] and len(reports) >= 2 * -(-item.facts.height // 512)
            return end.value


def pixels(path: Path) -> np.ndarray:
    """As other programs read them."""
    if path.suffix == ".tif":
        return tifffile.imread(path)
    with Image.open(path) as image:
        return np.asarray(image)


@pytest.mark.parametrize("name", BY_PARTS)
@settings(max_examples=8)
@given(height=st.integers(1, 1100), width=st.integers(1, 700), seed=st.integers(0, 99))
def test_a_huge_photos_picture_is_that_of_the_whole_photo(
    tmp_path_factory: pytest.TempPathFactory, name: str, height: int, width: int, seed: int
) -> None:
    whole, huge = items(height, width, seed)
    folder = tmp_path_factory.mktemp("out")
    expected = EXPORTERS[name].export(whole, folder / "whole")
    found = written(name, huge, folder / "huge")
    assert found.summary == expected.summary
    (path,), (other,) = found.paths, expected.paths
    assert path.name == other.name
    if path.suffix in (".csv", ".geojson"):
        assert path.read_bytes() == other.read_bytes()
        return
    assert pixels(path).dtype == pixels(other).dtype
    assert np.array_equal(pixels(path), pixels(other))


def test_every_picture_of_a_photo_can_be_written_in_parts() -> None:
    assert [name for name, one in EXPORTERS.items() if one.subject is Subject.PHOTO] == BY_PARTS
    refused = replace(EXPORTERS["mask"], huge_writer="")
    with pytest.raises(ExportError, match="too large for the format"):
        next(refused.export_huge(items(3, 4, 0)[1], Path()))


def test_a_tiff_whose_offsets_may_outgrow_32_bits_is_a_bigtiff(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tile_tiff, "CLASSIC_PX", 10_000)
    _, huge = items(700, 600, 2)
    (path,) = written("mask-tiff", huge, tmp_path).paths
    with tifffile.TiffFile(path) as file:
        assert file.is_bigtiff and file.pages.first.tilewidth == 512
        big = file.asarray()
    monkeypatch.undo()
    (path,) = written("mask-tiff", huge, tmp_path).paths
    with tifffile.TiffFile(path) as file:
        assert not file.is_bigtiff and np.array_equal(file.asarray(), big)


@pytest.mark.parametrize("name", BY_PARTS)
def test_one_that_is_stopped_leaves_no_file(name: str, tmp_path: Path) -> None:
    steps = EXPORTERS[name].export_huge(items(1500, 40, 1)[1], tmp_path)
    while not list(tmp_path.iterdir()):
        next(steps)
    assert len(list(tmp_path.iterdir())) == 1
    steps.close()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", BY_PARTS)
def test_a_full_disk_is_told_with_its_cure_and_leaves_no_half_file(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing.os, "fsync", full)
    with pytest.raises(ExportError, match="No space left") as told:
        written(name, items(30, 40, 1)[1], tmp_path)
    assert "free space" in told.value.hint and not list(tmp_path.iterdir())


def test_a_picture_that_was_damaged_is_not_taken_for_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    rows = np.random.default_rng(1).integers(0, 256, (90, 40), np.uint8)
    with RowPng(path, 90, 40) as png:
        png.put(rows[:50])
        png.put(rows[50:])
    assert np.array_equal(np.concatenate(list(read_rows(path, 32))), rows)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(ExportError, match="cannot be read again"):
        list(read_rows(path, 32))
    path.write_bytes(bytes(data[:60]))
    with pytest.raises(ExportError, match="cannot be read again"):
        list(read_rows(path, 32))


def test_measures_are_in_millimetres_where_the_scale_is_known(tmp_path: Path) -> None:
    mask = np.zeros((60, 90), np.uint8)
    mask[10:14, 5:65] = 255
    mask[50, 80] = 255
    facts = PhotoFacts("p" * 64, Path("wall.tif"), 60, 90, bytes=1)
    item = ExportItem(facts, Prediction("p" * 64, "w" * 64, mask, 0.0), mm_per_px=0.5)
    exported = EXPORTERS["measures"].export(item, tmp_path)
    assert exported.summary == "validated: 2 cracks"
    with exported.paths[0].open(newline="") as file:
        first, second = csv.DictReader(file)
    assert (first["number"], first["area_px"], first["area_mm2"]) == ("1", "240", "60")
    assert [first[name] for name in ("top_px", "left_px", "bottom_px", "right_px")] == ["10", "5", "14", "65"]
    assert float(first["length_px"]) == pytest.approx(60, abs=0.6)
    assert float(first["mean_width_px"]) == pytest.approx(4, abs=0.05)
    assert float(first["length_mm"]) == pytest.approx(float(first["length_px"]) / 2)
    assert float(first["mean_width_mm"]) == pytest.approx(float(first["mean_width_px"]) / 2)
    assert (second["length_px"], second["mean_width_px"]) == ("1", "1")


def test_measures_keep_six_digits_however_near_a_photo_was_taken(tmp_path: Path) -> None:
    mask = np.zeros((40, 80), np.uint8)
    mask[10:11, 5:65] = 255
    item = ExportItem(
        PhotoFacts("p" * 64, Path("wall.tif"), 40, 80, bytes=1),
        Prediction("p" * 64, "w" * 64, mask, 0.0),
        mm_per_px=0.0051,
    )
    with EXPORTERS["measures"].export(item, tmp_path).paths[0].open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert float(row["area_mm2"]) == pytest.approx(60 * 0.0051**2, rel=1e-5)
    assert float(row["mean_width_mm"]) == pytest.approx(0.0051, rel=1e-2)


def test_measures_keep_all_their_digits_however_large_a_crack_is(tmp_path: Path) -> None:
    mask = np.zeros((1300, 1100), np.uint8)
    mask[10:1290, 5:1096] = 255
    mask[20, 20] = 0
    facts = PhotoFacts("p" * 64, Path("wall.tif"), 1300, 1100, bytes=1)
    item = ExportItem(facts, Prediction("p" * 64, "w" * 64, mask, 0.0), mm_per_px=1.0)
    paths = [EXPORTERS[name].export(item, tmp_path).paths[0] for name in ("measures", "polygons")]
    with paths[0].open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["area_mm2"] == row["area_px"] == str(1280 * 1091 - 1)
    told = json.loads(paths[1].read_text())["features"][0]["properties"]
    assert {name: float(value) for name, value in row.items()} == told


def test_outlines_lie_in_pixels_of_the_whole_photo_and_too_large_cracks_have_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mask = np.zeros((700, 900), np.uint8)
    mask[600:603, 700:750] = 255
    mask[601, 710:720] = 0
    facts = PhotoFacts("p" * 64, Path("wall.tif"), 700, 900, bytes=1)
    item = HugeItem(facts, tiled(mask))
    (path,) = written("polygons", item, tmp_path).paths
    (feature,) = json.loads(path.read_text())["features"]
    outer, hole = feature["geometry"]["coordinates"]
    assert outer == [[700, 600], [750, 600], [750, 603], [700, 603], [700, 600]]
    assert sorted(map(tuple, hole[:-1])) == [(710, 601), (710, 602), (720, 601), (720, 602)]
    monkeypatch.setattr(cracks, "LARGEST_BOX_PX", 100)
    (path,) = written("polygons", item, tmp_path).paths
    (feature,) = json.loads(path.read_text())["features"]
    assert feature["geometry"] is None and feature["properties"]["length_px"] is None
    assert feature["properties"]["area_px"] == 140


def test_a_crack_whose_parts_touch_at_corners_alone_is_a_multi_polygon_that_says_as_much_as_the_table(
    tmp_path: Path,
) -> None:
    mask = np.zeros((300, 200), np.uint8)
    for place in range(20, 120):
        mask[place, place] = 255
    mask[200:203, 20:180] = 255
    item = ExportItem(
        PhotoFacts("p" * 64, Path("wall.tif"), 300, 200, bytes=1),
        Prediction("p" * 64, "w" * 64, mask, 0.0),
        mm_per_px=0.25,
    )
    paths = [EXPORTERS[name].export(item, tmp_path).paths[0] for name in ("measures", "polygons")]
    slanted, straight = json.loads(paths[1].read_text())["features"]
    assert straight["geometry"]["type"] == "Polygon"
    assert slanted["geometry"]["type"] == "MultiPolygon"
    squares = [[[x, x], [x + 1, x], [x + 1, x + 1], [x, x + 1], [x, x]] for x in range(20, 120)]
    assert slanted["geometry"]["coordinates"] == [[square] for square in squares]
    assert slanted["properties"]["length_mm"] == pytest.approx(100 * 2**0.5 / 4, rel=0.005)
    with paths[0].open(newline="") as file:
        rows = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
    assert rows == [slanted["properties"], straight["properties"]]
