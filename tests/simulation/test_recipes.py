"""Claims about the table of recipes: every line can be walked, and names what it claims to be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from resatt_studio.errors import SettingsError
from resatt_studio.learning.plain_recipe import Judges, Unsaid
from resatt_studio.records.training import FineTunePlan, FineTuneResult, StartFrom
from resatt_studio.records.weights import Scores
from resatt_studio.simulation.learners import judge_by
from resatt_studio.simulation.recipes import RECIPES, Gate, Recipe, find_recipe

WANTED = {"app", "none", "full", "rootpainter", "cellpose", "protocol", "agreeing", "replay"}
NEEDS = {Gate.RISE: Judges.VALIDATION, Gate.RETENTION: Judges.REFERENCE}


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=list(RECIPES))
def test_every_recipe_keeps_the_contract(recipe: Recipe) -> None:
    assert RECIPES[recipe.name] is recipe and recipe.title and recipe.source
    replace(FineTunePlan(), **recipe.plan)  # a number that the plan does not have would raise
    if recipe.plain is None:
        assert recipe.gate in (Gate.APP, Gate.ALWAYS)
    else:
        assert not recipe.plan and recipe.gate is not Gate.APP
        assert recipe.plain.judges is NEEDS.get(recipe.gate, Judges.NOTHING)
    shown = recipe.gate is Gate.ALWAYS or recipe.start_from is not StartFrom.NEWEST
    assert not recipe.control or shown, "a gate would hide what a control shows"


def test_the_recipes_that_are_compared_are_there() -> None:
    assert set(RECIPES) >= WANTED


def test_rootpainter_is_as_published() -> None:
    plain = RECIPES["rootpainter"].plain
    assert plain is not None
    assert (plain.optimiser, plain.learning_rate, plain.momentum) == ("sgd", 0.01, 0.99)
    assert plain.rootpainter_loss and plain.unsaid is Unsaid.HALF


def test_the_first_protocol_takes_forty_steps_a_photo_between_bounds() -> None:
    plain = RECIPES["protocol"].plain
    assert plain is not None
    assert [plain.length(photos) for photos in (1, 5, 20)] == [100, 200, 400]


def test_an_unknown_recipe_is_refused_by_name() -> None:
    with pytest.raises(SettingsError, match="rootpainter"):
        find_recipe("rotpainter")


def result(before: float | None, after: float | None) -> FineTuneResult:
    here, there = (None if one is None else Scores(one, 0, 0, 0, 0) for one in (before, after))
    return FineTuneResult(None, here, there, here, there, 1, 1.0)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("gate", "before", "after", "promoted"),
    [
        (Gate.ALWAYS, None, None, True),
        (Gate.RISE, 0.5, 0.51, True),
        (Gate.RISE, 0.5, 0.5, False),
        (Gate.RISE, None, None, False),
        (Gate.RETENTION, 0.5, 0.491, True),
        (Gate.RETENTION, 0.5, 0.489, False),
        (Gate.RETENTION, None, None, True),
    ],
)
def test_each_gate_decides_as_it_says(
    gate: Gate, before: float | None, after: float | None, promoted: bool
) -> None:
    verdict = judge_by(gate, result(before, after))
    assert verdict.promoted is promoted and verdict.reason
