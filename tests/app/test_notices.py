"""Claims about notices: what can be mended is quiet, what is our fault is a report."""

from __future__ import annotations

import sys
import threading
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

from resatt_studio.app.main import wait_for
from resatt_studio.app.notices import CrashDialog, FaultCatcher, NoticeBar, crash_report
from resatt_studio.errors import PhotoError

pytestmark = pytest.mark.gui


def dialogs(studio: Any) -> list[CrashDialog]:
    return [child for child in studio.window.children() if isinstance(child, CrashDialog)]


def test_a_studio_error_goes_to_the_bar_with_its_hint(studio: Any) -> None:
    studio.parts.session.failed.emit(PhotoError("IMG_1.jpg is empty.", "Copy it again from the camera."))
    assert studio.window.notice.isVisible()
    assert studio.window.notice.text == "IMG_1.jpg is empty. Copy it again from the camera."
    assert dialogs(studio) == []


def test_any_other_error_opens_one_report_and_not_a_second_of_the_same(studio: Any) -> None:
    error = ZeroDivisionError("division by zero")
    studio.window.show_error(error)
    studio.window.show_error(error)
    assert len(dialogs(studio)) == 1
    report = dialogs(studio)[0].report.toPlainText()
    assert "ZeroDivisionError: division by zero" in report
    assert "ResAtt Studio" in report
    dialogs(studio)[0].close()


def test_the_report_can_be_copied(qtbot: Any) -> None:
    dialog = CrashDialog(crash_report(ValueError("odd")))
    qtbot.addWidget(dialog)
    copy = next(b for b in dialog.findChildren(QPushButton) if b.text() == "Copy report")
    QTest.mouseClick(copy, Qt.MouseButton.LeftButton)
    assert "ValueError: odd" in QGuiApplication.clipboard().text()


def test_an_exception_on_any_thread_reaches_the_window(qapp: object) -> None:
    heard: list[BaseException] = []
    catcher = FaultCatcher(heard.append)
    try:
        thread = threading.Thread(target=lambda: 1 / 0)
        thread.start()
        thread.join()
        error = KeyError("lost")
        sys.excepthook(KeyError, error, None)
        assert wait_for(lambda: len(heard) == 2, 60)
    finally:
        catcher.release()
    assert isinstance(heard[0], ZeroDivisionError)
    assert heard[1] is error


def test_a_notice_with_a_button_does_what_it_says_and_goes(qtbot: Any) -> None:
    bar = NoticeBar()
    qtbot.addWidget(bar)
    done: list[str] = []
    bar.offer(lambda: ("Learning was cut off.", "Go on"), lambda: done.append("went on"))
    button = next(b for b in bar.findChildren(QPushButton) if b.text() == "Go on")
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert done == ["went on"]
    assert not bar.isVisible()


def test_news_that_passes_takes_no_offer_away_and_an_offer_follows_the_language(qtbot: Any) -> None:
    bar, words = NoticeBar(), ["Learning was cut off."]
    qtbot.addWidget(bar)
    bar.offer(lambda: (words[0], "Go on"), lambda: None)
    bar.tell("4 photos added.")
    assert bar.text == "4 photos added."
    bar._timer.timeout.emit()
    assert bar.text == words[0] and bar.isVisible()
    bar.tell("4 photos added.")
    words[0] = "学习被中断。"
    bar.say_anew("Notice")
    assert bar.text == words[0], "and no news stays in the language before"
    bar.close_one()
    assert not bar.isVisible()
    bar.tell("5 photos added.")
    bar._timer.timeout.emit()
    assert not bar.isVisible(), "what was closed is offered no more"


def test_a_file_may_be_called_like_mark_up(studio: Any) -> None:
    studio.parts.session.failed.emit(PhotoError("<b>IMG</b>.jpg is empty."))
    bar = studio.window.notice.errors
    assert bar._text.textFormat() == Qt.TextFormat.PlainText
    assert "<b>IMG</b>" in bar.text


def test_good_news_does_not_take_an_errors_place(studio: Any) -> None:
    notice = studio.window.notice
    notice.warn(PhotoError("IMG_1.jpg is empty."))
    notice.tell("4 photos added.")
    assert notice.text == "IMG_1.jpg is empty.\n4 photos added."
    notice.news.hide()
    assert notice.isVisible() and notice.text == "IMG_1.jpg is empty."
    notice.errors.close_one()
    assert not notice.isVisible()


def test_closing_an_error_shows_the_one_before_and_all_can_be_closed_at_once(studio: Any) -> None:
    notice = studio.window.notice
    for name in ("a", "b", "c", "b"):
        notice.warn(PhotoError(f"{name}.jpg is empty."))
    assert notice.text == "b.jpg is empty."
    notice.errors.close_one()
    assert notice.text == "c.jpg is empty."
    button = next(b for b in notice.findChildren(QPushButton) if b.text() == "Close all 2")
    button.click()
    assert not notice.isVisible()
    notice.warn(PhotoError("d.jpg is empty."))
    assert notice.text == "d.jpg is empty."
