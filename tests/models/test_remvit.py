"""ReMViTv2 is the authors' network, tensor by tensor, and fits logits of any size to its shrinking grids."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open
from torch import Tensor, nn

from resatt_studio.errors import WeightsError
from resatt_studio.models.remvit import Carried, PooledAttention, ReMViT
from resatt_studio.models.remvit_keys import from_reference_keys, to_reference_keys

FIXTURE = Path(__file__).parents[1] / "fixtures" / "remvit_tiny.safetensors"
TINY: dict[str, Any] = {
    "image_size": 32,
    "embed_dim": 8,
    "depth": 4,
    "dim_mul": ((1, 2), (3, 2)),
    "head_mul": ((1, 2), (3, 2)),
    "q_stride": ((1, 2), (3, 2)),
    "kv_stride": 2,
    "num_classes": 4,
}


class Reference(NamedTuple):
    """The authors' network in numbers: tensors, and how ours is built."""

    tensors: dict[str, Tensor]
    config: dict[str, Any]

    def state(self) -> dict[str, Tensor]:
        return {key[6:]: value for key, value in self.tensors.items() if key.startswith("param.")}

    def network(self) -> ReMViT:
        network = ReMViT(**self.config)
        network.load_state_dict(from_reference_keys(self.state()), strict=True)
        return network.eval()


def read() -> Reference:
    with safe_open(str(FIXTURE), "pt") as file:
        said = json.loads(file.metadata()["config"])
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118  not a dict
    theirs = said["ReViT"]
    same = (
        "embed_dim",
        "depth",
        "num_heads",
        "mlp_ratio",
        "qkv_bias",
        "dim_mul",
        "head_mul",
        "residual_pooling",
    )
    config = {name: theirs[name] for name in same} | {
        "image_size": said["DATA"]["crop_size"],
        "num_classes": said["MODEL"]["num_classes"],
        "patch_kernel": theirs["patch_kernel"][0],
        "patch_stride": theirs["patch_stride"][0],
        "pool_kernel": theirs["pool_qkv_kernel"][0],
        "kv_stride": theirs["pool_kv_stride_adaptive"][0],
        "q_stride": [row[:2] for row in theirs["pool_q_stride"]],
        "learnable_alpha": theirs["alpha"],
    }
    return Reference(tensors, config)


@pytest.fixture(scope="module")
def reference() -> Reference:
    return read()


def record(network: ReMViT) -> dict[str, Tensor]:
    """Hook every module whose answer the fixture names."""
    seen: dict[str, Tensor] = {}

    def keep(name: str, module: nn.Module) -> None:
        def hook(_module: nn.Module, _inputs: object, output: Any) -> None:
            answer, carried = output if isinstance(output, tuple) else (output, None)
            seen[name] = answer
            if carried is not None:
                seen[f"{name}_logits"] = carried.logits
                seen[f"{name}_hw"] = torch.tensor(carried.queries, device=answer.device)

        module.register_forward_hook(hook)

    for k, block in enumerate(network.blocks):
        keep(f"block{k}", block)
        keep(f"block{k}.attn", block.attention)
        keep(f"block{k}.mlp", block.mlp)
    keep("norm", network.norm)
    network.blocks[0].register_forward_pre_hook(lambda _m, inputs: seen.__setitem__("tokens", inputs[0]))
    network.head.register_forward_pre_hook(lambda _m, inputs: seen.__setitem__("pooled", inputs[0]))
    return seen


@pytest.mark.parametrize("traced", [False, True], ids=["quick", "traced"])
def test_every_tensor_equals_the_reference(traced: bool, reference: Reference) -> None:
    network = reference.network()
    hooked = record(network)
    records: list[PooledAttention] = []
    with torch.no_grad():
        if traced:
            logits, records = network.trace(reference.tensors["in.64x64"])
        else:
            logits = network(reference.tensors["in.64x64"])
    seen = {"logits": logits, "probs": logits.softmax(dim=1), "patch_embed": hooked["tokens"]}
    seen |= {name: hooked[name] for name in ("tokens", "norm", "pooled")}
    for k in range(len(network.blocks)):
        scores = records[k].blended if traced else hooked[f"block{k}.attn_logits"]
        seen |= {f"block{k}.x": hooked[f"block{k}"], f"block{k}.mlp": hooked[f"block{k}.mlp"]}
        seen |= {f"block{k}.attn_out": hooked[f"block{k}.attn"], f"block{k}.attn_logits": scores}
        seen[f"block{k}.attn_probs"] = records[k].probs if traced else scores.softmax(dim=-1)
        grid = torch.tensor(records[k].grid, device=logits.device) if traced else hooked[f"block{k}_hw"]
        seen[f"block{k}.hw"] = grid
    wanted = {key[10:]: value for key, value in reference.tensors.items() if key.startswith("out.64x64.")}
    assert len(wanted) >= 26
    for key, value in wanted.items():
        assert seen[key].shape == value.shape, key
        assert (seen[key] - value).abs().max() <= 1e-4, key


