"""Weights as safetensors, with a card beside them that a person can read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from resatt_studio.errors import ExportError, StudioError
from resatt_studio.export.card import weights_card
from resatt_studio.export.items import WeightsItem
from resatt_studio.export.masks import not_as_written
from resatt_studio.imaging.writing import write_whole

SUFFIX = ".safetensors"


def weights_stem(item: WeightsItem) -> str:
    """``<model>-<version name>-<first 12 of the id>``, without the name for weights off the shelf."""
    names = [item.weights.model, item.lineage[0].name if item.lineage else "", item.weights.weights_id[:12]]
    # Names come from the project, which may be anybody's: none leads out of the folder.
    return re.sub(r"[^\w.-]+", "_", "-".join(name for name in names if name))


def write_weights(item: WeightsItem, out: Path) -> list[Path]:
    """Write the weights and ``<stem>.md``, their card.

    Args:
        item: The weights and their lineage.
        out: A folder, or a file name that ends in ``.safetensors``.

    Raises:
        ExportError: A file cannot be written.
    """
    path = out if out.suffix.casefold() == SUFFIX else out / f"{weights_stem(item)}{SUFFIX}"
    card = path.with_suffix(".md")
    if card.exists() and not path.exists():
        raise ExportError(
            f"“{card}” is there already, and nothing is written over it.", "Choose another name."
        )
    write_whole(path, item.weights.data)
    write_whole(card, weights_card(item, path.name).encode("utf-8"))
    return [path, card]


def check_weights(item: WeightsItem, paths: Sequence[Path]) -> str:
    """Load the file again as a stranger would, build the network, and compare the tensors' hash.

    Raises:
        ExportError: The file is not the weights that were meant.
    """
    from resatt_studio.models.state import build, load_weights

    try:
        loaded = load_weights(paths[0])
        network = build(loaded)
    except StudioError as error:
        raise not_as_written(paths[0]) from error
    if loaded.weights_id != item.weights.weights_id:
        raise not_as_written(paths[0])
    parameters = sum(parameter.numel() for parameter in network.parameters())
    return f"{loaded.model}, {parameters} parameters, id {loaded.weights_id[:12]}"
