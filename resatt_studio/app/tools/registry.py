"""Every tool of the canvas, one table line each; the classes are imported when a tool is chosen."""

from __future__ import annotations

from dataclasses import dataclass, replace
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
        help: One sentence for the tool tip and the shortcut sheet; "{id}" becomes the key of that action.
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
    decimals=1, when=("width", "edges"),
)  # fmt: skip
_TRACE_RADIUS = replace(RADIUS, when=("width", "fixed"))
_TRACE_GUIDE = choice(
    "guide", "Follow", (("both", "Photo and prediction"), ("photo", "Photo alone")),
    "What the path goes by: the dark line of the photo, and where the network suspects crack.",
)  # fmt: skip

TOOLS: tuple[ToolSpec, ...] = (
    ToolSpec("pan", "Move", "H", f"{_HOME}.pan.Pan", "open-hand", "pan",
             "Drag the photo; holding Space or the middle button does the same with any tool."),
    ToolSpec("brush", "Brush", "B", f"{_HOME}.brush.Brush", "cross", "brush",
             "Paint crack ({paint_crack}) or not crack ({paint_not_crack}); {swap_label} swaps them.",
             ring=True, paints=True, options=(LABEL, RADIUS, _PRESSURE)),
    ToolSpec("eraser", "Eraser", "E", f"{_HOME}.eraser.Eraser", "cross", "eraser",
             "Take your own word back; the prediction counts there again.", ring=True, paints=True,
             options=(RADIUS, _PRESSURE)),
    ToolSpec("tracer", "Crack tracer", "K", f"{_HOME}.tracer.Tracer", "cross", "tracer",
             "Click along a crack: the path follows it by itself, as wide as it is; Enter finishes.",
             paints=True, options=(LABEL, _TRACE_WIDTH, _TRACE_MARGIN, _TRACE_RADIUS, _TRACE_GUIDE)),
    ToolSpec("polyline", "Line", "L", f"{_HOME}.polyline.Polyline", "cross", "polyline",
             "Click along a crack, then Enter or a double click: a line as wide as the brush.", ring=True,
             paints=True, options=(LABEL, RADIUS)),
    ToolSpec("polygon", "Polygon", "P", f"{_HOME}.polygon.Polygon", "cross", "polygon",
             "Click the corners of an area, then Enter, a double click, or the first corner again.",
             paints=True, options=(LABEL,)),
    ToolSpec("rectangle", "Rectangle", "R", f"{_HOME}.rectangle.Rectangle", "cross", "rectangle",
             "Drag from corner to corner; with Shift a square.", paints=True, options=(LABEL,)),
    ToolSpec("lasso", "Lasso", "Shift+L", f"{_HOME}.lasso.Lasso", "cross", "lasso",
             "Draw around an area.", paints=True, options=(LABEL,)),
    ToolSpec("wand", "Wand", "Shift+W", f"{_HOME}.wand.Wand", "cross", "wand",
             "Click what the network suspects to be crack; drag right to take more of it, left for less.",
             paints=True, options=(LABEL,)),
    ToolSpec("fill", "Fill", "G", f"{_HOME}.fill.Fill", "cross", "fill",
             "Fill a closed area, or the holes of the crack that is clicked.", paints=True,
             options=(
                 choice("what", "What", (("area", "Closed area"), ("holes", "Holes of a crack")),
                        "What a click fills."),
                 replace(LABEL, when=("what", "area")),
                 number("largest", "Largest hole", 500.0, 1.0, 1_000_000.0,
                        "Holes of more pixels than this stay open.", "px", step=100.0,
                        when=("what", "holes")),
             )),
    ToolSpec("reshape", "Reshape", "U", f"{_HOME}.reshape.Reshape", "cross", "reshape",
             "Click a crack, or draw around several, to smooth, thin, thicken or prune them.", paints=True,
             options=(
                 choice("what", "Do", (("smooth", "Smooth"), ("thin", "Thin"), ("thicken", "Thicken"),
                                       ("prune", "Prune spurs")),
                        "What becomes of the crack; a line is never thinned away."),
                 number("amount", "By", 1.0, 0.5, 20.0, "How much, in pixels on each side.", "px", step=0.5,
                        decimals=1, when=("what", "smooth", "thin", "thicken")),
                 number("shortest", "Shorter than", 20.0, 2.0, 500.0, "Branches shorter than this go.", "px",
                        when=("what", "prune")),
             )),
    ToolSpec("accept", "Accept crack", "Y", f"{_HOME}.accept.Accept", "cross", "accept",
             "Click a predicted crack, or draw around several: they are crack.", paints=True),
    ToolSpec("reject", "Reject crack", "Shift+Y", f"{_HOME}.reject.Reject", "cross", "reject",
             "Click a predicted crack, or draw around several: they are no crack.", paints=True),
    ToolSpec("branch", "Branch", "Shift+K", f"{_HOME}.branch.Branch", "cross", "branch",
             "Click a branch of a crack: it is cut off at the junction, and what it leaves stays whole.",
             paints=True,
             options=(
                 choice("what", "Do", (("cut", "Cut off"), ("accept", "Accept")),
                        "Whether the branch is no crack, or is crack without what it leaves."),
             )),
    ToolSpec("sift", "Reject short cracks", "J", f"{_HOME}.sift.Sift", "cross", "sift",
             "Click to reject predicted cracks below a length in all that is seen, or draw around some.",
             paints=True,
             options=(
                 number("shortest", "Keep from", 30.0, 2.0, 2000.0,
                        "Cracks with a centre line shorter than this are rejected.", "px", step=5.0),
             )),
    ToolSpec("ruler", "Ruler", "M", f"{_HOME}.ruler.Ruler", "cross", "ruler",
             "Drag along something to measure it; drag an end to move it, click to put it away.",
             acts=("set_scale",)),
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
