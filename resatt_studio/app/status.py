"""The status bar: message, photo, pointer, zoom, brush, weights, device, and whether all is saved."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QLabel, QProgressBar, QPushButton, QStatusBar, QWidget

from resatt_studio.app.eliding import ElidingLabel
from resatt_studio.app.other_networks import version_title
from resatt_studio.app.pace import clock
from resatt_studio.app.parts import Parts
from resatt_studio.app.shelf import NETWORKS
from resatt_studio.app.steady import SteadyLabel
from resatt_studio.records.training import StepReport
from resatt_studio.words import again, joined, mark, tr, trn

POINTER_MS = 100
"""Between two pointer positions that are written; nobody reads faster."""


class StatusBar(QStatusBar):
    """Follows session, view and learner; the canvas tells pointer and zoom."""

    def __init__(self, parts: Parts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts = parts
        self.setSizeGripEnabled(False)
        self._device = parts.session.settings.device
        self.work = QLabel()
        self._working = ""
        self.bar = QProgressBar()
        self.bar.setFixedWidth(110)
        self.bar.setTextVisible(False)
        self.bar.hide()
        self.jobs = QPushButton()
        self.jobs.setProperty("flat", "true")
        self.jobs.hide()
        self.place = ElidingLabel(widest_px=300)
        self.doubt = _field()
        parts.keys.tip(
            self.doubt,
            mark("Doubtful places of the photo: {next_doubt} the next, {previous_doubt} the one before"),
        )
        self.pointer = SteadyLabel(190)
        self.pointer.setAlignment(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
        self._pointer_at = self._pointer_written = (-1, -1)
        self._pointer_due = QTimer(self, singleShot=True, interval=POINTER_MS)
        self._pointer_due.timeout.connect(self._pointer_again)
        self.zoom = _field(52)
        self.share = _field()
        self.brush = _field()
        self.weights = _field()
        self.device = _field()
        self.learning = _field()
        self.saved = _field(176)
        self.addWidget(self.work)
        self.addWidget(self.bar)
        self.addWidget(self.jobs)
        fields = (
            self.place,
            self.doubt,
            self.pointer,
            self.zoom,
            self.share,
            self.brush,
            self.weights,
            self.device,
            self.learning,
            self.saved,
        )
        for field in fields:
            self.addPermanentWidget(field)
        parts.session.changed.connect(self.show_session)
        parts.session.listed_changed.connect(self.show_session)
        parts.session.prediction_changed.connect(self._show_share)
        parts.session.threshold_changed.connect(self._show_share)
        parts.session.share_known.connect(self._show_share)
        parts.session.progressed.connect(self.show_work)
        parts.session.predictor.device_known.connect(self._show_device)
        parts.learner.stepped.connect(self._show_learning)
        parts.learner.changed.connect(lambda: self._show_learning(parts.learner.report))
        parts.doubts.changed.connect(self._show_doubt)
        parts.view.brush_changed.connect(self._show_brush)
        parts.jobs.changed.connect(self._show_jobs)
        parts.keys.follow(self, self._say_anew)

    def _say_anew(self) -> None:
        names = {
            self.bar: tr("Progress of the work under way"),
            self.place: tr("Photo and its place in the list"),
            self.doubt: tr("Doubtful places of the photo"),
            self.pointer: tr("Pointer position and crack probability"),
            self.zoom: tr("Zoom"),
            self.share: tr("Share of crack pixels"),
            self.brush: tr("Brush size"),
            self.weights: tr("Weights in use"),
            self.device: tr("Device of the network"),
            self.learning: tr("Learning under way"),
            self.saved: tr("Whether everything is saved"),
        }
        for widget, name in names.items():
            widget.setAccessibleName(name)
            if widget not in (self.bar, self.place, self.doubt):
                widget.setToolTip(name)
        self.jobs.setToolTip(tr("Show the list of jobs and of what failed"))
        self._show_doubt()
        self.work.setText(_under_way(self._working))
        self._show_learning(self._parts.learner.report)
        self._show_share()
        self._show_jobs()
        self.show_session()

    def show_session(self) -> None:
        """Write what the session says."""
        session = self._parts.session
        entry = session.entry
        ids = [e.photo_id for e in session.listed]
        if entry is not None and entry.photo_id in ids:
            place = tr("{place} of {count}").format(place=ids.index(entry.photo_id) + 1, count=len(ids))
            self.place.setText(f"{place}  {entry.name}")
        else:
            self.place.setText(entry.name if entry is not None else "")
        if entry is None:
            self.zoom.clear()
            self.pointer.clear()
        self._show_share()
        self._show_brush()
        active = session.active
        self.weights.setText(f"{NETWORKS[active.model]} {version_title(active)}" if active else "")
        self.device.setText(self._device if session.project is not None else "")
        if session.project is None:
            self.saved.setText("")
        elif session.saving:
            self.saved.setText(tr("Saving…"))
        else:
            self.saved.setText(tr("All changes saved {time}").format(time=session.saved_at).rstrip())

    def show_pointer(self, row: int, column: int) -> None:
        """Write where the pointer is, in photo pixels, and the probability there: at once when nothing was
        written lately or the pointer left the photo, else soon."""
        self._pointer_at = row, column
        if row < 0 or not self._pointer_due.isActive():
            self._write_pointer()

    def _pointer_again(self) -> None:
        if self._pointer_at != self._pointer_written:
            self._write_pointer()

    def _write_pointer(self) -> None:
        self._pointer_due.start()
        row, column = self._pointer_written = self._pointer_at
        entry, prediction = self._parts.session.entry, self._parts.session.prediction
        size = (0, 0) if entry is None else (entry.facts.height, entry.facts.width)
        if not (0 <= row < size[0] and 0 <= column < size[1]):
            self.pointer.setText("")
            return
        words = f"x {column}  y {row}"
        if prediction is not None:
            percent = round(int(prediction.probability_8bit[row, column]) / 2.55)
            words += "  " + tr("crack {percent} %").format(percent=percent)
        self.pointer.setText(words)

    def show_zoom(self, percent: float) -> None:
        """Write the zoom, in percent."""
        if self._parts.session.entry is None:
            return
        self.zoom.setText(f"{percent:.0f} %" if percent >= 10 else f"{percent:.1f} %")

    def show_work(self, words: str, done: int, total: int) -> None:
        """Write what runs in the background; empty words clear it."""
        self._working = words
        self.work.setText(_under_way(words))
        self.bar.setVisible(bool(words))
        self.bar.setMaximum(total)
        self.bar.setValue(done)

    def _show_doubt(self) -> None:
        self.doubt.setText(self._parts.keys.words(self._parts.doubts.words))

    def _show_jobs(self) -> None:
        running, failed = len(self._parts.jobs.running), len(self._parts.jobs.failures)
        words = [trn("{count} job", "{count} jobs", running).format(count=running)] if running > 1 else []
        words += [tr("{count} failed").format(count=failed)] if failed else []
        self.jobs.setText(" · ".join(words))
        self.jobs.setAccessibleName(tr("Jobs: {counts}").format(counts=joined(words)))
        self.jobs.setVisible(bool(words))

    def _show_brush(self) -> None:
        if self._parts.session.project is None:
            self.brush.clear()
            return
        radius = self._parts.view.brush.radius_px
        self.brush.setText(tr("brush {width:.0f} px").format(width=2 * radius))

    def _show_device(self, device: str) -> None:
        self._device = device
        self.show_session()

    def _show_learning(self, report: StepReport | None) -> None:
        learner = self._parts.learner
        if not learner.learning:
            self.learning.clear()
        elif report is None or report.seconds_left <= 0:
            self.learning.setText(tr("learning"))
        else:
            self.learning.setText(tr("learning, {time} left").format(time=clock(report.seconds_left)))

    def _show_share(self) -> None:
        share = self._parts.session.crack_share
        self.share.setText("" if share is None else tr("mask {share:.1f} %").format(share=100 * share))


def _under_way(words: str) -> str:
    return f"{again(words)}…" if words else ""


def _field(width_px: int = 0) -> QLabel:
    label = QLabel()
    label.setAlignment(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
    if width_px:
        label.setMinimumWidth(width_px)
    return label
