"""The map in the corner, and that each photo is seen again as it was left."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QEnterEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from resatt_studio.app.canvas.minimap import MiniMap
from resatt_studio.app.canvas.view_places import MOST_PLACES, ViewPlace, ViewPlaces

pytestmark = pytest.mark.gui


@pytest.fixture(autouse=True)
def wanted(canvas: Any) -> None:
    canvas.show_minimap(True)


def the_map(canvas: Any) -> MiniMap:
    (found,) = canvas.findChildren(MiniMap)
    return found


def test_the_map_is_there_while_a_part_of_the_photo_is_out_of_sight(canvas: Any) -> None:
    assert the_map(canvas).isHidden()
    canvas.zoom_to(2.0)
    assert the_map(canvas).isVisible()
    canvas.show_minimap(False)
    assert the_map(canvas).isHidden()
    canvas.show_minimap(True)
    assert the_map(canvas).isVisible()
    canvas.fit()
    assert the_map(canvas).isHidden()
    canvas.zoom_to(2.0)
    canvas.set_photo(None)
    assert the_map(canvas).isHidden()


def test_a_press_on_the_map_goes_there_and_dragging_follows(canvas: Any) -> None:
    canvas.zoom_to(4.0)
    small = the_map(canvas)
    QTest.mousePress(small, Qt.MouseButton.LeftButton, pos=QPoint(small.width() // 4, small.height() // 4))
    middle = canvas.viewport.to_photo(150, 200)
    assert middle == pytest.approx((300 / 4, 420 / 4), abs=4)
    QTest.mouseMove(small, QPoint(small.width() // 2, small.height() // 2))
    QTest.mouseRelease(small, Qt.MouseButton.LeftButton, pos=QPoint(small.width() // 2, small.height() // 2))
    assert not canvas.document.can_undo, "nothing is painted under the map"


def test_over_the_map_there_is_no_brush(canvas: Any) -> None:
    canvas.zoom_to(4.0)
    told: list[Any] = []
    canvas.pointer_moved.connect(told.append)
    QTest.mouseMove(canvas, QPoint(30, 30))
    QApplication.processEvents()
    assert told[-1] is not None
    QTest.mouseMove(canvas, QPoint(31, 30))
    QApplication.sendEvent(the_map(canvas), QEnterEvent(QPointF(5, 5), QPointF(5, 5), QPointF(5, 5)))
    QApplication.processEvents()
    assert told[-1] is None, "nor does a move that still waited bring it back"


def test_the_map_shows_the_photo_and_shades_what_is_out_of_sight(canvas: Any, qtbot: Any) -> None:
    pixels = np.zeros((300, 420, 3), np.uint8)
    pixels[:, :210] = (200, 40, 40)
    pixels[:, 210:] = (40, 40, 200)
    canvas.set_photo(pixels, photo_id="b" * 64)
    canvas.zoom_to(4.0)
    canvas.centre_on(150, 105)
    small = the_map(canvas)
    qtbot.waitUntil(lambda: not small._redraw.isActive(), timeout=60_000)
    image = small.grab().toImage()
    seen = image.pixelColor(image.width() // 4, image.height() // 2)
    unseen = image.pixelColor(image.width() * 3 // 4, image.height() // 2)
    assert (seen.red(), seen.blue()) == (200, 40)
    assert unseen.blue() > 2 * unseen.red() and unseen.blue() < 180


def test_places_are_told_as_text_and_read_back() -> None:
    told: list[str] = []
    places = ViewPlaces(changed=told.append)
    place = ViewPlace((300, 420), 2.5, 10.25, 400.5)
    places.put("a", place)
    places.put("a", place)
    assert len(told) == 1, "what did not change is not written again"
    assert ViewPlaces(told[0]).get("a") == place
    places.put("a", None)
    assert ViewPlaces(told[-1]).get("a") is None


@pytest.mark.parametrize(
    "text", ["", "nonsense", "{}", '[["a",1,2,0,3,4],["b"],7,["c",1,2,NaN,3,4]]', "[null"]
)
def test_places_that_cannot_be_understood_are_left_out(text: str) -> None:
    assert ViewPlaces(text).text == "[]"


def test_only_so_many_places_are_kept_and_the_newest_stay() -> None:
    places = ViewPlaces()
    for number in range(MOST_PLACES + 5):
        places.put(str(number), ViewPlace((1, 1), 1.0, 0.0, 0.0))
    assert places.get("4") is None and places.get("5") is not None


def test_a_photo_is_seen_again_as_it_was_left_also_by_another_canvas(canvas: Any, qtbot: Any) -> None:
    from resatt_studio.app.canvas.view import PhotoCanvas

    canvas.zoom_to(3.0)
    canvas.centre_on(80, 300)
    before = canvas.viewport
    canvas.remember_place()
    again = PhotoCanvas()
    again.places = ViewPlaces(canvas.places.text)
    qtbot.addWidget(again)
    again.resize(400, 300)
    again.show()
    qtbot.waitExposed(again)
    again.set_photo(np.zeros((300, 420, 3), np.uint8), photo_id="a" * 64)
    again_view = again.viewport
    assert again_view.scale == before.scale
    assert abs(again_view.top - before.top) <= 1 and abs(again_view.left - before.left) <= 1
    again.set_photo(np.zeros((30, 42, 3), np.uint8), photo_id="a" * 64)
    assert again.viewport == again.viewport.fitted(), "a photo of another size is seen whole"
    again.background.stop()
