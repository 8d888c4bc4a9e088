"""What went wrong: a quiet bar with a hint for what the user can mend, a crash report for what we must."""

from __future__ import annotations

import logging
import platform
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import platformdirs
from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal, qVersion
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

import resatt_studio
from resatt_studio.app.sentences import sentence
from resatt_studio.errors import StudioError
from resatt_studio.words import again, tr

INFO_SHOWN_MS = 6000
Offer = tuple[Callable[[], tuple[str, str]], Callable[[], object]]
"""Gives what is offered and the button's text, in the language in force; and does what the button says."""
MOST_ERRORS = 20
"""Older ones are in the list of what failed alone."""

log = logging.getLogger(__name__)


def log_file() -> Path:
    """Where faults are written down: in the user's log folder."""
    return platformdirs.user_log_path("resatt-studio", appauthor=False) / "window.log"


class NoticeBar(QFrame):
    """One line above the photo. Good news goes by itself, and what was offered before comes back; what must
    be mended stays until it is closed, and the error before it comes back then."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._errors: list[str] = []
        self._offer: Offer | None = None
        self.setObjectName("noticeBar")
        self._text = sentence()
        self._act = QPushButton()
        self._act.hide()
        close = self._close = QToolButton()
        close.setText("✕")
        close.clicked.connect(self.close_one)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 8, 6)
        row.addWidget(self._text, 1)
        row.addWidget(self._act)
        row.addWidget(close)
        self._timer = QTimer(self, singleShot=True, interval=INFO_SHOWN_MS)
        self._timer.timeout.connect(self._after_news)
        self._handler: Callable[[], object] | None = None
        self._act.clicked.connect(self._run)
        self.hide()

    @property
    def text(self) -> str:
        return self._text.text()

    def say_anew(self, name: str) -> None:
        """Say everything in the language in force.

        Args:
            name: Of the bar, for screen readers.
        """
        self.setAccessibleName(name)
        self._close.setAccessibleName(tr("Close the notice"))
        self._close.setToolTip(tr("Close"))
        if self.isHidden():
            return
        if self.property("kind") == "error":
            self._show_error()
        else:
            self._after_news()  # good news in the language before was read by whoever changed it

    def tell(self, message: str) -> None:
        """Show good news for a moment."""
        self._show("info", message)
        self._timer.start()

    def offer(self, write: Callable[[], tuple[str, str]], handler: Callable[[], object]) -> None:
        """Show what can be done by a button, until it is done, closed or taken back.

        Args:
            write: Gives the message and the button's text in the language in force.
            handler: Does it.
        """
        self._offer = write, handler
        self._after_news()

    def take_back(self) -> None:
        """What was offered can be done no longer."""
        if self._offer is not None:
            self._offer = None
            if not self._timer.isActive():
                self.hide()

    def warn(self, error: StudioError) -> None:
        """Show what the user can mend, until it is closed."""
        words = f"{error.message} {error.hint}".strip()
        self._errors = [*(text for text in self._errors if text != words), words][-MOST_ERRORS:]
        self._show_error()

    def close_one(self) -> None:
        """Close what is shown; an error or an offer that came before it is shown again."""
        del self._errors[-1:]
        if self._errors:
            self._show_error()
            return
        if not self._timer.isActive():
            self._offer = None
        self._after_news()

    def _after_news(self) -> None:
        """The news is over: show what is still offered."""
        if self._offer is None:
            self._timer.stop()
            self.hide()
            return
        write, handler = self._offer
        self._show("info", *write(), handler)

    def _show_error(self) -> None:
        more = len(self._errors) - 1
        self._show(
            "error",
            again(self._errors[-1]),
            tr("Close all {count}").format(count=more + 1) if more else "",
            self._errors.clear,
        )

    def _show(self, kind: str, text: str, act: str = "", handler: Callable[[], object] | None = None) -> None:
        self._timer.stop()
        self.setProperty("kind", kind)
        for widget in (self, self._text):  # the style sheet looks at "kind" only when it is applied anew
            widget.style().unpolish(widget)
            widget.style().polish(widget)
        self._text.setText(text)
        self.setAccessibleDescription(text)
        self._handler = handler
        self._act.setText(act)
        self._act.setVisible(bool(act))
        self.show()

    def _run(self) -> None:
        handler, self._offer = self._handler, None
        self.hide()
        if handler is not None:
            handler()


class NoticeArea(QWidget):
    """Good news over what must be mended, a bar each, so that neither takes the other's place."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.news, self.errors = NoticeBar(), NoticeBar()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for bar in (self.errors, self.news):
            bar.installEventFilter(self)
            column.addWidget(bar)
        self.say_anew()
        self.hide()

    def say_anew(self) -> None:
        """Say everything in the language in force."""
        self.news.say_anew(tr("Notice"))
        self.errors.say_anew(tr("Error"))

    @property
    def text(self) -> str:
        """What is shown: the error where there is one, with the news."""
        return "\n".join(bar.text for bar in (self.errors, self.news) if not bar.isHidden())

    def tell(self, message: str) -> None:
        """Show good news; see :meth:`NoticeBar.tell`."""
        self.news.tell(message)

    def offer(self, write: Callable[[], tuple[str, str]], handler: Callable[[], object]) -> None:
        """Offer something; see :meth:`NoticeBar.offer`."""
        self.news.offer(write, handler)

    def take_back(self) -> None:
        """Take back what was offered."""
        self.news.take_back()

    def warn(self, error: StudioError) -> None:
        """Show what the user can mend, until it is closed."""
        self.errors.warn(error)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.ShowToParent, QEvent.Type.HideToParent):
            self.setVisible(not (self.errors.isHidden() and self.news.isHidden()))
        return super().eventFilter(watched, event)


