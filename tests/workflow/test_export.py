"""Claims about exporting a project: what the inspector said overrules, missing predictions are made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from resatt_studio.errors import ExportError
from resatt_studio.records.correction import Label
from resatt_studio.records.photo import PhotoEntry, ReviewState
from resatt_studio.records.prediction import Prediction
from resatt_studio.records.review import ReviewAct
from resatt_studio.records.sample import SampleEntry
from resatt_studio.records.weights import WeightsState
from resatt_studio.workflow import load
from resatt_studio.workflow.catalog import exporters
from resatt_studio.workflow.correct import approve, approved_mask, open_document
from resatt_studio.workflow.export import export_project, stored_correction
from resatt_studio.workflow.jobs import drain
from resatt_studio.workflow.load import add_photos
from resatt_studio.workflow.photo_input import PhotoInput
from resatt_studio.workflow.project import Project


@pytest.fixture
def entries(project: Project, photo_folder: Path) -> list[PhotoEntry]:
    """Four photos; on the first, a crack stroke and a not-crack stroke."""
    added = drain(add_photos(project, [photo_folder])).photos
    document = open_document(project, added[0].photo_id)
    for label, row in ((Label.CRACK, 20.0), (Label.NOT_CRACK, 60.0)):
        document.begin("brush", label, 5.0)
        document.extend([(row, 20.0), (row, 90.0)])
        document.end()
    document.close()
    return list(added)


def read(path: Path) -> np.ndarray:
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert image is not None
    return image


def test_masks_show_what_was_said_over_what_was_predicted(
    project: Project, entries: list[PhotoEntry], tmp_path: Path
) -> None:
    done = drain(export_project(project, "mask", tmp_path / "out", device="cpu", threads=1))
    assert [path.name for path in done.files] == [f"wall_{index}.mask.png" for index in range(4)]
    active = project.shelf.active().weights_id
    mask = read(done.files[0]) > 0
    labels = stored_correction(project, entries[0]).labels
    predicted = project.store.prediction(entries[0].photo_id, active).mask(project.settings.threshold)
    np.testing.assert_array_equal(mask[labels == Label.UNSAID], predicted[labels == Label.UNSAID])
    assert mask[labels == Label.CRACK].all() and not mask[labels == Label.NOT_CRACK].any()
    assert all(project.store.has_prediction(entry.photo_id, active) for entry in entries)


def approved(
    project: Project,
    entry: PhotoEntry,
    threshold: float | None = 0.3,
    in_tiles: bool = False,
    seed: int = 4,
) -> SampleEntry:
    """Approve a photo over a map of all values, that no network made; over none without a threshold."""
    values = np.random.default_rng(seed).integers(0, 256, (entry.facts.height, entry.facts.width), np.uint8)
    seen = Prediction(entry.photo_id, project.shelf.active().weights_id, values, 0.1)
    document = open_document(project, entry.photo_id)
    try:
        on_screen = None if threshold is None else seen
        return approve(project, document, on_screen, threshold=threshold, in_tiles=in_tiles)
    finally:
        document.close()


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks a network fails."""
    monkeypatch.setattr(
        "resatt_studio.workflow.export.make_engine", lambda **_: pytest.fail("a network was loaded")
    )


@pytest.fixture
def promoted(project: Project, tmp_path: Path, make_weights: Callable[..., Any]) -> Callable[[], None]:
    """``promoted()`` brings other weights, and another threshold, into use."""

    def promote() -> None:
        project.shelf.add(
            make_weights(tmp_path / "newer.safetensors", 3), state=WeightsState.ACTIVE, name="new"
        )
        project.settings.threshold = 0.8

    return promote


