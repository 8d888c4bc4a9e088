"""Asks how long something on the photo is, so that lengths can be told in millimetres."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from resatt_studio.app.number_boxes import DecimalBox
from resatt_studio.app.photo_scale import PhotoScale
from resatt_studio.words import tr

_LEAST, _MOST = 0.0001, 1000.0
_USUAL_MM_PER_PX = 0.1


class ScaleDialog(QDialog):
    """The length of the ruler's line in millimetres, or the scale itself; each follows the other.

    Args:
        scale: Of the open photo.
    """

    def __init__(self, scale: PhotoScale, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Scale of the photo"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(420)
        self._scale = scale
        length_px = scale.length_px
        self.length = DecimalBox(minimum=_LEAST, maximum=1e6, decimals=3, suffix=" mm")
        self.length.setAccessibleName(tr("True length of the ruler's line"))
        self.per_px = DecimalBox(minimum=_LEAST, maximum=_MOST, decimals=5, suffix=" " + tr("mm per pixel"))
        self.per_px.setSingleStep(0.01)
        self.per_px.setAccessibleName(tr("Scale"))
        self.everywhere = QCheckBox(tr("For every photo of the project that has no scale of its own"))
        self._length_px = length_px or 0.0
        form = QFormLayout()
        form.setVerticalSpacing(10)
        if length_px is None:
            words = QLabel(tr("Drag the ruler along something of known length first, or type the scale."))
        else:
            words = QLabel(
                tr("The ruler's line is {length_px:.1f} pixels long. How long is it really?").format(
                    length_px=length_px
                )
            )
            form.addRow(tr("True length"), self.length)
        words.setWordWrap(True)
        form.addRow(tr("Scale"), self.per_px)
        buttons = QDialogButtonBox()
        buttons.addButton(tr("Cancel"), QDialogButtonBox.ButtonRole.RejectRole)
        self.keep = buttons.addButton(tr("Keep"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.keep.setDefault(True)
        self.keep.setProperty("primary", True)
        self.per_px.valueChanged.connect(self._follow_scale)
        self.length.valueChanged.connect(self._follow_length)
        self.per_px.setValue(scale.mm_per_px or _USUAL_MM_PER_PX)
        self._follow_scale(scale.mm_per_px or _USUAL_MM_PER_PX)
        self.forget = buttons.addButton(tr("Forget the scale"), QDialogButtonBox.ButtonRole.DestructiveRole)
        self.forget.setEnabled(scale.mm_per_px is not None)
        self.forget.clicked.connect(self._forget)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(22, 20, 22, 16)
        column.setSpacing(14)
        column.addWidget(words)
        column.addLayout(form)
        column.addWidget(self.everywhere)
        column.addWidget(buttons)
        (self.per_px if length_px is None else self.length).selectAll()

    def accept(self) -> None:
        """Keep what was typed, with more digits than the other field shows."""
        self._scale.set(self._mm_per_px, self.everywhere.isChecked())
        super().accept()

    def _forget(self) -> None:
        self._scale.set(None, self.everywhere.isChecked())
        self.reject()

    def _follow_scale(self, mm_per_px: float) -> None:
        self._mm_per_px = mm_per_px
        self.keep.setEnabled(True)
        with QSignalBlocker(self.length):
            self.length.setValue(mm_per_px * self._length_px)

    def _follow_length(self, length_mm: float) -> None:
        self._mm_per_px = length_mm / self._length_px
        self.keep.setEnabled(_LEAST <= self._mm_per_px <= _MOST)
        with QSignalBlocker(self.per_px):
            self.per_px.setValue(length_mm / self._length_px)
