"""What a panel, the canvas or a dialog is given: the objects behind the window."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from resatt_studio.app.attention import PhotoAttention
from resatt_studio.app.both_sides import BothSides
from resatt_studio.app.changes import PhotoChanges
from resatt_studio.app.comparing import MaskComparison
from resatt_studio.app.dehazing import PhotoDehazing
from resatt_studio.app.doubts import PhotoDoubts
from resatt_studio.app.job_list import JobList
from resatt_studio.app.keymap import Keymap
from resatt_studio.app.label_learner import LabelLearner
from resatt_studio.app.labels import PhotoLabels
from resatt_studio.app.learner import Learner
from resatt_studio.app.photo_history import PhotoHistory
from resatt_studio.app.photo_scale import PhotoScale
from resatt_studio.app.photo_tone import PhotoTone
from resatt_studio.app.second_reader import SecondReader
from resatt_studio.app.session import Session
from resatt_studio.app.shelf import Shelf
from resatt_studio.app.theme import LIGHT, Tokens
from resatt_studio.app.version_pair import VersionPair
from resatt_studio.app.view_state import ViewState


class Look(QObject):
    """The theme's tokens now, and a signal when they change."""

    changed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.tokens: Tokens = LIGHT

    def set(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self.changed.emit(tokens)


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything a panel may ask or tell."""

    session: Session
    view: ViewState
    learner: Learner
    look: Look
    labels: PhotoLabels
    dehazing: PhotoDehazing
    attention: PhotoAttention
    shelf: Shelf
    comparison: MaskComparison
    label_learner: LabelLearner
    pair: VersionPair
    changes: PhotoChanges
    doubts: PhotoDoubts
    scale: PhotoScale
    history: PhotoHistory
    keys: Keymap
    jobs: JobList
    reader: SecondReader
    tone: PhotoTone
    sides: BothSides
