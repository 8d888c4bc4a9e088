"""The correction of one photo while it is being made: strokes, fills, undo and redo."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from resatt_studio.annotation.history import MEMORY_LIMIT_BYTES, History
from resatt_studio.annotation.journal import Journal, ReloadingJournal
from resatt_studio.annotation.strokes import Point, stamp
from resatt_studio.annotation.tiled_labels import TiledLabels, TileIndex, is_uniform
from resatt_studio.errors import BugError, StoreError
from resatt_studio.records.arrays import BoolArray, UInt8Array, read_only
from resatt_studio.records.correction import TILE_PX, Correction, Edit, Label, Step, TileChange
from resatt_studio.records.geometry import Box

UNLIKELY_CRACK_SHARE = 0.5
"""Of a photo's pixels: where more are labelled crack, crack and not crack were likely exchanged. In the masks
of CrackMap, CFD, Crack500 and SUT-Crack crack is a quarter of a photo at most, in AsphaltCrack300's little
more."""
_NOTHING = Box(0, 0, 0, 0)


@dataclass(slots=True)
class _Stroke:
    """The stroke in hand; ``before`` keeps each touched tile as it was."""

    tool: str
    label: Label
    radius_px: float
    path: list[Point] = field(default_factory=list)
    before: dict[TileIndex, UInt8Array] = field(default_factory=dict)
    box: Box = _NOTHING


class CorrectionDocument:
    """Labels of one photo and their history. Belongs to one thread; the journal takes care of itself.

    Args:
        photo_id: SHA-256 (hex) of the photo's bytes.
        height, width: Its size in pixels.
        author: Written into every edit.
        journal: Told of every change, or None.
        memory_limit_bytes: For undo; see :class:`History`.

    Attributes:
        before_edit: Called before anything new is done, by whoever still undoes or redoes step by step: a new
            edit takes the place of all that is undone by then. None while nobody does.
    """

    def __init__(
        self,
        photo_id: str,
        height: int,
        width: int,
        author: str = "",
        journal: Journal | None = None,
        memory_limit_bytes: int = MEMORY_LIMIT_BYTES,
    ) -> None:
        self.photo_id = photo_id
        self.height = height
        self.width = width
        self.author = author
        self.weights_id = ""  # of the prediction on the screen; goes into every edit
        self.labels = TiledLabels(height, width)
        self.version = 0
        self.before_edit: Callable[[], None] | None = None
        self._history = History(memory_limit_bytes)
        self._stroke: _Stroke | None = None
        self._journal: Journal | None = None
        self.journal = journal

    @property
    def journal(self) -> Journal | None:
        return self._journal

    @journal.setter
    def journal(self, journal: Journal | None) -> None:
        self._journal = journal
        self._history.reload = journal.reload if isinstance(journal, ReloadingJournal) else None

    @property
    def edits(self) -> tuple[Edit, ...]:
        """Edits that are done, oldest first."""
        return self._history.done()

    @property
    def undone(self) -> tuple[Edit, ...]:
        """Edits that are undone; the last is redone first."""
        return self._history.undone()

    @property
    def steps(self) -> tuple[Step, ...]:
        """Every step that undo and redo reach, oldest first; the first ``edit_count`` are done."""
        return self._history.steps()

    @property
    def edit_count(self) -> int:
        return self._history.done_count

    @property
    def memory_limit_bytes(self) -> int:
        """What undo may take of the memory; more steps than fit are read back from the journal."""
        return self._history.memory_limit_bytes

    @memory_limit_bytes.setter
    def memory_limit_bytes(self, limit: int) -> None:
        self._history.memory_limit_bytes = limit

    @property
    def labelled_crack_share(self) -> float:
        """Share of the photo's pixels that is labelled crack, in [0, 1]."""
        return self.labels.counts()[Label.CRACK] / (self.height * self.width)

    @property
    def can_undo(self) -> bool:
        return self._stroke is None and self._history.done_count > 0

    @property
    def can_redo(self) -> bool:
        return self._stroke is None and self._history.undone_count > 0

    @property
    def in_stroke(self) -> bool:
        return self._stroke is not None

    def begin(self, tool: str, label: Label, radius_px: float) -> None:
        """Start a stroke of a round brush.

        Raises:
            BugError: One is in hand already.
        """
        if self._stroke is not None:
            raise BugError("a stroke began before the last one ended")
        self.settle()
        self._stroke = _Stroke(tool, Label(label), float(radius_px))

    def extend(self, points: Sequence[Point], radius_px: float | None = None) -> Box:
        """Drag the brush on through ``points``, gapless from the last one.

        Args:
            points: In photo pixels.
            radius_px: Half its width on this part of the way, such as under a pen that is pressed lightly;
                None for that of :meth:`begin`.

        Returns:
            The pixels that may have changed; empty when the brush is off the photo.
        """
        stroke = self._in_hand()
        if not points:
            return _NOTHING
        path = [*stroke.path[-1:], *((float(row), float(column)) for row, column in points)]
        stroke.path.extend(path[-len(points) :])
        return self._cover(
            stroke, *stamp(path, stroke.radius_px if radius_px is None else radius_px, self.labels.box)
        )

    def cover(self, box: Box, mask: BoolArray) -> Box:
        """Let the stroke in hand be exactly these pixels, whatever it was before: a preview that can still
        change until it ends.

        Args:
            box: Inside the photo.
            mask: h x w bool, which of its pixels are said.

        Returns:
            The pixels that may have changed: what it was and what it is.
        """
        stroke = self._in_hand()
        before, stroke.box = stroke.box, _NOTHING
        for index, labels in stroke.before.items():
            self.labels.put_tile(*index, labels)
        self.version += 1
        return before.union(self._cover(stroke, box, mask))

    def _cover(self, stroke: _Stroke, box: Box, mask: BoolArray) -> Box:
        if box.empty:
            return _NOTHING
        self._remember(stroke.before, box, mask)
        self.labels.paint(box, mask, stroke.label)
        stroke.box = stroke.box.union(box)
        self.version += 1
        return box

    def end(self) -> Edit | None:
        """Finish the stroke as one undo step; None when it changed no pixel."""
        stroke = self._in_hand()
        self._stroke = None
        return self._commit(stroke)

    def cancel(self) -> Box:
        """Take the stroke in hand back as if it had never begun; returns where it was."""
        stroke = self._in_hand()
        self._stroke = None
        for index, labels in stroke.before.items():
            self.labels.put_tile(*index, labels)
        self.version += 1
        return stroke.box

    def say(self, tool: str, label: Label, box: Box, mask: BoolArray) -> Edit | None:
        """Set the masked pixels of a box to one label as one undo step: a polygon, a lasso, a filled area.

        Args:
            tool: Name of the tool or act.
            label: What is said.
            box: Inside the photo.
            mask: h x w bool.

        Returns:
            The edit; None when no pixel changed.

        Raises:
            BugError: A stroke is in hand, or the mask does not fit.
        """
        if mask.shape != (box.height, box.width):
            raise BugError(f"a mask of shape {mask.shape} does not fit {box}")
        self.begin(tool, label, 0.0)
        self.cover(box, mask)
        return self.end()

    def apply_labels(
        self, tool: str, box: Box, labels: UInt8Array, mask: BoolArray | None = None
    ) -> Edit | None:
        """Set many pixels at once as one undo step: a fill, an approved area, a lasso.

        Args:
            tool: Name of the tool or act.
            box: Where; must lie inside the photo.
            labels: h x w uint8 of :class:`Label` values.
            mask: h x w bool, which pixels to set; None for all.

        Returns:
            The edit, whose label is the one that was set, or unsaid when there were several; None when no
            pixel changed.

        Raises:
            BugError: Shapes or values do not fit.
        """
        if self._stroke is not None:
            raise BugError("labels were set while a stroke was in hand")
        expected = (box.height, box.width)
        if labels.shape != expected or (mask is not None and mask.shape != expected):
            raise BugError(f"labels of shape {labels.shape} do not fit {box}")
        if box.empty:
            return None
        chosen = np.ones(expected, np.bool_) if mask is None else mask
        said = np.unique(labels[chosen])
        if said.size and said[-1] > max(Label):
            raise BugError(f"{said[-1]} is no label")
        self.settle()
        stroke = _Stroke(tool, Label(int(said[0])) if said.size == 1 else Label.UNSAID, 0.0, box=box)
        self._remember(stroke.before, box, chosen)
        self.labels.write(box, labels, chosen)
        return self._commit(stroke)

    def undo(self) -> Edit | None:
        """Take the newest edit back; None when there is none or a stroke is in hand."""
        edit = self._history.undo() if self.can_undo else None
        if edit is not None:
            for change in edit.changes:
                self.labels.write(change.box, change.before)
            self.version += 1
            if self._journal is not None:
                self._journal.undone(edit)
        return edit

    def redo(self) -> Edit | None:
        """Make the edit again that was taken back last; None when there is none or a stroke is in hand."""
        edit = self._history.redo() if self.can_redo else None
        if edit is not None:
            for change in edit.changes:
                self.labels.write(change.box, change.after)
            self.version += 1
            if self._journal is not None:
                self._journal.redone(edit)
        return edit

    def go_to(self, edit_count: int) -> Box:
        """Undo or redo until so many edits are done, as far as there are any; not with a stroke in hand.

        Returns:
            The pixels that may have changed.
        """
        box = _NOTHING
        while self.edit_count > edit_count and (edit := self.undo()) is not None:
            box = box.union(edit.box)
        while self.edit_count < edit_count and (edit := self.redo()) is not None:
            box = box.union(edit.box)
        return box

    def become(self, tool: str, tiles: Mapping[TileIndex, UInt8Array]) -> Edit | None:
        """Take the labels of another state of this photo, as one undo step.

        Args:
            tool: Name of the act.
            tiles: That state's labels by tile; nothing is said in the tiles that are missing.

        Returns:
            The edit; None when the labels are these already.

        Raises:
            BugError: A stroke is in hand, or a tile does not fit.
        """
        if self._stroke is not None:
            raise BugError("labels were set while a stroke was in hand")
        self.settle()
        act = _Stroke(tool, Label.UNSAID, 0.0)
        present = {index for index, _ in self.labels.tiles()}
        for index in present | tiles.keys():
            act.before[index] = self.labels.tile(*index)
            self.labels.put_tile(*index, tiles.get(index, np.zeros_like(act.before[index])))
        return self._commit(act)

    def restore(
        self,
        edits_done: Iterable[Edit],
        edits_undone: Iterable[Edit] = (),
        tiles: Mapping[TileIndex, UInt8Array] | None = None,
    ) -> None:
        """Become what the journal says; tells the journal nothing. Edits are taken one by one, so that a long
        journal stays within the bound of memory.

        Args:
            edits_done: Oldest first.
            edits_undone: The next to be redone last.
            tiles: Labels by tile, when they are known; else the edits are replayed.

        Raises:
            StoreError: An edit reaches outside this photo.
        """
        restored = TiledLabels(self.height, self.width)

        def replayed() -> Iterator[Edit]:
            for edit in self._checked(edits_done):
                if tiles is None:
                    for change in edit.changes:
                        restored.write(change.box, change.after)
                yield edit

        history = History(self._history.memory_limit_bytes, self._history.reload)
        history.restore(replayed(), self._checked(edits_undone))
        for index, labels in (tiles or {}).items():
            restored.put_tile(*index, labels)
        self.labels = restored
        self._stroke = None
        self._history = history
        self.version += 1

    def to_correction(self) -> Correction:
        """All labels as one record."""
        return Correction(self.photo_id, read_only(self.labels.to_array()))

    def _checked(self, edits: Iterable[Edit]) -> Iterator[Edit]:
        for edit in edits:
            if edit.box.clipped(self.height, self.width) != edit.box:
                raise StoreError(
                    f"The journal of photo {self.photo_id[:12]} holds a stroke outside its "
                    f"{self.width} x {self.height} pixels.",
                    "The project folder is damaged; restore it from a backup.",
                )
            yield edit

    def settle(self) -> None:
        """Let whoever still undoes or redoes step by step come to the end of it; see ``before_edit``."""
        if self.before_edit is not None:
            self.before_edit()

    def _in_hand(self) -> _Stroke:
        if self._stroke is None:
            raise BugError("no stroke is in hand")
        return self._stroke

    def _remember(self, before: dict[TileIndex, UInt8Array], box: Box, mask: BoolArray) -> None:
        for index in box.cells(TILE_PX):
            if index not in before:
                part = self.labels.tile_box(*index).intersection(box)
                if mask[part.shifted(-box.top, -box.left).slices].any():
                    before[index] = self.labels.tile(*index)

    def _commit(self, stroke: _Stroke) -> Edit | None:
        changes = tuple(
            change
            for index, before in sorted(stroke.before.items())
            if (change := self._change(index, before)) is not None
        )
        if not changes:
            return None
        edit = Edit(
            edit_id=uuid.uuid4().hex,
            tool=stroke.tool,
            label=stroke.label,
            radius_px=stroke.radius_px,
            path=tuple(stroke.path),
            changes=changes,
            author=self.author,
            made_at=datetime.now().astimezone().isoformat(timespec="milliseconds"),
            weights_id=self.weights_id,
        )
        self._history.push(edit)
        self.version += 1
        if self._journal is not None:
            self._journal.appended(edit)
        return edit

    def _change(self, index: TileIndex, before: UInt8Array) -> TileChange | None:
        """What became of one tile, cut to the smallest box that differs."""
        after = self.labels.tile(*index)
        inner = _differing(before, after)
        if inner.empty:
            return None
        top, left = index[0] * TILE_PX, index[1] * TILE_PX
        return TileChange(*index, inner.shifted(top, left), _part(before, inner), _part(after, inner))


def _differing(before: UInt8Array, after: UInt8Array) -> Box:
    """The smallest box in which two tiles differ."""
    if is_uniform(before) and is_uniform(after):
        return Box(0, 0, *after.shape) if before[0, 0] != after[0, 0] else _NOTHING
    differs = before != after
    rows, columns = np.flatnonzero(differs.any(1)), np.flatnonzero(differs.any(0))
    if not rows.size:
        return _NOTHING
    return Box(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)


def _part(tile: UInt8Array, inner: Box) -> UInt8Array:
    """A part of a tile that nobody writes any more; a copy where it would else hold the whole tile alive."""
    part = tile[inner.slices]
    return read_only(part if is_uniform(part) or part.shape == tile.shape else part.copy())
