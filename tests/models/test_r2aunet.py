"""R2AU-Net is the network of the reference, level by level, and its folded variant is the same on cells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from torch import Tensor, nn
from torch.nn import functional

from resatt_studio.errors import WeightsError
from resatt_studio.models import create_model, from_reference_keys, to_reference_keys
from resatt_studio.models.r2aunet import R2AUNet, RecurrentUnit
from resatt_studio.models.r2aunet_keys import OURS_OF, REFERENCE_OF

FIXTURE = Path(__file__).parents[1] / "fixtures" / "r2aunet_small.safetensors"


def read() -> dict[str, Tensor]:
    with safe_open(str(FIXTURE), "pt") as file:
        return {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118  not a dict


def build(reference: dict[str, Tensor]) -> R2AUNet:
    state = {key[6:]: value for key, value in reference.items() if key.startswith("param.")}
    network = R2AUNet(base_width=6, t=2)
    network.load_state_dict(from_reference_keys("r2aunet", state), strict=True)
    return network


@pytest.fixture(scope="module")
def reference() -> dict[str, Tensor]:
    return read()


@pytest.fixture
def network(reference: dict[str, Tensor]) -> R2AUNet:
    return build(reference)


def record(network: R2AUNet) -> dict[str, Tensor]:
    """Hook every module whose output the fixture names."""
    seen: dict[str, Tensor] = {}
    counts: dict[str, int] = {}

    def keep(name: str, module: nn.Module) -> None:
        module.register_forward_hook(lambda _m, _i, output: seen.__setitem__(name, output.detach().clone()))

    for i, block in enumerate(network.encoder):
        keep(f"enc.x{i + 1}", block)
    for k in range(4):
        level = 5 - k
        keep(f"up.d{level}", network.rise[k])
        keep(f"gate.x{level - 1}", network.gates[k])
        keep(f"dec.d{level}", network.decoder[k])
        gate: Any = network.gates[k]
        gate.score_norm.register_forward_hook(
            lambda _m, _i, output, name=f"gate.psi{level}": seen.__setitem__(
                name, torch.sigmoid(output).detach()
            )
        )
    block: Any = network.encoder[0]
    keep("rrcnn1.proj", block.project)
    keep("rrcnn1.rec1", block.second)

    def call(_module: nn.Module, _inputs: object, output: Tensor) -> None:
        seen[f"rrcnn1.rec0.call{counts.setdefault('n', 0)}"] = torch.relu(output).detach()
        counts["n"] += 1

    block.first.norm.register_forward_hook(call)
    return seen


@pytest.mark.parametrize("size", ["64x64", "96x64"])
def test_every_level_equals_the_reference_in_evaluation(
    size: str, reference: dict[str, Tensor], network: R2AUNet
) -> None:
    seen = record(network.eval())
    with torch.no_grad():
        seen["logits"] = network(reference[f"eval_{size}.input"])
    prefix = f"eval_{size}."
    wanted = {key[len(prefix) :]: value for key, value in reference.items() if key.startswith(prefix)}
    wanted.pop("input")
    assert len(wanted) >= 7
    for name, value in wanted.items():
        assert seen[name].shape == value.shape, name
        assert (seen[name] - value).abs().max() <= 1e-4, name


def test_training_in_double_precision_equals_the_reference(
    reference: dict[str, Tensor], network: R2AUNet
) -> None:
    network = network.double().train()
    seen = record(network)
    logits = network(reference["train_64x64.input"].double())
    loss = functional.binary_cross_entropy_with_logits(logits, reference["train_64x64.target"].double())
    loss.backward()
    assert abs(loss.item() - 0.7097297686) <= 1e-8
    assert (logits - reference["train_64x64.logits"]).abs().max() <= 1e-8
    for name in ("enc.x5", "dec.d5", "gate.psi2", "gate.psi3", "gate.psi4", "gate.psi5"):
        assert (seen[name] - reference[f"train_64x64.{name}"]).abs().max() <= 1e-8, name
    parameters = dict(network.named_parameters())
    gradients = [key for key in reference if key.startswith("train_64x64.grad.")]
    assert len(gradients) == 12
    for key in gradients:
        gradient = parameters[OURS_OF[key.removeprefix("train_64x64.grad.")]].grad
        assert gradient is not None
        assert (gradient - reference[key]).abs().max() <= 1e-8, key
    state = network.state_dict()
    after = [key for key in reference if key.startswith("train_64x64.post.")]
    assert len(after) == 34 * 3
    for key in after:
        ours = state[OURS_OF[key.removeprefix("train_64x64.post.")]]
        assert (ours.double() - reference[key].double()).abs().max() <= 1e-8, key


@pytest.mark.parametrize(
    ("base_width", "count"), [(64, 39_442_925), (32, 9_867_517), (16, 2_470_277), (8, 619_273), (4, 155_675)]
)
@pytest.mark.parametrize("t", [1, 3])
def test_parameter_counts_are_the_papers_and_independent_of_t(base_width: int, count: int, t: int) -> None:
    with torch.device("meta"):
        network = R2AUNet(base_width=base_width, t=t)
    assert sum(parameter.numel() for parameter in network.parameters()) == count


def test_the_folded_stem_changes_only_the_first_and_last_convolution() -> None:
    with torch.device("meta"):
        plain = R2AUNet(base_width=16).state_dict()
        folded = R2AUNet(base_width=16, stem=2).state_dict()
    different = {key for key in plain if plain[key].shape != folded[key].shape}
    assert plain.keys() == folded.keys()
    assert different == {"encoder.0.project.weight", "head.weight", "head.bias"}


def test_the_key_map_covers_every_entry_once_and_round_trips_bit_exact(reference: dict[str, Tensor]) -> None:
    state = {key[6:]: value for key, value in reference.items() if key.startswith("param.")}
    assert len(state) == len(REFERENCE_OF) == len(OURS_OF) == 258
    assert set(OURS_OF) == set(state)
    again = to_reference_keys("r2aunet", from_reference_keys("r2aunet", state))
    assert again.keys() == state.keys()
    assert all(torch.equal(again[key], state[key]) for key in state)


def test_the_key_map_refuses_what_is_missing_or_left_over() -> None:
    state = dict.fromkeys(OURS_OF, 0)
    state.pop("Conv_1x1.bias")
    with pytest.raises(WeightsError, match="1 keys missing"):
        from_reference_keys("r2aunet", state)
    with pytest.raises(WeightsError, match="1 unknown"):
        to_reference_keys("r2aunet", dict.fromkeys(REFERENCE_OF, 0) | {"more": 0})


@pytest.mark.parametrize("t", [1, 2, 3])
def test_statistics_of_recurrent_units_move_t_plus_one_times(t: int) -> None:
    network = R2AUNet(base_width=2, t=t).train()
    network(torch.randn(2, 3, 32, 32))
    for name, module in network.named_modules():
        if isinstance(module, nn.BatchNorm2d):
            recurrent = ".first." in name or ".second." in name
            assert int(module.num_batches_tracked or 0) == (t + 1 if recurrent else 1), name


def test_a_recurrent_unit_adds_its_input_before_every_further_application() -> None:
    unit = RecurrentUnit(4, t=2).eval()
    features = torch.randn(1, 4, 8, 8)

    def apply(z: Tensor) -> Tensor:
        return torch.relu(unit.norm(unit.conv(z)))

    with torch.no_grad():
        wanted = apply(features + apply(features + apply(features)))
        assert torch.equal(unit(features), wanted)


@settings(max_examples=12, deadline=None)
@given(height=st.integers(1, 70), width=st.integers(1, 70), stem=st.sampled_from([1, 2]))
def test_every_size_gets_logits_of_its_own_size(height: int, width: int, stem: int) -> None:
    network = R2AUNet(base_width=2, t=1, stem=stem).eval()
    with torch.no_grad():
        logits = network(torch.randn(1, 3, height, width))
    assert logits.shape == (1, 1, height, width)
    assert bool(torch.isfinite(logits).all())


@pytest.mark.parametrize("stem", [1, 2])
def test_mirroring_changes_nothing_when_the_size_already_fits(stem: int) -> None:
    network = R2AUNet(base_width=2, t=1, stem=stem).eval()
    photo = torch.randn(1, 3, 64, 96)
    with torch.no_grad():
        assert torch.equal(network(photo), network._segment(photo))
        cut = network(photo[..., :63, :95])
        mirrored = functional.pad(photo[..., :63, :95], (0, 1, 0, 1), mode="reflect")
        assert torch.equal(cut, network._segment(mirrored)[..., :63, :95])


def test_the_folded_network_is_the_plain_one_on_folded_channels() -> None:
    folded = R2AUNet(base_width=4, t=1, stem=2).eval()
    plain = R2AUNet(in_channels=12, out_channels=4, base_width=4, t=1).eval()
    plain.load_state_dict(folded.state_dict(), strict=True)
    photo = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        wanted = functional.pixel_shuffle(plain(functional.pixel_unshuffle(photo, 2)), 2)
        assert torch.equal(folded(photo), wanted)


@pytest.mark.parametrize("stem", [1, 2])
def test_learning_reaches_every_parameter(stem: int) -> None:
    torch.manual_seed(0)
    network = R2AUNet(base_width=4, t=2, stem=stem).train()
    network(torch.randn(2, 3, 64, 64)).square().mean().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert bool(torch.isfinite(parameter.grad).all()), name
        # A bias in front of BatchNorm is subtracted again with the mean, so its gradient is zero by design.
        in_front_of_norm = name.endswith("conv.bias")
        assert in_front_of_norm or float(parameter.grad.abs().max()) > 0, name


def test_channels_last_and_half_precision_stay_close_to_the_exact_answer(network: R2AUNet) -> None:
    photo = torch.randn(1, 3, 64, 64)
    network.eval()
    with torch.no_grad():
        exact = torch.sigmoid(network(photo))
        with torch.autocast("cpu", dtype=torch.bfloat16):
            quick = network.to(memory_format=torch.channels_last)(photo.to(memory_format=torch.channels_last))
    assert (torch.sigmoid(quick.float()) - exact).abs().max() < 0.05


def test_two_drawings_are_learned_by_heart() -> None:
    torch.manual_seed(1)
    photos, masks = torch.randn(2, 3, 64, 64) * 0.2 + 0.3, torch.zeros(2, 1, 64, 64)
    masks[0, :, 20:24, 5:60] = 1
    masks[1, :, 5:60, 40:44] = 1
    photos -= masks * 0.8
    network = R2AUNet(base_width=4, t=1, stem=2).train()
    optimiser = torch.optim.Adam(network.parameters(), lr=5e-3)
    for _ in range(60):
        logits = network(photos)
        loss = functional.binary_cross_entropy_with_logits(logits, masks)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    found = network(photos).detach() > 0
    overlap = 2 * float((found * masks).sum()) / float(found.sum() + masks.sum())
    assert overlap > 0.95


@pytest.mark.parametrize(
    "config",
    [{"base_width": 3}, {"base_width": 0}, {"t": 0}, {"stem": 3}, {"in_channels": 0}, {"out_channels": 0}],
)
def test_a_configuration_with_no_meaning_is_refused_with_what_would_fit(config: dict[str, int]) -> None:
    with pytest.raises(WeightsError, match=next(iter(config))) as error:
        create_model("r2aunet", **config)
    assert error.value.hint.startswith("Give ")


def test_the_heads_bias_starts_at_the_log_odds_of_the_crack_share() -> None:
    network = R2AUNet(base_width=2)
    network.start_from_crack_share(0.04)
    assert torch.sigmoid(network.head.bias.detach()).allclose(torch.tensor(0.04))  # type: ignore[union-attr]
    with pytest.raises(WeightsError):
        network.start_from_crack_share(0.0)
