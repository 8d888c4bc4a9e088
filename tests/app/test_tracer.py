"""Claims about the crack tracer: as a tool alone, and with real mouse and keys through the window."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from resatt_studio.annotation import tracing
from resatt_studio.annotation.document import CorrectionDocument
from resatt_studio.app.tools import trace_search
from resatt_studio.app.tools.base import Pointer
from resatt_studio.app.tools.no_canvas import NoCanvas
from resatt_studio.app.tools.overlay import DotsMark, LineMark, Tone
from resatt_studio.app.tools.registry import create_tool
from resatt_studio.app.tools.tracer import Tracer
from resatt_studio.imaging.centre_lines import centre_lines
from resatt_studio.records.correction import Label
from resatt_studio.records.geometry import Box
from resatt_studio.synthesis.scenes import Recipe, Scene, render_scene
from resatt_studio.synthesis.strands import CrackStyle

HIGH, WIDE = 300, 420


@cache
def scene() -> Scene:
    style = CrackStyle(width_px=5.0, branch_rate=0.0, faintest=0.8)
    recipe = Recipe(patterns=("transverse",), style=style, contrast=0.9, spall=0.0)
    return render_scene(1, HIGH, WIDE, recipe=recipe)


def on_crack(share: float) -> tuple[float, float]:
    """A place in the middle of the drawn crack, ``share`` of the way from left to right."""
    line = np.argwhere(centre_lines(scene().mask))
    nearest = line[np.abs(line[:, 1] - share * (WIDE - 1)).argmin()]
    return float(nearest[0]) + 0.5, float(nearest[1]) + 0.5


class Host(NoCanvas):
    """A canvas without a window, whose background can be held up."""

    def __init__(self) -> None:
        super().__init__(CorrectionDocument("a" * 64, HIGH, WIDE), radius_px=3.0, pixels=scene().pixels)
        self.scale = 2.0
        self.told: list[str] = []
        self.waiting: list[tuple] = []
        self.held = False
        self.finished: list = []

    def tell(self, words: str) -> None:
        self.told.append(words)

    def in_background(self, kind: str, work, then, failed) -> None:
        self.waiting.append((work, then, failed))
        if not self.held:
            self.deliver()

    def deliver(self) -> None:
        while self.waiting:
            work, then, failed = self.waiting.pop(0)
            try:
                answer = work()
            except MemoryError:
                failed()
            else:
                self.finished.append(then(answer))


def at(place: tuple[float, float], **keys) -> Pointer:
    return Pointer(*place, place[0] * 2, place[1] * 2, **keys)


def click(tool: Tracer, place: tuple[float, float], **keys):
    tool.press(at(place, **keys))
    return tool.release()


def handles(tool: Tracer) -> DotsMark:
    return next(mark for mark in tool.overlay if isinstance(mark, DotsMark))


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
def tool(host) -> Tracer:
    return create_tool("tracer", host)


def dice(painted: np.ndarray) -> float:
    truth = scene().mask
    left, right = int(on_crack(0.2)[1]), int(on_crack(0.8)[1])
    ours, theirs = painted[:, left:right], truth[:, left:right]
    return 2 * (ours & theirs).sum() / (ours.sum() + theirs.sum())


def test_two_clicks_and_enter_are_one_edit_that_covers_the_crack(tool, host):
    assert click(tool, on_crack(0.2)) is None and tool.in_hand
    assert click(tool, on_crack(0.8)) is None
    edit = tool.finish()
    assert edit.tool == "tracer" and edit.label is Label.CRACK and not tool.in_hand
    assert dice(host.document.labels.to_array() == Label.CRACK) > 0.8
    host.document.undo()
    assert not host.document.labels.to_array().any() and host.document.edit_count == 0


@pytest.mark.parametrize("how", ["right", "double"])
def test_right_and_double_click_finish(tool, how):
    click(tool, on_crack(0.2))
    click(tool, on_crack(0.8))
    if how == "right":
        edit = click(tool, (5, 5), right=True)
    else:
        tool.double_press(at(on_crack(0.8)))
        edit = tool.release()
    assert edit is not None and not tool.in_hand


def test_the_way_to_the_pointer_is_shown_before_the_click_and_is_what_the_click_takes(tool):
    click(tool, on_crack(0.2))
    tool.hover(at(on_crack(0.6)))
    previewed = [mark for mark in tool.overlay if isinstance(mark, LineMark)]
    assert len(previewed) == 1 and previewed[0].tone is Tone.CRACK
    click(tool, on_crack(0.6))
    taken = [mark for mark in tool.overlay if isinstance(mark, LineMark)]
    np.testing.assert_allclose(taken[0].points, previewed[0].points, atol=0.5)


def test_marks_are_the_same_objects_while_nothing_changes(tool):
    click(tool, on_crack(0.2))
    tool.hover(at(on_crack(0.6)))
    assert tool.overlay is tool.overlay
    before = tool.overlay
    tool.hover(at(on_crack(0.7)))
    dots = [[mark for mark in marks if isinstance(mark, DotsMark)] for marks in (before, tool.overlay)]
    assert dots[0][0] is dots[1][0] and before is not tool.overlay


def test_a_pointer_beyond_the_known_window_gets_a_dashed_line_until_a_larger_one_is_known(tool, host):
    host.held = True
    click(tool, on_crack(0.1))
    tool.hover(at(on_crack(0.9)))
    assert [mark.dashed for mark in tool.overlay if isinstance(mark, LineMark)] == [True]
    host.deliver()
    assert [mark.dashed for mark in tool.overlay if isinstance(mark, LineMark)] == [False]


def test_only_one_search_is_under_way_however_often_the_pointer_moves(tool, host):
    host.held = True
    click(tool, on_crack(0.1))
    for share in np.linspace(0.2, 0.9, 20):
        tool.hover(at(on_crack(share)))
    assert len(host.waiting) == 1


def test_backspace_takes_the_last_click_back_and_then_the_first(tool):
    for share in (0.2, 0.5, 0.8):
        click(tool, on_crack(share))
    tool.step_back()
    dots = handles(tool)
    assert len(dots.points) == 2
    tool.step_back()
    tool.step_back()
    assert not tool.in_hand and tool.overlay == ()


def test_escape_and_a_late_answer_leave_nothing(tool, host):
    host.held = True
    click(tool, on_crack(0.2))
    tool.cancel()
    host.deliver()
    assert not tool.in_hand and tool.overlay == () and host.document.edit_count == 0


def test_a_dragged_point_takes_the_path_along(tool, host):
    for share in (0.2, 0.5, 0.8):
        click(tool, on_crack(share))
    middle = on_crack(0.5)
    tool.press(at(middle))
    away = (middle[0] + 30, middle[1])
    tool.move([at((middle[0] + 10, middle[1])), at(away, control=True)])
    assert tool.release() is None
    dots = handles(tool)
    assert len(dots.points) == 3 and np.hypot(*(dots.points[1] - away)) < 1
    edit = tool.finish()
    assert edit.box.bottom > away[0] - 1


def test_a_point_that_is_let_go_before_its_ways_are_known_stays_where_it_was_left(tool, host):
    for share in (0.2, 0.5, 0.8):
        click(tool, on_crack(share))
    host.held = True
    middle = on_crack(0.5)
    tool.press(at(middle))
    tool.move([at((middle[0] - 25, middle[1]), control=True)])
    tool.release()
    host.deliver()
    dots = handles(tool)
    assert np.hypot(*(dots.points[1] - (middle[0] - 25, middle[1]))) < 1


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_a_point_taken_back_while_one_that_was_let_go_waits_for_its_ways_harms_nothing(tool, host, share):
    for place in (0.2, 0.5, 0.8):
        click(tool, on_crack(place))
    host.held = True
    tool.press(at(on_crack(share)))
    tool.move([at((on_crack(share)[0] - 25, on_crack(share)[1]), control=True)])
    tool.release()
    tool.step_back()
    assert len(handles(tool).points) == 2
    host.deliver()
    click(tool, on_crack(0.9))
    host.deliver()
    assert len(handles(tool).points) == 3 and tool.finish() is not None


def test_a_click_near_the_end_of_painted_crack_goes_on_from_there(tool, host):
    click(tool, on_crack(0.1))
    click(tool, on_crack(0.4))
    tool.finish()
    end = np.argwhere(centre_lines(host.document.labels.to_array() == Label.CRACK))
    end = end[end[:, 1].argmax()] + 0.5
    click(tool, (end[0] + 3, end[1] + 3))
    dots = handles(tool)
    assert np.hypot(*(dots.points[0] - end)) < 1.5


def test_a_gap_between_two_painted_pieces_is_closed(tool, host):
    for left, right in ((0.1, 0.35), (0.6, 0.9)):
        click(tool, on_crack(left))
        click(tool, on_crack(right))
        tool.finish()
    click(tool, on_crack(0.35))
    click(tool, on_crack(0.6))
    tool.finish()
    import cv2

    painted = (host.document.labels.to_array() == Label.CRACK).astype(np.uint8)
    assert cv2.connectedComponents(painted, connectivity=8)[0] == 2  # surface and one crack


def test_the_width_can_be_fixed_or_wider_than_the_edges(host):
    areas = {}
    for name, options in {
        "edges": {},
        "wider": {"margin": 2.0},
        "thin": {"width": "fixed"},
        "thick": {"width": "fixed", "r": 9.0},
    }.items():
        host.document = CorrectionDocument("a" * 64, HIGH, WIDE)
        host.options = {("tracer", key): value for key, value in options.items()}
        host.radius_px = float(options.get("r", 1.0))
        tool = create_tool("tracer", host)
        click(tool, on_crack(0.2))
        click(tool, on_crack(0.8))
        tool.finish()
        areas[name] = int((host.document.labels.to_array() > 0).sum())
    assert areas["thin"] < areas["edges"] < areas["wider"] < areas["thick"]


@pytest.mark.parametrize("label", [Label.NOT_CRACK, Label.UNSAID])
def test_it_says_whatever_label_is_chosen(tool, host, label):
    host.document.apply_labels("fill", host.document.labels.box, np.full((HIGH, WIDE), 1, np.uint8))
    host.label = label
    click(tool, on_crack(0.2), control=True)
    click(tool, on_crack(0.8), control=True)
    assert tool.finish().label is label


def test_the_network_has_its_say_when_it_may(tool, host):
    host.probability = np.where(scene().mask, 255, 0).astype(np.uint8)
    click(tool, on_crack(0.2))
    tool.hover(at(on_crack(0.8)))
    guided = tool.overlay
    host.options["tracer", "guide"] = "photo"
    tool.options_changed()
    assert tool.overlay is not guided


def test_nothing_begins_without_pixels_or_off_the_photo(tool, host):
    click(tool, (-20, 50))
    assert not tool.in_hand and not host.told
    host.pixels = None
    click(tool, on_crack(0.2))
    assert not tool.in_hand and host.told


def test_the_crack_stays_with_the_photo_on_which_it_began(tool, host):
    click(tool, on_crack(0.2))
    click(tool, on_crack(0.8))
    begun, host.document = host.document, CorrectionDocument("b" * 64, HIGH, WIDE)
    assert tool.finish() is not None
    assert begun.edit_count == 1 and host.document.edit_count == 0


def test_a_click_whose_way_is_not_known_waits_for_the_search_on_the_other_thread(tool, host):
    host.held = True
    for share in (0.1, 0.5, 0.9):
        click(tool, on_crack(share))
    assert len(handles(tool).points) == 1 and len(host.waiting) == 1
    assert [mark.dashed for mark in tool.overlay if isinstance(mark, LineMark)] == [True]
    host.deliver()
    assert len(handles(tool).points) == 3


@pytest.mark.parametrize("how", ["Enter", "double click", "another tool"])
def test_finishing_before_the_ways_are_known_loses_no_click(tool, host, how):
    host.held = True
    click(tool, on_crack(0.2))
    click(tool, on_crack(0.8))
    if how == "another tool":
        edit = tool.finish()
    else:
        if how == "Enter":
            assert tool.confirm() is None and tool.in_hand
            tool.hover(at(on_crack(0.5)))
        else:
            tool.double_press(at(on_crack(0.8)))
            assert tool.release() is None and tool.in_hand
        host.deliver()
        (edit,) = [made for made in host.finished if made is not None]
    assert edit.tool == "tracer" and not tool.in_hand
    assert dice(host.document.labels.to_array() == Label.CRACK) > 0.8


def test_no_window_is_larger_than_the_bound_and_a_click_beyond_goes_as_far_as_it(tool, host, monkeypatch):
    monkeypatch.setattr(tracing, "LARGEST_WINDOW_PX", 90_000)
    windows = []
    read = trace_search.read_ground
    monkeypatch.setattr(
        trace_search,
        "read_ground",
        lambda pixels, probability, box, photo: windows.append(box) or read(pixels, probability, box, photo),
    )
    click(tool, on_crack(0.1))
    tool.hover(at(on_crack(0.9)))
    assert True in [mark.dashed for mark in tool.overlay if isinstance(mark, LineMark)]
    click(tool, on_crack(0.9))
    assert "click on from there" in host.told[-1]
    assert on_crack(0.1)[1] + 30 < handles(tool).points[-1][1] < on_crack(0.9)[1] - 30
    for _ in range(4):
        click(tool, on_crack(0.9))
    assert np.hypot(*(handles(tool).points[-1] - on_crack(0.9))) < 3
    assert max(box.height * box.width for box in windows) <= 90_000


@pytest.mark.parametrize("end", [(29_000.0, 31_000.0), (500.0, 31_000.0), (500.0, 900.0)])
def test_a_place_within_reach_lies_on_the_way_and_as_far_as_the_bound_lets_it(end):
    photo, start = Box(0, 0, 30_000, 33_000), (400.0, 700.0)
    place = tracing.within_reach(start, end, photo)
    window = tracing.window_for(start, place, photo)
    assert window.height * window.width <= tracing.LARGEST_WINDOW_PX
    along, across = np.subtract(place, start), np.subtract(end, start)
    assert abs(along[0] * across[1] - along[1] * across[0]) < 1e-3 * np.hypot(*across)
    if place != end:
        farther = start[0] + along[0] * 1.1, start[1] + along[1] * 1.1
        window = tracing.window_for(start, farther, photo)
        assert window.height * window.width > tracing.LARGEST_WINDOW_PX


def test_after_a_search_that_failed_the_next_one_is_asked_for(tool, host):
    def fails():
        raise MemoryError

    host.held = True
    click(tool, on_crack(0.2))
    click(tool, on_crack(0.8))
    host.waiting = [(fails, then, failed) for _, then, failed in host.waiting]
    host.deliver()
    assert host.told and not host.waiting and tool.in_hand
    tool.hover(at(on_crack(0.5)))
    assert len(host.waiting) == 1
    host.deliver()
    click(tool, on_crack(0.5))
    assert len(handles(tool).points) == 2


# -- through the canvas --------------------------------------------------------------------------------


@pytest.fixture
def traced(canvas):
    canvas.set_photo(scene().pixels, photo_id="c" * 64)
    canvas.set_document(CorrectionDocument("c" * 64, HIGH, WIDE))
    canvas.set_tool("tracer")
    return canvas


def view_place(canvas, place: tuple[float, float]) -> QPoint:
    row, column = canvas.viewport.to_view(*place)
    ratio = canvas.devicePixelRatioF()
    return QPoint(round(column / ratio), round(row / ratio))


def settle(canvas, qtbot) -> None:
    qtbot.waitUntil(lambda: not canvas.background.busy, timeout=60_000)


@pytest.mark.gui
def test_mouse_and_keys_trace_a_crack_on_the_canvas(traced, qtbot):
    finished = []
    traced.stroke_finished.connect(finished.append)
    left = Qt.MouseButton.LeftButton
    QTest.mouseClick(traced, left, pos=view_place(traced, on_crack(0.2)))
    QTest.mouseMove(traced, view_place(traced, on_crack(0.8)))
    qtbot.waitUntil(
        lambda: any(isinstance(m, LineMark) and not m.dashed for m in traced._overlay), timeout=60_000
    )
    QTest.mouseClick(traced, left, pos=view_place(traced, on_crack(0.8)))
    settle(traced, qtbot)
    QTest.keyClick(traced, Qt.Key.Key_Return)
    edit = finished[-1]
    assert edit is not None and edit.tool == "tracer"
    assert dice(traced.document.labels.to_array() == Label.CRACK) > 0.75
    assert not traced._gestures.tool.in_hand and not traced._overlay


@pytest.mark.gui
def test_escape_on_the_canvas_drops_the_path(traced, qtbot):
    QTest.mouseClick(traced, Qt.MouseButton.LeftButton, pos=view_place(traced, on_crack(0.2)))
    QTest.keyClick(traced, Qt.Key.Key_Escape)
    settle(traced, qtbot)
    assert not traced._gestures.tool.in_hand and traced.document.edit_count == 0


@pytest.mark.gui
def test_taking_another_tool_finishes_the_path(traced, qtbot):
    for share in (0.2, 0.8):
        QTest.mouseClick(traced, Qt.MouseButton.LeftButton, pos=view_place(traced, on_crack(share)))
    traced.set_tool("brush")
    settle(traced, qtbot)
    assert traced.document.edit_count == 1
