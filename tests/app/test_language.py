"""Claims about languages: they change while everything goes on, and in Chinese no English is left."""

from __future__ import annotations

import platform
import re
import time
from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDockWidget,
    QLabel,
    QLineEdit,
    QListWidget,
    QMenu,
    QSpinBox,
    QTabBar,
    QTableWidget,
    QWidget,
)

from resatt_studio import words
from resatt_studio.app.language import apply_language
from resatt_studio.app.main import settle, wait_for
from resatt_studio.app.panels.registry import PANELS
from resatt_studio.app.worker import Answers, Listed
from resatt_studio.errors import PhotoError
from resatt_studio.records.jobs import JobProgress, Urgency
from resatt_studio.settings import Settings, load_settings, settings_path
from resatt_studio.words import again, mark, tr, trn
from resatt_studio.workflow.jobs import progress

pytestmark = pytest.mark.gui

LEFT, NO_KEY = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier

NAMES = frozenset(
    re.findall(
        "[A-Za-z]+",
        "ResAtt Studio R2AU-Net DHFormer RMT ReViT Dice ECE Grad-CAM PNG TIFF JPEG Python Qt MIT NVIDIA "
        "Apple English style bf fp px mm MB MP cpu cuda factory small revit rmt dhformer r2aunet resatt "
        "safetensors pth pt tester GeoJSON CSV Enter Esc Shift Ctrl Alt Space Backspace PgUp PgDown Return "
        "Tab Home End "
        "Left Right Up Down Del " + platform.platform(),
    )
)
"""Proper names, units, keys and the versions and people of these tests; file names are added."""


@pytest.fixture(autouse=True)
def english_again(qapp: Any) -> Iterator[None]:
    """Every test begins and ends in English."""
    yield
    apply_language(qapp, "en")


def said(top: QWidget, shown_only: bool = False) -> Iterator[tuple[str, str]]:
    """Every text of a window that somebody reads or hears, with where it stands."""
    for action in top.findChildren(QAction):
        for text in (action.text(), action.toolTip(), action.whatsThis(), action.iconText()):
            yield f"action {action.objectName()}", text
    for widget in (top, *top.findChildren(QWidget)):
        if shown_only and not widget.isVisible():
            continue
        place = f"{type(widget).__name__} in {type(widget.parent()).__name__}"
        texts = [
            widget.toolTip(),
            widget.accessibleName(),
            widget.accessibleDescription(),
            widget.windowTitle(),
        ]
        if isinstance(widget, QLabel | QAbstractButton):
            texts.append(widget.text())
        if isinstance(widget, QMenu):
            texts.append(widget.title())
        if isinstance(widget, QLineEdit):
            texts.append(widget.placeholderText())
        if isinstance(widget, QComboBox):
            texts += [widget.itemText(row) for row in range(widget.count())]
            texts += [
                str(widget.itemData(r, Qt.ItemDataRole.ToolTipRole) or "") for r in range(widget.count())
            ]
        if isinstance(widget, QTabBar):
            texts += [widget.tabText(tab) for tab in range(widget.count())]
        if isinstance(widget, QListWidget):
            texts += [widget.item(row).text() for row in range(widget.count())]
        if isinstance(widget, QTableWidget):
            texts += [widget.horizontalHeaderItem(c).text() for c in range(widget.columnCount())]
        if isinstance(widget, QSpinBox):
            texts += [widget.specialValueText(), widget.suffix()]
        yield from ((place, text) for text in texts if text)


def english(text: str, names: frozenset[str]) -> list[str]:
    """The English words of a text: what is between letters of another script and is no name."""
    without_marks = re.sub(r"\(&\w\)|<[^>]*>|&\w+;|[/\\][\w\-./\\]+|\.\w+|\b[0-9a-f]{8,}\b", " ", text)
    return [word for word in re.findall(r"[A-Za-z]{2,}", without_marks) if word not in names]


def names_of(studio: Any) -> frozenset[str]:
    """Words of what was named by people: photos, folders, the project."""
    paths = [entry.facts.path for entry in studio.parts.session.state.entries]
    paths += [studio.parts.session.project.folder, settings_path()]
    return NAMES | frozenset(re.findall("[A-Za-z]{2,}", " ".join(map(str, paths))))


def switch(studio: Any, language: str) -> None:
    """Choose a language; what was built anew is gone as it is in a running event loop."""
    studio.window.ask.change_settings(language=language)
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    settle(0.3)


def docks_of(window: Any) -> list[QDockWidget]:
    return window.findChildren(QDockWidget)


