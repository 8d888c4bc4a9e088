"""ReViT is the authors' network, tensor by tensor, on the quick path and on the traced one."""

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
from torch.nn import functional

from resatt_studio.errors import WeightsError
from resatt_studio.models.blocks.attention import blended_logits
from resatt_studio.models.blocks.stochastic_depth import DropPath
from resatt_studio.models.revit import BlockAttention, ReViT
from resatt_studio.models.revit_keys import from_reference_keys, to_reference_keys

FIXTURES = Path(__file__).parents[1] / "fixtures"
CASES = [
    ("revit_tiny", "64x64"),
    ("revit_tiny", "64x96"),
    ("revit_tiny_cls", "64x64"),
    ("revit_tiny_cls", "64x96"),
]
TINY: dict[str, Any] = {
    "image_size": 32,
    "patch_size": 8,
    "embed_dim": 16,
    "depth": 3,
    "num_heads": 2,
    "num_classes": 4,
}


class Reference(NamedTuple):
    """The authors' network in numbers: tensors, and how ours is built."""

    tensors: dict[str, Tensor]
    config: dict[str, Any]

    def state(self, size: str = "64x64") -> dict[str, Tensor]:
        """The authors' state dict; the fixture has a position table of its own for each size."""
        state = {key[6:]: value for key, value in self.tensors.items() if key.startswith("param.")}
        return state | {"pos_embed": self.tensors.get(f"param_{size}.pos_embed", state["pos_embed"])}

    def network(self, size: str = "64x64") -> ReViT:
        network = ReViT(**self.config | {"image_size": [int(side) for side in size.split("x")]})
        network.load_state_dict(from_reference_keys(self.state(size)), strict=True)
        return network.eval()


def read(name: str) -> Reference:
    with safe_open(str(FIXTURES / f"{name}.safetensors"), "pt") as file:
        said = json.loads(file.metadata()["config"])
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118  not a dict
    theirs = said["ReViT"]
    config = {name: theirs[name] for name in ("embed_dim", "depth", "num_heads", "mlp_ratio", "qkv_bias")}
    config |= {"patch_size": theirs["patch_kernel"][0], "num_classes": said["MODEL"]["num_classes"]}
    return Reference(
        tensors, config | {"class_token": theirs["cls_embed_on"], "learnable_alpha": theirs["alpha"]}
    )


@pytest.fixture(scope="module")
def references() -> dict[str, Reference]:
    return {name: read(name) for name in ("revit_tiny", "revit_tiny_cls")}


def record(network: ReViT) -> dict[str, Tensor]:
    """Hook every module whose answer the fixtures name."""
    seen: dict[str, Tensor] = {}

    def keep(name: str, module: nn.Module) -> None:
        def hook(_module: nn.Module, _inputs: object, output: Any) -> None:
            kept = output if isinstance(output, tuple) else (output,)
            seen.update(zip((name, f"{name}_logits"), (part.detach() for part in kept), strict=False))

        module.register_forward_hook(hook)

    for k, block in enumerate(network.blocks):
        keep(f"block{k}", block)
        keep(f"block{k}.attn", block.attention)
        keep(f"block{k}.mlp", block.mlp)
    keep("norm", network.norm)
    keep("patch", network.patch)
    network.blocks[0].register_forward_pre_hook(lambda _m, inputs: seen.__setitem__("tokens", inputs[0]))
    network.head.register_forward_pre_hook(lambda _m, inputs: seen.__setitem__("pooled", inputs[0]))
    return seen


def heat(probs: list[Tensor], grid: tuple[int, int], class_token: bool) -> dict[str, Tensor]:
    """The two heatmaps of the fixtures, from softmax(S) of each block."""

    def onto_grid(matrix: Tensor) -> Tensor:
        row = matrix[:, 0, 1:] if class_token else matrix.mean(dim=1)
        return row.unflatten(1, grid)

    identity = torch.eye(probs[0].shape[-1], device=probs[0].device)
    rollout = identity
    for attention in probs:
        mixed = 0.5 * attention.mean(dim=1) + 0.5 * identity
        rollout = mixed / mixed.sum(dim=-1, keepdim=True) @ rollout
    return {"heat.last": onto_grid(probs[-1].mean(dim=1)), "heat.rollout": onto_grid(rollout)}


