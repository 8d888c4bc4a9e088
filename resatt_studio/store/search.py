"""Finds a photo that was moved or renamed, by its content."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Iterable
from pathlib import Path


def find_by_content(photo_id: str, size_bytes: int, folders: Iterable[Path]) -> Path | None:
    """Return a file below ``folders`` with that SHA-256, or None.

    Only files of the right size are read, so a folder of thousands of photos takes a moment.
    Folders that do not exist or may not be read are passed over.
    """
    for folder in folders:
        for parent, names, files in os.walk(folder):
            names[:] = sorted(
                name for name in names if not name.startswith(".") and not name.endswith(".resatt")
            )
            for name in sorted(files):
                path = Path(parent, name)
                if has_content(path, photo_id, size_bytes):
                    return path
    return None


def has_content(path: Path, photo_id: str, size_bytes: int, most_read_bytes: float = math.inf) -> bool:
    """Whether a file is this photo; one that takes too long to be read is told by its size alone."""
    try:
        if path.stat().st_size != size_bytes:
            return False
        if size_bytes > most_read_bytes:
            return True
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == photo_id
    except OSError:  # vanished or forbidden: not the one we can use
        return False
