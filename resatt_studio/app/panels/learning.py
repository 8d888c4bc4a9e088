"""Learning: start and stop, how far it is, its curves, candidate against the weights in use, all versions."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QWidget,
)

from resatt_studio.app.panels.curves import Curves
from resatt_studio.app.panels.scrolled import ScrolledPanel
from resatt_studio.app.panels.versions import VersionsBox
from resatt_studio.app.parts import Parts
from resatt_studio.app.status import clock
from resatt_studio.records.training import JudgedBy, StepReport
from resatt_studio.records.weights import Scores

_ROWS = ("dice", "tolerance_f1", "precision", "recall")
_JUDGES = {
    JudgedBy.PHOTOS: "on held-back photos",
    JudgedBy.PARTS: "on held-back parts",
    JudgedBy.FRESH: "on photos approved since",
    JudgedBy.LEARNED: "on what was learned",
}
_TITLES = {"dice": "Dice", "tolerance_f1": "F1 at 2 px", "precision": "Precision", "recall": "Recall"}


class LearningPanel(ScrolledPanel):
    """Shows the learner and hands clicks to it."""

    def __init__(self, parts: Parts) -> None:
        super().__init__("Learning", QSize(330, 460))
        self._parts = parts
        learner = parts.learner
        self.learn = QPushButton()
        self.learn.setProperty("primary", "true")
        self.learn.setToolTip("Teach the network your approved corrections, in the background (Ctrl+T)")
        self.learn.clicked.connect(learner.learn)
        self.stop = QPushButton("Stop")
        self.stop.setAccessibleName("Stop learning and keep the best")
        self.stop.setToolTip("End now; the best weights so far are judged and kept (Ctrl+Shift+T)")
        self.stop.clicked.connect(learner.stop)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Learning progress")
        self.words = QLabel()
        self.words.setProperty("role", "muted")
        self.words.setWordWrap(True)
        self.curves = Curves(parts.look)
        self.comparison = Comparison()
        self.versions = VersionsBox(parts)
        self._build()
        learner.changed.connect(self._show)
        learner.stepped.connect(self._step)
        learner.ended.connect(lambda _: self._show())
        self._show()

    def _build(self) -> None:
        buttons = QHBoxLayout()
        buttons.addWidget(self.learn, 1)
        buttons.addWidget(self.stop)
        column = self.column
        column.setSpacing(7)
        column.addLayout(buttons)
        column.addWidget(self.bar)
        column.addWidget(self.words)
        column.addWidget(self.curves, 2)
        column.addWidget(self.comparison)
        column.addWidget(self.versions, 3)

    def _show(self) -> None:
        learner = self._parts.learner
        count = learner.pending
        noun = "correction" if count == 1 else "corrections"
        again = "Learn again" if learner.can_learn else "Learn from corrections"
        self.learn.setText(f"Learn from {count} new {noun}" if count else again)
        self.learn.setEnabled(learner.can_learn)
        self.stop.setEnabled(learner.learning and not learner.stopping)
        self.bar.setVisible(learner.learning)
        self.curves.show_curves(learner.losses, learner.dices)
        outcome = learner.outcome
        self.comparison.setVisible(outcome is not None)
        if learner.learning:
            self._step(learner.report)
        elif outcome is not None:
            self.words.setText(outcome.told)
            self.comparison.show_scores(outcome.result.before, outcome.result.after, outcome.result.judged_by)
        elif self._parts.session.project is None:
            self.words.setText("Open a project; the network learns from the corrections that you approve.")
        elif not learner.can_learn:
            self.words.setText("Correct a photo and approve it (Enter); then the network can learn from it.")
        else:
            held = learner.held_back
            judge = (
                f"{held} held back to judge what was learned."
                if held
                else "No photo is held back yet: a part of each judges."
            )
            self.words.setText(f"{judge} Learning takes a minute or two; go on painting meanwhile.")

    def _step(self, report: StepReport | None) -> None:
        learner = self._parts.learner
        if report is None:
            self.bar.setMaximum(0)
            self.words.setText("Preparing to learn…")
            return
        self.bar.setMaximum(max(report.steps, report.step, 1))
        self.bar.setValue(report.step)
        words = [report.phase] if report.phase != "learning" else [f"step {report.step} of {report.steps}"]
        if learner.stopping:
            words = ["stopping, the best is kept"]
        elif report.seconds_left > 0:
            words.append(f"{clock(report.seconds_left)} left")
        if learner.dices:
            first, last = learner.dices[0][1], learner.dices[-1][1]
            which = "held-back photos" if learner.held_back else "what judges"
            words.append(f"Dice on {which} {first:.2f} → {last:.2f}")
        self.words.setText(" · ".join(words))
        self.curves.show_curves(learner.losses, learner.dices)


class Comparison(QWidget):
    """Scores before and after, side by side."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Scores before and after learning")
        grid = QGridLayout(self)
        grid.setContentsMargins(2, 2, 2, 2)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(0, 1)
        self._head = QLabel()
        self._head.setProperty("role", "muted")
        grid.addWidget(self._head, 0, 0)
        for column, title in enumerate(("before", "after", "change"), start=1):
            label = QLabel(title)
            label.setProperty("role", "muted")
            grid.addWidget(label, 0, column, Qt.AlignmentFlag.AlignRight)
        self.cells: dict[tuple[str, str], QLabel] = {}
        for row, name in enumerate(_ROWS, start=1):
            grid.addWidget(QLabel(_TITLES[name]), row, 0)
            for column, which in enumerate(("before", "after", "change"), start=1):
                cell = self.cells[name, which] = QLabel("–")
                grid.addWidget(cell, row, column, Qt.AlignmentFlag.AlignRight)

    def show_scores(self, before: Scores | None, after: Scores | None, judged_by: JudgedBy) -> None:
        """Fill the table; what was not judged is a dash."""
        self._head.setText(_JUDGES[judged_by])
        for name in _ROWS:
            old = None if before is None else getattr(before, name)
            new = None if after is None else getattr(after, name)
            self.cells[name, "before"].setText("–" if old is None else f"{old:.3f}")
            self.cells[name, "after"].setText("–" if new is None else f"{new:.3f}")
            known = old is not None and new is not None
            # Adding zero turns a rounded -0.0 into 0.0, which nobody reads as a loss.
            self.cells[name, "change"].setText(f"{round(new - old, 3) + 0.0:+.3f}" if known else "–")
