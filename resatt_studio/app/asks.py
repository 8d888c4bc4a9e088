"""Acts that ask something first: file dialogs, settings, export, sheets; then session or settings act."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QApplication, QFileDialog, QInputDialog, QLineEdit

from resatt_studio import settings
from resatt_studio.app.language import apply_language
from resatt_studio.app.other_networks import FACTORY
from resatt_studio.app.parts import Parts
from resatt_studio.app.recent import PROJECT_SUFFIX, Dropped
from resatt_studio.app.shelf import NETWORKS
from resatt_studio.app.theme import apply_theme
from resatt_studio.errors import ExportError, SettingsError, SettingsNotKept
from resatt_studio.records.photo import PhotoEntry
from resatt_studio.words import mark, tr

if TYPE_CHECKING:
    from resatt_studio.app.window import MainWindow

WEIGHTS_SUFFIX = ".safetensors"
_WEIGHTS_FILES = mark("Weights ({pattern})")


class Asks(QObject):
    """Dialogs of the window.

    Args:
        parts: Behind the window.
        window: Parent of the dialogs.
    """

    def __init__(self, parts: Parts, window: MainWindow) -> None:
        super().__init__(window)
        self._parts = parts
        self._window = window
        parts.keys.changed.connect(lambda: self.change_settings(shortcuts=parts.keys.lines))
        parts.attention.export_wanted.connect(self.export_heat)
        parts.shelf.import_wanted.connect(self.import_weights)
        parts.shelf.export_wanted.connect(self.export_weights)

    # -- projects and photos --

    def new_project(self) -> None:
        """Ask for photos and a place, then make a project."""
        photos = QFileDialog.getExistingDirectory(self._window, tr("Folder of photos for the new project"))
        if photos:
            self.new_project_for([Path(photos)])

    def new_project_for(self, sources: list[Path]) -> None:
        """Ask where the project of these photos shall be; the photos themselves stay where they are."""
        first = sources[0]
        suggested = (first if first.is_dir() else first.parent).with_suffix(PROJECT_SUFFIX)
        chosen, _ = QFileDialog.getSaveFileName(
            self._window,
            tr("Make the project folder"),
            str(suggested),
            tr("Projects ({pattern})").format(pattern=f"*{PROJECT_SUFFIX}"),
        )
        if chosen:
            self._parts.session.create_project(Path(chosen).with_suffix(PROJECT_SUFFIX), sources)

    def open_project(self) -> None:
        """Ask for a project folder and open it."""
        chosen = QFileDialog.getExistingDirectory(self._window, tr("Open a project (NAME.resatt)"))
        if chosen:
            self._parts.session.open_project(Path(chosen))

    def add_folder(self) -> None:
        """Ask for a folder and add its photos; without a project, make one for them."""
        chosen = QFileDialog.getExistingDirectory(self._window, tr("Add the photos of a folder"))
        if chosen:
            self._add([Path(chosen)])

    def add_photos(self) -> None:
        """Ask for photos and add them; without a project, make one for them."""
        from resatt_studio.imaging.files import SUFFIXES

        kinds = " ".join(f"*{suffix}" for suffix in sorted(SUFFIXES))
        photos = tr("Photos ({pattern})").format(pattern=kinds)
        chosen, _ = QFileDialog.getOpenFileNames(self._window, tr("Add photos"), "", photos)
        if chosen:
            self._add([Path(name) for name in chosen])

    def take_drop(self, dropped: Dropped) -> None:
        """Open a dropped project; add dropped photos and folders."""
        session = self._parts.session
        sources = list(dropped.sources)
        if dropped.project is not None:
            session.open_project(dropped.project, then=(lambda: session.add(sources)) if sources else None)
        elif sources:
            self._add(sources)

    def _add(self, sources: list[Path]) -> None:
        if self._parts.session.project is None:
            self.new_project_for(sources)
        else:
            self._parts.session.add(sources)

    # -- dialogs --

    def settings(self) -> None:
        from resatt_studio.app.dialogs.settings import SettingsDialog

        SettingsDialog(
            self._parts.session.settings, self.change_settings, self._window, reopen=self.settings
        ).open()

    def change_settings(self, **changes: Any) -> None:
        """Write and apply preferences; what cannot be written holds until the window is closed."""
        session = self._parts.session
        try:
            settings.change_settings(**changes)
        except SettingsNotKept as error:
            session.failed.emit(error)
        except SettingsError as error:
            session.failed.emit(error)
            return
        session.settings = replace(session.settings, **changes)
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        if "theme" in changes:
            self._parts.look.set(apply_theme(application, session.settings.theme))
        if "language" in changes:
            apply_language(application, session.settings.language)
            self._window.say_anew()
        session.changed.emit()  # who may be the second reader, for one, depends on the name
        if session.document is not None:
            session.document.memory_limit_bytes = session.settings.undo_mb * 2**20
            session.document.author = session.settings.author
        if "photo_memory_mb" in changes or "tile_cache_mb" in changes:
            session.set_photo_memory()
        if "device" in changes or "threads" in changes:
            session.predictor.set_device(session.settings.device, session.settings.threads)

    def set_scale(self) -> None:
        """Ask how long the ruler's line is."""
        from resatt_studio.app.dialogs.scale import ScaleDialog

        ScaleDialog(self._parts.scale, self._window).open()

    def checkpoint(self) -> None:
        """Ask for a name of the photo's present state."""
        history = self._parts.history
        words = tr("Strokes are saved as you paint. Name this state of the photo to come back to:")
        name, suggested = tr("Name of the checkpoint"), history.suggested_name
        self._ask_words(tr("Save a checkpoint"), words, name, history.add_checkpoint, suggested)

    def send_back(self) -> None:
        """Ask what is wrong with the approved mask, unless this person cannot be its second reader."""
        self._parts.reader.if_possible(self._ask_for_note)

    def _ask_for_note(self, entry: PhotoEntry) -> None:
        words = tr("Say what is to be corrected; whoever approved the photo reads it above the photo:")
        name, reader = tr("What is to be corrected"), self._parts.reader
        self._ask_words(tr("Send back with a note"), words, name, lambda note: reader.send_back(note, entry))

    def _ask_words(
        self, title: str, words: str, name: str, then: Callable[[str], None], suggested: str = ""
    ) -> None:
        """Ask for a line of text without stopping the window.

        Args:
            title, words: Of the dialog.
            name: Of the field, for screen readers.
            then: Hears what was typed.
        """
        question = QInputDialog(self._window)
        question.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        question.setWindowTitle(title)
        question.setLabelText(words)
        question.setTextValue(suggested)
        field = question.findChild(QLineEdit)
        assert field is not None  # an input dialog for text has one
        field.setAccessibleName(name)
        question.textValueSelected.connect(then)
        question.open()

    def export(self) -> None:
        from resatt_studio.app.dialogs.export import ExportDialog

        session = self._parts.session
        if session.project is not None:
            ExportDialog(session, self._window).open()

    def export_heat(self) -> None:
        """Ask where the attention map shall be written, and write it."""
        entry, attention = self._parts.session.entry, self._parts.attention
        if entry is None or attention.heat is None:
            return
        asked = attention.heat.question
        suggested = entry.facts.path.with_name(f"{Path(entry.name).stem}.{asked.model}-{asked.kind}.png")
        chosen, _ = QFileDialog.getSaveFileName(
            self._window,
            tr("Export the attention map"),
            str(suggested),
            tr("Pictures ({pattern})").format(pattern="*.png"),
        )
        if chosen:
            self._export_heat_to(Path(chosen))

    def _export_heat_to(self, chosen: Path) -> None:
        """Complete a name without its ending, but over no file that the dialog has not asked about."""
        path = chosen if chosen.suffix.casefold() == ".png" else chosen.with_name(f"{chosen.name}.png")
        if path != chosen and path.exists():
            self._refuse(path)
            return
        self._parts.attention.export(path)

    # -- weights --

    def import_weights(self, model: str) -> None:
        """Ask for a weights file of a network and put it on the shelf."""
        chosen, _ = QFileDialog.getOpenFileName(
            self._window,
            tr("Import weights of {network}").format(network=NETWORKS[model]),
            "",
            f"{tr(_WEIGHTS_FILES).format(pattern='*.safetensors *.pth *.pt')};;{tr('All files')} (*)",
        )
        if chosen:
            self._parts.shelf.bring_in(Path(chosen), model)

    def export_weights(self, model: str, weights_id: str) -> None:
        """Ask where a version shall be written, and write it with its card; "" is the factory's."""
        project = self._parts.session.project
        if project is None:
            return
        suggested = project.folder.parent / f"{model}-{weights_id[:12] or FACTORY}{WEIGHTS_SUFFIX}"
        chosen, _ = QFileDialog.getSaveFileName(
            self._window,
            tr("Export weights of {network}").format(network=NETWORKS[model]),
            str(suggested),
            tr(_WEIGHTS_FILES).format(pattern=f"*{WEIGHTS_SUFFIX}"),
        )
        if chosen:
            self._export_weights_to(model, weights_id, Path(chosen))

    def _export_weights_to(self, model: str, weights_id: str, chosen: Path) -> None:
        """Write over no completed name, which the dialog has not asked about; whoever writes looks after the
        card."""
        whole = chosen.suffix.casefold() == WEIGHTS_SUFFIX
        path = chosen if whole else chosen.with_name(f"{chosen.name}{WEIGHTS_SUFFIX}")
        if path == chosen or not path.exists():
            self._parts.shelf.export(model, weights_id, path)
        else:
            self._refuse(path)

    def _refuse(self, path: Path) -> None:
        error = ExportError(
            mark("“{path}” is there already.").format(path=path),
            mark("Choose it by its whole name, or another name."),
        )
        self._parts.session.failed.emit(error)

    # -- sheets --

    def shortcuts(self) -> None:
        from resatt_studio.app.dialogs.shortcuts import ShortcutSheet

        ShortcutSheet(self._parts.keys, self.edit_shortcuts, self._window).open()

    def edit_shortcuts(self) -> None:
        from resatt_studio.app.dialogs.shortcut_editor import ShortcutEditor

        ShortcutEditor(self._parts.keys, QApplication.activeModalWidget() or self._window).open()

    def about(self) -> None:
        from resatt_studio.app.dialogs.about import AboutDialog

        AboutDialog(self._window).open()