@pytest.mark.parametrize("traced", [False, True], ids=["quick", "traced"])
@pytest.mark.parametrize(("name", "size"), CASES)
def test_every_tensor_equals_the_reference(
    name: str, size: str, traced: bool, references: dict[str, Reference]
) -> None:
    reference = references[name]
    network = reference.network(size)
    hooked = record(network)
    records: list[BlockAttention] = []
    with torch.no_grad():
        photo = reference.tensors[f"in.{size}"]
        if traced:
            logits, records = network.trace(photo)
        else:
            logits = network(photo)
        seen = {"logits": logits, "probs": logits.softmax(dim=1)}
        seen |= {key: hooked[key] for key in ("norm", "pooled", "tokens")}
        seen["patch_embed"] = hooked["patch"].flatten(2).transpose(1, 2)
        blended = [hooked[f"block{k}.attn_logits"] for k in range(len(network.blocks))]
        grid = records[0].grid if traced else (hooked["patch"].shape[2], hooked["patch"].shape[3])
        assert network.alpha is not None
        alpha = float(network.alpha)
        for k, scores in enumerate(blended):
            inherited = blended[k - 1] * (1 - alpha) if k else torch.zeros(())
            seen[f"block{k}.attn_raw"] = (
                records[k].raw if traced else (scores - inherited) / (alpha if k else 1.0)
            )
            seen[f"block{k}.attn_probs"] = records[k].probs if traced else scores.softmax(dim=-1)
            seen[f"block{k}.attn_logits"] = records[k].blended if traced else scores
            seen |= {f"block{k}.x": hooked[f"block{k}"], f"block{k}.attn_out": hooked[f"block{k}.attn"]}
            seen |= {f"block{k}.mlp": hooked[f"block{k}.mlp"]}
            seen[f"block{k}.hw"] = torch.tensor(grid, device=photo.device)
        probs = [seen[f"block{k}.attn_probs"] for k in range(len(blended))]
        seen |= heat(probs, grid, network.class_token is not None)
    heads = (f"out.{size}.", f"ref.{size}.")
    wanted = {
        key[len(heads[0]) :]: value for key, value in reference.tensors.items() if key.startswith(heads)
    }
    assert len(wanted) >= 24
    for key, value in wanted.items():
        assert seen[key].shape == value.shape, key
        assert (seen[key] - value).abs().max() <= 1e-4, key


@pytest.mark.parametrize("name", ["revit_tiny", "revit_tiny_cls"])
def test_the_first_norm_has_the_references_epsilon(name: str, references: dict[str, Reference]) -> None:
    reference = references[name]
    norm = reference.network().blocks[0].attention_norm
    with torch.no_grad():
        answer = norm(reference.tensors["probe.layer_norm.in"])
    assert (answer - reference.tensors["probe.layer_norm.out"]).abs().max() <= 1e-5


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("traced", [False, True], ids=["quick", "traced"])
@pytest.mark.parametrize("name", ["revit_tiny", "revit_tiny_cls"])
def test_gradients_equal_the_reference(
    name: str, traced: bool, training: bool, references: dict[str, Reference]
) -> None:
    reference = references[name]
    network = reference.network().train(training)
    photo = reference.tensors["in.64x64"]
    logits = network.trace(photo)[0] if traced else network(photo)
    (logits * reference.tensors["grad.64x64.loss_weight"]).sum().backward()
    assert network.alpha is not None
    for key, parameter in (("alpha", network.alpha), ("head_bias", network.head.bias)):
        assert parameter.grad is not None
        assert (parameter.grad - reference.tensors[f"grad.64x64.{key}"]).abs().max() <= 1e-5, key


@pytest.mark.parametrize(
    ("config", "count"),
    [
        ({}, 86_566_121),
        ({"embed_dim": 384, "num_heads": 6}, 22_049_897),
        ({"embed_dim": 192, "num_heads": 3}, 5_717_033),
        ({"class_token": True}, 86_566_121 + 2 * 768),
        ({"learnable_alpha": False}, 86_566_121 - 1),
    ],
)
def test_parameter_counts_are_exact(config: dict[str, Any], count: int) -> None:
    with torch.device("meta"):
        network = ReViT(**config)
        assert network(torch.empty(1, 3, 224, 224)).shape == (1, 1000)
    assert sum(parameter.numel() for parameter in network.parameters()) == count


