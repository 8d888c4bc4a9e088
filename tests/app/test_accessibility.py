"""Claims about who can use the window: names for screen readers, the keyboard's way through it, contrast.

The real window is walked as a screen reader, a person without a mouse and a colour meter would walk it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QAccessible, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QProgressBar,
    QScrollBar,
    QToolButton,
    QWidget,
)

from resatt_studio.app.main import settle
from resatt_studio.app.panels.registry import PANELS
from resatt_studio.app.theme import apply_theme, contrast

pytestmark = pytest.mark.gui

DIALOGS: dict[str, Callable[[Any], Any]] = {
    "settings": lambda studio: studio.window.ask.settings(),
    "export": lambda studio: studio.window.ask.export(),
    "shortcuts": lambda studio: studio.window.ask.shortcuts(),
    "shortcut editor": lambda studio: studio.window.ask.edit_shortcuts(),
    "palette": lambda studio: studio.window.show_palette(),
    "checkpoint": lambda studio: studio.window.ask.checkpoint(),
    "about": lambda studio: studio.window.ask.about(),
}
INTERACTIVE = (
    QAbstractButton, QAbstractItemView, QAbstractSlider, QAbstractSpinBox, QComboBox, QLineEdit, QProgressBar,
)  # fmt: skip


@pytest.fixture
def painted(looking: Any) -> Any:
    """The window with a photo, strokes, a checkpoint and a failure, so that every list has a line."""
    session = looking.parts.session
    for row in (10.0, 40.0):
        session.document.begin("brush", 1, 3.0)
        session.document.extend([(row, 10.0), (row, 90.0)])
        session.document.end()
        session.note_edit()
    looking.parts.history.add_checkpoint("here")
    looking.window.panel("layersPanel").adjust.setChecked(True)
    looking.window.activateWindow()
    settle(0.3)
    return looking


def walked(studio: Any) -> Iterator[tuple[str, QWidget]]:
    """The window with each panel in front, then each dialog, one after the other."""
    for panel in PANELS:
        studio.window.bring(panel.id)
        settle(0.1)
        yield panel.title, studio.window
    for name, show in DIALOGS.items():
        before = {child for child in studio.window.children() if child.isWidgetType()}
        show(studio)
        settle(0.1)
        (dialog,) = (c for c in studio.window.children() if c.isWidgetType() and c not in before)
        yield name, dialog
        dialog.close()
        settle(0.05)


def inside(top: QWidget) -> Iterator[QWidget]:
    """Visible widgets of one window that people can act on or are told progress by."""
    for widget in top.findChildren(QWidget):
        if (
            widget.window() is not top
            or not widget.isVisible()
            or isinstance(widget, (QScrollBar, QHeaderView))
        ):
            continue
        if widget.objectName().startswith("qt_") and not isinstance(widget, QLineEdit):
            continue  # parts of other widgets, which speak for them
        if isinstance(widget.parent(), (QAbstractSpinBox, QComboBox)):
            continue
        if widget.focusPolicy() != Qt.FocusPolicy.NoFocus or isinstance(widget, INTERACTIVE):
            yield widget


def described(widget: QWidget) -> str:
    return f"{type(widget).__name__} {widget.objectName()!r} in {type(widget.parent()).__name__}"


def test_a_screen_reader_is_told_the_name_of_everything_that_can_be_used(painted: Any) -> None:
    nameless = set()
    for where, top in walked(painted):
        for widget in inside(top):
            spoken = QAccessible.queryAccessibleInterface(widget)
            if spoken is None or not spoken.text(QAccessible.Text.Name).strip():
                nameless.add(f"{where}: {described(widget)}")
    assert "\n".join(sorted(nameless)) == ""


def test_names_within_a_panel_tell_its_controls_apart(painted: Any) -> None:
    for where, top in walked(painted):
        if where not in DIALOGS:
            continue
        names = Counter(
            (type(widget).__name__, QAccessible.queryAccessibleInterface(widget).text(QAccessible.Text.Name))
            for widget in inside(top)
        )
        assert [name for name, count in names.items() if count > 1] == [], where


def tab_path(top: QWidget) -> list[QWidget]:
    """Where Tab leads, from the widget with the focus until it comes round."""
    path: list[QWidget] = []
    while (here := QApplication.focusWidget()) not in path and here is not None and len(path) < 300:
        path.append(here)
        QTest.keyClick(here, Qt.Key.Key_Tab)
    return path


def test_tab_leads_to_every_control_of_the_window_and_of_every_dialog(painted: Any) -> None:
    missed = set()
    for where, top in walked(painted):
        first = next(w for w in inside(top) if w.focusPolicy() & Qt.FocusPolicy.TabFocus and w.isEnabled())
        (painted.window.canvas if top is painted.window else first).setFocus(Qt.FocusReason.TabFocusReason)
        path = tab_path(top)
        for widget in inside(top):
            if not widget.focusPolicy() & Qt.FocusPolicy.TabFocus or not widget.isEnabled():
                continue
            proxy = widget.focusProxy()
            radio = (
                isinstance(widget, QAbstractButton) and widget.autoExclusive()
            )  # arrow keys go on from one
            if widget not in path and proxy not in path and not radio:
                missed.add(f"{where}: {described(widget)}")
    assert "\n".join(sorted(missed)) == ""


def test_f6_goes_round_the_areas_and_back(painted: Any) -> None:
    window = painted.window
    areas = window.areas.areas()
    assert {window.canvas, window.bar, window.options} <= set(areas) and len(areas) >= 5
    window.canvas.setFocus()
    seen = []
    for _ in areas:
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_F6)
        here = QApplication.focusWidget()
        seen.append(next(area for area in areas if area is here or area.isAncestorOf(here)))
    assert seen == [*areas[1:], areas[0]]
    QTest.keyClick(window.canvas, Qt.Key.Key_F6, Qt.KeyboardModifier.ShiftModifier)
    assert areas[-1].isAncestorOf(QApplication.focusWidget())


def test_the_control_with_the_focus_looks_different(painted: Any) -> None:
    unmarked = set()
    for where, top in walked(painted):
        for widget in inside(top):
            if not widget.focusPolicy() & Qt.FocusPolicy.TabFocus or not widget.isEnabled():
                continue
            others = [other for other in inside(top) if other is not widget and other.isEnabled()]
            if not others or widget.focusProxy() is not None or widget.visibleRegion().isEmpty():
                continue
            others[0].setFocus(Qt.FocusReason.TabFocusReason)
            without = seen(widget)
            widget.setFocus(Qt.FocusReason.TabFocusReason)
            if QApplication.focusWidget() is widget and seen(widget) == without:
                unmarked.add(f"{where}: {described(widget)}")
    assert "\n".join(sorted(unmarked)) == ""


def seen(widget: QWidget) -> QImage:
    """A widget as it looks on the ground it stands on."""
    top = widget.window()
    corner = widget.mapTo(top, widget.rect().topLeft())
    return top.grab(QRect(corner, widget.size())).toImage()


def best_contrast(image: QImage) -> float:
    """Of the commonest colour, the ground, with that pixel which stands out most, the middle of a letter."""
    colours = Counter(
        image.pixelColor(x, y).name() for y in range(image.height()) for x in range(image.width())
    )
    ((ground, _),) = colours.most_common(1)
    return max(contrast(colour, ground) for colour in colours)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_text_stands_out_4_5_to_1(painted: Any, theme: str) -> None:
    painted.parts.look.set(apply_theme(QApplication.instance(), theme))
    poor = set()
    for where, top in walked(painted):
        for widget in top.findChildren(QWidget):
            texts = isinstance(widget, (QLabel, QAbstractButton)) and widget.text().strip()
            if not texts or not widget.isVisible() or not widget.isEnabled() or widget.window() is not top:
                continue
            if widget.visibleRegion().isEmpty() or widget.width() < 6:
                continue
            found = best_contrast(seen(widget))
            icon = isinstance(widget, QToolButton) and not widget.icon().isNull() and widget.width() < 60
            if found < (3.0 if icon else 4.5):  # WCAG 2.2, 1.4.3 and 1.4.11: pictures stand out 3 to 1
                poor.add(f"{where}: {widget.text()!r} {found:.1f}")
    assert "\n".join(sorted(poor)) == ""
