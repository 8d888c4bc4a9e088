"""RMT is the network of the released weights, tensor by tensor, fused and traced alike."""

from __future__ import annotations

import copy
import json
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from torch import Tensor, nn

from resatt_studio.errors import WeightsError
from resatt_studio.inference.folding import fold_norms
from resatt_studio.models.blocks import retention
from resatt_studio.models.blocks.retention import ManhattanAttention, ManhattanPrior, rotate
from resatt_studio.models.rmt import RMT, BlockTrace
from resatt_studio.models.rmt_keys import check_buffers, from_reference_keys, to_reference_keys

FIXTURES = Path(__file__).parents[1] / "fixtures"
CASES = [("rmt_tiny", "64x64"), ("rmt_tiny", "64x96"), ("rmt_tiny_t", "96x96"), ("rmt_tiny_t", "64x96")]
NAMES = ("rmt_tiny", "rmt_tiny_t")
TINY: dict[str, Any] = {
    "embed_dims": (8, 8, 16, 16),
    "depths": (1, 1, 2, 1),
    "num_heads": (2, 1, 2, 4),
    "mlp_ratios": (2, 2, 1.5, 2),
    "layer_scales": (False, False, True, True),
    "layer_scale_init": 0.5,
    "projection": 24,
    "num_classes": 3,
}
FULL_SIZE: dict[str, dict[str, Any]] = {
    "T": {},
    "S": {"depths": (3, 4, 18, 4), "mlp_ratios": (4, 4, 3, 3), "decomposed": (True, True, True, False)},
    "B": {
        "embed_dims": (80, 160, 320, 512),
        "depths": (4, 8, 25, 8),
        "num_heads": (5, 5, 10, 16),
        "heads_ranges": (5, 5, 6, 6),
        "mlp_ratios": (4, 4, 3, 3),
        "decomposed": (True, True, True, False),
        "layer_scales": (False, False, True, True),
    },
    "L": {
        "embed_dims": (112, 224, 448, 640),
        "depths": (4, 8, 25, 8),
        "num_heads": (7, 7, 14, 20),
        "heads_ranges": (6, 6, 6, 6),
        "mlp_ratios": (4, 4, 3, 3),
        "decomposed": (True, True, True, False),
        "layer_scales": (False, False, True, True),
    },
}


class Reference:
    """One fixture: its tensors, its state dict and the configuration in this app's words."""

    def __init__(self, name: str) -> None:
        with safe_open(str(FIXTURES / f"{name}.safetensors"), "pt") as file:
            self.tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118  not a dict
            config = json.loads(file.metadata()["config"])
        same = ("embed_dims", "depths", "num_heads", "init_values", "heads_ranges", "mlp_ratios")
        self.config = {name: config[name] for name in (*same, "num_classes", "projection")}
        self.config["decomposed"] = config["chunkwise_recurrents"]
        self.config["layer_scales"] = config["layerscales"]
        self.config["layer_scale_init"] = config["layer_init_values"]
        self.state = self.part("param.")

    def part(self, prefix: str) -> dict[str, Tensor]:
        return {key[len(prefix) :]: value for key, value in self.tensors.items() if key.startswith(prefix)}

    def network(self) -> RMT:
        network = RMT(**self.config)
        network.load_state_dict(from_reference_keys(self.state), strict=True)
        return network.eval()

    def dense_network(self) -> RMT:
        network = RMT(**self.config, dense=True)
        heads = ("proj.", "norm.", "head.")
        state = {key: value for key, value in self.state.items() if not key.startswith(heads)}
        network.load_state_dict(from_reference_keys(state | self.part("dense_param.")), strict=True)
        return network.eval()


@pytest.fixture(scope="module")
def references() -> dict[str, Reference]:
    return {name: Reference(name) for name in NAMES}


def tiny(**config: Any) -> RMT:
    torch.manual_seed(0)
    return RMT(**(TINY | config))


