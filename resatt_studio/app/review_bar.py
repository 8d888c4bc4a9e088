"""The bar over the photo: why it was sent back, or that it waits for a second reader."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton

from resatt_studio.app.keymap import plain
from resatt_studio.app.menus import Actions
from resatt_studio.app.parts import Parts
from resatt_studio.app.review_words import read_words
from resatt_studio.app.sentences import sentence
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
        self.words = sentence()
        self.agree, self.send_back = QPushButton(), QPushButton()
        self._buttons = {self.agree: actions["agree"], self.send_back: actions["send_back"]}
        for button, action in self._buttons.items():
            button.clicked.connect(action.trigger)
            action.changed.connect(self._say)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 5, 8, 5)
        row.addWidget(self.words, 1)
        row.addWidget(self.agree)
        row.addWidget(self.send_back)
        session = parts.session
        session.changed.connect(self._show)
        session.photo_changed.connect(lambda _: self._show())
        parts.keys.follow(self, self._say)

    def _say(self) -> None:
        """Write the words in the language in force, and the keys of now."""
        self.setAccessibleName(tr("Review of this photo"))
        self.agree.setText(tr("Agree"))
        self.send_back.setText(tr("Send back…"))
        for button, action in self._buttons.items():
            button.setAccessibleName(plain(action.text()))
            button.setToolTip(action.toolTip())
        self._show()

    def _show(self) -> None:
        entry = self._parts.session.entry
        sent_back = entry is not None and entry.sent_back
        reads = entry is not None and self._parts.reader.reads(entry)
        for button in (self.agree, self.send_back):
            button.setVisible(reads)
        self.words.setText("" if entry is None else read_words(entry))
        self.setVisible(sent_back or reads)
