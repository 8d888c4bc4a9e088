"""A photo of any size through a network: overlapping tiles, blended a band of rows at a time."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from resatt_studio.imaging.tiles import Blend, plan_tiles
from resatt_studio.inference.segmenter import Segmenter
from resatt_studio.records.arrays import Float32Array, UInt8Array
from resatt_studio.records.geometry import Box

TILE_PX = 512
OVERLAP_PX = 64  # seams flip 0.0005 % of the pixels at 64, 0.03 % at 16 (benchmarks of the prototype)

TilesDone = tuple[int, int]
Answer = tuple[UInt8Array, float]


def predict_tiles(
    segmenter: Segmenter, pixels: UInt8Array, tile_px: int = TILE_PX, overlap_px: int = OVERLAP_PX
) -> Generator[TilesDone, None, Answer]:
    """Predict one photo tile by tile.

    Yields:
        (tiles done, tiles in all), after every batch; nothing of torch's state is held meanwhile.

    Args:
        segmenter: The network; its batch shrinks, and it moves to the CPU, when memory runs out.
        pixels: H x W x 3 uint8 RGB.
        tile_px, overlap_px: Side of a tile and least overlap of neighbours.

    Returns:
        H x W uint8 probability * 255, rounded, and the mean binary entropy in nats over all pixels.

    Raises:
        OutOfMemory: Even one tile on the CPU does not fit.
    """
    height, width = pixels.shape[:2]
    boxes = plan_tiles(height, width, tile_px, overlap_px)
    blend = Blend(height, width, overlap_px)
    answer = np.empty((height, width), np.uint8)
    entropy_sum = 0.0
    done = 0
    while done < len(boxes):
        batch = boxes[done : done + segmenter.batch]
        try:
            values = segmenter.probability(cut(pixels, batch))
        except (RuntimeError, MemoryError) as error:
            segmenter.make_room(error)
            continue
        for box, value in zip(batch, values, strict=True):
            blend.add(box, value)
        done += len(batch)
        if done == len(boxes):
            blend.finish()
        for band, probability in blend.bands():
            answer[band.slices] = to_8bit(probability)
            entropy_sum += entropy(probability)
        yield done, len(boxes)
    return answer, entropy_sum / (height * width)


def cut(pixels: UInt8Array, boxes: list[Box]) -> UInt8Array:
    """N x h x w x 3: the tiles of ``boxes``, all of one size."""
    return np.stack([pixels[box.slices] for box in boxes])


def to_8bit(probability: Float32Array) -> UInt8Array:
    """Probability in [0, 1] to uint8, rounded."""
    return np.asarray(np.rint(probability * 255.0), dtype=np.uint8)


def entropy(probability: Float32Array) -> float:
    """Sum of the binary entropies in nats; 0 where the network is sure."""
    p = np.clip(probability, 1e-7, 1.0 - 1e-7)
    return float(-np.sum(p * np.log(p) + (1.0 - p) * np.log1p(-p), dtype=np.float64))


def run_to_end(steps: Generator[TilesDone, None, Answer]) -> Answer:
    """Drive a prediction that nobody watches, and return its answer."""
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            answer: Answer = stop.value
            return answer
