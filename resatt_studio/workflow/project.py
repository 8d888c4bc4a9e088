"""Make, open and close a project: its store, blobs, weights shelf and settings, with one writer at a time."""

from __future__ import annotations

import atexit
import threading
from pathlib import Path
from types import TracebackType
from typing import Protocol

from resatt_studio.errors import BugError, ProjectError, SettingsError, WeightsError
from resatt_studio.imaging.opening import is_file, is_folder
from resatt_studio.records.weights import (
    USUAL_THRESHOLD,
    WeightsState,
    WeightsVersion,
    automatic_threshold,
)
from resatt_studio.resources import asset
from resatt_studio.store.backup import check_and_back_up
from resatt_studio.store.blobs import BlobStore
from resatt_studio.store.engine import Database, errors_in_words, open_engine, sqlite_url
from resatt_studio.store.samples import SampleStore
from resatt_studio.store.upgrade import upgrade
from resatt_studio.store.versions import WeightsShelf
from resatt_studio.workflow.lock import ProjectLock

SUFFIX = ".resatt"
DATABASE = "project.sqlite3"
LOCK = "lock"
LEAST_THRESHOLD, MOST_THRESHOLD = 0.01, 0.99


def parse_threshold(text: str) -> float | None:
    """What somebody typed as a project's threshold: a probability, or "auto" for None.

    Raises:
        SettingsError: It is neither.
    """
    if text == "auto":
        return None
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not LEAST_THRESHOLD <= value <= MOST_THRESHOLD:
        raise SettingsError(
            f"A threshold of {text} has no meaning.",
            f"Give auto, or a number from {LEAST_THRESHOLD} to {MOST_THRESHOLD}.",
        )
    return value


class Writer(Protocol):
    """Something that writes into the project and must be closed before it."""

    def flush(self) -> None: ...

    def close(self) -> None: ...


class ProjectSettings:
    """Settings that travel with the project."""

    def __init__(self, store: SampleStore, shelf: WeightsShelf) -> None:
        self._store = store
        self._shelf = shelf

    @property
    def threshold(self) -> float:
        """Probability above which a pixel counts as crack, in [0, 1]: the inspector's own, or automatic the
        one of the segmenter's version in use."""
        return self.threshold_with(self._active())

    @threshold.setter
    def threshold(self, value: float) -> None:
        self._store.set_settings({"threshold": float(value), "threshold_automatic": False})

    @property
    def own_threshold(self) -> float | None:
        """The inspector's own threshold, None while it is automatic."""
        return None if self.threshold_automatic else float(self._store.setting("threshold", USUAL_THRESHOLD))

    @property
    def threshold_automatic(self) -> bool:
        """Whether each version comes with its own threshold, which its validation photos chose."""
        return bool(self._store.setting("threshold_automatic", True))

    @threshold_automatic.setter
    def threshold_automatic(self, value: bool) -> None:
        self._store.set_setting("threshold_automatic", bool(value))

    def threshold_of(self, weights_id: str) -> float:
        """What :attr:`threshold` would be with those weights in use, whether or not they are a version."""
        versions = {version.weights_id: version for version in self._shelf.versions()}
        return self.threshold_with(versions.get(weights_id))

    def threshold_with(self, version: WeightsVersion | None) -> float:
        """What :attr:`threshold` would be with a version in use, or with weights that are no version."""
        own = self.own_threshold
        return own if own is not None else automatic_threshold(version)

    def _active(self) -> WeightsVersion | None:
        try:
            return self._shelf.active()
        except WeightsError:  # a project without a segmenter has nothing to show
            return None

    def mm_per_px(self, photo_id: str) -> float | None:
        """Millimetres per pixel of a photo: its own scale, else the project's, else None."""
        own = self._store.setting(f"mm_per_px:{photo_id}")
        value = own if own is not None else self._store.setting("mm_per_px")
        return None if value is None else float(value)

    def set_mm_per_px(self, value: float | None, photo_id: str = "") -> None:
        """Keep the scale of a photo, or with "" that of all photos without one of their own.

        Args:
            value: Millimetres per pixel, above 0; None forgets it.
            photo_id: SHA-256 (hex) of the photo's bytes.

        Raises:
            SettingsError: The scale has no meaning.
        """
        if value is not None and not 0 < value < float("inf"):
            raise SettingsError(f"A scale of {value} has no meaning.", "Give millimetres per pixel, above 0.")
        self._store.set_setting(f"mm_per_px:{photo_id}" if photo_id else "mm_per_px", value)

    @property
    def learn_agreed_only(self) -> bool:
        """Whether the crack network learns from, and is judged by, agreed photos alone."""
        return bool(self._store.setting("learn_agreed_only", False))

    @learn_agreed_only.setter
    def learn_agreed_only(self, value: bool) -> None:
        self._store.set_setting("learn_agreed_only", bool(value))

    @property
    def one_person(self) -> bool:
        """Whether somebody may be the second reader of their own approvals."""
        return bool(self._store.setting("one_person", False))

    @one_person.setter
    def one_person(self, value: bool) -> None:
        self._store.set_setting("one_person", bool(value))

    @property
    def author(self) -> str:
        """Who works on the project, "" when unknown."""
        return str(self._store.setting("author", ""))

    @author.setter
    def author(self, value: str) -> None:
        self._store.set_setting("author", value)


