"""Claims about test-then-train: photos that came since judge a candidate that evidence was missing for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from resatt_studio.learning.turned import how_turned
from resatt_studio.records.photo import Split
from resatt_studio.records.sample import SampleEntry
from resatt_studio.records.training import USUAL_RULES, FineTunePlan
from resatt_studio.records.weights import WeightsFile, WeightsState, WeightsVersion
from resatt_studio.synthesis.scenes import render_scene
from resatt_studio.workflow.correct import approve, open_document
from resatt_studio.workflow.finetune import collect_samples, fine_tune_project
from resatt_studio.workflow.jobs import drain
from resatt_studio.workflow.load import add_photos
from resatt_studio.workflow.project import Project, create_project
from resatt_studio.workflow.second_look import SecondLook, look_again

PLAN = FineTunePlan(seconds=60, steps=2, crop_px=64, batch=2)
CONFIG = {"base_width": 2, "t": 1, "stem": 2}
Finds = Callable[[float], WeightsFile]


@pytest.fixture(scope="module")
def finds() -> Finds:
    """Weights whose logit is the same everywhere: below 0 they find nothing, above 0 all of it."""
    import torch

    from resatt_studio.models import create_model
    from resatt_studio.models.state import pack_weights

    def make(logit: float) -> WeightsFile:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(1)
            state = create_model("r2aunet", **CONFIG).state_dict()
        state["head.weight"] = torch.zeros_like(state["head.weight"])
        state["head.bias"] = torch.full_like(state["head.bias"], logit)
        return pack_weights("r2aunet", CONFIG, state)

    return make


@pytest.fixture
def wall(tmp_path: Path, finds: Finds) -> object:
    """A project whose weights in use find nothing."""
    path = tmp_path / "nothing.safetensors"
    path.write_bytes(finds(-2.0).data)
    with create_project(tmp_path / "wall.resatt", path) as opened:
        yield opened


def photo(project: Project, folder: Path, name: str) -> SampleEntry:
    """Add a drawn photo and approve its true mask."""
    for kind in ("photos", "masks"):
        (folder / kind).mkdir(exist_ok=True)
    scene = render_scene(sum(map(ord, name)), 128, 128)
    cv2.imwrite(str(folder / "photos" / f"{name}.png"), scene.pixels)
    cv2.imwrite(str(folder / "masks" / f"{name}.png"), scene.mask.astype(np.uint8) * 255)
    added = drain(add_photos(project, [folder / "photos"], folder / "masks", [name]))
    return added.samples[0]


def train_photos(project: Project, folder: Path) -> tuple[SampleEntry, SampleEntry]:
    """Two photos that teach: the split lets the fifth be the first to judge."""
    first, second = photo(project, folder, "alpha"), photo(project, folder, "beta")
    assert (first.split, second.split) == (Split.TRAIN, Split.TRAIN)
    return first, second


def undecided(project: Project, weights: WeightsFile, learned: SampleEntry) -> WeightsVersion:
    version = project.shelf.add(
        weights, parent=project.shelf.active().weights_id, samples=[learned.sample_id]
    )
    return project.shelf.refuse(version.weights_id, "too little evidence", undecided=True)


def look(project: Project, reference: Path) -> SecondLook | None:
    samples, _ = drain(collect_samples(project))
    job = look_again(project, samples, PLAN, USUAL_RULES, "cpu", 1, reference_folder=reference)
    return drain(job)


def test_a_candidate_that_fresh_photos_speak_for_comes_into_use(
    wall: Project, tmp_path: Path, finds: Finds, reference: Path
) -> None:
    first, _ = train_photos(wall, tmp_path)
    better = undecided(wall, finds(2.0), first)
    looked = look(wall, reference)
    assert looked is not None and looked.verdict.promoted
    assert wall.shelf.active().weights_id == better.weights_id
    assert "1 photo approved since it learned" in wall.shelf.active().reason
    assert not wall.shelf.active().undecided
    assert looked.result.before is not None and looked.result.before.photos == 1


def test_the_new_run_has_to_beat_it(wall: Project, tmp_path: Path, finds: Finds, reference: Path) -> None:
    first, _ = train_photos(wall, tmp_path)
    begun = wall.shelf.active().weights_id
    better = undecided(wall, finds(2.0), first)
    outcome = drain(fine_tune_project(wall, PLAN, device="cpu", threads=1, reference_folder=reference))
    assert outcome.second_look is not None and outcome.promoted
    assert outcome.version.parent == wall.store.runs()[-1].base == begun
    said = outcome.as_json()["second_look"]
    assert said["promoted"] is True and said["candidate"] == better.weights_id


def test_a_candidate_that_fresh_photos_speak_against_stays_refused_for_good(
    wall: Project, tmp_path: Path, finds: Finds, reference: Path
) -> None:
    wall.shelf.promote(wall.shelf.add(finds(2.0)).weights_id)
    active = wall.shelf.active().weights_id
    first, _ = train_photos(wall, tmp_path)
    worse = undecided(wall, finds(-1.0), first)
    looked = look(wall, reference)
    assert looked is not None and not looked.verdict.promoted
    again = wall.shelf.version(worse.weights_id)
    assert again.state is WeightsState.REFUSED and not again.undecided
    assert "fell" in again.reason and wall.shelf.active().weights_id == active
    assert look(wall, reference) is None


def test_one_that_waits_for_the_inspector_goes_on_waiting_when_it_is_no_gain(
    wall: Project, tmp_path: Path, finds: Finds, reference: Path
) -> None:
    first, _ = train_photos(wall, tmp_path)
    same = finds(-1.0)
    version = wall.shelf.add(same, parent=wall.shelf.active().weights_id, samples=[first.sample_id])
    looked = look(wall, reference)
    assert looked is not None and not looked.verdict.promoted
    assert wall.shelf.version(version.weights_id).state is WeightsState.CANDIDATE


def test_what_it_learned_from_never_judges_it(
    wall: Project, tmp_path: Path, finds: Finds, reference: Path
) -> None:
    first, second = train_photos(wall, tmp_path)
    weights = finds(2.0)
    version = wall.shelf.add(
        weights,
        parent=wall.shelf.active().weights_id,
        samples=[first.sample_id, second.sample_id],
    )
    wall.shelf.refuse(version.weights_id, undecided=True)
    assert look(wall, reference) is None
    document = open_document(wall, second.photo_id)
    document.begin("brush", 1, 5.0)
    document.extend([(5.0, 5.0), (50.0, 50.0)])
    document.end()
    newer = approve(wall, document, None)
    document.close()
    assert newer.sample_id != second.sample_id
    assert look(wall, reference) is None, "the same photo with other labels is no fresh photo"


def test_a_photo_judges_with_its_first_labels(
    wall: Project, tmp_path: Path, finds: Finds, reference: Path
) -> None:
    first, second = train_photos(wall, tmp_path)
    undecided(wall, finds(2.0), first)
    document = open_document(wall, second.photo_id)
    height, width = document.height, document.width
    document.begin("brush", 2, float(height + width))
    document.extend([(height / 2, width / 2), (height / 2 + 1, width / 2)])
    document.end()
    approve(wall, document, None)  # no crack anywhere, says the second thought
    document.close()
    assert not np.any(wall.blobs.get_array(wall.store.samples()[-1].labels_blob) == 1)
    looked = look(wall, reference)
    assert looked is not None and looked.verdict.promoted


def test_first_labels_that_were_turned_against_the_photo_do_not_judge(
    wall: Project, tmp_path: Path, finds: Finds, reference: Path
) -> None:
    first = photo(wall, tmp_path, "alpha")
    undecided(wall, finds(2.0), first)
    scene = render_scene(5, 128, 128)
    cv2.imwrite(str(tmp_path / "photos" / "beta.png"), scene.pixels)
    beta = drain(add_photos(wall, [tmp_path / "photos"], None, ["beta"])).photos[0]
    truth, shown = np.where(scene.mask, 1, 2).astype(np.uint8), np.where(scene.mask, 250, 0).astype(np.uint8)
    turned = truth[::-1, ::-1].copy()
    assert how_turned(turned, shown)
    wall.store.approve(beta.photo_id, turned, shown)
    wall.store.approve(beta.photo_id, truth, shown)
    assert look(wall, reference) is None


def test_once_a_photo_is_held_back_it_judges_alone(
    wall: Project, tmp_path: Path, finds: Finds, reference: Path
) -> None:
    first, _ = train_photos(wall, tmp_path)
    sides = [photo(wall, tmp_path, name).split for name in ("gamma", "delta", "epsilon")]
    assert sides == [Split.TRAIN, Split.TRAIN, Split.VALIDATION]
    undecided(wall, finds(2.0), first)
    assert look(wall, reference) is None


def test_a_candidate_made_from_the_first_weights_is_looked_at_beside_those_in_use(
    wall: Project, tmp_path: Path, finds: Finds, reference: Path
) -> None:
    first, _ = train_photos(wall, tmp_path)
    better = undecided(wall, finds(2.0), first)
    same = wall.shelf.add(finds(-1.0), parent=wall.shelf.active().weights_id, samples=[first.sample_id])
    wall.shelf.promote(same.weights_id)
    assert look(wall, reference) is None, "what is older than the weights in use had its turn"
    later = wall.shelf.add(finds(3.0), parent=better.parent, samples=[first.sample_id])
    wall.shelf.refuse(later.weights_id, undecided=True)
    looked = look(wall, reference)
    assert looked is not None and looked.version.weights_id == later.weights_id and looked.verdict.promoted


def test_a_candidate_that_was_clearly_refused_or_came_from_other_weights_is_left_alone(
    wall: Project, tmp_path: Path, finds: Finds, reference: Path
) -> None:
    first, _ = train_photos(wall, tmp_path)
    version = undecided(wall, finds(2.0), first)
    wall.shelf.refuse(version.weights_id, "clearly worse")
    assert look(wall, reference) is None
    stranger = wall.shelf.add(finds(3.0), parent="elsewhere", samples=[first.sample_id])
    wall.shelf.refuse(stranger.weights_id, undecided=True)
    assert look(wall, reference) is None
