"""Claims about second readers and what a project learns from."""

from __future__ import annotations

import pytest

from resatt_studio.errors import LearningError, ReviewError
from resatt_studio.records.review import ReviewRules
from resatt_studio.records.training import FineTunePlan
from resatt_studio.workflow.correct import check_project
from resatt_studio.workflow.finetune import collect_samples, fine_tune_project
from resatt_studio.workflow.jobs import drain
from resatt_studio.workflow.project import Project, open_project
from resatt_studio.workflow.review import agree, review_rows, rules, send_back


def test_a_project_learns_from_what_was_agreed_to_alone_when_it_says_so(taught: Project) -> None:
    assert rules(taught) == ReviewRules()
    photos = [entry.photo_id for entry in taught.store.photos()]
    assert len(drain(collect_samples(taught))[0]) == 4
    taught.settings.learn_agreed_only = True
    assert drain(collect_samples(taught))[0] == []
    with pytest.raises(LearningError) as refused:
        drain(fine_tune_project(taught, FineTunePlan(steps=1), device="cpu"))
    assert "second reader" in refused.value.hint
    agree(taught, photos[1], "Bo")
    samples, _ = drain(collect_samples(taught))
    assert [sample.photo_id for sample in samples] == [photos[1]] and samples[0].fresh
    taught.settings.learn_agreed_only = False
    send_back(taught, photos[0], "Bo", "too wide")
    samples, _ = drain(collect_samples(taught))
    assert photos[0] not in {sample.photo_id for sample in samples} and len(samples) == 3


def test_one_person_reads_twice_only_where_the_project_allows_it(taught: Project) -> None:
    photo, *_ = (entry.photo_id for entry in taught.store.photos())
    taught.store.approve(photo, taught.blobs.get_array(taught.store.samples()[0].labels_blob), author="Ada")
    with pytest.raises(ReviewError, match="Ada approved"):
        agree(taught, photo, "Ada")
    taught.settings.one_person = True
    assert agree(taught, photo, "Ada").author == "Ada"


def test_the_chain_and_the_rules_are_there_when_the_project_is_opened_again(taught: Project) -> None:
    photo, other, *_ = (entry.photo_id for entry in taught.store.photos())
    taught.settings.learn_agreed_only = taught.settings.one_person = True
    send_back(taught, photo, "Bo", "the joint is no crack")
    agree(taught, other, "Bo", "fine")
    taught.close()
    with open_project(taught.folder) as project:
        assert rules(project) == ReviewRules(agreed_only=True, one_person=True)
        rows = review_rows(project, project.store.photos())
        assert [row["review"] for row in rows] == ["sent back", "agreed", "approved", "approved"]
        assert [link["act"] for link in rows[0]["chain"]] == ["approved", "sent-back"]
        assert (
            rows[0]["chain"][1]["note"] == "the joint is no crack" and rows[0]["chain"][1]["author"] == "Bo"
        )
        assert [entry.standing for entry in project.store.photos()] == [row["review"] for row in rows]
        assert check_project(project) == []
