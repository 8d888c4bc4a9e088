"""Claims about norms that are folded into the layer before them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from resatt_studio.errors import BugError
from resatt_studio.inference.folding import fold_norms

Make = Callable[..., Any]


def norms_of(network: nn.Module) -> list[str]:
    return [
        name
        for name, module in network.named_modules()
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d)
    ]


def test_the_stem_the_downsamples_and_the_linear_neck_of_rmt_fold_and_change_no_answer(
    small_network: Make,
) -> None:
    network, folded = small_network("rmt"), small_network("rmt")
    assert fold_norms(folded) == 4 + 3 + 1
    assert norms_of(folded) == []
    photo = torch.randn(2, 3, 64, 96, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        assert torch.allclose(network(photo), folded(photo), atol=1e-5)


def test_norms_in_front_of_their_layer_stay_and_change_no_answer(small_network: Make) -> None:
    network, folded = small_network("dhformer"), small_network("dhformer")
    assert fold_norms(folded) == 0
    assert norms_of(folded) == norms_of(network) != []
    photo = torch.rand(1, 3, 40, 48, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        assert torch.equal(network(photo).clear, folded(photo).clear)


def test_a_network_without_batch_norms_is_left_as_it_is(small_network: Make) -> None:
    assert fold_norms(small_network("revit")) == 0


@pytest.mark.parametrize("norm", [nn.BatchNorm1d(4), nn.BatchNorm2d(4)])
def test_a_norm_without_a_layer_of_its_name_is_a_bug(norm: nn.Module) -> None:
    owner = nn.Module()
    owner.conv, owner.linear = nn.Conv2d(3, 5, 1), nn.Linear(3, 5)
    owner.norm = norm
    with pytest.raises(BugError, match=r"no layer (conv|linear) to fold into"):
        fold_norms(owner.eval())


def test_a_network_that_learns_does_not_fold(small_network: Make) -> None:
    with pytest.raises(BugError, match="evaluation"):
        fold_norms(small_network("rmt").train())
