"""The whole loop on the bundled photos: predict, replay a recorded correction, learn, compare, export."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from resatt_studio.annotation.document import CorrectionDocument
from resatt_studio.errors import BugError, ProjectError
from resatt_studio.imaging import scores as scoring
from resatt_studio.imaging.files import read_mask
from resatt_studio.imaging.writing import write_whole
from resatt_studio.records.correction import Edit, Label
from resatt_studio.records.photo import PhotoEntry
from resatt_studio.records.training import FineTunePlan, Verdict
from resatt_studio.records.weights import Scores
from resatt_studio.resources import asset
from resatt_studio.workflow.correct import approve, open_document
from resatt_studio.workflow.export import export_project
from resatt_studio.workflow.finetune import fine_tune_project
from resatt_studio.workflow.jobs import Job, titled
from resatt_studio.workflow.load import add_photos
from resatt_studio.workflow.predict import Threads, make_engine, predict_project
from resatt_studio.workflow.project import SUFFIX, Project, create_project

if TYPE_CHECKING:
    from resatt_studio.inference.engine import Engine

Painter: TypeAlias = Callable[[CorrectionDocument, Sequence[Mapping[str, Any]]], list[Edit]]
"""Paints recorded strokes into a document and returns the edits."""

AUTHOR = "demo"
LEARN_STEPS = 80
"""About 45 s on two free cores. Steps decide and not the clock, so that a busy machine learns as much."""

LEARN_SECONDS = 150.0
"""Where even a slow machine stops."""


@dataclass(frozen=True, slots=True)
class DemoRow:
    """One photo that was not learned from.

    Attributes:
        name: Of the photo.
        before, after: Dice with the factory weights and with the candidate, in [0, 1].
    """

    name: str
    before: float
    after: float


@dataclass(frozen=True, eq=False)
class DemoOutcome:
    """What the demo did.

    Attributes:
        project: The project's folder.
        corrected: Name of the photo that was corrected and learned from.
        strokes: How many strokes were replayed.
        rows: The other photos.
        before, after: All pixels of those photos pooled.
        verdict: The gate's answer.
        files: Exported masks and weights.
        seconds: From the first step to the last.
    """

    project: Path
    corrected: str
    strokes: int
    rows: tuple[DemoRow, ...]
    before: Scores
    after: Scores
    verdict: Verdict
    files: tuple[Path, ...] = field(repr=False)
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """What is written to ``scores.json``."""
        return {
            "corrected": self.corrected,
            "strokes": self.strokes,
            "not_learned_from": [asdict(row) for row in self.rows],
            "before": asdict(self.before),
            "after": asdict(self.after),
            "promoted": self.verdict.promoted,
            "reason": self.verdict.reason,
            "seconds": self.seconds,
        }


@dataclass(frozen=True, slots=True)
class Recording:
    """A correction as somebody painted it.

    Attributes:
        photo: File name of the photo.
        strokes: In order; each with ``tool``, ``label``, ``radius_px`` and ``path`` of (row, column).
    """

    photo: str
    strokes: Sequence[Mapping[str, Any]]


def bundled_photos() -> list[Path]:
    """The sample photos of this installation."""
    return sorted(path for path in asset("photos").iterdir() if path.suffix == ".jpg")


def read_recording(path: Path) -> Recording:
    """Read a recorded correction."""
    said = json.loads(path.read_text(encoding="utf-8"))
    return Recording(said["photo"], said["strokes"])


def replay(document: CorrectionDocument, strokes: Sequence[Mapping[str, Any]]) -> list[Edit]:
    """Paint recorded strokes into a document, point by point as the mouse does; return the edits.

    Raises:
        BugError: A stroke is still in hand.
    """
    if document.in_stroke:
        raise BugError("a recording was replayed into a stroke")
    edits = []
    for stroke in strokes:
        document.begin(stroke["tool"], Label(stroke["label"]), float(stroke["radius_px"]))
        for row, column in stroke["path"]:
            document.extend([(float(row), float(column))])
        edit = document.end()
        if edit is not None:
            edits.append(edit)
    return edits


def run_demo(
    out: Path,
    *,
    steps: int = LEARN_STEPS,
    seconds: float = LEARN_SECONDS,
    device: str = "auto",
    threads: Threads = None,
    factory_weights: Path | None = None,
    paint: Painter = replay,
) -> Job[DemoOutcome]:
    """Run the whole loop and leave a project, masks, weights and ``scores.json`` in ``out``.

    The photo of the recording is the only one that is learned from; the others' true masks are used for
    scoring alone. Whether the candidate is promoted is the gate's decision, as ever.

    Args:
        out: Folder; made when missing. An earlier demo's project is kept, the new one gets a number; its
            exports are replaced.
        steps: How long it learns.
        seconds: Wall-clock limit of learning.
        device, threads: Where and on how much of it the network runs.
        factory_weights: To begin with; the shipped ones when None.
        paint: Replays the strokes; the terminal hands in the window's own tools.

    Raises:
        ProjectError: The folder cannot be written.
    """
    started = time.monotonic()
    recording = read_recording(asset("demo", "correction.json"))
    out = out.absolute()
    try:
        folder = _free_name(out)
        photos = _copied(bundled_photos(), out / "photos")
    except OSError as error:
        raise ProjectError(
            f"The demo cannot write into {out}: {error.strerror or error}.",
            "Choose a folder that may be written to and has free space.",
        ) from error
    with create_project(folder, factory_weights) as project:
        yield from titled(add_photos(project, photos, author=AUTHOR), "Adding photos")
        entries = project.store.photos()
        engine = make_engine(project.shelf.load(project.shelf.active().weights_id), device, threads)
        factory = engine.weights_id
        yield from titled(predict_project(engine, project), "Predicting")
        corrected = next(entry for entry in entries if entry.name == recording.photo)
        strokes = _correct(project, corrected, recording, factory, paint)
        plan = FineTunePlan(seconds=seconds, steps=steps)
        learning = fine_tune_project(project, plan, device=device, threads=threads, author=AUTHOR)
        outcome = yield from titled(learning, f"Learning from {corrected.name}")
        engine.use(project.shelf.load(outcome.version.weights_id))
        yield from titled(predict_project(engine, project), "Predicting again")
        others = [entry for entry in entries if entry.photo_id != corrected.photo_id]
        before = _counts(project, others, factory)
        after = _counts(project, others, engine.weights_id)
        files = yield from titled(_exported(project, engine, out), "Exporting")
    done = DemoOutcome(
        project=folder,
        corrected=corrected.name,
        strokes=strokes,
        rows=tuple(
            DemoRow(entry.name, scoring.dice(old), scoring.dice(new))
            for entry, old, new in zip(others, before, after, strict=True)
        ),
        before=_pooled(before),
        after=_pooled(after),
        verdict=outcome.verdict,
        files=files,
        seconds=time.monotonic() - started,
    )
    write_whole(out / "scores.json", json.dumps(done.as_json(), indent=2).encode())
    return done


def _free_name(out: Path) -> Path:
    """``demo.resatt`` in ``out``, or the first of ``demo-2.resatt`` ... that is not taken."""
    number = 1
    while True:
        folder = out / f"demo{'' if number == 1 else f'-{number}'}{SUFFIX}"
        if not folder.exists():
            return folder
        number += 1


def _copied(photos: Sequence[Path], folder: Path) -> list[Path]:
    """Put the photos beside the project, so that the demo's folder holds all that belongs to it."""
    folder.mkdir(parents=True, exist_ok=True)
    return [Path(shutil.copyfile(photo, folder / photo.name)) for photo in photos]


