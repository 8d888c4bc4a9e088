"""Finds a file of ``assets/``, in a checkout or installed from a wheel."""

from __future__ import annotations

from pathlib import Path

from resatt_studio.errors import BugError

_PACKAGE = Path(__file__).resolve().parent
_CANDIDATES = (_PACKAGE / "assets", _PACKAGE.parent / "assets")


def assets_folder() -> Path:
    """Return the folder that holds the bundled photos, weights, icons and settings.

    Raises:
        BugError: The installation lacks its assets.
    """
    for folder in _CANDIDATES:
        if folder.is_dir():
            return folder
    raise BugError(f"no assets folder beside {_PACKAGE}; the installation is incomplete")


def asset(*parts: str) -> Path:
    """Return the path of one bundled file or folder, such as ``asset("weights", "x.safetensors")``.

    Raises:
        BugError: It is not part of this installation.
    """
    path = assets_folder().joinpath(*parts)
    if not path.exists():
        raise BugError(f"bundled file {'/'.join(parts)} is missing from {assets_folder()}")
    return path
