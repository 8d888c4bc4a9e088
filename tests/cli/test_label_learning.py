"""Claims about ``finetune --model``: class answers teach the label networks from the terminal too."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from resatt_studio.records.labels import CRACK_TYPES
from resatt_studio.records.training import Verdict
from resatt_studio.records.weights import WeightsState
from resatt_studio.workflow.answers import answer_crack_type
from resatt_studio.workflow.project import open_project

Run = Callable[..., Any]
PHOTOS = 15


@pytest.fixture
def named(
    run: Run, tmp_path: Path, small_weights: Callable[..., Any], draw_squares: Callable[..., Path]
) -> Path:
    """A project of photos that are all answered, with small label networks in use."""
    photos = draw_squares(tmp_path / "squares", PHOTOS, 48)
    folder = tmp_path / "north.resatt"
    assert run("new", folder, "--photos", photos).code == 0
    with open_project(folder) as project:
        for model in ("rmt", "revit"):
            project.shelf.add(small_weights(model), state=WeightsState.ACTIVE)
        for number, entry in enumerate(project.store.photos()):
            answer_crack_type(project, entry.photo_id, CRACK_TYPES[number % 4])
    return folder


def test_a_label_network_learns_and_is_rolled_back(
    run: Run, named: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "resatt_studio.learning.label_gate.judge_labels", lambda result: Verdict(True, "As the test wants.")
    )
    ran = run("finetune", named, "--model", "rmt", "--json", "-")
    assert ran.code == 0, ran.err
    (row,) = json.loads(ran.out)["networks"].items()
    name, said = row
    assert name == "rmt" and said["promoted"] and said["reason"] == "As the test wants."
    assert said["taught"] == 10 and said["before"]["photos"] == said["after"]["photos"] == 5
    assert set(said["reference_before"]) == {"photos", "right", "surprise"}
    listed = json.loads(run("weights", "list", named, "--json", "-").out)["versions"]
    states = {version["id"]: version["state"] for version in listed if version["model"] == "rmt"}
    assert states.pop(said["candidate"]) == "active" and set(states.values()) == {"retired"}
    assert run("weights", "rollback", named, "--model", "rmt").code == 0


def test_both_networks_learn_and_promotion_can_be_left_to_people(run: Run, named: Path) -> None:
    ran = run("finetune", named, "--model", "both", "--promote", "never")
    assert ran.code == 0 and ran.out.count("Waits as candidate") == 2
    assert "rmt: candidate" in ran.out and "revit: candidate" in ran.out


def test_what_cannot_learn_from_answers_is_refused_with_what_can(run: Run, named: Path) -> None:
    ran = run("finetune", named, "--model", "dhformer")
    assert ran.code == 2 and "rmt, revit or both" in ran.err
    with open_project(named) as project:
        for entry in project.store.photos()[:4]:
            answer_crack_type(project, entry.photo_id, None)
    ran = run("finetune", named, "--model", "revit")
    assert ran.code == 2 and "11 answered photos are too few" in ran.err and "keys 1 to 4" in ran.err
