"""An edit as bytes and back: versioned, compact, checked; and what a document tells whoever keeps them."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator
from typing import Any, Protocol, runtime_checkable

import numpy as np

from resatt_studio.errors import StoreError
from resatt_studio.records.arrays import UInt8Array, read_only
from resatt_studio.records.correction import Edit, Label, TileChange
from resatt_studio.records.geometry import Box

_MAGIC = b"RSED"
_VERSION = 1
_FRAME = struct.Struct("<4sBIQ")  # magic, version, CRC-32 of the rest, length of the unpacked body
_LENGTH = struct.Struct("<I")
_LARGEST_BODY = 1 << 33


@runtime_checkable
class Journal(Protocol):
    """Told of every change of a document, at once and in order; implementors queue and return."""

    def appended(self, edit: Edit) -> None:
        """A new edit was made; whatever was undone before it is gone for good."""

    def undone(self, edit: Edit) -> None:
        """The newest edit was taken back."""

    def redone(self, edit: Edit) -> None:
        """The edit that was taken back last was made again."""


@runtime_checkable
class ReloadingJournal(Journal, Protocol):
    """A journal that can hand an edit back, so that old edits need not stay in memory."""

    def reload(self, edit_id: str) -> Edit:
        """The edit of that id, as it was appended.

        Raises:
            StoreError: It is not there or damaged.
        """


def encode_edit(edit: Edit) -> bytes:
    """One edit as bytes that :func:`decode_edit` takes back without loss."""
    head = {
        "edit_id": edit.edit_id,
        "tool": edit.tool,
        "label": int(edit.label),
        "radius_px": edit.radius_px,
        "author": edit.author,
        "made_at": edit.made_at,
        "weights_id": edit.weights_id,
        "points": len(edit.path),
        "changes": [
            [change.row, change.column, change.box.top, change.box.left, change.box.bottom, change.box.right]
            for change in edit.changes
        ],
    }
    text = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode()
    # Level 1: labels are long runs; higher levels cost the painting thread more than they save. Part by part,
    # as an area as large as the photo would else stand in memory twice, and keep every thread waiting
    # meanwhile.
    packer, length, pieces = zlib.compressobj(1), 0, []
    for part in _body(text, edit):
        length += len(part)
        pieces.append(packer.compress(part))
    packed = b"".join((*pieces, packer.flush()))
    return _FRAME.pack(_MAGIC, _VERSION, zlib.crc32(packed), length) + packed


def _body(text: bytes, edit: Edit) -> Iterator[bytes]:
    """What is packed, part by part."""
    yield _LENGTH.pack(len(text)) + text + np.asarray(edit.path, "<f8").tobytes()
    for change in edit.changes:
        yield change.before.tobytes()
        yield change.after.tobytes()


def decode_edit(data: bytes) -> Edit:
    """The edit that :func:`encode_edit` wrote.

    Raises:
        StoreError: The bytes are damaged, cut short, or written by a newer version.
    """
    body = _unpack(data)
    try:
        return _read_body(body)
    except (ValueError, KeyError, TypeError, struct.error) as error:
        raise _damaged(f"its content makes no sense ({error})") from error


def _unpack(data: bytes) -> bytes:
    if len(data) < _FRAME.size or data[:4] != _MAGIC:
        raise _damaged("it does not begin as one")
    _, version, checksum, length = _FRAME.unpack_from(data)
    if version > _VERSION:
        raise StoreError(
            f"A stroke in the journal was written in format {version}; this version reads up to {_VERSION}.",
            "Open the project with the newer version of ResAtt Studio that wrote it.",
        )
    packed = data[_FRAME.size :]
    if zlib.crc32(packed) != checksum or length > _LARGEST_BODY:
        raise _damaged("its checksum does not match")
    unpacker = zlib.decompressobj()
    try:
        # The stated length bounds what is unpacked, whatever the bytes claim.
        body = unpacker.decompress(packed, length + 1)
    except zlib.error as error:
        raise _damaged(str(error)) from error
    if len(body) != length or not unpacker.eof:
        raise _damaged("its length does not match")
    return body


def _read_body(body: bytes) -> Edit:
    (text_length,) = _LENGTH.unpack_from(body)
    start = _LENGTH.size + text_length
    head: dict[str, Any] = json.loads(body[_LENGTH.size : start])
    points = np.frombuffer(body, "<f8", int(head["points"]) * 2, start).reshape(-1, 2)
    start += points.nbytes
    changes = []
    for row, column, top, left, bottom, right in head["changes"]:
        box = Box(top, left, bottom, right)
        size = box.height * box.width
        before = _labels(body, start, box)
        after = _labels(body, start + size, box)
        start += 2 * size
        changes.append(TileChange(row, column, box, before, after))
    if start != len(body):
        raise ValueError(f"{len(body) - start} bytes too many")
    return Edit(
        edit_id=head["edit_id"],
        tool=head["tool"],
        label=Label(head["label"]),
        radius_px=float(head["radius_px"]),
        path=tuple((row, column) for row, column in points.tolist()),
        changes=tuple(changes),
        author=head["author"],
        made_at=head["made_at"],
        weights_id=head["weights_id"],
    )


def _labels(body: bytes, start: int, box: Box) -> UInt8Array:
    labels = np.frombuffer(body, np.uint8, box.height * box.width, start)
    if labels.size and labels.max() > max(Label):
        raise ValueError(f"label {labels.max()}")
    return read_only(labels.reshape(box.height, box.width))


def _damaged(why: str) -> StoreError:
    return StoreError(
        f"A stroke in the project's journal is damaged: {why}.",
        "The other strokes are whole; restore the project folder from a backup to get this one back.",
    )