class CrashDialog(QDialog):
    """A report of a fault of ours, ready to copy; the app stays open, everything painted is on disk."""

    def __init__(self, report: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Something broke in ResAtt Studio"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(720, 460)
        words = QLabel(
            tr(
                "This is a fault of the app, not yours. Your strokes are saved. You can go on; "
                "please send this report to the developers."
            )
        )
        words.setWordWrap(True)
        self.report = QPlainTextEdit(report)
        self.report.setReadOnly(True)
        self.report.setAccessibleName(tr("Crash report"))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        copy = buttons.addButton(tr("Copy report"), QDialogButtonBox.ButtonRole.ActionRole)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(report))
        buttons.rejected.connect(self.close)
        column = QVBoxLayout(self)
        column.addWidget(words)
        column.addWidget(self.report, 1)
        column.addWidget(buttons)


def crash_report(error: BaseException) -> str:
    """Versions and traceback as text; names no pixel and no stroke."""
    versions = tr("ResAtt Studio {version}, Python {python_version}, Qt {qVersion}, {platform}").format(
        version=resatt_studio.__version__,
        python_version=platform.python_version(),
        qVersion=qVersion(),
        platform=platform.platform(),
    )
    return versions + "\n\n" + "".join(traceback.format_exception(error))


class FaultCatcher(QObject):
    """Brings every exception that nobody caught, on any thread, to the window.

    Args:
        show: Called in the window's thread with the exception.
    """

    _caught = Signal(object)

    def __init__(self, show: Callable[[BaseException], None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._caught.connect(show, Qt.ConnectionType.QueuedConnection)
        self._previous = (sys.excepthook, threading.excepthook)
        sys.excepthook = self._main
        threading.excepthook = self._thread

    def release(self) -> None:
        """Give the hooks back."""
        sys.excepthook, threading.excepthook = self._previous

    def _main(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            self._previous[0](kind, error, trace)
            return
        log.error("uncaught exception", exc_info=(kind, error, trace))
        self._caught.emit(error)

    def _thread(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            log.error("uncaught exception in %s", args.thread, exc_info=args.exc_value)
            self._caught.emit(args.exc_value)
