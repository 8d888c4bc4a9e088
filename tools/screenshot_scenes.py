"""How each picture of ``screenshot_plan.py`` is taken from the real window, and cut to what it shows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QSize, Qt, QTimer
from PySide6.QtGui import QMouseEvent, QPainter, QPixmap
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDockWidget, QMenu, QWidget
from screenshot_plan import GESTURES, MENU_TITLES, Picture, dialog_line

from resatt_studio.app.main import settle, wait_for
from resatt_studio.app.notices import CrashDialog, crash_report
from resatt_studio.app.tour_steps import STEPS
from resatt_studio.errors import BugError, StoreError

WINDOW = QSize(1280, 800)
_TOOL_WINDOW = QSize(1440, 800)
_TOOL = QSize(620, 240)
"""Part of the photo under the options of a tool."""
_PANEL_WINDOW = QSize(1280, 1500)
_PANEL_PX = 340
_PART = QSize(560, 300)
_TITLE_PX = 34
_LIST_PX = 520
"""Height of a panel that is a list and has no end of its own."""
_MARGIN_PX = 14
_QUICK_S, _CALM_S, _LAYER_S = 0.06, 0.2, 1.0
_ZOOM = 3.0
_EVERY = "every"
_FRONT = "learningPanel"
"""The panel in front of those that share its place."""
_LEFT, _NO_KEY = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
_NO_BUTTON = Qt.MouseButton.NoButton
_WAY = ((-150, -40), (-70, -85), (60, -60), (120, -20), (150, 60))
"""Where the mouse goes, from the middle of the canvas."""


class Scenes:
    """Puts the window into the state of a picture, takes it, and puts the window back.

    Args:
        studio: The started app.
    """

    def __init__(self, studio: Any) -> None:
        self._main = studio.window
        self._parts = studio.parts
        self._arranged: tuple[QSize, str] | None = None
        self.parts_taken = {
            "map": self._map,
            "key-cursor": self._key_cursor,
            "uncertainty": lambda: self._layer("uncertainty"),
            "tone": self._tone,
            "colours-mask": lambda: self._colours("mask"),
            "colours-correction": lambda: self._colours("correction"),
            "layer-menu": self._layer_menu,
            "notice-news": self._news,
            "notice-error": self._error,
            "change": lambda: self._layer("change"),
            "change-legend": self._change_legend,
            "jobs-failed": lambda: self.panel("jobs"),
            "review-waits": self._review,
            "review-note": self._review,
        }

    def shoot(self, picture: Picture) -> QPixmap:
        """What a picture shows now, in the language and theme in force."""
        if picture.kind not in ("panel", "tool"):
            self._arrange(WINDOW, _EVERY)
        take: Callable[[str], QPixmap] = getattr(self, picture.kind)
        return take(picture.of)

    def show_whole(self) -> None:
        """The window as it is at first."""
        self._arrange(WINDOW, _EVERY)
        self._main.canvas.fit()

    # -- kinds --

    def window(self, name: str) -> QPixmap:
        """All of the window; with two views for "sides"."""
        view = self._parts.view
        if name == "sides":
            view.set_sides(on=True, left="correction", right="probability")
        if name in ("labels", "attention-point", "learning"):
            self._main.bring({"attention-point": "attentionPanel"}.get(name, f"{name}Panel"))
        settle(_CALM_S)
        taken = self._main.grab()
        if name == "sides":
            view.set_sides(on=False)
        return taken

    def panel(self, name: str) -> QPixmap:
        """One panel, as high as what it has to say."""
        dock = self._alone(f"{name}Panel")
        return self._main.grab(self._seen(dock))

    def tool(self, name: str) -> QPixmap:
        """A tool in the middle of an act, under its options."""
        canvas, view, session = self._main.canvas, self._parts.view, self._parts.session
        self._arrange(_TOOL_WINDOW, "")
        view.set_brush(tool=name, radius_px=6.0)
        row, column = self._on_crack()
        canvas.centre_on(row, column, _ZOOM * canvas.ratio)
        settle(_QUICK_S)
        middle = QPoint(canvas.width() // 2, canvas.height() // 2)
        self._act(GESTURES[name], middle)
        settle(_QUICK_S)
        taken = self._with_options()
        for _ in range(8):
            QTest.keyClick(canvas, Qt.Key.Key_Escape)
        QTest.mouseRelease(canvas, _LEFT, _NO_KEY, middle + QPoint(*_WAY[-1]))
        settle(_QUICK_S)
        while session.can_undo:
            session.undo()
        return taken

    def dialog(self, name: str) -> QPixmap:
        """A dialog, opened by its action."""
        if name == "close-learning":
            return self._question(self._main.close)
        if name == "not-saved":
            error = StoreError(
                "42 strokes are not saved yet: the disk is too slow.", "Wait a moment and save again."
            )
            return self._question(lambda: self._main._try_again(error))
        if name == "crash":
            return self._opened(self._crash)
        return self._opened(self._main.actions_[dialog_line(name).act].trigger)

    def part(self, name: str) -> QPixmap:
        """A bar, a list, a part of the photo."""
        return self.parts_taken[name]()

    def menu(self, name: str) -> QPixmap:
        """A menu of the menu bar."""
        place = [title.lower() for title in MENU_TITLES].index(name)
        return self._popped(self._main.menuBar().actions()[place].menu().popup)

    def tour(self, name: str) -> QPixmap:
        """A step of the tour: its callout, and what it points at."""
        tour, order = self._main.tour, [step.id for step in STEPS]
        tour.start()
        while tour.step != name:
            tour.callout.went.emit(+1 if order.index(tour.step) < order.index(name) else -1)
        settle(_CALM_S)
        seen = tour.callout.geometry().united(tour.frame.geometry() if tour.frame.isVisible() else QRect())
        taken = self._main.grab(self._around(seen))
        tour.stop()
        return taken

    # -- parts --

    def _map(self) -> QPixmap:
        canvas = self._main.canvas
        canvas.centre_on(*self._on_crack(), _ZOOM * canvas.ratio)
        return self._corner()

    def _key_cursor(self) -> QPixmap:
        canvas, view = self._main.canvas, self._parts.view
        view.set_brush(tool="brush", radius_px=8.0)
        canvas.centre_on(*self._on_crack(), _ZOOM * canvas.ratio)
        view.toggle_key_cursor()
        canvas.setFocus()
        settle(_QUICK_S)
        taken = self._main.grab(self._within(canvas, _PART))
        view.toggle_key_cursor()
        canvas.fit()
        return taken

    def _layer(self, name: str) -> QPixmap:
        view, canvas = self._parts.view, self._main.canvas
        shown = view.layers[name].visible
        view.set_layer(name, visible=True)
        canvas.centre_on(*self._on_crack(), 1.5 * canvas.ratio)
        settle(_LAYER_S)
        taken = self._main.grab(self._within(canvas, _PART))
        view.set_layer(name, visible=shown)
        canvas.fit()
        return taken

    def _tone(self) -> QPixmap:
        dock, panel = self._alone("layersPanel"), self._main.panel("layersPanel")
        panel.adjust.setChecked(True)
        settle(_LAYER_S)
        taken = self._main.grab(self._seen(dock))
        panel.adjust.setChecked(False)
        return taken

    def _change_legend(self) -> QPixmap:
        view = self._parts.view
        view.set_layer("change", visible=True)
        taken = self.panel("layers")
        view.set_layer("change", visible=False)
        return taken

    def _colours(self, name: str) -> QPixmap:
        return self._popped(lambda _: self._main.panel("layersPanel").rows[name].swatch.click(), deep=True)

    def _layer_menu(self) -> QPixmap:
        title = self._main.panel("layersPanel").rows["mask"].title
        return self._popped(lambda _: title.customContextMenuRequested.emit(QPoint(2, 2)))

    def _news(self) -> QPixmap:
        self._main.actions_["next_unread"].trigger()
        return self._notice(self._main.notice.news)

    def _error(self) -> QPixmap:
        self._main.ask._refuse(Path("/home/inspector/bridge-4/attention.png"))
        taken = self._notice(self._main.notice.errors)
        self._parts.jobs.clear_failures()  # else the status bar of every later picture counts it
        return taken

    def _notice(self, bar: Any) -> QPixmap:
        settle(_QUICK_S)
        taken = self._main.grab(self._around(QRect(bar.mapTo(self._main, QPoint(0, 0)), bar.size()), 0))
        bar.close_one()
        return taken

    def _review(self) -> QPixmap:
        bar = self._main.review
        settle(_LAYER_S)
        corner = bar.mapTo(self._main, QPoint(0, 0))
        return self._main.grab(QRect(corner, QSize(bar.width(), bar.height() + 160)))

    # -- taking --

    def _opened(self, act: Callable[[], object]) -> QPixmap:
        """The dialog that ``act`` opens, soon or at once; closed again."""
        before = set(self._main.children())
        act()
        new = lambda: [c for c in self._main.children() if c not in before and c.isWidgetType()]  # noqa: E731
        if not wait_for(lambda: bool(new()), 30):
            raise BugError("no dialog was opened")
        (dialog,) = new()
        settle(_QUICK_S)
        taken = dialog.grab()
        dialog.close()
        settle(0.01)
        return taken

    def _question(self, act: Callable[[], object]) -> QPixmap:
        """A question that stops the window until it is answered; answered with Escape."""
        taken: list[QPixmap] = []

        def answer() -> None:
            question = QApplication.activeModalWidget()
            if question is not None:
                taken.append(question.grab())
                QTest.keyClick(question, Qt.Key.Key_Escape)

        timer = QTimer(interval=300)
        timer.timeout.connect(answer)
        timer.start()
        act()
        timer.stop()
        return taken[0]

    def _popped(self, act: Callable[[QPoint], object], deep: bool = False) -> QPixmap:
        """The menu that ``act`` pops up; ``deep`` shows its first submenu instead, where it has one."""
        act(self._main.mapToGlobal(QPoint(40, 60)))
        settle(_QUICK_S)
        menu = QApplication.activePopupWidget()
        if not isinstance(menu, QMenu):
            raise BugError("no menu was opened")
        parts = [action.menu() for action in menu.actions() if action.menu()] if deep else []
        if parts:
            parts[0].popup(menu.mapToGlobal(QPoint(60, 20)))
            settle(_QUICK_S)
            taken = parts[0].grab()
            parts[0].close()
        else:
            taken = menu.grab()
        menu.close()
        settle(0.01)
        return taken

    def _crash(self) -> None:
        """A report without a traceback, which would name the folders of this machine."""
        CrashDialog(crash_report(BugError("tile 3, 7 was never written")), self._main).open()

    # -- where --

    def _alone(self, id: str) -> QDockWidget:
        """One panel without the others, in a window that is high enough for all of it."""
        self._arrange(_PANEL_WINDOW, id)
        dock: QDockWidget = self._main.findChild(QDockWidget, id)
        self._main.resizeDocks([dock], [_PANEL_PX], Qt.Orientation.Horizontal)
        wait_for(lambda: dock.height() > _PANEL_WINDOW.height() // 2, 5)
        settle(_QUICK_S)
        return dock

    def _arrange(self, size: QSize, panels: str) -> None:
        """Give the window a size, and show every panel, one by its id, or with "" none."""
        if (size, panels) == self._arranged:
            return
        self._arranged = (size, panels)
        for dock in self._main.findChildren(QDockWidget):
            dock.setVisible(panels in (_EVERY, dock.objectName()))
        if panels:
            self._main.bring(_FRONT if panels == _EVERY else panels)
        self._main.resize(size)
        settle(_CALM_S)

    def _seen(self, dock: QDockWidget) -> QRect:
        """The dock down to the end of its words."""
        panel, height = dock.widget(), _LIST_PX
        if hasattr(panel, "column"):
            body = panel.widget()
            asked = body.heightForWidth(body.width())
            height = _TITLE_PX + max(asked, body.minimumSizeHint().height(), 120)
        return QRect(dock.pos(), QSize(dock.width(), min(dock.height(), height)))

    def _with_options(self) -> QPixmap:
        """The options bar as far as it has options, over the middle of the photo."""
        canvas, bar = self._main.canvas, self._main.options
        size = QSize(max(_TOOL.width(), bar.sizeHint().width()), _TOOL.height())
        above = bar.grab(QRect(0, 0, size.width(), bar.height()))
        photo = self._within(canvas, size)
        below = self._main.grab(photo)
        both = QPixmap(QSize(photo.width(), bar.height() + photo.height()) * above.devicePixelRatio())
        both.setDevicePixelRatio(above.devicePixelRatio())
        painter = QPainter(both)
        painter.drawPixmap(0, 0, above)
        painter.drawPixmap(0, bar.height(), below)
        painter.end()
        return both

    def _within(self, widget: QWidget, size: QSize) -> QRect:
        """A rectangle of that size around the middle of a widget, in the window's coordinates."""
        rect = QRect(QPoint(0, 0), size.boundedTo(widget.size()))
        rect.moveCenter(widget.mapTo(self._main, widget.rect().center()))
        return rect

    def _corner(self) -> QPixmap:
        """The lower right part of the canvas, where the map is."""
        canvas = self._main.canvas
        settle(_QUICK_S)
        end = canvas.mapTo(self._main, canvas.rect().bottomRight())
        taken = self._main.grab(QRect(end - QPoint(_PART.width(), _PART.height()), _PART))
        canvas.fit()
        return taken

    def _around(self, rect: QRect, margin_px: int = _MARGIN_PX) -> QRect:
        return rect.adjusted(-margin_px, -margin_px, margin_px, margin_px) & self._main.rect()

    def _on_crack(self) -> tuple[float, float]:
        """Row and column of a pixel of the photo that surely is crack, near its middle."""
        found = np.argwhere(self._parts.session.prediction.probability_8bit > 200)
        middle = np.array(self._parts.session.prediction.probability_8bit.shape) / 2
        row, column = found[np.abs(found - middle).sum(axis=1).argmin()]
        return row + 0.5, column + 0.5

    # -- the mouse --

    def _act(self, gesture: str, middle: QPoint) -> None:
        """Leave a tool in the middle of an act; Escape ends it."""
        canvas = self._main.canvas
        way = [middle + QPoint(*step) for step in _WAY]
        if gesture == "hover":
            self._move(middle, _NO_BUTTON)
        elif gesture == "crack":
            QTest.mousePress(canvas, _LEFT, _NO_KEY, middle)
            self._move(middle + QPoint(40, 0), _LEFT)
        elif gesture == "clicks":
            for place in way[:-1]:
                QTest.mouseClick(canvas, _LEFT, _NO_KEY, place)
            self._move(way[-1], _NO_BUTTON)
        elif gesture == "trace":
            QTest.mouseClick(canvas, _LEFT, _NO_KEY, middle)
            for place in (middle + QPoint(60, 15), middle + QPoint(130, 60)):
                self._move(place, _NO_BUTTON)
                settle(_CALM_S)
        else:
            QTest.mousePress(canvas, _LEFT, _NO_KEY, way[0])
            for place in way[1:]:
                self._move(place, _LEFT)

    def _move(self, to: QPoint, held: Qt.MouseButton) -> None:
        canvas, place = self._main.canvas, QPointF(to)
        event = QMouseEvent(
            QEvent.Type.MouseMove, place, canvas.mapToGlobal(place), _NO_BUTTON, held, _NO_KEY
        )
        QApplication.sendEvent(canvas, event)
        settle(0.05)
