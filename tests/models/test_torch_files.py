"""Claims about weights that torch.save wrote: known by their tensors, never trusted, refused in words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from resatt_studio.errors import WeightsError
from resatt_studio.models import create_model, to_reference_keys
from resatt_studio.models.registry import full_config
from resatt_studio.models.state import pack_weights, state_of, write_weights
from resatt_studio.models.torch_files import read_weights

SMALL = {
    "r2aunet": "cpu",
    "rmt": "default",
    "revit": "default",
    "dhformer": "small",
}


@pytest.fixture(scope="module", params=SMALL)
def network(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any], dict[str, torch.Tensor]]:
    """(name, configuration, state dict) of a small preset; label networks with four classes."""
    name = request.param
    config = full_config(name, {"num_classes": 4} if name in ("rmt", "revit") else {}, SMALL[name])
    return name, config, create_model(name, **config).state_dict()


@pytest.mark.parametrize("layout", ["ours", "theirs", "parallel", "nested"])
def test_every_network_is_known_by_its_tensors_alone_in_either_layout(
    network: Any, layout: str, tmp_path: Path
) -> None:
    name, config, state = network
    theirs = to_reference_keys(name, state)
    content: Any = {
        "ours": state,
        "theirs": theirs,
        "parallel": {f"module.{key}": value for key, value in theirs.items()},
        "nested": {"epoch": 3, "model": {"state_dict": theirs}},
    }[layout]
    path = tmp_path / "release.pth"
    torch.save(content, path)
    weights = read_weights(path)
    assert weights.model == name
    assert weights.weights_id == pack_weights(name, config, state).weights_id
    assert weights.metadata["imported"].startswith("from release.pth, as ")


def test_constants_that_the_authors_leave_out_are_computed(tmp_path: Path) -> None:
    state = create_model("rmt", preset="default", num_classes=4).state_dict()
    theirs = {key: value for key, value in to_reference_keys("rmt", state).items() if "Relpos" not in key}
    torch.save(theirs, tmp_path / "rmt.pth")
    read = state_of(read_weights(tmp_path / "rmt.pth"))
    assert read.keys() == state.keys()
    assert all(torch.equal(read[key], state[key]) for key in state)


def test_constants_of_another_configuration_are_refused(tmp_path: Path) -> None:
    theirs = to_reference_keys("rmt", create_model("rmt", preset="default", num_classes=4).state_dict())
    theirs["layers.2.Relpos.decay"] = theirs["layers.2.Relpos.decay"] * 2
    torch.save(theirs, tmp_path / "rmt.pth")
    with pytest.raises(WeightsError, match="RMT, but of no configuration"):
        read_weights(tmp_path / "rmt.pth")


def test_a_position_table_tells_the_side_it_was_made_for(tmp_path: Path) -> None:
    network = create_model("revit", preset="default", image_size=64, num_classes=4, class_token=True)
    torch.save(network.state_dict(), tmp_path / "revit.pt")
    config = read_weights(tmp_path / "revit.pt").config
    assert (config["image_size"], config["num_classes"], config["class_token"]) == (64, 4, True)


def test_an_unknown_configuration_is_taken_from_the_file_or_from_weights_at_hand(
    tmp_path: Path, small_weights: Callable[..., Any]
) -> None:
    weights, path = small_weights("rmt"), tmp_path / "own.pth"
    torch.save(state_of(weights), path)
    with pytest.raises(WeightsError, match=r"own\.pth.*no configuration") as error:
        read_weights(path)
    assert '"config"' in error.value.hint
    known = [("revit", small_weights("revit").config), ("rmt", weights.config)]
    assert read_weights(path, known).weights_id == weights.weights_id
    torch.save({"state_dict": state_of(weights), "config": dict(weights.config)}, path)
    assert read_weights(path).weights_id == weights.weights_id


def test_other_number_types_become_those_that_weights_files_have(tmp_path: Path) -> None:
    state = create_model("dhformer", preset="small").state_dict()
    torch.save({key: value.bfloat16() for key, value in state.items()}, tmp_path / "half.pth")
    read = state_of(read_weights(tmp_path / "half.pth"))
    assert all(torch.equal(read[key], state[key].bfloat16().float()) for key in state)


class Trap:
    """Writes a file when it is unpickled by somebody who runs what pickles say."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.mark,)


def test_code_in_a_file_is_never_run(tmp_path: Path) -> None:
    path, mark = tmp_path / "trap.pth", tmp_path / "sprung"
    torch.save({"state_dict": {"weight": torch.zeros(1)}, "more": Trap(mark)}, path)
    with pytest.raises(WeightsError, match=r"trap\.pth.*more than tensors.*never run"):
        read_weights(path)
    assert not mark.exists()


