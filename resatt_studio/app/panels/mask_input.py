"""Which photo the crack network is shown, and the masks of both against each other."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from resatt_studio.app.comparing import INPUT_WORDS
from resatt_studio.app.parts import Parts
from resatt_studio.errors import StudioError
from resatt_studio.records.prediction import Prediction
from resatt_studio.words import again, mark, tr

CHOICES = {
    "raw": (mark("Original photo"), mark("The photo as it is.")),
    "dehazed": (
        mark("Dehazed photo"),
        mark("The photo as the DHFormer-style network clears it; takes longer."),
    ),
    "auto": (mark("Dehazed if hazy"), mark("The dehazed photo where an estimate says that there is haze.")),
}
"""Titles and help by name in the settings."""


class MaskInput(QWidget):
    """A choice, a check box, and a sentence on where the mask comes from."""

    def __init__(self, parts: Parts) -> None:
        super().__init__()
        self._parts = parts
        self.choice = QComboBox()
        self.choice.setAccessibleName(tr("What the crack mask is made from"))
        self.choice.setToolTip(tr("What the crack network is shown; kept for all photos."))
        for name, (title, help) in CHOICES.items():
            self.choice.addItem(tr(title), name)
            self.choice.setItemData(self.choice.count() - 1, tr(help), Qt.ItemDataRole.ToolTipRole)
        label = QLabel(tr("Mask from"))
        label.setBuddy(self.choice)
        line = QHBoxLayout()
        line.addWidget(label)
        line.addWidget(self.choice, 1)
        self.compare = QCheckBox(tr("Compare: mask from original left, dehazed right"))
        parts.keys.tip(
            self.compare, tr("Predicts from both and shows them at the divider ({toggle_compare})")
        )
        self.state = QLabel()
        self.state.setAccessibleName(tr("What the shown mask was made from"))
        self.state.setProperty("role", "muted")
        self.state.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(6)
        column.addLayout(line)
        column.addWidget(self.compare)
        column.addWidget(self.state)
        session, view = parts.session, parts.view
        self.choice.activated.connect(lambda _: session.set_photo_input(self.choice.currentData()))
        self.compare.toggled.connect(view.set_compare)
        view.compare_changed.connect(self.compare.setChecked)
        session.input_changed.connect(self._show)
        session.prediction_changed.connect(self._show)
        session.when_photo_changes(self._show)
        parts.comparison.changed.connect(self._show)
        self.compare.setChecked(view.compare)
        self._show()

    def _show(self) -> None:
        self.choice.setCurrentIndex(list(CHOICES).index(self._parts.session.settings.photo_input))
        self.compare.setEnabled(self._parts.session.tiles is None or self.compare.isChecked())
        self.state.setText(self._sentence())
        self.state.setVisible(bool(self.state.text()))

    def _by(self, prediction: Prediction) -> str:
        """Who made it, where that is not who is in use."""
        from resatt_studio.workflow.predict import who_answers

        project = self._parts.session.project
        if project is None:
            return ""
        try:
            answered = who_answers(project, prediction.photo_id, prediction.weights_id)
        except StudioError:  # shown without a project's weights, or taken away meanwhile
            return ""
        if answered.weights_id == prediction.weights_id:
            return ""
        return answered.name or f"v{answered.number}"

    def _sentence(self) -> str:
        if self._parts.session.tiles is not None:
            return tr(
                "This photo is shown part by part and not dehazed; its mask is made from the original one."
            )
        prediction, asking = self._parts.session.prediction, self._parts.comparison.asking
        if asking.trouble is not None:
            return again(str(asking.trouble))
        if asking.waiting:
            report = asking.report
            if report is None or not report.total:
                return tr("Predicting the other mask…")
            return tr("Predicting the other mask, {done} of {total}…").format(
                done=report.done, total=report.total
            )
        if prediction is None:
            return ""
        by, source = self._by(prediction), tr(INPUT_WORDS[prediction.input])
        made = tr("made from the {input}").format(input=source)
        if by:
            made = tr(
                "made from the {input} by {version}, because this photo looks unlike those that were "
                "corrected"
            ).format(input=source, version=by)
        if self._parts.comparison.other is not None:
            return tr("Approving keeps the mask {made}.").format(made=made)
        if not prediction.dehazer_id:
            return tr("This mask was {made}.").format(made=made)
        cleared = tr("cleared by weights {id}").format(id=prediction.dehazer_id[:8])
        return tr(
            "This mask was {made}, {cleared}; thin cracks may look stronger, texture may be invented."
        ).format(made=made, cleared=cleared)
