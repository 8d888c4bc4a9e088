"""Predictions against true masks: the scores that ``evaluate`` writes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resatt_studio.errors import MaskError, PhotoError
from resatt_studio.imaging.files import read_mask, read_photo
from resatt_studio.records.weights import Scores, WeightsFile
from resatt_studio.workflow.jobs import Job, progress
from resatt_studio.workflow.predict import THRESHOLD, Threads
from resatt_studio.workflow.sources import Refused, choose_with_masks, the_mask

if TYPE_CHECKING:
    from resatt_studio.learning.evaluate import Evaluation, Example

_FOUR = ("dice", "iou", "precision", "recall")


@dataclass(frozen=True, eq=False)
class FileScores:
    """Scores over the photos of a folder.

    Attributes:
        weights_id: What was scored.
        threshold: Probability above which a pixel is crack, in [0, 1].
        evaluation: Micro, macro, and a row for each photo.
        masks: The mask of each row, in order.
        refused: What could not be scored, and why.
    """

    weights_id: str
    threshold: float
    evaluation: Evaluation
    masks: tuple[Path, ...]
    refused: tuple[Refused, ...]

    def as_json(self) -> dict[str, Any]:
        """What ``evaluate --json`` writes."""
        whole = self.evaluation
        return {
            "weights": self.weights_id,
            "threshold": self.threshold,
            "tolerance_px": whole.micro.tolerance_px,
            "micro": _four(whole.micro),
            "macro": _four(whole.macro),
            "tolerance_f1": whole.micro.tolerance_f1,
            "centreline_dice": whole.centreline_dice,
            "seconds_per_megapixel": whole.seconds_per_megapixel,
            "photos": [
                {"stem": Path(row.name).stem, "photo": row.name, "mask": str(mask)}
                | _four(row.scores)
                | {"tolerance_f1": row.scores.tolerance_f1, "centreline_dice": row.centreline_dice}
                | {"seconds": row.seconds, "megapixels": row.megapixels}
                for row, mask in zip(whole.photos, self.masks, strict=True)
            ],
            "refused": [{"path": str(row.path), "reason": row.reason} for row in self.refused],
        }


def evaluate_files(
    weights: WeightsFile,
    photos: Path,
    masks: Path,
    stems: Sequence[str] | None = None,
    *,
    inverted: bool = False,
    tolerance_px: float = 2.0,
    threshold: float = THRESHOLD,
    device: str = "auto",
    threads: Threads = None,
) -> Job[FileScores]:
    """Predict every photo that has a mask and score it; every pixel of a mask counts.

    Args:
        weights: To predict with.
        photos: Folder of photos.
        masks: Folder of masks of the same stems; 255 (or 1) is crack.
        stems: Only these; None for every photo with a mask.
        inverted: Whether crack is 0 in the masks and not crack is not.
        tolerance_px: Euclidean distance within which a pixel counts as hit for ``tolerance_f1``.
        threshold: Probability above which a pixel is crack, in [0, 1].
        device: "auto", "cpu", "cuda" or "mps".
        threads: CPU threads, or None for all cores.

    Raises:
        PhotoError: The folder does not exist or holds no such photo, or nothing could be scored.
        MaskError: The mask folder does not exist or is empty.
    """
    paths, by_stem, refused = choose_with_masks([photos], masks, stems)
    pairs = []
    for path in paths:
        try:
            mask = the_mask(by_stem, path)
        except MaskError as error:
            refused.append(Refused(path, str(error)))
            continue
        if mask is None:
            refused.append(Refused(path, f"no mask of this stem in {masks}"))
        else:
            pairs.append((path, mask))
    reading = _Reading(pairs, refused, inverted)
    if pairs:
        yield progress(0, len(pairs), "photos", pairs[0][0].name)
        # torch is loaded here, after everything that can be wrong with the paths was told
        from resatt_studio.learning.evaluate import evaluate

        steps = evaluate(
            weights,
            reading.examples(),
            threshold=threshold,
            tolerance_px=tolerance_px,
            centreline=True,
            device=device,
            threads=threads,
        )
        try:
            while True:
                report = next(steps)
                yield progress(
                    reading.begun - (report.photo is None), len(pairs), "photos", reading.name, report
                )
        except StopIteration as end:
            evaluation: Evaluation = end.value
            return FileScores(
                weights.weights_id, threshold, evaluation, tuple(reading.masks), tuple(reading.refused)
            )
        except MaskError:
            if reading.masks:
                raise
        finally:
            steps.close()
    reason = reading.refused[0].reason if reading.refused else "every picture in it is a mask"
    raise PhotoError(f"Nothing in {photos} could be scored: {reason}")


class _Reading:
    """Reads pairs one by one; what cannot be read is noted and the rest goes on."""

    def __init__(self, pairs: Sequence[tuple[Path, Path]], refused: list[Refused], inverted: bool) -> None:
        self._pairs = pairs
        self._inverted = inverted
        self.refused = refused
        self.masks: list[Path] = []
        self.begun = 0
        self.name = ""

    def examples(self) -> Iterator[Example]:
        from resatt_studio.learning.evaluate import Example

        for path, mask in self._pairs:
            self.begun += 1
            self.name = path.name
            try:
                photo = read_photo(path)
                truth = read_mask(mask, (photo.height, photo.width)) != self._inverted
            except (PhotoError, MaskError) as error:
                self.refused.append(Refused(path, str(error)))
                continue
            self.masks.append(mask)
            yield Example(str(path), photo.pixels, truth)


def _four(scores: Scores) -> dict[str, float]:
    return {name: getattr(scores, name) for name in _FOUR}