def layout(window: Any) -> dict[str, tuple[object, ...]]:
    """Where each panel stands, and whether it is shown."""
    return {
        dock.objectName(): (
            window.dockWidgetArea(dock),
            dock.isHidden(),
            dock.isFloating(),
            dock.visibleRegion().isEmpty(),
        )
        for dock in docks_of(window)
    }


def left_in_english(studio: Any, top: QWidget) -> list[str]:
    names = names_of(studio)
    return [f"{place}: {text}" for place, text in said(top) if english(text, names)]


def test_words_follow_the_language_and_know_no_other_than_the_catalogues() -> None:
    words.use("zh_CN")
    assert words.in_force() == "zh_CN"
    assert tr("Threshold") == "阈值"
    assert trn("{count} job", "{count} jobs", 3).format(count=3) == "3 个任务"
    words.use("xx")
    assert (words.in_force(), tr("Threshold"), tr("")) == ("en", "Threshold", "")
    assert trn("{count} job", "{count} jobs", 1).format(count=1) == "1 job"


def test_english_words_with_what_was_filled_in_are_said_again() -> None:
    error = PhotoError("“wall_01.jpg” is empty (0 bytes).", "Copy it again from the camera or card.")
    kept = (
        "Not promoted: Dice rose from 0.712 to 0.731 on 4 held-back photos; it has to rise by at least 0.050."
    )
    assert again(str(error)) == str(error)
    words.use("zh_CN")
    assert again(str(error)).startswith("“wall_01.jpg”是空文件")
    assert not english(again(str(error)), frozenset({"wall", "jpg"}))
    assert not english(again(kept), NAMES)
    assert "0.712" in again(kept) and "0.050" in again(kept)
    assert again("v3: " + kept).startswith("v3: 未启用")
    assert again("Nobody translated this sentence.") == "Nobody translated this sentence."


def test_the_desktops_language_is_taken_when_it_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    from PySide6.QtCore import QLocale

    from resatt_studio.app import language

    for tags, known in (
        (["zh-Hans-CN", "zh-CN"], "zh_CN"),
        (["zh-Hant-TW", "zh-TW"], "en"),
        (["de-DE", "zh-CN"], "zh_CN"),
        (["en-GB", "zh-CN"], "en"),
        ([], "en"),
    ):
        monkeypatch.setattr(QLocale, "uiLanguages", lambda *_, tags=tags: tags)
        assert language.system_language() == known, tags


def long_job(stop: list[bool]) -> Generator[JobProgress, None, str]:
    done = 0
    while not stop:
        done += 1
        yield progress(min(done, 999), 1000, "photos", mark("Predicting all photos"))
        time.sleep(0.02)
    return "done"


def test_a_switch_in_the_middle_of_work_loses_nothing_and_leaves_no_english(looking: Any) -> None:
    window, session, canvas = looking.window, looking.parts.session, looking.window.canvas
    for spec in PANELS:
        window.bring(spec.id)
    window.bring("learningPanel")
    session.set_listing(search="i")
    looking.parts.view.set_brush(tool="brush", radius_px=6.0)
    canvas.actual_size()
    middle = canvas.rect().center()
    QTest.mousePress(canvas, LEFT, NO_KEY, middle)
    QTest.mouseMove(canvas, middle + QPoint(30, 10))
    QTest.mouseRelease(canvas, LEFT, NO_KEY, middle + QPoint(30, 10))
    one_stroke = session.document.labels.to_array()
    QTest.mousePress(canvas, LEFT, NO_KEY, middle + QPoint(0, 40))
    QTest.mouseMove(canvas, middle + QPoint(25, 45))
    stop: list[bool] = []
    answers = Answers(lambda result: None)
    session.files.submit(
        lambda: long_job(stop), Urgency.EVALUATE, answers, listed=Listed(mark("Predict all photos"))
    )
    assert wait_for(lambda: bool(looking.parts.jobs.running), 60)
    session.failed.emit(PhotoError("“a.jpg” was not found.", "Check the spelling of the path."))
    settle(0.2)
    document, steps = session.document, len(looking.parts.history.steps)
    before = document.labels.to_array()
    place = (canvas.viewport.scale, canvas.viewport.visible)
    docks, room = layout(window), {dock.objectName(): dock.geometry() for dock in docks_of(window)}
    job = looking.parts.jobs.running[0]
    english_texts = {text for _, text in said(window, shown_only=True)}

    switch(looking, "zh_CN")
    assert not left_in_english(looking, window)
    assert session.document is document and canvas.document is document
    assert canvas.in_stroke, "the stroke in hand is still in hand"
    assert np.array_equal(document.labels.to_array(), before)
    assert (canvas.viewport.scale, canvas.viewport.visible) == place
    assert looking.parts.jobs.running[0] is job
    assert window.panel("photosPanel").search.text() == "i"
    assert layout(window) == docks
    assert looking.parts.view.brush.tool == "brush"

    switch(looking, "en")
    assert window.actions_["undo"].text() == "&Undo"
    for dock in docks_of(window):
        moved = dock.geometry().size() - room[dock.objectName()].size()
        assert max(abs(moved.width()), abs(moved.height())) <= 12, (
            "a line of Chinese is higher by a pixel or two"
        )
    there = {text for _, text in said(window)}
    assert not [text for text in there if re.search("[\u4e00-\u9fff]", text) and text != "简体中文"]
    moving = re.compile(r"\d|not known|looking…")  # times and counts move on, and networks answer meanwhile
    assert {t for t in english_texts if not moving.search(t)} <= there
    QTest.mouseRelease(canvas, LEFT, NO_KEY, middle + QPoint(25, 45))
    settle(0.1)
    assert len(looking.parts.history.steps) == steps + 1
    session.undo()
    settle(0.1)
    assert np.array_equal(document.labels.to_array(), one_stroke)
    stop.append(True)
    assert wait_for(lambda: not looking.parts.jobs.running, 60)


