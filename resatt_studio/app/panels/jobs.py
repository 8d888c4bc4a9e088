"""What runs in the background, each with progress, pace and a way to stop it, and what failed."""

from __future__ import annotations

import time

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from resatt_studio.app.eliding import ElidingLabel
from resatt_studio.app.job_list import JobList, RunningJob
from resatt_studio.app.panels.scrolled import ScrolledPanel
from resatt_studio.app.parts import Parts
from resatt_studio.words import tr

LOOK_MS = 500
"""The time left counts down also when no report comes."""


class JobsPanel(ScrolledPanel):
    """One row a job; below them what failed."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(tr("Jobs"), QSize(330, 200))
        self._jobs = parts.jobs
        self.rows: dict[RunningJob, JobRow] = {}
        self._empty = QLabel(
            tr(
                "Nothing runs in the background. Adding photos, predicting, learning and exporting are "
                "listed here while they take their time."
            )
        )
        self._empty.setWordWrap(True)
        self._empty.setProperty("role", "muted")
        self._list = QVBoxLayout()
        self._list.setSpacing(10)
        self._title = QLabel(tr("What failed"))
        self._title.setProperty("role", "heading")
        self.failures = QListWidget()
        self.failures.setAccessibleName(tr("What failed"))
        self.failures.setWordWrap(True)
        self.failures.setSpacing(2)
        self.failures.setMinimumHeight(90)
        self.failures.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.failures.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.clear = QPushButton(tr("Clear"))
        self.clear.setAccessibleName(tr("Clear the list of what failed"))
        self.clear.clicked.connect(self._jobs.clear_failures)
        head = QHBoxLayout()
        head.addWidget(self._title, 1)
        head.addWidget(self.clear)
        self.column.addWidget(self._empty)
        self.column.addLayout(self._list)
        self.column.addLayout(head)
        self.column.addWidget(self.failures, 1)
        self.column.addStretch(0)
        self._shown_failures: object = None
        self._look = QTimer(self, interval=LOOK_MS)
        self._look.timeout.connect(self._show)
        self._jobs.changed.connect(self._changed)
        self._show()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._show()
        self._look.start()

    def hideEvent(self, event: QHideEvent) -> None:
        self._look.stop()
        super().hideEvent(event)

    def _changed(self) -> None:
        if self.isVisible():
            self._show()

    def _show(self) -> None:
        running = self._jobs.running
        for job in set(self.rows) - set(running):
            row = self.rows.pop(job)
            self._list.removeWidget(row)
            row.hide()
            row.deleteLater()
        for job in running:
            if job not in self.rows:
                self.rows[job] = JobRow(self._jobs, job)
                self._list.addWidget(self.rows[job])
            self.rows[job].follow()
        self._empty.setVisible(not running)
        self._show_failures()

    def _show_failures(self) -> None:
        failures = self._jobs.failures
        if failures == self._shown_failures:
            return
        self._shown_failures = failures
        self.failures.clear()
        for failure in failures:
            head = " · ".join(part for part in (failure.at, failure.title) if part)
            self.failures.addItem(QListWidgetItem(f"{head}\n{failure.words}"))
        for widget in (self._title, self.clear, self.failures):
            widget.setVisible(bool(failures))


class JobRow(QWidget):
    """One job: its title, where it stands, a bar, and a button that ends it."""

    def __init__(self, jobs: JobList, job: RunningJob) -> None:
        super().__init__()
        self._job = job
        title = ElidingLabel(widest_px=260)
        title.setText(job.title)
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setProperty("role", "muted")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(tr("Progress: {title}").format(title=job.title))
        self.stop = QPushButton(tr("Stop"))
        self.stop.setAccessibleName(tr("Stop: {title}").format(title=job.title))
        self.stop.clicked.connect(lambda: jobs.stop(job))
        head = QHBoxLayout()
        head.addWidget(title, 1)
        head.addWidget(self.stop)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        column.addLayout(head)
        column.addWidget(self.bar)
        column.addWidget(self.words)

    def follow(self) -> None:
        """Show where the job stands now."""
        job = self._job
        self.words.setText(job.words(time.monotonic()))
        waits = not job.started
        self.bar.setMaximum(1 if waits else job.total)
        self.bar.setValue(0 if waits else job.done)
        self.stop.setVisible(job.listed.stoppable)
        self.stop.setEnabled(job.stoppable)
