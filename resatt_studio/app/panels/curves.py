"""Loss and Dice of a run while it learns; the plotting library loads with the first point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QLabel, QSizePolicy, QStackedLayout, QVBoxLayout, QWidget

from resatt_studio.app.parts import Look
from resatt_studio.app.theme import Tokens
from resatt_studio.words import tr

Curve = Sequence[tuple[int, float]]

_LEAST_PX = 84
_HINT_PX = 40
_TOP_PX = 7
"""Over the plot, for the upper half of its highest number."""
_ANY_PX = 16_777_215
"""Qt's own word for a side without bounds."""


class Curves(QWidget):
    """Dice on the left axis, loss on an axis of its own on the right."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.setAccessibleName(tr("Curves of loss and Dice"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._look = look
        self._plot: Any = None
        self._dice: Any = None
        self._loss: Any = None
        self._loss_view: Any = None
        self._caption = QLabel()
        self._caption.setAccessibleName(tr("Which curve is which"))
        self._caption.hide()
        self._stack = QStackedLayout()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self._caption)
        column.addLayout(self._stack, 1)
        hint = QLabel(tr("Loss and Dice appear here while the network learns."))
        hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        hint.setWordWrap(True)
        hint.setProperty("role", "muted")
        self._stack.addWidget(hint)
        self._make_room(for_curves=False)
        look.changed.connect(self._tint)

    def sizeHint(self) -> QSize:
        return QSize(300, 120 if self._stack.currentIndex() else _HINT_PX)

    @property
    def plotted(self) -> bool:
        """Whether anything was drawn yet."""
        return self._plot is not None

    def show_curves(self, losses: Curve, dices: Curve) -> None:
        """Draw both curves; with no points at all the hint is shown."""
        if not losses and not dices:
            self._stack.setCurrentIndex(0)
            self._caption.hide()
            self._make_room(for_curves=False)
            return
        if self._plot is None:
            self._build()
        self._dice.setData([step for step, _ in dices], [value for _, value in dices])
        smooth = _smoothed(losses)
        self._loss.setData([step for step, _ in smooth], [value for _, value in smooth])
        # The loss has a view of its own, which the plot's own range does not see.
        last = max(curve[-1][0] for curve in (losses, dices) if curve)
        self._plot.setXRange(0, max(1, last), padding=0.02)
        self._stack.setCurrentIndex(1)
        self._caption.show()
        self._make_room(for_curves=True)
        said = [tr("Dice {dice:.2f}").format(dice=dices[-1][1])] if dices else []
        said += [tr("loss {loss:.3f}").format(loss=losses[-1][1])] if losses else []
        self.setAccessibleDescription(tr(", ").join(said))

    def _make_room(self, for_curves: bool) -> None:
        """The hint leaves its room to the versions below."""
        self.setMinimumHeight(_LEAST_PX if for_curves else _HINT_PX)
        self.setMaximumHeight(_ANY_PX if for_curves else _HINT_PX)

    def _build(self) -> None:
        import pyqtgraph

        plot = pyqtgraph.PlotWidget()
        plot.setMenuEnabled(False)
        plot.setMouseEnabled(False, False)
        plot.hideButtons()
        item = plot.getPlotItem()
        item.showAxis("right")
        item.setContentsMargins(0, _TOP_PX, 0, 0)
        for side in ("left", "right", "bottom"):
            item.getAxis(side).enableAutoSIPrefix(False)
        for side in ("left", "right"):
            item.getAxis(side).setWidth(38)
        self._loss_view = pyqtgraph.ViewBox(enableMenu=False)
        self._loss_view.setMouseEnabled(False, False)
        item.scene().addItem(self._loss_view)
        item.getAxis("right").linkToView(self._loss_view)
        self._loss_view.setXLink(item)
        self._loss_view.setLimits(yMin=0)
        plot.setLimits(yMin=0, yMax=1.05)
        item.vb.sigResized.connect(lambda: self._loss_view.setGeometry(item.vb.sceneBoundingRect()))
        self._dice = pyqtgraph.PlotDataItem(symbol="o", symbolSize=5)
        self._loss = pyqtgraph.PlotDataItem()
        item.addItem(self._dice)
        self._loss_view.addItem(self._loss)
        self._plot = plot
        self._stack.addWidget(plot)
        self._tint(self._look.tokens)

    def _tint(self, tokens: Tokens) -> None:
        if self._plot is None:
            return
        import pyqtgraph

        self._plot.setBackground(QColor(tokens.field))
        item = self._plot.getPlotItem()
        for side, colour in (("left", tokens.success), ("right", tokens.loss), ("bottom", tokens.muted)):
            axis = item.getAxis(side)
            axis.setPen(QColor(tokens.border))
            axis.setTextPen(QColor(colour))
        self._caption.setText(
            f'<span style="color:{tokens.success}">● {tr("Dice")}</span>&nbsp;&nbsp; '
            f'<span style="color:{tokens.loss}">● {tr("loss")}</span>'
        )
        self._dice.setPen(pyqtgraph.mkPen(tokens.success, width=2))
        self._dice.setSymbolBrush(QColor(tokens.success))
        self._dice.setSymbolPen(None)
        self._loss.setPen(pyqtgraph.mkPen(tokens.loss, width=1.5))


def _smoothed(curve: Curve, keep: float = 0.8) -> list[tuple[int, float]]:
    """Running mean, so that the trend of a noisy loss can be read; the first point is the first value."""
    result: list[tuple[int, float]] = []
    mean = None
    for step, value in curve:
        mean = value if mean is None else keep * mean + (1 - keep) * value
        result.append((step, mean))
    return result