def test_the_first_norm_has_the_references_epsilon(reference: Reference) -> None:
    norm = reference.network().blocks[0].attention_norm
    with torch.no_grad():
        answer = norm(reference.tensors["probe.layer_norm.in"])
    assert (answer - reference.tensors["probe.layer_norm.out"]).abs().max() <= 1e-5


@pytest.mark.parametrize("traced", [False, True], ids=["quick", "traced"])
def test_gradients_equal_the_reference(traced: bool, reference: Reference) -> None:
    network = reference.network().train()
    photo = reference.tensors["in.64x64"]
    logits = network.trace(photo)[0] if traced else network(photo)
    (logits * reference.tensors["grad.64x64.loss_weight"]).sum().backward()
    assert network.alpha is not None
    for key, parameter in (("alpha", network.alpha), ("head_bias", network.head.bias)):
        assert parameter.grad is not None
        assert (parameter.grad - reference.tensors[f"grad.64x64.{key}"]).abs().max() <= 1e-5, key


def test_the_published_configuration_has_its_parameters_heads_and_strides() -> None:
    with torch.device("meta"):
        network = ReMViT()
    assert sum(parameter.numel() for parameter in network.parameters()) == 24_173_321
    layers: list[Any] = list(network.blocks)
    assert [layer.attention.heads for layer in layers] == [1, 2, 2, 4, 4, 4, 4, 4, 8, 8]
    assert [layer.attention.query_pool.conv.stride[0] for layer in layers] == [1, 2, 1, 2, 1, 1, 1, 1, 2, 1]
    assert [layer.attention.key_pool.conv.stride[0] for layer in layers] == [4, 2, 2, 1, 1, 1, 1, 1, 1, 1]


def test_the_published_grids_grow_shrink_and_stay() -> None:
    records = ReMViT(embed_dim=8, num_classes=2).eval().trace(torch.randn(1, 3, 224, 224))[1]
    assert [record.key_grid[0] for record in records] == [14, 28, 14, 28, 14, 14, 14, 14, 14, 7]
    assert [record.grid[0] for record in records] == [56, 28, 28, 14, 14, 14, 14, 14, 7, 7]


@given(factor=st.integers(1, 3), sides=st.tuples(st.integers(1, 3), st.integers(1, 4)))
def test_smaller_grids_take_means_and_larger_ones_repeat(factor: int, sides: tuple[int, int]) -> None:
    coarse, fine = sides, (factor * sides[0], factor * sides[1])
    many, few = fine[0] * fine[1], coarse[0] * coarse[1]
    logits = torch.randn(2, 3, many, few)
    fitted = Carried(logits, fine, coarse).fitted(3, coarse, fine)
    means = logits.view(2, 3, sides[0], factor, sides[1], factor, few).mean(dim=(3, 5))
    cells = means.view(2, 3, few, *coarse)
    wanted = cells.repeat_interleave(factor, dim=3).repeat_interleave(factor, dim=4).view(2, 3, few, many)
    assert torch.allclose(fitted, wanted, atol=1e-5)


def test_logits_that_fit_already_are_handed_on_untouched() -> None:
    logits = torch.randn(1, 2, 6, 4)
    assert Carried(logits, (2, 3), (2, 2)).fitted(2, (2, 3), (2, 2)) is logits


def test_other_heads_inherit_the_mean_over_all() -> None:
    logits = torch.randn(1, 2, 6, 4)
    fitted = Carried(logits, (2, 3), (2, 2)).fitted(4, (2, 3), (2, 2))
    assert torch.allclose(fitted, logits.mean(dim=1, keepdim=True))


def test_an_alpha_of_one_is_a_plain_mvit_and_a_smaller_one_inherits_positions() -> None:
    network = ReMViT(**TINY).eval()
    assert network.alpha is not None
    for alpha in (1.0, 0.25):
        nn.init.constant_(network.alpha, alpha)
        with torch.no_grad():
            records = network.trace(torch.randn(1, 3, 32, 32))[1]
            carried: Carried | None = None
            for kept, block in zip(records, network.blocks, strict=True):
                layer: Any = block
                down, across = layer.attention.position(kept.query, kept.grid, kept.key_grid)
                own = (down[..., None] + across[..., None, :]).reshape(kept.raw.shape)
                heads = kept.raw.shape[1]
                past = 0 if carried is None else carried.fitted(heads, kept.grid, kept.key_grid)
                share = 1.0 if carried is None else alpha
                assert torch.allclose(kept.blended, share * kept.raw + (1 - share) * past + own, atol=1e-5)
                carried = Carried(kept.blended, kept.grid, kept.key_grid)


