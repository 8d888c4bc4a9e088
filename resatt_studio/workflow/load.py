"""Files to project: photos with their facts, masks as approved corrections, and pixels found by hash."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from resatt_studio.annotation.document import UNLIKELY_CRACK_SHARE
from resatt_studio.errors import MaskError, PhotoChanged, PhotoError
from resatt_studio.imaging.files import hashing, read_deep, read_facts, read_mask, read_photo
from resatt_studio.imaging.opening import is_file, is_folder, is_unicode
from resatt_studio.imaging.photo_parts import PhotoParts
from resatt_studio.imaging.raster import MAX_PIXELS
from resatt_studio.records.arrays import UInt8Array
from resatt_studio.records.correction import Label
from resatt_studio.records.geometry import Box
from resatt_studio.records.photo import DeepPhoto, Photo, PhotoEntry, PhotoFacts, ReviewState
from resatt_studio.records.sample import AnySample, HugeSample, Sample, SampleEntry
from resatt_studio.store.search import find_by_content
from resatt_studio.workflow.correct import approve, open_document
from resatt_studio.workflow.jobs import Job, progress
from resatt_studio.workflow.project import Project
from resatt_studio.workflow.sources import Refused, choose_with_masks, the_mask

_Read = TypeVar("_Read", bound=Photo | DeepPhoto | None)

_COPY = re.compile(r"[\s_-]*(?:\(\d{1,4}\)|(?<=[\s_-])(?:copy|edited|edit)(?:\s?\d{1,2})?)$", re.IGNORECASE)
_CUT = re.compile(
    r"[\s_-]+(?:(?:crop|tile|frame|patch|part)[\s_-]?\d+(?:[_-]\d+)*|r\d+[_-]?c\d+|x\d+[_-]?y\d+)$",
    re.IGNORECASE,
)
_INDEX = re.compile(r"(.*?(?<!\d)(\d{3,}))(?:[\s_-]\d{1,3})+", re.DOTALL)
_DATE = re.compile(r"(?:19|20)\d\d(?:(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01]))?")
_LARGE_BYTES = 100_000_000
_LETTER = re.compile(r"(?<=\d{3})[a-z]$", re.IGNORECASE)


def photo_group(path: Path) -> str:
    """Name of the source photo that ``path`` seems to be a crop, frame or copy of.

    Photos of one group never stand on both sides of the train/validation split. From the end of the file
    name these are taken off, again and again: copy marks ("IMG_1234 (2)", "IMG_1234-edited"), cut marks
    ("_crop3", "_frame0012", "_r0_c3", "_x512_y0"), indices of one to three digits after a number of at least
    three ("GOPR0104_1", "20160328_150820_1_361"), and one letter after three digits ("DSC00550b"). Counters
    stay: "IMG_1234", "photo_01", and those after a year or date ("bridge_2024_001"). Folders and letter case
    are left out of account: a group that is too wide costs little, one that is too narrow lets the
    validation photos leak.
    """
    stem = path.stem.strip()
    while True:
        shorter = _shorter(stem)
        if not shorter or shorter == stem:
            return stem.casefold()
        stem = shorter


def _shorter(stem: str) -> str:
    for pattern in (_COPY, _CUT):
        if (cut := pattern.sub("", stem)) != stem:
            return cut
    index = _INDEX.fullmatch(stem)
    if index and not _DATE.fullmatch(index[2]):
        return index[1]
    return _LETTER.sub("", stem)


@dataclass(frozen=True, slots=True)
class Suspect:
    """A mask that was taken, and why somebody should look at it."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class Added:
    """What :func:`add_photos` did.

    Attributes:
        photos: Entries of every readable photo, new and already known.
        new: How many of them the project did not know.
        samples: Corrections that were approved from masks.
        refused: Broken photos, unfit masks, and stems of the list without a file.
        suspects: Masks in which crack and not crack were likely exchanged.
    """

    photos: tuple[PhotoEntry, ...]
    new: int
    samples: tuple[SampleEntry, ...] = ()
    refused: tuple[Refused, ...] = ()
    suspects: tuple[Suspect, ...] = ()


