"""Holds the active weights and turns photos into predictions."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from resatt_studio.imaging.scores import count, dice
from resatt_studio.inference.device import Compute, Threads
from resatt_studio.inference.paths import AUTO, PLAIN
from resatt_studio.inference.ready import Holder, timed
from resatt_studio.inference.segmenter import Segmenter
from resatt_studio.inference.sliding import (
    OVERLAP_PX,
    TILE_PX,
    TilesSeen,
    predict_tiles,
)
from resatt_studio.inference.surface import Answering, answering
from resatt_studio.models.calibration import calibration_of
from resatt_studio.records.arrays import Float32Array, read_only
from resatt_studio.records.photo import Photo
from resatt_studio.records.prediction import LookedAt, Prediction
from resatt_studio.records.weights import WeightsFile
from resatt_studio.synthesis.scenes import render_scene

MAX_FLIPPED = 0.0005
MIN_DICE = 0.995
_PROBE_SEEDS = (11, 23)
_PROBE_PX = 256


@dataclass(frozen=True, slots=True)
class PrecisionCheck:
    """Half against single precision on drawn scenes.

    Attributes:
        flipped: Share of pixels that change sides of 0.5, in [0, 1].
        dice: Agreement of the two masks, in [0, 1].
    """

    flipped: float
    dice: float

    @property
    def passed(self) -> bool:
        return self.flipped <= MAX_FLIPPED and self.dice >= MIN_DICE


class Engine(Holder[Segmenter]):
    """Predicts photos with one set of weights at a time.

    The engine keeps a copy of its own (norms folded, half precision where native); what learning does to a
    network never shows here until :meth:`use` is called. With precision "auto", bfloat16 is taken where the
    hardware has it and where it passes a check on every set of weights (:func:`check_precision`).
    """

    task = "segment"

    def __init__(
        self, device: str = "auto", precision: str = "auto", threads: Threads = None, path: str = AUTO
    ) -> None:
        super().__init__(device, precision, threads, path)
        self._check_precision = precision == "auto"
        self.precision_check: PrecisionCheck | None = None
        self._answering: Answering | None = None

    def _make(self, network: nn.Module, compute: Compute, threads: Threads) -> Segmenter:
        segmenter = Segmenter(network, compute, threads, self.path)
        self.precision_check = None
        if self._check_precision and segmenter.compute.dtype == torch.bfloat16:
            self.precision_check = check_precision(segmenter)
            if not self.precision_check.passed:
                segmenter.move_to(Compute(compute.device))
        return segmenter

    def use(self, weights: WeightsFile) -> None:
        """Answer with these weights from now on, their probabilities read as their header says, and with
        ``weights.elsewhere`` about photos unlike those they learned from; a photo under way ends with the old
        ones.

        Raises:
            WeightsError: As for :meth:`.ready.Holder.use`, or the header's calibration has no meaning.
        """
        calibration = calibration_of(weights.metadata)
        super().use(weights)
        segmenter, in_use = self.in_use()
        segmenter.calibration = calibration
        if self._answering is None or self._answering.own is not segmenter:
            self._answering = answering(segmenter, in_use)

    def predict(
        self,
        photo: Photo,
        tile_px: int = TILE_PX,
        overlap_px: int = OVERLAP_PX,
        looked_at: LookedAt | None = None,
        surface: Float32Array | None = None,
    ) -> Generator[TilesSeen, None, Prediction]:
        """Predict one photo.

        Args:
            photo: Of any size.
            tile_px, overlap_px, looked_at: As for :func:`.sliding.predict_tiles`.
            surface: As for :meth:`.surface.Answering.about`; it decides who answers.

        Yields:
            How far it is and what is finished, after every batch of tiles.

        Returns:
            The prediction; ``seconds`` counts the work only, not the time between the steps.

        Raises:
            OutOfMemory: Even one tile on the CPU does not fit.
            BugError: No weights are in use yet.
        """
        segmenter, weights = self.in_use()
        if self._answering is not None:
            segmenter = self._answering.about(photo.pixels, surface)
        steps = predict_tiles(segmenter, photo.pixels, tile_px, overlap_px, looked_at)
        (probability_8bit, mean_entropy), seconds = yield from timed(steps)
        return Prediction(
            photo_id=photo.photo_id,
            weights_id=weights.weights_id,
            probability_8bit=read_only(probability_8bit),
            mean_entropy=mean_entropy,
            seconds=seconds,
            device=segmenter.compute.name,
        )

    def answerer(self, surface: Float32Array) -> Segmenter:
        """The network that answers about a photo of this surface.

        Args:
            surface: As for :meth:`.surface.Answering.about_surface`.

        Raises:
            BugError: No weights are in use yet.
        """
        segmenter, _ = self.in_use()
        return segmenter if self._answering is None else self._answering.about_surface(surface)


def check_precision(segmenter: Segmenter) -> PrecisionCheck:
    """Compare the segmenter's precision with single precision on scenes drawn from fixed seeds; it is left in
    the precision it came with."""
    scenes = [render_scene(seed, _PROBE_PX, _PROBE_PX).pixels for seed in _PROBE_SEEDS]
    compute, path = segmenter.compute, segmenter.path
    quick = [segmenter.logits(scene[None]) > 0 for scene in scenes]
    segmenter.move_to(Compute(compute.device), PLAIN)
    exact = [segmenter.logits(scene[None]) > 0 for scene in scenes]
    segmenter.move_to(compute, path)
    flipped = float(np.mean([a != b for a, b in zip(quick, exact, strict=True)]))
    counts = [count(a[0], b[0]) for a, b in zip(quick, exact, strict=True)]
    return PrecisionCheck(flipped, dice(counts[0] + counts[1]))
