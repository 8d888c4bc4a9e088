"""The card of one version: a column of sections, each in one line of a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QVBoxLayout, QWidget

from resatt_studio.app.panels.card_sections import (
    CardSection,
    ForgettingSection,
    HeadSection,
    ReasonSection,
    ScoresSection,
)
from resatt_studio.app.panels.reliability import ReliabilitySection
from resatt_studio.app.parts import Parts
from resatt_studio.records.weights import WeightsVersion
from resatt_studio.words import tr

SECTIONS: tuple[Callable[[Parts], CardSection], ...] = (
    HeadSection,
    ReasonSection,
    ScoresSection,
    ForgettingSection,
    ReliabilitySection,
)
"""From the top down; a new section is a class and a line here."""


class VersionCard(QWidget):
    """Shows one version; hidden while none is meant.

    Attributes:
        sections: By the name of their class.
    """

    def __init__(self, parts: Parts) -> None:
        super().__init__()
        self.setAccessibleName(tr("Card of the chosen version"))
        self.version: WeightsVersion | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 2, 0, 2)
        column.setSpacing(8)
        made = [section(parts) for section in SECTIONS]
        self.sections = {type(section).__name__: section for section in made}
        for section in made:
            column.addWidget(section)
        self.show_version(None)

    def show_version(self, version: WeightsVersion | None, versions: Sequence[WeightsVersion] = ()) -> None:
        """Fill every section, or hide the card.

        Args:
            version: Whose card it is.
            versions: All of its network.
        """
        self.version = version
        if version is not None:
            for section in self.sections.values():
                section.setVisible(section.show_version(version, versions))
        self.setVisible(version is not None)
