"""Samples to candidate weights: learn on a copy, judge, promote what is better; resumes after a crash."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resatt_studio.errors import (
    BugError,
    LearningError,
    PhotoError,
    StoreBusy,
    StoreError,
    StudioError,
    WeightsError,
)
from resatt_studio.learning.turned import sample_turned
from resatt_studio.records.photo import Split
from resatt_studio.records.project import RunState
from resatt_studio.records.sample import AnySample
from resatt_studio.records.training import (
    USUAL_RULES,
    FineTunePlan,
    FineTuneResult,
    GateRules,
    StartFrom,
    StepReport,
    Verdict,
)
from resatt_studio.records.weights import WeightsFile, WeightsState, WeightsVersion
from resatt_studio.workflow.home import look_around
from resatt_studio.workflow.jobs import Job, during, progress
from resatt_studio.workflow.load import open_sample
from resatt_studio.workflow.predict import Threads
from resatt_studio.workflow.promote import decide
from resatt_studio.workflow.runs import close_run
from resatt_studio.workflow.second_look import SecondLook, look_again
from resatt_studio.workflow.weights import MODEL, lineage, reliability_row, scores_row

if TYPE_CHECKING:
    from resatt_studio.workflow.project import Project

PIXEL_MEMORY_BYTES = 1536 * 2**20
"""Photos, labels and predictions of the samples take at most so much memory; the newest come first."""

CURVE_SECONDS = 1.0
CURVE_SECONDS_IN_TROUBLE = 15.0
"""How often the store hears of a run's curve, and how often it is tried after the store refused."""

TRIES = 4
"""How often a candidate is put on the shelf while another program holds the database; each waits
``store.engine.BUSY_TIMEOUT_MS``."""

_MOST_LEFT_OUT = 3


@dataclass(frozen=True, eq=False)
class FineTuneOutcome:
    """What came of a run.

    Attributes:
        version: The candidate as it stands on the shelf.
        verdict: Whether it is active now, and why.
        result: Scores and curves.
        left_out: Samples that were not used, and why.
        notices: What the inspector should know of how it went, a sentence or two each; also in the event log.
        second_look: What photos approved since said of an earlier candidate before this run began, or None.
    """

    version: WeightsVersion
    verdict: Verdict
    result: FineTuneResult
    left_out: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    second_look: SecondLook | None = None

    @property
    def promoted(self) -> bool:
        """Whether other weights are in use than before."""
        earlier = self.second_look is not None and self.second_look.verdict.promoted
        return self.verdict.promoted or earlier

    @property
    def told(self) -> str:
        """Everything that was decided, in sentences."""
        look = self.second_look
        return (
            f"{look.version.name}: {look.verdict.reason} {self.verdict.reason}"
            if look
            else self.verdict.reason
        )

    def as_json(self) -> dict[str, Any]:
        """What ``finetune --json`` writes."""
        return {
            "candidate": self.version.weights_id,
            "promoted": self.verdict.promoted,
            "reason": self.verdict.reason,
            "before": scores_row(self.result.before),
            "after": scores_row(self.result.after),
            "reference_before": scores_row(self.result.reference_before),
            "reference_after": scores_row(self.result.reference_after),
            "validated": self.result.validated,
            "judged_by": self.result.judged_by.value,
            "steps": self.result.steps,
            "seconds": self.result.seconds,
            "threshold": self.result.threshold,
            "reliability_before": reliability_row(self.result.reliability_before),
            "reliability_after": reliability_row(self.result.reliability_after),
            "left_out": list(self.left_out),
            "notices": list(self.notices),
            "second_look": self.second_look and self.second_look.as_json(),
        }


