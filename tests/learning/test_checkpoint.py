"""Claims about the resume point."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from resatt_studio.errors import LearningError
from resatt_studio.learning.checkpoint import (
    PointWriter,
    ResumePoint,
    copied,
    read_point,
    write_point,
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
            "param_groups": [{"lr": 0.1, "betas": (0.8, 0.9), "params": [0]}],
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
    assert back.losses == [(1, 0.5), (2, 0.25)] and back.dices == [(2, 0.7)]
    assert back.optimiser["param_groups"] == [{"lr": 0.1, "betas": (0.8, 0.9), "params": [0]}]


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
    write_point(tmp_path / "point", point())
    assert read_point(tmp_path / "point", "that run") is None


def written(folder: Path) -> bytes:
    write_point(folder / "point", point(network={"a": torch.zeros(5000)}))
    return (folder / "point").read_bytes()


def with_a_byte_turned_over(folder: Path) -> bytes:
    data = written(folder)
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 0xFF]) + data[middle + 1 :]


def as_if_locked(folder: Path) -> bytes:
    data = bytearray(written(folder))
    data[data.index(b"PK\x01\x02") + 8] |= 1  # the first member's flags
    return bytes(data)


def as_if_packed_in_an_unknown_way(folder: Path) -> bytes:
    data = bytearray(written(folder))
    data[data.index(b"PK\x01\x02") + 10] ^= 0xFF  # how the first member is packed
    return bytes(data)


def of_the_form_before(folder: Path) -> bytes:
    torch.save({"format": "resatt-finetune-1", "step": 3}, folder / "point")
    return (folder / "point").read_bytes()


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: b"",
        lambda folder: b"no archive",
        lambda folder: written(folder)[:500],
        with_a_byte_turned_over,
        as_if_locked,
        as_if_packed_in_an_unknown_way,
        of_the_form_before,
    ],
    ids=["empty", "no archive", "cut off", "a byte turned over", "locked", "packed", "the form before"],
)
def test_a_damaged_point_is_told_and_passed_over(
    tmp_path: Path, damage: Callable[[Path], bytes], caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "point").write_bytes(damage(tmp_path))
    assert read_point(tmp_path / "point", "this run") is None
    assert "damaged" in caplog.text


def test_an_optimiser_goes_on_from_a_point_as_if_nothing_had_happened(tmp_path: Path) -> None:
    def learner() -> tuple[torch.nn.Module, torch.optim.Optimizer]:
        torch.manual_seed(0)
        # As the student's: its weights lie otherwise in memory than their sizes are read.
        network = torch.nn.Conv2d(4, 3, 3).to(memory_format=torch.channels_last)
        groups = [{"params": [network.weight], "lr": 0.1}, {"params": [network.bias], "lr": 0.01}]
        return network, torch.optim.AdamW(groups, betas=(0.8, 0.9), fused=True)

    def step(network: torch.nn.Module, optimiser: torch.optim.Optimizer) -> None:
        optimiser.zero_grad()
        network(torch.arange(200.0).reshape(2, 4, 5, 5) / 200).square().sum().backward()
        optimiser.step()

    network, optimiser = learner()
    step(network, optimiser)
    point_ = point(network=network.state_dict(), optimiser=optimiser.state_dict())
    write_point(tmp_path / "point", copied(point_))
    step(network, optimiser)
    back, (other, its_optimiser) = read_point(tmp_path / "point", "this run"), learner()
    assert back is not None
    other.load_state_dict(back.network)
    its_optimiser.load_state_dict(back.optimiser)
    step(other, its_optimiser)
    assert all(map(torch.equal, network.parameters(), other.parameters()))


@pytest.mark.parametrize(
    "tensor",
    [
        torch.rand(4, 3, 2, 2).to(memory_format=torch.channels_last),
        torch.rand(4, 1, 2, 2).as_strided((4, 1, 2, 2), (4, 1, 2, 1)),
        torch.rand(5, 4).T,
        torch.tensor(3),
        torch.zeros(0, 3),
    ],
    ids=["channels last", "one channel", "turned", "a number", "empty"],
)
def test_tensors_come_back_as_they_lay_in_memory(tmp_path: Path, tensor: torch.Tensor) -> None:
    write_point(tmp_path / "point", copied(point(network={"a": tensor})))
    back = read_point(tmp_path / "point", "this run")
    assert back is not None
    assert torch.equal(back.network["a"], tensor)
    assert back.network["a"].dtype == tensor.dtype and back.network["a"].stride() == tensor.stride()


@pytest.mark.parametrize("tensor", [torch.rand(6, 8)[::2, 1::3], torch.rand(3, 1).expand(3, 4)])
def test_tensors_with_gaps_or_shared_values_come_back_without(tmp_path: Path, tensor: torch.Tensor) -> None:
    write_point(tmp_path / "point", point(network={"a": tensor}))
    back = read_point(tmp_path / "point", "this run")
    assert back is not None and torch.equal(back.network["a"], tensor)


def test_no_point_is_no_error(tmp_path: Path) -> None:
    assert read_point(tmp_path / "point", "this run") is None


def test_a_write_cut_off_in_the_middle_leaves_the_old_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "point"
    write_point(path, point())

    def power_cut(number: int) -> None:
        raise OSError(5, "power cut")

    monkeypatch.setattr("os.fsync", power_cut)
    with pytest.raises(LearningError, match="power cut"):
        write_point(path, point(step=99))
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


def test_memory_that_runs_out_while_a_point_is_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_point(tmp_path / "point", point())
    writer = PointWriter(tmp_path / "point")
    told: list[str] = []
    writer.told = told.append

    def no_room(tensor: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(torch.Tensor, "contiguous", no_room)
    writer.write(point(step=99))
    writer.wait()
    back = read_point(tmp_path / "point", "this run")
    assert len(told) == 1 and "too little memory" in told[0]
    assert back is not None and back.step == 12
    assert [path.name for path in tmp_path.iterdir()] == ["point"]


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