def test_what_lies_over_the_photo_and_is_built_once_follows_the_language(looking: Any) -> None:
    window, tour = looking.window, looking.window.tour
    looking.parts.sides.toggle()
    looking.parts.view.set_sides(right="mask")
    tour.start()
    settle(0.1)
    window.panel("layersPanel").adjust.setChecked(True)
    assert window.sides.second is not None and tour.callout.isVisible()

    switch(looking, "zh_CN")
    for part in (window.review, window.sides, tour.callout):
        assert not left_in_english(looking, part)
    right = looking.parts.sides.right
    right._refused(PhotoError("“a.jpg” was not found.", "Check the spelling of the path."))
    assert not english(right.words, NAMES | {"jpg"}), "what went wrong is said in the language in force"
    assert window.panel("layersPanel").tone.isVisibleTo(window.panel("layersPanel")), "it stays unfolded"
    while tour.step != "versions":
        QTest.mouseClick(tour.callout.next, LEFT)
    settle(0.05)
    tree = window.panel("learningPanel").versions.tree
    QTest.mouseClick(tree.viewport(), LEFT, pos=tree.visualItemRect(tree.item(0, 0)).center())
    assert wait_for(lambda: tour.step == "export", 60), "the panel is another one, and is listened to"


def test_old_panels_are_gone_after_a_switch(looking: Any) -> None:
    window = looking.window
    old = window.panel("layersPanel")
    gone: list[bool] = []
    old.destroyed.connect(lambda: gone.append(True))
    switch(looking, "zh_CN")
    assert gone
    assert window.panel("layersPanel") is not old
    looking.parts.session.set_threshold(0.4)
    looking.parts.view.set_layer("mask", visible=False)
    assert window.panel("layersPanel").threshold.value() == 40


@pytest.mark.parametrize("name", ["settings", "shortcuts", "edit_shortcuts", "about", "export", "set_scale"])
def test_dialogs_are_in_chinese_with_qts_own_buttons(looking: Any, name: str) -> None:
    window = looking.window
    switch(looking, "zh_CN")
    getattr(window.ask, name)()
    dialog = next(d for d in window.findChildren(QDialog) if d.isVisible())
    names = names_of(looking)
    left = [f"{place}: {text}" for place, text in said(dialog) if english(text, names)]
    dialog.close()
    assert not left
    box = dialog.findChild(QDialogButtonBox)
    close = box.button(QDialogButtonBox.StandardButton.Close)
    assert close is None or "关闭" in close.text()


def test_the_language_chosen_in_the_settings_is_applied_at_once_and_kept(looking: Any) -> None:
    window = looking.window
    window.ask.settings()
    dialog = next(d for d in window.findChildren(QDialog) if d.isVisible())
    dialog.language.setCurrentIndex(dialog.language.findData("zh_CN"))
    assert wait_for(lambda: any(d.windowTitle() == "设置" for d in window.findChildren(QDialog)), 60)
    assert load_settings().settings.language == "zh_CN"
    assert window.menuBar().actions()[0].text() == "文件(&F)"
    for open_one in window.findChildren(QDialog):
        open_one.close()


def test_old_settings_files_load_in_the_desktops_language(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('version = 1\nauthor = "Li"\n', encoding="utf-8")
    assert load_settings(path, {}).settings == replace(Settings(), author="Li", language="system")
    assert QApplication.instance() is not None
