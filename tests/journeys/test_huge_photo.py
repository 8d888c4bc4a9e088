"""A photo that is too large for memory: opened by tiles, painted, left, come back to."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from resatt_studio.annotation.strokes import stamp
from resatt_studio.app.worker import once
from resatt_studio.imaging.tiled_tiff import TiledTiff
from resatt_studio.records.correction import Label
from resatt_studio.records.geometry import Box
from resatt_studio.records.jobs import JobProgress, JobReport, Urgency
from resatt_studio.records.prediction import HugePrediction
from resatt_studio.synthesis.scenes import render_scene
from tests.app.test_version_comparison import other_weights
from tests.imaging.huge_tiffs import break_tile, texture, write

pytestmark = pytest.mark.gui
HEIGHT, WIDTH = 2300, 3100


@lru_cache(maxsize=1)
def wall() -> np.ndarray:
    """Clouds, and a drawn crack in a square of 512 pixels at (800, 1200)."""
    pixels = texture(HEIGHT, WIDTH)
    pixels[800:1312, 1200:1712] = render_scene(23, 512, 512).pixels
    return pixels


@dataclass(frozen=True)
class Desk:
    """The window, and what it told."""

    window: Any
    parts: Any
    heard: list[Any] = field(default_factory=list)


@pytest.fixture
def desk(studio: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """The window with photos open of which none fits in memory, and tiles that are small beside them."""
    return laid(studio, tmp_path, monkeypatch, None)


@pytest.fixture
def quick_desk(studio: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_weights: Path) -> Desk:
    """The same with a network that answers soon."""
    return laid(studio, tmp_path, monkeypatch, tiny_weights)


def laid(studio: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, weights: Path | None) -> Desk:
    from resatt_studio.app.main import wait_for
    from resatt_studio.imaging import tiff_sketch
    from resatt_studio.workflow.jobs import drain
    from resatt_studio.workflow.load import add_photos
    from resatt_studio.workflow.project import create_project

    monkeypatch.setattr(tiff_sketch, "WHOLE_PX", 10_000)
    photos = tmp_path / "photos"
    photos.mkdir()
    write("tiled-deflate", photos / "a.tif", wall())
    write("tiled-deflate", photos / "b.tif", texture(HEIGHT, WIDTH, seed=8))
    break_tile(photos / "b.tif", 60)
    with create_project(tmp_path / "wall.resatt", weights) as project:
        drain(add_photos(project, [photos]))
    session = studio.parts.session
    session.memory.bound_bytes = 8 * HEIGHT * WIDTH // 2
    session.memory.least_tile_bytes = 0
    session.tile_cache.folder = tmp_path / "tiles"
    made = Desk(studio.window, studio.parts)
    session.told.connect(made.heard.append)
    session.failed.connect(made.heard.append)
    session.open_project(tmp_path / "wall.resatt")
    assert wait_for(lambda: session.tiles is not None, 60)
    return made


def shown(desk: Desk) -> bool:
    """Whether everything that is seen is exact."""
    canvas, tiles = desk.window.canvas, desk.parts.session.tiles
    return tiles is not None and tiles.built and not tiles.wanted(canvas.viewport)


def quiet(desk: Desk) -> bool:
    """Whether everything is shown, and the file was compared."""
    session = desk.parts.session
    return shown(desk) and not session.files.busy and not session.tile_worker.busy


def test_a_huge_photo_is_shown_painted_and_come_back_to(desk: Desk, tmp_path: Path) -> None:
    from resatt_studio.app.main import settle, wait_for

    session, canvas = desk.parts.session, desk.window.canvas
    assert wait_for(lambda: shown(desk), 60)
    assert session.photo is None and session.document is not None
    assert any("part by part" in str(word) for word in desk.heard)
    canvas.zoom_to(1.0)
    canvas.centre_on(1200, 2000)
    assert wait_for(lambda: shown(desk), 60)
    view = canvas.viewport
    seen = view.visible
    exact = wall()[seen.slices][: view.view_height, : view.view_width]

    def painted() -> np.ndarray:
        canvas.scene.compose()
        picture = canvas.scene.photo_picture.view(np.uint8).reshape(*canvas.scene.photo_picture.shape, 4)
        return picture[: exact.shape[0], : exact.shape[1], 2::-1]

    assert wait_for(lambda: np.array_equal(painted(), exact), 60)
    assert 0 < session.memory.used_bytes <= session.memory.bound_bytes

    document = session.document
    box, mask = stamp([(1200, 2000), (1210, 2050)], 6, Box(0, 0, HEIGHT, WIDTH))
    labels = np.where(mask, np.uint8(Label.CRACK), np.uint8(Label.UNSAID))
    document.apply_labels("test", box, labels)
    session.note_edit()
    assert wait_for(lambda: quiet(desk), 60)
    session.next_photo()
    assert wait_for(lambda: session.entry is not None and session.entry.name == "b.tif", 60)
    assert wait_for(lambda: shown(desk) and any("damaged" in str(word) for word in desk.heard), 60)
    session.previous_photo()
    assert wait_for(lambda: session.tiles is not None and session.entry.name == "a.tif", 60)
    assert session.document.labels.read(box).any(), "the stroke was saved"
    view = canvas.viewport
    middle = view.to_photo(view.view_height / 2, view.view_width / 2)
    assert view.scale == 1.0 and middle == pytest.approx((1200, 2000), abs=2), "seen as it was left"
    assert session.tiles.overview() is not None, "the second visit finds its smaller sizes on the disk"
    settle(0.05)


def test_what_a_huge_photo_cannot_have_is_said_and_asked_of_no_network(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = desk.parts.session
    asked: list[Any] = []
    session.predictor.predict_part = lambda *how: asked.append(how)
    monkeypatch.setattr("resatt_studio.app.session.MOST_SEEN_PX", 1_000_000)
    desk.window.canvas.fit()
    session.predict_again()
    assert "Zoom in" in desk.heard[-1] and not asked, "all of it is seen"
    desk.window.canvas.zoom_to(2.0)
    session.predict_again()
    ((_, _, photo_id, box),) = asked
    assert photo_id == session.entry.photo_id and box == desk.window.canvas.viewport.visible
    for panel in ("labelsPanel", "attentionPanel"):
        widget = desk.window.panel(panel)
        words = " ".join(label.text() for label in widget.findChildren(_label()) if label.text())
        assert "part by part" in words, panel


def test_a_huge_photo_is_approved_in_tiles_and_can_be_learned_from(desk: Desk) -> None:
    from resatt_studio.app.main import wait_for
    from resatt_studio.records.sample import HugeSample
    from resatt_studio.workflow.finetune import collect_samples
    from resatt_studio.workflow.jobs import drain

    session = desk.parts.session
    photo_id, document = session.entry.photo_id, session.document
    said = np.full((20, 90), Label.CRACK, np.uint8)
    document.apply_labels("test", Box(1000, 1300, 1020, 1390), said)
    session.note_edit()
    session.approve()
    assert wait_for(lambda: any("a.tif is approved" in str(word) for word in desk.heard), 60)
    assert wait_for(lambda: session.entry is not None and session.entry.name == "b.tif", 60), "the next one"
    (sample,), left_out = drain(collect_samples(session.project))
    assert isinstance(sample, HugeSample) and left_out == () and sample.photo_id == photo_id
    assert np.array_equal(sample.labels_in(Box(1000, 1300, 1020, 1390)), said)
    assert sample.labels.nbytes < 1_000_000 and sample.predicted is None


def test_what_is_seen_of_a_huge_photo_is_predicted_and_shown(desk: Desk) -> None:
    from resatt_studio.app.main import wait_for

    session, canvas = desk.parts.session, desk.window.canvas
    canvas.zoom_to(1.0)
    canvas.centre_on(1056, 1456)
    session.predict_again()
    seen = canvas.viewport.visible
    assert wait_for(lambda: canvas.scene.probability is not None and not session.gpu.busy, 60)
    values = canvas.scene.probability.block(0, seen)
    assert values.shape == (seen.height, seen.width) and values.max() > 127
    assert session.prediction is None, "it is kept nowhere"
    assert session.document.weights_id == session.active.weights_id, (
        "edits over it say whose mask they correct"
    )
    assert canvas.scene.probability.nbytes < 3_000_000
    session.leave_photo()
    assert canvas.scene.probability is None


def test_all_of_a_huge_photo_is_predicted_shown_kept_and_approved(quick_desk: Desk) -> None:
    from resatt_studio.app.canvas.layers import uncertainty_8bit
    from resatt_studio.app.canvas.pyramid import KeptMap
    from resatt_studio.app.main import wait_for
    from resatt_studio.imaging.halving import doubt_8bit, halve_max

    desk = quick_desk
    session, canvas = desk.parts.session, desk.window.canvas
    photo_id, whole = session.entry.photo_id, Box(0, 0, HEIGHT, WIDTH)
    canvas.zoom_to(1.0)
    canvas.centre_on(1056, 1456)
    first: list[Box] = []
    session.prediction_grew.connect(lambda part: first.extend(box for box, _ in part.pieces))
    desk.window.actions_["predict_whole"].trigger()
    session.predict_again()
    assert "is being predicted" in str(desk.heard[-1])
    assert wait_for(lambda: bool(first), 120)
    assert not first[0].intersection(canvas.viewport.visible.expanded(512)).empty, "what is seen comes first"
    assert isinstance(canvas.scene.probability, KeptMap)
    assert wait_for(lambda: session.huge is not None, 240)
    values = session.project.store.prediction(photo_id, session.active.weights_id).probability_8bit
    shown = canvas.scene.probability
    assert shown.seen is session.huge.probability and np.array_equal(shown.block(0, whole), values)
    assert np.array_equal(shown.block(1, whole.halved()), halve_max(values))
    doubt = canvas.scene.uncertainty.block(1, whole.halved())
    assert np.array_equal(doubt, uncertainty_8bit(halve_max(doubt_8bit(values))))
    assert session.crack_share == pytest.approx(np.mean(values > session.threshold * 255), abs=1e-5)
    canvas.fit()
    canvas.scene.compose()
    assert session.memory.used_bytes <= session.memory.bound_bytes
    session.leave_photo()
    assert canvas.scene.probability is None
    session.open_photo(photo_id)
    assert wait_for(lambda: session.huge is not None, 60), "it is there at once"
    session.approve()
    assert wait_for(lambda: any("a.tif is approved" in str(word) for word in desk.heard), 60)
    (entry,) = session.project.store.samples()
    assert np.array_equal(session.project.blobs.get_array(entry.predicted_blob), values)


def test_a_prediction_of_all_of_it_that_is_stopped_shows_nothing_and_goes_on_when_it_is_asked_again(
    quick_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    from resatt_studio.app import job_list
    from resatt_studio.app.main import wait_for

    monkeypatch.setattr(job_list, "SHORT_S", 0.0)  # it can be stopped at once, also where it takes a moment
    desk = quick_desk
    session, jobs, scene = desk.parts.session, desk.parts.jobs, desk.window.canvas.scene
    photo_id, weights_id = session.entry.photo_id, session.active.weights_id
    reports: list[JobProgress] = []

    def hear(report: JobReport) -> None:
        if isinstance(report, JobProgress) and report.unit == "tiles":
            reports.append(report)

    session.gpu.reported.connect(hear)
    desk.window.actions_["predict_whole"].trigger()
    assert wait_for(lambda: any(report.done >= 25 for report in reports) and bool(jobs.running), 120)
    (job,) = (job for job in jobs.running if job.title.startswith("Predict all of"))
    jobs.stop(job)
    assert wait_for(lambda: session.predictor.whole_id == "", 60)
    assert wait_for(lambda: scene.probability is None, 60), "what is finished does not pass for the whole"
    assert not session.project.store.has_prediction(photo_id, weights_id)
    reports.clear()
    desk.window.actions_["predict_whole"].trigger()
    assert wait_for(lambda: session.huge is not None, 240)
    assert "Going on" in reports[0].message and session.huge.counts.sum() == HEIGHT * WIDTH
    assert min(report.done for report in reports if not report.message) > 5, (
        "complete tiles are not asked again"
    )


def test_a_file_that_was_changed_is_put_away_and_leaves_no_tiles(desk: Desk, tmp_path: Path) -> None:
    from resatt_studio.app.main import wait_for

    session = desk.parts.session
    path = tmp_path / "photos" / "b.tif"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    photo_id = session.listed[1].photo_id
    session.next_photo()
    assert wait_for(lambda: any("was changed" in str(word) for word in desk.heard), 60)
    assert session.entry is None and session.tiles is None
    assert wait_for(lambda: not session.tile_worker.busy, 60)
    assert not tiles_on_disk(session, photo_id)


def tiles_on_disk(session: Any, photo_id: str) -> set[str]:
    """Names of the folders of this photo's tiles that hold any."""
    return {path.parent.name for path in session.tile_cache.folder.glob(f"{photo_id}*/*.tile")}


