"""Claims about the resume point."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from resatt_studio.errors import LearningError
from resatt_studio.learning.checkpoint import (
    PointWriter,
    ResumePoint,
    pack_point,
    read_point,
    write_whole,
)


def point(**more: Any) -> ResumePoint:
    values: dict[str, Any] = {
        "fingerprint": "this run",
        "step": 12,
        "seconds": 3.5,
        "chance": '{"state": 123456789012345678901234567890}',
        "network": {"a": torch.arange(6.0)},
        "average": {"a": torch.arange(6.0) / 2},
        "optimiser": {
            "state": {0: {"step": torch.tensor(3.0)}},
            "param_groups": [{"lr": 0.1, "params": [0]}],
        },
        "losses": [(1, 0.5), (2, 0.25)],
        "dices": [(2, 0.7)],
        "best": {"a": torch.zeros(6)},
        "best_facts": "{}",
    }
    return ResumePoint(**(values | more))


def test_a_point_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "runs" / "1" / "checkpoint.pt"
    writer = PointWriter(path)
    writer.write(point())
    writer.wait()
    back = read_point(path, "this run")
    assert back is not None
    assert (back.step, back.seconds, back.chance) == (12, 3.5, point().chance)
    assert torch.equal(back.network["a"], torch.arange(6.0))
    assert torch.equal(back.optimiser["state"][0]["step"], torch.tensor(3.0))
    assert [tuple(pair) for pair in back.losses] == [(1, 0.5), (2, 0.25)]


def test_learning_may_go_on_while_a_point_is_written(tmp_path: Path) -> None:
    values = torch.zeros(200_000)
    writer = PointWriter(tmp_path / "point")
    writer.write(point(network={"a": values}))
    values.add_(1.0)
    writer.wait()
    back = read_point(tmp_path / "point", "this run")
    assert back is not None
    assert not back.network["a"].any()


def test_a_point_of_another_run_is_passed_over(tmp_path: Path) -> None:
    write_whole(tmp_path / "point", pack_point(point()))
    assert read_point(tmp_path / "point", "that run") is None


@pytest.mark.parametrize("damage", [b"", b"no archive", pack_point(point())[:500]])
def test_a_damaged_point_is_told_and_passed_over(
    tmp_path: Path, damage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "point").write_bytes(damage)
    assert read_point(tmp_path / "point", "this run") is None
    assert "damaged" in caplog.text


def test_no_point_is_no_error(tmp_path: Path) -> None:
    assert read_point(tmp_path / "point", "this run") is None


def test_a_write_cut_off_in_the_middle_leaves_the_old_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "point"
    write_whole(path, pack_point(point()))

    def power_cut(number: int) -> None:
        raise OSError(5, "power cut")

    monkeypatch.setattr("os.fsync", power_cut)
    with pytest.raises(LearningError, match="power cut"):
        write_whole(path, pack_point(point(step=99)))
    back = read_point(path, "this run")
    assert back is not None
    assert back.step == 12


def test_a_failed_write_is_told_and_the_next_one_is_tried(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    writer = PointWriter(tmp_path / "file" / "point")
    told: list[str] = []
    writer.told = told.append
    writer.write(point())
    writer.wait()
    assert len(told) == 1 and "cannot be written" in told[0] and "Learning goes on" in told[0]
    (tmp_path / "file").unlink()
    writer.write(point(step=13))
    writer.wait()
    back = read_point(tmp_path / "file" / "point", "this run")
    assert len(told) == 1 and back is not None and back.step == 13


def test_a_finished_run_leaves_no_point(tmp_path: Path) -> None:
    writer = PointWriter(tmp_path / "point")
    writer.write(point())
    writer.forget()
    assert list(tmp_path.iterdir()) == []
    writer.forget()


def test_without_a_path_nothing_is_written(tmp_path: Path) -> None:
    writer = PointWriter(None)
    writer.write(point())
    writer.forget()
    assert list(tmp_path.iterdir()) == []
