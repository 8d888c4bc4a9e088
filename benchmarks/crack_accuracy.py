"""How exact the measures of a crack are, and what they cost: ``python benchmarks/crack_accuracy.py``.

Cracks of known length and width are drawn as masks: a pixel is crack whose middle lies in the ideal shape.
Printed are, for straight cracks in all directions and for circles and quarters of them, the errors of length
(in %) and of mean width (in pixels): their mean, their mean without signs, and the worst; then the CPU time
for the cracks of a drawn mask of 12 megapixels, beside that for finding and outlining them.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from resatt_studio.imaging.crack_measures import measure_crack
from resatt_studio.imaging.cracks import crack_mask, find_cracks, outline
from resatt_studio.inference.sliding import run_to_end

Mask = npt.NDArray[np.bool_]
Points = npt.NDArray[np.float64]
WIDTHS_PX = (1.0, 1.5, 2.0, 3.0, 5.0, 9.0, 15.0)
LENGTHS_PX = (40.0, 150.0)
RADII_PX = (20.0, 40.0, 90.0)
DIRECTIONS_DEG = np.arange(0.0, 180.0, 7.5)


def drawn(points: Points, width_px: float, side: int, round_ends: bool = False) -> Mask:
    """A line through (row, column) points, whole numbers being the middles of pixels; its bends are round."""
    rows, columns = np.mgrid[:side, :side].astype(np.float64)
    mask = np.zeros((side, side), np.bool_)
    last = len(points) - 2
    for number, (start, end) in enumerate(pairwise(points)):
        length = math.dist(start, end)
        ahead = (end - start) / length
        along = (rows - start[0]) * ahead[0] + (columns - start[1]) * ahead[1]
        across = (rows - start[0]) * ahead[1] - (columns - start[1]) * ahead[0]
        near = np.hypot(np.where(along < 0, along, np.maximum(along - length, 0)), across) < width_px / 2
        if not round_ends:
            near &= (along >= 0) | (number > 0)
            near &= (along < length) | (number < last)
        mask |= near
    return mask


def straight(length_px: float, width_px: float, deg: float, middle: Points, round_ends: bool = False) -> Mask:
    """A straight crack around the middle of its mask; ``middle`` moves it by parts of a pixel."""
    side = int(length_px + width_px) + 8
    reach = (length_px - width_px * round_ends) / 2
    way = reach * np.array([math.sin(math.radians(deg)), math.cos(math.radians(deg))])
    centre = side / 2 + middle
    return drawn(np.array([centre - way, centre + way]), width_px, side, round_ends)


def circle(radius_px: float, width_px: float, middle: Points, part_deg: float = 360.0) -> Mask:
    """A crack around a circle, or a part of one."""
    side = int(2 * radius_px + width_px) + 8
    rows, columns = np.mgrid[:side, :side] - (side / 2 + middle)[:, None, None]
    angle = np.degrees(np.arctan2(rows, columns)) % 360.0
    return (np.abs(np.hypot(rows, columns) - radius_px) < width_px / 2) & (angle < part_deg)


def straight_errors(length_px: float, width_px: float) -> Points:
    """Errors of length (%) and width (px) of straight cracks in all directions, N x 2."""
    rng = np.random.default_rng(0)
    found = []
    for deg in DIRECTIONS_DEG:
        for turned in (0.0, rng.uniform(-3.0, 3.0)):
            for round_ends in (False, True):
                mask = straight(length_px, width_px, deg + turned, rng.random(2), round_ends)
                if cv2.connectedComponents(mask.view(np.uint8), connectivity=8)[0] == 2:
                    found.append(_errors(mask, length_px, width_px))
    return np.array(found)


def circle_errors(radius_px: float, width_px: float) -> Points:
    """As :func:`straight_errors`, of circles and quarters of circles in different places."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(6):
        for deg in (360.0, 90.0):
            mask = circle(radius_px, width_px, rng.random(2), deg)
            if cv2.connectedComponents(mask.view(np.uint8), connectivity=8)[0] == 2:
                found.append(_errors(mask, math.radians(deg) * radius_px, width_px))
    return np.array(found)


def net(height: int, width: int, cracks: int, seed: int = 0) -> Mask:
    """Winding cracks of 1 to 14 px that cross each other."""
    rng = np.random.default_rng(seed)
    mask = np.zeros((height, width), np.uint8)
    for _ in range(cracks):
        turns = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, 0.35, rng.integers(8, 60)))
        steps = 60 * np.stack([np.cos(turns), np.sin(turns)], axis=1)
        points = rng.random(2) * (width, height) + np.cumsum(steps, axis=0)
        cv2.polylines(mask, [points.astype(np.int32)], False, 1, int(rng.integers(1, 15)))
    return mask.view(np.bool_)


def with_specks(mask: Mask, share: float, seed: int = 0) -> Mask:
    """A mask with specks of some pixels, as a network leaves them."""
    noise = np.random.default_rng(seed).normal(size=mask.shape).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 2.5)
    return mask | (soft > np.quantile(soft[::7, ::7], 1.0 - share))


def _errors(mask: Mask, length_px: float, width_px: float) -> tuple[float, float]:
    found = measure_crack(mask)
    return 100 * (found.length_px / length_px - 1), found.mean_width_px - width_px


def _lines() -> Iterator[str]:
    yield f"{'':24}  {'length: mean, off, worst (%)':>30}  {'width: mean, off, worst (px)':>30}"
    for long in LENGTHS_PX:
        for wide in WIDTHS_PX:
            if 2 * wide < long:
                yield _line(f"straight, {long:.0f} x {wide:g} px", straight_errors(long, wide))
    for radius in RADII_PX:
        for wide in WIDTHS_PX:
            if wide < radius / 2:
                yield _line(f"circle, {radius:.0f} x {wide:g} px", circle_errors(radius, wide))


def _line(name: str, errors: Points) -> str:
    means, off, worst = errors.mean(axis=0), np.abs(errors).mean(axis=0), np.abs(errors).max(axis=0)
    return f"{name:24}" + "".join(
        f"  {means[one]:+12.2f} {off[one]:8.2f} {worst[one]:8.2f}" for one in (0, 1)
    )


def _seconds(mask: Mask) -> str:
    start = time.process_time()
    cracks = run_to_end(find_cracks(*mask.shape, lambda box: mask[box.slices]))
    alone = [crack_mask(crack, lambda box: mask[box.slices]) for crack in cracks]
    found = time.process_time()
    for one in alone:
        measure_crack(one)
    measured = time.process_time()
    for one in alone:
        outline(one)
    outlined = time.process_time()
    return (
        f"{len(cracks)} cracks: found in {found - start:.2f} s, measured in {measured - found:.2f} s, "
        f"outlined in {outlined - measured:.2f} s"
    )


def main() -> None:
    for line in _lines():
        print(line, flush=True)
    print("\n12 megapixels, CPU time of one thread:")
    few, many = net(3000, 4000, 6), net(3000, 4000, 40)
    for name, mask in (("a few", few), ("a net", many), ("a few and specks", with_specks(few, 0.002))):
        print(f"  {name}, {_seconds(mask)}")


if __name__ == "__main__":
    main()
