"""Labels: what RMT and ReViT call the open photo, side by side, and what the inspector calls it."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton

from resatt_studio.app.asking import Asking
from resatt_studio.app.crack_words import CRACK_WORDS, agreement
from resatt_studio.app.other_networks import LABEL_MODELS, TITLES
from resatt_studio.app.panels.bars import ProbabilityBar
from resatt_studio.app.panels.label_learning import LabelLearningBox
from resatt_studio.app.panels.scrolled import ScrolledPanel
from resatt_studio.app.parts import Parts
from resatt_studio.app.sentences import sentence
from resatt_studio.records.labels import CRACK_TYPES, CrackType
from resatt_studio.words import again, joined, tr, trn

_SHORT_ID = 8


class LabelsPanel(ScrolledPanel):
    """One row a class: the answer with its key, and a bar for each network."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(tr("Labels"), QSize(330, 320))
        self._labels = parts.labels
        self._session = parts.session
        self._keys = parts.keys
        self.answers: dict[CrackType, QPushButton] = {}
        self.bars: dict[tuple[CrackType, str], ProbabilityBar] = {}
        self.verdict = sentence(tr("Whether the networks agree"))
        self.trouble = sentence(tr("What keeps a network from answering"), role="muted")
        self.again = _button(
            tr("Try again"), tr("Ask those again that did not answer"), self._labels.look_again
        )
        self.said = sentence(tr("Your answer"))
        self.clear = _button(tr("Clear"), "", self._labels.clear)
        parts.keys.tip(self.clear, tr("Take your answer back ({answer_none})"))
        self.learning = LabelLearningBox(parts)
        self.foot = sentence(tr("Weights that answered"), role="muted")
        self._build(parts)
        self._labels.changed.connect(self._show)
        parts.keys.changed.connect(self._show)
        self._session.document_ready.connect(self._show)
        self._session.project_changed.connect(self._show)
        self._show()

    def _build(self, parts: Parts) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(5)
        for place, model in enumerate(LABEL_MODELS, start=1):
            head = QLabel(TITLES[model])
            head.setProperty("role", "heading")
            grid.addWidget(head, 0, place)
            grid.setColumnStretch(place, 1)
        for row, kind in enumerate(CRACK_TYPES, start=1):
            grid.addWidget(self._answer_button(row, kind), row, 0)
            for place, model in enumerate(LABEL_MODELS, start=1):
                bar = ProbabilityBar(parts.look, f"{TITLES[model]}, {tr(CRACK_WORDS[kind][1])}")
                self.bars[kind, model] = bar
                grid.addWidget(bar, row, place)
        answer = QHBoxLayout()
        answer.addWidget(self.said, 1)
        answer.addWidget(self.clear)
        self.column.addLayout(grid)
        self.column.addWidget(self.verdict)
        self.column.addWidget(self.trouble)
        self.column.addWidget(self.again, 0, Qt.AlignmentFlag.AlignLeft)
        self.column.addLayout(answer)
        self.column.addWidget(self.learning)
        self.column.addStretch(1)
        self.column.addWidget(self.foot)

    def _answer_button(self, key: int, kind: CrackType) -> QPushButton:
        title, word, help = map(tr, CRACK_WORDS[kind])
        button = self.answers[kind] = QPushButton()
        self._keys.caption(button, f"answer_{key}", title)
        button.setCheckable(True)
        button.setProperty("choice", "true")
        button.setAccessibleName(tr("Call this photo {word}").format(word=word))
        self._keys.tip(button, tr("{help} Your answer, key {{answer_{key}}}.").format(help=help, key=key))
        button.clicked.connect(lambda: self._choose(kind))
        return button

    def _choose(self, kind: CrackType) -> None:
        self._labels.choose(kind)
        self._show()  # a second click on the chosen class leaves it chosen

    def _show(self) -> None:
        labels = self._labels
        open_now = self._session.document is not None
        for model, asking in labels.asking.items():
            self._show_network(model, asking)
        for kind, button in self.answers.items():
            button.setEnabled(open_now)
            button.setChecked(kind is labels.chosen)
            said = [self.bars[kind, model].accessibleName() for model in LABEL_MODELS]
            button.setAccessibleDescription("; ".join(said))
        self._show_verdict(self._session.photo is not None)
        self._show_answer(open_now)
        names = [
            f"{TITLES[model]} {asking.told.weights} {asking.told.answer.weights_id[:_SHORT_ID]}"
            for model, asking in labels.asking.items()
            if asking.told is not None
        ]
        self.foot.setText(tr("Weights: {names}").format(names=" · ".join(names)) if names else "")

    def _show_network(self, model: str, asking: Asking) -> None:
        told = asking.told
        for place, kind in enumerate(CRACK_TYPES):
            bar = self.bars[kind, model]
            if told is None:
                bar.show_probability(None)
            else:
                bar.show_probability(told.answer.probabilities[place], kind is told.answer.label)

    def _show_verdict(self, ready: bool) -> None:
        askings = self._labels.asking
        waiting = [TITLES[model] for model, asking in askings.items() if asking.waiting]
        words = agreement(self._labels.labellings)
        if not ready:
            words = self._keys.words(self._session.huge_words)
            words = words or tr("Open a photo; both networks then say what cracks it shows.")
        elif waiting:
            words = f"{words} {_progress(askings, waiting)}".strip()
        self.verdict.setText(words)
        self.verdict.setVisible(bool(words))
        troubles = [again(str(asking.trouble)) for asking in askings.values() if asking.trouble is not None]
        self.trouble.setText("\n\n".join(troubles))
        self.trouble.setVisible(bool(troubles))
        self.again.setVisible(bool(troubles))

    def _show_answer(self, open_now: bool) -> None:
        answer = self._labels.answer
        if answer is None:
            keys = self._keys.words(
                tr("keys {{answer_1}} to {{answer_{count}}}").format(count=len(CRACK_TYPES))
            )
            self.said.setText(tr("Your answer: none yet ({keys}).").format(keys=keys) if open_now else "")
        else:
            word = tr(CRACK_WORDS[CrackType(answer.answer)][1])
            facts = [word, answer.author, answer.made_at[:16].replace("T", " ")]
            self.said.setText(
                tr("Your answer: {facts}").format(facts=" · ".join(fact for fact in facts if fact))
            )
        self.clear.setVisible(answer is not None)


def _progress(askings: dict[str, Asking], waiting: list[str]) -> str:
    reports = [asking.report for asking in askings.values() if asking.report is not None]
    counted = next((report for report in reports if report.total), None)
    names = joined(waiting)
    if counted is None:
        return trn("{names} is looking…", "{names} are looking…", len(waiting)).format(names=names)
    return trn(
        "{names} is looking, view {done} of {total}…",
        "{names} are looking, view {done} of {total}…",
        len(waiting),
    ).format(names=names, done=counted.done, total=counted.total)


def _button(text: str, help: str, act: object) -> QPushButton:
    button = QPushButton(text)
    button.setProperty("flat", "true")
    button.setAccessibleName(help)
    button.setToolTip(help)
    button.clicked.connect(act)
    return button
