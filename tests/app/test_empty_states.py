"""Claims about a window with nothing in it: canvas and panels say what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QLabel, QListWidget

from resatt_studio.app.main import settle, wait_for
from resatt_studio.app.panels.registry import PANELS
from resatt_studio.workflow.project import create_project

pytestmark = pytest.mark.gui

WITHOUT_PROJECT = {
    "photosPanel": "Drop photos, a folder or a .resatt project here.",
    "learningPanel": "Open a project; the network learns",
    "labelsPanel": "Open a photo; both networks then say",
    "attentionPanel": "Open a photo; then ask",
    "historyPanel": "Open a project; whatever happens in it",
    "jobsPanel": "Nothing runs in the background.",
}
WITHOUT_PHOTOS = WITHOUT_PROJECT | {
    "photosPanel": "This project has no photos yet.",
    "learningPanel": "Correct a photo and approve it",
}
del WITHOUT_PHOTOS["historyPanel"]  # that the project was made is its first line


def said(studio: Any, panel: str) -> str:
    """Every text of a panel that is meant to be read, hidden ones left out."""
    studio.window.bring(panel)
    settle(0.05)
    widget = studio.window.panel(panel)
    texts = [label.text() for label in widget.findChildren(QLabel) if not label.isHidden()]
    for items in widget.findChildren(QListWidget):
        texts += [items.item(row).text() for row in range(items.count())]
    return "\n".join(texts)


def test_without_a_project_every_panel_says_what_to_do(studio: Any) -> None:
    assert {panel.id for panel in PANELS} == {*WITHOUT_PROJECT, "layersPanel"}
    silent = {id for id, words in WITHOUT_PROJECT.items() if words not in said(studio, id)}
    assert silent == set()
    assert "the versions of its weights are listed here" in said(studio, "learningPanel")
    assert "Open a photo; every stroke" in said(studio, "historyPanel")


def test_an_empty_project_asks_for_photos_everywhere(studio: Any, tmp_path: Path, tiny_weights: Path) -> None:
    with create_project(tmp_path / "empty.resatt", tiny_weights):
        pass
    studio.parts.session.open_project(tmp_path / "empty.resatt")
    assert wait_for(lambda: studio.parts.session.project is not None, 60)
    silent = {id for id, words in WITHOUT_PHOTOS.items() if words not in said(studio, id)}
    assert silent == set()
    assert "versions of its weights" not in said(studio, "learningPanel"), "there is one"
    assert studio.window.canvas._message.startswith("Drop photos or a folder of photos here, or press ")


def test_a_project_that_learns_from_agreed_photos_says_that_none_is_agreed(
    studio: Any, project_folder: Path
) -> None:
    session = studio.parts.session
    session.open_project(project_folder)
    assert wait_for(lambda: session.document is not None, 60)
    studio.window.actions_["agreed_only"].trigger()
    assert wait_for(lambda: session.state.rules.agreed_only, 60)
    assert "learns from photos that a second reader agreed to (Ctrl+Shift+Return)" in said(
        studio, "learningPanel"
    )
