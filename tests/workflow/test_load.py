"""Claims about loading: groups, lists, masks as corrections, broken files, photos found by content."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resatt_studio.errors import MaskError, PhotoError
from resatt_studio.records.correction import Label
from resatt_studio.records.photo import ReviewState
from resatt_studio.workflow.correct import check_project, open_document
from resatt_studio.workflow.jobs import drain
from resatt_studio.workflow.load import add_photos, open_photo, photo_group
from resatt_studio.workflow.project import Project
from resatt_studio.workflow.sources import choose_photos, match_masks, read_list, the_mask


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("GOPR0104_1.png", "gopr0104"),
        ("GOPR0104 (12).png", "gopr0104"),
        ("IMG_1234 (2).jpg", "img_1234"),
        ("IMG_1234-edited.jpg", "img_1234"),
        ("IMG_1234 copy 2.jpg", "img_1234"),
        ("IMG_1234.jpg", "img_1234"),
        ("photo_01.jpg", "photo_01"),
        ("bridge_2024_001.jpg", "bridge_2024_001"),
        ("20240131_07.jpg", "20240131_07"),
        ("20160328_150820_1_361.jpg", "20160328_150820"),
        ("001_04.jpg", "001"),
        ("DSC00550b.png", "dsc00550"),
        ("DJI_0012_frame000123.png", "dji_0012"),
        ("wall_r0_c3.png", "wall"),
        ("wall_x512_y0.png", "wall"),
        ("wall-crop_3.png", "wall"),
        ("(2).png", "(2)"),
        ("7.png", "7"),
    ],
)
def test_crops_frames_and_copies_share_a_group(name: str, group: str) -> None:
    assert photo_group(Path("some/folder") / name) == group


@given(st.text(st.characters(codec="utf-8", exclude_characters="/\\\0"), min_size=1, max_size=30))
def test_every_name_has_a_group_and_grouping_again_changes_nothing(stem: str) -> None:
    group = photo_group(Path(f"a{stem}.jpg"))
    assert group
    assert photo_group(Path(f"{group}.jpg")) == group


def test_large_files_are_read_step_by_step_and_known_by_the_same_hash(
    project: Project, photo_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from resatt_studio.imaging import files
    from resatt_studio.imaging.files import read_facts
    from resatt_studio.workflow import load

    monkeypatch.setattr(load, "_LARGE_BYTES", 1000)
    monkeypatch.setattr(files, "_CHUNK_BYTES", 5000)
    monkeypatch.setattr(hashlib, "file_digest", None)
    steps = []
    added = drain(add_photos(project, [photo_folder]), steps.append)
    assert len(steps) > sum(path.stat().st_size // 5000 for path in photo_folder.iterdir())
    monkeypatch.undo()
    assert {e.photo_id for e in added.photos} == {read_facts(e.facts.path).photo_id for e in added.photos}


def test_a_file_is_compared_with_the_photo_it_is_said_to_be(project: Project, photo_folder: Path) -> None:
    from resatt_studio.workflow.load import photo_file, same_photo

    entry, other = drain(add_photos(project, [photo_folder])).photos[:2]
    path = photo_file(project, entry.photo_id)
    assert path == entry.facts.path
    drain(same_photo(project, entry.photo_id, path))
    with pytest.raises(PhotoError, match="was changed"):
        drain(same_photo(project, other.photo_id, path))
    moved = path.with_name("moved.png")
    path.rename(moved)
    assert photo_file(project, entry.photo_id) == moved
    moved.unlink()
    with pytest.raises(PhotoError, match="not there any more"):
        photo_file(project, entry.photo_id)


def test_photos_are_added_where_they_are(project: Project, photo_folder: Path) -> None:
    before = {path: path.read_bytes() for path in photo_folder.iterdir()}
    added = drain(add_photos(project, [photo_folder]))
    assert [entry.name for entry in added.photos] == [f"wall_{index}.jpg" for index in range(4)]
    assert added.new == 4 and added.refused == ()
    assert {path: path.read_bytes() for path in photo_folder.iterdir()} == before
    assert all(entry.state is ReviewState.NEW and entry.facts.path.is_absolute() for entry in added.photos)


def test_adding_again_adds_nothing(project: Project, photo_folder: Path) -> None:
    drain(add_photos(project, [photo_folder]))
    added = drain(add_photos(project, [photo_folder]))
    assert added.new == 0 and len(added.photos) == 4
    assert len(project.store.photos()) == 4


def test_masks_become_approved_complete_corrections(project: Project, photo_folder: Path) -> None:
    masks = photo_folder.parent / "masks"
    added = drain(add_photos(project, [photo_folder], masks, author="Ada"))
    assert len(added.samples) == 4 and added.refused == ()
    for sample in added.samples:
        assert sample.complete and sample.author == "Ada"
        truth = cv2.imread(str(masks / f"{sample.photo_path.stem}.png"), cv2.IMREAD_GRAYSCALE) > 0
        labels = project.blobs.get_array(sample.labels_blob)
        np.testing.assert_array_equal(labels, np.where(truth, Label.CRACK, Label.NOT_CRACK))
        document = open_document(project, sample.photo_id)
        np.testing.assert_array_equal(document.labels.to_array(), labels)
        document.close()
    assert {entry.state for entry in project.store.photos()} == {ReviewState.APPROVED}
    assert check_project(project) == []


def test_a_mask_upside_down_is_taken_told_and_mended_by_adding_it_again(
    project: Project, photo_folder: Path
) -> None:
    masks = photo_folder.parent / "masks"
    path = masks / "wall_1.png"
    truth = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    cv2.imwrite(str(path), 255 - truth)
    added = drain(add_photos(project, [photo_folder], masks))
    assert [one.path for one in added.suspects] == [path]
    assert "with --inverted" in added.suspects[0].reason and not added.refused
    again = drain(add_photos(project, [photo_folder], masks, ["wall_1"], inverted=True))
    assert not again.suspects
    (sample,) = again.samples
    np.testing.assert_array_equal(project.blobs.get_array(sample.labels_blob) == Label.CRACK, truth > 0)
    wrongly = drain(add_photos(project, [photo_folder], masks, ["wall_2"], inverted=True))
    assert "without --inverted" in wrongly.suspects[0].reason


def test_masks_added_twice_make_no_second_sample(project: Project, photo_folder: Path) -> None:
    masks = photo_folder.parent / "masks"
    first = drain(add_photos(project, [photo_folder], masks))
    second = drain(add_photos(project, [photo_folder], masks))
    assert [s.sample_id for s in second.samples] == [s.sample_id for s in first.samples]
    assert len(project.store.samples()) == 4


def test_a_mask_of_another_size_is_told_and_the_photo_stays_without_correction(
    project: Project, photo_folder: Path
) -> None:
    masks = photo_folder.parent / "masks"
    cv2.imwrite(str(masks / "wall_1.png"), np.zeros((5, 5), np.uint8))
    (masks / "wall_2.png").unlink()
    added = drain(add_photos(project, [photo_folder], masks))
    assert len(added.photos) == 4 and len(added.samples) == 2
    assert {refused.path.name for refused in added.refused} == {"wall_1.png", "wall_2.jpg"}


def test_a_broken_photo_is_listed_with_its_reason_and_the_rest_goes_on(
    project: Project, photo_folder: Path
) -> None:
    broken = photo_folder / "wall_1.jpg"
    broken.write_bytes(b"")
    added = drain(add_photos(project, [photo_folder]))
    assert len(added.photos) == 3
    (refused,) = added.refused
    assert refused.path == broken and refused.reason
    (entry,) = [entry for entry in project.store.photos() if entry.state is ReviewState.BROKEN]
    assert entry.reason == refused.reason
    with pytest.raises(PhotoError, match="wall_1"):
        open_photo(project, entry.photo_id)


def test_a_mended_photo_replaces_its_broken_entry(project: Project, photo_folder: Path) -> None:
    path = photo_folder / "wall_1.jpg"
    data = path.read_bytes()
    path.write_bytes(b"")
    drain(add_photos(project, [photo_folder]))
    path.write_bytes(data)
    assert drain(add_photos(project, [photo_folder])).refused == ()
    assert ReviewState.BROKEN not in {entry.state for entry in project.store.photos()}


def test_only_listed_stems_are_added_and_missing_ones_told(project: Project, photo_folder: Path) -> None:
    listing = photo_folder.parent / "train.txt"
    listing.write_text("# chosen\nwall_2\nwall_0.jpg\n\nwall_9\n", encoding="utf-8")
    added = drain(add_photos(project, [photo_folder], stems=read_list(listing)))
    assert [entry.name for entry in added.photos] == ["wall_0.jpg", "wall_2.jpg"]
    assert [str(refused.path) for refused in added.refused] == ["wall_9"]


@pytest.mark.parametrize("content", [b"", b"# nothing\n", b"\xff\xfe\x00"])
def test_a_list_that_names_nothing_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "list.txt"
    path.write_bytes(content)
    with pytest.raises(PhotoError, match="list"):
        read_list(path)


def test_a_missing_or_empty_source_is_told_by_name(tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match="nowhere"):
        choose_photos([tmp_path / "nowhere"])
    with pytest.raises(PhotoError, match="No photo"):
        choose_photos([tmp_path])


def test_masks_inside_the_photo_folder_are_no_photos(project: Project, photo_folder: Path) -> None:
    masks = (photo_folder.parent / "masks").rename(photo_folder.parent / "truth")
    added = drain(add_photos(project, [photo_folder.parent], masks))
    assert len(added.photos) == len(added.samples) == 4


def test_a_folder_called_masks_inside_a_folder_of_photos_is_passed_over(
    project: Project, photo_folder: Path
) -> None:
    assert len(drain(add_photos(project, [photo_folder.parent])).photos) == 4
    assert len(drain(add_photos(project, [photo_folder.parent / "masks"])).photos) == 4


def test_the_masks_that_predict_writes_are_found_by_stem(photo_folder: Path) -> None:
    masks = photo_folder.parent / "masks"
    for path in list(masks.iterdir()):
        path.rename(path.with_name(f"{path.stem}.mask.png"))
    found = the_mask(match_masks(masks), photo_folder / "wall_3.jpg")
    assert found == masks / "wall_3.mask.png"


def test_masks_beside_their_photos_are_told_from_them_by_their_mark(
    project: Project, photo_folder: Path
) -> None:
    for mask in (photo_folder.parent / "masks").iterdir():
        shutil.copy(mask, photo_folder / f"{mask.stem}.mask.png")
    added = drain(add_photos(project, [photo_folder], photo_folder))
    assert len(added.photos) == len(added.samples) == 4 and not added.refused


def test_a_folder_in_which_every_picture_passes_for_a_mask_is_told(
    project: Project, photo_folder: Path
) -> None:
    with pytest.raises(PhotoError, match="no photo is left to add"):
        drain(add_photos(project, [photo_folder], photo_folder))


@pytest.mark.skipif(sys.platform != "linux", reason="names of bytes exist on Linux alone")
def test_a_name_that_is_no_unicode_is_told_and_the_rest_goes_on(project: Project, photo_folder: Path) -> None:
    odd = Path(os.fsdecode(os.fsencode(photo_folder) + b"/w\xe4ll.jpg"))
    odd.write_bytes((photo_folder / "wall_0.jpg").read_bytes() + b"another")
    added = drain(add_photos(project, [photo_folder]))
    assert len(added.photos) == 4
    assert [(row.path, "no Unicode" in row.reason) for row in added.refused] == [(odd, True)]


def test_two_masks_of_one_stem_are_refused(photo_folder: Path) -> None:
    masks = photo_folder.parent / "masks"
    shutil.copy(masks / "wall_0.png", masks / "wall_0_mask.png")
    with pytest.raises(MaskError, match="2 masks"):
        the_mask(match_masks(masks), photo_folder / "wall_0.jpg")


def test_a_photo_that_was_moved_is_found_by_its_content(project: Project, photo_folder: Path) -> None:
    entry = drain(add_photos(project, [photo_folder])).photos[2]
    moved = photo_folder.parent / "archive" / "renamed.jpg"
    moved.parent.mkdir()
    entry.facts.path.rename(moved)
    photo = open_photo(project, entry.photo_id)
    assert photo.photo_id == entry.photo_id
    assert project.store.photo(entry.photo_id).facts.path == moved


def test_a_lost_and_a_changed_photo_are_told_apart(project: Project, photo_folder: Path) -> None:
    lost, changed = drain(add_photos(project, [photo_folder])).photos[:2]
    lost.facts.path.unlink()
    with pytest.raises(PhotoError, match="not there any more"):
        open_photo(project, lost.photo_id)
    changed.facts.path.write_bytes((photo_folder / "wall_3.jpg").read_bytes())
    with pytest.raises(PhotoError, match="was changed"):
        open_photo(project, changed.photo_id)


def test_closing_halfway_leaves_a_whole_project(project: Project, photo_folder: Path) -> None:
    job = add_photos(project, [photo_folder], photo_folder.parent / "masks")
    for _ in range(3):
        next(job)
    job.close()
    assert len(project.store.photos()) == 2
    assert check_project(project) == []
