"""Projects: one folder, one writer, nothing lost when a process dies or a disk fails."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from resatt_studio.errors import ProjectError, SettingsError, StoreError, WeightsError
from resatt_studio.records.photo import PhotoFacts
from resatt_studio.records.weights import WeightsFile, WeightsState
from resatt_studio.workflow.correct import check_project, open_document
from resatt_studio.workflow.lock import ProjectLock
from resatt_studio.workflow.project import (
    DATABASE,
    Project,
    create_project,
    open_project,
    parse_threshold,
)


@pytest.fixture
def project(tmp_path: Path, weights_path: Path) -> Iterator[Project]:
    with create_project(tmp_path / "bridge.resatt", weights_path) as project:
        yield project


def reopen(project: Project) -> Project:
    project.close()
    return open_project(project.folder)


def test_a_new_project_has_the_factory_weights_as_its_active_first_version(project: Project) -> None:
    (version,) = project.shelf.versions()
    assert (version.number, version.name, version.state) == (1, "factory", WeightsState.ACTIVE)
    assert project.name == "bridge"
    assert check_project(project) == []


def test_weights_that_are_not_installed_are_told_and_leave_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resatt_studio.resources._CANDIDATES", (tmp_path,))
    with pytest.raises(WeightsError, match="no generated weights") as caught:
        create_project(tmp_path / "a.resatt", starting_weights="generated")
    assert "starting_weights" in caught.value.hint
    assert not (tmp_path / "a.resatt").exists()


def test_what_was_set_is_there_when_the_project_is_opened_again(project: Project) -> None:
    assert project.settings.threshold == 0.5
    project.settings.threshold = 0.35
    project.settings.author = "Ada"
    with reopen(project) as again:
        assert (again.settings.threshold, again.settings.author) == (0.35, "Ada")
        assert again.shelf.active().name == "factory"


def test_an_automatic_threshold_is_that_of_the_version_in_use(
    project: Project, make_weights: Callable[..., WeightsFile], tmp_path: Path
) -> None:
    settings = project.settings
    assert settings.threshold_automatic and settings.own_threshold is None
    chosen = project.shelf.add(make_weights(tmp_path / "b", 1), threshold=0.42)
    assert settings.threshold == 0.5
    project.shelf.promote(chosen.weights_id)
    assert settings.threshold == 0.42
    project.shelf.rollback()
    assert settings.threshold == 0.5


def test_an_own_threshold_holds_whatever_is_promoted_until_it_is_given_up(
    project: Project, make_weights: Callable[..., WeightsFile], tmp_path: Path
) -> None:
    settings = project.settings
    settings.threshold = 0.3
    chosen = project.shelf.add(make_weights(tmp_path / "b", 1), threshold=0.42)
    project.shelf.promote(chosen.weights_id)
    assert (settings.threshold, settings.own_threshold, settings.threshold_automatic) == (0.3, 0.3, False)
    settings.threshold_automatic = True
    assert settings.threshold == 0.42
    assert settings.threshold_with(None) == 0.5


@pytest.mark.parametrize(("text", "value"), [("auto", None), ("0.35", 0.35), ("0.99", 0.99)])
def test_a_threshold_can_be_typed(text: str, value: float | None) -> None:
    assert parse_threshold(text) == value


@pytest.mark.parametrize("text", ["", "half", "0", "1", "-0.2", "nan", "35"])
def test_a_threshold_without_meaning_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="auto, or a number"):
        parse_threshold(text)


def test_a_photo_s_own_scale_counts_before_the_project_s_and_both_are_kept(project: Project) -> None:
    one, other = "a" * 64, "b" * 64
    assert project.settings.mm_per_px(one) is None
    project.settings.set_mm_per_px(0.25, one)
    project.settings.set_mm_per_px(0.5)
    with reopen(project) as again:
        assert (again.settings.mm_per_px(one), again.settings.mm_per_px(other)) == (0.25, 0.5)
        again.settings.set_mm_per_px(None, one)
        assert again.settings.mm_per_px(one) == 0.5


@pytest.mark.parametrize("scale", [0.0, -1.0, float("inf"), float("nan")])
def test_a_scale_without_meaning_is_refused(project: Project, scale: float) -> None:
    with pytest.raises(SettingsError, match="scale"):
        project.settings.set_mm_per_px(scale)


def test_the_suffix_may_be_left_out(project: Project) -> None:
    project.close()
    with open_project(project.folder.with_name("bridge")) as again:
        assert again.folder == project.folder


def test_a_second_writer_is_refused_and_told_who_has_it(project: Project) -> None:
    with pytest.raises(ProjectError, match=f"process {os.getpid()}") as caught:
        open_project(project.folder)
    assert "Close it" in caught.value.hint
    project.close()
    open_project(project.folder).close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_holds_and_frees_the_lock_all_the_same() -> None:
    import fcntl

    lock = ProjectLock(Path("/dev/full"))
    with Path("/dev/full").open("ab") as other:  # a second ProjectLock would read who holds it, without end
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        lock.release()
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_the_lock_of_a_killed_process_is_taken_over(project: Project) -> None:
    project.close()
    code = (
        "import sys, time; from pathlib import Path\n"
        "from resatt_studio.workflow.project import open_project\n"
        "project = open_project(Path(sys.argv[1])); print('open', flush=True); time.sleep(60)"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(project.folder)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline().strip() == "open"
    with pytest.raises(ProjectError, match=f"process {child.pid}"):
        open_project(project.folder)
    child.kill()
    child.wait()
    child.stdout.close()
    assert json.loads((project.folder / "lock").read_text())["pid"] == child.pid
    open_project(project.folder).close()


def test_a_folder_in_use_for_something_else_is_left_alone(tmp_path: Path, weights_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("mine")
    with pytest.raises(ProjectError, match="not empty"):
        create_project(tmp_path, weights_path)
    with pytest.raises(ProjectError, match="is no project"):
        open_project(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["diary.txt"]


def test_a_project_is_not_made_over_another(project: Project, weights_path: Path) -> None:
    project.close()
    with pytest.raises(ProjectError, match="not empty") as caught:
        create_project(project.folder, weights_path)
    assert "Open it" in caught.value.hint


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="no project"):
        open_project(tmp_path / "nowhere.resatt")


def test_weights_that_cannot_be_used_leave_an_unlocked_project_that_can_be_finished(
    tmp_path: Path, weights_path: Path
) -> None:
    bad = tmp_path / "bad.safetensors"
    bad.write_bytes(b"no weights")
    with pytest.raises(WeightsError):
        create_project(tmp_path / "x.resatt", bad)
    with open_project(tmp_path / "x.resatt", weights_path) as project:
        assert project.shelf.active().name == "factory"


def test_a_project_of_a_newer_version_is_refused_and_not_locked(project: Project) -> None:
    project.close()
    with closing(sqlite3.connect(project.folder / DATABASE, isolation_level=None)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    for _ in range(2):
        with pytest.raises(ProjectError, match="newer"):
            open_project(project.folder)


def test_a_damaged_database_is_refused_with_the_way_back(project: Project) -> None:
    project.settings.author = "Ada"
    reopen(project).close()
    path = project.folder / DATABASE
    path.write_bytes(b"SQLite format 3\0" + b"\xff" * 9000)
    with pytest.raises(ProjectError, match="damaged") as caught:
        open_project(project.folder)
    backup = project.folder / "backups" / "project-1.sqlite3"
    assert str(backup) in caught.value.hint
    path.write_bytes(backup.read_bytes())
    with open_project(project.folder) as again:
        assert again.settings.author == "Ada"


def test_closing_twice_is_closing_once(project: Project) -> None:
    project.close()
    project.close()
    assert not project.is_open


def test_closing_ends_a_document_whoever_else_has_it(project: Project) -> None:
    project.store.add_photo(PhotoFacts("a" * 64, Path("/photos/a.jpg").absolute(), 30, 40, 1))
    document = open_document(project, "a" * 64)
    assert open_document(project, "a" * 64) is document
    project.close()
    assert project.writers == {}
    document.close()


def test_a_closed_project_is_neither_read_nor_written(project: Project) -> None:
    project.close()
    for use in (project.store.photos, project.shelf.rollback):
        with pytest.raises(StoreError, match="was closed"):
            use()


def test_a_writer_that_cannot_write_keeps_the_project_open(project: Project) -> None:
    class Stuck:
        full = True

        def close(self) -> None:
            if self.full:
                raise StoreError("The disk is full.")

    stuck = Stuck()
    project.writers["stuck"] = stuck
    with pytest.raises(StoreError, match="full"):
        project.close()
    assert project.is_open
    project.settings.author = "still writable"
    stuck.full = False
    project.close()
    assert not project.is_open


def test_half_written_files_of_a_killed_process_are_cleared_away(project: Project) -> None:
    blob = project.blobs.put(b"whole")
    parts = [project.blobs.path(blob).with_name("x.part"), project.shelf.folder / "y.part"]
    for part in parts:
        part.write_bytes(b"half")
    with reopen(project) as again:
        assert again.blobs.get(blob) == b"whole"
    assert not any(part.exists() for part in parts)


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_leaving_without_closing_loses_no_stroke(project: Project) -> None:
    project.close()
    code = (
        "import sys; from pathlib import Path\n"
        "from resatt_studio.records.photo import PhotoFacts\n"
        "from resatt_studio.records.correction import Label\n"
        "from resatt_studio.workflow.correct import open_document\n"
        "from resatt_studio.workflow.project import open_project\n"
        "project = open_project(Path(sys.argv[1]))\n"
        "project.store.add_photo(PhotoFacts('a' * 64, Path('/a.jpg'), 600, 600, 1))\n"
        "document = open_document(project, 'a' * 64)\n"
        "for row in range(40):\n"
        "    document.begin('brush', Label.CRACK, 3); document.extend([(row * 9, 9)]); document.end()\n"
        "sys.exit(3)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(project.folder)], check=False)
    assert done.returncode == 3 != -signal.SIGKILL
    with open_project(project.folder) as again:
        assert len(again.store.journal("a" * 64)[0]) == 40
        assert check_project(again) == []
