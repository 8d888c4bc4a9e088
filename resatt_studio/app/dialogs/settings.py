"""Preferences; each applies the moment it is changed, there is nothing to confirm."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from resatt_studio.app.number_boxes import DecimalBox, WholeBox
from resatt_studio.settings import DEVICES, LEARNS, STARTING_WEIGHTS, THEMES, Settings, settings_path
from resatt_studio.words import LANGUAGES, mark, tr

_THEME_TITLES = {"system": mark("System"), "light": mark("Light"), "dark": mark("Dark")}

_DEVICE_TITLES = {
    "auto": mark("Best available"),
    "cpu": mark("Processor"),
    "cuda": mark("NVIDIA graphics card"),
    "mps": mark("Apple graphics"),
}

_STARTING_TITLES = {
    "factory": mark("Factory (research photos)"),
    "generated": mark("Generated scenes alone"),
}

_CRACK_TITLES = {"auto": mark("By itself, after each approval"), "ask": mark("When I ask for it")}
_LABEL_TITLES = {"auto": mark("By itself, once enough are new"), "ask": mark("When I ask for it")}


class SettingsDialog(QDialog):
    """A form over :class:`~resatt_studio.settings.Settings`.

    Args:
        now: What holds.
        change: Called with the changed fields; writes and applies them.
        reopen: Opens this dialog again: it closes when the language changes, in which it was written.
    """

    def __init__(
        self,
        now: Settings,
        change: Callable[..., None],
        parent: QWidget | None,
        reopen: Callable[[], None],
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Settings"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(460)
        self.theme = _choice({name: _THEME_TITLES[name] for name in THEMES}, now.theme)
        self.device = _choice({name: _DEVICE_TITLES[name] for name in DEVICES}, now.device)
        self.starting = _choice(
            {name: _STARTING_TITLES[name] for name in STARTING_WEIGHTS}, now.starting_weights
        )
        self.threads = WholeBox(minimum=0, maximum=1024, value=now.threads)
        self.threads.setSpecialValueText(tr("All cores"))
        self.threshold = WholeBox(minimum=1, maximum=99, value=round(now.threshold * 100), suffix=" %")
        self.seconds = WholeBox(minimum=5, maximum=86400, value=round(now.learn_seconds), suffix=" s")
        self.gain = _dice(now.learn_min_gain, 0.0, 0.5)
        self.confidence = DecimalBox(minimum=60.0, maximum=99.9, decimals=1, singleStep=1.0, suffix=" %")
        self.confidence.setValue(100 * now.learn_confidence)
        self.forgetting = _dice(now.learn_max_forgetting, 0.0, 1.0)
        self.cracks = _choice({name: _CRACK_TITLES[name] for name in LEARNS}, now.learn_cracks)
        self.labels = _choice({name: _LABEL_TITLES[name] for name in LEARNS}, now.learn_labels)
        self.undo = WholeBox(minimum=8, maximum=65536, value=now.undo_mb, singleStep=64, suffix=" MB")
        self.memory = WholeBox(minimum=300, maximum=1_000_000, singleStep=100, suffix=" MB")
        self.memory.setValue(now.photo_memory_mb)
        self.disk = WholeBox(minimum=0, maximum=10_000_000, singleStep=500, suffix=" MB")
        self.disk.setValue(now.tile_cache_mb)
        self.author = QLineEdit(now.author)
        self.language = _choice({"system": mark("System"), **LANGUAGES}, now.language)
        self.language.currentIndexChanged.connect(self._change_language)
        self._change, self._reopen = change, reopen
        self.theme.currentIndexChanged.connect(lambda _: change(theme=self.theme.currentData()))
        self.device.currentIndexChanged.connect(lambda _: change(device=self.device.currentData()))
        self.starting.currentIndexChanged.connect(
            lambda _: change(starting_weights=self.starting.currentData())
        )
        self.threads.valueChanged.connect(lambda value: change(threads=value))
        self.threshold.valueChanged.connect(lambda value: change(threshold=value / 100))
        self.seconds.valueChanged.connect(lambda value: change(learn_seconds=float(value)))
        self.cracks.currentIndexChanged.connect(lambda _: change(learn_cracks=self.cracks.currentData()))
        self.gain.valueChanged.connect(lambda value: change(learn_min_gain=round(value, 3)))
        self.confidence.valueChanged.connect(lambda value: change(learn_confidence=round(value / 100, 3)))
        self.forgetting.valueChanged.connect(lambda value: change(learn_max_forgetting=round(value, 3)))
        self.labels.currentIndexChanged.connect(lambda _: change(learn_labels=self.labels.currentData()))
        self.undo.valueChanged.connect(lambda value: change(undo_mb=value))
        self.memory.valueChanged.connect(lambda value: change(photo_memory_mb=value))
        self.disk.valueChanged.connect(lambda value: change(tile_cache_mb=value))
        self.author.editingFinished.connect(lambda: change(author=self.author.text()))
        form = QFormLayout()
        form.setVerticalSpacing(10)
        rows: tuple[tuple[str, QWidget, str], ...] = (
            (tr("Language"), self.language, tr("Of the window; it changes at once")),
            (tr("Theme"), self.theme, tr("Colours of the window")),
            (tr("Network runs on"), self.device, tr("Where predicting and learning happen")),
            (tr("Processor threads"), self.threads, tr("One is always left to the window while you paint")),
            (
                tr("New projects start with"),
                self.starting,
                tr(
                    "The factory weights learned from photo sets of which several are for research use "
                    "only; the others learned from generated scenes, find less, and are free of anybody's "
                    "terms"
                ),
            ),
            (
                tr("Threshold"),
                self.threshold,
                tr(
                    "Probability above which a pixel counts as crack in new projects; at 50 % every version "
                    "of the weights brings its own"
                ),
            ),
            (tr("Learning time"), self.seconds, tr("Longest that one round of learning may take")),
            (
                tr("Learn from corrections"),
                self.cracks,
                tr(
                    "When the crack network learns what you painted; by itself also for twice as long, "
                    "once nothing was approved for a minute"
                ),
            ),
            (tr("Least gain"), self.gain, tr("Dice by which new weights have to be better to come into use")),
            (tr("Certainty"), self.confidence, tr("How sure the app has to be that new weights are no loss")),
            (
                tr("Most forgetting"),
                self.forgetting,
                tr("Dice that new weights may lose on the reference set"),
            ),
            (
                tr("Learn from class answers"),
                self.labels,
                tr("When RMT and ReViT learn what you called the photos"),
            ),
            (
                tr("Memory for undo"),
                self.undo,
                tr(
                    "Of each photo that is open; steps that do not fit are read back from the disk, none is "
                    "lost"
                ),
            ),
            (
                tr("Memory for photos"),
                self.memory,
                tr(
                    "What the photo on the canvas may take, with its maps; larger ones are shown part by "
                    "part, from the next photo that is opened"
                ),
            ),
            (tr("Disk for huge photos"), self.disk, tr("Their smaller sizes are kept there between visits")),
            (tr("Your name"), self.author, tr("Written beside your strokes and approvals")),
        )
        for title, widget, help in rows:
            widget.setToolTip(help)
            widget.setAccessibleName(title)
            form.addRow(title, widget)
        where = QLabel(tr("Kept in {file}").format(file=settings_path()))
        where.setProperty("role", "muted")
        where.setWordWrap(True)
        where.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.close)
        column = QVBoxLayout(self)
        column.setContentsMargins(22, 20, 22, 16)
        column.setSpacing(14)
        column.addLayout(form)
        column.addWidget(where)
        column.addWidget(buttons)

    def _change_language(self) -> None:
        self._change(language=self.language.currentData())
        self.close()
        # In the middle of the box's own signal no other dialog should open.
        QTimer.singleShot(0, self._reopen)


def _dice(now: float, low: float, high: float) -> DecimalBox:
    box = DecimalBox(minimum=low, maximum=high, decimals=3, singleStep=0.001)
    box.setValue(now)
    return box


def _choice(titles: dict[str, Any], now: str) -> QComboBox:
    box = QComboBox()
    for key, title in titles.items():
        box.addItem(tr(title), key)
    box.setCurrentIndex(list(titles).index(now))
    return box
