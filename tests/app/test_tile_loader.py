"""Claims about bringing tiles: what belongs to a photo that was left is asked for no longer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from resatt_studio.app.canvas.tile_loader import TileLoader
from resatt_studio.app.canvas.viewport import Viewport
from resatt_studio.app.main import wait_for
from resatt_studio.app.worker import Worker
from resatt_studio.imaging.pyramid_cache import TileKey
from resatt_studio.records.geometry import Box

pytestmark = pytest.mark.gui
VIEW = Viewport(100, 100, 2000, 2000)


@pytest.fixture
def worker(qapp: object) -> Iterator[Worker]:
    made = Worker("tiles of the test")
    made.start()
    yield made
    assert made.stop()


class EndlessPyramid:
    """A photo of which a tile is always missing and whose smaller sizes are never all built."""

    built = False
    photo = SimpleNamespace(damaged=frozenset())

    def __init__(self) -> None:
        self.loaded = 0
        self.building_now = self.left = False

    def building(self) -> Iterator[tuple[int, int, Box]]:
        self.building_now = True
        try:
            while True:
                time.sleep(0.002)
                yield 0, 1, Box(0, 0, 0, 0)
        finally:
            self.left = True

    def wanted(self, viewport: Viewport) -> list[TileKey]:
        return [TileKey(0, 0, 0)]

    def load(self, key: TileKey) -> Box:
        self.loaded += 1
        return Box(0, 0, 512, 512)


def test_leaving_a_photo_ends_its_building_however_often_it_was_looked_at(worker: Worker) -> None:
    pyramid: Any = EndlessPyramid()
    loader = TileLoader(worker)
    loader.show(pyramid)
    assert wait_for(lambda: pyramid.building_now, 60)
    for looks in range(1, 13):
        loader.look(VIEW)
        assert wait_for(lambda looks=looks: pyramid.loaded >= looks, 60)
    assert not pyramid.left, "looking does not end it"
    loader.show(None)
    assert wait_for(lambda: pyramid.left and not worker.busy, 60)


def test_what_one_loader_builds_is_told_for_another_view_of_the_photo(worker: Worker) -> None:
    pyramid: Any = EndlessPyramid()
    pyramid.building = lambda: iter([(1, 1, Box(0, 0, 512, 512))])
    loader, other = TileLoader(worker), TileLoader(worker, name="second-")
    grown: list[Box] = []
    loader.grew.connect(grown.append)
    other.show(pyramid, builds=False)
    loader.show(pyramid)
    assert wait_for(lambda: bool(grown), 60)
    assert grown == [Box(0, 0, 512, 512)]
