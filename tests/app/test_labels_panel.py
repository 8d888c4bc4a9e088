"""Claims about labels: two networks side by side, and an answer by key that is there again tomorrow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from resatt_studio.app.crack_words import CRACK_WORDS, agreement, percent
from resatt_studio.app.main import settle, wait_for
from resatt_studio.errors import StoreError
from resatt_studio.records.labelling import Labelling
from resatt_studio.records.labels import CRACK_TYPES, CrackType
from resatt_studio.records.project import LabelAnswer
from resatt_studio.workflow import answers
from resatt_studio.workflow.answers import crack_type_answer
from resatt_studio.workflow.project import open_project

pytestmark = pytest.mark.gui
KEYS = (Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_3, Qt.Key.Key_4)


def show(studio: Any, panel: str = "labelsPanel") -> Any:
    widget = studio.window.panel(panel)
    studio.window._docks[panel].raise_()
    settle(0.05)
    return widget


def labelling(model: str, *probabilities: float) -> Labelling:
    return Labelling("a" * 64, model, "w" * 64, probabilities)


def test_both_networks_say_what_they_make_of_the_photo(looking: Any) -> None:
    panel, labels = show(looking), looking.parts.labels
    assert wait_for(lambda: len(labels.labellings) == 2, 60)
    for said in labels.labellings:
        bars = [panel.bars[kind, said.model] for kind in CRACK_TYPES]
        assert [bar.probability for bar in bars] == list(said.probabilities)
        assert [kind for kind, bar in zip(CRACK_TYPES, bars, strict=True) if bar.winner] == [said.label]
        assert f"{CRACK_WORDS[said.label][1]}" in panel.verdict.text()
        assert f"small {said.model} {said.weights_id[:8]}" in panel.foot.text()
    assert panel.trouble.text() == "" and not panel.again.isVisible()
    names = panel.answers[CrackType.TRANSVERSE].accessibleDescription()
    assert "RMT, transverse" in names and "ReViT, transverse" in names


def test_networks_are_asked_only_while_somebody_looks(looking: Any) -> None:
    labels, session = looking.parts.labels, looking.parts.session
    settle(0.1)
    assert not any(asking.waiting or asking.told for asking in labels.asking.values())
    show(looking)
    assert wait_for(lambda: len(labels.labellings) == 2, 60)
    show(looking, "learningPanel")
    session.next_photo()
    assert wait_for(lambda: session.photo is not None, 60)
    settle(0.3)
    assert not any(asking.waiting or asking.told for asking in labels.asking.values())
    show(looking)
    assert wait_for(lambda: len(labels.labellings) == 2, 60)
    assert {said.photo_id for said in labels.labellings} == {session.photo.photo_id}


@pytest.mark.parametrize(("key", "kind"), list(zip(KEYS, CRACK_TYPES, strict=True)))
def test_a_key_answers_and_the_answer_is_there_when_the_photo_is_opened_again(
    looking: Any, full_project: Path, key: Qt.Key, kind: CrackType
) -> None:
    panel, session, labels = show(looking), looking.parts.session, looking.parts.labels
    first = session.photo.photo_id
    QTest.keyClick(looking.window.canvas, key)
    assert labels.chosen is kind, "shown at once"
    assert wait_for(lambda: not session.files.busy, 60)
    assert panel.answers[kind].isChecked() and CRACK_WORDS[kind][1] in panel.said.text()
    assert "tester" in panel.said.text()
    assert looking.window.actions_[f"answer_{KEYS.index(key) + 1}"].isChecked()
    QTest.keyClick(looking.window.canvas, Qt.Key.Key_D)
    assert labels.answer is None, "an answer belongs to its photo"
    assert wait_for(lambda: session.photo is not None and session.photo.photo_id != first, 60)
    assert not any(button.isChecked() for button in panel.answers.values())
    QTest.keyClick(looking.window.canvas, Qt.Key.Key_A)
    assert wait_for(lambda: labels.chosen is kind, 60)
    looking.window.close()
    with open_project(full_project) as project:
        answer = crack_type_answer(project, first)
        assert (answer.answer, answer.author) == (kind.value, "tester")
        assert [e.detail for e in project.store.events(9) if e.kind == "label-answer"] == [
            f"crack type: {kind.value}"
        ]


def test_choosing_again_replaces_the_answer_and_0_takes_it_back(looking: Any) -> None:
    panel, session, labels = show(looking), looking.parts.session, looking.parts.labels
    for key in (Qt.Key.Key_2, Qt.Key.Key_4, Qt.Key.Key_4):
        QTest.keyClick(looking.window.canvas, key)
    assert labels.chosen is CrackType.BRANCHING
    QTest.keyClick(looking.window.canvas, Qt.Key.Key_0)
    assert labels.chosen is None and not looking.window.actions_["answer_none"].isEnabled()
    assert wait_for(lambda: not session.files.busy, 60)
    assert crack_type_answer(session.project, session.photo.photo_id) is None
    assert "none yet" in panel.said.text() and not panel.clear.isVisible()
    told = [e.detail for e in session.project.store.events(9) if e.kind == "label-answer"]
    assert len(told) == 3, "the third key said nothing new"


def test_a_click_on_a_class_answers_and_a_second_one_leaves_it(looking: Any) -> None:
    panel, labels = show(looking), looking.parts.labels
    button = panel.answers[CrackType.TRANSVERSE]
    for _ in range(2):
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        assert button.isChecked() and labels.chosen is CrackType.TRANSVERSE
    QTest.mouseClick(panel.clear, Qt.MouseButton.LeftButton)
    assert not button.isChecked() and labels.chosen is None


def test_an_answer_by_key_brings_the_panel_that_shows_it(looking: Any) -> None:
    panel = looking.window.panel("labelsPanel")
    assert panel.visibleRegion().isEmpty()
    QTest.keyClick(looking.window.canvas, Qt.Key.Key_1)
    settle(0.05)
    assert not panel.visibleRegion().isEmpty()


def test_a_key_without_a_photo_answers_nothing(studio: Any) -> None:
    QTest.keyClick(studio.window.canvas, Qt.Key.Key_1)
    assert studio.parts.labels.answer is None
    panel = studio.window.panel("labelsPanel")
    assert not any(button.isEnabled() for button in panel.answers.values())


def test_an_answer_that_cannot_be_kept_is_told_and_taken_back(
    looking: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise StoreError("The disk is full.", "Free some space.")

    monkeypatch.setattr(answers, "answer_crack_type", refuse)
    QTest.keyClick(looking.window.canvas, Qt.Key.Key_3)
    assert wait_for(lambda: "The disk is full." in looking.window.notice.text, 60)
    assert wait_for(lambda: looking.parts.labels.answer is None, 60)


def test_closing_waits_for_the_answer(looking: Any, full_project: Path) -> None:
    photo_id = looking.parts.session.photo.photo_id
    QTest.keyClick(looking.window.canvas, Qt.Key.Key_2)
    looking.window.close()
    with open_project(full_project) as project:
        assert crack_type_answer(project, photo_id).answer == "longitudinal"


def test_missing_weights_are_an_empty_state_that_says_what_to_do(bare: Any) -> None:
    panel, labels = show(bare), bare.parts.labels
    assert wait_for(lambda: all(asking.trouble for asking in labels.asking.values()), 60)
    for title in ("RMT", "ReViT"):
        assert f"weights of {title}" in panel.trouble.text()
    assert "Install" in panel.trouble.text() and panel.again.isVisible()
    assert all(bar.probability is None for bar in panel.bars.values())
    assert not bare.window.notice.isVisible(), "no alarm for what was not asked for"
    QTest.keyClick(bare.window.canvas, Qt.Key.Key_1)
    assert labels.chosen is CrackType.NO_CRACK, "the inspector can answer without any network"


def test_trying_again_asks_those_that_could_not_answer(bare: Any, small_weights: Any) -> None:
    from resatt_studio.records.weights import WeightsState

    panel, labels, session = show(bare), bare.parts.labels, bare.parts.session
    assert wait_for(lambda: all(asking.trouble for asking in labels.asking.values()), 60)
    for model in ("rmt", "revit"):
        session.project.shelf.add(small_weights(model), state=WeightsState.ACTIVE, name="mine")
    QTest.mouseClick(panel.again, Qt.MouseButton.LeftButton)
    assert wait_for(lambda: len(labels.labellings) == 2, 60)
    assert "RMT mine" in panel.foot.text()


def test_weights_that_come_into_use_answer_anew(looking: Any, small_weights: Any) -> None:
    from resatt_studio.records.weights import WeightsState

    labels, session = looking.parts.labels, looking.parts.session
    show(looking)
    assert wait_for(lambda: len(labels.labellings) == 2, 60)
    other = small_weights("rmt", 1)
    session.project.shelf.add(other, state=WeightsState.ACTIVE, name="other")
    session.refresh()
    assert wait_for(
        lambda: len(labels.labellings) == 2 and labels.labellings[0].weights_id == other.weights_id, 60
    )


def test_the_history_says_what_was_answered(looking: Any) -> None:
    panel = looking.window.panel("historyPanel")
    QTest.keyClick(looking.window.canvas, Qt.Key.Key_3)
    assert wait_for(lambda: "crack type: transverse" in panel.list.item(0).text(), 60)
    assert looking.parts.session.entry.name in panel.list.item(0).text()


def test_agreement_and_disagreement_are_said_plainly() -> None:
    sure, unsure = (0.02, 0.03, 0.91, 0.04), (0.3, 0.1, 0.25, 0.35)
    assert agreement([]) == ""
    assert agreement([labelling("rmt", *sure)]) == "RMT says transverse (91 %)."
    same = agreement([labelling("rmt", *sure), labelling("revit", *sure)])
    assert same == "RMT and ReViT agree: transverse (91 % and 91 %)."
    other = agreement([labelling("rmt", *sure), labelling("revit", *unsure)])
    assert other == "They disagree: RMT says transverse (91 %), ReViT says branching (35 %, a guess)."


def test_no_percentage_claims_certainty_that_is_not_there() -> None:
    assert [percent(p) for p in (0.0, 0.004, 0.5, 0.994, 0.996, 0.99999, 1.0)] == [
        "0 %", "0 %", "50 %", "99 %", ">99 %", ">99 %", "100 %",
    ]  # fmt: skip


def test_an_answer_of_somebody_else_is_shown_with_name_and_time(looking: Any) -> None:
    panel, labels = show(looking), looking.parts.labels
    labels._set_answer(LabelAnswer("a", "crack type", "branching", "Bo", "2026-05-04T10:11:12.123+00:00"))
    assert panel.said.text() == "Your answer: branching · Bo · 2026-05-04 10:11"