def record(network: RMT) -> dict[str, Tensor]:
    """Hook every module whose input or output the fixtures name."""
    seen: dict[str, Tensor] = {}

    def output_of(module: Any, name: str, channels_first: bool = False) -> None:
        def hook(_module: nn.Module, _inputs: object, output: Tensor) -> None:
            seen[name] = (output.permute(0, 2, 3, 1) if channels_first else output).clone()

        module.register_forward_hook(hook)

    output_of(network.stem[3], "patch_embed", channels_first=True)
    for number, stage in enumerate(network._stages(), start=1):
        output_of(stage, f"stage{number}")
        if stage.downsample is not None:
            output_of(stage.downsample, f"stage{number}.down", channels_first=True)
        for index, block in enumerate(stage.blocks):
            here, parts = f"stage{number}.block{index}", dict(block.named_children())
            parts["attention_norm"].register_forward_pre_hook(
                lambda _m, inputs, name=f"{here}.cpe": seen.__setitem__(name, inputs[0].clone())
            )
            output_of(parts["attention"], f"{here}.masa")
            output_of(parts["ffn"], f"{here}.ffn")
    if not network.dense:
        output_of(network.neck, "features")
    return seen


def add_traces(seen: dict[str, Tensor], traces: list[BlockTrace]) -> None:
    """Add what the records hold, under the fixtures' names."""
    for trace in traces:
        stage = f"stage{trace.stage + 1}"
        named = {
            f"{stage}.block{trace.block}.attn": trace.full,
            f"{stage}.block{trace.block}.attn_w": trace.row,
            f"{stage}.block{trace.block}.attn_h": trace.column,
            f"{stage}.mask": trace.full_bias,
            f"{stage}.mask_w": trace.row_bias,
            f"{stage}.mask_h": trace.column_bias,
        }
        seen.update({name: value for name, value in named.items() if value is not None})


def composed(trace: BlockTrace) -> Tensor:
    """Row and column attention as one: A[(y,x),(y',x')] = column[x][y,y'] * row[y'][x,x'], (B, n, L, L)."""
    assert trace.row is not None
    assert trace.column is not None
    both = torch.einsum("bxiyv,bvixu->biyxvu", trace.column, trace.row)
    length = trace.grid[0] * trace.grid[1]
    return both.reshape(*both.shape[:2], length, length)


@pytest.mark.parametrize("traced", [False, True])
@pytest.mark.parametrize(("name", "size"), CASES)
def test_every_tensor_equals_the_released_network(
    name: str, size: str, traced: bool, references: dict[str, Reference]
) -> None:
    reference = references[name]
    network, photo = reference.network(), reference.tensors[f"in.{size}"]
    seen = record(network)
    wanted = reference.part(f"out.{size}.")
    with torch.no_grad():
        if traced:
            seen["logits"], traces = network.trace(photo)  # type: ignore[assignment]
            add_traces(seen, traces)
        else:
            seen["logits"] = network(photo)
    for index, stage in enumerate(network._stages(), start=1):
        prior = stage.prior(*seen[f"stage{index}"].shape[1:3])
        seen |= {f"stage{index}.sin": prior.sin, f"stage{index}.cos": prior.cos}
    rows = {key for key in wanted if "mask_row" in key}
    only_traced = {key for key in wanted if ".attn" in key or ".mask" in key}
    expected = wanted.keys() - rows - (set() if traced else only_traced)
    assert len(expected) >= 30
    for key in expected:
        assert seen[key].shape == wanted[key].shape, key
        assert (seen[key] - wanted[key]).abs().max() <= 1e-4, key


@pytest.mark.parametrize(("name", "size"), CASES)
def test_composed_attention_and_the_mean_heat_equal_the_reference(
    name: str, size: str, references: dict[str, Reference]
) -> None:
    reference = references[name]
    wanted = reference.part(f"ref.{size}.")
    _, traces = reference.network().trace(reference.tensors[f"in.{size}"])
    ours = {
        f"stage{trace.stage + 1}.block{trace.block}.attn2d": composed(trace)
        for trace in traces
        if trace.decomposed
    }
    last = traces[-1]
    assert last.full is not None
    ours["heat.stage4_mean"] = last.full.mean(dim=(1, 2)).view(-1, *last.grid)
    assert len(wanted) == 2
    for key, value in wanted.items():
        assert (ours[key] - value).abs().max() <= 1e-4, key


