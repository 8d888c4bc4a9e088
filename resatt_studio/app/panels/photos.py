"""The photo list: search, sort, filter, thumbnails with states, and how far the review is."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QModelIndex, QSize, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QProgressBar,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from resatt_studio.app.listing import FILTERS, SORTS
from resatt_studio.app.own_keys import asks_for_own_key
from resatt_studio.app.panels.photo_delegate import PhotoDelegate
from resatt_studio.app.panels.photo_model import ENTRY_ROLE, PhotoModel
from resatt_studio.app.parts import Parts
from resatt_studio.records.photo import PhotoEntry, ReviewState
from resatt_studio.words import tr


class PhotosPanel(QWidget):
    """Asks the session to open what is clicked; shows what the session lists."""

    def __init__(self, parts: Parts) -> None:
        super().__init__()
        self._session = parts.session
        self._keys = parts.keys
        self.search = SearchField()
        self.search.setPlaceholderText(tr("Search photos"))
        self.search.setAccessibleName(tr("Search photos by name, class, reviewer or note"))
        self.search.setClearButtonEnabled(True)
        self.search.setText(self._session.listing.search)
        self.search.textChanged.connect(lambda text: self._session.set_listing(search=text))
        self.sort = _choice(tr("Sort photos"), SORTS)
        self.sort.setCurrentIndex(list(SORTS).index(self._session.listing.sort))
        self.sort.currentIndexChanged.connect(
            lambda _: self._session.set_listing(sort=self.sort.currentData())
        )
        self.filter = _choice(tr("Filter photos"), {key: title for key, (title, _) in FILTERS.items()})
        self.filter.setCurrentIndex(list(FILTERS).index(self._session.listing.filter))
        self.filter.currentIndexChanged.connect(
            lambda _: self._session.set_listing(filter=self.filter.currentData())
        )
        self.model = PhotoModel(self._session, self)
        self.list = PhotoList()
        self.list.setAccessibleName(tr("Photos"))
        self.list.setModel(self.model)
        self._delegate = PhotoDelegate(parts.look)
        self.list.setItemDelegate(self._delegate)
        self.list.setUniformItemSizes(True)
        self.list.setMouseTracking(True)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.clicked.connect(self._open)
        self.list.activated.connect(self._open)
        self._empty = QLabel()
        self._empty.setWordWrap(True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setProperty("role", "muted")
        self._empty.setMargin(18)
        self._summary = QLabel()
        self._summary.setProperty("role", "muted")
        self._summary.setWordWrap(True)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(tr("Photos approved"))
        self._build()
        self._session.listed_changed.connect(self._show)
        parts.keys.changed.connect(self._show)
        self._session.project_changed.connect(self._show_search)
        self._session.photo_changed.connect(self._mark)
        self.model.modelReset.connect(lambda: self._mark(self._session.entry))
        self._mark(self._session.entry)
        self._show()

    def sizeHint(self) -> QSize:
        return QSize(250, 600)

    def _build(self) -> None:
        choices = QHBoxLayout()
        choices.setSpacing(6)
        choices.addWidget(self.sort, 1)
        choices.addWidget(self.filter, 1)
        head = QVBoxLayout()
        head.setContentsMargins(9, 9, 9, 7)
        head.setSpacing(6)
        head.addWidget(self.search)
        head.addLayout(choices)
        foot = QVBoxLayout()
        foot.setContentsMargins(11, 8, 11, 11)
        foot.addWidget(self._summary)
        foot.addWidget(self.bar)
        self._stack = QStackedLayout()
        self._stack.addWidget(self.list)
        self._stack.addWidget(self._empty)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addLayout(self._stack, 1)
        column.addLayout(foot)

    def _open(self, index: QModelIndex) -> None:
        self._session.open_photo(index.data(ENTRY_ROLE).photo_id)

    def _show_search(self) -> None:
        self.search.setText(self._session.listing.search)

    def _mark(self, entry: PhotoEntry | None) -> None:
        if entry is None:
            return
        index = self.model.row_of(entry.photo_id)
        if index.isValid():
            self.list.setCurrentIndex(index)
            # After the layout: the summary below may have grown by a line and covered the row.
            QTimer.singleShot(0, self._show_current)

    def _show_current(self) -> None:
        self.list.scrollTo(self.list.currentIndex())

    def _show(self) -> None:
        entries = self._session.state.entries
        approved = sum(e.state is ReviewState.APPROVED for e in entries)
        agreed, sent_back = sum(e.agreed for e in entries), sum(e.sent_back for e in entries)
        open_now = sum(e.state is ReviewState.CORRECTING and not e.sent_back for e in entries)
        closed = sum(e.state in (ReviewState.SKIPPED, ReviewState.BROKEN) for e in entries)
        words = [tr("{count} approved").format(count=approved)]
        if agreed:
            words = [tr("{count} approved, {agreed} by two").format(count=approved, agreed=agreed)]
        if sent_back:
            words.append(tr("{count} sent back").format(count=sent_back))
        if open_now:
            words.append(tr("{count} in progress").format(count=open_now))
        open_still = len(entries) - approved - sent_back - open_now - closed
        words.append(tr("{count} to review").format(count=open_still))
        self._summary.setText(" · ".join(words) if entries else "")
        self.bar.setMaximum(max(1, len(entries)))
        self.bar.setValue(approved)
        self.bar.setVisible(bool(entries))
        if self._session.project is None:
            self._empty.setText(tr("No project is open.\n\nDrop photos, a folder or a .resatt project here."))
        elif not entries:
            self._empty.setText(
                self._keys.words(
                    tr(
                        "This project has no photos yet.\n\nDrop a folder of photos here, or press "
                        "{add_folder}."
                    )
                )
            )
        else:
            self._empty.setText(tr("No photo passes the filter and the search."))
        self._stack.setCurrentIndex(0 if self._session.listed else 1)


class PhotoList(QListView):
    """A list that leaves letters to the window: they are shortcuts here, not a search."""

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.currentIndex().isValid():
            self.scrollTo(self.currentIndex())  # the open photo stays in sight

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.text() and event.text().isprintable():
            event.ignore()
        else:
            super().keyPressEvent(event)


class SearchField(QLineEdit):
    """A search field whose Enter and Escape stay in it: Enter must not approve the photo."""

    def event(self, event: QEvent) -> bool:
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.ShortcutOverride
            and (asks_for_own_key(event) or (event.text() and event.text().isprintable()))
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.clear()
            self.clearFocus()
            return
        super().keyPressEvent(event)


def _choice(name: str, titles: dict[str, str]) -> QComboBox:
    box = QComboBox()
    box.setAccessibleName(name)
    box.setToolTip(name)
    for key, title in titles.items():
        box.addItem(tr(title), key)
    box.setMinimumContentsLength(6)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    return box
