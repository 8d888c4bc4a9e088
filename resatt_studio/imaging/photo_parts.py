"""A huge photo of which a part is read now and then; its file is open only meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

from resatt_studio.errors import PhotoChanged, PhotoError
from resatt_studio.imaging.opening import unopened
from resatt_studio.imaging.tiled_tiff import TiledTiff, open_tiled
from resatt_studio.records.arrays import UInt8Array
from resatt_studio.records.geometry import Box

FileStamp: TypeAlias = tuple[int, int]
"""What of a file changes with its content: size in bytes, and time in nanoseconds."""


class PhotoParts:
    """Boxes of one photo; as it was when this was made, or not at all.

    Args:
        path: Of a TIFF that can be read by parts.

    Raises:
        PhotoError: It is missing, damaged, or can only be read whole.

    Attributes:
        height, width: Of the upright photo, in pixels.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp = stamp(path)
        photo = self._opened()
        self.height, self.width = photo.height, photo.width
        self._last = photo
        photo.close()

    def read(self, box: Box) -> UInt8Array:
        """Read a box inside the photo, h x w x 3 uint8 RGB, upright.

        Raises:
            PhotoChanged: The file is another one than it was.
            PhotoError: It went away.
        """
        if stamp(self.path) != self._stamp:
            raise PhotoChanged(
                f"“{self.path}” was changed while it was in use.",
                "Bring the original back, or add the changed photo as a new one.",
            )
        photo = self._opened()
        photo.window_of(self._last)  # found once: it takes a look at parts all over the photo
        try:
            return photo.read(0, box)
        finally:
            photo.close()
            self._last = photo

    def _opened(self) -> TiledTiff:
        photo = open_tiled(self.path)
        if photo is None:
            raise PhotoError(
                f"“{self.path.name}” can only be read as a whole.",
                "Allow more under “Memory for photos” in the settings, or save the photo as a tiled TIFF.",
            )
        return photo


def stamp(path: Path) -> FileStamp:
    """Of a file as it is now.

    Raises:
        PhotoError: It is missing or out of reach.
    """
    try:
        found = path.stat()
    except OSError as error:
        raise unopened(path, error) from error
    return found.st_size, found.st_mtime_ns
