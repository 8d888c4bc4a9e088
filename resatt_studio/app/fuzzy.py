"""Finds names by a few of their letters, for the command palette; without Qt."""

from __future__ import annotations

from dataclasses import dataclass

WORD_START, INITIALS, INSIDE, SCATTERED = 100.0, 80.0, 60.0, 20.0


@dataclass(frozen=True, slots=True)
class Match:
    """How well a text fits.

    Attributes:
        score: Higher is better.
        places: Indices of the letters that were asked for, for showing them.
    """

    score: float
    places: frozenset[int]


def match(query: str, text: str) -> Match | None:
    """Fit every word of ``query`` somewhere into ``text``, whatever its case.

    A word fits best at the beginning of a word, then as the first letters of words ("ac" in "Approve
    correction"), then inside one, then with its letters scattered in their order ("apcor"), where letters
    that begin words or follow each other count more.

    Returns:
        None when a word of the query does not fit.
    """
    lower, score, places = text.casefold(), 0.0, set[int]()
    if len(lower) != len(text):  # a letter that folds to two: places would be shifted
        lower = text.lower() if len(text.lower()) == len(text) else text
    for word in query.casefold().split():
        found = _word(word, lower)
        if found is None:
            return None
        score += found.score
        places |= found.places
    # Of two that fit alike the shorter one was more probably meant.
    return Match(score - len(text) / 100, frozenset(places))


def _word(word: str, text: str) -> Match | None:
    best: Match | None = None
    at = text.find(word)
    while at >= 0:
        score = (WORD_START if _starts(text, at) else INSIDE) - min(at, 20) / 4
        if best is None or score > best.score:
            best = Match(score, frozenset(range(at, at + len(word))))
        at = text.find(word, at + 1)
    if best is not None and (best.score > INITIALS or len(word) == 1):
        return best
    scattered = _scattered(word, text)
    return scattered if best is None or (scattered and scattered.score > best.score) else best


def _scattered(word: str, text: str) -> Match | None:
    """Letters in their order; at each one the beginning of a word is preferred, if the rest still fits."""
    places: list[int] = []
    start = 0
    for index, letter in enumerate(word):
        nearest = text.find(letter, start)
        if nearest < 0:
            return None
        chosen = nearest
        if not (places and nearest == places[-1] + 1):
            at = nearest
            while at >= 0 and not _starts(text, at):
                at = text.find(letter, at + 1)
            if at >= 0 and _fits(word[index + 1 :], text, at + 1):
                chosen = at
        places.append(chosen)
        start = chosen + 1
    starts = [_starts(text, at) for at in places]
    good = sum(start or at - 1 in places for start, at in zip(starts, places, strict=True))
    score = INITIALS if all(starts) else SCATTERED * good / len(word)
    return Match(score - (places[-1] - places[0]) / 20, frozenset(places))


def _fits(word: str, text: str, start: int) -> bool:
    for letter in word:
        start = text.find(letter, start) + 1
        if not start:
            return False
    return True


def _starts(text: str, at: int) -> bool:
    """Whether a word begins here."""
    return at == 0 or not text[at - 1].isalnum() or (text[at].isdigit() and not text[at - 1].isdigit())