def test_an_alpha_of_one_is_a_plain_vision_transformer() -> None:
    network = ReViT(**TINY).eval()
    assert network.alpha is not None
    nn.init.ones_(network.alpha)
    photo = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        tokens = network.patch(photo).flatten(2).transpose(1, 2) + network.position
        for block in network.blocks:
            layer: Any = block
            qkv = (
                layer.attention.qkv(layer.attention_norm(tokens)).view(2, 16, 3, 2, 8).permute(2, 0, 3, 1, 4)
            )
            attended = functional.scaled_dot_product_attention(*qkv)
            tokens = tokens + layer.attention.project(attended.transpose(1, 2).flatten(2))
            tokens = tokens + layer.mlp(layer.mlp_norm(tokens))
        plain = network.head(network.norm(tokens).mean(dim=1))
        assert torch.allclose(network(photo), plain, atol=1e-5)
        assert torch.allclose(network.trace(photo)[0], plain, atol=1e-5)


@given(alpha=st.floats(-0.5, 1.5), depth=st.integers(2, 4))
def test_the_first_blocks_logits_keep_their_full_weight_down_the_chain(alpha: float, depth: int) -> None:
    network = ReViT(**TINY | {"depth": depth}).eval()
    assert network.alpha is not None
    nn.init.constant_(network.alpha, alpha)
    with torch.no_grad():
        records = network.trace(torch.randn(1, 3, 32, 32))[1]
    wanted = (1 - alpha) ** (depth - 1) * records[0].raw
    for k in range(1, depth):
        wanted = wanted + alpha * (1 - alpha) ** (depth - 1 - k) * records[k].raw
    assert torch.allclose(records[-1].blended, wanted, atol=1e-5)


@given(alpha=st.floats(-1, 2), heads=st.sampled_from([1, 3]))
def test_the_one_call_blend_is_the_formula_for_numbers_and_tensors(alpha: float, heads: int) -> None:
    query, key = torch.randn(2, 3, 5, 4), torch.randn(2, 3, 7, 4)
    history = torch.randn(2, heads, 5, 7)
    wanted = alpha * (query @ key.transpose(-2, -1) / 2) + (1 - alpha) * history
    assert torch.allclose(blended_logits(query, key, history, alpha), wanted, atol=1e-5)
    assert torch.allclose(blended_logits(query, key, history, torch.tensor([alpha])), wanted, atol=1e-5)
    assert torch.allclose(
        blended_logits(query, key, None, alpha), query @ key.transpose(-2, -1) / 2, atol=1e-5
    )


@pytest.mark.parametrize("class_token", [False, True])
def test_records_say_where_their_tokens_lie(class_token: bool) -> None:
    network = ReViT(**TINY, class_token=class_token).eval()
    records = network.trace(torch.randn(2, 3, 20, 41))[1]
    assert [record.block for record in records] == [0, 1, 2]
    for record in records:
        assert (record.grid, record.class_token, record.alpha) == ((3, 6), class_token, 0.5)
        assert record.blended.shape == record.raw.shape == (2, 2, 18 + class_token, 18 + class_token)
        assert torch.allclose(record.probs.sum(dim=-1), torch.ones(()), atol=1e-5)
    with pytest.raises(AttributeError):
        records[0].block = 1  # type: ignore[misc]


def test_a_class_score_can_be_followed_back_to_every_attention() -> None:
    logits, records = ReViT(**TINY).eval().trace(torch.randn(1, 3, 32, 32))
    gradients = torch.autograd.grad(logits[0, 2], [record.probs for record in records])
    assert all(float(gradient.abs().max()) > 0 for gradient in gradients)


@pytest.mark.parametrize("name", ["revit_tiny", "revit_tiny_cls"])
def test_the_key_map_round_trips_bit_exact(name: str, references: dict[str, Reference]) -> None:
    state = references[name].state()
    ours = from_reference_keys(state)
    assert ours.keys() == references[name].network().state_dict().keys()
    again = to_reference_keys(ours)
    assert again.keys() == state.keys()
    assert all(torch.equal(again[key], state[key]) for key in state)


def test_the_key_map_takes_off_the_prefix_of_parallel_training(references: dict[str, Reference]) -> None:
    state = references["revit_tiny"].state()
    prefixed = {f"module.{key}": value for key, value in state.items()}
    assert from_reference_keys(prefixed).keys() == from_reference_keys(state).keys()


