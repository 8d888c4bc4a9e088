"""The menu of recent projects, and what may be dropped on the window."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QMimeData
from PySide6.QtWidgets import QMenu

from resatt_studio.words import tr

PROJECT_SUFFIX = ".resatt"


@dataclass(frozen=True, slots=True)
class Dropped:
    """What was dropped: at most one project, and photos or folders of photos."""

    project: Path | None
    sources: tuple[Path, ...]


def read_drop(data: QMimeData) -> Dropped:
    """Sort local files and folders into a project and sources of photos; other links are left out."""
    paths = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
    projects = [path for path in paths if path.suffix.lower() == PROJECT_SUFFIX and path.is_dir()]
    sources = tuple(path for path in paths if path not in projects)
    return Dropped(projects[0] if projects else None, sources)


def fill_recent_menu(menu: QMenu, folders: Iterable[Path], open: Callable[[Path], None]) -> None:
    """List projects that still exist; says so when there is none."""
    menu.clear()
    for folder in folders:
        if folder.is_dir():
            action = menu.addAction(folder.stem.replace("&", "&&"))  # one alone would underline a letter
            action.setToolTip(str(folder))
            action.triggered.connect(lambda _=False, folder=folder: open(folder))
    if menu.isEmpty():
        menu.addAction(tr("No recent projects")).setEnabled(False)
    menu.setToolTipsVisible(True)
