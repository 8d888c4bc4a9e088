"""Writes a file whole or not at all: the one place that knows how."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

_NOT_OFFERED = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EACCES, errno.EPERM})
"""What file systems say that force files to the disk but no folders, as those of some network drives, and of
folders that may be written to but not listed. The file is whole and has its name by then."""

PART_SUFFIX = ".part"
"""Ending of a file that is still being written; one that is found later was cut off by a crash."""


def write_whole(path: Path, data: bytes | memoryview) -> None:
    """Write a file so that a reader, or a crash at any moment, finds the old content or the new one.

    The bytes go to a hidden file in the same folder, are forced to the disk, and then take the name. Missing
    folders are made.

    Raises:
        OSError: It cannot be written; what stood there before still does. Callers say it in their own family
            of errors, with the cure that fits.
    """
    with whole_file(path) as file:
        file.write(data)


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """As :func:`write_whole`, for what is written piece by piece; the file takes its name as the block ends.

    Raises:
        OSError: As :func:`write_whole`. Any error of the block leaves what stood there before.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Random, so that two threads may write the same file; short, so that long names still fit.
    part = path.with_name(f".{path.name[:16]}-{secrets.token_hex(6)}{PART_SUFFIX}")
    try:
        with part.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        take_name(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def take_name(part: Path, path: Path) -> None:
    """Give a file whose bytes are on the disk its name there, in the same file system; missing folders are
    made.

    Raises:
        OSError: It cannot be done; what stood there before still does.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part.replace(path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Force the new name itself to the disk; Windows does so on its own and offers no such call."""
    if os.name == "nt":
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in _NOT_OFFERED:
            raise
