"""Claims about the Learning panel: it says what runs, what came of it and what can be done."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtTest import QTest

from resatt_studio.app.jobs import ProjectState
from resatt_studio.app.panels.curves import _smoothed
from resatt_studio.app.panels.reliability import ReliabilityDiagram, points
from resatt_studio.app.parts import Look
from resatt_studio.app.theme import DARK, LIGHT
from resatt_studio.errors import StoreError
from resatt_studio.records.calibration import Reliability, ReliabilityBin
from resatt_studio.records.jobs import JobProgress
from resatt_studio.records.project import EventEntry
from resatt_studio.records.training import StepReport, Verdict
from resatt_studio.records.weights import Scores, WeightsState, WeightsVersion

pytestmark = pytest.mark.gui


def version(number: int, state: WeightsState, dice: float | None = None) -> WeightsVersion:
    scores = None if dice is None else Scores(dice, dice, dice, dice, dice)
    name = "factory" if number == 1 else ""
    return WeightsVersion(f"{number:064d}", "r2aunet", {}, number, state=state, after=scores, name=name)


VERSIONS = (
    version(1, WeightsState.RETIRED),
    version(2, WeightsState.ACTIVE, 0.71),
    version(3, WeightsState.CANDIDATE, 0.83),
    version(4, WeightsState.REFUSED, 0.5),
)


def test_without_corrections_it_says_what_to_do(studio: Any) -> None:
    panel = studio.window.panel("learningPanel")
    assert not panel.learn.isEnabled()
    assert not panel.stop.isEnabled()
    assert not panel.bar.isVisible()
    assert "Open a project" in panel.words.text()
    assert not panel.curves.plotted


def test_its_words_name_the_keys_in_force(studio: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    panel, session = studio.window.panel("learningPanel"), studio.parts.session
    monkeypatch.setattr(session, "project", SimpleNamespace(folder=Path("bridge.resatt")))
    studio.parts.learner.changed.emit()
    assert "approve it (Return)" in panel.words.text()
    studio.parts.keys.set_keys("approve", ["Ctrl+B"], take=True)
    assert "approve it (Ctrl+B)" in panel.words.text()
    monkeypatch.setattr(session, "project", None)


def test_each_version_is_offered_what_fits_it(studio: Any) -> None:
    box = studio.window.panel("learningPanel").versions
    studio.parts.session._take_state(ProjectState((), VERSIONS, 0))
    assert box.tree.only == VERSIONS[1].weights_id, "the version in use is chosen at first"
    offered = {}
    for row in range(box.tree.rowCount()):
        box.tree.choose_row(row)
        buttons = [button.text() for button in (box.use, box.drop) if button.isEnabled()]
        offered[box.tree.item(row, 0).text()] = buttons
    assert offered == {
        "v4 refused": ["Use"],
        "v3 candidate": ["Use", "Put aside"],
        "v2 in use": [],
        "v1 factory used before": ["Use"],
    }
    assert studio.window.actions_["promote"].isEnabled()


def test_a_click_on_use_promotes_that_version(studio: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    box = studio.window.panel("learningPanel").versions
    promoted: list[tuple[str, str]] = []
    monkeypatch.setattr(studio.parts.shelf, "use", lambda *what: promoted.append(what))
    studio.parts.session._take_state(ProjectState((), VERSIONS, 0))
    box.tree.choose_row(1)
    QTest.mouseClick(box.use, Qt.MouseButton.LeftButton)
    assert promoted == [("r2aunet", VERSIONS[2].weights_id)]


def test_reports_become_progress_words_and_curves(studio: Any) -> None:
    panel, learner = studio.window.panel("learningPanel"), studio.parts.learner
    learner._job_id = 10_000
    try:
        for step in range(1, 31):
            dice = 0.6 + step / 100 if step % 10 == 0 else None
            learner._step(
                JobProgress(0, step, 60, detail=StepReport(step, 60, 1 / step, dice, step, 75 - step))
            )
        assert panel.bar.value() == 30
        assert panel.bar.maximum() == 60
        assert "step 30 of 60" in panel.words.text()
        assert "0:45 left" in panel.words.text()
        assert "0.70 → 0.90" in panel.words.text()
        assert panel.curves.plotted
        assert len(learner.losses) == 30
        steps, values = panel.curves._dice.getData()
        assert list(steps) == [10, 20, 30]
        assert values[-1] == pytest.approx(0.9)
        left, right = panel.curves._plot.getPlotItem().viewRange()[0]
        assert left <= 0 and right >= 30
    finally:
        learner._job_id = None


def test_curves_are_seldom_drawn_while_somebody_paints(studio: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    panel, learner = studio.window.panel("learningPanel"), studio.parts.learner
    courtesy, clock = studio.parts.session.predictor.courtesy, SimpleNamespace(now=1000.0)
    monkeypatch.setattr(courtesy, "_clock", lambda: clock.now)
    monkeypatch.setattr("resatt_studio.app.panels.learning.time", SimpleNamespace(monotonic=courtesy._clock))
    learner._job_id, drawn = 10_000, []
    try:
        for step in range(1, 21):
            clock.now += 1.0
            if step <= 13:
                courtesy.painted()
            learner._step(
                JobProgress(0, step, 60, detail=StepReport(step, 60, 1 / step, 0.5, step, 75 - step))
            )
            drawn.append(int(panel.curves._dice.getData()[0][-1]))
            assert panel.bar.value() == step, "how far it is, is always told"
    finally:
        learner._job_id = None
    assert drawn == [1, 1, 1, 1, 1, 6, 6, 6, 6, 6, 11, 11, 11, 11, *range(15, 21)]


def test_three_short_runs_call_for_a_long_one_when_the_window_is_idle(
    studio: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    learner, begun = studio.parts.learner, []
    monkeypatch.setattr(learner, "_learn", lambda seconds: begun.append(seconds) or True)
    session = learner._session
    session.settings = replace(session.settings, learn_cracks="auto")
    usual = session.settings.learn_seconds
    for _ in range(2):
        learner.learn()
    learner._look_when_idle()
    assert begun == [usual] * 2, "two are too few"
    learner.learn()
    tried = frozenset("abc")
    monkeypatch.setattr(type(learner), "pending", property(lambda _: 3))
    monkeypatch.setattr(learner, "_approved", lambda: tried)
    learner._look_when_idle()
    assert len(begun) == 3, "what is new comes first"
    learner._tried = tried  # and was refused, all of it
    learner._look_when_idle()
    learner._look_when_idle()
    assert begun == [*[usual] * 3, 2 * usual], "once"


def test_nothing_is_learned_by_itself_once_somebody_chose_to_ask_for_it(
    studio: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    learner, begun = studio.parts.learner, []
    monkeypatch.setattr(learner, "_learn", lambda seconds: begun.append(seconds) or True)
    studio.window.ask.change_settings(learn_cracks="auto")
    for _ in range(3):
        learner.learn()
    studio.window.ask.change_settings(learn_cracks="ask")
    learner._look_when_idle()  # its minute had begun before
    assert len(begun) == 3


@pytest.mark.parametrize("fails", (False, True), ids=("rolled back", "roll-back failed"))
def test_what_was_rolled_back_is_not_learned_again_by_itself(
    studio: Any, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    learner, begun = studio.parts.learner, []
    now: dict[str, Any] = {"approved": frozenset("abc"), "pending": 3}

    def learn(seconds: float) -> bool:
        begun.append(seconds)
        learner._tried = now["approved"]
        now["pending"] = 0
        return True

    monkeypatch.setattr(learner, "_learn", learn)
    monkeypatch.setattr(studio.parts.shelf, "roll_back", lambda model: fails or now.update(pending=3))
    monkeypatch.setattr(type(learner), "pending", property(lambda _: now["pending"]))
    monkeypatch.setattr(learner, "_approved", lambda: now["approved"])
    monkeypatch.setattr(learner, "_tried_before", frozenset)
    session = learner._session
    monkeypatch.setattr(session, "settings", replace(session.settings, learn_cracks="auto"))
    monkeypatch.setattr(session, "project", SimpleNamespace(close=lambda: None, flush=lambda: None))
    with QSignalBlocker(learner):  # the window has no such project to show
        learner._look()
        assert len(begun) == 1
        learner.roll_back()
        for _ in range(2):
            learner._look()
        assert len(begun) == 1
        now.update(approved=frozenset("abcd"), pending=now["pending"] + 1)
        learner._look()
    assert len(begun) == 2, "a new photo is"


def test_what_happened_while_learning_stands_in_the_panel_until_the_next_run(studio: Any) -> None:
    panel, learner = studio.window.panel("learningPanel"), studio.parts.learner
    assert panel.notices.isHidden()
    learner._job_id = 10_000
    try:
        for notice in ("one", "", "Memory ran out.", "three", "four"):
            learner._step(JobProgress(0, 1, 60, detail=StepReport(1, 60, 1.0, None, 1, 75, notice=notice)))
        assert not panel.notices.isHidden()
        assert panel.notices.text() == "Memory ran out.\nthree\nfour"
        learner._end()
        assert not panel.notices.isHidden()
        learner._forget()
        assert panel.notices.isHidden()
    finally:
        learner._job_id = None


def test_why_a_run_failed_stands_in_the_panel_and_in_the_notice(studio: Any) -> None:
    panel, learner = studio.window.panel("learningPanel"), studio.parts.learner
    told: list[Exception] = []
    studio.parts.session.failed.connect(told.append)
    error = StoreError(
        f"The database {'/very-long-name' * 20} refused: disk is full.", "Free some disk space."
    )
    learner._fail(error)
    learner._end()
    assert told == [error]
    assert panel.words.text().startswith("The last run ended: The database")
    assert panel.words.text().endswith("Free some disk space.")
    assert panel.minimumSizeHint().width() < 340, "a long path must not widen the dock"
    learner._clear()


def test_the_outcome_stands_side_by_side(studio: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    panel, learner = studio.window.panel("learningPanel"), studio.parts.learner
    before = Scores(0.71, 0.55, 0.8, 0.64, 0.85)
    learned = replace(VERSIONS[2], before=before, after=replace(before, dice=0.83))
    learner.outcome = SimpleNamespace(
        verdict=Verdict(True, "Promoted."), told="Promoted: Dice rose.", version=learned
    )

    def refresh(then: Any = None) -> None:
        studio.parts.session._take_state(ProjectState((), (*VERSIONS[:2], learned, VERSIONS[3]), 0))
        if then is not None:
            then()

    monkeypatch.setattr(studio.parts.session, "refresh", refresh)
    learner._end()
    assert panel.words.text() == "Promoted: Dice rose."
    assert panel.minimumSizeHint().width() < 340, "the outcome must not widen the dock"
    assert panel.versions.card.version == learned, "its card is shown"
    cells = panel.versions.card.sections["ScoresSection"].cells
    assert [cells["dice", which].text() for which in ("before", "after", "change")] == [
        "0.710",
        "0.830",
        "+0.120",
    ]
    assert cells["recall", "change"].text() == "+0.000"


def test_a_refused_candidate_can_be_used_all_the_same(studio: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[tuple[str, str]] = []
    monkeypatch.setattr(studio.parts.shelf, "use", lambda *which: used.append(which))
    studio.parts.learner.outcome = SimpleNamespace(
        verdict=Verdict(False, "Not promoted."), told="Not promoted: Dice fell.", version=VERSIONS[2]
    )
    studio.parts.learner._end()
    notice = studio.window.notice
    assert notice.text == "Not promoted: Dice fell."
    QTest.mouseClick(notice.news._act, Qt.MouseButton.LeftButton)
    assert used == [("r2aunet", VERSIONS[2].weights_id)]


def test_an_offer_replaces_no_weights_that_learning_compares_with(
    studio: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[tuple[str, str]] = []
    monkeypatch.setattr(studio.parts.shelf, "use", lambda *which: used.append(which))
    notice, other = studio.window.notice, replace(VERSIONS[2], model="rmt")
    studio.parts.learner._job_id = 10_000
    studio.parts.shelf.brought_in.emit(VERSIONS[2], True)
    QTest.mouseClick(notice.news._act, Qt.MouseButton.LeftButton)
    assert not used and "when learning has ended" in notice.text
    studio.parts.shelf.brought_in.emit(other, True)
    QTest.mouseClick(notice.news._act, Qt.MouseButton.LeftButton)
    assert used == [("rmt", other.weights_id)], "learning does not ask this network"
    studio.parts.learner._job_id = None


def test_an_offer_goes_with_its_project_or_once_it_was_done_in_another_way(studio: Any) -> None:
    session, notice = studio.parts.session, studio.window.notice
    session._take_state(ProjectState((), VERSIONS, 0))
    studio.parts.shelf.brought_in.emit(VERSIONS[2], True)
    assert "is on the shelf" in notice.text
    session.project_changed.emit(None)
    assert not notice.isVisible(), "its button would use the version in whichever project is open next"
    studio.parts.shelf.brought_in.emit(VERSIONS[2], True)
    used = (replace(VERSIONS[1], state=WeightsState.RETIRED), replace(VERSIONS[2], state=WeightsState.ACTIVE))
    session._take_state(ProjectState((), (VERSIONS[0], *used, VERSIONS[3]), 0))
    assert not notice.isVisible(), "somebody used it from the panel"
    session.learning_cut_off.emit()
    assert "cut off" in notice.text
    studio.parts.learner._job_id = 10_000
    studio.parts.learner.changed.emit()
    assert not notice.isVisible(), "it goes on"
    studio.parts.learner._job_id = None


def test_a_run_that_ends_while_its_project_is_closed_is_no_news_in_the_next_one(
    studio: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    learner, session = studio.parts.learner, studio.parts.session
    asked: list[Any] = []
    monkeypatch.setattr(session.gpu, "submit", lambda job, urgency, answers, **_: asked.append(answers) or 1)
    monkeypatch.setattr(type(learner), "can_learn", True)
    session.project, told = SimpleNamespace(folder=Path("bridge.resatt")), []
    session.told.connect(told.append)
    learner.learn()
    session.project = None
    asked[0].done(SimpleNamespace(told="Promoted: better.", promoted=False, version=VERSIONS[2]))
    asked[0].failed(StoreError("The disk is full."))
    assert learner.outcome is None and not learner.problem and told == []
    asked[0].ended()


def test_smoothing_starts_at_the_first_value_and_stays_between_the_extremes() -> None:
    curve = [(step, float(step % 2)) for step in range(50)]
    smooth = _smoothed(curve)
    assert smooth[0] == (0, 0.0)
    assert all(0 <= value <= 1 for _, value in smooth)
    assert abs(smooth[-1][1] - 0.5) < 0.2


def test_the_history_names_photos_and_weights_and_shortens_hashes(studio: Any) -> None:
    panel = studio.window.panel("historyPanel")
    events = (
        EventEntry(1, "checkpoint", "a" * 64, made_at="2026-05-04T10:11:12+00:00", author="ada"),
        EventEntry(2, "run-ended", "finished", made_at="2026-05-04T10:12:12+00:00"),
    )
    events = (*events, EventEntry(3, "promoted", made_at="2026-05-04T10:13:12+00:00", weights_id="b" * 64))
    mine = WeightsVersion("b" * 64, "rmt", {}, 2, name="v2")
    studio.parts.session._take_state(ProjectState((), (), 0, events, others=(mine,)))
    texts = [panel.list.item(row).text() for row in range(panel.list.count())]
    assert texts[0] == "2026-05-04 10:13 · promoted · RMT v2"
    assert texts[1] == "2026-05-04 10:12 · run ended\nfinished"
    assert texts[2].startswith("2026-05-04 10:11 · checkpoint · ada\naaaa")
    assert "…" in texts[2]


def reliability(*shares: float) -> Reliability:
    bins = (ReliabilityBin(100, (place + 0.5) / 15, share) for place, share in enumerate(shares))
    return Reliability(tuple(bins))


def test_the_card_names_the_version_that_learning_went_on_from(studio: Any) -> None:
    versions = studio.window.panel("learningPanel").versions
    gone_on = {VERSIONS[2].weights_id: VERSIONS[1].weights_id}
    studio.parts.session._take_state(ProjectState((), VERSIONS, 0, gone_on_from=gone_on))
    said = {}
    for row in range(4):
        versions.tree.choose_row(row)
        said[versions.card.version.number] = versions.card.sections["HeadSection"].facts.text()
    assert [number for number, words in said.items() if "goes on from v2" in words] == [3]


def test_the_card_of_a_judged_version_says_how_far_it_can_be_believed(studio: Any) -> None:
    versions = studio.window.panel("learningPanel").versions
    before = reliability(*[0.0] * 7, *[0.3] * 8)
    after = reliability(*((place + 0.5) / 15 for place in range(15)))
    judged = replace(VERSIONS[1], reliability_before=before, reliability_after=after, threshold=0.44)
    studio.parts.session._take_state(ProjectState((), (VERSIONS[0], judged, *VERSIONS[2:]), 0))
    card = versions.card.sections["ReliabilitySection"]
    assert not card.isHidden() and card.diagram.after is after and card.diagram.before is before
    assert versions.card.version == judged and "Best threshold 44 %" in card.words.text()
    assert f"before: error {before.ece:.3f}" in card.words.text() and before.ece > 0.1
    assert "called 70 %, 70 % are" in card.diagram.accessibleDescription()
    versions.tree.choose_row(3)
    assert card.isHidden(), "nothing judged the factory's weights"
    assert versions.minimumSizeHint().width() < 340


def test_bins_of_a_few_pixels_are_not_drawn_and_larger_ones_are_larger() -> None:
    told = Reliability(
        (ReliabilityBin(90_000, 0.1, 0.2), ReliabilityBin(5, 0.5, 1.0), ReliabilityBin(10_000, 0.9, 0.8))
    )
    drawn = points(told)
    assert [place for place, _ in drawn] == [(0.1, 0.2), (0.9, 0.8)]
    assert drawn[0][1] > drawn[1][1]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_diagram_is_painted_in_the_colours_of_the_theme(studio: Any, theme: str) -> None:
    tokens = {"light": LIGHT, "dark": DARK}[theme]
    look = Look()
    look.set(tokens)
    diagram = ReliabilityDiagram(look)
    perfect = reliability(*((place + 0.5) / 15 for place in range(15)))
    diagram.show_reliability(perfect, perfect)
    picture = diagram.grab().toImage()
    colours = {picture.pixelColor(x, y).name() for x in range(96) for y in range(96)}
    assert tokens.accent in colours and tokens.field in colours
    assert picture.pixelColor(48, 47).name() == tokens.accent, "a perfect version lies on the diagonal"
    assert picture.pixelColor(20, 20).name() == tokens.field, "and nowhere else"
