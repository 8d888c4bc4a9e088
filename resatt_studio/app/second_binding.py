"""Joins the second view to what its side shows, and both views' movement and pointers to each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import astuple, replace
from functools import partial

from PySide6.QtCore import QObject, QTimer

from resatt_studio.app.canvas.linking import SAME, link_as_seen, link_by_place
from resatt_studio.app.canvas.minimap import TIP
from resatt_studio.app.canvas.second import SecondView
from resatt_studio.app.canvas.tile_loader import TileLoader
from resatt_studio.app.canvas.tile_pyramid import TilePyramid
from resatt_studio.app.canvas.tone import Tone
from resatt_studio.app.canvas.view import PhotoCanvas
from resatt_studio.app.parts import Parts
from resatt_studio.app.sides import AS_LAYERS, Sides
from resatt_studio.imaging.depth import Window
from resatt_studio.records.geometry import Box
from resatt_studio.records.photo import PhotoEntry

_SHARED_AGAIN_MS = 30
_CROSS_MS = 16
_CROSS_IN_STROKE_MS = 60
"""The cross waits while somebody paints: a stroke must not wait for the other view."""


class SecondBinding(QObject):
    """Connects everything once; lives as long as the second view.

    Args:
        second: The view.
        canvas: The one beside it.
        parts: Behind the window.
    """

    def __init__(self, second: SecondView, canvas: PhotoCanvas, parts: Parts) -> None:
        super().__init__(second)
        self._second = second
        self._canvas = canvas
        self._parts = parts
        self._given: dict[str, tuple[object, ...]] = {}
        session, view = parts.session, parts.view
        second.memory = session.memory
        second.refused.connect(session.told)
        self._loader = TileLoader(session.tile_worker, self, "second-")
        self._loader.better.connect(second.refresh_photo)
        self._loader.failed.connect(session.failed)
        second.looked.connect(lambda _: self._loader.look(second.viewport))
        self._tiles: TilePyramid | None = None
        self._window: Window | None = None  # of another photo, moved by the pointer over it
        self._content = 0
        self._again = QTimer(self, singleShot=True, interval=_SHARED_AGAIN_MS)
        self._again.timeout.connect(self._share_again)
        canvas.content_changed.connect(self._content_changed)
        canvas.sizes_grew.connect(self._sizes_grew)
        session.photo_changed.connect(self._photo_left)
        parts.sides.right.changed.connect(self._show)
        parts.attention.changed.connect(self._show)
        view.layer_changed.connect(lambda _: self._show_layers())
        view.tone_changed.connect(lambda _: self._show_tone())
        second.tone_moved.connect(self._tone_moved)
        view.minimap_changed.connect(lambda _: self._show_minimap())
        session.threshold_changed.connect(lambda _: self._show())
        parts.keys.tip(second.overview, TIP)
        parts.keys.follow(second, second.say_names)
        self._linking = Linking(second, canvas, parts)
        self._show()

    def _photo_left(self, opened: PhotoEntry | None) -> None:
        """The open photo is put away: ask nothing more of its file, which is closed next."""
        if opened is None and self._second.shows_main:
            self._leave()

    def _content_changed(self) -> None:
        if self._second.shows_main and not self._again.isActive():
            self._again.start()

    def _share_again(self) -> None:
        self._content += 1
        self._show()

    def _show(self) -> None:
        """Bring the view up to date with its side."""
        side, second = self._parts.sides.right, self._second
        with self._linking.held():
            if not self._parts.view.sides.on:
                self._leave()
            elif side.is_other:
                self._show_other()
            else:
                if not second.shows_main or second.photo_id != self._canvas.photo_id:
                    self._leave()
                self._show_layers()
                self._give(
                    "main", (side.look.labels, self._content), lambda labels, _: second.show_main(labels)
                )
                self._serve(self._parts.session.tiles, builds=False)
            self._show_layers()
            self._show_tone()
            self._show_answer()
            self._show_minimap()

    def _leave(self) -> None:
        if self._second.has_photo or self._second.shows_main:
            self._serve(None)
            self._second.leave()
        self._given.clear()
        self._window = None

    def _show_other(self) -> None:
        """The photo of the right side, as far as it is read."""
        second, photo = self._second, self._parts.sides.beside.photo
        if photo is None or second.shows_main or second.photo_id != photo.entry.photo_id:
            self._leave()
        if photo is None:
            return
        if second.photo_id != photo.entry.photo_id:
            if photo.photo is not None:
                pixels, window = photo.photo.pixels, photo.photo.window
                second.set_photo(pixels, None, photo.entry.photo_id, window=window)
            elif photo.tiles is not None:
                self._serve(photo.tiles)
                second.set_tiles(photo.tiles, photo.entry.photo_id)
        labels = photo.labels if self._parts.sides.right.look.labels else None
        self._give("labels", (labels,), second.show_own)

    def _show_layers(self) -> None:
        side, second = self._parts.sides.right, self._second
        for layer in self._parts.view.layers.values():
            shown = side.seen(layer)
            self._give(f"layer-{layer.name}", astuple(shown), second.set_layer)

    def _show_tone(self) -> None:
        """Light and contrast are the eye's and hold for both sides, a window is one photo's."""
        tone = self._parts.view.tone
        if self._parts.sides.right.is_other:
            tone = replace(tone, window=self._window)
        self._second.set_tone(tone)

    def _tone_moved(self, tone: Tone) -> None:
        """The pointer changed it over this view; the open photo keeps its window when that is another one."""
        view = self._parts.view
        if self._parts.sides.right.is_other:
            self._window = tone.window
            tone = replace(tone, window=view.tone.window)
        view.set_tone(tone)

    def _show_answer(self) -> None:
        """What the side was told, as far as it is about the photo that is seen."""
        side, second, attention = self._parts.sides.right, self._second, self._parts.attention
        answer = side.answer
        if answer is not None and answer.photo_id != second.photo_id:
            answer = None
        mask = None if answer is None else answer.mask
        self._give("mask", (mask, side.threshold), second.set_stand_in)
        heat = None if answer is None else answer.heat
        if side.look.id == AS_LAYERS and attention.heat is not None:
            heat = attention.heat if attention.heat.photo_id == second.photo_id else None
        self._give("heat", (heat,), second.set_heat)
        if not second.shows_main:
            prediction = None if answer is None else answer.prediction
            dehazing = None if answer is None else answer.dehazing
            change = None if answer is None else answer.change
            self._give("prediction", (prediction, self._parts.session.threshold), second.set_prediction)
            self._give("dehazing", (dehazing,), second.set_dehazing)
            self._give("change", (change,), second.set_change)

    def _give(self, what: str, values: tuple[object, ...], give: Callable[..., object]) -> None:
        """Call ``give`` with these unless they were given before; records and arrays count by identity."""
        before = self._given.get(what, ())
        plain = (bool, int, float, str)
        same = len(before) == len(values) and all(
            one is other or (isinstance(one, plain) and one == other)
            for one, other in zip(before, values, strict=True)
        )
        if not same:
            self._given[what] = values
            give(*values)

    def _serve(self, tiles: TilePyramid | None, builds: bool = True) -> None:
        if tiles is not self._tiles:
            self._tiles = tiles
            self._loader.show(tiles, builds)
            if tiles is not None:
                self._loader.look(self._second.viewport)

    def _sizes_grew(self, box: Box) -> None:
        """The other view's loader built smaller sizes of the photo that both look at."""
        if self._second.shows_main:
            self._second.refresh_photo(box)
            self._loader.look(self._second.viewport)

    def _show_minimap(self) -> None:
        apart = self._parts.sides.right.is_other or not self._parts.view.sides.linked
        self._second.show_minimap(self._parts.view.minimap and apart)


