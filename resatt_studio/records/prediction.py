"""What a network makes of a photo."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from resatt_studio.records.arrays import BoolArray, UInt8Array
from resatt_studio.records.geometry import Box
from resatt_studio.records.maps import SeenMap

Piece: TypeAlias = tuple[Box, UInt8Array]
"""Part of a map: its box, and h x w uint8 probability * 255, rounded; read-only."""

LookedAt: TypeAlias = Callable[[], Box | None]
"""Says which photo pixels somebody looks at now; None for nobody. May be asked from any thread."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """Crack probability of one whole photo.

    Attributes:
        photo_id: SHA-256 (hex) of the photo's bytes.
        weights_id: Content hash of the weights that made it.
        probability_8bit: H x W uint8, probability * 255 rounded; read-only. Eight bits keep a 50-megapixel
            photo at 50 MB; the step of 1/255 is far below the network's own noise.
        mean_entropy: Mean binary entropy over all pixels, in nats, of the unrounded probability.
        seconds: How long it took.
        device: Where it ran, such as "cpu".
        dehazer_id: Content hash of the dehazing network's weights when the crack network was shown the
            dehazed photo; "" when it was shown the photo itself.
    """

    photo_id: str
    weights_id: str
    probability_8bit: UInt8Array = field(repr=False)
    mean_entropy: float
    seconds: float = 0.0
    device: str = ""
    dehazer_id: str = ""

    @property
    def input(self) -> str:
        """What the crack network was shown: "raw" or "dehazed"."""
        return "dehazed" if self.dehazer_id else "raw"

    @property
    def height(self) -> int:
        return int(self.probability_8bit.shape[0])

    @property
    def width(self) -> int:
        return int(self.probability_8bit.shape[1])

    def mask(self, threshold: float = 0.5) -> BoolArray:
        """H x W bool: where the probability exceeds ``threshold`` (in [0, 1])."""
        return above(self.probability_8bit, threshold)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Prediction) and other._key == self._key

    def __hash__(self) -> int:
        return hash(self._key)

    @property
    def _key(self) -> tuple[str, str, str]:
        return self.photo_id, self.weights_id, self.dehazer_id


@dataclass(frozen=True, eq=False)
class HugePrediction:
    """Crack probability of one whole photo that is too large to be held at once; of the photo as it is, since
    haze is estimated on whole photos.

    Attributes:
        photo_id, weights_id, mean_entropy, seconds, device: As in :class:`Prediction`.
        probability: Probability * 255, rounded, with its halved sizes; read from the disk when it is seen.
        counts: How many pixels have each of the 256 values; int64, read-only.
    """

    photo_id: str
    weights_id: str
    probability: SeenMap = field(repr=False)
    mean_entropy: float
    counts: npt.NDArray[np.int64] = field(repr=False)
    seconds: float = 0.0
    device: str = ""

    @property
    def dehazer_id(self) -> str:
        """As in :class:`Prediction`: none."""
        return ""


@dataclass(frozen=True, eq=False, slots=True)
class PredictionPart:
    """What the newest tiles of a prediction under way finished.

    Attributes:
        photo_id, weights_id, dehazer_id: As in the :class:`Prediction` that is to come.
        pieces: Finished parts of its probability map; the parts of one prediction never overlap.
        whole: Of a huge photo that is predicted as a whole: all that is finished so far, which grows on.
    """

    photo_id: str
    weights_id: str
    pieces: tuple[Piece, ...] = field(repr=False)
    dehazer_id: str = ""
    whole: SeenMap | None = field(repr=False, default=None)


def above(probability_8bit: UInt8Array, threshold: float) -> BoolArray:
    """Where a probability * 255 of any shape exceeds a threshold in [0, 1]; the same shape, bool."""
    return np.asarray(probability_8bit > threshold * 255.0)
