"""Photo to prediction: once for each photo and set of weights in a project, or straight to files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from resatt_studio.errors import BugError, PhotoError, WeightsError
from resatt_studio.export.items import ExportItem
from resatt_studio.export.names import unique_stems
from resatt_studio.export.registry import find_exporter
from resatt_studio.imaging.surface import describe_surface
from resatt_studio.records.arrays import Float32Array, read_only
from resatt_studio.records.geometry import Box
from resatt_studio.records.jobs import JobProgress
from resatt_studio.records.photo import Photo, PhotoFacts, ReviewState
from resatt_studio.records.prediction import LookedAt, Prediction, PredictionPart
from resatt_studio.records.surface import surfaces_in
from resatt_studio.records.weights import WeightsFile, WeightsVersion
from resatt_studio.workflow.dehaze import make_dehazer
from resatt_studio.workflow.jobs import Job, during, progress
from resatt_studio.workflow.load import fits_whole, open_photo
from resatt_studio.workflow.photo_input import Clearing, PhotoInput, asks_for_clearing, choose_input
from resatt_studio.workflow.predict_huge import predict_huge
from resatt_studio.workflow.sources import Refused, choose_photos, each_photo, refuse_photos

if TYPE_CHECKING:
    from resatt_studio.imaging.tiled_tiff import TiledTiff
    from resatt_studio.inference.engine import Engine
    from resatt_studio.workflow.project import Project

Threads: TypeAlias = int | Callable[[], int] | None
"""CPU threads of a job: a number, a function asked before each piece of work, or None for all cores."""

_CONTEXT_PX = 64
_READ_ROWS = 512
_TOO_LARGE = "more than photos may take of the memory; open it to predict all of it, or the part that is seen"
THRESHOLD = 0.5
"""Probability above which a pixel is crack, where nobody chose another."""


def make_engine(
    weights: WeightsFile | None = None,
    device: str = "auto",
    threads: Threads = None,
    engine_path: str = "auto",
) -> Engine:
    """Make an engine; this is what loads torch.

    Args:
        weights: To begin with, or None.
        device: "auto", "cpu", "cuda" or "mps".
        threads: CPU threads, or a function asked before each tile (:meth:`Courtesy.threads_now`).
        engine_path: How the network is run: "auto", "plain", "folded" or "fused".

    Raises:
        SettingsError: The device is unknown or not there, or the engine path is unknown.
        WeightsError: The weights do not fit their network.
    """
    from resatt_studio.inference.engine import Engine

    engine = Engine(device=device, threads=threads, path=engine_path)
    if weights is not None:
        engine.use(weights)
    return engine


def predict_photo(
    engine: Engine,
    project: Project,
    photo: Photo,
    looked_at: LookedAt | None = None,
    shown: PhotoInput = PhotoInput.RAW,
    clearing: Clearing | None = None,
) -> Job[Prediction]:
    """Predict one photo of a project with the engine's weights; what the project holds is not made again.

    Args:
        engine: With weights in use.
        project: Where the answer is kept, under the photo's id, with what the crack network was shown.
        photo: Of the project.
        looked_at: As for :func:`predict_pixels`.
        shown: What the crack network is shown.
        clearing: Who takes the haze out where that is asked for; None shows the photo as it is.

    Raises:
        OutOfMemory: Even one tile on the CPU does not fit.
        WeightsError: There are no weights to dehaze with.
    """
    weights_id = engine.weights_id
    clears = clearing if clearing is not None and asks_for_clearing(photo, shown) else None
    dehazer_id = clears.weights_id() if clears is not None else ""
    known = project.store.prediction(photo.photo_id, weights_id, dehazer_id)
    if known is not None:
        yield progress(1, 1, "tiles", "known")
        return known
    seen = photo
    if clears is not None:
        # Other weights may have come into use since the id was asked for; what took the haze out counts.
        dehazing = yield from clears.dehaze(photo)
        seen, dehazer_id = Photo(photo.photo_id, dehazing.pixels), dehazing.weights_id
    surface = project.store.surface(photo.photo_id)
    if surface is None:
        surface = describe_surface(photo.pixels)
        project.store.describe(photo.photo_id, surface)
    prediction = yield from predict_pixels(
        engine, seen, looked_at=looked_at, dehazer_id=dehazer_id, surface=surface
    )
    project.store.put_prediction(prediction)
    return prediction


def predict_part(engine: Engine, photo: TiledTiff, photo_id: str, box: Box) -> Job[None]:
    """Predict a part of a huge photo and keep the answer nowhere; the reports carry what is finished.

    Pixels around the part are read too, so that the network knows what lies behind its edges.

    Args:
        engine: With weights in use.
        photo: The open file.
        photo_id: Of the photo.
        box: Of its pixels; they have to fit in memory.

    Raises:
        PhotoError: The file was closed, or went away.
        OutOfMemory: Even one tile on the CPU does not fit.
    """
    wide = box.expanded(_CONTEXT_PX).clipped(photo.height, photo.width)
    pixels = np.empty((wide.height, wide.width, 3), np.uint8)
    for top in range(wide.top, wide.bottom, _READ_ROWS):
        rows = Box(top, wide.left, min(top + _READ_ROWS, wide.bottom), wide.right)
        pixels[rows.shifted(-wide.top, -wide.left).slices] = photo.read(0, rows)
        yield progress(0, 0)
    steps = predict_pixels(engine, Photo(photo_id, read_only(pixels)))
    try:
        for report in steps:
            part = report.detail
            if not isinstance(part, PredictionPart):
                raise BugError("a prediction in parts reported none")
            pieces = tuple((place.shifted(wide.top, wide.left), values) for place, values in part.pieces)
            yield replace(report, detail=replace(part, pieces=pieces))
    finally:
        steps.close()


def who_answers(project: Project, photo_id: str, weights_id: str) -> WeightsVersion:
    """Which version answers about a photo when ``weights_id`` is in use: that one, or, about a photo unlike
    the corrected ones, the one that learning began with (``inference.surface``).

    Raises:
        StoreError: The project has no such photo.
        WeightsError: It has no such version.
    """
    version, header = project.shelf.version(weights_id), project.shelf.header(weights_id)
    surfaces, descriptor = surfaces_in(header), project.store.surface(photo_id)
    if surfaces is None or descriptor is None:
        return version
    home, known = surfaces
    if bool(home.holds(descriptor[None], known)[0]):
        return version
    try:
        return project.shelf.version(header.get("elsewhere", ""))
    except WeightsError:  # they came without those they began with, and answer about every photo
        return version


def predict_project(
    engine: Engine,
    project: Project,
    shown: PhotoInput = PhotoInput.RAW,
    clearing: Clearing | None = None,
    fits: Callable[[int], bool] = fits_whole,
    huge: bool = True,
) -> Job[tuple[Refused, ...]]:
    """Predict every photo that the engine's weights have not seen; broken and lost ones are told.

    Args:
        engine, project, shown, clearing: As for :func:`predict_photo`.
        fits: Whether a photo of so many pixels may be held whole; asked before its file is read. Those that
            may not come last, tile by tile, as they are; of them those that can only be read whole are told.
        huge: False leaves all of these out and tells them: one takes hours, and other work may wait.
    """
    entries = [entry for entry in project.store.photos() if entry.state is not ReviewState.BROKEN]
    whole = {entry.photo_id: fits(entry.facts.height * entry.facts.width) for entry in entries}
    entries.sort(key=lambda entry: not whole[entry.photo_id])
    refused = []
    for done, entry in enumerate(entries):
        yield progress(done, len(entries), "photos", entry.name)
        plain = shown is PhotoInput.RAW
        if plain and project.store.has_prediction(entry.photo_id, engine.weights_id):
            continue
        report = progress(done, len(entries), "photos", entry.name)
        steps: Job[object]
        try:
            if whole[entry.photo_id]:
                photo = open_photo(project, entry.photo_id)
                steps = predict_photo(engine, project, photo, None, shown, clearing)
            elif project.store.has_prediction(entry.photo_id, engine.weights_id):
                continue
            elif not huge:
                words = f"{entry.facts.megapixels:.0f} megapixels are {_TOO_LARGE}"
                refused.append(Refused(entry.facts.path, words))
                continue
            else:
                steps = predict_huge(engine, project, entry.photo_id)
            yield from during(steps, report)
        except PhotoError as error:
            refused.append(Refused(entry.facts.path, str(error)))
    return tuple(refused)


@dataclass(frozen=True, slots=True)
class PredictedFile:
    """One photo of :func:`predict_files`.

    Attributes:
        photo: The photo.
        mask: The mask's file.
        probability: The 16-bit probability's file, or None.
        height, width: In pixels.
        crack_share: Crack pixels / all pixels.
        mean_entropy: Mean binary entropy in nats.
        seconds: Of the networks, dehazing included.
        input: "raw" or "dehazed": what the crack network was shown.
        haze: Estimate of the photo's haze, in [0, 1].
    """

    photo: Path
    mask: Path
    probability: Path | None
    height: int
    width: int
    crack_share: float
    mean_entropy: float
    seconds: float
    input: str
    haze: float


@dataclass(frozen=True, slots=True)
class PredictedFiles:
    """What :func:`predict_files` did.

    ``dehazer_id`` is the id of the dehazing network's weights, "" where none was asked for.
    """

    weights_id: str
    device: str
    threshold: float
    photos: tuple[PredictedFile, ...]
    refused: tuple[Refused, ...]
    dehazer_id: str = ""

    @property
    def seconds_per_megapixel(self) -> float:
        """Network seconds over all photos; 0 when there is none."""
        megapixels = sum(row.height * row.width for row in self.photos) / 1e6
        return sum(row.seconds for row in self.photos) / megapixels if megapixels else 0.0

    def as_json(self) -> dict[str, Any]:
        """The summary that ``predict --json`` writes."""
        return {
            "weights": self.weights_id,
            "device": self.device,
            "threshold": self.threshold,
            "dehazer": self.dehazer_id or None,
            "seconds_per_megapixel": self.seconds_per_megapixel,
            "photos": [
                asdict(row)
                | {
                    "photo": str(row.photo),
                    "mask": str(row.mask),
                    "probability": None if row.probability is None else str(row.probability),
                }
                for row in self.photos
            ],
            "refused": [row.as_json() for row in self.refused],
        }


def predict_files(
    weights: WeightsFile,
    sources: Sequence[Path],
    out: Path,
    *,
    probability: bool = False,
    threshold: float = THRESHOLD,
    shown: PhotoInput = PhotoInput.RAW,
    dehazer_weights: WeightsFile | None = None,
    device: str = "auto",
    threads: Threads = None,
    engine_path: str = "auto",
) -> Job[PredictedFiles]:
    """Write a mask of every photo as ``<stem>.mask.png``: 0 and 255, the upright photo's size.

    A photo that cannot be read is told in the outcome and the rest goes on. Photos of one stem get as much of
    their folders' names in front as tells them apart.

    Args:
        weights: To predict with.
        sources: Photos and folders.
        out: Folder to write into; made when missing.
        probability: Also write ``<stem>.probability.png``, 16 bit: probability * 65535.
        threshold: Probability above which a pixel is crack, in [0, 1].
        shown: What the crack network is shown: the photos, the dehazed photos, or of each photo whichever its
            haze asks for. Masks have the same names and sizes in each case.
        dehazer_weights: To dehaze with where that is asked for; None for the factory's.
        device: "auto", "cpu", "cuda" or "mps".
        threads: CPU threads, or None for all cores.
        engine_path: How networks are run; see :func:`make_engine`.

    Raises:
        PhotoError: A source does not exist, no photo was found, or none of them can be read.
        ExportError: The folder cannot be written.
        WeightsError: Weights do not fit, or there are none to dehaze with.
    """
    paths, _ = choose_photos(sources)
    stems = unique_stems(paths)
    formats = [find_exporter("mask"), *([find_exporter("probability")] if probability else [])]
    refuse_photos((out / f"{stems[path]}{one.suffix}" for path, one in product(paths, formats)), paths)
    yield progress(0, len(paths), "photos", paths[0].name)
    engine = make_engine(weights, device, threads, engine_path)
    dehazer = None if shown is PhotoInput.RAW else make_dehazer(dehazer_weights, device, threads, engine_path)

    def predict(path: Path, photo: Photo, report: JobProgress) -> Job[PredictedFile]:
        chosen = yield from choose_input(photo, shown, dehazer, report)
        surface = None if chosen.photo is photo else describe_surface(photo.pixels)
        prediction = yield from predict_pixels(engine, chosen.photo, report, surface=surface)
        facts = PhotoFacts(photo.photo_id, path, photo.height, photo.width, path.stat().st_size)
        item = ExportItem(facts, prediction, threshold=threshold, stem=stems[path])
        files = [exporter.export(item, out).paths[0] for exporter in formats]
        return PredictedFile(
            photo=path,
            mask=files[0],
            probability=files[1] if probability else None,
            height=photo.height,
            width=photo.width,
            crack_share=float(np.mean(prediction.mask(threshold))),
            mean_entropy=prediction.mean_entropy,
            seconds=chosen.seconds + prediction.seconds,
            input=chosen.kind.value,
            haze=chosen.haze,
        )

    rows, refused = yield from each_photo(paths, predict)
    dehazer_id = dehazer.weights_id if dehazer else ""
    return PredictedFiles(weights.weights_id, engine.device_name, threshold, rows, refused, dehazer_id)


def predict_pixels(
    engine: Engine,
    photo: Photo,
    report: JobProgress | None = None,
    looked_at: LookedAt | None = None,
    dehazer_id: str = "",
    surface: Float32Array | None = None,
) -> Job[Prediction]:
    """Predict one photo and keep the answer nowhere.

    Args:
        engine: With weights in use.
        photo: Of any size.
        report: Said after every batch of tiles; None to count the tiles themselves, each count with the
            :class:`PredictionPart` that they finished.
        looked_at: Asked before every batch where somebody looks; tiles there come first, and the answer is
            the same. None for reading order.
        dehazer_id: Weights that took the haze out of these pixels; said by the answer and its parts.
        surface: As for ``Engine.predict``.
    """
    weights_id = engine.weights_id
    steps = engine.predict(photo, looked_at=looked_at, surface=surface)
    try:
        while True:
            seen = next(steps)
            part = PredictionPart(photo.photo_id, weights_id, seen.pieces, dehazer_id)
            yield report or progress(seen.done, seen.total, "tiles", detail=part)
    except StopIteration as end:
        prediction: Prediction = end.value
        return replace(prediction, dehazer_id=dehazer_id)
    finally:
        steps.close()
