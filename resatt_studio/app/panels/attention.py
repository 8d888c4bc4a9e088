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
    QLayout,
    QPushButton,
    QSizePolicy,
    QSlider,
    QWidget,
)

from resatt_studio.app.attention import CLOSE_UP_PX, MIXED_HEADS
from resatt_studio.app.canvas.layers import Layer
from resatt_studio.app.crack_words import CRACK_WORDS
from resatt_studio.app.heat_words import KIND_WORDS, what_was_asked
from resatt_studio.app.other_networks import LABEL_MODELS, TITLES
from resatt_studio.app.panels.bars import HeatBar
from resatt_studio.app.panels.scrolled import ScrolledPanel
from resatt_studio.app.parts import Parts
from resatt_studio.app.view_state import Brush
from resatt_studio.imaging.colour import colour_map
from resatt_studio.imaging.heat_picture import HEAT_MAP
from resatt_studio.records.heat import HEAT_KINDS, HeatKind
from resatt_studio.records.labels import CRACK_TYPES
from resatt_studio.words import again, mark, tr

Items = list[tuple[str, Any, str]]
"""Title, value and help of each line of a choice."""

HINT = mark(
    "A map shows where a network looks, not why it decides. Several kinds together say more than one."
)


class AttentionPanel(ScrolledPanel):
    """Shows the question and the answer of :class:`PhotoAttention` and hands changes to it."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(tr("Attention"), QSize(330, 400))
        self._parts = parts
        attention = self._attention = parts.attention

        def choice(field: str, name: str, help: str) -> Choice:
            return Choice(lambda value: attention.choose(**{field: value}), name, help)

        self.shown = QCheckBox(tr("Show on the photo"))
        parts.keys.tip(self.shown, tr("Lay the map over the photo ({toggle_heat})"))
        self.shown.toggled.connect(lambda on: parts.view.set_layer("heat", visible=on))
        self.model = choice("model", tr("Network that is asked"), tr("Whose attention is shown"))
        self.kind = choice("kind", tr("Kind of map"), tr("What the map shows"))
        self.label = choice("label", tr("Class of the gradient"), tr("Of which class the gradient is taken"))
        self.stage = choice(
            "stage", tr("Stage"), tr("Early stages see finer places, late ones more of the whole")
        )
        self.block = choice("block", tr("Block of the stage"), tr("Counted from the photo"))
        self.head = choice("head", tr("Attention head"), tr("One head, or the mean over all"))
        self.close_up = choice(
            "tile_px", tr("What the network sees"), tr("A large photo is seen whole, but smaller")
        )
        self.point = QPushButton()
        self.point.setCheckable(True)
        parts.keys.tip(
            self.point,
            tr("Then click the photo, or drag ({tool_attention}); {ask_centre} asks about the view's middle"),
        )
        self.point.clicked.connect(self._take_tool)
        self.forget = QPushButton(tr("Forget"))
        self.forget.setAccessibleName(tr("Forget the point"))
        self.forget.setToolTip(tr("Ask about no single point"))
        self.forget.clicked.connect(lambda: attention.choose(point=None))
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(0, 100)
        self.opacity.setAccessibleName(tr("Opacity of the map in percent"))
        self.opacity.setToolTip(tr("Opacity of the map"))
        self.opacity.valueChanged.connect(lambda value: parts.view.set_layer("heat", opacity=value / 100))
        self.bar = HeatBar(parts.look)
        self.words = QLabel()
        self.words.setAccessibleName(tr("What the map shows"))
        self.words.setProperty("role", "muted")
        self.words.setWordWrap(True)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.export = QPushButton(tr("Export…"))
        self.export.setAccessibleName(tr("Export the map as a picture"))
        self.export.setToolTip(tr("Write the map over its photo as PNG, with colour bar and caption"))
        self.export.clicked.connect(attention.export_wanted)
        self._build()
        attention.changed.connect(self._show)
        parts.keys.changed.connect(self._show)
        parts.session.when_photo_changes(self._show)
        parts.view.layer_changed.connect(self._follow_layer)
        parts.view.brush_changed.connect(self._follow_brush)
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
        rows: tuple[tuple[str, QWidget | QLayout], ...] = (
            (tr("Network"), self.model),
            (tr("Map"), self.kind),
            (tr("Class"), self.label),
            (tr("Where"), place),
            (tr("Sees"), self.close_up),
            (tr("Point"), point),
            (tr("Opacity"), self.opacity),
        )
        for title, field in rows:
            form.addRow(title, field)
        self.column.addLayout(top)
        self.column.addLayout(form)
        self.column.addWidget(self.bar)
        self.column.addWidget(self.words)
        self.column.addStretch(1)

    def _take_tool(self) -> None:
        """The pointer asks from now on; a second click gives the brush back."""
        self._parts.view.set_brush(tool="attention" if self.point.isChecked() else "brush")

    def _follow_brush(self, brush: Brush) -> None:
        self.point.setChecked(brush.tool == "attention")

    def _follow_layer(self, layer: Layer) -> None:
        if layer.name == "heat":
            self.shown.setChecked(layer.visible)
            self.opacity.setValue(round(layer.opacity * 100))
            self.bar.show_colours(colour_map(layer.palette or HEAT_MAP))

    def _show(self) -> None:
        attention = self._attention
        wish, asking = attention.wish, attention.asking
        self.shown.setEnabled(self._parts.session.tiles is None or self.shown.isChecked())
        self.model.offer([(TITLES[model], model, "") for model in LABEL_MODELS], wish.model)
        self.kind.offer([(*_kind(kind),) for kind in HEAT_KINDS[wish.model]], wish.kind)
        self.label.offer(_labels(), wish.label)
        self._form.setRowVisible(self.label, wish.kind is HeatKind.GRADIENT)
        self._show_places()
        self.close_up.offer(_views(), wish.tile_px)
        point = wish.point
        self.point.setText(
            tr("Click a point…  {key}").format(key=self._parts.keys.shown("tool_attention"))
            if point is None
            else f"x {point[1]}  y {point[0]}"
        )
        self.point.setAccessibleName(
            tr("Ask about a point")
            if point is None
            else tr("Ask about a point, now {place}").format(place=self.point.text())
        )
        self.point.setChecked(self._parts.view.brush.tool == "attention")
        self.forget.setEnabled(point is not None)
        self.export.setEnabled(attention.heat is not None)
        heat = attention.heat
        self.bar.show_ends(None if heat is None else (float(heat.grid.min()), float(heat.grid.max())))
        self.words.setText(self._sentence(asking.told is not None))

    def _show_places(self) -> None:
        wish, stages = self._attention.wish, self._attention.stages
        stage = stages[-1 if wish.stage is None else wish.stage] if stages else None
        self.stage.offer(_counted(tr("Stage"), len(stages)), wish.stage)
        self.stage.setVisible(len(stages) != 1)
        self.block.offer(_counted(tr("Block"), stage.blocks if stage else 0), wish.block)
        heads = stage.heads if stage else 0
        self.head.offer(
            [(tr("All heads"), None, tr("Their mean")), *_counted(tr("Head"), heads)[:heads]], wish.head
        )
        for part in (self.stage, self.block, self.head):
            part.setEnabled(stage is not None)
        self.head.setEnabled(stage is not None and wish.kind not in MIXED_HEADS)

    def _sentence(self, answered: bool) -> str:
        attention = self._attention
        asking = attention.asking
        if asking.trouble is not None:
            return again(str(asking.trouble))
        if self._parts.session.photo is None:
            huge = self._parts.session.huge_words
            words = huge or tr("Open a photo; then ask where a label network looks.")
            return self._parts.keys.words(words)
        if attention.needs_point:
            words = tr("Click a point in the photo ({tool_attention}): the map shows what it attends to.")
            return self._parts.keys.words(words)
        if asking.waiting and not answered:
            return tr("{network} is looking…").format(network=TITLES[attention.wish.model])
        if attention.heat is None or asking.told is None:
            return tr(HINT)
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
    title, help = map(tr, KIND_WORDS[kind])
    return title, kind, help


def _labels() -> Items:
    words = [CRACK_WORDS[kind] for kind in CRACK_TYPES]
    named: Items = [(tr(title), place, tr(help)) for place, (title, _, help) in enumerate(words)]
    return [(tr("Most probable"), None, tr("The class that the network names itself")), *named]


def _views() -> Items:
    close = tr("The square of {size} pixels around the point, in full resolution").format(size=CLOSE_UP_PX)
    return [
        (tr("The whole photo"), None, tr("The photo is made smaller where it is large")),
        (
            tr("Close-up, {size} px around the point").format(size=CLOSE_UP_PX),
            CLOSE_UP_PX,
            close,
        ),
    ]


def _counted(what: str, count: int) -> Items:
    """Lines that count from one; without any, what will be counted once the network was asked."""
    if not count:
        return [(what, None, "")]
    return [
        (
            tr("{what} {number}").format(what=what, number=index + 1),
            index,
            tr("Of {count}").format(count=count),
        )
        for index in range(count)
    ]
