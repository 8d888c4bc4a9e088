"""Paths as the system takes them, and errors of opening and reading as people take them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

from resatt_studio.errors import PhotoError

_WINDOWS_LONG_PATH = 240


@contextmanager
def opened(path: Path) -> Iterator[BufferedReader]:
    """A photo that is open for reading while the block lasts.

    Raises:
        PhotoError: Missing, a folder, not allowed, or out of reach; inside the block, as :func:`reading`.
    """
    with open_photo(path) as file, reading(path):
        yield file


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Say of whatever the system raises inside the block which file it was, and the cure.

    Raises:
        PhotoError: A network drive went away, or the disk fails.
    """
    try:
        yield
    except OSError as error:
        raise broken_off(path, error) from error


def open_photo(path: Path) -> BufferedReader:
    """Open a photo for reading and leave it open.

    Raises:
        PhotoError: Missing, a folder, not allowed, or out of reach.
    """
    try:
        return Path(system_path(path)).open("rb")
    except PermissionError as error:
        # What Windows says of any folder, other systems say with an error of its own.
        raise unopened(path, IsADirectoryError() if path.is_dir() else error) from error
    except OSError as error:
        raise unopened(path, error) from error


def is_file(path: Path) -> bool:
    """Whether a file is there. ``Path.is_file`` raises where the system refuses to look: a name too long for
    any disk, a folder that may not be entered, a drive that went away."""
    return stat.S_ISREG(_mode(path))


def is_unicode(path: Path) -> bool:
    """Whether a database, or a program on another system, can keep the name."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def is_folder(path: Path) -> bool:
    """As :func:`is_file`, of a folder."""
    return stat.S_ISDIR(_mode(path))


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode
    except OSError:
        return 0


def system_path(path: Path) -> Path:
    """The path as the system takes it: Windows wants a prefix on long ones."""
    if os.name == "nt" and len(str(path)) > _WINDOWS_LONG_PATH and not str(path).startswith("\\\\"):
        return Path("\\\\?\\" + str(path.absolute()))
    return path


def unopened(path: Path, error: OSError) -> PhotoError:
    """What a person needs to know about a path that could not be opened."""
    match error:
        case FileNotFoundError():
            return PhotoError(
                f"“{path}” was not found.", "Was it moved or renamed? Add it again from its place."
            )
        case NotADirectoryError():
            return PhotoError(f"“{path}” is not a folder.", "Choose the folder that holds the photos.")
        case IsADirectoryError():
            return PhotoError(f"“{path}” is a folder, not a photo.", "Choose a file in it.")
        case PermissionError():
            return PhotoError(
                f"“{path}” may not be read.", "Ask for permission to read it, or copy it elsewhere."
            )
    reason = error.strerror or str(error)
    return PhotoError(f"“{path}” cannot be opened: {reason}.", "Check the disk or network drive it lies on.")


def broken_off(path: Path, error: OSError) -> PhotoError:
    """What a person needs to know about a file that was open and could not be read on."""
    return PhotoError(
        f"“{path}” cannot be read any more: {error.strerror or error}.",
        "Check the disk or network drive it lies on.",
    )
