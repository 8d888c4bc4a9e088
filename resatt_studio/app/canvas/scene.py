"""What is on the canvas, composed into plain arrays and only where something changed; without Qt.

Pictures of the view's size lie on each other: the photo, the films (what dehazing makes of it, a heat map),
the uncertainty, the mask with the correction, and a film of what other weights changed. A brush stroke
touches that of the mask only, so the photo is never sampled again for it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TypeAlias

import cv2
import numpy as np

from resatt_studio.annotation.document import CorrectionDocument
from resatt_studio.app.canvas.films import ChangeFilm, Film, HazeFilm, HeatFilm, Picture
from resatt_studio.app.canvas.layers import (
    DEFAULT_LAYERS,
    Layer,
    overlay_table,
    rgb,
    uncertainty_table,
)
from resatt_studio.app.canvas.pyramid import (
    KeptMap,
    LabelPyramid,
    Lines,
    MaxPyramid,
    PhotoPyramid,
    SparseMap,
    UncertaintyOf,
    cells_under,
    expand,
    mask_level,
)
from resatt_studio.app.canvas.tile_pyramid import TilePyramid
from resatt_studio.app.canvas.viewport import Viewport
from resatt_studio.records.arrays import BoolArray, UInt8Array
from resatt_studio.records.geometry import Box

_NOTHING = Box(0, 0, 0, 0)

Probability: TypeAlias = MaxPyramid | SparseMap | KeptMap
"""Of a photo that is held whole; of what was looked at of a huge one; of all of a huge one."""


class Scene:
    """Pictures of one view, brought up to date by :meth:`compose`.

    Attributes:
        photo_picture: The photo on the background colour; opaque.
        haze, heat: Films over the photo, in this order.
        change: Film over the masks and the correction.
        uncertainty_picture, overlay_picture: Premultiplied, transparent where nothing is said.
        compared_picture: As ``overlay_picture``, with the mask of another prediction.
    """

    def __init__(self) -> None:
        self.layers: dict[str, Layer] = {layer.name: layer for layer in DEFAULT_LAYERS}
        self.threshold = 0.5
        self.peek = False
        self.background = "#131417"
        self.photo: PhotoPyramid | TilePyramid | None = None
        self.probability: Probability | None = None
        self.uncertainty: MaxPyramid | UncertaintyOf | None = None
        self.compared: MaxPyramid | None = None
        self.compared_right = False
        self.haze = HazeFilm()
        self.heat = HeatFilm()
        self.change = ChangeFilm()
        self.viewport = Viewport(1, 1, 1, 1)
        self._labels: LabelPyramid | None = None
        self._seen: _Seen | None = None
        self._photo_dirty = self._films_dirty = self._overlay_dirty = _NOTHING
        self._shift = (0, 0)
        self.photo_picture = self.uncertainty_picture = _picture(1, 1)
        self.overlay_picture = self.compared_picture = _picture(1, 1)
        self._make_tables()

    def set_layer(self, layer: Layer) -> None:
        photo_changed = layer.name == "photo" and layer != self.layers["photo"]
        self.layers[layer.name] = layer
        self._make_tables()
        self.spoil(photo=photo_changed, films=any(layer.name in film.names for film in self.films))

    def set_threshold(self, threshold: float) -> None:
        self.threshold = threshold
        self._make_tables()
        self.spoil()

    def set_peek(self, peek: bool) -> None:
        self.peek = peek
        self._make_tables()
        self.spoil()

    def set_document(self, document: CorrectionDocument | None) -> None:
        self._labels = None if document is None else LabelPyramid(document.labels)
        self._seen = None
        self.spoil()

    def set_viewport(self, viewport: Viewport) -> None:
        """Look elsewhere; what only moved is shifted, the rest is composed anew."""
        before, self.viewport = self.viewport, viewport
        size = (viewport.view_height, viewport.view_width)
        if self.photo_picture.shape != size:
            self.photo_picture, self.uncertainty_picture = _picture(*size), _picture(*size)
            self.overlay_picture, self.compared_picture = _picture(*size), _picture(*size)
            for film in self.films:
                film.picture = _picture(*size)
            self.spoil(photo=True)
        elif replace(viewport, top=before.top, left=before.left) != before:
            self.spoil(photo=True)
        elif viewport != before:
            self._move(viewport.top - before.top, viewport.left - before.left)

    def spoil(self, photo: bool = False, films: bool = False) -> None:
        """Masks and labels are out of date; the films too when ``films``, and everything when ``photo``."""
        self._overlay_dirty = self.viewport.view_box
        if photo or films:
            self._films_dirty = self.viewport.view_box
        if photo:
            self._photo_dirty = self.viewport.view_box
            self._shift = (0, 0)

    def refresh_photo(self, box: Box) -> Box:
        """More is known of the photo in a box of its pixels; returns the view pixels to paint."""
        around = math.ceil(2 / min(1.0, self.viewport.scale))  # samples reach over to the next cell
        shown = self.viewport.box_in_view(box, around)
        self._photo_dirty = self._photo_dirty.union(shown)
        return shown

    @property
    def nbytes(self) -> int:
        """Memory of the photo, its maps and their halves; tiles of a huge photo count for themselves."""
        known = (
            self.photo,
            self.probability,
            self.uncertainty,
            self.compared,
            self._labels,
            self.change.ranks,
            *self.haze.pyramids.values(),
        )
        return sum(part.nbytes for part in known if part is not None)

    def refresh(self, box: Box) -> Box:
        """Labels changed in a box of photo pixels; returns the view pixels to paint."""
        if self._labels is None:
            return _NOTHING
        self._labels.refresh(box)
        shown = self._changed_in(self._labels, self._shown_cells(box))
        self._overlay_dirty = self._overlay_dirty.union(shown)
        return shown

    def refresh_probability(self, box: Box) -> Box:
        """The probability changed in a box of photo pixels; returns the view pixels to paint."""
        shown = self._shown_cells(box)
        self._overlay_dirty = self._overlay_dirty.union(shown)
        return shown

    def _shown_cells(self, box: Box) -> Box:
        """View pixels that show any of a box of photo pixels, by the cells of the level that is seen."""
        return self.viewport.box_in_view(box, (1 << mask_level(self.viewport.scale)) - 1)

    def _changed_in(self, labels: LabelPyramid, shown: Box) -> Box:
        """The part of ``shown`` (view pixels) in which labels are others than before.

        A large brush covers the view and changes the rim of what it covered; composing and painting all of
        it for each move of the pointer is what makes large brushes slow.
        """
        view = self.viewport
        inside = view.photo_in_view.intersection(shown)
        if inside.empty:
            return _NOTHING
        level = mask_level(view.scale)
        if self._seen is None or self._seen.viewport != view:
            whole, _, _ = cells_under(view, level, view.photo_in_view)
            self._seen = _Seen(view, whole, labels.block(level, whole).copy())
            return inside
        cells, rows, columns = cells_under(view, level, inside)
        fresh = labels.block(level, cells)
        known = self._seen.ranks[cells.shifted(-self._seen.cells.top, -self._seen.cells.left).slices]
        changed = fresh != known
        if not changed.any():
            return _NOTHING
        known[...] = fresh
        top, bottom = _touched(changed.any(axis=1), rows - rows[0])
        left, right = _touched(changed.any(axis=0), columns - columns[0])
        return Box(top, left, bottom, right).shifted(inside.top, inside.left)

    def compose(self) -> None:
        """Bring the pictures up to date."""
        if self._shift != (0, 0):
            self._shift_pictures()
        if not self._photo_dirty.empty:
            self._compose_photo(self._photo_dirty)
        if not self._films_dirty.empty:
            self._compose_films(self._films_dirty)
        if not self._overlay_dirty.empty:
            self._compose_overlays(self._overlay_dirty)
        self._photo_dirty = self._films_dirty = self._overlay_dirty = _NOTHING

    @property
    def films(self) -> tuple[Film, ...]:
        """From the bottom up."""
        return self.haze, self.heat, self.change

    def shown_of(self, film: Film) -> tuple[str, ...]:
        """The layers of a film that are on the screen now."""
        return () if self.peek else film.seen(self.layers)

    @property
    def compares(self) -> bool:
        """Whether masks of two predictions lie on the two sides of the divider."""
        return self.compared is not None and not self.peek

    @property
    def overlay_sides(self) -> tuple[Picture, Picture]:
        """Masks and corrections as seen left and right of the divider; the same where none are compared."""
        if not self.compares:
            return self.overlay_picture, self.overlay_picture
        pair = (self.overlay_picture, self.compared_picture)
        return pair if self.compared_right else pair[::-1]

    @property
    def shows_uncertainty(self) -> bool:
        return self.uncertainty is not None and self.layers["uncertainty"].strength > 0 and not self.peek

    # -- composing -----------------------------------------------------------------------------------

    def _compose_photo(self, box: Box) -> None:
        picture = self.photo_picture.view(np.uint8).reshape(*self.photo_picture.shape, 4)
        red, green, blue = rgb(self.background)
        back = np.uint32(255 << 24 | red << 16 | green << 8 | blue)
        inside = self.viewport.photo_in_view.intersection(box)
        if inside != box:
            self.photo_picture[box.slices] = back
        layer = self.layers["photo"]
        if inside.empty or self.photo is None or not layer.strength:
            self.photo_picture[box.slices] = back
            return
        pixels = self.photo.sample(self.viewport, inside)
        if pixels is None:
            self.photo_picture[inside.slices] = back
            return
        colours = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGRA)
        if layer.strength < 1:
            ground = np.full_like(colours, (blue, green, red, 255))
            colours = cv2.addWeighted(colours, layer.strength, ground, 1 - layer.strength, 0)
        picture[inside.slices] = colours

    def _compose_films(self, box: Box) -> None:
        for film in self.films:
            if film.seen(self.layers):
                film.compose(self.viewport, box, self.layers)

    def _compose_overlays(self, box: Box) -> None:
        view = self.viewport
        inside = view.photo_in_view.intersection(box)
        if inside != box:
            for picture in (self.overlay_picture, self.compared_picture, self.uncertainty_picture):
                picture[box.slices] = 0
        if inside.empty:
            return
        level = mask_level(view.scale)
        cells, rows, columns = cells_under(view, level, inside)
        for picture, probability in self._overlays():
            colours = self._overlay_colours(level, cells, probability)
            if colours is None:
                picture[inside.slices] = 0
            else:
                picture[inside.slices] = expand(colours, rows - rows[0], columns - columns[0])
        if self.uncertainty is not None and self.shows_uncertainty:
            colours = np.take(self._uncertainty_table, self.uncertainty.block(level, cells))
            self.uncertainty_picture[inside.slices] = expand(colours, rows - rows[0], columns - columns[0])

    def _overlays(self) -> list[tuple[Picture, Probability | None]]:
        """Each picture of masks and corrections that is seen, and whose mask it shows."""
        overlays: list[tuple[Picture, Probability | None]]
        overlays = [(self.overlay_picture, self.probability)]
        return [*overlays, (self.compared_picture, self.compared)] if self.compares else overlays

    def _overlay_colours(self, level: int, cells: Box, probability: Probability | None) -> Picture | None:
        """Colour of each cell; None when nothing is over the photo."""
        if self.peek:
            return None
        ranks = None if self._labels is None else self._labels.block(level, cells)
        values = None if probability is None else probability.block(level, cells)
        if ranks is None:
            return None if values is None else np.take(self._overlay_table, values)
        index = ranks.astype(np.uint16) << 8
        if values is not None:
            index |= values
        return np.take(self._overlay_table, index)

    def _make_tables(self) -> None:
        self._overlay_table = overlay_table(self.layers, self.threshold, self.peek)
        self._uncertainty_table = uncertainty_table(self.layers["uncertainty"], self.peek)

    # -- moving --------------------------------------------------------------------------------------

    def _move(self, rows: int, columns: int) -> None:
        """Note that the pictures have to be shifted; several moves before the next paint add up."""
        pending = self._photo_dirty.union(self._films_dirty).union(self._overlay_dirty)
        self._shift = (self._shift[0] + rows, self._shift[1] + columns)
        height, width = self.photo_picture.shape
        if not pending.empty or abs(self._shift[0]) >= height or abs(self._shift[1]) >= width:
            self.spoil(photo=True)

    def _shift_pictures(self) -> None:
        rows, columns = self._shift
        self._shift = (0, 0)
        height, width = self.photo_picture.shape
        pictures = [self.photo_picture, self.uncertainty_picture]
        pictures += [picture for picture, _ in self._overlays()]
        pictures += [film.picture for film in self.films if film.seen(self.layers)]
        for picture in pictures:
            kept = picture[
                max(0, -rows) : height - max(0, rows), max(0, -columns) : width - max(0, columns)
            ].copy()
            top, left = max(0, rows), max(0, columns)
            picture[top : top + kept.shape[0], left : left + kept.shape[1]] = kept
        for strip in self._uncovered(rows, columns):
            self._compose_photo(strip)
            self._compose_films(strip)
            self._compose_overlays(strip)

    def _uncovered(self, rows: int, columns: int) -> list[Box]:
        """Strips at the view's edges that came into sight."""
        height, width = self.photo_picture.shape
        strips = [
            Box(0, 0, rows, width) if rows > 0 else Box(height + rows, 0, height, width),
            Box(0, 0, height, columns) if columns > 0 else Box(0, width + columns, height, width),
        ]
        return [strip for strip in strips if not strip.empty]


@dataclass(frozen=True, eq=False)
class _Seen:
    """Labels of one view when it was last brought up to date: cells of a level, and their ranks."""

    viewport: Viewport
    cells: Box
    ranks: UInt8Array


def _touched(changed: BoolArray, lines: Lines) -> tuple[int, int]:
    """First line of the view that shows a changed cell, and the one after the last."""
    shown = np.flatnonzero(changed[lines])
    return int(shown[0]), int(shown[-1]) + 1


def _picture(height: int, width: int) -> Picture:
    return np.zeros((height, width), np.uint32)
