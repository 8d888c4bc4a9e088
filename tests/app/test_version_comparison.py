"""Claims about two versions in the window: scores on the same photos, what changed on the shown photo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from resatt_studio.app.changes import LAYER
from resatt_studio.app.main import settle, wait_for
from resatt_studio.app.version_pair import Scope
from resatt_studio.imaging.changes import GAINED_COLOUR, LOST_COLOUR, area_words, change_map
from resatt_studio.models import create_model
from resatt_studio.models.state import pack_weights
from resatt_studio.workflow.jobs import drain
from resatt_studio.workflow.load import add_photos
from resatt_studio.workflow.project import open_project

pytestmark = pytest.mark.gui

CONFIG = {"base_width": 2, "t": 1, "stem": 2}


def other_weights(seed: int) -> Any:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return pack_weights("r2aunet", CONFIG, create_model("r2aunet", **CONFIG).state_dict())


@pytest.fixture
def opened(studio: Any, project_folder: Path, photo_folder: Path) -> Any:
    """The window with four approved photos; v2, which is in use, comes from v1, and v3 from v2 waits."""
    with open_project(project_folder) as project:
        drain(add_photos(project, [photo_folder], photo_folder.parent / "masks"))
        first = project.shelf.active()
        second = project.shelf.add(other_weights(5), parent=first.weights_id)
        project.shelf.promote(second.weights_id)
        project.shelf.add(other_weights(6), parent=second.weights_id)
    session = studio.parts.session
    studio.window.bring("learningPanel")
    session.open_project(project_folder)
    assert wait_for(lambda: session.prediction is not None, 60)
    return studio


def comparison(studio: Any) -> Any:
    return studio.window.panel("learningPanel").versions.comparison


def show_change(studio: Any) -> Any:
    studio.window.actions_["toggle_change"].trigger()
    assert wait_for(lambda: studio.parts.changes.change is not None, 60), studio.parts.changes.asking.trouble
    return studio.parts.changes.change


def test_a_click_scores_both_on_the_approved_photos(opened: Any) -> None:
    box, pair, session = comparison(opened), opened.parts.pair, opened.parts.session
    assert not box.table.isVisible() and box.head.text() == "v1 factory → v2"
    QTest.mouseClick(box.compare, Qt.MouseButton.LeftButton)
    assert box.compare.text() == "Stop" and box.bar.isVisibleTo(box)
    assert wait_for(lambda: pair.result is not None, 60), pair.trouble
    result = pair.result
    # none of the first four photos is held back, so all that are approved are compared
    assert box.table.rowCount() == len(result.photos) == 4 and not result.held_back
    shown = [box.table.item(place, 0).text() for place in range(4)]
    row = next(row for row in result.photos if row.name == shown[0])
    assert [box.table.item(0, column).text() for column in range(3)] == [
        row.name,
        f"{row.before.dice:.3f}",
        f"{row.after.dice:.3f}",
    ]
    assert f"Dice {result.pooled_before.dice:.3f} → {result.pooled_after.dice:.3f}" in box.told.text()
    kept = [session.project.store.has_prediction(row.photo_id, v.weights_id) for v in pair.versions]
    assert kept == [True, True]
    assert wait_for(lambda: any(event.kind == "compared" for event in session.state.events), 60)
    assert session.state.events[0].author == "tester"


def test_photos_are_sorted_by_numbers_and_opened_from_the_table(opened: Any) -> None:
    table, session = comparison(opened).table, opened.parts.session
    entries = session.state.entries
    pair = opened.parts.pair
    pair.compare()
    assert wait_for(lambda: pair.result is not None, 60)
    one = pair.result.photos[0]
    changes = (-0.02, 0.3, -0.3, 0.0)
    rows = tuple(
        type(one)(
            entry.photo_id, entry.name, one.before, type(one.before)(one.before.dice + change, 0, 0, 0, 0)
        )
        for entry, change in zip(entries, changes, strict=True)
    )
    table.show_rows(rows)
    shown = lambda: [float(table.item(row, 3).text()) for row in range(4)]  # noqa: E731
    assert shown() == [-0.3, -0.02, 0.0, 0.3], "the worst comes first"
    table.sortByColumn(3, Qt.SortOrder.DescendingOrder)
    assert shown() == [0.3, 0.0, -0.02, -0.3]
    table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
    assert [table.item(row, 0).text() for row in range(4)] == [entry.name for entry in entries]
    table.setCurrentCell(2, 0)
    QTest.keyClick(table, Qt.Key.Key_Space)
    assert session.entry.photo_id == entries[2].photo_id


def test_another_choice_takes_the_scores_of_the_former_pair_away(opened: Any) -> None:
    box, pair, tree = comparison(opened), opened.parts.pair, comparison(opened).parent().tree
    pair.compare()
    assert wait_for(lambda: pair.result is not None, 60)
    first = pair.result
    tree.choose_row(0)
    assert [v.name for v in pair.versions] == ["v2", "v3"] and pair.result is None
    assert not box.table.isVisible()
    tree.choose_row(1)
    assert pair.result is first, "back at the first pair it is known"


def test_comparing_can_be_stopped_and_a_refusal_is_told_in_the_panel(opened: Any) -> None:
    box, pair, session = comparison(opened), opened.parts.pair, opened.parts.session
    pair.compare()
    pair.stop()
    settle(0.3)
    assert not pair.running and pair.result is None and box.compare.text() == "Compare"
    session.project.store.samples = lambda *asked, **more: []
    for scope in (Scope.JUDGING, Scope.APPROVED):
        pair.set_scope(scope)
        pair.compare()
        assert wait_for(lambda: pair.trouble is not None, 60)
        assert "No photo of the project is approved yet" in box.told.text() and "Enter" in box.told.text()


def test_the_photos_that_are_compared_on_stay_chosen_when_the_panel_is_made_anew(opened: Any) -> None:
    box, pair = comparison(opened), opened.parts.pair
    pair.set_scope(Scope.APPROVED)
    anew = type(box)(opened.parts)  # as another language does
    assert Scope(anew.scope.currentData()) is Scope.APPROVED and anew.scope.currentText() != ""
    anew.deleteLater()


def test_the_shown_photo_and_all_approved_ones_can_be_compared_too(opened: Any) -> None:
    box, pair, session = comparison(opened), opened.parts.pair, opened.parts.session
    box.scope.setFocus()
    for key, names in (
        (Qt.Key.Key_Down, {entry.name for entry in session.state.entries}),
        (Qt.Key.Key_End, {session.entry.name}),
    ):
        QTest.keyClick(box.scope, key)
        assert pair.result is None and not box.table.isVisible(), "scores on other photos are put away"
        QTest.mouseClick(box.compare, Qt.MouseButton.LeftButton)
        assert wait_for(lambda: pair.result is not None, 60), pair.trouble
        assert {row.name for row in pair.result.photos} == names and not pair.result.held_back
    assert "All pixels of 1 approved photo" in box.told.text()


def test_the_layer_shows_what_the_version_in_use_changed_against_its_parent(opened: Any) -> None:
    change = show_change(opened)
    session, (before, after) = opened.parts.session, opened.parts.pair.versions
    assert (change.before_id, change.after_id) == (before.weights_id, after.weights_id)
    assert after.weights_id == session.active.weights_id and change.thresholds == (session.threshold,) * 2
    store = session.project.store
    kept = [store.prediction(change.photo_id, v.weights_id) for v in (before, after)]
    np.testing.assert_array_equal(change.ranks, change_map(*kept, change.thresholds).ranks)
    assert change.areas.gained_px + change.areas.lost_px > 0, "these two differ"
    scene = opened.window.canvas.scene
    assert scene.change.ranks.values is change.ranks and scene.shown_of(scene.change) == ("change",)
    opened.window.canvas.set_peek(True)
    assert not scene.shown_of(scene.change)
    opened.window.canvas.set_peek(False)


def test_the_legend_names_the_pair_and_both_areas(opened: Any) -> None:
    legend = opened.window.panel("layersPanel").change
    assert not legend.isVisible()
    areas = show_change(opened).areas
    settle(0.05)
    assert legend.isVisible() and "v1 factory → v2" in legend.state.text()
    assert legend.gained.text() == f"Crack gained: {area_words(areas.gained_px, areas.gained_share)}"
    assert legend.lost.text() == f"Crack lost: {area_words(areas.lost_px, areas.lost_share)}"
    layer = opened.parts.view.layers[LAYER]
    assert [swatch.colour for swatch in legend.swatches] == [layer.colour, layer.other_colour]
    assert comparison(opened).map.isChecked()
    opened.window.actions_["toggle_change"].trigger()
    assert not legend.isVisible() and not comparison(opened).map.isChecked()


def test_another_threshold_draws_it_anew_without_asking_a_network(opened: Any) -> None:
    change = show_change(opened)
    opened.parts.pair._session.predictor.both_versions = None  # asking would fail
    opened.parts.session.set_threshold(0.45)
    changes = opened.parts.changes
    assert wait_for(lambda: changes.change is not change, 60)
    assert changes.change.thresholds == (0.45, 0.45)


def test_another_pair_or_photo_is_asked_for_and_the_old_map_is_gone(opened: Any) -> None:
    first, changes, session = show_change(opened), opened.parts.changes, opened.parts.session
    tree = comparison(opened).parent().tree
    tree.choose_row(0)
    assert changes.change is None, "a map of other versions would lie"
    assert wait_for(lambda: changes.change is not None, 60)
    assert changes.change.after_id != first.after_id
    session.next_photo()
    assert changes.change is None
    assert wait_for(lambda: changes.change is not None, 60)
    assert changes.change.photo_id == session.entry.photo_id != first.photo_id


def test_without_a_parent_the_legend_says_what_to_do(studio: Any, project_folder: Path) -> None:
    session = studio.parts.session
    session.open_project(project_folder)
    assert wait_for(lambda: session.photo is not None, 60)
    studio.window.actions_["toggle_change"].trigger()
    legend = studio.window.panel("layersPanel").change
    assert "let the network learn" in legend.state.text() and not legend.gained.isVisible()
    assert studio.parts.pair.versions is None and comparison(studio).isHidden()
    assert not studio.parts.changes.asking.waiting


def test_a_hidden_layer_asks_nothing(opened: Any) -> None:
    settle(0.2)
    assert not opened.parts.changes.asking.waiting and opened.parts.changes.change is None


def test_the_layers_colours_are_those_of_the_exported_picture(opened: Any) -> None:
    layer = opened.parts.view.layers[LAYER]
    as_hex = ["#{:02x}{:02x}{:02x}".format(*colour) for colour in (GAINED_COLOUR, LOST_COLOUR)]
    assert [layer.colour, layer.other_colour] == as_hex
