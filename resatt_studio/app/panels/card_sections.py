"""Sections of a version's card: what it is, why it was refused or not, its scores, what it forgot."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from resatt_studio.app.other_networks import version_title
from resatt_studio.app.panels.lineage import is_undecided, state_word
from resatt_studio.app.parts import Look, Parts
from resatt_studio.app.sentences import sentence
from resatt_studio.records.weights import Scores, WeightsState, WeightsVersion
from resatt_studio.words import again, mark, tr, trn
from resatt_studio.workflow.forgetting import Forgetting, forgetting
from resatt_studio.workflow.lineage import parent_of, version_with

_ROWS = {
    "dice": mark("Dice"),
    "tolerance_f1": mark("F1 at 2 px"),
    "precision": mark("Precision"),
    "recall": mark("Recall"),
}
_WHY = {
    WeightsState.REFUSED: mark("Why it was refused"),
    WeightsState.ACTIVE: mark("Why it is in use"),
    WeightsState.CANDIDATE: mark("What is said of it"),
    WeightsState.RETIRED: mark("What was said of it"),
}


class CardSection(QWidget):
    """One section of the card; it hides itself where it has nothing to say.

    Args:
        parts: Behind the window.
    """

    def __init__(self, parts: Parts) -> None:
        super().__init__()
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(2)

    def show_version(self, version: WeightsVersion, versions: Sequence[WeightsVersion]) -> bool:
        """Fill the section.

        Args:
            version: Whose card it is.
            versions: All of its network.

        Returns:
            Whether there is anything to show; a bare section has nothing.
        """
        return False


class HeadSection(CardSection):
    """Name, state, parent, the version it went on from, date, how many corrections, id."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._session = parts.session
        self.name = words(tr("Version"), "heading")
        self.facts = words(tr("Where it came from"), "muted")
        self.column.addWidget(self.name)
        self.column.addWidget(self.facts)

    def show_version(self, version: WeightsVersion, versions: Sequence[WeightsVersion]) -> bool:
        parent = parent_of(version, versions)
        self.name.setText(f"{version_title(version)} · {state_word(version)}")
        count = len(version.samples)
        earlier_id = self._session.state.gone_on_from.get(version.weights_id, "")
        earlier = version_with(earlier_id, versions)
        facts = [
            tr("from {version}").format(version=version_title(parent)) if parent is not None else "",
            tr("goes on from {version}").format(version=version_title(earlier)) if earlier else "",
            tr("made {time}").format(time=version.made_at[:16].replace("T", " ")) if version.made_at else "",
            trn("{count} correction", "{count} corrections", count).format(count=count) if count else "",
            tr("id {id}").format(id=version.weights_id[:12]),
        ]
        self.facts.setText(" · ".join(fact for fact in facts if fact))
        return True


class ReasonSection(CardSection):
    """The verdict in full."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self.head = words(tr("Heading of the reason"), "muted")
        self.reason = words(tr("Reason"))
        self.column.addWidget(self.head)
        self.column.addWidget(self.reason)

    def show_version(self, version: WeightsVersion, versions: Sequence[WeightsVersion]) -> bool:
        undecided = is_undecided(version)
        self.head.setText(tr("Why it is not decided yet") if undecided else tr(_WHY[version.state]))
        self.reason.setText(again(version.reason))
        return bool(version.reason)


class ScoresSection(CardSection):
    """Scores of the parent and of the version, where the gate judged it."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self.setAccessibleName(tr("Scores before and after learning"))
        grid = QGridLayout()
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(0, 1)
        titles = {
            "": tr("where it was judged"),
            "before": tr("before"),
            "after": tr("after"),
            "change": tr("change"),
        }
        for column, text in enumerate(titles.values()):
            label = QLabel(text)
            label.setProperty("role", "muted")
            grid.addWidget(label, 0, column, _RIGHT if column else Qt.AlignmentFlag(0))
        self.cells: dict[tuple[str, str], QLabel] = {}
        for row, (name, text) in enumerate(_ROWS.items(), start=1):
            grid.addWidget(QLabel(tr(text)), row, 0)
            for column, which in enumerate(list(titles)[1:], start=1):
                cell = self.cells[name, which] = QLabel("–")
                grid.addWidget(cell, row, column, _RIGHT)
        self.table = QWidget()
        self.table.setLayout(grid)
        grid.setContentsMargins(0, 0, 0, 0)
        self.named = words(tr("Held-back photos named as you do"))
        self.column.addWidget(self.table)
        self.column.addWidget(self.named)

    def show_version(self, version: WeightsVersion, versions: Sequence[WeightsVersion]) -> bool:
        scored = version.before is not None or version.after is not None
        self.table.setVisible(scored)
        self._fill(version.before, version.after)
        labels = version.labels
        self.named.setVisible(labels is not None)
        if labels is not None:
            old, new = labels.before, labels.after
            self.named.setText(
                tr("Held-back photos named as you do: {before} → {after} of {photos}").format(
                    before=old.right, after=new.right, photos=new.photos
                )
            )
        return scored or labels is not None

    def _fill(self, before: Scores | None, after: Scores | None) -> None:
        for name in _ROWS:
            old = None if before is None else getattr(before, name)
            new = None if after is None else getattr(after, name)
            self.cells[name, "before"].setText("–" if old is None else f"{old:.3f}")
            self.cells[name, "after"].setText("–" if new is None else f"{new:.3f}")
            change = None if old is None or new is None else new - old
            self.cells[name, "change"].setText("–" if change is None else change_words(change))


