"""Claims about asking a network from a photo's file to a picture's file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from resatt_studio.errors import ExportError, PhotoError, StudioError, WeightsError
from resatt_studio.imaging.files import read_photo
from resatt_studio.records.heat import HeatKind, HeatQuestion
from resatt_studio.records.weights import WeightsFile
from resatt_studio.workflow import weights as weights_module
from resatt_studio.workflow.heatmap import describe, heat_of_photo, heat_to_file, make_heat_reader
from resatt_studio.workflow.jobs import drain
from resatt_studio.workflow.weights import factory_path, load_file

CONFIGS: dict[str, dict[str, Any]] = {
    "rmt": {
        "embed_dims": (8, 8, 12, 16),
        "depths": (1, 1, 1, 1),
        "num_heads": (2, 2, 3, 4),
        "projection": 8,
        "num_classes": 4,
    },
    "revit": {
        "image_size": 32,
        "patch_size": 8,
        "embed_dim": 8,
        "depth": 1,
        "num_heads": 1,
        "num_classes": 4,
    },
}


@pytest.fixture(scope="module")
def factory_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small random weights of both networks, named as the factory's."""
    import torch

    from resatt_studio.models import create_model
    from resatt_studio.models.state import save_weights

    folder = tmp_path_factory.mktemp("factory")
    for model, config in CONFIGS.items():
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(2)
            state = create_model(model, **config).state_dict()
        save_weights(folder / f"{model}-factory.safetensors", model, config, state)
    return folder


