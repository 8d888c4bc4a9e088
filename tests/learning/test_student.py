"""Claims about one learning step."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch

from resatt_studio.errors import OutOfMemory
from resatt_studio.inference.device import Compute
from resatt_studio.inference.segmenter import to_input
from resatt_studio.inference.sliding import run_to_end
from resatt_studio.learning.patches import Batch
from resatt_studio.learning.student import NotFinite, Reached, Student, relative_cost
from resatt_studio.models.state import build
from resatt_studio.records.training import FineTunePlan
from resatt_studio.records.weights import WeightsFile

EXACT = Compute(torch.device("cpu"))


def student(weights: WeightsFile, **more: Any) -> Student:
    return Student(build(weights), FineTunePlan(crop_px=64, **more), EXACT, cost=1.0, threads=1)


def batch(patches: int = 4, weight: float = 1.0, seed: int = 0) -> Batch:
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (patches, 64, 64, 3), dtype=np.uint8)
    target = (pixels[..., 0] < 60).astype(np.float32)
    names = tuple(f"photo {index}" for index in range(patches))
    return Batch(names, pixels, target, np.full(target.shape, weight, np.float32), np.zeros(patches, bool))


def look(given: Batch) -> torch.Tensor:
    return to_input(given.pixels, torch.device("cpu"))


def learned(taught: Student) -> torch.Tensor:
    return torch.cat([value.detach().flatten() for value in taught.network.parameters()])


def test_a_batch_may_be_taken_in_pieces_without_changing_what_is_learned(tiny_weights: WeightsFile) -> None:
    whole, pieces = student(tiny_weights), student(tiny_weights)
    whole.piece, pieces.piece = 4, 1
    first, second = run_to_end(whole.step(batch(), 1.0)), run_to_end(pieces.step(batch(), 1.0))
    assert first == pytest.approx(second, rel=1e-4)
    gradients = [torch.cat([p.grad.flatten() for p in s.network.parameters()]) for s in (whole, pieces)]
    assert torch.allclose(*gradients, rtol=1e-3, atol=1e-5)


def test_pixels_of_no_weight_change_nothing(tiny_weights: WeightsFile) -> None:
    given = batch()
    given.weight[:, :, 32:] = 0.0
    other = Batch(given.names, given.pixels, given.target.copy(), given.weight, given.reminder)
    other.target[:, :, 32:] = 1.0 - other.target[:, :, 32:]
    one, two = student(tiny_weights), student(tiny_weights)
    assert run_to_end(one.step(given, 1.0)) == run_to_end(two.step(other, 1.0))
    assert torch.equal(learned(one), learned(two))


def test_dice_hears_nothing_of_doubts(tiny_weights: WeightsFile) -> None:
    """Target 0.7 is what the old network was unsure of: cross-entropy keeps it, Dice would make it 1."""
    given = batch()
    given.target[:, :, 32:] = np.where(given.target[:, :, 32:] > 0, 0.7, 0.3)
    known = given.weight.copy()
    known[:, :, 32:] = 0.0
    of_the_sure = Batch(given.names, given.pixels, given.target, known, given.reminder)
    logits = student(tiny_weights).network(look(given)).detach()
    dice = [
        float(student(tiny_weights)._overlap(one, slice(0, 4), logits, 4)) for one in (given, of_the_sure)
    ]
    assert dice[0] == dice[1] > 0


def test_few_known_pixels_are_not_diluted_by_unknown_ones(tiny_weights: WeightsFile) -> None:
    few = batch()
    few.weight[:, 8:, :] = 0.0
    taught = student(tiny_weights)
    run_to_end(taught.step(few, 1.0))
    norm = torch.cat([p.grad.flatten() for p in taught.network.parameters()]).norm()
    taught_all = student(tiny_weights)
    run_to_end(taught_all.step(batch(), 1.0))
    norm_all = torch.cat([p.grad.flatten() for p in taught_all.network.parameters()]).norm()
    assert norm > 0.5 * norm_all


def test_learning_lowers_the_loss(tiny_weights: WeightsFile) -> None:
    pixels = np.full((2, 64, 64, 3), 200, np.uint8)
    pixels[0, 20:40], pixels[1, :, 10:40] = 40, 40
    target = (pixels[..., 0] < 100).astype(np.float32)
    stripes = Batch(("a", "b"), pixels, target, np.ones_like(target), np.zeros(2, bool))
    taught = student(tiny_weights, learning_rate=1e-2)
    losses = [run_to_end(taught.step(stripes, 1.0)) for _ in range(20)]
    assert losses[-1] < 0.93 * losses[0]


def test_statistics_are_bit_identical_after_learning(tiny_weights: WeightsFile) -> None:
    taught = student(tiny_weights)
    before = {name: value.clone() for name, value in build(tiny_weights).named_buffers()}
    for _ in range(3):
        run_to_end(taught.step(batch(), 1.0))
    after = taught.candidate_state()
    assert before
    assert all(torch.equal(after[name], value) for name, value in before.items())


@pytest.mark.parametrize("blend", [0.25, 1.0])
def test_the_candidate_goes_its_share_of_the_way(tiny_weights: WeightsFile, blend: float) -> None:
    taught = student(tiny_weights, blend=blend)
    run_to_end(taught.step(batch(), 1.0))
    start, candidate = build(tiny_weights).state_dict(), taught.candidate_state()
    for name, average in taught.average.items():
        assert torch.allclose(candidate[name], start[name] + blend * (average - start[name]), atol=1e-7)


@pytest.mark.parametrize(("runs", "share"), [(1, 1 / 2), (2, 1 / 3), (9, 1 / 3)])
def test_after_earlier_runs_the_candidate_is_a_mean_of_them_and_of_this_one(
    tiny_weights: WeightsFile, runs: int, share: float
) -> None:
    start = build(tiny_weights).state_dict()
    mean = {name: value + 0.01 for name, value in start.items() if value.is_floating_point()}
    plan = FineTunePlan(crop_px=64, blend=0.5)
    taught = Student(build(tiny_weights), plan, EXACT, cost=1.0, threads=1, earlier=Reached(mean, runs))
    run_to_end(taught.step(batch(), 1.0))
    candidate = taught.candidate_state()
    for name, average in taught.average.items():
        reached = mean[name] + share * (average - mean[name])
        assert torch.allclose(candidate[name], start[name] + 0.5 * (reached - start[name]), atol=1e-6)


def test_the_network_it_came_from_is_untouched(tiny_weights: WeightsFile) -> None:
    network = build(tiny_weights)
    before = [value.clone() for value in network.parameters()]
    taught = Student(network, FineTunePlan(crop_px=64), EXACT, cost=1.0, threads=1)
    run_to_end(taught.step(batch(), 1.0))
    assert all(torch.equal(one, two) for one, two in zip(before, network.parameters(), strict=True))
    assert not torch.equal(before[0], next(taught.network.parameters()))


def test_between_pieces_torch_is_as_it_was(tiny_weights: WeightsFile) -> None:
    taught = student(tiny_weights)
    taught.piece = 2
    chance = torch.random.get_rng_state()
    pauses = 0
    for _ in taught.step(batch(), 1.0):
        pauses += 1
        assert torch.is_grad_enabled()
        assert not torch.is_autocast_enabled("cpu")
        assert torch.equal(torch.random.get_rng_state(), chance)
    assert pauses == 4  # two pieces, each looked at and learned from


@pytest.mark.parametrize("where", ["target", "weight"])
def test_a_loss_that_is_no_number_names_the_photo_and_teaches_nothing(
    tiny_weights: WeightsFile, where: str
) -> None:
    taught = student(tiny_weights)
    taught.piece = 1
    before = learned(taught)
    bad = batch()
    getattr(bad, where)[2, 5, 5] = np.nan
    with pytest.raises(NotFinite, match="photo"):
        run_to_end(taught.step(bad, 1.0))
    assert torch.equal(learned(taught), before)
    assert taught.steps_done == 0


def test_out_of_memory_means_fewer_patches_then_smaller_ones_then_a_clear_end(
    tiny_weights: WeightsFile,
) -> None:
    taught = Student(build(tiny_weights), FineTunePlan(crop_px=512, batch=4), EXACT, cost=0.1, threads=1)
    taught.piece = 4
    seen, told = [], []
    taught.told = told.append
    full = torch.OutOfMemoryError("out of memory")
    with pytest.raises(OutOfMemory, match="smaller base width"):
        for _ in range(10):
            taught.make_room(full)
            seen.append((taught.piece, taught.crop_px))
    assert seen == [(2, 512), (1, 512), (1, 256), (1, 128)]
    assert [words.split("goes on with ")[1] for words in told] == [
        "2 patches at a time.",
        "1 patch at a time.",
        "patches of 256 pixels.",
        "patches of 128 pixels.",
    ]


def test_other_errors_pass(tiny_weights: WeightsFile) -> None:
    with pytest.raises(RuntimeError, match="shapes"):
        student(tiny_weights).make_room(RuntimeError("shapes do not fit"))


def test_a_snapshot_restores_the_very_same_course(tiny_weights: WeightsFile) -> None:
    one = student(tiny_weights)
    run_to_end(one.step(batch(), 1.0))
    two = student(tiny_weights)
    kept = copy.deepcopy(one.snapshot())
    two.restore(**kept)
    for taught in (one, two):
        run_to_end(taught.step(batch(seed=1), 0.7))
    assert torch.equal(learned(one), learned(two))
    assert all(torch.equal(one.average[name], two.average[name]) for name in one.average)


def test_the_default_network_costs_one() -> None:
    assert relative_cost({"base_width": 16, "t": 2, "stem": 2}) == pytest.approx(1.0)
    assert relative_cost({"base_width": 64, "t": 2, "stem": 1}) == pytest.approx(64.0)
