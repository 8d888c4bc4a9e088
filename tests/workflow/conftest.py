"""A tiny network's weights and a project made with them, for every workflow test."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import pytest

from resatt_studio.records.weights import WeightsFile
from resatt_studio.synthesis.scenes import render_scene
from resatt_studio.workflow.jobs import drain
from resatt_studio.workflow.load import add_photos
from resatt_studio.workflow.project import Project, create_project, open_project


@pytest.fixture(scope="session")
def weights_path(tmp_path_factory: pytest.TempPathFactory, make_weights: Callable[..., WeightsFile]) -> Path:
    """A weights file of the smallest network."""
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    make_weights(path)
    return path


@pytest.fixture(scope="session")
def empty_project(tmp_path_factory: pytest.TempPathFactory, weights_path: Path) -> Path:
    """A closed project with tiny weights and nothing else; made once, since copying is quicker."""
    folder = tmp_path_factory.mktemp("empty") / "wall.resatt"
    create_project(folder, weights_path).close()
    return folder


@pytest.fixture
def project(tmp_path: Path, empty_project: Path) -> Iterator[Project]:
    """An empty project with tiny weights."""
    with open_project(shutil.copytree(empty_project, tmp_path / "wall.resatt")) as opened:
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