@pytest.mark.parametrize("in_tiles", [False, True])
@pytest.mark.parametrize("format_name", [name for name in exporters() if name != "weights"])
def test_an_approved_photo_is_written_as_approved_whatever_weights_come_after(
    project: Project,
    entries: list[PhotoEntry],
    tmp_path: Path,
    promoted: Callable[[], None],
    no_network: None,
    format_name: str,
    in_tiles: bool,
) -> None:
    for entry in entries[1:]:
        project.store.set_state(entry.photo_id, ReviewState.SKIPPED)
    approved(project, entries[0], in_tiles=in_tiles)
    before = drain(export_project(project, format_name, tmp_path / "before")).files[0]
    promoted()
    whole = drain(export_project(project, format_name, tmp_path / "whole"))
    parts = drain(export_project(project, format_name, tmp_path / "parts", fits=lambda count_px: False))
    assert whole.files[0].read_bytes() == before.read_bytes()
    if before.suffix in (".png", ".tif"):  # those of large photos are packed in another way
        np.testing.assert_array_equal(read(parts.files[0]), read(before))
    else:
        assert parts.files[0].read_bytes() == before.read_bytes()
    assert whole.approved == parts.approved == (entries[0].facts.path,) and whole.by_weights == ()
    if format_name == "mask":
        np.testing.assert_array_equal(read(before) > 0, approved_mask(project, entries[0].photo_id))


def test_photos_that_are_not_approved_come_from_the_weights_in_use_and_the_report_says_so(
    project: Project, entries: list[PhotoEntry], tmp_path: Path, promoted: Callable[[], None]
) -> None:
    for entry in entries[:3]:
        approved(project, entry)
    document = open_document(project, entries[1].photo_id)  # painted since
    document.begin("brush", Label.CRACK, 5.0)
    document.extend([(80.0, 20.0), (80.0, 90.0)])
    document.end()
    document.close()
    project.store.second_reading(entries[2].photo_id, ReviewAct.SENT_BACK, "too wide", "second")
    promoted()
    done = drain(export_project(project, "mask", tmp_path, device="cpu", threads=1))
    paths = [entry.facts.path for entry in entries]
    assert list(done.approved) == paths[:1] and list(done.by_weights) == paths[1:]
    new = project.shelf.active().weights_id
    for entry, path in list(zip(entries, done.files, strict=True))[2:]:
        in_use = project.store.prediction(entry.photo_id, new).mask(0.8)
        np.testing.assert_array_equal(read(path) > 0, in_use)
    (event,) = (event for event in project.store.events(50) if event.kind == "exported")
    assert event.detail.endswith("1 photos as approved, 3 by weights new")


def test_what_nobody_painted_or_predicted_at_the_approval_is_left_to_the_weights_in_use(
    project: Project, entries: list[PhotoEntry], tmp_path: Path
) -> None:
    approved(project, entries[0], threshold=None)
    done = drain(export_project(project, "mask", tmp_path, device="cpu", threads=1))
    assert done.approved == () and entries[0].facts.path in done.by_weights
    mask, labels = read(done.files[0]) > 0, stored_correction(project, entries[0]).labels
    in_use = project.store.prediction(entries[0].photo_id, project.shelf.active().weights_id)
    unsaid = labels == Label.UNSAID
    np.testing.assert_array_equal(mask[unsaid], in_use.mask(project.settings.threshold)[unsaid])
    np.testing.assert_array_equal(mask[~unsaid], labels[~unsaid] == Label.CRACK)


