"""What the crack types are called in the window, and what is said of two networks' opinions on a photo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from resatt_studio.app.other_networks import TITLES
from resatt_studio.records.labelling import Labelling
from resatt_studio.records.labels import CRACK_TYPES, CrackType
from resatt_studio.words import joined, mark, tr

CRACK_WORDS: Mapping[CrackType, tuple[str, str, str]] = {
    CrackType.NO_CRACK: (mark("No crack"), mark("no crack"), mark("Nothing in this photo is a crack.")),
    CrackType.LONGITUDINAL: (
        mark("Longitudinal"),
        mark("longitudinal"),
        mark("The cracks run along the travel direction, which is taken as the photo's vertical."),
    ),
    CrackType.TRANSVERSE: (
        mark("Transverse"),
        mark("transverse"),
        mark("The cracks run across the travel direction, which is taken as the photo's vertical."),
    ),
    CrackType.BRANCHING: (mark("Branching"), mark("branching"), mark("Net-like or alligator cracking.")),
}
"""Title, word in a sentence, and help of each type."""

CALLS: Mapping[CrackType, str] = {
    CrackType.NO_CRACK: mark("Call it no crack"),
    CrackType.LONGITUDINAL: mark("Call it longitudinal"),
    CrackType.TRANSVERSE: mark("Call it transverse"),
    CrackType.BRANCHING: mark("Call it branching"),
}
"""The act of calling a photo so."""

UNSURE = 0.5
"""A winner below this probability is called a guess."""


def percent(probability: float) -> str:
    """Whole percent that never round to certainty: 0.996 is ">99 %"."""
    if 0.995 <= probability < 1:
        return ">99 %"
    return f"{100 * probability:.0f} %"


def opinion(labelling: Labelling) -> str:
    """What one network says, such as "transverse (91 %)"."""
    return f"{tr(CRACK_WORDS[labelling.label][1])} ({_chance(labelling)})"


def agreement(labellings: Sequence[Labelling]) -> str:
    """One sentence on whether the networks agree; "" when none has answered."""
    if not labellings:
        return ""
    names = [TITLES[labelling.model] for labelling in labellings]
    if len(labellings) == 1:
        return tr("{name} says {opinion}.").format(name=names[0], opinion=opinion(labellings[0]))
    if len({labelling.label for labelling in labellings}) == 1:
        word = tr(CRACK_WORDS[labellings[0].label][1])
        chances = joined([_chance(labelling) for labelling in labellings])
        return tr("{names} agree: {word} ({chances}).").format(
            names=joined(names), word=word, chances=chances
        )
    said = [
        tr("{name} says {opinion}").format(name=name, opinion=opinion(labelling))
        for name, labelling in zip(names, labellings, strict=True)
    ]
    return tr("They disagree: {opinions}.").format(opinions=tr(", ").join(said))


def _chance(labelling: Labelling) -> str:
    """How probable the winner is, and whether that is no more than a guess."""
    probability = labelling.probabilities[CRACK_TYPES.index(labelling.label)]
    percents = percent(probability)
    return tr("{percent}, a guess").format(percent=percents) if probability < UNSURE else percents
