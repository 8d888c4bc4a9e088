"""Layers over the photo: eye, colour, opacity of each, the mask's threshold and input, notes and legend."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QColorDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QSlider,
    QToolButton,
)

from resatt_studio.app.canvas.layers import Layer
from resatt_studio.app.icons import tinted_pixmaps
from resatt_studio.app.layers import LAYER_WORDS
from resatt_studio.app.panels.change import ChangeLegend
from resatt_studio.app.panels.haze import HazeNotes
from resatt_studio.app.panels.mask_input import MaskInput
from resatt_studio.app.panels.scrolled import ScrolledPanel
from resatt_studio.app.parts import Parts
from resatt_studio.app.theme import Tokens
from resatt_studio.words import tr

COLOURED = frozenset({"mask", "probability", "uncertainty", "correction"})
"""Layers whose colour the inspector may choose."""
_MOST_LEAST_PX = 440
"""Height up to which nothing of the panel has to be scrolled to: with the bars and the panel below it, the
window still fits into 800 pixels."""


class LayersPanel(ScrolledPanel):
    """One row a layer, the top layer first."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(tr("Layers"), QSize(330, 200))
        self._parts = parts
        self.rows: dict[str, LayerRow] = {}
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(7)
        grid.setVerticalSpacing(0)
        grid.setColumnStretch(3, 1)
        for place, name in enumerate(reversed(LAYER_WORDS)):
            self.rows[name] = LayerRow(parts, name, grid, place)
        self.threshold = QSlider(Qt.Orientation.Horizontal)
        self.threshold.setRange(1, 99)
        self.threshold.setAccessibleName(tr("Threshold of the crack mask in percent"))
        self.threshold.setToolTip(tr("A pixel counts as crack above this probability."))
        self.threshold.setTracking(True)
        self.automatic = QCheckBox(tr("Auto"))
        self.automatic.setAccessibleName(tr("Automatic threshold"))
        self.automatic.setToolTip(
            tr(
                "Every version of the weights brings the threshold that drew the best masks of the photos "
                "that judged it. Moving the slider sets your own."
            )
        )
        self._value = QLabel()
        self._value.setMinimumWidth(38)
        line = QHBoxLayout()
        label = QLabel(tr("Threshold"))
        label.setBuddy(self.threshold)
        line.addWidget(label)
        line.addWidget(self.threshold, 1)
        line.addWidget(self._value)
        line.addWidget(self.automatic)
        column = self.column
        column.setContentsMargins(11, 7, 11, 7)
        column.setSpacing(6)
        column.addLayout(grid)
        column.addLayout(line)
        self.input = MaskInput(parts)
        column.addWidget(self.input)
        self.haze = HazeNotes(parts)
        column.addWidget(self.haze)
        self.change = ChangeLegend(parts)
        column.addWidget(self.change)
        column.addStretch(1)
        self.threshold.valueChanged.connect(self._set_threshold)
        self.widget().installEventFilter(self)
        self.automatic.clicked.connect(parts.session.set_threshold_automatic)
        parts.look.changed.connect(self._tint)
        self._tint(parts.look.tokens)
        parts.session.project_changed.connect(lambda _: self._show_threshold())
        parts.session.prediction_changed.connect(lambda _: self._show_threshold())
        parts.session.threshold_changed.connect(lambda _: self._show_threshold())
        self._show_threshold()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.widget() and event.type() in (QEvent.Type.LayoutRequest, QEvent.Type.Resize):
            # No less, so that the warning can be read, but no more than leaves the panels below their room on
            # a small screen; no taller than it needs, for they have more use for what is left.
            layout, width = self.widget().layout(), self.widget().width()
            least, wanted = layout.totalMinimumSize().height(), layout.totalSizeHint().height()
            if layout.hasHeightForWidth():
                least, wanted = layout.totalMinimumHeightForWidth(width), layout.totalHeightForWidth(width)
            self.setMinimumHeight(min(least, _MOST_LEAST_PX))
            self.setMaximumHeight(wanted + 8)
        return super().eventFilter(watched, event)

    def minimumSizeHint(self) -> QSize:
        return QSize(super().minimumSizeHint().width(), self.minimumHeight())

    def _tint(self, tokens: Tokens) -> None:
        eye = eye_icon(tokens)
        for row in self.rows.values():
            row.eye.setIcon(eye)

    def _set_threshold(self, percent: int) -> None:
        self._value.setText(f"{percent} %")
        if round(self._parts.session.threshold * 100) != percent:
            self._parts.session.set_threshold(percent / 100)

    def _show_threshold(self) -> None:
        percent = round(self._parts.session.threshold * 100)
        self.threshold.setValue(percent)
        self.automatic.setChecked(self._parts.session.own_threshold is None)
        self._value.setText(f"{percent} %")


