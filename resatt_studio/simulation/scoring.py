"""How good weights are on photos that no inspector of the simulation ever sees; each weights once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from resatt_studio.imaging import scores as scoring
from resatt_studio.imaging.files import find_photos, read_photo
from resatt_studio.imaging.line_scores import LineCounts, count_lines
from resatt_studio.imaging.surface import describe_surface
from resatt_studio.records.arrays import Float32Array
from resatt_studio.records.weights import WeightsFile
from resatt_studio.simulation.photo_set import PhotoPair
from resatt_studio.workflow.jobs import Job, during, progress
from resatt_studio.workflow.predict import THRESHOLD, make_engine, predict_pixels

if TYPE_CHECKING:
    from resatt_studio.inference.engine import Engine

TOLERANCE_PX = 2.0


@dataclass(frozen=True, slots=True)
class UnseenScores:
    """Scores of one set of weights, pooled over all pixels of a set's photos.

    Attributes:
        dice: In [0, 1], of the mask at the project's threshold, like all others.
        tolerance_f1: In [0, 1], at 2 px.
        centreline_recall: Share of the true centre line with a predicted pixel within 2 px, in [0, 1].
        width_error_px: Mean difference in width along the found part, in pixels; None when nothing is found.
    """

    dice: float
    tolerance_f1: float
    centreline_recall: float
    width_error_px: float | None


class Scorer:
    """Scores weights on fixed photos and remembers them by their id and threshold.

    Args:
        unseen: Photos of the inspector's surface.
        elsewhere: Photos of other surfaces by the name of their set; they show what is forgotten.
        device: "auto", "cpu", "cuda" or "mps".
        threads: CPU threads, or None for all cores.
    """

    def __init__(
        self,
        unseen: Sequence[PhotoPair],
        elsewhere: Mapping[str, Sequence[PhotoPair]] | None = None,
        device: str = "auto",
        threads: int | None = None,
    ) -> None:
        self._unseen = list(unseen)
        self._elsewhere = {name: list(pairs) for name, pairs in (elsewhere or {}).items()}
        self._device, self._threads = device, threads
        self._surfaces: dict[Path, Float32Array] = {}
        self._known: dict[tuple[str, float], UnseenScores] = {}
        self._known_elsewhere: dict[tuple[str, float], Mapping[str, float]] = {}

    def unseen(self, weights: WeightsFile, threshold: float = THRESHOLD) -> Job[UnseenScores]:
        """Predict the surface's photos and compare; what is known is not computed again.

        Args:
            weights: What is scored.
            threshold: Probability in [0, 1] above which a pixel is crack.

        Raises:
            PhotoError, MaskError: A photo or mask cannot be read, or they do not fit.
        """
        key = weights.weights_id, threshold
        if key not in self._known:
            counts, lines = yield from self._counted(self._engine(weights), self._unseen, threshold)
            self._known[key] = UnseenScores(
                scoring.dice(counts), scoring.tolerance_f1(counts), lines.recall, lines.mean_width_error_px
            )
        return self._known[key]

    def elsewhere(self, weights: WeightsFile, threshold: float = THRESHOLD) -> Job[Mapping[str, float]]:
        """Dice on each other set by its name; what is known is not computed again.

        Args:
            weights, threshold: As for :meth:`unseen`.

        Raises:
            PhotoError, MaskError: A photo or mask cannot be read, or they do not fit.
        """
        key = weights.weights_id, threshold
        if key not in self._known_elsewhere:
            engine, found = self._engine(weights), {}
            for name, pairs in self._elsewhere.items():
                counts, _ = yield from self._counted(engine, pairs, threshold)
                found[name] = scoring.dice(counts)
            self._known_elsewhere[key] = found
        return self._known_elsewhere[key]

    def _engine(self, weights: WeightsFile) -> Engine:
        return make_engine(weights, self._device, self._threads, "folded")

    def _counted(
        self, engine: Engine, pairs: Sequence[PhotoPair], threshold: float
    ) -> Job[tuple[scoring.Counts, LineCounts]]:
        counts, lines = scoring.Counts(), LineCounts()
        for done, pair in enumerate(pairs):
            report = progress(done, len(pairs), "photos", f"scoring {pair.photo.name}")
            photo = read_photo(pair.photo)
            if pair.photo not in self._surfaces:
                self._surfaces[pair.photo] = describe_surface(photo.pixels)
            predicting = predict_pixels(engine, photo, surface=self._surfaces[pair.photo])
            prediction = yield from during(predicting, report)
            truth = pair.truth(photo.height, photo.width)
            mask = prediction.mask(threshold)
            counts += scoring.count(mask, truth, tolerance_px=TOLERANCE_PX)
            lines += count_lines(mask, truth, TOLERANCE_PX)
        return counts, lines


def reference_pairs(folder: Path) -> list[PhotoPair]:
    """The judging half of a reference set, for simulations that name no other set."""
    photos = find_photos(folder / "images")[0::2]
    return [PhotoPair(photo, folder / "masks" / f"{photo.stem}.png") for photo in photos]