def test_a_photo_that_was_approved_by_its_mask_asks_a_network_for_its_probability_alone(
    taught: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    probability = drain(export_project(taught, "probability", tmp_path, device="cpu", threads=1))
    assert len(probability.by_weights) == 4 and probability.approved == ()
    monkeypatch.setattr(
        "resatt_studio.workflow.export.predict_photo", lambda *_: pytest.fail("a network was asked")
    )
    monkeypatch.setattr(type(taught.store), "prediction", lambda *_: pytest.fail("a prediction was read"))
    masks = drain(export_project(taught, "mask", tmp_path))
    assert len(masks.approved) == 4 and masks.by_weights == ()
    for entry, path in zip(taught.store.photos(), masks.files, strict=True):
        np.testing.assert_array_equal(read(path) > 0, approved_mask(taught, entry.photo_id))


@pytest.mark.parametrize("in_tiles", [False, True])
@pytest.mark.parametrize("blob", ["predicted_blob", "labels_blob"])
def test_a_photo_of_which_the_project_lost_what_was_approved_is_left_out_and_told(
    project: Project, entries: list[PhotoEntry], tmp_path: Path, no_network: None, blob: str, in_tiles: bool
) -> None:
    for entry in entries[2:]:
        project.store.set_state(entry.photo_id, ReviewState.SKIPPED)
    lost = approved(project, entries[0], in_tiles=in_tiles)
    approved(project, entries[1], seed=5)
    project.blobs.path(getattr(lost, blob)).unlink()
    done = drain(export_project(project, "mask", tmp_path, fits=lambda count_px: not in_tiles))
    assert done.approved == (entries[1].facts.path,) and len(done.files) == 1
    refused = done.refused[0]
    assert refused.path == entries[0].facts.path and entries[0].name in refused.reason
    assert "was approved" in refused.reason and "approve the photo again" in refused.reason


@pytest.mark.parametrize("format_name", ["mask", "tristate"])
def test_a_huge_photo_whose_approved_labels_have_a_broken_tile_is_left_out_and_told(
    project: Project, entries: list[PhotoEntry], tmp_path: Path, no_network: None, format_name: str
) -> None:
    for entry in entries[2:]:
        project.store.set_state(entry.photo_id, ReviewState.SKIPPED)
    kept = []
    for entry, row in zip(entries[:2], (20.0, 50.0), strict=True):
        document = open_document(project, entry.photo_id)
        document.begin("brush", Label.CRACK, 5.0)
        document.extend([(row, 20.0), (row, 90.0)])
        document.end()
        document.close()
        kept.append(project.blobs.path(approved(project, entry, in_tiles=True).labels_blob))
    data = bytearray(kept[0].read_bytes())
    data[len(b"RSTM1\n") + 3] ^= 0xFF  # in its first tile; what finds the tiles stays whole
    kept[0].chmod(0o644)
    kept[0].write_bytes(data)
    done = drain(export_project(project, format_name, tmp_path, fits=lambda count_px: False))
    assert [path.name[:6] for path in done.files] == ["wall_1"]
    (refused,) = (one for one in done.refused if one.path == entries[0].facts.path)
    assert "approve the photo again" in refused.reason


def test_masks_of_the_dehazed_photos_are_exported_where_these_were_chosen(
    project: Project, entries: list[PhotoEntry], tmp_path: Path, small_weights: Callable[..., Any]
) -> None:
    project.shelf.add(small_weights("dhformer"), state=WeightsState.ACTIVE, name="small")
    out, shown = tmp_path / "out", PhotoInput.DEHAZED
    done = drain(export_project(project, "mask", out, shown=shown, device="cpu", threads=1))
    weights, dehazer = (project.shelf.active(model).weights_id for model in ("r2aunet", "dhformer"))
    kept = project.store.prediction(entries[1].photo_id, weights, dehazer)
    np.testing.assert_array_equal(read(done.files[1]) > 0, kept.mask(project.settings.threshold))
    assert not project.store.has_prediction(entries[1].photo_id, weights)
    (event,) = (event for event in project.store.events(50) if event.kind == "exported")
    assert event.detail.endswith("masks from input dehazed")


def test_corrections_are_exported_where_there_are_some_without_any_network(
    project: Project, entries: list[PhotoEntry], tmp_path: Path, no_network: None
) -> None:
    (path,) = drain(export_project(project, "tristate", tmp_path)).files
    assert path.name == "wall_0.tristate.png"
    assert stored_correction(project, entries[1]) is None


def test_what_was_undone_is_not_exported(project: Project, entries: list[PhotoEntry], tmp_path: Path) -> None:
    document = open_document(project, entries[0].photo_id)
    document.undo()
    document.undo()
    document.close()
    assert stored_correction(project, entries[0]) is None
    with pytest.raises(ExportError, match="no photo has a correction"):
        drain(export_project(project, "tristate", tmp_path))


def test_skipped_and_lost_photos_are_left_out_and_told(
    project: Project, entries: list[PhotoEntry], tmp_path: Path
) -> None:
    project.store.set_state(entries[1].photo_id, ReviewState.SKIPPED)
    entries[2].facts.path.unlink()
    done = drain(export_project(project, "probability", tmp_path, device="cpu", threads=1))
    assert [path.name for path in done.files] == ["wall_0.probability.png", "wall_3.probability.png"]
    assert [row.path for row in done.refused] == [entries[1].facts.path, entries[2].facts.path]


def test_no_export_is_written_over_a_photo_of_the_project(project: Project, photo_folder: Path) -> None:
    drawn = photo_folder / "wall_1.mask.png"
    cv2.imwrite(str(drawn), np.full((96, 128), 7, np.uint8))
    before = drawn.read_bytes()
    drain(add_photos(project, [photo_folder]))
    with pytest.raises(ExportError, match="never overwritten"):
        drain(export_project(project, "mask", photo_folder, device="cpu", threads=1))
    assert drawn.read_bytes() == before


def test_two_photos_of_one_path_get_files_of_their_own(
    project: Project, photo_folder: Path, tmp_path: Path
) -> None:
    card = tmp_path / "IMG_1.jpg"
    for name in ("wall_0.jpg", "wall_1.jpg"):  # the card was used again
        card.write_bytes((photo_folder / name).read_bytes())
        (entry,) = drain(add_photos(project, [card])).photos
        document = open_document(project, entry.photo_id)
        document.begin("brush", Label.CRACK, 5.0)
        document.extend([(20.0, 20.0), (20.0, 90.0)])
        document.end()
        document.close()
    done = drain(export_project(project, "tristate", tmp_path / "out"))
    ids = [entry.photo_id[:8] for entry in project.store.photos()]
    assert [path.name for path in done.files] == [f"IMG_1-{photo_id}.tristate.png" for photo_id in ids]


def test_photos_with_names_as_long_as_a_disk_allows_are_exported_with_the_others(
    project: Project, photo_folder: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "long"
    folder.mkdir()
    names = ["裂" * 83 + "ab.jpg", "w" * 250 + "1.jpg", "w" * 250 + "2.jpg", "wall.jpg"]
    assert max(len(name.encode()) for name in names) == 255
    for number, name in enumerate(names):
        (folder / name).write_bytes((photo_folder / f"wall_{number}.jpg").read_bytes())
    drain(add_photos(project, [folder]))
    for format_name in ("mask", "probability"):
        done = drain(export_project(project, format_name, tmp_path / format_name, device="cpu", threads=1))
        assert done.refused == () and len(set(done.files)) == 4
        assert sum(path.name == f"wall{exporters()[format_name].suffix}" for path in done.files) == 1


def test_weights_come_with_their_card(project: Project, tmp_path: Path) -> None:
    weights, card = drain(export_project(project, "weights", tmp_path / "out")).files
    assert weights.read_bytes() == project.shelf.load(project.shelf.active().weights_id).data
    assert "factory" in card.read_text(encoding="utf-8")


def test_an_unknown_format_is_told_with_the_known_ones(project: Project, tmp_path: Path) -> None:
    with pytest.raises(ExportError) as raised:
        drain(export_project(project, "jpeg", tmp_path))
    assert all(name in raised.value.hint for name in exporters())


def test_an_empty_project_has_nothing_to_export(project: Project, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="no photos"):
        drain(export_project(project, "mask", tmp_path))


def test_photos_of_too_many_pixels_are_written_in_parts_or_told_where_the_network_needs_all_of_them(
    project: Project, entries: list[PhotoEntry], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = drain(export_project(project, "tristate", tmp_path / "whole")).files
    monkeypatch.setattr(load, "MAX_PIXELS", 10)
    (path,) = drain(export_project(project, "tristate", tmp_path / "parts")).files
    np.testing.assert_array_equal(read(path), read(whole[0]))
    with pytest.raises(ExportError, match="only be read as a whole"):
        drain(export_project(project, "mask", tmp_path, device="cpu", threads=1))
