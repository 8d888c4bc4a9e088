"""Which photos and masks are meant, and reading them one by one: folders, lists of stems, masks by stem."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from resatt_studio.errors import ExportError, MaskError, PhotoError
from resatt_studio.imaging.files import SUFFIXES, find_photos, read_photo
from resatt_studio.imaging.opening import is_folder, unopened
from resatt_studio.records.jobs import JobProgress
from resatt_studio.records.photo import Photo
from resatt_studio.workflow.jobs import Job, progress

_MASK_MARK = re.compile(r"[._-]mask$", re.IGNORECASE)


Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that was left out, and why."""

    path: Path
    reason: str

    def as_json(self) -> dict[str, str]:
        """A row of what commands with ``--json`` left out."""
        return {"photo": str(self.path), "reason": self.reason}


def each_photo(
    paths: Sequence[Path], work: Callable[[Path, Photo, JobProgress], Job[Row]]
) -> Job[tuple[tuple[Row, ...], tuple[Refused, ...]]]:
    """Read photo after photo and do ``work`` on each; one that cannot be read is told and the rest goes on.

    Args:
        paths: Photos, at least one.
        work: Given the path, the photo, and the report to say after every step of its own.

    Returns:
        What ``work`` returned, and the photos that were left out.

    Raises:
        PhotoError: None of them can be read.
    """
    rows: list[Row] = []
    refused: list[Refused] = []
    for done, path in enumerate(paths):
        report = progress(done, len(paths), "photos", path.name)
        yield report
        try:
            photo = read_photo(path)
        except PhotoError as error:
            refused.append(Refused(path, str(error)))
            continue
        rows.append((yield from work(path, photo, report)))
    yield progress(len(paths), len(paths), "photos")
    if not rows:
        raise PhotoError(f"None of the {len(paths)} photos can be read: {refused[0].reason}")
    return tuple(rows), tuple(refused)


def refuse_photos(outs: Iterable[Path], photos: Iterable[Path]) -> None:
    """Refuse to write over a photo, whatever name it is called by.

    Args:
        outs: Where to write.
        photos: Which must not be written over.

    Raises:
        ExportError: One of ``outs`` is one of them.
    """
    there = _files(outs)  # where nothing is, nothing can be overwritten
    if not there:
        return
    for file in there.keys() & _files(photos).keys():
        out = there[file]
        raise ExportError(
            f"{out} is the photo itself, and photos are never overwritten.",
            "Give another name, or another folder.",
        )


def _files(paths: Iterable[Path]) -> dict[tuple[int, int], Path]:
    """Those that exist, by what tells a file from every other on this machine."""
    files = {}
    for path in paths:
        with suppress(OSError):
            found = path.stat()
            files[found.st_dev, found.st_ino] = path
    return files