def add_photos(
    project: Project,
    sources: Sequence[Path],
    masks: Path | None = None,
    stems: Sequence[str] | None = None,
    author: str = "",
    inverted: bool = False,
) -> Job[Added]:
    """Add photos to the project; masks of the same stem become approved, complete corrections.

    A photo that cannot be read is listed as broken with its reason and the rest goes on. A photo that the
    project knows by its hash keeps its corrections and, when its old path is gone, gets the new one.

    Args:
        project: Open project.
        sources: Photos and folders; photos stay where they are.
        masks: Folder of masks, 255 (or 1) for crack, as large as their photos; None for none.
        stems: Only these; None for all.
        author: Who stands for the masks.
        inverted: Whether crack is 0 in the masks and not crack is not.

    Raises:
        PhotoError: A source does not exist, or nothing is left to add.
        MaskError: The mask folder does not exist or is empty.
    """
    photos, by_stem, refused = choose_with_masks(sources, masks, stems)
    if not photos and masks is not None:
        raise PhotoError(
            f"Every picture in {masks} passes for a mask, so no photo is left to add.",
            "Name the masks NAME.mask.png, or put them into a folder of their own.",
        )
    known = {entry.photo_id for entry in project.store.photos()}
    entries, samples, suspects = dict[str, PhotoEntry](), list[SampleEntry](), list[Suspect]()
    for done, path in enumerate(photos):
        yield progress(done, len(photos), "photos", path.name)
        if not is_unicode(path):
            name = path.name.encode(errors="replace").decode()
            refused.append(Refused(path, f"The name {name} is no Unicode. Rename the file and add it again."))
            continue
        try:
            facts = photo_facts(path, (yield from _hash_of_large(path, done, len(photos))))
        except PhotoError as error:
            project.store.add_broken(path.absolute(), str(error))
            refused.append(Refused(path, str(error)))
            continue
        entries[facts.photo_id] = project.store.add_photo(facts)
        if masks is None:
            continue
        try:
            mask = the_mask(by_stem, path)
            if mask is None:
                refused.append(Refused(path, f"no mask of this stem in {masks}; added without a correction"))
                continue
            sample, crack_share = _approve_mask(project, facts, mask, author, inverted)
            samples.append(sample)
            if crack_share > UNLIKELY_CRACK_SHARE:
                suspects.append(Suspect(mask, _why_suspect(crack_share, inverted)))
        except (MaskError, PhotoError) as error:
            refused.append(Refused(mask or path, str(error)))
    yield progress(len(photos), len(photos), "photos")
    project.store.log("add", f"{len(entries)} photos, {len(samples)} masks", author=author)
    fresh = sum(photo_id not in known for photo_id in entries)
    current = {entry.photo_id: entry for entry in project.store.photos()}
    return Added(
        tuple(current[photo_id] for photo_id in entries),
        fresh,
        tuple(samples),
        tuple(refused),
        tuple(suspects),
    )


def _hash_of_large(path: Path, done: int, total: int) -> Job[str]:
    """The hash of a file that takes long to read, a few megabytes a step; "" for any other."""
    photo_id = ""
    if is_file(path) and path.stat().st_size > _LARGE_BYTES:
        for read in hashing(path):
            photo_id = read
            yield progress(done, total, "photos", path.name)
    return photo_id


def photo_facts(path: Path, photo_id: str = "") -> PhotoFacts:
    """Read a file's facts and name its group.

    Args:
        path: Of the file.
        photo_id: As for ``imaging.files.read_facts``.

    Raises:
        PhotoError: The file cannot be read.
    """
    return replace(read_facts(path, photo_id), group=photo_group(path))


def labels_of_mask(path: Path, height_px: int, width_px: int, inverted: bool = False) -> UInt8Array:
    """Read a complete ground truth mask as labels: every pixel is crack or not crack, none unsaid.

    Args:
        path: Mask file.
        height_px, width_px: Of the upright photo.
        inverted: Whether crack is 0 in it.

    Raises:
        MaskError: The mask is ambiguous or of another size.
    """
    mask = read_mask(path, (height_px, width_px))
    return np.where(mask != inverted, np.uint8(Label.CRACK), np.uint8(Label.NOT_CRACK))


def _approve_mask(
    project: Project, facts: PhotoFacts, mask: Path, author: str, inverted: bool
) -> tuple[SampleEntry, float]:
    """The sample, and the share of the photo that is crack in it."""
    labels = labels_of_mask(mask, facts.height, facts.width, inverted)
    document = open_document(project, facts.photo_id, author)
    try:
        document.apply_labels("mask", Box(0, 0, facts.height, facts.width), labels)
        return approve(project, document, None, author), document.labelled_crack_share
    finally:
        document.close()


def _why_suspect(crack_share: float, inverted: bool) -> str:
    again = "without --inverted" if inverted else "with --inverted"
    return (
        f"{crack_share:.0%} of the photo is crack in it; if crack and not crack are exchanged, add it again "
        f"{again} (and with --list, where other masks of the folder are right)"
    )


