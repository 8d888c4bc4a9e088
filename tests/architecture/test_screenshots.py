"""Claims about the pictures of docs/: nothing of the window is without one, and none is left over."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from types import SimpleNamespace

import screenshot_page as page
import screenshot_plan as plan
from screenshot_scenes import Scenes

from resatt_studio.app.panels.registry import PANELS
from resatt_studio.app.tools.registry import TOOLS

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "docs" / "screenshots"
MEND = "run python tools/screenshots.py; --only NAME makes some alone"


def _dialog_classes() -> set[str]:
    """Every class of the app that is a dialog."""
    return {
        node.name
        for path in (ROOT / "resatt_studio" / "app").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
        and {ast.unparse(base) for base in node.bases} & {"QDialog", "QMessageBox", "QInputDialog"}
    }


def test_every_panel_has_its_picture_planned() -> None:
    assert set(plan.PANEL_STAGES) == {panel.id for panel in PANELS}


def test_every_tool_has_its_picture_planned() -> None:
    assert set(plan.GESTURES) == {tool.name for tool in TOOLS}


def test_every_dialog_has_its_picture_planned() -> None:
    classes = _dialog_classes()
    assert classes >= {"SettingsDialog", "CrashDialog", "PaletteDialog"}
    assert classes <= {line.shows for line in plan.DIALOGS}


def test_every_action_that_asks_has_its_dialog_planned() -> None:
    planned = {line.act for line in plan.DIALOGS if line.act}
    assert plan.asking_actions() <= planned | plan.SYSTEM_DIALOGS
    assert not planned & plan.SYSTEM_DIALOGS


def test_every_planned_part_can_be_taken() -> None:
    scenes = Scenes(SimpleNamespace(window=None, parts=None))
    assert set(scenes.parts_taken) == {picture.of for picture in plan.PARTS}


def test_every_picture_belongs_to_a_stage_and_a_chapter_and_has_a_name_of_its_own() -> None:
    pictures = plan.pictures()
    assert {picture.kind for picture in pictures} == set(plan.CHAPTERS)
    assert {picture.stage for picture in pictures} <= set(plan.STAGES)
    assert len({picture.name for picture in pictures}) == len(pictures)


def test_every_planned_picture_is_there_and_no_other() -> None:
    there = {path.name for path in PICTURES.iterdir()}
    planned = set(plan.files())
    assert not planned - there, MEND
    assert not there - planned, f"nothing makes these any more; delete them, or {MEND}"


def test_readme_shows_the_pictures_that_are_made_for_it() -> None:
    shown = re.findall(r"docs/screenshots/([\w.@-]+)", (ROOT / "README.md").read_text(encoding="utf-8"))
    made = {picture.readme_file(theme) for picture in plan.pictures() for theme in picture.readme}
    assert set(shown) == made


def test_the_page_shows_what_is_planned() -> None:
    assert (ROOT / "docs" / "SCREENSHOTS.md").read_text(encoding="utf-8") == page.page(), MEND
