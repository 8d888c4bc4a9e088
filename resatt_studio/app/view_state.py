"""What the inspector looks through and paints with: layers, split, tool, brush; never in the store."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, Signal

from resatt_studio.app.canvas.layers import DEFAULT_LAYERS, Layer
from resatt_studio.app.canvas.split import Split
from resatt_studio.app.sides import Sides, find_look
from resatt_studio.app.tool_options import ToolOptions
from resatt_studio.app.tools.options import LABEL, RADIUS
from resatt_studio.app.tools.registry import TOOLS
from resatt_studio.records.correction import Label

_STEP = 1.25
_OPACITY_STEP = 0.1
_SPLIT_STEP = 0.05


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
    """Layers, split, brush and the tools' options, changed by keys, panels and canvas alike.

    Args:
        remembered: Options as ``ToolOptions.texts`` wrote them.
    """

    layer_changed = Signal(object)
    brush_changed = Signal(object)
    split_changed = Signal(object)
    compare_changed = Signal(bool)
    minimap_changed = Signal(bool)
    sides_changed = Signal(object)
    hand_changed = Signal(bool)

    def __init__(self, parent: QObject | None = None, remembered: Iterable[str] = ()) -> None:
        super().__init__(parent)
        self.layers: dict[str, Layer] = {layer.name: layer for layer in DEFAULT_LAYERS}
        self.brush = Brush()
        self.split = Split()
        self.compare = False
        self.options = ToolOptions(self, remembered, self)
        self.minimap = True
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
    ) -> None:
        """Change what is given of one layer; ``opacity`` is in [0, 1]."""
        before = self.layers[name]
        after = replace(
            before,
            visible=before.visible if visible is None else visible,
            opacity=before.opacity if opacity is None else min(1.0, max(0.0, opacity)),
            colour=before.colour if colour is None else colour,
        )
        if after != before:
            self.layers[name] = after
            self.layer_changed.emit(after)

    def toggle_mask(self) -> None:
        self.set_layer("mask", visible=not self.layers["mask"].visible)

    def more_opaque(self) -> None:
        self.set_layer("mask", opacity=self.layers["mask"].opacity + _OPACITY_STEP)

    def less_opaque(self) -> None:
        self.set_layer("mask", opacity=self.layers["mask"].opacity - _OPACITY_STEP)

    def toggle_dehazed(self) -> None:
        self.set_layer("dehazed", visible=not self.layers["dehazed"].visible)

    def toggle_change(self) -> None:
        self.set_layer("change", visible=not self.layers["change"].visible)

    def toggle_heat(self) -> None:
        self.set_layer("heat", visible=not self.layers["heat"].visible)

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

    def set_sides(self, **changes: object) -> None:
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