def fine_tune_project(
    project: Project,
    plan: FineTunePlan,
    *,
    promote_better: bool = True,
    device: str = "auto",
    threads: Threads = None,
    finish_early: threading.Event | None = None,
    should_yield: Callable[[], None] | None = None,
    author: str = "",
    reference_folder: Path | None = None,
    start_from: StartFrom = StartFrom.NEWEST,
    rules: GateRules = USUAL_RULES,
) -> Job[FineTuneOutcome]:
    """Let a copy of a project's weights learn from its samples; promote it if it beats those in use.

    Learning goes on from where the newest run ended, and every candidate is blended with the first weights,
    those that all learning in the project began with. What was withdrawn or corrected anew is unlearned: no
    run that learned from it is gone on from. No weights that are there ever change; the candidate goes on the
    shelf whatever the gate says. A run that a crash cut off goes on from its checkpoint when the active
    weights, the samples and the plan are the same.
    Closing the job stops it and leaves no candidate. A database that refuses meanwhile (a full disk, another
    program that holds it) does not end a run: its curve waits. At the end the candidate has to be kept, so
    that is tried again while the database is only busy.

    While no photo is held back, photos that came since an undecided candidate was made judge that candidate
    first (``workflow.second_look``); if it is promoted, the run has to beat it.

    Yields:
        Progress whose ``detail`` is a ``StepReport``; its ``notice`` says what the inspector should know.

    Args:
        project: Open project.
        plan: Limits, seed and the recipe's numbers.
        promote_better: False leaves the candidate waiting, whatever the gate says.
        device: "auto", "cpu", "cuda" or "mps".
        threads: CPU threads, or a function asked before each step (:meth:`Courtesy.threads_now`).
        finish_early: Set it to end within two seconds and keep the best so far.
        should_yield: Called before each piece of work; may sleep while somebody needs the machine.
        author: Who started it.
        reference_folder: Scenes that are replayed and that show forgetting; the shipped ones when None.
        start_from: Where it begins. From the weights in use on, what many short runs add up to stays,
            mistakes included.
        rules: What the gate asks for.

    Raises:
        LearningError: There is nothing to learn from, or the loss is not a number.
        StoreError: The database refused at the beginning, or the candidate could not be kept.
    """
    yield progress(0, 0, "steps", "reading the corrected photos")
    samples, left_out = yield from collect_samples(project)
    learned = tuple(sample.sample_id for sample in samples if sample.split is Split.TRAIN)
    if not learned:
        reason = f" {left_out[0]}" if left_out else ""
        cure = "Correct a photo and approve it, then learn."
        if project.settings.learn_agreed_only:
            cure = "This project learns from photos that a second reader agreed to: let one agree."
        raise LearningError(f"There is nothing to learn from yet.{reason}", cure)
    looked = None
    if promote_better:
        looked = yield from look_again(
            project, samples, plan, rules, device, threads, should_yield, author, reference_folder
        )
    if looked is not None and looked.verdict.promoted:
        new = {entry.sample_id for entry in project.store.unlearned(project.settings.learn_agreed_only)}
        samples = [replace(sample, fresh=sample.sample_id in new) for sample in samples]
    active = project.shelf.active(MODEL)
    rival = project.shelf.load(active.weights_id)
    onward = start_from is not StartFrom.ACTIVE
    base = project.shelf.load(lineage(project, active)[-1].weights_id) if onward else rival
    earlier = _to_go_on_from(project, base, active) if start_from is StartFrom.NEWEST else None
    around = yield from look_around(project, base, samples)
    run = _begin(project, base, plan, learned, author)
    for words in _told_of(left_out):
        run.tell(words)
    try:
        # torch is loaded here, after everything that can be wrong with the samples was told
        from resatt_studio.learning.finetune import fine_tune
        from resatt_studio.learning.reference import ReferenceSet

        steps = fine_tune(
            base,
            samples,
            plan,
            ReferenceSet.load(reference_folder),
            device,
            should_yield,
            run.resume_point,
            finish_early=finish_early,
            threads=threads,
            around=around,
            rival=rival,
            earlier=earlier,
            threshold=project.settings.own_threshold,
        )
        result = yield from _watched(run, steps)
        version, verdict = yield from _kept(
            partial(_judged, project, base, result, learned, promote_better, author, rules)
        )
    except GeneratorExit:
        run.end(RunState.STOPPED, reason="stopped on request")
        raise
    except StudioError as error:
        kept: FineTuneResult | None = getattr(error, "kept", None)
        if kept is not None:  # learning ran away: its best candidate so far waits for the inspector
            with suppress(StoreError):  # what is told is why it ran away
                _judged(project, base, kept, learned, False, author, rules)
        run.end(RunState.FAILED, reason=str(error))
        raise
    except Exception as error:
        run.end(RunState.FAILED, reason=f"{type(error).__name__}: {error}")
        raise
    run.end(RunState.FINISHED, version.weights_id, verdict.reason)
    return FineTuneOutcome(version, verdict, result, left_out, tuple(run.notices), looked)