def read_list(path: Path) -> tuple[str, ...]:
    """Read stems, one a line; blank lines and lines that begin with # are skipped, photo suffixes cut off.

    Raises:
        PhotoError: The list cannot be read or names nothing.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise PhotoError(
            f"List {path} cannot be read: {error}.", "Give a text file with one stem a line."
        ) from error
    stems = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    if not stems:
        raise PhotoError(f"List {path} names no photo.", "Write one stem a line, such as GOPR0104_1.")
    return tuple(dict.fromkeys(_without_suffix(stem) for stem in stems))


def choose_photos(
    sources: Sequence[Path], stems: Sequence[str] | None = None
) -> tuple[list[Path], list[Refused]]:
    """Find the photos of files and folders, in natural order, each once.

    Args:
        sources: Photos, and folders that are searched with their sub-folders, but for those called "masks".
        stems: Only these; None for all.

    Returns:
        The photos, and the stems that no photo has.

    Raises:
        PhotoError: A source does not exist, or nothing is left.
    """
    found: dict[Path, None] = {}
    for source in sources:
        try:
            source.stat()
        except (FileNotFoundError, NotADirectoryError):
            raise PhotoError(f"{source} does not exist.", "Check the spelling of the path.") from None
        except OSError as error:  # such as a name too long, or a folder that may not be entered
            raise unopened(source, error) from error
        found.update(dict.fromkeys(_photos_of(source) if is_folder(source) else [source]))
    names = ", ".join(str(source) for source in sources)
    if stems is None:
        if not found:
            kinds = " ".join(sorted(SUFFIXES))
            raise PhotoError(f"No photo was found in {names}.", f"Files with these endings are read: {kinds}")
        return list(found), []
    wanted = set(stems)
    photos = [path for path in found if path.stem in wanted]
    if not photos:
        raise PhotoError(
            f"No photo in {names} has a stem of the list.", "The list holds names without their ending."
        )
    present = {path.stem for path in photos}
    return photos, [Refused(Path(stem), "no photo of this stem") for stem in stems if stem not in present]


def _photos_of(folder: Path) -> list[Path]:
    return [
        path
        for path in find_photos(folder)
        if not any(part.casefold() == "masks" for part in path.relative_to(folder).parts[:-1])
    ]


def match_masks(folder: Path) -> Mapping[str, tuple[Path, ...]]:
    """Masks of ``folder`` and its sub-folders by stem; ``a.mask.png`` and ``a_mask.png`` count as ``a``.

    Raises:
        MaskError: The folder does not exist or holds no picture.
    """
    if not is_folder(folder):
        raise MaskError(f"Mask folder {folder} does not exist.", "Check the spelling of the path.")
    masks: dict[str, tuple[Path, ...]] = {}
    for path in find_photos(folder):
        stem = _MASK_MARK.sub("", path.stem)
        masks[stem] = (*masks.get(stem, ()), path)
    if not masks:
        raise MaskError(f"No mask was found in {folder}.", "Masks are pictures of the stems of their photos.")
    return masks


def the_mask(masks: Mapping[str, tuple[Path, ...]], photo: Path) -> Path | None:
    """Return the one mask of ``photo``; None when there is none.

    Raises:
        MaskError: Several masks have its stem.
    """
    paths = masks.get(photo.stem, ())
    if len(paths) > 1:
        names = ", ".join(str(path) for path in paths)
        raise MaskError(
            f"Photo {photo.name} has {len(paths)} masks: {names}.", "Keep one mask for each stem."
        )
    return paths[0] if paths else None


def choose_with_masks(
    sources: Sequence[Path], masks: Path | None, stems: Sequence[str] | None = None
) -> tuple[list[Path], Mapping[str, tuple[Path, ...]], list[Refused]]:
    """As :func:`choose_photos`, with the masks of a folder by stem, which may lie among the photos.

    Returns:
        Photos that are no masks, masks by stem (none where there is no folder), and stems without a photo.

    Raises:
        PhotoError: As :func:`choose_photos`.
        MaskError: As :func:`match_masks`.
    """
    by_stem = match_masks(masks) if masks is not None else {}
    photos, refused = choose_photos(sources, stems)
    by_stem = _masks_beside(photos, by_stem)
    return _without_masks(photos, by_stem), by_stem, refused


def _masks_beside(
    photos: Sequence[Path], masks: Mapping[str, tuple[Path, ...]]
) -> Mapping[str, tuple[Path, ...]]:
    """Of masks in the photos' own folder: where ``a.mask.png`` or ``a_mask.png`` lies beside a photo
    ``a.png``, it alone is the mask."""
    own = {path.resolve() for path in photos}

    def told_apart(paths: tuple[Path, ...]) -> tuple[Path, ...]:
        marked = tuple(path for path in paths if _MASK_MARK.search(path.stem))
        others = {path.resolve() for path in paths} - {path.resolve() for path in marked}
        return marked if marked and others <= own else paths

    return {stem: told_apart(paths) for stem, paths in masks.items()}


def _without_masks(photos: Sequence[Path], masks: Mapping[str, tuple[Path, ...]]) -> list[Path]:
    """Leave out the masks themselves, for mask folders that lie inside the photo folder."""
    files = {path.resolve() for paths in masks.values() for path in paths}
    return [path for path in photos if path.resolve() not in files]


def _without_suffix(name: str) -> str:
    path = Path(name)
    return path.stem if path.suffix.lower() in SUFFIXES else name
