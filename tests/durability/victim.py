"""The process that is killed: works on a project and says on stdout what it has done, a line of JSON each.

Run as ``python victim.py paint|acts|save|promote|learn PROJECT SEED``. Every line is written after the work
it tells of was handed over, so the parent knows what must be found on the disk.
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
import time
from pathlib import Path

import numpy as np

from resatt_studio.annotation.document import CorrectionDocument
from resatt_studio.records.correction import Label
from resatt_studio.records.geometry import Box
from resatt_studio.records.prediction import Prediction
from resatt_studio.records.weights import WeightsFile
from resatt_studio.workflow.correct import StoredDocument, approve, open_document
from resatt_studio.workflow.project import Project, open_project

SHORTEST_STROKE_S, LONGEST_STROKE_S = 0.06, 0.15  # several times faster than a hand


def tell(**line: object) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def state_of(document: CorrectionDocument) -> dict[str, object]:
    """What must be found again: both stacks and every pixel."""
    return {
        "done": [edit.edit_id for edit in document.edits],
        "undone": [edit.edit_id for edit in document.undone],
        "labels": hashlib.sha256(document.labels.to_array().tobytes()).hexdigest(),
    }


def stroke(document: CorrectionDocument, chance: random.Random) -> None:
    """Paint like a hand that takes its time."""
    document.begin(
        "brush", chance.choice((Label.CRACK, Label.NOT_CRACK, Label.UNSAID)), chance.uniform(1, 25)
    )
    row, column = chance.uniform(0, document.height), chance.uniform(0, document.width)
    for _ in range(6):
        row, column = row + chance.uniform(-40, 40), column + chance.uniform(-40, 40)
        document.extend([(row, column)])
        time.sleep(chance.uniform(SHORTEST_STROKE_S, LONGEST_STROKE_S) / 6)
    document.end()


def paint(project: Project, chance: random.Random) -> None:
    """Strokes, undo and redo."""
    photo_id = chance.choice(project.store.photos()).photo_id
    document = open_document(project, photo_id, "victim")
    tell(photo=photo_id, **state_of(document))
    while True:
        act = chance.random()
        if act < 0.2 and document.can_undo:
            document.undo()
            time.sleep(SHORTEST_STROKE_S)
        elif act < 0.3 and document.can_redo:
            document.redo()
            time.sleep(SHORTEST_STROKE_S)
        else:
            stroke(document, chance)
        while document.unsaved > 1:  # a slow disk is no reason to get further ahead of it than a hand does
            time.sleep(0.001)
        tell(photo=photo_id, **state_of(document))


def history_of(document: CorrectionDocument) -> dict[str, object]:
    """Every step, how many of them are done, and every pixel."""
    return {
        "steps": [step.edit_id for step in document.steps],
        "edit_count": document.edit_count,
        "labels": hashlib.sha256(document.labels.to_array().tobytes()).hexdigest(),
    }


def random_act(project: Project, document: StoredDocument, chance: random.Random) -> None:
    """One of everything that can be done to a correction, without the patience of a hand."""
    label = chance.choice(tuple(Label))
    row, column = chance.uniform(0, document.height), chance.uniform(0, document.width)
    which = chance.random()
    if which < 0.5:
        document.begin("brush", label, chance.uniform(0.5, 40))
        for _ in range(chance.randint(1, 4)):
            row, column = row + chance.uniform(-90, 90), column + chance.uniform(-90, 90)
            document.extend([(row, column)])
        if which < 0.03:
            document.cancel()
        else:
            document.end()
    elif which < 0.65:
        box = Box(int(row), int(column), int(row) + 70, int(column) + 50)
        box = box.clipped(document.height, document.width)
        noise = np.random.default_rng(int(row)).random((box.height, box.width)) < 0.5
        document.apply_labels("fill", box, np.full(noise.shape, label, np.uint8), noise)
    elif which < 0.78:
        document.undo()
    elif which < 0.88:
        document.redo()
    elif which < 0.93:
        document.go_to(chance.randint(max(0, document.edit_count - 20), len(document.steps)))
    elif which < 0.96:
        document.add_checkpoint(f"after {document.edit_count}")
    else:
        known = project.store.checkpoints(document.photo_id)
        if known:
            document.become("checkpoint", document.checkpoint_tiles(chance.choice(known)))


def acts(project: Project, chance: random.Random) -> None:
    """Everything that can be done to one correction, as fast as it goes; says now and then what is saved."""
    document = open_document(project, project.store.photos()[0].photo_id, "victim")
    number = 0
    while True:
        random_act(project, document, chance)
        number += 1
        if number % 10 == 0:
            document.flush()
        tell(act=number, saved=number % 10 == 0, **history_of(document))


def save(project: Project, chance: random.Random) -> None:
    """Predictions, approvals and settings, as fast as they go."""
    random_bytes = np.random.default_rng(chance.getrandbits(32))
    photos = project.store.photos()
    while True:
        facts = chance.choice(photos).facts
        shape = (facts.height, facts.width)
        probability = random_bytes.integers(0, 256, shape).astype(np.uint8)
        weights_id = hashlib.sha256(probability.tobytes()).hexdigest()
        prediction = Prediction(facts.photo_id, weights_id, probability, 0.1)
        project.store.put_prediction(prediction)
        tell(predicted=[facts.photo_id, weights_id])
        document = open_document(project, facts.photo_id, "victim")
        stroke(document, chance)
        labels = hashlib.sha256(document.labels.to_array().tobytes()).hexdigest()
        sample = approve(project, document, prediction)
        tell(sample=sample.sample_id, labels=labels)
        document.close()
        project.settings.threshold = threshold = chance.random()
        tell(threshold=threshold)


def promote(project: Project, chance: random.Random) -> None:
    """Candidates that are promoted, refused and taken back."""
    from resatt_studio.workflow.promote import promote, refuse, rollback

    factory = project.shelf.versions()[0]
    files = sorted(project.folder.parent.glob("candidates/*.safetensors"))
    while True:
        path = chance.choice(files)
        weights = WeightsFile(path.stem, factory.model, factory.config, {}, path.read_bytes())
        active = project.shelf.active().weights_id
        if weights.weights_id == active:
            continue
        candidate = project.shelf.add(weights, parent=active)
        tell(kept=candidate.weights_id)
        act = chance.choice((promote, promote, refuse))
        if act is promote:
            tell(intends=candidate.weights_id)
        version = act(project, candidate.weights_id, "victim")
        tell(active=project.shelf.active().weights_id, now=[version.weights_id, version.state])
        stack = _promotions(project)
        if chance.random() < 0.3 and len(stack) > 1:
            tell(intends=stack[-2])
            tell(active=rollback(project).weights_id)


def _promotions(project: Project) -> list[str]:
    """weights_ids as they were made active and not taken back, oldest first."""
    stack: list[str] = []
    for event in reversed(project.store.events(100_000)):
        if event.kind == "promoted":
            stack.append(event.weights_id)
        elif event.kind == "rolled-back":
            stack.pop()
    return stack


def learn(project: Project, chance: random.Random) -> None:
    """Fine-tune the active weights on the project's samples, judge, promote or refuse; again and again."""
    from resatt_studio.learning import course
    from resatt_studio.records.training import FineTunePlan
    from resatt_studio.workflow.finetune import fine_tune_project

    course.POINT_SECONDS = 0.1  # so that kills fall into the writing of resume points too
    while True:
        finished = sum(run.ended_at != "" for run in project.store.runs())
        plan = FineTunePlan(seconds=30, steps=2, crop_px=32, batch=2, seed=finished)
        job = fine_tune_project(
            project, plan, device="cpu", threads=1, reference_folder=project.folder.parent / "reference"
        )
        tell(intends="any", began=len(project.store.runs()))
        try:
            while True:
                tell(step=next(job).done)
        except StopIteration as end:
            version = end.value.version
        tell(active=project.shelf.active().weights_id, now=[version.weights_id, version.state])


if __name__ == "__main__":
    mode, folder, seed = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    if mode == "learn":
        import torch

        torch.set_num_threads(1)
    tell(opening=mode)
    with open_project(folder) as opened:
        tell(ready=mode)
        works = {"paint": paint, "acts": acts, "save": save, "promote": promote, "learn": learn}
        works[mode](opened, random.Random(seed))
