"""A correction that is saved as it is painted: documents joined to the store, and approval."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from resatt_studio.annotation.composed import overruled
from resatt_studio.annotation.document import CorrectionDocument
from resatt_studio.annotation.history import MEMORY_LIMIT_BYTES
from resatt_studio.annotation.journal import decode_edit
from resatt_studio.annotation.tiled_labels import TiledLabels, TileIndex
from resatt_studio.errors import BugError, StoreError
from resatt_studio.records.arrays import BoolArray, UInt8Array
from resatt_studio.records.correction import TILE_PX, Checkpoint, Label
from resatt_studio.records.geometry import Box
from resatt_studio.records.maps import TiledMap
from resatt_studio.records.photo import ReviewState
from resatt_studio.records.prediction import HugePrediction, Prediction
from resatt_studio.records.sample import SampleEntry
from resatt_studio.workflow.project import Project
from resatt_studio.workflow.store_journal import StoreJournal


class StoredDocument(CorrectionDocument):
    """A correction whose every edit, undo and redo is on the disk within a second, without a wait for it.

    Made by :func:`open_document`. May be handed out several times; the last :meth:`close` ends it.
    """

    def __init__(
        self,
        project: Project,
        photo_id: str,
        author: str,
        on_error: Callable[[Exception], None] | None,
        memory_limit_bytes: int,
    ) -> None:
        store = project.store
        facts = store.photo(photo_id).facts
        super().__init__(photo_id, facts.height, facts.width, author, None, memory_limit_bytes)
        self._project = project
        self._users = 1
        tiles = _tile_arrays(self.labels, store.tiles(photo_id))
        self._writer = StoreJournal(store, photo_id, self._tile, on_error)
        self.journal = self._writer  # before its edits are read: those beyond the bound are left with it
        try:
            done, undone = (map(decode_edit, store.journal_edits(photo_id, it)) for it in ("done", "undone"))
            self.restore(done, undone, tiles)
        except BaseException:
            self._writer.close()
            raise

    @property
    def unsaved(self) -> int:
        """Edits, undos and redos that are not on the disk yet."""
        return self._writer.pending

    def flush(self, timeout_s: float = 10.0) -> None:
        """Wait until everything done so far is on the disk.

        Raises:
            StoreError: It could not be written, or not in time; it stays queued and is tried again.
        """
        self._writer.flush(timeout_s)

    def checkpoint(self, name: str) -> Callable[[], Checkpoint]:
        """Give everything done so far a name; what is done from now on has no part in it.

        Returns:
            Waits until it is on the disk, and returns it; to be called once, on any thread. Raises a
            ``StoreError`` when it could not be written.
        """
        return self._writer.checkpoint(name, self.author)

    def add_checkpoint(self, name: str) -> Checkpoint:
        """As :meth:`checkpoint`, at once.

        Raises:
            StoreError: It could not be written.
        """
        return self.checkpoint(name)()

    def checkpoint_tiles(self, checkpoint: Checkpoint) -> dict[TileIndex, UInt8Array]:
        """The labels of a checkpoint of this photo by tile; may be called on any thread.

        Raises:
            StoreError: They are damaged.
        """
        return _tile_arrays(self.labels, self._project.store.checkpoint_tiles(checkpoint.checkpoint_id))

    def share(self) -> StoredDocument:
        """One user more; each calls :meth:`close` once."""
        with self._project.guard:
            self._users += 1
        return self

    def close(self) -> None:
        """Write what is queued and end, once the last user closes; nothing can be painted afterwards.

        Raises:
            StoreError: Something could not be written; the document stays open.
        """
        with self._project.guard:
            if self._users > 1 and self._project.is_open:
                self._users -= 1
                return
            self._writer.close()
            self._project.writers.pop(_key(self.photo_id), None)

    def _tile(self, row: int, column: int) -> UInt8Array:
        return self.labels.tile(row, column)


def open_document(
    project: Project,
    photo_id: str,
    author: str = "",
    on_error: Callable[[Exception], None] | None = None,
    memory_limit_bytes: int = MEMORY_LIMIT_BYTES,
) -> StoredDocument:
    """Open a photo's correction as it was left, with its undo and redo steps.

    A photo that is open already gives the same document again.

    Args:
        project: An open project.
        photo_id: Of one of its photos.
        author: Written into new edits.
        on_error: Told, on the writer's thread, when edits cannot be saved; they stay queued and are tried
            again every second. Without it the error is raised by ``flush`` and ``close``.
        memory_limit_bytes: What undo may take of the memory.

    Raises:
        StoreError: No such photo, a photo that could not be read, or a damaged journal.
    """
    with project.guard:
        if not project.is_open:
            raise BugError("a document was opened in a closed project")
        known = project.writers.get(_key(photo_id))
        if isinstance(known, StoredDocument):
            return known.share()
        entry = project.store.photo(photo_id)
        if entry.state is ReviewState.BROKEN:
            raise StoreError(
                f"{entry.name} could not be read, so it cannot be corrected: {entry.reason}",
                "Replace the file and add it again.",
            )
        document = StoredDocument(project, photo_id, author, on_error, memory_limit_bytes)
        project.writers[_key(photo_id)] = document
        return document


def labels_as_left(project: Project, photo_id: str) -> TiledLabels:
    """What was painted on a photo, as the disk has it; to look at, for :func:`open_document` is to paint.

    Raises:
        StoreError: No such photo, or its labels are damaged.
    """
    facts = project.store.photo(photo_id).facts
    labels = TiledLabels(facts.height, facts.width)
    for index, tile in _tile_arrays(labels, project.store.tiles(photo_id)).items():
        labels.put_tile(*index, tile)
    return labels


def approved_mask(project: Project, photo_id: str) -> BoolArray | None:
    """The mask that was approved last: what was painted, and elsewhere the prediction that was on the screen.

    Returns:
        H x W bool; None for a photo that was never approved, or skipped since.

    Raises:
        StoreError: No such photo, or what was approved is damaged.
    """
    entry = next((entry for entry in project.store.samples() if entry.photo_id == photo_id), None)
    if entry is None:
        return None
    predicted = project.blobs.get_array(entry.predicted_blob) if entry.predicted_blob else None
    return overruled(predicted, project.blobs.get_array(entry.labels_blob), entry.threshold)


def approve(
    project: Project,
    document: CorrectionDocument,
    prediction: Prediction | HugePrediction | None,
    author: str = "",
    complete: bool | None = None,
    threshold: float | None = None,
    in_tiles: bool = False,
) -> SampleEntry:
    """Turn a correction, over the prediction that was on the screen, into a sample.

    Args:
        project: The document's project.
        document: What the inspector painted; may be empty when the prediction was right.
        prediction: What was on the screen, or None.
        author: Who approves.
        complete: Whether the inspector stands for every pixel: what nobody painted is then labelled as the
            mask on the screen says, not crack where there is none. None says so when no pixel is unsaid.
        threshold: Probability in [0, 1] above which the prediction was shown as crack; by default the
            project's with the weights that made it.
        in_tiles: Of a huge photo: only the tiles that say something are kept, and it is learned from part by
            part.

    Raises:
        StoreError: A stroke is in hand, or the strokes or the sample could not be saved.
    """
    if document.in_stroke:
        raise StoreError("A stroke is still in hand.", "Finish the stroke, then approve.")
    if isinstance(document, StoredDocument):
        document.flush()
    painted = document.labels
    all_painted = painted.counts()[Label.UNSAID] == 0
    predicted: UInt8Array | TiledMap | None = None
    if isinstance(prediction, HugePrediction):
        predicted = prediction.probability
    elif prediction is not None:
        predicted = prediction.probability_8bit
    dehazer_id = "" if prediction is None else prediction.dehazer_id
    if threshold is None:
        settings = project.settings
        threshold = settings.threshold if prediction is None else settings.threshold_of(prediction.weights_id)
    said = _every_pixel(painted, predicted, threshold) if complete and not all_painted else painted
    return project.store.approve(
        document.photo_id,
        said if in_tiles else said.to_array(),
        predicted,
        all_painted if complete is None else complete,
        author or document.author,
        dehazer_id,
        threshold,
    )


def _every_pixel(
    painted: TiledLabels, predicted: UInt8Array | TiledMap | None, threshold: float
) -> TiledLabels:
    """What was painted, and elsewhere what the mask on the screen says."""
    said = TiledLabels(painted.height, painted.width)
    for row in range(-(-painted.height // TILE_PX)):
        for column in range(-(-painted.width // TILE_PX)):
            box = painted.tile_box(row, column)
            mask = overruled(_part(predicted, box), painted.read(box), threshold)
            if not mask.any():  # as nearly everywhere: it takes no memory then
                said.fill_tile(row, column, Label.NOT_CRACK)
            else:
                said.put_tile(row, column, np.where(mask, np.uint8(Label.CRACK), np.uint8(Label.NOT_CRACK)))
    return said


def _part(predicted: UInt8Array | TiledMap | None, box: Box) -> UInt8Array | None:
    if predicted is None or isinstance(predicted, np.ndarray):
        return None if predicted is None else predicted[box.slices]
    return predicted.read(box)


def replay_tiles(height: int, width: int, done: Sequence[bytes]) -> dict[tuple[int, int], bytes]:
    """Tiles that the done edits of a journal add up to; those that say nothing are left out.

    Raises:
        StoreError: An edit is damaged or reaches outside the photo.
    """
    if not done:
        return {}
    document = CorrectionDocument("", height, width)
    document.restore(map(decode_edit, done))
    return {index: labels.tobytes() for index, labels in document.labels.tiles()}


def check_project(project: Project) -> list[str]:
    """Everything that is wrong with a project, one sentence each; empty when it is whole.

    Checks the database's structure and references, every blob and weights file against its hash, that one
    version per model is active, and that every photo's tiles are what its journal adds up to.
    """
    return project.store.check(replay_tiles, project.shelf.folder)


def _key(photo_id: str) -> str:
    return f"document {photo_id}"


def _tile_arrays(
    labels: TiledLabels, tiles: Mapping[tuple[int, int], bytes]
) -> dict[tuple[int, int], UInt8Array]:
    arrays: dict[tuple[int, int], UInt8Array] = {}
    for index, data in tiles.items():
        box = labels.tile_box(*index)
        if len(data) != box.height * box.width:
            raise StoreError(
                f"Tile {index} of a correction has {len(data)} pixels instead of {box.height * box.width}.",
                "Restore one of the copies in the project's backups folder.",
            )
        arrays[index] = np.frombuffer(data, np.uint8).reshape(box.height, box.width)
    return arrays
