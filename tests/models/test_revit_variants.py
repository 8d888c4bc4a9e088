"""What holds for ReMViTv2 and ReSwin alike: sizes, gradients, key maps, precision, configurations refused."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from resatt_studio.errors import WeightsError
from tests.models.variants import REMVIT, RESWIN, VARIANTS, Variant

each = pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.title)


@each
@pytest.mark.parametrize("size", [(32, 32), (64, 96), (57, 33), (8, 100), (1, 1)])
def test_every_size_gets_the_same_logits_on_both_paths(size: tuple[int, int], variant: Variant) -> None:
    network = variant.network(**variant.tiny).eval()
    photo = torch.randn(2, 3, *size)
    slow, records = network.trace(photo)
    assert torch.allclose(network(photo), slow, atol=1e-5)
    with torch.no_grad():
        assert torch.allclose(network(photo), slow, atol=1e-5)
    assert slow.shape == (2, 4)
    if variant is RESWIN:
        assert records[0].grid == (-(-size[0] // 4), -(-size[1] // 4))
        return
    for kept in records:
        queries, keys = kept.grid[0] * kept.grid[1], kept.key_grid[0] * kept.key_grid[1]
        assert kept.probs.shape[-2:] == kept.raw.shape[-2:] == (queries, keys)
        assert (kept.class_token, kept.alpha) == (False, 0.5)


@each
def test_learning_reaches_every_parameter(variant: Variant) -> None:
    torch.manual_seed(0)
    network = variant.network(**variant.tiny, drop_path_rate=0.1).train()
    network(torch.randn(8, 3, 32, 32)).square().sum().backward()
    # The softmax does not see what all keys have in common, such as the bias of their norm.
    unseen = "key_pool.norm.bias"
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert bool(torch.isfinite(parameter.grad).all()), name
        assert name.endswith(unseen) or float(parameter.grad.abs().max()) > 0, name


@pytest.mark.parametrize(
    ("variant", "option", "keys"),
    [(REMVIT, "learnable_alpha", "alpha"), (RESWIN, "qkv_bias", "qkv.bias")],
    ids=["ReMViTv2", "ReSwin"],
)
@pytest.mark.parametrize("on", [False, True])
def test_the_key_map_round_trips_bit_exact(on: bool, variant: Variant, option: str, keys: str) -> None:
    reference = variant.reference()
    state = {key: value for key, value in reference.state().items() if on or keys not in key}
    assert on == (len(state) == len(reference.state()))
    ours = variant.keys.from_reference_keys({f"module.{key}": value for key, value in state.items()})
    assert ours.keys() == variant.network(**reference.config | {option: on}).state_dict().keys()
    again: dict[str, Tensor] = variant.keys.to_reference_keys(ours)
    assert again.keys() == state.keys()
    assert all(torch.equal(again[key], state[key]) for key in state)


@pytest.mark.parametrize(
    ("variant", "lost", "unknown"),
    [
        (REMVIT, "blocks.0.attn.pool_q.weight", "blocks.0.attn.pool_q.bias"),
        (RESWIN, "head.bias", "head.bias.more"),
        (RESWIN, "layers.1.blocks.0.norm2.bias", "layers.1.blocks.0.norm2.bias.more"),
        (RESWIN, "layers.0.blocks.1.attn.proj.bias", "layers.0.blocks.1.attn.proj.bias.more"),
    ],
    ids=lambda part: part.title if isinstance(part, Variant) else part,
)
def test_the_key_map_refuses_what_is_missing_or_left_over(variant: Variant, lost: str, unknown: str) -> None:
    state = variant.reference().state()
    state[unknown] = state.pop(lost)
    with pytest.raises(WeightsError, match=rf"{variant.title}.*1 keys missing.*1 unknown"):
        variant.keys.from_reference_keys(state)


@each
@pytest.mark.parametrize("size", [(32, 32), (40, 32)])
def test_evaluation_repeats_itself_after_a_round_trip_through_a_state_dict(
    size: tuple[int, int], variant: Variant
) -> None:
    first, second = (variant.network(**variant.tiny).eval() for _ in range(2))
    second.load_state_dict(first.state_dict(), strict=True)
    photo = torch.randn(1, 3, *size)
    with torch.no_grad():
        assert torch.equal(first(photo), first(photo))
        assert torch.equal(first(photo), second(photo))


@each
def test_half_precision_stays_close_to_the_exact_answer(variant: Variant) -> None:
    tensors = variant.reference().tensors
    photo, exact = tensors["in.64x64"], tensors["out.64x64.logits"]
    network = variant.reference_network()
    with torch.no_grad():
        with torch.autocast("cpu", dtype=torch.bfloat16):
            assert (network(photo).float() - exact).abs().max() < 0.05
        halved = network.to(torch.bfloat16, memory_format=torch.channels_last)
        assert (halved(photo.bfloat16()).float() - exact).abs().max() < 0.05


@pytest.mark.parametrize(
    ("variant", "config"),
    [
        (REMVIT, {"image_size": 2}),
        (REMVIT, {"image_size": (224, 224, 224)}),
        (REMVIT, {"depth": 0}),
        (REMVIT, {"depth": "ten"}),
        (REMVIT, {"num_heads": 0}),
        (REMVIT, {"patch_kernel": 4}),
        (REMVIT, {"patch_stride": 0}),
        (REMVIT, {"kv_stride": 0}),
        (REMVIT, {"pool_kernel": 2}),
        (REMVIT, {"dim_mul": ((10, 2),)}),
        (REMVIT, {"dim_mul": ((1, 0),)}),
        (REMVIT, {"dim_mul": 2}),
        (REMVIT, {"head_mul": ((1, 2, 2),)}),
        (REMVIT, {"head_mul": ((1, 1.5), (2, 1.5))}),
        (REMVIT, {"q_stride": ((1, 1.5),)}),
        (REMVIT, {"embed_dim": 0}),
        (REMVIT, {"mlp_ratio": -1.0}),
        (REMVIT, {"residual_pooling": 1}),
        (REMVIT, {"num_classes": 0}),
        (REMVIT, {"drop_path_rate": 1.5}),
        (RESWIN, {"image_size": 30}),
        (RESWIN, {"image_size": (224,)}),
        (RESWIN, {"patch_size": 0}),
        (RESWIN, {"embed_dim": 0}),
        (RESWIN, {"depths": ()}),
        (RESWIN, {"depths": (2, 0, 2, 2)}),
        (RESWIN, {"depths": 2}),
        (RESWIN, {"num_heads": (3, 6)}),
        (RESWIN, {"num_heads": (5, 6, 12, 24)}),
        (RESWIN, {"num_heads": 3}),
        (RESWIN, {"window_size": 0}),
        (RESWIN, {"mlp_ratio": 0.001}),
        (RESWIN, {"qkv_bias": None}),
        (RESWIN, {"num_classes": 1.0}),
        (RESWIN, {"drop_path_rate": 1.0}),
    ],
    ids=lambda part: part.title if isinstance(part, Variant) else None,
)
def test_a_configuration_with_no_meaning_is_refused_with_what_would_fit(
    variant: Variant, config: dict[str, Any]
) -> None:
    with pytest.raises(WeightsError, match=next(iter(config))) as error, torch.device("meta"):
        variant.network(**config)
    assert error.value.hint.startswith("Give ")
