"""How a network's probabilities are corrected, and how far they can be believed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Calibration:
    """Logits z become probabilities sigmoid(z / temperature + bias) (Platt scaling; Guo et al., On
    Calibration of Modern Neural Networks, ICML 2017, section 4.2).

    Attributes:
        temperature: Above 0; more than 1 takes certainty away.
        bias: In logits; above 0 finds more crack.
    """

    temperature: float = 1.0
    bias: float = 0.0


AS_IT_IS = Calibration()
"""The network's own probabilities."""


@dataclass(frozen=True, slots=True)
class ChosenThreshold:
    """A threshold, and how much speaks for it.

    Attributes:
        value: Probability in [0, 1].
        photos: With crack, that chose it.
    """

    value: float
    photos: int


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Pixels whose probability is about the same.

    Attributes:
        pixels: How many.
        probability: Their mean crack probability, in [0, 1]; 0 without pixels.
        crack: The share of them that is crack, in [0, 1]; 0 without pixels.
    """

    pixels: int
    probability: float
    crack: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """Probabilities beside what was true, in bins of equal width from 0 to 1."""

    bins: tuple[ReliabilityBin, ...]

    @property
    def ece(self) -> float:
        """Expected calibration error: the mean distance of probability and share of crack over all pixels,
        in [0, 1] (Guo et al., 2017, section 2); 0 without pixels."""
        total = sum(one.pixels for one in self.bins)
        return sum(one.pixels * abs(one.probability - one.crack) for one in self.bins) / max(1, total)

    def as_json(self) -> dict[str, Any]:
        """What databases and ``weights list --json`` hold."""
        return {"ece": self.ece, "bins": [asdict(one) for one in self.bins]}

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Reliability:
        return cls(tuple(ReliabilityBin(**one) for one in said["bins"]))
