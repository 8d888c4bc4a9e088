"""Our parameter names of RMT and those of the authors' released weights, both ways; no torch.

How many stages' blocks, factors and heads there are is read from the keys themselves.

===============================================  ====================================================
ours (s = 0..3 stage, k block)                   reference
===============================================  ====================================================
``stem.{i}.conv``, ``.norm`` (i = 0..3)          ``patch_embed.proj.{3i}``, ``.{3i+1}``
``stages.{s}.prior.angle``, ``.decay``           ``layers.{s}.Relpos.angle``, ``.decay`` (may be absent)
``stages.{s}.blocks.{k}.position``               ``layers.{s}.blocks.{k}.pos.conv``
``stages.{s}.blocks.{k}.attention_norm``         ``layers.{s}.blocks.{k}.retention_layer_norm``
``stages.{s}.blocks.{k}.attention.query``,       ``layers.{s}.blocks.{k}.retention.q_proj``,
``.key``, ``.value``, ``.out``                   ``.k_proj``, ``.v_proj``, ``.out_proj``
``stages.{s}.blocks.{k}.attention.local``        ``layers.{s}.blocks.{k}.retention.lepe.conv``
``stages.{s}.blocks.{k}.attention_scale``        ``layers.{s}.blocks.{k}.gamma_1`` (layer-scale)
``stages.{s}.blocks.{k}.ffn_norm``               ``layers.{s}.blocks.{k}.final_layer_norm``
``stages.{s}.blocks.{k}.ffn.rise``, ``.fall``    ``layers.{s}.blocks.{k}.ffn.fc1``, ``.fc2``
``stages.{s}.blocks.{k}.ffn.local``              ``layers.{s}.blocks.{k}.ffn.dwconv.conv``
``stages.{s}.blocks.{k}.ffn_scale``              ``layers.{s}.blocks.{k}.gamma_2`` (layer-scale)
``stages.{s}.downsample.conv``, ``.norm``        ``layers.{s}.downsample.reduction``, ``.norm`` (s < 3)
``neck.linear``, ``neck.norm``, ``head``         ``proj``, ``norm``, ``head`` (classifiers)
``aux_head``                                     ``aux_head`` (token labelling)
``dense_norms.{s}``                              ``extra_norms.{s}`` (dense networks)
===============================================  ====================================================
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from resatt_studio.errors import WeightsError

if TYPE_CHECKING:
    from resatt_studio.models.rmt import RMT

_Value = TypeVar("_Value")
_Rows: TypeAlias = tuple[tuple[str, str, tuple[str, ...]], ...]

_STAGES = 4
_LAYER = ("weight", "bias")
_NORM = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
_BLOCK: _Rows = (
    ("position", "pos.conv", _LAYER),
    ("attention_norm", "retention_layer_norm", _LAYER),
    ("attention.query", "retention.q_proj", _LAYER),
    ("attention.key", "retention.k_proj", _LAYER),
    ("attention.value", "retention.v_proj", _LAYER),
    ("attention.out", "retention.out_proj", _LAYER),
    ("attention.local", "retention.lepe.conv", _LAYER),
    ("ffn_norm", "final_layer_norm", _LAYER),
    ("ffn.rise", "ffn.fc1", _LAYER),
    ("ffn.local", "ffn.dwconv.conv", _LAYER),
    ("ffn.fall", "ffn.fc2", _LAYER),
)
_SCALES = (("attention_scale", "gamma_1"), ("ffn_scale", "gamma_2"))
_CONSTANTS = ("angle", "decay")
_CLASSIFIER: _Rows = (("neck.linear", "proj", _LAYER), ("neck.norm", "norm", _NORM), ("head", "head", _LAYER))
_CLOSE = 1e-4  # relative; two machines may round the last digits of a constant differently


def to_reference_keys(state: Mapping[str, _Value]) -> dict[str, _Value]:
    """Rename one RMT state dict to the reference layout; values pass through untouched.

    Raises:
        WeightsError: Keys are missing or left over.
    """
    return _rename(state, _table(state, ours=True), "this app's")


def from_reference_keys(state: Mapping[str, _Value]) -> dict[str, _Value]:
    """Rename a state dict of the reference layout to ours; values pass through untouched.

    The constants ``Relpos.angle`` and ``Relpos.decay`` may be left out, as :class:`RMT` computes them too;
    :func:`check_buffers` tells whether they belong to its configuration.

    Raises:
        WeightsError: Keys are missing or left over.
    """
    inverse = {theirs: ours for ours, theirs in _table(state, ours=False).items()}
    return _rename(state, inverse, "the reference")


def check_buffers(network: RMT, reference_state: Mapping[str, Any]) -> None:
    """Check the constants in weights of the reference layout against the configuration of ``network``.

    They show a wrong head count, head width, ``init_values`` or ``heads_ranges``, which shapes alone do not:
    no parameter depends on the last two. Call it on a freshly built network, as loading weights overwrites
    its constants with theirs. Constants that the weights leave out are not checked.

    Args:
        network: With constants of its own.
        reference_state: Tensors by reference key; other entries are ignored.

    Raises:
        WeightsError: A constant has another size or value.
    """
    own = network.state_dict()
    for stage in range(_STAGES):
        for name, options in (("angle", "embed_dims or num_heads"), ("decay", "init_values or heads_ranges")):
            wanted, key = own[f"stages.{stage}.prior.{name}"], f"layers.{stage}.Relpos.{name}"
            if key not in reference_state:
                continue
            given = reference_state[key]
            if given.shape != wanted.shape:
                raise WeightsError(
                    f"{key} has {len(given)} values and this RMT {len(wanted)}.",
                    "The weights were trained with other embed_dims or num_heads.",
                )
            off = (given.detach().to(wanted) - wanted).abs() > _CLOSE * wanted.abs()
            if bool(off.any()):
                raise WeightsError(
                    f"{key} does not belong to stage {stage + 1} of this RMT.",
                    f"The weights were trained with other {options}, or are damaged.",
                )


def _table(state: Iterable[str], ours: bool) -> dict[str, str]:
    """Our key to the reference key, for a network with the parts that the keys of ``state`` name."""
    keys = set(state)
    stage_word, constant_word = ("stages", "prior") if ours else ("layers", "Relpos")
    block_key = re.compile(rf"{stage_word}\.(\d+)\.blocks\.(\d+)\.(.+)")
    found = [match for match in map(block_key.fullmatch, keys) if match]
    depths, scaled = [1] * _STAGES, set()
    for match in found:
        stage, block = int(match[1]), int(match[2])
        # A block number far out cannot be right, and must not make a table without end.
        if stage < _STAGES and block < len(keys):
            depths[stage] = max(depths[stage], block + 1)
            if match[3] in (pair[0 if ours else 1] for pair in _SCALES):
                scaled.add(stage)
    table: dict[str, str] = {}

    def add(our_part: str, their_part: str, leaves: tuple[str, ...]) -> None:
        table.update({f"{our_part}.{leaf}": f"{their_part}.{leaf}" for leaf in leaves})

    for index in range(4):
        add(f"stem.{index}.conv", f"patch_embed.proj.{3 * index}", _LAYER)
        add(f"stem.{index}.norm", f"patch_embed.proj.{3 * index + 1}", _NORM)
    for stage, depth in enumerate(depths):
        if ours or any(f".{constant_word}." in key for key in keys):
            add(f"stages.{stage}.prior", f"layers.{stage}.Relpos", _CONSTANTS)
        for block in range(depth):
            here, there = f"stages.{stage}.blocks.{block}", f"layers.{stage}.blocks.{block}"
            for our_part, their_part, leaves in _BLOCK:
                add(f"{here}.{our_part}", f"{there}.{their_part}", leaves)
            if stage in scaled:
                table |= {f"{here}.{our_part}": f"{there}.{their_part}" for our_part, their_part in _SCALES}
        if stage + 1 < _STAGES:
            add(f"stages.{stage}.downsample.conv", f"layers.{stage}.downsample.reduction", _LAYER)
            add(f"stages.{stage}.downsample.norm", f"layers.{stage}.downsample.norm", _NORM)
    dense = any(key.startswith("dense_norms." if ours else "extra_norms.") for key in keys)
    if dense:
        for stage in range(_STAGES):
            add(f"dense_norms.{stage}", f"extra_norms.{stage}", _LAYER)
    if not dense or "head.weight" in keys:
        for our_part, their_part, leaves in _CLASSIFIER:
            add(our_part, their_part, leaves)
    if any(key.startswith("aux_head.") for key in keys):
        add("aux_head", "aux_head", _LAYER)
    return table


def _rename(state: Mapping[str, _Value], table: Mapping[str, str], layout: str) -> dict[str, _Value]:
    missing = sorted(table.keys() - state.keys())
    unknown = sorted(state.keys() - table.keys())
    if missing or unknown:
        raise WeightsError(
            f"These are not RMT weights in {layout} layout: {len(missing)} keys missing {missing[:3]}, "
            f"{len(unknown)} unknown {unknown[:3]}.",
            "Check that the file belongs to RMT and was not renamed already.",
        )
    return {table[key]: value for key, value in state.items()}
