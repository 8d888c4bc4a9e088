"""Claims about the window: titles, layout, drops, keys, names; and that closing loses nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QMimeData, QObject, QPointF, QSettings, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QMenu, QPushButton, QWidget

from resatt_studio.app.label_learner import LabelLearner
from resatt_studio.app.learner import Learner
from resatt_studio.app.main import screenshots, settle, wait_for
from resatt_studio.app.panels.registry import PANELS
from resatt_studio.app.recent import fill_recent_menu, read_drop
from resatt_studio.app.steady import SteadyLabel
from resatt_studio.records.correction import Label
from resatt_studio.records.photo import ReviewState
from resatt_studio.workflow.correct import open_document
from resatt_studio.workflow.jobs import drain
from resatt_studio.workflow.load import add_photos
from resatt_studio.workflow.project import open_project

pytestmark = pytest.mark.gui


@pytest.fixture
def opened(studio: Any, project_folder: Path) -> Any:
    """The window with the project of four photos open and its first photo shown."""
    studio.parts.session.open_project(project_folder)
    assert wait_for(lambda: studio.parts.session.document is not None, 60)
    return studio


def drop(window: QWidget, *paths: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    window.dropEvent(QDropEvent(QPointF(10, 10), Qt.DropAction.CopyAction, data, buttons, keys))


def test_without_a_project_the_start_page_offers_the_sample_project(studio: Any) -> None:
    window = studio.window
    assert window.welcome.isVisible()
    assert window.welcome.sample.text() == "Try the sample project"
    assert not window.actions_["approve"].isEnabled()
    assert window.actions_["open_project"].isEnabled()
    assert window.windowTitle().startswith("ResAtt Studio")


def test_the_title_names_project_and_photo(opened: Any) -> None:
    title = opened.window.windowTitle()
    assert "bridge.resatt" in title
    assert opened.parts.session.entry.name in title
    assert opened.window.canvas.isVisible()


def test_a_dropped_project_is_opened_and_dropped_photos_are_added(
    studio: Any, project_folder: Path, tmp_path: Path, tiny_photo: Any
) -> None:
    import cv2

    session = studio.parts.session
    drop(studio.window, project_folder)
    assert wait_for(lambda: len(session.state.entries) == 4, 60)
    extra = tmp_path / "späte Fotos [2]"
    extra.mkdir()
    pixels, _ = tiny_photo(64, 80, 99)
    (extra / "ü.png").write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
    (extra / "broken.jpg").write_bytes(b"\xff\xd8\xff nothing")
    drop(studio.window, extra)
    assert wait_for(lambda: len(session.state.entries) == 6, 60)
    broken = [e for e in session.state.entries if e.state is ReviewState.BROKEN]
    assert [e.name for e in broken] == ["broken.jpg"]
    assert broken[0].reason
    session.open_photo(broken[0].photo_id)
    assert "broken.jpg" in studio.window.notice.text


def test_a_drop_is_sorted_into_project_and_sources(tmp_path: Path) -> None:
    project, folder = tmp_path / "a.resatt", tmp_path / "photos"
    project.mkdir()
    folder.mkdir()
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(p)) for p in (folder, project)] + [QUrl("https://example.org/x")])
    dropped = read_drop(data)
    assert dropped.project == project
    assert dropped.sources == (folder,)


def test_a_photo_is_seen_with_the_click_by_its_thumbnail(opened: Any) -> None:
    session, canvas = opened.parts.session, opened.window.canvas
    other = next(entry for entry in session.listed if entry.photo_id != session.entry.photo_id)
    small = session.thumbnails
    assert wait_for(lambda: small.get(other.photo_id, other.facts.path) is not None, 60)
    session.open_photo(other.photo_id)
    assert session.photo is None, "no event was handled since, so the file was not read yet"
    seen = canvas.scene.photo.sample(canvas.viewport, canvas.viewport.photo_in_view)
    assert seen is not None and seen.std() > 0
    assert wait_for(lambda: session.photo is not None, 60)
    assert canvas.scene.photo.pixels is session.photo.pixels


def test_enter_in_the_search_field_does_not_approve(opened: Any) -> None:
    panel = opened.window.panel("photosPanel")
    panel.search.setFocus()
    QTest.keyClicks(panel.search, "wall_2")
    QTest.keyClick(panel.search, Qt.Key.Key_Return)
    settle(0.05)
    assert [e.name for e in opened.parts.session.listed] == ["wall_2.jpg"]
    assert panel.model.rowCount() == 1
    assert all(e.state is not ReviewState.APPROVED for e in opened.parts.session.state.entries)
    QTest.keyClick(panel.search, Qt.Key.Key_Escape)
    assert panel.model.rowCount() == 4


def test_holding_v_hides_the_overlays_while_it_is_held(opened: Any) -> None:
    canvas = opened.window.canvas
    for widget in (canvas, opened.window.panel("photosPanel").list):
        QTest.keyPress(widget, Qt.Key.Key_V)
        assert canvas.scene.peek
        QTest.keyRelease(widget, Qt.Key.Key_V)
        assert not canvas.scene.peek


def test_s_toggles_the_mask_everywhere_it_is_shown(opened: Any) -> None:
    row = opened.window.panel("layersPanel").rows["mask"]
    assert row.eye.isChecked()
    QTest.keyClick(opened.window.canvas, Qt.Key.Key_S)
    assert not row.eye.isChecked()
    assert not opened.window.canvas.scene.layers["mask"].visible
    row.eye.click()
    assert opened.window.canvas.scene.layers["mask"].visible


def test_brush_keys_reach_canvas_slider_and_status(opened: Any) -> None:
    window = opened.window
    before = window.canvas.radius_px
    QTest.keyClick(window.canvas, Qt.Key.Key_BracketRight)
    assert window.canvas.radius_px > before
    assert window.options.fields["radius"].value.text() == f"{2 * window.canvas.radius_px:.0f} px"
    QTest.keyClick(window.canvas, Qt.Key.Key_X)
    assert window.canvas.label is Label.NOT_CRACK
    QTest.keyClick(window.canvas, Qt.Key.Key_E)
    assert window.canvas.tool == "eraser"
    assert window.actions_["tool_eraser"].isChecked()


def test_the_status_bar_writes_the_last_place_of_a_pointer_that_hurries(opened: Any) -> None:
    status = opened.window.status
    status.show_pointer(-1, -1)
    assert wait_for(lambda: not status._pointer_due.isActive(), 60), (
        "the system's own pointer may move as well"
    )
    told = []
    status.pointer.setText = lambda words: (told.append(words), SteadyLabel.setText(status.pointer, words))
    for column in range(20):
        status.show_pointer(3, column)
    assert len(told) == 1, "the first is written at once, the others wait"
    assert wait_for(lambda: status.pointer.text().startswith("x 19  y 3"), 60)
    assert len(told) == 2
    status.show_pointer(-1, -1)
    assert status.pointer.text() == "", "that it left is written at once"


def test_words_that_change_all_the_time_do_not_have_the_status_bar_laid_out_anew(opened: Any) -> None:
    status = opened.window.status
    status.show_pointer(-1, -1)
    settle(0.2)
    QCoreApplication.sendPostedEvents(status, QEvent.Type.LayoutRequest)  # of what the network changed
    asked = _Asked(status)
    status.pointer.setText("x 1  y 2")
    status.pointer.setText("x 100  y 200")
    QCoreApplication.sendPostedEvents(status, QEvent.Type.LayoutRequest)
    assert asked.layouts == 0
    wide = "x 1" + "0" * 80
    status.pointer.setText(wide)
    QApplication.processEvents()
    assert asked.layouts > 0 and status.pointer.width() >= status.pointer.sizeHint().width(), (
        "all is readable"
    )


class _Asked(QObject):
    """Counts how often a widget is asked to lay out its parts."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.layouts = 0
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.layouts += event.type() == QEvent.Type.LayoutRequest
        return False


