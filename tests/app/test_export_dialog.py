"""Claims about the export dialog: it can be closed, or its job stopped, while it writes."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import pytest

from resatt_studio.app.dialogs.export import ExportDialog
from resatt_studio.app.main import settle, wait_for
from resatt_studio.workflow.export import ExportedFiles
from resatt_studio.workflow.jobs import Job, progress

pytestmark = pytest.mark.gui


@pytest.fixture
def writing(studio: Any, project_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The window with the dialog open while it writes."""
    from resatt_studio.workflow import export

    def slow(*args: object, **options: object) -> Job[ExportedFiles]:
        for done in range(500):
            time.sleep(0.01)
            yield progress(done, 500)
        return ExportedFiles(())

    monkeypatch.setattr(export, "export_project", slow)
    session = studio.parts.session
    session.predictor.predict_shown = lambda project, photo: None
    session.predictor.predict_ahead = lambda project, entries: None
    session.open_project(project_folder)
    assert wait_for(lambda: session.document is not None, 60)
    studio.window.ask.export()
    dialog = studio.window.findChild(ExportDialog)
    dialog.go.click()
    assert wait_for(lambda: dialog.bar.value() > 0, 60)
    return studio


def test_closing_it_ends_the_writing_and_nothing_else(writing: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    broken: list[BaseException] = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, trace: broken.append(error))
    writing.window.findChild(ExportDialog).close()
    assert wait_for(lambda: writing.window.findChild(ExportDialog) is None, 60)
    assert wait_for(lambda: not writing.parts.session.files.busy, 60)
    settle(0.1)
    assert broken == []


def test_stopping_it_in_the_list_of_jobs_lets_it_be_begun_again(writing: Any) -> None:
    dialog, jobs = writing.window.findChild(ExportDialog), writing.parts.jobs
    assert not dialog.go.isEnabled()
    (job,) = (job for job in jobs._running.values() if job.title == "Export")
    jobs.stop(job)
    assert dialog.go.isEnabled() and not dialog.bar.isVisible()
    assert dialog.words.text() == "Stopped."


def test_it_says_how_many_photos_were_written_as_approved_and_how_many_by_the_weights_in_use(
    studio: Any, project_folder: Path, tmp_path: Path
) -> None:
    session = studio.parts.session
    session.open_project(project_folder)
    assert wait_for(lambda: session.document is not None and session.prediction is not None, 60)
    session.approve()
    assert wait_for(lambda: session.project.store.samples() != [], 60)
    studio.window.ask.export()
    dialog = studio.window.findChild(ExportDialog)
    assert "as they were approved (1 of them)" in dialog.words.text()
    dialog.folder.setText(str(tmp_path / "out"))
    dialog.go.click()
    assert wait_for(lambda: dialog.go.isEnabled(), 60)
    assert dialog.words.text().endswith("Photos as they were approved: 1; by the weights in use: 3.")
