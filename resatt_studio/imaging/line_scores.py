"""How well a mask follows a crack as a line: how much of its course is found, and how wide it is there."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from resatt_studio.errors import MaskError
from resatt_studio.imaging.centre_lines import centre_lines
from resatt_studio.records.arrays import BoolArray, Float32Array

_SLACK_PX = 1e-4  # distances are float32 square roots of integers; their gaps are far wider


@dataclass(frozen=True, slots=True)
class LineCounts:
    """Counts along the true centre line of one photo, or of many added up.

    Attributes:
        found: True centre-line pixels with a predicted pixel within the tolerance.
        line: True centre-line pixels.
        width_error_px: Sum over the found ones of the difference in width, without its sign, in pixels.
    """

    found: int = 0
    line: int = 0
    width_error_px: float = 0.0

    def __add__(self, other: LineCounts) -> LineCounts:
        return LineCounts(
            self.found + other.found, self.line + other.line, self.width_error_px + other.width_error_px
        )

    @property
    def recall(self) -> float:
        """Share of the course that is found, in [0, 1]; 1 when there is no crack."""
        return self.found / self.line if self.line else 1.0

    @property
    def mean_width_error_px(self) -> float | None:
        """Mean difference in width where the course is found, in pixels; None when it is found nowhere."""
        return self.width_error_px / self.found if self.found else None


def count_lines(predicted: BoolArray, truth: BoolArray, tolerance_px: float = 2.0) -> LineCounts:
    """Follow the true centre line and ask at each of its pixels for the prediction.

    The width at a centre-line pixel is twice its distance to the nearest pixel off the mask, less one: 3 for
    a line of three pixels. Compared are the true pixel's and that of the predicted centre-line pixel nearest
    to it.

    Args:
        predicted, truth: H x W bool, True where crack.
        tolerance_px: Exact Euclidean distance between pixel centres up to which the course counts as found.

    Raises:
        MaskError: The shapes differ.
    """
    if predicted.shape != truth.shape:
        raise MaskError(
            f"cannot compare masks of shapes {predicted.shape} and {truth.shape}.",
            "Masks must have the size of their photo.",
        )
    line = centre_lines(truth)
    pixels = int(np.count_nonzero(line))
    if not pixels or not predicted.any():
        return LineCounts(line=pixels)
    found = line & (_distance(~predicted) <= tolerance_px + _SLACK_PX)
    if not found.any():
        return LineCounts(line=pixels)
    own_line = centre_lines(predicted)
    free = np.logical_not(own_line).astype(np.uint8)
    _, names = cv2.distanceTransformWithLabels(free, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    width_of = np.zeros(int(names.max()) + 1, np.float32)
    width_of[names[own_line]] = _widths(predicted)[own_line]
    error = np.abs(width_of[names[found]] - _widths(truth)[found])
    return LineCounts(int(np.count_nonzero(found)), pixels, float(error.sum()))


def _widths(mask: BoolArray) -> Float32Array:
    return np.asarray(2 * _distance(mask) - 1, np.float32)


def _distance(inside: BoolArray) -> Float32Array:
    """Distance of each True pixel to the nearest other one; beyond the photo's border nothing is known, and
    in a mask without any other pixel the photo's diagonal is the distance."""
    if inside.all():
        return np.full(inside.shape, float(np.hypot(*inside.shape)), np.float32)
    distance = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(distance, np.float32)
