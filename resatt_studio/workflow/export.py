"""What a project holds, as files: a chosen format of the exporter table, every file read again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from resatt_studio.annotation.tiled_labels import TiledLabels
from resatt_studio.errors import ExportError, PhotoError, StoreError
from resatt_studio.export.huge import ArrayMap
from resatt_studio.export.items import Exported, ExportItem, HugeItem
from resatt_studio.export.names import unique_stems
from resatt_studio.export.registry import Exporter, Subject, find_exporter
from resatt_studio.records.correction import Correction, Label
from resatt_studio.records.jobs import JobProgress
from resatt_studio.records.maps import TiledMap
from resatt_studio.records.photo import PhotoEntry, ReviewState
from resatt_studio.records.prediction import HugePrediction, Prediction
from resatt_studio.records.sample import SampleEntry
from resatt_studio.workflow.counting import counted
from resatt_studio.workflow.dehaze import dehaze_photo, project_dehazer
from resatt_studio.workflow.jobs import Job, during, progress, titled
from resatt_studio.workflow.load import fits_whole, open_photo
from resatt_studio.workflow.photo_input import Clearing, PhotoInput
from resatt_studio.workflow.predict import Threads, make_engine, predict_photo
from resatt_studio.workflow.predict_huge import predict_huge
from resatt_studio.workflow.sources import Refused, refuse_photos
from resatt_studio.workflow.weights import MODEL, weights_item

if TYPE_CHECKING:
    from resatt_studio.inference.dehazer import Dehazer
    from resatt_studio.inference.engine import Engine
    from resatt_studio.workflow.project import Project


@dataclass(frozen=True, slots=True)
class ExportedFiles:
    """What :func:`export_project` wrote.

    Attributes:
        files: In the order of the photos.
        refused: Photos that were left out, and why.
        approved: Photos that were written as they were approved, whatever weights came into use since.
        by_weights: Photos in whose files the weights in use have a say: those that are not approved, or were
            approved while nothing was predicted of them.
    """

    files: tuple[Path, ...]
    refused: tuple[Refused, ...] = ()
    approved: tuple[Path, ...] = ()
    by_weights: tuple[Path, ...] = ()


def export_project(
    project: Project,
    format_name: str,
    out: Path,
    *,
    engine: Engine | None = None,
    shown: PhotoInput = PhotoInput.RAW,
    device: str = "auto",
    threads: Threads = None,
    fits: Callable[[int], bool] = fits_whole,
) -> Job[ExportedFiles]:
    """Write a project's photos, or its active weights, in one format.

    An approved photo is written as it was approved: its labels over the prediction that was on the screen, at
    the threshold of then. Any other is written with its correction over the prediction of the active weights,
    which is made first where they have not seen the photo. These weights also answer for what nobody painted
    on a photo that was approved while nothing was predicted of it, and give the probability of one that was
    approved by its mask.

    Broken and skipped photos are left out, and so are approved ones of which the project has lost what was
    approved, and photos without a correction where the format holds nothing else.

    Args:
        project: Open project.
        format_name: Line of the exporter table.
        out: Folder to write into; made when missing.
        engine: To predict with; it takes up the active weights. One is made when it is wanted and None.
        shown: What the crack network is shown: the photos, the dehazed photos, or of each photo whichever its
            haze asks for.
        device, threads: For an engine, and a dehazer, made here.
        fits: Whether a photo of so many pixels may be held whole; others are written part by part, as the
            network sees the photo itself.

    Raises:
        ExportError: No such format, nothing to write, or the folder cannot be written.
    """
    exporter = find_exporter(format_name)
    active = project.shelf.active(MODEL)
    if exporter.subject is Subject.WEIGHTS:
        yield progress(0, 1, "files", active.name)
        paths = exporter.export(weights_item(project, active), out).paths
        project.store.log("exported", f"weights to {paths[0]}", weights_id=active.weights_id)
        return ExportedFiles(paths)
    entries = [entry for entry in project.store.photos() if entry.state is not ReviewState.BROKEN]
    stems = _stems(entries)
    outs = (out / f"{stem}{exporter.suffix}" for stem in stems.values())
    refuse_photos(outs, (entry.facts.path for entry in entries))
    predicting = _Predicting(
        project,
        active.weights_id,
        engine,
        lambda: make_engine(device=device, threads=threads),
        shown,
        _clearing(project, device, threads),
    )
    samples = {sample.photo_id: sample for sample in project.store.samples()}
    files: list[Path] = []
    refused: list[Refused] = []
    as_approved: list[Path] = []
    by_weights: list[Path] = []
    for done, entry in enumerate(entries):
        report = progress(done, len(entries), "photos", entry.name)
        yield report
        path, stem = entry.facts.path, stems[entry.photo_id]
        if entry.state is ReviewState.SKIPPED:
            refused.append(Refused(path, "skipped in the review"))
            continue
        # What was painted, or sent back, since the approval is no longer what was approved.
        approved = samples.get(entry.photo_id) if entry.state is ReviewState.APPROVED else None
        item: ExportItem | HugeItem | None
        try:
            if fits(entry.facts.height * entry.facts.width):
                item = yield from _whole_item(predicting, exporter, entry, approved, stem, report)
            else:
                item = yield from _huge_item(predicting, exporter, entry, approved, stem)
            if item is None:
                continue
            if isinstance(item, HugeItem):
                written = yield from _export_huge(exporter, item, approved is not None, out)
        except (PhotoError, ExportError) as error:
            refused.append(Refused(path, str(error)))
            continue
        if isinstance(item, ExportItem):  # what the disk refuses of a whole photo, it refuses of all
            written = exporter.export(item, out)
        files.extend(written.paths)
        if _asks_weights(exporter, approved):
            by_weights.append(path)
        elif approved is not None:
            as_approved.append(path)
    yield progress(len(entries), len(entries), "photos")
    if not files:
        reason = refused[0].reason if refused else _why_nothing(exporter, bool(entries))
        raise ExportError(f"There was nothing to export as {exporter.name}: {reason}")
    told = f"{len(files)} files, {exporter.name}, to {out}"
    if as_approved:
        told += f", {len(as_approved)} photos as approved"
    if by_weights:
        told += f", {len(by_weights)} by weights {active.name}"
    if by_weights and shown is not PhotoInput.RAW:
        told += f", masks from input {shown}"
    project.store.log("exported", told, weights_id=active.weights_id)
    return ExportedFiles(tuple(files), tuple(refused), tuple(as_approved), tuple(by_weights))


def _stems(entries: Sequence[PhotoEntry]) -> dict[str, str]:
    """A stem of its own for every photo, by photo_id; two that were added from one path, one after the other,
    have the beginning of their ids behind it."""
    by_path = unique_stems([entry.facts.path for entry in entries])
    crowded = Counter(entry.facts.path for entry in entries)
    return {
        entry.photo_id: by_path[entry.facts.path]
        + (f"-{entry.photo_id[:8]}" if crowded[entry.facts.path] > 1 else "")
        for entry in entries
    }


def _asks_weights(exporter: Exporter, approved: SampleEntry | None) -> bool:
    """Whether the weights in use have a say in what is written of a photo."""
    if not exporter.shows_prediction or (approved is not None and approved.predicted_blob):
        return False
    return approved is None or exporter.shows_probability or not approved.complete


def _whole_item(
    predicting: _Predicting,
    exporter: Exporter,
    entry: PhotoEntry,
    approved: SampleEntry | None,
    stem: str,
    report: JobProgress,
) -> Job[ExportItem | None]:
    """What is to be written of a photo that is held whole; None where the format would hold nothing."""
    project = predicting.project
    prediction, threshold = None, project.settings.threshold
    if approved is None:
        correction = stored_correction(project, entry)
    else:
        try:
            correction = Correction(entry.photo_id, project.blobs.get_array(approved.labels_blob))
            if exporter.shows_prediction and approved.predicted_blob:
                prediction, threshold = _approved_prediction(project, approved), approved.threshold
        except StoreError as error:
            raise _lost(entry.name, error) from error
    if not exporter.shows_prediction and (correction is None or not correction.labels.any()):
        return None
    if _asks_weights(exporter, approved):
        prediction = yield from during(predicting.prediction(entry), report)
    scale = project.settings.mm_per_px(entry.photo_id)
    return ExportItem(entry.facts, prediction, correction, threshold, stem, scale)


def _approved_prediction(project: Project, approved: SampleEntry) -> Prediction:
    """What was on the screen at an approval; by which weights, a sample does not remember."""
    values = project.blobs.get_array(approved.predicted_blob)
    return Prediction(approved.photo_id, "", values, 0.0, dehazer_id=approved.dehazer_id)


def _huge_item(
    predicting: _Predicting,
    exporter: Exporter,
    entry: PhotoEntry,
    approved: SampleEntry | None,
    stem: str,
) -> Job[HugeItem | None]:
    """As :func:`_whole_item`, of a photo that is too large to be held whole."""
    project = predicting.project
    seen: TiledMap | None = None
    said: TiledMap | None
    threshold = project.settings.threshold
    if approved is None:
        said = stored_labels(project, entry)
        if said is None and not exporter.shows_prediction:
            return None
    else:
        try:
            said = _approved_map(project, approved.labels_blob)
            if not exporter.shows_prediction and next(said.tiles(), None) is None:
                return None
            if exporter.shows_prediction and approved.predicted_blob:
                seen, threshold = _approved_map(project, approved.predicted_blob), approved.threshold
        except StoreError as error:
            raise _lost(entry.name, error) from error
    if exporter.huge_writer and _asks_weights(exporter, approved):
        # It may take hours, so it is told how far it is.
        seen = (yield from titled(predicting.huge_prediction(entry), entry.name)).probability
    return HugeItem(entry.facts, seen, said, threshold, stem, project.settings.mm_per_px(entry.photo_id))


def _approved_map(project: Project, blob: str) -> TiledMap:
    """A map of a sample, read where it is wanted; one that was approved whole, when there was more memory, is
    read now."""
    return project.blobs.open_map(blob) or ArrayMap(project.blobs.get_array(blob))


def _export_huge(exporter: Exporter, item: HugeItem, approved: bool, out: Path) -> Job[Exported]:
    """Write a photo that is too large to be held whole, some rows a step."""
    try:
        return (yield from counted(exporter.export_huge(item, out), "rows"))
    except StoreError as error:
        if not approved:
            raise
        raise _lost(item.facts.path.name, error) from error


def _lost(name: str, error: StoreError) -> ExportError:
    return ExportError(
        f"What was approved of “{name}” cannot be read: {error.message}",
        "Copy it back from a backup of the project folder, or approve the photo again.",
    )


def stored_correction(project: Project, entry: PhotoEntry) -> Correction | None:
    """A photo's correction as it is on the disk; None when nothing is said about any pixel."""
    labels = stored_labels(project, entry)
    return None if labels is None else Correction(entry.photo_id, labels.to_array())


