"""Learning: start and stop, how far it is, its curves, what came of it, all versions."""

from __future__ import annotations

import time

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton

from resatt_studio.app.pace import clock
from resatt_studio.app.panels.curves import Curves
from resatt_studio.app.panels.scrolled import ScrolledPanel
from resatt_studio.app.panels.versions import VersionsBox
from resatt_studio.app.parts import Parts
from resatt_studio.records.training import StepReport
from resatt_studio.words import again, tr, trn

_MOST_NOTICES = 3
_CURVES_APART_S = 5.0
"""While somebody paints, curves are drawn this seldom: each time holds the window up for 20 ms, as long as
two moves of the hand."""


class LearningPanel(ScrolledPanel):
    """Shows the learner and hands clicks to it."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(tr("Learning"), QSize(330, 460))
        self._parts = parts
        learner = parts.learner
        self.learn = QPushButton()
        self.learn.setProperty("primary", "true")
        parts.keys.tip(
            self.learn, tr("Teach the network your approved corrections, in the background ({learn})")
        )
        self.learn.clicked.connect(learner.learn)
        self.stop = QPushButton(tr("Stop"))
        self.stop.setAccessibleName(tr("Stop learning and keep the best"))
        parts.keys.tip(
            self.stop, tr("End now; the best weights so far are judged and kept ({stop_learning})")
        )
        self.stop.clicked.connect(learner.stop)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(tr("Learning progress"))
        self.words = QLabel()
        self.words.setProperty("role", "muted")
        self.words.setWordWrap(True)
        self.notices = QLabel()
        self.notices.setProperty("role", "warning")
        self.notices.setWordWrap(True)
        self.notices.setAccessibleName(tr("What happened while learning"))
        self.curves = Curves(parts.look)
        self._curves_due = 0.0
        self.versions = VersionsBox(parts)
        self._build()
        learner.changed.connect(self._show)
        learner.stepped.connect(self._step)
        learner.ended.connect(self._show)
        parts.keys.changed.connect(self._show)
        self._show()

    def take_over(self, old: LearningPanel) -> None:
        """Show what another one showed, whose place this one takes."""
        self.versions.tree.choose(old.versions.tree.chosen)

    def _build(self) -> None:
        buttons = QHBoxLayout()
        buttons.addWidget(self.learn, 1)
        buttons.addWidget(self.stop)
        column = self.column
        column.setSpacing(7)
        column.addLayout(buttons)
        column.addWidget(self.bar)
        column.addWidget(self.words)
        column.addWidget(self.notices)
        column.addWidget(self.curves, 2)
        column.addWidget(self.versions, 3)

    def _show(self) -> None:
        learner = self._parts.learner
        count = learner.untried
        usual = tr("Learn again") if learner.can_learn else tr("Learn from corrections")
        self.learn.setText(
            trn("Learn from {count} new correction", "Learn from {count} new corrections", count).format(
                count=count
            )
            if count
            else usual
        )
        self.learn.setEnabled(learner.can_learn)
        self.stop.setEnabled(learner.learning and not learner.stopping)
        self.bar.setVisible(learner.learning)
        self.curves.show_curves(learner.losses, learner.dices)
        self._show_notices()
        outcome = learner.outcome
        if learner.learning:
            self._step(learner.report)
        elif learner.problem:
            self.words.setText(tr("The last run ended: {problem}").format(problem=again(learner.problem)))
        elif outcome is not None:
            self.words.setText(again(outcome.told))
        elif self._parts.session.project is None:
            self.words.setText(
                tr("Open a project; the network learns from the corrections that you approve.")
            )
        elif not learner.can_learn and self._parts.session.state.rules.agreed_only:
            self.words.setText(
                self._parts.keys.words(
                    tr(
                        "This project learns from photos that a second reader agreed to ({agree}): none is "
                        "yet."
                    )
                )
            )
        elif not learner.can_learn:
            self.words.setText(
                self._parts.keys.words(
                    tr("Correct a photo and approve it ({approve}); then the network can learn from it.")
                )
            )
        else:
            held = learner.held_back
            judge = (
                tr("{held} held back to judge what was learned.").format(held=held)
                if held
                else tr("No photo is held back yet: a part of each judges.")
            )
            self.words.setText(
                tr("{judge} Learning takes a minute or two; go on painting meanwhile.").format(judge=judge)
            )

    def _show_notices(self) -> None:
        """The newest of what the run had to say."""
        told = self._parts.learner.notices[-_MOST_NOTICES:]
        self.notices.setText("\n".join(map(again, told)))
        self.notices.setVisible(bool(told))

    def _step(self, report: StepReport | None) -> None:
        learner = self._parts.learner
        self._show_notices()
        if report is None:
            self.bar.setMaximum(0)
            self.words.setText(tr("Preparing to learn…"))
            return
        self.bar.setMaximum(max(report.steps, report.step, 1))
        self.bar.setValue(report.step)
        words = (
            [again(report.phase)]
            if report.phase != "learning"
            else [tr("step {step} of {steps}").format(step=report.step, steps=report.steps)]
        )
        if learner.stopping:
            words = [tr("stopping, the best is kept")]
        elif report.seconds_left > 0:
            words.append(tr("{time} left").format(time=clock(report.seconds_left)))
        if learner.dices:
            first, last = learner.dices[0][1], learner.dices[-1][1]
            which = tr("held-back photos") if learner.held_back else tr("what judges")
            words.append(
                tr("Dice on {which} {first:.2f} → {last:.2f}").format(which=which, first=first, last=last)
            )
        self.words.setText(" · ".join(words))
        now, courtesy = time.monotonic(), self._parts.session.predictor.courtesy
        if now >= self._curves_due or not courtesy.painting:
            self.curves.show_curves(learner.losses, learner.dices)
            self._curves_due = now + _CURVES_APART_S