def _correct(
    project: Project, entry: PhotoEntry, recording: Recording, weights_id: str, paint: Painter
) -> int:
    """Replay the recording and approve the photo, as the window does; return how many strokes it took."""
    prediction = project.store.prediction(entry.photo_id, weights_id)
    document = open_document(project, entry.photo_id, AUTHOR)
    try:
        document.weights_id = weights_id
        edits = paint(document, recording.strokes)
        approve(project, document, prediction, AUTHOR)
        return len(edits)
    finally:
        document.close()


def _counts(project: Project, entries: Sequence[PhotoEntry], weights_id: str) -> list[scoring.Counts]:
    """Compare the kept predictions with the true masks that are bundled for this."""
    counts = []
    for entry in entries:
        facts = entry.facts
        truth = read_mask(asset("photos", "masks", f"{facts.path.stem}.png"), (facts.height, facts.width))
        prediction = project.store.prediction(entry.photo_id, weights_id)
        if prediction is None:
            raise BugError(f"{entry.name} was not predicted")
        counts.append(scoring.count(prediction.mask(project.settings.threshold_of(weights_id)), truth))
    return counts


def _pooled(counts: Sequence[scoring.Counts]) -> Scores:
    return scoring.scores(sum(counts, scoring.Counts()), photos=len(counts))


def _exported(project: Project, engine: Engine, out: Path) -> Job[tuple[Path, ...]]:
    masks = yield from export_project(project, "mask", out / "masks", engine=engine)
    corrections = yield from export_project(project, "tristate", out / "corrections")
    weights = yield from export_project(project, "weights", out / "weights")
    return (*masks.files, *corrections.files, *weights.files)
