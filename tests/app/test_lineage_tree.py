"""Claims about the tree of versions and the card: keys walk along the lines, a hundred stay narrow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest

from resatt_studio import words
from resatt_studio.app.jobs import ProjectState
from resatt_studio.app.main import settle
from resatt_studio.app.other_networks import version_title
from resatt_studio.app.panels.lineage import STATE_WORDS
from resatt_studio.app.panels.version_card import SECTIONS
from resatt_studio.app.theme import DARK, LIGHT, contrast
from resatt_studio.records.weights import LabelComparison, LabelScores, Scores, WeightsState, WeightsVersion
from resatt_studio.workflow.forgetting import Forgetting

pytestmark = pytest.mark.gui

REASON = (
    "Not promoted: Dice rose from 0.700 to 0.720 on 2 held-back photos, but fell from 0.912 to 0.865 on the "
    "reference set; at most 0.020 may be lost there."
)


def scores(dice: float) -> Scores:
    return Scores(dice, dice, dice, dice, dice)


def version(
    number: int, parent: int = 0, state: WeightsState = WeightsState.RETIRED, **more: Any
) -> WeightsVersion:
    came_from = f"{parent:064x}" if parent else ""
    made_at = f"2026-05-{1 + number % 28:02d}T10:11:12+00:00"
    return WeightsVersion(
        f"{number:064x}", "r2aunet", {}, number, came_from, state, name=f"v{number}", made_at=made_at, **more
    )


REFUSED = version(
    3,
    2,
    WeightsState.REFUSED,
    reason=REASON,
    before=scores(0.70),
    after=scores(0.72),
    reference_before=scores(0.912),
    reference_after=scores(0.865),
    samples=("a", "b"),
)
FAMILY = (version(1), version(2, 1, WeightsState.ACTIVE), REFUSED, version(4, 2, WeightsState.CANDIDATE))


@pytest.fixture
def box(studio: Any) -> Any:
    """The versions of a family of four: 1, its child 2, and of that 3 and 4."""
    studio.window.bring("learningPanel")
    studio.parts.session._take_state(ProjectState((), FAMILY, 0))
    return studio.window.panel("learningPanel").versions


def numbers(box: Any) -> list[int]:
    return [int(weights_id, 16) for weights_id in box.tree.chosen]


def test_up_and_down_walk_through_time_and_left_and_right_along_the_lines(box: Any) -> None:
    tree = box.tree
    tree.setFocus()
    assert numbers(box) == [2], "the version in use is chosen at first"
    walk = [
        (Qt.Key.Key_Right, 4),  # the newest child
        (Qt.Key.Key_Down, 3),
        (Qt.Key.Key_Left, 2),
        (Qt.Key.Key_Left, 1),
        (Qt.Key.Key_Left, 1),  # it has no parent
        (Qt.Key.Key_Right, 2),
        (Qt.Key.Key_Up, 3),
        (Qt.Key.Key_Right, 3),  # it has no child
    ]
    for key, number in walk:
        QTest.keyClick(tree, key)
        assert numbers(box) == [number]


def test_one_shows_its_card_and_two_become_the_pair_also_by_keys_alone(box: Any, studio: Any) -> None:
    tree, pair = box.tree, studio.parts.pair
    assert box.card.version is FAMILY[1]
    assert [v.number for v in pair.versions] == [1, 2], "a version is compared with its parent"
    tree.setFocus()
    QTest.keyClick(tree, Qt.Key.Key_Up)
    assert [v.number for v in pair.versions] == [2, 3]
    QTest.keyClick(tree, Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    assert numbers(box) == [4, 3] and [v.number for v in pair.versions] == [3, 4]
    assert not box.card.isVisible() and box.comparison.head.text() == "v3 → v4"
    assert not box.use.isEnabled() and not box.export.isEnabled()
    QTest.keyClick(tree, Qt.Key.Key_Up, Qt.KeyboardModifier.ControlModifier)
    for _ in range(3):  # past others that stay as they are
        QTest.keyClick(tree, Qt.Key.Key_Down, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(tree, Qt.Key.Key_Space, Qt.KeyboardModifier.ControlModifier)
    assert len(numbers(box)) == 3 and "two can be compared" in box.hint.text()


def test_without_a_choice_the_version_in_use_is_compared_with_its_parent(box: Any, studio: Any) -> None:
    box.tree.clearSelection()
    assert [v.number for v in studio.parts.pair.versions] == [1, 2]
    box.tree.choose((FAMILY[0].weights_id,))
    assert [v.number for v in studio.parts.pair.versions] == [1, 2], "v1 comes from no other"
    assert not box.comparison.isHidden()


def test_the_choice_follows_the_version_in_use_but_no_other_news(box: Any, studio: Any) -> None:
    box.tree.choose((REFUSED.weights_id,))
    studio.parts.session._take_state(ProjectState((), (*FAMILY, version(5, 2)), 0))
    assert numbers(box) == [3]
    active = [replace(v, state=WeightsState.RETIRED) for v in FAMILY[:2]]
    now = replace(FAMILY[3], state=WeightsState.ACTIVE)
    studio.parts.session._take_state(ProjectState((), (*active, REFUSED, now), 0))
    assert numbers(box) == [4]


def test_each_state_has_a_word_and_a_mark_of_its_own(box: Any, studio: Any) -> None:
    texts = [box.tree.item(row, 0).text() for row in range(4)]
    assert texts == ["v4 candidate", "v3 refused", "v2 in use", "v1 used before"]
    said = box.tree.item(1, 0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert said == "v3, refused, from v2, gain +0.020"
    assert [box.tree.item(1, column).text() for column in (1, 2)] == ["+0.020", "2026-05-04"]
    box.tree.clearSelection()
    drawn = set()
    for row in range(4):
        rect = box.tree.visualItemRect(box.tree.item(row, 0))
        lane = 0 if row != 1 else 14
        x, y = rect.left() + 5 + 7 + lane, rect.center().y()
        image = box.tree.viewport().grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
        ratio = image.devicePixelRatio()
        part = image.copy(round((x - 3) * ratio), round((y - 3) * ratio), 7, 7)
        drawn.add(bytes(part.constBits()))
    assert len(drawn) == len(STATE_WORDS) == 4


def test_the_card_tells_the_whole_reason_as_text_that_can_be_copied(box: Any) -> None:
    box.tree.choose((REFUSED.weights_id,))
    card = box.card.sections
    reason = card["ReasonSection"].reason
    assert reason.text() == REASON
    assert reason.textInteractionFlags() & Qt.TextInteractionFlag.TextSelectableByKeyboard
    settle(0.1)
    assert reason.hasHeightForWidth() and reason.height() >= reason.heightForWidth(reason.width())
    assert card["ReasonSection"].head.text() == "Why it was refused"
    assert card["HeadSection"].name.text() == "v3 · refused"
    assert (
        card["HeadSection"]
        .facts.text()
        .startswith("from v2 · made 2026-05-04 10:11 · 2 corrections · id 0000")
    )
    assert card["ScoresSection"].cells["dice", "change"].text() == "+0.020"


def test_a_version_that_only_evidence_is_missing_for_is_not_called_refused(box: Any, studio: Any) -> None:
    waits = replace(REFUSED, undecided=True)
    studio.parts.session._take_state(ProjectState((), (*FAMILY[:2], waits, FAMILY[3]), 0))
    box.tree.choose((waits.weights_id,))
    assert box.tree.item(1, 0).text() == "v3 undecided"
    card = box.card.sections
    assert card["HeadSection"].name.text() == "v3 · undecided"
    assert card["ReasonSection"].head.text() == "Why it is not decided yet"


def test_the_forgetting_meter_has_its_limit_marked_and_says_so_in_words(box: Any) -> None:
    box.tree.choose((REFUSED.weights_id,))
    section = box.card.sections["ForgettingSection"]
    meter = section.meter
    assert meter.filled == 1.0 and meter.limit_at == pytest.approx(0.020 / 0.047)
    assert section.told.text().startswith("0.047 forgotten, over the limit of 0.020: Dice 0.912 → 0.865")
    assert meter.accessibleName() == section.told.text()
    kept = replace(REFUSED, reference_after=scores(0.907))
    box.card.show_version(kept, FAMILY)
    assert meter.filled == pytest.approx(0.125) and meter.limit_at == 0.5
    better = replace(REFUSED, reference_after=scores(0.93))
    box.card.show_version(better, FAMILY)
    assert meter.filled == 0.0 and section.told.text().startswith("Nothing forgotten")


@pytest.fixture
def chinese() -> Iterator[None]:
    words.use("zh_CN")
    yield
    words.use(words.SOURCE)


def test_versions_and_forgetting_are_told_in_the_language_in_force(box: Any, chinese: None) -> None:
    box.card.show_version(REFUSED, FAMILY)
    assert box.card.sections["ForgettingSection"].told.text().startswith("遗忘 0.047，超过上限 0.020：")
    assert box.card.sections["ForgettingSection"].meter.toolTip().startswith("遗忘 0.047")
    assert version_title(replace(FAMILY[0], name="factory")) == f"v1 {words.tr('factory')}" != "v1 factory"
    rate = Forgetting(0.8, 0.7, 0.2, "Share named rightly").words
    assert words.again(rate) == "遗忘 0.100，未超过上限 0.200：参考集上正确命名的比例 0.800 → 0.700。"


def test_sections_with_nothing_to_say_are_not_there(box: Any) -> None:
    box.tree.choose((FAMILY[0].weights_id,))
    shown = {name for name, section in box.card.sections.items() if not section.isHidden()}
    assert shown == {"HeadSection"}
    assert len(box.card.sections) == len(SECTIONS)


def test_a_label_networks_card_counts_photos(box: Any) -> None:
    labels = LabelComparison(*(LabelScores(8, right, 0.5) for right in (5, 6, 8, 8)))
    named = replace(REFUSED, model="rmt", labels=labels, before=None, after=None, reference_before=None)
    box.card.show_version(named, (named,))
    assert "5 → 6 of 8" in box.card.sections["ScoresSection"].named.text()
    assert "Share named rightly" in box.card.sections["ForgettingSection"].told.text()


def test_a_hundred_versions_stay_narrow(studio: Any) -> None:
    studio.window.bring("learningPanel")
    box = studio.window.panel("learningPanel").versions
    states = (WeightsState.RETIRED, WeightsState.REFUSED, WeightsState.REFUSED)
    family, parent = [], 0
    for number in range(1, 101):
        state = WeightsState.ACTIVE if number == 100 else states[number % 3]
        family.append(version(number, parent, state, before=scores(0.7), after=scores(0.71)))
        parent = number if state is not WeightsState.REFUSED else parent
    studio.parts.session._take_state(ProjectState((), tuple(family), 0))
    tree = box.tree
    assert tree.rowCount() == 100 and max(line.row.lane for line in tree._lines) == 1
    assert box.minimumSizeHint().width() < 320
    tree.setFocus()
    for _ in range(20):
        QTest.keyClick(tree, Qt.Key.Key_Left)
    assert numbers(box)[0] < 45, "twenty generations back"
    settle(0.1)
    current = tree.visualItemRect(tree.currentItem())
    assert tree.viewport().rect().contains(current.center()), "it was scrolled into view"
    model = tree.selectionModel()
    model.select(
        tree.model().index(99, 0),
        QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows,
    )
    assert next(v.number for v in studio.parts.pair.versions) == 1


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
def test_the_bar_and_its_tick_stand_out_from_the_groove(tokens: Any) -> None:
    assert contrast(tokens.loss, tokens.groove) > 1.8 and contrast(tokens.success, tokens.groove) > 1.8
    assert contrast(tokens.text, tokens.groove) > 4.5
