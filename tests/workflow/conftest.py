"""A tiny network's weights and a project made with them, for every workflow test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import pytest

from resatt_studio.records.weights import WeightsFile
from resatt_studio.synthesis.scenes import render_scene
from resatt_studio.workflow.jobs import drain
from resatt_studio.workflow.load import add_photos
from resatt_studio.workflow.project import Project, create_project


def tiny_weights(path: Path, seed: int = 0) -> WeightsFile:
    """Write random weights of the smallest network."""
    import torch

    from resatt_studio.models import create_model
    from resatt_studio.models.state import save_weights

    config = {"base_width": 2, "t": 1, "stem": 2}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        state = create_model("r2aunet", **config).state_dict()
    return save_weights(path, "r2aunet", config, state)


@pytest.fixture(scope="session")
def make_weights() -> Callable[..., WeightsFile]:
    """``make_weights(path, seed=0)``; see :func:`tiny_weights`."""
    return tiny_weights


@pytest.fixture(scope="session")
def weights_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A weights file of the smallest network."""
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    tiny_weights(path)
    return path


@pytest.fixture
def project(tmp_path: Path, weights_path: Path) -> Iterator[Project]:
    """An empty project with tiny weights."""
    with create_project(tmp_path / "wall.resatt", weights_path) as opened:
        yield opened


@pytest.fixture(scope="session")
def draw_reference(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """``draw_reference(scenes)`` draws a reference set; every second scene judges, the others remind."""

    def draw(scenes: int) -> Path:
        folder = tmp_path_factory.mktemp("reference")
        for seed in range(scenes):
            scene = render_scene(seed, 64, 64)
            for kind, array in (("images", scene.pixels), ("masks", scene.mask.astype("uint8") * 255)):
                (folder / kind).mkdir(exist_ok=True)
                cv2.imwrite(str(folder / kind / f"{seed}.png"), array)
        return folder

    return draw


@pytest.fixture(scope="session")
def reference(draw_reference: Callable[[int], Path]) -> Path:
    """Two drawn scenes, one to replay and one to judge by."""
    return draw_reference(2)


@pytest.fixture
def taught(project: Project, photo_folder: Path) -> Project:
    """A project with four approved photos."""
    drain(add_photos(project, [photo_folder], photo_folder.parent / "masks"))
    return project
