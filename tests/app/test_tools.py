"""The table of tools, and what each tool says to a document."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resatt_studio.annotation.areas import polygon_pixels
from resatt_studio.annotation.branches import branches_of
from resatt_studio.annotation.composed import overruled
from resatt_studio.annotation.document import CorrectionDocument
from resatt_studio.annotation.strokes import stamp
from resatt_studio.app.tools import slow_acts
from resatt_studio.app.tools.base import Pointer, Tool
from resatt_studio.app.tools.no_canvas import NoCanvas
from resatt_studio.app.tools.overlay import DotsMark, LineMark
from resatt_studio.app.tools.registry import TOOLS, create_tool, tool_spec
from resatt_studio.errors import BugError
from resatt_studio.records.correction import Edit, Label
from resatt_studio.records.geometry import Box

NAMES = [spec.name for spec in TOOLS]


class Host(NoCanvas):
    """A canvas without a window that notes what it is told."""

    def __init__(self, document: CorrectionDocument | None = None) -> None:
        super().__init__(document, radius_px=2.0, probability=np.full((100, 100), 200, np.uint8))
        self.scale = 2.0
        self.moved = np.zeros(2, int)
        self.asked: list[tuple[float, float]] = []
        self.lengths: list[float | None] = []
        self.told: list[str] = []
        self.missing: np.ndarray | None = None  # 100 x 100 bool, where nothing is predicted yet

    def unpredicted(self, box: Box) -> np.ndarray:
        return super().unpredicted(box) if self.missing is None else self.missing[box.slices]

    def tell(self, words: str) -> None:
        self.told.append(words)

    def measured(self, length_px: float | None) -> None:
        self.lengths.append(length_px)

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


@pytest.mark.parametrize("name", ["brush", "eraser"])
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


def click(tool: Tool, row: float, column: float, **held: bool) -> Edit | None:
    tool.press(replace(at(row, column), **held))
    return tool.release()


def drag(tool: Tool, *points: tuple[float, float], **held: bool) -> Edit | None:
    tool.press(replace(at(*points[0]), **held))
    tool.move([replace(at(*point), **held) for point in points[1:]])
    return tool.release()


def said(host: Host, label: Label = Label.CRACK) -> np.ndarray:
    return host.document.labels.to_array() == label


def whole(box: Box, mask: np.ndarray) -> np.ndarray:
    full = np.zeros((100, 100), bool)
    full[box.slices] = mask
    return full


def around(row: int, column: int, reach: int) -> list[tuple[float, float]]:
    """Corners of a loop around a place."""
    return [(row + down, column + right) for down, right in
            ((-reach, -reach), (-reach, reach), (reach, reach), (reach, -reach))]  # fmt: skip


def test_a_light_pen_paints_a_thinner_line_and_the_option_turns_that_off():
    widths = []
    for pressure, on in ((1.0, True), (0.5, True), (0.5, False)):
        host = Host(document())
        host.radius_px, host.options[("brush", "pressure")] = 8.0, on
        drag(create_tool("brush", host), (50.5, 20), (50.5, 80), pressure=pressure)
        widths.append(int(said(host)[:, 50].sum()))
    assert widths == [17, 9, 17]


@pytest.mark.parametrize("name", ["polyline", "polygon"])
def test_points_are_clicked_one_by_one_and_enter_makes_one_edit_of_them(name):
    host = Host(document())
    host.radius_px = 3.0
    tool = create_tool(name, host)
    corners = [(20.5, 20.5), (20.5, 70.5), (70.5, 70.5)]
    assert [click(tool, *corner) for corner in corners] == [None] * 3
    assert tool.in_hand and not said(host).any()
    edit = tool.finish()
    expected = (
        stamp(corners, 3.0, Box(0, 0, 100, 100)) if name == "polyline"
        else polygon_pixels(corners, Box(0, 0, 100, 100))
    )  # fmt: skip
    np.testing.assert_array_equal(said(host), whole(*expected))
    assert not tool.in_hand and tool.overlay == () and host.document.edits == (edit,)
    host.document.undo()
    assert not said(host).any()


@pytest.mark.parametrize("how", ["double", "right", "first corner"])
def test_a_polygon_closes_in_three_ways(how):
    host = Host(document())
    tool = create_tool("polygon", host)
    for corner in ((20, 20), (20, 70), (70, 70)):
        click(tool, *corner)
    if how == "double":
        tool.double_press(at(70, 70))
        edit = tool.release()
    else:
        edit = click(tool, 20.5, 20.5) if how == "first corner" else click(tool, 90, 10, right=True)
    assert edit is not None and not tool.in_hand
    assert said(host).sum() == pytest.approx(50 * 50 / 2, rel=0.03)


def test_backspace_takes_point_after_point_and_escape_takes_all():
    tool = create_tool("polyline", Host(document()))
    for column in (10, 40, 70):
        click(tool, 50, column)
    tool.step_back()
    assert len(tool.overlay[0].points) == 2
    tool.step_back()
    tool.step_back()
    assert not tool.in_hand
    click(tool, 50, 50)
    tool.cancel()
    assert not tool.in_hand and tool.finish() is None


def test_a_point_can_be_dragged_and_shift_makes_its_side_straight():
    host = Host(document())
    tool = create_tool("polyline", host)
    click(tool, 50, 10)
    click(tool, 50, 60)
    drag(tool, (51, 61), (80, 90))
    assert tool.overlay[0].points[1].tolist() == [80, 90]
    drag(tool, (80, 90), (82, 12), shift=True)
    assert tool.overlay[0].points[1].tolist() == pytest.approx([82, 10])


def test_the_line_to_come_follows_the_pointer_in_the_width_of_the_brush():
    host = Host(document())
    tool = create_tool("polyline", host)
    click(tool, 50, 10)
    click(tool, 50, 40)
    tool.hover(at(60, 80))
    line, side, dots = tool.overlay
    assert line.points.tolist() == dots.points.tolist() == [[50, 10], [50, 40]]
    assert side.points.tolist() == [[50, 40], [60, 80]] and side.width_px == 2 * host.radius_px
    tool.hover(at(70, 70))
    assert tool.overlay[0] is line and tool.overlay[-1] is dots and tool.overlay[1] is not side
    tool.hover(None)
    assert len(tool.overlay) == 2


@pytest.mark.parametrize("radius_px", [0.5, 1.0, 1.5])
def test_the_point_under_the_pointer_is_marked_whatever_the_width(radius_px):
    host = Host(document())
    host.radius_px = radius_px
    tool = create_tool("polyline", host)
    for column in (10, 40, 70, 95):
        click(tool, 50, column)
    for hot, column in enumerate((10, 40, 70, 95)):
        tool.hover(at(50, column))
        line, dots = tool.overlay
        assert isinstance(line, LineMark) and line.width_px == 2 * radius_px
        assert isinstance(dots, DotsMark) and dots.hot == hot


@pytest.mark.parametrize("label", list(Label))
def test_rectangle_and_lasso_say_the_label_in_hand_of_what_they_go_around(label):
    for name in ("rectangle", "lasso"):
        host = Host(document())
        other = Label(3 - label if label else 1)
        host.document.say("brush", other, Box(0, 0, 100, 100), np.ones((100, 100), bool))
        host.label = label
        points = [(20, 30), (60, 90)] if name == "rectangle" else [(20, 30), (20, 90), (60, 90), (60, 30)]
        edit = drag(create_tool(name, host), *points)
        np.testing.assert_array_equal(said(host, label), whole(Box(20, 30, 60, 90), np.ones((40, 60), bool)))
        assert edit.label is label and edit.tool == name and host.document.edit_count == 2


def test_shift_makes_a_square():
    host = Host(document())
    drag(create_tool("rectangle", host), (20, 20), (50, 30), shift=True)
    assert said(host).sum() == 30 * 30


def ramp_host() -> Host:
    """A crack along a row whose probability falls to both sides, and another one apart from it."""
    host = Host(document())
    host.probability = np.zeros((100, 100), np.uint8)
    for off, value in ((0, 240), (1, 180), (2, 120), (3, 60)):
        host.probability[[50 - off, 50 + off], 10:90] = value
    host.probability[80, 10:90] = 250
    return host


def test_the_wand_takes_what_hangs_together_and_dragging_moves_its_threshold_both_ways():
    host = ramp_host()
    tool = create_tool("wand", host)
    heights = []
    tool.press(at(50.5, 40.5))
    for columns in (0, 80, 150, -60, -200):
        tool.move([Pointer(50.5, 40.5, 101, 81 + columns)])
        heights.append(int(said(host)[:, 40].sum()))
    tool.move([Pointer(50.5, 40.5, 101, 81)])
    edit = tool.release()
    assert heights == [3, 5, 7, 3, 1]
    assert said(host)[:, 40].sum() == 3 and not said(host)[80].any()
    assert edit.tool == "wand" and host.document.edit_count == 1


def test_the_wand_begins_just_below_what_is_only_suspected_and_takes_no_ground():
    host = ramp_host()
    host.probability[20, 10:90] = 70
    drag(create_tool("wand", host), (20.5, 40.5), (20.5, 40.5))
    np.testing.assert_array_equal(np.argwhere(said(host).any(axis=1)).ravel(), [20])
    host.probability[:] = 0
    assert click(create_tool("wand", host), 50, 50) is None


def test_a_wand_under_which_other_weights_come_into_use_keeps_what_it_covers():
    host = ramp_host()
    tool = create_tool("wand", host)
    tool.press(at(50.5, 40.5))
    before = said(host)
    host.probability = np.zeros((100, 100), np.uint8)  # a new mask that only begins to grow
    host.probability[:10] = 200
    tool.move([Pointer(50.5, 40.5, 101, 90)])
    tool.release()
    assert not (said(host) & ~before).any()


def test_a_wand_taken_back_leaves_the_labels_as_they_were():
    host = ramp_host()
    host.document.say("brush", Label.NOT_CRACK, Box(40, 0, 60, 50), np.ones((20, 50), bool))
    before = host.document.labels.to_array()
    tool = create_tool("wand", host)
    tool.press(at(50.5, 40.5))
    tool.move([Pointer(50.5, 40.5, 101, 300)])
    tool.cancel()
    np.testing.assert_array_equal(host.document.labels.to_array(), before)


def ring_host() -> Host:
    host = Host(document())
    host.probability[:] = 0
    disc = whole(*stamp([(50, 50)], 30, Box(0, 0, 100, 100)))
    disc &= ~whole(*stamp([(50, 50)], 20, Box(0, 0, 100, 100)))
    host.probability[disc] = 255
    return host


def test_a_closed_area_is_filled_up_to_the_mask():
    host = ring_host()
    edit = click(create_tool("fill", host), 50, 50)
    np.testing.assert_array_equal(said(host), whole(*stamp([(50, 50)], 20, Box(0, 0, 100, 100))))
    assert edit.label is Label.CRACK
    assert click(create_tool("fill", host), 150, 150) is None  # beside the photo


def test_an_area_without_end_is_left_alone():
    host = Host(CorrectionDocument("a" * 64, 20, 9000))
    host.probability = None
    assert click(create_tool("fill", host), 10, 4500) is None
    assert not host.document.labels.to_array().any()


def test_holes_are_filled_up_to_the_largest_size():
    host = ring_host()
    host.options = {("fill", "what"): "holes", ("fill", "largest"): 100.0}
    assert click(create_tool("fill", host), 50, 25) is None
    host.options[("fill", "largest")] = 5000.0
    click(create_tool("fill", host), 50, 25)
    np.testing.assert_array_equal(said(host), whole(*stamp([(50, 50)], 20, Box(0, 0, 100, 100))))


@pytest.mark.parametrize(("name", "verdict"), [("accept", Label.CRACK), ("reject", Label.NOT_CRACK)])
def test_a_click_judges_the_predicted_crack_under_it_and_no_pixel_that_was_judged_before(name, verdict):
    host = ramp_host()
    own = Label(3 - verdict)
    host.document.say("brush", own, Box(50, 20, 51, 30), np.ones((1, 10), bool))
    edit = click(create_tool(name, host), 52, 40)  # beside the crack, within reach
    expected = host.probability > 127
    expected[80] = False
    expected[50, 20:30] = False
    np.testing.assert_array_equal(said(host, verdict), expected)
    assert edit.label is verdict and said(host, own).sum() == 10
    assert click(create_tool(name, host), 20, 20) is None


@pytest.mark.parametrize("name", ["accept", "reject", "reshape"])
def test_the_crack_that_a_click_would_mean_is_outlined_as_long_as_the_pointer_is_on_it(name):
    host = ramp_host()
    tool = create_tool(name, host)
    tool.hover(at(50, 40))
    (outline,) = tool.overlay
    # Rows 49 to 51 and columns 10 to 89, and two pixels away, which are four on the screen.
    assert outline.points.min(axis=0).tolist() == [47.5, 8.5]
    assert outline.points.max(axis=0).tolist() == [53.5, 91.5]
    for row in (50, 52.5):  # on it, and beside it within reach of a click
        tool.hover(at(row, 60))
        assert tool.overlay[0] is outline
    host.scale = 1.0  # the same distance on the screen is more of the photo now
    tool.hover(at(50, 60))
    assert tool.overlay[0].points.min(axis=0).tolist() == [46.5, 7.5]
    tool.hover(at(80, 60))
    assert tool.overlay[0] is not outline
    tool.hover(at(20, 60))
    assert tool.overlay == ()
    tool.hover(at(50, 40))
    tool.hover(None)
    assert tool.overlay == ()


def test_after_an_act_the_outline_is_that_of_what_is_left():
    host = ramp_host()
    tool = create_tool("reject", host)
    tool.hover(at(50, 40))
    drag(tool, *around(50, 50, 10))
    tool.hover(at(50, 20))
    assert tool.overlay[0].points[:, 1].max() <= 40 + 2


def test_a_loop_rejects_all_predicted_crack_inside_it_and_none_outside():
    host = ramp_host()
    drag(create_tool("reject", host), (40, 20), (40, 60), (90, 60), (90, 20))
    expected = host.probability > 127
    expected[:, :20] = expected[:, 60:] = False
    np.testing.assert_array_equal(said(host, Label.NOT_CRACK), expected)


def test_sifting_rejects_the_short_and_keeps_the_long_wherever_one_clicks():
    host = ramp_host()
    host.probability[20, 30:45] = 255
    edit = click(create_tool("sift", host), 3, 3)
    rejected = said(host, Label.NOT_CRACK)
    assert rejected.sum() == 15 and rejected[20, 30:45].all() and edit.tool == "sift"


@pytest.mark.parametrize("what", ["smooth", "thin", "thicken", "prune"])
def test_reshaping_a_clicked_crack_says_only_what_changed(what):
    host = Host(document())
    crack = whole(*stamp([(30, 15), (30, 85)], 4, Box(0, 0, 100, 100)))
    crack |= whole(*stamp([(30, 50), (41, 50)], 1, Box(0, 0, 100, 100)))
    other = whole(*stamp([(80, 15), (80, 85)], 4, Box(0, 0, 100, 100)))
    host.probability = np.where(crack | other, 255, 0).astype(np.uint8)
    host.options = {("reshape", "what"): what}
    before = crack | other
    edit = click(create_tool("reshape", host), 30, 30)
    after = overruled(host.probability, host.document.labels.to_array())
    assert edit.tool == "reshape" and (after != before).any()
    np.testing.assert_array_equal(host.document.labels.to_array() != Label.UNSAID, after != before)
    np.testing.assert_array_equal(after[60:], before[60:])  # the other crack was not clicked
    if what == "thicken":
        assert not (before & ~after).any()
    if what in ("thin", "prune"):
        assert not (after & ~before).any()
    host.document.undo()
    assert not host.document.labels.to_array().any()


def test_a_loop_reshapes_what_is_inside_it_and_not_beyond():
    host = ramp_host()
    host.options = {("reshape", "what"): "thicken", ("reshape", "amount"): 2.0}
    before = overruled(host.probability, host.document.labels.to_array())
    drag(create_tool("reshape", host), *around(50, 30, 12))
    changed = overruled(host.probability, host.document.labels.to_array()) != before
    assert changed[38:62, 18:42].any()
    changed[38:62, 18:42] = False
    assert not changed.any()


class SlowHost(Host):
    """A host whose other thread answers when the test says so."""

    def __init__(self) -> None:
        super().__init__(document())
        crack = whole(*stamp([(30, 15), (30, 85)], 4, Box(0, 0, 100, 100)))
        self.probability = np.where(crack, 255, 0).astype(np.uint8)
        self.probability[80, 40:50] = 255  # a short one
        self.options = {("reshape", "what"): "thicken"}
        self.waiting: list = []

    def in_background(self, kind, work, then, failed=lambda: None) -> None:
        self.waiting.append((work, then, failed))

    def answer(self) -> Edit | None:
        work, then, _ = self.waiting.pop()
        return then(work())


@pytest.fixture(params=["reshape", "sift"])
def slow(request, monkeypatch):
    monkeypatch.setattr(slow_acts, "AT_ONCE_PX", 0)
    host = SlowHost()
    tool = create_tool(request.param, host)
    assert click(tool, 30, 30) is None and tool.in_hand and host.document.edit_count == 0
    return host, tool


def test_a_large_act_is_done_on_another_thread_and_comes_out_as_at_once(slow, monkeypatch):
    host, tool = slow
    assert click(tool, 30, 30) is None and "still" in host.told[0], "one at a time"
    edit = host.answer()
    assert edit is not None and not tool.in_hand
    later = host.document.labels.to_array()
    monkeypatch.setattr(slow_acts, "AT_ONCE_PX", 10**6)
    once = SlowHost()
    assert click(create_tool(tool.name, once), 30, 30) is not None
    np.testing.assert_array_equal(later, once.document.labels.to_array())


def test_an_act_under_way_is_dropped_by_escape_and_done_by_leaving(slow):
    host, tool = slow
    tool.cancel()
    assert host.answer() is None and not tool.in_hand and host.document.edit_count == 0
    click(tool, 30, 30)
    assert tool.confirm() is None and tool.in_hand, "Enter ends nothing that ends by itself"
    assert tool.finish() is not None and not tool.in_hand
    assert host.answer() is None and host.document.edit_count == 1


def test_an_act_that_labels_have_overtaken_changes_nothing_and_says_so(slow):
    host, tool = slow
    host.document.say("brush", Label.NOT_CRACK, Box(0, 0, 1, 1), np.ones((1, 1), bool))
    assert host.answer() is None and not tool.in_hand and host.document.edit_count == 1
    assert "meanwhile" in host.told[-1]
    click(tool, 30, 30)
    _, _, failed = host.waiting.pop()
    failed()
    assert not tool.in_hand and "could not" in host.told[-1]


@pytest.mark.parametrize("name", ["rectangle", "lasso", "polygon", "accept", "reject", "sift", "reshape"])
def test_an_area_too_large_to_be_worked_on_is_refused_before_a_pixel_of_it_is_read(name, monkeypatch):
    big = CorrectionDocument("a" * 64, 30_000, 30_000)
    host = Host(big)
    told: list[str] = []
    host.tell = told.append
    host.read_probability = lambda box: pytest.fail(f"read {box}")
    tool = create_tool(name, host)
    corners = [(10.0, 10.0), (10.0, 29_000.0), (29_000.0, 29_000.0), (29_000.0, 10.0)]
    if name == "polygon":
        for corner in corners:
            click(tool, *corner)
        assert tool.confirm() is None and tool.in_hand, "the corners stay"
        assert tool.finish() is None and not tool.in_hand
    elif name == "rectangle":
        assert drag(tool, corners[0], corners[2]) is None
    else:
        assert drag(tool, *corners) is None
    assert "megapixels at a time" in told[0] and big.edit_count == 0 and big.labels.nbytes == 0


def test_the_ruler_measures_in_pixels_and_in_millimetres_once_the_scale_is_known():
    host = Host(document())
    tool = create_tool("ruler", host)
    assert drag(tool, (20, 20), (50, 60)) is None
    assert tool.overlay[-1].text == "50.0 px" and not tool.in_hand
    host.mm_per_px = 0.25
    tool.options_changed()
    assert tool.overlay[-1].text == "50.0 px, 12.50 mm"
    drag(tool, (50, 60), (20, 30))
    assert tool.overlay[-1].text == "10.0 px, 2.50 mm"
    click(tool, 80, 80)
    assert tool.overlay == () and host.lengths[-1] is None
    assert not host.document.labels.to_array().any()


def forked_host() -> Host:
    """A predicted crack of five rows with a branch of three columns that leaves it downwards."""
    host = Host(document())
    host.probability = np.zeros((100, 100), np.uint8)
    host.probability[28:33, 5:95] = host.probability[30:90, 49:52] = 200
    return host


def test_a_branch_is_outlined_to_its_junction_and_cut_off_while_the_trunk_stays_whole():
    host = forked_host()
    host.document.say("brush", Label.CRACK, Box(60, 45, 70, 55), host.probability[60:70, 45:55] > 0)
    tool = create_tool("branch", host)
    tool.hover(at(75, 53))  # beside it, within reach
    (outline,) = tool.overlay
    # Rows 33 to 89 and columns 49 to 51, and two pixels away, which are four on the screen.
    assert outline.points.min(axis=0).tolist() == [31.5, 47.5]
    assert outline.points.max(axis=0).tolist() == [91.5, 53.5]
    tool.hover(at(50, 50))
    assert tool.overlay[0] is outline
    edit = click(tool, 50, 50)
    assert edit.tool == "branch" and tool.overlay == ()
    expected = np.zeros((100, 100), bool)
    expected[33:90, 49:52] = True
    np.testing.assert_array_equal(said(host, Label.NOT_CRACK), expected)
    assert not said(host).any()  # also what somebody had painted
    tool.hover(at(60, 50))
    assert tool.overlay == ()  # nothing is left of it


def test_a_branch_that_is_accepted_is_crack_without_its_trunk_and_nothing_that_was_judged():
    host = forked_host()
    host.options["branch", "what"] = "accept"
    host.document.say("brush", Label.NOT_CRACK, Box(80, 40, 90, 60), np.ones((10, 20), bool))
    before = said(host, Label.NOT_CRACK)
    click(create_tool("branch", host), 70, 50)
    expected = np.zeros((100, 100), bool)
    expected[33:80, 49:52] = True
    np.testing.assert_array_equal(said(host), expected)
    np.testing.assert_array_equal(said(host, Label.NOT_CRACK), before)


def test_half_a_trunk_is_a_branch_as_well_and_the_way_round_the_corner_stays():
    host = forked_host()
    click(create_tool("branch", host), 30, 15)
    cut = said(host, Label.NOT_CRACK)
    assert cut[28:33, 5:46].all() and not cut[33:].any()
    assert cut[:, 49:].sum() <= 4  # the outer corner is round now


def test_where_no_branch_leaves_a_junction_a_click_says_so_and_changes_nothing(monkeypatch):
    told: list[str] = []
    for row, column, rows in ((30, 50, 100), (30, 20, 33), (70, 10, 100)):
        host = forked_host()
        host.probability[rows:] = 0
        monkeypatch.setattr(host, "tell", told.append)
        tool = create_tool("branch", host)
        tool.hover(at(row, column))
        assert tool.overlay == ()
        assert click(tool, row, column) is None and host.document.edit_count == 0
    junction, straight, ground = told
    assert (
        junction == straight and "{tool_accept}" in junction and ground == "No predicted crack is seen here."
    )


def test_sifting_waits_until_all_that_it_looks_at_is_predicted():
    host = Host(document())
    host.probability = np.zeros((100, 100), np.uint8)
    host.probability[30:33, 5:45] = host.probability[70:73, 5:12] = 200  # the first is finished up to here
    host.missing = np.zeros((100, 100), bool)
    host.missing[:50, 45:] = True
    sift = create_tool("sift", host)
    assert click(sift, 50, 50) is None and host.document.edit_count == 0
    assert "Not all of this is predicted yet" in host.told[-1]
    host.options["sift", "shortest"] = 60.0
    drag(sift, *around(71, 8, 8))  # a part that is predicted
    expected = np.zeros((100, 100), bool)
    expected[70:73, 5:12] = True
    np.testing.assert_array_equal(said(host, Label.NOT_CRACK), expected)
    drag(sift, (20, 2), (20, 43), (40, 43), (40, 2))
    np.testing.assert_array_equal(said(host, Label.NOT_CRACK), expected)  # it may go on, so it is not short
    host.missing = np.zeros((100, 100), bool)
    drag(sift, (20, 2), (20, 43), (40, 43), (40, 2))
    assert said(host, Label.NOT_CRACK)[30:33, 5:43].all()
    host.probability = host.missing = None
    assert click(sift, 80, 80) is None and "Nothing is predicted here yet" in host.told[-1]


def test_a_branch_that_leads_to_where_nothing_is_predicted_yet_is_left_alone():
    host = forked_host()
    host.missing = np.zeros((100, 100), bool)
    host.missing[90:] = True  # the branch reaches down to here
    tool = create_tool("branch", host)
    assert click(tool, 70, 50) is None and host.document.edit_count == 0
    assert "may go on where nothing is predicted yet" in host.told[-1]
    assert click(tool, 30, 15) is not None  # half of the trunk ends where it ends
    host.document.undo()
    host.missing[:] = False
    assert click(tool, 70, 50) is not None


@pytest.mark.parametrize("name", ["branch", "accept"])
def test_the_crack_under_the_pointer_is_that_of_the_prediction_that_is_known_now(name):
    host = forked_host()
    tool = create_tool(name, host)
    tool.hover(at(60, 50))
    before = tool.overlay
    host.probability[62:] = 0  # other weights came into use
    host.probability_version += 1
    tool.hover(at(60, 50))
    assert tool.overlay is not before and tool.overlay[0].points.max(axis=0)[0] < 66
    if name == "branch":
        click(tool, 60, 50)
        assert said(host, Label.NOT_CRACK)[33:62, 49:52].all() and not said(host, Label.NOT_CRACK)[62:].any()


def test_a_branch_that_goes_on_further_than_a_click_reaches_says_so(monkeypatch):
    from resatt_studio.app.tools import branch

    monkeypatch.setattr(branch, "REACH_SIDE_PX", 60)
    host = forked_host()
    click(create_tool("branch", host), 45, 50)
    assert "goes on further" in host.told[-1] and not said(host, Label.NOT_CRACK)[80:].any()


def test_branches_are_found_once_for_a_crack_however_the_pointer_moves(monkeypatch):
    from resatt_studio.app.tools import branch

    host, found, waiting = forked_host(), [], []
    monkeypatch.setattr(branch, "branches_of", lambda mask: found.append(mask.shape) or branches_of(mask))
    monkeypatch.setattr(host, "in_background", lambda kind, work, then: waiting.append((work, then)))
    tool = create_tool("branch", host)
    for row in (50, 60, 70):
        tool.hover(at(row, 50))
    assert tool.overlay == () and len(waiting) == 1 and not found
    work, then = waiting.pop()
    then(work())
    assert len(tool.overlay) == 1
    click(tool, 70, 50)
    assert len(found) == 1
    tool.hover(at(30, 20))
    assert len(waiting) == 1  # the crack is another one now


PAINTING = [spec.name for spec in TOOLS if spec.paints]
spots = st.tuples(st.integers(-5, 105), st.integers(-5, 105))
acts = st.tuples(
    st.sampled_from(PAINTING),
    st.sampled_from(list(Label)),
    st.lists(spots, min_size=1, max_size=5),
    st.booleans(),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(acts, max_size=8), st.integers(0, 2**20))
def test_whatever_the_tools_did_undo_leads_back_to_the_beginning_and_redo_to_the_end(steps, seed):
    host = Host(document())
    noise = np.random.default_rng(seed).random((100, 100)).astype(np.float32)
    host.probability = (255 * (cv2.GaussianBlur(noise, (0, 0), 2.5) > 0.51)).astype(np.uint8)
    host.options = {
        ("reshape", "what"): ("smooth", "thin", "thicken", "prune")[seed % 4],
        ("fill", "what"): ("area", "holes")[seed % 2],
        ("branch", "what"): ("cut", "accept")[seed % 2],
    }
    for name, label, places, leave in steps:
        host.label = label
        tool = create_tool(name, host)
        for place in places:
            drag(tool, place, (place[1], place[0])) if name in ("polyline", "polygon") else None
        if name not in ("polyline", "polygon"):
            drag(tool, *places)
        tool.cancel() if leave else tool.finish()
        assert not tool.busy and not tool.in_hand and not host.document.in_stroke
    end, count = host.document.labels.to_array(), host.document.edit_count
    while host.document.undo():
        pass
    assert not host.document.labels.to_array().any()
    while host.document.redo():
        pass
    np.testing.assert_array_equal(host.document.labels.to_array(), end)
    assert host.document.edit_count == count
