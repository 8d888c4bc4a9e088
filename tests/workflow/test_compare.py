"""Claims about comparing two versions: the same photos, no network asked twice, told in the log."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from resatt_studio.errors import ExportError, LearningError, PhotoError, WeightsError
from resatt_studio.imaging.scores import count, dice
from resatt_studio.learning.exam import question, truth_of
from resatt_studio.learning.support import Window
from resatt_studio.records.geometry import Box
from resatt_studio.records.photo import Split
from resatt_studio.records.prediction import Prediction
from resatt_studio.records.review import ReviewAct
from resatt_studio.workflow import compare
from resatt_studio.workflow.compare import (
    change_to_file,
    compare_versions,
    find_photo,
    judging_samples,
    parent_version,
)
from resatt_studio.workflow.jobs import drain
from resatt_studio.workflow.load import add_photos
from resatt_studio.workflow.project import Project
from resatt_studio.workflow.promote import rollback


@pytest.fixture
def two(project: Project, photo_folder: Path, make_weights: Callable[..., Any], tmp_path: Path) -> Any:
    """The project with five approved photos, one of which judges; the active version and a child of it that
    learned from one."""
    masks = photo_folder.parent / "masks"
    (photo_folder / "wall_7.jpg").write_bytes((photo_folder / "wall_0.jpg").read_bytes() + b"another file")
    (masks / "wall_7.png").write_bytes((masks / "wall_0.png").read_bytes())
    drain(add_photos(project, [photo_folder], photo_folder.parent / "masks"))
    parent = project.shelf.active()
    learned = [sample.sample_id for sample in project.store.samples(Split.TRAIN)][:1]
    weights = make_weights(tmp_path / "other.safetensors", seed=9)
    return parent, project.shelf.add(weights, parent=parent.weights_id, samples=learned)


def run(project: Project, two: Any, *photo_ids: str) -> Any:
    return drain(compare_versions(project, *two, photo_ids or None, device="cpu", threads=1, author="Ada"))


def test_the_held_back_photos_are_scored_with_both_versions(project: Project, two: Any) -> None:
    result = run(project, two)
    held = project.store.samples(Split.VALIDATION)
    assert held and [row.photo_id for row in result.photos] == [sample.photo_id for sample in held]
    assert result.held_back and not any(row.learned for row in result.photos)
    for row, sample in zip(result.photos, held, strict=True):
        truth, known = truth_of(project.blobs.get_array(sample.labels_blob), None)
        for version, scores in zip(two, (row.before, row.after), strict=True):
            kept = project.store.prediction(row.photo_id, version.weights_id)
            assert kept is not None, "what was predicted is kept in the project"
            assert scores.dice == dice(count(kept.mask(project.settings.threshold), truth, known))
    assert result.change == result.pooled_after.dice - result.pooled_before.dice


def test_a_photo_that_taught_is_marked_and_pooling_adds_pixels(project: Project, two: Any) -> None:
    everything = [sample.photo_id for sample in project.store.samples()]
    result = run(project, two, *everything)
    learned = project.store.sample(two[1].samples[0]).photo_id
    assert [row.photo_id for row in result.photos if row.learned] == [learned]
    assert not result.held_back and result.pooled_after.photos == 5
    dices = [row.after.dice for row in result.photos]
    assert min(dices) <= result.pooled_after.dice <= max(dices)


def test_comparing_again_asks_no_network_and_gives_the_same(
    project: Project, two: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run(project, two)

    def never(*_: object) -> None:
        raise AssertionError("a network was asked")

    monkeypatch.setattr(compare, "make_engine", never)
    monkeypatch.setattr(compare, "open_photo", never)
    assert run(project, two) == first


def test_a_version_against_itself_changes_nothing(project: Project, two: Any) -> None:
    result = run(project, (two[0], two[0]))
    assert result.change == 0 and all(row.change == 0 for row in result.photos)


def test_before_any_photo_is_held_back_all_approved_ones_stand_in(
    project: Project, two: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    taught = project.store.samples(Split.TRAIN)
    monkeypatch.setattr(project.store, "samples", lambda split=None, agreed_only=False: taught)
    entries, held_back = judging_samples(project)
    assert list(entries) == taught and not held_back


def test_where_nothing_is_approved_there_is_nothing_to_compare_by(project: Project) -> None:
    for asked in (None, []):
        with pytest.raises(LearningError, match="No photo of the project is approved yet"):
            judging_samples(project, asked)


def test_where_agreed_photos_alone_count_they_alone_judge_a_comparison(project: Project, two: Any) -> None:
    project.settings.learn_agreed_only = True
    with pytest.raises(LearningError, match="No second reader has agreed"):
        judging_samples(project)
    agreed = project.store.samples(Split.VALIDATION)[0]
    project.store.second_reading(agreed.photo_id, ReviewAct.AGREED, "", "Bo")
    assert judging_samples(project) == ((agreed,), True)
    assert len(judging_samples(project, [sample.photo_id for sample in project.store.samples()])[0]) == 5


def test_a_lost_photo_is_named_and_the_rest_goes_on(project: Project, two: Any) -> None:
    everything = project.store.samples()
    everything[0].photo_path.unlink()
    result = run(project, two, *(sample.photo_id for sample in everything))
    assert len(result.photos) == 4 and everything[0].photo_path.name in result.left_out[0]
    rest = [sample.photo_id for sample in everything[1:]]
    for sample in everything[1:]:
        sample.photo_path.unlink()
    assert run(project, two, *rest).photos == result.photos, "what is known needs no photo"


def test_when_no_photo_is_left_the_reason_is_told(project: Project, two: Any) -> None:
    for sample in project.store.samples():
        sample.photo_path.unlink()
    with pytest.raises(PhotoError, match="None of the photos could be compared"):
        run(project, two)


def test_without_approved_photos_it_says_what_to_do(project: Project, photo_folder: Path) -> None:
    active = project.shelf.active()
    with pytest.raises(LearningError, match="No photo of the project is approved"):
        run(project, (active, active))
    added = drain(add_photos(project, [photo_folder])).photos
    with pytest.raises(LearningError, match=r"wall_0.jpg is not approved"):
        run(project, (active, active), added[0].photo_id)


def test_versions_of_other_networks_draw_no_masks(
    project: Project, two: Any, small_weights: Callable[..., Any]
) -> None:
    rmt = project.shelf.add(small_weights("rmt"))
    with pytest.raises(WeightsError, match="draws no masks"):
        run(project, (two[0], rmt))


def test_comparing_rolling_back_and_drawing_are_in_the_event_log(
    project: Project, two: Any, tmp_path: Path
) -> None:
    run(project, two)
    photo_id = project.store.photos()[0].photo_id
    out = tmp_path / "map.png"
    drain(change_to_file(project, photo_id, *two, out, device="cpu", threads=1, author="Bo"))
    project.shelf.promote(two[1].weights_id, author="Cy")
    rollback(project, author="Di")
    log = [(event.kind, event.author) for event in reversed(project.store.events(4))]
    assert log == [("compared", "Ada"), ("compared", "Bo"), ("promoted", "Cy"), ("rolled-back", "Di")]
    assert "Dice" in project.store.events(4)[3].detail and str(out) in project.store.events(4)[2].detail


def test_the_drawn_change_is_that_of_the_kept_predictions(project: Project, two: Any, tmp_path: Path) -> None:
    entry = project.store.photos()[1]
    out = tmp_path / "map.png"
    written = drain(change_to_file(project, entry.photo_id, *two, out, device="cpu", threads=1))
    masks = [project.store.prediction(entry.photo_id, v.weights_id).mask(0.5) for v in two]
    assert written.change.areas.gained_px == np.count_nonzero(masks[1] & ~masks[0])
    assert written.change.areas.lost_px == np.count_nonzero(masks[0] & ~masks[1])
    assert written.change.areas.gained_px + written.change.areas.lost_px > 0, "these two differ"
    assert out.is_file() and written.as_json()["photo"] == entry.name
    link = tmp_path / "link.png"
    link.symlink_to(entry.facts.path)
    others = [other.facts.path for other in project.store.photos()]
    for forbidden in (
        *others,
        entry.facts.path.parent / ".." / entry.facts.path.parent.name / entry.name,
        link,
    ):
        before = forbidden.read_bytes()
        with pytest.raises(ExportError, match="never overwritten"):
            drain(change_to_file(project, entry.photo_id, *two, forbidden, device="cpu", threads=1))
        assert forbidden.read_bytes() == before


def test_a_photo_is_found_by_name_stem_path_and_id(project: Project, two: Any) -> None:
    entry = project.store.photos()[2]
    for name in (entry.name, "wall_2", str(entry.facts.path), entry.photo_id[:8]):
        assert find_photo(project, name).photo_id == entry.photo_id
    with pytest.raises(PhotoError, match="no photo called wall_9"):
        find_photo(project, "wall_9")


def test_the_parent_is_found_and_the_first_version_has_none(project: Project, two: Any) -> None:
    parent, child = two
    assert parent_version(project, child).weights_id == parent.weights_id
    with pytest.raises(WeightsError, match="comes from no other version"):
        parent_version(project, parent)


@pytest.mark.parametrize("complete", [True, False])
def test_counting_tile_by_tile_is_counting_the_photo(
    project: Project, photo_folder: Path, monkeypatch: pytest.MonkeyPatch, complete: bool
) -> None:
    monkeypatch.setattr(compare, "_TILE_PX", 32)
    entry = drain(add_photos(project, [photo_folder])).photos[0]
    random = np.random.default_rng(2)
    labels = (random.random((96, 128)) < 0.05).astype(np.uint8) + complete
    labels[:40, :40] = 0
    approved = cv2.GaussianBlur(random.integers(0, 256, (96, 128)).astype(np.uint8), (0, 0), 3)
    approved = np.where(approved > 128, 255, 0).astype(np.uint8)
    approved[64:, 64:] = 0
    sample = project.store.approve(entry.photo_id, labels, None if complete else approved)
    values = np.roll(approved, 2, axis=1)
    prediction = Prediction(entry.photo_id, "w" * 64, values, 0.1)
    by_tile = drain(compare._counts(project, sample, prediction, 0.5))
    truth, known = truth_of(labels, None if complete else approved)
    assert by_tile == count(values > 127, truth, known) and by_tile.hit_true < by_tile.true


def test_the_truth_of_a_whole_photo_is_that_of_the_judging_windows() -> None:
    random = np.random.default_rng(4)
    labels = random.integers(0, 3, (40, 50)).astype(np.uint8)
    approved = random.integers(0, 256, (40, 50)).astype(np.uint8)
    held = random.random((40, 50)) < 0.3
    truth, known = truth_of(labels, approved)
    pixels = np.zeros((40, 50, 3), np.uint8)
    asked = question(Window("s", Box(0, 0, 40, 50), pixels, labels, approved, held))
    np.testing.assert_array_equal(asked.truth, truth)
    np.testing.assert_array_equal(asked.known, known & held)
