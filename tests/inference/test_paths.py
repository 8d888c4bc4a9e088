"""Claims about the ways of running a network: all answer as the plain one does."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional

from resatt_studio.errors import SettingsError
from resatt_studio.inference.device import Compute
from resatt_studio.inference.fused.layers import PackedRise, available
from resatt_studio.inference.fused.softmax import LOG2_E, weighed
from resatt_studio.inference.paths import (
    AUTO,
    FOLDED,
    FUSED,
    FUSED_NETWORKS,
    PATHS,
    PLAIN,
    difference,
    fitting,
    prepare,
    tolerance,
)
from resatt_studio.models import create_model
from resatt_studio.settings import ENGINE_PATHS

CPU = torch.device("cpu")
EXACT, HALF = Compute(CPU), Compute(CPU, torch.bfloat16)

RMT: dict[str, Any] = {
    "embed_dims": (8, 16, 24, 32),
    "depths": (1, 1, 2, 1),
    "num_heads": (2, 2, 3, 4),
    "mlp_ratios": (2.0, 2.0, 2.0, 2.0),
    "projection": 16,
    "num_classes": 4,
}
REVIT: dict[str, Any] = {
    "image_size": 32,
    "patch_size": 8,
    "embed_dim": 16,
    "depth": 3,
    "num_heads": 2,
    "num_classes": 4,
}
DHFORMER: dict[str, Any] = {"width": 8, "dim": 8, "layers": 1, "residual_width": 4, "residual_units": 2}
NETWORKS: dict[str, tuple[str, dict[str, Any]]] = {
    "r2aunet": ("r2aunet", {"base_width": 4, "t": 2, "stem": 2}),
    "r2aunet of the paper's stem": ("r2aunet", {"base_width": 2, "t": 1}),
    "r2aunet of three steps": ("r2aunet", {"base_width": 4, "t": 3, "stem": 2, "out_channels": 2}),
    "rmt": ("rmt", RMT),
    "rmt along axes": ("rmt", RMT | {"decomposed": (True, True, True, True)}),
    "rmt with scales": ("rmt", RMT | {"layer_scales": (True,) * 4, "layer_scale_init": 0.7}),
    "rmt with an auxiliary head": ("rmt", RMT | {"aux_head": True}),
    "revit": ("revit", REVIT),
    "revit with a class token": ("revit", REVIT | {"class_token": True, "qkv_bias": False}),
    "revit of fixed alpha": ("revit", REVIT | {"learnable_alpha": False}),
    "dhformer": ("dhformer", DHFORMER),
    "dhformer that answers directly": ("dhformer", DHFORMER | {"head": "direct", "stem_sees_photo": True}),
}

pytestmark = pytest.mark.usefixtures("one_thread")

NARROWEST_HALF_PX = 3
"""Of narrower images oneDNN's strided convolutions in bfloat16 read memory that nobody wrote, on processors
with AMX (torch 2.14.1, a single nn.Conv2d(3, 4, 3, 2, 1) does it in four calls of five)."""

needs_onednn = pytest.mark.skipif(not available(), reason="this torch has no oneDNN")


def build(name: str, seed: int = 0, **more: Any) -> nn.Module:
    """A network in which nothing is zero or one by chance."""
    model, config = NETWORKS[name]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = create_model(model, **(config | more))
        for module in network.modules():
            if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
                nn.init.uniform_(module.running_mean, -0.3, 0.3)
                nn.init.uniform_(module.running_var, 0.5, 1.5)
            if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d | nn.LayerNorm):
                nn.init.uniform_(module.weight, 0.7, 1.3)
                nn.init.uniform_(module.bias, -0.2, 0.2)
            if isinstance(module, nn.Conv2d | nn.Linear) and not bool(module.weight.any()):
                nn.init.normal_(module.weight, std=0.1)
        for key, parameter in network.named_parameters():
            if key in ("alpha", "position", "class_token"):
                nn.init.uniform_(parameter, 0.2, 0.9)
    return network.eval()


def run(network: nn.Module, path: str, compute: Compute, *given: Tensor, halve: bool = False) -> Any:
    runner = prepare(copy.deepcopy(network), compute, path, halve)
    with torch.inference_mode():
        return runner(*given)


def draw(*shape: int, seed: int = 1) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("path", [path for path in PATHS if path != PLAIN])
@pytest.mark.parametrize("name", NETWORKS)
def test_every_way_answers_as_the_plain_one(name: str, path: str) -> None:
    network = build(name)
    if path not in fitting(network, EXACT):
        pytest.skip("needs oneDNN")
    for shape in ((1, 3, 64, 64), (2, 3, 33, 70), (1, 3, 17, 1)):
        photo = draw(*shape)
        plain = run(network, PLAIN, EXACT, photo)
        assert difference(run(network, path, EXACT, photo), plain) <= tolerance(EXACT)
        if path in fitting(network, HALF) and shape[-1] >= NARROWEST_HALF_PX:
            halved = run(network, path, HALF, photo, halve="r2aunet" in name)
            assert difference(halved, plain) <= tolerance(HALF)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_plain_way_is_the_network_itself(name: str) -> None:
    network, photo = build(name), draw(1, 3, 40, 40)
    with torch.inference_mode():
        answer = network(photo)
    plain = run(network, PLAIN, HALF, photo)
    assert torch.equal(getattr(answer, "clear", answer), getattr(plain, "clear", plain))


@needs_onednn
def test_given_gates_are_used_by_the_packed_way_too() -> None:
    network, photo = build("dhformer"), draw(1, 3, 32, 32)
    gates = 2.0 * draw(1, 8, seed=5)
    plain, packed = (run(network, path, EXACT, photo, gates) for path in (PLAIN, FUSED))
    for ours, theirs in zip(packed, plain, strict=True):
        assert torch.allclose(ours, theirs, atol=1e-5)


@needs_onednn
@pytest.mark.parametrize("sides", [(1, 1), (1, 6), (5, 4)])
@pytest.mark.parametrize("then", ["none", "relu"])
def test_doubling_and_convolving_is_one_transposed_convolution(sides: tuple[int, int], then: str) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        conv = nn.Conv2d(6, 4, kernel_size=3, padding=1)
    small = draw(2, 6, *sides).contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        wanted = conv(functional.interpolate(small, scale_factor=2.0, mode="nearest"))
        found = PackedRise(conv, torch.float32, sides)(small, then)
    assert torch.allclose(found, wanted.relu() if then == "relu" else wanted, atol=1e-5)


@given(st.floats(0.0, 3000.0), st.integers(0, 1000))
def test_the_cheap_softmax_is_the_softmax_however_large_the_logits(size: float, seed: int) -> None:
    logits = size * (draw(2, 5, 7, seed=seed) - 0.5)
    value = draw(2, 7, 3, seed=seed + 1)
    wanted = logits.double().softmax(dim=-1) @ value.double()
    # Logits of 3000 have a last bit of 2e-4, which is what their softmax is uncertain by.
    assert torch.allclose(weighed(logits * LOG2_E, value).double(), wanted, atol=1e-5 + 1e-6 * size)


def test_the_cheap_softmax_writes_where_it_is_told_and_leaves_the_scores_alone() -> None:
    scores, value = draw(2, 4, 4), draw(2, 4, 3)
    before, place = scores.clone(), torch.empty(4, 2, 3)
    answer = weighed(scores, value, out=place.transpose(0, 1))
    assert torch.equal(scores, before)
    assert torch.equal(answer, place.transpose(0, 1))


def test_a_way_that_does_not_fit_is_refused_and_told_what_would(brightness: Callable[..., nn.Module]) -> None:
    assert fitting(brightness(), EXACT) == (PLAIN, FOLDED)
    with pytest.raises(SettingsError, match=r"auto, plain, folded"):
        prepare(brightness(), EXACT, FUSED)
    with pytest.raises(SettingsError, match="fastest"):
        prepare(brightness(), EXACT, "fastest")


def test_the_packed_way_in_bfloat16_is_for_processors_that_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    network = build("r2aunet")
    for there in (True, False):
        monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda there=there: there)
        assert (FUSED in fitting(network, HALF)) is (there and available())
        assert (FUSED in fitting(network, EXACT)) is available()


def test_the_packed_way_is_for_the_cpu_and_for_networks_that_answer_with_labels() -> None:
    assert FUSED not in fitting(build("r2aunet"), Compute(torch.device("meta")))
    assert FUSED not in fitting(build("rmt", dense=True), EXACT)


def test_settings_know_every_way() -> None:
    assert (AUTO, *PATHS) == ENGINE_PATHS


@pytest.mark.parametrize("dotted", FUSED_NETWORKS.values())
def test_every_layout_of_the_table_is_there(dotted: str) -> None:
    from importlib import import_module

    module, _, name = dotted.partition(":")
    assert issubclass(getattr(import_module(module), name), nn.Module)


def test_answers_that_are_no_numbers_differ_without_bound() -> None:
    exact = draw(3)
    assert difference(exact, exact) == 0.0
    assert difference(torch.full((3,), torch.nan), exact) == float("inf")
    assert difference(draw(4), exact) == float("inf")
