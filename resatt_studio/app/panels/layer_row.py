"""One layer in the panel: eye, colours, title, opacity, and a menu for what is wanted less often."""

from __future__ import annotations

from PySide6.QtCore import QObject, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QMenu, QSizePolicy, QSlider, QToolButton, QWidget

from resatt_studio.app.canvas.layers import Layer
from resatt_studio.app.layers import LAYER_WORDS, NEED_WHOLE_PHOTO
from resatt_studio.app.panels.layer_colours import COLOURED, fill_colour_menu, swatch_icon
from resatt_studio.app.parts import Parts
from resatt_studio.words import tr

_SWATCH_PX = 13


class Eye(QToolButton):
    """Shows and hides on a click; a click with Alt means: this one alone."""

    solo = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setCheckable(True)
        self.setAutoRaise(True)
        self.setProperty("role", "eye")

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if (
            event.button() == Qt.MouseButton.LeftButton
            and event.modifiers() & Qt.KeyboardModifier.AltModifier
        ):
            self.solo.emit()
            event.accept()
        else:
            super().mousePressEvent(event)


class LayerRow(QObject):
    """Widgets of one layer, in a row of a grid.

    Args:
        parent: The panel, with which it goes: it listens to what outlives both.
    """

    def __init__(self, parts: Parts, name: str, grid: QGridLayout, place: int, parent: QObject) -> None:
        super().__init__(parent)
        self._parts = parts
        self._name = name
        title, help = map(tr, LAYER_WORDS[name])
        self.eye = Eye()
        self.eye.setAccessibleName(tr("Show {layer}").format(layer=title.lower()))
        self.swatch = QToolButton()
        self.swatch.setAutoRaise(True)
        self.swatch.setProperty("role", "eye")
        self.swatch.setIconSize(QSize(_SWATCH_PX, _SWATCH_PX))
        self.swatch.setAccessibleName(tr("Colour of {layer}").format(layer=title.lower()))
        self.swatch.setToolTip(tr("Choose another colour"))
        if name not in COLOURED:
            self.swatch.hide()
        self.title = QLabel(title)
        self.title.setToolTip(help)
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(0, 100)
        self.opacity.setAccessibleName(tr("Opacity of {layer} in percent").format(layer=title.lower()))
        self.opacity.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        for column, widget in enumerate((self.eye, self.swatch, self.title, self.opacity)):
            grid.addWidget(widget, place, column)
        self.eye.toggled.connect(lambda on: parts.view.set_layer(name, visible=on))
        self.eye.solo.connect(lambda: parts.view.solo(name))
        self.opacity.valueChanged.connect(lambda value: parts.view.set_layer(name, opacity=value / 100))
        if name in COLOURED:
            self.swatch.clicked.connect(self._offer_colours)
        for widget in (self.eye, self.swatch, self.title):
            widget.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
            widget.customContextMenuRequested.connect(
                lambda at, widget=widget: self._popup(QMenu(widget), widget, at)
            )
        parts.view.layer_changed.connect(self._follow)
        self._follow(parts.view.layers[name])
        if name in NEED_WHOLE_PHOTO:
            parts.session.when_photo_changes(self._follow_photo)

    def _follow(self, layer: Layer) -> None:
        if layer.name != self._name:
            return
        self.eye.setChecked(layer.visible)
        self.eye.setEnabled(layer.visible or self._can_be_made)
        help = tr(LAYER_WORDS[self._name][1])
        tip = tr("Show or hide: {help} Alt+click: this layer alone.").format(help=help)
        why = "" if self._can_be_made else self._parts.keys.words(self._parts.session.huge_words)
        self.eye.setToolTip(f"{tip}\n{why}".strip())
        self.opacity.setValue(round(layer.opacity * 100))
        self.opacity.setEnabled(layer.visible)
        self.title.setProperty("role", "" if layer.visible else "muted")
        self.title.style().unpolish(self.title)
        self.title.style().polish(self.title)
        if self._name in COLOURED:
            self.swatch.setIcon(swatch_icon(layer))

    @property
    def _can_be_made(self) -> bool:
        """Whether there can be anything of this layer to show on the open photo."""
        return self._name not in NEED_WHOLE_PHOTO or self._parts.session.tiles is None

    def _follow_photo(self) -> None:
        self._follow(self._parts.view.layers[self._name])

    def _offer_colours(self) -> None:
        menu = QMenu(self.swatch)
        fill_colour_menu(menu, self._parts.view, self._name)
        menu.addSeparator()
        self._popup(menu, self.swatch, self.swatch.rect().bottomLeft())

    def _popup(self, menu: QMenu, widget: QWidget, at: QPoint) -> None:
        """Show a menu, with what every layer can do at its end."""
        view, name = self._parts.view, self._name
        alone = menu.addAction(tr("This layer alone"))
        alone.setCheckable(True)
        alone.setChecked(view.solo_name == name)
        alone.setEnabled(alone.isChecked() or self._can_be_made)
        alone.triggered.connect(lambda: view.solo(name))
        menu.addAction(tr("As at first")).triggered.connect(lambda: view.reset_layer(name))
        menu.aboutToHide.connect(menu.deleteLater)  # after what was chosen is done
        menu.popup(widget.mapToGlobal(at))
