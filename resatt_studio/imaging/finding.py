"""Photos of a folder, in the order a person expects."""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path

from resatt_studio.imaging.decode import HEIC_READABLE
from resatt_studio.imaging.opening import system_path, unopened

SUFFIXES: frozenset[str] = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".bmp"}) | (
    frozenset({".heic", ".heif"}) if HEIC_READABLE else frozenset()
)
"""Suffixes of files that :func:`find_photos` lists, lower-case."""

_LOG = logging.getLogger(__name__)
_DIGITS = re.compile(r"(\d+)")
_PROJECT_SUFFIX = ".resatt"


def natural_key(path: Path) -> tuple[tuple[tuple[int, int, str], ...], ...]:
    """Sort key under which "photo 9" comes before "photo 10", folder by folder, in any case."""

    def parts(name: str) -> tuple[tuple[int, int, str], ...]:
        pieces = (piece for piece in _DIGITS.split(name.casefold()) if piece)
        # isdecimal and not isdigit: "²" is a digit that int() does not take
        return tuple((0, int(piece), "") if piece.isdecimal() else (1, 0, piece) for piece in pieces)

    return tuple(parts(name) for name in path.parts)


def find_photos(folder: Path) -> list[Path]:
    """List the photos of a folder and its sub-folders, in natural order, files of a folder first.

    Hidden files and folders and ``*.resatt`` projects are passed over, links to folders are not followed,
    and a sub-folder that may not be read is logged and passed over.

    Raises:
        PhotoError: The folder itself is missing, no folder, or may not be read.
    """
    folder = Path(folder)
    try:
        with os.scandir(system_path(folder)):
            pass
    except OSError as error:
        raise unopened(folder, error) from error
    found: list[Path] = []
    for parent, names, files in os.walk(system_path(folder), onerror=lambda error: _LOG.warning("%s", error)):
        names[:] = [name for name in names if not name.startswith(".") and not _is_project(name)]
        base = folder / Path(parent).relative_to(system_path(folder))
        found += [base / name for name in files if not name.startswith(".") and _is_photo_name(name)]
    return sorted(found, key=lambda path: (natural_key(path.parent), natural_key(Path(path.name)), str(path)))


def _is_project(name: str) -> bool:
    return name.casefold().endswith(_PROJECT_SUFFIX)


def _is_photo_name(name: str) -> bool:
    return Path(name).suffix.casefold() in SUFFIXES
