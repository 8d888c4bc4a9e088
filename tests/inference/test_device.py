"""Claims about devices, precision and threads."""

from __future__ import annotations

import threading

import pytest
import torch

from resatt_studio.errors import SettingsError
from resatt_studio.inference import device


def test_auto_finds_a_device_that_can_add() -> None:
    assert float(torch.ones(2, device=device.choose_device("auto")).sum()) == 2.0


def test_an_unknown_device_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SettingsError, match="cuda"):
        device.choose_device("abacus")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
def test_a_device_that_is_not_there_is_refused_with_a_cure() -> None:
    with pytest.raises(SettingsError, match=r"no cuda device.*auto or cpu"):
        device.choose_device("cuda")


def test_precision_can_be_forced_both_ways() -> None:
    assert device.choose_compute("cpu", "fp32").dtype == torch.float32
    assert device.choose_compute("cpu", "bf16").dtype == torch.bfloat16
    with pytest.raises(SettingsError, match="precision"):
        device.choose_compute("cpu", "fp7")


def test_a_worker_that_leaves_a_core_takes_nothing_from_other_threads() -> None:
    before = torch.get_num_threads()
    seen: list[int] = []
    worker = threading.Thread(target=lambda: seen.append(device.apply_threads(lambda: 1)))
    worker.start()
    worker.join()
    assert seen == [1]
    assert torch.get_num_threads() == before


@pytest.mark.parametrize(("wanted", "given"), [(0, 1), (-3, 1), (10_000, device.core_count())])
def test_thread_numbers_without_a_meaning_are_brought_inside(wanted: int, given: int) -> None:
    before = torch.get_num_threads()
    try:
        assert device.apply_threads(wanted) == given
    finally:
        torch.set_num_threads(before)


def test_out_of_memory_is_told_from_other_errors() -> None:
    assert device.is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory"))
    assert device.is_out_of_memory(MemoryError())
    assert device.is_out_of_memory(RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"))
    assert not device.is_out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    assert not device.is_out_of_memory(ValueError("out of memory"))
