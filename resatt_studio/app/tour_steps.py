"""The steps of the tour: what each says, where it points, and what the inspector does to go on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRect
from PySide6.QtWidgets import QMenu, QWidget

if TYPE_CHECKING:
    from resatt_studio.app.window import MainWindow

_LEARNING = "learningPanel"


@dataclass(frozen=True, slots=True)
class TourStep:
    """One callout.

    Attributes:
        id: What the inspector does to go on; see ``tour.Tour``.
        title: In a few words.
        words: What to do; "{id}" becomes the key of that action.
        where: Rectangle of the window that it points at, in the window's coordinates; empty when it is not
            seen.
        side: Where the callout stands if it fits there: "below", "right" or "left" of it.
        bring: Makes it seen when the step begins.
    """

    id: str
    title: str
    words: str
    where: Callable[[MainWindow], QRect]
    side: str = "below"
    bring: Callable[[MainWindow], object] = lambda window: None


def _widget(window: MainWindow, widget: QWidget) -> QRect:
    """Where a widget is seen now, as far as those that hold it show it; empty when they do not."""
    seen, holder = QRect(widget.mapTo(window, QPoint(0, 0)), widget.size()), widget.parentWidget()
    while holder is not None and holder is not window:
        seen &= QRect(holder.mapTo(window, QPoint(0, 0)), holder.size())
        holder = holder.parentWidget()
    return seen if widget.isVisible() else QRect()


def _welcome(window: MainWindow) -> QRect:
    return _widget(window, window.welcome.card)


def _tools(window: MainWindow) -> QRect:
    return _widget(window, window.strip)


def _approve(window: MainWindow) -> QRect:
    return _widget(window, window.bar.buttons["approve"])


def _bring_versions(window: MainWindow) -> None:
    window.bring(_LEARNING)
    panel = window.panel(_LEARNING)
    panel.ensureWidgetVisible(panel.versions.tree)


def _export(window: MainWindow) -> QRect:
    """The menu that has the action."""
    bar, action = window.menuBar(), window.actions_["export"]
    title = next(
        one for one in bar.actions() if isinstance(menu := one.menu(), QMenu) and action in menu.actions()
    )
    corner = bar.mapTo(window, QPoint(0, 0))
    return bar.actionGeometry(title).translated(corner)


def _canvas(window: MainWindow) -> QRect:
    """The middle of the photo; a frame around all of it would point at nothing."""
    photo = _widget(window, window.canvas)
    third = photo.size() / 3
    return QRect(photo.center() - QPoint(third.width() // 2, third.height() // 2), third)


STEPS: tuple[TourStep, ...] = (
    TourStep(
        "open",
        "Open the sample project",
        "Twelve photos of cracks come with the app. Open them here, or press Next.",
        _welcome,
    ),
    TourStep(
        "mask",
        "See what the network found",
        "The coloured mask is what the network calls crack. Hide it and show it again ({toggle_mask}).",
        _canvas,
    ),
    TourStep(
        "paint",
        "Correct it",
        "Drag with the brush where a crack is missing ({paint_crack}) or where there is none "
        "({paint_not_crack}). Without a mouse: {next_area} leads to the photo, {key_cursor} gives the arrow "
        "keys a pointer there, Space paints.",
        _tools,
        "right",
    ),
    TourStep(
        "approve",
        "Approve the photo",
        "When the mask is right, approve it ({approve}). The next photo opens by itself.",
        _approve,
    ),
    TourStep(
        "learn",
        "Let the network learn",
        "It learns from what you approved, by itself or when you say so ({learn}); go on painting meanwhile.",
        lambda window: _widget(window, window.panel(_LEARNING).learn),
        "left",
        lambda window: window.bring(_LEARNING),
    ),
    TourStep(
        "versions",
        "Versions",
        "Every lesson makes a version. Only a better one comes into use, and you can always go back. Choose "
        "one to see what it was good for.",
        lambda window: _widget(window, window.panel(_LEARNING).versions.tree),
        "left",
        _bring_versions,
    ),
    TourStep(
        "export",
        "Take the masks away",
        "Masks, probabilities and weights are written as files here ({export}).",
        _export,
    ),
)