@pytest.mark.parametrize("size", [(32, 32), (64, 96), (57, 33), (8, 100), (1, 1)])
def test_every_size_gets_the_same_logits_on_both_paths(size: tuple[int, int]) -> None:
    network = ReMViT(**TINY).eval()
    photo = torch.randn(2, 3, *size)
    slow, records = network.trace(photo)
    assert torch.allclose(network(photo), slow, atol=1e-5)
    with torch.no_grad():
        assert torch.allclose(network(photo), slow, atol=1e-5)
    assert slow.shape == (2, 4)
    for kept in records:
        queries, keys = kept.grid[0] * kept.grid[1], kept.key_grid[0] * kept.key_grid[1]
        assert kept.probs.shape[-2:] == kept.raw.shape[-2:] == (queries, keys)
        assert (kept.class_token, kept.alpha) == (False, 0.5)


def test_learning_also_works_where_queries_are_pooled_and_keys_and_heads_stay() -> None:
    config = {"depth": 2, "dim_mul": (), "head_mul": (), "q_stride": ((1, 2),), "kv_stride": 1}
    network = ReMViT(**TINY | config).train()
    photo = torch.randn(2, 3, 32, 32)
    logits = network(photo)
    logits.sum().backward()
    assert torch.allclose(logits, network.trace(photo)[0], atol=1e-5)


def test_learning_reaches_every_parameter() -> None:
    torch.manual_seed(0)
    network = ReMViT(**TINY, drop_path_rate=0.1).train()
    network(torch.randn(8, 3, 32, 32)).square().sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert bool(torch.isfinite(parameter.grad).all()), name
        # The softmax does not see what all keys have in common, such as the bias of their norm.
        assert name.endswith("key_pool.norm.bias") or float(parameter.grad.abs().max()) > 0, name


@pytest.mark.parametrize("learnable_alpha", [False, True])
def test_the_key_map_round_trips_bit_exact(learnable_alpha: bool, reference: Reference) -> None:
    state = reference.state()
    if not learnable_alpha:
        state.pop("alpha")
    ours = from_reference_keys({f"module.{key}": value for key, value in state.items()})
    network = ReMViT(**reference.config | {"learnable_alpha": learnable_alpha})
    assert ours.keys() == network.state_dict().keys()
    again = to_reference_keys(ours)
    assert again.keys() == state.keys()
    assert all(torch.equal(again[key], state[key]) for key in state)


def test_the_key_map_refuses_what_is_missing_or_left_over(reference: Reference) -> None:
    state = reference.state()
    state["blocks.0.attn.pool_q.bias"] = state.pop("blocks.0.attn.pool_q.weight")
    with pytest.raises(WeightsError, match=r"ReMViTv2.*1 keys missing.*1 unknown"):
        from_reference_keys(state)


def test_evaluation_repeats_itself_after_a_round_trip_through_a_state_dict() -> None:
    first, second = ReMViT(**TINY).eval(), ReMViT(**TINY).eval()
    second.load_state_dict(first.state_dict(), strict=True)
    photo = torch.randn(1, 3, 32, 32)
    with torch.no_grad():
        assert torch.equal(first(photo), first(photo))
        assert torch.equal(first(photo), second(photo))


def test_half_precision_stays_close_to_the_exact_answer(reference: Reference) -> None:
    photo, exact = reference.tensors["in.64x64"], reference.tensors["out.64x64.logits"]
    network = reference.network()
    with torch.no_grad():
        with torch.autocast("cpu", dtype=torch.bfloat16):
            assert (network(photo).float() - exact).abs().max() < 0.05
        halved = network.to(torch.bfloat16, memory_format=torch.channels_last)  # type: ignore[call-overload]
        assert (halved(photo.bfloat16()).float() - exact).abs().max() < 0.05


@pytest.mark.parametrize(
    "config",
    [
        {"image_size": 2},
        {"image_size": (224, 224, 224)},
        {"depth": 0},
        {"depth": "ten"},
        {"num_heads": 0},
        {"patch_kernel": 4},
        {"patch_stride": 0},
        {"kv_stride": 0},
        {"pool_kernel": 2},
        {"dim_mul": ((10, 2),)},
        {"dim_mul": ((1, 0),)},
        {"dim_mul": 2},
        {"head_mul": ((1, 2, 2),)},
        {"head_mul": ((1, 1.5), (2, 1.5))},
        {"q_stride": ((1, 1.5),)},
        {"embed_dim": 0},
        {"mlp_ratio": -1.0},
        {"residual_pooling": 1},
        {"num_classes": 0},
        {"drop_path_rate": 1.5},
    ],
)
def test_a_configuration_with_no_meaning_is_refused_with_what_would_fit(config: dict[str, Any]) -> None:
    with pytest.raises(WeightsError, match=next(iter(config))) as error, torch.device("meta"):
        ReMViT(**config)
    assert error.value.hint.startswith("Give ")
