"""Claims about attention turned into maps: shares stay shares, and short cuts equal the whole matrix."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open
from torch import Tensor

from resatt_studio.errors import BugError
from resatt_studio.inference.attention_maps import (
    Token,
    composed,
    onto_grid,
    own_attention,
    query_map,
    query_map_without_prior,
    received,
    rollout,
)
from resatt_studio.models.revit import BlockAttention, ReViT
from resatt_studio.models.revit_keys import from_reference_keys as revit_keys
from resatt_studio.models.rmt import RMT, BlockTrace
from resatt_studio.models.rmt_keys import from_reference_keys as rmt_keys

FIXTURES = Path(__file__).parents[1] / "fixtures"
RMT_CASES = [("rmt_tiny", "64x64"), ("rmt_tiny", "64x96"), ("rmt_tiny_t", "96x96"), ("rmt_tiny_t", "64x96")]
REVIT_CASES = [(name, size) for name in ("revit_tiny", "revit_tiny_cls") for size in ("64x64", "64x96")]
grids = st.tuples(st.integers(1, 6), st.integers(1, 6))


def read(name: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    with safe_open(str(FIXTURES / f"{name}.safetensors"), "pt") as file:
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118  not a dict
        return tensors, json.loads(file.metadata()["config"])


def rmt_traces(name: str, size: str) -> tuple[dict[str, Tensor], list[BlockTrace]]:
    tensors, theirs = read(name)
    names = {"chunkwise_recurrents": "decomposed", "layerscales": "layer_scales"}
    names |= {"layer_init_values": "layer_scale_init"}
    config = {names.get(key, key): value for key, value in theirs.items() if key != "patch_norm"}
    network = RMT(**config).eval()
    state = {key[6:]: value for key, value in tensors.items() if key.startswith("param.")}
    network.load_state_dict(rmt_keys(state), strict=True)
    return tensors, network.trace(tensors[f"in.{size}"])[1]


def revit_traces(name: str, size: str) -> tuple[dict[str, Tensor], list[BlockAttention]]:
    tensors, said = read(name)
    theirs = said["ReViT"]
    config = {key: theirs[key] for key in ("embed_dim", "depth", "num_heads", "mlp_ratio", "qkv_bias")}
    network = ReViT(
        image_size=[int(side) for side in size.split("x")],
        patch_size=theirs["patch_kernel"][0],
        num_classes=said["MODEL"]["num_classes"],
        class_token=theirs["cls_embed_on"],
        learnable_alpha=theirs["alpha"],
        **config,
    ).eval()
    state = {key[6:]: value for key, value in tensors.items() if key.startswith("param.")}
    state["pos_embed"] = tensors.get(f"param_{size}.pos_embed", state["pos_embed"])
    network.load_state_dict(revit_keys(state), strict=True)
    with torch.no_grad():
        return tensors, network.trace(tensors[f"in.{size}"])[1]


def drawn_trace(grid: tuple[int, int], decomposed: bool, heads: int = 2, content: float = 1.5) -> BlockTrace:
    """A block of random content whose decay is RMT's, in both forms."""
    height, width = grid
    y, x = torch.arange(height), torch.arange(width)
    rows, columns = (y[:, None] - y).abs(), (x[:, None] - x).abs()
    decay = torch.log(torch.tensor([0.75, 0.9])[:heads])[:, None, None]
    if not decomposed:
        distance = (rows[:, None, :, None] + columns[None, :, None, :]).flatten(2).flatten(0, 1)
        bias = distance * decay
        full = (content * torch.randn(1, heads, *distance.shape) + bias).softmax(dim=-1)
        return BlockTrace(0, 0, grid, False, full=full, full_bias=bias)
    row = (content * torch.randn(1, height, heads, width, width) + columns * decay).softmax(dim=-1)
    column = (content * torch.randn(1, width, heads, height, height) + rows * decay).softmax(dim=-1)
    return BlockTrace(
        0, 0, grid, True, row=row, column=column, row_bias=columns * decay, column_bias=rows * decay
    )


