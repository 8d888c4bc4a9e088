"""Parameter names of DHFormer: ours are the only ones, so both directions are the identity; no torch.

The paper came without code and no public weights exist. The names are still checked, as for every network:
what belongs elsewhere, or lost a tensor, is refused before anything is built.

===========================================================  =============================================
ours (i = 0 .. units - 1, l = 0 .. layers - 1)               part
===========================================================  =============================================
``transmission.enter``, ``.near``, ``.middle``, ``.far``     transmission network; ``.score`` ends it
``residual.stem``, ``.units.{i}.entry_norm``, ``.conv``      residual network; ``.tail`` ends it
``features.first``, ``.second``, ``.third``, ``.project``    convolutions over the residual, superposition
``channel_attention.embed``, ``.embed_depth``, ``.gate``     tokens, depth of tokens, channel gates
``channel_attention.global_context.layers.{l}.*``, ``.norm`` global-context encoder
``channel_attention.depth_aware.layers.{l}.*``, ``.norm``    depth-aware encoder
``spatial_attention.conv``, ``head``                         spatial gates, answer
===========================================================  =============================================
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeVar

from resatt_studio.errors import WeightsError

_Value = TypeVar("_Value")

_LEAVES = ("weight", "bias")
_NORM_LEAVES = (*_LEAVES, "running_mean", "running_var", "num_batches_tracked")
_PLAIN = (
    *(f"transmission.{part}" for part in ("enter", "near", "middle", "far", "score")),
    "residual.stem",
    "residual.tail",
    *(f"features.{part}" for part in ("first", "second", "third", "project")),
    *(f"channel_attention.{part}" for part in ("embed", "embed_depth", "gate")),
    "channel_attention.global_context.norm",
    "channel_attention.depth_aware.norm",
    "spatial_attention.conv",
    "head",
)
_LAYER = ("attention_norm", "qkv", "merge", "mlp_norm", "widen", "narrow")


def expected_keys(units: int, layers: int) -> frozenset[str]:
    """Return every key of a DHFormer with so many residual units and layers an encoder."""
    modules = list(_PLAIN)
    modules += [f"residual.units.{i}.conv" for i in range(units)]
    modules += [
        f"channel_attention.{encoder}.layers.{layer}.{part}"
        for encoder in ("global_context", "depth_aware")
        for layer in range(layers)
        for part in _LAYER
    ]
    keys = [f"{module}.{leaf}" for module in modules for leaf in _LEAVES]
    keys += [f"residual.units.{i}.entry_norm.{leaf}" for i in range(units) for leaf in _NORM_LEAVES]
    return frozenset(keys)


def to_reference_keys(state: Mapping[str, _Value]) -> dict[str, _Value]:
    """Return one DHFormer state dict under the same names; values pass through untouched.

    Raises:
        WeightsError: Keys are missing or left over.
    """
    return _checked(state)


def from_reference_keys(state: Mapping[str, _Value]) -> dict[str, _Value]:
    """Return one DHFormer state dict under the same names; values pass through untouched.

    Raises:
        WeightsError: Keys are missing or left over.
    """
    return _checked(state)


def _checked(state: Mapping[str, _Value]) -> dict[str, _Value]:
    wanted = expected_keys(_count(state, r"residual\.units\.(\d+)\."), _count(state, r".*\.layers\.(\d+)\."))
    missing, unknown = sorted(wanted - state.keys()), sorted(state.keys() - wanted)
    if missing or unknown:
        raise WeightsError(
            f"These are not DHFormer weights: {len(missing)} keys missing {missing[:3]}, "
            f"{len(unknown)} unknown {unknown[:3]}.",
            "Check that the file belongs to DHFormer; there is no other layout it could come from.",
        )
    return dict(state)


def _count(state: Mapping[str, _Value], pattern: str) -> int:
    """One more than the highest number the keys name; at least 1, as every DHFormer has one."""
    found = (re.match(pattern, key) for key in state)
    # Damaged names must not ask for a table of millions.
    return max((min(int(match[1]), 999) for match in found if match), default=0) + 1