@pytest.mark.parametrize(
    "content",
    [{}, [1, 2], torch.zeros(2), {"a": 1}, {"state_dict": {"a": "b"}}, {"a": torch.zeros(2).to_sparse()}],
    ids=["nothing", "list", "tensor", "number", "word", "sparse"],
)
@pytest.mark.filterwarnings("ignore:Validating sparse")
def test_what_is_no_state_dict_is_said(content: Any, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "odd.pth")
    with pytest.raises(WeightsError, match=r"odd\.pth holds no state dict"):
        read_weights(tmp_path / "odd.pth")


def test_a_file_that_holds_itself_has_an_end(tmp_path: Path) -> None:
    content: dict[str, Any] = {}
    content["state_dict"] = content
    torch.save(content, tmp_path / "ring.pth")
    with pytest.raises(WeightsError, match=r"ring\.pth holds no state dict"):
        read_weights(tmp_path / "ring.pth")


@pytest.mark.parametrize(
    ("tensor", "shape"),
    [
        ("position", ()),
        ("position", (3,)),
        ("position", (1, 0, 128)),
        ("patch.weight", ()),
        ("head.weight", ()),
    ],
)
def test_tensors_of_other_dimensions_are_refused_never_a_fault(
    tensor: str, shape: tuple[int, ...], tmp_path: Path
) -> None:
    state = create_model("revit", preset="default", num_classes=4, class_token=True).state_dict()
    torch.save(state | {tensor: torch.zeros(shape)}, tmp_path / "odd.pth")
    with pytest.raises(WeightsError, match=r"ReViT, but of no configuration"):
        read_weights(tmp_path / "odd.pth")


@pytest.mark.parametrize(
    ("config", "words"),
    [({1: 2, "heads": 3}, "RMT has no option 1, heads"), ({"depths": [10**7] * 4}, "no configuration")],
)
def test_a_configuration_in_the_file_that_makes_no_sense_is_refused(
    config: dict[Any, Any], words: str, small_weights: Callable[..., Any], tmp_path: Path
) -> None:
    torch.save({"state_dict": state_of(small_weights("rmt")), "config": config}, tmp_path / "odd.pth")
    with pytest.raises(WeightsError, match=words):
        read_weights(tmp_path / "odd.pth")


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_weights_that_are_no_numbers_are_refused(
    suffix: str, small_weights: Callable[..., Any], tmp_path: Path
) -> None:
    weights, path = small_weights("revit"), tmp_path / f"broken.{suffix}"
    state = state_of(weights)
    state["head.bias"] = torch.full_like(state["head.bias"], float("nan"))
    broken = pack_weights("revit", weights.config, state)
    if suffix == "pth":
        torch.save({"state_dict": state, "config": dict(weights.config)}, path)
    else:
        write_weights(path, broken)
    with pytest.raises(WeightsError, match=r"no numbers, in head\.bias"):
        read_weights(path)


def test_tensors_of_an_unknown_network_are_said_with_the_known_ones(tmp_path: Path) -> None:
    torch.save({"conv.weight": torch.zeros(2, 3)}, tmp_path / "vgg.pth")
    with pytest.raises(WeightsError, match=r"vgg\.pth fits none") as error:
        read_weights(tmp_path / "vgg.pth")
    assert "R2AU-Net, RMT, ReViT, DHFormer-style" in error.value.hint


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"gone\.pth cannot be read"):
        read_weights(tmp_path / "gone.pth")


@given(data=st.data())
def test_damaged_bytes_are_refused_never_a_fault(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("damaged") / "bad.pth"
    torch.save({"weight": torch.arange(6.0)}, path, _use_new_zipfile_serialization=data.draw(st.booleans()))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    with pytest.raises(WeightsError, match=r"bad\.pth"):
        read_weights(path)


def test_safetensors_that_do_not_fit_what_they_say_are_refused(
    tmp_path: Path, small_weights: Callable[..., Any]
) -> None:
    weights, path = small_weights("revit"), tmp_path / "lie.safetensors"
    data = weights.data.replace(b'\\"depth\\": 2', b'\\"depth\\": 3')
    assert data != weights.data
    path.write_bytes(data)
    with pytest.raises(WeightsError, match="do not fit ReViT"):
        read_weights(path)
    write_weights(path, weights)
    assert read_weights(path).weights_id == weights.weights_id
