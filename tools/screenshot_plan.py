"""Which pictures of the window there are: each panel, tool, dialog, menu, step of the tour, and scenes.

Panels, tools, menus and steps come from the app's own tables; ``tests/architecture/test_screenshots.py``
fails when one of these has no picture.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from resatt_studio.app.actions import MENUS, by_id
from resatt_studio.app.panels.registry import PANELS
from resatt_studio.app.tools.registry import TOOLS
from resatt_studio.app.tour_steps import STEPS

LANGUAGES = ("en", "zh_CN")
THEMES = ("light", "dark")
SCALES = (1, 2)

STAGES = (
    "start", "predicted", "corrected", "labels", "attention", "dehazed", "learning", "learned", "review",
    "sent_back",
)  # fmt: skip
"""What the walk of ``screenshots.py`` comes to, in this order."""

SKIPPABLE = frozenset({"labels", "attention", "dehazed"})
"""Stages that no later one is built on."""

CHAPTERS: dict[str, str] = {
    "window": "The window",
    "panel": "Panels",
    "tool": "Tools, with their options",
    "dialog": "Dialogs",
    "part": "Bars, lists and layers",
    "menu": "Menus",
    "tour": "The tour",
}
"""Kinds of pictures, in the order of the page, with their headings."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture, made in every language, theme and scale.

    Attributes:
        kind: Key of :data:`CHAPTERS`.
        of: What is shown: the id of a table's line.
        title: For the page, in English.
        stage: When it is taken.
        readme: Themes in which README shows it as PNG, always in English at 100 percent.
        on_page: Whether the page shows it; else README alone does, as other pictures show it well enough.
    """

    kind: str
    of: str
    title: str
    stage: str
    readme: tuple[str, ...] = ()
    on_page: bool = True

    @property
    def name(self) -> str:
        return f"{self.kind}-{self.of}"

    def file(self, language: str, theme: str, scale: int) -> str:
        """Name of the page's file of one variant."""
        return f"{self.name}-{language}-{theme}@{scale}x.webp"

    def readme_file(self, theme: str) -> str:
        """Name of README's file in one theme."""
        return f"{self.of}-{theme}-1280x800.png"

    def files(self, language: str, theme: str, scale: int) -> Iterator[str]:
        """Name of every file that one variant is written to."""
        if self.on_page:
            yield self.file(language, theme, scale)
        if theme in self.readme and (language, scale) == (LANGUAGES[0], SCALES[0]):
            yield self.readme_file(theme)


WINDOWS = (
    Picture("window", "start", "Start page", "start"),
    Picture("window", "predicted", "A predicted photo", "predicted", readme=THEMES, on_page=False),
    Picture("window", "corrected", "A corrected photo", "corrected", readme=("dark",)),
    Picture("window", "labels", "Labels of RMT and ReViT", "labels", readme=("light",)),
    Picture("window", "attention-point", "What one point attends to", "attention", readme=("dark",)),
    Picture(
        "window",
        "dehazed",
        "The dehazed photo beside the original",
        "dehazed",
        readme=("dark",),
        on_page=False,
    ),
    Picture("window", "sides", "Two views side by side", "corrected"),
    Picture("window", "learning", "Learning, while painting goes on", "learning"),
)
"""Whole windows."""

PANEL_STAGES: dict[str, str] = {
    "photosPanel": "corrected",
    "layersPanel": "predicted",
    "learningPanel": "learned",
    "labelsPanel": "labels",
    "attentionPanel": "attention",
    "historyPanel": "corrected",
    "jobsPanel": "learning",
}
"""When each panel has something to show."""

GESTURES: dict[str, str] = {
    "pan": "drag",
    "brush": "drag",
    "eraser": "drag",
    "tracer": "trace",
    "polyline": "clicks",
    "polygon": "clicks",
    "rectangle": "drag",
    "lasso": "drag",
    "wand": "crack",
    "fill": "hover",
    "reshape": "drag",
    "accept": "drag",
    "reject": "drag",
    "branch": "hover",
    "sift": "drag",
    "ruler": "drag",
    "attention": "hover",
}
"""What the mouse does with each tool while its picture is taken."""


