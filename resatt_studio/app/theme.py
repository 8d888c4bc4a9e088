"""Colours of the window, light and dark: design tokens, Qt palette and style sheet."""

from __future__ import annotations

from dataclasses import dataclass, fields
from string import Template

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from resatt_studio.records.photo import ReviewState
from resatt_studio.resources import asset

SCHEMES: dict[str, Qt.ColorScheme] = {
    "system": Qt.ColorScheme.Unknown,
    "light": Qt.ColorScheme.Light,
    "dark": Qt.ColorScheme.Dark,
}


@dataclass(frozen=True, slots=True)
class Tokens:
    """Every colour the window uses, as ``#rrggbb``; texts reach 4.5:1 on each ground they stand on."""

    name: str
    panel: str
    header: str
    field: str
    canvas: str
    border: str
    groove: str
    hover: str
    text: str
    muted: str
    disabled: str
    accent: str
    accent_hover: str
    on_accent: str
    selection: str
    success: str
    loss: str
    notice: str
    on_notice: str
    error: str
    on_error: str
    badges: dict[ReviewState, tuple[str, str]]
    """Ground and text of each review state."""


DARK = Tokens(
    name="dark",
    panel="#24272b",
    header="#2b2e33",
    field="#1b1d20",
    canvas="#131417",
    border="#3b3f46",
    groove="#4a4f57",
    hover="#353a41",
    text="#e8eaed",
    muted="#a9b0b9",
    disabled="#71777f",
    accent="#2e6be0",
    accent_hover="#2560d0",
    on_accent="#ffffff",
    selection="#30435f",
    success="#3fb274",
    loss="#f0a73a",
    notice="#37332a",
    on_notice="#f5deb0",
    error="#45282a",
    on_error="#ffc9c5",
    badges={
        ReviewState.NEW: ("#3f444c", "#dfe3e8"),
        ReviewState.PREDICTED: ("#24478a", "#dce8ff"),
        ReviewState.CORRECTING: ("#77550d", "#ffedc4"),
        ReviewState.APPROVED: ("#1b6b41", "#dcffe9"),
        ReviewState.SKIPPED: ("#4b4556", "#e6dff2"),
        ReviewState.BROKEN: ("#8a2b2b", "#ffe4e2"),
    },
)

LIGHT = Tokens(
    name="light",
    panel="#f7f8fa",
    header="#eceef2",
    field="#ffffff",
    canvas="#c9cdd3",
    border="#cdd2d9",
    groove="#b9bfc8",
    hover="#dfe3e9",
    text="#1b1f24",
    muted="#545c66",
    disabled="#8e959e",
    accent="#1f5fd0",
    accent_hover="#184fb2",
    on_accent="#ffffff",
    selection="#d3e2fb",
    success="#137a43",
    loss="#935600",
    notice="#fdf1d3",
    on_notice="#5a4200",
    error="#fde3e1",
    on_error="#7f1d1d",
    badges={
        ReviewState.NEW: ("#dde1e7", "#3a414a"),
        ReviewState.PREDICTED: ("#d3e2fb", "#143f8c"),
        ReviewState.CORRECTING: ("#fbe7b9", "#5d4100"),
        ReviewState.APPROVED: ("#cdeedb", "#0d5430"),
        ReviewState.SKIPPED: ("#e4def0", "#463a5e"),
        ReviewState.BROKEN: ("#fad7d4", "#7f1d1d"),
    },
)


def contrast(one: str, other: str) -> float:
    """WCAG 2 contrast ratio of two ``#rrggbb`` colours, 1 to 21."""

    def luminance(colour: str) -> float:
        parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
        red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def current_tokens() -> Tokens:
    """The tokens of the scheme in force; the offscreen platform, which has no scheme, counts as light."""
    return DARK if QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark else LIGHT


def apply_theme(application: QApplication, theme: str) -> Tokens:
    """Make ``theme`` ("system", "light", "dark") the colours of every window, at once."""
    application.styleHints().setColorScheme(SCHEMES.get(theme, Qt.ColorScheme.Unknown))
    tokens = current_tokens() if theme == "system" else {"dark": DARK}.get(theme, LIGHT)
    application.setPalette(_palette(tokens))
    application.setStyleSheet(_sheet(tokens))
    return tokens


def _palette(t: Tokens) -> QPalette:
    role = QPalette.ColorRole
    palette = QPalette()
    for which, colour in {
        role.Window: t.panel,
        role.WindowText: t.text,
        role.Base: t.field,
        role.AlternateBase: t.header,
        role.Text: t.text,
        role.Button: t.header,
        role.ButtonText: t.text,
        role.BrightText: t.on_accent,
        role.Highlight: t.accent,
        role.HighlightedText: t.on_accent,
        role.ToolTipBase: t.header,
        role.ToolTipText: t.text,
        role.PlaceholderText: t.muted,
        role.Link: t.accent,
        role.Light: t.hover,
        role.Midlight: t.header,
        role.Mid: t.border,
        role.Dark: t.border,
        role.Shadow: t.canvas,
        role.Accent: t.accent,
    }.items():
        palette.setColor(which, QColor(colour))
    for which in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, which, QColor(t.disabled))
    return palette


def _sheet(tokens: Tokens) -> str:
    template = Template(asset("theme", "window.qss").read_text(encoding="utf-8"))
    colours = {field.name: getattr(tokens, field.name) for field in fields(tokens)}
    arrows = {
        place: asset("theme", f"{place}-{tokens.name}.svg").as_posix() for place in ("up", "down", "check")
    }
    return template.substitute(colours | arrows)