def test_the_threshold_slider_is_kept_with_the_project(opened: Any, project_folder: Path) -> None:
    session = opened.parts.session
    opened.window.panel("layersPanel").threshold.setValue(30)
    assert session.threshold == pytest.approx(0.3)
    assert opened.window.canvas.scene.threshold == pytest.approx(0.3)
    session.close_project()
    assert wait_for(lambda: not session.files.busy, 60)
    with open_project(project_folder) as project:
        assert project.settings.threshold == pytest.approx(0.3)


def test_an_automatic_threshold_follows_the_weights_in_use(opened: Any, project_folder: Path) -> None:
    session, panel = opened.parts.session, opened.window.panel("layersPanel")
    assert panel.automatic.isChecked() and session.threshold == 0.5
    chosen = replace(session.active, threshold=0.37)
    session._take_state(replace(session.state, versions=(chosen,)))
    assert session.threshold == 0.37 and panel.threshold.value() == 37
    assert opened.window.canvas.scene.threshold == pytest.approx(0.37)
    assert panel.automatic.isChecked(), "that the slider follows is nobody's own choice"
    panel.threshold.setValue(60)
    assert not panel.automatic.isChecked() and session.own_threshold == pytest.approx(0.6)
    session._take_state(replace(session.state, versions=(replace(chosen, threshold=0.2),)))
    assert session.threshold == pytest.approx(0.6)
    panel.automatic.click()
    assert session.own_threshold is None and panel.threshold.value() == 20
    panel.automatic.click()
    assert session.own_threshold == pytest.approx(0.2) and not panel.automatic.isChecked()
    panel.automatic.click()
    session.close_project()
    assert wait_for(lambda: not session.files.busy, 60)
    with open_project(project_folder) as project:
        assert project.settings.threshold_automatic


