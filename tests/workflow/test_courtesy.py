"""Claims about courtesy: one core less while somebody paints, all of them again two seconds later."""

from __future__ import annotations

import pytest

from resatt_studio.inference import device
from resatt_studio.workflow.courtesy import PAINTING_SECONDS, Courtesy


@pytest.mark.parametrize(
    ("cores", "asked", "resting", "painting"),
    [(8, 0, 8, 7), (8, 3, 3, 3), (2, 0, 2, 1), (1, 0, 1, 1), (4, 9, 4, 3)],
)
def test_a_core_is_left_to_the_window_while_somebody_paints(
    monkeypatch: pytest.MonkeyPatch, cores: int, asked: int, resting: int, painting: int
) -> None:
    monkeypatch.setattr(device, "core_count", lambda: cores)
    now = [100.0]
    courtesy = Courtesy(asked, lambda: now[0])
    assert courtesy.threads_now() == resting
    courtesy.painted()
    assert courtesy.painting and courtesy.threads_now() == painting
    now[0] += PAINTING_SECONDS
    assert not courtesy.painting and courtesy.threads_now() == resting
