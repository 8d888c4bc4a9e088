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
from resatt_studio.errors import ExportError, PhotoError
from resatt_studio.export.items import ExportItem, HugeItem
from resatt_studio.export.names import unique_stems
from resatt_studio.export.registry import Exporter, Subject, find_exporter
from resatt_studio.records.correction import Correction, Label
from resatt_studio.records.photo import PhotoEntry, ReviewState
from resatt_studio.records.prediction import HugePrediction, Prediction
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
    """

    files: tuple[Path, ...]
    refused: tuple[Refused, ...] = ()


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

    Photos that the active weights have not seen are predicted first where the format shows a prediction.
    Broken and skipped photos are left out, and so are photos without a correction where the format holds
    nothing else.

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
    files: list[Path] = []
    refused: list[Refused] = []
    for done, entry in enumerate(entries):
        report = progress(done, len(entries), "photos", entry.name)
        yield report
        if entry.state is ReviewState.SKIPPED:
            refused.append(Refused(entry.facts.path, "skipped in the review"))
            continue
        if not fits(entry.facts.height * entry.facts.width):
            try:
                written = yield from _export_huge(predicting, exporter, entry, stems[entry.photo_id], out)
            except (PhotoError, ExportError) as error:
                refused.append(Refused(entry.facts.path, str(error)))
                continue
            files.extend(written)
            continue
        correction = stored_correction(project, entry)
        if correction is None and not exporter.shows_prediction:
            continue
        try:
            prediction = None
            if exporter.shows_prediction:
                prediction = yield from during(predicting.prediction(entry), report)
        except PhotoError as error:
            refused.append(Refused(entry.facts.path, str(error)))
            continue
        threshold = project.settings.threshold
        scale = project.settings.mm_per_px(entry.photo_id)
        item = ExportItem(entry.facts, prediction, correction, threshold, stems[entry.photo_id], scale)
        files.extend(exporter.export(item, out).paths)
    yield progress(len(entries), len(entries), "photos")
    if not files:
        reason = refused[0].reason if refused else _why_nothing(exporter, bool(entries))
        raise ExportError(f"There was nothing to export as {exporter.name}: {reason}")
    told = f"{len(files)} files, {exporter.name}, to {out}"
    if exporter.shows_prediction and shown is not PhotoInput.RAW:
        told += f", masks from input {shown}"
    project.store.log("exported", told, weights_id=active.weights_id)
    return ExportedFiles(tuple(files), tuple(refused))


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


def _export_huge(
    predicting: _Predicting, exporter: Exporter, entry: PhotoEntry, stem: str, out: Path
) -> Job[tuple[Path, ...]]:
    """Write a photo that is too large to be held whole; no file where the format would hold nothing."""
    labels = stored_labels(predicting.project, entry)
    if labels is None and not exporter.shows_prediction:
        return ()
    seen = None
    if exporter.huge_writer and exporter.shows_prediction:
        # It may take hours, so it is told how far it is.
        seen = (yield from titled(predicting.huge_prediction(entry), entry.name)).probability
    settings = predicting.project.settings
    scale = settings.mm_per_px(entry.photo_id)
    item = HugeItem(entry.facts, seen, labels, settings.threshold, stem, scale)
    exported = yield from counted(exporter.export_huge(item, out), "rows")
    return exported.paths


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
