"""Claims about the tour: it points at what is there, waits, follows, stops nothing, and is shown once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton

from resatt_studio.app.main import settle, wait_for
from resatt_studio.app.theme import apply_theme, contrast
from resatt_studio.app.tour_callout import beside
from resatt_studio.app.tour_steps import STEPS

pytestmark = pytest.mark.gui
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def touring(studio: Any, project_folder: Path) -> Any:
    """The window with a project and the tour at its second step."""
    session = studio.parts.session
    session.predictor.predict_shown = lambda project, photo: None
    session.predictor.predict_ahead = lambda project, entries: None
    studio.window.actions_["tour"].trigger()
    assert studio.window.tour.step == "open"
    session.open_project(project_folder)
    assert wait_for(lambda: studio.window.tour.step == "mask", 60), "opening a project leads on"
    studio.window.activateWindow()
    return studio


def steps(studio: Any, to: str) -> None:
    """Press Next until the step is shown."""
    while studio.window.tour.step != to:
        QTest.mouseClick(studio.window.tour.callout.next, LEFT)
    settle(0.05)


def test_every_step_points_at_something_that_is_seen_and_covers_none_of_it(touring: Any) -> None:
    window, tour = touring.window, touring.window.tour
    for step in STEPS[1:]:
        steps(touring, step.id)
        target = step.where(window)
        assert not target.isEmpty() and window.rect().contains(target), step.id
        assert tour.callout.isVisible() and tour.frame.isVisible()
        assert window.rect().contains(tour.callout.geometry()), step.id
        assert not tour.callout.geometry().intersects(target), step.id
        assert tour.frame.geometry().contains(target)
        edge = window.mapToGlobal(tour.frame.geometry().topLeft() + QPoint(2, tour.frame.height() // 2))
        blue = window.grab().toImage().pixelColor(window.mapFromGlobal(edge)).name()
        assert blue == window.palette().highlight().color().name(), f"{step.id}: its frame is covered"
        for part in tour.callout.findChildren(QLabel):
            assert part.height() >= part.heightForWidth(part.width()), f"{step.id}: words are cut off"


def test_doing_a_step_leads_on_without_next(touring: Any) -> None:
    window, session, tour = touring.window, touring.parts.session, touring.window.tour
    for _ in range(2):  # away and back again
        QTest.keyClick(window.canvas, Qt.Key.Key_S)
    assert wait_for(lambda: tour.step == "paint", 60)
    middle = window.canvas.rect().center()
    QTest.mousePress(window.canvas, LEFT, pos=middle)
    QTest.mouseMove(window.canvas, middle + QPoint(40, 0))
    QTest.mouseRelease(window.canvas, LEFT, pos=middle + QPoint(40, 0))
    assert wait_for(lambda: tour.step == "approve", 60)
    first = session.entry.photo_id
    QTest.keyClick(window.canvas, Qt.Key.Key_Return)
    assert wait_for(lambda: tour.step == "learn", 60)
    assert wait_for(lambda: session.document is not None and session.entry.photo_id != first, 60)
    assert wait_for(lambda: touring.parts.learner.can_learn, 60)
    touring.parts.learner.learn = lambda: None  # the lesson itself is told of elsewhere
    QTest.mouseClick(window.panel("learningPanel").learn, LEFT)
    assert wait_for(lambda: tour.step == "versions", 60)
    tree = window.panel("learningPanel").versions.tree
    QTest.mouseClick(tree.viewport(), LEFT, pos=tree.visualItemRect(tree.item(0, 0)).center())
    assert wait_for(lambda: tour.step == "export", 60)
    QTest.keyClick(window.canvas, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    assert wait_for(lambda: tour.step == "" and not tour.callout.isVisible(), 60)
    assert not tour.frame.isVisible()


def test_only_its_own_step_leads_on(touring: Any) -> None:
    touring.parts.session.approve()
    settle(0.1)
    assert touring.window.tour.step == "mask"


def test_keys_alone_walk_through_it_and_enter_approves_nothing(touring: Any) -> None:
    window, tour, session = touring.window, touring.window.tour, touring.parts.session
    window.canvas.setFocus()
    for _ in range(12):
        if tour.callout.isAncestorOf(QApplication.focusWidget()):
            break
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_F6)
    assert tour.callout.isAncestorOf(QApplication.focusWidget()), "F6 leads to the callout"
    for button in (tour.callout.back, tour.callout.next):
        while QApplication.focusWidget() is not button:
            QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
            assert tour.callout.isAncestorOf(QApplication.focusWidget())
    QTest.keyClick(tour.callout.next, Qt.Key.Key_Return)
    QTest.keyClick(tour.callout.next, Qt.Key.Key_Space)
    assert tour.step == "approve"
    QTest.keyClick(tour.callout.back, Qt.Key.Key_Return)
    assert tour.step == "paint"
    assert all(entry.state != "approved" for entry in session.state.entries)
    QTest.keyClick(tour.callout.next, Qt.Key.Key_Escape)
    assert tour.step == "" and QApplication.focusWidget() is window.canvas


def test_a_screen_reader_is_told_each_step_and_every_button(touring: Any) -> None:
    tour = touring.window.tour
    for step in STEPS[1:]:
        steps(touring, step.id)
        spoken = QAccessible.queryAccessibleInterface(tour.callout).text(QAccessible.Text.Name)
        assert step.title in spoken and "step" in spoken and "{" not in spoken
        for button in tour.callout.findChildren(QPushButton):
            assert QAccessible.queryAccessibleInterface(button).text(QAccessible.Text.Name)


def test_it_follows_the_window_and_stops_none_of_it(touring: Any) -> None:
    window, tour = touring.window, touring.window.tour
    steps(touring, "approve")
    before = tour.frame.geometry()
    window.resize(1300, 760)
    assert wait_for(lambda: tour.frame.geometry() != before, 60)
    assert tour.frame.geometry().contains(STEPS[3].where(window))
    assert QApplication.activeModalWidget() is None


def test_its_buttons_follow_the_language(touring: Any) -> None:
    touring.window.ask.change_settings(language="zh_CN")
    try:
        callout = touring.window.tour.callout
        texts = "".join(button.text() for button in (callout.skip, callout.back, callout.next))
        assert texts and not texts.isascii() and not any("A" <= sign <= "z" for sign in texts)
    finally:
        touring.window.ask.change_settings(language="en")


def test_skipping_ends_it_and_the_menu_has_it_again(touring: Any) -> None:
    tour = touring.window.tour
    QTest.mouseClick(tour.callout.skip, LEFT)
    assert tour.step == "" and not tour.callout.isVisible()
    touring.window.actions_["tour"].trigger()
    assert tour.step == "mask", "a project is open"


def test_it_is_shown_by_itself_once_and_never_unasked_in_a_window_that_is_only_made(studio: Any) -> None:
    tour = studio.window.tour
    assert tour.step == "" and not tour.callout.isVisible()
    tour.start_once()
    assert tour.step == "open" and studio.window.welcome.sample.isVisible()
    tour.stop()
    tour.start_once()
    assert tour.step == ""


def test_next_opens_the_sample_project_for_whoever_has_none(
    studio: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []
    monkeypatch.setattr(studio.parts.session, "open_sample", lambda: asked.append(True))
    studio.window.tour.start()
    QTest.mouseClick(studio.window.tour.callout.next, LEFT)
    assert asked == [True] and studio.window.tour.step == "open"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_its_words_stand_out(touring: Any, theme: str) -> None:
    touring.parts.look.set(tokens := apply_theme(QApplication.instance(), theme))
    for label in touring.window.tour.callout.findChildren(QLabel):
        ink = label.palette().color(label.foregroundRole()).name()
        assert contrast(ink, tokens.panel) >= 4.5, label.text()


BOXES = st.builds(QRect, st.integers(0, 900), st.integers(0, 600), st.integers(1, 400), st.integers(1, 300))


@given(BOXES, st.sampled_from(["below", "right", "left", "above"]))
def test_a_callout_is_always_inside_the_window(target: QRect, side: str) -> None:
    within, size = QRect(8, 8, 1200, 760), QSize(330, 190)
    assert within.contains(QRect(beside(target, size, within, side), size))
