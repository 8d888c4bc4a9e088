"""Comparing two views side by side: what the menu, the keys and the bars over both views do."""

from __future__ import annotations

from PySide6.QtCore import QObject

from resatt_studio.app.changes import LAYER, PhotoChanges
from resatt_studio.app.dehazing import PhotoDehazing
from resatt_studio.app.other_networks import OtherNetworks
from resatt_studio.app.photo_beside import BesidePhoto
from resatt_studio.app.session import Session
from resatt_studio.app.side import LEFT, RIGHT, Known, Side
from resatt_studio.app.version_pair import VersionPair
from resatt_studio.app.view_state import ViewState


class BothSides(QObject):
    """The two sides and the photo on the right.

    Args:
        session: What is open.
        view: Holds what is compared.
        networks: Who answers.
        pair: Which versions are compared.
        dehazing, changes: Who asks about the open photo anyway.
    """

    def __init__(
        self,
        session: Session,
        view: ViewState,
        networks: OtherNetworks,
        pair: VersionPair,
        dehazing: PhotoDehazing,
        changes: PhotoChanges,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._view = view
        self.beside = BesidePhoto(session, view, self)
        known: dict[str, Known] = {"dehazed": dehazing, LAYER: changes}
        self.left, self.right = (
            Side(role, session, view, self.beside, networks, pair, known, self) for role in (LEFT, RIGHT)
        )

    def toggle(self) -> None:
        """Show one view or two."""
        self._view.set_sides(on=not self._view.sides.on)

    def close(self) -> None:
        """Back to one view."""
        self._view.set_sides(on=False)

    def swap(self) -> None:
        """Each side shows what the other one showed; of two photos the right one is opened."""
        sides, opened = self._view.sides, self._session.entry
        other = self.beside.entry
        self._view.set_sides(left=sides.right, right=sides.left)
        if other is not None and opened is not None:
            self._view.set_sides(photo_id=opened.photo_id)
            self._session.open_photo(other.photo_id)

    def toggle_link(self) -> None:
        """Let both views move together, or each for itself."""
        self._view.set_sides(linked=not self._view.sides.linked)