class LayerRow:
    """Eye, swatch, title and opacity of one layer, in a row of a grid."""

    def __init__(self, parts: Parts, name: str, grid: QGridLayout, place: int) -> None:
        self._parts = parts
        self._name = name
        title, help = map(tr, LAYER_WORDS[name])
        self.eye = QToolButton()
        self.eye.setCheckable(True)
        self.eye.setAutoRaise(True)
        self.eye.setProperty("role", "eye")
        self.eye.setAccessibleName(tr("Show {layer}").format(layer=title.lower()))
        self.eye.setToolTip(tr("Show or hide: {help}").format(help=help))
        self.swatch = QToolButton()
        self.swatch.setAutoRaise(True)
        self.swatch.setProperty("role", "eye")
        self.swatch.setIconSize(QSize(13, 13))
        self.swatch.setAccessibleName(tr("Colour of {layer}").format(layer=title.lower()))
        self.swatch.setVisible(name in COLOURED)
        self.swatch.setToolTip(tr("Choose another colour"))
        self.title = QLabel(title)
        self.title.setToolTip(help)
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(0, 100)
        self.opacity.setAccessibleName(tr("Opacity of {layer} in percent").format(layer=title.lower()))
        self.opacity.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        for column, widget in enumerate((self.eye, self.swatch, self.title, self.opacity)):
            grid.addWidget(widget, place, column)
        self.eye.toggled.connect(lambda on: parts.view.set_layer(name, visible=on))
        self.opacity.valueChanged.connect(lambda value: parts.view.set_layer(name, opacity=value / 100))
        self.swatch.clicked.connect(self._choose_colour)
        parts.view.layer_changed.connect(self._follow)
        self._follow(parts.view.layers[name])

    def _follow(self, layer: Layer) -> None:
        if layer.name != self._name:
            return
        self.eye.setChecked(layer.visible)
        self.opacity.setValue(round(layer.opacity * 100))
        self.opacity.setEnabled(layer.visible)
        self.title.setEnabled(True)
        self.title.setProperty("role", "" if layer.visible else "muted")
        self.title.style().unpolish(self.title)
        self.title.style().polish(self.title)
        swatch = QPixmap(26, 26)
        swatch.fill(QColor(layer.colour))
        face = QIcon()
        for mode in (QIcon.Mode.Normal, QIcon.Mode.Disabled):
            face.addPixmap(swatch, mode)
        self.swatch.setIcon(face)

    def _choose_colour(self) -> None:
        before = QColor(self._parts.view.layers[self._name].colour)
        chosen = QColorDialog.getColor(
            before, self.swatch, tr("Colour of {layer}").format(layer=self.title.text().lower())
        )
        if chosen.isValid():
            self._parts.view.set_layer(self._name, colour=chosen.name())


def eye_icon(tokens: Tokens) -> QIcon:
    """Open when on, closed when off."""
    face = QIcon()
    for name, state in (("eye", QIcon.State.On), ("eye-off", QIcon.State.Off)):
        for pixmap in tinted_pixmaps(name, tokens.text):
            face.addPixmap(pixmap, QIcon.Mode.Normal, state)
    return face
