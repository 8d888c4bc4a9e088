"""``python -m resatt_studio``: the command line; without arguments, the window."""

from __future__ import annotations

import sys

from resatt_studio.cli import main


def window() -> None:
    """Entry point of the desktop icon: the window, and a project when one is named."""
    sys.exit(main(["gui", *sys.argv[1:]]))


if __name__ == "__main__":
    sys.exit(main())
