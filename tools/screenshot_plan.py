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

WINDOWS: dict[str, tuple[str, str]] = {
    "start": ("start", "Start page"),
    "predicted": ("predicted", "A predicted photo"),
    "corrected": ("corrected", "A corrected photo"),
    "labels": ("labels", "Labels of RMT and ReViT"),
    "attention-point": ("attention", "What one point attends to"),
    "dehazed": ("dehazed", "The dehazed photo beside the original"),
    "sides": ("corrected", "Two views side by side"),
    "learning": ("learning", "Learning, while painting goes on"),
}
"""Whole windows: the stage and a title."""

README: dict[str, tuple[str, ...]] = {
    "corrected": ("dark",),
    "predicted": THEMES,
    "labels": ("light",),
    "attention-point": ("dark",),
    "dehazed": ("dark",),
}
"""Windows that README shows as PNG, and in which theme; always English at 100 percent."""

README_ALONE = frozenset({"predicted", "dehazed"})
"""Windows that other pictures show well enough elsewhere."""

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

PARTS: dict[str, tuple[str, str]] = {
    "map": ("predicted", "Zoomed in, with the map of the photo"),
    "key-cursor": ("predicted", "The keyboard's pointer"),
    "uncertainty": ("predicted", "Uncertainty over the photo"),
    "tone": ("predicted", "Brightness and contrast"),
    "colours-mask": ("predicted", "Colours of a layer"),
    "colours-correction": ("predicted", "Colours of a layer with two"),
    "layer-menu": ("predicted", "Right click on a layer"),
    "notice-news": ("predicted", "Notice: news"),
    "notice-error": ("predicted", "Notice: what must be mended"),
    "change": ("learned", "What learning changed"),
    "change-legend": ("learned", "Layers, with what learning changed"),
    "jobs-failed": ("learned", "Jobs, with one that failed"),
    "review-waits": ("review", "A photo that waits for a second reader"),
    "review-note": ("sent_back", "A photo that was sent back"),
}
"""Everything smaller: the stage and a title."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture, made in every language, theme and scale.

    Attributes:
        kind: Key of :data:`CHAPTERS`.
        of: What is shown: the id of a table's line.
        title: For the page, in English.
        stage: When it is taken.
    """

    kind: str
    of: str
    title: str
    stage: str

    @property
    def name(self) -> str:
        return f"{self.kind}-{self.of}"

    def file(self, language: str, theme: str, scale: int) -> str:
        """Name of the file of one variant."""
        return f"{self.name}-{language}-{theme}@{scale}x.webp"


def pictures() -> tuple[Picture, ...]:
    """Every picture, in the order of the page."""
    return tuple(_pictures())


def _pictures() -> Iterator[Picture]:
    for name, (stage, title) in WINDOWS.items():
        yield Picture("window", name, title, stage)
    for panel in PANELS:
        yield Picture("panel", panel.id.removesuffix("Panel"), panel.title, PANEL_STAGES[panel.id])
    for tool in TOOLS:
        yield Picture("tool", tool.name, tool.title, "predicted")
    for line in DIALOGS:
        yield Picture("dialog", line.name, line.title, line.stage)
    for name, (stage, title) in PARTS.items():
        yield Picture("part", name, title, stage)
    for title, _ in MENUS:
        plain = title.replace("&", "")
        yield Picture("menu", plain.lower(), plain, "predicted")
    for step in STEPS:
        yield Picture("tour", step.id, step.title, "start" if step is STEPS[0] else "predicted")


def files() -> Iterator[str]:
    """Name of every file of ``docs/screenshots``."""
    for picture in pictures():
        if picture.kind != "window" or picture.of not in README_ALONE:
            for language, theme, scale in product(LANGUAGES, THEMES, SCALES):
                yield picture.file(language, theme, scale)
    for name, themes in README.items():
        for theme in themes:
            yield readme_file(name, theme)


def readme_file(name: str, theme: str) -> str:
    """Name of a picture of README."""
    return f"{name}-{theme}-1280x800.png"


def dialog_line(name: str) -> DialogLine:
    """The table's line of a dialog."""
    return next(line for line in DIALOGS if line.name == name)


def asking_actions() -> frozenset[str]:
    """Actions that open a dialog, by what the table says of them."""
    return frozenset(
        id for id, spec in by_id().items() if spec.target.startswith("ask.") or spec.text.endswith("…")
    )
