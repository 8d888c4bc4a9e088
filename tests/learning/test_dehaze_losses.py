"""The dehazing losses are what their formulas say, and the truth costs nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from resatt_studio.errors import BugError
from resatt_studio.imaging.quality import ssim
from resatt_studio.learning.dehaze_losses import (
    CRACK_AWARE,
    DehazeWeights,
    crack_edge_loss,
    dehaze_loss,
    stage_loss,
    structural_similarity,
    total_variation,
)
from resatt_studio.models.dhformer import Dehazed, DHFormer


def answer_of(clear: Tensor, transmission: Tensor, coarse: Tensor | None = None) -> Dehazed:
    """What a network would say that finds ``clear`` behind airlight 0.9."""
    residual = 0.9 * (1 - transmission) / transmission
    return Dehazed(
        transmission=transmission,
        ratio=clear + residual,
        residual=residual.expand_as(clear),
        coarse=clear if coarse is None else coarse,
        refined_residual=residual.expand_as(clear),
        clear=clear,
        channel_gates=torch.ones(len(clear), 4),
        spatial_gates=torch.ones_like(transmission),
    )


def example(seed: int = 0, side: int = 24) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Clear photo and transmission, then an answer that is off."""
    chance = torch.Generator().manual_seed(seed)
    clear, off = (torch.rand(2, 3, side, side, generator=chance) for _ in range(2))
    t, t_off = (torch.rand(2, 1, side, side, generator=chance) * 0.8 + 0.15 for _ in range(2))
    return clear, t, off, t_off


def test_the_truth_costs_nothing() -> None:
    clear, t, _, _ = example()
    loss = dehaze_loss(answer_of(clear, t), clear, t)
    assert float(loss.total) == pytest.approx(0.0, abs=1e-6)


def test_the_loss_is_its_formula() -> None:
    clear, t, off, t_off = example()
    coarse = (off + clear) / 2
    answer = answer_of(off, t_off, coarse)._replace(refined_residual=off - 0.5)
    wanted = (
        (off - clear).abs().mean()
        + 0.5 * (coarse - clear).abs().mean()
        + 0.5 * (t_off - t).abs().mean()
        + 0.2 * (1 - structural_similarity(off, clear))
        + 0.01 * functional.relu(0.5 - off).mean()
    )
    loss = dehaze_loss(answer, clear, t)
    assert torch.allclose(loss.total, wanted)
    assert set(loss.parts) == {"clear", "coarse", "negative", "structure", "transmission"}


def test_without_a_true_transmission_its_variation_takes_the_place() -> None:
    clear, _, off, t_off = example()
    loss = dehaze_loss(answer_of(off, t_off), clear)
    assert "transmission" not in loss.parts
    weights = DehazeWeights(variation=0.0)
    plain = dehaze_loss(answer_of(off, t_off), clear, weights=weights)
    assert torch.allclose(loss.total - plain.total, 1e-3 * total_variation(t_off.log()), atol=1e-6)


@given(st.sampled_from(["clear", "coarse", "transmission", "structure", "negative"]), st.floats(0.1, 10))
def test_every_weight_weighs_its_own_part(name: str, weight: float) -> None:
    clear, t, off, t_off = example()
    none = dict.fromkeys(("clear", "coarse", "transmission", "structure", "negative"), 0.0)
    answer = answer_of(off, t_off)._replace(refined_residual=off - 0.5)
    loss = dehaze_loss(answer, clear, t, weights=DehazeWeights(**(none | {name: weight})))
    assert float(loss.total) == pytest.approx(weight * float(loss.parts[name]), rel=1e-5)


def test_values_beyond_the_range_still_get_a_gradient() -> None:
    clear, t, _, _ = example()
    off = (clear + 1.5).requires_grad_()
    dehaze_loss(answer_of(off, t), clear, t, weights=DehazeWeights(structure=0.0)).total.backward()
    assert off.grad is not None and bool((off.grad > 0).all())


def test_the_whole_loss_reaches_every_parameter_but_those_behind_closed_doors() -> None:
    torch.manual_seed(0)
    network = DHFormer(width=8, dim=8, layers=1, residual_width=4, residual_units=2, heads=2, grid=4)
    torch.nn.init.normal_(network.head.weight, std=0.1)
    torch.nn.init.normal_(network.channel_attention.gate.weight, std=0.1)
    clear, t, _, _ = example(side=32)
    dehaze_loss(network(clear * t + 0.9 * (1 - t)), clear, t).total.backward()
    assert all(float(parameter.grad.abs().max()) > 0 for parameter in network.parameters())  # type: ignore[union-attr]


