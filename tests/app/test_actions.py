"""Claims about the tables of actions, menus, panels and layers."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from typing import Any

import pytest
from PySide6.QtGui import QKeySequence

from resatt_studio.app.actions import ACTIONS, HELD_KEYS, MENUS, SEPARATOR, ActionSpec, by_id, menu_ids
from resatt_studio.app.canvas.layers import DEFAULT_LAYERS
from resatt_studio.app.conditions import Conditions
from resatt_studio.app.layers import LAYER_WORDS
from resatt_studio.app.panels.registry import PANELS, PanelSpec
from resatt_studio.app.tool_bars import LABEL_STRIP, MAIN_BAR, SHORT_TEXTS
from resatt_studio.app.window import TOOL_ACTIONS
from resatt_studio.records.labels import CRACK_TYPES
from resatt_studio.resources import asset

ALL = (*ACTIONS, *TOOL_ACTIONS)

BINDING = {
    "open_project": "Ctrl+O",
    "add_folder": "Ctrl+U Ctrl+Shift+O",
    "next": "D PgDown",
    "previous": "A PgUp",
    "next_unchecked": "Ctrl+Shift+D",
    "previous_unchecked": "Ctrl+Shift+A",
    "next_doubt": "N",
    "previous_doubt": "Shift+N",
    "checkpoint": "Ctrl+S",
    "undo": "Ctrl+Z",
    "redo": "Ctrl+Shift+Z Ctrl+Y",
    "tool_brush": "B",
    "paint_crack": "Q",
    "paint_not_crack": "W",
    "tool_eraser": "E",
    "smaller_brush": "[ ,",
    "larger_brush": "] .",
    "swap_label": "X",
    "approve": "Return",
    "answer_1": "1",
    "answer_4": "4",
    "answer_none": "0",
    "toggle_dehazed": "C",
    "toggle_split": "Shift+C",
    "toggle_heat": "Shift+S",
    "tool_attention": "T",
    "ask_centre": "Shift+T",
    "fit": "F",
    "actual_size": "Ctrl+0",
    "toggle_mask": "S",
    "more_opaque": "Alt+]",
    "less_opaque": "Alt+[",
    "learn": "Ctrl+T Ctrl+L",
    "stop_learning": "Ctrl+Shift+T",
    "shortcuts": "F1",
    "settings": "Ctrl+,",
}
"""The product's table of shortcuts."""


def test_no_two_actions_share_a_key() -> None:
    keys = Counter(QKeySequence(keys).toString() for spec in ALL for keys in spec.shortcuts)
    held = [QKeySequence(keys).toString() for keys, _ in HELD_KEYS if len(keys) == 1 or keys == "Space"]
    keys.update(held)
    assert [key for key, count in keys.items() if count > 1] == []


def test_every_shortcut_is_a_key_that_qt_knows() -> None:
    for spec in ALL:
        for keys in spec.shortcuts:
            assert QKeySequence(keys).count() == 1, (spec.id, keys)
            assert QKeySequence(keys)[0].key() != 0


@pytest.mark.parametrize("id", BINDING)
def test_the_agreed_shortcuts_are_bound(id: str) -> None:
    specs = {spec.id: spec for spec in ALL}
    assert set(BINDING[id].split()) <= set(specs[id].shortcuts)


def test_the_digits_answer_in_the_order_of_the_classes_and_the_rest_is_kept_for_more() -> None:
    bound = {keys: spec.target for spec in ALL for keys in spec.shortcuts if keys.isdigit()}
    answers = {str(key): f"answer.{kind.value}" for key, kind in enumerate(CRACK_TYPES, start=1)}
    assert bound == answers | {"0": "labels.clear"}


def test_system_keys_are_left_alone() -> None:
    taken = {QKeySequence(keys).toString() for spec in ALL for keys in spec.shortcuts}
    assert not taken & {"Ctrl+C", "Ctrl+A", "Ctrl+Q", "Ctrl+W", "Ctrl+V", "Ctrl+X"}


def test_ids_are_unique_and_helped() -> None:
    assert len({spec.id for spec in ALL}) == len(ALL)
    assert all(spec.help.endswith(".") for spec in ALL)


@pytest.mark.parametrize("spec", ALL, ids=lambda spec: spec.id)
def test_conditions_and_icons_of_an_action_exist(spec: ActionSpec) -> None:
    known = {field.name for field in fields(Conditions)}
    assert {spec.needs, spec.checked.partition("=")[0]} - {""} <= known
    if spec.icon:
        assert asset("icons", f"{spec.icon}.svg").is_file()


def test_menus_and_bars_name_actions_that_exist_and_show_each_once() -> None:
    named = [id for _, ids in MENUS for id in menu_ids(ids) if id != SEPARATOR and not id.startswith("@")]
    assert Counter(named).most_common(1)[0][1] == 1
    assert set(named) == set(by_id())
    bar = {id for id in MAIN_BAR if id.isidentifier()}
    assert bar | set(LABEL_STRIP) | set(SHORT_TEXTS) <= set(by_id())


def test_every_menu_is_one_column_on_a_screen_of_800_pixels(studio: Any) -> None:
    menus = {action.text(): action.menu() for action in studio.window.menuBar().actions()}
    tall = {text: height for text, menu in menus.items() if (height := menu.sizeHint().height()) > 770}
    assert tall == {}
    for menu in menus.values():
        lefts = {menu.actionGeometry(action).left() for action in menu.actions()}
        assert len(lefts) == 1


@pytest.mark.parametrize("spec", PANELS, ids=lambda spec: spec.id)
def test_a_panel_resolves_and_builds(spec: PanelSpec, studio: Any) -> None:
    widget = studio.window.panel(spec.id)
    assert isinstance(widget, spec.resolve())
    assert not spec.tab_with or spec.tab_with in {other.id for other in PANELS}


def test_every_layer_of_the_canvas_has_words() -> None:
    assert list(LAYER_WORDS) == [layer.name for layer in DEFAULT_LAYERS]


@pytest.mark.gui
def test_every_action_has_someone_to_do_it(studio: Any) -> None:
    actions = studio.window.actions_
    for spec in ALL:
        assert callable(studio.window._resolve(spec.target)), spec.id
        assert actions[spec.id].shortcuts() == [QKeySequence(keys) for keys in spec.shortcuts]