@dataclass(frozen=True, slots=True)
class DialogLine:
    """One dialog.

    Attributes:
        name: Of the picture.
        title: For the page.
        shows: Name of its class.
        stage: When it has something to show.
        act: Id of the action that opens it, or "" where none does.
    """

    name: str
    title: str
    shows: str
    stage: str
    act: str = ""


DIALOGS: tuple[DialogLine, ...] = (
    DialogLine("settings", "Settings", "SettingsDialog", "predicted", "settings"),
    DialogLine("export", "Export", "ExportDialog", "corrected", "export"),
    DialogLine("scale", "Scale of the photo", "ScaleDialog", "predicted", "set_scale"),
    DialogLine("checkpoint", "Save a checkpoint", "QInputDialog", "corrected", "checkpoint"),
    DialogLine("send-back", "Send back with a note", "QInputDialog", "review", "send_back"),
    DialogLine("palette", "Find an action", "PaletteDialog", "predicted", "palette"),
    DialogLine("shortcuts", "Keyboard shortcuts", "ShortcutSheet", "predicted", "shortcuts"),
    DialogLine("shortcut-editor", "Change shortcuts", "ShortcutEditor", "predicted", "edit_shortcuts"),
    DialogLine("about", "About", "AboutDialog", "predicted", "about"),
    DialogLine("crash", "A fault of the app", "CrashDialog", "predicted"),
    DialogLine("close-learning", "Closing while the network learns", "QMessageBox", "learning"),
    DialogLine("not-saved", "The disk refuses", "QMessageBox", "predicted"),
)

SYSTEM_DIALOGS = frozenset(
    {"new_project", "open_project", "add_folder", "add_photos", "export_heat", "import_weights"}
)
"""Actions that ask with a file dialog of the operating system, of which no picture is taken."""

PARTS = (
    Picture("part", "map", "Zoomed in, with the map of the photo", "predicted"),
    Picture("part", "key-cursor", "The keyboard's pointer", "predicted"),
    Picture("part", "uncertainty", "Uncertainty over the photo", "predicted"),
    Picture("part", "tone", "Brightness and contrast", "predicted"),
    Picture("part", "colours-mask", "Colours of a layer", "predicted"),
    Picture("part", "colours-correction", "Colours of a layer with two", "predicted"),
    Picture("part", "layer-menu", "Right click on a layer", "predicted"),
    Picture("part", "notice-news", "Notice: news", "predicted"),
    Picture("part", "notice-error", "Notice: what must be mended", "predicted"),
    Picture("part", "change", "What learning changed", "learned"),
    Picture("part", "change-legend", "Layers, with what learning changed", "learned"),
    Picture("part", "jobs-failed", "Jobs, with one that failed", "learned"),
    Picture("part", "review-waits", "A photo that waits for a second reader", "review"),
    Picture("part", "review-note", "A photo that was sent back", "sent_back"),
)
"""Everything smaller."""

MENU_TITLES = tuple(title.replace("&", "") for title, _ in MENUS)
"""Titles of the menus without the signs of their keys."""


def pictures() -> tuple[Picture, ...]:
    """Every picture, in the order of the page."""
    return tuple(_pictures())


def _pictures() -> Iterator[Picture]:
    yield from WINDOWS
    for panel in PANELS:
        yield Picture("panel", panel.id.removesuffix("Panel"), panel.title, PANEL_STAGES[panel.id])
    for tool in TOOLS:
        yield Picture("tool", tool.name, tool.title, "predicted")
    for line in DIALOGS:
        yield Picture("dialog", line.name, line.title, line.stage)
    yield from PARTS
    for title in MENU_TITLES:
        yield Picture("menu", title.lower(), title, "predicted")
    for step in STEPS:
        yield Picture("tour", step.id, step.title, "start" if step is STEPS[0] else "predicted")


def files() -> Iterator[str]:
    """Name of every file of ``docs/screenshots``."""
    for picture in pictures():
        for variant in product(LANGUAGES, THEMES, SCALES):
            yield from picture.files(*variant)


def dialog_line(name: str) -> DialogLine:
    """The table's line of a dialog."""
    return next(line for line in DIALOGS if line.name == name)


def asking_actions() -> frozenset[str]:
    """Actions that open a dialog, by what the table says of them."""
    return frozenset(
        id for id, spec in by_id().items() if spec.target.startswith("ask.") or spec.text.endswith("…")
    )
