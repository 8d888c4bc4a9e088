"""ReMViTv2 is the authors' network, tensor by tensor, and fits logits of any size to its shrinking grids."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from resatt_studio.models.remvit import Carried, PooledAttention, ReMViT
from tests.models.variants import REMVIT, Variant

TINY = REMVIT.tiny


@pytest.fixture
def variant() -> Variant:
    return REMVIT


def record(network: ReMViT) -> dict[str, Tensor]:
    """Hook every module whose answer the fixture names."""
    seen: dict[str, Tensor] = {}

    def keep(name: str, module: nn.Module) -> None:
        def hook(_module: nn.Module, _inputs: object, output: Any) -> None:
            answer, carried = output if isinstance(output, tuple) else (output, None)
            seen[name] = answer
            if carried is not None:
                seen[f"{name}_logits"] = carried.logits
                seen[f"{name}_hw"] = torch.tensor(carried.queries)

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
def test_every_tensor_equals_the_reference(traced: bool, variant: Variant) -> None:
    reference = variant.reference()
    network = variant.reference_network()
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
    reference.assert_equals(seen, least=26)


def test_the_first_norm_has_the_references_epsilon(variant: Variant) -> None:
    reference = variant.reference()
    norm = variant.reference_network().blocks[0].attention_norm
    with torch.no_grad():
        answer = norm(reference.tensors["probe.layer_norm.in"])
    assert (answer - reference.tensors["probe.layer_norm.out"]).abs().max() <= 1e-5


@pytest.mark.parametrize("traced", [False, True], ids=["quick", "traced"])
def test_gradients_equal_the_reference(traced: bool) -> None:
    reference = REMVIT.reference()
    network = REMVIT.reference_network().train()
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


def test_learning_also_works_where_queries_are_pooled_and_keys_and_heads_stay() -> None:
    config = {"depth": 2, "dim_mul": (), "head_mul": (), "q_stride": ((1, 2),), "kv_stride": 1}
    network = ReMViT(**TINY | config).train()
    photo = torch.randn(2, 3, 32, 32)
    logits = network(photo)
    logits.sum().backward()
    assert torch.allclose(logits, network.trace(photo)[0], atol=1e-5)
