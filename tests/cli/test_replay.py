"""Claims about replaying a recording with the window's tools: the same pixels, the same undo steps."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from resatt_studio.annotation.document import CorrectionDocument
from resatt_studio.cli.replay import paint
from resatt_studio.workflow.demo import replay

points = st.tuples(st.floats(-5, 65), st.floats(-5, 85))
strokes = st.fixed_dictionaries(
    {
        "tool": st.just("brush"),
        "label": st.sampled_from([1, 2]),
        "radius_px": st.floats(0.5, 9),
        "path": st.lists(points, min_size=1, max_size=6),
    }
)


@given(st.lists(strokes, max_size=4))
def test_the_tools_paint_what_the_document_would(recorded: list[dict[str, object]]) -> None:
    by_tools, by_document = (CorrectionDocument("a" * 64, 60, 80) for _ in range(2))
    tools, document = paint(by_tools, recorded), replay(by_document, recorded)
    assert [edit.path for edit in tools] == [edit.path for edit in document]
    np.testing.assert_array_equal(by_tools.labels.to_array(), by_document.labels.to_array())


def test_the_eraser_takes_back_what_the_brush_said() -> None:
    document = CorrectionDocument("a" * 64, 60, 80)
    stroke = {"label": 1, "radius_px": 5.0, "path": [[20.0, 20.0], [20.0, 50.0]]}
    edits = paint(document, [stroke | {"tool": "brush"}, stroke | {"tool": "eraser"}])
    assert [edit.tool for edit in edits] == ["brush", "eraser"]
    assert not document.labels.to_array().any()
    document.undo()
    assert document.labels.to_array().any()
