"""The shipped photos, masks, tiles and strokes fit together and come from the seeds that are named."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import make_assets
import numpy as np
import pytest
from PIL import Image

from resatt_studio.resources import asset
from resatt_studio.synthesis.scenes import render_scene

PHOTOS = sorted(asset("photos").glob("*.jpg"))


def mask_of(folder: Path, stem: str) -> np.ndarray:
    return np.asarray(Image.open(folder / "masks" / f"{stem}.png")) > 0


def tile_table(folder: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((folder / "tiles.csv").read_text(encoding="utf-8").splitlines()))


def test_there_are_a_dozen_photos_within_eight_mebibytes() -> None:
    assert len(PHOTOS) == 12
    files = [path for path in asset("photos").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 8 * 2**20


@pytest.mark.parametrize("path", PHOTOS, ids=lambda path: path.stem)
def test_every_photo_has_a_mask_of_its_size_with_cracks(path: Path) -> None:
    with Image.open(path) as photo:
        size = photo.size
        assert photo.mode == "RGB"
        assert "seed" in photo.getexif()[0x010E]
    mask = mask_of(path.parent, path.stem)
    assert mask.shape == size[::-1]
    assert 0.002 < mask.mean() < 0.1


def test_photos_are_those_of_the_table() -> None:
    assert sorted(plan.name for plan in make_assets.PHOTOS) == [path.stem for path in PHOTOS]


def test_a_reference_tile_is_what_its_seed_draws() -> None:
    folder = asset("reference")
    rows = tile_table(folder)
    assert len(rows) == 48
    for index, (seed, recipe) in list(enumerate(make_assets.reference_recipes()))[::12]:
        assert int(rows[index]["seed"]) == seed
        scene = render_scene(seed, 256, 256, recipe=recipe)
        shipped = np.asarray(Image.open(folder / "images" / f"reference-{index:02d}.jpg"), float)
        disagreement = scene.mask ^ mask_of(folder, f"reference-{index:02d}")
        assert disagreement.mean() < 1e-3  # a pixel's half may fall either way on another processor
        assert np.abs(shipped - scene.pixels).mean() < 8


def test_reference_tiles_cover_every_material_and_pattern_and_stay_small() -> None:
    folder = asset("reference")
    rows = tile_table(folder)
    assert {row["material"] for row in rows} == {"asphalt", "pavement", "formwork", "plaster", "brick"}
    patterns = {row["pattern"] for row in rows}
    assert patterns == {"transverse", "longitudinal", "diagonal", "branched", "alligator", "none"}
    for row in rows:
        assert mask_of(folder, row["name"]).any() == (row["pattern"] != "none")
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 3 * 2**20


def test_the_recorded_correction_agrees_with_its_photo() -> None:
    record = json.loads(asset("demo", "correction.json").read_text(encoding="utf-8"))
    path = asset("photos", record["photo"])
    mask = mask_of(path.parent, path.stem)
    labels = set()
    for stroke in record["strokes"]:
        labels.add(stroke["label"])
        points = np.array(stroke["path"])
        assert len(points) == len(stroke["milliseconds"])
        assert (points >= -1).all() and (points <= np.array(mask.shape)).all()
        at = np.clip(np.rint(points).astype(int), 0, np.array(mask.shape) - 1)
        hit = mask[at[:, 0], at[:, 1]].mean()
        assert hit > 0.7 if stroke["label"] == 1 else hit == 0
    assert labels == {1, 2}
