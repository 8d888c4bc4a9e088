"""What networks make of the photo, on the canvas: cracks, dehazed behind a split, heat, the asked point."""

from __future__ import annotations

from typing import ClassVar

from PySide6.QtCore import QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QPainter

from resatt_studio.app.canvas.marks import (
    mirrored_region,
    paint_mirrored,
    paint_place,
    paint_point,
    paint_split,
)
from resatt_studio.app.canvas.navigation import CanvasNavigation
from resatt_studio.app.canvas.preparing import Preparations
from resatt_studio.app.canvas.scene import Scene
from resatt_studio.app.canvas.split import Split
from resatt_studio.app.canvas.tile_memory import MAP_BYTES_A_PIXEL, MORE_MEMORY, TileMemory
from resatt_studio.app.canvas.tone import Tone, dragged, fitted
from resatt_studio.app.layers import LAYER_WORDS
from resatt_studio.errors import BugError, StudioError
from resatt_studio.records.arrays import UInt8Array
from resatt_studio.records.comparison import ChangeMap
from resatt_studio.records.dehazing import Dehazing
from resatt_studio.records.geometry import Box
from resatt_studio.records.heat import Heat
from resatt_studio.records.photo import DeepPhoto
from resatt_studio.records.prediction import HugePrediction, Prediction, PredictionPart
from resatt_studio.words import mark, tr

Point = tuple[int, int]
TOO_LARGE = mark("This photo is too large for one more map of it in the memory that photos may take.")
LARGEST_PLACE_SCALE = 4.0
"""Logical pixels per photo pixel up to which a place is enlarged: beyond, a crack is only blocks."""


