"""Weights that ``torch.save`` wrote, such as a .pth of a public release; no code in them is run.

Such a file names neither its network nor how that is built. The names of its tensors tell the network, and
their shapes the configuration, among the presets and those that the caller knows; or the file says so itself,
under ``config``. Options that no shape depends on, such as R2AU-Net's ``t``, are the preset's.
"""

from __future__ import annotations

import math
import pickle
from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias

import torch
from torch import Tensor

from resatt_studio.errors import WeightsError
from resatt_studio.models import create_model, from_reference_keys, to_reference_keys
from resatt_studio.models.registry import MODELS, ModelEntry, check_config
from resatt_studio.models.state import check_fits, layers, load_weights, pack_weights, state_of
from resatt_studio.records.weights import Config, WeightsFile

SUFFIXES = (".pth", ".pt")

Known: TypeAlias = Iterable[tuple[str, Config]]
"""Networks by registry name, each with constructor arguments that weights at hand were built with."""

_STATE_KEYS = ("state_dict", "model_state_dict", "model", "network")
_PARALLEL = "module."
_NESTED = 8  # a file may hold itself, and then has no end


def read_weights(path: Path, known: Known = ()) -> WeightsFile:
    """Read a weights file of this app, or one that ``torch.save`` wrote, and check that its tensors fit.

    Args:
        path: Ends in .pth or .pt when ``torch.save`` wrote it; else safetensors.
        known: Configurations to try on a .pth beside the presets.

    Raises:
        WeightsError: It is missing, damaged, of an unknown network, or does not fit what it says it is, or a
            weight is no number.
    """
    if path.suffix.casefold() in SUFFIXES:
        weights = read_torch_file(path, known)
    else:
        weights = load_weights(path)
        check_fits(weights)
    for name, tensor in state_of(weights).items():
        if not bool(tensor.isfinite().all()):
            raise WeightsError(
                f"{path} holds weights that are no numbers, in {name}.",
                "Its training went wrong; choose weights from before that.",
            )
    return weights


def read_torch_file(path: Path, known: Known = ()) -> WeightsFile:
    """Read what ``torch.save`` wrote and pack it as a weights file of this app.

    Args:
        path: Holds a state dict in this app's names or in those of the public reference, bare or under
            "state_dict", "model_state_dict", "model" or "network". Beside it "config" may hold the
            constructor arguments.
        known: Configurations to try beside the presets.

    Returns:
        The weights; their header says under ``imported`` which file they came from and how they were taken.

    Raises:
        WeightsError: It is missing, damaged, holds more than tensors, or fits no network.
    """
    content = _loaded(path)
    state, said = _state_of(path, content)
    entry, ours = _recognised(path, state)
    for words, config in _candidates(entry, ours, said, known):
        filled = _with_constants(entry, config, ours)
        if filled is not None:
            metadata = {"imported": f"from {path.name}, as {entry.title} {words}"}
            return pack_weights(entry.name, config, filled, metadata)
    raise WeightsError(
        f"{path} holds weights of {entry.title}, but of no configuration that is known here.",
        'Save them again as {"state_dict": ..., "config": ...}, where config holds the arguments that the '
        "network was built with.",
    )


def _loaded(path: Path) -> Any:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise WeightsError(
            f"{path} cannot be read: {error.strerror or error}.", "Check the path and that you may read it."
        ) from error
    except pickle.UnpicklingError as error:
        raise WeightsError(
            f"{path} is damaged or holds more than tensors, and code in it is never run.",
            "Save the network's state_dict() alone, or copy the file again.",
        ) from error
    except Exception as error:  # what torch says of broken bytes ranges from KeyError to AssertionError
        raise WeightsError(f"{path} is damaged or no PyTorch file.", "Copy or save it again.") from error