@pytest.mark.parametrize(("name", "size"), RMT_CASES)
def test_maps_of_rmt_equal_the_reference(name: str, size: str) -> None:
    tensors, traces = rmt_traces(name, size)
    known = 0
    for trace in traces:
        if trace.block == 0 and (key := f"ref.{size}.stage{trace.stage + 1}.block0.attn2d") in tensors:
            wanted, known = tensors[key], known + 1
            assert trace.decomposed
            assert (composed(trace) - wanted).abs().max() <= 1e-5
            assert (received(trace).flatten(-2) - wanted.mean(dim=2)).abs().max() <= 1e-5
            for index in range(wanted.shape[2]):
                query = Token(index // trace.grid[1], index % trace.grid[1])
                assert (query_map(trace, query).flatten(-2) - wanted[:, :, index]).abs().max() <= 1e-5
    assert known == 1
    heat = received(traces[-1]).mean(dim=1)
    assert (heat - tensors[f"ref.{size}.heat.stage4_mean"]).abs().max() <= 1e-5


@pytest.mark.parametrize(("name", "size"), REVIT_CASES)
def test_maps_of_revit_equal_the_reference(name: str, size: str) -> None:
    tensors, blocks = revit_traces(name, size)
    last = onto_grid(blocks[-1].probs, blocks[-1]).mean(dim=1)
    assert (last - tensors[f"ref.{size}.heat.last"]).abs().max() <= 1e-5
    carried = onto_grid(rollout(blocks), blocks[-1])[:, 0]
    assert (carried - tensors[f"ref.{size}.heat.rollout"]).abs().max() <= 1e-5


@pytest.mark.parametrize(("name", "size"), REVIT_CASES)
def test_own_attention_is_the_difference_of_blended_logits_by_the_learnt_alpha(name: str, size: str) -> None:
    _, blocks = revit_traces(name, size)
    assert torch.allclose(own_attention(blocks[0]), blocks[0].probs, atol=1e-6)
    for before, block in pairwise(blocks):
        assert block.alpha != 0.5
        own = (block.blended - (1 - block.alpha) * before.blended) / block.alpha
        assert (own_attention(block) - own.softmax(dim=-1)).abs().max() <= 1e-5


@given(grid=grids, decomposed=st.booleans())
def test_every_map_of_rmt_is_a_row_of_the_whole_matrix_and_sums_to_one(
    grid: tuple[int, int], decomposed: bool
) -> None:
    trace = drawn_trace(grid, decomposed)
    matrix = composed(trace)
    ones = torch.ones(())
    assert torch.allclose(matrix.sum(dim=-1), ones, atol=1e-5)
    assert torch.allclose(received(trace).flatten(-2), matrix.mean(dim=2), atol=1e-6)
    for row in range(grid[0]):
        for column in range(grid[1]):
            query = Token(row, column)
            assert torch.allclose(
                query_map(trace, query).flatten(-2), matrix[:, :, row * grid[1] + column], atol=1e-6
            )
            assert torch.allclose(query_map_without_prior(trace, query).sum(dim=(-2, -1)), ones, atol=1e-5)


@given(grid=grids)
def test_the_composed_matrix_times_values_is_row_mixing_then_column_mixing(grid: tuple[int, int]) -> None:
    trace = drawn_trace(grid, decomposed=True)
    values = torch.randn(1, 2, *grid, 3)
    assert trace.row is not None and trace.column is not None
    along_rows = torch.einsum("byixu,biyuc->biyxc", trace.row, values)
    both = torch.einsum("bxiyv,bivxc->biyxc", trace.column, along_rows)
    assert torch.allclose(composed(trace) @ values.flatten(2, 3), both.flatten(2, 3), atol=1e-5)


@given(grid=grids, decomposed=st.booleans())
def test_attention_that_looks_at_no_content_is_even_without_its_prior(
    grid: tuple[int, int], decomposed: bool
) -> None:
    trace = drawn_trace(grid, decomposed, content=0.0)
    answer = query_map_without_prior(trace, Token(grid[0] - 1, 0))
    assert torch.allclose(answer, torch.full((), 1 / (grid[0] * grid[1])), atol=1e-6)


@given(grid=grids)
def test_the_full_form_without_its_prior_is_the_softmax_of_the_content(grid: tuple[int, int]) -> None:
    trace = drawn_trace(grid, decomposed=False)
    assert trace.full is not None and trace.full_bias is not None
    content = (trace.full.log() - trace.full_bias)[:, :, 0].softmax(dim=-1)
    assert torch.allclose(query_map_without_prior(trace, Token(0, 0)).flatten(-2), content, atol=1e-5)


@given(grid=grids)
def test_the_divided_map_times_its_prior_is_the_map_again(grid: tuple[int, int]) -> None:
    trace, query = drawn_trace(grid, decomposed=True), Token(grid[0] // 2, grid[1] - 1)
    assert trace.row_bias is not None and trace.column_bias is not None
    prior = (trace.column_bias[:, query.row, :, None] + trace.row_bias[:, query.column, None, :]).exp()
    again = query_map_without_prior(trace, query) * prior
    again = again / again.sum(dim=(-2, -1), keepdim=True)
    assert torch.allclose(again, query_map(trace, query), atol=1e-5)


def test_attention_that_fell_to_zero_under_a_steep_decay_stays_finite() -> None:
    full = torch.zeros(1, 1, 4, 4)
    full[..., 0] = 1.0
    bias = -200.0 * torch.arange(4.0).expand(1, 4, 4)
    answer = query_map_without_prior(BlockTrace(3, 0, (2, 2), False, full=full, full_bias=bias), Token(1, 1))
    assert answer.flatten().tolist() == [1.0, 0.0, 0.0, 0.0]


@pytest.mark.parametrize("class_token", [False, True])
def test_a_rollout_keeps_rows_that_sum_to_one_and_ends_where_it_is_told(class_token: bool) -> None:
    torch.manual_seed(0)
    network = ReViT(
        image_size=32,
        patch_size=8,
        embed_dim=16,
        depth=3,
        num_heads=2,
        num_classes=4,
        class_token=class_token,
    )
    with torch.no_grad():
        blocks = network.eval().trace(3 * torch.randn(1, 3, 24, 40))[1]
    whole = rollout(blocks)
    assert torch.allclose(whole.sum(dim=-1), torch.ones(()), atol=1e-5)
    eye = torch.eye(whole.shape[-1])
    halves = [0.5 * block.probs.mean(dim=1) + 0.5 * eye for block in blocks]
    assert torch.allclose(whole[:, 0], halves[2] @ halves[1] @ halves[0], atol=1e-6)
    assert torch.allclose(rollout(blocks[:1])[:, 0], halves[0], atol=1e-6)
    row = onto_grid(whole, blocks[-1], Token(2, 3))
    assert row.shape == (1, 1, 3, 5)
    index = 2 * 5 + 3 + class_token
    assert torch.equal(row.flatten(-2), whole[:, :, index, int(class_token) :])


def test_a_class_token_is_what_the_mean_is_of_and_never_a_place() -> None:
    shares = torch.zeros(1, 1, 7, 7)
    shares[0, 0, 0, 4] = 0.75
    shares[0, 0, 0, 0] = 0.25
    empty = torch.zeros(0)
    block = BlockAttention(0, (2, 3), True, empty, shares, empty, empty, 0.5)
    assert onto_grid(shares, block)[0, 0].tolist() == [[0, 0, 0], [0.75, 0, 0]]


def test_a_trace_without_attention_and_a_rollout_of_nothing_are_bugs() -> None:
    with pytest.raises(BugError, match="holds no attention"):
        received(BlockTrace(1, 0, (2, 2), True))
    with pytest.raises(BugError, match="no blocks"):
        rollout([])
