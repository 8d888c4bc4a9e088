"""Claims about choosing the fastest way of running a network."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from resatt_studio.errors import SettingsError
from resatt_studio.inference import choice
from resatt_studio.inference.choice import Choice, choose_path, fingerprint
from resatt_studio.inference.device import Compute
from resatt_studio.inference.engine import Engine
from resatt_studio.inference.fused.layers import available
from resatt_studio.inference.paths import AUTO, FOLDED, FUSED, PLAIN
from resatt_studio.inference.segmenter import Segmenter
from resatt_studio.inference.sliding import predict_tiles, run_to_end

pytestmark = [
    pytest.mark.skipif(not available(), reason="this torch has no oneDNN, and so one way only"),
    pytest.mark.usefixtures("one_thread"),
]

Make = Callable[..., Any]
EXACT = Compute(torch.device("cpu"))
RIVALS = (FOLDED, FUSED)


def scene() -> Tensor:
    return torch.rand((1, 3, 32, 32), generator=torch.Generator().manual_seed(3)) * 2.0 - 1.0


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "engine-paths.json"


@pytest.fixture
def choose(cache: Path) -> Callable[..., Choice]:
    def run(network: nn.Module, wanted: str = AUTO, compute: Compute = EXACT) -> Choice:
        return choose_path(network, compute, scene, wanted, cache=cache)

    return run


@pytest.fixture
def never_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    def race(self: object, paths: list[str]) -> dict[str, float]:
        raise AssertionError(f"{paths} were measured")

    monkeypatch.setattr(choice._Trial, "race", race)


def break_way(monkeypatch: pytest.MonkeyPatch, broken: str, how: str) -> None:
    """Let one way fail, or answer something else."""
    real = choice.prepare

    def prepare(network: nn.Module, compute: Compute, path: str, halve: bool) -> nn.Module:
        ready = real(network, compute, path, halve)
        if path != broken:
            return ready
        if how == "raises":
            raise RuntimeError("could not create a primitive")
        return nn.Sequential(ready, nn.Threshold(1e9, 7.0))

    monkeypatch.setattr(choice, "prepare", prepare)


def test_the_fastest_way_is_measured_once_and_remembered(choose: Make, small_r2aunet: Make) -> None:
    first = choose(small_r2aunet())
    assert first.reason == "measured"
    assert set(first.seconds) == set(RIVALS)
    assert first.path == min(first.seconds, key=first.seconds.__getitem__)
    assert choose(small_r2aunet(1)) == Choice(first.path, "remembered")


def test_what_is_remembered_is_taken_without_measuring(
    choose: Make, small_r2aunet: Make, cache: Path, never_measured: None
) -> None:
    for path in RIVALS:
        choice._remember(cache, fingerprint(small_r2aunet(), EXACT, (1, 3, 32, 32)), path)
        assert choose(small_r2aunet()) == Choice(path, "remembered")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe\x00",
        b'{"version": 99, "paths": {}}',
        b'{"version": 1, "paths": 3}',
        b'{"version": 1}',
    ],
)
def test_a_file_that_cannot_be_understood_is_measured_anew(
    choose: Make, small_r2aunet: Make, cache: Path, content: bytes
) -> None:
    cache.parent.mkdir()
    cache.write_bytes(content)
    assert choose(small_r2aunet()).reason == "measured"
    assert choose(small_r2aunet()).reason == "remembered"


def test_a_remembered_way_that_does_not_exist_is_measured_anew(
    choose: Make, small_r2aunet: Make, cache: Path
) -> None:
    choice._remember(cache, fingerprint(small_r2aunet(), EXACT, (1, 3, 32, 32)), "warp")
    assert choose(small_r2aunet()).path in RIVALS


def test_a_place_that_cannot_be_written_costs_no_more_than_the_memory(
    small_r2aunet: Make, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    for _ in range(2):
        chosen = choose_path(small_r2aunet(), EXACT, scene, cache=tmp_path / "file" / "paths.json")
        assert chosen.reason == "measured"


def test_only_so_many_networks_are_remembered(cache: Path) -> None:
    for number in range(choice.KEPT + 5):
        choice._remember(cache, str(number), FUSED)
    kept = list(json.loads(cache.read_text())["paths"])
    assert kept == [str(number) for number in range(5, choice.KEPT + 5)]


@pytest.mark.parametrize("how", ["raises", "answers something else"])
def test_a_way_that_fails_or_disagrees_is_not_taken(
    choose: Make, small_r2aunet: Make, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    break_way(monkeypatch, FUSED, how)
    chosen = choose(small_r2aunet())
    assert (chosen.path, list(chosen.seconds)) == (FOLDED, [FOLDED])


@pytest.mark.parametrize("how", ["raises", "answers something else"])
def test_a_remembered_way_that_disagrees_with_these_weights_gives_way_to_the_others(
    choose: Make, small_r2aunet: Make, cache: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    choice._remember(cache, fingerprint(small_r2aunet(), EXACT, (1, 3, 32, 32)), FUSED)
    with monkeypatch.context() as patch:
        break_way(patch, FUSED, how)
        assert choose(small_r2aunet()).path == FOLDED
    assert choose(small_r2aunet()) == Choice(FUSED, "remembered")


@pytest.mark.parametrize("how", ["raises", "answers something else"])
def test_in_doubt_the_plain_way_is_taken(
    choose: Make, small_r2aunet: Make, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    break_way(monkeypatch, FUSED, how)
    assert choose(small_r2aunet(), FUSED) == Choice(PLAIN, "doubt")
    break_way(monkeypatch, FOLDED, how)
    assert choose(small_r2aunet()) == Choice(PLAIN, "doubt")


def test_a_way_that_is_asked_for_is_taken_without_measuring(
    choose: Make, small_r2aunet: Make, never_measured: None
) -> None:
    for path in (PLAIN, FOLDED, FUSED):
        assert choose(small_r2aunet(), path) == Choice(path, "asked")


def test_a_network_with_one_way_needs_no_scene(brightness: Make) -> None:
    def no_scene() -> Tensor:
        raise AssertionError("a scene was drawn")

    assert choose_path(brightness(), EXACT, no_scene) == Choice(FOLDED, "only")
    assert choose_path(brightness(), EXACT, no_scene, FUSED) == Choice(FOLDED, "only")


def test_an_unknown_way_is_refused(choose: Make, small_r2aunet: Make) -> None:
    with pytest.raises(SettingsError, match="warp"):
        choose(small_r2aunet(), "warp")
    with pytest.raises(SettingsError, match="warp"):
        Engine("cpu", path="warp")


def test_what_is_remembered_belongs_to_network_machine_and_precision(
    small_r2aunet: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    shape = (1, 3, 32, 32)
    known = fingerprint(small_r2aunet(0), EXACT, shape)
    assert fingerprint(small_r2aunet(1), EXACT, shape) == known
    half = Compute(EXACT.device, torch.bfloat16)
    others = {
        fingerprint(small_r2aunet(t=2), EXACT, shape),
        fingerprint(small_r2aunet(base_width=6), EXACT, shape),
        fingerprint(small_r2aunet(), EXACT, (1, 3, 64, 64)),
        fingerprint(small_r2aunet(), half, shape),
    }
    monkeypatch.setattr(torch, "__version__", "9.9")
    others.add(fingerprint(small_r2aunet(), EXACT, shape))
    assert len(others) == 5
    assert known not in others


def test_a_network_made_ready_takes_the_way_it_is_given(small_r2aunet: Make, noise: Make) -> None:
    answers = []
    for path in (PLAIN, FOLDED, FUSED):
        segmenter = Segmenter(small_r2aunet(), EXACT, 1, path)
        assert segmenter.path == path
        answers.append(torch.from_numpy(segmenter.logits(noise(40, 50)[None])))
    assert torch.allclose(answers[0], answers[1], atol=1e-5)
    assert torch.allclose(answers[0], answers[2], atol=1e-5)


@pytest.mark.skipif(
    not available(torch.bfloat16), reason="this processor has one way only in bfloat16: nothing to doubt"
)
def test_in_doubt_a_network_made_ready_is_in_single_precision(
    small_r2aunet: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in RIVALS:
        break_way(monkeypatch, path, "raises")
    segmenter = Segmenter(small_r2aunet(), Compute(EXACT.device, torch.bfloat16), 1, AUTO)
    assert (segmenter.path, segmenter.compute) == (PLAIN, EXACT)


def test_a_packed_network_that_fails_in_the_middle_goes_on_plainly(small_r2aunet: Make, noise: Make) -> None:
    class Failing(nn.Module):
        def forward(self, photo: Tensor) -> Tensor:
            raise RuntimeError("could not execute a primitive")

    photo = noise(70, 90)
    plain, _ = run_to_end(predict_tiles(Segmenter(small_r2aunet(), EXACT, 1, PLAIN), photo, 64, 16))
    segmenter = Segmenter(small_r2aunet(), EXACT, 1, FUSED)
    segmenter._ready = Failing()
    answer, _ = run_to_end(predict_tiles(segmenter, photo, 64, 16))
    assert segmenter.path == PLAIN
    assert (answer == plain).all()


def test_a_network_that_fails_even_plainly_is_left_to_the_work_to_report(
    choose: Make, small_r2aunet: Make, monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    """There the lack of memory is met with smaller batches, the CPU, or a message that says what helps."""
    break_way(monkeypatch, PLAIN, "raises")
    assert choose(small_r2aunet()) == Choice(PLAIN, "doubt")
    assert not cache.exists()
