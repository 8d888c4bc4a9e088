"""Claims about the versions of every network: listed, used, taken back, brought in and taken out as files."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog

from resatt_studio.app.jobs import ProjectState
from resatt_studio.app.main import wait_for
from resatt_studio.app.shelf import NETWORKS
from resatt_studio.models.state import load_weights, state_of
from resatt_studio.records.jobs import JobProgress, Urgency
from resatt_studio.records.weights import WeightsState, WeightsVersion
from resatt_studio.workflow.jobs import progress

pytestmark = pytest.mark.gui


@pytest.fixture
def box(looking: Any) -> Any:
    """The versions in the Learning panel, of the project of four networks."""
    return looking.window.panel("learningPanel").versions


def version(model: str, number: int, state: WeightsState = WeightsState.CANDIDATE) -> WeightsVersion:
    return WeightsVersion(f"{number:064x}", model, {}, number, state=state, name=f"v{number}")


def rows(box: Any) -> dict[str, list[str]]:
    """What the first column says, with what is offered when the row is chosen."""
    offered, chosen = {}, box.tree.chosen
    for row in range(box.tree.rowCount()):
        box.tree.choose_row(row)
        buttons = [button.text() for button in (box.use, box.drop) if button.isEnabled()]
        offered[box.tree.item(row, 0).text()] = buttons
    box.tree.choose(chosen)
    return offered


def press(box: Any, row: int, button: Any) -> None:
    box.tree.choose_row(row)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def choose_by_key(box: Any, model: str) -> None:
    """Walk down the list of networks by the arrow key."""
    box.network.setFocus()
    while box.network.currentData() != model:
        QTest.keyClick(box.network, Qt.Key.Key_Down)


def test_each_network_lists_its_own_versions_and_the_factorys_weights(studio: Any) -> None:
    box = studio.window.panel("learningPanel").versions
    assert not box.bring_in.isEnabled() and not box.export.isEnabled()
    active = version("revit", 3, WeightsState.ACTIVE)
    studio.parts.session.project = SimpleNamespace(folder=Path("a.resatt"))
    try:
        studio.parts.session._take_state(
            ProjectState(
                (),
                (version("r2aunet", 1, WeightsState.ACTIVE),),
                0,
                in_use={"revit": active.weights_id},
                others=(version("rmt", 2), active),
            )
        )
        titles = [box.network.itemText(index) for index in range(box.network.count())]
        assert titles == [
            "R2AU-Net  ● v1",
            "RMT  ● factory",
            "ReViT  ● v3",
            "DHFormer-style  ● factory",
        ]
        assert rows(box) == {"v1 in use": []}
        choose_by_key(box, "rmt")
        assert rows(box) == {"v2 candidate": ["Use", "Put aside"], "factory in use": []}
        box.tree.choose_row(0)
        assert "id 000000000000" in box.card.sections["HeadSection"].facts.text()
        choose_by_key(box, "revit")
        assert rows(box) == {"v3 in use": [], "factory": ["Use"]}
        assert "v3" in box.export.accessibleName(), "the version in use is chosen at first"
    finally:
        studio.parts.session.project = None


def test_rolling_back_names_where_it_leads_and_is_off_where_it_leads_nowhere(box: Any, looking: Any) -> None:
    session, shelf = looking.parts.session, looking.parts.shelf
    choose_by_key(box, "revit")
    assert not box.back.isEnabled()
    press(box, 1, box.use)
    assert wait_for(lambda: shelf.earlier("revit") is not None, 60)
    assert "small revit" in box.back.accessibleName() and box.back.isEnabled()
    assert session.active is not None and not session.can_roll_back, "the segmenter's are another matter"
    QTest.mouseClick(box.back, Qt.MouseButton.LeftButton)
    assert wait_for(lambda: "small revit" in shelf.active("revit").name and not box.back.isEnabled(), 60)
    assert "factory" in box.tree.item(0, 0).text(), "it stays on the shelf"


def test_while_the_segmenter_learns_only_its_own_versions_stay_as_they_are(box: Any, looking: Any) -> None:
    learner, session = looking.parts.learner, looking.parts.session
    learner._job_id = 10_000
    try:
        session._take_state(
            ProjectState(
                (),
                (version("r2aunet", 1, WeightsState.RETIRED),),
                0,
                others=(version("rmt", 2),),
                earlier={"r2aunet": f"{1:064x}"},
            )
        )
        box.tree.choose_row(0)
        assert not box.use.isEnabled() and not box.back.isEnabled()
        choose_by_key(box, "rmt")
        box.tree.choose_row(0)
        assert box.use.isEnabled() and box.drop.isEnabled()
    finally:
        learner._job_id = None


def test_a_version_that_is_chosen_stays_chosen_when_others_arrive(
    box: Any, looking: Any, small_weights: Any, tmp_path: Path
) -> None:
    choose_by_key(box, "rmt")
    box.tree.setFocus()
    box.tree.choose_row(0)
    QTest.keyClick(box.tree, Qt.Key.Key_Down)
    assert box.tree.only == "", "the factory's row"
    path = tmp_path / "new.safetensors"
    path.write_bytes(small_weights("rmt", seed=5).data)
    looking.parts.shelf.bring_in(path, "rmt")
    assert wait_for(lambda: box.tree.rowCount() == 3, 60)
    assert box.tree.only == ""


@pytest.mark.parametrize("model", NETWORKS)
def test_a_version_goes_out_as_a_file_and_its_card(
    model: str, box: Any, looking: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def answer(parent: object, title: str, suggested: str, kinds: str) -> tuple[str, str]:
        asked.append(f"{title} {suggested}")
        return str(tmp_path / "out"), kinds

    monkeypatch.setattr(QFileDialog, "getSaveFileName", answer)
    choose_by_key(box, model)
    QTest.mouseClick(box.export, Qt.MouseButton.LeftButton)
    assert wait_for(lambda: "were written" in looking.window.notice.text, 60)
    active = looking.parts.shelf.active(model)
    assert NETWORKS[model] in asked[0] and active.weights_id[:12] in asked[0]
    assert load_weights(tmp_path / "out.safetensors").weights_id == active.weights_id
    assert (tmp_path / "out.md").is_file()


def test_the_factorys_weights_can_be_taken_out_as_well(looking: Any, tmp_path: Path) -> None:
    from resatt_studio.workflow.weights import factory_path

    out = tmp_path / "factory.safetensors"
    looking.parts.shelf.export("dhformer", "", out)
    assert wait_for(lambda: "were written" in looking.window.notice.text, 60)
    assert load_weights(out).weights_id == load_weights(factory_path("dhformer")).weights_id


@pytest.mark.parametrize(
    ("there", "words"), [("out.safetensors", "by its whole name"), ("out.md", "nothing is written over it")]
)
def test_an_export_replaces_nothing_that_was_not_asked_about(
    there: str, words: str, box: Any, looking: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / there).write_text("mine")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "out"), ""))
    QTest.mouseClick(box.export, Qt.MouseButton.LeftButton)
    assert wait_for(lambda: f"{there}” is there already" in looking.window.notice.text, 60)
    assert words in looking.window.notice.text
    assert wait_for(lambda: not looking.parts.session.files.busy, 60)
    assert [path.read_text() for path in tmp_path.glob("out.*")] == ["mine"]


def test_the_menu_brings_in_weights_of_the_network_that_is_listed(
    box: Any, looking: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, titles = tmp_path / "own.pth", []
    own = looking.parts.shelf.active("revit")
    torch.save(state_of(looking.parts.session.project.shelf.load(own.weights_id)), path)

    def answer(parent: object, title: str, *_: str) -> tuple[str, str]:
        titles.append(title)
        return str(path), ""

    monkeypatch.setattr(QFileDialog, "getOpenFileName", answer)
    choose_by_key(box, "revit")
    looking.window.actions_["import_weights"].trigger()
    words = "These are ReViT small revit, which is in use already."
    assert wait_for(lambda: looking.window.notice.text == words, 60)
    assert titles == ["Import weights of ReViT"]


def test_a_file_that_cannot_be_used_is_named_with_the_cure_and_changes_nothing(
    box: Any, looking: Any, small_weights: Any, tmp_path: Path
) -> None:
    shelf, notice = looking.parts.shelf, looking.window.notice
    before = {model: shelf.versions(model) for model in NETWORKS}
    (tmp_path / "junk.pth").write_bytes(b"no weights at all")
    (tmp_path / "junk.safetensors").write_bytes(b"no weights at all")
    (tmp_path / "labels.safetensors").write_bytes(small_weights("rmt", seed=9).data)
    for name, words in (
        ("junk.pth", "damaged"),
        ("junk.safetensors", "Copy or export it again"),
        ("labels.safetensors", "holds weights of RMT, not of DHFormer-style. Import them for RMT"),
        ("missing.pth", "cannot be read"),
    ):
        shelf.bring_in(tmp_path / name, "dhformer")
        assert wait_for(lambda words=words: words in notice.text, 60), notice.text
        assert str(tmp_path / name) in notice.text
    assert {model: shelf.versions(model) for model in NETWORKS} == before


def test_weights_are_swapped_between_two_steps_of_a_long_prediction(
    looking: Any, small_weights: Callable[..., Any]
) -> None:
    session, shelf = looking.parts.session, looking.parts.shelf
    candidate = session.project.shelf.add(small_weights("rmt", seed=5)).weights_id
    ended = threading.Event()

    def long() -> Generator[JobProgress, None, None]:
        while not ended.wait(0.01):
            yield progress(0, 0)

    session.gpu.submit(long, Urgency.PREDICT_SHOWN)
    shelf.use("rmt", candidate)
    try:
        assert wait_for(lambda: shelf.active("rmt").weights_id == candidate, 60)
    finally:
        ended.set()
