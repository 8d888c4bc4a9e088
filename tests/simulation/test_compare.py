"""Claims about comparisons: pairs by inspector, worst moments, promotions and refusals."""

from __future__ import annotations

from pathlib import Path

import pytest

from resatt_studio.simulation.compare import ahead, by_recipe, changes_elsewhere, compared_counts, sooner
from resatt_studio.simulation.points import Event, Point
from resatt_studio.simulation.promotions import gate_records
from resatt_studio.simulation.tables import Table, all_tables, write_markdown


def point(
    recipe: str,
    seed: int,
    seconds: float,
    photos: int,
    dice: float,
    weights_id: str = "a",
    event: Event = Event.APPROVED,
    **more: object,
) -> Point:
    return Point(recipe, seed, event, seconds, photos, 0, weights_id, dice, 0.8, 0.9, None, **more)  # type: ignore[arg-type]


def curve(recipe: str, seed: int, *dice: float) -> list[Point]:
    """A point for each photo, 10 s apart."""
    return [point(recipe, seed, 10.0 * photos, photos, one) for photos, one in enumerate(dice)]


def test_differences_are_of_the_same_inspector() -> None:
    points = [
        *curve("app", 0, 0.5, 0.8),
        *curve("app", 1, 0.5, 0.6),
        *curve("app", 2, 0.5, 0.7),
        *curve("full", 0, 0.5, 0.7),
        *curve("full", 1, 0.5, 0.5),
        *curve("full", 2, 0.5, 0.57),
    ]
    recipes = by_recipe(points)
    found = ahead(recipes["app"], recipes["full"], 1)
    assert found is not None and found.low is not None and found.high is not None
    # 4.303 is the 97.5 % point of Student's t with two degrees of freedom (any table of it)
    reach = 4.303 * 0.0173205 / 3**0.5
    assert (found.mean, found.pairs) == (pytest.approx(0.11), 3)
    assert (found.low, found.high) == pytest.approx((0.11 - reach, 0.11 + reach), abs=1e-4)


def test_one_pair_has_no_interval_and_no_pair_no_difference() -> None:
    recipes = by_recipe([*curve("app", 0, 0.5, 0.8), *curve("full", 0, 0.5, 0.7), *curve("none", 1, 0.5)])
    found = ahead(recipes["app"], recipes["full"], 1)
    assert found is not None and found.mean == pytest.approx(0.1) and found.low is found.high is None
    assert ahead(recipes["app"], recipes["none"], 1) is None


def test_recipes_are_compared_after_the_counts_that_were_reached() -> None:
    assert compared_counts(curve("app", 0, *[0.5] * 4)) == [1, 2, 3]
    assert compared_counts(curve("app", 0, *[0.5] * 11)) == [1, 2, 5, 10]


def test_the_worst_moment_elsewhere_counts_and_unjudged_ones_do_not() -> None:
    session = [
        point("app", 0, 0, 0, 0.5, elsewhere={"cfd": 0.6, "wet": 0.4}),
        point("app", 0, 1, 1, 0.5, elsewhere={"cfd": 0.5, "wet": 0.4}),
        point("app", 0, 2, 2, 0.5),
        point("app", 0, 3, 3, 0.5, elsewhere={"cfd": 0.62, "wet": 0.4}),
    ]
    found = changes_elsewhere({0: session})
    assert (found["cfd"].mean, found["cfd"].worst) == pytest.approx((0.02, -0.1))
    assert (found["wet"].mean, found["wet"].worst) == (0, 0)


def test_the_app_is_timed_to_where_the_best_baseline_ends() -> None:
    points = [
        *curve("app", 0, 0.5, 0.72, 0.8, 0.8, 0.8),
        *curve("full", 0, 0.5, 0.5, 0.6, 0.65, 0.7),
        *curve("none", 0, 0.5, 0.5, 0.5),
        *curve("replay", 0, 0.5, 0.9, 0.9),
    ]
    found = sooner(points)
    assert found is not None and (found.baseline, found.dice) == ("full", 0.7), "a control is no baseline"
    assert (found.baseline_s, found.ours_s, found.ratio) == (40.0, 10.0, 0.25)


def test_an_app_that_never_gets_there_has_no_ratio() -> None:
    found = sooner([*curve("app", 0, 0.5, 0.6), *curve("full", 0, 0.5, 0.7)])
    assert found is not None and found.ours_s is found.ratio is None
    assert sooner(curve("app", 0, 0.5, 0.6)) is None


SESSION = [
    point("app", 0, 0, 0, 0.50, "a", Event.START),
    point("app", 0, 1, 1, 0.50, "a"),
    point("app", 0, 2, 1, 0.60, "b", Event.LEARNED, reason="Promoted: Dice rose from 0.4 to 0.5."),
    point("app", 0, 3, 2, 0.60, "b", Event.LEARNED, reason="Not promoted: Dice stayed at 0.512 on 3 photos."),
    point("app", 0, 4, 3, 0.60, "b", Event.LEARNED, reason="Not promoted: Dice stayed at 0.6 on 11 photos."),
    point("app", 0, 5, 4, 0.57, "c", Event.LEARNED, reason="Promoted."),
    point("app", 0, 6, 5, 0.57, "c", Event.LEARNED, reason=" "),
]


def test_promotions_and_refusals_are_told_apart_and_counted() -> None:
    (record,) = gate_records([*SESSION, point("none", 0, 0, 0, 0.5)])
    assert [(one.replaced_id, one.weights_id) for one in record.promotions] == [("a", "b"), ("b", "c")]
    assert [one.change for one in record.promotions] == pytest.approx([0.1, -0.03])
    assert record.worst == pytest.approx(-0.03) and record.lost == 1
    assert record.refusals == (("Not promoted: Dice stayed at N on N photos.", 2),)
    assert record.without_reason == 1


def test_every_table_has_as_many_cells_as_heads_and_is_written_as_markdown(tmp_path: Path) -> None:
    seen = {"elsewhere": {"cfd": 0.5}}
    other = [point("full", 0, 0, 0, 0.5, **seen), point("full", 0, 9, 5, 0.55, **seen)]
    tables = all_tables([*SESSION, *other])
    assert all(len(row) == len(table.columns) for table in tables for row in table.rows)
    titles = " ".join(table.title for table in tables)
    for words in (
        "unseen photos",
        "paired",
        "other sets",
        "best baseline",
        "gates",
        "Promotions",
        "Refusals",
    ):
        assert words in titles
    write_markdown(tmp_path / "a.md", "wall", [*tables, Table("odd", ["a|b"], [["c|d"]])])
    lines = (tmp_path / "a.md").read_text().splitlines()
    assert lines[0] == "# wall" and "| a\\|b |" in lines
    assert "| app | 2 | -0.030 | 1 | 3 | 1 |" in lines
