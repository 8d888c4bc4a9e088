"""Start: the window first, everything slow after its first paint; and pictures of the real window."""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
from PySide6.QtCore import QEvent, QObject, QSettings, QThread, QTimer
from PySide6.QtWidgets import QApplication

from resatt_studio import settings
from resatt_studio.app.actions import ACTIONS
from resatt_studio.app.attention import PhotoAttention
from resatt_studio.app.both_sides import BothSides
from resatt_studio.app.changes import PhotoChanges
from resatt_studio.app.collector import Collector
from resatt_studio.app.comparing import MaskComparison
from resatt_studio.app.dehazing import PhotoDehazing
from resatt_studio.app.doubts import PhotoDoubts
from resatt_studio.app.job_list import JobList
from resatt_studio.app.keymap import Keymap
from resatt_studio.app.label_learner import LabelLearner
from resatt_studio.app.labels import PhotoLabels
from resatt_studio.app.language import apply_language
from resatt_studio.app.layer_actions import LAYER_ACTIONS
from resatt_studio.app.learner import Learner
from resatt_studio.app.notices import FaultCatcher, log_file
from resatt_studio.app.other_networks import OtherNetworks
from resatt_studio.app.parts import Look, Parts
from resatt_studio.app.photo_history import PhotoHistory
from resatt_studio.app.photo_scale import PhotoScale
from resatt_studio.app.photo_tone import PhotoTone
from resatt_studio.app.second_reader import SecondReader
from resatt_studio.app.session import Session
from resatt_studio.app.shelf import Shelf
from resatt_studio.app.theme import apply_theme
from resatt_studio.app.version_pair import VersionPair
from resatt_studio.app.view_state import ViewState
from resatt_studio.app.window import TOOL_ACTIONS, MainWindow
from resatt_studio.errors import ProjectError
from resatt_studio.words import mark

SIZES_PX: tuple[tuple[int, int], ...] = ((1280, 800), (1920, 1080))
PICTURE_WAIT_S = 120.0
_SIGNAL_LOOK_MS = 250
_SWITCH_SECONDS = 0.001


@dataclass(frozen=True, slots=True)
class Studio:
    """A started app: the window and what stands behind it."""

    window: MainWindow
    parts: Parts


def make_application() -> QApplication:
    """The one QApplication, with the app's names."""
    existing = QApplication.instance()
    application = existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])
    application.setApplicationName("ResAtt Studio")
    application.setApplicationDisplayName("")
    application.setDesktopFileName("resatt-studio")
    application.setStyle("Fusion")
    return application


def make_studio(application: QApplication, preferences: settings.Settings, state: QSettings) -> Studio:
    """Build the window and show nothing yet; imports nothing slow."""
    apply_language(application, preferences.language)
    look = Look()
    look.set(apply_theme(application, preferences.theme))
    session = Session(preferences)
    view = ViewState(session, preferences.tool_options)
    shelf = Shelf(session)
    networks = OtherNetworks(
        session.predictor.courtesy, lambda: session.predictor.device, preferences.engine_path
    )
    session.predictor.clearing = networks.clearing
    pair = VersionPair(session)
    dehazing = PhotoDehazing(session, view, networks)
    changes = PhotoChanges(session, view, pair, networks)
    parts = Parts(
        session,
        view,
        Learner(session, shelf),
        look,
        PhotoLabels(session, networks),
        dehazing,
        PhotoAttention(session, view, networks),
        shelf,
        MaskComparison(session, view, networks),
        LabelLearner(session, shelf),
        pair,
        changes,
        PhotoDoubts(session, session),
        PhotoScale(session, session),
        PhotoHistory(session, session),
        Keymap((*ACTIONS, *TOOL_ACTIONS, *LAYER_ACTIONS), preferences.shortcuts, session),
        JobList(session, session),
        SecondReader(session, session),
        PhotoTone(session, view, session),
        BothSides(session, view, networks, pair, dehazing, changes, session),
    )
    return Studio(MainWindow(parts, state), parts)


def leave_room() -> None:
    """Let the window's thread have its turn soon, whatever works beside it in this process."""
    # A stroke must not wait Python's usual 5 ms each time the worker's thread is in the middle of something.
    sys.setswitchinterval(_SWITCH_SECONDS)
    # OpenCV would use every core for what is decoded, searched or made beside the window.
    cv2.setNumThreads(max(1, QThread.idealThreadCount() - 1))


