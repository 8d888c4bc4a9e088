"""What this is, its licence, and where it keeps things."""

from __future__ import annotations

import platform

from PySide6.QtCore import Qt, qVersion
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QVBoxLayout, QWidget

import resatt_studio
from resatt_studio import settings
from resatt_studio.app.jobs import sample_folder
from resatt_studio.app.notices import log_file
from resatt_studio.app.project_session import tile_folder
from resatt_studio.words import tr


class AboutDialog(QDialog):
    """Version, licence and folders; the text can be selected."""

    def __init__(self, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("About ResAtt Studio"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        title = QLabel("ResAtt Studio")
        title.setProperty("role", "title")
        words = QLabel(
            tr(
                "Version {version}\n\nCrack annotation that learns from the inspector's corrections, on "
                "the inspector's own machine. Photos never leave it and are never changed.\n\nFree "
                "software under the MIT licence. The factory weights were trained on photo sets of which "
                "several are for research use; their model card says which.\n\nSettings: {file}\n"
                "Sample project: {sample}\nSmaller sizes of huge photos: {tiles}\nLog of faults: {log}\n\n"
                "Python {python}, Qt {qt}, {platform}"
            ).format(
                version=resatt_studio.__version__,
                file=settings.settings_path(),
                sample=sample_folder(),
                tiles=tile_folder(),
                log=log_file(),
                python=platform.python_version(),
                qt=qVersion(),
                platform=platform.platform(),
            )
        )
        words.setWordWrap(True)
        words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        words.setMinimumWidth(460)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.close)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 16)
        column.setSpacing(12)
        for widget in (title, words, buttons):
            column.addWidget(widget)