def _to_go_on_from(project: Project, base: WeightsFile, active: WeightsVersion) -> WeightsFile | None:
    """The newest candidate made from ``base`` that learned from nothing but corrections that still stand,
    also where memory has no room for them all now; none that was rolled back, or put aside for an older one,
    and none that went on from such. A refused one is as good as another: a few photos refused it, more decide
    next time."""
    counting = project.store.samples(Split.TRAIN, project.settings.learn_agreed_only)
    standing = {entry.sample_id for entry in counting}
    versions, before = project.shelf.versions(MODEL), project.shelf.gone_on_from()
    given_up = set(project.shelf.taken_back())
    for version in versions:  # in the order of arrival, so that what this one went on from is known
        put_aside = version.state is WeightsState.RETIRED and version.number > active.number
        if put_aside or before.get(version.weights_id) in given_up:
            given_up.add(version.weights_id)
    for version in reversed(versions):
        mine = version.parent == base.weights_id and version.samples and set(version.samples) <= standing
        if mine and version.weights_id not in given_up:
            with suppress(WeightsError):  # its file is gone or damaged: an older one will do
                return project.shelf.load(version.weights_id)
    return None


def collect_samples(project: Project) -> Job[tuple[list[AnySample], tuple[str, ...]]]:
    """Read the samples that fit in memory, unlearned ones first, then the newest; return them as approved,
    and why others were left out."""
    agreed_only = project.settings.learn_agreed_only
    entries = project.store.samples(agreed_only=agreed_only)
    fresh = {entry.sample_id for entry in project.store.unlearned(agreed_only)}
    newest_first = sorted(enumerate(entries), key=lambda pair: (pair[1].sample_id not in fresh, -pair[0]))
    chosen: dict[int, AnySample] = {}
    left_out: list[str] = []
    room = PIXEL_MEMORY_BYTES
    for done, (place, entry) in enumerate(newest_first):
        report = progress(done, len(entries), "photos", f"reading {entry.photo_path.name}")
        yield report
        try:
            # Of a huge photo no more is ever in memory than the windows that are learned from.
            huge = project.blobs.open_map(entry.labels_blob) is not None
            facts = project.store.photo(entry.photo_id).facts
            needed = 0 if huge else facts.height * facts.width * 5
            if needed > room and chosen:
                left_out.append(f"{entry.photo_path.name}: left out, the newer samples fill the memory.")
                continue
            sample = yield from during(open_sample(project, entry, entry.sample_id in fresh), report)
        except (PhotoError, StoreError) as error:
            left_out.append(str(error))
            continue
        turned = sample_turned(sample)
        if turned:
            left_out.append(f"{sample.name}: its labels look {turned} against the photo. Correct it anew.")
            continue
        chosen[place] = sample
        room -= needed
    return [chosen[place] for place in sorted(chosen)], tuple(left_out)


def _told_of(left_out: tuple[str, ...]) -> list[str]:
    """Notices of what was not learned from; of many, the first ones and how many more there are."""
    told = [f"Not learned from: {words}" for words in left_out[:_MOST_LEFT_OUT]]
    more = len(left_out) - len(told)
    return [*told, f"{more} more photos were not learned from."] if more else told


