"""The legend of what learning changed: which versions, how much crack was gained and lost on this photo."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QWidget

from resatt_studio.app.canvas.layers import Layer
from resatt_studio.app.changes import LAYER
from resatt_studio.app.other_networks import version_title
from resatt_studio.app.parts import Parts
from resatt_studio.app.sentences import sentence
from resatt_studio.imaging.changes import area_words
from resatt_studio.words import again, mark, tr

NO_PAIR = mark(
    "No version here comes from another one yet: let the network learn, or choose two in the Learning panel."
)


class ChangeLegend(QWidget):
    """Shows itself with the layer that it explains."""

    def __init__(self, parts: Parts) -> None:
        super().__init__()
        self._parts = parts
        self.state = sentence(tr("Which versions are compared on this photo"), "muted")
        self.swatches = (Swatch("+"), Swatch("−"))
        self.gained = sentence(tr("Crack gained on this photo"))
        self.lost = sentence(tr("Crack lost on this photo"))
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 4, 0, 0)
        grid.setHorizontalSpacing(7)
        grid.setVerticalSpacing(3)
        grid.setColumnStretch(1, 1)
        grid.addWidget(self.state, 0, 0, 1, 2)
        for row, (swatch, words) in enumerate(zip(self.swatches, (self.gained, self.lost), strict=True), 1):
            grid.addWidget(swatch, row, 0)
            grid.addWidget(words, row, 1)
        parts.changes.changed.connect(self._show)
        parts.pair.changed.connect(self._show)
        parts.view.layer_changed.connect(self._follow_layer)
        parts.session.when_photo_changes(self._show)
        self._tint()
        self._show()

    def _show(self) -> None:
        changes = self._parts.changes
        self.setVisible(changes.wanted)
        self.state.setText(self._sentence())
        change = changes.change
        for part in (*self.swatches, self.gained, self.lost):
            part.setVisible(change is not None)
        if change is not None:
            areas = change.areas
            self.gained.setText(
                tr("Crack gained: {area}").format(area=area_words(areas.gained_px, areas.gained_share))
            )
            self.lost.setText(
                tr("Crack lost: {area}").format(area=area_words(areas.lost_px, areas.lost_share))
            )

    def _sentence(self) -> str:
        changes, pair = self._parts.changes, self._parts.pair.versions
        asking, report = changes.asking, changes.asking.report
        if pair is None:
            return tr(NO_PAIR)
        names = f"{version_title(pair[0])} → {version_title(pair[1])}"
        if self._parts.session.tiles is not None:
            return self._parts.keys.words(self._parts.session.huge_words)
        if asking.trouble is not None:
            return again(str(asking.trouble))
        if self._parts.session.entry is None:
            return tr("Open a photo to see what changed from {names}.").format(names=names)
        if changes.change is None:
            state = tr("asking both versions…")
            if asking.waiting and report is not None and report.total > 1:
                state = tr("tile {done} of {total}…").format(done=report.done, total=report.total)
            return f"{names}: {state}"
        if changes.change.input == "dehazed":
            return tr("What changed on this photo from {names}, both on the dehazed photo").format(
                names=names
            )
        return tr("What changed on this photo from {names}").format(names=names)

    def _follow_layer(self, layer: Layer) -> None:
        if layer.name == LAYER:
            self._tint()

    def _tint(self) -> None:
        layer = self._parts.view.layers[LAYER]
        for swatch, colour in zip(self.swatches, (layer.colour, layer.other_colour), strict=True):
            swatch.show_colour(colour)


class Swatch(QWidget):
    """A square of one colour with a sign, so that its shape tells it too.

    Args:
        sign: "+" or "−".
    """

    def __init__(self, sign: str) -> None:
        super().__init__()
        self._sign = sign
        self.colour = "#000000"
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_colour(self, colour: str) -> None:
        """Fill it with ``#rrggbb``."""
        self.colour = colour
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(15, 15)

    def paintEvent(self, event: object) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colour = QColor(self.colour)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawRoundedRect(QRectF(self.rect()), 3, 3)
        painter.setPen(QPen(QColor("#101214" if colour.lightness() > 150 else "#ffffff"), 1.8))
        middle = QPointF(self.width() / 2, self.height() / 2)
        arm = self.width() * 0.26
        painter.drawLine(middle - QPointF(arm, 0), middle + QPointF(arm, 0))
        if self._sign == "+":
            painter.drawLine(middle - QPointF(0, arm), middle + QPointF(0, arm))
        painter.end()
