"""What the crack types are called in the window, and what is said of two networks' opinions on a photo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from resatt_studio.app.other_networks import TITLES
from resatt_studio.records.labelling import Labelling
from resatt_studio.records.labels import CRACK_TYPES, CrackType

CRACK_WORDS: Mapping[CrackType, tuple[str, str, str]] = {
    CrackType.NO_CRACK: ("No crack", "no crack", "Nothing in this photo is a crack."),
    CrackType.LONGITUDINAL: (
        "Longitudinal",
        "longitudinal",
        "The cracks run along the travel direction, which is taken as the photo's vertical.",
    ),
    CrackType.TRANSVERSE: (
        "Transverse",
        "transverse",
        "The cracks run across the travel direction, which is taken as the photo's vertical.",
    ),
    CrackType.BRANCHING: ("Branching", "branching", "Net-like or alligator cracking."),
}
"""Title, word in a sentence, and help of each type."""

UNSURE = 0.5
"""A winner below this probability is called a guess."""


def percent(probability: float) -> str:
    """Whole percent that never round to certainty: 0.996 is ">99 %"."""
    if 0.995 <= probability < 1:
        return ">99 %"
    return f"{100 * probability:.0f} %"


def opinion(labelling: Labelling) -> str:
    """What one network says, such as "transverse (91 %)"."""
    return f"{CRACK_WORDS[labelling.label][1]} ({_chance(labelling)})"


def agreement(labellings: Sequence[Labelling]) -> str:
    """One sentence on whether the networks agree; "" when none has answered."""
    if not labellings:
        return ""
    names = [TITLES[labelling.model] for labelling in labellings]
    if len(labellings) == 1:
        return f"{names[0]} says {opinion(labellings[0])}."
    if len({labelling.label for labelling in labellings}) == 1:
        word = CRACK_WORDS[labellings[0].label][1]
        chances = " and ".join(_chance(labelling) for labelling in labellings)
        return f"{' and '.join(names)} agree: {word} ({chances})."
    said = [f"{name} says {opinion(labelling)}" for name, labelling in zip(names, labellings, strict=True)]
    return f"They disagree: {', '.join(said)}."


def _chance(labelling: Labelling) -> str:
    """How probable the winner is, and whether that is no more than a guess."""
    probability = labelling.probabilities[CRACK_TYPES.index(labelling.label)]
    return percent(probability) + (", a guess" if probability < UNSURE else "")
