"""How two views that lie side by side move together: pure geometry in (row, column), without Qt."""

from __future__ import annotations

from dataclasses import dataclass

from resatt_studio.app.canvas.viewport import Viewport


@dataclass(frozen=True, slots=True)
class Link:
    """Which point of the right photo belongs to a point of the left one: ``right = scale * left + offset``.

    Both views show a point and its partner at the same distance from their middles.

    Attributes:
        scale: Photo pixels of the right per photo pixel of the left, above 0.
        down, across: Offset in photo pixels of the right.
    """

    scale: float = 1.0
    down: float = 0.0
    across: float = 0.0

    def to_right(self, row: float, column: float) -> tuple[float, float]:
        """The partner of a point of the left photo; may lie outside the right one."""
        return self.scale * row + self.down, self.scale * column + self.across

    def to_left(self, row: float, column: float) -> tuple[float, float]:
        """The partner of a point of the right photo; may lie outside the left one."""
        return (row - self.down) / self.scale, (column - self.across) / self.scale

    def right_view(self, left: Viewport, right: Viewport) -> Viewport:
        """The right view moved and scaled as the left one shows its photo now."""
        middle = self.to_right(*left.middle)
        return right.zoomed(left.scale / self.scale, 0, 0).centred_on(*middle)

    def left_view(self, right: Viewport, left: Viewport) -> Viewport:
        """The left view moved and scaled as the right one shows its photo now."""
        middle = self.to_left(*right.middle)
        return left.zoomed(right.scale * self.scale, 0, 0).centred_on(*middle)


SAME = Link()
"""Of two views of one photo."""


def link_by_place(left: Viewport, right: Viewport) -> Link:
    """Of two photos: their middles belong together, and so do their longer sides, whatever their sizes."""
    scale = max(right.photo_height, right.photo_width) / max(left.photo_height, left.photo_width)
    here, there = ((view.photo_height / 2, view.photo_width / 2) for view in (left, right))
    return _through(scale, here, there)


def link_as_seen(left: Viewport, right: Viewport) -> Link:
    """Of two photos: what is in the middle of both views now belongs together, at the sizes that are seen."""
    return _through(left.scale / right.scale, left.middle, right.middle)


def _through(scale: float, left: tuple[float, float], right: tuple[float, float]) -> Link:
    return Link(scale, right[0] - scale * left[0], right[1] - scale * left[1])
