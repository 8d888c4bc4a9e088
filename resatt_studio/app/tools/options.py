"""What can be set about a tool: a table of records, from which the options bar and the settings follow."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from resatt_studio.errors import BugError

OptionValue: TypeAlias = str | float | bool
"""A choice's value, a number in the option's unit, or whether a switch is on."""


class OptionKind(Enum):
    """What a person can do with an option."""

    CHOICE = "choice"
    NUMBER = "number"
    SWITCH = "switch"


@dataclass(frozen=True, slots=True)
class Option:
    """One thing that can be set about a tool.

    Attributes:
        name: Unique within a tool; the settings know it as "tool.name".
        title: For people, before its field.
        kind: What it is set with.
        default: Of the kind's type: str, float or bool.
        help: One sentence for the tool tip; "{id}" becomes the key of that action.
        choices: Value and words of each choice.
        low, high: Range of a number, both included.
        step: By which its arrows change it.
        decimals: How many it is shown with.
        unit: Written behind it, such as "px".
        shared: Whether every tool with an option of this name means the same one, such as the label; the
            settings then know it as "name" alone.
        kept: Whether the settings remember it.
        when: Name of a choice of the same tool and the values with which this option means something; it is
            hidden otherwise. Empty for always.
    """

    name: str
    title: str
    kind: OptionKind
    default: OptionValue
    help: str
    choices: tuple[tuple[str, str], ...] = ()
    low: float = 0.0
    high: float = 0.0
    step: float = 1.0
    decimals: int = 0
    unit: str = ""
    shared: bool = False
    kept: bool = True
    when: tuple[str, ...] = ()

    def means(self, other: Option) -> bool:
        """Whether this is that shared option, perhaps shown at other times."""
        return self.shared and other.shared and self.name == other.name

    def valid(self, value: object) -> OptionValue:
        """``value`` as this option takes it: a number cut to its range, anything strange the default."""
        if self.kind is OptionKind.SWITCH:
            return value if isinstance(value, bool) else self.default
        if self.kind is OptionKind.CHOICE:
            known = {choice for choice, _ in self.choices}
            return value if isinstance(value, str) and value in known else self.default
        # A comparison that is false for what is not a number, so that no such value gets in.
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < float("inf"):
            return self.default
        return min(max(float(value), self.low), self.high)


def choice(
    name: str, title: str, choices: tuple[tuple[str, str], ...], help: str, default: str = ""
) -> Option:
    """An option with a few values, the first being the default unless another is named."""
    return Option(name, title, OptionKind.CHOICE, default or choices[0][0], help, choices)


def number(
    name: str,
    title: str,
    default: float,
    low: float,
    high: float,
    help: str,
    unit: str = "",
    step: float = 1.0,
    decimals: int = 0,
    when: tuple[str, ...] = (),
) -> Option:
    """An option that is a number between ``low`` and ``high``."""
    return Option(
        name, title, OptionKind.NUMBER, default, help,
        low=low, high=high, step=step, decimals=decimals, unit=unit, when=when,
    )  # fmt: skip


def switch(name: str, title: str, default: bool, help: str) -> Option:
    """An option that is on or off."""
    return Option(name, title, OptionKind.SWITCH, default, help)


LABEL = Option(
    "label", "Paint", OptionKind.CHOICE, "crack",
    "What is said about the pixels: crack ({paint_crack}), not crack ({paint_not_crack}; {swap_label} "
    "swaps them), or nothing at all.",
    choices=(("crack", "Crack"), ("not_crack", "Not crack"), ("unsaid", "Unsaid")), shared=True, kept=False,
)  # fmt: skip
"""What the inspector says with whatever tool is in hand; never remembered, every start begins with crack."""

RADIUS = Option(
    "radius", "Size", OptionKind.NUMBER, 4.0,
    "Width in photo pixels ({smaller_brush} and {larger_brush}, Shift+wheel, Alt+drag).",
    low=0.5, high=500.0, unit="px", shared=True,
)  # fmt: skip
"""Half the brush's width in photo pixels; the same for every tool that has a width."""


def find_option(options: Iterable[Option], name: str) -> Option:
    """The option of that name.

    Raises:
        BugError: There is none.
    """
    for option in options:
        if option.name == name:
            return option
    raise BugError(f"no option is called {name!r}")
