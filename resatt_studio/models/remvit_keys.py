"""Our parameter names of ReMViTv2 and those of the authors' release, both ways; no torch.

===========================================  ================================================================
ours (k = 0 .. depth - 1)                    release (github.com/ADiko1997/ReViT)
===========================================  ================================================================
``alpha``                                    ``alpha``, only when it is learned
``patch``                                    ``patch_embed.proj``
``blocks.{k}.attention_norm``                ``blocks.{k}.norm1``
``blocks.{k}.attention.qkv``                 ``blocks.{k}.attn.qkv``, its bias only with ``qkv_bias``
``blocks.{k}.attention.{part}_pool.conv``    ``blocks.{k}.attn.pool_{q, k, v}``, part = query, key, value
``blocks.{k}.attention.{part}_pool.norm``    ``blocks.{k}.attn.norm_{q, k, v}``
``blocks.{k}.attention.position.rows``       ``blocks.{k}.attn.rel_pos_h``
``blocks.{k}.attention.position.columns``    ``blocks.{k}.attn.rel_pos_w``
``blocks.{k}.attention.project``             ``blocks.{k}.attn.proj``
``blocks.{k}.widen``                         ``blocks.{k}.proj``, only where the width changes
``blocks.{k}.mlp_norm``                      ``blocks.{k}.norm2``
``blocks.{k}.mlp.expand``, ``.shrink``       ``blocks.{k}.mlp.fc1``, ``.fc2``
``norm``                                     ``norm``
``head``                                     ``head.projection``
===========================================  ================================================================

As for ReViT, the release's checkpoints hold this under ``model`` or ``model_state_dict``, and a ``module.``
before every name is taken off.
"""

from __future__ import annotations

from resatt_studio.models.revit_keys import KeyMap, rows

_OURS, _THEIRS = "blocks.{}.attention", "blocks.{}.attn"
_KEYS = KeyMap(
    "ReMViTv2",
    {"alpha": "alpha"}
    | rows("patch", "patch_embed.proj")
    | rows("blocks.{}.attention_norm", "blocks.{}.norm1")
    | rows(f"{_OURS}.qkv", f"{_THEIRS}.qkv")
    | rows(f"{_OURS}.query_pool.conv", f"{_THEIRS}.pool_q", ("weight",))
    | rows(f"{_OURS}.query_pool.norm", f"{_THEIRS}.norm_q")
    | rows(f"{_OURS}.key_pool.conv", f"{_THEIRS}.pool_k", ("weight",))
    | rows(f"{_OURS}.key_pool.norm", f"{_THEIRS}.norm_k")
    | rows(f"{_OURS}.value_pool.conv", f"{_THEIRS}.pool_v", ("weight",))
    | rows(f"{_OURS}.value_pool.norm", f"{_THEIRS}.norm_v")
    | {f"{_OURS}.position.rows": f"{_THEIRS}.rel_pos_h", f"{_OURS}.position.columns": f"{_THEIRS}.rel_pos_w"}
    | rows(f"{_OURS}.project", f"{_THEIRS}.proj")
    | rows("blocks.{}.widen", "blocks.{}.proj")
    | rows("blocks.{}.mlp_norm", "blocks.{}.norm2")
    | rows("blocks.{}.mlp.expand", "blocks.{}.mlp.fc1")
    | rows("blocks.{}.mlp.shrink", "blocks.{}.mlp.fc2")
    | rows("norm", "norm")
    | rows("head", "head.projection"),
    optional=("alpha", f"{_OURS}.qkv.bias"),
    sometimes=rows("blocks.{}.widen", "blocks.{}.proj"),
)

to_reference_keys, from_reference_keys = _KEYS.to_reference, _KEYS.from_reference
"""Between our layout of a ReMViTv2 state dict and the release's; see :class:`revit_keys.KeyMap`."""
