"""Claims about the clock of a run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resatt_studio.learning.pace import CHECKS, LONGEST_GAP_S, Pace
from resatt_studio.records.training import FineTunePlan


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def let_pass(pace: Pace, clock: Clock, seconds: float) -> None:
    """Time as a run sees it: the clock is looked at again and again."""
    while seconds > 0:
        clock.now += min(seconds, 1.0)
        seconds -= 1.0
        pace.over(1)


def test_time_for_judging_is_kept_free_at_the_end() -> None:
    clock = Clock()
    pace = Pace(FineTunePlan(seconds=60), clock=clock)
    let_pass(pace, clock, 4)
    pace.begin_learning(judging_seconds=4, step=0)
    let_pass(pace, clock, 60 - 4 - 12.5 - 0.1)
    assert not pace.over(10)
    clock.now += 0.2
    assert pace.over(10)


def test_with_a_step_limit_the_clock_does_not_change_the_schedule() -> None:
    plan = FineTunePlan(seconds=600, steps=100)
    slow, fast = Clock(), Clock()
    paces = [Pace(plan, clock=clock) for clock in (slow, fast)]
    for pace in paces:
        pace.begin_learning(1.0, 0)
    let_pass(paces[0], slow, 300)
    for step in range(101):
        assert paces[0].rate_factor(step) == paces[1].rate_factor(step)
        assert paces[0].over(step) == paces[1].over(step) == (step == 100)


def test_the_wall_clock_still_ends_a_run_of_too_many_steps() -> None:
    clock = Clock()
    pace = Pace(FineTunePlan(seconds=10, steps=1000), clock=clock)
    pace.begin_learning(0.1, 0)
    let_pass(pace, clock, 11)
    assert pace.over(3)


def test_each_check_is_due_once_and_in_time() -> None:
    pace = Pace(FineTunePlan(seconds=600, steps=100), clock=Clock())
    pace.begin_learning(1.0, 0)
    due = [step for step in range(100) if pace.check_due(step)]
    assert due == [round(100 * check) for check in CHECKS]


def test_a_resumed_run_counts_the_time_and_the_checks_it_had() -> None:
    clock = Clock()
    pace = Pace(FineTunePlan(seconds=60, steps=100), used_seconds=40.0, clock=clock)
    pace.begin_learning(1.0, step=60)
    assert pace.seconds_left == 20.0
    assert [step for step in range(60, 100) if pace.check_due(step)] == [75]


@given(st.floats(LONGEST_GAP_S, 1e6))
def test_a_laptop_that_slept_loses_ten_seconds_of_its_time_and_no_more(asleep: float) -> None:
    clock = Clock()
    pace = Pace(FineTunePlan(seconds=60), clock=clock)
    pace.begin_learning(1.0, 0)
    let_pass(pace, clock, 20)
    clock.now += asleep
    assert pace.seconds == pytest.approx(30) and not pace.over(10)
    let_pass(pace, clock, 28)
    assert pace.over(10)


def test_a_clock_that_goes_back_takes_nothing_back() -> None:
    clock = Clock()
    pace = Pace(FineTunePlan(seconds=60), clock=clock)
    let_pass(pace, clock, 20)
    clock.now -= 3600
    assert pace.seconds == 20
    clock.now += 1
    assert pace.seconds == 21


@given(step=st.integers(0, 99))
def test_the_rate_is_never_zero_and_never_above_the_plans(step: int) -> None:
    pace = Pace(FineTunePlan(seconds=600, steps=100), clock=Clock())
    pace.begin_learning(1.0, 0)
    assert 0.0 < pace.rate_factor(step) <= 1.0


def test_a_plan_too_short_for_its_judging_ends_after_one_step() -> None:
    clock = Clock()
    pace = Pace(FineTunePlan(seconds=2), clock=clock)
    clock.now += 3
    pace.begin_learning(3.0, 0)
    assert pace.over(1)
    assert pace.seconds_left == 0.0
