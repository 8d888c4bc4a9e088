"""Undo and redo within a bound of memory: new edits whole, old ones packed, the oldest with the journal."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from resatt_studio.annotation.journal import decode_edit, encode_edit
from resatt_studio.annotation.tiled_labels import held_bytes
from resatt_studio.records.correction import Edit, Step

MEMORY_LIMIT_BYTES = 256 * 1024 * 1024
_SHRUNK = 7 / 8  # a little below the bound, so that not every further stroke has to look for room
_POINT_BYTES = 120  # a tuple of two floats in a tuple


@dataclass(slots=True)
class _Step:
    """One edit in one of three states: whole, packed, or only what a list says of it, which has the id that
    the journal knows."""

    summary: Step
    edit: Edit | None = None
    packed: bytes | None = None
    cost_bytes: int = 0


class History:
    """The edits of one photo: those done and those undone, each a stack. No number of steps is too many.

    Args:
        memory_limit_bytes: What all edits together may take. A quarter of it holds edits as they are. A
            change counts from the next edit on.
        reload: Fetches an edit by its id. Without it nothing is ever dropped from memory, only packed, so
            that no undo step is lost.
    """

    def __init__(
        self,
        memory_limit_bytes: int = MEMORY_LIMIT_BYTES,
        reload: Callable[[str], Edit] | None = None,
    ) -> None:
        self.memory_limit_bytes = memory_limit_bytes
        self.reload = reload
        self.memory_bytes = 0
        self._whole_bytes = 0
        self._done: list[_Step] = []
        self._undone: list[_Step] = []

    @property
    def done_count(self) -> int:
        return len(self._done)

    @property
    def undone_count(self) -> int:
        return len(self._undone)

    def push(self, edit: Edit) -> None:
        """A new edit; what was undone can no longer be redone."""
        for step in self._undone:
            self._forget(step)
        self._undone.clear()
        self._done.append(self._whole_step(edit))
        self._shrink()

    def undo(self) -> Edit | None:
        """Move the newest done edit to the undone ones and return it; None when there is none."""
        return self._move(self._done, self._undone)

    def redo(self) -> Edit | None:
        """Move the newest undone edit back and return it; None when there is none."""
        return self._move(self._undone, self._done)

    def steps(self) -> tuple[Step, ...]:
        """What a list says: the done edits, oldest first, then the undone ones, the next to be redone first.

        Fetches nothing.
        """
        return tuple(step.summary for step in (*self._done, *reversed(self._undone)))

    def done(self) -> tuple[Edit, ...]:
        """Done edits, oldest first; fetches those that are not in memory."""
        return tuple(self._fetch(step) for step in self._done)

    def undone(self) -> tuple[Edit, ...]:
        """Undone edits, the next to be redone last."""
        return tuple(self._fetch(step) for step in self._undone)

    def restore(self, done: Iterable[Edit], undone: Iterable[Edit]) -> None:
        """Replace both stacks; orders as in :meth:`done` and :meth:`undone`.

        Takes one edit at a time and keeps the bound meanwhile, however long the journal is.
        """
        self._done.clear()
        self._undone.clear()
        self.memory_bytes = self._whole_bytes = 0
        for stack, edits in ((self._done, done), (self._undone, undone)):
            for edit in edits:
                stack.append(self._whole_step(edit))
                self._shrink()

    def _move(self, source: list[_Step], target: list[_Step]) -> Edit | None:
        if not source:
            return None
        edit = self._fetch(source[-1])  # may raise; then nothing has moved
        target.append(source.pop())
        return edit

    def _whole_step(self, edit: Edit) -> _Step:
        labels = sum(held_bytes(change.before) + held_bytes(change.after) for change in edit.changes)
        step = _Step(edit.summary, edit, None, labels + _POINT_BYTES * len(edit.path))
        self.memory_bytes += step.cost_bytes
        self._whole_bytes += step.cost_bytes
        return step

    def _fetch(self, step: _Step) -> Edit:
        if step.edit is not None:
            return step.edit
        if step.packed is not None:
            return decode_edit(step.packed)
        assert self.reload is not None  # only steps that can be fetched again were dropped
        return self.reload(step.summary.edit_id)

    def _shrink(self) -> None:
        """Pack, then drop, the edits that are furthest from being needed: the oldest done ones first."""
        if self._whole_bytes > self.memory_limit_bytes // 4:
            for step in self._steps():
                if self._whole_bytes <= _SHRUNK * self.memory_limit_bytes / 4:
                    break
                self._pack(step)
        if self.reload is not None and self.memory_bytes > self.memory_limit_bytes:
            for step in self._steps():
                if self.memory_bytes <= _SHRUNK * self.memory_limit_bytes:
                    break
                self._forget(step)

    def _steps(self) -> Iterable[_Step]:
        yield from self._done
        yield from self._undone

    def _pack(self, step: _Step) -> None:
        if step.edit is not None:
            packed = encode_edit(step.edit)
            self._forget(step)
            step.packed, step.cost_bytes = packed, len(packed)
            self.memory_bytes += step.cost_bytes

    def _forget(self, step: _Step) -> None:
        self.memory_bytes -= step.cost_bytes
        if step.edit is not None:
            self._whole_bytes -= step.cost_bytes
        step.edit, step.packed, step.cost_bytes = None, None, 0