@pytest.mark.parametrize("traced", [False, True])
@pytest.mark.parametrize(("name", "size"), CASES)
def test_dense_maps_equal_the_released_network(
    name: str, size: str, traced: bool, references: dict[str, Reference]
) -> None:
    reference = references[name]
    network, photo = reference.dense_network(), reference.tensors[f"in.{size}"]
    with torch.no_grad():
        maps = network.trace(photo)[0] if traced else network(photo)
    assert len(maps) == 4
    for number, found in enumerate(maps, start=1):
        wanted = reference.tensors[f"dense.{size}.stage{number}"]
        assert found.shape == wanted.shape
        assert (found - wanted).abs().max() <= 1e-4, number


@pytest.mark.parametrize("name", NAMES)
def test_layer_norms_divide_by_the_released_epsilon(name: str, references: dict[str, Reference]) -> None:
    probe = references[name].part("probe.layer_norm.")
    block: Any = references[name].network()._stages()[0].blocks[0]
    with torch.no_grad():
        for norm in (block.attention_norm, block.ffn_norm):
            assert norm.eps == 1e-6
        assert (block.attention_norm(probe["in"]) - probe["out"]).abs().max() <= 1e-5


@pytest.mark.parametrize(
    ("size", "aux", "count"),
    [
        ("T", False, 14_334_216),
        ("S", False, 26_967_240),
        ("B", False, 54_154_896),
        ("L", False, 95_464_864),
        ("S", True, 27_480_240),
        ("B", True, 54_667_896),
        ("L", True, 96_105_864),
    ],
)
def test_parameter_counts_are_those_of_the_released_networks(size: str, aux: bool, count: int) -> None:
    with torch.device("meta"):
        network = RMT(**FULL_SIZE[size], aux_head=aux)
    assert sum(parameter.numel() for parameter in network.parameters()) == count


@pytest.mark.parametrize("name", NAMES)
def test_the_key_map_round_trips_bit_exact_through_the_network(
    name: str, references: dict[str, Reference]
) -> None:
    state = references[name].state
    again = to_reference_keys(references[name].network().state_dict())
    assert again.keys() == state.keys()
    assert all(torch.equal(again[key], state[key]) for key in state)
    dense = references[name].dense_network().state_dict()
    assert from_reference_keys(to_reference_keys(dense)).keys() == dense.keys()


def test_the_key_map_knows_the_head_of_token_labelling() -> None:
    state = tiny(aux_head=True).state_dict()
    renamed = to_reference_keys(state)
    assert {"aux_head.weight", "aux_head.bias"} < renamed.keys()
    assert from_reference_keys(renamed).keys() == state.keys()


def test_weights_without_the_constants_load_and_get_them_back(references: dict[str, Reference]) -> None:
    reference = references["rmt_tiny"]
    bare = {key: value for key, value in reference.state.items() if "Relpos" not in key}
    assert len(bare) == len(reference.state) - 8
    network = RMT(**reference.config)
    network.load_state_dict(from_reference_keys(bare), strict=True)
    again = to_reference_keys(network.state_dict())
    assert again.keys() == reference.state.keys()
    for key, value in again.items():
        torch.testing.assert_close(value, reference.state[key], rtol=1e-6, atol=0)


def test_the_key_map_refuses_what_is_missing_or_left_over(references: dict[str, Reference]) -> None:
    state = dict(references["rmt_tiny"].state)
    ours = from_reference_keys(state)
    with pytest.raises(WeightsError, match="1 unknown"):
        to_reference_keys(ours | {"more": torch.zeros(1)})
    with pytest.raises(WeightsError, match=r"unknown.*blocks\.9999999"):
        from_reference_keys(state | {"layers.0.blocks.9999999.gamma_1": torch.zeros(1)})
    for key in (
        "head.bias",
        "layers.2.blocks.1.gamma_2",
        "layers.1.Relpos.angle",
        "layers.1.blocks.0.ffn.fc1.bias",
    ):
        with pytest.raises(WeightsError, match="1 keys missing"):
            from_reference_keys({name: value for name, value in state.items() if name != key})
    with pytest.raises(WeightsError, match="renamed already"):
        from_reference_keys(ours)


