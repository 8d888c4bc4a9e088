"""Brightness and contrast of the photo on the screen, and the window of a 16-bit photo."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QSlider, QWidget

from resatt_studio.app.canvas.tone import Tone, valid_tone
from resatt_studio.app.number_boxes import WholeBox
from resatt_studio.app.own_keys import OwnKeys
from resatt_studio.app.parts import Parts
from resatt_studio.imaging.depth import DEEP_LEVELS
from resatt_studio.words import tr

_STEPS = 100


class ToneControls(QWidget):
    """Sliders that follow the tone and change it; those of the window for 16-bit photos alone."""

    def __init__(self, parts: Parts) -> None:
        super().__init__()
        self._parts = parts
        self.brightness = _slider(tr("Brightness of the photo"), -_STEPS, _STEPS)
        self.contrast = _slider(tr("Contrast of the photo"), -_STEPS, _STEPS)
        self.low, self.high = Samples(tr("Black at sample")), Samples(tr("White at sample"))
        self.words = QLabel()
        self.words.setAccessibleName(tr("Depth of the photo"))
        self.words.setProperty("role", "muted")
        self.words.setWordWrap(True)
        self.fit = QPushButton(tr("Fit to view"))
        self.fit.setAccessibleName(tr("Fit brightness to what is seen"))
        parts.keys.tip(
            self.fit,
            tr("Spread what is seen from black to white ({fit_tone}); networks see the photo as it is"),
        )
        self.automatic = QPushButton(tr("Auto"))
        self.automatic.setAccessibleName(tr("Automatic window"))
        self.automatic.setToolTip(tr("The window of the networks: all samples but 0.1 % at either end"))
        self.plain = QPushButton(tr("Reset"))
        self.plain.setAccessibleName(tr("Photo as it is"))
        parts.keys.tip(self.plain, tr("Take brightness, contrast and window back ({reset_tone})"))
        self._build()
        for slider in (self.brightness, self.contrast):
            slider.valueChanged.connect(lambda _: self._turn())
        for samples in (self.low, self.high):
            samples.slider.valueChanged.connect(self._move_window)
            samples.number.valueChanged.connect(self._move_window)
        self.fit.clicked.connect(parts.tone.fit_wanted)
        self.automatic.clicked.connect(lambda: parts.tone.set_window(None))
        self.plain.clicked.connect(parts.view.reset_tone)
        parts.view.tone_changed.connect(self._show)
        parts.tone.changed.connect(self._show)
        self._show()

    def _build(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 4)
        grid.setHorizontalSpacing(7)
        grid.setVerticalSpacing(3)
        grid.setColumnStretch(1, 1)
        self._window_parts: list[QWidget] = [self.automatic, self.words]
        for row, (words, slider) in enumerate(
            ((tr("Brightness"), self.brightness), (tr("Contrast"), self.contrast))
        ):
            grid.addWidget(_label(words, slider), row, 0)
            grid.addWidget(slider, row, 1, 1, 2)
        for row, (words, samples) in enumerate(((tr("Black at"), self.low), (tr("White at"), self.high)), 2):
            label = _label(words, samples.slider)
            for column, widget in enumerate((label, samples.slider, samples.number)):
                grid.addWidget(widget, row, column)
                self._window_parts.append(widget)
        buttons = QHBoxLayout()
        buttons.setSpacing(6)
        for button in (self.fit, self.automatic, self.plain):
            buttons.addWidget(button, 1)
        grid.addWidget(self.words, 4, 0, 1, 3)
        grid.addLayout(buttons, 5, 0, 1, 3)

    def _show(self) -> None:
        tone, usual = self._parts.view.tone, self._parts.tone.window
        for slider, value in ((self.brightness, tone.brightness), (self.contrast, tone.contrast)):
            with QSignalBlocker(slider):
                slider.setValue(round(value * _STEPS))
        self.plain.setEnabled(not tone.plain)
        self.automatic.setEnabled(tone.window is not None)
        for part in self._window_parts:
            part.setVisible(usual is not None)
        if usual is None:
            return
        low, high = tone.window or usual
        # Over the samples that there are, and once more to either side, a slider can be set finely.
        width = max(1.0, usual[1] - usual[0])
        ends = max(0, int(usual[0] - width)), min(DEEP_LEVELS - 1, int(usual[1] + width) + 1)
        self.low.show_value(round(low), ends)
        self.high.show_value(round(high), ends)
        words = tr("16-bit photo; the networks see {low} to {high}.")
        if self._parts.tone.reading:
            words = tr("16-bit photo; the networks see {low} to {high}. Reading the samples…")
        self.words.setText(words.format(low=f"{usual[0]:,.0f}", high=f"{usual[1]:,.0f}"))

    def _turn(self) -> None:
        window = self._parts.view.tone.window
        tone = valid_tone(self.brightness.value() / _STEPS, self.contrast.value() / _STEPS, window)
        self._parts.view.set_tone(tone)

    def _move_window(self, value: int) -> None:
        tone, usual = self._parts.view.tone, self._parts.tone.window
        if usual is None:
            return
        low, high = tone.window or usual
        if self.sender() in (self.low.slider, self.low.number):
            window = float(value), max(high, value + 1.0)
        else:
            window = min(low, value - 1.0), float(value)
        after: Tone = valid_tone(tone.brightness, tone.contrast, window)
        self._parts.view.set_tone(after)
        self._show()


class Samples:
    """One end of the window: a slider for the hand, a number for exactness.

    Args:
        name: For screen readers.
    """

    def __init__(self, name: str) -> None:
        self.slider = _slider(name, 0, DEEP_LEVELS - 1)
        self.number = WholeBox()
        self.number.setRange(0, DEEP_LEVELS - 1)
        self.number.setKeyboardTracking(False)
        self.number.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # the wheel over it scrolls the panel
        OwnKeys(self.number)
        self.number.setAccessibleName(tr("{name}, as a number").format(name=name))

    def show_value(self, value: int, ends: tuple[int, int]) -> None:
        """Show a sample; the slider reaches from end to end, and stays at one for what lies beyond."""
        with QSignalBlocker(self.slider), QSignalBlocker(self.number):
            self.slider.setRange(*ends)
            self.slider.setSingleStep(max(1, (ends[1] - ends[0]) // 200))
            self.slider.setPageStep(max(1, (ends[1] - ends[0]) // 20))
            self.slider.setValue(value)
            self.number.setValue(value)


def _slider(name: str, low: int, high: int) -> QSlider:
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setRange(low, high)
    slider.setAccessibleName(name)
    slider.setToolTip(tr("{name}; for the eye alone: networks see the photo as it is").format(name=name))
    return slider


def _label(words: str, buddy: QWidget) -> QLabel:
    label = QLabel(words)
    label.setBuddy(buddy)
    return label
