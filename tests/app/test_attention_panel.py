"""Claims about attention: every control asks, a click asks about its pixel, the map lies on the photo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QComboBox, QFileDialog, QLabel, QScrollBar, QWidget

from resatt_studio.app.attention import CLOSE_UP_PX
from resatt_studio.app.canvas.films import heat_colours
from resatt_studio.app.heat_words import KIND_WORDS
from resatt_studio.app.main import settle, wait_for
from resatt_studio.records.heat import HEAT_KINDS, Heat, HeatKind

pytestmark = pytest.mark.gui
ACROSS = Qt.Orientation.Horizontal


@pytest.fixture
def asked(looking: Any) -> Any:
    """The window with a map of RMT on the photo."""
    looking.window.panel("attentionPanel")
    looking.window._docks["attentionPanel"].raise_()
    looking.parts.view.toggle_heat()
    assert wait_for(lambda: looking.parts.attention.heat is not None, 60)
    return looking


def choose(box: QComboBox, title: str) -> None:
    """As a person chooses a line."""
    place = box.findText(title)
    assert place >= 0, [box.itemText(i) for i in range(box.count())]
    box.setCurrentIndex(place)
    box.activated.emit(place)


def answered(studio: Any) -> Heat:
    attention = studio.parts.attention
    assert wait_for(lambda: not attention.asking.waiting, 60)
    assert attention.asking.trouble is None, str(attention.asking.trouble)
    return attention.heat


def click_photo(studio: Any, row: int, column: int) -> None:
    """Click the middle of a photo pixel, as near as the screen's pixels allow."""
    canvas = studio.window.canvas
    view_row, view_column = canvas.viewport.to_view(row + 0.5, column + 0.5)
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=QPoint(int(view_column), int(view_row)))


def test_showing_the_layer_asks_and_the_canvas_has_the_map(asked: Any) -> None:
    heat, canvas = asked.parts.attention.heat, asked.window.canvas
    assert heat.photo_id == asked.parts.session.photo.photo_id
    assert heat.question.model == "rmt" and heat.question.kind is HeatKind.RECEIVED
    assert canvas.scene.heat.heat is heat and canvas.scene.shown_of(canvas.scene.heat) == ("heat",)
    panel = asked.window.panel("attentionPanel")
    assert panel.shown.isChecked() and "attention received" in panel.words.text()
    assert panel.bar.ends == (f"{heat.grid.min():.3g}", f"{heat.grid.max():.3g}")
    assert panel.stage.count() == 4 and panel.head.count() == 1 + 2
    assert "small rmt" in panel.words.text()


@pytest.mark.parametrize("model", ["rmt", "revit"])
def test_every_kind_of_map_of_each_network_can_be_chosen(asked: Any, model: str) -> None:
    panel = asked.window.panel("attentionPanel")
    choose(panel.model, {"rmt": "RMT", "revit": "ReViT"}[model])
    asked.parts.attention.ask_point((40, 60))
    for kind in HEAT_KINDS[model]:
        choose(panel.kind, KIND_WORDS[kind][0])
        heat = answered(asked)
        assert (heat.question.model, heat.question.kind) == (model, kind)
        assert panel.kind.currentText() == KIND_WORDS[kind][0]
        assert panel.label.isVisibleTo(panel) == (kind is HeatKind.GRADIENT)
        assert panel.head.isEnabled() == (kind not in (HeatKind.ROLLOUT, HeatKind.GRADIENT))
        assert asked.window.canvas.scene.heat.heat is heat


def test_stage_block_and_head_are_asked_as_chosen(asked: Any) -> None:
    panel = asked.window.panel("attentionPanel")
    choose(panel.stage, "Stage 2")
    choose(panel.head, "Head 2")
    heat = answered(asked)
    assert (heat.question.stage, heat.question.block, heat.question.head) == (1, 0, 1)
    assert "stage 2, block 1, head 2" in panel.words.text()
    choose(panel.model, "ReViT")
    heat = answered(asked)
    assert (heat.question.stage, heat.question.block, heat.question.head) == (0, 1, None)
    assert panel.stage.isHidden(), "ReViT has one stage"


def test_a_click_with_the_tool_asks_about_the_pixel_under_it_and_marks_it(looking: Any) -> None:
    canvas = looking.window.canvas
    QTest.keyClick(canvas, Qt.Key.Key_T)
    assert canvas.tool == "attention"
    canvas.zoom_to(4.0)
    canvas.centre_on(48, 64)
    click_photo(looking, 50, 61)
    assert looking.parts.view.layers["heat"].visible, "asking shows the answer"
    heat = answered(looking)
    assert heat.question.kind is HeatKind.POINT and heat.question.point == (50, 61)
    assert canvas.point == (50, 61)
    assert canvas.document.edit_count == 0
    click_photo(looking, 20, 100)
    assert answered(looking).question.point == (20, 100)
    QTest.keyClick(canvas, Qt.Key.Key_B)
    assert canvas.tool == "brush"


