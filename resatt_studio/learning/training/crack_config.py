"""Every option of training a segmenter from the start: the shared ones, and where its patches come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from resatt_studio.errors import LearningError
from resatt_studio.learning.training.options import Check, RunOptions, build_options, read_table
from resatt_studio.models import preset_config
from resatt_studio.records.weights import Config


@dataclass(frozen=True, slots=True)
class SetOptions:
    """How one set is used.

    Attributes:
        weight: Share of the patches, relative to the other sets; 0 leaves the set out.
        scale: Smallest and largest enlargement of its patches.
        coarse: Its masks are wider than its cracks; bright rims are unsaid (training only).
        gentle: Its light and camera are changed a little only: for the photos that the weights are made for.
        licence: Terms as the owners state them; goes into the weights file.
        source: Where the set comes from; goes into the weights file.
    """

    weight: float = 1.0
    scale: tuple[float, float] = (0.6, 1.7)
    coarse: bool = False
    gentle: bool = False
    licence: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class CrackFree:
    """Tiles without any crack, listed in a CSV (see ``datasets.crack_free_tiles``).

    Attributes:
        table: Path below the data folder.
        weight: Share of the patches.
        scale: Smallest and largest enlargement.
        sets: Only tiles of these sets, where the table names them; () takes all. Such an entry gives some
            ground more weight, so it does not judge.
    """

    table: str
    weight: float = 0.3
    scale: tuple[float, float] = (0.7, 1.5)
    sets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SynthesisOptions:
    """Generated scenes mixed in.

    Attributes:
        scenes: How many are rendered before learning starts; 0 for none.
        size_px: Side of a scene.
        crack_free: Share of scenes without crack, in [0, 1].
        weight: Share of the patches.
        scale: Smallest and largest enlargement.
        judge: How many further scenes, never learned from, judge as the set "generated".
    """

    scenes: int = 200
    size_px: int = 320
    crack_free: float = 0.15
    weight: float = 1.0
    scale: tuple[float, float] = (0.7, 1.5)
    judge: int = 0


@dataclass(frozen=True, slots=True)
class CrackConfig(RunOptions):
    """Everything that decides the training of a crack segmenter; see :class:`RunOptions` for the rest.

    Attributes:
        crop_px: Side of a patch.
        dice_share: Of the loss, in [0, 1]; cross-entropy has the rest.
        on_crack: Share of patches that are cut around a crack.
        judge_tiles: Most tiles a set may judge with.
        judge_sets: Sets that judge; () lets all judge that have a validation split.
        cache_megabytes: Most memory that the sets' training tiles may take; each set gets an equal share.
        sets: Sets by name. When empty, every set found is used with default options.
        crack_free, synthesis: Further sources of patches.
    """

    task: ClassVar[str] = "crack"

    model: str = "r2aunet"
    network: Config = field(default_factory=lambda: preset_config("r2aunet"))
    crop_px: int = 256
    dice_share: float = 0.5
    on_crack: float = 0.75
    judge_tiles: int = 40
    judge_sets: tuple[str, ...] = ()
    cache_megabytes: float = 4000.0
    sets: Mapping[str, SetOptions] = field(default_factory=dict)
    crack_free: tuple[CrackFree, ...] = ()
    synthesis: SynthesisOptions = field(default_factory=SynthesisOptions)

    @classmethod
    def bounds(cls) -> tuple[Check, ...]:
        return _BOUNDS

    @classmethod
    def from_file(cls, path: Path) -> CrackConfig:
        """Read a configuration of this task.

        Raises:
            LearningError: It is missing, no TOML, or says something with no meaning.
        """
        try:
            return cls.from_table(read_table(path), Path(path).parent)
        except LearningError as error:
            raise LearningError(f"{path}: {error.message}", error.hint) from error

    @classmethod
    def nested(cls, values: dict[str, Any]) -> dict[str, Any]:
        return values | {
            "sets": {
                name: build_options(SetOptions, entry) for name, entry in values.get("sets", {}).items()
            },
            "crack_free": tuple(build_options(CrackFree, entry) for entry in values.get("crack_free", [])),
            "synthesis": build_options(SynthesisOptions, values.get("synthesis", {})),
        }


_BOUNDS: tuple[Check, ...] = (
    ("crop_px", lambda value: value >= 32 and value % 32 == 0, "a multiple of 32"),
    ("dice_share", lambda value: 0 <= value <= 1, "a value from 0 to 1"),
    ("cache_megabytes", lambda value: value > 0, "a positive size"),
    ("on_crack", lambda value: 0 <= value <= 1, "a value from 0 to 1"),
)
