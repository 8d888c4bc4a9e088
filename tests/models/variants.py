"""ReMViTv2 and ReSwin as the fixtures hold them: the authors' tensors, and how ours is built to match."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from safetensors import safe_open
from torch import Tensor

from resatt_studio.models import remvit_keys, reswin_keys
from resatt_studio.models.remvit import ReMViT
from resatt_studio.models.reswin import ReSwin

FIXTURES = Path(__file__).parents[1] / "fixtures"


class Reference(NamedTuple):
    """The authors' network in numbers: tensors, and how ours is built."""

    tensors: dict[str, Tensor]
    config: dict[str, Any]

    def state(self) -> dict[str, Tensor]:
        return {key[6:]: value for key, value in self.tensors.items() if key.startswith("param.")}

    def assert_equals(self, seen: Mapping[str, Tensor], least: int) -> None:
        """Compare with every answer to the 64 x 64 photo; the fixture must hold at least so many."""
        wanted = {key[10:]: value for key, value in self.tensors.items() if key.startswith("out.64x64.")}
        assert len(wanted) >= least
        for key, value in wanted.items():
            assert seen[key].shape == value.shape, key
            assert (seen[key] - value).abs().max() <= 1e-4, key


@dataclass(frozen=True)
class Variant:
    """One network that inherits attention.

    Attributes:
        title: In messages.
        network: The class.
        keys: Module of its key map.
        fixture: File with the authors' tensors.
        read_config: The fixture's words about its configuration to constructor arguments.
        tiny: Constructor arguments of a small network.
    """

    title: str
    network: Callable[..., Any]
    keys: ModuleType
    fixture: str
    read_config: Callable[[dict[str, Any]], dict[str, Any]]
    tiny: dict[str, Any]

    def reference(self) -> Reference:
        return _read(self)

    def reference_network(self) -> Any:
        """Ours with the authors' weights, in evaluation mode."""
        network = self.network(**self.reference().config)
        network.load_state_dict(self.keys.from_reference_keys(self.reference().state()), strict=True)
        return network.eval()

    def __hash__(self) -> int:
        return hash(self.title)


@cache
def _read(variant: Variant) -> Reference:
    with safe_open(str(FIXTURES / variant.fixture), "pt") as file:
        said = json.loads(file.metadata()["config"])
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118  not a dict
    return Reference(tensors, variant.read_config(said))


def _remvit_config(said: dict[str, Any]) -> dict[str, Any]:
    theirs = said["ReViT"]
    same = (
        "embed_dim",
        "depth",
        "num_heads",
        "mlp_ratio",
        "qkv_bias",
        "dim_mul",
        "head_mul",
        "residual_pooling",
    )
    return {name: theirs[name] for name in same} | {
        "image_size": said["DATA"]["crop_size"],
        "num_classes": said["MODEL"]["num_classes"],
        "patch_kernel": theirs["patch_kernel"][0],
        "patch_stride": theirs["patch_stride"][0],
        "pool_kernel": theirs["pool_qkv_kernel"][0],
        "kv_stride": theirs["pool_kv_stride_adaptive"][0],
        "q_stride": [row[:2] for row in theirs["pool_q_stride"]],
        "learnable_alpha": theirs["alpha"],
    }


def _reswin_config(said: dict[str, Any]) -> dict[str, Any]:
    return {("image_size" if name == "img_size" else name): value for name, value in said.items()}


REMVIT = Variant(
    "ReMViTv2",
    ReMViT,
    remvit_keys,
    "remvit_tiny.safetensors",
    _remvit_config,
    {
        "image_size": 32,
        "embed_dim": 8,
        "depth": 4,
        "dim_mul": ((1, 2), (3, 2)),
        "head_mul": ((1, 2), (3, 2)),
        "q_stride": ((1, 2), (3, 2)),
        "kv_stride": 2,
        "num_classes": 4,
    },
)
RESWIN = Variant(
    "ReSwin",
    ReSwin,
    reswin_keys,
    "reswin_tiny.safetensors",
    _reswin_config,
    {
        "image_size": 32,
        "embed_dim": 8,
        "depths": (2, 2),
        "num_heads": (2, 4),
        "window_size": 4,
        "num_classes": 4,
    },
)
VARIANTS = (REMVIT, RESWIN)
