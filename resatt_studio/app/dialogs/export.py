"""Choose a format and a folder; writing runs beside the window and can be stopped."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from resatt_studio.app.newest import NewestJob
from resatt_studio.app.sentences import heading
from resatt_studio.app.session import Session
from resatt_studio.app.worker import Listed
from resatt_studio.errors import StudioError
from resatt_studio.records.jobs import JobProgress, Urgency
from resatt_studio.records.photo import PhotoEntry, ReviewState
from resatt_studio.words import again, mark, tr

if TYPE_CHECKING:
    from resatt_studio.workflow.export import ExportedFiles

_MASKS_FROM = {
    "raw": mark("the original photos"),
    "dehazed": mark("the dehazed photos"),
    "auto": mark("the original photos, or the dehazed ones where there is haze"),
}


class ExportDialog(QDialog):
    """One radio button a line of the exporters' table."""

    def __init__(self, session: Session, parent: QWidget | None) -> None:
        super().__init__(parent)
        from resatt_studio.workflow.catalog import exporters

        self._session = session
        self._job = NewestJob(session.files)
        self.setWindowTitle(tr("Export"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(520)
        self.formats: dict[str, QRadioButton] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(22, 18, 22, 16)
        column.setSpacing(10)
        column.addWidget(heading(tr("What to write")))
        for name, exporter in exporters().items():
            button = self.formats[name] = QRadioButton(again(exporter.title))
            column.addWidget(button)
        next(iter(self.formats.values())).setChecked(True)
        folder = session.project.folder if session.project is not None else Path()
        self.folder = QLineEdit(str(folder.parent / f"{folder.stem}-export"))
        self.folder.setAccessibleName(tr("Folder to write into"))
        choose = QPushButton(tr("Choose…"))
        choose.setAccessibleName(tr("Choose the folder to write into"))
        choose.setAutoDefault(False)  # Enter in the field beside it exports
        choose.clicked.connect(self._choose)
        place = QHBoxLayout()
        place.addWidget(self.folder, 1)
        place.addWidget(choose)
        form = QFormLayout()
        form.addRow(tr("Folder"), place)
        column.addSpacing(4)
        column.addLayout(form)
        self.words = QLabel(_words(session.state.entries, tr(_MASKS_FROM[session.settings.photo_input])))
        self.words.setWordWrap(True)
        self.words.setProperty("role", "muted")
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column.addWidget(self.words)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(tr("Export progress"))
        self.bar.hide()
        column.addWidget(self.bar)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.go = buttons.addButton(tr("Export"), QDialogButtonBox.ButtonRole.ActionRole)
        self.go.setProperty("primary", "true")
        self.go.clicked.connect(self.export)
        buttons.rejected.connect(self.close)
        column.addWidget(buttons)
        self.go.setDefault(True)  # only within a dialog does a button become its default

    @property
    def format(self) -> str:
        """Name of the chosen format."""
        return next(name for name, button in self.formats.items() if button.isChecked())

    def export(self) -> None:
        """Start writing; says at the end what was written."""
        project = self._session.project
        if project is None:
            return
        name, out = self.format, Path(self.folder.text()).expanduser()
        shown, fits = self._session.settings.photo_input, self._session.memory.fits_whole

        def job() -> Generator[JobProgress, None, Any]:
            from resatt_studio.workflow.export import export_project
            from resatt_studio.workflow.photo_input import photo_input

            return (yield from export_project(project, name, out, shown=photo_input(shown), fits=fits))

        self.go.setEnabled(False)
        self.bar.show()
        self.bar.setMaximum(0)
        listed = Listed(mark("Export"), stop=self._stop)
        self._job.submit(job, Urgency.EVALUATE, self._done, self._progress, self._failed, listed)

    def done(self, result: int) -> None:
        """Closing the dialog, in whichever way, stops the writing; files that are finished stay."""
        self._job.withdraw()  # first: the window will be gone when the job has ended
        super().done(result)

    def _stop(self) -> None:
        """End the writing from the list of jobs."""
        if self._job.running:
            self._job.withdraw()
            self.words.setText(tr("Stopped."))
            self._ended()

    def _progress(self, report: JobProgress) -> None:
        self.bar.setMaximum(report.total)
        self.bar.setValue(report.done)
        self.words.setText(again(report.message))

    def _done(self, result: ExportedFiles) -> None:
        self._ended()
        words = tr("{count} files were written to {folder}.").format(
            count=len(result.files), folder=self.folder.text()
        )
        approved, others = len(result.approved), len(result.by_weights)
        if approved or others:
            origin = tr("Photos as they were approved: {approved}; by the weights in use: {others}.")
            words = f"{words} {origin.format(approved=approved, others=others)}"
        self.words.setText(words)
        self._session.told.emit(self.words.text())

    def _failed(self, error: Exception) -> None:
        self._ended()
        if isinstance(error, StudioError):
            self.words.setText(again(str(error)))
        else:
            self._session.failed.emit(error)

    def _ended(self) -> None:
        self.go.setEnabled(True)
        self.bar.hide()

    def _choose(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, tr("Folder to write into"), self.folder.text())
        if chosen:
            self.folder.setText(chosen)


def _words(entries: Iterable[PhotoEntry], source: str) -> str:
    """What will be written; where second readers are at work, also how many photos they agreed to."""
    approved = [entry for entry in entries if entry.state is ReviewState.APPROVED]
    agreed = sum(entry.agreed for entry in approved)
    words = tr(
        "Approved photos are written as they were approved ({approved} of them), every other one with its "
        "corrections over the prediction of the weights in use, made from {source}."
    ).format(approved=len(approved), source=source)
    read = tr("A second reader agreed to {count} of them.").format(count=agreed)
    return f"{words} {read}" if agreed else words
