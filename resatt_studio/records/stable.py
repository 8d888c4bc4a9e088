"""Numbers that follow from a name alone: chance that is the same on every machine and on every day."""

from __future__ import annotations

import hashlib


def stable_number(name: bytes) -> int:
    """The first 64 bits of the name's SHA-256, in [0, 2**64)."""
    return int.from_bytes(hashlib.sha256(name).digest()[:8], "big")
