"""Claims about versions on the command line: the tree, one version, two compared, what changed where."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from resatt_studio.imaging.files import read_photo
from resatt_studio.models import create_model
from resatt_studio.models.state import pack_weights
from resatt_studio.records.weights import Scores, WeightsState
from resatt_studio.workflow.project import open_project

Run = Callable[..., Any]
REASON = (
    "Not promoted: Dice fell from 0.700 to 0.650 on 2 held-back photos; it has to rise by at least 0.002."
)


def scores(dice: float) -> Scores:
    return Scores(dice, dice, dice, dice, dice)


@pytest.fixture
def grown(run: Run, photo_folder: Path, tmp_path: Path) -> Path:
    """Four approved photos; v2 from the factory's, refused, and v3 beside it, waiting."""
    folder = tmp_path / "north.resatt"
    masks = photo_folder.parent / "masks"
    assert run("new", folder, "--photos", photo_folder).code == 0
    assert run("add", folder, "--photos", photo_folder, "--masks", masks).code == 0
    config = {"base_width": 2, "t": 1, "stem": 2}
    with open_project(folder) as project:
        parent = project.shelf.active()
        told: dict[str, str] = {}
        for seed, state, reason in ((5, WeightsState.REFUSED, REASON), (6, WeightsState.CANDIDATE, "")):
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                network = create_model("r2aunet", **config)
            added = project.shelf.add(
                pack_weights("r2aunet", config, network.state_dict(), told),
                parent=parent.weights_id,
                before=scores(0.70),
                after=scores(0.65),
                reference_before=scores(0.90),
                reference_after=scores(0.85),
                state=state,
                reason=reason,
            )
            told = {"earlier": added.weights_id}
    return folder


def test_the_tree_shows_who_comes_from_whom(run: Run, grown: Path) -> None:
    ran = run("weights", "tree", grown)
    lines = [line.split() for line in ran.out.splitlines()[1:]]
    assert ran.code == 0
    assert [(line[0], line[1], line[-1]) for line in lines[:2]] == [
        ("◌", "v3", "-0.050"),
        ("├─×", "v2", "-0.050"),
    ]
    assert "refused" in lines[1] and "active" in lines[2] and lines[2][0] == "●"
    said = json.loads(run("weights", "tree", grown, "--json", "-").out)["versions"]
    assert [row["number"] for row in said] == [3, 2, 1]
    assert said[0]["parent"] == said[1]["parent"] == said[2]["id"] and said[2]["parent"] is None
    assert run("weights", "tree", grown, "--model", "rmt").code == 0
    assert run("weights", "tree", grown, "--model", "unet").code == 2


def test_a_refused_version_tells_its_whole_reason_and_what_it_forgot(run: Run, grown: Path) -> None:
    ran = run("weights", "show", grown, "v2")
    assert ran.code == 0 and REASON in ran.out
    assert "refused, from v1 factory" in ran.out
    assert "0.050 forgotten, over the limit of 0.020: Dice 0.900 → 0.850" in ran.out
    said = json.loads(run("weights", "show", grown, "v2", "--json", "-").out)
    assert said["reason"] == REASON and said["forgetting"]["over"] is True
    assert run("weights", "show", grown, "v7").code == 2


def test_a_version_names_the_one_that_its_learning_went_on_from(run: Run, grown: Path) -> None:
    before, after = (json.loads(run("weights", "show", grown, v, "--json", "-").out) for v in ("v2", "v3"))
    assert (before["earlier"], after["earlier"]) == ("", before["id"])
    assert "from v2" not in run("weights", "show", grown, "v2").out
    assert "goes on from v2" in run("weights", "show", grown, "v3").out


def test_two_versions_are_compared_photo_by_photo(run: Run, grown: Path) -> None:
    ran = run("weights", "compare", grown, "active", "candidate")
    assert ran.code == 0, ran.err
    assert "v1 factory → v3 on 4 approved photos: Dice" in ran.out and "all pixels" in ran.out
    said = json.loads(run("weights", "compare", grown, "v2", "v3", "--json", "-", "--photo", "wall_2").out)
    assert [row["photo"] for row in said["photos"]] == ["wall_2.jpg"] and said["held_back"] is False
    row = said["photos"][0]
    assert row["change"] == pytest.approx(row["after"]["dice"] - row["before"]["dice"])
    assert run("weights", "compare", grown, "v2", "v3", "--photo", "wall_9").code == 2


def test_what_changed_is_drawn_and_counted(run: Run, grown: Path, tmp_path: Path) -> None:
    out = tmp_path / "map.png"
    ran = run(
        *("weights", "changed", grown, "wall_1.jpg", "--from", "v2", "--to", "v3", "--out", out),
        *("--json", tmp_path / "map.json"),
    )
    assert ran.code == 0, ran.err
    said = json.loads((tmp_path / "map.json").read_text())
    assert f"crack gained {said['gained_px']:,} px" in ran.out
    assert said["pixels"] == 96 * 128 and said["gained_share"] == said["gained_px"] / said["pixels"]
    assert read_photo(out).pixels.shape[1] == 512, "enlarged so that a small photo can be read"
    ran = run("weights", "changed", grown, "wall_1", "--to", "v2", "--out", tmp_path / "parent.png")
    assert ran.code == 0, "against its parent"
    ran = run("weights", "changed", grown, "wall_1", "--out", tmp_path / "none.png")
    assert ran.code == 2 and "comes from no other version" in ran.err


def test_every_act_on_versions_is_in_the_event_log_with_its_author(
    run: Run, grown: Path, tmp_path: Path
) -> None:
    assert run("weights", "compare", grown, "v1", "v3").code == 0
    assert run("weights", "changed", grown, "wall_0", "--to", "v3", "--out", tmp_path / "m.png").code == 0
    assert run("weights", "promote", grown, "v3").code == 0
    assert run("weights", "export", grown, "--out", tmp_path / "v3.safetensors").code == 0
    assert run("weights", "rollback", grown).code == 0
    assert run("weights", "refuse", grown, "v3", "--reason", "It sees joints.").code == 0
    with open_project(grown) as project:
        log = [(event.kind, event.author) for event in reversed(project.store.events(6))]
        assert project.shelf.version(project.store.events(1)[0].weights_id).reason == "It sees joints."
    kinds = ["compared", "compared", "promoted", "exported", "rolled-back", "refused"]
    assert log == [(kind, "Ada") for kind in kinds]
