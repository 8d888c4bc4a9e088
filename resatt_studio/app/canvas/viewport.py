"""Where the photo lies in the view: pure geometry in (row, column), without Qt.

View pixels are device pixels. The photo's upper left corner lies at whole view pixels, so that a moved view
shows the same samples again and can be shifted instead of drawn anew.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from resatt_studio.records.geometry import Box

SMALLEST_SCALE = 0.05
LARGEST_SCALE = 64.0


@dataclass(frozen=True, slots=True)
class Viewport:
    """A photo seen through a view.

    Attributes:
        view_height, view_width: Of the view, in view pixels.
        photo_height, photo_width: Of the photo, in its own pixels.
        scale: View pixels per photo pixel; 1.0 is 100 %.
        top, left: View pixel at which the photo's upper left corner lies; may be negative.
    """

    view_height: int
    view_width: int
    photo_height: int
    photo_width: int
    scale: float = 1.0
    top: int = 0
    left: int = 0

    def to_photo(self, view_row: float, view_column: float) -> tuple[float, float]:
        """Photo coordinates of a view position; may lie outside the photo."""
        return (view_row - self.top) / self.scale, (view_column - self.left) / self.scale

    def to_view(self, row: float, column: float) -> tuple[float, float]:
        """View coordinates of a photo position; may lie outside the view."""
        return row * self.scale + self.top, column * self.scale + self.left

    @property
    def middle(self) -> tuple[float, float]:
        """Photo point in the middle of the view."""
        return self.to_photo(self.view_height / 2, self.view_width / 2)

    @property
    def view_box(self) -> Box:
        return Box(0, 0, self.view_height, self.view_width)

    @property
    def photo_in_view(self) -> Box:
        """View pixels whose centre lies on the photo."""
        bottom = self.top + math.ceil(self.photo_height * self.scale - 0.5)
        right = self.left + math.ceil(self.photo_width * self.scale - 0.5)
        return self.view_box.intersection(Box(self.top, self.left, bottom, right))

    @property
    def visible(self) -> Box:
        """Photo pixels of which anything is seen."""
        top, left = self.to_photo(0, 0)
        bottom, right = self.to_photo(self.view_height, self.view_width)
        box = Box(math.floor(top), math.floor(left), math.ceil(bottom), math.ceil(right))
        return box.clipped(self.photo_height, self.photo_width)

    @property
    def fit_scale(self) -> float:
        """Scale at which the whole photo just fits the view."""
        return min(self.view_height / self.photo_height, self.view_width / self.photo_width)

    @property
    def smallest_scale(self) -> float:
        return min(SMALLEST_SCALE, self.fit_scale)

    def box_in_view(self, box: Box, margin_px: int = 0) -> Box:
        """View pixels that show any of a box of photo pixels, cut to the view.

        Args:
            margin_px: Photo pixels around ``box`` that count as well: zoomed out, a view pixel shows all
                photo pixels of its cell, which may begin outside the box.
        """
        if box.empty:
            return Box(0, 0, 0, 0)
        wide = box.expanded(margin_px)
        top, left = self.to_view(wide.top, wide.left)
        bottom, right = self.to_view(wide.bottom, wide.right)
        shown = Box(math.floor(top), math.floor(left), math.ceil(bottom), math.ceil(right))
        return shown.intersection(self.view_box)

    def photo_rows(self, start: int, stop: int) -> npt.NDArray[np.intp]:
        """Photo row under the centre of each view row ``start`` to ``stop - 1``, cut to the photo."""
        return _part(start, stop, self.view_height, self.top, self.scale, self.photo_height)

    def photo_columns(self, start: int, stop: int) -> npt.NDArray[np.intp]:
        """Photo column under the centre of each view column ``start`` to ``stop - 1``, cut to the photo."""
        return _part(start, stop, self.view_width, self.left, self.scale, self.photo_width)

    def panned(self, rows: int, columns: int) -> Viewport:
        """The photo moved by whole view pixels, as far as it may go."""
        return replace(self, top=self.top + rows, left=self.left + columns).clamped()

    def zoomed(self, scale: float, view_row: float, view_column: float) -> Viewport:
        """Another scale with the photo point under (view_row, view_column) held in place to half a pixel."""
        scale = min(max(scale, self.smallest_scale), LARGEST_SCALE)
        row, column = self.to_photo(view_row, view_column)
        top, left = round(view_row - row * scale), round(view_column - column * scale)
        return replace(self, scale=scale, top=top, left=left).clamped()

    def centred_on(self, row: float, column: float) -> Viewport:
        """The same scale with a photo point in the middle of the view."""
        top = round(self.view_height / 2 - row * self.scale)
        left = round(self.view_width / 2 - column * self.scale)
        return replace(self, top=top, left=left).clamped()

    def showing(self, box: Box, largest_scale: float) -> Viewport:
        """A box of photo pixels in the middle, a third of the view wide or high; a scale that shows it well
        enough already is kept, so that going from place to place does not zoom all the time.

        Args:
            box: Not empty.
            largest_scale: To enlarge to.
        """
        fits = min(self.view_height / box.height, self.view_width / box.width)
        wanted = max(min(fits / 3, largest_scale), self.fit_scale)
        kept = wanted / 2 <= self.scale <= min(wanted * 1.5, max(fits, wanted))
        view = self if kept else self.zoomed(wanted, 0, 0)
        return view.centred_on((box.top + box.bottom) / 2, (box.left + box.right) / 2)

    def fitted(self) -> Viewport:
        """The whole photo in the middle of the view."""
        scale = min(max(self.fit_scale, self.smallest_scale), LARGEST_SCALE)
        return replace(self, scale=scale).centred_on(self.photo_height / 2, self.photo_width / 2)

    def resized(self, view_height: int, view_width: int) -> Viewport:
        """Another view of the same photo with the same point in the middle."""
        row, column = self.middle
        return replace(self, view_height=view_height, view_width=view_width).centred_on(row, column)

    def clamped(self) -> Viewport:
        """Moved so that the middle of the view lies on the photo: it can never get lost."""
        middle_row, middle_column = self.view_height // 2, self.view_width // 2
        top = min(max(self.top, middle_row - int(self.photo_height * self.scale)), middle_row)
        left = min(max(self.left, middle_column - int(self.photo_width * self.scale)), middle_column)
        return replace(self, top=top, left=left)


def _part(start: int, stop: int, count: int, origin: int, scale: float, size: int) -> npt.NDArray[np.intp]:
    """As :func:`_under`; lines of a view of ``count`` are kept, as every move of a brush asks for some."""
    if not 0 <= start <= stop <= count:
        return _under(start, stop, origin, scale, size)
    return _whole_view(count, origin, scale, size)[start:stop]


@lru_cache(maxsize=16)
def _whole_view(count: int, origin: int, scale: float, size: int) -> npt.NDArray[np.intp]:
    lines = _under(0, count, origin, scale, size)
    lines.flags.writeable = False
    return lines


def _under(start: int, stop: int, origin: int, scale: float, size: int) -> npt.NDArray[np.intp]:
    positions = (np.arange(start, stop) - origin + 0.5) / scale
    lines: npt.NDArray[np.intp] = np.floor(positions).astype(np.intp)
    return np.clip(lines, 0, size - 1)
