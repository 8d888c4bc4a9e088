"""A photo that is too large to be held whole to its prediction: read and kept tile by tile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from resatt_studio.errors import BugError, PhotoError
from resatt_studio.imaging.doubt import count_values
from resatt_studio.imaging.surface import describe_parts
from resatt_studio.imaging.tiled_tiff import TiledTiff, open_tiled
from resatt_studio.records.arrays import UInt8Array, read_only
from resatt_studio.records.geometry import Box
from resatt_studio.records.prediction import HugePrediction, LookedAt, PredictionPart
from resatt_studio.workflow.jobs import Job, during, progress
from resatt_studio.workflow.load import photo_file, same_photo

if TYPE_CHECKING:
    from resatt_studio.inference.engine import Engine
    from resatt_studio.workflow.project import Project


def predict_huge(
    engine: Engine, project: Project, photo_id: str, looked_at: LookedAt | None = None
) -> Job[HugePrediction]:
    """Predict all of a huge photo with the engine's weights and keep the answer; what the project holds is
    not made again. It is the answer that ``predict_photo`` would give, had it room for it.

    The file is compared with the photo at the end, so that a change at any time before is noticed. A job that
    is stopped, or for which the disk has no room, leaves nothing behind.

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
    photo = open_tiled(path)
    if photo is None:
        raise PhotoError(
            f"“{path.name}” can only be read as a whole.",
            "Save it as a tiled TIFF and add that to the project.",
        )
    try:
        prediction = yield from _predicted(engine, project, photo, photo_id, looked_at)
    finally:
        photo.close()
    return prediction


def _predicted(
    engine: Engine, project: Project, photo: TiledTiff, photo_id: str, looked_at: LookedAt | None
) -> Job[HugePrediction]:
    height, width, weights_id = photo.height, photo.width, engine.weights_id

    def read(box: Box) -> UInt8Array:
        return photo.read(0, box)

    surface = project.store.surface(photo_id)
    described = describe_parts(height, width, read) if surface is None else surface
    counts = np.zeros(256, np.int64)
    with project.blobs.map_writer(height, width) as writer:
        steps = engine.predict_by_parts(height, width, read, described, looked_at)
        try:
            while True:
                done, total, pieces = next(steps)
                for place, values in pieces:
                    writer.put(place, values)
                    counts += count_values(values)
                part = PredictionPart(photo_id, weights_id, pieces, whole=writer)
                yield progress(done, total, "tiles", detail=part)
        except StopIteration as end:
            answer = end.value
        finally:
            steps.close()
        yield from during(
            same_photo(project, photo_id, photo.path), progress(0, 0, message="Comparing the photo's file")
        )
        tiled = project.blobs.open_map(writer.seal())
    if tiled is None:
        raise BugError("a map that was written is none")
    prediction = HugePrediction(
        photo_id, weights_id, tiled, answer.mean_entropy, read_only(counts), answer.seconds, answer.device
    )
    if surface is None:
        project.store.describe(photo_id, described)
    project.store.put_huge_prediction(prediction)
    return prediction
