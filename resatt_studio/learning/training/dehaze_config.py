"""Every option of training the dehazing network: the shared ones, its photos, the haze over them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from resatt_studio.learning.training.options import Check, RunOptions, build_options
from resatt_studio.models import preset_config
from resatt_studio.records.weights import Config


@dataclass(frozen=True, slots=True)
class ClearOptions:
    """How one set of clear photos is used, and its owners' terms.

    Attributes:
        weight: Share of the patches, relative to the other sets.
        scale: Smallest and largest enlargement.
        licence, source: Terms as the owners state them, and where the set comes from; go into the weights
            file.
    """

    weight: float = 1.0
    scale: tuple[float, float] = (0.5, 1.0)
    licence: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class DehazeConfig(RunOptions):
    """Everything that decides the training of a dehazing network; see :class:`RunOptions` for the rest.

    Attributes:
        crop_px: Side of a patch.
        clean: Share of patches that stay clear, in [0, 1], beside those that the haze recipe itself leaves
            clear (5 %): they teach to leave clear photos alone.
        witness_share: Weight of a further loss: the factory segmenter, held fast, shall see the same crack in
            the dehazed patch as in the clear one, by cross-entropy and Dice.
        on_crack: Share of patches that are centred on a crack of the photo's mask, in [0, 1]; where it is 0,
            masks are not read.
        coloured: Share of patches with coloured airlight, in [0, 1].
        judge_photos: Validation photos that judge, each under one haze drawn from a fixed seed, and clear.
        judge_px: Side of their middle that is judged.
        cache_megabytes: Most memory that the sets' photos may take; each set gets an equal share.
        sets: Clear photos, by set. When empty, every set found is used.
    """

    task: ClassVar[str] = "dehaze"

    model: str = "dhformer"
    network: Config = field(default_factory=lambda: preset_config("dhformer", "small"))
    batch: int = 4
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    decay_vectors: bool = False
    ema_decay: float = 0.999
    freeze_statistics_at: float = 0.9
    crop_px: int = 128
    clean: float = 0.15
    coloured: float = 0.2
    witness_share: float = 0.0
    on_crack: float = 0.0
    judge_photos: int = 24
    judge_px: int = 256
    cache_megabytes: float = 1500.0
    sets: Mapping[str, ClearOptions] = field(default_factory=dict)

    @classmethod
    def bounds(cls) -> tuple[Check, ...]:
        return _BOUNDS

    @classmethod
    def nested(cls, values: dict[str, Any]) -> dict[str, Any]:
        sets = values.get("sets", {})
        return values | {"sets": {name: build_options(ClearOptions, entry) for name, entry in sets.items()}}


_BOUNDS: tuple[Check, ...] = (
    ("crop_px", lambda value: value >= 32, "at least 32"),
    ("judge_px", lambda value: value >= 32, "at least 32"),
    ("clean", lambda value: 0 <= value <= 1, "a value from 0 to 1"),
    ("witness_share", lambda value: value >= 0, "0 or more"),
    ("on_crack", lambda value: 0 <= value <= 1, "a value from 0 to 1"),
    ("coloured", lambda value: 0 <= value <= 1, "a value from 0 to 1"),
    ("cache_megabytes", lambda value: value > 0, "a positive size"),
)
