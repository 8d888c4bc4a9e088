"""Attention: which network is asked for which map, of which place, and how it is laid over the photo."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSlider,
)

from resatt_studio.app.attention import CLOSE_UP_PX, MIXED_HEADS
from resatt_studio.app.canvas.layers import Layer
from resatt_studio.app.crack_words import CRACK_WORDS
from resatt_studio.app.heat_words import KIND_WORDS, what_was_asked
from resatt_studio.app.other_networks import LABEL_MODELS, TITLES
from resatt_studio.app.panels.bars import HeatBar
from resatt_studio.app.panels.scrolled import ScrolledPanel
from resatt_studio.app.parts import Parts
from resatt_studio.imaging.colour import colour_map
from resatt_studio.imaging.heat_picture import HEAT_MAP
from resatt_studio.records.heat import HEAT_KINDS, HeatKind
from resatt_studio.records.labels import CRACK_TYPES

Items = list[tuple[str, Any, str]]
"""Title, value and help of each line of a choice."""

HINT = "A map shows where a network looks, not why it decides. Several kinds together say more than one."


class AttentionPanel(ScrolledPanel):
    """Shows the question and the answer of :class:`PhotoAttention` and hands changes to it."""

    def __init__(self, parts: Parts) -> None:
        super().__init__("Attention", QSize(330, 400))
        self._parts = parts
        attention = self._attention = parts.attention

        def choice(field: str, name: str, help: str) -> Choice:
            return Choice(lambda value: attention.choose(**{field: value}), name, help)

        self.shown = QCheckBox("Show on the photo")
        parts.keys.tip(self.shown, "Lay the map over the photo ({toggle_heat})")
        self.shown.toggled.connect(lambda on: parts.view.set_layer("heat", visible=on))
        self.model = choice("model", "Network that is asked", "Whose attention is shown")
        self.kind = choice("kind", "Kind of map", "What the map shows")
        self.label = choice("label", "Class of the gradient", "Of which class the gradient is taken")
        self.stage = choice("stage", "Stage", "Early stages see finer places, late ones more of the whole")
        self.block = choice("block", "Block of the stage", "Counted from the photo")
        self.head = choice("head", "Attention head", "One head, or the mean over all")
        self.close_up = choice("tile_px", "What the network sees", "A large photo is seen whole, but smaller")
        self.point = QPushButton()
        self.point.setCheckable(True)
        parts.keys.tip(
            self.point,
            "Then click the photo, or drag ({tool_attention}); {ask_centre} asks about the view's middle",
        )
        self.point.clicked.connect(self._take_tool)
        self.forget = QPushButton("Forget")
        self.forget.setAccessibleName("Forget the point")
        self.forget.setToolTip("Ask about no single point")
        self.forget.clicked.connect(lambda: attention.choose(point=None))
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(0, 100)
        self.opacity.setAccessibleName("Opacity of the map in percent")
        self.opacity.setToolTip("Opacity of the map")
        self.opacity.valueChanged.connect(lambda value: parts.view.set_layer("heat", opacity=value / 100))
        self.bar = HeatBar(parts.look)
        self.words = QLabel()
        self.words.setAccessibleName("What the map shows")
        self.words.setProperty("role", "muted")
        self.words.setWordWrap(True)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.export = QPushButton("Export…")
        self.export.setAccessibleName("Export the map as a picture")
        self.export.setToolTip("Write the map over its photo as PNG, with colour bar and caption")
        self.export.clicked.connect(attention.export_wanted)
        self._build()
        attention.changed.connect(self._show)
        parts.keys.changed.connect(self._show)
        parts.session.photo_ready.connect(lambda photo, document: self._show())
        parts.view.layer_changed.connect(self._follow_layer)
        parts.view.brush_changed.connect(lambda brush: self.point.setChecked(brush.tool == "attention"))
        self._follow_layer(parts.view.layers["heat"])
        self._show()

    def _build(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self.shown, 1)
        top.addWidget(self.export)
        point = QHBoxLayout()
        point.addWidget(self.point, 1)
        point.addWidget(self.forget)
        place = QHBoxLayout()
        place.setSpacing(4)
        for part in (self.stage, self.block, self.head):
            part.setProperty("compact", "true")
            place.addWidget(part, 1)
        self._form = form = QFormLayout()
        form.setVerticalSpacing(6)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        for title, part in (
            ("Network", self.model),
            ("Map", self.kind),
            ("Class", self.label),
            ("Where", place),
            ("Sees", self.close_up),
            ("Point", point),
            ("Opacity", self.opacity),
        ):
            form.addRow(title, part)
        self.column.addLayout(top)
        self.column.addLayout(form)
        self.column.addWidget(self.bar)
        self.column.addWidget(self.words)
        self.column.addStretch(1)

    def _take_tool(self) -> None:
        """The pointer asks from now on; a second click gives the brush back."""
        self._parts.view.set_brush(tool="attention" if self.point.isChecked() else "brush")

    def _follow_layer(self, layer: Layer) -> None:
        if layer.name == "heat":
            self.shown.setChecked(layer.visible)
            self.opacity.setValue(round(layer.opacity * 100))
            self.bar.show_colours(colour_map(layer.palette or HEAT_MAP))

    def _show(self) -> None:
        attention = self._attention
        wish, asking = attention.wish, attention.asking
        self.model.offer([(TITLES[model], model, "") for model in LABEL_MODELS], wish.model)
        self.kind.offer([(*_kind(kind),) for kind in HEAT_KINDS[wish.model]], wish.kind)
        self.label.offer(_labels(), wish.label)
        self._form.setRowVisible(self.label, wish.kind is HeatKind.GRADIENT)
        self._show_places()
        self.close_up.offer(_views(), wish.tile_px)
        point = wish.point
        self.point.setText(
            f"Click a point…  {self._parts.keys.shown('tool_attention')}"
            if point is None
            else f"x {point[1]}  y {point[0]}"
        )
        now = f", now {self.point.text()}" if point is not None else ""
        self.point.setAccessibleName(f"Ask about a point{now}")
        self.point.setChecked(self._parts.view.brush.tool == "attention")
        self.forget.setEnabled(point is not None)
        self.export.setEnabled(attention.heat is not None)
        heat = attention.heat
        self.bar.show_ends(None if heat is None else (float(heat.grid.min()), float(heat.grid.max())))
        self.words.setText(self._sentence(asking.told is not None))

    def _show_places(self) -> None:
        wish, stages = self._attention.wish, self._attention.stages
        stage = stages[-1 if wish.stage is None else wish.stage] if stages else None
        self.stage.offer(_counted("Stage", len(stages)), wish.stage)
        self.stage.setVisible(len(stages) != 1)
        self.block.offer(_counted("Block", stage.blocks if stage else 0), wish.block)
        heads = stage.heads if stage else 0
        self.head.offer([("All heads", None, "Their mean"), *_counted("Head", heads)[:heads]], wish.head)
        for part in (self.stage, self.block, self.head):
            part.setEnabled(stage is not None)
        self.head.setEnabled(stage is not None and wish.kind not in MIXED_HEADS)

    def _sentence(self, answered: bool) -> str:
        attention = self._attention
        asking = attention.asking
        if asking.trouble is not None:
            return str(asking.trouble)
        if self._parts.session.photo is None:
            huge = self._parts.session.huge_words
            words = huge or "Open a photo; then ask where a label network looks."
            return self._parts.keys.words(words)
        if attention.needs_point:
            words = "Click a point in the photo ({tool_attention}): the map shows what it attends to."
            return self._parts.keys.words(words)
        if asking.waiting and not answered:
            return f"{TITLES[attention.wish.model]} is looking…"
        if attention.heat is None or asking.told is None:
            return HINT
        return what_was_asked(attention.heat, asking.told.weights)


class Choice(QComboBox):
    """A choice whose lines may change; only a person's choice is told.

    Args:
        chosen: Called with the value of the line that was chosen.
        name, help: For screen readers and the tool tip.
    """

    def __init__(self, chosen: Callable[[Any], None], name: str, help: str) -> None:
        super().__init__()
        self._items: Items = []
        self.setAccessibleName(name)
        self.setToolTip(help)
        # As wide as its place and no wider: a long line must not widen the dock.
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(1)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.activated.connect(lambda place: chosen(self._items[place][1]))

    def offer(self, items: Items, now: Any) -> None:
        """Show these lines, with the one of value ``now`` chosen."""
        if items != self._items:
            self._items = items
            self.clear()
            for place, (title, _, help) in enumerate(items):
                self.addItem(title)
                self.setItemData(place, help, Qt.ItemDataRole.ToolTipRole)
        # No choice means the last of what is counted, as for the network itself.
        last = len(items) - 1 if now is None else 0
        self.setCurrentIndex(next((i for i, item in enumerate(items) if item[1] == now), last))


def _kind(kind: HeatKind) -> tuple[str, HeatKind, str]:
    title, help = KIND_WORDS[kind]
    return title, kind, help


def _labels() -> Items:
    words = [CRACK_WORDS[kind] for kind in CRACK_TYPES]
    named: Items = [(title, place, help) for place, (title, _, help) in enumerate(words)]
    return [("Most probable", None, "The class that the network names itself"), *named]


def _views() -> Items:
    close = f"The square of {CLOSE_UP_PX} pixels around the point, in full resolution"
    return [
        ("The whole photo", None, "The photo is made smaller where it is large"),
        (f"Close-up, {CLOSE_UP_PX} px around the point", CLOSE_UP_PX, close),
    ]


def _counted(what: str, count: int) -> Items:
    """Lines that count from one; without any, what will be counted once the network was asked."""
    if not count:
        return [(what, None, "")]
    return [(f"{what} {index + 1}", index, f"Of {count}") for index in range(count)]
