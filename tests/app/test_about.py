"""Claims about the dialog that says what this is: it names every place where something is kept."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtWidgets import QLabel

from resatt_studio.app.dialogs.about import AboutDialog
from resatt_studio.app.jobs import sample_folder
from resatt_studio.app.notices import log_file
from resatt_studio.app.project_session import tile_folder
from resatt_studio.settings import settings_path

pytestmark = pytest.mark.gui


def test_it_says_where_everything_is_kept(own_settings: Any, qtbot: Any) -> None:
    dialog = AboutDialog(None)
    qtbot.addWidget(dialog)
    told = "\n".join(label.text() for label in dialog.findChildren(QLabel))
    for place in (settings_path(), sample_folder(), tile_folder(), log_file()):
        assert str(place) in told