@pytest.mark.parametrize("name", NAMES)
def test_the_constants_of_published_weights_agree_with_their_configuration(
    name: str, references: dict[str, Reference]
) -> None:
    check_buffers(RMT(**references[name].config), references[name].state)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"heads_ranges": (4, 4, 6, 7)}, "layers.3.Relpos.decay does not belong to stage 4"),
        ({"init_values": (1, 2, 2, 2)}, "layers.0.Relpos.decay does not belong to stage 1"),
        ({"num_heads": (2, 4, 3, 4)}, "layers.1.Relpos.angle has 16 values and this RMT 8"),
    ],
)
def test_the_constants_betray_another_configuration(
    change: dict[str, Any], reason: str, references: dict[str, Reference]
) -> None:
    reference = references["rmt_tiny"]
    with pytest.raises(WeightsError, match=reason):
        check_buffers(RMT(**(reference.config | change)), reference.state)


@settings(max_examples=12, deadline=None)
@given(height=st.integers(1, 70), width=st.integers(1, 70), everywhere=st.booleans())
def test_every_size_gets_labels_and_maps_with_sides_rounded_up(
    height: int, width: int, everywhere: bool
) -> None:
    form = {"decomposed": (not everywhere,) * 4}
    photo = torch.randn(2, 3, height, width)
    with torch.no_grad():
        logits = tiny(**form).eval()(photo)
        maps = tiny(**form, dense=True).eval()(photo)
    assert logits.shape == (2, 3)
    assert bool(torch.isfinite(logits).all())
    for found, channels, stride in zip(maps, TINY["embed_dims"], (4, 8, 16, 32), strict=True):
        assert found.shape == (2, channels, -(-height // stride), -(-width // stride))


@pytest.mark.parametrize("everywhere", [False, True])
def test_photos_of_a_batch_do_not_see_each_other(everywhere: bool) -> None:
    network = tiny(decomposed=(not everywhere,) * 4).eval()
    photos = torch.randn(3, 3, 48, 80)
    with torch.no_grad():
        torch.testing.assert_close(network(photos), torch.cat([network(photo[None]) for photo in photos]))


def test_the_answer_is_the_same_every_time_in_evaluation() -> None:
    network = tiny(drop_path_rate=0.5).eval()
    photo = torch.randn(1, 3, 40, 56)
    with torch.no_grad():
        first = network(photo)
        network(torch.randn(1, 3, 33, 64))
        assert torch.equal(network(photo), first)


@pytest.mark.parametrize("everywhere", [False, True])
def test_rows_of_attention_sum_to_one(everywhere: bool) -> None:
    network = tiny(decomposed=(not everywhere,) * 4).eval()
    logits, traces = network.trace(torch.randn(2, 3, 48, 80))
    assert [(trace.stage, trace.block) for trace in traces] == [(0, 0), (1, 0), (2, 0), (2, 1), (3, 0)]
    assert [trace.grid for trace in traces] == [(12, 20), (6, 10), (3, 5), (3, 5), (2, 3)]
    assert isinstance(logits, Tensor)
    assert not logits.requires_grad
    for trace in traces:
        assert trace.decomposed is not everywhere
        maps = [trace.full] if everywhere else [trace.row, trace.column, composed(trace)]
        for found in maps:
            assert found is not None
            assert not found.requires_grad
            torch.testing.assert_close(found.sum(-1), torch.ones(found.shape[:-1]))


def test_a_trace_can_look_into_some_stages_only() -> None:
    network = tiny().eval()
    photo = torch.randn(1, 3, 64, 64)
    logits, traces = network.trace(photo, stages=(2,))
    assert [trace.stage for trace in traces] == [2, 2]
    with torch.no_grad():
        torch.testing.assert_close(logits, network(photo))


@pytest.mark.parametrize("decomposed", [False, True])
def test_without_content_attention_is_the_decay_of_the_manhattan_distance(decomposed: bool) -> None:
    height, width, heads = 3, 4, 2
    prior = ManhattanPrior(4, heads, 2, 4, decomposed)(height, width)
    attention = ManhattanAttention(8, heads).eval()
    for part in (attention.query, attention.key):
        nn.init.zeros_(part.weight)
        nn.init.zeros_(part.bias)
    seen: list[Tensor] = []
    with torch.no_grad():
        attention(torch.randn(1, height, width, 8), prior, seen)
    places = torch.cartesian_prod(torch.arange(height), torch.arange(width))
    distance = (places[:, None] - places[None]).abs().sum(-1)
    for head, gamma in enumerate((0.75, 0.9375)):
        decay = gamma**distance
        if decomposed:
            trace = BlockTrace(0, 0, (height, width), True, row=seen[0], column=seen[1])
            found = composed(trace)[0, head]
        else:
            found = seen[0][0, head]
        torch.testing.assert_close(found, decay / decay.sum(-1, keepdim=True))


def test_rows_and_then_columns_are_one_attention_over_the_plane() -> None:
    torch.manual_seed(0)
    attention = ManhattanAttention(8, 2).eval()
    nn.init.zeros_(attention.local.weight)
    nn.init.zeros_(attention.local.bias)  # type: ignore[arg-type]
    tokens, prior, seen = torch.randn(2, 3, 5, 8), ManhattanPrior(4, 2, 2, 4, True)(3, 5), []
    with torch.no_grad():
        fused, explicit = attention(tokens, prior), attention(tokens, prior, seen)
        plane = composed(BlockTrace(0, 0, (3, 5), True, row=seen[0], column=seen[1]))
        value = attention.value(tokens).view(2, 15, 2, 4).transpose(1, 2)
        wanted = attention.out((plane @ value).transpose(1, 2).reshape(2, 3, 5, 8))
    torch.testing.assert_close(fused, wanted)
    torch.testing.assert_close(explicit, wanted)


def test_rotated_products_depend_on_the_distance_of_tokens_alone() -> None:
    prior = ManhattanPrior(6, 2, 2, 4, True)(3, 4)
    query, key = torch.randn(12), torch.randn(12)
    turned = [rotate(part.expand(1, 3, 4, 12), prior).view(12, 2, 6) for part in (query, key)]
    product = torch.einsum("qid,kid->iqk", *turned)
    for shift in range(-11, 12):
        diagonal = product.diagonal(shift, dim1=1, dim2=2)
        torch.testing.assert_close(diagonal, diagonal[:, :1].expand_as(diagonal), atol=1e-5, rtol=1e-4)
    plain = torch.einsum("id,id->i", query.view(2, 6), key.view(2, 6)) * 6**-0.5
    torch.testing.assert_close(product[:, 0, 0], plain)


def test_rotation_in_real_numbers_is_the_rotation_in_complex_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    prior = ManhattanPrior(8, 3, 2, 4, True)(5, 7)
    tokens = torch.randn(2, 5, 7, 24)
    complex_numbers = rotate(tokens, prior)
    monkeypatch.setattr(retention.torch.compiler, "is_compiling", lambda: True)
    torch.testing.assert_close(rotate(tokens, prior), complex_numbers)


@pytest.mark.parametrize("dense", [False, True])
def test_learning_reaches_every_parameter(dense: bool) -> None:
    network = tiny(dense=dense, aux_head=not dense, drop_path_rate=0.1).train()
    answer = network(torch.randn(4, 3, 64, 64))
    parts = answer if dense else (answer,)
    torch.autograd.backward(sum((part * torch.randn_like(part)).sum() for part in parts))
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert bool(torch.isfinite(parameter.grad).all()), name
        # A bias in front of BatchNorm is subtracted again with the mean, so its gradient is zero by design.
        idle = name.endswith((".conv.bias", "neck.linear.bias"))
        assert idle or float(parameter.grad.abs().max()) > 0, name


def test_learning_works_after_the_tables_were_first_built_for_inference() -> None:
    network = tiny()
    photo = torch.randn(2, 3, 32, 32)
    with torch.inference_mode():
        network(photo)
    network(photo).sum().backward()
    assert network.stem[0].conv.weight.grad is not None


def test_gradients_of_fused_and_explicit_attention_agree() -> None:
    network = tiny().double().eval()
    photo = torch.randn(1, 3, 40, 48, dtype=torch.float64)
    network(photo).square().sum().backward()
    fused = {name: parameter.grad.clone() for name, parameter in network.named_parameters()}
    network.zero_grad()
    network.classify(network._walk(photo, [[], [], [], []])[-1]).square().sum().backward()
    for name, parameter in network.named_parameters():
        torch.testing.assert_close(parameter.grad, fused[name], msg=name)


def test_grids_lie_on_the_way_to_the_logits() -> None:
    network = tiny().eval()
    photo = torch.randn(1, 3, 64, 64)
    grids = network.grids(photo)
    logits = network.classify(grids[-1])
    assert torch.equal(logits, network(photo))
    assert network.features(grids[-1]).shape == (1, TINY["projection"])
    for gradient in torch.autograd.grad(logits[0, 0], grids):
        assert float(gradient.abs().max()) > 0


def test_the_state_dict_round_trips_and_holds_no_table(tmp_path: Path) -> None:
    network = tiny().eval()
    photo = torch.randn(1, 3, 40, 40)
    with torch.no_grad():
        answer = network(photo)
    state = network.state_dict()
    constants = [key for key in state if ".prior." in key]
    assert constants == [f"stages.{s}.prior.{name}" for s in range(4) for name in ("angle", "decay")]
    torch.save(state, tmp_path / "state.pt")
    other = RMT(**TINY).eval()
    other.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True), strict=True)
    with torch.no_grad():
        assert torch.equal(other(photo), answer)


