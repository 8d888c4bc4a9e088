"""Files written whole or not at all."""

from __future__ import annotations

import io
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import cv2
import numpy as np
import numpy.typing as npt

from resatt_studio import durable
from resatt_studio.errors import BugError, ExportError
from resatt_studio.records.arrays import UInt8Array


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that a reader, or a crash at any moment, finds the old content or the new one.

    Raises:
        ExportError: The folder cannot be written to, or the disk is full.
    """
    try:
        durable.write_whole(path, data)
    except OSError as error:
        raise unwritable(path, error) from error


def unwritable(path: Path, error: OSError) -> ExportError:
    """What a person needs to know about a file that cannot be written."""
    return ExportError(
        f"“{path}” cannot be written: {error.strerror or error}.",
        "Choose a folder that exists, may be written to and has free space.",
    )


class PartFile:
    """A file that is written piece by piece; to be used in a ``with`` block, and whole or absent at its end.

    Args:
        path: Where to; missing folders are made.

    Raises:
        ExportError: It cannot be written.

    Attributes:
        length: Bytes so far.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.length = 0
        self._part = path.with_name(f".{path.name[:16]}-{secrets.token_hex(6)}{durable.PART_SUFFIX}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._part.open("xb")
        except OSError as error:
            raise unwritable(path, error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self.finish()
                self._file.flush()
                os.fsync(self._file.fileno())
                self._file.close()
                durable.take_name(self._part, self.path)
        except OSError as error:
            raise unwritable(self.path, error) from error
        finally:
            with suppress(OSError):  # of a full disk, once more; it was told
                self._file.close()
            self._part.unlink(missing_ok=True)

    def finish(self) -> None:
        """Write what comes at the end."""

    def write(self, data: bytes) -> None:
        """The next bytes.

        Raises:
            ExportError: The disk refused.
        """
        try:
            self._file.write(data)
        except OSError as error:
            raise unwritable(self.path, error) from error
        self.length += len(data)

    def write_at(self, start: int, data: bytes) -> None:
        """Replace bytes that were written; nothing can be added afterwards.

        Raises:
            ExportError: The disk refused.
        """
        try:
            self._file.seek(start)
            self._file.write(data)
        except OSError as error:
            raise unwritable(self.path, error) from error


def write_png(path: Path, array: npt.NDArray[Any], palette: UInt8Array | None = None) -> None:
    """Write an array as PNG, whole or not at all.

    Args:
        path: Where to; missing folders are made.
        array: H x W bool (written as 0 and 255), H x W or H x W x 3 (RGB) uint8 or uint16.
        palette: n x 3 uint8 colours; the array is then H x W uint8 of indices below n.

    Raises:
        ExportError: The file cannot be written.
        BugError: No PNG holds such an array.
    """
    write_whole(path, encode_png(array, palette))


def encode_png(array: npt.NDArray[Any], palette: UInt8Array | None = None) -> bytes:
    """The bytes that :func:`write_png` writes.

    Raises:
        BugError: No PNG holds such an array.
    """
    if palette is not None:
        return _encode_indexed(array, palette)
    if array.dtype == np.bool_:
        array = array.astype(np.uint8) * np.uint8(255)
    grey = array.ndim == 2
    rgb = array.ndim == 3 and array.shape[2] == 3
    if array.dtype not in (np.uint8, np.uint16) or not (grey or rgb) or array.size == 0:
        raise BugError(f"no PNG holds an array of shape {array.shape} and type {array.dtype}")
    ordered = np.ascontiguousarray(array) if grey else cv2.cvtColor(array, cv2.COLOR_RGB2BGR)
    done, encoded = cv2.imencode(".png", ordered)
    if not done:
        raise BugError(f"PNG encoder refused an array of shape {array.shape} and type {array.dtype}")
    return encoded.tobytes()


def _encode_indexed(array: npt.NDArray[Any], palette: UInt8Array) -> bytes:
    from PIL import Image

    if array.dtype != np.uint8 or array.ndim != 2 or int(array.max(initial=0)) >= len(palette):
        raise BugError(f"indices of shape {array.shape} do not fit a palette of {len(palette)} colours")
    image = Image.fromarray(np.ascontiguousarray(array))
    image.putpalette(palette.tobytes())
    buffer = io.BytesIO()
    # Eight bits an index, so that every reader finds the bytes to be the labels themselves.
    image.save(buffer, "PNG", bits=8)
    return buffer.getvalue()
