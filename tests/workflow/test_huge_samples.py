"""A huge photo that is approved in tiles teaches what it would teach as a whole, and is never read whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from resatt_studio.errors import PhotoChanged
from resatt_studio.learning.support import choose_windows
from resatt_studio.records.correction import Label
from resatt_studio.records.geometry import Box
from resatt_studio.records.sample import HugeSample, Sample
from resatt_studio.records.training import FineTunePlan
from resatt_studio.synthesis.scenes import render_scene
from resatt_studio.workflow.correct import approve, check_project, open_document
from resatt_studio.workflow.finetune import collect_samples, fine_tune_project
from resatt_studio.workflow.jobs import drain
from resatt_studio.workflow.load import add_photos
from resatt_studio.workflow.project import Project
from tests.imaging.huge_tiffs import texture, write

HEIGHT, WIDTH = 1300, 2100
SCENE = Box(300, 900, 812, 1412)


def wall() -> np.ndarray:
    """Clouds, and a drawn crack in one square."""
    pixels = texture(HEIGHT, WIDTH)
    pixels[SCENE.slices] = render_scene(23, 512, 512).pixels
    return pixels


@pytest.fixture(params=["tiled-deflate", "striped"])
def huge(project: Project, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[Project, str]]:
    """A project with one large TIFF on which a crack and ground were painted, and the photo's id."""
    (tmp_path / "photos").mkdir()
    write(request.param, tmp_path / "photos" / "wall.tif", wall())
    (entry,) = drain(add_photos(project, [tmp_path / "photos"])).photos
    document = open_document(project, entry.photo_id)
    truth = render_scene(23, 512, 512).mask
    near = cv2.dilate(truth.astype(np.uint8), np.ones((31, 31))) > 0
    labels = np.where(truth, Label.CRACK, Label.NOT_CRACK).astype(np.uint8)
    document.apply_labels("test", SCENE, labels, near)
    document.apply_labels("test", Box(1000, 40, 1100, 240), np.full((100, 200), Label.NOT_CRACK, np.uint8))
    document.close()
    yield project, entry.photo_id


def approved(project: Project, photo_id: str, in_tiles: bool) -> Sample | HugeSample:
    document = open_document(project, photo_id)
    try:
        approve(project, document, None, in_tiles=in_tiles)
    finally:
        document.close()
    (sample,), left_out = drain(collect_samples(project))
    assert left_out == ()
    return sample


def test_windows_of_a_sample_in_tiles_are_those_of_the_whole_photo(huge: tuple[Project, str]) -> None:
    whole, tiled = (approved(*huge, in_tiles) for in_tiles in (False, True))
    assert isinstance(whole, Sample) and isinstance(tiled, HugeSample)
    expected, found = (list(choose_windows([one], 3, True)) for one in (whole, tiled))
    assert len(found) >= 3
    for one, other in zip(expected, found, strict=True):
        assert one.box == other.box
        for name in ("pixels", "labels", "held"):
            assert np.array_equal(getattr(one, name), getattr(other, name)), name
    assert check_project(huge[0]) == []


def test_learning_from_tiles_is_learning_from_the_whole_and_reads_no_photo_whole(
    huge: tuple[Project, str], reference: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, photo_id = huge
    found = []
    for in_tiles in (False, True):
        approved(project, photo_id, in_tiles)
        if in_tiles:
            monkeypatch.setattr("resatt_studio.workflow.load.open_photo", None)
        plan = FineTunePlan(seconds=120, steps=2, crop_px=64, batch=2)
        job = fine_tune_project(
            project, plan, device="cpu", threads=1, reference_folder=reference, promote_better=False
        )
        found.append(drain(job).result)
    whole, tiled = found
    assert tiled.weights.weights_id == whole.weights.weights_id, "the same steps on the same pixels"
    assert tiled.after == whole.after and tiled.judged_by == whole.judged_by


def test_a_file_that_changes_after_it_was_compared_teaches_nothing(
    huge: tuple[Project, str], tmp_path: Path
) -> None:
    sample = approved(*huge, True)
    path = tmp_path / "photos" / "wall.tif"
    os.utime(path, (1, 1))
    with pytest.raises(PhotoChanged, match="was changed while it was in use"):
        sample.pixels_in(Box(0, 0, 9, 9))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    samples, (why,) = drain(collect_samples(huge[0]))
    assert samples == [] and "was changed since it was added" in why
