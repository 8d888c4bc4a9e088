"""Other people's fine-tuning, as numbers: what the app's own way of learning is compared with."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

from resatt_studio.learning.augment import NONE, AugmentPlan


class Unsaid(StrEnum):
    """What a recipe makes of pixels that nobody painted."""

    IGNORED = "ignored"
    """They do not count."""
    HALF = "half"
    """Their logits are set to zero: probability one half, in the loss and without a gradient."""
    APPROVED = "approved"
    """The approved prediction, cut at one half, is their label; without one they do not count."""


class Judges(StrEnum):
    """What a candidate is compared on before and after."""

    NOTHING = "nothing"
    VALIDATION = "validation"
    """What was painted on the photos that the split holds back."""
    REFERENCE = "reference"
    """The reference set."""


FLIPS_AND_TURNS = replace(NONE, turn_degrees=1e-6)
"""Flips and quarter turns: a free turn this small moves nothing."""

FLIPS_TURNS_AND_LIGHT = replace(FLIPS_AND_TURNS, brightness=0.2, contrast=0.2)


@dataclass(frozen=True, slots=True)
class PlainRecipe:
    """Fine-tuning of the whole network on random patches of corrected photos.

    Attributes:
        optimiser: "adam", "adamw" or "sgd" (with Nesterov's momentum).
        learning_rate: Constant.
        momentum: Of "sgd".
        weight_decay: As the optimiser has it.
        clip_norm: Largest norm of the gradient, 0 for no limit.
        rootpainter_loss: Dice of the whole batch plus 0.3 cross-entropy over all pixels, instead of half
            cross-entropy and half Dice over the known ones.
        unsaid: What unpainted pixels are.
        painted_weight: Weight of painted pixels against others.
        replay: Share of patches from the reference set, with their true masks, in [0, 1].
        frozen_statistics: Whether BatchNorm keeps its statistics.
        from_factory: Start from the project's first weights each time, not from the active ones.
        held_back_too: Learn from the photos that the split holds back, too.
        steps_per_photo, least_steps, most_steps: Length; 0 steps a photo leaves it to the plan alone.
        enough_dice, enough_steps: Stop once the batch's Dice was above the one for so many steps in a row;
            0 steps never stop.
        judges: What the candidate is judged by.
        augment: How far patches leave the photos.
    """

    optimiser: str = "adamw"
    learning_rate: float = 5e-4
    momentum: float = 0.0
    weight_decay: float = 0.0
    clip_norm: float = 0.0
    rootpainter_loss: bool = False
    unsaid: Unsaid = Unsaid.APPROVED
    painted_weight: float = 1.0
    replay: float = 0.0
    frozen_statistics: bool = True
    from_factory: bool = False
    held_back_too: bool = True
    steps_per_photo: int = 0
    least_steps: int = 0
    most_steps: int = 0
    enough_dice: float = 1.0
    enough_steps: int = 0
    judges: Judges = Judges.NOTHING
    augment: AugmentPlan = field(default=FLIPS_AND_TURNS)

    def length(self, photos: int) -> int:
        """Steps for so many photos, 0 for no limit of its own."""
        if not self.steps_per_photo:
            return 0
        return min(max(self.steps_per_photo * photos, self.least_steps), self.most_steps)
