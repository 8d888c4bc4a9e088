"""Pictures that lie over the photo and follow it: the dehazed photo, heat, what changed; without Qt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import cv2
import numpy as np
import numpy.typing as npt

from resatt_studio.app.canvas.layers import HAZE_LAYERS, Layer, change_table
from resatt_studio.app.canvas.pyramid import MaxPyramid, PhotoPyramid, cells_under, expand, mask_level
from resatt_studio.app.canvas.tone import shown
from resatt_studio.app.canvas.viewport import Viewport
from resatt_studio.imaging.colour import colour_map
from resatt_studio.imaging.heat_picture import HEAT_MAP, heat_table
from resatt_studio.records.arrays import Float32Array, UInt8Array
from resatt_studio.records.geometry import Box
from resatt_studio.records.heat import Heat

Picture = npt.NDArray[np.uint32]
"""h x w of 0xAARRGGBB, as a 32-bit image keeps it."""

Lines = npt.NDArray[np.floating[Any]]


class Film:
    """A picture of the view's size, premultiplied, transparent where nothing is shown.

    Attributes:
        names: Layers that it shows, from the bottom up.
        picture: The picture; brought up to date by the scene.
    """

    names: ClassVar[tuple[str, ...]] = ()

    def __init__(self) -> None:
        self.picture: Picture = np.zeros((1, 1), np.uint32)

    def seen(self, layers: Mapping[str, Layer]) -> tuple[str, ...]:
        """The layers of this film that are shown now, from the bottom up."""
        return tuple(name for name in self.names if layers[name].strength > 0 and self._holds(name))

    def compose(self, view: Viewport, box: Box, layers: Mapping[str, Layer]) -> None:
        """Bring a box of view pixels up to date."""
        inside = view.photo_in_view.intersection(box)
        if inside != box:
            self.picture[box.slices] = 0
        if not inside.empty:
            self.picture[inside.slices] = self._colours(view, inside, layers)

    def _holds(self, name: str) -> bool:
        """Whether there is anything to show in that layer."""
        return False

    def _colours(self, view: Viewport, inside: Box, layers: Mapping[str, Layer]) -> Picture:
        """Colours of a box of view pixels that lies on the photo."""
        return np.zeros((inside.height, inside.width), np.uint32)


class HazeFilm(Film):
    """Dehazed photo, transmission and residual, each over the one below.

    Attributes:
        pyramids: By layer name; of the photo's size, colour or grey.
        table: What 8-bit pixels of the photo are shown as, so that the dehazed photo has that tone; or None.
    """

    names = HAZE_LAYERS

    def __init__(self) -> None:
        super().__init__()
        self.pyramids: dict[str, PhotoPyramid] = {}
        self.table: UInt8Array | None = None

    def _holds(self, name: str) -> bool:
        return name in self.pyramids

    def _colours(self, view: Viewport, inside: Box, layers: Mapping[str, Layer]) -> Picture:
        colours: UInt8Array = np.zeros((inside.height, inside.width, 4), np.uint8)
        for name in self.seen(layers):
            pixels = self.pyramids[name].sample(view, inside)
            if pixels is None:
                continue
            if name == "dehazed":
                pixels = shown(pixels, self.table, None)
            grey = pixels.ndim == 2
            top = cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGRA if grey else cv2.COLOR_RGB2BGRA)
            strength = layers[name].strength
            # Opaque over premultiplied: the opacities blend as the colours do.
            blend = top if strength == 1 else cv2.addWeighted(top, strength, colours, 1 - strength, 0)
            colours = np.asarray(blend, np.uint8)
        return np.ascontiguousarray(colours).view(np.uint32)[:, :, 0]


class HeatFilm(Film):
    """A heat map, interpolated between the middles of its cells wherever they lie on the screen.

    Attributes:
        heat: The map, or None.
    """

    names = ("heat",)

    def __init__(self) -> None:
        super().__init__()
        self.heat: Heat | None = None

    def _holds(self, name: str) -> bool:
        return self.heat is not None

    def _colours(self, view: Viewport, inside: Box, layers: Mapping[str, Layer]) -> Picture:
        heat = self.heat
        strength = layers["heat"].strength
        if heat is None or not strength:
            return super()._colours(view, inside, layers)
        rows = (np.arange(inside.top, inside.bottom) - view.top + 0.5) / view.scale
        columns = (np.arange(inside.left, inside.right) - view.left + 0.5) / view.scale
        colours = heat_colours(strength, colour_map(layers["heat"].palette or HEAT_MAP))
        picture = np.take(colours, heat_levels_at(heat, rows, columns))
        box = heat.box
        picture[(rows < box.top) | (rows >= box.bottom)] = 0
        picture[:, (columns < box.left) | (columns >= box.right)] = 0
        return picture


class ChangeFilm(Film):
    """What other weights changed in the mask: crack gained, crack lost; a cell shows the highest rank in it.

    Attributes:
        ranks: By photo pixel, as in ``records.comparison``, or None.
    """

    names = ("change",)

    def __init__(self) -> None:
        super().__init__()
        self.ranks: MaxPyramid | None = None

    def _holds(self, name: str) -> bool:
        return self.ranks is not None

    def _colours(self, view: Viewport, inside: Box, layers: Mapping[str, Layer]) -> Picture:
        if self.ranks is None:
            return super()._colours(view, inside, layers)
        level = mask_level(view.scale)
        cells, rows, columns = cells_under(view, level, inside)
        colours = np.take(change_table(layers["change"]), self.ranks.block(level, cells))
        return expand(colours, rows - rows[0], columns - columns[0])


def heat_levels_at(heat: Heat, rows: Lines, columns: Lines) -> UInt8Array:
    """Heat at every pair of photo ``rows`` and ``columns`` (sub-pixel): 0 for the least value of the map, 255
    for the highest; beyond the outermost middles of cells their value goes on."""
    least, highest = float(heat.grid.min()), float(heat.grid.max())
    above, below, down = _between((rows - heat.box.top) / heat.cells[0] - 0.5, heat.grid.shape[0])
    left, right, across = _between((columns - heat.box.left) / heat.cells[1] - 0.5, heat.grid.shape[1])
    scale = 255.0 / (highest - least) if highest > least else 0.0
    # The half is for rounding: what follows cuts off.
    grid = (heat.grid - np.float32(least)) * np.float32(scale) + np.float32(0.5)
    # Along the columns first, as the grid has few rows; then down the view, with as few passes as can be.
    wide = grid[:, left] + (grid[:, right] - grid[:, left]) * across
    values = wide[above]
    further = wide[below]
    further -= values
    further *= down[:, None]
    values += further
    return values.astype(np.uint8)


def heat_colours(strength: float, table: UInt8Array | None = None) -> Picture:
    """256 premultiplied colours from the least to the highest value.

    Args:
        strength: Opacity in [0, 1].
        table: 256 x 3 RGB; None for the one of exported pictures.
    """
    red, green, blue = (heat_table() if table is None else table).astype(np.float64).T
    alpha = round(255 * strength)
    parts = [np.rint(channel * strength).astype(np.uint32) for channel in (red, green, blue)]
    return np.asarray(np.uint32(alpha) << 24 | parts[0] << 16 | parts[1] << 8 | parts[2], np.uint32)


def _between(places: Lines, count: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], Float32Array]:
    """For places counted in cells: the cell at or before, the one after, and how far on the way between."""
    places = places.clip(0, count - 1)
    before = np.floor(places).astype(np.intp)
    return before, np.minimum(before + 1, count - 1), (places - before).astype(np.float32)
