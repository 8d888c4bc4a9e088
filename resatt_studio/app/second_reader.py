"""What a second reader says of the open photo: agreed, or sent back with a note; and the project's rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from resatt_studio.app.listing import neighbour
from resatt_studio.app.session import Session
from resatt_studio.records.photo import PhotoEntry
from resatt_studio.records.review import same_person
from resatt_studio.words import mark, tr

if TYPE_CHECKING:
    from resatt_studio.workflow.project import Project

NO_MORE_WORDS = mark("No other photo waits for a second reader.")


class SecondReader(QObject):
    """Hands the acts of a second reader to the project and goes on to the next photo that waits for one.

    Args:
        session: What is open.
    """

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session

    def reads(self, entry: PhotoEntry) -> bool:
        """Whether a photo waits for a second reader, who can be this person."""
        if not entry.unread:
            return False
        approved_by = entry.review.author if entry.review is not None else ""
        own = same_person(approved_by, self._session.settings.author)
        return self._session.state.rules.one_person or not own

    # -- acts --

    def agree(self) -> None:
        """Agree to the approval of the open photo, and go on."""
        from resatt_studio.workflow import review

        self._say(self._session.entry, review.agree, tr("{name} is agreed to."))

    def send_back(self, note: str, entry: PhotoEntry | None = None) -> None:
        """Send a photo back to be corrected, and go on.

        Args:
            note: What is to be corrected.
            entry: The photo that the note is about; the open one by default.
        """
        from resatt_studio.workflow import review

        self._say(
            entry or self._session.entry,
            lambda project, id, author: review.send_back(project, id, author, note),
            tr("{name} is sent back."),
        )

    def if_possible(self, then: Callable[[PhotoEntry], None]) -> None:
        """Do ``then`` with the open photo if this person can be its second reader and it is open still when
        that is known; else it is told why not."""
        from resatt_studio.workflow.review import require_reader

        session = self._session
        project, entry = session.project, session.entry
        if project is None or entry is None:
            return

        def possible(_: object) -> None:
            if self._is_open(project, entry):
                then(entry)

        author = session.settings.author
        session.ask(lambda: require_reader(project, entry.photo_id, author), possible)

    def next_unread(self) -> None:
        """Open the next photo that waits for a second reader, from the beginning again after the last."""
        session = self._session
        here = session.entry.photo_id if session.entry is not None else None
        following = self._following(here)
        if following is None or following.photo_id == here:
            session.told.emit(tr(NO_MORE_WORDS))
        else:
            session.open_photo(following.photo_id)

    def toggle_agreed_only(self) -> None:
        """Let networks learn from photos alone that a second reader agreed to, or from all approved ones."""
        wanted = not self._session.state.rules.agreed_only
        self._set_rule(lambda project: setattr(project.settings, "learn_agreed_only", wanted))

    def toggle_one_person(self) -> None:
        """Let somebody be the second reader of their own approvals, or not."""
        wanted = not self._session.state.rules.one_person
        self._set_rule(lambda project: setattr(project.settings, "one_person", wanted))

    # -- inside --

    def _is_open(self, project: Project, entry: PhotoEntry) -> bool:
        session = self._session
        opened = session.entry
        return session.project is project and opened is not None and opened.photo_id == entry.photo_id

    def _say(self, entry: PhotoEntry | None, act: Callable[[Project, str, str], object], words: str) -> None:
        session, project = self._session, self._session.project
        if project is None or entry is None:
            return
        author = session.settings.author
        following = self._following(entry.photo_id)

        def done(_: object) -> None:
            session.told.emit(words.format(name=entry.name))
            session.refresh()
            if following is not None and self._is_open(project, entry):
                session.open_photo(following.photo_id)

        session.ask(lambda: act(project, entry.photo_id, author), done, must=True)

    def _following(self, here: str | None) -> PhotoEntry | None:
        """The next photo of the list that this person can read; after the last one the first."""
        listed = self._session.listed
        return neighbour(listed, here, +1, self.reads) or neighbour(listed, None, +1, self.reads)

    def _set_rule(self, change: Callable[[Project], None]) -> None:
        project = self._session.project
        if project is not None:
            self._session.ask(lambda: change(project), lambda _: self._session.refresh(), must=True)
