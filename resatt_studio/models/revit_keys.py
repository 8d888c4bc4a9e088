"""Our parameter names of ReViT and those of the authors' release, both ways; no torch.

=================================  =====================================================
ours (k = 0 .. depth - 1)          release (github.com/ADiko1997/ReViT)
=================================  =====================================================
``alpha``                          ``alpha``, only when it is learned
``class_token``                    ``cls_token``, only with a class token
``position``                       ``pos_embed``
``patch``                          ``patch_embed.proj``
``blocks.{k}.attention_norm``      ``blocks.{k}.norm1``
``blocks.{k}.attention.qkv``       ``blocks.{k}.attn.qkv``, its bias only with ``qkv_bias``
``blocks.{k}.attention.project``   ``blocks.{k}.attn.proj``
``blocks.{k}.mlp_norm``            ``blocks.{k}.norm2``
``blocks.{k}.mlp.expand``          ``blocks.{k}.mlp.fc1``
``blocks.{k}.mlp.shrink``          ``blocks.{k}.mlp.fc2``
``norm``                           ``norm``
``head``                           ``head.projection``
=================================  =====================================================

The release's checkpoints hold this state dict under ``model`` or ``model_state_dict``; the ``module.`` that
parallel training puts before every name is taken off.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TypeAlias, TypeVar

from resatt_studio.errors import WeightsError

_Value = TypeVar("_Value")
_Numbers: TypeAlias = tuple[int, ...]

_NUMBER = re.compile(r"(?<=\.)\d+(?=\.)")
_PARALLEL = "module."

BOTH = ("weight", "bias")


def rows(ours: str, theirs: str, leaves: tuple[str, ...] = BOTH) -> dict[str, str]:
    """Return ``{ours.leaf: theirs.leaf}``; ``{}`` in the names stands for the number of a stage or block."""
    return {f"{ours}.{leaf}": f"{theirs}.{leaf}" for leaf in leaves}


class KeyMap:
    """Two layouts of one network's state dict, for any number of blocks.

    Args:
        network: Name for messages.
        table: Our key to the release's; ``{}`` stands for the number of a stage or block.
        optional: Our keys that a configuration switches off everywhere at once.
        sometimes: Our keys that only some blocks have.
    """

    def __init__(
        self,
        network: str,
        table: Mapping[str, str],
        optional: Iterable[str] = (),
        sometimes: Iterable[str] = (),
    ) -> None:
        self.network = network
        self.table = dict(table)
        self.optional = frozenset(optional)
        self.sometimes = frozenset(sometimes)

    def to_reference(self, state: Mapping[str, _Value]) -> dict[str, _Value]:
        """Rename one state dict of ours; values pass through untouched.

        Raises:
            WeightsError: Keys are missing or left over.
        """
        self._refuse_difference(state, {ours: ours for ours in self.table}, "this app's")
        return {_renamed(key, self.table): value for key, value in state.items()}

    def from_reference(self, state: Mapping[str, _Value]) -> dict[str, _Value]:
        """Rename a state dict of the release to ours; values pass through untouched.

        Raises:
            WeightsError: Keys are missing or left over.
        """
        if state and all(key.startswith(_PARALLEL) for key in state):
            state = {key.removeprefix(_PARALLEL): value for key, value in state.items()}
        back = {theirs: ours for ours, theirs in self.table.items()}
        self._refuse_difference(state, back, "the reference")
        return {_renamed(key, back): value for key, value in state.items()}

    def _refuse_difference(
        self, state: Mapping[str, object], ours_of: Mapping[str, str], layout: str
    ) -> None:
        seen: dict[str, set[_Numbers]] = {}
        for key in state:
            seen.setdefault(_NUMBER.sub("{}", key), set()).add(tuple(map(int, _NUMBER.findall(key))))
        unknown = sorted(key for key in state if _NUMBER.sub("{}", key) not in ours_of)
        known = {numbers for pattern in seen.keys() & ours_of.keys() for numbers in seen[pattern]}
        needed = [
            pattern
            for pattern, ours in ours_of.items()
            if ours not in self.sometimes and (ours not in self.optional or pattern in seen)
        ]
        missing = sorted(
            pattern.format(*numbers)
            for pattern in needed
            for numbers in _expected(known, pattern.count("{}"), len(state))
            if pattern.format(*numbers) not in state
        )
        if missing or unknown:
            raise WeightsError(
                f"These are not {self.network} weights in {layout} layout: {len(missing)} keys missing "
                f"{missing[:3]}, {len(unknown)} unknown {unknown[:3]}.",
                f"Check that the file belongs to {self.network} and was not renamed already.",
            )


def _renamed(key: str, table: Mapping[str, str]) -> str:
    return table[_NUMBER.sub("{}", key)].format(*_NUMBER.findall(key))


def _expected(seen: set[_Numbers], count: int, limit: int) -> list[_Numbers]:
    """Return every ``count`` numbers from 0 to the highest seen at each level, or to ``limit``."""
    if not count:
        return [()]
    long_enough = {numbers[:count] for numbers in seen if len(numbers) >= count}
    return [
        (*head, last)
        for head in _expected(seen, count - 1, limit)
        for last in range(
            1 + min(limit, max((numbers[-1] for numbers in long_enough if numbers[:-1] == head), default=0))
        )
    ]


_KEYS = KeyMap(
    "ReViT",
    {"alpha": "alpha", "class_token": "cls_token", "position": "pos_embed"}
    | rows("patch", "patch_embed.proj")
    | rows("blocks.{}.attention_norm", "blocks.{}.norm1")
    | rows("blocks.{}.attention.qkv", "blocks.{}.attn.qkv")
    | rows("blocks.{}.attention.project", "blocks.{}.attn.proj")
    | rows("blocks.{}.mlp_norm", "blocks.{}.norm2")
    | rows("blocks.{}.mlp.expand", "blocks.{}.mlp.fc1")
    | rows("blocks.{}.mlp.shrink", "blocks.{}.mlp.fc2")
    | rows("norm", "norm")
    | rows("head", "head.projection"),
    optional=("alpha", "class_token", "blocks.{}.attention.qkv.bias"),
)

to_reference_keys, from_reference_keys = _KEYS.to_reference, _KEYS.from_reference
"""Between our layout of a ReViT state dict and the release's; see :class:`KeyMap`."""
