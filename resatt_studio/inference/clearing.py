"""Takes the haze out of the pixels of a whole photo of any size, without seams.

Everything DHFormer does looks no further than its radius, but for the channel gates, which come from the
whole photo. So the gates are taken once, from the photo reduced by area averaging to a long side of at most
:data:`SURVEY_PX` (they see means over a 16 x 16 grid only), and handed to every tile. Tiles overlap by twice
the radius and are cut half way: each pixel then has the answer that the whole photo in one piece would get
with the same gates. Photos up to that size go through in one piece.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, cast

import numpy as np
import torch
from torch import Tensor

from resatt_studio.imaging.resizing import resized
from resatt_studio.imaging.tiles import plan_tiles
from resatt_studio.inference.normalise import unit_input
from resatt_studio.inference.ready import ReadyNetwork
from resatt_studio.inference.sliding import TILE_PX, TilesDone, cut, to_8bit
from resatt_studio.models.dhformer import DHFormer
from resatt_studio.records.arrays import Float32Array, UInt8Array
from resatt_studio.records.geometry import Box

SURVEY_PX = 512
"""Long side of the reduced photo that the gates come from."""

RANGE_MARGIN = 0.25
"""How much wider than on the reduced photo the residual's range is taken, as a share of it."""


class Cleared(NamedTuple):
    """What the network says about some tiles, N first, all float32.

    Attributes:
        clear: N x H x W x 3, about [0, 1], not clamped.
        transmission: N x H x W, in (0, 1].
        residual: N x H x W x 3, the refined residual.
        gates: N x C, as used.
    """

    clear: Float32Array
    transmission: Float32Array
    residual: Float32Array
    gates: Float32Array


class HazeNetwork(ReadyNetwork):
    """A network of the "dehaze" task, ready to answer.

    Half precision is autocast's, as in training: ratio and residual network stay in single precision.
    """

    cpu_batch = 1
    gpu_batch = 4
    cure = "Close other programs, or choose the small preset."

    @staticmethod
    def numbers(pixels: UInt8Array) -> Tensor:
        return unit_input(pixels)

    @property
    def radius_px(self) -> int:
        """How far an answer looks when its gates are given."""
        return cast(DHFormer, self._source).radius_px

    def clear(self, pixels: UInt8Array, gates: Float32Array | None = None) -> Cleared:
        """Clear tiles in one pass of the network.

        Args:
            pixels: N x H x W x 3 uint8 RGB.
            gates: 1 x C float32 for all of them; None computes them from these very tiles.
        """
        device = self.compute.device
        with self.at_work() as network:
            given = None if gates is None else torch.from_numpy(gates).to(device)
            answer = network(unit_input(pixels).to(device), given)
            return Cleared(
                _rows_first(answer.clear),
                _rows_first(answer.transmission)[..., 0],
                _rows_first(answer.refined_residual),
                answer.channel_gates.float().cpu().numpy(),
            )


@dataclass(frozen=True, eq=False, slots=True)
class ClearPixels:
    """A whole photo's answer in 8 bits; see :class:`Dehazing` for the arrays."""

    pixels: UInt8Array
    transmission_8bit: UInt8Array
    residual_8bit: UInt8Array
    residual_range: tuple[float, float]

    @classmethod
    def empty(cls, height: int, width: int, residual_range: tuple[float, float]) -> ClearPixels:
        """Arrays to be filled with :meth:`put`."""
        shapes = ((height, width, 3), (height, width), (height, width, 3))
        clear, transmission, residual = (np.empty(shape, np.uint8) for shape in shapes)
        return cls(clear, transmission, residual, residual_range)

    def put(self, core: Box, tile: Box, answer: Cleared, index: int) -> None:
        """Write the part ``core`` of one tile's answer."""
        inside = (index, *core.shifted(-tile.top, -tile.left).slices)
        least, largest = self.residual_range
        share = (answer.residual[inside] - least) / (largest - least)
        self.pixels[core.slices] = to_8bit(np.clip(answer.clear[inside], 0.0, 1.0))
        self.transmission_8bit[core.slices] = to_8bit(answer.transmission[inside])
        self.residual_8bit[core.slices] = to_8bit(np.clip(share, 0.0, 1.0))


