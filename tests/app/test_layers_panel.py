"""Claims about layers and the photo's tone in the real window, driven by mouse, keys and the palette."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QColorDialog, QMenu

from resatt_studio.app.canvas.layers import DEFAULT_LAYERS
from resatt_studio.app.layer_keeper import LayerKeeper, read, written
from resatt_studio.app.main import settle, wait_for
from resatt_studio.app.palette import entries
from resatt_studio.app.panels.layer_colours import COLOURED
from resatt_studio.app.view_state import ViewState
from resatt_studio.imaging.colour import COLOUR_MAPS, OKABE_ITO
from resatt_studio.records.correction import Label

pytestmark = pytest.mark.gui
LEFT, ALT = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.AltModifier
NAMES = [layer.name for layer in DEFAULT_LAYERS]


def shown(view: Any) -> set[str]:
    return {layer.name for layer in view.layers.values() if layer.visible}


def rows(studio: Any) -> Any:
    return studio.window.panel("layersPanel").rows


def plain_text(studio: Any, id: str) -> str:
    return str(studio.window.actions_[id].text().replace("&", ""))


def open_menu() -> Any:
    assert wait_for(
        lambda: any(m.isVisible() and isinstance(m, QMenu) for m in QApplication.topLevelWidgets()), 60
    )
    return next(m for m in QApplication.topLevelWidgets() if isinstance(m, QMenu) and m.isVisible())


def choose(menu: Any, *words: str) -> None:
    """Go to entries by their words and press Enter, as a keyboard does."""
    for word in words:
        action = next(a for a in menu.actions() if a.text() == word)
        further = action.menu()
        menu.setActiveAction(action)
        QTest.keyClick(menu, Qt.Key.Key_Return)
        menu = further
    settle(0.1)


# -- eyes --


def test_a_click_with_alt_shows_one_layer_alone_and_the_next_brings_the_others_back(looking: Any) -> None:
    view, row = looking.parts.view, rows(looking)
    view.set_layer("uncertainty", visible=True)
    before = shown(view)
    QTest.mouseClick(row["probability"].eye, LEFT, ALT)
    assert shown(view) == {"photo", "probability"} and view.solo_name == "probability"
    QTest.mouseClick(row["mask"].eye, LEFT, ALT)
    assert shown(view) == {"photo", "mask"}
    assert looking.window.actions_["solo_mask"].isChecked()
    QTest.mouseClick(row["mask"].eye, LEFT, ALT)
    assert shown(view) == before and view.solo_name == ""


def test_who_opens_another_eye_in_between_keeps_what_is_seen(looking: Any) -> None:
    view, row = looking.parts.view, rows(looking)
    QTest.mouseClick(row["mask"].eye, LEFT, ALT)
    QTest.mouseClick(row["uncertainty"].eye, LEFT)
    assert shown(view) == {"photo", "mask", "uncertainty"} and view.solo_name == ""
    QTest.mouseClick(row["photo"].eye, LEFT, ALT)
    assert shown(view) == {"photo"}


def test_every_layer_is_shown_and_shown_alone_from_the_palette(looking: Any) -> None:
    view = looking.parts.view
    offered = {entry.text: entry for entry in entries(looking.parts, looking.window.actions_, {})}
    before = shown(view)
    for name in NAMES:
        toggle = looking.window.actions_[f"toggle_{name}"]
        was = view.layers[name].visible
        assert toggle.isChecked() == was and plain_text(looking, f"toggle_{name}") in offered
        toggle.trigger()
        assert view.layers[name].visible != was
        toggle.trigger()
        offered[plain_text(looking, f"solo_{name}")].run()
        assert shown(view) == {"photo", name}
        offered[plain_text(looking, f"solo_{name}")].run()
        assert shown(view) == before


def test_holding_v_hides_all_but_the_photo_and_letting_go_brings_it_back(looking: Any) -> None:
    canvas, view = looking.window.canvas, looking.parts.view
    document = looking.parts.session.document
    document.begin("brush", Label.CRACK, 9.0)
    document.extend([(40.0, 60.0)])
    canvas.refresh(document.end().box)
    view.set_layer("photo", opacity=0.4)
    canvas.setFocus()
    settle(0.1)
    with_layers = canvas.grab().toImage()
    QTest.keyPress(canvas, Qt.Key.Key_V)
    settle(0.1)
    bare = canvas.grab().toImage()
    middle = canvas.viewport.to_view(40.5, 60.5)
    at = QPoint(int(middle[1]), int(middle[0]))
    pixel = looking.parts.session.photo.pixels[40, 60].astype(int)
    seen = np.array(bare.pixelColor(at).getRgb()[:3])
    assert np.abs(seen - pixel).max() < 40, "the photo itself, at its full strength"
    QTest.keyRelease(canvas, Qt.Key.Key_V)
    settle(0.1)
    assert bare != with_layers and canvas.grab().toImage() == with_layers


# -- colours --


@pytest.mark.parametrize("name", sorted(COLOURED))
def test_the_swatch_offers_colours_or_maps_that_every_eye_tells_apart(looking: Any, name: str) -> None:
    view, row = looking.parts.view, rows(looking)[name]
    QTest.mouseClick(row.swatch, LEFT)
    menu = open_menu()
    if name in ("correction", "change"):
        part = next(action for action in menu.actions() if action.menu())
        offered = {action.text() for action in part.menu().actions()}
        choose(menu, part.text(), "Bluish green")
        assert view.layers[name].colour == "#009e73"
    elif name == "heat":
        offered = {action.text() for action in menu.actions()}
        choose(menu, "Cividis")
        assert view.layers[name].palette == "cividis"
    else:
        offered = {action.text() for action in menu.actions()}
        choose(menu, "Sky blue")
        assert (view.layers[name].colour, view.layers[name].palette) == ("#56b4e9", "")
    wanted = {hue.name for hue in OKABE_ITO} if name != "heat" else {m.capitalize() for m in COLOUR_MAPS}
    assert wanted <= offered
    canvas = looking.window.canvas.scene.layers[name]
    assert canvas == view.layers[name], "what was chosen is on the canvas"


def test_the_second_colour_of_a_correction_is_chosen_too_and_icons_follow(looking: Any) -> None:
    view, row = looking.parts.view, rows(looking)["correction"]
    before = looking.window.actions_["paint_not_crack"].icon().cacheKey()
    QTest.mouseClick(row.swatch, LEFT)
    choose(open_menu(), "Not crack", "Vermilion")
    assert view.layers["correction"].other_colour == "#d55e00"
    assert looking.window.actions_["paint_not_crack"].icon().cacheKey() != before


def test_any_other_colour_can_be_had(looking: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QColorDialog, "getColor", lambda *_: QColor("#123456"))
    QTest.mouseClick(rows(looking)["mask"].swatch, LEFT)
    choose(open_menu(), "Another colour…")
    assert looking.parts.view.layers["mask"].colour == "#123456"


def test_a_map_of_probability_is_on_the_canvas_and_a_colour_takes_its_place(looking: Any) -> None:
    view = looking.parts.view
    QTest.mouseClick(rows(looking)["probability"].swatch, LEFT)
    choose(open_menu(), "Magma")
    assert looking.window.canvas.scene.layers["probability"].palette == "magma"
    QTest.mouseClick(rows(looking)["probability"].swatch, LEFT)
    choose(open_menu(), "Orange")
    assert (view.layers["probability"].palette, view.layers["probability"].colour) == ("", "#e69f00")


def test_the_menu_of_a_row_resets_it_and_the_action_resets_all(looking: Any) -> None:
    view = looking.parts.view
    view.set_layer("mask", opacity=0.1, colour="#000000", visible=False)
    view.set_layer("probability", visible=True, palette="magma")
    view.brighter()
    rows(looking)["mask"].eye.customContextMenuRequested.emit(QPoint(3, 3))
    choose(open_menu(), "As at first")
    assert view.layers["mask"] == next(layer for layer in DEFAULT_LAYERS if layer.name == "mask")
    looking.window.actions_["reset_layers"].trigger()
    assert tuple(view.layers.values()) == DEFAULT_LAYERS and view.tone.plain


# -- kept between starts --


class Kept(dict):
    def value(self, key: str, default: Any = None) -> Any:
        return self.get(key, default)

    def setValue(self, key: str, value: Any) -> None:
        self[key] = value


def test_what_is_shown_and_how_comes_back_with_the_next_start(qtbot: Any) -> None:
    state, view = Kept(), ViewState()
    keeper = LayerKeeper(view, state, view)
    view.set_layer("outline", visible=True, opacity=0.4, colour="#0072b2")
    view.set_layer("change", other_colour="#cc79a7")
    view.set_layer("uncertainty", palette="cividis")
    view.more_contrast()
    view.solo("mask")
    keeper.flush()
    again = ViewState()
    LayerKeeper(again, state, again)
    view.solo("mask")  # what is shown alone is shown alone today
    assert again.layers == view.layers and again.tone == view.tone


def test_it_is_written_by_itself_after_a_moment_without_a_change(qtbot: Any) -> None:
    state, view = Kept(), ViewState()
    view.setParent(None)
    keeper = LayerKeeper(view, state, view)
    view.set_layer("mask", opacity=0.2)
    assert "layers" not in state
    qtbot.waitUntil(lambda: "layers" in state, timeout=60_000)
    assert '"opacity":0.2' in state["layers"] and keeper is not None


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"mask": 3}',
     '{"mask": {"opacity": "x", "colour": "red", "visible": 1, "palette": "jet"}}',
     '{"tone": {"brightness": null}, "other": {}}', '{"mask": {"other_colour": "#112233"}}'],
)  # fmt: skip
def test_what_is_not_understood_of_it_is_as_at_first(text: str) -> None:
    layers, tone = read(text)
    assert layers == DEFAULT_LAYERS and tone.plain
    assert written(layers, tone) == "{}"


# -- the photo's tone --


def drag(canvas: Any, start: QPoint, by: QPoint, modifiers: Any, esc: bool = False) -> None:
    """A drag with the right button, as a mouse sends it."""
    right = Qt.MouseButton.RightButton
    QTest.mousePress(canvas, right, modifiers, start)
    for step in (0.5, 1.0):
        at = QPointF(start) + QPointF(by) * step
        event = QMouseEvent(
            QMouseEvent.Type.MouseMove, at, canvas.mapToGlobal(at), Qt.MouseButton.NoButton, right, modifiers
        )
        QApplication.sendEvent(canvas, event)
        settle(0.03)
    if esc:
        QTest.keyClick(canvas, Qt.Key.Key_Escape)
    QTest.mouseRelease(canvas, right, modifiers, start + by)
    settle(0.03)


CTRL = Qt.KeyboardModifier.ControlModifier


def test_a_drag_with_ctrl_and_the_right_button_changes_light_and_contrast(looking: Any) -> None:
    canvas, view = looking.window.canvas, looking.parts.view
    middle = canvas.rect().center()
    drag(canvas, middle, QPoint(80, -120), CTRL)
    assert view.tone.contrast > 0.05 and view.tone.brightness > 0.1
    assert canvas.scene.tone == view.tone and looking.window.actions_["reset_tone"].isEnabled()
    before = view.tone
    drag(canvas, middle, QPoint(50, 50), CTRL, esc=True)
    assert view.tone == before, "Esc takes the drag back"
    assert looking.parts.session.document.can_undo is False, "nothing was painted"


def test_sliders_keys_and_reset_reach_the_tone_and_the_photo_of_the_networks_stays(looking: Any) -> None:
    window, view = looking.window, looking.parts.view
    pixels = looking.parts.session.photo.pixels
    before, digest = window.canvas.grab().toImage(), pixels.tobytes()
    panel = window.panel("layersPanel")
    QTest.mouseClick(panel.adjust, LEFT)
    assert panel.tone.isVisibleTo(panel) and not panel.tone.low.slider.isVisibleTo(panel)
    panel.tone.brightness.setFocus()
    QTest.keyClick(panel.tone.brightness, Qt.Key.Key_Right)
    assert view.tone.brightness == pytest.approx(0.01)
    window.canvas.setFocus()
    QTest.keyClick(window.canvas, Qt.Key.Key_Up, ALT)
    QTest.keyClick(window.canvas, Qt.Key.Key_PageUp, ALT)
    assert view.tone.brightness == pytest.approx(0.06) and view.tone.contrast == pytest.approx(0.05)
    settle(0.1)
    assert window.canvas.grab().toImage() != before
    assert looking.parts.session.photo.pixels.tobytes() == digest
    assert window.canvas.read_pixels(window.canvas.viewport.visible).tobytes() == digest, "tools see it too"
    QTest.keyClick(window.canvas, Qt.Key.Key_F, CTRL | Qt.KeyboardModifier.ShiftModifier)
    assert view.tone.plain


def test_fitting_spreads_what_is_seen(looking: Any) -> None:
    canvas = looking.window.canvas
    QTest.keyClick(canvas, Qt.Key.Key_F, Qt.KeyboardModifier.ShiftModifier)
    assert looking.parts.view.tone.contrast > 0
    view = canvas.viewport
    seen = canvas.scene.photo_seen(view, view.photo_in_view)
    assert seen.min() == 0 and seen.max() == 255


@pytest.fixture
def deep(studio: Any, tmp_path: Path, tiny_weights: Path) -> Callable[[int], Any]:
    """Opens the window with two 16-bit photos, grey or RGB; the networks stay silent."""
    from resatt_studio.workflow.jobs import drain
    from resatt_studio.workflow.load import add_photos
    from resatt_studio.workflow.project import create_project

    def open_with(channels: int) -> Any:
        folder = tmp_path / "deep"
        folder.mkdir()
        shape = (90, 120) if channels == 1 else (90, 120, channels)
        for seed in (1, 2):
            samples = np.random.default_rng(seed).integers(1000, 5000, shape, np.uint16)
            assert cv2.imwrite(str(folder / f"photo_{seed}.png"), samples)
        with create_project(tmp_path / "deep.resatt", tiny_weights) as project:
            drain(add_photos(project, [folder]))
        session = studio.parts.session
        session.predictor.predict_shown = lambda project, photo: None
        session.predictor.predict_ahead = lambda project, entries: None
        session.open_project(tmp_path / "deep.resatt")
        assert wait_for(lambda: session.photo is not None, 60)
        return studio

    return open_with


@pytest.mark.parametrize("channels", [1, 3])
def test_a_drag_over_a_16_bit_photo_moves_its_window_and_the_true_samples_are_shown(
    deep: Callable[[int], Any], channels: int
) -> None:
    studio = deep(channels)
    canvas, view, tone = studio.window.canvas, studio.parts.view, studio.parts.tone
    pixels = studio.parts.session.photo.pixels.tobytes()
    assert canvas.scene.window == tone.window and canvas.scene.deep is None
    drag(canvas, canvas.rect().center(), QPoint(70, -40), CTRL)
    low, high = view.tone.window
    assert high - low < tone.window[1] - tone.window[0], "to the right: narrower"
    assert low + high < sum(tone.window), "upwards: more light"
    assert view.tone.brightness == view.tone.contrast == 0
    assert wait_for(lambda: canvas.scene.deep is not None, 60)
    assert canvas.scene.deep.pixels.dtype == np.uint16
    assert studio.parts.session.photo.pixels.tobytes() == pixels
    canvas.actual_size()
    seen = canvas.scene.photo_seen(canvas.viewport, canvas.viewport.photo_in_view)
    assert len(np.unique(seen)) > 200, "a narrow window of true samples has all levels"


def test_window_by_numbers_and_auto_and_each_photo_its_own(deep: Callable[[int], Any]) -> None:
    studio = deep(1)
    session, view, panel = studio.parts.session, studio.parts.view, studio.window.panel("layersPanel")
    QTest.mouseClick(panel.adjust, LEFT)
    controls = panel.tone
    assert controls.low.number.isVisibleTo(panel) and controls.high.slider.accessibleName()
    controls.low.number.setFocus()
    controls.low.number.selectAll()
    QTest.keyClicks(controls.low.number, "2000")
    QTest.keyClick(controls.low.number, Qt.Key.Key_Return)
    assert view.tone.window[0] == 2000
    controls.high.slider.setFocus()
    QTest.keyClick(controls.high.slider, Qt.Key.Key_Left)
    own = view.tone.window
    assert own[1] < studio.parts.tone.window[1]
    first = session.entry.photo_id
    view.more_contrast()
    session.next_photo()
    assert wait_for(lambda: session.photo is not None and session.entry.photo_id != first, 60)
    assert view.tone.window is None and view.tone.contrast > 0
    session.previous_photo()
    assert wait_for(lambda: session.photo is not None and session.entry.photo_id == first, 60)
    assert view.tone.window == own
    assert first in studio.parts.tone.text
    QTest.mouseClick(controls.automatic, LEFT)
    assert view.tone.window is None and view.tone.contrast > 0
    assert studio.parts.tone.text == "[]"
    kept: list[str] = []
    studio.parts.tone.keep = kept.append
    controls.high.number.stepBy(-1)
    assert kept == [], "not with every step of a drag"
    assert wait_for(lambda: bool(kept), 60) and first in kept[0]


def test_samples_that_do_not_fit_are_not_read_and_it_is_told(deep: Callable[[int], Any]) -> None:
    studio = deep(3)
    session = studio.parts.session
    told: list[str] = []
    session.told.connect(told.append)
    session.memory.bound_bytes = session.memory.held_bytes + 1000
    before = studio.window.canvas.grab().toImage()
    studio.parts.tone.set_window((2000.0, 2500.0))
    settle(0.3)
    assert studio.window.canvas.scene.deep is None and len(told) == 1 and "Memory for photos" in told[0]
    assert studio.window.canvas.grab().toImage() != before, "the 8-bit pixels stand in"


def test_windows_are_remembered_and_nonsense_is_left_out(deep: Callable[[int], Any]) -> None:
    tone = deep(1).parts.tone
    tone.recall('[["abc", 5, 9.5], ["d", 9, 5], ["e", "1", 2], 7, ["f", 1, 1e9], ["g", true]]')
    assert tone.text == '[["abc",5.0,9.5]]'
    tone.recall("{")


def test_a_panel_whose_scroll_bar_comes_and_goes_with_its_height_is_laid_out_all_the_same(
    looking: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from PySide6.QtCore import QCoreApplication, QEvent

    panel = looking.window.panel("layersPanel")
    body, bounds = panel.widget(), []

    def bound(height_px: int) -> None:
        """What Qt does when other lines wrap at every other width."""
        bounds.append(height_px)
        if len(bounds) < 50:
            QCoreApplication.sendEvent(body, QEvent(QEvent.Type.LayoutRequest))

    monkeypatch.setattr(panel, "setMaximumHeight", bound)
    QCoreApplication.sendEvent(body, QEvent(QEvent.Type.LayoutRequest))
    assert len(bounds) == 2