def _state_of(path: Path, content: Any) -> tuple[dict[str, Tensor], Config | None]:
    """The state dict and, where the file has one, its configuration."""
    said: Config | None = None
    for _ in range(_NESTED):
        if not isinstance(content, Mapping):
            break
        if isinstance(content.get("config"), Mapping):
            said = content["config"]
        inner = next((content[key] for key in _STATE_KEYS if isinstance(content.get(key), Mapping)), None)
        if inner is None:
            break
        content = inner
    tensors = content if isinstance(content, Mapping) else {}
    if not tensors or not all(isinstance(name, str) and _is_plain(value) for name, value in tensors.items()):
        raise WeightsError(
            f"{path} holds no state dict.", "Save the network's state_dict(): tensors by their names."
        )
    state = {name: _stored(tensor) for name, tensor in tensors.items()}
    if all(name.startswith(_PARALLEL) for name in state):
        state = {name.removeprefix(_PARALLEL): tensor for name, tensor in state.items()}
    return state, said


def _is_plain(value: object) -> bool:
    """Whether a value is a dense tensor of real numbers."""
    return (
        isinstance(value, Tensor)
        and value.layout is torch.strided
        and not value.is_quantized
        and not value.is_complex()
    )


def _stored(tensor: Tensor) -> Tensor:
    """The tensor in a type that weights files have."""
    if not tensor.is_floating_point():
        return tensor.long()
    return tensor if tensor.dtype in (torch.float16, torch.float32, torch.float64) else tensor.float()


def _recognised(path: Path, state: Mapping[str, Tensor]) -> tuple[ModelEntry, dict[str, Tensor]]:
    """The network that has tensors of these names, and the tensors in this app's names."""
    for entry in MODELS.values():
        try:
            to_reference_keys(entry.name, state)
        except WeightsError:
            try:
                return entry, from_reference_keys(entry.name, state)
            except WeightsError:
                continue
        return entry, dict(state)
    titles = ", ".join(entry.title for entry in MODELS.values())
    raise WeightsError(
        f"{path} fits none of the networks here: its tensors have other names.",
        f"The file must hold the whole state dict of one of {titles}, in this app's names or the authors'.",
    )


def _candidates(
    entry: ModelEntry, state: Mapping[str, Tensor], said: Config | None, known: Known
) -> Iterable[tuple[str, dict[str, Any]]]:
    """Configurations to try, the likeliest first, each with words for it."""
    if said is not None:
        own = check_config(entry.name, said)
        if layers(own) <= len(state):  # no network of a million layers is begun for a file of ten tensors
            yield "with the configuration in the file", own
        return
    try:
        shapes = _told_by_shapes(entry, state)
    except (IndexError, TypeError, ValueError):
        return  # a tensor that has other dimensions than in any configuration
    for preset, config in entry.presets.items():
        yield f"({preset})", dict(config) | shapes
    for model, config in known:
        if model == entry.name:
            yield "built as weights that are here already", dict(config)


def _told_by_shapes(entry: ModelEntry, state: Mapping[str, Tensor]) -> dict[str, Any]:
    """Options beside a preset's that the tensors themselves tell."""
    told: dict[str, Any] = {}
    if entry.name in ("rmt", "revit") and "head.weight" in state:
        told["num_classes"] = len(state["head.weight"])
    if entry.name == "rmt":
        told["aux_head"] = "aux_head.weight" in state
    if entry.name == "revit":
        told["class_token"] = "class_token" in state
        told["learnable_alpha"] = "alpha" in state
        told["qkv_bias"] = "blocks.0.attention.qkv.bias" in state
        cells = state["position"].shape[1] - told["class_token"]
        told["image_size"] = math.isqrt(cells) * state["patch.weight"].shape[-1]
    return told


def _with_constants(
    entry: ModelEntry, config: Config, state: Mapping[str, Tensor]
) -> dict[str, Tensor] | None:
    """The tensors, with the constants that the authors leave out; None when the configuration is another."""
    with torch.device("meta"):
        wanted = create_model(entry.name, **config).state_dict()
    lost = wanted.keys() - state.keys()
    if state.keys() - wanted.keys() or any(
        state[name].shape != wanted[name].shape for name in wanted.keys() - lost
    ):
        return None
    check_buffers = getattr(import_module(entry.keys), "check_buffers", None)
    if check_buffers is None:
        return None if lost else dict(state)
    network = create_model(entry.name, **config)
    if lost - {name for name, _ in network.named_buffers()}:
        return None
    try:
        check_buffers(network, to_reference_keys(entry.name, network.state_dict() | dict(state)))
    except WeightsError:
        return None
    return {name: state.get(name, tensor) for name, tensor in network.state_dict().items()}
