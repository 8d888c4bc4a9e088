"""The stroke journal: a stack on disk, in step with the tiles, never losing what was painted."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resatt_studio.errors import StoreError
from resatt_studio.store.journal import Act, JournalAct
from resatt_studio.store.samples import SampleStore

if TYPE_CHECKING:
    from store.conftest import Opened

TILE = bytes(256 * 256)


def edit_id(number: int) -> str:
    return f"{number:032x}"


def tile(value: int) -> bytes:
    return bytes([value]) * 100


class Model:
    """What the journal must look like: two lists."""

    def __init__(self) -> None:
        self.done: list[int] = []
        self.undone: list[int] = []
        self.count = 0

    def act(self, word: str) -> tuple[Act, int] | None:
        if word == "append":
            self.undone.clear()
            self.done.append(self.count)
            self.count += 1
            return Act.APPENDED, self.done[-1]
        if word == "undo" and self.done:
            self.undone.append(self.done.pop())
            return Act.UNDONE, self.undone[-1]
        if word == "redo" and self.undone:
            self.done.append(self.undone.pop())
            return Act.REDONE, self.done[-1]
        return None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(st.lists(st.lists(st.sampled_from(("append", "undo", "redo")), max_size=5), max_size=6))
def test_any_acts_in_any_batches_leave_the_two_stacks(
    opened: Opened, add: Callable[..., str], batches: list[list[str]]
) -> None:
    photo = add(repr(batches))
    model, salt = Model(), photo[:20]
    for words in batches:
        acts = []
        for word in words:
            if (happened := model.act(word)) is not None:
                act, number = happened
                data = str(number).encode() if act is Act.APPENDED else b""
                top = len(model.done) % 3
                acts.append(JournalAct(act, salt + f"{number:012x}", {(0, 0): tile(top)}, data))
        opened.store.write_journal(photo, acts)
    done, undone = opened.store.journal(photo)
    assert [int(data) for data in done] == model.done
    assert [int(data) for data in undone] == model.undone
    assert opened.store.photo(photo).edits == len(model.done)
    expected = {(0, 0): tile(len(model.done) % 3)} if len(model.done) % 3 else {}
    assert opened.store.tiles(photo) == expected
    assert opened.problems() == []


def test_tiles_come_back_as_written_and_empty_ones_are_dropped(
    store: SampleStore, add: Callable[..., str]
) -> None:
    photo = add("a")
    store.append_edit(photo, b"1", edit_id(1), {(0, 0): tile(1), (2, 5): tile(2), (9, 9): TILE})
    assert store.tiles(photo) == {(0, 0): tile(1), (2, 5): tile(2)}
    store.mark_undone(photo, edit_id(1), {(0, 0): TILE, (2, 5): tile(1)})
    assert store.tiles(photo) == {(2, 5): tile(1)}


def test_photos_do_not_see_each_other(store: SampleStore, add: Callable[..., str]) -> None:
    one, two = add("a"), add("b")
    store.append_edit(one, b"1", edit_id(1), {(0, 0): tile(1)})
    store.append_edit(two, b"2", edit_id(2), {(0, 0): tile(2)})
    assert store.journal(one) == ([b"1"], [])
    assert store.tiles(two) == {(0, 0): tile(2)}


def test_an_overtaken_edit_cannot_be_redone_but_is_still_on_record(
    store: SampleStore, add: Callable[..., str]
) -> None:
    photo = add("a")
    store.append_edit(photo, b"first", edit_id(1), {})
    store.mark_undone(photo, edit_id(1), {})
    store.append_edit(photo, b"second", edit_id(2), {})
    assert store.journal(photo) == ([b"second"], [])
    with pytest.raises(StoreError, match="not the next"):
        store.mark_redone(photo, edit_id(1), {})
    assert store.edit(edit_id(1)) == b"first"


@pytest.mark.parametrize(
    "wrong",
    [
        JournalAct(Act.APPENDED, edit_id(1), {}, b"again"),
        JournalAct(Act.UNDONE, edit_id(1), {}),
        JournalAct(Act.REDONE, edit_id(1), {}),
        JournalAct(Act.UNDONE, edit_id(7), {}),
    ],
)
def test_a_batch_with_one_wrong_act_changes_nothing(
    opened: Opened, add: Callable[..., str], wrong: JournalAct
) -> None:
    photo = add("a")
    for number in (1, 2):
        opened.store.append_edit(photo, b"x", edit_id(number), {(0, 0): tile(number)})
    before = opened.store.journal(photo), opened.store.tiles(photo)
    good = JournalAct(Act.APPENDED, edit_id(3), {(0, 0): tile(1), (1, 1): tile(1)}, b"y")
    with pytest.raises(StoreError):
        opened.store.write_journal(photo, [good, wrong])
    assert (opened.store.journal(photo), opened.store.tiles(photo)) == before


def test_an_unknown_edit_is_refused(store: SampleStore) -> None:
    with pytest.raises(StoreError, match="no edit"):
        store.edit(edit_id(5))