@given(
    depth=st.integers(1, 12),
    qkv_bias=st.booleans(),
    class_token=st.booleans(),
    learnable_alpha=st.booleans(),
)
def test_the_key_map_knows_every_configuration(
    depth: int, qkv_bias: bool, class_token: bool, learnable_alpha: bool
) -> None:
    options = {"qkv_bias": qkv_bias, "class_token": class_token, "learnable_alpha": learnable_alpha}
    with torch.device("meta"):
        state = ReViT(**TINY | options | {"depth": depth}).state_dict()
    theirs = to_reference_keys(state)
    assert len(theirs) == len(state)
    assert list(from_reference_keys(theirs)) == list(state)


@pytest.mark.parametrize(
    ("lost", "gained", "said"),
    [
        ("head.projection.bias", "", "1 keys missing"),
        ("blocks.2.attn.qkv.bias", "", "1 keys missing"),
        ("", "blocks.1.attn.more", "1 unknown"),
        ("", "blocks.9.norm1.bias", "keys missing"),
        ("", "module.alpha", "1 unknown"),
    ],
)
def test_the_key_map_refuses_what_is_missing_or_left_over(
    lost: str, gained: str, said: str, references: dict[str, Reference]
) -> None:
    state = dict(references["revit_tiny"].state())
    state.pop(lost, None)
    if gained:
        state[gained] = torch.zeros(1)
    with pytest.raises(WeightsError, match=said):
        from_reference_keys(state)


def test_the_key_map_refuses_what_was_renamed_already(references: dict[str, Reference]) -> None:
    state = references["revit_tiny"].state()
    with pytest.raises(WeightsError, match="not ReViT weights"):
        to_reference_keys(state)
    with pytest.raises(WeightsError, match="not ReViT weights"):
        from_reference_keys(from_reference_keys(state))
    with pytest.raises(WeightsError, match="not ReViT weights"):
        from_reference_keys({})


@pytest.mark.parametrize("class_token", [False, True])
def test_learning_reaches_every_parameter(class_token: bool) -> None:
    torch.manual_seed(0)
    network = ReViT(**TINY, class_token=class_token, drop_path_rate=0.1).train()
    network(torch.randn(8, 3, 32, 32)).square().sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert bool(torch.isfinite(parameter.grad).all()), name
        gradient = parameter.grad
        if name.endswith("qkv.bias"):
            # The softmax does not see what all keys of a query have in common.
            gradient = gradient.unflatten(0, (3, -1))[[0, 2]]
        assert float(gradient.abs().max()) > 0, name


def test_learning_moves_alpha_and_an_unlearned_one_stays_a_half() -> None:
    fixed, learned = ReViT(**TINY, learnable_alpha=False), ReViT(**TINY)
    fixed.load_state_dict({key: value for key, value in learned.state_dict().items() if key != "alpha"})
    photo = torch.randn(1, 3, 32, 32)
    assert "alpha" not in fixed.state_dict()
    assert torch.allclose(fixed(photo), learned(photo), atol=1e-6)
    learned(photo).sum().backward()
    assert learned.alpha is not None
    assert learned.alpha.shape == (1,)
    assert float(learned.alpha.grad) != 0  # type: ignore[arg-type]


def test_evaluation_repeats_itself_and_training_drops_paths() -> None:
    network = ReViT(**TINY, drop_path_rate=0.9)
    photo = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        assert torch.equal(network.eval()(photo), network(photo))
        network.train()
        assert not torch.equal(network(photo), network(photo))


def test_a_dropped_path_is_made_up_for_by_the_others() -> None:
    torch.manual_seed(0)
    dropped = DropPath(0.25).train()(torch.ones(4000, 2, 3))
    assert dropped.unique().tolist() == pytest.approx([0.0, 1 / 0.75])
    assert float(dropped.mean()) == pytest.approx(1.0, abs=0.05)
    assert bool((dropped.flatten(1).amax(dim=1) == dropped.flatten(1).amin(dim=1)).all())


@given(height=st.integers(1, 70), width=st.integers(1, 70), class_token=st.booleans())
def test_every_size_gets_logits(height: int, width: int, class_token: bool) -> None:
    network = ReViT(**TINY, class_token=class_token).eval()
    photo = torch.randn(2, 3, height, width)
    with torch.no_grad():
        logits = network(photo)
        assert torch.allclose(logits, network.trace(photo)[0], atol=1e-5)
    assert logits.shape == (2, 4)
    assert bool(torch.isfinite(logits).all())


