"""Joins the canvas to the session and the other networks: what is open is shown, what is done is told."""

from __future__ import annotations

from PySide6.QtCore import QObject

from resatt_studio.annotation.document import CorrectionDocument
from resatt_studio.app.canvas.layers import Layer
from resatt_studio.app.canvas.minimap import TIP
from resatt_studio.app.canvas.split import Split
from resatt_studio.app.canvas.tile_loader import TileLoader
from resatt_studio.app.canvas.tile_pyramid import TilePyramid
from resatt_studio.app.canvas.view import PhotoCanvas
from resatt_studio.app.parts import Parts
from resatt_studio.app.status import StatusBar
from resatt_studio.app.view_state import Brush
from resatt_studio.records.arrays import UInt8Array
from resatt_studio.records.photo import Photo, PhotoEntry
from resatt_studio.records.prediction import Prediction
from resatt_studio.words import tr, trn
from resatt_studio.workflow.courtesy import Courtesy

TOLD_MS = 4000
"""How long what a tool says in passing can be read."""


def bind_canvas(canvas: PhotoCanvas, parts: Parts, status: StatusBar) -> None:
    """Connect everything once; the binding lives as long as the canvas."""
    _Binding(canvas, parts, status)
    _Looks(canvas, parts)


class _Looks(QObject):
    """What the other networks make of the photo, to the canvas; where it is pointed at, to them."""

    def __init__(self, canvas: PhotoCanvas, parts: Parts) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._parts = parts
        self._shown: tuple[object, ...] = (None, None, None)
        self._stand_in: tuple[object, float] = (None, 0.0)
        for part in (parts.dehazing, parts.attention, parts.changes):
            part.changed.connect(self._show)
        parts.session.photo_ready.connect(lambda photo, document: self._show())
        parts.sides.left.changed.connect(self._show)
        parts.comparison.changed.connect(lambda: canvas.set_compared(parts.comparison.other))
        parts.view.split_changed.connect(lambda _: self._show_split())
        canvas.split_moved.connect(lambda place: parts.view.set_split(place=place))
        canvas.point_asked.connect(parts.attention.ask_point)
        parts.doubts.changed.connect(self._show_place)

    def _show(self) -> None:
        side = self._parts.sides.left
        dehazing, heat = self._parts.dehazing.dehazing, self._parts.attention.heat
        mask = None
        if self._parts.view.sides.on:
            answer = side.answer
            mask = None if answer is None else answer.mask
            if side.look.heat_model:
                heat = None if answer is None else answer.heat
        change = self._parts.changes.change
        before, self._shown = self._shown, (dehazing, heat, change)
        if dehazing is not before[0]:
            self._canvas.set_dehazing(dehazing)
        if heat is not before[1]:
            self._canvas.set_heat(heat)
        if change is not before[2]:
            self._canvas.set_change(change)
        stand_in = (mask, side.threshold)
        if mask is not self._stand_in[0] or (mask is not None and stand_in[1] != self._stand_in[1]):
            self._stand_in = stand_in
            self._canvas.set_stand_in(*stand_in)
        self._show_split()
        wish = self._parts.attention.wish
        self._canvas.set_point(wish.point if self._parts.attention.takes_point else None)

    def _show_split(self) -> None:
        """The divider within the canvas belongs to what the Layers panel says; one side shows one thing."""
        layers = not self._parts.view.sides.on or self._parts.sides.left.look.layers is None
        self._canvas.set_split(self._parts.view.split if layers else Split(on=False))

    def _show_place(self) -> None:
        place = self._parts.doubts.place
        self._canvas.set_place(None if place is None else place.box)