def open_sample(project: Project, entry: SampleEntry, fresh: bool = True) -> Job[AnySample]:
    """Read the pixels of a sample; of one that was approved in tiles, only compare the file.

    Args:
        project: Open project.
        entry: As the store lists it.
        fresh: Whether no weights have learned from it yet.

    Raises:
        PhotoError: Its photo is lost, was changed, or cannot be read.
        StoreError: Its labels or its prediction are missing or damaged.
    """
    labels = project.blobs.open_map(entry.labels_blob)
    if labels is not None:
        path = photo_file(project, entry.photo_id)
        parts = PhotoParts(path)  # first, so that a change from now on is seen
        yield from same_photo(project, entry.photo_id, path)
        return HugeSample(
            sample_id=entry.sample_id,
            photo_id=entry.photo_id,
            group=entry.group,
            split=entry.split,
            photo=parts.read,
            labels=labels,
            predicted=project.blobs.open_map(entry.predicted_blob) if entry.predicted_blob else None,
            fresh=fresh,
            name=entry.photo_path.name,
            threshold=entry.threshold,
        )
    return Sample(
        sample_id=entry.sample_id,
        photo_id=entry.photo_id,
        group=entry.group,
        split=entry.split,
        pixels=open_photo(project, entry.photo_id).pixels,
        labels=project.blobs.get_array(entry.labels_blob),
        predicted=project.blobs.get_array(entry.predicted_blob) if entry.predicted_blob else None,
        fresh=fresh,
        name=entry.photo_path.name,
        threshold=entry.threshold,
    )


def fits_whole(count_px: int) -> bool:
    """Whether a photo of so many pixels can be read as a whole; others are read part by part."""
    return count_px <= MAX_PIXELS


def open_photo(project: Project, photo_id: str) -> Photo:
    """Read a photo's pixels; a file that was moved or renamed is found again by its content.

    Looked through are the folders of the project's photos, the folder above the lost file and the folder
    beside the project; adding a folder again finds photos anywhere else.

    Raises:
        PhotoError: The file is lost, was changed, or cannot be read.
        StoreError: The project has no such photo.
    """
    return _read_found(project, photo_id, read_photo)


def open_deep(project: Project, photo_id: str) -> DeepPhoto | None:
    """Read a photo's 16-bit samples, for the eye; the file is found as by :func:`open_photo`.

    Returns:
        None for a photo of another depth.

    Raises:
        PhotoError: As :func:`open_photo`.
        StoreError: As :func:`open_photo`.
    """
    return _read_found(project, photo_id, read_deep)


def _read_found(project: Project, photo_id: str, read: Callable[[Path], _Read]) -> _Read:
    """Read the file that is the photo, wherever it was moved."""
    entry = _readable(project, photo_id)
    if is_file(entry.facts.path):
        found = read(entry.facts.path)
        if found is None or found.photo_id == photo_id:
            return found
    return read(_found_again(project, entry))


def photo_file(project: Project, photo_id: str) -> Path:
    """Where a photo's file is, for one that is read part by part; as :func:`open_photo`, but for its content,
    which takes long to compare: :func:`same_photo` does so.

    Raises:
        PhotoError: The file is lost, or has another size than it had.
        StoreError: The project has no such photo.
    """
    entry = _readable(project, photo_id)
    path = entry.facts.path
    if is_file(path) and path.stat().st_size == entry.facts.bytes:
        return path
    return _found_again(project, entry)


def same_photo(project: Project, photo_id: str, path: Path) -> Job[None]:
    """Compare a file with the photo it is said to be; reads all of it, a few megabytes a step.

    Raises:
        PhotoChanged: It was changed.
        PhotoError: It went away, or cannot be read now; nothing is known of its content.
    """
    for found in hashing(path):
        yield progress(0, 0)
        if found and found != photo_id:
            raise _changed(project, path)


def _readable(project: Project, photo_id: str) -> PhotoEntry:
    entry = project.store.photo(photo_id)
    if entry.state is ReviewState.BROKEN:
        message = f"{entry.facts.path} cannot be read: {entry.reason}"
        raise PhotoError(message, "Replace the file and add it again.")
    return entry


def _changed(project: Project, path: Path) -> PhotoChanged:
    return PhotoChanged(
        f"{path} was changed since it was added to {project.folder.name}.",
        "Bring the original back, or add the changed photo as a new one.",
    )


def _found_again(project: Project, entry: PhotoEntry) -> Path:
    """The new place of a photo that is not where it was."""
    photo_id, path = entry.photo_id, entry.facts.path
    found = find_by_content(photo_id, entry.facts.bytes, _likely_folders(project, path))
    if found is None:
        if is_file(path):
            raise _changed(project, path)
        raise PhotoError(f"{path} is not there any more.", "Add the folder where the photo is now.")
    project.store.relocate(photo_id, found.absolute())
    return found


def _likely_folders(project: Project, lost: Path) -> list[Path]:
    """Where a lost photo may be; never a whole disk or home."""
    folders = dict.fromkeys(entry.facts.path.parent for entry in project.store.photos())
    folders.update(dict.fromkeys([lost.parent, lost.parent.parent, project.folder.parent]))
    too_wide = {Path.home(), Path(lost.anchor), Path(project.folder.anchor)}
    return [folder for folder in folders if folder not in too_wide and is_folder(folder)]
