"""Label networks that learn from the inspector's classes: how many answers, what runs, what came of it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from resatt_studio.app.other_networks import LABEL_MODELS, TITLES
from resatt_studio.app.parts import Parts
from resatt_studio.records.label_learning import LEAST_JUDGES, LEAST_TAUGHT, AnswerState
from resatt_studio.records.weights import LabelScores, WeightsState, WeightsVersion
from resatt_studio.words import mark, tr, trn

_STATES = {
    WeightsState.ACTIVE: mark("in use"),
    WeightsState.CANDIDATE: mark("waits"),
    WeightsState.REFUSED: mark("refused"),
    WeightsState.RETIRED: mark("used before"),
}


class LabelLearningBox(QWidget):
    """A button, a sentence, and for each network its newest lesson on the photos that judge."""

    def __init__(self, parts: Parts) -> None:
        super().__init__()
        self._learner = parts.label_learner
        self._session = parts.session
        self.learn = QPushButton()
        parts.keys.tip(
            self.learn,
            tr("Teach RMT and ReViT the classes that you said, in the background ({learn_labels})"),
        )
        self.learn.clicked.connect(self._learner.learn)
        self.stop = QPushButton(tr("Stop"))
        self.stop.setAccessibleName(tr("Stop learning from answers"))
        self.stop.setToolTip(tr("End now and keep nothing of this lesson"))
        self.stop.clicked.connect(self._learner.stop)
        self.words = QLabel()
        self.words.setAccessibleName(tr("Learning from your answers"))
        self.words.setProperty("role", "muted")
        self.words.setWordWrap(True)
        self.rows: dict[str, _Row] = {model: _Row(TITLES[model]) for model in LABEL_MODELS}
        self.head = QLabel(tr("Held-back photos named as you do, before and after"))
        self.head.setProperty("role", "muted")
        self.head.setWordWrap(True)
        buttons = QHBoxLayout()
        buttons.addWidget(self.learn, 1)
        buttons.addWidget(self.stop)
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(1, 1)
        grid.addWidget(self.head, 0, 0, 1, 4)
        for place, row in enumerate(self.rows.values(), start=1):
            row.put(grid, 2 * place)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(6)
        column.addLayout(buttons)
        column.addWidget(self.words)
        column.addLayout(grid)
        self._learner.changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        learner, state = self._learner, self._learner.answers
        fresh = learner.fresh
        self.learn.setText(
            trn("Learn from {count} new answer", "Learn from {count} new answers", fresh).format(count=fresh)
            if fresh and state.enough
            else tr("Learn from answers")
        )
        self.learn.setEnabled(learner.can_learn)
        self.stop.setVisible(learner.learning)
        self.words.setText(self._words(state))
        shown = False
        for model, row in self.rows.items():
            row.show_outcome(learner.outcome(model))
            shown |= row.filled
        self.head.setVisible(shown)

    def _words(self, state: AnswerState) -> str:
        learner = self._learner
        if self._session.project is None:
            return tr("Open a project; both networks learn from what you call its photos.")
        if learner.learning:
            running = [f"{TITLES[model]}: {tr(report.phase)}" for model, report in learner.reports.items()]
            return (" · ".join(running) or tr("Waiting for the network's thread")) + "…"
        if learner.troubles:
            return "\n".join(f"{TITLES[model]}: {error}" for model, error in learner.troubles.items())
        answered = state.taught + state.judging
        said = tr("{answered}: {taught}, {judging}.").format(
            answered=trn("{count} photo answered", "{count} photos answered", answered).format(
                count=answered
            ),
            taught=trn("{count} teaches", "{count} teach", state.taught).format(count=state.taught),
            judging=trn("{count} judges", "{count} judge", state.judging).format(count=state.judging),
        )
        if state.enough:
            return said
        return tr("{said} The networks learn from {taught} that teach and {judging} that judge.").format(
            said=said, taught=LEAST_TAUGHT, judging=LEAST_JUDGES
        )


class _Row:
    """One network's newest lesson: version, state, before and after, and below it the reason."""

    def __init__(self, title: str) -> None:
        self._title = title
        self.version = QLabel()
        self.change = QLabel()
        self.reason = QLabel()
        self.reason.setWordWrap(True)
        self.reason.setProperty("role", "muted")
        self.reason.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.reason.setAccessibleName(tr("What became of {title}'s lesson").format(title=title))
        self.filled = False

    def put(self, grid: QGridLayout, place: int) -> None:
        grid.addWidget(self.version, place, 0, 1, 3)
        grid.addWidget(self.change, place, 3, Qt.AlignmentFlag.AlignRight)
        grid.addWidget(self.reason, place + 1, 0, 1, 4)

    def show_outcome(self, version: WeightsVersion | None) -> None:
        labels = None if version is None else version.labels
        self.filled = labels is not None
        for label in (self.version, self.change, self.reason):
            label.setVisible(self.filled)
        if version is None or labels is None:
            return
        self.version.setText(f"{self._title} {version.name} {tr(_STATES[version.state])}")
        self.change.setText(f"{_share(labels.before)} → {_share(labels.after)}")
        self.change.setAccessibleName(
            tr("{title}: {old} before, {new} after").format(
                title=self._title, old=_share(labels.before), new=_share(labels.after)
            )
        )
        self.reason.setText(tr(version.reason))


def _share(scores: LabelScores) -> str:
    return tr("{right} of {photos}").format(right=scores.right, photos=scores.photos)
