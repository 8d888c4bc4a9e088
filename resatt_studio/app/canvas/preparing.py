"""What the canvas makes of a photo and its prediction before they can be seen at every zoom."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from resatt_studio.app.canvas.background import Background
from resatt_studio.app.canvas.layers import HAZE_LAYERS, uncertainty_8bit
from resatt_studio.app.canvas.pyramid import (
    KeptMap,
    MaxPyramid,
    PhotoPyramid,
    SparseMap,
    UncertaintyOf,
    halved_levels,
)
from resatt_studio.app.canvas.scene import Scene, StandIn
from resatt_studio.app.canvas.tile_pyramid import TilePyramid
from resatt_studio.errors import StudioError
from resatt_studio.imaging.depth import Window
from resatt_studio.imaging.halving import halve_max
from resatt_studio.records.arrays import UInt8Array
from resatt_studio.records.dehazing import Dehazing
from resatt_studio.records.geometry import Box
from resatt_studio.records.maps import SeenMap
from resatt_studio.records.photo import DeepPhoto
from resatt_studio.records.prediction import PredictionPart


class Preparations:
    """Hands photo and maps to a scene at once and their halved sizes when they are ready.

    Args:
        scene: Where they are shown.
        background: Where the slow part is done.
        changed: Called when there is more to see.
        has_room: Whether one more map of so many pixels may be held in memory.
        failed: Told when a part of a huge photo's prediction cannot be read; once for each.

    Attributes:
        beside: Another scene that shares what this one holds; what it looks at is made as well.
        version: Another number whenever another prediction, or more of it, is shown.
    """

    def __init__(
        self,
        scene: Scene,
        background: Background,
        changed: Callable[[], None],
        has_room: Callable[[int], bool] = lambda count_px: True,
        failed: Callable[[StudioError], None] = lambda error: None,
    ) -> None:
        self._failed = failed
        self._has_room = has_room
        self._scene = scene
        self._background = background
        self._changed = changed
        self._values: UInt8Array | None = None
        self._refused = False
        self._growing: MaxPyramid | SparseMap | None = None
        self._growing_by = ("", "")
        self.beside: Scene | None = None
        self.version = 0

    def photo(
        self,
        pixels: UInt8Array | None,
        preview: UInt8Array | None,
        size: tuple[int, int] | None,
        window: Window | None = None,
    ) -> None:
        """Show these pixels, or the preview until they come; ``size`` None shows no photo.

        Args:
            window: Of the samples behind pixels of a 16-bit photo.
        """
        self._background.forget("photo")
        self._background.forget("deep")
        self._scene.set_depth(window)
        photo = self._scene.photo = None if size is None else PhotoPyramid(pixels, preview, *size)
        if photo is not None and pixels is not None:
            self._prepare("photo", lambda: halved_levels(pixels), photo)
        self._scene.spoil(photo=True)

    def tiles(self, pyramid: TilePyramid) -> None:
        """Show a huge photo by its tiles."""
        self._background.forget("photo")
        self._background.forget("deep")
        self._scene.set_depth(pyramid.window)
        self._scene.photo = pyramid
        self._scene.spoil(photo=True)

    def deep(self, photo: DeepPhoto) -> None:
        """Show the samples of the 16-bit photo on the canvas wherever a window of one's own is wished for."""
        pyramid = PhotoPyramid(photo.samples, None, *photo.samples.shape[:2])
        self._scene.set_depth(photo.window, pyramid)
        self._prepare("deep", lambda: halved_levels(photo.samples), pyramid)

    def probability(self, values: UInt8Array | None) -> None:
        """Show this probability, H x W uint8, and the uncertainty that follows; None shows neither."""
        for kind in ("probability", "uncertainty"):
            self._background.forget(kind)
        grown = self._growing
        self._growing = None
        self.version += 1
        self._refused = False
        self._values = values
        self._scene.uncertainty = None
        self._scene.probability = None
        if values is not None:
            pyramid = self._scene.probability = MaxPyramid(values)
            if isinstance(grown, MaxPyramid) and np.array_equal(grown.values, values):
                pyramid.levels = grown.levels  # as good as new, and nothing flickers meanwhile
            else:
                self._prepare("probability", lambda: halved_levels(values, halve_max), pyramid)
        self._scene.spoil()
        self.uncertainty_if_wanted()

    def kept(self, seen: SeenMap) -> None:
        """Show a huge photo's prediction, which is read where it is seen, and its uncertainty."""
        self.probability(None)
        self._scene.probability = KeptMap(seen, self._failed)
        table = uncertainty_8bit(np.arange(256, dtype=np.uint8))
        self._scene.uncertainty = UncertaintyOf(seen, self._failed, table)

    def compared(self, values: UInt8Array | None, right: bool) -> None:
        """Show this probability, H x W uint8, on one side of the divider and the other one on the other side.

        Args:
            values: None shows the one of :meth:`probability` on both sides.
            right: Whether these values belong on the right.
        """
        self._background.forget("compared")
        if values is not None and not self._has_room(values.size):
            values = None
        self._scene.compared = None if values is None else MaxPyramid(values)
        self._scene.compared_right = right
        if values is not None and self._scene.compared is not None:
            self._prepare("compared", lambda: halved_levels(values, halve_max), self._scene.compared)
        self._scene.spoil()

    def stand_in(self, values: UInt8Array | None, threshold: float) -> None:
        """Show this probability, H x W uint8, in place of the one of :meth:`probability`; None ends that.

        Args:
            threshold: In [0, 1], of these values.
        """
        self._background.forget("stand-in")
        if values is not None and not self._has_room(values.size):
            values = None
        if values is None:
            self._scene.set_stand_in(None)
            return
        pyramid = MaxPyramid(values)
        self._scene.set_stand_in(StandIn(pyramid, threshold))
        self._prepare("stand-in", lambda: halved_levels(values, halve_max), pyramid)

    def part(self, part: PredictionPart, size: tuple[int, int]) -> Box:
        """Show what is finished of a prediction, in place of another one.

        Args:
            part: The newest of it.
            size: (H, W) of the photo.

        Returns:
            The view pixels to paint.
        """
        self.version += 1
        if part.whole is not None:
            kept = self._scene.probability
            if not isinstance(kept, KeptMap) or kept.seen is not part.whole:
                self.kept(part.whole)
            shown = Box(0, 0, 0, 0)
            for box, _ in part.pieces:
                shown = shown.union(self._scene.refresh_probability(box))
            return shown
        by = (part.weights_id, part.dehazer_id)
        if self._growing is None or self._growing_by != by:
            self.probability(None)
            huge = isinstance(self._scene.photo, TilePyramid)
            self._growing = SparseMap(*size) if huge else MaxPyramid.growing(*size)
            self._scene.probability = self._growing
            self._growing_by = by
        shown = Box(0, 0, 0, 0)
        for box, values in part.pieces:
            self._growing.put(box, values)
            shown = shown.union(self._scene.refresh_probability(box))
        return shown

    def dehazing(self, dehazing: Dehazing | None) -> None:
        """Show these pictures, each of the photo's size; None shows none."""
        for name in HAZE_LAYERS:
            self._background.forget(name)
        pictures = [] if dehazing is None else [
            dehazing.pixels, dehazing.transmission_8bit, dehazing.residual_8bit
        ]  # fmt: skip
        self._scene.haze.pyramids = {
            name: PhotoPyramid(picture, None, *picture.shape[:2])
            for name, picture in zip(HAZE_LAYERS, pictures, strict=False)
        }
        self._scene.spoil(films=True)
        self.haze_if_wanted()

    def change(self, ranks: UInt8Array | None) -> None:
        """Show what changed, H x W uint8 ranks as in ``records.comparison``; None shows nothing."""
        self._background.forget("change")
        if ranks is not None and not self._has_room(ranks.size):
            ranks = None
        pyramid = self._scene.change.ranks = None if ranks is None else MaxPyramid(ranks)
        if ranks is not None and pyramid is not None:
            self._prepare("change", lambda: halved_levels(ranks, halve_max), pyramid)
        self._scene.spoil(films=True)

    def haze_if_wanted(self) -> None:
        """Halve the pictures of the dehazing that are looked at, and the others not before."""
        waiting = self._background.kinds
        for name, pyramid in self._scene.haze.pyramids.items():
            pixels = pyramid.pixels
            if pixels is not None and self._looked_at(name) and not pyramid.levels and name not in waiting:
                self._prepare(name, partial(halved_levels, pixels), pyramid)

    def uncertainty_if_wanted(self) -> None:
        """Make the uncertainty map once its layer is looked at, and not before."""
        values, scene = self._values, self._scene
        if values is None or scene.uncertainty is not None or not self._looked_at("uncertainty"):
            return
        if self._refused or "uncertainty" in self._background.kinds:
            return
        if not self._has_room(values.size):
            self._refused = True  # told once for each prediction, not with every touch of a layer
            return

        def build() -> MaxPyramid:
            pyramid = MaxPyramid(uncertainty_8bit(values))
            pyramid.levels = halved_levels(pyramid.values, halve_max)
            return pyramid

        def show(pyramid: MaxPyramid) -> None:
            scene.uncertainty = pyramid
            scene.spoil()
            self._changed()

        self._background.run("uncertainty", build, show)

    def _looked_at(self, name: str) -> bool:
        scenes = (self._scene,) if self.beside is None else (self._scene, self.beside)
        return any(scene.layers[name].strength > 0 for scene in scenes)

    def _prepare(
        self, kind: str, build: Callable[[], list[UInt8Array]], pyramid: PhotoPyramid | MaxPyramid
    ) -> None:
        def show(levels: list[UInt8Array]) -> None:
            pyramid.levels = levels
            shown = (self._scene.photo, self._scene.deep)
            self._scene.spoil(
                photo=any(pyramid is one for one in shown), films=kind in (*HAZE_LAYERS, "change")
            )
            self._changed()

        self._background.run(kind, build, show)
