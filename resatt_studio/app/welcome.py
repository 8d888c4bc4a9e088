"""The start page: the sample project, recent projects, and what can be dropped here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from resatt_studio.app.parts import Parts
from resatt_studio.words import tr

SHOWN_RECENT = 5


class WelcomePage(QWidget):
    """Shown while no project is open.

    Args:
        parts: Behind the window.
        new, open: Ask for a folder and go on; the window's own acts.
    """

    def __init__(self, parts: Parts, new: Callable[[], None], open: Callable[[], None]) -> None:
        super().__init__()
        self.setObjectName("welcomePage")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._parts = parts
        self.card = card = QFrame()
        card.setObjectName("welcomeCard")
        card.setFixedWidth(540)
        title = QLabel("ResAtt Studio")
        title.setProperty("role", "title")
        self._words = QLabel()
        self._words.setWordWrap(True)
        self.sample = QPushButton()
        self.sample.setProperty("primary", "true")
        self.sample.clicked.connect(parts.session.open_sample)
        self.new = QPushButton()
        self.new.clicked.connect(new)
        self.open = QPushButton()
        self.open.clicked.connect(open)
        buttons = QHBoxLayout()
        buttons.addWidget(self.sample)
        buttons.addWidget(self.new)
        buttons.addWidget(self.open)
        self._recent_title = QLabel()
        self._recent_title.setProperty("role", "heading")
        self._recent = QVBoxLayout()
        self._recent.setSpacing(1)
        self._hint = QLabel()
        self._hint.setProperty("role", "muted")
        self._hint.setWordWrap(True)
        column = QVBoxLayout(card)
        column.setContentsMargins(30, 26, 30, 26)
        column.setSpacing(14)
        for widget in (title, self._words):
            column.addWidget(widget)
        column.addLayout(buttons)
        column.addWidget(self._recent_title)
        column.addLayout(self._recent)
        column.addWidget(self._hint)
        page = QVBoxLayout(self)
        page.addStretch(2)
        # Between stretches, not aligned: an aligned card would not ask its wrapped lines for their height.
        middle = QHBoxLayout()
        middle.addStretch(1)
        middle.addWidget(card)
        middle.addStretch(1)
        page.addLayout(middle)
        page.addStretch(3)
        parts.keys.follow(self, self._say_anew)

    def _say_anew(self) -> None:
        self._words.setText(
            tr(
                "Crack masks that learn from you: open photos, correct what the network got wrong, "
                "let it learn, take the masks away."
            )
        )
        self.sample.setText(tr("Try the sample project"))
        self.sample.setToolTip(tr("Twelve bundled photos; nothing is downloaded"))
        self.new.setText(tr("New project…"))
        self.open.setText(tr("Open project…"))
        self._recent_title.setText(tr("Recent projects"))
        self._hint.setText(tr("Or drop photos, a folder of photos or a .resatt project on this window."))
        self.show_recent(self._parts.session.settings.recent_projects)

    def show_recent(self, folders: Sequence[Path]) -> None:
        """List the newest projects; those that are gone are left out."""
        while (item := self._recent.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        shown = [folder for folder in folders if folder.is_dir()][:SHOWN_RECENT]
        for folder in shown:
            button = QPushButton(f"{folder.stem}   {folder.parent}".replace("&", "&&"))
            button.setProperty("flat", "true")
            button.setProperty("row", "true")
            button.setAccessibleName(tr("Open project {folder}").format(folder=folder))
            button.clicked.connect(lambda _=False, folder=folder: self._parts.session.open_project(folder))
            self._recent.addWidget(button)
        self._recent_title.setVisible(bool(shown))
