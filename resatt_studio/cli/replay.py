"""A recorded correction painted with the window's own tools, without the window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from resatt_studio.annotation.document import CorrectionDocument
from resatt_studio.app.tools.base import Pointer
from resatt_studio.app.tools.no_canvas import NoCanvas
from resatt_studio.app.tools.registry import create_tool
from resatt_studio.records.correction import Edit, Label


def paint(document: CorrectionDocument, strokes: Sequence[Mapping[str, Any]]) -> list[Edit]:
    """Press, move and release as the pointer did; return the edits.

    Args:
        document: Of the recorded photo.
        strokes: As in ``workflow.demo.Recording``.
    """
    edits = []
    for stroke in strokes:
        hand = NoCanvas(document, Label(stroke["label"]), float(stroke["radius_px"]))
        tool = create_tool(stroke["tool"], hand)
        first, *others = [_pointer(row, column) for row, column in stroke["path"]]
        tool.press(first)
        for point in others:
            tool.move([point])
        edit = tool.release()
        if edit is not None:
            edits.append(edit)
    return edits


def _pointer(row: float, column: float) -> Pointer:
    """At 100 %, with the photo's corner in the view's corner."""
    return Pointer(float(row), float(column), float(row), float(column))
