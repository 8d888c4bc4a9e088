"""Claims about what may move while fine-tuning."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from resatt_studio.errors import LearningError
from resatt_studio.learning.freeze import parameter_groups, prepare_to_learn
from resatt_studio.models import create_model


@pytest.fixture
def network() -> nn.Module:
    return create_model("r2aunet", base_width=4, t=1, stem=2)


def test_a_forward_pass_leaves_the_statistics_alone(network: nn.Module) -> None:
    prepare_to_learn(network)
    before = {name: value.clone() for name, value in network.named_buffers()}
    network(torch.randn(2, 3, 64, 64)).sum().backward()
    assert all(torch.equal(value, before[name]) for name, value in network.named_buffers())


def test_everything_but_the_statistics_learns_by_default(network: nn.Module) -> None:
    prepare_to_learn(network)
    assert all(parameter.requires_grad for parameter in network.parameters())
    (group,) = parameter_groups(network, 1e-3)
    assert sum(p.numel() for p in group["params"]) == sum(p.numel() for p in network.parameters())


def test_factors_go_by_the_longest_beginning_and_zero_freezes(network: nn.Module) -> None:
    factors = {"encoder": 0.5, "encoder.0": 0.0}
    prepare_to_learn(network, factors)
    frozen = [name for name, value in network.named_parameters() if not value.requires_grad]
    assert frozen
    assert all(name.startswith("encoder.0.") for name in frozen)
    groups = parameter_groups(network, 1e-3, factors)
    assert sorted(group["lr"] for group in groups) == pytest.approx([5e-4, 1e-3])


def test_freezing_everything_is_refused(network: nn.Module) -> None:
    with pytest.raises(LearningError, match="every part"):
        prepare_to_learn(network, {"": 0.0})
