"""The app beside other recipes: paired differences, what is lost elsewhere, how much sooner."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from resatt_studio.simulation.points import PHOTO_COUNTS, Point, at_photos, at_seconds, by_session
from resatt_studio.simulation.recipes import RECIPES

OURS = "app"
_SAME = 1e-9

Sessions = dict[int, list[Point]]
"""Of one recipe, by seed."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How far ahead the app is, over inspectors who had the same photos to choose from.

    Attributes:
        mean: Dice of the app less Dice of the other.
        low, high: 95 % interval of the mean (Student's t over the inspectors' differences); None with one.
        pairs: Inspectors.
    """

    mean: float
    low: float | None
    high: float | None
    pairs: int


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Change of Dice on one other set since the session began, over inspectors.

    Attributes:
        mean: At the end.
        worst: The lowest at any moment that was judged.
    """

    mean: float
    worst: float


@dataclass(frozen=True, slots=True)
class Sooner:
    """How long the app takes to be as good as the best baseline ends.

    Attributes:
        baseline: The recipe that ends best, neither ours nor a control.
        dice: Mean Dice it ends with.
        baseline_s: Simulated seconds until its mean over inspectors first is as good as at its end.
        ours_s: The same for the app; None when it never is.
    """

    baseline: str
    dice: float
    baseline_s: float
    ours_s: float | None

    @property
    def ratio(self) -> float | None:
        """The app's seconds for each of the baseline's; None when it never gets there or none are needed."""
        return self.ours_s / self.baseline_s if self.ours_s is not None and self.baseline_s else None


def by_recipe(points: Iterable[Point]) -> dict[str, Sessions]:
    """Sessions of each recipe by their seed, in the order of the points."""
    recipes: dict[str, Sessions] = {}
    for (recipe, seed), session in by_session(points).items():
        recipes.setdefault(recipe, {})[seed] = session
    return recipes


def compared_counts(points: Sequence[Point]) -> list[int]:
    """Numbers of photos at which recipes are compared: those that were reached, and the last."""
    most = max(point.photos for point in points)
    return [one for one in PHOTO_COUNTS if one < most] + [most]


def ahead(ours: Sessions, other: Sessions, photos: int) -> Difference | None:
    """How far ahead the app is after so many photos; None without an inspector who walked both.

    Args:
        ours, other: Sessions by seed.
        photos: As for :func:`.points.at_photos`.
    """
    gaps = [
        at_photos(ours[seed], photos).dice - at_photos(other[seed], photos).dice
        for seed in ours
        if seed in other
    ]
    if not gaps:
        return None
    mean = statistics.fmean(gaps)
    if len(gaps) == 1:
        return Difference(mean, None, None, 1)
    from scipy.special import stdtrit  # comes with scikit-image

    reach = float(stdtrit(len(gaps) - 1, 0.975)) * statistics.stdev(gaps) / math.sqrt(len(gaps))
    return Difference(mean, mean - reach, mean + reach, len(gaps))


def changes_elsewhere(sessions: Sessions) -> dict[str, Elsewhere]:
    """Change on each other set by its name."""
    found: dict[str, Elsewhere] = {}
    for name in next(iter(sessions.values()))[0].elsewhere:
        ends: list[float] = []
        worst = math.inf
        for session in sessions.values():
            start = session[0].elsewhere[name]
            judged = [point.elsewhere[name] - start for point in session if name in point.elsewhere]
            ends.append(judged[-1])
            worst = min(worst, *judged)
        found[name] = Elsewhere(statistics.fmean(ends), worst)
    return found


def sooner(points: Sequence[Point]) -> Sooner | None:
    """How long the app takes to be as good as the best baseline ends; None without the app or a baseline."""
    recipes = by_recipe(points)
    baselines = {
        name: sessions
        for name, sessions in recipes.items()
        if name != OURS and not (name in RECIPES and RECIPES[name].control)
    }
    if OURS not in recipes or not baselines:
        return None
    ends = {name: _mean_dice(sessions, math.inf) for name, sessions in baselines.items()}
    best = max(ends, key=lambda name: ends[name])
    reached_s = _reached_s(baselines[best], ends[best])
    assert reached_s is not None, "a recipe is as good at its end as at its end"
    return Sooner(best, ends[best], reached_s, _reached_s(recipes[OURS], ends[best]))


def _mean_dice(sessions: Sessions, seconds: float) -> float:
    return statistics.fmean(at_seconds(session, seconds).dice for session in sessions.values())


def _reached_s(sessions: Sessions, dice: float) -> float | None:
    """The first moment at which the mean over inspectors is as good."""
    moments = sorted({point.simulated_s for session in sessions.values() for point in session})
    return next((one for one in moments if _mean_dice(sessions, one) >= dice - _SAME), None)