@given(st.integers(0, 10_000), st.integers(11, 30))
def test_structural_similarity_is_the_number_that_photos_are_judged_by(seed: int, side: int) -> None:
    clear, _, off, _ = example(seed, side)
    mixed = 0.7 * clear + 0.3 * off
    wanted = [
        ssim(one.permute(1, 2, 0).numpy(), other.permute(1, 2, 0).numpy())
        for one, other in zip(mixed, clear, strict=True)
    ]
    assert float(structural_similarity(mixed, clear)) == pytest.approx(float(np.mean(wanted)), abs=1e-4)


def test_structural_similarity_has_the_right_gradient() -> None:
    clear, off = (torch.rand(1, 2, 13, 12, dtype=torch.float64) for _ in range(2))
    assert torch.autograd.gradcheck(structural_similarity, (off.requires_grad_(), clear))


@pytest.mark.parametrize("side", [1, 2, 6, 10])
def test_structural_similarity_of_small_photos_is_finite_and_one_when_equal(side: int) -> None:
    photo = torch.rand(1, 3, side, side)
    assert float(structural_similarity(photo, photo)) == pytest.approx(1.0, abs=1e-5)


def test_half_precision_answers_are_judged_in_single_precision() -> None:
    clear, _, off, _ = example()
    assert structural_similarity(off.bfloat16(), clear).dtype == torch.float32


def test_total_variation_counts_steps() -> None:
    ramp = torch.arange(5.0).repeat(4, 1)[None, None]
    assert float(total_variation(ramp)) == pytest.approx(1.0)
    assert float(total_variation(torch.ones(1, 1, 1, 1))) == 0.0


def test_edges_count_within_reach_of_cracks_alone() -> None:
    clear, t, off, _ = example()
    crack = torch.zeros(2, 1, 24, 24)
    assert float(crack_edge_loss(off, clear, crack)) == 0.0
    crack[:, :, 12, 12] = 1
    far = clear.clone()
    far[..., :6, :] = off[..., :6, :]
    near = clear.clone()
    near[..., 10:14, 10:14] = off[..., 10:14, 10:14]
    assert float(crack_edge_loss(far, clear, crack)) == pytest.approx(0.0, abs=1e-7)
    assert float(crack_edge_loss(near, clear, crack)) > 0.01
    with_edges = dehaze_loss(answer_of(near, t), clear, t, crack, CRACK_AWARE)
    without = dehaze_loss(answer_of(near, t), clear, t, crack)
    assert float(with_edges.total - without.total) == pytest.approx(
        0.1 * float(crack_edge_loss(near, clear, crack)), abs=1e-6
    )


def test_a_step_edge_has_its_own_height() -> None:
    step = torch.zeros(1, 3, 9, 9)
    step[..., 4:] = 0.5
    crack = torch.zeros(1, 1, 9, 9)
    crack[..., 4, 4] = 1
    # Two of the seven columns within reach see the step, of 0.5 each.
    assert float(crack_edge_loss(step, torch.zeros_like(step), crack)) == pytest.approx(2 / 7 * 0.5, abs=1e-3)


def test_each_stage_teaches_its_own_network_alone() -> None:
    clear, t, off, t_off = example()
    answer = answer_of(off, t_off)
    residual = torch.zeros_like(clear)
    assert torch.equal(stage_loss(answer, clear, t, residual, "transmission"), functional.mse_loss(t_off, t))
    assert torch.equal(stage_loss(answer, clear, t, residual, "all"), functional.mse_loss(off, clear))
    wanted = answer.residual.square().mean()
    assert torch.allclose(stage_loss(answer, clear, t, residual, "residual"), wanted)


def test_shapes_that_do_not_fit_are_a_bug() -> None:
    clear, t, off, t_off = example()
    answer = answer_of(off, t_off)
    with pytest.raises(BugError, match="clear"):
        dehaze_loss(answer, clear[:1], t)
    with pytest.raises(BugError, match="transmission"):
        dehaze_loss(answer, clear, t[..., :5])
    with pytest.raises(BugError, match="stage"):
        stage_loss(answer, clear, t, clear, "first")  # type: ignore[arg-type]
