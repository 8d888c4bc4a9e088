"""Options of tools: the table, the bar that is built from it, and what the settings remember."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QAbstractSpinBox, QComboBox, QSlider

from resatt_studio.app.actions import by_id
from resatt_studio.app.main import wait_for
from resatt_studio.app.tools.options import LABEL, RADIUS, OptionKind, find_option
from resatt_studio.app.tools.registry import TOOLS
from resatt_studio.app.view_state import ViewState
from resatt_studio.errors import BugError
from resatt_studio.records.correction import Label
from resatt_studio.settings import load_settings

PAIRS = [(tool, option) for tool in TOOLS for option in tool.options]
anything = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.just([]))


@pytest.mark.parametrize(("tool", "option"), PAIRS, ids=lambda part: part.name)
def test_every_option_is_named_helped_and_begins_in_its_own_range(tool, option):
    assert option.title and option.help.endswith(".")
    assert option.valid(option.default) == option.default
    if option.kind is OptionKind.NUMBER:
        assert option.low < option.high and option.step > 0
    if option.kind is OptionKind.CHOICE:
        assert len(option.choices) >= 2
    if option.when:
        name, *values = option.when
        assert set(values) <= {value for value, _ in find_option(tool.options, name).choices}
    assert sum(other.name == option.name for other in tool.options) == 1


def test_acts_of_tools_are_actions():
    assert {act for tool in TOOLS for act in tool.acts} <= set(by_id())


@given(st.sampled_from(PAIRS), anything)
def test_whatever_is_set_the_value_is_one_that_the_option_allows(pair, value):
    tool, option = pair
    view = ViewState()
    view.options.set(tool.name, option.name, value)
    now = view.options.value(tool.name, option.name)
    assert option.valid(now) == now
    if option.kind is OptionKind.NUMBER:
        assert option.low <= now <= option.high


@given(st.lists(st.tuples(st.sampled_from(PAIRS), st.floats(-1e4, 1e4) | st.booleans()), max_size=6))
def test_what_is_remembered_comes_back(changes):
    view = ViewState()
    for (tool, option), value in changes:
        view.options.set(tool.name, option.name, value)
    again = ViewState(remembered=view.options.texts())
    for tool, option in PAIRS:
        expected = view.options.value(tool.name, option.name) if option.kept else option.default
        assert again.options.value(tool.name, option.name) == expected


@given(
    st.lists(
        st.text(max_size=20) | st.sampled_from(["radius=", "sift.shortest=x", "fill.what=7"]), max_size=5
    )
)
def test_a_file_that_somebody_wrote_into_stops_nothing(texts):
    view = ViewState(remembered=texts)
    for tool, option in PAIRS:
        now = view.options.value(tool.name, option.name)
        assert option.valid(now) == now


def test_an_option_that_does_not_exist_is_a_bug():
    with pytest.raises(BugError, match="no option"):
        ViewState().options.value("brush", "sparkle")


@pytest.mark.parametrize("tool", [tool for tool in TOOLS if tool.paints], ids=lambda tool: tool.name)
def test_label_and_radius_are_the_brush_s_own_for_every_tool(tool):
    view, names = ViewState(), {option.name for option in tool.options}
    view.set_brush(tool=tool.name)
    if LABEL.name in names:
        view.options.set(tool.name, LABEL.name, "unsaid")
        assert view.brush.label is Label.UNSAID
        view.paint_not_crack()
        assert view.brush.tool == tool.name
        assert view.options.value(tool.name, LABEL.name) == "not_crack"
    if RADIUS.name in names:
        view.options.set(tool.name, RADIUS.name, 9.0)
        assert view.brush.radius_px == view.options.value("brush", RADIUS.name) == 9.0
    assert view.brush.tool == tool.name


@pytest.mark.gui
def test_the_bar_has_a_named_field_for_each_option_of_every_tool(studio: Any):
    bar, view = studio.window.options, studio.parts.view
    for tool in TOOLS:
        view.set_brush(tool=tool.name)
        assert list(bar.fields) == [option.name for option in tool.options]
        for field in bar.fields.values():
            inputs = [
                widget
                for kind in (QAbstractButton, QAbstractSpinBox, QComboBox, QSlider)
                for widget in field.findChildren(kind)
            ]
            assert inputs
            assert all(widget.accessibleName() and widget.toolTip() for widget in inputs)
        for option in tool.options:
            hidden = option.when and view.options.value(tool.name, option.when[0]) not in option.when[1:]
            assert bar.fields[option.name].isHidden() == bool(hidden)


@pytest.mark.gui
def test_fields_set_options_and_follow_them(studio: Any):
    bar, view = studio.window.options, studio.parts.view
    bar.fields["label"].buttons["unsaid"].click()
    assert view.brush.label is Label.UNSAID
    bar.fields["pressure"].box.click()
    assert view.options.value("brush", "pressure") is False
    view.set_brush(radius_px=50.0)
    assert bar.fields["radius"].value.text() == "100 px"
    bar.fields["radius"].slider.setValue(0)
    assert view.brush.radius_px == 0.5
    view.set_brush(tool="reshape")
    bar.fields["what"].box.setCurrentIndex(3)
    assert view.options.value("reshape", "what") == "prune"
    assert bar.fields["amount"].isHidden() and not bar.fields["shortest"].isHidden()
    box = bar.fields["shortest"].box
    QTest.keyClick(box, Qt.Key.Key_Up)
    assert view.options.value("reshape", "shortest") == 21.0


@pytest.mark.gui
def test_options_are_written_to_the_settings_once_they_rest(studio: Any):
    studio.parts.view.options.set("sift", "shortest", 77.0)
    studio.parts.view.set_brush(radius_px=11.0)
    assert wait_for(lambda: load_settings().settings.tool_options != (), 60)
    assert load_settings().settings.tool_options == ("radius=11.0", "sift.shortest=77.0")


@pytest.mark.gui
def test_what_is_said_about_fields_and_the_map_names_the_keys_in_force(studio: Any):
    window, keys = studio.window, studio.parts.keys
    studio.parts.view.set_brush(tool="brush")

    def said() -> str:
        fields = window.options.fields
        tips = [fields["label"].toolTip(), fields["radius"].slider.accessibleDescription()]
        return " ".join([*tips, window.canvas.overview.toolTip()])

    assert "crack (Q), not crack (W; X swaps" in said() and "F9 hides" in said() and "[ and ]" in said()
    keys.set_keys("paint_crack", ["F10"])
    keys.set_keys("toggle_minimap", [])
    assert "crack (F10)" in said() and "F9" not in said() and "{" not in said()