class CanvasLooks(CanvasNavigation):
    """The part of the canvas that knows of what networks say; :class:`view.PhotoCanvas` adds the rest.

    Attributes:
        split: Where the divider stands; told by whoever set it.
        point: Photo pixel (row, column) that a network was asked about, or None.
        place: Box of photo pixels that is to be looked at, or None.
        mirrored: Photo point (row, column), sub-pixel, that the pointer is at in another view, or None.
    """

    content_changed: ClassVar[Signal]
    refused: ClassVar[Signal]
    tone_moved: ClassVar[Signal]
    split_moved: ClassVar[Signal]
    point_asked: ClassVar[Signal]
    split: Split
    point: Point | None
    place: Box | None
    mirrored: tuple[float, float] | None
    _photo_size: tuple[int, int] | None
    _preparations: Preparations
    memory: TileMemory | None
    _on_split: bool

    def _prepared(self) -> None:
        """Something that is shown came, went or is better now."""
        self._count_memory()
        self.update()
        self.content_changed.emit()

    def _count_memory(self) -> None:
        if self.memory is not None:
            self.memory.held_bytes = self.scene.nbytes

    def _has_room(self, count_px: int, bytes_a_pixel: float = MAP_BYTES_A_PIXEL) -> bool:
        """Whether one more map of so many pixels may be held; if not, it is told."""
        room = self.memory is None or self.memory.has_room(count_px * bytes_a_pixel)
        if not room:
            self.refused.emit(f"{tr(TOO_LARGE)} {tr(MORE_MEMORY)}")
        return room

    def _unreadable(self, error: StudioError) -> None:
        """A part of a huge photo's prediction is damaged; told after the paint that found it."""
        QTimer.singleShot(0, self, lambda: self.refused.emit(f"{error.message} {error.hint}".rstrip()))

    def set_prediction(self, prediction: Prediction | None, threshold: float | None = None) -> None:
        """Show a prediction of this photo, or none.

        Raises:
            BugError: It has another size than the photo.
        """
        if prediction is not None and (prediction.height, prediction.width) != self._photo_size:
            raise BugError(f"a prediction of {prediction.height} x {prediction.width} on {self._photo_size}")
        if threshold is not None:
            self.scene.set_threshold(threshold)
        self._preparations.probability(None if prediction is None else prediction.probability_8bit)
        self._prepared()

    def set_huge_prediction(self, prediction: HugePrediction, threshold: float) -> None:
        """Show a prediction of this huge photo, which is read where it is seen."""
        self.scene.set_threshold(threshold)
        self._preparations.kept(prediction.probability)
        self._prepared()

    def set_threshold(self, threshold: float) -> None:
        """Probability in [0, 1] above which the mask says crack."""
        self.scene.set_threshold(threshold)
        self.update()
        self.content_changed.emit()

    def set_stand_in(self, values: UInt8Array | None, threshold: float = 0.5) -> None:
        """Show another mask of this photo in place of the prediction's, which tools go on reading; or none.

        Args:
            values: H x W uint8 probability * 255.
            threshold: Above which one of them is crack, in [0, 1].

        Raises:
            BugError: It has another size than the photo.
        """
        if values is not None and values.shape != self._photo_size:
            raise BugError(f"a mask of {values.shape} on {self._photo_size}")
        self._preparations.stand_in(values, threshold)
        self._prepared()

    def share_with(self, scene: Scene | None) -> None:
        """Another scene shows what this canvas holds; what it looks at is made for it too. None ends that."""
        self._preparations.beside = scene
        self.prepare_wanted()

    def prepare_wanted(self) -> None:
        """Make what is looked at and not there yet."""
        self._preparations.uncertainty_if_wanted()
        self._preparations.haze_if_wanted()

    def set_mirrored(self, point: tuple[float, float] | None) -> None:
        """Draw a cross where the pointer is in another view, or take it away."""
        before, self.mirrored = self.mirrored, point
        for at in {before, point}:
            if at is not None:
                self.update(mirrored_region(self._in_view(at)) & self.rect())

    def _in_view(self, point: tuple[float, float]) -> QPointF:
        """Logical pixels of a photo point."""
        row, column = self.viewport.to_view(*point)
        return QPointF(column, row) / self.devicePixelRatioF()

    def add_part(self, part: PredictionPart) -> None:
        """Show what is finished of a prediction of this photo that is under way."""
        if self._photo_size is not None:
            self._update_view(self._preparations.part(part, self._photo_size))
            self._count_memory()
            self.content_changed.emit()

    def set_compared(self, prediction: Prediction | None) -> None:
        """Show another prediction of this photo against the first: that of the photo itself left of the
        divider, that of the dehazed photo right of it. None shows the first on both sides.

        Raises:
            BugError: It has another size than the photo.
        """
        if prediction is not None and (prediction.height, prediction.width) != self._photo_size:
            raise BugError(f"a prediction of {prediction.height} x {prediction.width} on {self._photo_size}")
        values = None if prediction is None else prediction.probability_8bit
        self._preparations.compared(values, prediction is not None and bool(prediction.dehazer_id))
        self._prepared()

    def set_dehazing(self, dehazing: Dehazing | None) -> None:
        """Show what was made of this photo wherever its layers are visible, or nothing.

        Raises:
            BugError: It has another size than the photo.
        """
        if dehazing is not None and dehazing.pixels.shape[:2] != self._photo_size:
            raise BugError(f"a dehazed photo of {dehazing.pixels.shape} on {self._photo_size}")
        self._preparations.dehazing(dehazing)
        self._prepared()

    def set_heat(self, heat: Heat | None) -> None:
        """Show a heat map of this photo wherever its layer is visible, or none.

        Raises:
            BugError: It belongs to a photo of another size.
        """
        if heat is not None and (heat.height, heat.width) != self._photo_size:
            raise BugError(f"heat of {heat.height} x {heat.width} on {self._photo_size}")
        self.scene.heat.heat = heat
        self.scene.spoil(films=True)
        self.update()

    def set_change(self, change: ChangeMap | None) -> None:
        """Show what other weights changed in this photo's mask wherever the layer is visible, or nothing.

        Raises:
            BugError: It belongs to a photo of another size.
        """
        if change is not None and (change.height, change.width) != self._photo_size:
            raise BugError(f"a change of {change.height} x {change.width} on {self._photo_size}")
        self._preparations.change(None if change is None else change.ranks)
        self._prepared()

    def set_point(self, point: Point | None) -> None:
        """Mark the photo pixel (row, column) that was asked about while the heat's layer is visible."""
        self.point = point
        self.update()

    def set_place(self, place: Box | None) -> None:
        """Bring a part of the photo into the middle of the view and frame it; None takes the frame away."""
        self.place = place
        self.key_cursor.forget()
        if place is not None:
            self._look(self.viewport.showing(place, LARGEST_PLACE_SCALE * self.devicePixelRatioF()))
        self.update()

    def set_tone(self, tone: Tone) -> None:
        """Show the photo brighter, harder, or another window of its samples; networks see it as it was."""
        if tone != self.scene.tone:
            self.scene.set_tone(tone)
            self.overview.forget()
            self.update()

    def set_deep(self, photo: DeepPhoto) -> None:
        """Here are the samples of the 16-bit photo on the canvas, to be shown where its tone has a window.

        Raises:
            BugError: They belong to a photo of another size.
        """
        if photo.samples.shape[:2] != self._photo_size:
            raise BugError(f"samples of {photo.samples.shape} on {self._photo_size}")
        if self._has_room(photo.samples.size, photo.samples.itemsize * MAP_BYTES_A_PIXEL):
            self._preparations.deep(photo)
            self.overview.forget()
            self._prepared()

    def move_tone(self, tone: Tone) -> None:
        """As :meth:`set_tone`, told to whoever listens to ``tone_moved``."""
        if tone != self.scene.tone:
            self.set_tone(tone)
            self.tone_moved.emit(tone)

    @property
    def tone(self) -> Tone:
        """How the photo is shown."""
        return self.scene.tone

    def drag_tone(self, start: Tone, right: float, up: float) -> None:
        """The pointer was dragged so many view pixels since the tone was ``start``."""
        side = max(self.viewport.view_height, self.viewport.view_width)
        self.move_tone(dragged(start, self.scene.window, right / side, up / side))

    def fit_tone(self) -> None:
        """Spread what is seen of the photo from black to white."""
        seen = self.viewport.photo_in_view
        samples = None if seen.empty else self.scene.samples(self.viewport, seen)
        if samples is not None:
            self.move_tone(fitted(self.tone, self.scene.window, samples))

    def set_split(self, split: Split) -> None:
        """Put the divider somewhere else, or away."""
        if split != self.split:
            self.split = split
            self.update()

    def move_split(self, view_column: float) -> None:
        """As :meth:`set_split`, told to whoever listens to ``split_moved``."""
        photo = self.viewport.photo_in_view
        before = self.split.place
        self.set_split(Split(self.split.on, self.split.placed_at(view_column, photo)))
        if self.split.place != before:
            self.split_moved.emit(self.split.place)

    @property
    def split_column(self) -> float:
        """View column of the divider."""
        return float(self.split.column(self.viewport.photo_in_view))

    def ask_at(self, row: float, column: float) -> None:
        """Somebody points at the photo: tell which of its pixels, unless it is outside."""
        if self._photo_size is None:
            return
        height, width = self._photo_size
        if 0 <= row < height and 0 <= column < width:
            self.point_asked.emit((int(row), int(column)))

    def ask_at_centre(self) -> None:
        """Ask about the middle of the view, for hands that hold no mouse."""
        self.ask_at(*self.viewport.middle)

    @property
    def _shows_split(self) -> bool:
        return self.split.on and (self.scene.compares or bool(self.scene.shown_of(self.scene.haze)))

    def _at_split(self, position: QPointF) -> bool:
        """Whether a position of an event is where the divider can be taken hold of."""
        if not self._shows_split:
            return False
        at = self._pointer(position)
        photo, ratio = self.viewport.photo_in_view, self.devicePixelRatioF()
        return self.split.holds(at.view_row, at.view_column, photo, ratio)

    def _hover(self, position: QPointF | None) -> None:
        """Show by the cursor whether a press would move the divider."""
        on_split = position is not None and self._at_split(position)
        if on_split != self._on_split:
            self._on_split = on_split
            self._show_cursor()

    def _paint_looks(self, painter: QPainter) -> None:
        """Divider, captions and the asked point, over the pictures."""
        ratio = self.devicePixelRatioF()
        shown = self.scene.shown_of(self.scene.haze)
        photo = self.viewport.photo_in_view
        if self.scene.compares and self.split.on:
            paint_split(painter, self.split, photo, ratio, tr("Mask from dehazed"), tr("Mask from original"))
        elif shown:
            paint_split(painter, self.split, photo, ratio, tr(LAYER_WORDS[shown[-1]][0]), tr("Original"))
        layer = self.scene.layers["heat"]
        if self.point is not None and layer.strength and not self.scene.peek:
            paint_point(painter, self._in_view((self.point[0] + 0.5, self.point[1] + 0.5)))
        if self.mirrored is not None:
            paint_mirrored(painter, self._in_view(self.mirrored))
        if self.place is not None and not self.scene.peek:
            corner = self._in_view((self.place.top, self.place.left))
            paint_place(painter, QRectF(corner, self._in_view((self.place.bottom, self.place.right))))


SPLIT_CURSOR = Qt.CursorShape.SplitHCursor
