"""What work that nobody should notice costs: ``python benchmarks/small_budgets.py``.

Each line is the CPU time of one thread, least of several turns, and how many Gaussian blurs of one megapixel
that is, measured in the same run: the second figure is the one to compare between machines.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import cv2
import numpy as np

from resatt_studio.app.palette import Entry, ranked
from resatt_studio.learning.next_photos import rank_photos
from resatt_studio.synthesis.haze import HazeRecipe, add_haze
from resatt_studio.synthesis.scenes import render_scene

TURNS = 7
PHOTOS = [Entry("photo", f"bridge_IMG_{number:05d}.jpg", lambda: None, "/photos") for number in range(10_000)]
RANDOM = np.random.default_rng(0)
LOOKS = {f"{number:04d}": RANDOM.normal(size=21).astype(np.float32) for number in range(1000)}
DOUBTS = {one: float(RANDOM.random()) for one in LOOKS}
PATCH = RANDOM.random((128, 128, 3), np.float32)


def blur_a_megapixel() -> None:
    cv2.GaussianBlur(np.full((1000, 1000, 3), 128, np.uint8), (0, 0), 3.0)


def search_ten_thousand_photos() -> None:
    ranked("img 4711", PHOTOS)


def rank_a_thousand_photos() -> None:
    rank_photos(DOUBTS, LOOKS, approved=["0000"])


def haze_a_training_patch() -> None:
    add_haze(PATCH, np.random.default_rng(0), HazeRecipe(degradation_chance=1.0))


def draw_a_training_tile() -> None:
    render_scene(0, 256, 256)


WORK: dict[str, Callable[[], None]] = {
    "blur of one megapixel (the yardstick)": blur_a_megapixel,
    "palette: a search in 10,000 photos": search_ten_thousand_photos,
    "what to correct next: 1,000 photos": rank_a_thousand_photos,
    "training: haze on a patch of 128 px": haze_a_training_patch,
    "training: one drawn tile of 256 px": draw_a_training_tile,
}


def least_seconds(work: Callable[[], None]) -> float:
    """CPU seconds of the quickest turn; the first one, which loads and fills, does not count."""
    seconds = []
    for _ in range(TURNS + 1):
        began = time.thread_time()
        work()
        seconds.append(time.thread_time() - began)
    return min(seconds[1:])


def main() -> None:
    cv2.setNumThreads(1)
    measured = {name: least_seconds(work) for name, work in WORK.items()}
    yardstick = next(iter(measured.values()))
    print("| work | ms | blurs |\n|---|---|---|")
    for name, seconds in measured.items():
        print(f"| {name} | {1000 * seconds:.1f} | {seconds / yardstick:.1f} |")


if __name__ == "__main__":
    main()
