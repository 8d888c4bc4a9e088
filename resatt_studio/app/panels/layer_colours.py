"""Which colours a layer may have: those that every eye tells apart, maps for values, or any other."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QRect
from PySide6.QtGui import QAction, QActionGroup, QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QColorDialog, QMenu

from resatt_studio.app.canvas.layers import Layer
from resatt_studio.app.layers import LAYER_WORDS
from resatt_studio.app.panels.bars import map_image
from resatt_studio.app.view_state import ViewState
from resatt_studio.imaging.colour import COLOUR_MAPS, OKABE_ITO, colour_map
from resatt_studio.words import mark, tr

STATES: dict[str, tuple[str, str]] = {
    "correction": (mark("Crack"), mark("Not crack")),
    "change": (mark("Crack gained"), mark("Crack lost")),
}
"""Layers of two colours, and what each of these stands for."""

COLOURED = frozenset({"mask", "outline", "probability", "uncertainty", "heat", *STATES})
"""Layers whose colours the inspector may choose."""

_ONE_COLOUR = frozenset({"mask", "outline", "probability", "uncertainty"})
_MAPPED = frozenset({"probability", "uncertainty", "heat"})
_SIDE_PX = 26


def fill_colour_menu(menu: QMenu, view: ViewState, name: str) -> None:
    """Offer the colours of one layer; what is chosen is shown at once."""
    layer = view.layers[name]
    if name in STATES:
        for field, words in zip(("colour", "other_colour"), STATES[name], strict=True):
            part = menu.addMenu(colour_icon(getattr(layer, field)), tr(words))
            _offer(part, view, layer, field, tr(words))
        return
    if name in _ONE_COLOUR:
        _offer(menu, view, layer, "colour", tr(LAYER_WORDS[name][0]))
    if name in _MAPPED:
        menu.addSection(tr("Colour maps"))
        group = QActionGroup(menu)
        for palette in COLOUR_MAPS:
            action = _choice(menu, group, map_icon(palette), palette.capitalize(), palette == layer.palette)
            action.triggered.connect(lambda _, palette=palette: view.set_layer(name, palette=palette))


def _offer(menu: QMenu, view: ViewState, layer: Layer, field: str, words: str) -> None:
    """Colours for one field of a layer."""
    now = "" if layer.palette else getattr(layer, field)

    def choose(colour: str) -> None:
        changes: dict[str, Any] = {field: colour, "palette": ""}
        view.set_layer(layer.name, **changes)

    def choose_any() -> None:
        title = tr("Colour of {layer}").format(layer=words.lower())
        chosen = QColorDialog.getColor(QColor(getattr(layer, field)), menu.parentWidget(), title)
        if chosen.isValid():
            choose(chosen.name())

    group = QActionGroup(menu)
    for hue in OKABE_ITO:
        action = _choice(menu, group, colour_icon(hue.colour), tr(hue.name), hue.colour == now)
        action.triggered.connect(lambda _, colour=hue.colour: choose(colour))
    menu.addAction(tr("Another colour…")).triggered.connect(choose_any)


def _choice(menu: QMenu, group: QActionGroup, face: QIcon, words: str, chosen: bool) -> QAction:
    action = menu.addAction(face, words)
    action.setCheckable(True)
    action.setChecked(chosen)
    if chosen:  # a mark that does not need the icon's colours
        font = action.font()
        font.setBold(True)
        action.setFont(font)
    group.addAction(action)
    return action


def swatch_icon(layer: Layer) -> QIcon:
    """The colours of a layer: one, two side by side, or a map from low to high."""
    if layer.palette:
        return map_icon(layer.palette)
    return colour_icon(layer.colour, layer.other_colour)


def colour_icon(colour: str, other: str = "") -> QIcon:
    """A square of one colour, or of two halves."""
    square = QPixmap(_SIDE_PX, _SIDE_PX)
    square.fill(QColor(colour))
    if other:
        painter = QPainter(square)
        painter.fillRect(QRect(_SIDE_PX // 2, 0, _SIDE_PX, _SIDE_PX), QColor(other))
        painter.end()
    return _face(square)


def map_icon(name: str) -> QIcon:
    """A square that runs from the lowest to the highest value of a colour map."""
    image = map_image(colour_map(name)).scaled(_SIDE_PX, _SIDE_PX)
    return _face(QPixmap.fromImage(image))


def _face(square: QPixmap) -> QIcon:
    """The same when disabled: the colour is what it tells."""
    face = QIcon()
    for mode in (QIcon.Mode.Normal, QIcon.Mode.Disabled):
        face.addPixmap(square, mode)
    return face
