"""Every tool of the canvas, one table line each; the classes are imported when a tool is chosen."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

from resatt_studio.app.tools.base import Tool, ToolHost
from resatt_studio.app.tools.options import (
    LABEL,
    RADIUS,
    Option,
    OptionValue,
    choice,
    find_option,
    number,
    switch,
)
from resatt_studio.errors import BugError


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """One tool.

    Attributes:
        name: Unique; written into edits.
        title: For people.
        shortcut: Portable key sequence.
        dotted: Module and class.
        cursor: "cross", "open-hand" or "arrow".
        icon: Name in ``assets/icons``.
        help: One sentence for the tool tip and the shortcut sheet.
        ring: Whether the brush's outline follows the pointer.
        paints: Whether it needs a document to work on.
        options: What can be set about it, in the order of the options bar.
        acts: Ids of actions that the options bar offers behind the options.
    """

    name: str
    title: str
    shortcut: str
    dotted: str
    cursor: str
    icon: str
    help: str
    ring: bool = False
    paints: bool = False
    options: tuple[Option, ...] = ()
    acts: tuple[str, ...] = ()


_HOME = "resatt_studio.app.tools"

_PRESSURE = switch("pressure", "Pen pressure", True, "A pen that is pressed lightly paints a thinner line.")

_TRACE_WIDTH = choice(
    "width", "Width", (("edges", "Follow the edges"), ("fixed", "As wide as the brush")),
    "Whether the path is as wide as the crack is at each point, or the same everywhere.",
)  # fmt: skip
_TRACE_MARGIN = number(
    "margin", "Wider by", 0.0, 0.0, 10.0, "Added on each side of the edges that were found.", "px", step=0.5,
    decimals=1,
)  # fmt: skip
_TRACE_GUIDE = choice(
    "guide", "Follow", (("both", "Photo and prediction"), ("photo", "Photo alone")),
    "What the path goes by: the dark line of the photo, and where the network suspects crack.",
)  # fmt: skip

TOOLS: tuple[ToolSpec, ...] = (
    ToolSpec("pan", "Move", "H", f"{_HOME}.pan.Pan", "open-hand", "pan",
             "Drag the photo; holding Space or the middle button does the same with any tool."),
    ToolSpec("brush", "Brush", "B", f"{_HOME}.brush.Brush", "cross", "brush",
             "Paint crack (Q) or not crack (W); X swaps them.", ring=True, paints=True,
             options=(LABEL, RADIUS, _PRESSURE)),
    ToolSpec("eraser", "Eraser", "E", f"{_HOME}.eraser.Eraser", "cross", "eraser",
             "Take your own word back; the prediction counts there again.", ring=True, paints=True,
             options=(RADIUS, _PRESSURE)),
    ToolSpec("tracer", "Crack tracer", "K", f"{_HOME}.tracer.Tracer", "cross", "tracer",
             "Click along a crack: the path follows it by itself, as wide as it is; Enter finishes.",
             paints=True, options=(LABEL, _TRACE_WIDTH, _TRACE_MARGIN, RADIUS, _TRACE_GUIDE)),
    ToolSpec("attention", "Ask about a point", "T", f"{_HOME}.attention.AskAttention", "cross", "attention",
             "Click to see what this point attends to; the Attention panel says which network is asked."),
)  # fmt: skip


def tool_spec(name: str) -> ToolSpec:
    """The table line of a tool.

    Raises:
        BugError: There is none of that name.
    """
    for spec in TOOLS:
        if spec.name == name:
            return spec
    raise BugError(f"no tool is called {name!r}; there are {', '.join(spec.name for spec in TOOLS)}")


def tool_option(tool: str, name: str) -> Option:
    """One option of a tool.

    Raises:
        BugError: There is none of that name.
    """
    return find_option(tool_spec(tool).options, name)


def default_option(tool: str, name: str) -> OptionValue:
    """What an option is set to where nobody set it.

    Raises:
        BugError: There is none of that name.
    """
    return tool_option(tool, name).default


def create_tool(name: str, host: ToolHost) -> Tool:
    """A new tool for a canvas."""
    module, _, class_name = tool_spec(name).dotted.rpartition(".")
    tool: Tool = getattr(import_module(module), class_name)(name, host)
    return tool
