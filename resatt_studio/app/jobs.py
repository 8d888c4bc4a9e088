"""Jobs that the session sends to its workers: generators over workflow, without a widget in sight."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import platformdirs

from resatt_studio.annotation.tiled_labels import TiledLabels
from resatt_studio.app.canvas.tile_memory import WHOLE_BYTES_A_PIXEL, TileMemory
from resatt_studio.errors import PhotoError
from resatt_studio.imaging.pyramid_cache import PyramidCache, TileKey
from resatt_studio.records.arrays import Float32Array, UInt8Array
from resatt_studio.records.doubt import Rank
from resatt_studio.records.jobs import JobProgress
from resatt_studio.records.label_learning import AnswerState
from resatt_studio.records.photo import DeepPhoto, Photo, PhotoEntry, ReviewState
from resatt_studio.records.prediction import HugePrediction, Prediction
from resatt_studio.records.project import EventEntry, RunState
from resatt_studio.records.review import ReviewRules
from resatt_studio.records.weights import USUAL_THRESHOLD, WeightsState, WeightsVersion
from resatt_studio.resources import asset
from resatt_studio.settings import Settings
from resatt_studio.words import mark
from resatt_studio.workflow.jobs import progress

if TYPE_CHECKING:
    from resatt_studio.app.canvas.tile_pyramid import TilePyramid
    from resatt_studio.workflow.correct import StoredDocument
    from resatt_studio.workflow.project import Project

MODEL = "r2aunet"
LET_GO_S = 5.0
PREVIEW_SIDE_PX = 1600
PREVIEW_KEPT_FROM_MP = 20.0
"""Previews of larger photos take long enough to be kept for the next visit."""
PREVIEW = TileKey(63, 0, 0)
"""Where the cache keeps them: a level that no photo has."""
SKETCH_SIDE_PX = 1024


@dataclass(frozen=True, eq=False)
class ProjectState:
    """What the store says now; read as a whole, so that list, counter and versions agree.

    ``versions`` are the segmenter's, ``others`` those of the other networks. ``in_use`` has the weights id of
    every network that has active weights in this project; the others are asked with the factory's.
    ``earlier`` has the weights id that rolling a network back leads to, where it can be. ``answers`` are the
    inspector's classes, which the label networks learn from. ``ranks`` say which photo to correct next, by
    photo; empty where nobody asked for that order. ``rules`` are what the project asks of second readers.
    ``gone_on_from`` says for a version the one that its learning went on from.
    """

    entries: tuple[PhotoEntry, ...]
    versions: tuple[WeightsVersion, ...]
    pending_samples: int
    events: tuple[EventEntry, ...] = field(repr=False, default=())
    in_use: Mapping[str, str] = field(repr=False, default_factory=dict)
    others: tuple[WeightsVersion, ...] = field(repr=False, default=())
    earlier: Mapping[str, str] = field(repr=False, default_factory=dict)
    answers: AnswerState = field(repr=False, default_factory=AnswerState)
    ranks: Mapping[str, Rank] = field(repr=False, default_factory=dict)
    rules: ReviewRules = field(default_factory=ReviewRules)
    gone_on_from: Mapping[str, str] = field(repr=False, default_factory=dict)

    def counts(self, entry: PhotoEntry) -> bool:
        """Whether networks learn from a photo's approval, or are judged by it."""
        return entry.agreed if self.rules.agreed_only else entry.state is ReviewState.APPROVED


@dataclass(frozen=True, eq=False)
class OpenedProject:
    """A project that was opened, and what the window shows of it first."""

    project: Project
    state: ProjectState
    own_threshold: float | None
    """The inspector's own; None while each version brings its own."""
    cut_off: bool
    """Whether a crash ended learning; it can go on from where it was."""
    learned_at: str
    """When the newest run began that came to its end; ISO 8601, "" before any."""


@dataclass(frozen=True, eq=False)
class OpenedPhoto:
    """A photo with its document and, when the weights in use have seen it, their prediction.

    A photo that is too large to be held whole has ``tiles`` instead of a ``photo``.
    """

    photo: Photo | None
    document: StoredDocument
    prediction: Prediction | HugePrediction | None
    tiles: TilePyramid | None = None

    def close(self) -> None:
        """Let go of its files, when nobody is to see it."""
        self.document.close()
        if self.tiles is not None:
            self.tiles.close()


def open_or_create(
    folder: Path, create: bool, preferences: Settings, ranked: bool = False
) -> Generator[JobProgress, None, OpenedProject]:
    """Open ``folder``, or make a new project there that begins with the preferred weights and threshold.

    Args:
        ranked: As for :func:`read_state`.
    """
    from resatt_studio.workflow.project import create_project, open_project

    yield progress(0, 0, message=mark("Opening {name}").format(name=folder.name))
    if create:
        project = create_project(folder, starting_weights=preferences.starting_weights)
    else:
        project = open_project(folder)
    try:
        if create and preferences.threshold != USUAL_THRESHOLD:
            project.settings.threshold = preferences.threshold
        runs = [run for run in project.store.runs() if run.model == MODEL]
        cut_off = any(run.state is RunState.RUNNING for run in runs)
        learned_at = max((run.started_at for run in runs if run.state is RunState.FINISHED), default="")
        own = project.settings.own_threshold
        return OpenedProject(project, read_state(project, ranked), own, cut_off, learned_at)
    except BaseException:
        project.close()
        raise


