"""Claims about ``train``: a folder in, a weights file out, errors told before anything is loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from resatt_studio.errors import LearningError
from resatt_studio.models.state import load_weights
from resatt_studio.workflow.jobs import drain
from resatt_studio.workflow.train import train_weights

TINY = """
network = { base_width = 2, t = 1, stem = 2 }
minutes = 0.0
steps = 3
crop_px = 64
batch = 2
warmup_steps = 1
statistics_images = 2
threads = 1
synthesis = { scenes = 0 }
"""


@pytest.fixture
def own_photos(photo_folder: Path) -> Path:
    """A set as somebody makes it of their own photos."""
    folder = photo_folder.parent
    photo_folder.rename(folder / "images")
    (folder / "train.txt").write_text("wall_0\nwall_1\nwall_2\n")
    (folder / "val.txt").write_text("wall_3\n")
    return folder


def test_weights_are_written_where_they_are_wanted(own_photos: Path, tmp_path: Path) -> None:
    config, out = tmp_path / "tiny.toml", tmp_path / "mine.safetensors"
    config.write_text(TINY)
    reports: list[int] = []
    weights = drain(train_weights(config, [own_photos], out), lambda report: reports.append(report.done))
    assert load_weights(out).weights_id == weights.weights_id
    assert weights.config == {"base_width": 2, "t": 1, "stem": 2}
    assert reports == sorted(reports) and reports[0] >= 0 and reports[-1] <= 100


def test_without_a_configuration_every_set_that_is_found_is_learned_from(
    own_photos: Path, tmp_path: Path
) -> None:
    job = train_weights(None, [own_photos], tmp_path / "mine.safetensors")
    assert next(job).total == 100
    job.close()


def test_a_missing_folder_is_told_by_name(tmp_path: Path) -> None:
    with pytest.raises(LearningError, match="nowhere"):
        next(train_weights(None, [tmp_path / "nowhere"], tmp_path / "a.safetensors"))
