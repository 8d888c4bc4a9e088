"""The canvas widget: the one place where Qt's (x, y) meets the arrays' (row, column)."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QCoreApplication, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QRegion, QResizeEvent
from PySide6.QtWidgets import QWidget

from resatt_studio.annotation.document import CorrectionDocument
from resatt_studio.app.canvas.background import Background
from resatt_studio.app.canvas.gestures import Drag, Gestures
from resatt_studio.app.canvas.hands import CanvasHands
from resatt_studio.app.canvas.key_cursor import KeyCursor
from resatt_studio.app.canvas.looks import SPLIT_CURSOR, Point
from resatt_studio.app.canvas.minimap import MiniMap
from resatt_studio.app.canvas.painting import (
    Ring,
    Sheet,
    paint_focus,
    paint_message,
    ring_region,
)
from resatt_studio.app.canvas.preparing import Preparations
from resatt_studio.app.canvas.scene import Scene
from resatt_studio.app.canvas.split import Split
from resatt_studio.app.canvas.tile_memory import TileMemory
from resatt_studio.app.canvas.tile_pyramid import TilePyramid
from resatt_studio.app.canvas.view_places import ViewPlaces
from resatt_studio.app.tools.base import NOTHING, Pointer
from resatt_studio.app.tools.options import RADIUS
from resatt_studio.app.tools.overlay import NO_MARKS
from resatt_studio.app.tools.registry import default_option, tool_spec
from resatt_studio.errors import BugError
from resatt_studio.imaging.depth import Window
from resatt_studio.records.arrays import UInt8Array
from resatt_studio.records.correction import Edit, Label
from resatt_studio.records.geometry import Box
from resatt_studio.words import tr

_SMALLEST_RING_PX = 3.0
_CURSORS = {
    "cross": Qt.CursorShape.CrossCursor,
    "open-hand": Qt.CursorShape.OpenHandCursor,
    "arrow": Qt.CursorShape.ArrowCursor,
}


class PhotoCanvas(CanvasHands):
    """Shows one photo under its layers and lets tools work on its correction.

    Signals:
        pointer_moved: (row, column) of the photo pixel under the pointer, or None.
        zoom_changed: View pixels per photo pixel.
        looked: Box of the photo pixels of which anything is seen now.
        stroke_started: A tool began to change the correction.
        stroke_finished: The finished ``Edit``, or None when nothing changed or it was taken back.
        radius_changed: Brush radius in photo pixels, when the pointer changed it.
        split_moved: Place of the divider, as in ``Split``, when the pointer moved it.
        tone_moved: How the photo is shown, a ``Tone``, when the pointer changed it.
        point_asked: (row, column) of the photo pixel that a tool points at.
        length_measured: In photo pixels, or None when it was put away.
        told: A sentence that a tool says in passing.
        pixels_wanted: Box of a huge photo whose own pixels a tool asks for; :meth:`refresh_photo` follows.
        hand_changed: Whether the tool holds something that waits to be finished.
        sizes_grew: Box of a huge photo whose smaller sizes were built; another view of it may look better.
        refused: Why something is not shown, for people.
        resized: The view has another size; it shows the same place, or the whole photo still.
        content_changed: What the scene holds (photo, maps, correction, threshold) is something else or better
            now; strokes are not told.

    Attributes:
        overview: The small map.
    """

    pointer_moved = Signal(object)
    zoom_changed = Signal(float)
    looked = Signal(object)
    stroke_started = Signal()
    stroke_finished = Signal(object)
    radius_changed = Signal(float)
    split_moved = Signal(float)
    tone_moved = Signal(object)
    point_asked = Signal(object)
    length_measured = Signal(object)
    told = Signal(str)
    hand_changed = Signal(bool)
    pixels_wanted = Signal(object)
    sizes_grew = Signal(object)
    refused = Signal(str)
    resized = Signal()
    content_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumSize(160, 120)
        self.wheel_zooms = True
        self.label = Label.CRACK
        self.radius_px = float(RADIUS.default)
        self.mm_per_px = None
        self.options = default_option
        self.scene = Scene()
        self.background = Background(self)
        self._preparations = Preparations(
            self.scene, self.background, self._prepared, self._has_room, self._unreadable
        )
        self.memory: TileMemory | None = None
        self._document: CorrectionDocument | None = None
        self._photo_id = ""
        self._photo_size: tuple[int, int] | None = None
        self.places = ViewPlaces()
        self.overview = MiniMap(self)
        self._fitted = True
        self._message = ""
        self.key_cursor = KeyCursor(self)
        self.split = Split()
        self.point: Point | None = None
        self.place: Box | None = None
        self.mirrored: tuple[float, float] | None = None
        self._on_split = False
        self._space_held = False
        self._pointer_at: QPointF | None = None
        self._last_position: QPointF | None = None
        self._hovered = None
        self._pressure = 1.0
        self._hand_used = None
        self._released = 0, 0
        self._in_hand = False
        self._asked_for = NOTHING
        self._overlay = NO_MARKS
        self._regions = {}
        self._sheet = Sheet()
        self._ring = Ring()
        self._ring_drawn = QRegion()
        self._focus_by_key = False
        self._spec = tool_spec("brush")
        self._gestures = Gestures(self, "brush")
        self._flush_timer = QTimer(self)
        self._flush_timer.setSingleShot(True)
        self._flush_timer.setInterval(0)
        self._flush_timer.timeout.connect(self._flush)
        self._show_cursor()
        self.say_names()
        # Qt would drop moves that it thinks come too fast; a stroke wants every one of them, and the canvas
        # paints them together anyway.
        QCoreApplication.setAttribute(Qt.ApplicationAttribute.AA_CompressHighFrequencyEvents, False)

    def say_names(self) -> None:
        """Say what canvas and map are, in the language in force."""
        self.setAccessibleName(tr("Photo"))
        self.setAccessibleDescription(tr("Shows the photo and its cracks; paint here to correct them."))
        self.overview.setAccessibleName(tr("Map of the photo"))
        self.overview.setAccessibleDescription(tr("Drag the frame to look elsewhere."))

    # -- what is shown -------------------------------------------------------------------------------

    def set_photo(
        self,
        pixels: UInt8Array | None,
        preview: UInt8Array | None = None,
        photo_id: str = "",
        size: tuple[int, int] | None = None,
        window: Window | None = None,
    ) -> None:
        """Show a photo, or nothing.

        Args:
            pixels: H x W x 3 uint8 RGB; None while it is loading, or for no photo.
            preview: The same photo smaller, h x w x 3, shown until ``pixels`` come.
            photo_id: With the same id as before, the view stays; another photo is seen as it was seen last.
            size: (H, W) when ``pixels`` is None; the preview's size if not given.
            window: As of a ``Photo`` of 16-bit samples.
        """
        known = pixels if pixels is not None else preview
        if size is None and known is not None:
            size = (int(known.shape[0]), int(known.shape[1]))
        same = bool(photo_id) and photo_id == self._photo_id and size == self._photo_size
        if not same:
            self.key_cursor.forget()
            self._finish_stroke()
            self._gestures.tool.cancel()  # what was measured was measured on another photo
            self._update_overlay()
            self.remember_place()
            self.set_prediction(None)
            self.set_compared(None)
            self.set_stand_in(None)
            self.set_document(None)
            self.set_dehazing(None)
            self.set_heat(None)
            self.set_change(None)
            self.set_point(None)
            self.set_place(None)
        self._photo_id, self._photo_size = photo_id, size
        self._preparations.photo(pixels, preview, size, window)
        if not same:
            self._look_at_new_photo()
        self.overview.forget()
        self._prepared()

    def set_tiles(self, pyramid: TilePyramid, photo_id: str) -> None:
        """Show a photo by its tiles, over whatever preview was shown of it.

        Args:
            pyramid: What is known of it; :meth:`refresh_photo` says that more is.
            photo_id: As for :meth:`set_photo`.
        """
        self.set_photo(None, pyramid.sketch, photo_id, (pyramid.height, pyramid.width))
        self._preparations.tiles(pyramid)
        self.overview.forget()
        self._prepared()
        self.looked.emit(self.viewport.visible)

    def refresh_photo(self, box: Box) -> None:
        """More is known of a huge photo in a box of its pixels: show it."""
        self.overview.forget()
        self._update_view(self.scene.refresh_photo(box))
        self._asked_for = NOTHING
        self._take(self._gestures.tool.pixels_came())

    def set_document(self, document: CorrectionDocument | None) -> None:
        """Show and paint on a correction of this photo, or none.

        Raises:
            BugError: It has another size than the photo.
        """
        if document is not None and (document.height, document.width) != self._photo_size:
            raise BugError(f"a correction of {document.height} x {document.width} on {self._photo_size}")
        if document is not self._document:
            self._finish_stroke()
        self._document = document
        self.scene.set_document(document)
        self.update()
        self.content_changed.emit()

    def set_layer(
        self,
        name: str,
        visible: bool | None = None,
        opacity: float | None = None,
        colour: str | None = None,
        other_colour: str | None = None,
        palette: str | None = None,
    ) -> None:
        """Change what is given of one layer; see :class:`layers.Layer`."""
        wanted: dict[str, Any] = {
            "visible": visible,
            "opacity": opacity,
            "colour": colour,
            "other_colour": other_colour,
            "palette": palette,
        }
        changes = {key: value for key, value in wanted.items() if value is not None}
        self.scene.set_layer(replace(self.scene.layers[name], **changes))
        self.prepare_wanted()
        self.update()

    def set_background(self, colour: str) -> None:
        """``#rrggbb`` around the photo."""
        self.scene.background = colour
        self.overview.update()
        self.scene.spoil(photo=True)
        self.update()

    def set_message(self, text: str) -> None:
        """A sentence in the middle of the canvas, such as what to do first; "" for none."""
        self._message = text
        self.update()

    def show_minimap(self, wanted: bool) -> None:
        """Show a small map of the photo in the corner whenever the view shows a part of it, or never."""
        self.overview.set_wanted(wanted)

    def show_key_cursor(self, wanted: bool) -> None:
        """Give the arrow keys and Space a pointer of their own, or let them move the photo."""
        self.key_cursor.set_on(wanted)
        if wanted:
            self.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def set_peek(self, peek: bool) -> None:
        """Hide everything over the photo for as long as it is on."""
        if peek != self.scene.peek:
            self.scene.set_peek(peek)
            self.update()

    def refresh(self, box: Box) -> None:
        """The correction changed in a box of photo pixels (an undo, a fill): show it."""
        self._update_view(self.scene.refresh(box))

    @property
    def photo_id(self) -> str:
        """Of what is shown; "" for nothing."""
        return self._photo_id

    @property
    def photo_size(self) -> tuple[int, int] | None:
        """(H, W) of what is shown."""
        return self._photo_size

    @property
    def has_photo(self) -> bool:
        """Whether a photo is shown or about to be."""
        return self._photo_size is not None

    # -- painting with tools -------------------------------------------------------------------------

    @property
    def document(self) -> CorrectionDocument | None:
        return self._document

    @property
    def tool(self) -> str:
        """Name of the tool in the hand."""
        return self._spec.name

    @property
    def in_stroke(self) -> bool:
        return self._gestures.drag is Drag.TOOL

    def set_tool(self, name: str) -> None:
        """Take another tool in the hand; a stroke in hand is finished first."""
        if name != self._spec.name:
            self._finish_stroke()
            self._spec = tool_spec(name)
            self._gestures.choose(name)
            self._show_cursor()
            self._update_ring()
            self._update_overlay()

    def set_brush(self, label: Label | None = None, radius_px: float | None = None) -> None:
        """What the brush says and half its width in photo pixels; from the next stroke on."""
        before = self.label, self.radius_px
        if label is not None:
            self.label = label
        if radius_px is not None and radius_px != self.radius_px:
            self.radius_px = float(RADIUS.valid(radius_px))
            self._update_ring()
        if before != (self.label, self.radius_px):
            self.options_changed()

    def resize_brush(self, radius_px: float) -> None:
        """As :meth:`set_brush`, told to whoever listens to ``radius_changed``."""
        before = self.radius_px
        self.set_brush(radius_px=radius_px)
        if self.radius_px != before:
            self.radius_changed.emit(self.radius_px)

    # -- Qt ----------------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        return QSize(800, 600)

    def paintEvent(self, event: QPaintEvent) -> None:
        self.scene.compose()
        painter = QPainter(self)
        try:
            self._paint(painter, event.region())
        finally:
            painter.end()  # left on the widget by an error, it would take the whole app down

    def _paint(self, painter: QPainter, region: QRegion) -> None:
        ratio = self.devicePixelRatioF()
        self._sheet.paint(painter, region, self.scene, self.split, ratio)
        self._paint_looks(painter)
        self._paint_overlay(painter, region)
        if self._message:
            paint_message(painter, self.rect(), self._message, self.scene.background)
        self._ring_drawn = self._ring_region()
        if self._pointer_at is not None and not self._ring_drawn.isEmpty():
            # The tip of the pointer is the middle of its pixel.
            centre = self._pointer_at + QPointF(0.5, 0.5) / ratio
            self._ring.paint(painter, centre, self._ring_radius, ratio)
        self.key_cursor.paint(painter)
        if self.hasFocus() and self._focus_by_key:
            paint_focus(painter, self.rect(), self.palette().highlight().color())

    @property
    def _ring_radius(self) -> float:
        """In logical pixels; never too small to be seen."""
        return max(self.radius_px * self.scale / self.devicePixelRatioF(), _SMALLEST_RING_PX)

    def _ring_region(self) -> QRegion:
        """Logical pixels that the ring takes; empty when there is none."""
        hidden = self._photo_size is None or self._space_held or self._on_split
        if self._pointer_at is None or not self._spec.ring or hidden:
            return QRegion()
        return ring_region(self._pointer_at, self._ring_radius, self.rect())

    def _update_ring(self) -> None:
        region = self._ring_drawn.united(self._ring_region())
        if not region.isEmpty():
            self.update(region)

    def _update_view(self, box: Box) -> None:
        """Paint a box of view pixels again."""
        if not box.empty:
            ratio = self.devicePixelRatioF()
            rect = QRectF(box.left / ratio, box.top / ratio, box.width / ratio, box.height / ratio)
            self.update(rect.toAlignedRect())

    # -- pointer, strokes, cursor --------------------------------------------------------------------

    def _pointer(self, position: QPointF) -> Pointer:
        """A position of an event, which names a device pixel, as the middle of that pixel."""
        ratio = self.devicePixelRatioF()
        view_row, view_column = position.y() * ratio + 0.5, position.x() * ratio + 0.5
        row, column = self.viewport.to_photo(view_row, view_column)
        return Pointer(row, column, view_row, view_column)

    def _track(self, position: QPointF | None) -> None:
        self._pointer_at = position
        self._hover(position)
        self._update_ring()
        self._tell_pointer()

    def pointer_left(self) -> None:
        """The pointer is over something that lies on the canvas: no outline, no position."""
        if not self._gestures.busy:
            self._last_position = self._hovered = None
            self._track(None)

    def _tell_pointer(self) -> None:
        if self._pointer_at is None or self._photo_size is None:
            self.pointer_moved.emit(None)
            return
        at = self._pointer(self._pointer_at)
        row, column = math.floor(at.row), math.floor(at.column)
        inside = 0 <= row < self._photo_size[0] and 0 <= column < self._photo_size[1]
        self.pointer_moved.emit((row, column) if inside else None)

    def _flush(self) -> None:
        """Do what the pointer asked for since the last time."""
        changed = self._gestures.flush()
        if not changed.empty:
            self._update_view(self.scene.refresh(changed))
        position, self._last_position = self._last_position, None
        if position is not None and self._gestures.drag not in (Drag.SIZE, Drag.TONE):
            self._track(position)
        hovered, self._hovered = self._hovered, None
        if hovered is not None and not self._gestures.busy and self._photo_size is not None:
            self._gestures.tool.hover(hovered)
        self._update_overlay()

    def _finish_stroke(self) -> None:
        """End what is under the button and what is in hand, as they stand."""
        self._finish_drag()
        if self._gestures.tool.in_hand:
            self._made(self._gestures.tool.finish())

    def _finish_drag(self) -> None:
        if not self._gestures.busy:
            return
        painting = self.in_stroke and self._spec.paints
        self._flush()
        shown = self._gestures.shown
        edit = self._gestures.release()
        self._show_cursor()
        if painting:
            self._made(edit, shown)
        self._update_overlay()

    def _made(self, edit: Edit | None, shown: Box = NOTHING) -> None:
        """A tool finished an act: show what of it is not shown yet, and tell."""
        if edit is not None and not shown.holds(edit.box):
            self._update_view(self.scene.refresh(edit.box))
        self._update_overlay()
        self.stroke_finished.emit(edit)

    def _cancel_stroke(self) -> None:
        painting = (self.in_stroke or self._gestures.tool.in_hand) and self._spec.paints
        self._update_view(self.scene.refresh(self._gestures.cancel()))
        self._update_overlay()
        self._show_cursor()
        if painting:
            self.stroke_finished.emit(None)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._resize_view()
        super().resizeEvent(event)

    def _hold(self, key: Qt.Key, held: bool) -> None:
        if key == Qt.Key.Key_V:
            self.set_peek(held)
        elif held != self._space_held:
            self._update_ring()
            self._space_held = held
            self._show_cursor()
            self._update_ring()

    def _show_cursor(self) -> None:
        moving = self._gestures.drag is Drag.PAN
        if moving or (self._gestures.drag is Drag.TOOL and self._spec.name == "pan"):
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        elif self._space_held:
            self.setCursor(Qt.CursorShape.OpenHandCursor)
        elif self._gestures.drag is Drag.TONE:
            self.setCursor(Qt.CursorShape.SizeAllCursor)
        elif self._on_split or self._gestures.drag is Drag.SPLIT:
            self.setCursor(SPLIT_CURSOR)
        else:
            self.setCursor(_CURSORS[self._spec.cursor])
