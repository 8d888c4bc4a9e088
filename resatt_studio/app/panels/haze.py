"""What has to be known while a dehazed layer is visible: split, progress, and the warning."""

from __future__ import annotations

from PySide6.QtWidgets import QCheckBox, QProgressBar, QVBoxLayout, QWidget

from resatt_studio.app.canvas.split import Split
from resatt_studio.app.dehazing import WARNING
from resatt_studio.app.other_networks import TITLES
from resatt_studio.app.parts import Parts
from resatt_studio.app.sentences import sentence
from resatt_studio.words import again, tr


class HazeNotes(QWidget):
    """Shows itself with the layers that it is about."""

    def __init__(self, parts: Parts) -> None:
        super().__init__()
        self._parts = parts
        self.split = QCheckBox(tr("Split: original left, dehazed right"))
        parts.keys.tip(
            self.split,
            tr(
                "Drag the divider on the photo, or move it by {split_left} and {split_right} ({toggle_split})"
            ),
        )
        self.split.toggled.connect(lambda on: parts.view.set_split(on=on))
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(tr("Dehazing progress"))
        self.state = sentence(tr("How far dehazing is"), "muted")
        self.warning = sentence(tr("Warning about dehazed photos"), "warning")
        self.warning.setText(tr(WARNING))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(6)
        # On a small screen the panel scrolls; the warning is seen without.
        for part in (self.warning, self.split, self.bar, self.state):
            column.addWidget(part)
        parts.dehazing.changed.connect(self._show)
        parts.view.split_changed.connect(self._follow_split)
        parts.session.when_photo_changes(self._show)
        self.split.setChecked(parts.view.split.on)
        self._show()

    def _follow_split(self, split: Split) -> None:
        self.split.setChecked(split.on)

    def _show(self) -> None:
        dehazing = self._parts.dehazing
        asking, report = dehazing.asking, dehazing.asking.report
        self.setVisible(dehazing.wanted)
        self.bar.setVisible(asking.waiting)
        done, total = (0, 0) if report is None or report.total <= 0 else (report.done, report.total)
        self.bar.setMaximum(total)
        self.bar.setValue(done)
        self.state.setText(self._sentence())
        self.state.setVisible(bool(self.state.text()))

    def _sentence(self) -> str:
        asking = self._parts.dehazing.asking
        report, told = asking.report, asking.told
        if asking.trouble is not None:
            return again(str(asking.trouble))
        if asking.waiting:
            if report is None or report.total <= 0:
                return tr("Waking the network…")
            return tr("Dehazing, tile {done} of {total}…").format(done=report.done, total=report.total)
        if told is None:
            session = self._parts.session
            words = session.huge_words or (
                tr("Open a photo to see it dehazed.") if session.photo is None else ""
            )
            return self._parts.keys.words(words)
        answer = told.answer
        weights = tr("{network}, weights {weights} {weights_id}").format(
            network=TITLES["dhformer"], weights=told.weights, weights_id=answer.weights_id[:8]
        )
        return tr("Haze in this photo: about {haze:.0f} %. {weights}.").format(
            haze=100 * answer.haze, weights=weights
        )