@pytest.fixture
def own_factory(factory_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(weights_module, "asset", lambda *parts: factory_folder / parts[-1])
    return factory_folder


@pytest.fixture(scope="module")
def bright() -> WeightsFile:
    """ReViT that attends to patches brighter than mid-grey and to nothing else."""
    import torch

    from resatt_studio.models import create_model
    from resatt_studio.models.state import pack_weights

    state = {
        name: torch.zeros_like(value)
        for name, value in create_model("revit", **CONFIGS["revit"]).state_dict().items()
    }
    for name in state:
        if "norm" in name and name.endswith("weight"):
            state[name] += 1
    state["patch.weight"][0] = 1 / 64
    state["patch.weight"][1] = -1 / 64
    state["blocks.0.attention.qkv.bias"][0] = 1.0
    state["blocks.0.attention.qkv.weight"][8, 0] = 20.0
    return pack_weights("revit", CONFIGS["revit"], state)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_heat_lies_over_the_upright_photo_whatever_the_camera_wrote(
    orientation: int, tmp_path: Path, bright: WeightsFile
) -> None:
    from PIL import Image

    pixels = np.zeros((80, 120, 3), np.uint8)
    pixels[8:16, 96:104] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "turned.png"
    Image.fromarray(pixels).save(path, exif=exif)
    photo = read_photo(path)
    heat = drain(heat_of_photo(make_heat_reader("revit", bright, "cpu", 1), photo, HeatQuestion("revit")))
    assert (heat.height, heat.width) == photo.pixels.shape[:2]
    assert heat.cells == (8.0, 8.0)
    rows, columns = np.nonzero(photo.pixels[:, :, 0])
    assert heat.peak == (rows.min() + 4, columns.min() + 4)
    assert heat.photo_id == photo.photo_id and heat.weights_id == bright.weights_id


@pytest.mark.parametrize("model", ["rmt", "revit"])
def test_the_factory_weights_are_those_of_the_network(
    model: str, own_factory: Path, photo_folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "deep" / "heat.png"
    reports: list[Any] = []
    written = drain(
        heat_to_file(photo_folder / "wall_0.jpg", HeatQuestion(model), out, device="cpu", threads=1),
        reports.append,
    )
    assert written.heat.weights_id == load_file(factory_path(model)).weights_id
    assert cv2.imread(str(out)) is not None
    assert len(reports) >= 3 and all(report.done <= report.total for report in reports)


def test_weights_of_another_network_are_refused(
    own_factory: Path, photo_folder: Path, tmp_path: Path, weights_path: Path
) -> None:
    photo, out = photo_folder / "wall_0.jpg", tmp_path / "heat.png"
    other = own_factory / "revit-factory.safetensors"
    with pytest.raises(WeightsError, match="are of ReViT, not of RMT"):
        drain(heat_to_file(photo, HeatQuestion("rmt"), out, weights=other))
    with pytest.raises(WeightsError, match="are of R2AU-Net, not of RMT"):
        drain(heat_to_file(photo, HeatQuestion("rmt"), out, weights=weights_path))
    with pytest.raises(WeightsError, match=r"r2aunet has no attention to ask\. Choose rmt or revit"):
        drain(heat_to_file(photo, HeatQuestion("r2aunet"), out))
    assert not out.exists()


@pytest.mark.parametrize(
    ("photo", "question", "out", "error"),
    [
        ("wall_9.jpg", HeatQuestion("rmt"), "heat.png", PhotoError),
        ("wall_0.jpg", HeatQuestion("rmt", HeatKind.POINT, point=(96, 0)), "heat.png", PhotoError),
        ("wall_0.jpg", HeatQuestion("rmt"), "heat.jpg", ExportError),
        ("wall_0.jpg", HeatQuestion("rmt", stage=7), "heat.png", StudioError),
    ],
)
def test_what_goes_wrong_is_told_and_leaves_no_file(
    photo: str,
    question: HeatQuestion,
    out: str,
    error: type[StudioError],
    own_factory: Path,
    photo_folder: Path,
    tmp_path: Path,
) -> None:
    with pytest.raises(error):
        drain(heat_to_file(photo_folder / photo, question, tmp_path / out, device="cpu"))
    assert not (tmp_path / out).exists()


@pytest.mark.parametrize("name", ["wall.png", "link.png", "../photos/wall.png"])
def test_a_picture_never_takes_the_place_of_its_photo(
    name: str, own_factory: Path, photo_folder: Path
) -> None:
    photo = photo_folder / "wall.png"
    cv2.imwrite(str(photo), np.full((40, 50, 3), 90, np.uint8))
    (photo_folder / "link.png").hardlink_to(photo)
    before = photo.read_bytes()
    with pytest.raises(ExportError, match="never overwritten"):
        drain(heat_to_file(photo, HeatQuestion("rmt"), photo_folder / name, device="cpu", threads=1))
    assert photo.read_bytes() == before


def test_the_caption_names_what_was_asked_as_people_count(own_factory: Path, photo_folder: Path) -> None:
    photo = read_photo(photo_folder / "wall_0.jpg")
    rmt, revit = (make_heat_reader(model, device="cpu", threads=1) for model in ("rmt", "revit"))
    short = rmt.weights_id[:8]
    heat = drain(heat_of_photo(rmt, photo, HeatQuestion("rmt", HeatKind.POINT, 2, 0, 1, (30, 50))))
    said = f"RMT: attention of one point\nstage 3, block 1, head 2, point 50,30, weights {short}"
    assert describe(heat) == said
    tile = HeatQuestion("rmt", stage=0, point=(30, 50), tile_px=64)
    assert "columns 18 to 81, rows 0 to 63" in describe(drain(heat_of_photo(rmt, photo, tile)))
    gradient = HeatQuestion("revit", HeatKind.GRADIENT, label=1)
    said = describe(drain(heat_of_photo(revit, photo, gradient)))
    assert said.startswith("ReViT: class gradient (Grad-CAM)\nblock 1, class longitudinal, weights ")


def test_a_job_that_is_closed_runs_no_network(bright: WeightsFile, photo_folder: Path) -> None:
    reader = make_heat_reader("revit", bright, "cpu", 1)
    job = heat_of_photo(reader, read_photo(photo_folder / "wall_0.jpg"), HeatQuestion("revit"))
    next(job)
    job.close()
    assert reader._last is None
