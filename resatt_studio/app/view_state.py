"""What the inspector looks through and paints with: layers, split, tool, brush; never in the store."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from PySide6.QtCore import QObject, Signal

from resatt_studio.app.canvas.layers import DEFAULT_LAYERS, Layer
from resatt_studio.app.canvas.split import Split
from resatt_studio.app.canvas.tone import PLAIN, Tone, valid_tone
from resatt_studio.app.sides import Sides, find_look
from resatt_studio.app.tool_options import ToolOptions
from resatt_studio.app.tools.options import LABEL, RADIUS
from resatt_studio.app.tools.registry import TOOLS
from resatt_studio.records.correction import Label

_STEP = 1.25
_OPACITY_STEP = 0.1
_SPLIT_STEP = 0.05
_TONE_STEP = 0.05


@dataclass(frozen=True, slots=True)
class Brush:
    """The tool in hand.

    Attributes:
        tool: Name in the tools table.
        label: What painting says.
        radius_px: In photo pixels.
    """

    tool: str = "brush"
    label: Label = Label.CRACK
    radius_px: float = float(RADIUS.default)


LABELLING = frozenset(tool.name for tool in TOOLS if any(option.means(LABEL) for option in tool.options))
"""Tools that say what the label in hand says."""


class ViewState(QObject):
    """Layers, the photo's tone, split, brush, the tools' options; changed by keys, panels and canvas alike.

    Args:
        remembered: Options as ``ToolOptions.texts`` wrote them.
    """

    layer_changed = Signal(object)
    solo_changed = Signal(str)
    tone_changed = Signal(object)
    brush_changed = Signal(object)
    split_changed = Signal(object)
    compare_changed = Signal(bool)
    minimap_changed = Signal(bool)
    key_cursor_changed = Signal(bool)
    sides_changed = Signal(object)
    hand_changed = Signal(bool)

    def __init__(self, parent: QObject | None = None, remembered: Iterable[str] = ()) -> None:
        super().__init__(parent)
        self.layers: dict[str, Layer] = {layer.name: layer for layer in DEFAULT_LAYERS}
        self.tone = PLAIN
        self._before_solo: tuple[str, frozenset[str]] = ("", frozenset())
        self.brush = Brush()
        self.split = Split()
        self.compare = False
        self.options = ToolOptions(self, remembered, self)
        self.minimap = True
        self.key_cursor = False
        self.sides = Sides()
        self.in_hand = False

    # -- layers --

    def set_layer(
        self,
        name: str,
        *,
        visible: bool | None = None,
        opacity: float | None = None,
        colour: str | None = None,
        other_colour: str | None = None,
        palette: str | None = None,
    ) -> None:
        """Change what is given of one layer; ``opacity`` is in [0, 1]."""
        before = self.layers[name]
        after = replace(
            before,
            visible=before.visible if visible is None else visible,
            opacity=before.opacity if opacity is None else min(1.0, max(0.0, opacity)),
            colour=before.colour if colour is None else colour,
            other_colour=before.other_colour if other_colour is None else other_colour,
            palette=before.palette if palette is None else palette,
        )
        if after.visible != before.visible:
            self._end_solo()  # somebody looks at other layers now; nothing is to be brought back
        self._put(after)

    def _put(self, layer: Layer) -> None:
        if layer != self.layers[layer.name]:
            self.layers[layer.name] = layer
            self.layer_changed.emit(layer)

    def reset_layer(self, name: str) -> None:
        """Show one layer as at first."""
        (layer,) = (layer for layer in DEFAULT_LAYERS if layer.name == name)
        if layer.visible != self.layers[name].visible:
            self._end_solo()
        self._put(layer)
        if name == "photo":
            self.set_tone(PLAIN)

    def reset_layers(self) -> None:
        """Show every layer as at first."""
        for name in self.layers:
            self.reset_layer(name)

    def recall_layers(self, layers: Iterable[Layer]) -> None:
        """Show layers as they were shown in an earlier session."""
        self._end_solo()
        for layer in layers:
            self._put(layer)

    @property
    def solo_name(self) -> str:
        """The layer that alone is shown over the photo, or ""."""
        return self._before_solo[0]

    @property
    def lasting_layers(self) -> tuple[Layer, ...]:
        """Every layer as it is shown when none is shown alone, from the bottom up."""
        name, visible = self._before_solo
        return tuple(
            replace(layer, visible=layer.name in visible) if name else layer for layer in self.layers.values()
        )

    def solo(self, name: str) -> None:
        """Show one layer alone over the photo, or when it is, all that were shown before."""
        before, visible = self._before_solo
        if before == name:
            shown, self._before_solo = visible, ("", frozenset())
        else:
            if not before:
                visible = frozenset(layer.name for layer in self.layers.values() if layer.visible)
            shown, self._before_solo = frozenset({"photo", name}), (name, visible)
        for layer in tuple(self.layers.values()):
            self._put(replace(layer, visible=layer.name in shown))
        self.solo_changed.emit(self.solo_name)

    def _end_solo(self) -> None:
        if self.solo_name:
            self._before_solo = ("", frozenset())
            self.solo_changed.emit("")

    def toggle_layer(self, name: str) -> None:
        """Show or hide one layer."""
        self.set_layer(name, visible=not self.layers[name].visible)

    def toggle_mask(self) -> None:
        self.toggle_layer("mask")

    def more_opaque(self) -> None:
        self.set_layer("mask", opacity=self.layers["mask"].opacity + _OPACITY_STEP)

    def less_opaque(self) -> None:
        self.set_layer("mask", opacity=self.layers["mask"].opacity - _OPACITY_STEP)

    def toggle_dehazed(self) -> None:
        self.toggle_layer("dehazed")

    def toggle_change(self) -> None:
        self.toggle_layer("change")

    def toggle_heat(self) -> None:
        self.toggle_layer("heat")

    # -- tone --

    def set_tone(self, tone: Tone) -> None:
        """Show the photo in another way."""
        if tone != self.tone:
            self.tone = tone
            self.tone_changed.emit(tone)

    def reset_tone(self) -> None:
        """Show the photo as it is."""
        self.set_tone(PLAIN)

    def brighter(self) -> None:
        self._turn_tone(_TONE_STEP, 0)

    def darker(self) -> None:
        self._turn_tone(-_TONE_STEP, 0)

    def more_contrast(self) -> None:
        self._turn_tone(0, _TONE_STEP)

    def less_contrast(self) -> None:
        self._turn_tone(0, -_TONE_STEP)

    def _turn_tone(self, brightness: float, contrast: float) -> None:
        now = self.tone
        self.set_tone(valid_tone(now.brightness + brightness, now.contrast + contrast, now.window))

    # -- split --

    def set_split(self, *, on: bool | None = None, place: float | None = None) -> None:
        """Change what is given of the divider between the photo and what dehazing makes of it."""
        before = self.split
        after = Split(
            before.on if on is None else on,
            before.place if place is None else min(1.0, max(0.0, place)),
        )
        if after != before:
            self.split = after
            self.split_changed.emit(after)

    def toggle_split(self) -> None:
        self.set_split(on=not self.split.on)

    def split_left(self) -> None:
        self.set_split(on=True, place=self.split.place - _SPLIT_STEP)

    def split_right(self) -> None:
        self.set_split(on=True, place=self.split.place + _SPLIT_STEP)

    def set_compare(self, on: bool) -> None:
        """Show the masks of the photo and of the dehazed photo on either side of the divider, or one mask."""
        if on != self.compare:
            self.compare = on
            if on:
                self.set_split(on=True)
            self.compare_changed.emit(on)

    def toggle_compare(self) -> None:
        self.set_compare(not self.compare)

    # -- side by side --

    def set_sides(self, **changes: Any) -> None:
        """Change fields of what is compared side by side."""
        before = self.sides
        after = replace(before, **changes)
        if after == before:
            return
        seen = {name for name in self.layers if self.shows(name)}
        self.sides = after
        self.sides_changed.emit(after)
        for name, layer in self.layers.items():
            if self.shows(name) != (name in seen):
                self.layer_changed.emit(layer)

    def shows(self, name: str) -> bool:
        """Whether what a layer has of the open photo is seen, be it on one side of two."""
        layer, sides = self.layers[name], self.sides
        if not sides.on:
            return layer.visible
        on_right = not sides.photo_id and find_look(sides.right, ()).asks(layer)
        return on_right or find_look(sides.left, ()).asks(layer, paints=True)

    # -- map --

    def set_minimap(self, wanted: bool) -> None:
        """Show a small map of the photo while the view shows a part of it, or never."""
        if wanted != self.minimap:
            self.minimap = wanted
            self.minimap_changed.emit(wanted)

    def toggle_minimap(self) -> None:
        self.set_minimap(not self.minimap)

    # -- the keyboard's pointer --

    def toggle_key_cursor(self) -> None:
        """Let arrow keys and Space point and press on the photo, or move it."""
        self.key_cursor = not self.key_cursor
        self.key_cursor_changed.emit(self.key_cursor)

    # -- hand --

    def set_in_hand(self, in_hand: bool) -> None:
        """Whether the tool holds something that waits to be finished; told by the canvas."""
        if in_hand != self.in_hand:
            self.in_hand = in_hand
            self.hand_changed.emit(in_hand)

    # -- brush --

    def set_brush(
        self, *, tool: str | None = None, label: Label | None = None, radius_px: float | None = None
    ) -> None:
        """Change what is given of the tool in hand."""
        before = self.brush
        radius = before.radius_px if radius_px is None else radius_px
        after = Brush(
            before.tool if tool is None else tool,
            before.label if label is None else label,
            float(RADIUS.valid(radius)),
        )
        if after != before:
            self.brush = after
            self.brush_changed.emit(after)

    def paint_crack(self) -> None:
        self.say(Label.CRACK)

    def paint_not_crack(self) -> None:
        self.say(Label.NOT_CRACK)

    def swap_label(self) -> None:
        self.say(Label.NOT_CRACK if self.brush.label is Label.CRACK else Label.CRACK)

    def say(self, label: Label) -> None:
        """Take a label in the hand, and the brush where the tool says nothing."""
        self.set_brush(tool=self.brush.tool if self.brush.tool in LABELLING else "brush", label=label)

    def smaller_brush(self) -> None:
        self.set_brush(radius_px=self.brush.radius_px / _STEP)

    def larger_brush(self) -> None:
        self.set_brush(radius_px=self.brush.radius_px * _STEP)
