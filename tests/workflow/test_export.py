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
from resatt_studio.records.weights import WeightsState
from resatt_studio.workflow import load
from resatt_studio.workflow.catalog import exporters
from resatt_studio.workflow.correct import open_document
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
    project: Project, entries: list[PhotoEntry], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "resatt_studio.workflow.export.make_engine", lambda **_: pytest.fail("a network was loaded")
    )
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
