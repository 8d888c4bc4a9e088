"""Statistics that are measured anew fit the weights; statistics that are held do not move."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from resatt_studio.learning.normalisation import (
    freeze_statistics,
    norm_layers,
    reestimate_statistics,
    reestimate_steps,
)
from resatt_studio.models import create_model


def network(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return create_model("r2aunet", base_width=2, t=2, stem=1)


def batches(n: int, size: int = 2) -> list[torch.Tensor]:
    chance = torch.Generator().manual_seed(7)
    return [torch.randn(size, 3, 32, 32, generator=chance) * 0.4 + 0.1 for _ in range(n)]


def buffers(module: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in module.named_buffers()}


def test_one_plain_layer_gets_the_true_mean_of_all_batches() -> None:
    layer = nn.Sequential(nn.BatchNorm2d(3))
    data = batches(5)
    assert reestimate_statistics(layer, data) == 5
    norm = norm_layers(layer)[0]
    assert norm.running_mean is not None
    assert torch.allclose(norm.running_mean, torch.cat(data).mean((0, 2, 3)), atol=1e-5)


def test_measuring_forgets_what_was_there_before() -> None:
    first, second = network(), network()
    for norm in norm_layers(second):
        assert norm.running_mean is not None
        norm.running_mean.fill_(99.0)
    for one in (first, second):
        reestimate_statistics(one, batches(3))
    assert all(torch.equal(a, b) for a, b in zip(first.buffers(), second.buffers(), strict=True))


def test_measuring_changes_no_weight_mode_or_momentum() -> None:
    net = network().train()
    net.get_submodule("encoder.0").eval()
    weights = copy.deepcopy(dict(net.named_parameters()))
    modes = [module.training for module in net.modules()]
    for _ in reestimate_steps(net, batches(2)):
        assert [module.training for module in net.modules()] == modes
    assert [module.training for module in net.modules()] == modes
    assert all(torch.equal(weights[name], value) for name, value in net.named_parameters())
    assert all(norm.momentum == 0.1 for norm in norm_layers(net))


def test_without_a_batch_the_old_statistics_stay() -> None:
    net = network()
    net.train()(batches(1)[0])
    before = buffers(net)
    assert reestimate_statistics(net, []) == 0
    assert all(torch.equal(before[name], value) for name, value in net.named_buffers())


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_after_fast_learning_measured_statistics_answer_closer_to_training(seed: int) -> None:
    """The fragility of spec section 5.5 in small, and its cure."""
    net = network(seed).train()
    photo = batches(1, size=8)[0]
    optimiser = torch.optim.Adam(net.parameters(), lr=2e-2)
    for _ in range(15):
        optimiser.zero_grad()
        (net(photo) - 3 * photo[:, :1].sign()).square().mean().backward()
        optimiser.step()
    with torch.no_grad():
        wanted = copy.deepcopy(net).train()(photo)
        stale = net.eval()(photo)
        reestimate_statistics(net, [photo])
        cured = net.eval()(photo)
    assert (cured - wanted).abs().mean() < 0.6 * (stale - wanted).abs().mean()


def test_held_statistics_are_bit_identical_after_learning() -> None:
    net = network().train()
    freeze_statistics(net)
    before = buffers(net)
    optimiser = torch.optim.SGD(net.parameters(), lr=0.1)
    for batch in batches(2):
        optimiser.zero_grad()
        net(batch).square().mean().backward()
        optimiser.step()
    assert all(torch.equal(before[name], value) for name, value in net.named_buffers())
    norm = norm_layers(net)[0]
    assert norm.weight.grad is not None
    assert not torch.equal(norm.weight, torch.ones_like(norm.weight))
