"""A photo of any size through a network: overlapping tiles, those first that somebody looks at."""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Generator, Iterable
from contextlib import closing
from typing import NamedTuple

import numpy as np

from resatt_studio.imaging.tiles import Blend, nearness, plan_tiles
from resatt_studio.inference.segmenter import Segmenter
from resatt_studio.records.arrays import Float32Array, UInt8Array, read_only
from resatt_studio.records.geometry import Box
from resatt_studio.records.prediction import LookedAt, Piece

TILE_PX = 512
OVERLAP_PX = 64  # seams flip 0.0005 % of the pixels at 64, 0.03 % at 16 (benchmarks of the prototype)

TilesDone = tuple[int, int]
ReadPixels = Callable[[Box], UInt8Array]
"""Gives a box of a photo, h x w x 3 uint8 RGB."""
Answer = tuple[UInt8Array, float]


class TilesSeen(NamedTuple):
    """How far a prediction is.

    Attributes:
        done, total: Tiles.
        pieces: What the newest tiles finished, h x w uint8 probability * 255 each, read-only; no later tile
            changes it. The pieces of all reports cover the photo once.
        entropies: Of each piece, the sum of its pixels' binary entropy in nats.
    """

    done: int
    total: int
    pieces: tuple[Piece, ...] = ()
    entropies: tuple[float, ...] = ()


def predict_tiles(
    segmenter: Segmenter,
    pixels: UInt8Array,
    tile_px: int = TILE_PX,
    overlap_px: int = OVERLAP_PX,
    looked_at: LookedAt | None = None,
) -> Generator[TilesSeen, None, Answer]:
    """Predict one photo tile by tile; the order of the tiles changes no bit of the answer.

    Yields:
        After every batch, how far it is and what is finished; nothing of torch's state is held meanwhile.

    Args:
        segmenter, tile_px, overlap_px, looked_at: As for :func:`predict_by_parts`.
        pixels: H x W x 3 uint8 RGB.

    Returns:
        H x W uint8 probability * 255, rounded, and the mean binary entropy in nats over all pixels.

    Raises:
        OutOfMemory: Even one tile on the CPU does not fit.
    """
    height, width = pixels.shape[:2]
    answer = np.empty((height, width), np.uint8)
    entropies: list[float] = []
    steps = predict_by_parts(
        segmenter, height, width, lambda box: pixels[box.slices], tile_px, overlap_px, looked_at
    )
    with closing(steps):
        for seen in steps:
            for place, values in seen.pieces:
                answer[place.slices] = values
            entropies += seen.entropies
            yield seen._replace(
                pieces=tuple((place, read_only(answer[place.slices])) for place, _ in seen.pieces)
            )
    return answer, mean_entropy(entropies, height, width)


def mean_entropy(entropies: Iterable[float], height: int, width: int) -> float:
    """Mean over a photo's pixels from the sums of all its pieces. Exact, since the sum of the same numbers in
    another order would be another number."""
    return math.fsum(entropies) / (height * width)


def predict_by_parts(
    segmenter: Segmenter,
    height: int,
    width: int,
    read: ReadPixels,
    tile_px: int = TILE_PX,
    overlap_px: int = OVERLAP_PX,
    looked_at: LookedAt | None = None,
    known: Container[Box] = frozenset(),
) -> Generator[TilesSeen, None, None]:
    """Predict one photo of which nothing is held but the tiles in hand and the overlaps of finished ones.

    Yields:
        After every batch, how far it is and what is finished, which nobody keeps; nothing of torch's state is
        held meanwhile.

    Args:
        segmenter: The network; its batch shrinks, and it moves to the CPU, when memory runs out.
        height, width: Of the photo.
        read: Gives a box of it, h x w x 3 uint8 RGB.
        tile_px, overlap_px: Side of a tile and least overlap of neighbours.
        looked_at: Asked before every batch where somebody looks; tiles there come first. None for nobody:
            reading order.
        known: Places of pieces that an earlier run finished; they are not made again, nor are batches of
            tiles that would finish nothing else.

    Raises:
        OutOfMemory: Even one tile on the CPU does not fit.
    """
    boxes = plan_tiles(height, width, tile_px, overlap_px)
    blend = Blend(height, width, boxes, overlap_px)

    def needed(box: Box) -> bool:
        return any(place not in known for place in blend.places(box))

    size = segmenter.batch
    # Whole batches, because what else is in one may change the last bits of an answer.
    waiting = [batch for batch in batches(boxes, size) if any(map(needed, batch))]
    while waiting:
        if size != segmenter.batch:
            size = segmenter.batch
            waiting = batches([box for batch in waiting for box in batch], size)
        batch = next_batch(waiting, looked_at() if looked_at is not None else None)
        try:
            values = segmenter.probability(np.stack([read(box) for box in batch]))
        except (RuntimeError, MemoryError) as error:
            segmenter.make_room(error)
            continue
        waiting.remove(batch)
        pieces, entropies = [], []
        for box, value in zip(batch, values, strict=True):
            for place, probability in blend.add(box, value):
                if place not in known:
                    pieces.append((place, read_only(to_8bit(probability))))
                    entropies.append(entropy(probability))
        done = len(boxes) - sum(map(len, waiting))
        yield TilesSeen(done, len(boxes), tuple(pieces), tuple(entropies))


def batches(boxes: list[Box], size: int) -> list[list[Box]]:
    """Neighbours in reading order together: what else is in a batch may change the last bits of an answer, so
    batches are the same whatever comes first."""
    return [boxes[start : start + size] for start in range(0, len(boxes), size)]


def next_batch(waiting: list[list[Box]], seen: Box | None) -> list[Box]:
    """The batch with the tile nearest to what is looked at; the first one where nobody looks."""
    if seen is None or seen.empty:
        return waiting[0]
    return min(waiting, key=lambda batch: min(nearness(box, seen) for box in batch))


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
