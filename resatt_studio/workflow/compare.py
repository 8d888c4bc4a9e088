"""Two versions of the segmenter on the same photos: Dice before and after, and what changed where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resatt_studio.errors import LearningError, PhotoError, StoreError, WeightsError
from resatt_studio.imaging.changes import change_map, write_change
from resatt_studio.imaging.scores import Counts, count, scores
from resatt_studio.records.comparison import ChangeMap, PhotoComparison, VersionComparison
from resatt_studio.records.correction import Label
from resatt_studio.records.geometry import Box
from resatt_studio.records.photo import Photo, PhotoEntry, Split
from resatt_studio.records.prediction import LookedAt, Prediction
from resatt_studio.records.sample import SampleEntry
from resatt_studio.records.weights import WeightsVersion
from resatt_studio.workflow.jobs import Job, during, progress
from resatt_studio.workflow.lineage import title
from resatt_studio.workflow.load import open_photo
from resatt_studio.workflow.photo_input import Clearing, PhotoInput
from resatt_studio.workflow.predict import Threads, make_engine, predict_photo
from resatt_studio.workflow.sources import refuse_photos
from resatt_studio.workflow.weights import MODEL, lineage

if TYPE_CHECKING:
    from resatt_studio.inference.engine import Engine
    from resatt_studio.workflow.project import Project

TOLERANCE_PX = 2.0
_TILE_PX = 512
_MARGIN_PX = 8
"""More than the tolerance and the band at the edge of an approved mask together reach."""


def compare_versions(
    project: Project,
    before: WeightsVersion,
    after: WeightsVersion,
    photo_ids: Sequence[str] | None = None,
    *,
    threshold: float | None = None,
    device: str = "auto",
    threads: Threads = None,
    engine_path: str = "auto",
    author: str = "",
) -> Job[VersionComparison]:
    """Score both versions on the same approved photos and note it in the event log.

    Masks come from the photos themselves, never from dehazed ones, as when a candidate is judged; they are
    kept in the project by (photo, weights), so comparing again asks no network. What counts as truth is what
    judges a candidate too (``learning.exam.truth_of``), over whole photos.

    Yields:
        Photos done, counted once for each version.

    Args:
        project: Open project.
        before, after: Versions of the segmenter.
        photo_ids: Approved photos, at least one; None for those held back to judge learning by, or for all
            that count for it while none is.
        threshold: Probability in [0, 1] above which a pixel is crack; None for what the project has for each
            of the versions.
        device, threads, engine_path: As for :func:`~.predict.make_engine`.
        author: Who asks.

    Raises:
        WeightsError: A version is of another network, or its file is damaged.
        LearningError: No photo is approved, or one that was named is not.
        PhotoError: None of the photos can be read.
    """
    _check_models(before, after)
    entries, held_back = judging_samples(project, photo_ids)
    thresholds = _thresholds(project, before, after, threshold)
    told: dict[str, tuple[Counts, ...]] = {entry.photo_id: () for entry in entries}
    left_out: dict[str, str] = {}
    in_parts: set[str] = set()
    for turn, version in enumerate((before, after)):
        asked = AskedVersion(project, version, device, threads, engine_path)
        for done, entry in enumerate(entries):
            name = entry.photo_path.name
            report = progress(
                turn * len(entries) + done, 2 * len(entries), "photos", f"{name} by {version.name}"
            )
            yield report
            if entry.photo_id in left_out:
                continue
            try:
                if project.blobs.open_map(entry.labels_blob) is not None:
                    left_out[entry.photo_id] = (
                        f"{name}: approved part by part; only whole photos are compared."
                    )
                    in_parts.add(entry.photo_id)
                    continue
                prediction = yield from during(asked.prediction(entry.photo_id), report)
                counted = yield from during(_counts(project, entry, prediction, thresholds[turn]), report)
                told[entry.photo_id] += (counted,)
            except (PhotoError, StoreError) as error:
                left_out[entry.photo_id] = f"{name}: {error}"
    learned = _learned_photos(project, before, after)
    rows = tuple(
        PhotoComparison(
            entry.photo_id,
            entry.photo_path.name,
            scores(told[entry.photo_id][0], TOLERANCE_PX),
            scores(told[entry.photo_id][1], TOLERANCE_PX),
            entry.photo_id in learned,
        )
        for entry in entries
        if entry.photo_id not in left_out
    )
    if not rows:
        raise PhotoError(
            f"None of the photos could be compared: {next(iter(left_out.values()))}",
            "Approve a photo that is not shown part by part."
            if in_parts == set(left_out)
            else "Put the photos back where they were, or add their folder again.",
        )
    old, new = (
        scores(sum((told[row.photo_id][turn] for row in rows), Counts()), TOLERANCE_PX, len(rows))
        for turn in (0, 1)
    )
    result = VersionComparison(before, after, thresholds, rows, old, new, held_back, tuple(left_out.values()))
    project.store.log("compared", summary(result), weights_id=after.weights_id, author=author)
    return result


def summary(result: VersionComparison) -> str:
    """One sentence on a comparison."""
    noun = "photo" if len(result.photos) == 1 else "photos"
    which = "held-back " if result.held_back else "approved "
    return (
        f"{title(result.before)} → {title(result.after)} on {len(result.photos)} {which}{noun}: "
        f"Dice {result.pooled_before.dice:.3f} → {result.pooled_after.dice:.3f}"
    )


def judging_samples(
    project: Project, photo_ids: Sequence[str] | None = None
) -> tuple[tuple[SampleEntry, ...], bool]:
    """Approved photos to compare by, and whether they are the project's held-back ones.

    Args:
        project: Open project.
        photo_ids: Approved photos, at least one; None for those held back to judge learning by, or for all
            that count for it while none is.

    Raises:
        LearningError: No photo is approved, or one that was named is not.
    """
    cure = (
        "Correct a photo and approve it (Enter in the window); its mask is then what both are held against."
    )
    agreed_only = not photo_ids and project.settings.learn_agreed_only
    approved = {entry.photo_id: entry for entry in project.store.samples(agreed_only=agreed_only)}
    if photo_ids:
        missing = next((photo_id for photo_id in photo_ids if photo_id not in approved), None)
        if missing is not None:
            name = project.store.photo(missing).name
            raise LearningError(f"{name} is not approved, so nobody knows where its cracks are.", cure)
        return tuple(approved[photo_id] for photo_id in dict.fromkeys(photo_ids)), False
    held = tuple(entry for entry in approved.values() if entry.split is Split.VALIDATION)
    if not approved and agreed_only:
        raise LearningError(
            "No second reader has agreed to a photo of the project yet, so there is nothing to compare by.",
            "This project learns from photos that a second reader agreed to: let one agree.",
        )
    if not approved:
        raise LearningError(
            "No photo of the project is approved yet, so there is nothing to compare by.", cure
        )
    return held or tuple(approved.values()), bool(held)


@dataclass(eq=False)
class AskedVersion:
    """Predictions of one version: those that the project keeps, or made now by a network of its own.

    The engine that shows photos to the inspector is left alone: it may be asked between two steps of this.

    Attributes:
        project, version: What is asked.
        device, threads, engine_path: As for :func:`~.predict.make_engine`.
    """

    project: Project
    version: WeightsVersion
    device: str = "auto"
    threads: Threads = None
    engine_path: str = "auto"
    _engine: Engine | None = field(default=None, repr=False)

    def prediction(
        self,
        photo_id: str,
        photo: Photo | None = None,
        shown: PhotoInput = PhotoInput.RAW,
        clearing: Clearing | None = None,
        looked_at: LookedAt | None = None,
    ) -> Job[Prediction]:
        """Look at one photo.

        Args:
            photo_id: Of the project.
            photo: Its pixels where they are at hand; else they are read when they are needed.
            shown, clearing, looked_at: As for :func:`~.predict.predict_photo`.

        Raises:
            PhotoError: The file is lost or cannot be read.
            WeightsError: The version's file is missing or damaged.
        """
        yield progress(0, 1)
        if shown is PhotoInput.RAW:
            known = self.project.store.prediction(photo_id, self.version.weights_id)
            if known is not None:
                return known
        if photo is None:
            photo = open_photo(self.project, photo_id)
            yield progress(0, 1)
        if self._engine is None:
            weights = self.project.shelf.load(self.version.weights_id)
            self._engine = make_engine(weights, self.device, self.threads, self.engine_path)
            yield progress(0, 1)
        return (yield from predict_photo(self._engine, self.project, photo, looked_at, shown, clearing))


def both_predictions(
    before: AskedVersion,
    after: AskedVersion,
    photo_id: str,
    photo: Photo | None = None,
    shown: PhotoInput = PhotoInput.RAW,
    clearing: Clearing | None = None,
    looked_at: LookedAt | None = None,
) -> Job[tuple[Prediction, Prediction]]:
    """What two versions make of one photo, for :func:`~resatt_studio.imaging.changes.change_map`.

    Args:
        before, after: Of one project.
        photo_id, photo, shown, clearing, looked_at: As for :meth:`AskedVersion.prediction`.
    """
    _check_models(before.version, after.version)
    how = (photo_id, photo, shown, clearing, looked_at)
    old = yield from before.prediction(*how)
    new = yield from after.prediction(*how)
    return old, new


@dataclass(frozen=True, eq=False)
class WrittenChange:
    """What :func:`change_to_file` wrote.

    Attributes:
        photo: Name of the photo.
        picture: The PNG.
        change: What it shows.
    """

    photo: str
    picture: Path
    change: ChangeMap

    def as_json(self) -> dict[str, Any]:
        """What ``weights changed --json`` writes."""
        areas = self.change.areas
        return {
            "photo": self.photo,
            "picture": str(self.picture),
            "before": self.change.before_id,
            "after": self.change.after_id,
            "thresholds": _by_turn(self.change.thresholds),
            "input": self.change.input,
            **asdict(areas),
            "gained_share": areas.gained_share,
            "lost_share": areas.lost_share,
        }


def change_to_file(
    project: Project,
    photo_id: str,
    before: WeightsVersion,
    after: WeightsVersion,
    out: Path,
    *,
    threshold: float | None = None,
    device: str = "auto",
    threads: Threads = None,
    author: str = "",
) -> Job[WrittenChange]:
    """Write a picture of what ``after`` changed in the mask of a photo, and note it in the event log.

    Args:
        project: Open project.
        photo_id: Of the project.
        before, after: Versions of the segmenter.
        out: PNG to write; never one of the project's photos.
        threshold: As for :func:`compare_versions`.
        device, threads: As for :func:`~.predict.make_engine`.
        author: Who asks.

    Raises:
        WeightsError: A version is of another network, or its file is damaged.
        PhotoError: The photo is lost or cannot be read.
        ExportError: ``out`` is a photo of the project, or cannot be written.
    """
    entry = project.store.photo(photo_id)
    refuse_photos([out], [other.facts.path for other in project.store.photos()])
    yield progress(0, 1, "photos", entry.name)
    photo = open_photo(project, photo_id)
    asked = [AskedVersion(project, version, device, threads) for version in (before, after)]
    old, new = yield from both_predictions(asked[0], asked[1], photo_id, photo)
    change = change_map(old, new, _thresholds(project, before, after, threshold))
    yield progress(1, 1, "photos", entry.name)
    caption = (
        f"{entry.name}: what {title(after)} changed against {title(before)}, "
        f"thresholds {change.thresholds[1]:.2f} and {change.thresholds[0]:.2f}"
    )
    write_change(out, photo.pixels, change, caption)
    told = f"what changed from {title(before)} to {title(after)}, to {out}"
    project.store.log("compared", told, photo_id, after.weights_id, author)
    return WrittenChange(entry.name, out, change)


def parent_version(project: Project, version: WeightsVersion) -> WeightsVersion:
    """The version that another one was made from.

    Raises:
        WeightsError: It was made from none that the project has.
    """
    line = lineage(project, version)
    if len(line) < 2:
        raise WeightsError(
            f"{title(version)} comes from no other version of the project.", "Name the two to be compared."
        )
    return line[1]


def find_photo(project: Project, name: str) -> PhotoEntry:
    """The photo of a project that ``name`` means: a file, a file's name or stem, or an id or its beginning.

    Raises:
        PhotoError: None, or more than one, is meant.
    """
    entries = project.store.photos()
    by_path = [entry for entry in entries if entry.facts.path == Path(name).absolute()]
    by_name = [entry for entry in entries if name in (entry.name, Path(entry.name).stem)]
    by_id = [entry for entry in entries if len(name) >= 4 and entry.photo_id.startswith(name)]
    found = by_path or by_name or by_id
    if len(found) != 1:
        words = "no photo" if not found else f"{len(found)} photos"
        raise PhotoError(
            f"{project.folder.name} has {words} called {name}.",
            "Give its whole path, or enough digits of its id.",
        )
    return found[0]


def comparison_json(result: VersionComparison) -> dict[str, Any]:
    """What ``weights compare --json`` writes."""
    return {
        "before": result.before.weights_id,
        "after": result.after.weights_id,
        "thresholds": _by_turn(result.thresholds),
        "tolerance_px": TOLERANCE_PX,
        "held_back": result.held_back,
        "pooled": {"before": asdict(result.pooled_before), "after": asdict(result.pooled_after)},
        "photos": [
            {
                "photo": row.name,
                "photo_id": row.photo_id,
                "before": asdict(row.before),
                "after": asdict(row.after),
                "change": row.change,
                "learned": row.learned,
            }
            for row in result.photos
        ],
        "left_out": list(result.left_out),
    }


def _thresholds(
    project: Project, before: WeightsVersion, after: WeightsVersion, threshold: float | None
) -> tuple[float, float]:
    """Each version is read as it would be if it were in use: where the threshold is automatic, at its own."""
    if threshold is not None:
        return threshold, threshold
    settings = project.settings
    return settings.threshold_with(before), settings.threshold_with(after)


def _by_turn(values: tuple[float, float]) -> dict[str, float]:
    return dict(zip(("before", "after"), values, strict=True))


def _counts(project: Project, entry: SampleEntry, prediction: Prediction, threshold: float) -> Job[Counts]:
    """Count a photo tile by tile: distances take a second for each four megapixels, and most tiles of a
    photo have no crack."""
    # torch is loaded with the exam; a project that has versions to compare has loaded it for them
    from resatt_studio.learning.exam import truth_of

    labels = project.blobs.get_array(entry.labels_blob)
    yield progress(0, 1)
    approved = project.blobs.get_array(entry.predicted_blob) if entry.predicted_blob else None
    yield progress(0, 1)
    mask = prediction.mask(threshold)
    whole = Box(0, 0, *labels.shape)
    total = Counts()
    for row, column in whole.cells(_TILE_PX):
        core = Box(0, 0, _TILE_PX, _TILE_PX).shifted(row * _TILE_PX, column * _TILE_PX).intersection(whole)
        around = core.expanded(_MARGIN_PX).intersection(whole)
        said = labels[around.slices]
        seen = None if approved is None else approved[around.slices]
        cracked = mask[around.slices].any() or (said == Label.CRACK).any()
        if cracked or (seen is not None and (seen > 255 * entry.threshold).any()):
            inner = core.shifted(-around.top, -around.left)
            total += count(mask[around.slices], *truth_of(said, seen, entry.threshold), TOLERANCE_PX, inner)
        yield progress(0, 1)
    return total


def _learned_photos(project: Project, *versions: WeightsVersion) -> frozenset[str]:
    """Photos from which any of the versions, or of those they come from, learned."""
    samples = {s for version in versions for step in lineage(project, version) for s in step.samples}
    return frozenset(project.store.sample(sample_id).photo_id for sample_id in samples)


def _check_models(*versions: WeightsVersion) -> None:
    for version in versions:
        if version.model != MODEL:
            raise WeightsError(
                f"{title(version)} is of the network {version.model}, which draws no masks.",
                "Compare two versions of R2AU-Net.",
            )