def sample_folder() -> Path:
    """Where the sample project is, or will be made: in the user's data folder."""
    return platformdirs.user_data_path("resatt-studio", appauthor=False) / "Sample.resatt"


def sample_photos() -> Path:
    """Folder of the bundled photos."""
    return asset("photos")


def read_state(project: Project, ranked: bool = False) -> ProjectState:
    """Read what the panels show.

    Args:
        ranked: Whether photos are ranked by what correcting them would bring.
    """
    from resatt_studio.workflow.answers import answer_state
    from resatt_studio.workflow.next_photos import rank_project
    from resatt_studio.workflow.review import rules

    versions, entries = project.shelf.versions(), tuple(project.store.photos())
    return ProjectState(
        entries,
        tuple(version for version in versions if version.model == MODEL),
        len(project.store.unlearned(project.settings.learn_agreed_only)),
        tuple(project.store.events(200)),
        {version.model: version.weights_id for version in versions if version.state is WeightsState.ACTIVE},
        tuple(version for version in versions if version.model != MODEL),
        project.shelf.earlier(),
        answer_state(project),
        {rank.photo_id: rank for rank in rank_project(project, entries)} if ranked else {},
        rules(project),
        project.shelf.gone_on_from(),
    )


def count_predictions(project: Project) -> Generator[JobProgress, None, int]:
    """Count the values of what older versions predicted; see ``workflow.next_photos``."""
    from resatt_studio.workflow.next_photos import count_predictions as count

    return (yield from count(project))


def add(project: Project, sources: Sequence[Path], author: str) -> Generator[JobProgress, None, Any]:
    """Add photos; see ``workflow.load.add_photos``."""
    from resatt_studio.workflow.load import add_photos

    return (yield from add_photos(project, sources, author=author))


def open_photo(
    project: Project,
    entry: PhotoEntry,
    author: str,
    weights_id: str,
    on_error: Callable[[Exception], None],
    undo_bytes: int,
    memory: TileMemory,
    cache: PyramidCache,
) -> Generator[JobProgress, None, OpenedPhoto]:
    """Give a quick preview first (as the detail of a report), then pixels, document and prediction.

    Args:
        memory: Says whether the photo may be held whole; else it is opened to be shown by tiles.
        cache: Of tiles, and of previews of large photos.
    """
    if not memory.fits_whole(entry.facts.height * entry.facts.width):
        tiled = _open_tiles(project, entry, author, weights_id, on_error, undo_bytes, memory, cache)
        return (yield from tiled)
    from resatt_studio.imaging.files import read_preview
    from resatt_studio.workflow import load
    from resatt_studio.workflow.correct import open_document

    photo_path, fresh = entry.facts.path, None
    if photo_path.exists():
        kept: UInt8Array | None = cache.get(entry.photo_id, PREVIEW)
        preview = read_preview(photo_path, PREVIEW_SIDE_PX) if kept is None else kept
        yield progress(0, 0, message=mark("Opening {name}").format(name=entry.name), detail=preview)
        if kept is None and entry.facts.megapixels >= PREVIEW_KEPT_FROM_MP:
            fresh = preview
    photo = load.open_photo(project, entry.photo_id)
    if fresh is not None and photo_path == project.store.photo(entry.photo_id).facts.path:
        cache.put(entry.photo_id, PREVIEW, fresh)
        cache.tidy(entry.photo_id)
    cache.touch(entry.photo_id)
    yield progress(0, 0, message=mark("Opening {name}").format(name=entry.name))
    prediction = project.store.prediction(entry.photo_id, weights_id) if weights_id else None
    document = open_document(project, entry.photo_id, author, on_error, undo_bytes)
    return OpenedPhoto(photo, document, prediction)


def _open_tiles(
    project: Project,
    entry: PhotoEntry,
    author: str,
    weights_id: str,
    on_error: Callable[[Exception], None],
    undo_bytes: int,
    memory: TileMemory,
    cache: PyramidCache,
) -> Generator[JobProgress, None, OpenedPhoto]:
    """Open a huge photo; previews are what the cache has, or better and better sketches."""
    from resatt_studio.workflow.correct import open_document

    tiles = yield from _tiles(project, entry, memory, cache)
    try:
        known = project.store.huge_prediction(entry.photo_id, weights_id) if weights_id else None
        document = open_document(project, entry.photo_id, author, on_error, undo_bytes)
    except BaseException:
        tiles.close()
        raise
    return OpenedPhoto(None, document, known, tiles)