class ForgettingSection(CardSection):
    """How much of the reference set was forgotten, beside the most that may be."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._session = parts.session
        self.head = words(tr("Heading of the forgetting meter"), "muted")
        self.head.setText(tr("Forgotten of the reference set"))
        self.meter = ForgettingMeter(parts.look)
        self.told = words(tr("Forgetting"))
        for part in (self.head, self.meter, self.told):
            self.column.addWidget(part)

    def show_version(self, version: WeightsVersion, versions: Sequence[WeightsVersion]) -> bool:
        told = forgetting(version, self._session.settings.learn_max_forgetting)
        if told is None:
            return False
        self.meter.show_forgetting(told)
        self.told.setText(again(told.words))
        return True


class ForgettingMeter(QWidget):
    """A bar as long as what was lost, a tick where the limit stands, and a word at its end.

    Args:
        look: Gives the colours.
    """

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self.told: Forgetting | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        look.changed.connect(self._repaint)

    def show_forgetting(self, told: Forgetting) -> None:
        """Show how much was lost."""
        self.told = told
        self.setAccessibleName(again(told.words))
        self.setToolTip(again(told.words))
        self.update()

    @property
    def filled(self) -> float:
        """Share of the groove that is filled, in [0, 1]; the limit stands at one half, or left of it where
        more than twice the limit was lost."""
        return 0.0 if self.told is None else max(0.0, self.told.lost) / self._whole

    @property
    def limit_at(self) -> float:
        """Share of the groove at which the limit stands, in [0, 1]."""
        return 0.5 if self.told is None else self.told.limit / self._whole

    @property
    def _whole(self) -> float:
        told = self.told
        return 1.0 if told is None else max(2 * told.limit, told.lost, 1e-9)

    def sizeHint(self) -> QSize:
        return QSize(200, 2 * self.fontMetrics().height() + 2)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self.sizeHint().height())

    def _repaint(self) -> None:
        self.update()

    def paintEvent(self, event: object) -> None:
        if self.told is None:
            return
        tokens = self._look.tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        line_px = self.fontMetrics().height()
        state = tr("over the limit") if self.told.over else tr("within")
        state_px = self.fontMetrics().horizontalAdvance(tr("over the limit")) + 8
        groove = QRectF(0, (line_px - 8) / 2, self.width() - state_px, 8)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.groove))
        painter.drawRoundedRect(groove, 3, 3)
        if self.filled > 0:
            part = QRectF(groove)
            part.setWidth(max(3.0, groove.width() * self.filled))
            painter.setBrush(QColor(tokens.loss if self.told.over else tokens.success))
            painter.drawRoundedRect(part, 3, 3)
        x = groove.width() * self.limit_at
        painter.setPen(QPen(QColor(tokens.text), 2))
        painter.drawLine(round(x), round(groove.top() - 3), round(x), round(groove.bottom() + 3))
        painter.setPen(QColor(tokens.text))
        beside = QRectF(groove.right() + 8, 0, state_px - 8, line_px)
        painter.drawText(beside, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, state)
        painter.setPen(QColor(tokens.muted))
        below = QRectF(0, line_px + 1, self.width(), line_px)
        limit = tr("limit {dice:.3f}").format(dice=self.told.limit)
        width = self.fontMetrics().horizontalAdvance(limit)
        below.setLeft(min(max(0.0, x - width / 2), self.width() - width))
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, limit)
        painter.end()


def words(name: str, role: str = "") -> QLabel:
    """A sentence that can be selected and copied by the keyboard as well.

    Args:
        name: For screen readers.
        role: Of the style sheet, such as "muted".
    """
    label = sentence(name, role)
    label.setTextInteractionFlags(
        label.textInteractionFlags() | Qt.TextInteractionFlag.TextSelectableByKeyboard
    )
    return label


def change_words(change: float) -> str:
    """Such as "+0.120"; a rounded nothing has no minus, which would be read as a loss."""
    return f"{round(change, 3) + 0.0:+.3f}"


_RIGHT = Qt.AlignmentFlag.AlignRight
