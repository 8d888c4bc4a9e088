"""ReSwin is the authors' network, tensor by tensor, buffers included."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from resatt_studio.models.reswin import PatchMerging, ReSwin, WindowedAttention, _cut, _fitted, _join, _mask
from resatt_studio.models.reswin_keys import to_reference_keys
from tests.models.variants import RESWIN, Variant

TINY = RESWIN.tiny


@pytest.fixture
def variant() -> Variant:
    return RESWIN


def record(network: ReSwin) -> dict[str, Tensor]:
    """Hook every module whose answer the fixture names; grids become rows of tokens."""
    seen: dict[str, Tensor] = {}

    def keep(name: str, module: nn.Module, logits: str = "") -> None:
        def hook(_module: nn.Module, _inputs: object, output: Any) -> None:
            picture, scores = output if isinstance(output, tuple) else (output, None)
            seen[name] = picture.flatten(1, 2)
            if logits and scores is not None:
                seen[logits] = scores

        module.register_forward_hook(hook)

    keep("patch_embed", network.patch_norm)
    for s, stage in enumerate(network.stages):
        keep(f"layer{s}.out", stage)
        for k, block in enumerate(stage.blocks):
            keep(f"layer{s}.block{k}.x", block, f"layer{s}.block{k}.attn_logits")
    return seen


@pytest.mark.parametrize("traced", [False, True], ids=["quick", "traced"])
def test_every_tensor_equals_the_reference(traced: bool, variant: Variant) -> None:
    reference = variant.reference()
    network = variant.reference_network()
    seen = record(network)
    with torch.no_grad():
        if traced:
            logits, records = network.trace(reference.tensors["in.64x64"])
            seen |= {f"layer{kept.stage}.block{kept.block}.attn_logits": kept.blended for kept in records}
        else:
            logits = network(reference.tensors["in.64x64"])
    seen["logits"] = logits
    reference.assert_equals(seen, least=12)


def test_buffers_that_follow_from_the_configuration_are_those_of_the_reference() -> None:
    reference = RESWIN.reference()
    fresh = to_reference_keys(ReSwin(**reference.config).state_dict())
    buffers = {key for key in fresh if key.endswith(("attn_mask", "relative_position_index"))}
    assert len(buffers) == 6
    for key in buffers:
        assert fresh[key].dtype == reference.state()[key].dtype
        assert torch.equal(fresh[key], reference.state()[key]), key


def test_the_published_configuration_has_its_parameters() -> None:
    with torch.device("meta"):
        network = ReSwin()
    assert sum(parameter.numel() for parameter in network.parameters()) == 28_288_354
    assert sum("shift_mask" in key for key in network.state_dict()) == 5


def test_every_norm_has_the_epsilon_of_swin() -> None:
    norms = [module for module in ReSwin(**TINY).modules() if isinstance(module, nn.LayerNorm)]
    assert len(norms) == 2 * 4 + 3
    assert {norm.eps for norm in norms} == {1e-5}


@given(old=st.integers(1, 6), new=st.integers(1, 6), heads=st.sampled_from([1, 2, 4]))
def test_windows_and_heads_are_resampled_as_one_axis(old: int, new: int, heads: int) -> None:
    history = torch.randn(2 * old, 2, 4, 4)
    fitted = _fitted(history, 2, (2 * new, heads, 4, 4))
    chosen = torch.arange(new * heads) * (old * 2) // (new * heads)
    assert torch.equal(fitted.view(2, -1, 4, 4), history.view(2, -1, 4, 4)[:, chosen])


def test_the_history_weighs_a_half_and_the_shifts_mask_stays_out_of_it() -> None:
    network = ReSwin(**TINY).eval()
    records = network.trace(torch.randn(2, 3, 32, 32))[1]
    previous: WindowedAttention | None = None
    for kept in records:
        past = kept.raw if previous is None else _fitted(previous.blended, 2, kept.raw.shape)  # type: ignore[arg-type]
        assert torch.allclose(kept.blended, 0.5 * kept.raw + 0.5 * past, atol=1e-5)
        assert torch.equal(kept.probs, kept.blended.softmax(dim=-1)) == (kept.shift == 0)
        previous = kept
    assert [(kept.stage, kept.block, kept.shift) for kept in records] == [
        (0, 0, 0),
        (0, 1, 2),
        (1, 0, 0),
        (1, 1, 0),
    ]


@given(rows=st.integers(1, 3), columns=st.integers(1, 3), window=st.integers(1, 4))
def test_cutting_into_windows_and_joining_gives_the_picture_back(
    rows: int, columns: int, window: int
) -> None:
    picture = torch.randn(2, rows * window, columns * window, 3)
    windows = _cut(picture, window)
    assert windows.shape == (2 * rows * columns, window * window, 3)
    assert torch.equal(windows[columns - 1].view(window, window, 3), picture[0, :window, -window:])
    assert torch.equal(_join(windows, window, picture.shape), picture)


def test_the_mask_separates_what_the_roll_made_neighbours() -> None:
    mask = _mask((8, 8), 4, 2)
    assert mask.shape == (4, 16, 16)
    assert bool((mask[0] == 0).all())
    # The lower right window holds the four corners of the picture, 2 x 2 tokens of each.
    assert bool((mask[3].view(4, 4, 4, 4)[0, 0, :2, :2] == 0).all())
    assert mask[3].unique().tolist() == [-100.0, 0.0]
    assert int((mask[3, 0] == 0).sum()) == 4


def test_odd_sides_are_merged_with_zeros() -> None:
    merging = PatchMerging(4)
    picture = torch.randn(1, 3, 5, 4)
    padded = torch.zeros(1, 4, 6, 4)
    padded[:, :3, :5] = picture
    assert torch.equal(merging(picture), merging(padded))


def test_a_grid_below_the_window_is_one_window() -> None:
    network = ReSwin(**TINY | {"image_size": 16, "depths": (2, 2, 2), "num_heads": (2, 2, 2)}).eval()
    logits, records = network.trace(torch.randn(1, 3, 16, 16))
    assert [kept.window for kept in records] == [4, 4, 2, 2, 1, 1]
    assert torch.allclose(
        network(torch.zeros(1, 3, 16, 16)), network.trace(torch.zeros(1, 3, 16, 16))[0], atol=1e-5
    )
    assert logits.shape == (1, 4)