def test_tiles_of_a_photo_that_was_left_before_it_was_compared_are_not_kept(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    from resatt_studio.app import jobs
    from resatt_studio.app.main import wait_for
    from resatt_studio.workflow.jobs import progress

    released: list[bool] = []

    def compare(*_: object) -> Any:
        while not released:
            yield progress(0, 0)

    monkeypatch.setattr(jobs, "compare_file", compare)
    session = desk.parts.session
    session.next_photo()
    assert wait_for(lambda: session.tiles is not None and session.entry.name == "b.tif" and shown(desk), 60)
    photo_id = session.entry.photo_id
    assert tiles_on_disk(session, photo_id) == {f"{photo_id}.visit"}, "nobody knows yet what they show"
    session.leave_photo()
    assert wait_for(lambda: not session.tile_worker.busy and not session.files.busy, 60)
    assert not tiles_on_disk(session, photo_id)
    session.open_photo(photo_id)
    assert wait_for(lambda: session.tiles is not None and shown(desk), 60)
    assert tiles_on_disk(session, photo_id)
    desk.window.close()
    assert desk.window.ended_in_time and not tiles_on_disk(session, photo_id), "nor when the window is closed"
    released.append(True)


@pytest.mark.parametrize("is_shown", [True, False], ids=["left", "not yet shown"])
def test_a_window_that_closes_meanwhile_lets_go_of_the_file(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, is_shown: bool
) -> None:
    from resatt_studio.app.main import wait_for
    from resatt_studio.imaging import tiled_tiff

    session, usual = desk.parts.session, tiled_tiff.open_tiled
    opened: list[TiledTiff] = []
    may_open, ready = threading.Event(), threading.Event()

    def noted(path: Path, least_px: int = 0) -> TiledTiff | None:
        assert may_open.wait(60)
        photo = usual(path, least_px)
        opened.extend([photo] if photo else [])
        return photo

    assert wait_for(lambda: quiet(desk), 60)
    monkeypatch.setattr(tiled_tiff, "open_tiled", noted)
    session.next_photo()
    assert wait_for(lambda: not session._writes, 60), "nothing is left to write, which closing would wait for"
    may_open.set()
    if is_shown:
        assert wait_for(lambda: session.tiles is not None and session.entry.name == "b.tif", 60)
        session.leave_photo()
    else:
        session.files.submit(once(ready.set), Urgency.PREDICT_SHOWN)
        assert ready.wait(60), "it is open, and the window did not hear of it yet"
        assert session.tiles is None
    desk.window.close()
    assert desk.window.ended_in_time
    assert opened and all(photo._file.closed for photo in opened)


def test_a_compared_photo_keeps_its_tiles_but_for_those_with_damaged_parts(desk: Desk) -> None:
    from resatt_studio.app.main import wait_for

    session = desk.parts.session
    assert wait_for(lambda: quiet(desk), 60)
    sound = session.entry.photo_id
    assert tiles_on_disk(session, sound) == {sound}
    session.next_photo()
    assert wait_for(lambda: session.tiles is not None and session.entry.name == "b.tif" and shown(desk), 60)
    assert wait_for(lambda: quiet(desk), 60)
    damaged = session.entry.photo_id
    assert f"{damaged}.visit" in tiles_on_disk(session, damaged)
    desk.heard.clear()
    session.previous_photo()
    assert wait_for(lambda: session.tiles is not None and session.entry.name == "a.tif", 60)
    session.next_photo()
    assert wait_for(lambda: any("1 part is damaged" in str(word) for word in desk.heard), 60), "told again"


def test_a_file_that_cannot_be_compared_just_now_stays_on_the_screen(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    from resatt_studio.app import jobs
    from resatt_studio.app.main import wait_for
    from resatt_studio.errors import PhotoError
    from resatt_studio.workflow.jobs import progress

    session = desk.parts.session
    assert wait_for(lambda: quiet(desk), 60)
    photo_id = session.entry.photo_id
    session.leave_photo()

    def compare(*_: object) -> Any:
        yield progress(0, 0)
        raise PhotoError("The network drive is away.")

    monkeypatch.setattr(jobs, "compare_file", compare)
    session.open_photo(photo_id)
    assert wait_for(lambda: any("drive is away" in str(word) for word in desk.heard), 60)
    assert session.tiles is not None and tiles_on_disk(session, photo_id) == {photo_id}


def test_a_checkpoint_of_a_huge_photo_is_there_when_it_is_opened_again(desk: Desk) -> None:
    from resatt_studio.app.main import wait_for

    session, history = desk.parts.session, desk.parts.history
    photo_id = session.entry.photo_id
    history.add_checkpoint("before the rain")
    assert wait_for(lambda: len(history.checkpoints) == 1, 60)
    session.leave_photo()
    assert history.checkpoints == ()
    session.open_photo(photo_id)
    assert wait_for(lambda: [one.name for one in history.checkpoints] == ["before the rain"], 60)


def test_scale_and_answer_of_a_huge_photo_are_kept_and_n_says_why_not(desk: Desk) -> None:
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest

    from resatt_studio.app.main import wait_for
    from resatt_studio.records.labels import CrackType

    session, parts = desk.parts.session, desk.parts
    photo_id = session.entry.photo_id
    parts.scale.set(0.25)
    desk.window.actions_["answer_1"].trigger()
    chosen = parts.labels.chosen
    assert chosen is CrackType(chosen) and wait_for(lambda: parts.scale.mm_per_px == 0.25, 60)
    QTest.keyClick(desk.window.canvas, Qt.Key.Key_N)
    assert "part by part" in desk.window.notice.text and parts.doubts.words == ""
    session.leave_photo()
    assert parts.scale.mm_per_px is None and parts.labels.chosen is None
    session.open_photo(photo_id)
    assert wait_for(lambda: parts.scale.mm_per_px == 0.25 and parts.labels.chosen is chosen, 60)


NEVER = ("next_doubt", "toggle_dehazed", "toggle_compare", "toggle_heat", "toggle_change", "solo_residual")


def test_what_can_never_be_done_with_a_huge_photo_is_disabled_and_says_why(
    desk: Desk, tmp_path: Path, tiny_photo: Any
) -> None:
    import cv2
    from PySide6.QtCore import QPoint, Qt
    from PySide6.QtTest import QTest

    from resatt_studio.app.main import wait_for
    from resatt_studio.app.palette import entries

    window, parts, session = desk.window, desk.parts, desk.parts.session
    actions, layers = window.actions_, window.panel("layersPanel")
    offered = {entry.text: entry for entry in entries(parts, actions, {})}
    for id in NEVER:
        assert not actions[id].isEnabled(), id
        assert "megapixels are shown part by part" in actions[id].toolTip(), id
        assert "part by part" in offered[parts.keys.name(id)].why_not, id
    assert actions["toggle_mask"].isEnabled() and "part by part" not in actions["toggle_mask"].toolTip()
    seen = {name: row.eye.isEnabled() for name, row in layers.rows.items()}
    assert {name for name, can in seen.items() if not can} == {
        "dehazed", "transmission", "residual", "heat", "change",
    }  # fmt: skip
    assert "part by part" in layers.rows["heat"].eye.toolTip()
    assert not layers.input.compare.isEnabled() and "part by part" in layers.input.state.text()
    window.notice.news.close_one()
    QTest.keyClick(window.canvas, Qt.Key.Key_C, Qt.KeyboardModifier.ShiftModifier)
    assert "part by part" in window.notice.text, "its key says so"
    window.notice.news.close_one()
    parts.view.set_brush(tool="attention")
    middle = QPoint(window.canvas.width() // 2, window.canvas.height() // 2)
    QTest.mouseClick(window.canvas, Qt.MouseButton.LeftButton, pos=middle)
    assert "part by part" in window.notice.text and not parts.attention.shown
    parts.view.set_brush(tool="brush")
    small = tmp_path / "small.png"
    assert cv2.imwrite(str(small), tiny_photo(96, 128)[0])
    session.predictor.predict_shown = lambda project, photo: None
    session.create_project(tmp_path / "small.resatt", [small])
    assert wait_for(lambda: session.photo is not None, 60)
    assert all(actions[id].isEnabled() and "part by part" not in actions[id].toolTip() for id in NEVER)
    assert all(row.eye.isEnabled() for row in layers.rows.values())
    assert layers.input.compare.isEnabled() and "part by part" not in layers.input.state.text()


def test_layers_left_on_say_what_is_missing_on_a_huge_photo_and_can_be_put_away(desk: Desk) -> None:
    view, layers = desk.parts.view, desk.window.panel("layersPanel")
    for name in ("change", "dehazed"):
        view.set_layer(name, visible=True)
        assert layers.rows[name].eye.isEnabled()
        layers.rows[name].eye.click()
        assert not view.layers[name].visible and not layers.rows[name].eye.isEnabled()
    view.set_layer("dehazed", visible=True)
    assert "part by part" in layers.haze.state.text()


def kept(desk: Desk, weights_id: str) -> None:
    """A prediction of all of the open photo by weights, as the project keeps it."""
    session = desk.parts.session
    with session.project.blobs.map_writer(HEIGHT, WIDTH) as writer:
        writer.put(Box(0, 0, HEIGHT, WIDTH), np.full((HEIGHT, WIDTH), 255, np.uint8))
        known = session.project.blobs.open_map(writer.seal())
    counts = np.bincount([255], [HEIGHT * WIDTH], 256).astype(np.int64)
    prediction = HugePrediction(session.entry.photo_id, weights_id, known, 0.1, counts, 1.0, "cpu")
    session.project.store.put_huge_prediction(prediction)


def test_a_kept_prediction_comes_back_with_its_weights(quick_desk: Desk) -> None:
    from resatt_studio.app.main import settle, wait_for

    desk = quick_desk
    session, canvas, shelf = desk.parts.session, desk.window.canvas, desk.parts.shelf
    first = session.active.weights_id
    second = session.project.shelf.add(other_weights(5), parent=first).weights_id
    kept(desk, second)
    assert session.huge is None
    shelf.use("r2aunet", second)
    assert wait_for(lambda: session.huge is not None, 60)
    assert session.huge.weights_id == second and canvas.scene.probability is not None
    assert session.crack_share == pytest.approx(1.0)
    session.set_photo_input("dehazed")
    assert session.huge is not None, "it is shown to the network as it is, whatever was chosen"
    shelf.roll_back("r2aunet")
    assert wait_for(lambda: session.active.weights_id == first, 60)
    settle(0.3)
    assert session.huge is None and canvas.scene.probability is None
    shelf.use("r2aunet", second)
    assert wait_for(lambda: session.huge is not None, 60)


def test_two_versions_are_not_compared_on_a_huge_photo_and_it_is_said(quick_desk: Desk) -> None:
    from resatt_studio.app.main import wait_for
    from resatt_studio.app.version_pair import Scope

    session, pair = quick_desk.parts.session, quick_desk.parts.pair
    box = quick_desk.window.panel("learningPanel").versions.comparison
    session.project.shelf.add(other_weights(5), parent=session.active.weights_id)
    session.refresh()
    assert wait_for(lambda: len(session.state.versions) == 2, 60)
    pair.choose([version.weights_id for version in session.state.versions])
    assert box.compare.isEnabled()
    pair.set_scope(Scope.SHOWN)
    assert not box.compare.isEnabled() and "part by part" in box.told.text()
    session.leave_photo()
    session.photo_changed.emit(None)
    assert not box.compare.isEnabled() and "Open an approved photo" in box.told.text()


def test_building_smaller_sizes_stands_in_the_list_of_jobs(desk: Desk) -> None:
    from resatt_studio.app.main import wait_for

    assert wait_for(lambda: quiet(desk), 60)
    session, jobs = desk.parts.session, desk.parts.jobs
    seen: list[str] = []
    session.tile_worker.reported.connect(lambda _: seen.extend(job.title for job in jobs._running.values()))
    session.next_photo()
    assert wait_for(lambda: "Build smaller sizes" in seen, 60)
    assert wait_for(lambda: quiet(desk), 60)
    assert not jobs._running


def test_a_photo_that_only_fits_whole_says_what_it_would_take(studio: Any, project_folder: Path) -> None:
    from resatt_studio.app.main import wait_for

    session = studio.parts.session
    session.memory.bound_bytes = 1000
    errors: list[Any] = []
    session.failed.connect(errors.append)
    session.open_project(project_folder)
    assert wait_for(lambda: bool(errors), 60)
    assert "Memory for photos" in errors[0].hint and session.tiles is None and session.photo is None


def _label() -> type:
    from PySide6.QtWidgets import QLabel

    return QLabel


def test_the_tracer_brings_the_pixels_that_it_needs_and_follows_the_crack(desk: Desk) -> None:
    from PySide6.QtCore import QPoint, Qt
    from PySide6.QtTest import QTest

    from resatt_studio.app.main import wait_for
    from resatt_studio.imaging.centre_lines import centre_lines

    session, canvas = desk.parts.session, desk.window.canvas
    assert wait_for(lambda: shown(desk), 60)
    assert canvas.scale < 0.5, "the photo's own pixels are not on the screen"
    truth = render_scene(23, 512, 512).mask
    line = np.argwhere(centre_lines(truth)) + np.array([800, 1200])
    ends = [line[np.abs(line[:, 1] - column).argmin()] for column in (1250, 1660)]
    desk.parts.view.set_brush(tool="tracer")
    tool = canvas._gestures.tool

    def click(row: int, column: int) -> None:
        at = canvas.viewport.to_view(row + 0.5, column + 0.5)
        QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=QPoint(round(at[1]), round(at[0])))

    click(*ends[0])
    if not tool.in_hand:  # the first pixels were on their way
        assert wait_for(lambda: not session.tile_worker.busy, 60)
        click(*ends[0])
    assert tool.in_hand
    click(*ends[1])
    QTest.keyClick(canvas, Qt.Key.Key_Return)
    assert wait_for(lambda: session.document.edit_count == 1, 60)
    said = session.document.labels.read(Box(800, 1200, 1312, 1712)) == Label.CRACK
    assert said.any() and truth[said].mean() > 0.5


def test_where_nothing_was_predicted_tools_say_so_and_name_the_key(desk: Desk) -> None:
    from PySide6.QtCore import QPoint, Qt
    from PySide6.QtTest import QTest

    from resatt_studio.app.main import wait_for
    from resatt_studio.records.prediction import PredictionPart

    session, canvas = desk.parts.session, desk.window.canvas
    assert "{predict}" in session.huge_words, "the key is put in where it is shown"
    assert "Ctrl+P" in desk.window.notice.news.text
    assert wait_for(lambda: shown(desk), 60)
    canvas.add_part(
        PredictionPart(session.entry.photo_id, "w", ((Box(0, 0, 64, 64), np.zeros((64, 64), np.uint8)),))
    )
    assert canvas.knows_probability(Box(60, 60, 70, 70)) and not canvas.knows_probability(Box(64, 64, 70, 70))
    for name in ("wand", "accept"):
        desk.parts.view.set_brush(tool=name)
        desk.window.status.clearMessage()
        middle = QPoint(canvas.width() // 2, canvas.height() // 2)
        QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=middle)
        assert "Ctrl+P asks the network" in desk.window.status.currentMessage(), name
