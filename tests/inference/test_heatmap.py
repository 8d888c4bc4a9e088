"""Claims about a reader of attention: maps lie where the photo shows what was looked at; nothing crashes."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from resatt_studio.errors import OutOfMemory, PhotoError, SettingsError, WeightsError
from resatt_studio.inference import attention_maps, heatmap
from resatt_studio.inference.attention_networks import attention_network
from resatt_studio.inference.heatmap import HeatReader
from resatt_studio.inference.normalise import imagenet_input
from resatt_studio.models import create_model
from resatt_studio.models.state import pack_weights
from resatt_studio.records.arrays import UInt8Array
from resatt_studio.records.heat import HEAT_KINDS, POINT_NEEDED, HeatKind, HeatQuestion
from resatt_studio.records.photo import Photo
from resatt_studio.records.weights import WeightsFile

SMALL: dict[str, dict[str, Any]] = {
    "rmt": {
        "embed_dims": (8, 8, 12, 16),
        "depths": (1, 2, 1, 2),
        "num_heads": (2, 2, 3, 4),
        "mlp_ratios": (2.0, 2.0, 2.0, 2.0),
        "decomposed": (True, True, False, False),
        "projection": 8,
        "num_classes": 4,
    },
    "revit": {
        "image_size": 64,
        "patch_size": 16,
        "embed_dim": 16,
        "depth": 3,
        "num_heads": 2,
        "num_classes": 4,
    },
}
QUESTIONS = [(model, kind) for model, kinds in HEAT_KINDS.items() for kind in kinds]


@cache
def small(model: str, **config: Any) -> WeightsFile:
    """Random weights of a small network, strong enough for attention to be uneven."""
    options = SMALL[model] | config
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        network = create_model(model, **options)
        for parameter in network.parameters():
            if parameter.ndim == 2:
                nn.init.normal_(parameter, std=0.4)
        if model == "revit":
            nn.init.normal_(network.position, std=0.3)
    return pack_weights(model, options, network.state_dict())


@cache
def bright(model: str) -> WeightsFile:
    """Weights by which every token attends to tokens brighter than mid-grey, and to those alone."""
    if model == "revit":
        options = SMALL[model] | {"patch_size": 8, "embed_dim": 8, "depth": 1, "num_heads": 1}
    else:
        options = SMALL[model] | {"depths": (1, 1, 1, 1), "num_heads": (2, 2, 3, 4)}
    network = create_model(model, **options)
    state = {name: torch.zeros_like(value) for name, value in network.state_dict().items()}
    for name, value in network.state_dict().items():
        if "norm" in name and name.endswith(("weight", "running_var")):
            state[name] = torch.ones_like(value)
        elif name.endswith((".angle", ".decay")):
            state[name] = value
    if model == "revit":
        state["patch.weight"][0] = 1 / 64
        state["patch.weight"][1] = -1 / 64
        state["blocks.0.attention.qkv.bias"][0] = 1.0
        state["blocks.0.attention.qkv.weight"][8, 0] = 20.0
    else:
        for layer in range(4):
            state[f"stem.{layer}.conv.weight"][0, : 3 if layer == 0 else 1, 1, 1] = 1.0
        # The last pair of a head's channels turns least with the place.
        state["stages.0.blocks.0.attention.query.bias"][[2, 6]] = 1.0
        state["stages.0.blocks.0.attention.key.weight"][[2, 6], 0] = 20.0
    return pack_weights(model, options, state)


@cache
def reader_of_brightness(model: str) -> HeatReader:
    return HeatReader(bright(model), "cpu", 1, max_side_px=128)


def photo_of(pixels: UInt8Array, name: str = "photo") -> Photo:
    return Photo(name, pixels)


def grain(height: int, width: int, seed: int = 0) -> Photo:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    return photo_of(pixels, f"{height} {width} {seed}")


def question_of(model: str, kind: HeatKind, **more: Any) -> HeatQuestion:
    return HeatQuestion(model, kind, point=(10, 20) if kind in POINT_NEEDED else None, **more)


@pytest.mark.parametrize("model", ["rmt", "revit"])
@settings(max_examples=15)
@given(height=st.integers(20, 900), width=st.integers(20, 900), data=st.data())
def test_what_the_network_attends_to_is_where_the_photo_shows_it(
    model: str, height: int, width: int, data: st.DataObject
) -> None:
    reader = reader_of_brightness(model)
    reader.forget()
    question = HeatQuestion(model, stage=0)
    plain = reader.answer(photo_of(np.zeros((height, width, 3), np.uint8), "black"), question)
    i, j = (data.draw(st.integers(0, side - 1)) for side in plain.grid.shape)
    rows, columns = (
        (np.arange(side) + 0.5) / cell for side, cell in zip((height, width), plain.cells, strict=True)
    )
    spot = ((rows >= i) & (rows < i + 1))[:, None] & ((columns >= j) & (columns < j + 1))
    heat = reader.answer(photo_of(spot[:, :, None] * np.uint8([255, 255, 255]), "spot"), question)
    assert np.unravel_index(np.argmax(heat.grid), heat.grid.shape) == (i, j)
    assert heat.grid.max() > 3 * np.median(heat.grid)
    assert spot[heat.peak]


@given(row=st.integers(0, 699), column=st.integers(0, 1099))
@settings(max_examples=10)
def test_a_tile_answers_at_its_place_in_a_large_photo(row: int, column: int) -> None:
    pixels = np.zeros((700, 1100, 3), np.uint8)
    top, left = row // 8 * 8, column // 8 * 8
    question = HeatQuestion("revit", point=(row, column), tile_px=64)
    reader = HeatReader(bright("revit"), "cpu", 1)
    box = reader.answer(photo_of(pixels, "black"), question).box
    top, left = top + (box.top - top) % 8, left + (box.left - left) % 8
    top, left = min(top, box.bottom - 8), min(left, box.right - 8)
    pixels[top : top + 8, left : left + 8] = 255
    heat = reader.answer(photo_of(pixels, "spot"), question)
    assert heat.cells == (8.0, 8.0) and (heat.height, heat.width) == (700, 1100)
    assert heat.peak == (top + 4, left + 4)


@pytest.mark.parametrize(("model", "kind"), QUESTIONS)
@pytest.mark.parametrize("size", [(70, 130), (131, 64)])
def test_every_kind_covers_the_photo_with_finite_shares(
    model: str, kind: HeatKind, size: tuple[int, int]
) -> None:
    photo = grain(*size)
    heat = HeatReader(small(model), "cpu", 1).answer(photo, question_of(model, kind))
    assert heat.photo_id == photo.photo_id and heat.weights_id == small(model).weights_id
    assert heat.grid.dtype == np.float32 and not heat.grid.flags.writeable
    assert bool(np.isfinite(heat.grid).all()) and float(heat.grid.min()) >= 0
    assert heat.grid.shape[0] * heat.cells[0] == pytest.approx(size[0])
    assert heat.grid.shape[1] * heat.cells[1] == pytest.approx(size[1])
    assert heat.device == "cpu" and heat.seconds > 0
    if kind is not HeatKind.GRADIENT:
        assert float(heat.grid.sum()) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("stage", range(4))
def test_stages_blocks_and_heads_of_rmt_are_those_of_its_trace(stage: int) -> None:
    weights, photo = small("rmt"), grain(96, 160)
    reader = HeatReader(weights, "cpu", 1)
    facts = reader.stages[stage]
    assert (facts.blocks, facts.heads) == (SMALL["rmt"]["depths"][stage], SMALL["rmt"]["num_heads"][stage])
    assert facts.stride_px == 4 * 2**stage
    network: Any = heatmap.build(weights)
    traces = network.trace(imagenet_input(photo.pixels[None]), stages=(stage,))[1]
    token = attention_maps.Token(40 // facts.stride_px, 70 // facts.stride_px)
    for block, trace in enumerate(traces):
        wanted = attention_maps.query_map(trace, token)[0]
        question = HeatQuestion("rmt", HeatKind.POINT, stage, block, point=(40, 70))
        assert np.allclose(reader.answer(photo, question).grid, wanted.mean(dim=0), atol=1e-6)
        for head in range(facts.heads):
            heat = reader.answer(photo, replace(question, head=head))
            assert np.allclose(heat.grid, wanted[head], atol=1e-6)
            assert heat.cells == (facts.stride_px, facts.stride_px)


def test_a_question_left_open_says_what_it_came_to() -> None:
    reader, photo = HeatReader(small("rmt"), "cpu", 1), grain(64, 64)
    asked = reader.answer(photo, HeatQuestion("rmt")).question
    assert (asked.stage, asked.block, asked.head, asked.label) == (3, 1, None, None)
    asked = reader.answer(photo, HeatQuestion("rmt", HeatKind.GRADIENT, stage=1)).question
    assert (asked.stage, asked.block) == (1, 1) and asked.label in range(4)


def test_rollout_and_own_attention_of_a_point_are_its_rows() -> None:
    photo, token = grain(96, 128), attention_maps.Token(3, 6)
    network: Any = heatmap.build(small("revit"))
    with torch.no_grad():
        blocks = network.trace(imagenet_input(photo.pixels[None]))[1]
    reader = HeatReader(small("revit"), "cpu", 1)
    for kind, matrix in (
        (HeatKind.ROLLOUT, attention_maps.rollout(blocks[:2])),
        (HeatKind.OWN, attention_maps.own_attention(blocks[1])),
        (HeatKind.POINT, blocks[1].probs),
    ):
        heat = reader.answer(photo, HeatQuestion("revit", kind, block=1, point=(50, 100)))
        wanted = attention_maps.onto_grid(matrix, blocks[1], token)[0].mean(dim=0)
        assert np.allclose(heat.grid, wanted, atol=1e-6)


def test_a_second_point_runs_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, photo = HeatReader(small("rmt"), "cpu", 1), grain(64, 96)
    question = HeatQuestion("rmt", HeatKind.POINT, stage=2, point=(3, 3))
    first = reader.answer(photo, question)
    looked: list[int] = []
    look = reader._asked.look
    monkeypatch.setattr(reader._asked, "look", lambda *given: looked.append(1) or look(*given))
    second = reader.answer(photo, replace(question, point=(60, 90)))
    again = reader.answer(photo, question)
    assert not looked and second.seconds == 0.0
    assert np.array_equal(first.grid, again.grid) and not np.array_equal(first.grid, second.grid)
    reader.answer(photo, replace(question, stage=1))
    reader.answer(grain(64, 96, seed=1), replace(question, stage=1))
    reader.answer(grain(64, 96, seed=1), replace(question, stage=1, tile_px=32))
    assert len(looked) == 3


@pytest.mark.parametrize("model", ["rmt", "revit"])
@pytest.mark.parametrize("point", [(64, 0), (0, 96), (-1, 5), (5, -1)])
def test_a_point_outside_the_photo_is_refused(model: str, point: tuple[int, int]) -> None:
    reader = HeatReader(small(model), "cpu", 1)
    with pytest.raises(PhotoError, match=f"column {point[1]}, row {point[0]} is outside"):
        reader.answer(grain(64, 96), HeatQuestion(model, HeatKind.POINT, point=point))
    with pytest.raises(PhotoError, match="outside"):
        reader.answer(grain(64, 96), HeatQuestion(model, point=point, tile_px=32))


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (HeatQuestion("rmt", HeatKind.ROLLOUT), "no map “rollout”. It has received, point, point_without"),
        (HeatQuestion("revit", HeatKind.POINT_WITHOUT_PRIOR, point=(1, 1)), "no map “point_without_prior”"),
        (HeatQuestion("rmt", HeatKind.POINT), "no point was given"),
        (HeatQuestion("rmt", tile_px=32), "no point was given"),
        (HeatQuestion("rmt", tile_px=0, point=(1, 1)), "holds nothing"),
        (HeatQuestion("rmt", point=(1, 1)), "of no single point"),
        (HeatQuestion("rmt", stage=4), "no stage 5. This network counts stages from 1 to 4"),
        (HeatQuestion("revit", stage=1), "no stage 2"),
        (HeatQuestion("rmt", stage=0, block=1), "no block 2"),
        (HeatQuestion("rmt", block=-1), "no block 0"),
        (HeatQuestion("rmt", head=4), "no head 5"),
        (HeatQuestion("revit", HeatKind.ROLLOUT, head=0), "mixes all heads"),
        (HeatQuestion("revit", HeatKind.GRADIENT, label=4), "no label 5"),
        (HeatQuestion("revit", label=1), "of no single label"),
    ],
)
def test_what_cannot_be_answered_is_told(question: HeatQuestion, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        HeatReader(small(question.model), "cpu", 1).answer(grain(64, 64), question)


def test_other_networks_are_refused() -> None:
    with pytest.raises(WeightsError, match="are of rmt, not of revit"):
        HeatReader(small("rmt"), "cpu", 1).answer(grain(64, 64), HeatQuestion("revit"))
    with pytest.raises(WeightsError, match=r"no attention maps\. Choose weights of rmt or revit"):
        attention_network("r2aunet", nn.Identity())


def test_a_look_that_would_not_fit_is_refused_before_it_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = HeatReader(small("rmt"), "cpu", 1, budget_bytes=2**20)
    monkeypatch.setattr(reader._asked, "look", lambda *given: pytest.fail("looked all the same"))
    with pytest.raises(OutOfMemory, match=r"448 x 448 pixels would take 0\.\d GB.*Ask for a smaller tile"):
        reader.answer(grain(448, 448), HeatQuestion("rmt", stage=2))
    with pytest.raises(OutOfMemory, match="would take"):
        reader.answer(grain(448, 448), HeatQuestion("rmt", HeatKind.GRADIENT))


def test_a_huge_tile_is_refused_with_the_default_budget() -> None:
    photo = photo_of(np.zeros((4096, 4096, 3), np.uint8))
    for model in ("rmt", "revit"):
        question = HeatQuestion(model, point=(2000, 2000), tile_px=4096)
        with pytest.raises(OutOfMemory, match="would take"):
            HeatReader(small(model), "cpu", 1).answer(photo, question)


def test_memory_that_runs_out_all_the_same_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = HeatReader(small("revit"), "cpu", 1)

    def run_out(*_given: object) -> None:
        raise torch.OutOfMemoryError("out of memory")

    monkeypatch.setattr(reader._asked, "look", run_out)
    with pytest.raises(OutOfMemory, match="does not fit in memory"):
        reader.answer(grain(64, 64), HeatQuestion("revit"))


@pytest.mark.parametrize("model", ["rmt", "revit"])
def test_the_estimate_holds_what_a_trace_keeps(model: str) -> None:
    asked = attention_network(model, heatmap.build(small(model)))
    for stage in range(len(asked.stages)):
        kept = 0
        for trace in asked.look(torch.zeros(1, 3, 96, 128), stage):
            tensors = [getattr(trace, name, None) for name in ("full", "row", "column", "blended", "probs")]
            kept += sum(tensor.numel() * 4 for tensor in tensors if tensor is not None)
        traced, plain = (asked.cost_bytes(96, 128, stages) for stages in ((stage,), ()))
        assert traced - plain == kept > 0


@pytest.mark.parametrize(
    ("model", "stage", "block"), [("rmt", 0, 0), ("rmt", 3, 1), ("revit", 0, 1), ("revit", 0, 2)]
)
def test_a_class_gradient_is_grad_cam_by_its_formula(model: str, stage: int, block: int) -> None:
    photo, label = grain(64, 96), 2
    heat = HeatReader(small(model), "cpu", 1).answer(
        photo, HeatQuestion(model, HeatKind.GRADIENT, stage, block, label=label)
    )
    network: Any = heatmap.build(small(model))
    module = network.stages[stage].blocks[block] if model == "rmt" else network.blocks[block]
    seen: list[torch.Tensor] = []
    module.register_forward_hook(lambda _m, _i, out: seen.append(out[0] if model == "revit" else out))
    logits = network(imagenet_input(photo.pixels[None]))
    gradient = torch.autograd.grad(logits[0, label], seen[0])[0]
    features, gradient = (part.detach().reshape(-1, part.shape[-1]) for part in (seen[0], gradient))
    wanted = (features * gradient.mean(dim=0)).sum(dim=-1).relu().reshape(heat.grid.shape)
    assert float(wanted.max()) > 0
    assert np.allclose(heat.grid, wanted, atol=1e-5 * float(wanted.max()))


def test_a_class_gradient_reaches_the_places_behind_a_class_token() -> None:
    reader = HeatReader(small("revit", class_token=True), "cpu", 1)
    maps = [
        reader.answer(grain(64, 96), HeatQuestion("revit", HeatKind.GRADIENT, label=label)).grid
        for label in range(4)
    ]
    assert all(values.shape == (4, 6) for values in maps)
    assert max(float(values.max()) for values in maps) > 0
    heat = reader.answer(grain(64, 96), HeatQuestion("revit"))
    assert 0 < float(heat.grid.sum()) < 1


def test_a_missing_library_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "captum.attr", None)
    with pytest.raises(SettingsError, match=r"captum.*pip install 'resatt-studio\[explain\]'"):
        HeatReader(small("revit"), "cpu", 1).answer(grain(32, 32), HeatQuestion("revit", HeatKind.GRADIENT))


def test_a_dense_network_has_attention_but_no_labels() -> None:
    reader = HeatReader(small("rmt", dense=True), "cpu", 1)
    assert float(reader.answer(grain(64, 64), HeatQuestion("rmt")).grid.sum()) == pytest.approx(1.0)
    with pytest.raises(SettingsError, match="no labels"):
        reader.answer(grain(64, 64), HeatQuestion("rmt", HeatKind.GRADIENT))


def test_an_answer_leaves_no_mode_of_torch_behind() -> None:
    reader = HeatReader(small("revit"), "cpu", 1)
    for kind in (HeatKind.RECEIVED, HeatKind.GRADIENT):
        reader.answer(grain(32, 32), HeatQuestion("revit", kind))
        assert torch.is_grad_enabled() and not torch.is_inference_mode_enabled()
        assert not any(
            module._forward_hooks or module._forward_pre_hooks for module in reader._asked.network.modules()
        )
