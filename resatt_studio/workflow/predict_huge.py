"""A photo that is too large to be held whole to its prediction: read and kept tile by tile."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from resatt_studio.errors import BugError, PhotoChanged, PhotoError
from resatt_studio.imaging.doubt import count_values
from resatt_studio.imaging.photo_parts import FileStamp, stamp
from resatt_studio.imaging.surface import describe_parts
from resatt_studio.imaging.tiled_tiff import TiledTiff, open_tiled
from resatt_studio.imaging.tiles import plan_tiles
from resatt_studio.records.arrays import UInt8Array, read_only
from resatt_studio.records.geometry import Box
from resatt_studio.records.prediction import HugePrediction, LookedAt, Piece, PredictionPart
from resatt_studio.store.map_blobs import MapWriter
from resatt_studio.store.unfinished import FinishedPiece
from resatt_studio.workflow.jobs import Job, during, progress
from resatt_studio.workflow.load import photo_file, same_photo

if TYPE_CHECKING:
    from resatt_studio.inference.engine import Engine
    from resatt_studio.inference.sliding import TilesSeen
    from resatt_studio.workflow.project import Project

_MOMENT_S = 0.1
_MOST_PIECES = 64


def predict_huge(
    engine: Engine, project: Project, photo_id: str, looked_at: LookedAt | None = None
) -> Job[HugePrediction]:
    """Predict all of a huge photo with the engine's weights and keep the answer; what the project holds is
    not made again. It is the answer that ``predict_photo`` would give, had it room for it.

    The file is compared with the photo at the end, so that a change at any time before is noticed. A job that
    is stopped, killed, or for which the disk has no room leaves the pieces that were finished, which serve
    nobody but the next such job: with the same weights it goes on where this one ended, and gives the answer
    that it would have given at once (to the last bit on the same device). One of other weights, or of a file
    that was changed, begins anew.

    Yields:
        Tiles done of all; ``detail`` is a :class:`PredictionPart` with the pieces that the newest ones
        finished, and with everything that is finished so far.

    Args:
        engine: With weights in use.
        project: Where the answer is kept.
        photo_id: Of one of its photos.
        looked_at: Asked before every batch of tiles where somebody looks; these tiles come first.

    Raises:
        PhotoError: The file is lost, was changed, or can only be read whole.
        OutOfMemory: Even one tile on the CPU does not fit.
        StoreError: The disk refused.
    """
    weights_id = engine.weights_id
    known = project.store.huge_prediction(photo_id, weights_id)
    if known is not None:
        yield progress(1, 1, "tiles", "known")
        return known
    path = photo_file(project, photo_id)
    file_stamp = stamp(path)  # first, so that a change from now on is seen
    photo = open_tiled(path)
    if photo is None:
        raise PhotoError(
            f"“{path.name}” can only be read as a whole.",
            "Save it as a tiled TIFF and add that to the project.",
        )
    try:
        prediction = yield from _predicted(engine, project, photo, photo_id, file_stamp, looked_at)
    finally:
        photo.close()
    return prediction


def _predicted(
    engine: Engine,
    project: Project,
    photo: TiledTiff,
    photo_id: str,
    file_stamp: FileStamp,
    looked_at: LookedAt | None,
) -> Job[HugePrediction]:
    from resatt_studio.inference.sliding import OVERLAP_PX, TILE_PX, mean_entropy, predict_by_parts

    height, width, weights_id = photo.height, photo.width, engine.weights_id

    def read(box: Box) -> UInt8Array:
        return photo.read(0, box)

    surface = project.store.surface(photo_id)
    described = describe_parts(height, width, read) if surface is None else surface
    segmenter = engine.answerer(described)
    # What else than the photo may change a piece; the file's stamp, because pieces of a changed one must not
    # stay when the original comes back.
    about = {
        "photo": photo_id,
        "weights": weights_id,
        "file": list(file_stamp),
        "tiles": [TILE_PX, OVERLAP_PX],
        "calibration": [segmenter.calibration.temperature, segmenter.calibration.bias],
        "elsewhere": segmenter is not engine.in_use()[0],
    }
    total = len(plan_tiles(height, width, TILE_PX, OVERLAP_PX))
    sums = _Sums()
    known: set[Box] = set()
    with (
        project.blobs.map_writer(height, width) as writer,
        project.blobs.unfinished(photo_id, about, height, width) as kept,
    ):
        for pieces in _by_time(kept.pieces() if kept is not None else ()):
            known.update(piece.place for piece in pieces)
            shown = sums.take(pieces, writer)
            part = PredictionPart(photo_id, weights_id, shown, whole=writer)
            yield progress(0, total, "tiles", "Going on where it was stopped", part)
        steps = predict_by_parts(segmenter, height, width, read, looked_at=looked_at, known=known)
        with closing(steps):
            for seen, pieces in _finished(steps):
                if kept is not None and stamp(photo.path) != file_stamp:
                    kept.drop()
                    kept = None  # the file is compared at the end; until then nobody knows what it holds
                if kept is not None:
                    kept.add(pieces)
                part = PredictionPart(photo_id, weights_id, sums.take(pieces, writer), whole=writer)
                yield progress(seen.done, seen.total, "tiles", detail=part)
        try:
            yield from during(
                same_photo(project, photo_id, photo.path),
                progress(0, 0, message="Comparing the photo's file"),
            )
        except PhotoChanged:
            if kept is not None:
                kept.drop()
            raise
        tiled = project.blobs.open_map(writer.seal())
        if tiled is None:
            raise BugError("a map that was written is none")
        prediction = HugePrediction(
            photo_id,
            weights_id,
            tiled,
            mean_entropy(sums.entropies, height, width),
            read_only(sums.counts),
            sums.seconds,
            segmenter.compute.name,
        )
        if surface is None:
            project.store.describe(photo_id, described)
        project.store.put_huge_prediction(prediction)
        if kept is not None:
            kept.drop()
    return prediction


def _finished(steps: Iterator[TilesSeen]) -> Iterator[tuple[TilesSeen, list[FinishedPiece]]]:
    """What each step of a prediction finished; its seconds stand with the first of its pieces."""
    start = time.perf_counter()
    for seen in steps:
        pieces = [
            FinishedPiece(place, values, entropy)
            for (place, values), entropy in zip(seen.pieces, seen.entropies, strict=True)
        ]
        if pieces:
            pieces[0] = replace(pieces[0], seconds=time.perf_counter() - start)
        yield seen, pieces
        start = time.perf_counter()


@dataclass(eq=False)
class _Sums:
    """What is said of a whole prediction, from its pieces."""

    counts: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(256, np.int64))
    entropies: list[float] = field(default_factory=list)
    seconds: float = 0.0

    def take(self, pieces: Sequence[FinishedPiece], writer: MapWriter) -> tuple[Piece, ...]:
        """Count pieces and write them into the map; return them as they are shown."""
        for piece in pieces:
            writer.put(piece.place, piece.values)
            self.counts += count_values(piece.values)
            self.entropies.append(piece.entropy)
            self.seconds += piece.seconds
        return tuple((piece.place, piece.values) for piece in pieces)


def _by_time(pieces: Iterable[FinishedPiece]) -> Iterator[list[FinishedPiece]]:
    """Pieces in lists that take a moment each, so that whoever reads them can report in between."""
    some: list[FinishedPiece] = []
    since = time.monotonic()
    for piece in pieces:
        some.append(piece)
        if time.monotonic() - since > _MOMENT_S or len(some) >= _MOST_PIECES:
            yield some
            some, since = [], time.monotonic()
    if some:
        yield some
