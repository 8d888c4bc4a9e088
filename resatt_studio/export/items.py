"""What an exporter is given, and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from resatt_studio.records.correction import Correction
from resatt_studio.records.maps import TiledMap
from resatt_studio.records.photo import PhotoFacts
from resatt_studio.records.prediction import Prediction
from resatt_studio.records.weights import WeightsFile, WeightsVersion


@dataclass(frozen=True, eq=False)
class ExportItem:
    """One photo and all that is known about its cracks.

    Attributes:
        facts: The photo.
        prediction: Of the weights to be exported with, or as approved; None when there is none.
        correction: What the inspector said, or None when nothing.
        threshold: Probability in [0, 1] above which an unsaid pixel counts as crack.
        stem: Beginning of the file names; the photo's own stem when empty. See ``export.names``.
        mm_per_px: Scale of the photo, or None where nobody said.
    """

    facts: PhotoFacts
    prediction: Prediction | None = None
    correction: Correction | None = None
    threshold: float = 0.5
    stem: str = ""
    mm_per_px: float | None = None

    @property
    def file_stem(self) -> str:
        return self.stem or self.facts.path.stem


@dataclass(frozen=True, eq=False)
class HugeItem:
    """One photo that is too large to be held whole.

    Attributes:
        facts, threshold, stem, mm_per_px: As in :class:`ExportItem`.
        seen: Probability * 255, of the weights to be exported with or as approved; None when there is none.
        said: What the inspector said, or None when nothing.
    """

    facts: PhotoFacts
    seen: TiledMap | None = None
    said: TiledMap | None = None
    threshold: float = 0.5
    stem: str = ""
    mm_per_px: float | None = None

    @property
    def file_stem(self) -> str:
        return self.stem or self.facts.path.stem


@dataclass(frozen=True, eq=False)
class WeightsItem:
    """One version of a network's weights and where it came from.

    Attributes:
        weights: The file.
        lineage: The version itself first, then its parent, and so on; empty for weights off the shelf.
    """

    weights: WeightsFile
    lineage: tuple[WeightsVersion, ...] = ()


@dataclass(frozen=True, slots=True)
class Exported:
    """Files that were written and read again.

    Attributes:
        paths: The files.
        summary: One line for people, beginning with "validated".
    """

    paths: tuple[Path, ...] = field(default=())
    summary: str = ""
