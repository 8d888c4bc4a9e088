"""Weights files: written and read as safetensors, named by the hash of their tensors, refused with a readable
reason when they do not fit."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from torch import Tensor, nn

from resatt_studio.durable import write_whole
from resatt_studio.errors import WeightsError
from resatt_studio.models import create_model
from resatt_studio.models.registry import full_config, model_entry
from resatt_studio.records.weights import Config, WeightsFile

FORMAT = "resatt-weights-1"
_HEADER_LIMIT_BYTES = 4 * 1024 * 1024
_DTYPES = {torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.int64: "I64"}
_COUNTS = ("depths", "depth", "layers", "residual_units")
"""Options that say how many layers a network has."""
_OWN_KEYS = ("format", "model", "config", "weights_id")


def weights_id(state: Mapping[str, Tensor]) -> str:
    """SHA-256 (hex) over names, shapes, dtypes and bytes of the tensors, in the order of their names."""
    digest = hashlib.sha256()
    for name in sorted(state):
        tensor = state[name].detach().cpu().contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def pack_weights(
    model_name: str,
    config: Config,
    state: Mapping[str, Tensor],
    metadata: Mapping[str, str] | None = None,
    half: bool = False,
) -> WeightsFile:
    """Make a weights file in memory.

    Args:
        model_name: Line of the registry, or a named preset such as "rmt_t"; the file names the line.
        config: Constructor arguments.
        state: State dict in this app's names.
        metadata: What else the header shall say; all strings.
        half: Store kernels and matrices as 16-bit floats. Statistics, layer scales and other vectors stay as
            they are: they are small, and their values may leave the range of 16 bits.

    Raises:
        WeightsError: The state does not fit the network.
    """
    config, model_name = full_config(model_name, config), model_entry(model_name).name
    _check_fits(model_name, config, state)
    tensors = {name: _stored(state[name], half) for name in sorted(state)}
    identity = weights_id(tensors)
    header = {key: value for key, value in (metadata or {}).items() if key not in _OWN_KEYS}
    header |= {
        "format": FORMAT,
        "model": model_name,
        "config": json.dumps(config, sort_keys=True),
        "weights_id": identity,
    }
    return WeightsFile(identity, model_name, config, header, _serialise(tensors, header))


def save_weights(
    path: Path,
    model_name: str,
    config: Config,
    state: Mapping[str, Tensor],
    metadata: Mapping[str, str] | None = None,
    half: bool = False,
) -> WeightsFile:
    """Write a weights file, whole or not at all; arguments as in :func:`pack_weights`.

    Raises:
        WeightsError: The state does not fit, or the file cannot be written.
    """
    weights = pack_weights(model_name, config, state, metadata, half)
    write_weights(path, weights)
    return weights


def write_weights(path: Path, weights: WeightsFile) -> None:
    """Write the bytes of ``weights`` to ``path`` through a temporary file beside it.

    Raises:
        WeightsError: The file cannot be written.
    """
    try:
        write_whole(Path(path), weights.data)
    except OSError as error:
        raise WeightsError(
            f"{path} cannot be written: {error.strerror or error}.",
            "Choose a folder with room that you may write to.",
        ) from error


def load_weights(source: Path | bytes) -> WeightsFile:
    """Read and check a weights file.

    Raises:
        WeightsError: It is missing, damaged, not of this app, or for an unknown network.
    """
    name, data = _read(source)
    header = _header(name, data)
    if header.get("format") != FORMAT:
        raise WeightsError(
            f"{name} is no weights file of this app.",
            "Weights in the public reference layout are brought in with from_reference_keys().",
        )
    entry = model_entry(header.get("model", ""))
    config = full_config(header.get("model", ""), _config(name, header))
    state = _tensors(name, data)
    identity = weights_id(state)
    if header.get("weights_id", identity) != identity:
        raise WeightsError(
            f"{name} is damaged: its tensors do not match their hash.", "Copy or export it again."
        )
    return WeightsFile(identity, entry.name, config, header, data)


def state_of(weights: WeightsFile) -> dict[str, Tensor]:
    """Return the tensors of a weights file, floats widened to 32 bits.

    Raises:
        WeightsError: The bytes are damaged.
    """
    tensors = _tensors("These weights", weights.data)
    return {
        name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in tensors.items()
    }


def build(weights: WeightsFile) -> nn.Module:
    """Build the network of a weights file and fill it, strictly; the network is in evaluation mode.

    Raises:
        WeightsError: Tensors are missing, left over or of another shape.
    """
    state = state_of(weights)
    _check_fits(weights.model, weights.config, state)  # before a header may ask for any amount of memory
    network = create_model(weights.model, **weights.config)
    network.load_state_dict(state, strict=True)
    return network.eval()


def check_fits(weights: WeightsFile) -> None:
    """Compare names and shapes of the tensors with those of the network that the header names.

    Raises:
        WeightsError: Tensors are missing, left over or of another shape.
    """
    _check_fits(weights.model, weights.config, _tensors("These weights", weights.data))


def layers(config: Config) -> int:
    """How many layers a configuration asks for; each has tensors of its own."""
    counts = [config[name] for name in _COUNTS if name in config]
    return sum(sum(count) if isinstance(count, (list, tuple)) else count for count in counts)


def _stored(tensor: Tensor, half: bool) -> Tensor:
    tensor = tensor.detach().cpu().contiguous().clone()
    return tensor.half() if half and tensor.is_floating_point() and _is_matrix(tensor) else tensor


def _is_matrix(tensor: Tensor) -> bool:
    """Whether a tensor is a matrix or kernel; a vector is none in any shape, such as (1, 1, 1, C)."""
    if tensor.numel() == max(tensor.shape, default=1):
        return tensor.ndim == 4 and tensor.shape[-1] == 1  # a 1x1 convolution from or to one channel
    return tensor.ndim >= 2


def _serialise(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> bytes:
    """Lay tensors out as safetensors.

    The library's own writer orders the metadata anew in every process. Sorted, equal weights make
    equal bytes.
    """
    header: dict[str, object] = {"__metadata__": dict(sorted(metadata.items()))}
    parts: list[bytes] = []
    offset = 0
    for name in sorted(tensors, key=lambda name: (-tensors[name].element_size(), name)):
        tensor = tensors[name]
        part = tensor.reshape(-1).view(torch.uint8).numpy().tobytes()
        span = [offset, offset + len(part)]
        header[name] = {"dtype": _DTYPES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": span}
        parts.append(part)
        offset += len(part)
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + b"".join(parts)


def _check_fits(model_name: str, config: Config, state: Mapping[str, Tensor]) -> None:
    if layers(config) > len(state):  # no network of a million layers is begun for a file of ten tensors
        raise WeightsError(
            f"These weights are said to have {layers(config)} layers, but have {len(state)} tensors.",
            "Copy or export them again.",
        )
    with torch.device("meta"):
        wanted = create_model(model_name, **config).state_dict()
    _refuse_difference(model_name, config, wanted, state)


def _refuse_difference(
    model: str, config: Config, wanted: Mapping[str, Tensor], given: Mapping[str, Tensor]
) -> None:
    lines = [f"missing {name}" for name in sorted(wanted.keys() - given.keys())]
    lines += [f"unknown {name}" for name in sorted(given.keys() - wanted.keys())]
    lines += [
        f"{name} is {tuple(given[name].shape)}, not {tuple(wanted[name].shape)}"
        for name in sorted(wanted.keys() & given.keys())
        if wanted[name].shape != given[name].shape
    ]
    if lines:
        options = ", ".join(f"{key}={value}" for key, value in config.items())
        more = f"; and {len(lines) - 5} more" if len(lines) > 5 else ""
        raise WeightsError(
            f"These weights do not fit {model_entry(model).title} ({options}): {'; '.join(lines[:5])}{more}.",
            "They belong to another network or another configuration of it.",
        )


def _read(source: Path | bytes) -> tuple[str, bytes]:
    if isinstance(source, bytes):
        return "The weights", source
    try:
        return str(source), Path(source).read_bytes()
    except OSError as error:
        raise WeightsError(
            f"{source} cannot be read: {error.strerror or error}.", "Check the path and that you may read it."
        ) from error


def _header(name: str, data: bytes) -> dict[str, str]:
    """Read the metadata of a safetensors file: 8 bytes of length, then JSON."""
    damaged = WeightsError(f"{name} is damaged or no safetensors file.", "Copy or export it again.")
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > min(_HEADER_LIMIT_BYTES, len(data) - 8):
        raise damaged
    try:
        header = json.loads(data[8 : 8 + length])
    except (ValueError, RecursionError) as error:
        raise damaged from error
    metadata = header.get("__metadata__", {}) if isinstance(header, dict) else {}
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise damaged
    return cast(dict[str, str], metadata)


def _config(name: str, header: Mapping[str, str]) -> dict[str, object]:
    try:
        config = json.loads(header.get("config", ""))
    except (ValueError, RecursionError):
        config = None
    if not isinstance(config, dict):
        raise WeightsError(f"{name} does not say how its network is built.", "Export it again.")
    return config


def _tensors(name: str, data: bytes) -> dict[str, Tensor]:
    try:
        return load_tensors(data)
    except (SafetensorError, KeyError, ValueError) as error:
        raise WeightsError(f"{name} is damaged: {error}.", "Copy or export it again.") from error