@dataclass(eq=False)
class _Run:
    """A run under way: its row in the store, its resume point on disk, its curve, what was told of it.

    The store may refuse at any moment (a full disk, another program that holds the database): what it did not
    take waits, and a run that cannot be closed is closed as cut off when the next one begins.
    """

    project: Project
    run_id: int
    author: str = ""
    notices: list[str] = field(default_factory=list)
    _unsaid: list[str] = field(default_factory=list)
    _unlogged: list[str] = field(default_factory=list)
    _waiting: list[StepReport] = field(default_factory=list)
    _written_at: float = field(default_factory=time.monotonic)
    _pause_s: float = field(default_factory=lambda: CURVE_SECONDS)

    @property
    def folder(self) -> Path:
        return self.project.runs_folder / str(self.run_id)

    @property
    def resume_point(self) -> Path:
        return self.folder / "resume-point"

    def tell(self, words: str) -> None:
        """Let the inspector know: with the next report, in the event log and in the outcome."""
        if words not in self.notices:
            self.notices.append(words)
            self._unsaid.append(words)
            self._unlogged.append(words)

    def note(self, report: StepReport) -> StepReport:
        """Add a point to the curve, of which the store hears once a second; return the report with all that
        is to be told."""
        if report.notice:
            self.tell(report.notice)
        if (report.loss, report.dice) != (None, None):
            self._waiting.append(report)
        if time.monotonic() - self._written_at >= self._pause_s:
            try:
                self.flush()
                self._pause_s = CURVE_SECONDS
            except StoreError as error:
                self._written_at, self._pause_s = time.monotonic(), CURVE_SECONDS_IN_TROUBLE
                self.tell(f"Learning goes on, but its curve cannot be kept at the moment. {error}")
        notice, self._unsaid = " ".join(self._unsaid), []
        return replace(report, notice=notice)

    def flush(self) -> None:
        """Write what waits.

        Raises:
            StoreError: The store refused; what it did not take goes on waiting.
        """
        if self._waiting:
            self.project.store.record_steps(self.run_id, self._waiting)
            self._waiting.clear()
        while self._unlogged:
            self.project.store.log(
                "learning-notice", f"run {self.run_id}: {self._unlogged[0]}", author=self.author
            )
            del self._unlogged[0]
        self._written_at = time.monotonic()

    def end(self, state: RunState, weights_id: str = "", reason: str = "") -> None:
        """Close the row and drop the resume point."""
        with suppress(StoreError):  # then the row cannot be written either, which is told
            self.flush()
        close_run(self.project, self.run_id, state, weights_id, reason)
        shutil.rmtree(self.folder, ignore_errors=True)


def _begin(
    project: Project, base: WeightsFile, plan: FineTunePlan, learned: tuple[str, ...], author: str
) -> _Run:
    """Take up the run that a crash cut off, when nothing changed since; else begin a new one."""
    found: _Run | None = None
    for entry in project.store.runs():
        if entry.state is not RunState.RUNNING:
            continue
        run = _Run(project, entry.run_id, author)
        same = (entry.base, tuple(entry.samples), dict(entry.plan)) == (
            base.weights_id,
            learned,
            asdict(plan),
        )
        if same and found is None and run.resume_point.exists():
            found = run
        else:
            run.end(RunState.FAILED, reason="cut off")
    if found is None:
        return _Run(project, project.store.start_run(base.weights_id, plan, learned, author), author)
    return found


def _watched(run: _Run, steps: Generator[StepReport, None, FineTuneResult]) -> Job[FineTuneResult]:
    """Hand on every report and keep the curve."""
    try:
        while True:
            report = run.note(next(steps))
            yield progress(report.step, report.steps, "steps", report.phase, report)
    except StopIteration as end:
        result: FineTuneResult = end.value
        return result
    finally:
        steps.close()


def _kept(
    judged: Callable[[], tuple[WeightsVersion, Verdict]],
) -> Job[tuple[WeightsVersion, Verdict]]:
    """Call :func:`_judged`, again and again while another program holds the database: what was learned in a
    minute or two shall not be lost to a backup that takes as long."""
    for left in reversed(range(TRIES)):
        try:
            return judged()
        except StoreBusy:
            if not left:
                raise
            yield progress(0, 0, "steps", "waiting for another program to let go of the project database")
    raise BugError("the last try either returns or raises")


def _judged(
    project: Project,
    base: WeightsFile,
    result: FineTuneResult,
    learned: tuple[str, ...],
    promote_better: bool,
    author: str,
    rules: GateRules,
) -> tuple[WeightsVersion, Verdict]:
    """Put the candidate on the shelf and let the gate decide."""
    from resatt_studio.learning.gate import judge

    if result.weights.weights_id == base.weights_id:
        return project.shelf.version(base.weights_id), Verdict(False, "Not promoted: no step was made.")
    verdict = judge(result, rules)
    version = shelve(project, base, result, learned, verdict.reason, author)
    return decide(project, version, verdict, promote_better, author)


def shelve(
    project: Project,
    base: WeightsFile,
    result: FineTuneResult,
    learned: tuple[str, ...],
    reason: str,
    author: str = "",
) -> WeightsVersion:
    """Put what was learned on the shelf as a candidate, with its scores beside those of ``base``."""
    return project.shelf.add(
        result.weights,
        parent=base.weights_id,
        samples=learned,
        before=result.before,
        after=result.after,
        reference_before=result.reference_before,
        reference_after=result.reference_after,
        reliability_before=result.reliability_before,
        reliability_after=result.reliability_after,
        threshold=result.threshold,
        reason=reason,
        author=author,
    )