def test_skip_goes_on_and_the_list_says_so(opened: Any) -> None:
    session = opened.parts.session
    first = session.entry.photo_id
    QTest.keyClick(opened.window.canvas, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    assert wait_for(lambda: session.document is not None and session.entry.photo_id != first, 60)
    entry = next(e for e in session.state.entries if e.photo_id == first)
    assert entry.state is ReviewState.SKIPPED


def test_reset_layout_brings_every_panel_back(studio: Any) -> None:
    window = studio.window
    for dock in window._docks.values():
        dock.hide()
    window.reset_layout()
    settle(0.05)
    assert all(not dock.isHidden() for dock in window._docks.values())


def test_reset_layout_leaves_no_tabs_behind_those_of_the_panels(studio: Any) -> None:
    window = studio.window
    window.reset_layout()
    settle(0.05)
    shown = [tabs for tabs in window._tab_bars() if not tabs.isHidden()]
    assert [tabs.count() for tabs in shown] == [sum(bool(spec.tab_with) for spec in PANELS) + 1]


def test_size_and_docks_are_kept_between_starts(studio: Any, tmp_path: Path) -> None:
    studio.window.resize(1000, 650)
    studio.window._docks["layersPanel"].hide()
    studio.window.close()
    state = QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)
    assert state.contains("geometry")
    from resatt_studio.app.main import make_studio

    again = make_studio(QApplication.instance(), studio.parts.session.settings, state)
    try:
        assert again.window._docks["layersPanel"].isHidden()
        assert not again.window._docks["photosPanel"].isHidden()
    finally:
        again.window.close()
        again.window.deleteLater()


def test_closing_in_the_middle_of_a_stroke_loses_nothing(opened: Any, project_folder: Path) -> None:
    window, session = opened.window, opened.parts.session
    # Loading the network's libraries is one step, which nothing cuts off and a busy machine takes long for.
    assert wait_for(lambda: session.prediction is not None, 60)
    photo_id = session.entry.photo_id
    centre = window.canvas.rect().center()
    QTest.mousePress(window.canvas, Qt.MouseButton.LeftButton, pos=centre)
    QTest.mouseMove(window.canvas, centre + window.canvas.rect().center() / 8)
    window.close()
    assert window.ended_in_time
    with open_project(project_folder) as project:
        document = open_document(project, photo_id)
        assert (document.labels.to_array() == Label.CRACK).any()
        document.close()


