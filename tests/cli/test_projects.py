"""Claims about a project's life on the command line: made, filled, taught, exported, rolled back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from resatt_studio.records.training import GateRules, Verdict
from resatt_studio.workflow.project import open_project

Run = Callable[..., Any]


@pytest.fixture
def taught(run: Run, photo_folder: Path, tmp_path: Path) -> Path:
    """A project whose four photos have approved masks."""
    folder = tmp_path / "north.resatt"
    assert run("new", folder, "--photos", photo_folder).code == 0
    assert run("add", folder, "--photos", photo_folder, "--masks", photo_folder.parent / "masks").code == 0
    return folder


def test_new_and_add_tell_what_they_did(run: Run, photo_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "north.resatt"
    assert "4 photos" in run("new", folder, "--photos", photo_folder).out
    masks = photo_folder.parent / "masks"
    (masks / "wall_0.png").unlink()
    listing = tmp_path / "list.txt"
    listing.write_text("wall_0\nwall_1\n")
    ran = run("add", folder, "--photos", photo_folder, "--masks", masks, "--list", listing)
    assert ran.code == 0 and "2 photos (0 new), 1 approved corrections" in ran.out
    assert "wall_0.jpg" in ran.err
    with open_project(folder) as project:
        assert [sample.author for sample in project.store.samples()] == ["Ada"]


def test_masks_that_are_upside_down_are_named_with_the_cure(
    run: Run, taught: Path, photo_folder: Path
) -> None:
    masks = photo_folder.parent / "masks"
    ran = run("add", taught, "--photos", photo_folder, "--masks", masks, "--inverted")
    assert ran.code == 0 and ran.err.count("are exchanged, add it again without --inverted") == 4
    assert str(masks / "wall_0.png") in ran.err
    ran = run("add", taught, "--photos", photo_folder, "--inverted")
    assert ran.code == 2 and "--masks" in ran.err


def test_a_project_is_not_made_twice_and_not_opened_where_there_is_none(
    run: Run, photo_folder: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "north.resatt"
    run("new", folder, "--photos", photo_folder)
    ran = run("new", folder, "--photos", photo_folder)
    assert ran.code == 2 and "not empty" in ran.err
    ran = run("add", tmp_path / "south.resatt", "--photos", photo_folder)
    assert ran.code == 2 and "south.resatt" in ran.err


def test_finetune_promotes_what_is_better_and_rollback_takes_it_back(
    run: Run, taught: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "resatt_studio.learning.gate.judge", lambda result, rules: Verdict(True, "Promoted by the test.")
    )
    result = tmp_path / "result.json"
    ran = run("finetune", taught, "--seconds", 60, "--steps", 2, "--seed", 3, "--json", result)
    assert ran.code == 0 and "Promoted by the test." in ran.out
    said = json.loads(result.read_text())
    assert {"candidate", "promoted", "reason", "before", "after", "seconds"} <= said.keys()
    assert said["promoted"] is True and said["steps"] == 2
    listed = json.loads(run("weights", "list", taught, "--json", "-").out)["versions"]
    assert [row["state"] for row in listed] == ["retired", "active"]
    assert listed[1]["id"] == said["candidate"] and listed[1]["parent"] == listed[0]["id"]
    assert run("weights", "rollback", taught).code == 0
    listed = json.loads(run("weights", "list", taught, "--json", "-").out)["versions"]
    assert [row["state"] for row in listed] == ["active", "retired"]
    ran = run("weights", "rollback", taught)
    assert ran.code == 2 and "roll back" in ran.err


def test_what_happened_while_learning_is_told_on_stderr_and_in_the_json(
    run: Run, taught: Path, photo_folder: Path
) -> None:
    with open_project(taught) as project:
        lost = next(one.photo_path for one in project.store.samples() if one.split == "train")
    lost.unlink()
    ran = run("finetune", taught, "--seconds", 60, "--steps", 1, "--json", "-")
    assert ran.code == 0, ran.err
    (notice,) = json.loads(ran.out)["notices"]
    assert notice.startswith("Not learned from: ") and lost.name in notice
    assert "! Not learned from: " in ran.err and lost.name in ran.err


def test_never_promoting_leaves_a_candidate_that_can_be_taken_away_and_promoted(
    run: Run, taught: Path, tmp_path: Path, photo_folder: Path
) -> None:
    ran = run("finetune", taught, "--steps", 2, "--seconds", 60, "--promote", "never", "--json", "-")
    said = json.loads(ran.out)
    assert said["promoted"] is False
    out = tmp_path / "candidate.safetensors"
    assert run("weights", "export", taught, "--version", "candidate", "--out", out).code == 0
    assert out.is_file() and out.with_suffix(".md").is_file()
    with_file = run("predict", photo_folder, "--out", tmp_path / "a", "--weights", out, "--json", "-")
    with_id = run(
        *("predict", photo_folder, "--out", tmp_path / "b", "--project", taught),
        *("--weights", said["candidate"][:10], "--json", "-"),
    )
    assert json.loads(with_file.out)["weights"] == json.loads(with_id.out)["weights"] == said["candidate"]
    assert run("weights", "promote", taught, said["candidate"]).code == 0
    ran = run("predict", photo_folder, "--out", tmp_path / "c", "--project", taught, "--json", "-")
    assert json.loads(ran.out)["weights"] == said["candidate"]


def test_weights_travel_from_one_project_to_another(
    run: Run, taught: Path, tmp_path: Path, photo_folder: Path
) -> None:
    run("finetune", taught, "--steps", 2, "--seconds", 60, "--promote", "never")
    out = tmp_path / "v2.safetensors"
    run("weights", "export", taught, "--version", "v2", "--out", out)
    other = tmp_path / "south.resatt"
    run("new", other, "--photos", photo_folder)
    ran = run("weights", "import", other, out)
    assert ran.code == 0 and "candidate v2" in ran.out
    ran = run("weights", "import", other, out, "--model", "rmt")
    assert ran.code == 2 and "holds weights of R2AU-Net, not of RMT" in ran.err
    (tmp_path / "junk.safetensors").write_bytes(b"junk")
    assert run("weights", "import", other, tmp_path / "junk.safetensors").code == 2


def test_finetune_without_corrections_says_what_to_do(run: Run, photo_folder: Path, tmp_path: Path) -> None:
    run("new", tmp_path / "a.resatt", "--photos", photo_folder)
    ran = run("finetune", tmp_path / "a.resatt")
    assert ran.code == 2 and "approve" in ran.err
    assert run("finetune", tmp_path / "a.resatt", "--promote", "maybe").code == 2


def test_the_threshold_is_shown_and_changed(run: Run, taught: Path, tmp_path: Path) -> None:
    assert run("threshold", taught).out.strip() == "0.50 (automatic)"
    ran = run("threshold", taught, "0.35", "--json", "-")
    assert json.loads(ran.out) == {"threshold": 0.35, "automatic": False}
    assert run("threshold", taught).out.strip() == "0.35 (your own)"
    out = tmp_path / "predicted"
    photos = next(tmp_path.glob("**/wall_0.jpg")).parent
    summary = json.loads(run("predict", photos, "--project", taught, "--out", out, "--json", "-").out)
    assert summary["threshold"] == 0.35
    masks = photos.parent / "masks"
    scored = run("evaluate", "--photos", photos, "--masks", masks, "--project", taught, "--json", "-")
    assert json.loads(scored.out)["threshold"] == 0.35
    assert run("threshold", taught, "auto").out.strip() == "0.50 (automatic)"
    ran = run("threshold", taught, "35")
    assert ran.code == 2 and "Give auto" in ran.err


def test_the_gate_hears_of_the_settings(run: Run, taught: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = []

    def judge(result: object, rules: GateRules) -> Verdict:
        heard.append(rules)
        return Verdict(False, "Not promoted by the test.", undecided=True)

    monkeypatch.setattr("resatt_studio.learning.gate.judge", judge)
    monkeypatch.setenv("RESATT_LEARN_MIN_GAIN", "0.125")
    monkeypatch.setenv("RESATT_LEARN_CONFIDENCE", "0.8")
    monkeypatch.setenv("RESATT_LEARN_MAX_FORGETTING", "0.25")
    assert run("finetune", taught, "--steps", 1, "--seconds", 60).code == 0
    assert heard == [GateRules(0.125, 0.8, 0.25)]
    listed = json.loads(run("weights", "list", taught, "--json", "-").out)["versions"]
    assert listed[1]["state"] == "refused" and listed[1]["undecided"] is True
    assert 0.1 <= listed[1]["threshold"] <= 0.9
    for which in ("reliability_before", "reliability_after"):
        assert listed[0][which] is None
        told = listed[1][which]
        assert told is None or (len(told["bins"]) == 15 and 0 <= told["ece"] <= 1)


def test_export_writes_every_format_and_knows_no_other(run: Run, taught: Path, tmp_path: Path) -> None:
    for name, suffix, count in (
        ("mask", ".mask.png", 4),
        ("tristate", ".tristate.png", 4),
        ("probability", ".probability.png", 4),
        ("weights", ".safetensors", 1),
    ):
        ran = run("export", taught, "--format", name, "--out", tmp_path / name)
        assert ran.code == 0
        assert len(list((tmp_path / name).glob(f"*{suffix}"))) == count
    ran = run("export", taught, "--format", "gif", "--out", tmp_path)
    assert ran.code == 2 and "mask" in ran.err
