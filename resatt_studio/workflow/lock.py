"""One writer per project: a lock that the operating system drops when its process dies."""

from __future__ import annotations

import errno
import json
import os
import socket
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from resatt_studio.errors import ProjectError

_HELD = {errno.EACCES, errno.EAGAIN, errno.EDEADLK}
_BYTE = 1 << 30  # Windows locks byte ranges against reading too; this one is far behind the text


class ProjectLock:
    """Holds ``path`` locked from construction to :meth:`release`.

    The lock belongs to the open file, not to the file's existence: what a killed process left is free at
    once. The text in the file only tells others who holds it.

    Raises:
        ProjectError: Somebody else holds it, or the file system cannot lock.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            # Without a buffer: what could not be written is not tried again when the file is closed.
            self._file: IO[bytes] | None = path.open("a+b", buffering=0)
        except OSError as error:
            raise ProjectError(
                f"{path} could not be opened: {error.strerror or error}.",
                "Check that you may write to the project folder.",
            ) from error
        try:
            _lock(self._file)
        except OSError as error:
            self._file.close()
            raise self._refusal(error) from error
        self._write({"pid": os.getpid(), "host": socket.gethostname(), "since": _now()})

    def release(self) -> None:
        """Let others in; doing it twice does nothing."""
        if self._file is not None:
            self._write({})
            self._file.close()
            self._file = None

    def _write(self, holder: dict[str, str | int]) -> None:
        """Tell others; a disk that is full holds and frees the lock all the same."""
        assert self._file is not None
        with suppress(OSError):
            self._file.seek(0)
            self._file.truncate()
            self._file.write(json.dumps(holder).encode())

    def _refusal(self, error: OSError) -> ProjectError:
        folder = self.path.parent
        if error.errno in _HELD:
            return ProjectError(
                f"The project {folder.name} is open in {self._holder()}.",
                "Close it there first; a project has one writer at a time.",
            )
        return ProjectError(
            f"The project {folder} cannot be locked: {error.strerror or error}.",
            "Copy the project to a local disk and open it there.",
        )

    def _holder(self) -> str:
        try:
            holder = json.loads(self.path.read_text(encoding="utf-8"))
            return f"process {holder['pid']} on {holder['host']} since {holder['since']}"
        except (OSError, ValueError, KeyError, TypeError):
            return "another program"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes]) -> None:
        file.seek(_BYTE)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
