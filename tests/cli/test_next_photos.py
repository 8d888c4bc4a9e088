"""Claims about ``next``: the ranked photos with reasons, for people and programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Run = Callable[..., Any]


def test_photos_are_ranked_once_they_are_predicted(run: Run, project_folder: Path) -> None:
    before = run("next", project_folder)
    assert (
        before.code == 0 and "No predicted photo" in before.out and "4 photos are not predicted" in before.err
    )
    ran = run("next", project_folder, "--predict", "--json", "-")
    assert ran.code == 0, ran.err
    said = json.loads(ran.out)
    assert said["ranked"] == 4 and said["not_predicted"] == 0
    assert [row["place"] for row in said["photos"]] == [1, 2, 3, 4]
    gains = [row["gain"] for row in said["photos"]]
    assert gains == sorted(gains, reverse=True)
    assert {Path(row["photo"]).name for row in said["photos"]} == {f"wall_{one}.jpg" for one in range(4)}
    assert all("is in doubt" in row["reason"] for row in said["photos"])


def test_the_table_shows_as_many_as_asked_for(run: Run, project_folder: Path) -> None:
    ran = run("next", project_folder, "--predict", "--count", 2)
    assert ran.code == 0 and ran.out.count("wall_") >= 2 and ran.out.count("is in doubt") == 2


def test_no_project_is_the_users_to_mend(run: Run) -> None:
    ran = run("next", "nowhere.resatt")
    assert ran.code == 2 and "nowhere.resatt" in ran.err
