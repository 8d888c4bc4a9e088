"""The photo list as Qt sees it: one row an entry of the session's listing."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QImage

from resatt_studio.app.listing import STATE_WORDS, unchecked
from resatt_studio.app.review_words import read_words
from resatt_studio.app.session import Session
from resatt_studio.records.arrays import UInt8Array
from resatt_studio.records.doubt import Rank
from resatt_studio.records.photo import PhotoEntry, ReviewState
from resatt_studio.words import again, tr
from resatt_studio.workflow.next_photos import reasons

ENTRY_ROLE = int(Qt.ItemDataRole.UserRole)
THUMBNAIL_ROLE = ENTRY_ROLE + 1
FACTS_ROLE = ENTRY_ROLE + 2

_Index = QModelIndex | QPersistentModelIndex


class PhotoModel(QAbstractListModel):
    """Follows the session; thumbnails are asked for only by rows that are painted."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._entries: tuple[PhotoEntry, ...] = ()
        self._images: dict[str, QImage] = {}
        session.listed_changed.connect(self._relist)
        session.thumbnails.ready.connect(self._thumbnail_ready)
        self._relist()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self._entries)

    def data(self, index: _Index, role: int = int(Qt.ItemDataRole.DisplayRole)) -> Any:
        entry = self._entries[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return entry.name
        if role == Qt.ItemDataRole.ToolTipRole:
            known = (str(entry.facts.path), again(entry.reason), read_words(entry), self._why(entry))
            return "\n".join(filter(None, known))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return tr(", ").join((entry.name, tr(STATE_WORDS[entry.standing]), self._facts(entry)))
        if role == FACTS_ROLE:
            return self._facts(entry)
        if role == ENTRY_ROLE:
            return entry
        if role == THUMBNAIL_ROLE:
            return self._image(entry)
        return None

    def _facts(self, entry: PhotoEntry) -> str:
        return describe(entry, self._rank(entry))

    def _rank(self, entry: PhotoEntry) -> Rank | None:
        ranked = self._session.listing.sort == "next" and unchecked(entry)
        return self._session.state.ranks.get(entry.photo_id) if ranked else None

    def _why(self, entry: PhotoEntry) -> str:
        """Why the photo stands where it does in the order of what to correct next."""
        rank = self._rank(entry)
        if rank is not None:
            names = {other.photo_id: other.name for other in self._session.state.entries}
            return tr("No. {place} to correct: {reason}.").format(
                place=rank.place, reason=tr(", ").join(map(again, reasons(rank, names)))
            )
        if self._session.listing.sort == "next" and entry.state is ReviewState.NEW:
            return tr("Not ranked yet: it has not been predicted.")
        return ""

    def row_of(self, photo_id: str) -> QModelIndex:
        """Index of a photo, invalid when the list does not show it."""
        for row, entry in enumerate(self._entries):
            if entry.photo_id == photo_id:
                return self.index(row, 0)
        return QModelIndex()

    def _image(self, entry: PhotoEntry) -> QImage | None:
        if entry.state is ReviewState.BROKEN:
            return None
        pixels = self._session.thumbnails.get(entry.photo_id, entry.facts.path)
        if pixels is None:
            return None
        image = self._images.get(entry.photo_id)
        if image is None:
            image = self._images[entry.photo_id] = _as_image(pixels)
        return image

    def _relist(self) -> None:
        before, after = self._entries, self._session.listed
        if [e.photo_id for e in before] == [e.photo_id for e in after]:
            self._entries = after
            if after:
                self.dataChanged.emit(self.index(0, 0), self.index(len(after) - 1, 0))
            return
        self.beginResetModel()
        self._entries = after
        kept = {e.photo_id for e in self._session.state.entries}
        self._images = {key: image for key, image in self._images.items() if key in kept}
        self.endResetModel()

    def _thumbnail_ready(self, photo_id: str) -> None:
        index = self.row_of(photo_id)
        if index.isValid():
            self.dataChanged.emit(index, index, [THUMBNAIL_ROLE])


def describe(entry: PhotoEntry, rank: Rank | None = None) -> str:
    """The line under the name: place and doubt where photos are ranked, uncertainty when known, else size;
    why, when it is broken or was sent back."""
    if entry.state is ReviewState.BROKEN:
        return again(entry.reason) or tr("cannot be read")
    if entry.sent_back and entry.review is not None:
        return tr("“{note}”").format(note=entry.review.note)
    if rank is not None:
        return tr("no. {place}, {doubt} % in doubt").format(place=rank.place, doubt=round(100 * rank.doubt))
    if entry.state is ReviewState.PREDICTED and entry.uncertainty is not None:
        return tr("uncertainty {uncertainty:.3f}").format(uncertainty=entry.uncertainty)
    return tr("{megapixels:.1f} MP").format(megapixels=entry.facts.megapixels)


def _as_image(pixels: UInt8Array) -> QImage:
    height, width = pixels.shape[:2]
    return QImage(pixels.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()
