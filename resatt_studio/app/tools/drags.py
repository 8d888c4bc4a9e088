"""From press to release on one document: what strokes, clicks, wand, rectangle and loops share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from resatt_studio.annotation.document import CorrectionDocument
from resatt_studio.app.tools.base import NOTHING, Pointer, Tool, ToolHost
from resatt_studio.app.tools.overlay import NO_MARKS, Mark
from resatt_studio.records.correction import Edit
from resatt_studio.records.geometry import Box


class Drag(Tool):
    """Works on the document of the press: the photo may change under it, the act stays where it began."""

    def __init__(self, name: str, host: ToolHost) -> None:
        super().__init__(name, host)
        self._document: CorrectionDocument | None = None
        self._marks: tuple[Mark, ...] = NO_MARKS

    @property
    def busy(self) -> bool:
        return self._document is not None

    @property
    def overlay(self) -> tuple[Mark, ...]:
        return self._marks

    @property
    def _free_document(self) -> CorrectionDocument | None:
        """The open document; None also while a stroke on it is under way."""
        document = self.host.document
        return None if document is None or document.in_stroke else document

    def _let_go(self) -> CorrectionDocument | None:
        """The document of the press, which is over."""
        document, self._document, self._marks = self._document, None, NO_MARKS
        return document

    def cancel(self) -> Box:
        self._let_go()
        return NOTHING


class Click(Drag):
    """Acts where it was pressed, however the pointer moves until the button goes up."""

    def __init__(self, name: str, host: ToolHost) -> None:
        super().__init__(name, host)
        self._at = Pointer(0, 0, 0, 0)

    def press(self, at: Pointer) -> Box:
        document = self._free_document
        if document is not None:
            self._at, self._document = at, document
        return NOTHING

    def move(self, points: Sequence[Pointer]) -> Box:
        return NOTHING

    def release(self) -> Edit | None:
        document = self._let_go()
        return None if document is None else self.click(document, self._at)

    @abstractmethod
    def click(self, document: CorrectionDocument, at: Pointer) -> Edit | None:
        """The place that is meant; may lie outside the photo."""


class Stroke(Drag):
    """Changes the document while it is dragged; ``press`` begins the document's stroke."""

    def release(self) -> Edit | None:
        document = self._let_go()
        return None if document is None else document.end()

    def cancel(self) -> Box:
        document = self._let_go()
        return NOTHING if document is None else document.cancel()