def test_a_click_beside_the_photo_asks_nothing(looking: Any) -> None:
    canvas = looking.window.canvas
    canvas.set_tool("attention")
    canvas.zoom_to(0.3)
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=QPoint(3, 3))
    assert looking.parts.attention.wish.point is None and not looking.parts.attention.asking.waiting


def test_the_middle_of_the_view_can_be_asked_about_by_keys_alone(looking: Any) -> None:
    canvas = looking.window.canvas
    canvas.zoom_to(8.0)
    canvas.centre_on(30, 40)
    looking.window.activateWindow()
    canvas.setFocus()  # its keys count on the photo alone
    QTest.keyClick(canvas, Qt.Key.Key_T, Qt.KeyboardModifier.ShiftModifier)
    row, column = looking.parts.attention.wish.point
    assert abs(row - 30) <= 1 and abs(column - 40) <= 1
    assert answered(looking).question.point == (row, column)


def test_a_point_of_a_map_that_needs_one_is_waited_for(asked: Any) -> None:
    panel, attention = asked.window.panel("attentionPanel"), asked.parts.attention
    choose(panel.kind, KIND_WORDS[HeatKind.POINT][0])
    assert attention.needs_point and attention.heat is None and not attention.asking.waiting
    assert "Click a point" in panel.words.text()
    attention.ask_point((10, 20))
    assert answered(asked).question.point == (10, 20)
    assert panel.point.text() == "x 20  y 10"
    QTest.mouseClick(panel.forget, Qt.MouseButton.LeftButton)
    assert attention.needs_point and asked.window.canvas.point is None


def test_a_close_up_looks_at_the_square_around_the_point(asked: Any) -> None:
    panel, attention = asked.window.panel("attentionPanel"), asked.parts.attention
    choose(panel.close_up, panel.close_up.itemText(1))
    assert attention.needs_point
    attention.ask_point((10, 20))
    heat = answered(asked)
    assert heat.question.tile_px == CLOSE_UP_PX and heat.question.kind is HeatKind.RECEIVED
    assert heat.box == heat.box.clipped(96, 128)


def test_hidden_attention_asks_nothing_and_asks_when_it_is_shown_again(asked: Any) -> None:
    panel, attention, view = asked.window.panel("attentionPanel"), asked.parts.attention, asked.parts.view
    view.toggle_heat()
    choose(panel.model, "ReViT")
    assert not attention.asking.waiting
    before = attention.heat
    view.toggle_heat()
    assert answered(asked) is not before and attention.heat.question.model == "revit"
    heat = attention.heat
    view.set_layer("heat", opacity=0.3)
    view.toggle_heat()
    view.toggle_heat()
    assert not attention.asking.waiting and attention.heat is heat, "what is known is not asked again"


def test_another_photo_is_asked_by_itself_and_forgets_the_point(asked: Any) -> None:
    attention, session = asked.parts.attention, asked.parts.session
    attention.ask_point((10, 20))
    answered(asked)
    attention.choose(kind=HeatKind.RECEIVED)
    session.next_photo()
    assert attention.heat is None and attention.wish.point is None
    assert wait_for(lambda: attention.heat is not None, 60)
    assert attention.heat.photo_id == session.photo.photo_id


def test_the_map_of_the_canvas_is_brightest_where_the_answer_says(asked: Any) -> None:
    canvas, view = asked.window.canvas, asked.parts.view
    for name in ("mask", "correction"):
        view.set_layer(name, visible=False)
    view.set_layer("heat", opacity=1.0)
    asked.parts.attention.choose(stage=0)
    heat = answered(asked)
    for scale in (1.5, 4.0, 8.0):
        canvas.zoom_to(scale)
        canvas.centre_on(*heat.peak)
        canvas.grab()
        row, column = canvas.viewport.to_view(heat.peak[0] + 0.5, heat.peak[1] + 0.5)
        near = canvas.scene.heat.picture[int(row) - 2 : int(row) + 3, int(column) - 2 : int(column) + 3]
        assert np.isin(near, heat_colours(1.0)[235:]).any()