def _tiles(
    project: Project, entry: PhotoEntry, memory: TileMemory, cache: PyramidCache
) -> Generator[JobProgress, None, TilePyramid]:
    from resatt_studio.app.canvas.tile_pyramid import TilePyramid
    from resatt_studio.imaging.tiff_sketch import sketches
    from resatt_studio.imaging.tiled_tiff import open_tiled
    from resatt_studio.workflow.load import photo_file

    photo = open_tiled(photo_file(project, entry.photo_id))
    if photo is None:
        raise photo_too_large(entry, memory)
    try:
        tiles = TilePyramid(photo, entry.photo_id, memory, cache)
    except BaseException:
        photo.close()
        raise
    try:
        words = mark("Opening {name}").format(name=entry.name)
        tiles.sketch = tiles.overview()
        yield progress(0, 0, message=words, detail=tiles.sketch)
        if tiles.sketch is None:
            for picture in sketches(photo, SKETCH_SIDE_PX):
                tiles.sketch = tiles.sketch if picture is None else picture
                yield progress(0, 0, message=words, detail=picture)
        return tiles
    except BaseException:
        tiles.close()
        raise


def read_deep(project: Project, photo_id: str) -> DeepPhoto | None:
    """Read the samples of a 16-bit photo; see ``workflow.load.open_deep``."""
    from resatt_studio.workflow.load import open_deep

    return open_deep(project, photo_id)


@dataclass(frozen=True, eq=False)
class PhotoBeside:
    """A photo that is looked at beside the open one.

    Attributes:
        entry: As the project lists it.
        photo: Its pixels; None for one that is shown by ``tiles``.
        tiles: Of a photo that is too large to be held whole beside the open one.
        labels: What was painted on it.
    """

    entry: PhotoEntry
    photo: Photo | None
    tiles: TilePyramid | None
    labels: TiledLabels = field(repr=False)

    def close(self) -> None:
        """Let go of its file; on the thread that builds tiles, or when that has ended."""
        if self.tiles is not None:
            self.tiles.close()


def open_beside(
    project: Project, entry: PhotoEntry, whole: bool, memory: TileMemory, cache: PyramidCache
) -> Generator[JobProgress, None, PhotoBeside]:
    """Read a photo to be looked at beside the open one; nothing is painted on it, so it needs no journal.

    Args:
        whole: Whether it may be held whole beside the open one; else it is opened to be shown by tiles.
        memory: For its tiles.
        cache: Of tiles.
    """
    from resatt_studio.workflow import load
    from resatt_studio.workflow.correct import labels_as_left

    words = mark("Opening {name}").format(name=entry.name)
    yield progress(0, 0, message=words)
    labels = labels_as_left(project, entry.photo_id)
    if whole:
        yield progress(0, 0, message=words)
        return PhotoBeside(entry, load.open_photo(project, entry.photo_id), None, labels)
    return PhotoBeside(entry, None, (yield from _tiles(project, entry, memory, cache)), labels)


def close_project(project: Project, let_go: threading.Event) -> Generator[JobProgress, None, None]:
    """Close a project, once the network's thread has ended what it did for it: a run that is dropped still
    writes that it was stopped. A thread that hangs is waited for no longer than five seconds."""
    deadline = time.monotonic() + LET_GO_S
    try:
        while not let_go.wait(0.02) and time.monotonic() < deadline:
            yield progress(0, 0)
    finally:
        project.close()


def photo_too_large(entry: PhotoEntry, memory: TileMemory) -> PhotoError:
    """A photo that takes more memory than it may, in a format that cannot be read part by part."""
    needed_mb = -(-entry.facts.height * entry.facts.width * WHOLE_BYTES_A_PIXEL // 1_000_000)
    return PhotoError(
        mark(
            "{name} has {megapixels:.0f} megapixels and takes {needed_mb} MB of memory; photos may "
            "take {bound_mb} MB."
        ).format(
            name=entry.name,
            megapixels=entry.facts.megapixels,
            needed_mb=needed_mb,
            bound_mb=memory.bound_bytes // 1_000_000,
        ),
        mark(
            "Allow more under “Memory for photos” in the settings, or save the photo as a tiled TIFF, which "
            "is shown part by part."
        ),
    )


def compare_file(project: Project, photo_id: str, path: Path) -> Generator[JobProgress, None, None]:
    """Make sure that a huge photo is still the one that was added; see ``workflow.load.same_photo``."""
    from resatt_studio.workflow.load import same_photo

    yield from same_photo(project, photo_id, path)


def approve(
    project: Project,
    document: StoredDocument,
    prediction: Prediction | HugePrediction | None,
    author: str,
    complete: bool | None,
    in_tiles: bool = False,
) -> float:
    """Turn a document into a sample and close it; see ``workflow.correct.approve``. Returns the share of the
    photo that was labelled crack."""
    from resatt_studio.workflow.correct import approve as approve_correction

    try:
        approve_correction(project, document, prediction, author, complete, in_tiles=in_tiles)
        return document.labelled_crack_share
    finally:
        document.close()


def share_above(prediction: Prediction | HugePrediction) -> Float32Array:
    """Share of the pixels whose 8-bit probability is above each value; 256 float32 in [0, 1]."""
    if isinstance(prediction, HugePrediction):
        counts = prediction.counts
    else:
        counts = np.bincount(prediction.probability_8bit.ravel(), minlength=256)
    return np.asarray(1.0 - np.cumsum(counts) / max(1, counts.sum()), np.float32)
