"""A document's journal in the store: a queue and a thread that writes what is queued, again and again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import takewhile

from resatt_studio.annotation.journal import decode_edit, encode_edit
from resatt_studio.errors import BugError, StoreError, StudioError
from resatt_studio.records.arrays import UInt8Array
from resatt_studio.records.correction import Checkpoint, Edit
from resatt_studio.store.journal import Act, JournalAct
from resatt_studio.store.samples import SampleStore

RETRY_SECONDS = 1.0
_BATCH = 64  # acts in one transaction: one wait for the disk


@dataclass(frozen=True, slots=True)
class _Queued:
    """An act and the tiles as they were right after it."""

    act: Act
    edit: Edit
    tiles: dict[tuple[int, int], UInt8Array]


@dataclass(slots=True)
class _Naming:
    """A checkpoint of what was queued before it; ``given_up`` ones are passed over."""

    name: str
    author: str
    made: Checkpoint | None = None
    given_up: bool = False


class StoreJournal:
    """Queues what a document tells it and writes it on a thread of its own; a ``ReloadingJournal``.

    Being told costs the painting thread one copy of the touched tiles. What is queued goes to the disk at
    once; several acts share a transaction when the disk is slower than the hand. A failed write is reported,
    kept and repeated every second, so that a full disk loses nothing once there is room again.

    Args:
        store: Where to.
        photo_id: Whose journal.
        tile: Gives a copy of a tile's labels as they are now.
        on_error: Told about a failed write, on the writer's thread.
    """

    def __init__(
        self,
        store: SampleStore,
        photo_id: str,
        tile: Callable[[int, int], UInt8Array],
        on_error: Callable[[Exception], None] | None = None,
    ) -> None:
        self._store = store
        self._photo_id = photo_id
        self._tile = tile
        self._on_error = on_error
        self._queue: list[_Queued | _Naming] = []
        self._changed = threading.Condition()
        self._written = 0
        self._told = 0
        self._error: Exception | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=f"journal {photo_id[:8]}", daemon=True)
        self._thread.start()

    @property
    def pending(self) -> int:
        """Acts that are not on the disk yet."""
        return self._told - self._written

    @property
    def error(self) -> Exception | None:
        """Why the newest try to write failed; None when it did not."""
        return self._error

    def appended(self, edit: Edit) -> None:
        self._tell(Act.APPENDED, edit)

    def undone(self, edit: Edit) -> None:
        self._tell(Act.UNDONE, edit)

    def redone(self, edit: Edit) -> None:
        self._tell(Act.REDONE, edit)

    def reload(self, edit_id: str) -> Edit:
        """The edit of that id, from the queue or the disk; waits for nothing else that is queued.

        Raises:
            StoreError: It is not there or damaged.
        """
        with self._changed:
            for queued in self._queue:
                if isinstance(queued, _Queued) and queued.edit.edit_id == edit_id:
                    return queued.edit
        return decode_edit(self._store.edit(edit_id))

    def checkpoint(self, name: str, author: str = "") -> Callable[[], Checkpoint]:
        """Queue a checkpoint of everything told so far, and of nothing that is told from now on.

        Returns:
            Waits until it is on the disk, and returns it; to be called once, on any thread. Raises a
            ``StoreError``, as :meth:`flush` does, when that cannot be; the checkpoint is then given up.
        """
        naming = _Naming(name, author)
        self._enqueue(naming)

        def wait() -> Checkpoint:
            try:
                self.flush()
            except StoreError:
                with self._changed:
                    naming.given_up = naming.made is None
                if naming.given_up:
                    raise
            if naming.made is None:
                raise BugError("a checkpoint was asked for again after it had been given up")
            return naming.made

        return wait

    def flush(self, timeout_s: float = 10.0) -> None:
        """Wait until everything told so far is on the disk.

        Args:
            timeout_s: Longest that nothing at all may reach the disk. As long as something does, it is waited
                for: hundreds of undone steps may be queued.

        Raises:
            StoreError: A write failed, or nothing was written for ``timeout_s``; nothing is lost from the
                queue.
        """
        until = time.monotonic() + timeout_s
        with self._changed:
            wanted, written = self._told, self._written
            self._error = None  # only a failure from now on counts
            self._changed.notify_all()
            while self._written < wanted:
                if self._error is not None:
                    raise self._as_store_error(self._error) from self._error
                if self._written > written:
                    written, until = self._written, time.monotonic() + timeout_s
                left = until - time.monotonic()
                if left <= 0:
                    raise StoreError(
                        f"{self.pending} strokes are not saved yet: the disk is too slow.",
                        "Wait a moment and save again.",
                    )
                self._changed.wait(left)

    def close(self) -> None:
        """Write everything and end the thread; doing it twice does nothing.

        Raises:
            StoreError: Something could not be written; the journal stays open.
        """
        self.flush()
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._thread is not threading.current_thread():
            self._thread.join()

    def _tell(self, act: Act, edit: Edit) -> None:
        cells = {(change.row, change.column) for change in edit.changes}
        self._enqueue(_Queued(act, edit, {cell: self._tile(*cell) for cell in cells}))

    def _enqueue(self, queued: _Queued | _Naming) -> None:
        with self._changed:
            if self._closed:
                raise BugError("a closed correction was painted on")
            self._queue.append(queued)
            self._told += 1
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._queue and not self._closed:
                    self._changed.wait()
                if not self._queue:
                    return
                head = self._queue[0]
                batch = list(takewhile(_is_act, self._queue[:_BATCH])) or [head]
            error = self._name(head) if isinstance(head, _Naming) else self._write(batch)
            with self._changed:
                self._error = error
                if error is None:
                    del self._queue[: len(batch)]
                    self._written += len(batch)
                self._changed.notify_all()
            if error is not None:
                self._report(error)
                with self._changed:
                    self._changed.wait(RETRY_SECONDS)

    def _name(self, naming: _Naming) -> Exception | None:
        """What was told before the checkpoint is on the disk by now, and nothing of what came after it."""
        try:
            if not naming.given_up:
                naming.made = self._store.add_checkpoint(self._photo_id, naming.name, naming.author)
        except Exception as error:  # noqa: BLE001  as in _write
            return error
        return None

    def _write(self, batch: list[_Queued | _Naming]) -> Exception | None:
        try:
            acts = [_packed(queued) for queued in batch if isinstance(queued, _Queued)]
            self._store.write_journal(self._photo_id, acts)
        except Exception as error:  # noqa: BLE001  this thread must outlive any failure and say which it was
            return error
        return None

    def _report(self, error: Exception) -> None:
        if self._on_error is not None:
            self._on_error(self._as_store_error(error))

    @staticmethod
    def _as_store_error(error: Exception) -> Exception:
        if isinstance(error, (StudioError, BugError)):
            return error
        return StoreError(f"Strokes could not be saved: {error}.", "They are kept in memory and tried again.")


def _is_act(queued: _Queued | _Naming) -> bool:
    return isinstance(queued, _Queued)


def _packed(queued: _Queued) -> JournalAct:
    tiles = {cell: labels.tobytes() for cell, labels in queued.tiles.items()}
    data = encode_edit(queued.edit) if queued.act is Act.APPENDED else b""
    return JournalAct(queued.act, queued.edit.edit_id, tiles, data)