def test_the_map_is_exported_with_its_colour_bar(
    asked: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "map.png"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *given: (str(out), ""))
    panel = asked.window.panel("attentionPanel")
    assert panel.export.isEnabled() and asked.window.actions_["export_heat"].isEnabled()
    QTest.mouseClick(panel.export, Qt.MouseButton.LeftButton)
    assert wait_for(out.is_file, 60)
    assert wait_for(lambda: str(out) in asked.window.notice.text, 60)
    from resatt_studio.imaging.files import read_photo

    picture = read_photo(out)
    assert picture.width > picture.height, "a photo of 128 x 96 with a bar at its right"


def test_a_name_without_its_ending_overwrites_no_file_that_was_not_asked_about(
    asked: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "wall.png").write_bytes(b"a photo")
    (tmp_path / "wall.rmt.png").write_bytes(b"another")
    chosen: list[str] = []
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *given: (str(tmp_path / chosen[-1]), ""))
    for name in ("wall", "wall.rmt"):
        chosen.append(name)
        asked.window.ask.export_heat()
        assert wait_for(lambda: "is there already" in asked.window.notice.text, 60)
    chosen.append("wall.new")
    asked.window.ask.export_heat()
    assert wait_for((tmp_path / "wall.new.png").is_file, 60)
    assert (tmp_path / "wall.png").read_bytes() == b"a photo"
    assert (tmp_path / "wall.rmt.png").read_bytes() == b"another"


def test_the_photo_itself_is_never_written_over(asked: Any, tmp_path: Path) -> None:
    photo = asked.parts.session.entry.facts.path
    before, link = photo.read_bytes(), tmp_path / "link.png"
    link.hardlink_to(photo)
    asked.parts.attention.export(link)
    assert wait_for(lambda: "never overwritten" in asked.window.notice.text, 60)
    assert photo.read_bytes() == link.read_bytes() == before


def test_a_file_that_cannot_be_written_is_told(
    asked: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "gone"
    folder.write_text("a file where a folder should be")
    asked.parts.attention.export(folder / "map.png")
    assert wait_for(lambda: "map.png" in asked.window.notice.text, 60)


def test_the_button_takes_the_tool_in_hand_and_gives_the_brush_back(looking: Any) -> None:
    panel = looking.window.panel("attentionPanel")
    panel.point.click()
    assert looking.window.canvas.tool == "attention" and looking.window.actions_["tool_attention"].isChecked()
    panel.point.click()
    assert looking.window.canvas.tool == "brush"


def test_panel_and_layers_share_one_opacity(looking: Any) -> None:
    panel, row = looking.window.panel("attentionPanel"), looking.window.panel("layersPanel").rows["heat"]
    panel.opacity.setValue(31)
    assert row.opacity.value() == 31 and looking.window.canvas.scene.layers["heat"].opacity == 0.31
    row.opacity.setValue(77)
    assert panel.opacity.value() == 77


def test_missing_weights_are_said_in_the_panel_and_break_nothing(bare: Any) -> None:
    panel = bare.window.panel("attentionPanel")
    panel.shown.click()
    assert wait_for(lambda: bare.parts.attention.asking.trouble is not None, 60)
    assert "weights of RMT" in panel.words.text() and "Install" in panel.words.text()
    assert not panel.export.isEnabled()
    panel.opacity.setValue(20)
    settle(0.05)
    assert not bare.parts.attention.asking.waiting, "another opacity is no reason to ask again"
    choose(panel.model, "ReViT")
    assert wait_for(lambda: "weights of ReViT" in panel.words.text(), 60)


@pytest.mark.parametrize("name", ["labelsPanel", "attentionPanel", "layersPanel"])
def test_every_control_has_a_name_and_every_text_its_room(asked: Any, name: str) -> None:
    panel = asked.window.panel(name)
    asked.window.resize(1280, 800)
    asked.window._docks[name].raise_()
    asked.parts.view.set_layer("dehazed", visible=True)
    answered(asked)
    settle(0.3)
    controls = [w for w in panel.findChildren(QWidget) if w.focusPolicy() != Qt.FocusPolicy.NoFocus]
    controls = [w for w in controls if not w.objectName().startswith("qt_") and w.isVisibleTo(panel)]
    nameless = [
        type(w).__name__
        for w in controls
        if not w.accessibleName() and not (isinstance(w, QAbstractButton) and w.text())
    ]
    assert controls and nameless == []

    def cut() -> list[str]:
        labels = [w for w in panel.findChildren(QLabel) if w.isVisibleTo(panel) and not w.wordWrap()]
        return [label.text() for label in labels if label.width() < label.sizeHint().width()]

    wait_for(lambda: not cut(), 60)
    assert cut() == []
    assert not any(bar.isVisible() for bar in panel.findChildren(QScrollBar) if bar.orientation() == ACROSS)
