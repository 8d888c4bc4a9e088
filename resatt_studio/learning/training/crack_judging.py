"""How well a network in training does: pooled scores by set, and how often it stays quiet."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from torch import nn

from resatt_studio.imaging.scores import Counts, count, scores
from resatt_studio.inference.device import Compute, Threads
from resatt_studio.inference.segmenter import Segmenter
from resatt_studio.learning.calibration import SOFT, fit_calibration, histogram, near_cracks
from resatt_studio.learning.training.datasets import Tile
from resatt_studio.records.calibration import Calibration
from resatt_studio.records.correction import Label
from resatt_studio.records.weights import Scores

QUIET_SHARE = 0.001
"""A photo without crack is quiet when less than this share of its pixels is called crack."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """Scores by set, and the share of crack-free tiles that stayed quiet (None when there were none)."""

    sets: Mapping[str, Scores]
    quiet: float | None

    @property
    def score(self) -> float:
        """One number to choose by, in [0, 1].

        The mean over sets of (Dice + F1 at 2 px) / 2, where the quiet share counts as one more set.
        """
        parts = [(score.dice + score.tolerance_f1) / 2 for score in self.sets.values()]
        if self.quiet is not None:
            parts.append(self.quiet)
        return float(np.mean(parts)) if parts else 0.0

    def to_table(self) -> dict[str, Any]:
        """Plain values, for a checkpoint."""
        return {"sets": {name: asdict(score) for name, score in self.sets.items()}, "quiet": self.quiet}

    def for_card(self) -> dict[str, Any]:
        """Plain values, for the header of the weights file."""
        return {"split": "validation", "sets": self.to_table()["sets"], "quiet_crack_free": self.quiet}

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> Judgement:
        """The inverse of :meth:`to_table`."""
        return cls({name: Scores(**score) for name, score in table["sets"].items()}, table["quiet"])


def judge_steps(
    network: nn.Module,
    sets: Mapping[str, Sequence[Tile]],
    crack_free: Sequence[Tile],
    compute: Compute,
    threads: Threads = None,
) -> Generator[int, None, Judgement]:
    """Judge a network as it would be shipped (norms folded, this device's precision); yields after each tile.

    Yields:
        Number of tiles done.
    """
    segmenter = Segmenter(network, compute, threads)
    results: dict[str, Scores] = {}
    done = 0
    for name, tiles in sets.items():
        total = Counts()
        for tile in tiles:
            found = segmenter.logits(tile.pixels[None])[0] > 0
            total = total + count(found, tile.labels == Label.CRACK, tile.labels != Label.UNSAID)
            done += 1
            yield done
        results[name] = scores(total, photos=len(tiles))
    quiet = 0
    for tile in crack_free:
        quiet += bool((segmenter.logits(tile.pixels[None])[0] > 0).mean() < QUIET_SHARE)
        done += 1
        yield done
    return Judgement(results, quiet / len(crack_free) if crack_free else None)


def calibration_steps(
    network: nn.Module, sets: Mapping[str, Sequence[Tile]], compute: Compute, threads: Threads = None
) -> Generator[int, None, Calibration]:
    """The temperature under which a trained network's probabilities surprise least near predicted cracks,
    each set counting alike (Guo et al., On calibration of modern neural networks, ICML 2017, section 4.2);
    yields after each tile. The bias stays 0, so that no mask changes.

    Yields:
        Number of tiles done.
    """
    segmenter = Segmenter(network, compute, threads, calibration=SOFT)
    counts = []
    done = 0
    for tiles in sets.values():
        total = np.zeros((2, 256), np.int64)
        for tile in tiles:
            answer = np.rint(255 * segmenter.probability(tile.pixels[None])[0]).astype(np.uint8)
            total += histogram(
                answer, tile.labels == Label.CRACK, near_cracks(answer) & (tile.labels != Label.UNSAID)
            )
            done += 1
            yield done
        counts.append(total)
    return fit_calibration(counts, pull_bias=np.inf)
