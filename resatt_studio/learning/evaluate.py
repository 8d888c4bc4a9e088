"""How good weights are on photos whose truth is known; unknown pixels never count."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field

import numpy as np

from resatt_studio.errors import MaskError
from resatt_studio.imaging.scores import Counts, centreline_dice, count, macro, scores
from resatt_studio.inference.device import Threads, choose_compute
from resatt_studio.inference.sliding import predict_tiles
from resatt_studio.inference.surface import make_answering
from resatt_studio.records.arrays import BoolArray, UInt8Array
from resatt_studio.records.weights import Scores, WeightsFile


@dataclass(frozen=True, eq=False)
class Example:
    """A photo and its truth.

    Attributes:
        name: For people; names the row.
        pixels: H x W x 3 uint8 RGB.
        truth: H x W bool, True where crack.
        known: H x W bool, or None when every pixel is known.
    """

    name: str
    pixels: UInt8Array = field(repr=False)
    truth: BoolArray = field(repr=False)
    known: BoolArray | None = field(repr=False, default=None)


@dataclass(frozen=True, slots=True)
class PhotoScore:
    """One row of an evaluation.

    Attributes:
        name: Of the example.
        counts, scores: Of this photo alone.
        centreline_dice: In [0, 1], or None when it was not asked for.
        seconds: Prediction only.
        megapixels: Of the photo.
    """

    name: str
    counts: Counts
    scores: Scores
    centreline_dice: float | None
    seconds: float
    megapixels: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Scores of one set of weights.

    Attributes:
        micro: Pixels of all photos pooled; the headline.
        macro: Mean of the photos' own scores.
        centreline_dice: Mean over photos, or None when it was not asked for.
        seconds_per_megapixel: Of prediction.
        photos: A row each.
    """

    micro: Scores
    macro: Scores
    centreline_dice: float | None
    seconds_per_megapixel: float
    photos: tuple[PhotoScore, ...]


@dataclass(frozen=True, slots=True)
class EvaluationProgress:
    """Where an evaluation is; ``photo`` is the row that was just finished, else None."""

    photos_done: int
    tiles_done: int
    tiles: int
    photo: PhotoScore | None = None


def evaluate(
    weights: WeightsFile,
    examples: Iterable[Example],
    *,
    threshold: float = 0.5,
    tolerance_px: float = 2.0,
    centreline: bool = False,
    device: str = "auto",
    precision: str = "auto",
    threads: Threads = None,
) -> Generator[EvaluationProgress, None, Evaluation]:
    """Score weights on photos with masks, one photo in memory at a time.

    Yields:
        Progress after every batch of tiles and after every photo.

    Args:
        weights: What is judged.
        examples: May be a generator that reads them one by one.
        threshold: Probability in [0, 1] above which a pixel is crack.
        tolerance_px: For ``tolerance_f1``.
        centreline: Also compute the centre-line Dice (slow on large masks).
        device, precision, threads: As for ``inference.engine.Engine``.

    Raises:
        MaskError: A mask has another size than its photo, or there is no photo at all.
        WeightsError: The weights do not fit their network.
        OutOfMemory: Even one tile does not fit.
    """
    answers = make_answering(weights, choose_compute(device, precision), threads)
    rows: list[PhotoScore] = []
    for example in examples:
        _check_size(example)
        seconds = 0.0
        steps = predict_tiles(answers.about(example.pixels), example.pixels)
        while True:
            start = time.perf_counter()
            try:
                seen = next(steps)
            except StopIteration as stop:
                probability_8bit: UInt8Array = stop.value[0]
                seconds += time.perf_counter() - start
                break
            seconds += time.perf_counter() - start
            yield EvaluationProgress(len(rows), seen.done, seen.total)
        predicted = np.asarray(probability_8bit > threshold * 255.0)
        rows.append(_row(example, predicted, tolerance_px, centreline, seconds))
        yield EvaluationProgress(len(rows), 0, 0, rows[-1])
    if not rows:
        raise MaskError("there is no photo to judge by.", "Give at least one photo with a mask.")
    return summarise(rows, tolerance_px)


def summarise(rows: list[PhotoScore], tolerance_px: float) -> Evaluation:
    """Pool the rows of an evaluation."""
    lines = [row.centreline_dice for row in rows if row.centreline_dice is not None]
    megapixels = sum(row.megapixels for row in rows)
    return Evaluation(
        micro=pooled([row.counts for row in rows], tolerance_px),
        macro=macro([row.counts for row in rows], tolerance_px),
        centreline_dice=float(np.mean(lines)) if lines else None,
        seconds_per_megapixel=sum(row.seconds for row in rows) / megapixels,
        photos=tuple(rows),
    )


def pooled(counts: list[Counts], tolerance_px: float = 2.0) -> Scores:
    """Scores of counts added up over photos."""
    return scores(sum(counts, Counts()), tolerance_px, photos=len(counts))


def _row(
    example: Example, predicted: BoolArray, tolerance_px: float, centreline: bool, seconds: float
) -> PhotoScore:
    counts = count(predicted, example.truth, example.known, tolerance_px)
    line = centreline_dice(predicted, example.truth, example.known) if centreline else None
    return PhotoScore(
        name=example.name,
        counts=counts,
        scores=scores(counts, tolerance_px),
        centreline_dice=line,
        seconds=seconds,
        megapixels=predicted.size / 1e6,
    )


def _check_size(example: Example) -> None:
    size = example.pixels.shape[:2]
    for mask in (example.truth, example.known):
        if mask is not None and mask.shape != size:
            raise MaskError(
                f"the mask of {example.name} is {mask.shape[1]} x {mask.shape[0]} pixels, "
                f"its photo {size[1]} x {size[0]}.",
                "Give the mask that belongs to this photo, at full size.",
            )