class Linking(QObject):
    """Moves one view when the other is moved, and draws where the pointer is in the other one.

    Args:
        second: On the right.
        canvas: On the left.
        parts: Says whether they are linked.
    """

    def __init__(self, second: SecondView, canvas: PhotoCanvas, parts: Parts) -> None:
        super().__init__(second)
        self._second = second
        self._canvas = canvas
        self._parts = parts
        self._link = SAME
        self._photos = ("", "")
        self._linked = parts.view.sides.linked
        self._busy = False
        canvas.looked.connect(lambda _: self._follow(to_right=True))
        second.looked.connect(lambda _: self._follow(to_right=False))
        second.resized.connect(lambda: self._follow(to_right=True))
        parts.view.sides_changed.connect(self._switched)
        self._crosses: dict[PhotoCanvas, tuple[float, float] | None] = {}
        self._later = QTimer(self, singleShot=True)
        self._later.timeout.connect(self._draw_crosses)
        for here, there in ((canvas, second), (second, canvas)):
            here.pointer_moved.connect(partial(self._pointed, here, there))

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nothing moves meanwhile; afterwards the right view follows the left one."""
        was, self._busy = self._busy, True
        try:
            yield
        finally:
            self._busy = was
        self._follow(to_right=True)

    def _switched(self, sides: Sides) -> None:
        if sides.linked and not self._linked and not self._second.shows_main:
            self._link = link_as_seen(self._canvas.viewport, self._second.viewport)
        self._linked = sides.linked
        self._follow(to_right=True)

    def _ready(self) -> bool:
        """Whether both views show photos; sees to it that the link is that of these two."""
        second, canvas = self._second, self._canvas
        photos = (canvas.photo_id, second.photo_id)
        if not self._parts.view.sides.on or not all(photos):
            return False
        if second.shows_main:
            self._link, self._photos = SAME, photos
            return photos[0] == photos[1]
        if photos != self._photos:
            self._link, self._photos = link_by_place(canvas.viewport, second.viewport), photos
        return True

    def _follow(self, to_right: bool) -> None:
        second, canvas = self._second, self._canvas
        if self._busy or not self._linked or not (to_right or second.leads) or not self._ready():
            return
        self._busy = True
        try:
            if to_right:
                second.look_through(self._link.right_view(canvas.viewport, second.viewport))
            else:
                canvas.look_through(self._link.left_view(second.viewport, canvas.viewport))
        finally:
            self._busy = False

    # -- the pointer in the other view --

    def _pointed(self, here: PhotoCanvas, there: PhotoCanvas, at: tuple[int, int] | None) -> None:
        if not self._parts.view.sides.on:
            return
        point = None
        if at is not None and self._ready() and (self._linked or self._second.shows_main):
            pass_on = self._link.to_right if here is self._canvas else self._link.to_left
            point = pass_on(at[0] + 0.5, at[1] + 0.5)
        self._crosses[there] = point
        if not self._later.isActive():
            self._later.start(_CROSS_IN_STROKE_MS if self._canvas.in_stroke else _CROSS_MS)

    def _draw_crosses(self) -> None:
        for view, point in self._crosses.items():
            view.set_mirrored(point)