def stored_labels(project: Project, entry: PhotoEntry) -> TiledLabels | None:
    """As :func:`stored_correction`, in the tiles that say something."""
    tiles = project.store.tiles(entry.photo_id)
    if not tiles:
        return None
    labels = TiledLabels(entry.facts.height, entry.facts.width)
    for index, data in tiles.items():
        box = labels.tile_box(*index)
        labels.put_tile(*index, np.frombuffer(data, np.uint8).reshape(box.height, box.width))
    if labels.counts()[Label.UNSAID] == entry.facts.height * entry.facts.width:
        return None
    return labels


class _Predicting:
    """Predictions of the active weights: kept ones, or made now; the network is loaded when first wanted."""

    def __init__(
        self,
        project: Project,
        weights_id: str,
        engine: Engine | None,
        make: Callable[[], Engine],
        shown: PhotoInput,
        clearing: Clearing,
    ) -> None:
        self.project = project
        self._weights_id = weights_id
        self._engine = engine
        self._make = make
        self._shown = shown
        self._clearing = clearing

    def prediction(self, entry: PhotoEntry) -> Job[Prediction]:
        if self._shown is PhotoInput.RAW:
            known = self.project.store.prediction(entry.photo_id, self._weights_id)
            if known is not None:
                return known
        yield progress(0, 1, "photos", entry.name)
        engine = self._ready_engine()
        photo = open_photo(self.project, entry.photo_id)
        how = (self._shown, self._clearing)
        return (yield from predict_photo(engine, self.project, photo, None, *how))

    def huge_prediction(self, entry: PhotoEntry) -> Job[HugePrediction]:
        known = self.project.store.huge_prediction(entry.photo_id, self._weights_id)
        if known is not None:
            return known
        yield progress(0, 1, "photos", entry.name)
        return (yield from predict_huge(self._ready_engine(), self.project, entry.photo_id))

    def _ready_engine(self) -> Engine:
        if self._engine is None:
            self._engine = self._make()
        self._engine.use(self.project.shelf.load(self._weights_id))
        return self._engine


def _clearing(project: Project, device: str, threads: Threads) -> Clearing:
    """Clears photos by a dehazer that is made when the first one is asked for."""

    @cache
    def dehazer() -> Dehazer:
        return project_dehazer(project, device, threads)

    return Clearing(lambda: dehazer().weights_id, lambda photo: dehaze_photo(dehazer(), photo))


def _why_nothing(exporter: Exporter, any_photos: bool) -> str:
    if not any_photos:
        return "the project has no photos."
    return "no photo has a correction." if not exporter.shows_prediction else "no photo is left."