def test_copies_and_pickles_answer_the_same_without_the_tables() -> None:
    network = tiny().eval()
    photo = torch.randn(1, 3, 40, 40)
    with torch.no_grad():
        answer = network(photo)
        for other in (copy.deepcopy(network), pickle.loads(pickle.dumps(network))):
            assert all(not stage.prior._kept for stage in other._stages())
            assert torch.equal(other(photo), answer)
    assert all(len(stage.prior._kept) == 1 for stage in network._stages())


def test_only_the_tables_of_the_last_sizes_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    prior = ManhattanPrior(4, 2, 2, 4, decomposed=False)
    first = prior(1, 1)
    assert prior(1, 1) is first
    for side in range(2, 2 + retention.KEPT_SIZES):
        prior(side, side)
    assert len(prior._kept) == retention.KEPT_SIZES
    assert prior(1, 1) is not first
    monkeypatch.setattr(retention, "KEPT_BYTES", 3 * prior(8, 8).size_bytes)
    largest = prior(16, 16)
    assert largest.size_bytes > retention.KEPT_BYTES
    assert prior(16, 16) is not largest
    assert sum(kept.size_bytes for kept in prior._kept.values()) <= retention.KEPT_BYTES


def test_threads_share_a_network() -> None:
    network = tiny().eval()
    photos = [torch.randn(1, 3, 32 + 8 * (k % 5), 40) for k in range(20)]

    def answer(photo: Tensor) -> Tensor:
        with torch.inference_mode():
            return network(photo)

    alone = [answer(photo) for photo in photos]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(answer, photos))
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(alone, together, strict=True))


