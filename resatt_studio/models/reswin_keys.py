"""Our parameter names of ReSwin and those of the authors' release, both ways; no torch.

=================================================  ====================================================
ours (s = stage, k = block of it)                  release (github.com/ADiko1997/ReViT)
=================================================  ====================================================
``patch``, ``patch_norm``                          ``patch_embed.proj``, ``patch_embed.norm``
``stages.{s}.blocks.{k}.attention_norm``           ``layers.{s}.blocks.{k}.norm1``
``stages.{s}.blocks.{k}.attention.qkv``            ``layers.{s}.blocks.{k}.attn.qkv``
``stages.{s}.blocks.{k}.attention.project``        ``layers.{s}.blocks.{k}.attn.proj``
``stages.{s}.blocks.{k}.attention.position``       ``layers.{s}.blocks.{k}.attn.relative_position_bias_table``
``stages.{s}.blocks.{k}.attention.position_of``    ``layers.{s}.blocks.{k}.attn.relative_position_index``
``stages.{s}.blocks.{k}.shift_mask``               ``layers.{s}.blocks.{k}.attn_mask``, shifted blocks only
``stages.{s}.blocks.{k}.mlp_norm``                 ``layers.{s}.blocks.{k}.norm2``
``stages.{s}.blocks.{k}.mlp.expand``, ``.shrink``  ``layers.{s}.blocks.{k}.mlp.fc1``, ``.fc2``
``stages.{s}.merge.norm``, ``.reduce``             ``layers.{s}.downsample.norm``, ``.reduction``
``norm``, ``head``                                 ``norm``, ``head``
=================================================  ====================================================

Position index and shift mask are buffers that follow from the configuration; they are kept so that a file of
the release comes back bit-exact.
"""

from __future__ import annotations

from resatt_studio.models.revit_keys import KeyMap, rows

_OURS, _THEIRS = "stages.{}.blocks.{}", "layers.{}.blocks.{}"
_MASK = {f"{_OURS}.shift_mask": f"{_THEIRS}.attn_mask"}
_MERGE = rows("stages.{}.merge.norm", "layers.{}.downsample.norm") | rows(
    "stages.{}.merge.reduce", "layers.{}.downsample.reduction", ("weight",)
)
_KEYS = KeyMap(
    "ReSwin",
    rows("patch", "patch_embed.proj")
    | rows("patch_norm", "patch_embed.norm")
    | rows(f"{_OURS}.attention_norm", f"{_THEIRS}.norm1")
    | rows(f"{_OURS}.attention.qkv", f"{_THEIRS}.attn.qkv")
    | rows(f"{_OURS}.attention.project", f"{_THEIRS}.attn.proj")
    | {
        f"{_OURS}.attention.position": f"{_THEIRS}.attn.relative_position_bias_table",
        f"{_OURS}.attention.position_of": f"{_THEIRS}.attn.relative_position_index",
    }
    | rows(f"{_OURS}.mlp_norm", f"{_THEIRS}.norm2")
    | rows(f"{_OURS}.mlp.expand", f"{_THEIRS}.mlp.fc1")
    | rows(f"{_OURS}.mlp.shrink", f"{_THEIRS}.mlp.fc2")
    | rows("norm", "norm")
    | rows("head", "head")
    | _MASK
    | _MERGE,
    optional=(f"{_OURS}.attention.qkv.bias",),
    sometimes=(*_MASK, *_MERGE),
)

to_reference_keys, from_reference_keys = _KEYS.to_reference, _KEYS.from_reference
"""Between our layout of a ReSwin state dict and the release's; see :class:`revit_keys.KeyMap`."""
