"""The row under the menu that sets the tool in hand, built from the tool's options."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QSlider,
    QToolBar,
    QToolButton,
    QWidget,
)

from resatt_studio.app.keymap import Keymap, plain
from resatt_studio.app.menus import Actions
from resatt_studio.app.number_boxes import DecimalBox
from resatt_studio.app.own_keys import OwnKeys
from resatt_studio.app.tools.options import RADIUS, Option, OptionKind, OptionValue
from resatt_studio.app.tools.registry import ToolSpec, tool_spec
from resatt_studio.app.view_state import ViewState
from resatt_studio.words import tr

BUTTONS_UP_TO = 3
"""So many choices stand side by side; more drop down."""

_SLIDER_SPAN = 400.0  # from the smallest radius to the largest that the slider gives, as a factor


class OptionsBar(QToolBar):
    """One field for each option of the tool in hand, then the tool's acts.

    Args:
        actions: Of the window.
        view: Holds tool, brush and options.
        keys: In force; what is said about a field may name some.

    Attributes:
        fields: The fields now, by option name.

    Signals:
        done: Somebody pressed Enter or Escape in a field: what is set is set, and the photo is meant again.
    """

    done = Signal()

    def __init__(self, actions: Actions, view: ViewState, keys: Keymap) -> None:
        super().__init__()
        self.setObjectName("optionsBar")
        self.setMovable(False)
        self.fields: dict[str, OptionField] = {}
        self._widgets: dict[str, list[QWidget]] = {}
        self._actions = actions
        self._view = view
        self._keys = keys
        self._tool = ""
        self._row = QWidget()
        self._row.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._fields = QHBoxLayout(self._row)
        self._fields.setContentsMargins(6, 0, 6, 0)
        self._fields.setSpacing(8)
        self.addWidget(self._row)
        # All tools' rows are equally high, so that the canvas does not move when another one is taken.
        self._row.setMinimumHeight(DecimalBox().sizeHint().height() + 4)
        view.brush_changed.connect(self._follow)
        view.options.changed.connect(self._follow)
        keys.follow(self, self._say_anew)

    def _follow(self) -> None:
        tool = self._view.brush.tool
        if tool != self._tool:
            self._tool = tool
            self._build(tool_spec(tool))
        options = self._view.options
        for name, field in self.fields.items():
            field.show_value(options.value(tool, name))
            if field.option.when:
                choice, *wanted = field.option.when
                for widget in self._widgets[name]:
                    widget.setVisible(options.value(tool, choice) in wanted)

    def _say_anew(self) -> None:
        self.setWindowTitle(tr("Tool options"))
        self.setAccessibleName(tr("Tool options"))
        self._tool = ""
        self._follow()

    def _build(self, spec: ToolSpec) -> None:
        while (item := self._fields.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        self.fields.clear()
        self._widgets.clear()
        title = QLabel(tr(spec.title))
        title.setProperty("role", "heading")
        title.setToolTip(self._keys.words(tr(spec.help)))
        self._fields.addWidget(title)
        for option in spec.options:
            self._add(spec.name, option)
        for id in spec.acts:
            self._fields.addSpacing(10)
            button = QToolButton()
            button.setDefaultAction(self._actions[id])
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setAccessibleName(plain(self._actions[id].text()))
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            self._fields.addWidget(button)
        if not spec.options and not spec.acts:
            words = QLabel(self._keys.words(tr(spec.help)))
            words.setProperty("role", "muted")
            self._fields.addWidget(words)
        self._fields.addStretch(1)

    def _add(self, tool: str, option: Option) -> None:
        option = replace(
            option,
            title=tr(option.title),
            help=self._keys.words(tr(option.help)),
            choices=tuple((value, tr(words)) for value, words in option.choices),
        )
        field = make_field(option, lambda value: self._view.options.set(tool, option.name, value))
        field.done.connect(self.done)
        self.fields[option.name] = field
        self._widgets[option.name] = [field]
        if option.kind is not OptionKind.SWITCH:
            title = QLabel(option.title)
            title.setToolTip(option.help)
            title.setContentsMargins(10, 0, 0, 0)
            self._widgets[option.name].append(title)
            self._fields.addWidget(title)
        else:
            field.setContentsMargins(10, 0, 0, 0)
        self._fields.addWidget(field)


class OptionField(QWidget):
    """What an option is set with.

    Each kind is made from the option and ``told``, which is called with the value that a person chose.

    Args:
        option: Its line of the table.

    Signals:
        done: Enter took over what was typed, or Escape left it.
    """

    done = Signal()

    def __init__(self, option: Option) -> None:
        super().__init__()
        self.option = option
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(0)
        self.setToolTip(option.help)

    @abstractmethod
    def show_value(self, value: OptionValue) -> None:
        """Show what is set, without telling."""

    def _hold(self, widget: QWidget, name: str = "") -> None:
        widget.setAccessibleName(name or self.option.title)
        widget.setAccessibleDescription(self.option.help)
        widget.setToolTip(self.option.help)
        OwnKeys(widget, self._end)
        self._row.addWidget(widget)

    def _end(self, key: Qt.Key) -> None:
        """One of the keys that end the work in a field was pressed there."""
        self.done.emit()


class SwitchField(OptionField):
    """A check box."""

    def __init__(self, option: Option, told: Callable[[OptionValue], None]) -> None:
        super().__init__(option)
        self.box = QCheckBox(option.title)
        self.box.toggled.connect(told)
        self._hold(self.box)

    def show_value(self, value: OptionValue) -> None:
        with QSignalBlocker(self.box):
            self.box.setChecked(bool(value))


class ButtonsField(OptionField):
    """A few buttons of which one is down."""

    def __init__(self, option: Option, told: Callable[[OptionValue], None]) -> None:
        super().__init__(option)
        self.buttons: dict[str, QToolButton] = {}
        group = QButtonGroup(self)
        for value, words in option.choices:
            button = QToolButton()
            button.setText(words)
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(lambda _=False, value=value: told(value))
            group.addButton(button)
            self.buttons[value] = button
            self._hold(button, f"{option.title}: {words}")

    def show_value(self, value: OptionValue) -> None:
        self.buttons[str(value)].setChecked(True)


class ListField(OptionField):
    """A list that drops down."""

    def __init__(self, option: Option, told: Callable[[OptionValue], None]) -> None:
        super().__init__(option)
        self.box = QComboBox()
        for value, words in option.choices:
            self.box.addItem(words, value)
        self.box.currentIndexChanged.connect(lambda _: told(self.box.currentData()))
        self._hold(self.box)

    def show_value(self, value: OptionValue) -> None:
        with QSignalBlocker(self.box):
            self.box.setCurrentIndex(self.box.findData(value))


class NumberField(OptionField):
    """A number with its unit."""

    def __init__(self, option: Option, told: Callable[[OptionValue], None]) -> None:
        super().__init__(option)
        self.box = DecimalBox(
            minimum=option.low, maximum=option.high, decimals=option.decimals, singleStep=option.step
        )
        self.box.setSuffix(f" {option.unit}" if option.unit else "")
        # Arrow keys and wheel count as they come; a typed number when it is typed.
        self.box.setKeyboardTracking(False)
        self.box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.box.valueChanged.connect(told)
        self._hold(self.box)

    def _end(self, key: Qt.Key) -> None:
        if key == Qt.Key.Key_Escape:
            self.box.setValue(self.box.value())  # what was typed would be taken over with the focus
        else:
            self.box.interpretText()
        super()._end(key)

    def show_value(self, value: OptionValue) -> None:
        with QSignalBlocker(self.box):
            self.box.setValue(float(value))


class WidthField(OptionField):
    """The brush's width on a logarithmic slider, as fine at 2 px as at 200, and in words."""

    def __init__(self, option: Option, told: Callable[[OptionValue], None]) -> None:
        super().__init__(option)
        self._told = told
        self._radius_px = 0.0
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, 100)
        self.slider.setFixedWidth(110)
        self.slider.valueChanged.connect(self._slid)
        self._hold(self.slider, tr("Brush size"))
        self.value = QLabel()
        self.value.setMinimumWidth(52)
        self._row.addSpacing(6)
        self._row.addWidget(self.value)

    def show_value(self, value: OptionValue) -> None:
        self._radius_px = float(value)
        with QSignalBlocker(self.slider):
            self.slider.setValue(self._place(self._radius_px))
        self.value.setText(width_words(self._radius_px))

    def _slid(self, place: int) -> None:
        if place != self._place(self._radius_px):
            self._told(RADIUS.low * _SLIDER_SPAN ** (place / 100))

    @staticmethod
    def _place(radius_px: float) -> int:
        return max(0, min(100, round(100 * math.log(radius_px / RADIUS.low) / math.log(_SLIDER_SPAN))))


def width_words(radius_px: float) -> str:
    """A brush's width for people."""
    return tr("{width:.0f} px").format(width=2 * radius_px)


def make_field(option: Option, told: Callable[[OptionValue], None]) -> OptionField:
    """The field that an option is set with."""
    if option.means(RADIUS):
        return WidthField(option, told)
    if option.kind is OptionKind.SWITCH:
        return SwitchField(option, told)
    if option.kind is OptionKind.NUMBER:
        return NumberField(option, told)
    return (ButtonsField if len(option.choices) <= BUTTONS_UP_TO else ListField)(option, told)