class _Binding(QObject):
    def __init__(self, canvas: PhotoCanvas, parts: Parts, status: StatusBar) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._parts = parts
        self._status = status
        self._courtesy: Courtesy = parts.session.predictor.courtesy
        session, view = parts.session, parts.view
        session.project_changed.connect(lambda _: self._say_what_to_do())
        session.photo_changed.connect(self._opening)
        session.preview_ready.connect(self._preview)
        session.photo_ready.connect(self._show)
        session.tiles_ready.connect(self._show_tiles)
        self._loader = TileLoader(session.tile_worker, self)
        self._loader.better.connect(canvas.refresh_photo)
        self._loader.grew.connect(canvas.sizes_grew)
        self._loader.failed.connect(session.failed)
        self._loader.damaged.connect(self._damaged)
        canvas.looked.connect(lambda _: self._loader.look(canvas.viewport))
        canvas.pixels_wanted.connect(self._loader.fetch)
        canvas.memory = session.memory
        canvas.refused.connect(session.told)
        view.minimap_changed.connect(canvas.show_minimap)
        canvas.show_minimap(view.minimap)
        view.key_cursor_changed.connect(canvas.show_key_cursor)
        parts.keys.tip(canvas.overview, TIP)
        parts.keys.follow(canvas, canvas.say_names)
        session.photo_failed.connect(self._failed)
        session.prediction_changed.connect(lambda prediction: self._predicted(prediction))
        session.huge_predicted.connect(lambda known: canvas.set_huge_prediction(known, session.threshold))
        session.prediction_grew.connect(canvas.add_part)
        session.threshold_changed.connect(canvas.set_threshold)
        session.painted.connect(canvas.refresh)
        view.layer_changed.connect(self._layer)
        view.tone_changed.connect(canvas.set_tone)
        canvas.tone_moved.connect(view.set_tone)
        parts.tone.deep_ready.connect(canvas.set_deep)
        parts.tone.fit_wanted.connect(canvas.fit_tone)
        parts.sides.left.changed.connect(self._sides_changed)
        view.brush_changed.connect(self._brush)
        canvas.pointer_moved.connect(self._pointer)
        canvas.zoom_changed.connect(lambda scale: status.show_zoom(100 * scale))
        canvas.looked.connect(session.predictor.look_at)
        canvas.stroke_started.connect(self._courtesy.painted)
        canvas.stroke_started.connect(parts.history.arrive)  # before a tool reads what is on the photo
        canvas.stroke_finished.connect(self._finished)
        canvas.radius_changed.connect(lambda radius: view.set_brush(radius_px=radius))
        canvas.options = view.options.value
        view.options.changed.connect(lambda *_: canvas.options_changed())
        canvas.hand_changed.connect(view.set_in_hand)
        canvas.length_measured.connect(parts.scale.measured)
        parts.scale.changed.connect(lambda: canvas.set_scale_mm(parts.scale.mm_per_px))
        canvas.told.connect(lambda words: status.showMessage(parts.keys.words(words), TOLD_MS))
        for layer in view.layers.values():
            self._layer(layer)
        canvas.set_tone(view.tone)
        self._sides_changed()
        self._brush(view.brush)
        self._say_what_to_do()
        parts.keys.changed.connect(lambda: None if session.entry else self._say_what_to_do())

    def _opening(self, entry: PhotoEntry | None) -> None:
        self._loader.show(None)
        if entry is None:
            self._canvas.set_photo(None)
            self._say_what_to_do()
            return
        # The list's small picture is seen with the click, however busy the machine is; a better one follows.
        small = self._parts.session.thumbnails.at_hand(entry.photo_id)
        self._canvas.set_message("" if small is not None else tr("Opening {name}…").format(name=entry.name))
        self._unfinished(entry, small)

    def _preview(self, pixels: UInt8Array) -> None:
        entry = self._parts.session.entry
        if entry is not None:
            self._unfinished(entry, pixels)
            self._canvas.set_message("")

    def _unfinished(self, entry: PhotoEntry, pixels: UInt8Array | None) -> None:
        """Show what is known of a photo before its own pixels come."""
        self._canvas.set_photo(None, pixels, entry.photo_id, (entry.facts.height, entry.facts.width))

    def _failed(self, entry: PhotoEntry) -> None:
        self._canvas.set_photo(None)
        self._canvas.set_message(
            tr("{name} cannot be shown; the notice above says why.").format(name=entry.name)
        )

    def _show(self, photo: Photo, document: CorrectionDocument) -> None:
        self._canvas.set_message("")
        self._canvas.set_photo(photo.pixels, None, photo.photo_id, window=photo.window)
        self._canvas.set_document(document)

    def _show_tiles(self, tiles: TilePyramid, document: CorrectionDocument) -> None:
        self._canvas.set_message("")
        self._loader.show(tiles)
        self._canvas.set_tiles(tiles, tiles.photo_id)
        self._canvas.set_document(document)

    def _damaged(self, count: int) -> None:
        session = self._parts.session
        if session.entry is not None:
            session.told.emit(
                trn(
                    "{name}: {count} part is damaged and shown grey.",
                    "{name}: {count} parts are damaged and shown grey.",
                    count,
                ).format(name=session.entry.name, count=count)
            )

    def _predicted(self, prediction: Prediction | None) -> None:
        session = self._parts.session
        if session.photo is not None or session.tiles is not None:
            self._canvas.set_prediction(prediction, session.threshold)

    def _layer(self, layer: Layer) -> None:
        shown = self._parts.sides.left.seen(layer)
        self._canvas.set_layer(
            shown.name, shown.visible, shown.opacity, shown.colour, shown.other_colour, shown.palette
        )

    def _sides_changed(self) -> None:
        """The left side shows something else, or knows more of it."""
        for layer in self._parts.view.layers.values():
            if self._canvas.scene.layers[layer.name] != self._parts.sides.left.seen(layer):
                self._layer(layer)

    def _brush(self, brush: Brush) -> None:
        self._canvas.set_tool(brush.tool)
        self._canvas.set_brush(brush.label, brush.radius_px)

    def _pointer(self, at: tuple[int, int] | None) -> None:
        if self._canvas.at_work:  # a preview that follows the pointer needs the core as a stroke does
            self._courtesy.painted()
        self._status.show_pointer(*(at if at is not None else (-1, -1)))

    def _finished(self, edit: object) -> None:
        self._courtesy.painted()
        if edit is not None:
            self._parts.session.note_edit()

    def _say_what_to_do(self) -> None:
        session = self._parts.session
        if session.project is None:
            self._canvas.set_message("")
        elif not session.state.entries:
            self._say(tr("Drop photos or a folder of photos here, or press {add_folder}."))
        else:
            self._say(tr("Choose a photo in the list, or press {next}."))

    def _say(self, words: str) -> None:
        self._canvas.set_message(self._parts.keys.words(words))
