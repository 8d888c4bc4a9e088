"""Table of the panels; a panel's module loads when the window is built or the panel is first shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from PySide6.QtCore import Qt


@dataclass(frozen=True, slots=True)
class PanelSpec:
    """One dock.

    Attributes:
        id: Object name; saved window layouts know it.
        title: On the dock and in the View menu.
        factory: Dotted name of the widget class, called with the window's :class:`Parts`.
        area: Where it stands at first.
        tab_with: Panel it shares a place with, or "".
        lazy: Built when it is first shown.
        watcher: Part of the window's :class:`Parts` whose ``watch`` is told whether the dock is seen, or "".
    """

    id: str
    title: str
    factory: str
    area: Qt.DockWidgetArea
    tab_with: str = ""
    lazy: bool = False
    watcher: str = ""

    def resolve(self) -> Callable[..., Any]:
        """Import the panel's module and return its class."""
        module, _, name = self.factory.partition(":")
        factory: Callable[..., Any] = getattr(import_module(module), name)
        return factory


_LEFT, _RIGHT = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea
_ROOM = "resatt_studio.app.panels"
_FIRST_TAB = "learningPanel"

PANELS: tuple[PanelSpec, ...] = (
    PanelSpec("photosPanel", "Photos", f"{_ROOM}.photos:PhotosPanel", _LEFT),
    PanelSpec("layersPanel", "Layers", f"{_ROOM}.layers:LayersPanel", _RIGHT),
    PanelSpec("learningPanel", "Learning", f"{_ROOM}.learning:LearningPanel", _RIGHT),
    PanelSpec("labelsPanel", "Labels", f"{_ROOM}.labels:LabelsPanel", _RIGHT, _FIRST_TAB, True, "labels"),
    PanelSpec("attentionPanel", "Attention", f"{_ROOM}.attention:AttentionPanel", _RIGHT, _FIRST_TAB, True),
    PanelSpec("historyPanel", "History", f"{_ROOM}.history:HistoryPanel", _RIGHT, _FIRST_TAB, True),
    PanelSpec("jobsPanel", "Jobs", f"{_ROOM}.jobs:JobsPanel", _RIGHT, _FIRST_TAB, True),
)
