"""The sticky split: which photo groups teach and which ones judge, decided once and for ever.

The n-th group whose first correction is approved (n = 0, 1, 2 ...) is decided by four inputs only: its name,
n, how many groups of its round of five validate already, and a fixed seed. So two people who approve the
same photos in the same order get the same split, and nothing that happens later can move a group.
"""

from __future__ import annotations

from collections.abc import Iterable

from resatt_studio.records.photo import Split
from resatt_studio.records.stable import stable_number

ROUND = 5
"""One group in this many validates."""
ANSWER_ROUND = 3
"""The same for answers about whole photos: each says one word, so more of them have to judge."""

_SEED = b"resatt-split-1"


def decide_side(group: str, turn: int, validating_in_round: int, a_round: int = ROUND) -> Split:
    """Side of the group that is decided as number ``turn``.

    Every round of decisions gets exactly one validation group. In the first round of masks that is the last:
    until then held-back parts of the photos judge, and photos that came since, for of two photos one is too
    many to learn nothing from. In the first round of answers it is the second or the third. In later rounds
    every place is equally likely, as the hash of the group's name falls.

    Args:
        group: Name of the photo group.
        turn: How many groups were decided before.
        validating_in_round: How many of the current round's groups validate already, 0 or 1.
        a_round: Decisions of a round, from 3.

    Returns:
        The side, for good.
    """
    place = turn % a_round
    first, last = 0, a_round - 1
    if turn < a_round:
        first, last = (last, last) if a_round == ROUND else (1, 2)
    if validating_in_round or not first <= place <= last:
        return Split.TRAIN
    places_left = last - place + 1
    draw = stable_number(_SEED + group.encode())
    return Split.VALIDATION if draw % places_left == 0 else Split.TRAIN


def answer_sides(groups: Iterable[str]) -> dict[str, Split]:
    """Sides of photo groups for answers about whole photos, by group.

    These sides are independent of those for masks: no network learns from both.

    Args:
        groups: Groups in the order in which their first photo was answered; that order is on record for good,
            so the sides need no record of their own. A group that comes again changes nothing.
    """
    sides: dict[str, Split] = {}
    validating = 0
    for group in groups:
        if group in sides:
            continue
        turn = len(sides)
        if turn % ANSWER_ROUND == 0:
            validating = 0
        sides[group] = decide_side(group, turn, validating, ANSWER_ROUND)
        validating += sides[group] is Split.VALIDATION
    return sides
