"""Refusing constructor arguments that no layers can be built from, and saying what would fit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias, cast

from resatt_studio.errors import WeightsError

Check: TypeAlias = tuple[str, object, bool, str]
"""An option's name, its value, whether it fits, and what would."""


def sides_of(image_size: int | Sequence[int]) -> tuple[int, ...]:
    """Return (height, width) of one side or two; other lengths are for the caller to refuse."""
    return tuple(image_size) if isinstance(image_size, list | tuple) else (cast(int, image_size),) * 2


def is_whole(value: object, least: int = 1) -> bool:
    """Whether ``value`` is a whole number from ``least``."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def is_number(value: object) -> bool:
    """Whether ``value`` is a finite number and no truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def refuse_unfit(network: str, *checks: Check) -> None:
    """Refuse the first option that does not fit, and say what would.

    Args:
        network: Name for the message.
        checks: Name of an option, its value, whether it fits, and what would fit.

    Raises:
        WeightsError: An option does not fit.
    """
    for name, value, fits, wanted in checks:
        if not fits:
            raise WeightsError(f"{network} cannot have {name}={value!r}.", f"Give {wanted}.")


def whole_checks(**options: int) -> list[Check]:
    """Return the checks of options that must be whole numbers from 1."""
    return [(name, value, is_whole(value), "a whole number from 1") for name, value in options.items()]


def truth_checks(**options: bool) -> list[Check]:
    """Return the checks of options that must be true or false."""
    return [(name, value, isinstance(value, bool), "true or false") for name, value in options.items()]


def shared_checks(
    embed_dim: int, mlp_ratio: float, num_classes: int, drop_path_rate: float
) -> tuple[Check, ...]:
    """Return the checks of options that ReViT and its variants have in common."""
    hidden = is_number(mlp_ratio) and is_whole(embed_dim) and embed_dim * mlp_ratio >= 1
    rate = is_number(drop_path_rate) and 0 <= drop_path_rate < 1
    return (
        *whole_checks(embed_dim=embed_dim, num_classes=num_classes),
        ("mlp_ratio", mlp_ratio, hidden, "a number that leaves at least one hidden channel"),
        ("drop_path_rate", drop_path_rate, rate, "a number from 0 to below 1"),
    )