def test_every_control_has_a_name_for_screen_readers(opened: Any) -> None:
    settle(0.2)
    nameless = []
    for widget in opened.window.findChildren(QWidget):
        if widget.focusPolicy() == Qt.FocusPolicy.NoFocus or not widget.isVisibleTo(opened.window):
            continue
        if widget.objectName().startswith("qt_") or isinstance(widget, QLabel):
            continue
        text = widget.text() if isinstance(widget, QAbstractButton) else ""
        if not (widget.accessibleName() or text):
            nameless.append(f"{type(widget).__name__} in {type(widget.parent()).__name__}")
    assert nameless == []


def test_every_label_fits_its_place(opened: Any) -> None:
    """No text of the panels is cut off at the smallest supported size."""
    window = opened.window
    window.resize(1280, 800)

    def cut() -> list[str]:
        return [
            label.text()
            for label in window.findChildren(QLabel)
            if label.isVisible()
            and label.text()
            and not label.wordWrap()
            and label.width() < label.sizeHint().width()
        ]

    # A text that background work has just changed gets its room in the event loop's next turn.
    wait_for(lambda: not cut(), 60)
    assert cut() == []


def test_settings_apply_at_once_and_are_written(studio: Any, own_settings: Path) -> None:
    studio.window.ask.change_settings(theme="dark", threads=1)
    assert studio.parts.look.tokens.name == "dark"
    assert 'theme = "dark"' in own_settings.read_text(encoding="utf-8")
    studio.window.ask.change_settings(theme="light")
    assert studio.parts.look.tokens.name == "light"


def test_pictures_of_a_project_with_corrections_to_learn_from_learn_nothing_and_end(
    qapp: Any,
    own_settings: Path,
    project_folder: Path,
    photo_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Closing a window that learns asks a question, and without a screen nobody is there to answer."""
    with open_project(project_folder) as project:
        drain(add_photos(project, [photo_folder], photo_folder.parent / "masks"))
        assert project.store.unlearned()
    begun: list[float] = []
    monkeypatch.setattr(Learner, "_learn", lambda self, seconds: begun.append(seconds))
    monkeypatch.setattr(LabelLearner, "learn", lambda self: begun.append(0.0))
    written = screenshots(project_folder, tmp_path / "pictures")
    assert begun == [] and written and all(path.stat().st_size for path in written)


def test_settings_that_cannot_be_written_are_told_and_hold_while_the_window_is_open(
    studio: Any, own_settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("resatt_studio.settings.write_whole", full)
    session, told = studio.parts.session, []
    session.failed.connect(told.append)
    studio.window.ask.change_settings(learn_seconds=77.0)
    assert [str(own_settings) in error.message and "No space left" in error.message for error in told] == [
        True
    ]
    assert session.settings.learn_seconds == 77.0
    studio.window.ask.change_settings(learn_seconds=-1.0)
    assert len(told) == 2 and session.settings.learn_seconds == 77.0, "what has no meaning never holds"


def test_the_shortcut_sheet_lists_every_key(studio: Any) -> None:
    studio.window.ask.shortcuts()
    sheet = next(c for c in studio.window.children() if type(c).__name__ == "ShortcutSheet")
    text = " ".join(label.text() for label in sheet.findChildren(QLabel))
    for spec in studio.window.actions_.specs.values():
        for keys in spec.shortcuts:
            assert keys in text, spec.id
    sheet.close()


def test_a_project_with_an_ampersand_in_its_name_is_listed_by_its_whole_name(
    studio: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "A&B.resatt"
    folder.mkdir()
    menu = QMenu()
    fill_recent_menu(menu, [folder], lambda chosen: None)
    assert menu.actions()[0].text() == "A&&B", "Qt shows two as one, and one as a line under the next letter"
    studio.window.welcome.show_recent([folder])
    (button,) = (b for b in studio.window.welcome.findChildren(QPushButton) if "A&" in b.text())
    assert button.text().startswith("A&&B ")
