"""What the canvas is to the tool in its hand: options, keys, what it may read, and the marks it draws."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtGui import QPainter, QRegion

from resatt_studio.app.canvas.background import Background
from resatt_studio.app.canvas.events import FINISH, STEP_BACK
from resatt_studio.app.canvas.looks import CanvasLooks
from resatt_studio.app.canvas.overlay import changed_region, mark_region, paint_marks, tones
from resatt_studio.app.canvas.tile_pyramid import TilePyramid
from resatt_studio.app.canvas.viewport import Viewport
from resatt_studio.app.tools.options import OptionValue
from resatt_studio.app.tools.overlay import LineMark, Mark
from resatt_studio.records.arrays import BoolArray, UInt8Array
from resatt_studio.records.correction import Edit
from resatt_studio.records.geometry import Box


@dataclass(frozen=True, slots=True, eq=False)
class _Region:
    """What a mark takes of a view; holds the mark, so that no other one gets its id meanwhile."""

    mark: Mark
    how: tuple[Viewport, float, str]
    region: QRegion


class CanvasHands(CanvasLooks):
    """The part of the canvas that a tool speaks to; :class:`view.PhotoCanvas` adds the rest.

    Attributes:
        options: Says what is set for (tool, option).
        mm_per_px: Millimetres per photo pixel, None while nobody said.
    """

    pixels_wanted: ClassVar[Signal]
    length_measured: ClassVar[Signal]
    told: ClassVar[Signal]
    hand_changed: ClassVar[Signal]
    background: Background
    options: Callable[[str, str], OptionValue]
    mm_per_px: float | None
    _regions: dict[int, _Region]
    _in_hand: bool
    _asked_for: Box

    # -- what tools ask --------------------------------------------------------------------------------

    @property
    def ratio(self) -> float:
        """View (device) pixels per logical pixel."""
        return self.devicePixelRatioF()

    @property
    def visible(self) -> Box:
        """Photo pixels of which anything is seen."""
        return self.viewport.visible

    @property
    def threshold(self) -> float:
        """Probability in [0, 1] above which the mask says crack."""
        return self.scene.threshold

    def option(self, tool: str, name: str) -> OptionValue:
        """What is set for an option of a tool."""
        return self.options(tool, name)

    def read_pixels(self, box: Box) -> UInt8Array | None:
        """Photo pixels of a box inside the photo, h x w x 3 uint8 RGB; None while they are loading."""
        photo = self.scene.photo
        if isinstance(photo, TilePyramid):
            pixels = photo.pixels_in(box)
            if pixels is None and box != self._asked_for:
                self._asked_for = box  # once, however often the pointer moves meanwhile
                self.pixels_wanted.emit(box)
            return pixels
        return None if photo is None or photo.pixels is None else photo.pixels[box.slices]

    def read_probability(self, box: Box) -> UInt8Array | None:
        """Crack probability * 255 of a box inside the photo, h x w uint8; None while none is known."""
        known = self.scene.probability
        return known.block(0, box) if known is not None and self.knows_probability(box) else None

    def knows_probability(self, box: Box) -> bool:
        """Whether a network has said anything about a box inside the photo."""
        known = self.scene.probability
        return known is not None and known.knows(box)

    def unpredicted(self, box: Box) -> BoolArray:
        """Pixels of a box inside the photo that no network has answered about yet, h x w bool."""
        known = self.scene.probability
        return np.ones((box.height, box.width), np.bool_) if known is None else known.missing(box)

    @property
    def probability_version(self) -> int:
        """Another number whenever another prediction is known, or more of it."""
        return self._preparations.version

    def in_background(
        self,
        kind: str,
        work: Callable[[], Any],
        then: Callable[[Any], Edit | None],
        failed: Callable[[], None] = lambda: None,
    ) -> None:
        """Call ``work`` on another thread and ``then`` with its answer on this one; the marks follow."""

        def deliver(answer: Any) -> None:
            self._take(then(answer))

        def tell() -> None:
            failed()
            self._update_overlay()

        self.background.run(f"tool-{kind}", work, deliver, tell)

    def _take(self, edit: Edit | None) -> None:
        """A tool did something by itself, because an answer or pixels came."""
        if edit is not None:
            self._made(edit)
        self._update_overlay()

    def measured(self, length_px: float | None) -> None:
        """A length in photo pixels was measured, or put away."""
        self.length_measured.emit(length_px)

    def tell(self, words: str) -> None:
        """Say a sentence in passing."""
        self.told.emit(words)

    # -- what tools are told ---------------------------------------------------------------------------

    def options_changed(self) -> None:
        """An option, the label or the radius is another one now."""
        self._gestures.tool.options_changed()
        self._update_overlay()

    @property
    def at_work(self) -> bool:
        """Whether the tool is between press and release, or holds what waits to be finished."""
        return self._gestures.busy or self._gestures.tool.in_hand

    def set_scale_mm(self, mm_per_px: float | None) -> None:
        """Millimetres per photo pixel, None while nobody said."""
        if mm_per_px != self.mm_per_px:
            self.mm_per_px = mm_per_px
            self.options_changed()

    def step_back(self) -> bool:
        """Take back the last step of what the tool holds; returns whether it held anything."""
        if not self._gestures.tool.in_hand:
            return False
        if not self._gestures.busy:
            self._do_hand_key(STEP_BACK)
        return True

    def _do_hand_key(self, key: str) -> None:
        """A key that is for what the tool holds."""
        tool = self._gestures.tool
        if key == FINISH:
            self._made(tool.confirm())
        elif key == STEP_BACK:
            tool.step_back()
        else:
            self._cancel_stroke()
        self._update_overlay()

    # -- what tools draw -------------------------------------------------------------------------------

    def _update_overlay(self) -> None:
        """Paint again where the tool's marks are others than before, and nowhere else."""
        in_hand = self._gestures.tool.in_hand
        if in_hand != self._in_hand:
            self._in_hand = in_hand
            self.hand_changed.emit(in_hand)
        before, now = self._overlay, self._gestures.tool.overlay
        if now is before:
            return
        self._overlay = now
        kept = {id(mark) for mark in before} & {id(mark) for mark in now}
        gone, come = ([mark for mark in marks if id(mark) not in kept] for marks in (before, now))
        region = self._replaced(gone, come)
        self._regions = {id(mark): self._regions[id(mark)] for mark in now if id(mark) in self._regions}
        if not region.isEmpty():
            self.update(region & self.rect())

    def _replaced(self, gone: list[Mark], come: list[Mark]) -> QRegion:
        """Logical pixels in which the view changes with the marks."""
        region, how = QRegion(), self._how
        for mark in come:
            for old in gone:
                changed = changed_region(old, mark, how[0], how[1])
                if changed is not None:
                    gone.remove(old)
                    break
            else:
                changed = self._region_of(mark, how)
            region += changed
        for mark in gone:
            region += self._region_of(mark, how)
        return region

    @property
    def _how(self) -> tuple[Viewport, float, str]:
        """What decides where marks lie in the view."""
        return self.viewport, self.devicePixelRatioF(), self.font().key()

    def _region_of(self, mark: Mark, how: tuple[Viewport, float, str]) -> QRegion:
        """Logical pixels that a mark of the overlay may take in the view of now; found once for each."""
        known = self._regions.get(id(mark))
        if known is None or known.how != how:
            region = mark_region(mark, how[0], how[1], self.font())
            known = self._regions[id(mark)] = _Region(mark, how, region)
        return known.region

    def _paint_overlay(self, painter: QPainter, region: QRegion) -> None:
        """The tool's marks, as far as ``region`` (logical pixels) shows them."""
        if self._overlay and not self.scene.peek:
            how = self._how
            seen = [
                mark
                for mark in self._overlay
                if isinstance(mark, LineMark) or region.intersects(self._region_of(mark, how))
            ]
            colours = tones(self.scene.layers["correction"])
            paint_marks(painter, seen, how[0], how[1], colours, region.boundingRect())
