"""Crack probability as 16-bit PNG: 0 is 0, 65535 is 1."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from resatt_studio.errors import ExportError, StudioError
from resatt_studio.export.items import ExportItem
from resatt_studio.export.masks import check_shape, not_as_written, written_bytes
from resatt_studio.imaging.decode import decode
from resatt_studio.imaging.files import write_png

# 255 * 257 = 65535: every 8-bit level has an exact 16-bit one.
LEVELS = 257


def _samples(item: ExportItem) -> npt.NDArray[np.uint16]:
    if item.prediction is None:
        raise ExportError(f"“{item.facts.path.name}” has no prediction.", "Predict it first.")
    check_shape(item, item.prediction.probability_8bit.shape)
    return item.prediction.probability_8bit.astype(np.uint16) * np.uint16(LEVELS)


def write_probability(item: ExportItem, out: Path) -> list[Path]:
    """Write ``<stem>.probability.png``: 16 bits, one channel, probability * 65535 in 256 steps.

    Raises:
        ExportError: The photo has no prediction, or the file cannot be written.
    """
    path = out / f"{item.file_stem}.probability.png"
    write_png(path, _samples(item))
    return [path]


def check_probability(item: ExportItem, paths: Sequence[Path]) -> str:
    """Read the samples again and compare.

    Raises:
        ExportError: They are not the probabilities that were meant.
    """
    try:
        samples = decode(written_bytes(paths[0]), paths[0].name).samples
    except StudioError as error:
        raise not_as_written(paths[0]) from error
    if samples.dtype != np.uint16 or not np.array_equal(samples[:, :, 0], _samples(item)):
        raise not_as_written(paths[0])
    return f"16 bits, mean probability {samples.mean() / 65535:.4f}"
