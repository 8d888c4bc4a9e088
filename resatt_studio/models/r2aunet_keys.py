"""Our parameter names of R2AU-Net and those of the public reference layout, both ways; no torch.

=====================================  ==========================================
ours (i = 0..4, k = 0..3)              reference (level i + 1, level 5 - k)
=====================================  ==========================================
``encoder.{i}.project``                ``RRCNN{i+1}.Conv_1x1``
``encoder.{i}.first.conv``, ``.norm``  ``RRCNN{i+1}.RCNN.0.conv.0``, ``.conv.1``
``encoder.{i}.second.conv``, ``.norm`` ``RRCNN{i+1}.RCNN.1.conv.0``, ``.conv.1``
``rise.{k}.conv``, ``.norm``           ``Up{5-k}.up.1``, ``.up.2``
``gates.{k}.signal_conv``, ``_norm``   ``Att{5-k}.W_g.0``, ``.1``
``gates.{k}.skip_conv``, ``_norm``     ``Att{5-k}.W_x.0``, ``.1``
``gates.{k}.score_conv``, ``_norm``    ``Att{5-k}.psi.0``, ``.1``
``decoder.{k}.*``                      ``Up_RRCNN{5-k}.*`` (as the encoder's)
``head``                               ``Conv_1x1``
=====================================  ==========================================
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias, TypeVar

from resatt_studio.errors import WeightsError

_Value = TypeVar("_Value")
_Parts: TypeAlias = tuple[tuple[str, str, tuple[str, ...]], ...]

_CONV = ("weight", "bias")
_NORM = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
_BLOCK: _Parts = (
    ("project", "Conv_1x1", _CONV),
    ("first.conv", "RCNN.0.conv.0", _CONV),
    ("first.norm", "RCNN.0.conv.1", _NORM),
    ("second.conv", "RCNN.1.conv.0", _CONV),
    ("second.norm", "RCNN.1.conv.1", _NORM),
)
_RISE: _Parts = (("conv", "up.1", _CONV), ("norm", "up.2", _NORM))
_GATE: _Parts = (
    ("signal_conv", "W_g.0", _CONV),
    ("signal_norm", "W_g.1", _NORM),
    ("skip_conv", "W_x.0", _CONV),
    ("skip_norm", "W_x.1", _NORM),
    ("score_conv", "psi.0", _CONV),
    ("score_norm", "psi.1", _NORM),
)


def _build_table() -> dict[str, str]:
    modules = [(f"encoder.{i}", f"RRCNN{i + 1}", _BLOCK) for i in range(5)]
    for k in range(4):
        level = 5 - k
        modules += [
            (f"rise.{k}", f"Up{level}", _RISE),
            (f"gates.{k}", f"Att{level}", _GATE),
            (f"decoder.{k}", f"Up_RRCNN{level}", _BLOCK),
        ]
    table = {
        f"{ours}.{part}.{leaf}": f"{theirs}.{their_part}.{leaf}"
        for ours, theirs, parts in modules
        for part, their_part, leaves in parts
        for leaf in leaves
    }
    return table | {f"head.{leaf}": f"Conv_1x1.{leaf}" for leaf in _CONV}


REFERENCE_OF: Mapping[str, str] = _build_table()
"""Our key to the reference key; 258 entries."""

OURS_OF: Mapping[str, str] = {theirs: ours for ours, theirs in REFERENCE_OF.items()}
"""Reference key to our key."""


def to_reference_keys(state: Mapping[str, _Value]) -> dict[str, _Value]:
    """Rename one R2AU-Net state dict to the reference layout; values pass through untouched.

    Raises:
        WeightsError: Keys are missing or left over.
    """
    return _rename(state, REFERENCE_OF, "this app's")


def from_reference_keys(state: Mapping[str, _Value]) -> dict[str, _Value]:
    """Rename a state dict of the reference layout to ours; values pass through untouched.

    Raises:
        WeightsError: Keys are missing or left over.
    """
    return _rename(state, OURS_OF, "the reference")


def _rename(state: Mapping[str, _Value], table: Mapping[str, str], layout: str) -> dict[str, _Value]:
    missing = sorted(table.keys() - state.keys())
    unknown = sorted(state.keys() - table.keys())
    if missing or unknown:
        raise WeightsError(
            f"These are not R2AU-Net weights in {layout} layout: {len(missing)} keys missing {missing[:3]}, "
            f"{len(unknown)} unknown {unknown[:3]}.",
            "Check that the file belongs to R2AU-Net and was not renamed already.",
        )
    return {table[key]: value for key, value in state.items()}
