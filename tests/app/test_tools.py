"""The table of tools, and what each tool says to a document."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from resatt_studio.annotation.document import CorrectionDocument
from resatt_studio.app.tools.base import Pointer, Tool
from resatt_studio.app.tools.registry import TOOLS, create_tool, default_option, tool_spec
from resatt_studio.errors import BugError
from resatt_studio.records.correction import Label
from resatt_studio.records.geometry import Box

NAMES = [spec.name for spec in TOOLS]


class Host:
    """A canvas without a window."""

    def __init__(self, document: CorrectionDocument | None = None) -> None:
        self.document = document
        self.label = Label.CRACK
        self.radius_px = 2.0
        self.moved = np.zeros(2, int)
        self.asked: list[tuple[float, float]] = []
        self.told: list[str] = []
        self.scale = 2.0
        self.visible = Box(0, 0, 100, 100)
        self.threshold = 0.5
        self.mm_per_px: float | None = None
        self.set: dict[tuple[str, str], object] = {}
        self.probability: np.ndarray | None = None

    def option(self, tool: str, name: str):
        return self.set.get((tool, name), default_option(tool, name))

    def read_pixels(self, box: Box):
        return None

    def read_probability(self, box: Box):
        return None if self.probability is None else self.probability[box.slices]

    def in_background(self, kind: str, work, then) -> None:
        then(work())

    def tell(self, words: str) -> None:
        self.told.append(words)

    def pan_by(self, rows: int, columns: int) -> None:
        self.moved += (rows, columns)

    def ask_at(self, row: float, column: float) -> None:
        self.asked.append((row, column))


def document() -> CorrectionDocument:
    return CorrectionDocument("a" * 64, 100, 100)


def at(row: float, column: float) -> Pointer:
    return Pointer(row, column, row * 2, column * 2)


@pytest.mark.parametrize("name", NAMES)
def test_every_line_of_the_table_makes_a_tool(name):
    spec, tool = tool_spec(name), create_tool(name, Host())
    assert isinstance(tool, Tool) and tool.name == name and not tool.busy
    assert spec.title and spec.help.endswith(".") and spec.icon and spec.shortcut
    assert spec.cursor in {"cross", "open-hand", "arrow"}


def test_no_two_tools_share_a_name_or_a_key():
    for counts in (Counter(NAMES), Counter(spec.shortcut for spec in TOOLS)):
        assert counts.most_common(1)[0][1] == 1


@pytest.mark.parametrize("name", NAMES)
def test_every_tool_is_free_after_release_and_after_cancel(name):
    tool = create_tool(name, Host(document()))
    for end in (tool.release, tool.cancel):
        tool.press(at(10, 10))
        assert tool.busy
        tool.move([at(20, 20), at(30, 10)])
        end()
        assert not tool.busy


@pytest.mark.parametrize("name", NAMES)
def test_every_tool_stands_a_photo_without_a_document(name):
    tool = create_tool(name, Host(None))
    tool.press(at(1, 1))
    tool.move([at(5, 5)])
    assert tool.release() is None
    tool.cancel()


@pytest.mark.parametrize("name", [spec.name for spec in TOOLS if spec.paints])
def test_cancel_leaves_the_document_as_it_was(name):
    host = Host(document())
    host.document.apply_labels("fill", host.document.labels.box, np.full((100, 100), 2, np.uint8))
    before = host.document.labels.to_array()
    tool = create_tool(name, host)
    tool.press(at(10, 10))
    changed = tool.move([at(50, 50)]).union(tool.cancel())
    np.testing.assert_array_equal(host.document.labels.to_array(), before)
    assert changed.top <= 8 and changed.bottom >= 52 and host.document.edit_count == 1


@pytest.mark.parametrize("label", [Label.CRACK, Label.NOT_CRACK])
def test_the_brush_says_the_label_of_the_press(label):
    host = Host(document())
    host.label = label
    tool = create_tool("brush", host)
    tool.press(at(50, 50))
    host.label = Label.UNSAID
    tool.move([at(50, 70)])
    edit = tool.release()
    assert edit.tool == "brush" and edit.label is label
    assert set(np.unique(host.document.labels.to_array())) == {0, int(label)}


def test_the_eraser_unsays_and_nothing_more():
    host = Host(document())
    host.document.apply_labels("fill", host.document.labels.box, np.full((100, 100), 1, np.uint8))
    tool = create_tool("eraser", host)
    tool.press(at(50.5, 50.5))
    edit = tool.release()
    labels = host.document.labels.to_array()
    assert edit.label is Label.UNSAID and (labels == 0).sum() == 13 and (labels == 1).sum() == 10_000 - 13


def test_panning_loses_no_fraction_on_the_way():
    host = Host()
    tool = create_tool("pan", host)
    tool.press(Pointer(0, 0, 100.0, 100.0))
    for step in range(1, 101):
        tool.move([Pointer(0, 0, 100 + step * 0.3, 100 - step * 0.7)])
    tool.release()
    assert host.moved.tolist() == [30, -70]


def test_asking_follows_the_pointer_while_the_button_is_down_and_changes_no_pixel():
    host = Host(document())
    tool = create_tool("attention", host)
    tool.move([at(1, 1)])
    tool.press(at(10, 20))
    tool.move([at(11, 21), at(12, 22)])
    assert tool.release() is None
    tool.move([at(90, 90)])
    assert host.asked == [(10, 20), (12, 22)]
    assert not host.document.labels.to_array().any()


def test_a_stroke_stays_with_the_document_it_began_on():
    first, second = document(), document()
    host = Host(first)
    tool = create_tool("brush", host)
    tool.press(at(50, 50))
    host.document = second
    tool.move([at(60, 60)])
    assert tool.release() is first.edits[0] and second.edit_count == 0


def test_an_unknown_tool_is_a_bug_that_names_the_known_ones():
    with pytest.raises(BugError, match="brush"):
        create_tool("laser", Host())
