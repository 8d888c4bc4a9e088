"""Weights files come back bit-exact, are named by content, and refuse what does not fit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from resatt_studio.errors import WeightsError
from resatt_studio.models import create_model
from resatt_studio.models import state as state_module
from resatt_studio.models.state import (
    build,
    layers,
    load_weights,
    pack_weights,
    save_weights,
    state_of,
    weights_id,
)

CONFIG = {"base_width": 2, "t": 1, "stem": 2}


def make(seed: int = 0) -> dict[str, torch.Tensor]:
    torch.manual_seed(seed)
    return dict(create_model("r2aunet", **CONFIG).state_dict())


def test_what_was_saved_is_loaded_bit_exact(tmp_path: Path) -> None:
    state = make()
    saved = save_weights(tmp_path / "deep" / "a.safetensors", "r2aunet", CONFIG, state, {"note": "ä"})
    loaded = load_weights(tmp_path / "deep" / "a.safetensors")
    assert (loaded.weights_id, loaded.model, dict(loaded.config)) == (saved.weights_id, "r2aunet", CONFIG)
    assert loaded.metadata["note"] == "ä"
    assert loaded.metadata["format"] == "resatt-weights-1"
    assert json.loads(loaded.metadata["config"]) == CONFIG
    again = state_of(loaded)
    assert all(torch.equal(again[key], state[key]) for key in state)
    assert list(tmp_path.glob("deep/.*")) == []


def test_counts_of_layers_are_read_as_a_header_writes_them() -> None:
    config = {"depths": (1, 2, 3), "residual_units": 2}
    assert layers(config) == layers(json.loads(json.dumps(config))) == 8


def file_of(header: bytes) -> bytes:
    """A weights file of no tensors."""
    return len(header).to_bytes(8, "little") + header


def said(config: str, model: str = "r2aunet") -> bytes:
    told = {"format": "resatt-weights-1", "model": model, "config": config}
    return file_of(json.dumps({"__metadata__": told}).encode())


@pytest.mark.parametrize("data", [file_of(b"[" * 100_000), said("[" * 100_000)], ids=["header", "config"])
def test_a_header_that_is_nested_without_end_is_refused(data: bytes) -> None:
    with pytest.raises(WeightsError):
        load_weights(data)


def test_no_network_of_a_million_layers_is_begun_for_a_file_of_no_tensors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    weights = load_weights(said('{"depth": 1000000}', "revit"))
    monkeypatch.setattr(state_module, "create_model", None)
    with pytest.raises(WeightsError, match="1000000 layers"):
        build(weights)


def test_the_same_weights_make_the_same_file() -> None:
    first, second = (pack_weights("r2aunet", CONFIG, make()) for _ in range(2))
    assert first.data == second.data


def test_a_file_of_a_named_preset_names_its_network_and_holds_all_its_options() -> None:
    config = {"embed_dim": 12, "depth": 1, "num_classes": 4}
    state = create_model("revit_t", **config).state_dict()
    weights = pack_weights("revit_t", config, state)
    assert load_weights(weights.data).model == weights.model == weights.metadata["model"] == "revit"
    assert load_weights(weights.data).config == weights.config
    assert weights.config["num_heads"] == 3, "the preset's"
    assert build(load_weights(weights.data))(torch.zeros(1, 3, 32, 32)).shape == (1, 4)


def test_any_changed_value_changes_the_id() -> None:
    state = make()
    before = weights_id(state)
    state["head.bias"] = state["head.bias"] + 1e-6
    assert weights_id(state) != before
    assert weights_id(dict(reversed(make().items()))) == before


def test_half_precision_keeps_vectors_and_comes_back_as_single() -> None:
    state = make()
    state["encoder.0.first.norm.running_var"] = torch.tensor([1e-9, 1e9])
    weights = pack_weights("r2aunet", CONFIG, state, half=True)
    again = state_of(weights)
    assert len(weights.data) < len(pack_weights("r2aunet", CONFIG, state).data)
    assert torch.equal(again["encoder.0.first.norm.running_var"], state["encoder.0.first.norm.running_var"])
    kernel = "encoder.4.first.conv.weight"
    assert again[kernel].dtype == torch.float32
    assert torch.equal(again[kernel], state[kernel].half().float())
    assert load_weights(weights.data).weights_id == weights.weights_id


def test_a_built_network_answers_as_the_one_that_was_saved() -> None:
    torch.manual_seed(3)
    network = create_model("r2aunet", **CONFIG).eval()
    again = build(pack_weights("r2aunet", CONFIG, network.state_dict()))
    photo = torch.randn(1, 3, 32, 32)
    with torch.no_grad():
        assert torch.equal(again(photo), network(photo))
    assert not again.training


def test_weights_of_another_width_are_refused_with_the_difference() -> None:
    with pytest.raises(WeightsError, match=r"decoder\.0\.first\.conv\.bias is \(16,\), not \(32,\)"):
        pack_weights("r2aunet", CONFIG | {"base_width": 4}, make())
    state = make()
    state.pop("head.bias")
    with pytest.raises(WeightsError, match=r"missing head\.bias"):
        pack_weights("r2aunet", CONFIG, state)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"gone\.safetensors"):
        load_weights(tmp_path / "gone.safetensors")


def test_an_unwritable_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(WeightsError, match="cannot be written"):
        save_weights(tmp_path / "file" / "a.safetensors", "r2aunet", CONFIG, make())


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_damaged_bytes_are_refused_never_believed(data: st.DataObject) -> None:
    whole = pack_weights("r2aunet", CONFIG, make()).data
    header = int.from_bytes(whole[:8], "little")
    kind = data.draw(st.sampled_from(["cut", "flip", "noise"]))
    if kind == "cut":
        broken = whole[: data.draw(st.integers(0, len(whole) - 1))]
    elif kind == "flip":
        at = data.draw(st.integers(8 + header, len(whole) - 1))
        broken = whole[:at] + bytes([whole[at] ^ 0x40]) + whole[at + 1 :]
    else:
        broken = data.draw(st.binary(max_size=200))
    with pytest.raises(WeightsError):
        load_weights(broken)


def test_a_safetensors_file_of_somebody_else_is_refused() -> None:
    from safetensors.torch import save

    with pytest.raises(WeightsError, match="no weights file of this app"):
        load_weights(save({"a": torch.zeros(2)}))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": "unet9"}, "no network called"),
        ({"config": "[]"}, "how its network is built"),
        ({"config": '{"depth": 3}'}, "no option depth"),
        ({"config": '{"t": "2"}'}, "whole number"),
    ],
)
def test_headers_that_lie_are_refused(change: dict[str, str], message: str) -> None:
    from safetensors.torch import save

    header = {"format": "resatt-weights-1", "model": "r2aunet", "config": json.dumps(CONFIG)} | change
    with pytest.raises(WeightsError, match=message):
        load_weights(save(make(), header))
