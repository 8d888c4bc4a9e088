"""Looking around on the canvas: zoom, move, fit, and where each photo was left."""

from __future__ import annotations

import math
from typing import ClassVar

from PySide6.QtCore import Signal

from resatt_studio.app.canvas.events import ZOOM_STEP, CanvasEvents
from resatt_studio.app.canvas.minimap import MiniMap
from resatt_studio.app.canvas.view_places import ViewPlace, ViewPlaces
from resatt_studio.app.canvas.viewport import Viewport


class CanvasNavigation(CanvasEvents):
    """The part of the canvas that knows where the photo lies; :class:`view.PhotoCanvas` adds the rest."""

    zoom_changed: ClassVar[Signal]
    looked: ClassVar[Signal]
    resized: ClassVar[Signal]
    _photo_id: str
    _photo_size: tuple[int, int] | None
    places: ViewPlaces
    overview: MiniMap
    _fitted: bool

    @property
    def viewport(self) -> Viewport:
        return self.scene.viewport

    @property
    def scale(self) -> float:
        """View (device) pixels per photo pixel."""
        return self.scene.viewport.scale

    def fit(self) -> None:
        """The whole photo; it stays whole when the window changes, until something else is looked at."""
        self._look(self.viewport.fitted())
        self._fitted = True

    def actual_size(self) -> None:
        """One photo pixel on one pixel of the screen."""
        self.zoom_to(1.0)

    def zoom_in(self) -> None:
        self.zoom_to(self.scale * ZOOM_STEP)

    def zoom_out(self) -> None:
        self.zoom_to(self.scale / ZOOM_STEP)

    def zoom_to(self, scale: float) -> None:
        """Another scale around the middle of the view."""
        view = self.viewport
        self._look(view.zoomed(scale, view.view_height / 2, view.view_width / 2))

    def centre_on(self, row: float, column: float, scale: float | None = None) -> None:
        """A photo point in the middle of the view."""
        view = self.viewport
        self._look((view if scale is None else view.zoomed(scale, 0, 0)).centred_on(row, column))

    def look_through(self, viewport: Viewport) -> None:
        """Show just this part, as another view says."""
        if viewport != self.viewport:
            self._look(viewport)

    def pan_by(self, rows: int, columns: int) -> None:
        """Move the photo by view pixels, down and to the right."""
        self._look(self.viewport.panned(rows, columns))

    def _look(self, viewport: Viewport) -> None:
        before = self.scene.viewport
        self._fitted = False
        if viewport == before:
            return
        self.scene.set_viewport(viewport)
        self.update()
        if viewport.scale != before.scale:
            self.zoom_changed.emit(viewport.scale)
        self.looked.emit(viewport.visible)
        self.overview.follow()
        self._tell_pointer()

    def _view_size(self) -> tuple[int, int]:
        ratio = self.devicePixelRatioF()
        return max(1, math.ceil(self.height() * ratio)), max(1, math.ceil(self.width() * ratio))

    def _resize_view(self) -> None:
        fitted = self._fitted
        self.scene.rim_px = max(1, round(self.devicePixelRatioF()))
        resized = self.viewport.resized(*self._view_size())
        self._look(resized.fitted() if fitted else resized)
        self._fitted = fitted
        self.overview.follow()
        self.resized.emit()

    def remember_place(self) -> None:
        """Keep where the open photo is looked at, as when it is put away."""
        if self._photo_id and self._photo_size is not None:
            view = self.viewport
            place = None if self._fitted else ViewPlace(self._photo_size, view.scale, *view.middle)
            self.places.put(self._photo_id, place)

    def _look_at_new_photo(self) -> None:
        size = self._photo_size or (1, 1)
        place = self.places.get(self._photo_id)
        if place is not None and place.size == size:
            view = Viewport(*self._view_size(), *size).zoomed(place.scale, 0, 0)
            self._look(view.centred_on(place.row, place.column))
        else:
            self._look(Viewport(*self._view_size(), *size).fitted())
            self._fitted = True
