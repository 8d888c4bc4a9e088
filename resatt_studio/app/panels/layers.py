"""Layers over the photo: a row for each, the photo's tone, the mask's threshold and input, notes, legend."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QLabel, QSlider

from resatt_studio.app.icons import icon, tinted_pixmaps
from resatt_studio.app.layers import LAYER_WORDS
from resatt_studio.app.panels.change import ChangeLegend
from resatt_studio.app.panels.haze import HazeNotes
from resatt_studio.app.panels.layer_row import LayerRow
from resatt_studio.app.panels.mask_input import MaskInput
from resatt_studio.app.panels.scrolled import ScrolledPanel
from resatt_studio.app.panels.tone import ToneControls
from resatt_studio.app.parts import Parts
from resatt_studio.app.theme import Tokens
from resatt_studio.words import tr

_MOST_LEAST_PX = 440
"""Height up to which nothing of the panel has to be scrolled to: with the bars and the panel below it, the
window still fits into 800 pixels."""


class LayersPanel(ScrolledPanel):
    """One row a layer, the top layer first."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(tr("Layers"), QSize(330, 200))
        self._parts = parts
        self._fitting = False
        self.rows: dict[str, LayerRow] = {}
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(7)
        grid.setVerticalSpacing(0)
        grid.setColumnStretch(3, 1)
        for place, name in enumerate(reversed(LAYER_WORDS)):
            self.rows[name] = LayerRow(parts, name, grid, place, self)
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
        self.tone = ToneControls(parts)
        self.tone.hide()
        self.adjust = self.rows["photo"].swatch
        self.adjust.setCheckable(True)
        self.adjust.setAccessibleName(tr("Brightness and contrast"))
        self.adjust.setToolTip(tr("Brightness, contrast, and the window of a 16-bit photo"))
        self.adjust.toggled.connect(self.tone.setVisible)
        self.adjust.show()
        column.addWidget(self.tone)
        column.addLayout(line)
        self.haze = HazeNotes(parts)
        column.addWidget(self.haze)
        self.input = MaskInput(parts)
        column.addWidget(self.input)
        self.change = ChangeLegend(parts)
        column.addWidget(self.change)
        column.addStretch(1)
        self.threshold.valueChanged.connect(self._set_threshold)
        self.body.installEventFilter(self)
        self.automatic.clicked.connect(parts.session.set_threshold_automatic)
        parts.look.changed.connect(self._tint)
        self._tint(parts.look.tokens)
        parts.session.project_changed.connect(self._show_threshold)
        parts.session.prediction_changed.connect(self._show_threshold)
        parts.session.threshold_changed.connect(self._show_threshold)
        self._show_threshold()

    def take_over(self, old: LayersPanel) -> None:
        """Show what another one showed, whose place this one takes."""
        self.adjust.setChecked(old.adjust.isChecked())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        laid_out = event.type() in (QEvent.Type.LayoutRequest, QEvent.Type.Resize)
        if watched is self.body and laid_out and not self._fitting:
            self._fitting = True
            try:
                self._fit_height()
            finally:
                self._fitting = False
        return super().eventFilter(watched, event)

    def _fit_height(self) -> None:
        """No less, so that the warning can be read, but no more than leaves the panels below their room on a
        small screen; no taller than it needs, for they have more use for what is left."""
        # Each bound resizes what is within at once. With another height a scroll bar may come or go, with it
        # other lines wrap, and so on without end: twice must do.
        for _ in range(2):
            layout, width = self.column, self.body.width()
            least, wanted = layout.totalMinimumSize().height(), layout.totalSizeHint().height()
            if layout.hasHeightForWidth():
                least, wanted = layout.totalMinimumHeightForWidth(width), layout.totalHeightForWidth(width)
            self.setMinimumHeight(min(least, _MOST_LEAST_PX))
            self.setMaximumHeight(wanted + 8)

    def minimumSizeHint(self) -> QSize:
        return QSize(super().minimumSizeHint().width(), self.minimumHeight())

    def _tint(self, tokens: Tokens) -> None:
        eye = eye_icon(tokens)
        for row in self.rows.values():
            row.eye.setIcon(eye)
        self.adjust.setIcon(icon("adjust", tokens))

    def _set_threshold(self, percent: int) -> None:
        self._value.setText(f"{percent} %")
        if round(self._parts.session.threshold * 100) != percent:
            self._parts.session.set_threshold(percent / 100)

    def _show_threshold(self) -> None:
        percent = round(self._parts.session.threshold * 100)
        self.threshold.setValue(percent)
        self.automatic.setChecked(self._parts.session.own_threshold is None)
        self._value.setText(f"{percent} %")


def eye_icon(tokens: Tokens) -> QIcon:
    """Open when on, closed when off."""
    face = QIcon()
    for name, state in (("eye", QIcon.State.On), ("eye-off", QIcon.State.Off)):
        for pixmap in tinted_pixmaps(name, tokens.text):
            face.addPixmap(pixmap, QIcon.Mode.Normal, state)
    return face
