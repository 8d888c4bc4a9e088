"""The dehazing network keeps the scattering model, begins as its coarse answer, and tiles as it answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional

from resatt_studio.errors import BugError, WeightsError
from resatt_studio.inference.folding import fold_norms
from resatt_studio.learning.dehaze_losses import dehaze_loss
from resatt_studio.models import dhformer
from resatt_studio.models.dhformer import DHFormer, grid_positions
from resatt_studio.models.dhformer_keys import expected_keys, from_reference_keys, to_reference_keys
from resatt_studio.synthesis.haze import HazeRecipe, add_haze

SMALL = {"width": 32, "dim": 64, "layers": 1, "residual_units": 8}
TINY = {"width": 8, "dim": 8, "layers": 1, "residual_width": 4, "residual_units": 2, "heads": 2, "grid": 4}
PARTS = {
    "transmission": 8_929,
    "residual": 40_867,
    "features": 75_648 + 256,
    "channel_attention.embed": 8_320,
    "channel_attention.embed_depth": 384,
    "channel_attention.global_context": 265_216,
    "channel_attention.depth_aware": 265_216,
    "channel_attention.gate": 16_448,
    "spatial_attention": 99,
    "head": 1_731,
}


def awake(**config: Any) -> DHFormer:
    """A network whose zero-initialised layers have moved, so that every part has a say."""
    torch.manual_seed(3)
    network = DHFormer(**(TINY | config))
    with torch.no_grad():
        for parameter in (network.head.weight, network.channel_attention.gate.weight):
            parameter.normal_(0.0, 0.1)
    return network


def size_of(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_every_part_of_the_default_has_its_number_of_parameters() -> None:
    network = DHFormer()
    assert {name: size_of(network.get_submodule(name)) for name in PARTS} == PARTS
    assert size_of(network) == 683_114


def test_the_small_preset_has_its_number_of_parameters() -> None:
    assert size_of(DHFormer(**SMALL)) == 122_746


@pytest.mark.parametrize("size", [(64, 64), (133, 201), (256, 256), (480, 640)])
def test_answers_have_the_photos_size_and_their_ranges(size: tuple[int, int]) -> None:
    network = DHFormer(**SMALL).eval()
    with torch.inference_mode():
        answer = network(torch.rand(1, 3, *size))
    for name in ("ratio", "residual", "coarse", "refined_residual", "clear"):
        assert getattr(answer, name).shape == (1, 3, *size), name
    assert answer.transmission.shape == answer.spatial_gates.shape == (1, 1, *size)
    assert answer.channel_gates.shape == (1, 32)
    assert bool(((answer.transmission > 0.1) & (answer.transmission < 1)).all())
    assert bool(((answer.spatial_gates > 0) & (answer.spatial_gates < 1)).all())
    assert bool(((answer.ratio >= 0) & (answer.ratio <= 10)).all())


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_flat_photos_give_finite_answers_and_gradients(level: float) -> None:
    network = awake().train()
    answer = network(torch.full((2, 3, 24, 24), level))
    assert all(bool(torch.isfinite(part).all()) for part in answer)
    answer.clear.square().mean().backward()
    gradients = [parameter.grad for parameter in network.parameters() if parameter.grad is not None]
    assert gradients and all(bool(torch.isfinite(gradient).all()) for gradient in gradients)


@settings(max_examples=12)
@given(height=st.integers(1, 40), width=st.integers(1, 40))
def test_any_size_is_answered(height: int, width: int) -> None:
    with torch.inference_mode():
        answer = awake().eval()(torch.rand(2, 3, height, width))
    assert answer.clear.shape == (2, 3, height, width)
    assert bool(torch.isfinite(answer.clear).all())


class Oracle(nn.Module):
    """Answers what it was given."""

    def __init__(self, answer: Tensor) -> None:
        super().__init__()
        self.answer = answer

    def forward(self, _seen: Tensor) -> Tensor:
        return self.answer


@pytest.mark.parametrize("family", ["homogeneous", "gradient", "radial", "cloud"])
def test_with_the_true_transmission_and_residual_the_answer_is_the_clear_photo(family: str) -> None:
    rng = np.random.default_rng(5)
    clear = rng.random((40, 56, 3), np.float32)
    sample = add_haze(clear, rng, HazeRecipe(degradation_chance=0.0), family)
    hazy, residual, truth = (
        torch.tensor(array).permute(2, 0, 1)[None] for array in (sample.hazy, sample.residual, clear)
    )
    network = DHFormer(**TINY).eval()
    network.transmission = Oracle(torch.tensor(sample.transmission)[None, None])  # type: ignore[assignment]
    network.residual = Oracle(residual)  # type: ignore[assignment]
    with torch.inference_mode():
        assert (network(hazy).clear - truth).abs().max() <= 1e-5


def test_it_begins_as_its_coarse_answer_with_open_gates() -> None:
    with torch.no_grad():
        answer = DHFormer(**SMALL).eval()(torch.rand(2, 3, 48, 40))
    assert torch.equal(answer.clear, answer.coarse)
    assert torch.equal(answer.refined_residual, answer.residual)
    assert torch.equal(answer.channel_gates, torch.ones(2, 32))
    assert abs(float(answer.transmission.mean()) - 0.76) < 0.1


def test_only_the_depth_aware_encoder_sees_the_transmission() -> None:
    attention = awake().channel_attention.eval()
    features = torch.rand(1, 8, 32, 32)
    near, far = torch.full((1, 1, 32, 32), 0.9), torch.full((1, 1, 32, 32), 0.3)
    with torch.no_grad():
        context, depth = attention.encode(features, near)
        same_context, other_depth = attention.encode(features, far)
    assert torch.equal(context, same_context)
    assert (depth - other_depth).abs().max() > 0.01


def test_depth_of_a_cell_is_mean_and_spread_of_its_optical_depth() -> None:
    transmission = torch.rand(1, 1, 32, 48) * 0.8 + 0.1
    depth = awake().channel_attention.depth(transmission)
    cell = -torch.log(transmission[0, 0, 8:16, 24:36])
    wanted = torch.stack((cell.mean(), cell.std(correction=0)))
    assert torch.allclose(depth[0, 1 * 4 + 2], wanted, atol=1e-4)


@pytest.mark.parametrize("stop", [False, True])
def test_the_gates_move_the_transmission_unless_told_not_to(stop: bool) -> None:
    network = awake(depth_stop_gradient=stop)
    transmission = (torch.rand(1, 1, 16, 16) * 0.5 + 0.3).requires_grad_()
    network._gates(torch.rand(1, 8, 16, 16), transmission).sum().backward()
    assert (transmission.grad is None) == stop


@pytest.mark.parametrize("config", [{}, {"head": "direct"}, {"stem_sees_photo": True}])
def test_learning_reaches_every_parameter(config: dict[str, Any]) -> None:
    network = awake(**config).train()
    answer = network(torch.rand(2, 3, 48, 48))
    (answer.clear.square().mean() + answer.transmission.mean()).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert bool(torch.isfinite(parameter.grad).all()), name
        assert float(parameter.grad.abs().max()) > 0, name


def test_at_the_start_only_the_head_hides_the_attention_module_and_one_step_ends_that() -> None:
    torch.manual_seed(0)
    network = DHFormer(**TINY).train()
    optimiser = torch.optim.SGD(network.parameters(), lr=0.1)
    photo, hidden = torch.rand(2, 3, 32, 32), network.features.first.weight
    network(photo).clear.square().mean().backward()
    assert network.head.weight.grad is not None and float(network.head.weight.grad.abs().max()) > 0
    assert hidden.grad is not None and float(hidden.grad.abs().max()) == 0
    optimiser.step()
    optimiser.zero_grad()
    network(photo).clear.square().mean().backward()
    assert hidden.grad is not None and float(hidden.grad.abs().max()) > 0


def test_evaluation_repeats_itself_and_a_state_dict_carries_everything() -> None:
    network, twin = awake().eval(), DHFormer(**TINY).eval()
    twin.load_state_dict(network.state_dict(), strict=True)
    photo = torch.rand(1, 3, 37, 29)
    with torch.inference_mode():
        answers = [network(photo), network(photo), twin(photo)]
    for part, again, other in zip(*answers, strict=True):
        assert torch.equal(part, again) and torch.equal(part, other)


def test_gates_are_those_of_the_whole_answer_and_given_gates_are_used() -> None:
    network, photo = awake().eval(), torch.rand(2, 3, 40, 40)
    with torch.inference_mode():
        whole = network(photo)
        gates = network.gates(photo)
        again = network(photo, gates)
        other = network(photo, torch.full((1, 8), 0.5))
    assert torch.equal(gates, whole.channel_gates)
    assert torch.equal(again.clear, whole.clear)
    assert not torch.equal(other.clear, whole.clear)
    assert torch.equal(other.coarse, whole.coarse)
    assert torch.equal(other.channel_gates, torch.full((2, 8), 0.5))


def test_given_gates_leave_the_encoders_out() -> None:
    network = awake().eval()
    network.channel_attention = Oracle(torch.tensor(float("nan")))  # type: ignore[assignment]
    with torch.inference_mode():
        assert bool(torch.isfinite(network(torch.rand(1, 3, 20, 20), torch.ones(1, 8)).clear).all())


@pytest.mark.parametrize("shape", [(8,), (1, 7), (3, 8)])
def test_gates_of_another_shape_are_a_bug(shape: tuple[int, ...]) -> None:
    with pytest.raises(BugError, match="channel gates"):
        awake()(torch.rand(2, 3, 16, 16), torch.ones(shape))


@pytest.mark.parametrize("config", [{}, {"residual_units": 5}, {"refine_px": 3}, {"head": "direct"}])
def test_tiles_with_the_gates_of_the_whole_equal_the_whole(config: dict[str, Any]) -> None:
    network = awake(**config).double().eval()
    radius = network.radius_px
    photo = torch.rand(1, 3, 2 * radius + 30, 4 * radius + 23, dtype=torch.float64)
    half = photo.shape[-1] // 2
    with torch.inference_mode():
        whole = network(photo)
        left = network(photo[..., : half + radius], whole.channel_gates)
        right = network(photo[..., half - radius :], whole.channel_gates)
    for name in ("transmission", "residual", "coarse", "clear", "spatial_gates"):
        joined = torch.cat((getattr(left, name)[..., :half], getattr(right, name)[..., radius:]), dim=-1)
        assert torch.allclose(joined, getattr(whole, name), rtol=0, atol=1e-12), name


def test_single_precision_tiles_equal_the_whole_to_rounding() -> None:
    network = awake(residual_units=8).eval()
    radius, photo = network.radius_px, torch.rand(1, 3, 120, 150)
    with torch.inference_mode():
        whole = network(photo)
        tile = network(photo[..., 30 - radius :], whole.channel_gates).clear[..., radius:]
    assert torch.allclose(tile, whole.clear[..., 30:], rtol=0, atol=1e-5)


@pytest.mark.parametrize(("config", "radius"), [({}, 37), (SMALL, 28)])
def test_no_answer_looks_beyond_the_stated_radius(config: dict[str, Any], radius: int) -> None:
    network = DHFormer(**config).double().eval()
    nn.init.normal_(network.head.weight)
    assert network.radius_px == radius
    middle = radius + 8
    photo = torch.rand(1, 3, 2 * middle + 1, 2 * middle + 1, dtype=torch.float64, requires_grad=True)
    answer = network(photo, torch.ones(1, network.head.in_channels, dtype=torch.float64))
    answer.clear[..., middle, middle].sum().backward()
    assert photo.grad is not None
    seen = photo.grad[0].abs().amax(dim=0) > 0
    assert int(seen.sum()) == int(seen[8:-8, 8:-8].sum()) > 0


def test_the_maximum_in_steps_is_the_frameworks_maximum() -> None:
    features = torch.randn(2, 5, 23, 9)
    for part in (features, features[..., :2, :], features[..., :1, :1]):
        wanted = functional.max_pool2d(part, kernel_size=7, stride=1, padding=3)
        assert torch.equal(dhformer._maximum_7x7(part), wanted)


def test_the_convolution_to_one_map_is_the_frameworks_convolution() -> None:
    conv, features = nn.Conv2d(6, 1, 7, padding=3).double(), torch.randn(2, 6, 17, 5, dtype=torch.float64)
    with torch.no_grad():
        assert torch.allclose(dhformer._one_map(features, conv), conv(features), rtol=0, atol=1e-12)


def test_half_precision_keeps_the_ratio_wide_and_the_answer_close() -> None:
    network, photo = awake(residual_units=8).eval(), torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        exact = network(photo)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            quick = network(photo)
    for name in ("transmission", "ratio", "residual", "coarse", "clear", "channel_gates", "spatial_gates"):
        assert getattr(quick, name).dtype == torch.float32, name
    assert (quick.transmission - exact.transmission).abs().max() < 0.01
    assert (quick.clear - exact.clear).abs().mean() < 0.01


def test_channels_last_changes_nothing_but_rounding() -> None:
    network, photo = awake().eval(), torch.rand(2, 3, 33, 47)
    with torch.inference_mode():
        plain = network(photo).clear
        turned = network.to(memory_format=torch.channels_last)(photo.to(memory_format=torch.channels_last))
    assert torch.allclose(plain, turned.clear, atol=1e-5)


def test_there_is_no_norm_to_fold_and_folding_leaves_the_answer() -> None:
    network, photo = awake().eval(), torch.rand(1, 3, 32, 32)
    with torch.inference_mode():
        before = network(photo).clear
        assert fold_norms(network) == 0
        assert torch.equal(network(photo).clear, before)


def test_the_direct_head_answers_within_range_and_its_residual_is_what_is_left() -> None:
    with torch.inference_mode():
        answer = awake(head="direct").eval()(torch.rand(1, 3, 32, 32))
    assert bool(((answer.clear > 0) & (answer.clear < 1)).all())
    assert torch.allclose(answer.ratio - answer.refined_residual, answer.clear, atol=1e-5)


def test_refining_smooths_the_transmission_in_evaluation_alone() -> None:
    network, photo = awake(refine_px=5), torch.full((1, 3, 40, 40), 0.5)
    rough = torch.rand(1, 1, 40, 40) * 0.8 + 0.1
    network.transmission.forward = lambda _photo: rough  # type: ignore[method-assign]
    assert torch.equal(network.train()(photo).transmission, rough)
    smooth = network.eval()(photo).transmission
    # A flat photo has no edges, so what is left is a mean over two windows of 11 x 11.
    assert float(smooth[..., 10:-10, 10:-10].std()) < 0.1 * float(rough.std())
    rough = torch.full((1, 1, 40, 40), 0.4)
    assert torch.allclose(network(photo).transmission, rough, atol=1e-5)


def test_positions_are_sines_of_row_then_column() -> None:
    table = grid_positions(16, 128).reshape(16, 16, 128)
    rate = 10_000.0 ** (-torch.arange(32) / 32)
    assert torch.allclose(table[5, 9, :32], torch.sin(5 * rate), atol=1e-5)
    assert torch.allclose(table[5, 9, 32:64], torch.cos(5 * rate), atol=1e-5)
    assert torch.allclose(table[5, 9, 64:96], torch.sin(9 * rate), atol=1e-5)
    assert torch.allclose(table[5, 9, 96:], torch.cos(9 * rate), atol=1e-5)


@pytest.mark.parametrize(
    "config",
    [
        {"width": 0},
        {"width": True},
        {"dim": 30},
        {"dim": 12, "heads": 5},
        {"layers": 0},
        {"residual_width": 0},
        {"residual_units": 0},
        {"mlp_ratio": 0},
        {"grid": 0},
        {"heads": 0},
        {"transmission_width": 6},
        {"t_min": 0.0},
        {"t_min": 1.0},
        {"head": "both"},
        {"depth_stop_gradient": 2},
        {"stem_sees_photo": "no"},
        {"refine_px": -1},
    ],
)
def test_a_configuration_with_no_meaning_is_refused_with_what_would_fit(config: dict[str, Any]) -> None:
    with pytest.raises(WeightsError, match=next(iter(config))) as error:
        DHFormer(**config)
    assert error.value.hint.startswith("Give ")


@pytest.mark.parametrize("config", [TINY, SMALL, {}])
def test_the_key_table_names_every_tensor_and_both_directions_are_the_identity(
    config: dict[str, Any],
) -> None:
    with torch.device("meta"):
        network = DHFormer(**config)
    state = network.state_dict()
    layers = len(network.channel_attention.depth_aware.layers)
    assert expected_keys(len(network.residual.units), layers) == set(state)
    assert list(to_reference_keys(from_reference_keys(state))) == list(state)
    assert from_reference_keys(state)["head.bias"] is state["head.bias"]


def test_keys_that_are_missing_or_left_over_are_refused() -> None:
    state = dict.fromkeys(expected_keys(2, 1), 0)
    with pytest.raises(WeightsError, match="1 unknown"):
        from_reference_keys(state | {"more": 0})
    with pytest.raises(WeightsError, match="1 keys missing"):
        to_reference_keys({key: value for key, value in state.items() if key != "head.bias"})
    with pytest.raises(WeightsError, match="keys missing"):
        from_reference_keys(state | {"residual.units.99999999.conv.weight": 0})


def test_four_hazy_pairs_are_learned_by_heart() -> None:
    rng = np.random.default_rng(1)
    clear = np.stack([_surface(rng, 40) for _ in range(4)])
    recipe = HazeRecipe(degradation_chance=0.0)
    samples = [add_haze(photo, rng, recipe, "cloud") for photo in clear]
    truth = torch.tensor(clear).permute(0, 3, 1, 2)
    hazy = torch.tensor(np.stack([sample.hazy for sample in samples])).permute(0, 3, 1, 2)
    transmission = torch.tensor(np.stack([sample.transmission for sample in samples]))[:, None]
    torch.manual_seed(0)
    network = DHFormer(**SMALL).train()
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-3)
    for _ in range(80):
        loss = dehaze_loss(network(hazy), truth, transmission).total
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
    with torch.inference_mode():
        answer = network.eval()(hazy).clear.clamp(0, 1)
    assert _psnr(answer, truth) - _psnr(hazy, truth) >= 8.0


def _surface(rng: np.random.Generator, side: int) -> Any:
    """A grey surface with coarse and fine grain and a dark line."""
    coarse = torch.tensor(rng.normal(0.5, 0.08, (1, 1, 8, 8)), dtype=torch.float32)
    smooth = functional.interpolate(coarse, size=side, mode="bilinear")[0, 0].numpy()
    grey = smooth + rng.normal(0, 0.05, (side, side))
    grey[:, side // 3 : side // 3 + 2] -= 0.3
    return np.clip(np.stack([grey, grey * 0.98, grey * 0.95], axis=2), 0, 1).astype(np.float32)


def _psnr(answer: Tensor, truth: Tensor) -> float:
    """Mean over photos, in dB."""
    return float((-10 * torch.log10((answer - truth).square().mean(dim=(1, 2, 3)))).mean())
