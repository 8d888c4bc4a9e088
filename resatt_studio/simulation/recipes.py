"""What is compared: one line a recipe; adding one is a line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from resatt_studio.errors import SettingsError
from resatt_studio.learning.plain_recipe import (
    FLIPS_TURNS_AND_LIGHT,
    Judges,
    PlainRecipe,
    Unsaid,
)
from resatt_studio.records.training import StartFrom


class Hand(StrEnum):
    """What the inspector does with the shown mask."""

    CORRECTS = "corrects"
    """Paints strokes over the errors beyond the tolerance band."""
    AGREES = "agrees"
    """Vouches for every pixel of the mask as it is shown, right or wrong."""


class Gate(StrEnum):
    """What decides whether a candidate comes into use."""

    APP = "app"
    """The app's own gate."""
    ALWAYS = "always"
    """Every candidate comes into use."""
    RISE = "rise"
    """Dice has to rise on what is held back; without anything held back nothing comes into use."""
    RETENTION = "retention"
    """Dice may fall by at most 0.01 on the reference set."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """One way of learning from an inspector.

    Attributes:
        name: On the command line and in reports.
        title: For people, in tables and plots.
        source: Where it is published, or what it shows.
        learns: False leaves the starting weights in use all the way.
        plan: Numbers of the app's ``FineTunePlan`` that differ.
        plain: Plain fine-tuning instead of the app's.
        gate: What decides about the candidate.
        hand: What the inspector does.
        start_from: Where the app's learning begins.
        control: True for what is no baseline: a control, or the app's own learning in another way.
    """

    name: str
    title: str
    source: str
    learns: bool = True
    plan: Mapping[str, Any] = field(default_factory=dict)
    plain: PlainRecipe | None = None
    gate: Gate = Gate.APP
    hand: Hand = Hand.CORRECTS
    start_from: StartFrom = StartFrom.NEWEST
    control: bool = False


RECIPES: dict[str, Recipe] = {recipe.name: recipe for recipe in (
    Recipe("app", "ResAtt Studio", "this app as it is: learning.finetune and learning.gate"),
    Recipe("continued", "ResAtt Studio, on from the weights in use",
           "this app's learning, each run from the weights in use instead of from where the one before ended",
           start_from=StartFrom.ACTIVE, control=True),
    Recipe("restarted", "ResAtt Studio, each run from the first weights",
           "this app's learning, each run from the first weights instead of from where the one before ended",
           start_from=StartFrom.FIRST, control=True),
    Recipe("ungated", "ResAtt Studio, every candidate in use",
           "the app's learning without its gate", gate=Gate.ALWAYS, control=True),
    Recipe("none", "no learning", "the starting weights all the way", learns=False),
    Recipe("full", "plain full fine-tuning",
           "AdamW 5e-4 on the whole network, BatchNorm statistics frozen, approved masks as labels",
           plain=PlainRecipe(), gate=Gate.ALWAYS),
    Recipe("rootpainter", "RootPainter",
           "Abe404/root_painter, trainer/src/loss.py and trainer.py: SGD 0.01, Nesterov 0.99, Dice + 0.3 CE, "
           "unknown pixels at 0.5, all annotations alike, saved when F1 rises on those held back",
           plain=PlainRecipe(optimiser="sgd", learning_rate=0.01, momentum=0.99, rootpainter_loss=True,
                             unsaid=Unsaid.HALF, held_back_too=False, judges=Judges.VALIDATION),
           gate=Gate.RISE),
    Recipe("cellpose", "Cellpose's rule",
           "Pachitariu and Stringer, Nature Methods 19, 2022: from the starting weights each time, on all "
           "images, unlabelled pixels as background, no validation; optimiser and loss as in full",
           plain=PlainRecipe(from_factory=True), gate=Gate.ALWAYS),
    Recipe("protocol", "first protocol",
           "this app's first specification: from the starting weights, Adam 5e-5, clipped at 1, half of each "
           "batch replayed with true masks, 40 steps a photo (100 to 400), painted pixels twice",
           plain=PlainRecipe(optimiser="adam", learning_rate=5e-5, clip_norm=1.0, painted_weight=2.0,
                             replay=0.5, from_factory=True, steps_per_photo=40, least_steps=100,
                             most_steps=400, enough_dice=0.95, enough_steps=20, judges=Judges.REFERENCE,
                             augment=FLIPS_TURNS_AND_LIGHT),
           gate=Gate.RETENTION),
    Recipe("agreeing", "control: corrections equal to the prediction",
           "the app's learning, without its gate, from masks that say what was predicted",
           gate=Gate.ALWAYS, hand=Hand.AGREES, control=True),
    Recipe("replay", "control: replay only",
           "the app's learning, without its gate, from reminders alone",
           plan={"replay": 1.0}, gate=Gate.ALWAYS, control=True),
)}  # fmt: skip
"""Every recipe by its name."""


def find_recipe(name: str) -> Recipe:
    """The line of a recipe.

    Raises:
        SettingsError: There is none of that name.
    """
    if name not in RECIPES:
        raise SettingsError(f"recipe {name!r} is unknown.", f"Choose one of {', '.join(RECIPES)}.")
    return RECIPES[name]