def run(project: Path | None = None) -> int:
    """Show the window and return the exit code when it was closed.

    Args:
        project: Opened after the first paint; None opens the newest recent project that is still there.
    """
    application = make_application()
    leave_room()
    loaded = settings.load_settings()
    studio = make_studio(application, loaded.settings, window_state())
    window, session = studio.window, studio.parts.session
    catcher = FaultCatcher(window.show_error)
    _close_on_interrupt(window)
    Collector(window, session.predictor.courtesy)

    def painted() -> None:
        _start_log()
        session.start()
        window.app_icon()
        for problem in loaded.problems:
            session.failed.emit(problem)
        recent = (folder for folder in loaded.settings.recent_projects if folder.is_dir())
        wanted = project or next(recent, None)
        if wanted is not None:
            session.open_project(wanted)
        else:
            window.tour.start_once()
        session.predictor.wake()

    after_first_paint(window, painted)
    application.styleHints().colorSchemeChanged.connect(lambda _: _follow_system(application, studio))
    window.show()
    code = application.exec()
    catcher.release()
    if not window.ended_in_time:
        # A thread deep in a network's step cannot be ended from outside, and the interpreter would crash on
        # its way out under it. Everything is written and the project is closed: leave at once.
        logging.shutdown()
        os._exit(code)
    return code


def window_state() -> QSettings:
    """Where size and docks are kept."""
    return QSettings("resatt-studio", "window")


def after_first_paint(window: MainWindow, act: Callable[[], None]) -> None:
    """Call ``act`` once, from the event loop, when the window has been painted."""
    waiter = _FirstPaint(window, act)
    window.installEventFilter(waiter)


class _FirstPaint(QObject):
    def __init__(self, window: MainWindow, act: Callable[[], None]) -> None:
        super().__init__(window)
        self._act: Callable[[], None] | None = act

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint and self._act is not None:
            act, self._act = self._act, None
            # Through the event loop: this very paint has to reach the screen first.
            QTimer.singleShot(0, act)
            watched.removeEventFilter(self)
        return False


def screenshots(project: Path, out: Path) -> list[Path]:
    """Write pictures of the real window with ``project`` open, light and dark, in two sizes.

    Needs no screen. Waits until the first photo has its prediction.

    Raises:
        ProjectError: The project did not open, or no photo of it could be shown.
    """
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application = make_application()
    # Nobody could answer what the window asks when it is closed while it learns.
    preferences = replace(settings.load_settings().settings, learn_cracks="ask", learn_labels="ask")
    out.mkdir(parents=True, exist_ok=True)
    state = QSettings(str(out / ".window.ini"), QSettings.Format.IniFormat)
    studio = make_studio(application, preferences, state)
    window, session = studio.window, studio.parts.session
    errors: list[BaseException] = []
    session.failed.connect(errors.append)
    window.resize(*SIZES_PX[0])
    window.show()
    session.start()
    session.open_project(project)
    written = []
    try:
        shown = wait_for(lambda: bool(errors) or session.prediction is not None, PICTURE_WAIT_S)
        if errors:
            raise errors[0]
        if not shown:
            raise ProjectError(
                mark("No photo of {project} could be shown in time.").format(project=project),
                mark("Open it in the window."),
            )
        for theme in ("light", "dark"):
            studio.parts.look.set(apply_theme(application, theme))
            for width_px, height_px in SIZES_PX:
                window.resize(width_px, height_px)
                studio.window.canvas.fit()
                settle()
                path = out / f"window-{theme}-{width_px}x{height_px}.png"
                window.grab().save(str(path))
                written.append(path)
    finally:
        session.predictor.forget()
        window.close()
        # The interpreter cannot end under a thread that is deep in a network's step: wait for it.
        session.gpu.stop(PICTURE_WAIT_S)
        window.deleteLater()
        settle()
        (out / ".window.ini").unlink(missing_ok=True)
    return written


def wait_for(met: Callable[[], bool], timeout_s: float) -> bool:
    """Keep the event loop alive until ``met`` or the time is over; return which."""
    deadline = time.monotonic() + timeout_s
    while not met():
        over = time.monotonic() > deadline  # after a long stall, what is due is done all the same
        QApplication.processEvents()
        if over:
            return met()
        time.sleep(0.005)
    return True


def settle(seconds: float = 0.4) -> None:
    """Let the event loop do what was asked of it, such as a repaint at another size."""
    wait_for(lambda: False, seconds)


def _follow_system(application: QApplication, studio: Studio) -> None:
    if studio.parts.session.settings.theme == "system":
        studio.parts.look.set(apply_theme(application, "system"))


def _close_on_interrupt(window: MainWindow) -> None:
    """Let Ctrl-C in the terminal close the window as its own button does."""
    signal.signal(signal.SIGINT, lambda *_: window.close())
    # Python sees a signal only when it runs; the timer lets it, whatever the event loop waits for.
    timer = QTimer(window, interval=_SIGNAL_LOOK_MS)
    timer.timeout.connect(lambda: None)
    timer.start()


def _start_log() -> None:
    """Keep faults in a file of the user's log folder; a folder that refuses is no reason to stop."""
    import logging.handlers

    try:
        log_file().parent.mkdir(parents=True, exist_ok=True)
        handler = logging.handlers.RotatingFileHandler(
            log_file(), maxBytes=1_000_000, backupCount=2, encoding="utf-8", delay=True
        )
    except OSError:
        return
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.getLogger("resatt_studio").addHandler(handler)
