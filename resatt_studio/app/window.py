"""The window: menus, bars and docks built from tables around the canvas; what they do lives elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Any

from PySide6.QtCore import QByteArray, QObject, QSettings, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QIcon, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractButton,
    QDockWidget,
    QHBoxLayout,
    QMainWindow,
    QMenu,
    QMessageBox,
    QStackedWidget,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from resatt_studio.app.actions import ActionSpec
from resatt_studio.app.areas import Areas
from resatt_studio.app.asks import Asks
from resatt_studio.app.binding import bind_canvas
from resatt_studio.app.canvas.layers import Layer
from resatt_studio.app.canvas.view import PhotoCanvas
from resatt_studio.app.canvas.view_places import ViewPlaces
from resatt_studio.app.conditions import conditions
from resatt_studio.app.eliding import ElidingLabel
from resatt_studio.app.icons import label_icon
from resatt_studio.app.layer_actions import LAYER_ACTIONS
from resatt_studio.app.layer_keeper import LayerKeeper
from resatt_studio.app.menus import Actions, fill_menu_bar
from resatt_studio.app.notices import CrashDialog, NoticeArea, crash_report
from resatt_studio.app.offers import Offers
from resatt_studio.app.options_bar import OptionsBar
from resatt_studio.app.own_keys import somebody_types
from resatt_studio.app.panels.registry import PANELS, PanelSpec
from resatt_studio.app.parts import Parts
from resatt_studio.app.recent import fill_recent_menu, read_drop
from resatt_studio.app.review_bar import ReviewBar
from resatt_studio.app.side_by_side import SideBySide
from resatt_studio.app.sides import read_sides
from resatt_studio.app.status import StatusBar
from resatt_studio.app.theme import Tokens
from resatt_studio.app.tool_bars import MainBar, ToolStrip
from resatt_studio.app.tool_options import OptionKeeper
from resatt_studio.app.tools.registry import TOOLS
from resatt_studio.app.tour import Tour
from resatt_studio.app.welcome import WelcomePage
from resatt_studio.errors import StudioError
from resatt_studio.records.labels import CrackType
from resatt_studio.resources import asset
from resatt_studio.words import again, tr, trn

LAYOUT_VERSION = 3
LOOKING = frozenset({"fit", "actual_size", "zoom_in", "zoom_out"})
"""What the canvas does of which the second view does its own while it has the keyboard."""
FINISH_LEARNING_S = 10.0
"""Learning ends within two seconds; a machine under load gets more before its best is given up."""

TOOL_ACTIONS: tuple[ActionSpec, ...] = tuple(
    ActionSpec(
        id=f"tool_{tool.name}",
        text=tool.title,
        target=f"tool.{tool.name}",
        help=tool.help,
        shortcuts=(tool.shortcut,),
        icon=tool.icon,
        needs="has_photo" if tool.paints else "",
        checked=f"tool={tool.name}",
    )
    for tool in TOOLS
)


class MainWindow(QMainWindow):
    """Everything on the screen.

    Args:
        parts: Behind it.
        state: Where size and docks are kept between starts.
    """

    def __init__(self, parts: Parts, state: QSettings) -> None:
        super().__init__()
        self.parts = parts
        self._state = state
        self._docks: dict[str, QDockWidget] = {}
        self._crashes: set[str] = set()
        self._closed = False
        self.ended_in_time = True
        self.setObjectName("mainWindow")
        self.setAcceptDrops(True)
        self.setAnimated(False)
        self.resize(1280, 800)
        self.canvas = PhotoCanvas()
        self.ask = Asks(parts, self)
        self.areas = Areas(self)
        self.tour = Tour(self, parts, state)
        self.actions_ = Actions(parts.keys, self._resolve, self, {"canvas": self.canvas})
        self.notice = NoticeArea()
        self.welcome = WelcomePage(parts, self.ask.new_project, self.ask.open_project)
        self.review = ReviewBar(parts, self.actions_)
        self.bar = MainBar(self.actions_, parts.keys)
        self.sides = SideBySide(self.canvas, parts, self.actions_)
        self.options = OptionsBar(self.actions_, parts.view, parts.keys)
        self.strip = ToolStrip(self.actions_, tuple(spec.id for spec in TOOL_ACTIONS), parts.keys)
        self._project_label = ElidingLabel(widest_px=420)
        self._build()
        self._connect()
        self._apply_look(parts.look.tokens)
        self._initial_layout = self.saveState(LAYOUT_VERSION)
        self._restore()
        self._show_project(None)

    # -- building --

    def _build(self) -> None:
        self.addToolBar(self.bar)
        self.addToolBarBreak()
        self.addToolBar(self.options)
        self._pages = QStackedWidget()
        work = QWidget()
        row = QHBoxLayout(work)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.strip)
        photo = QVBoxLayout()
        photo.setSpacing(0)
        photo.addWidget(self.review)
        photo.addWidget(self.sides, 1)
        row.addLayout(photo, 1)
        self._pages.addWidget(self.welcome)
        self._pages.addWidget(work)
        centre = QWidget()
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.notice)
        column.addWidget(self._pages, 1)
        self.setCentralWidget(centre)
        for spec in PANELS:
            self._add_dock(spec)
        self.status = StatusBar(self.parts)
        self.setStatusBar(self.status)
        self.status.jobs.clicked.connect(lambda: self.bring("jobsPanel"))
        self._fill_menus()
        self._project_label.setProperty("role", "muted")
        self._project_label.setContentsMargins(0, 6, 10, 4)
        self.menuBar().setCornerWidget(self._project_label, Qt.Corner.TopRightCorner)

    def _fill_menus(self) -> None:
        inserts: dict[str, Callable[[QMenu], None]] = {
            "@recent": self._insert_recent,
            "@panels": self._insert_panels,
            "@tools": self._insert_tools,
            "@layers": self._insert_layers,
        }
        fill_menu_bar(self.menuBar(), self.actions_, inserts)

    def _add_dock(self, spec: PanelSpec) -> None:
        dock = QDockWidget(self)
        dock.setObjectName(spec.id)
        _name_dock(dock, spec)
        self.addDockWidget(spec.area, dock)
        if spec.tab_with:
            self.tabifyDockWidget(self._docks[spec.tab_with], dock)
            self._docks[spec.tab_with].raise_()
        self._docks[spec.id] = dock
        # A panel behind another tab gets no hide event; the dock knows better.
        dock.visibilityChanged.connect(lambda shown: self._dock_seen(spec, shown))
        if not spec.lazy:
            self._fill_dock(spec)

    def _dock_seen(self, spec: PanelSpec, shown: bool) -> None:
        if shown:
            self._fill_dock(spec)
        if spec.watcher:
            getattr(self.parts, spec.watcher).watch(shown)

    def _fill_dock(self, spec: PanelSpec) -> None:
        dock = self._docks[spec.id]
        if dock.widget() is None:
            dock.setWidget(spec.resolve()(self.parts))

    def say_anew(self) -> None:
        """Say everything in the language that has come into force.

        Bars write anew what they say; panels are built anew, so that no word of theirs can stay behind. What
        is open, in hand or under way lives in the parts and in the canvas, which stay.
        """
        in_panel = any(dock.isAncestorOf(self.focusWidget()) for dock in self._docks.values())
        self.parts.keys.changed.emit()
        self.notice.say_anew()
        for spec in PANELS:
            dock = self._docks[spec.id]
            _name_dock(dock, spec)
            old = dock.widget()
            if old is not None:
                new = spec.resolve()(self.parts)
                if hasattr(new, "take_over"):
                    new.take_over(old)
                dock.setWidget(new)
                old.hide()
                old.setParent(None)
                old.deleteLater()
        self.tour.listen_to_panels()
        self._fill_menus()
        self._name_tabs()
        self._follow()
        if in_panel:
            self.canvas.setFocus()

    def panel(self, id: str) -> Any:
        """The widget of a panel; builds a lazy one."""
        spec = next(spec for spec in PANELS if spec.id == id)
        self._fill_dock(spec)
        return self._docks[id].widget()

    def bring(self, id: str) -> None:
        """Show a panel, wherever it was put."""
        self._docks[id].show()
        self._docks[id].raise_()

    def _insert_recent(self, menu: QMenu) -> None:
        recent = menu.addMenu(tr("&Recent projects"))
        session = self.parts.session
        recent.aboutToShow.connect(
            lambda: fill_recent_menu(recent, session.settings.recent_projects, session.open_project)
        )

    def _insert_panels(self, menu: QMenu) -> None:
        panels = menu.addMenu(tr("Pa&nels"))
        for dock in self._docks.values():
            panels.addAction(dock.toggleViewAction())

    def _insert_tools(self, menu: QMenu) -> None:
        tools = menu.addMenu(tr("&Tools"))
        tools.setToolTipsVisible(True)
        for spec in TOOL_ACTIONS:
            tools.addAction(self.actions_[spec.id])

    def _insert_layers(self, menu: QMenu) -> None:
        layers = menu.addMenu(tr("La&yers"))
        layers.setToolTipsVisible(True)
        for spec in LAYER_ACTIONS:
            layers.addAction(self.actions_[spec.id])

    def _resolve(self, target: str) -> Callable[[], None]:
        part, _, name = target.partition(".")
        view, labels = self.parts.view, self.parts.labels
        if part == "tool":
            return lambda: view.set_brush(tool=name)
        if part == "layer":
            return lambda: view.toggle_layer(name)
        if part == "solo":
            return lambda: view.solo(name)
        if part == "answer":
            return lambda: labels.choose(CrackType(name))
        if part == "canvas" and name in LOOKING:
            return lambda: getattr(self.sides.looked_at, name)()
        owners: dict[str, QObject] = {
            "session": self.parts.session,
            "learner": self.parts.learner,
            "label_learner": self.parts.label_learner,
            "shelf": self.parts.shelf,
            "view": view,
            "labels": labels,
            "doubts": self.parts.doubts,
            "reader": self.parts.reader,
            "sides": self.parts.sides,
            "ask": self.ask,
            "areas": self.areas,
            "tour": self.tour,
            "canvas": self.canvas,
            "window": self,
        }
        method: Callable[[], None] = getattr(owners[part], name)
        return method

    def _connect(self) -> None:
        session, look = self.parts.session, self.parts.look
        bind_canvas(self.canvas, self.parts, self.status)
        labels, attention = self.parts.labels, self.parts.attention
        changes = (session.changed, session.listed_changed, self.parts.learner.changed, labels.changed)
        for signal in (*changes, attention.changed, self.parts.label_learner.changed):
            signal.connect(self._follow)
        view = self.parts.view
        for signal in (
            view.brush_changed,
            view.split_changed,
            view.compare_changed,
            view.minimap_changed,
            view.key_cursor_changed,
            view.sides_changed,
            view.hand_changed,
            view.solo_changed,
            view.tone_changed,
        ):
            signal.connect(lambda _: self._follow())
        labels.answered.connect(lambda: self.bring("labelsPanel"))
        self.parts.view.layer_changed.connect(self._layer_changed)
        session.project_changed.connect(self._show_project)
        session.failed.connect(self.show_error)
        session.told.connect(lambda words: self.notice.tell(self.parts.keys.words(again(words))))
        self.options.done.connect(self.canvas.setFocus)
        self.tour.listen()
        Offers(self.parts, self.notice)
        write = self.ask.change_settings
        self._keeper = OptionKeeper(view.options, lambda texts: write(tool_options=texts), self)
        view.brush_changed.connect(lambda _: self._keeper.note())
        self._layer_keeper = LayerKeeper(view, self._state, self)
        look.changed.connect(self._apply_look)

    # -- showing --

    def _follow(self) -> None:
        session = self.parts.session
        self.actions_.follow(conditions(self.parts), self.parts.keys.words(session.huge_words))
        name = session.project.folder.name if session.project is not None else ""
        shown = [part for part in (name, session.entry.name if session.entry else "") if part]
        self.setWindowTitle(" — ".join((*shown, "ResAtt Studio")) + "[*]")
        self.setWindowModified(session.saving)
        count = len(session.state.entries)
        self._project_label.setText(
            trn("{name} — {count} photo", "{name} — {count} photos", count).format(name=name, count=count)
            if name
            else ""
        )

    def _layer_changed(self, layer: Layer) -> None:
        self._follow()
        if layer.name == "correction":
            self._apply_look(self.parts.look.tokens)

    def _show_project(self, project: object) -> None:
        if project is None:
            self.welcome.show_recent(self.parts.session.settings.recent_projects)
        self._pages.setCurrentIndex(0 if project is None else 1)
        self.bar.setVisible(True)
        self.options.setVisible(project is not None)
        if project is not None and not somebody_types():
            self.canvas.setFocus()  # else Qt takes the first button there is, as if somebody had gone to it
        self._follow()

    def _apply_look(self, tokens: Tokens) -> None:
        self.actions_.tint(tokens)
        self.bar.tint(tokens)
        correction = self.parts.view.layers["correction"]
        crack = label_icon(correction.colour, tokens.text, crossed=False)
        self.actions_["paint_crack"].setIcon(crack)
        not_crack = label_icon(correction.other_colour, tokens.text, crossed=True)
        self.actions_["paint_not_crack"].setIcon(not_crack)
        self.canvas.set_background(tokens.canvas)

    def show_error(self, error: BaseException) -> None:
        """What the user can mend goes to the quiet bar, a fault of ours to the crash dialog, once each."""
        if isinstance(error, StudioError):
            self.notice.warn(error)
            return
        report = crash_report(error)
        if report not in self._crashes:
            self._crashes.add(report)
            CrashDialog(report, self).open()

    def show_palette(self) -> None:
        """Everything that can be done or opened, found by a few letters of its name."""
        from resatt_studio.app.dialogs.palette import PaletteDialog
        from resatt_studio.app.palette import entries

        panels = {dock.windowTitle(): partial(self.bring, id) for id, dock in self._docks.items()}
        PaletteDialog(entries(self.parts, self.actions_, panels), self.parts.look.tokens, self).open()

    def undo(self) -> None:
        """Take back a point of what the tool holds, or the last stroke when it holds nothing."""
        if not self.canvas.step_back():
            self.parts.session.undo()

    def reset_layout(self) -> None:
        """Put every panel back where it was at first."""
        before = self._tab_bars()
        self.restoreState(self._initial_layout, LAYOUT_VERSION)
        if len(self._tab_bars()) > len(before):
            for left in before:  # Qt makes new ones, and leaves these on the screen, behind them
                left.hide()
        self.options.setVisible(self.parts.session.project is not None)
        self._name_tabs()

    def _tab_bars(self) -> list[QTabBar]:
        """Of stacked panels."""
        return self.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly)

    def _name_tabs(self) -> None:
        """Qt makes the tab bars of stacked panels itself and gives them no name."""
        for tabs in self._tab_bars():
            tabs.setAccessibleName(tr("Panels"))
            for name, act in (("Left", tr("Scroll Left")), ("Right", tr("Scroll Right"))):
                button = tabs.findChild(QAbstractButton, f"Scroll{name}Button")
                if button is not None:
                    button.setAccessibleName(act)

    # -- keys and drops --

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Hold V to see the bare photo, also from a panel that has no use for the key; the key of an action
        that the open photo can never have says why."""
        if self._peek(event, True):
            return
        why = self.actions_.why_not_by(QKeySequence(event.keyCombination()))
        if why and not event.isAutoRepeat():
            self.notice.tell(why)
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if not self._peek(event, False):
            super().keyReleaseEvent(event)

    def _peek(self, event: QKeyEvent, on: bool) -> bool:
        if event.key() != Qt.Key.Key_V or event.modifiers() or event.isAutoRepeat():
            return False
        self.canvas.set_peek(on)
        return True

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        dropped = read_drop(event.mimeData())
        if dropped.project is not None or dropped.sources:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        dropped = read_drop(event.mimeData())
        # A dialog may follow; the other program must not wait for it with the mouse in its hand.
        QTimer.singleShot(0, lambda: self.ask.take_drop(dropped))

    # -- end --

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._closed:
            return
        if self.parts.learner.learning and not self._ends_learning():
            event.ignore()
            return
        self.canvas.set_document(None)  # a stroke in hand ends here and counts
        self.canvas.remember_place()
        if not self._is_saved():
            self.canvas.set_document(self.parts.session.document)
            event.ignore()
            return
        self._closed = True
        self._keeper.flush()
        self._layer_keeper.flush()
        self.parts.tone.flush()
        self._state.setValue("minimap", self.parts.view.minimap)
        self._state.setValue("sides", self.parts.view.sides.text)
        self._state.setValue("geometry", self.saveGeometry())
        self._state.setValue(f"layout-{LAYOUT_VERSION}", self.saveState(LAYOUT_VERSION))
        self.hide()
        self.ended_in_time = self.parts.session.shut_down()
        if self.ended_in_time:
            self.parts.sides.beside.shut_down()
        event.accept()

    def _is_saved(self) -> bool:
        """Wait until every stroke is on the disk; when the disk refuses, the inspector decides."""
        while True:
            try:
                self.parts.session.flush()
            except StudioError as error:
                if not self._try_again(error):
                    return False
            else:
                return True

    def _try_again(self, error: StudioError) -> bool:
        question = QMessageBox(self)
        question.setWindowTitle(tr("Not saved yet"))
        question.setText(again(error.message))
        question.setInformativeText(
            tr("{hint} The window stays open until your strokes are saved.")
            .format(hint=again(error.hint))
            .strip()
        )
        retry = question.addButton(tr("Try again"), QMessageBox.ButtonRole.AcceptRole)
        question.setEscapeButton(question.addButton(tr("Stay open"), QMessageBox.ButtonRole.RejectRole))
        question.setDefaultButton(retry)
        question.exec()
        return question.clickedButton() is retry

    def _ends_learning(self) -> bool:
        question = QMessageBox(self)
        question.setWindowTitle(tr("Learning is under way"))
        question.setText(tr("The network is still learning."))
        question.setInformativeText(tr("Keep the best weights so far as a candidate, or drop this round?"))
        keep = question.addButton(tr("Keep the best and close"), QMessageBox.ButtonRole.AcceptRole)
        question.addButton(tr("Drop it and close"), QMessageBox.ButtonRole.DestructiveRole)
        stay = question.addButton(tr("Go on learning"), QMessageBox.ButtonRole.RejectRole)
        question.setDefaultButton(keep)
        question.setEscapeButton(stay)
        question.exec()
        if question.clickedButton() is stay:
            return False
        if question.clickedButton() is keep:
            self.parts.learner.finish(FINISH_LEARNING_S)
        return True

    def _restore(self) -> None:
        keep = lambda text: self._state.setValue("places", text)  # noqa: E731 - a listener
        self.canvas.places = ViewPlaces(str(self._state.value("places", "")), keep)
        self.parts.tone.recall(str(self._state.value("windows", "")))
        self.parts.tone.keep = partial(self._state.setValue, "windows")
        self.parts.view.set_minimap(str(self._state.value("minimap", "true")).lower() != "false")
        self.parts.view.set_sides(**asdict(read_sides(str(self._state.value("sides", "")))))
        geometry = self._state.value("geometry")
        layout = self._state.value(f"layout-{LAYOUT_VERSION}")
        if isinstance(geometry, QByteArray):
            self.restoreGeometry(geometry)
        if isinstance(layout, QByteArray):
            self.restoreState(layout, LAYOUT_VERSION)
        self._name_tabs()

    def app_icon(self) -> None:
        """Give the window its icon; drawn after the first paint."""
        self.setWindowIcon(QIcon(str(asset("icons", "app.png"))))


def _name_dock(dock: QDockWidget, spec: PanelSpec) -> None:
    title = tr(spec.title)
    dock.setWindowTitle(title)
    dock.setAccessibleName(tr("{title} panel").format(title=title))
    # Qt says these once, in the language in which the dock was made.
    for name, act, help in (
        ("floatbutton", tr("Float"), tr("Undocks and re-attaches the dock widget")),
        ("closebutton", tr("Close"), tr("Closes the dock widget")),
    ):
        button = dock.findChild(QAbstractButton, f"qt_dockwidget_{name}")
        if button is not None:
            button.setToolTip(act)
            button.setAccessibleName(act)
            button.setAccessibleDescription(help)
