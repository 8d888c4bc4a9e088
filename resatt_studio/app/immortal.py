"""Keeps None, True and False alive under Qt bindings that lose references to them.

PySide6 6.12.0 is built for Pythons on which these three are immortal (3.12 and later). On Python 3.11 every
call that returns one of them drops a reference that was never taken, and after some ten thousand calls the
process dies with "Fatal Python error: none_dealloc". Counting them up once, far beyond what any session can
lose, gives Python 3.11 what later versions have by design.
"""

from __future__ import annotations

import ctypes
import sys

_REFERENCES = 1 << 48


def keep_alive() -> None:
    """Make None, True and False as good as immortal; does nothing where they are already."""
    if sys.implementation.name == "cpython" and sys.version_info < (3, 12):
        for constant in (None, True, False):
            # The reference count is the first field of every object on these versions.
            count = ctypes.c_ssize_t.from_address(id(constant))
            if count.value < _REFERENCES:
                count.value += _REFERENCES
