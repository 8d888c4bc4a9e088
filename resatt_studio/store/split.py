"""The sticky split: which photo groups teach and which ones judge, decided once and for ever.

The n-th group whose first correction is approved (n = 0, 1, 2 ...) is decided by four inputs only: its name,
n, how many groups of its round of five validate already, and a fixed seed. So two people who approve the
same photos in the same order get the same split, and nothing that happens later can move a group.
"""

from __future__ import annotations

from resatt_studio.records.photo import Split
from resatt_studio.records.stable import stable_number

ROUND = 5
"""One group in this many validates."""

_SEED = b"resatt-split-1"


def decide_side(group: str, turn: int, validating_in_round: int) -> Split:
    """Side of the group that is decided as number ``turn``.

    Every round of five decisions gets exactly one validation group. In the first round that is the second or
    the third, so that there is something to learn from at once and something to judge by soon; in later
    rounds every place is equally likely, as the hash of the group's name falls.

    Args:
        group: Name of the photo group.
        turn: How many groups were decided before.
        validating_in_round: How many of the current round's groups validate already, 0 or 1.

    Returns:
        The side, for good.
    """
    place = turn % ROUND
    first, last = (1, 2) if turn < ROUND else (0, ROUND - 1)
    if validating_in_round or not first <= place <= last:
        return Split.TRAIN
    places_left = last - place + 1
    draw = stable_number(_SEED + group.encode())
    return Split.VALIDATION if draw % places_left == 0 else Split.TRAIN
