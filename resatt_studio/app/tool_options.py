"""What is set about every tool: changed by the options bar, read by the tools, remembered in the settings."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from PySide6.QtCore import QObject, QTimer, Signal

from resatt_studio.app.tools.options import LABEL, RADIUS, Option, OptionValue
from resatt_studio.app.tools.registry import TOOLS, tool_option
from resatt_studio.records.correction import Label

REMEMBER_MS = 600
"""How long nothing has to change before the settings are written."""


class BrushInHand(Protocol):
    """Label and radius, which every tool shares."""

    @property
    def label(self) -> Label: ...

    @property
    def radius_px(self) -> float: ...


class BrushOwner(Protocol):
    """Who keeps the brush."""

    @property
    def brush(self) -> BrushInHand: ...

    def set_brush(self, *, label: Label | None = None, radius_px: float | None = None) -> None: ...


class ToolOptions(QObject):
    """Values of the options in the table of tools.

    Args:
        owner: Keeps label and radius.
        remembered: As :meth:`texts` gave them; what is not understood is left out.

    Signals:
        changed: Tool and option whose value is another one now. Of label and radius, which all tools share,
            their owner tells.
    """

    changed = Signal(str, str)

    def __init__(
        self, owner: BrushOwner, remembered: Iterable[str] = (), parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._owner = owner
        self._values: dict[str, OptionValue] = {}
        self.recall(remembered)

    def value(self, tool: str, name: str) -> OptionValue:
        """What is set for an option of a tool.

        Raises:
            BugError: The tool has no such option.
        """
        option = tool_option(tool, name)
        if option.means(LABEL):
            return self._owner.brush.label.name.lower()
        if option.means(RADIUS):
            return self._owner.brush.radius_px
        return self._values.get(_key(tool, option), option.default)

    def set(self, tool: str, name: str, value: object) -> None:
        """Set an option of a tool; a number outside its range is cut, anything strange becomes the default.

        Raises:
            BugError: The tool has no such option.
        """
        option = tool_option(tool, name)
        after = option.valid(value)
        if after == self.value(tool, name):
            return
        if option.means(LABEL):
            self._owner.set_brush(label=Label[str(after).upper()])
        elif option.means(RADIUS):
            self._owner.set_brush(radius_px=float(after))
        else:
            self._values[_key(tool, option)] = after
            self.changed.emit(tool, name)

    def texts(self) -> tuple[str, ...]:
        """What is to be remembered: "tool.option=value" as JSON for everything that is not as at first."""
        kept = dict(self._values)
        if self._owner.brush.radius_px != RADIUS.default:
            kept[RADIUS.name] = self._owner.brush.radius_px
        return tuple(f"{key}={json.dumps(value)}" for key, value in sorted(kept.items()))

    def recall(self, texts: Iterable[str]) -> None:
        """Set what :meth:`texts` wrote, perhaps in another version."""
        known = {_key(tool.name, option): (tool.name, option) for tool in TOOLS for option in tool.options}
        for text in texts:
            key, _, written = text.partition("=")
            if key in known and known[key][1].kept:
                try:
                    self.set(known[key][0], known[key][1].name, json.loads(written))
                except ValueError:
                    continue  # somebody wrote into the file; the default holds


def _key(tool: str, option: Option) -> str:
    return option.name if option.shared else f"{tool}.{option.name}"


class OptionKeeper(QObject):
    """Writes options to the settings once nothing changed for a moment.

    Args:
        options: What is remembered.
        write: Takes them as texts.
    """

    def __init__(
        self, options: ToolOptions, write: Callable[[tuple[str, ...]], Any], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._options = options
        self._write = write
        self._written = options.texts()
        self._timer = QTimer(self, interval=REMEMBER_MS, singleShot=True)
        self._timer.timeout.connect(self.flush)
        options.changed.connect(lambda *_: self._timer.start())

    def note(self) -> None:
        """Something that tools share changed elsewhere."""
        self._timer.start()

    def flush(self) -> None:
        """Write now what is not written yet."""
        self._timer.stop()
        texts = self._options.texts()
        if texts != self._written:
            self._written = texts
            self._write(texts)
