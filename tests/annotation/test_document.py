"""The correction document: every act can be taken back, and what comes back is byte for byte the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resatt_studio.annotation.document import CorrectionDocument
from resatt_studio.annotation.journal import decode_edit, encode_edit
from resatt_studio.errors import BugError, StoreError
from resatt_studio.records.correction import Edit, Label
from resatt_studio.records.geometry import Box

HEIGHT, WIDTH = 290, 530

place = st.tuples(st.floats(-20, HEIGHT + 20), st.floats(-20, WIDTH + 20))
strokes = st.tuples(
    st.just("stroke"),
    st.sampled_from(list(Label)),
    st.integers(1, 120).map(lambda n: n / 4),
    st.lists(place, min_size=1, max_size=4),
)
fills = st.tuples(
    st.just("fill"), st.sampled_from(list(Label)), st.integers(0, HEIGHT - 40), st.integers(0, WIDTH - 40)
)
covers = st.tuples(
    st.just("cover"),
    st.sampled_from(list(Label)),
    st.lists(st.integers(0, HEIGHT - 40), min_size=1, max_size=4),
)
acts = st.lists(
    st.one_of(strokes, strokes, fills, covers, st.just(("undo",)), st.just(("redo",)), st.just(("cancel",))),
    max_size=12,
)


def document(**options) -> CorrectionDocument:
    return CorrectionDocument("f" * 64, HEIGHT, WIDTH, author="KL", **options)


def stroke(target: CorrectionDocument, label=Label.CRACK, radius=3.0, path=((10.0, 10.0), (40.0, 300.0))):
    target.begin("brush", label, radius)
    for point in path:
        target.extend([point])
    return target.end()


def patch(top: int) -> tuple[Box, np.ndarray]:
    """Some pixels of some box."""
    noise = np.random.default_rng(top).random((40, 40 + top % 200)) < 0.4
    return Box(top, top, top + 40, top + 40 + top % 200), noise


def act(target: CorrectionDocument, step) -> None:
    match step:
        case ("stroke", label, radius, path):
            stroke(target, label, radius, path)
        case ("fill", label, top, left):
            noise = np.random.default_rng(top).integers(0, 3, (40, 40), np.uint8)
            mask = noise > 0
            target.apply_labels("fill", Box(top, left, top + 40, left + 40), np.full_like(noise, label), mask)
        case ("cover", label, tops):
            target.begin("wand", label, 0.0)
            for top in tops:
                target.cover(*patch(top))
            target.end()
        case ("undo",):
            target.undo()
        case ("redo",):
            target.redo()
        case ("cancel",):
            target.begin("brush", Label.NOT_CRACK, 9.0)
            target.extend([(30.0, 250.0), (200.0, 270.0)])
            target.cancel()


@settings(max_examples=30, deadline=None)
@given(acts, strokes)
def test_undo_after_do_is_identity(before, step):
    target = document()
    for earlier in before:
        act(target, earlier)
    state, count = target.labels.to_array(), target.edit_count
    act(target, step)
    if target.edit_count > count:
        target.undo()
    np.testing.assert_array_equal(target.labels.to_array(), state)


@settings(max_examples=30, deadline=None)
@given(acts)
def test_undone_to_the_beginning_and_redone_gives_the_same_bytes(steps):
    target = document()
    for step in steps:
        act(target, step)
    final, count = target.labels.to_array().tobytes(), target.edit_count
    while target.undo() is not None:
        pass
    assert not target.labels.to_array().any() and list(target.labels.tiles()) == []
    for _ in range(count):
        target.redo()
    assert target.labels.to_array().tobytes() == final


@settings(max_examples=20, deadline=None)
@given(acts)
def test_restored_from_encoded_edits_it_goes_on_as_if_never_closed(steps):
    target = document()
    for step in steps:
        act(target, step)
    reopened = document()
    reopened.restore(
        [decode_edit(encode_edit(edit)) for edit in target.edits],
        [decode_edit(encode_edit(edit)) for edit in target.undone],
    )
    assert reopened.labels.to_array().tobytes() == target.labels.to_array().tobytes()
    for again in (target, reopened):
        again.redo()
    assert reopened.labels.to_array().tobytes() == target.labels.to_array().tobytes()
    for again in (target, reopened):
        while again.undo() is not None:
            pass
    assert not reopened.labels.to_array().any()


def test_five_hundred_acts_can_all_be_undone_and_redone():
    rng = np.random.default_rng(3)
    target = document()
    states = [target.labels.to_array()]
    while target.edit_count < 500:
        path = rng.uniform(0, 290, (2, 2)).tolist()
        if stroke(target, Label(int(rng.integers(0, 3))), float(rng.uniform(0.5, 20)), path):
            states.append(target.labels.to_array())
    for state in states[-2::-25]:
        while target.edit_count > states_index(states, state):
            target.undo()
        np.testing.assert_array_equal(target.labels.to_array(), state)
    while target.redo():
        pass
    np.testing.assert_array_equal(target.labels.to_array(), states[-1])


def states_index(states, state) -> int:
    return next(index for index, known in enumerate(states) if known is state)


class Recorder:
    """A journal that keeps everything, as the store does."""

    def __init__(self, reloads: bool = False) -> None:
        self.events: list[tuple[str, str]] = []
        self.kept: dict[str, bytes] = {}
        self.reloaded: list[str] = []
        if reloads:
            self.reload = self._reload

    def appended(self, edit: Edit) -> None:
        self.events.append(("appended", edit.edit_id))
        self.kept[edit.edit_id] = encode_edit(edit)

    def undone(self, edit: Edit) -> None:
        self.events.append(("undone", edit.edit_id))

    def redone(self, edit: Edit) -> None:
        self.events.append(("redone", edit.edit_id))

    def _reload(self, edit_id: str) -> Edit:
        self.reloaded.append(edit_id)
        return decode_edit(self.kept[edit_id])


def test_the_journal_hears_of_every_change_in_order():
    journal = Recorder()
    target = document(journal=journal)
    first, second = stroke(target), stroke(target, Label.NOT_CRACK, 8.0)
    target.undo()
    target.redo()
    assert journal.events == [
        ("appended", first.edit_id),
        ("appended", second.edit_id),
        ("undone", second.edit_id),
        ("redone", second.edit_id),
    ]


@pytest.mark.parametrize("reloads", [True, False])
def test_undo_keeps_its_memory_bound_and_loses_nothing(reloads):
    journal = Recorder(reloads)
    target = document(journal=journal, memory_limit_bytes=40_000)
    rng = np.random.default_rng(1)
    for _ in range(60):
        noise = rng.integers(0, 3, (120, 120), np.uint8)
        target.apply_labels("fill", Box(100, 200, 220, 320), noise)
    final = target.labels.to_array()
    if reloads:
        assert target._history.memory_bytes <= 40_000
    assert target._history._whole_bytes <= 40_000
    while target.undo():
        pass
    assert not target.labels.to_array().any()
    assert bool(journal.reloaded) is reloads
    while target.redo():
        pass
    np.testing.assert_array_equal(target.labels.to_array(), final)


def test_a_stroke_is_one_step_whatever_its_number_of_points():
    target = document()
    target.begin("brush", Label.CRACK, 2.0)
    dirty = [target.extend([(5.0, 5.0)]), target.extend([(5.0, 100.0), (80.0, 400.0)])]
    edit = target.end()
    assert target.edit_count == 1 and len(edit.path) == 3 and edit.author == "KL"
    assert dirty[0].union(dirty[1]).intersection(edit.box) == edit.box
    assert edit.made_at and edit.label is Label.CRACK and edit.radius_px == 2.0


def test_strokes_that_change_nothing_are_no_step_and_keep_redo():
    target = document()
    stroke(target)
    stroke(target, Label.NOT_CRACK, 9.0)
    target.undo()
    assert stroke(target) is None
    assert stroke(target, Label.UNSAID, 5.0, ((-90.0, -90.0),)) is None
    assert target.can_redo and target.edit_count == 1


def test_a_new_stroke_ends_redo():
    target = document()
    stroke(target)
    target.undo()
    stroke(target, radius=7.0)
    assert not target.can_redo and target.redo() is None


def test_every_change_raises_the_version():
    target = document()
    seen = [target.version]
    target.begin("brush", Label.CRACK, 2.0)
    for change in (lambda: target.extend([(9.0, 9.0)]), target.end, target.undo, target.redo):
        change()
        seen.append(target.version)
    assert seen == sorted(set(seen))


def test_undo_waits_for_the_stroke_in_hand():
    target = document()
    stroke(target)
    target.begin("brush", Label.CRACK, 2.0)
    target.extend([(100.0, 100.0)])
    assert target.undo() is None and not target.can_undo
    target.cancel()
    assert target.can_undo


def test_misuse_is_a_bug_and_a_foreign_journal_is_told_to_the_user():
    target = document()
    with pytest.raises(BugError):
        target.extend([(1.0, 1.0)])
    target.begin("brush", Label.CRACK, 1.0)
    with pytest.raises(BugError):
        target.begin("brush", Label.CRACK, 1.0)
    target.cancel()
    with pytest.raises(BugError):
        target.apply_labels("fill", Box(0, 0, 2, 2), np.full((2, 2), 7, np.uint8))
    foreign = CorrectionDocument("a" * 64, 4000, 4000)
    far = stroke(foreign, path=((3500.0, 3500.0),))
    with pytest.raises(StoreError):
        target.restore([far])


def test_the_correction_is_a_read_only_copy():
    target = document()
    stroke(target)
    correction = target.to_correction()
    assert not correction.labels.flags.writeable and correction.photo_id == target.photo_id
    target.undo()
    assert correction.labels.any()


@settings(max_examples=30, deadline=None)
@given(acts, covers)
def test_of_a_preview_only_the_last_cover_counts(before, step):
    target, plain = document(), document()
    for earlier in before:
        act(target, earlier)
        act(plain, earlier)
    act(target, step)
    _, label, tops = step
    plain.say("wand", label, *patch(tops[-1]))
    np.testing.assert_array_equal(target.labels.to_array(), plain.labels.to_array())
    assert target.edit_count == plain.edit_count


@settings(max_examples=20, deadline=None)
@given(acts, covers)
def test_a_preview_says_where_the_screen_changed_and_can_be_taken_back(before, step):
    target = document()
    for earlier in before:
        act(target, earlier)
    state = target.labels.to_array()
    target.begin("wand", step[1], 0.0)
    shown = state.copy()
    for top in step[2]:
        box = target.cover(*patch(top))
        shown[box.slices] = target.labels.read(box)
        np.testing.assert_array_equal(shown, target.labels.to_array())
    box = target.cancel()
    shown[box.slices] = target.labels.read(box)
    np.testing.assert_array_equal(shown, state)
    np.testing.assert_array_equal(target.labels.to_array(), state)


def test_a_stroke_can_be_thinner_on_a_part_of_its_way():
    target = document()
    target.begin("brush", Label.CRACK, 8.0)
    target.extend([(100.5, 50.5)])
    target.extend([(100.5, 100.5)], 3.0)
    edit = target.end()
    painted = target.labels.to_array() == Label.CRACK
    assert painted[:, 50].sum() == 17 and painted[:, 75].sum() == 7 and edit.radius_px == 8.0


def test_a_mask_that_does_not_fit_is_refused():
    with pytest.raises(BugError, match="does not fit"):
        document().say("lasso", Label.CRACK, Box(0, 0, 5, 5), np.ones((4, 5), bool))


@given(acts, st.integers(-1, 14))
def test_going_to_a_step_is_undo_and_redo_up_to_it(steps, wanted):
    target = document()
    for step in steps:
        act(target, step)
    target.go_to(len(target.steps))
    states = {target.edit_count: target.labels.to_array()}
    while target.undo() is not None:
        states[target.edit_count] = target.labels.to_array()
    before = target.labels.to_array()
    box = target.go_to(wanted)
    assert target.edit_count == max(0, min(wanted, len(target.steps)))
    assert np.array_equal(target.labels.to_array(), states[target.edit_count])
    changed = np.argwhere(before != target.labels.to_array())
    if changed.size:
        assert (changed.min(0) >= (box.top, box.left)).all()
        assert (changed.max(0) < (box.bottom, box.right)).all()


def test_the_steps_are_listed_from_the_first_to_the_last_that_can_be_redone():
    target = document()
    made = [stroke(target, label, path=((20.0 * n, 5.0),)) for n, label in enumerate((1, 2, 0, 1), start=1)]
    made = [edit for edit in made if edit is not None]
    target.undo()
    target.undo()
    assert [step.edit_id for step in target.steps] == [edit.edit_id for edit in made]
    assert target.edit_count == len(made) - 2
    assert (target.steps[0].tool, target.steps[0].label, target.steps[0].author) == (
        "brush",
        Label.CRACK,
        "KL",
    )


@given(acts, acts)
def test_becoming_another_state_is_one_step_that_can_be_undone(before, there):
    other, target = document(), document()
    for step in there:
        act(other, step)
    for step in before:
        act(target, step)
    labels, count = target.labels.to_array(), target.edit_count
    edit = target.become("checkpoint", dict(other.labels.tiles()))
    assert np.array_equal(target.labels.to_array(), other.labels.to_array())
    assert (edit is None) == np.array_equal(labels, other.labels.to_array())
    if edit is not None:
        assert target.edit_count == count + 1
        target.undo()
        assert np.array_equal(target.labels.to_array(), labels)


def test_a_long_journal_is_restored_within_the_bound():
    source = document()
    for number in range(60):
        stroke(source, Label(1 + number % 2), radius=40.0, path=((5.0 * number, 9.0), (20.0, 500.0)))
    limit, most = 40_000, 0
    kept = [encode_edit(edit) for edit in source.edits]
    journal = Recorder(True)
    for edit in source.edits:
        journal.appended(edit)
    restored = document(journal=journal, memory_limit_bytes=limit)

    def one_by_one():
        nonlocal most
        for data in kept:
            edit = decode_edit(data)
            yield edit
            most = max(most, restored._history.memory_bytes)

    restored.restore(one_by_one())
    assert restored._history.memory_bytes <= limit and most <= limit
    assert np.array_equal(restored.labels.to_array(), source.labels.to_array())
    assert sum(map(len, kept)) > limit, "or the bound is no bound"
    while restored.undo() is not None:
        pass
    assert not restored.labels.to_array().any()


def test_an_area_as_large_as_a_huge_photo_costs_little_memory_and_is_taken_back_byte_for_byte():
    target = CorrectionDocument("f" * 64, 12_000, 12_000)
    dab = stroke(target)
    painted = target.labels.nbytes
    box = target.labels.box
    edit = target.say("rectangle", Label.NOT_CRACK, box, np.broadcast_to(np.True_, (box.height, box.width)))
    assert edit.box == box and target.labels.counts()[Label.NOT_CRACK] == 144_000_000
    assert target.labels.nbytes + target._history.memory_bytes < 3 * painted + 100_000
    again = decode_edit(encode_edit(edit))
    assert all((a.after == b.after).all() for a, b in zip(edit.changes[:9], again.changes[:9], strict=True))
    target.undo()
    assert target.labels.counts()[Label.NOT_CRACK] == 0
    for change in dab.changes:
        np.testing.assert_array_equal(target.labels.read(change.box), change.after)
    target.redo()
    assert target.labels.same(box) == Label.NOT_CRACK
