"""The versions of each network's weights: their tree, the card of one, two compared, what can be done."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from resatt_studio.app import jobs
from resatt_studio.app.other_networks import FACTORY, version_title
from resatt_studio.app.panels.lineage import LineageTree
from resatt_studio.app.panels.version_card import VersionCard
from resatt_studio.app.panels.version_comparison import VersionComparisonBox
from resatt_studio.app.parts import Parts
from resatt_studio.app.shelf import NETWORKS
from resatt_studio.records.weights import WeightsState, WeightsVersion
from resatt_studio.words import tr
from resatt_studio.workflow.lineage import version_with

if TYPE_CHECKING:
    from resatt_studio.workflow.finetune import FineTuneOutcome


class VersionsBox(QWidget):
    """A network to choose, the tree of its versions, what can be done with them, what is known of them."""

    def __init__(self, parts: Parts) -> None:
        super().__init__()
        self._parts = parts
        self._shelf = parts.shelf
        self._learner = parts.learner
        self._outcome: FineTuneOutcome | None = None
        self.network = QComboBox()
        self.network.setAccessibleName(tr("Network whose versions are listed"))
        self.network.setToolTip(tr("Whose versions are listed; the dot marks the one in use"))
        self.network.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        for model, name in NETWORKS.items():
            self.network.addItem(name, model)
        self.network.activated.connect(lambda index: self._shelf.choose(self.network.itemData(index)))
        self.tree = LineageTree(parts)
        self.use = _button(tr("Use"), self._use)
        self.drop = _button(tr("Put aside"), self._drop)
        self.back = _button(tr("Roll back"), lambda: self._shelf.roll_back(self._shelf.model))
        self.bring_in = _button(tr("Import…"), self._shelf.want_import)
        self.export = _button(tr("Export…"), self._export)
        self.hint = QLabel()
        self.hint.setProperty("role", "muted")
        self.hint.setWordWrap(True)
        self.card = VersionCard(parts)
        self.comparison = VersionComparisonBox(parts)
        if self._shelf.model == jobs.MODEL and parts.pair.chosen:
            self.tree.choose(parts.pair.chosen)
        self._build()
        self._shelf.changed.connect(self._show)
        parts.learner.changed.connect(self._show)
        parts.learner.ended.connect(self._choose_outcome)
        self.tree.chosen_changed.connect(self._follow_choice)
        self._show()
        self._follow_choice()

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.network)
        column.addWidget(self.tree, 1)
        for buttons in ((self.use, self.drop, self.back), (self.bring_in, self.export)):
            line = QHBoxLayout()
            line.setSpacing(6)
            for button in buttons:
                line.addWidget(button, 1)
            column.addLayout(line)
        for part in (self.hint, self.card, self.comparison):
            column.addWidget(part)

    # -- showing --

    def _show(self) -> None:
        shelf = self._shelf
        for index, (model, name) in enumerate(NETWORKS.items()):
            active = shelf.active(model)
            factory = active is None and shelf.factory_beside(model)
            used = tr(FACTORY) if factory else active and version_title(active)
            self.network.setItemText(index, f"{name}  ● {used}" if used else name)
        self.network.setCurrentIndex(self.network.findData(shelf.model))
        self._show_hint()
        self._show_buttons()

    def _follow_choice(self) -> None:
        chosen, model = self.tree.chosen, self._shelf.model
        versions = self._shelf.versions(model)
        self.card.show_version(self._version(self.tree.only), versions)
        # The other networks draw no masks: the pair stays with the segmenter's version in use.
        self._parts.pair.choose(chosen if model == jobs.MODEL else ())
        self._show_hint()
        self._show_buttons()

    def _show_hint(self) -> None:
        shelf = self._shelf
        count = len(shelf.versions(shelf.model))
        unopened = tr("Open a project; the versions of its weights are listed here.")
        self.hint.setText(
            _hint(len(self.tree.chosen), count, shelf.model) if shelf.ready or count else unopened
        )
        self.hint.setVisible(bool(self.hint.text()))

    def _show_buttons(self) -> None:
        shelf, name, only = self._shelf, NETWORKS[self._shelf.model], self.tree.only
        version, model = self._version(only), self._shelf.model
        # Learning compares its candidate with the segmenter's weights in use; they stay until it ends.
        held = model == jobs.MODEL and self._learner.learning
        which = (
            tr("a version") if only is None else tr(FACTORY) if version is None else version_title(version)
        )
        in_use = shelf.active(model)
        usable = only is not None and only != ("" if in_use is None else in_use.weights_id)
        self.use.setEnabled(usable and not held)
        _describe(self.use, tr("Use {version} of {network} from now on").format(version=which, network=name))
        waits = version is not None and version.state is WeightsState.CANDIDATE
        self.drop.setEnabled(waits and not held)
        _describe(
            self.drop,
            tr("Put {version} aside; it stays listed").format(version=which)
            if waits
            else tr("Only a candidate is put aside"),
        )
        earlier = shelf.earlier(model)
        self.back.setEnabled(earlier is not None and not held)
        led = (
            tr("Use {version} of {network} again").format(version=version_title(earlier), network=name)
            if earlier
            else tr("No other version was in use before")
        )
        _describe(self.back, led)
        self.bring_in.setEnabled(shelf.ready)
        _describe(self.bring_in, tr("Put weights of {network} from a file on the shelf").format(network=name))
        self.export.setEnabled(only is not None)
        _describe(
            self.export,
            tr("Write {version} of {network} to a file, with its card").format(version=which, network=name),
        )

    def _version(self, weights_id: str | None) -> WeightsVersion | None:
        return version_with(weights_id, self._shelf.versions(self._shelf.model))

    # -- acts --

    def _choose_outcome(self, outcome: FineTuneOutcome | None) -> None:
        """Show the card of what was just learned, once the shelf has it."""
        self._outcome = outcome
        if outcome is not None:
            self._shelf.choose(jobs.MODEL)
            self._parts.session.refresh(self._show_outcome)

    def _show_outcome(self) -> None:
        outcome, self._outcome = self._outcome, None
        if outcome is not None and self._shelf.model == jobs.MODEL:
            self.tree.choose((outcome.version.weights_id,))

    def _use(self) -> None:
        if self.tree.only is not None:
            self._shelf.use(self._shelf.model, self.tree.only)

    def _drop(self) -> None:
        if self.tree.only:
            self._shelf.refuse(self._shelf.model, self.tree.only)

    def _export(self) -> None:
        if self.tree.only is not None:
            self._shelf.export_wanted.emit(self._shelf.model, self.tree.only)


def _hint(chosen: int, versions: int, model: str) -> str:
    """What to do next with so many chosen of so many versions."""
    if versions < 2 or (chosen == 1 and model != jobs.MODEL):
        return ""
    if chosen == 2:
        return "" if model == jobs.MODEL else tr("Only versions of R2AU-Net draw masks that can be compared.")
    words = {
        0: tr("Choose a version to see its card."),
        1: tr("Ctrl+click, or Ctrl+Space, on a second one compares the two."),
    }
    return words.get(chosen, tr("{count} versions are chosen; two can be compared.").format(count=chosen))


def _button(text: str, act: Callable[[], object]) -> QPushButton:
    button = QPushButton(text)
    button.clicked.connect(lambda: act())
    return button


def _describe(button: QPushButton, help: str) -> None:
    button.setToolTip(help)
    button.setAccessibleName(help)
