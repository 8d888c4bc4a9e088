"""Every option of training a label network: the shared ones, and where its tiles come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from resatt_studio.learning.training.options import Check, RunOptions, build_options
from resatt_studio.models import preset_config
from resatt_studio.records.labels import CRACK_TYPES
from resatt_studio.records.weights import Config


@dataclass(frozen=True, slots=True)
class CropOptions:
    """How many tiles are cut from the photos of one set, and their owners' terms.

    Attributes:
        crops: Tiles to learn from; 0 leaves the set out.
        scale: Smallest and largest enlargement.
        judge: Tiles of validation photos that judge.
        licence, source: Terms as the owners state them, and where the set comes from; go into the weights
            file.
    """

    crops: int = 400
    scale: tuple[float, float] = (0.6, 1.6)
    judge: int = 60
    licence: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class DrawnOptions:
    """Tiles with generated cracks.

    Attributes:
        tiles: How many to learn from.
        on_photos: Share of them drawn on crack-free photos of the sets instead of generated surfaces, in [0,
            1]: every surface then shows every type, and none can be told by its surface.
        judge: How many further ones judge.
    """

    tiles: int = 1200
    on_photos: float = 0.5
    judge: int = 60


@dataclass(frozen=True, slots=True)
class LabelConfig(RunOptions):
    """Everything that decides the training of a label network; see :class:`RunOptions` for the rest.

    Attributes:
        tile_px: Side of a tile.
        cell_px: Side of the cells in which a helper head learns to see crack; it is not kept.
        cell_share: Weight of that helper's loss.
        smoothing: Of the labels, in [0, 1).
        shares: How often each type is drawn, in the order of ``CRACK_TYPES``.
        sets: Photos with masks, by set. When neither sets nor tables are named, every set found is used.
        tables: CSV files of labelled tiles below the data folder, with the columns ``tile``, ``split``,
            ``crack`` and, where the type is known, ``type`` and ``ambiguous``.
        listed_weight: How often a table's tiles are drawn against as many tiles cut from the same set.
        drawn: Tiles with generated cracks.
    """

    task: ClassVar[str] = "label"

    model: str = "rmt"
    network: Config = field(default_factory=lambda: preset_config("rmt") | {"num_classes": len(CRACK_TYPES)})
    batch: int = 16
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    decay_vectors: bool = False
    tile_px: int = 224
    cell_px: int = 4
    cell_share: float = 1.0
    smoothing: float = 0.05
    shares: tuple[float, ...] = (0.34, 0.22, 0.22, 0.22)
    sets: Mapping[str, CropOptions] = field(default_factory=dict)
    tables: tuple[str, ...] = ()
    listed_weight: float = 1.0
    drawn: DrawnOptions = field(default_factory=DrawnOptions)

    @classmethod
    def bounds(cls) -> tuple[Check, ...]:
        return _BOUNDS

    @classmethod
    def nested(cls, values: dict[str, Any]) -> dict[str, Any]:
        sets = values.get("sets", {})
        return values | {
            "sets": {name: build_options(CropOptions, entry) for name, entry in sets.items()},
            "drawn": build_options(DrawnOptions, values.get("drawn", {})),
        }


_BOUNDS: tuple[Check, ...] = (
    ("tile_px", lambda value: value >= 32 and value % 32 == 0, "a multiple of 32"),
    ("cell_px", lambda value: value in (1, 2, 4), "1, 2 or 4"),
    ("cell_share", lambda value: value >= 0, "0 or more"),
    ("listed_weight", lambda value: value > 0, "a positive weight"),
    ("smoothing", lambda value: 0 <= value < 1, "a value from 0 to just below 1"),
    (
        "shares",
        lambda value: len(value) == len(CRACK_TYPES) and min(value) >= 0 and sum(value) > 0,
        f"{len(CRACK_TYPES)} shares, none negative",
    ),
)
