"""Claims about courtesy: one core less while somebody paints, all of them again two seconds later, and no
thread on a core that other programs use."""

from __future__ import annotations

import pytest

from resatt_studio.inference import device
from resatt_studio.workflow.courtesy import PAINTING_SECONDS, Courtesy, CpuSeconds, SpareCores, read_cpu


@pytest.mark.parametrize(
    ("cores", "asked", "resting", "painting"),
    [(8, 0, 8, 7), (8, 3, 3, 3), (2, 0, 2, 1), (1, 0, 1, 1), (4, 9, 4, 3)],
)
def test_a_core_is_left_to_the_window_while_somebody_paints(
    monkeypatch: pytest.MonkeyPatch, cores: int, asked: int, resting: int, painting: int
) -> None:
    monkeypatch.setattr(device, "core_count", lambda: cores)
    now = [100.0]
    courtesy = Courtesy(asked, lambda: now[0], lambda: cores)
    assert courtesy.threads_now() == resting
    courtesy.painted()
    assert courtesy.painting and courtesy.threads_now() == painting
    now[0] += PAINTING_SECONDS
    assert not courtesy.painting and courtesy.threads_now() == resting


@pytest.mark.parametrize(
    ("cores", "machine", "own", "threads"),
    [
        (2, 2.0, 2.0, 2),  # nobody else
        (2, 2.0, 1.8, 2),  # a window that is drawn now and then
        (2, 2.0, 1.0, 1),  # two programs on two cores, each with half of them
        (2, 2.0, 0.67, 1),  # three, and less than one core left
        (8, 3.0, 1.0, 6),
        (64, 62.0, 0.0, 2),
    ],
)
def test_threads_take_the_cores_that_others_leave(
    cores: int, machine: float, own: float, threads: int
) -> None:
    now, told = [10.0], [CpuSeconds(500.0, 20.0)]
    spare = SpareCores(lambda: now[0], lambda: told[0], cores)
    assert spare.now() == cores, "before a second has passed nothing is known"
    told[0] = CpuSeconds(500.0 + 2 * machine, 20.0 + 2 * own)
    now[0] += 0.5
    assert spare.now() == cores
    now[0] += 1.5
    assert spare.now() == threads
    now[0] += 2.0
    told[0] = CpuSeconds(told[0].machine, told[0].own)
    assert spare.now() == cores, "all is quiet again"


def test_painting_and_other_programs_both_take_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "core_count", lambda: 4)
    courtesy = Courtesy(0, lambda: 0.0, lambda: 2)
    assert courtesy.threads_now() == 2
    courtesy.painted()
    assert courtesy.threads_now() == 2, "the window takes the core that somebody else has left"


def test_the_system_says_what_was_computed() -> None:
    before = read_cpu()
    ends = before.own + 0.2
    while read_cpu().own < ends:
        sum(range(10_000))
    after = read_cpu()
    assert after.own - before.own >= 0.2 and after.machine - before.machine >= 0.15
