"""Labels that say something: sentences that wrap and can be copied, headings over what follows."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel


def sentence(name: str = "", role: str = "") -> QLabel:
    """A label for a sentence that is written later; it shows names of files and notes of people as they are.

    Args:
        name: For screen readers.
        role: Of the style sheet, such as "muted".
    """
    label = QLabel()
    label.setAccessibleName(name)
    label.setWordWrap(True)
    label.setProperty("role", role)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def heading(text: str) -> QLabel:
    """A heading."""
    label = QLabel(text)
    label.setProperty("role", "heading")
    return label
