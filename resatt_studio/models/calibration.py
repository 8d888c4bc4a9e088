"""The calibration in a weights file's header: it names no tensor, so the weights keep their id."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict

from resatt_studio.errors import WeightsError
from resatt_studio.records.calibration import AS_IT_IS, Calibration, ChosenThreshold

KEY = "calibration"
THRESHOLD_KEY = "threshold"
THRESHOLD_PHOTOS_KEY = "threshold_photos"


def calibration_header(calibration: Calibration) -> dict[str, str]:
    """What a header says of a calibration; nothing where there is none."""
    return {} if calibration == AS_IT_IS else {KEY: json.dumps(asdict(calibration), sort_keys=True)}


def calibration_of(header: Mapping[str, str]) -> Calibration:
    """Read the calibration of weights from their header; :data:`AS_IT_IS` where it says nothing.

    Raises:
        WeightsError: What it says has no meaning.
    """
    if KEY not in header:
        return AS_IT_IS
    try:
        told = json.loads(header[KEY])
        calibration = Calibration(float(told["temperature"]), float(told["bias"]))
    except (ValueError, TypeError, KeyError) as error:
        raise _meaningless(header) from error
    if not (0 < calibration.temperature < math.inf and math.isfinite(calibration.bias)):
        raise _meaningless(header)
    return calibration


def threshold_header(threshold: ChosenThreshold | None) -> dict[str, str]:
    """What a header says of the threshold that goes with its weights; nothing where there is none."""
    if threshold is None:
        return {}
    return {THRESHOLD_KEY: f"{threshold.value:.4f}", THRESHOLD_PHOTOS_KEY: str(threshold.photos)}


def threshold_of(header: Mapping[str, str]) -> ChosenThreshold | None:
    """The threshold that goes with weights, by their header; None where it names none that makes sense. Where
    it does not say how many photos chose it, one did."""
    try:
        threshold = ChosenThreshold(float(header[THRESHOLD_KEY]), int(header.get(THRESHOLD_PHOTOS_KEY, "1")))
    except (KeyError, ValueError):
        return None
    return threshold if 0 < threshold.value < 1 else None


def threshold_shift(header: Mapping[str, str]) -> float:
    """How far, in logits, weights that are read at the usual threshold of 0.5 have to be moved to be read at
    the threshold of these; 0 where the header names none."""
    threshold = threshold_of(header)
    return 0.0 if threshold is None else math.log(threshold.value / (1 - threshold.value))


def _meaningless(header: Mapping[str, str]) -> WeightsError:
    return WeightsError(
        f"These weights do not say how to read their probabilities: calibration {header[KEY]!r}.",
        "Export them again from the project that they come from.",
    )
