"""File names for many photos in one folder: readable, and never the same twice."""

from __future__ import annotations

import hashlib
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

MOST_STEM_BYTES = 230
"""File systems allow names of 255 bytes; this leaves room for the longest ending, ``.probability.png``, and
for the beginning of a photo id."""
_DIGEST_DIGITS = 8


def unique_stems(paths: Sequence[Path]) -> dict[Path, str]:
    """Give every photo a stem of its own, the same in whatever order the photos come.

    A stem that one photo has alone stays as it is. Photos of one stem (in any case, since some disks do not
    tell case apart) get as many of their folders in front as tell them apart: ``north_wall``, ``south_wall``.
    Photos of one folder that differ in the suffix alone get it behind: ``wall_jpg``, ``wall_png``.
    A stem of more than :data:`MOST_STEM_BYTES` is cut and ends with eight hex digits of its own hash, so that
    what is written of a photo has one stem in every format and in company of whatever other photos.
    What then still clashes is numbered in the order of the paths.

    Returns:
        Stem by path; a path given twice counts once.
    """
    different = sorted(set(paths), key=str)
    stems: dict[Path, str] = {}
    for group in _by_case_folded((path, path.stem) for path in different):
        stems.update(_told_apart(group) if len(group) > 1 else {group[0]: group[0].stem})
    return _numbered(different, {path: _fitting(stem) for path, stem in stems.items()})


def _told_apart(group: list[Path]) -> dict[Path, str]:
    folders = _folder_names({path.parent for path in group})
    crowded = Counter(path.parent for path in group)
    names = {}
    for path in group:
        parts = [*folders[path.parent], path.stem]
        if crowded[path.parent] > 1:
            parts.append(path.suffix.lstrip("."))
        names[path] = "_".join(parts)
    return names


def _folder_names(folders: set[Path]) -> dict[Path, list[str]]:
    """The fewest last parts of each folder that tell all of them apart; none for a single folder."""
    parts = {folder: [part for part in folder.parts if part != folder.anchor] for folder in folders}
    names: dict[Path, list[str]] = {}
    for depth in range(max(map(len, parts.values())) + 1):
        names = {folder: parts[folder][max(0, len(parts[folder]) - depth) :] for folder in folders}
        if len({"/".join(name).casefold() for name in names.values()}) == len(folders):
            break
    return names


def _fitting(stem: str) -> str:
    """The stem, or a shorter one that no other stem becomes."""
    if len(os.fsencode(stem)) <= MOST_STEM_BYTES:
        return stem
    ending = "-" + hashlib.sha256(os.fsencode(stem)).hexdigest()[:_DIGEST_DIGITS]
    while len(os.fsencode(stem)) > MOST_STEM_BYTES - len(ending):
        stem = stem[:-1]  # whole characters, whatever bytes each takes
    return stem + ending


def _by_case_folded(named: Iterable[tuple[Path, str]]) -> list[list[Path]]:
    groups: dict[str, list[Path]] = defaultdict(list)
    for path, name in named:
        groups[name.casefold()].append(path)
    return list(groups.values())


def _numbered(paths: list[Path], stems: dict[Path, str]) -> dict[Path, str]:
    taken: set[str] = set()
    result: dict[Path, str] = {}
    # Untouched stems first, so that a built one gives way to them.
    for path in sorted(paths, key=lambda path: (stems[path] != path.stem, str(path))):
        name, number = stems[path], 1
        while name.casefold() in taken:
            number += 1
            name = _fitting(f"{stems[path]}-{number}")
        taken.add(name.casefold())
        result[path] = name
    return result