def clear_pixels(
    network: HazeNetwork, pixels: UInt8Array, tile_px: int = TILE_PX, survey_px: int = SURVEY_PX
) -> Generator[TilesDone, None, ClearPixels]:
    """Clear a photo, H x W x 3 uint8 RGB: gates from the whole, then tile by tile.

    The residual's range is that of the whole photo where it goes through in one piece. Otherwise it is taken
    from the reduced photo, with a margin, before any tile is written; what lies beyond it is cut off.

    Yields:
        (tiles done, tiles in all).
    """
    height, width = pixels.shape[:2]
    small = reduced(pixels, survey_px)
    survey = _clear_patiently(network, small)
    if small is pixels:
        answer = ClearPixels.empty(height, width, _range_of(survey.residual, 0.0))
        whole = Box(0, 0, height, width)
        answer.put(whole, whole, survey, 0)
        yield 1, 1
        return answer
    answer = ClearPixels.empty(height, width, _range_of(survey.residual, RANGE_MARGIN))
    tiles = plan_cores(height, width, tile_px, network.radius_px)
    yield 1, len(tiles) + 1
    done = 0
    while done < len(tiles):
        batch = tiles[done : done + network.batch]
        try:
            cleared = network.clear(cut(pixels, [tile for tile, _ in batch]), survey.gates)
        except (RuntimeError, MemoryError) as error:
            network.make_room(error)
            continue
        for index, (tile, core) in enumerate(batch):
            answer.put(core, tile, cleared, index)
        done += len(batch)
        yield done + 1, len(tiles) + 1
    return answer


def plan_cores(height: int, width: int, tile_px: int, radius_px: int) -> list[tuple[Box, Box]]:
    """Cover a photo with tiles, and say which part of each tile counts.

    Tiles are of one size, spread evenly, and overlap by at least twice the radius. The parts that count cover
    every pixel once and keep the radius from every edge of their tile that is not the photo's own.

    Args:
        height, width: Of the photo.
        tile_px: Side of a tile; a good four times the radius is taken where that is more.
        radius_px: How far an answer looks.

    Returns:
        (tile, part that counts), in reading order.
    """
    reach = radius_px + 1  # starts are rounded, which may cost a pixel of overlap
    tiles = plan_tiles(height, width, max(tile_px, 4 * reach), 2 * reach)
    rows = _cuts(sorted({(box.top, box.bottom) for box in tiles}))
    columns = _cuts(sorted({(box.left, box.right) for box in tiles}))
    return [
        (box, Box(rows[box.top][0], columns[box.left][0], rows[box.top][1], columns[box.left][1]))
        for box in tiles
    ]


def reduced(pixels: UInt8Array, long_px: int) -> UInt8Array:
    """Reduce H x W x 3 pixels by area to a long side of at most ``long_px``; never enlarge."""
    height, width = pixels.shape[:2]
    scale = long_px / max(height, width)
    if scale >= 1.0:
        return pixels
    return resized(pixels, max(1, round(height * scale)), max(1, round(width * scale)))


def _clear_patiently(network: HazeNetwork, pixels: UInt8Array) -> Cleared:
    """Clear a photo in one piece with gates of its own, on the CPU where it does not fit elsewhere."""
    while True:
        try:
            return network.clear(pixels[None])
        except (RuntimeError, MemoryError) as error:
            network.make_room(error)


def _range_of(residual: Float32Array, margin: float) -> tuple[float, float]:
    """(least, largest) residual, 0 and a margin included, never empty."""
    least, largest = min(0.0, float(residual.min())), max(0.0, float(residual.max()))
    wider = margin * (largest - least)
    return least - wider, max(largest + wider, least - wider + 1.0 / 255.0)


def _cuts(spans: Sequence[tuple[int, int]]) -> dict[int, tuple[int, int]]:
    """Where to cut overlapping spans: (start, stop) that counts, by the span's start."""
    middles = [(after[0] + before[1]) // 2 for before, after in pairwise(spans)]
    edges = [spans[0][0], *middles, spans[-1][1]]
    return {span[0]: (edges[index], edges[index + 1]) for index, span in enumerate(spans)}


def _rows_first(answer: Tensor) -> Float32Array:
    """(N, C, H, W) on any device to N x H x W x C float32."""
    rows: Float32Array = answer.float().permute(0, 2, 3, 1).contiguous().cpu().numpy()
    return rows
