"""Claims about the tree of versions: every line leads to the parent, none runs through another's mark."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resatt_studio.records.weights import LabelComparison, LabelScores, Scores, WeightsState, WeightsVersion
from resatt_studio.workflow.forgetting import forgetting
from resatt_studio.workflow.lineage import (
    LineageRow,
    gain,
    gain_words,
    graph_text,
    lineage_rows,
    parent_of,
)


def version(number: int, parent: int = 0, state: WeightsState = WeightsState.RETIRED) -> WeightsVersion:
    """Number ``parent`` is its parent; 0 for none."""
    came_from = f"{parent:064x}" if parent else ""
    return WeightsVersion(f"{number:064x}", "r2aunet", {}, number, came_from, state, name=f"v{number}")


def scores(dice: float) -> Scores:
    return Scores(dice, dice, dice, dice, dice)


@st.composite
def families(draw: st.DrawFn) -> list[WeightsVersion]:
    """Up to 40 versions, each from an older one or from none."""
    count = draw(st.integers(1, 40))
    return [version(number, draw(st.integers(0, number - 1))) for number in range(1, count + 1)]


def found_below(rows: tuple[LineageRow, ...], start: int) -> int | None:
    """Row that the lines lead to when one goes down from a mark."""
    row = rows[start]
    lane = row.lane if row.below else row.branch
    if lane is None:
        return None
    for below in range(start + 1, len(rows)):
        if rows[below].lane == lane and rows[below].above:
            return below
        assert lane in rows[below].through, "the line goes on until it ends at a mark"
    raise AssertionError("the line leads nowhere")


@given(families())
def test_following_the_lines_down_leads_to_the_parent(versions: list[WeightsVersion]) -> None:
    rows = lineage_rows(versions)
    assert [row.version.number for row in rows] == list(range(len(versions), 0, -1))
    for place, row in enumerate(rows):
        parent = parent_of(row.version, versions)
        assert row.parent is parent
        below = found_below(rows, place)
        assert (None if below is None else rows[below].version) is parent


@given(families())
def test_no_line_runs_through_the_mark_of_another(versions: list[WeightsVersion]) -> None:
    for row in lineage_rows(versions):
        assert row.lane not in row.through
        assert len(set(row.through)) == len(row.through)
        assert row.branch is None or row.branch in row.through, "it branches off a line that is there"


def test_a_hundred_promoted_lessons_stand_in_one_lane_and_a_hundred_refused_ones_in_two() -> None:
    chain = [version(number, number - 1) for number in range(1, 101)]
    assert {row.lane for row in lineage_rows(chain)} == {0}
    refused = [version(1), *(version(number, 1, WeightsState.REFUSED) for number in range(2, 101))]
    assert {row.lane for row in lineage_rows(refused)} == {0, 1}


def test_the_newest_child_goes_on_straight_and_the_others_branch_off() -> None:
    rows = lineage_rows([version(1), version(2, 1), version(3, 2), version(4, 2), version(5)])
    assert [graph_text(row, 2).rstrip() for row in rows] == ["○", "○", "├─○", "○", "○"]
    assert [(row.version.number, row.lane, row.branch) for row in rows] == [
        (5, 0, None),
        (4, 0, None),
        (3, 1, 0),
        (2, 0, None),
        (1, 0, None),
    ]


def test_a_version_that_claims_a_newer_parent_stands_on_its_own() -> None:
    rows = lineage_rows([version(1, 2), version(2, 1)])
    assert [(row.version.number, row.parent and row.parent.number) for row in rows] == [(2, 1), (1, None)]


def test_the_gain_is_what_the_judging_photos_say() -> None:
    bare = version(2, 1)
    assert gain(bare) is None and gain_words(bare) == ""
    judged = WeightsVersion("2", "r2aunet", {}, 2, before=scores(0.7), after=scores(0.69996))
    assert gain_words(judged) == "+0.000", "a rounded nothing has no minus"
    labels = LabelComparison(*(LabelScores(8, right, 0.5) for right in (5, 6, 8, 7)))
    named = WeightsVersion("3", "rmt", {}, 3, labels=labels)
    assert gain(named) == pytest.approx(1 / 8) and gain_words(named) == "+1 of 8"


@pytest.mark.parametrize(
    ("after", "over", "words"),
    [
        (0.92, False, "Nothing forgotten: Dice 0.900 → 0.920 on the reference set."),
        (0.885, False, "0.015 forgotten, within the limit of 0.020: Dice 0.900 → 0.885"),
        (0.85, True, "0.050 forgotten, over the limit of 0.020: Dice 0.900 → 0.850"),
    ],
)
def test_forgetting_is_told_beside_its_limit(after: float, over: bool, words: str) -> None:
    told = forgetting(
        WeightsVersion("2", "r2aunet", {}, 2, reference_before=scores(0.9), reference_after=scores(after))
    )
    assert told is not None and told.over is over and told.words.startswith(words)


def test_a_label_network_forgets_tiles_and_an_unasked_version_nothing_known() -> None:
    assert forgetting(version(1)) is None
    labels = LabelComparison(*(LabelScores(10, right, 0.5) for right in (5, 6, 9, 7)))
    told = forgetting(WeightsVersion("3", "rmt", {}, 3, labels=labels))
    assert told is not None and told.over and (told.before, told.after) == (0.9, 0.7)
