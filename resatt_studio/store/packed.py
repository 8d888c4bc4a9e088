"""Streams of zlib, which a damaged or foreign project may have made to hold anything."""

from __future__ import annotations

import zlib


def unpacked(data: bytes, most_bytes: int) -> bytes:
    """Unpack a stream that has a bound, so that none fills the memory.

    Args:
        data: The whole stream.
        most_bytes: What it may hold.

    Raises:
        zlib.error: It is damaged, cut off, or holds more.
    """
    unpacker = zlib.decompressobj()
    found = unpacker.decompress(data, most_bytes + 1)
    if len(found) > most_bytes:
        raise zlib.error(f"it holds more than {most_bytes} bytes")
    if not unpacker.eof:
        raise zlib.error("it is cut off")
    return found
