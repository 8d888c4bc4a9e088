"""Claims about ranking a project: from kept numbers alone, by the newest prediction, with reasons."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import update

from resatt_studio.imaging.surface import DESCRIPTOR_LENGTH
from resatt_studio.records.doubt import Rank
from resatt_studio.records.photo import ReviewState
from resatt_studio.records.prediction import Prediction
from resatt_studio.store import schema
from resatt_studio.workflow.jobs import drain
from resatt_studio.workflow.next_photos import count_predictions, rank_project, reason
from resatt_studio.workflow.project import Project, open_project


@pytest.fixture
def project(project_folder: Path) -> Iterator[Project]:
    """Four photos of 96 x 128, predicted with 10, 40, 80 and 120 rows in doubt of 0.4."""
    with open_project(project_folder) as opened:
        for number, entry in enumerate(opened.store.photos()):
            put(opened, entry.photo_id, 5 + 20 * number)
            look = np.full(DESCRIPTOR_LENGTH, number, np.float32)
            opened.store.describe(entry.photo_id, look)
        yield opened


def put(project: Project, photo_id: str, rows: int, value: int = 100) -> None:
    probability = np.zeros((96, 128), np.uint8)
    probability[:5], probability[5 : 5 + rows] = 255, value
    weights_id = project.shelf.active().weights_id
    project.store.put_prediction(Prediction(photo_id, weights_id, probability, 0.1))


def ids(project: Project) -> list[str]:
    return [entry.photo_id for entry in project.store.photos()]


def test_only_predicted_photos_that_wait_are_ranked(project: Project) -> None:
    first, second, third, fourth = ids(project)
    assert {rank.photo_id for rank in rank_project(project)} == {first, second, third, fourth}
    project.store.set_state(fourth, ReviewState.APPROVED)
    project.store.set_state(third, ReviewState.SKIPPED)
    project.store.set_state(second, ReviewState.CORRECTING)
    ranks = rank_project(project)
    assert {rank.photo_id for rank in ranks} == {first, second}
    assert all(rank.nearest_id for rank in ranks)


def test_the_newest_prediction_of_the_weights_in_use_counts(project: Project) -> None:
    first = ids(project)[0]

    def doubt() -> float:
        return next(rank.doubt for rank in rank_project(project) if rank.photo_id == first)

    assert doubt() > 0.1
    for weights_id, after in (("f" * 64, doubt()), (project.shelf.active().weights_id, 0.0)):
        project.store.put_prediction(Prediction(first, weights_id, np.zeros((96, 128), np.uint8), 0.1))
        assert doubt() == after


def test_doubt_follows_the_projects_threshold(project: Project) -> None:
    first = ids(project)[0]
    put(project, first, 80, value=150)
    doubts = {}
    for threshold in (0.5, 0.7):
        project.settings.threshold = threshold
        doubts[threshold] = next(r.doubt for r in rank_project(project) if r.photo_id == first)
    assert doubts[0.7] > doubts[0.5]


def test_what_an_older_version_predicted_is_counted_once(project: Project) -> None:
    with project.store._database.writing() as connection:
        connection.execute(update(schema.predictions).values(value_counts=None))
    assert rank_project(project) == ()
    assert drain(count_predictions(project)) == 4
    assert len(rank_project(project)) == 4
    assert drain(count_predictions(project)) == 0


def test_a_lost_probability_map_stops_neither_counting_nor_ranking(project: Project) -> None:
    with project.store._database.writing() as connection:
        connection.execute(update(schema.predictions).values(value_counts=None))
    blob = next(iter(project.blobs.all()))
    project.blobs.path(blob).unlink()
    assert drain(count_predictions(project)) == 3
    assert len(rank_project(project)) == 3


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "42 % of its mask is in doubt"),
        ({"crowd": 0.6}, "42 % of its mask is in doubt, looks like many others"),
        ({"nearest": 0.9, "nearest_id": "a"}, "much like wall.jpg, which is approved"),
        ({"nearest": 0.9, "nearest_id": "a", "before": True}, "much like wall.jpg, which comes before it"),
        ({"nearest": 0.1, "nearest_id": "a"}, "unlike what is approved"),
        ({"crowd": 0.1}, "few others look like it"),
    ],
)
def test_reasons_are_said_in_words(changes: dict[str, object], words: str) -> None:
    facts = {"photo_id": "x", "place": 1, "gain": 0.3, "doubt": 0.42, "crowd": 0.4} | changes
    said = reason(Rank(**facts), {"a": "wall.jpg"})  # type: ignore[arg-type]
    assert said.endswith(words) and said.startswith("42 %")