class Project:
    """An open project; a context manager. Made by :func:`create_project` and :func:`open_project`.

    Attributes:
        folder: The project folder.
        store: What is known of photos, corrections, samples, runs and events.
        shelf: The versions of the weights.
        blobs: Arrays by content hash.
        settings: Settings that travel with the project.
    """

    def __init__(self, folder: Path, lock: ProjectLock, database: Database) -> None:
        self.folder = folder
        self.blobs = BlobStore(folder / "blobs")
        self.store = SampleStore(database, self.blobs)
        self.shelf = WeightsShelf(database, folder / "weights")
        self.settings = ProjectSettings(self.store, self.shelf)
        self._database = database
        self._lock = lock
        self._guard = threading.RLock()
        self._writers: dict[str, Writer] = {}
        self._open = True
        atexit.register(self.close)  # whoever leaves without closing loses nothing either

    @property
    def name(self) -> str:
        """The folder's name without ``.resatt``."""
        return self.folder.name.removesuffix(SUFFIX)

    @property
    def is_open(self) -> bool:
        return self._open

    @property
    def runs_folder(self) -> Path:
        """Where fine-tuning keeps its resume points; exists."""
        folder = self.folder / "runs"
        folder.mkdir(exist_ok=True)
        return folder

    @property
    def guard(self) -> threading.RLock:
        """Held while the writers of the project are looked up or changed."""
        return self._guard

    @property
    def writers(self) -> dict[str, Writer]:
        """What writes into the project now, by name; closed before the project is."""
        return self._writers

    def flush(self) -> None:
        """Wait until everything that was painted is on the disk.

        Raises:
            StoreError: It could not be written; it stays in memory and is tried again.
        """
        with self._guard:
            writers = list(self._writers.values())
        for writer in writers:
            writer.flush()

    def close(self) -> None:
        """Write what is still in memory, then let others in; doing it twice does nothing.

        Raises:
            StoreError: Something could not be written. The project stays open, so that closing it can be
                tried again once the cause is cured.
        """
        with self._guard:
            if not self._open:
                return
            self._open = False  # first: a document ends now, whoever else has it in use
            try:
                for writer in list(self._writers.values()):
                    writer.close()
            except BaseException:
                self._open = True
                raise
        self._database.close()
        self._lock.release()
        atexit.unregister(self.close)

    def __enter__(self) -> Project:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def create_project(
    folder: Path, factory_weights: Path | None = None, starting_weights: str = "factory"
) -> Project:
    """Make a project in a folder that is new or empty and open it.

    Args:
        folder: By custom ``NAME.resatt``.
        factory_weights: Becomes version 1, active; the bundled weights unless given.
        starting_weights: Which of the bundled weights: "factory", or "generated", which no data owner's terms
            hang on.

    Raises:
        ProjectError: The folder is in use for something else.
        WeightsError: The weights cannot be used.
    """
    folder = Path(folder).absolute()
    weights = factory_weights or bundled_weights(starting_weights)  # told before there is half a project
    try:
        folder.mkdir(parents=True, exist_ok=True)
        taken = any(path.name != LOCK for path in folder.iterdir())
    except OSError as error:
        raise ProjectError(
            f"The project folder {folder} could not be made: {error.strerror or error}.",
            "Choose a place that you may write to.",
        ) from error
    if taken:
        raise ProjectError(
            f"The folder {folder} is not empty, so no new project was made there.",
            "Open it, if it is a project, or choose another name.",
        )
    return _open(folder, weights, starting_weights)


def open_project(folder: Path, factory_weights: Path | None = None) -> Project:
    """Open a project for reading and writing; upgrades its database and keeps a copy of it first.

    Args:
        folder: The project folder; ``.resatt`` may be left out.
        factory_weights: Put on an empty shelf (a project whose making was cut off); else not read.

    Raises:
        ProjectError: No project there, damaged, written by a newer version, or open elsewhere.
        StoreError: The disk refused.
    """
    folder = Path(folder).absolute()
    if not _is_project(folder) and _is_project(folder.with_name(folder.name + SUFFIX)):
        folder = folder.with_name(folder.name + SUFFIX)
    if not is_folder(folder):
        raise ProjectError(f"There is no project {folder}.", "Check the path, or make a new project.")
    if not _is_project(folder):
        raise ProjectError(
            f"The folder {folder} is no project: it has no {DATABASE}.",
            "Choose a folder that ends in .resatt, or make a new project.",
        )
    return _open(folder, factory_weights)


def _is_project(folder: Path) -> bool:
    return is_file(folder / DATABASE)


def _open(folder: Path, factory_weights: Path | None, starting_weights: str = "factory") -> Project:
    lock = ProjectLock(folder / LOCK)
    path = folder / DATABASE
    engine = open_engine(sqlite_url(path))
    database = Database(engine)
    try:
        if path.exists() and path.stat().st_size:
            check_and_back_up(path, folder / "backups")
        with errors_in_words(engine):
            upgrade(engine)
        project = Project(folder, lock, database)
    except BaseException:
        database.close()
        lock.release()
        raise
    try:
        project.blobs.drop_parts()
        project.shelf.drop_parts()
        _stock_shelf(project, factory_weights, starting_weights)
    except BaseException:
        project.close()
        raise
    return project


def bundled_weights(name: str, model: str = "r2aunet") -> Path:
    """Where weights are that came with the app.

    Args:
        name: "factory", or for R2AU-Net "generated".
        model: Registry name.

    Raises:
        WeightsError: This installation has none.
    """
    try:
        return asset("weights", f"{model}-{name}.safetensors")
    except BugError as error:
        raise WeightsError(
            f"This installation has no {name} weights of {model} to begin with.",
            "Choose other starting_weights in the settings, or install resatt-studio again.",
        ) from error


def _stock_shelf(project: Project, factory_weights: Path | None, name: str) -> None:
    """Put the bundled weights of that name on an empty shelf."""
    if project.shelf.versions():
        return
    from resatt_studio.models.state import load_weights  # torch: only for a new project

    weights = load_weights(factory_weights or bundled_weights(name))
    project.shelf.add(weights, state=WeightsState.ACTIVE, name=name, reason="shipped with the app")
