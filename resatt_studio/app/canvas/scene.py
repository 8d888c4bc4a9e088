"""What is on the canvas, composed into plain arrays and only where something changed; without Qt.

Pictures of the view's size lie on each other: the photo, the films (what dehazing makes of it, a heat map),
the uncertainty, the mask with the correction, and a film of what other weights changed. A brush stroke
touches that of the mask only, so the photo is never sampled again for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from resatt_studio.annotation.document import CorrectionDocument
from resatt_studio.annotation.tiled_labels import TiledLabels
from resatt_studio.app.canvas.films import ChangeFilm, Film, HazeFilm, HeatFilm, Picture
from resatt_studio.app.canvas.layers import (
    DEFAULT_LAYERS,
    Layer,
    mask_table,
    overlay_table,
    rgb,
    uncertainty_table,
)
from resatt_studio.app.canvas.outline import lay_outline
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
from resatt_studio.app.canvas.tone import PLAIN, Tone, pixel_table, sample_table, shown
from resatt_studio.app.canvas.viewport import Viewport
from resatt_studio.imaging.depth import Window
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
        tone: How the photo is shown; set by :meth:`set_tone`.
        window: Of a 16-bit photo: samples that are 0 and 255 in its 8-bit pixels; set by :meth:`set_depth`.
        deep: The samples of such a photo that is held whole, shown in place of its pixels when a window of
            one's own is set; None while they are not there.
        rim_px: Width of the mask's outline, in view pixels.
        stand_in: A mask that is seen in place of the prediction's; tools still read the prediction.
        labels_changed: Told the photo pixels whose labels changed, for another scene that shows them too.
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
        self.tone = PLAIN
        self.window: Window | None = None
        self.deep: PhotoPyramid | None = None
        self.rim_px = 1
        self.stand_in: StandIn | None = None
        self.labels_changed: Callable[[Box], None] | None = None
        self._shares = False
        self.haze = HazeFilm()
        self.heat = HeatFilm()
        self.change = ChangeFilm()
        self.viewport = Viewport(1, 1, 1, 1)
        self._labels: LabelPyramid | None = None
        self._seen: _Seen | None = None
        self._photo_dirty = self._films_dirty = self._overlay_dirty = _NOTHING
        self._composed = _NOTHING
        self._shift = (0, 0)
        self._sampled: tuple[Viewport, npt.NDArray[Any] | None] | None = None
        self.photo_picture = self.uncertainty_picture = _picture(1, 1)
        self.overlay_picture = self.compared_picture = _picture(1, 1)
        self._make_tables()
        self._make_tone_tables()

    def set_layer(self, layer: Layer) -> None:
        photo_changed = layer.name == "photo" and layer != self.layers["photo"]
        self.layers[layer.name] = layer
        self._make_tables()
        self.spoil(photo=photo_changed, films=any(layer.name in film.names for film in self.films))

    def set_tone(self, tone: Tone) -> None:
        """Show the photo in another way, and the dehazed one; nothing else is composed anew."""
        if (tone.window is None) != (self.tone.window is None):
            self._sampled = None  # pixels take the place of samples, or samples that of pixels
        self.tone = tone
        self._make_tone_tables()
        self._photo_dirty = self.viewport.view_box
        if self.shown_of(self.haze):
            self._films_dirty = self.viewport.view_box

    def set_depth(self, window: Window | None, deep: PhotoPyramid | None = None) -> None:
        """What is known of the depth of the photo; see the attributes."""
        self.window, self.deep = window, deep
        self._sampled = None
        self.set_tone(self.tone)

    def set_threshold(self, threshold: float) -> None:
        self.threshold = threshold
        self._make_tables()
        self.spoil()

    def set_peek(self, peek: bool) -> None:
        self.peek = peek
        self._make_tables()
        self.spoil(photo=self.layers["photo"].strength < 1)

    def set_document(self, document: CorrectionDocument | None) -> None:
        self.set_labels(None if document is None else document.labels)

    def set_labels(self, labels: TiledLabels | None) -> None:
        """Show these labels of the photo, or none."""
        self._labels = None if labels is None else LabelPyramid(labels)
        self._seen = None
        self.spoil()

    def set_stand_in(self, stand_in: StandIn | None) -> None:
        """Show another mask in place of the prediction's, or the prediction's again."""
        self.stand_in = stand_in
        self._make_tables()
        self.spoil()

    def share(self, other: Scene, labels: bool) -> None:
        """Show what another scene of the same photo holds, by the layers of this one; nothing is copied.

        Args:
            other: Keeps it; says by ``labels_changed`` where to call :meth:`show_labels`.
            labels: Whether what was painted is shown too.
        """
        self._shares = True
        self.photo, self.probability, self.uncertainty = other.photo, other.probability, other.uncertainty
        self.haze.pyramids, self.change.ranks = other.haze.pyramids, other.change.ranks
        self._labels = other._labels if labels else None
        self._seen = self._sampled = None
        self.window, self.deep = other.window, other.deep
        self._make_tone_tables()
        self.threshold = other.threshold
        self._make_tables()
        self.spoil(photo=True)

    def keep_own(self) -> None:
        """Share no longer: what is shown from now on is this scene's own."""
        self._shares = False

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
            self._sampled = None

    def refresh_photo(self, box: Box) -> Box:
        """More is known of the photo in a box of its pixels; returns the view pixels to paint."""
        around = math.ceil(2 / min(1.0, self.viewport.scale))  # samples reach over to the next cell
        shown = self.viewport.box_in_view(box, around)
        self._photo_dirty = self._photo_dirty.union(shown)
        self._sampled = None
        return shown

    @property
    def nbytes(self) -> int:
        """Memory of the photo, its maps and their halves; tiles of a huge photo count for themselves, and
        what is shared for the scene that holds it."""
        own = (self.compared, None if self.stand_in is None else self.stand_in.map)
        known = (
            self.photo,
            self.deep,
            self.probability,
            self.uncertainty,
            self._labels,
            self.change.ranks,
            *self.haze.pyramids.values(),
        )
        return sum(part.nbytes for part in (own if self._shares else own + known) if part is not None)

    def refresh(self, box: Box) -> Box:
        """Labels changed in a box of photo pixels; returns the view pixels to paint."""
        if self._labels is None:
            return _NOTHING
        self._labels.refresh(box)
        if self.labels_changed is not None:
            self.labels_changed(box)
        return self.show_labels(box)

    def show_labels(self, box: Box) -> Box:
        """As :meth:`refresh`, of labels that another scene keeps and has taken over already."""
        if self._labels is None:
            return _NOTHING
        if self._seen is not None and self._seen.viewport != self.viewport:
            self._seen = None  # labels change out of its sight, and the same view may come back
        return self._spoil_overlay(self._changed_in(self._labels, self._shown_cells(box)))

    def refresh_probability(self, box: Box) -> Box:
        """The probability changed in a box of photo pixels; returns the view pixels to paint."""
        return self._spoil_overlay(self._shown_cells(box))

    def _spoil_overlay(self, shown: Box) -> Box:
        """What masks show changed in a box of view pixels; returns those that look different for it."""
        if not shown.empty:
            shown = self._with_rim(shown)
            self._overlay_dirty = self._overlay_dirty.union(shown)
        return shown

    def _with_rim(self, box: Box) -> Box:
        """A box of view pixels and how far an outline reaches from it."""
        if not self._shows_rim:
            return box
        return box.expanded(self.rim_px).intersection(self.viewport.view_box)

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
        if self._seen is None:
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
            self._composed = self.viewport.view_box
            self._shift_pictures()
        if not self._photo_dirty.empty:
            self._compose_photo(self._photo_dirty)
        if not self._films_dirty.empty:
            self._compose_films(self._films_dirty)
        if not self._overlay_dirty.empty:
            self._compose_overlays(self._overlay_dirty)
        for box in (self._photo_dirty, self._films_dirty, self._with_rim(self._overlay_dirty)):
            self._composed = self._composed.union(box)
        self._photo_dirty = self._films_dirty = self._overlay_dirty = _NOTHING

    def take_composed(self) -> Box:
        """View pixels of which any picture was composed since the last call."""
        composed, self._composed = self._composed, _NOTHING
        return composed

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
        return self.compared is not None and self.stand_in is None and not self.peek

    @property
    def overlay_sides(self) -> tuple[Picture, Picture]:
        """Masks and corrections as seen left and right of the divider; the same where none are compared."""
        if not self.compares:
            return self.overlay_picture, self.overlay_picture
        pair = (self.overlay_picture, self.compared_picture)
        return pair if self.compared_right else pair[::-1]

    def samples(self, viewport: Viewport, box: Box) -> npt.NDArray[Any] | None:
        """The photo in a box of view pixels on it, without tone: 8-bit RGB, or 16-bit samples where these are
        there and wished for; None if nothing is known."""
        deep = self.deep if self.tone.window is not None else None
        photo = self.photo if deep is None else deep
        return None if photo is None else photo.sample(viewport, box)

    def photo_seen(self, viewport: Viewport, box: Box) -> UInt8Array | None:
        """The photo in a box of view pixels on it, as it is to be seen: h x w x 3 uint8 RGB."""
        return self._toned(self.samples(viewport, box))

    def _toned(self, samples: npt.NDArray[Any] | None) -> UInt8Array | None:
        return None if samples is None else shown(samples, self._pixel_table, self._sample_table)

    def _view_samples(self, inside: Box) -> npt.NDArray[Any] | None:
        """:meth:`samples` of this view; those of all of it are kept, so that a new tone samples nothing."""
        view = self.viewport
        if inside != view.photo_in_view:
            return self.samples(view, inside)
        if self._sampled is None or self._sampled[0] != view:
            self._sampled = view, self.samples(view, inside)
        return self._sampled[1]

    @property
    def _shows_rim(self) -> bool:
        return self.layers["outline"].strength > 0 and not self.peek

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
        strength = 1.0 if self.peek else self.layers["photo"].strength
        if inside.empty or not strength:
            self.photo_picture[box.slices] = back
            return
        pixels = self._toned(self._view_samples(inside))
        if pixels is None:
            self.photo_picture[inside.slices] = back
            return
        colours = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGRA)
        if strength < 1:
            ground = np.full_like(colours, (blue, green, red, 255))
            colours = cv2.addWeighted(colours, strength, ground, 1 - strength, 0)
        picture[inside.slices] = colours

    def _compose_films(self, box: Box) -> None:
        for film in self.films:
            if film.seen(self.layers):
                film.compose(self.viewport, box, self.layers)

    def _compose_overlays(self, box: Box) -> None:
        view = self.viewport
        box = self._with_rim(box)  # a strip that came into sight continues outlines that were there
        inside = view.photo_in_view.intersection(box)
        if inside != box:
            for picture in (self.overlay_picture, self.compared_picture, self.uncertainty_picture):
                picture[box.slices] = 0
        if inside.empty:
            return
        level = mask_level(view.scale)
        around = self._with_rim(inside).intersection(view.photo_in_view)
        cells, rows, columns = cells_under(view, level, around)
        lines = rows - rows[0], columns - columns[0]
        part = inside.shifted(-around.top, -around.left).slices
        for picture, probability in self._overlays():
            index = self._overlay_index(level, cells, probability)
            if index is None:
                picture[inside.slices] = 0
                continue
            colours = expand(np.take(self._overlay_table, index), *lines)
            if self._shows_rim:
                mask = expand(np.take(self._mask_table, index), *lines)
                lay_outline(colours, mask, self.layers["outline"], self.rim_px)
            picture[inside.slices] = colours[part]
        if self.uncertainty is not None and self.shows_uncertainty:
            colours = np.take(self._uncertainty_table, self.uncertainty.block(level, cells))
            self.uncertainty_picture[inside.slices] = expand(colours, *lines)[part]

    def _overlays(self) -> list[tuple[Picture, Probability | None]]:
        """Each picture of masks and corrections that is seen, and whose mask it shows."""
        overlays: list[tuple[Picture, Probability | None]]
        overlays = [(self.overlay_picture, self.probability if self.stand_in is None else self.stand_in.map)]
        return [*overlays, (self.compared_picture, self.compared)] if self.compares else overlays

    def _overlay_index(
        self, level: int, cells: Box, probability: Probability | None
    ) -> npt.NDArray[Any] | None:
        """Where each cell stands in the tables; None when nothing is over the photo."""
        if self.peek:
            return None
        ranks = None if self._labels is None else self._ranks_of(self._labels, level, cells)
        values = None if probability is None else probability.block(level, cells)
        if ranks is None:
            return values
        index = np.left_shift(ranks, 8, dtype=np.uint16)
        if values is not None:
            index |= values
        return index

    def _ranks_of(self, labels: LabelPyramid, level: int, cells: Box) -> UInt8Array:
        """Ranks of cells; those of this view were read when a stroke was looked at, and are kept."""
        seen = self._seen
        if seen is None or seen.viewport != self.viewport or not seen.cells.holds(cells):
            return labels.block(level, cells)
        return seen.ranks[cells.shifted(-seen.cells.top, -seen.cells.left).slices]

    def _make_tables(self) -> None:
        threshold = self.threshold if self.stand_in is None else self.stand_in.threshold
        self._overlay_table = overlay_table(self.layers, threshold, self.peek)
        self._mask_table = mask_table(threshold)
        self._uncertainty_table = uncertainty_table(self.layers["uncertainty"], self.peek)

    def _make_tone_tables(self) -> None:
        self._pixel_table = pixel_table(self.tone, self.window)
        self.haze.table = self._pixel_table
        self._sample_table = None if self.window is None else sample_table(self.tone, self.window)

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
        if self._shows_rim:
            # Lines at the edge of the view may belong to masks that left it or came into sight.
            self._overlay_dirty = self.viewport.view_box

    def _uncovered(self, rows: int, columns: int) -> list[Box]:
        """Strips at the view's edges that came into sight."""
        height, width = self.photo_picture.shape
        strips = [
            Box(0, 0, rows, width) if rows > 0 else Box(height + rows, 0, height, width),
            Box(0, 0, height, columns) if columns > 0 else Box(0, width + columns, height, width),
        ]
        return [strip for strip in strips if not strip.empty]


@dataclass(frozen=True, eq=False, slots=True)
class StandIn:
    """A mask in place of the prediction's.

    Attributes:
        map: Probability * 255 of each pixel.
        threshold: In [0, 1]; a pixel above it is crack.
    """

    map: MaxPyramid
    threshold: float


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
