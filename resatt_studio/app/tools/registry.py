"""Every tool of the canvas, one table line each; the classes are imported when a tool is chosen."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

from resatt_studio.app.tools.base import Tool, ToolHost
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
        help: One sentence for the tool tip and the shortcut sheet; "{id}" becomes the key of that action.
        ring: Whether the brush's outline follows the pointer.
        paints: Whether it needs a document to work on.
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


_HOME = "resatt_studio.app.tools"

TOOLS: tuple[ToolSpec, ...] = (
    ToolSpec("pan", "Move", "H", f"{_HOME}.pan.Pan", "open-hand", "pan",
             "Drag the photo; holding Space or the middle button does the same with any tool."),
    ToolSpec("brush", "Brush", "B", f"{_HOME}.brush.Brush", "cross", "brush",
             "Paint crack ({paint_crack}) or not crack ({paint_not_crack}); {swap_label} swaps them.",
             ring=True, paints=True),
    ToolSpec("eraser", "Eraser", "E", f"{_HOME}.eraser.Eraser", "cross", "eraser",
             "Take your own word back; the prediction counts there again.", ring=True, paints=True),
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


def create_tool(name: str, host: ToolHost) -> Tool:
    """A new tool for a canvas."""
    module, _, class_name = tool_spec(name).dotted.rpartition(".")
    tool: Tool = getattr(import_module(module), class_name)(name, host)
    return tool
