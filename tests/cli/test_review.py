"""Claims about ``review``: list, agree, send back, and the project's rules."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


@pytest.fixture
def approved(run: Run, photo_folder: Path, tmp_path: Path) -> Path:
    """A project of four photos that Ada approved."""
    folder = tmp_path / "north.resatt"
    masks = photo_folder.parent / "masks"
    assert run("new", folder, "--photos", photo_folder).code == 0
    assert run("add", folder, "--photos", photo_folder, "--masks", masks).code == 0
    return folder


def test_a_second_reader_agrees_and_sends_back(run: Run, approved: Path) -> None:
    assert run("review", "agree", approved, "wall_0", "wall_1.jpg", "--author", "Bo").code == 0
    ran = run(
        "review", "send-back", approved, "wall_2", "--author", "Bo", "--note", "the left end is missing"
    )
    assert ran.code == 0 and "wall_2.jpg: sent back by Bo" in ran.out
    said = json.loads(run("review", "list", approved, "--json", "-").out)["photos"]
    assert [row["review"] for row in said] == ["agreed", "agreed", "sent back", "approved"]
    assert said[2]["chain"][-1] == {
        "act": "sent-back",
        "author": "Bo",
        "made_at": said[2]["chain"][-1]["made_at"],
        "note": "the left end is missing",
    }
    for which, count in (("unread", 1), ("agreed", 2), ("sent-back", 1), ("all", 4)):
        told = json.loads(run("review", "list", approved, "--show", which, "--json", "-").out)
        assert len(told["photos"]) == count, which
    table = run("review", "list", approved, "--show", "sent-back").out
    assert "wall_2.jpg" in table and "the left end is missing" in table and "wall_1.jpg" not in table


def test_the_first_inspector_is_told_why_not_and_what_to_do(run: Run, approved: Path) -> None:
    refused = run("review", "agree", approved, "wall_0")  # by Ada, who approved
    assert refused.code == 2 and "cannot be its second reader" in refused.err
    assert run("review", "rules", approved, "--one-person").code == 0
    assert run("review", "agree", approved, "wall_0").code == 0
    again = run("review", "send-back", approved, "wall_1", "--note", " ", "--author", "Bo")
    assert again.code == 2 and "note" in again.err
    assert run("review", "agree", approved, "wall_9", "--author", "Bo").code == 2
    assert run("review", "list", approved, "--show", "mine").code == 2


def test_the_rules_are_shown_and_changed(run: Run, approved: Path) -> None:
    assert json.loads(run("review", "rules", approved, "--json", "-").out) == {
        "agreed_only": False,
        "one_person": False,
    }
    ran = run("review", "rules", approved, "--agreed-only")
    assert "learns from photos that a second reader agreed to" in ran.out
    learned = run("finetune", approved, "--steps", 1)
    assert learned.code == 2 and "second reader" in learned.err
    assert "learns from all approved photos" in run("review", "rules", approved, "--all-approved").out


def test_a_project_without_approvals_says_so(run: Run, project_folder: Path) -> None:
    assert "No photo stands so." in run("review", "list", project_folder).out