def test_new_weights_make_new_tables() -> None:
    network = tiny().eval()
    photo = torch.randn(1, 3, 40, 40)
    with torch.no_grad():
        network(photo)
        network.load_state_dict(tiny(heads_ranges=(1, 1, 1, 1)).state_dict())
        assert torch.equal(network(photo), tiny(heads_ranges=(1, 1, 1, 1)).eval()(photo))


@pytest.mark.parametrize("name", NAMES)
def test_half_precision_stays_close_to_the_exact_answer(name: str, references: dict[str, Reference]) -> None:
    network = references[name].network()
    photo = references[name].tensors["in.64x96"]
    exact = references[name].tensors["out.64x96.logits"]
    with torch.no_grad():
        with torch.autocast("cpu", dtype=torch.bfloat16):
            mixed = network(photo)
            traced, _ = network.trace(photo)
        whole = network.bfloat16()(photo.bfloat16())
    for quick in (mixed, traced, whole):
        assert quick.dtype == torch.bfloat16  # type: ignore[union-attr]
        assert (quick.float() - exact).abs().max() < 0.05 * exact.abs().max()  # type: ignore[union-attr]


def test_phases_stay_exact_in_a_half_precision_network() -> None:
    network = tiny()
    constants = [buffer.clone() for key, buffer in network.named_buffers() if ".prior." in key]
    network.bfloat16()
    halved = [buffer for key, buffer in network.named_buffers() if ".prior." in key]
    assert all(torch.equal(a, b) for a, b in zip(constants, halved, strict=True))
    assert {key: buffer.dtype for key, buffer in network.double().named_buffers()}[
        "stages.0.prior.angle"
    ] == torch.float64


