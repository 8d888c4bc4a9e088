"""Projects of every older schema open with the newest code, and nothing in them is lost."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import zipfile
from pathlib import Path
from typing import Any

import pytest

from resatt_studio.records.photo import ReviewState
from resatt_studio.records.project import RunState
from resatt_studio.records.review import ReviewAct
from resatt_studio.records.weights import WeightsState
from resatt_studio.store.engine import open_engine, sqlite_url
from resatt_studio.store.schema import SCHEMA_VERSIONS
from resatt_studio.store.upgrade import schema_version
from resatt_studio.workflow.correct import check_project, open_document
from resatt_studio.workflow.project import DATABASE, Project, open_project
from resatt_studio.workflow.promote import rollback

ARCHIVES = sorted((Path(__file__).parents[1] / "fixtures" / "old_projects").glob("schema-*.zip"))


def sha256(array: Any) -> str:
    return hashlib.sha256(array.tobytes()).hexdigest()


def version_of(folder: Path) -> str:
    engine = open_engine(sqlite_url(folder / DATABASE))
    version = schema_version(engine)
    engine.dispose()
    return version


def test_every_older_schema_has_a_project_here() -> None:
    assert [path.stem.removeprefix("schema-") for path in ARCHIVES] == [*SCHEMA_VERSIONS[:-1]]


@pytest.mark.parametrize("archive", ARCHIVES, ids=lambda path: path.stem)
def test_an_old_project_is_upgraded_without_a_loss(archive: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(archive) as unpacked:
        unpacked.extractall(tmp_path)
    expected = json.loads((tmp_path / "expected.json").read_text())
    folder = tmp_path / "old.resatt"
    assert version_of(folder) == archive.stem.removeprefix("schema-")
    with open_project(folder) as project:
        assert check_project(project) == []
        check_contents(project, expected)
    assert version_of(folder) == SCHEMA_VERSIONS[-1]
    backup = folder / "backups" / "project-1.sqlite3"
    assert backup.exists(), "the old database is kept before it is upgraded"


@pytest.mark.parametrize(("kept", "automatic"), [(None, True), (0.5, True), (0.62, False)])
def test_only_a_threshold_that_was_changed_by_hand_stays_ones_own(
    tmp_path: Path, kept: float | None, automatic: bool
) -> None:
    archive = next(path for path in ARCHIVES if path.stem == "schema-0003")  # the last without the choice
    with zipfile.ZipFile(archive) as unpacked:
        unpacked.extractall(tmp_path)
    folder = tmp_path / "old.resatt"
    database = sqlite3.connect(folder / DATABASE)
    with database:
        database.execute("DELETE FROM settings WHERE key = 'threshold'")
        if kept is not None:
            database.execute("INSERT INTO settings VALUES ('threshold', ?)", [json.dumps(kept)])
    database.close()
    with open_project(folder) as project:
        assert project.settings.threshold_automatic is automatic
        assert project.settings.threshold == (kept or 0.5)
        assert project.store.samples()[0].threshold == (kept or 0.5)


def test_the_chain_of_a_review_begins_with_the_approvals_that_were_kept(tmp_path: Path) -> None:
    archive = next(path for path in ARCHIVES if path.stem == "schema-0007")  # the last without a chain
    with zipfile.ZipFile(archive) as unpacked:
        unpacked.extractall(tmp_path)
    folder = tmp_path / "old.resatt"
    database = sqlite3.connect(folder / DATABASE)
    database.row_factory = sqlite3.Row
    with database:
        sample = dict(database.execute("SELECT * FROM samples").fetchone())
        # Labels that were approved first, replaced meanwhile, and approved again last: they hold.
        replaced = sample | {"sample_id": "0" * 64, "arrival": 7, "is_current": False, "author": "Bo"}
        replaced["made_at"] = "2001-01-01T00:00:00.000+00:00"
        names, marks = ", ".join(replaced), ", ".join("?" * len(replaced))
        database.execute(f"INSERT INTO samples ({names}) VALUES ({marks})", list(replaced.values()))
    database.close()
    with open_project(folder) as project:
        chain = project.store.reviews(sample["photo_id"])
        assert [(link.act.value, link.author, link.sample_id) for link in chain] == [
            ("approved", "Bo", "0" * 64),
            ("approved", sample["author"], sample["sample_id"]),
        ]
        assert project.store.photo(sample["photo_id"]).unread
        project.store.second_reading(sample["photo_id"], ReviewAct.AGREED, "", "Cy")
        assert [kept.sample_id for kept in project.store.samples(agreed_only=True)] == [sample["sample_id"]]
        assert check_project(project) == []


def check_contents(project: Project, expected: dict[str, Any]) -> None:
    store, shelf, first = project.store, project.shelf, expected["photos"][0]
    entries = store.photos()
    assert [entry.photo_id for entry in entries][:3] == expected["photos"]
    assert [entry.state for entry in entries] == ["approved", "new", "new", ReviewState.BROKEN]
    assert (entries[0].edits, entries[0].uncertainty, entries[0].split) == (3, 0.25, expected["split"])
    document = open_document(project, first)
    assert sha256(document.labels.to_array()) == expected["labels"]
    assert [edit.edit_id for edit in document.edits] == expected["done"]
    assert [edit.edit_id for edit in document.undone] == expected["undone"]
    document.close()
    prediction = store.prediction(first, expected["weights"][0])
    assert prediction is not None
    assert sha256(prediction.probability_8bit) == expected["probability"]
    (sample,) = store.samples()
    assert sample.sample_id == expected["sample"]
    assert sha256(project.blobs.get_array(sample.labels_blob)) == expected["labels"]
    (approval,) = store.reviews(first)
    assert (approval.act.value, approval.sample_id) == ("approved", sample.sample_id)
    assert (approval.author, approval.made_at) == (sample.author, sample.made_at)
    assert [version.weights_id for version in shelf.versions()] == expected["weights"]
    assert [version.state for version in shelf.versions()] == [WeightsState.RETIRED, WeightsState.ACTIVE]
    after = shelf.active().after
    assert after is not None
    assert after.dice == expected["after"]
    (run,) = store.runs()
    assert (run.state, run.samples, len(run.curve)) == (RunState.FINISHED, (sample.sample_id,), 1)
    assert len(store.events(1000)) == expected["events"]
    assert [answer.answer for answer in store.label_answers(first)] == ["concrete"]
    assert project.settings.threshold == 0.35
    assert not project.settings.threshold_automatic, "what somebody set by hand stays their own"
    assert sample.threshold == 0.35
    assert [version.threshold for version in shelf.versions()] == [None, None]
    assert not any(version.undecided or version.reliability_after for version in shelf.versions())
    assert rollback(project).weights_id == expected["weights"][0]
