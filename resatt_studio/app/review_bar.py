"""The bar over the photo: why it was sent back, or that it waits for a second reader."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton

from resatt_studio.app.menus import Actions
from resatt_studio.app.parts import Parts
from resatt_studio.app.review_words import read_words
from resatt_studio.words import tr


class ReviewBar(QFrame):
    """Shown over a photo that was sent back, and over one that this person can be the second reader of.

    Args:
        parts: Behind the window.
        actions: Of the window; the buttons do what the keys do.
    """

    def __init__(self, parts: Parts, actions: Actions) -> None:
        super().__init__()
        self._parts = parts
        self.setObjectName("reviewBar")
        self.setAccessibleName(tr("Review of this photo"))
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.agree = _button(tr("Agree"), actions, "agree")
        self.send_back = _button(tr("Send back…"), actions, "send_back")
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 5, 8, 5)
        row.addWidget(self.words, 1)
        row.addWidget(self.agree)
        row.addWidget(self.send_back)
        session = parts.session
        session.changed.connect(self._show)
        session.photo_changed.connect(lambda _: self._show())
        self._show()

    def _show(self) -> None:
        entry = self._parts.session.entry
        sent_back = entry is not None and entry.sent_back
        reads = entry is not None and self._parts.reader.reads(entry)
        for button in (self.agree, self.send_back):
            button.setVisible(reads)
        if entry is not None and (sent_back or reads):
            self.words.setText(read_words(entry))
        self.setVisible(sent_back or reads)


def _button(text: str, actions: Actions, id: str) -> QPushButton:
    action, button = actions[id], QPushButton(text)
    button.setAccessibleName(action.text().replace("&", "").rstrip("…"))
    button.clicked.connect(action.trigger)

    def follow() -> None:
        button.setToolTip(action.toolTip())

    action.changed.connect(follow)
    follow()
    return button
