"""A store on a fresh folder, and photos to put into it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from resatt_studio.records.photo import PhotoFacts
from resatt_studio.records.weights import WeightsFile
from resatt_studio.store.blobs import BlobStore, sha256
from resatt_studio.store.engine import Database, open_engine, sqlite_url
from resatt_studio.store.samples import SampleStore
from resatt_studio.store.upgrade import upgrade
from resatt_studio.store.versions import WeightsShelf


@dataclass
class Opened:
    """Everything that belongs to one open database."""

    folder: Path
    database: Database
    blobs: BlobStore
    store: SampleStore
    shelf: WeightsShelf

    def problems(self) -> list[str]:
        return self.store.check(weights_folder=self.shelf.folder)


def open_store(folder: Path) -> Opened:
    engine = open_engine(sqlite_url(folder / "project.sqlite3"))
    upgrade(engine)
    database, blobs = Database(engine), BlobStore(folder / "blobs")
    store, shelf = SampleStore(database, blobs), WeightsShelf(database, folder / "weights")
    return Opened(folder, database, blobs, store, shelf)


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A current database without rows; migrating takes a moment, copying does not."""
    folder = tmp_path_factory.mktemp("empty")
    open_store(folder).database.close()
    return folder / "project.sqlite3"


@pytest.fixture
def opened(tmp_path: Path, empty_database: Path) -> Iterator[Opened]:
    (tmp_path / "project.sqlite3").write_bytes(empty_database.read_bytes())
    opened = open_store(tmp_path)
    yield opened
    opened.database.close()


@pytest.fixture
def store(opened: Opened) -> SampleStore:
    return opened.store


@pytest.fixture
def shelf(opened: Opened) -> WeightsShelf:
    return opened.shelf


def photo_facts(name: str, group: str = "", height: int = 30, width: int = 40) -> PhotoFacts:
    """Facts of a photo that exists only on paper; its hash follows from its name."""
    path = Path("/photos", name).absolute()
    return PhotoFacts(sha256(name.encode()), path, height, width, 1000, 1, "", "camera", group)


@pytest.fixture(scope="session")
def facts_of() -> Callable[..., PhotoFacts]:
    """``facts_of(name, group="", height=30, width=40)``; see :func:`photo_facts`."""
    return photo_facts


@pytest.fixture(scope="session")
def weights_of() -> Callable[..., WeightsFile]:
    """``weights_of(text, model="r2aunet")``; see :func:`weights_file`."""
    return weights_file


@pytest.fixture
def add(store: SampleStore) -> Callable[..., str]:
    """``add(name, group="")`` lists a photo of 30 x 40 pixels and returns its id."""

    def add_photo(name: str, group: str = "") -> str:
        return store.add_photo(photo_facts(name, group)).photo_id

    return add_photo


def weights_file(text: str, model: str = "r2aunet") -> WeightsFile:
    """A weights file as the shelf sees one: an id, a header and bytes."""
    data = text.encode()
    return WeightsFile(sha256(data), model, {"base_width": 2}, {"licence": "MIT"}, data)