def test_every_batchnorm_of_a_convolution_folds_into_it(references: dict[str, Reference]) -> None:
    network = references["rmt_tiny"].network()
    assert fold_norms(network) >= 7
    assert not any(isinstance(module, nn.BatchNorm2d) for module in network.modules())
    with torch.no_grad():
        logits = network(references["rmt_tiny"].tensors["in.64x96"])
    assert (logits - references["rmt_tiny"].tensors["out.64x96.logits"]).abs().max() <= 1e-4


def test_the_helping_head_adds_half_of_its_best_token() -> None:
    network = tiny(aux_head=True).eval()
    photo = torch.randn(2, 3, 64, 96)
    with torch.no_grad():
        last = network.grids(photo)[-1]
        tokens = network.aux_head(last).view(2, -1, 3)  # type: ignore[misc]
        wanted = network.head(network.features(last)) + 0.5 * tokens.max(dim=1).values
        torch.testing.assert_close(network(photo), wanted)


def test_later_blocks_are_skipped_more_often_and_never_in_evaluation() -> None:
    network = tiny(drop_path_rate=0.4)
    blocks: list[Any] = [block for stage in network._stages() for block in stage.blocks]
    assert [block.drop_path.rate for block in blocks] == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4])
    branch = torch.ones(2000, 1, 1, 1)
    answer = blocks[-1].train()._branch(branch, None)
    assert answer.unique().tolist() == pytest.approx([0.0, 1 / 0.6])
    assert float(answer.mean()) == pytest.approx(1.0, abs=0.1)
    assert torch.equal(blocks[-1].eval()._branch(branch, None), branch)


def test_fresh_weights_are_small_truncated_normal_numbers() -> None:
    block: Any = tiny(embed_dims=(64, 64, 64, 64))._stages()[0].blocks[0]
    assert float(block.attention.query.weight.detach().std()) == pytest.approx(0.02, rel=0.1)
    assert float(block.attention.query.bias.detach().abs().max()) == 0.0
    scaled: Any = tiny()._stages()[3].blocks[0]
    assert scaled.attention_scale.shape == (1, 1, 1, 16)
    assert set(scaled.ffn_scale.flatten().tolist()) == {0.5}


@pytest.mark.parametrize(
    "config",
    [
        {"embed_dims": (8, 8, 16)},
        {"embed_dims": 64},
        {"embed_dims": (8, 8, 16, 18)},
        {"embed_dims": (6, 8, 16, 16)},
        {"depths": (1, 1, 0, 1)},
        {"depths": (1, 1, 1.5, 1)},
        {"num_heads": (2, 0, 2, 4)},
        {"init_values": (0, 2, 2, 2)},
        {"heads_ranges": (-1, 2, 2, 2)},
        {"heads_ranges": (float("nan"), 2, 2, 2)},
        {"mlp_ratios": (2, 2, 0, 2)},
        {"mlp_ratios": (2, 2, 0.01, 2)},
        {"decomposed": (1, 0, 0, 0)},
        {"layer_scales": "yes!"},
        {"layer_scale_init": -1.0},
        {"projection": 0},
        {"num_classes": True},
        {"dense": 1},
        {"drop_path_rate": 1.0},
        {"dense": True, "aux_head": True},
    ],
)
def test_a_configuration_with_no_meaning_is_refused_with_what_would_fit(config: dict[str, Any]) -> None:
    with pytest.raises(WeightsError, match=list(config)[-1]) as error:
        RMT(**(TINY | config))
    assert error.value.hint.startswith("Give ")


def test_configurations_from_a_file_come_as_lists() -> None:
    listed = {name: list(value) if isinstance(value, tuple) else value for name, value in TINY.items()}
    assert tiny(**listed).state_dict().keys() == tiny().state_dict().keys()
