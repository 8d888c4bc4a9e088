"""A process killed at any moment leaves a whole project that lacks at most the stroke in hand.

``RESATT_KILLS`` says how often each kind of work is killed (3 by default; releases are tested with 50).
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import cv2
import pytest

from resatt_studio.annotation.journal import decode_edit
from resatt_studio.records.weights import WeightsFile
from resatt_studio.synthesis.scenes import render_scene
from resatt_studio.workflow.correct import check_project, open_document
from resatt_studio.workflow.jobs import drain
from resatt_studio.workflow.load import add_photos
from resatt_studio.workflow.project import Project, create_project, open_project
from tests.durability.victim import history_of, random_act

KILLS = int(os.environ.get("RESATT_KILLS", "3"))
VICTIM = Path(__file__).with_name("victim.py")
LATEST_KILL_S = {"paint": 1.5, "save": 1.0, "promote": 0.8, "learn": 3.0}
LATEST_LINE = {"paint": 12, "save": 12, "promote": 30, "learn": 60}  # a run of learning says about 25
START_LIMIT_S = 120.0
CANDIDATES = 40
ACTS = 500
UNDO_BYTES = 60_000
"""Of memory for undo: a small part of what the acts take, so most of them are read back from the disk."""
OPENING, OPEN, AT_WORK = 1, 2, 6  # lines that a victim has said by then

Line = dict[str, Any]

pytestmark = pytest.mark.timeout(max(300, 60 * KILLS))


@pytest.fixture(scope="module")
def all_weights() -> list[WeightsFile]:
    """Random weights of the smallest network: one to begin with, the rest to promote."""
    from resatt_studio.models import create_model
    from resatt_studio.models.state import pack_weights

    config = {"base_width": 2, "t": 1, "stem": 2}
    state = create_model("r2aunet", **config).state_dict()
    kernel = next(name for name, tensor in state.items() if tensor.ndim == 4)
    return [
        pack_weights("r2aunet", config, state | {kernel: state[kernel] + number / 100})
        for number in range(1 + CANDIDATES)
    ]


@pytest.fixture
def folder(tmp_path: Path, photo_folder: Path, all_weights: list[WeightsFile]) -> Path:
    """A closed project of four small photos, each with an approved correction, beside reference scenes."""
    for seed in range(2):
        scene = render_scene(seed, 64, 64)
        for kind, array in (("images", scene.pixels), ("masks", scene.mask.astype("uint8") * 255)):
            (tmp_path / "reference" / kind).mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(tmp_path / "reference" / kind / f"{seed}.png"), array)
    (tmp_path / "candidates").mkdir()
    for weights in all_weights:
        (tmp_path / "candidates" / f"{weights.weights_id}.safetensors").write_bytes(weights.data)
    factory = tmp_path / "candidates" / f"{all_weights[0].weights_id}.safetensors"
    with create_project(tmp_path / "x.resatt", factory) as project:
        drain(add_photos(project, [photo_folder], photo_folder.parent / "masks"))
        return project.folder


class Killed:
    """One victim, killed ``delay_s`` after it has said ``lines`` lines.

    Attributes:
        lines: Everything it said, in order.
    """

    def __init__(self, mode: str, folder: Path, seed: int, lines: int, delay_s: float) -> None:
        self.lines: list[Line] = []
        self._said = threading.Condition()
        self.process = subprocess.Popen(
            [sys.executable, str(VICTIM), mode, str(folder), str(seed)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=dict(os.environ, OMP_NUM_THREADS="1", PYTHONPATH=os.pathsep.join(sys.path)),
        )
        reader = threading.Thread(target=self._read)
        reader.start()
        with self._said:
            self._said.wait_for(
                lambda: len(self.lines) >= lines or self.process.poll() is not None, START_LIMIT_S
            )
        time.sleep(delay_s)
        self.died_alone = self.process.poll() is not None
        self.process.kill()
        assert self.process.stderr is not None
        self.errors = self.process.stderr.read()
        self.process.wait()
        reader.join()
        self.process.stderr.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for text in self.process.stdout:
            if text.endswith("\n"):  # the kill may cut a line
                with self._said:
                    self.lines.append(json.loads(text))
                    self._said.notify_all()
        self.process.stdout.close()
        with self._said:
            self._said.notify_all()

    def all(self, key: str) -> list[Any]:
        return [line[key] for line in self.lines if key in line]


def kill_again_and_again(mode: str, folder: Path, check: Any) -> Counter[str]:
    """Kill a victim ``KILLS`` times, each at another moment; after each one the project must be whole."""
    seen: Counter[str] = Counter()
    chance = random.Random(f"{mode} {KILLS}")
    for number in range(KILLS):
        # The first is surely at work, most are somewhere in it, and some are only just opening the project.
        at_work = chance.randint(AT_WORK, LATEST_LINE[mode])
        lines = AT_WORK if number == 0 else chance.choice((OPENING, OPEN, at_work, at_work))
        killed = Killed(mode, folder, number, lines, chance.uniform(0, LATEST_KILL_S[mode]))
        assert not killed.died_alone, killed.errors
        assert killed.lines, killed.errors
        with open_project(folder) as project:
            assert check_project(project) == []
            check(project, killed, seen)
        seen["kills"] += 1
        seen["before it was open"] += not killed.all("ready")
    print(f"\n{mode}: {dict(seen)}")
    return seen


def stored_state(project: Project, photo_id: str) -> Line:
    done, undone = project.store.journal(photo_id)
    document = open_document(project, photo_id)
    labels = hashlib.sha256(document.labels.to_array().tobytes()).hexdigest()
    document.close()
    return {
        "photo": photo_id,
        "done": [decode_edit(edit).edit_id for edit in done],
        "undone": [decode_edit(edit).edit_id for edit in undone],
        "labels": labels,
    }


def test_killed_while_painting_at_most_one_stroke_is_missing(folder: Path) -> None:
    def check(project: Project, killed: Killed, seen: Counter[str]) -> None:
        told = [line for line in killed.lines if "photo" in line]
        seen["strokes told"] += max(0, len(told) - 1)
        if not told:
            return
        found = stored_state(project, told[-1]["photo"])
        if found in told[-2:]:
            seen["acts missing"] += found != told[-1]
            return
        if found in told:
            pytest.fail(f"{len(told) - 1 - told.index(found)} acts are missing")
        # One act more than was told: it was on the disk before the word reached the pipe.
        seen["acts ahead of the word"] += 1
        done, undone, last = found["done"], found["undone"], told[-1]
        assert (
            (done[:-1], undone) == (last["done"], [])
            or (done, undone[:-1]) == (last["done"][:-1], last["undone"])
            or (done[:-1], undone) == (last["done"], last["undone"][:-1])
        )

    seen = kill_again_and_again("paint", folder, check)
    assert seen["strokes told"] > 0


@pytest.mark.parametrize("seed", range(KILLS))
def test_after_500_acts_and_a_kill_undo_and_redo_give_the_same_bytes(
    seed: int, tmp_path: Path, tiny_photo: Any, tiny_weights: Path
) -> None:
    """To the beginning and back to the end, every state on the way the same; closed and opened in between."""
    (tmp_path / "photos").mkdir()
    pixels, _ = tiny_photo(300, 540, seed)
    cv2.imwrite(str(tmp_path / "photos" / "wall.png"), pixels)
    folder, chance = tmp_path / "x.resatt", random.Random(f"acts {seed}")
    with create_project(folder, tiny_weights) as project:
        drain(add_photos(project, [tmp_path / "photos"]))
        photo_id = project.store.photos()[0].photo_id
    killed = Killed("acts", folder, seed, chance.randint(ACTS // 4, ACTS * 3 // 4), chance.uniform(0, 0.3))
    assert not killed.died_alone, killed.errors
    told = [line for line in killed.lines if "act" in line]

    with open_project(folder) as project:
        assert check_project(project) == []
        document = open_document(project, photo_id, "parent", memory_limit_bytes=UNDO_BYTES)
        found, saved = history_of(document), max(i for i, line in enumerate(told) if line["saved"])
        on_disk = [{key: line[key] for key in found} for line in told[saved:]]
        last = told[-1]["steps"][: told[-1]["edit_count"]]
        assert (
            found in on_disk
            or found["steps"] in [line["steps"] for line in on_disk]  # on the way from one step to another
            or found["steps"][:-1] == last  # an act that was saved before its word reached the pipe
        )
        for _ in range(len(told), ACTS):
            random_act(project, document, chance)
        assert document.memory_limit_bytes == UNDO_BYTES
        assert document._history.memory_bytes <= UNDO_BYTES
        document.go_to(len(document.steps))
        end, states = history_of(document), []
        while True:
            states.append(history_of(document)["labels"])
            if document.undo() is None:
                break
        assert document.edit_count == 0 and not document.labels.to_array().any()
        assert len(states) == len(end["steps"]) + 1
    with open_project(folder) as project:
        assert check_project(project) == []
        document = open_document(project, photo_id, "parent", memory_limit_bytes=UNDO_BYTES)
        assert document._history.memory_bytes <= UNDO_BYTES
        for labels in reversed(states[:-1]):
            assert document.redo() is not None
            assert history_of(document)["labels"] == labels
        assert history_of(document) == end
        assert document.redo() is None
        document.flush()
        assert check_project(project) == []


def test_killed_while_saving_every_acknowledged_sample_and_prediction_is_whole(folder: Path) -> None:
    def check(project: Project, killed: Killed, seen: Counter[str]) -> None:
        for photo_id, weights_id in killed.all("predicted"):
            prediction = project.store.prediction(photo_id, weights_id)
            assert prediction is not None
            assert hashlib.sha256(prediction.probability_8bit.tobytes()).hexdigest() == weights_id
        for line in killed.lines:
            if "sample" in line:
                labels = project.blobs.get_array(project.store.sample(line["sample"]).labels_blob)
                assert hashlib.sha256(labels.tobytes()).hexdigest() == line["labels"]
                seen["samples"] += 1
        seen["predictions"] += len(killed.all("predicted"))
        if killed.lines[-1].keys() == {"threshold"}:
            assert project.settings.threshold == killed.lines[-1]["threshold"]
        assert len(project.store.samples()) == 4
        assert not list(project.blobs.folder.glob("**/*.part"))

    seen = kill_again_and_again("save", folder, check)
    assert seen["predictions"] > 0


def check_weights(project: Project, killed: Killed, seen: Counter[str]) -> None:
    """What is active is what was told last, or what the victim was just about to make active."""
    versions = {version.weights_id: version for version in project.shelf.versions()}
    for weights_id in versions:
        assert project.shelf.load(weights_id).data
    assert set(killed.all("kept")) <= versions.keys()
    told = [line for line in killed.lines if "active" in line or "intends" in line]
    if told:
        allowed = [killed.all("active")[-1]] if killed.all("active") else []
        in_doubt = "intends" in told[-1]
        if in_doubt:
            allowed.append(told[-1]["intends"])
        if killed.all("active") and "any" not in allowed:
            assert project.shelf.active().weights_id in allowed
        seen["in the middle of a change"] += in_doubt
    refused: set[str] = set()  # until the victim made, or was about to make, the same weights active again
    for line in killed.lines:
        refused -= {line.get("active"), line.get("intends")}
        if line.get("now", ["", ""])[1] == "refused":
            refused.add(line["now"][0])
    assert {weights_id for weights_id in refused if versions[weights_id].state != "refused"} == set()
    seen["changes told"] += len(killed.all("active"))


def test_killed_while_promoting_the_active_weights_are_the_old_or_the_new(folder: Path) -> None:
    seen = kill_again_and_again("promote", folder, check_weights)
    assert seen["changes told"] > 0


def test_killed_while_fine_tuning_the_project_is_whole_and_learning_goes_on(folder: Path) -> None:
    def check(project: Project, killed: Killed, seen: Counter[str]) -> None:
        check_weights(project, killed, seen)
        seen["runs cut off"] += bool(killed.all("step"))
        assert sum(run.ended_at == "" for run in project.store.runs()) <= 1

    seen = kill_again_and_again("learn", folder, check)
    assert seen["runs cut off"] > 0