def test_sizes_between_patches_repeat_their_edge() -> None:
    network = ReViT(**TINY).eval()
    photo = torch.randn(1, 3, 29, 32)
    with torch.no_grad():
        repeated = torch.cat((photo, photo[:, :, -1:].expand(-1, -1, 3, -1)), dim=2)
        assert torch.equal(network(photo), network(repeated))


def test_the_position_table_follows_the_grid_and_the_class_slot_stays() -> None:
    network = ReViT(**TINY, class_token=True)
    slope = torch.arange(4.0)[:, None, None].expand(4, 4, 16).reshape(1, 16, 16)
    table = torch.cat((torch.full((1, 1, 16), 7.0), slope), dim=1)
    network.load_state_dict(network.state_dict() | {"position": table})
    with torch.no_grad():
        assert network.position_for((4, 4)) is network.position
        larger = network.position_for((8, 4))
    assert larger.shape == (1, 33, 16)
    assert bool((larger[:, 0] == 7).all())
    rows = larger[0, 1:].view(8, 4, 16)
    assert bool((rows.diff(dim=0) > 0).all())
    assert torch.allclose(rows[2:6, 0, 0], torch.tensor([0.75, 1.25, 1.75, 2.25]), atol=0.1)


@pytest.mark.parametrize("name", ["revit_tiny", "revit_tiny_cls"])
def test_half_precision_stays_close_to_the_exact_answer(name: str, references: dict[str, Reference]) -> None:
    reference = references[name]
    photo, exact = reference.tensors["in.64x64"], reference.tensors["out.64x64.logits"]
    scores = reference.tensors["out.64x64.block2.attn_logits"]
    network = reference.network()
    with torch.no_grad():
        with torch.autocast("cpu", dtype=torch.bfloat16):
            assert (network(photo).float() - exact).abs().max() < 0.05
            records = network.trace(photo)[1]
        halved = network.to(torch.bfloat16, memory_format=torch.channels_last)  # type: ignore[call-overload]
        assert (halved(photo.bfloat16()).float() - exact).abs().max() < 0.05
    assert records[2].blended.dtype == torch.float32
    assert (records[2].blended - scores).abs().max() < 0.1


def test_a_state_dict_comes_back_the_same() -> None:
    first, second = ReViT(**TINY).eval(), ReViT(**TINY).eval()
    second.load_state_dict(first.state_dict(), strict=True)
    photo = torch.randn(1, 3, 32, 32)
    with torch.no_grad():
        assert torch.equal(first(photo), second(photo))


def test_fresh_weights_are_those_of_the_reference() -> None:
    torch.manual_seed(0)
    network = ReViT(image_size=64, embed_dim=96, depth=1, num_heads=3, class_token=True)
    for name, parameter in network.named_parameters():
        parameter = parameter.detach()
        if name == "alpha":
            assert parameter.tolist() == [0.5]
        elif "norm" in name:
            assert bool((parameter == float(name.endswith("weight"))).all()), name
        elif name.endswith("bias") and not name.startswith("patch"):
            assert bool((parameter == 0).all()), name
        elif parameter.numel() > 1000 and not name.startswith("patch"):
            assert float(parameter.std()) == pytest.approx(0.02, rel=0.1), name


@pytest.mark.parametrize(
    "config",
    [
        {"image_size": 100},
        {"image_size": (224, 100)},
        {"image_size": (224,)},
        {"image_size": 0},
        {"patch_size": 0},
        {"embed_dim": 0},
        {"embed_dim": True},
        {"depth": 0},
        {"depth": 1.5},
        {"num_heads": 5},
        {"num_heads": 0},
        {"mlp_ratio": 0.0},
        {"mlp_ratio": "4"},
        {"mlp_ratio": float("inf")},
        {"qkv_bias": 1},
        {"class_token": "no"},
        {"learnable_alpha": 0.5},
        {"num_classes": 0},
        {"drop_path_rate": 1.0},
        {"drop_path_rate": -0.1},
    ],
)
def test_a_configuration_with_no_meaning_is_refused_with_what_would_fit(config: dict[str, Any]) -> None:
    with pytest.raises(WeightsError, match=next(iter(config))) as error, torch.device("meta"):
        ReViT(**config)
    assert error.value.hint.startswith("Give ")
