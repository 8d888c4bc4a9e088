"""The real window on the offscreen platform, with settings, data and state of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import copy_project, write_photos

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


@pytest.fixture(scope="session")
def full_template(
    project_template: Path, tmp_path_factory: pytest.TempPathFactory, small_weights: Callable[..., Any]
) -> Path:
    """The closed project of four photos, with small random weights of all four networks in use."""
    from resatt_studio.records.weights import WeightsState
    from resatt_studio.workflow.project import open_project

    home = tmp_path_factory.mktemp("full")
    write_photos(home)
    folder = copy_project(project_template, home)
    with open_project(folder) as project:
        for model in ("rmt", "revit", "dhformer"):
            project.shelf.add(small_weights(model), state=WeightsState.ACTIVE, name=f"small {model}")
    return folder


@pytest.fixture
def full_project(tmp_path: Path, photo_folder: Path, full_template: Path) -> Path:
    """The same, of this test's own photos."""
    return copy_project(full_template, tmp_path)


def _opened(studio: Any, project: Path, segmenting: bool) -> Any:
    from resatt_studio.app.main import wait_for

    session = studio.parts.session
    if not segmenting:
        session.predictor.predict_shown = lambda project, photo: None
        session.predictor.predict_ahead = lambda project, entries: None
    session.open_project(project)
    assert wait_for(lambda: session.photo is not None, 60)
    return studio


@pytest.fixture
def all_four(studio: Any, full_project: Path) -> Any:
    """The window with the project of four networks open and its first photo shown."""
    return _opened(studio, full_project, segmenting=True)


@pytest.fixture
def looking(studio: Any, full_project: Path) -> Any:
    """As ``all_four``, with a segmenter that stays silent, to be quick."""
    return _opened(studio, full_project, segmenting=False)


@pytest.fixture
def bare(studio: Any, project_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The window with a photo open in an installation that has weights of the segmenter alone."""
    from resatt_studio.errors import BugError
    from resatt_studio.workflow import weights

    def missing(*parts: str) -> Path:
        raise BugError(f"bundled file {'/'.join(parts)} is missing")

    monkeypatch.setattr(weights, "asset", missing)
    return _opened(studio, project_folder, segmenting=False)


@pytest.fixture
def canvas(qtbot: Any) -> Iterator[Any]:
    """A shown canvas of 400 x 300 pixels with a photo of 300 x 420 and nothing painted."""
    from resatt_studio.annotation.document import CorrectionDocument
    from resatt_studio.app.canvas.view import PhotoCanvas

    view = PhotoCanvas()
    qtbot.addWidget(view)
    view.resize(400, 300)
    view.show()
    qtbot.waitExposed(view)
    pixels = np.random.default_rng(5).integers(0, 256, (300, 420, 3), np.uint8)
    view.set_photo(pixels, photo_id="a" * 64)
    view.set_document(CorrectionDocument("a" * 64, 300, 420))
    yield view
    view.background.stop()
