"""Claims about a head that learns from answers: answers move, nothing else does, the gate and limits hold."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from resatt_studio.errors import BugError, LearningError, PhotoError
from resatt_studio.inference.labeller import Labeller
from resatt_studio.inference.paths import FOLDED
from resatt_studio.inference.sliding import run_to_end
from resatt_studio.learning import label_looks
from resatt_studio.learning.label_gate import judge_labels
from resatt_studio.learning.label_head import HeadStudent
from resatt_studio.learning.label_learning import learn_labels
from resatt_studio.learning.label_looks import KeptLooks, Looker, LookNetwork, body_id
from resatt_studio.learning.label_reference import LabelledTile, LabelReference
from resatt_studio.learning.reference import ReferenceSet
from resatt_studio.learning.student import NotFinite
from resatt_studio.models.state import pack_weights, state_of
from resatt_studio.records.arrays import UInt8Array
from resatt_studio.records.label_learning import AnsweredPhoto, LabelPlan, LabelResult
from resatt_studio.records.labels import CRACK_TYPES, CrackType
from resatt_studio.records.photo import Photo, Split
from resatt_studio.records.weights import WeightsFile

KINDS = (CrackType.NO_CRACK, CrackType.TRANSVERSE)
PLAN = LabelPlan("rmt", steps=120, learning_rate=0.1, pull=1e-4, replay=0.1)


def surface(number: int, kind: CrackType) -> UInt8Array:
    """A grey or a striped square, different for every number: any network can tell them apart."""
    rng = np.random.default_rng(number)
    pixels = rng.normal(165, 6, (96, 96, 3)).clip(0, 255).astype(np.uint8)
    if kind is CrackType.TRANSVERSE:
        cv2.line(pixels, (0, 30 + number), (95, 40 + number), (20, 20, 20), 7)
    return pixels


def answered(count: int, kinds: tuple[CrackType, ...] = KINDS, said: Any = None) -> list[AnsweredPhoto]:
    """Photos in turn of each kind; every third judges."""
    sides = [Split.VALIDATION if index % 3 == 1 else Split.TRAIN for index in range(count)]
    return [
        AnsweredPhoto(f"{index} {kinds[index % len(kinds)]}", "", side, said or kinds[index % len(kinds)])
        for index, side in enumerate(sides)
    ]


def read(photo: AnsweredPhoto) -> UInt8Array:
    number, kind = photo.photo_id.split()
    return surface(int(number), CrackType(kind))


def lesson(
    weights: WeightsFile,
    photos: list[AnsweredPhoto],
    plan: LabelPlan = PLAN,
    reference: LabelReference | None = None,
    **more: Any,
) -> Any:
    in_use = more.pop("in_use", weights)
    reader = more.pop("read", read)
    return learn_labels(
        weights, in_use, photos, reader, plan, reference or LabelReference(), "cpu", threads=1, **more
    )


@pytest.fixture(scope="module")
def learned(small_weights: Any) -> Any:
    """``learned(model)``: the tiny network, and what came of a lesson of 24 photos, learned once for all."""

    @cache
    def learn(model: str) -> tuple[WeightsFile, LabelResult]:
        base = small_weights(model)
        return base, run_to_end(lesson(base, answered(24), replace(PLAN, model=model)))

    return learn


@pytest.mark.parametrize("model", ["rmt", "revit"])
def test_learning_lowers_the_loss_and_moves_the_answers_of_photos_it_never_saw(
    learned: Any, model: str
) -> None:
    base, result = learned(model)
    losses = [loss for _, loss in result.losses]
    assert losses[-1] < 0.7 * losses[0]
    old, new = result.comparison.before, result.comparison.after
    assert new.surprise < old.surprise and new.right > old.right
    assert (old.photos, result.taught, len(result.gains)) == (8, 16, 8)
    assert old.surprise - new.surprise == pytest.approx(float(np.mean(result.gains)))
    assert judge_labels(result).promoted
    assert result.parent == base.weights_id == result.weights.metadata["parent"]


@pytest.mark.parametrize("model", ["rmt", "revit"])
def test_nothing_but_the_head_changes(learned: Any, model: str) -> None:
    base, result = learned(model)
    before, after = state_of(base), state_of(result.weights)
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed == {"head.weight", "head.bias"}
    assert body_id(base) == body_id(result.weights) and base.weights_id != result.weights.weights_id


@pytest.mark.parametrize("model", ["rmt", "revit"])
def test_the_app_answers_as_learning_judged(learned: Any, model: str) -> None:
    """The scores are those of whole photos, answered by the labeller with its own looks and rule."""
    _, result = learned(model)
    labeller = Labeller("cpu", "fp32", 1, path=FOLDED)
    labeller.use(result.weights)
    right, surprise = 0, []
    judges = [photo for photo in answered(24) if photo.split is Split.VALIDATION]
    for photo in judges:
        said = run_to_end(labeller.label(Photo(photo.photo_id, read(photo))))
        right += said.label is photo.kind
        chance = said.probabilities[CRACK_TYPES.index(photo.kind)]
        surprise.append(-np.log((1 - PLAN.slip) * chance + PLAN.slip / 4))
    assert right == result.comparison.after.right
    assert float(np.mean(surprise)) == pytest.approx(result.comparison.after.surprise, abs=1e-4)


def test_a_lesson_can_be_repeated_to_the_bit_and_starts_where_no_answer_was(learned: Any) -> None:
    base, result = learned("rmt")
    again = run_to_end(lesson(base, answered(24), in_use=result.weights))
    assert again.weights.weights_id == result.weights.weights_id, "nothing drifts"
    assert again.gains == (0.0,) * 8 and not judge_labels(again).promoted


@pytest.fixture(scope="module")
def seen() -> KeptLooks:
    """What the lessons of this file saw of the photos, where looking is not what they are about."""
    return KeptLooks()


def test_replay_keeps_the_old_answers(small_weights: Any, seen: KeptLooks) -> None:
    """Answers against all sense: without replay they reach everything, with it the tiles stay as they are."""
    tiles = [LabelledTile(f"t{n}", surface(100 + n, KINDS[n % 2]), KINDS[n % 2]) for n in range(12)]
    base = small_weights("rmt")
    wrong = answered(24, said=CrackType.BRANCHING)

    def forgotten(replay: float) -> float:
        held = LabelReference(tuple(tiles[:8]), tuple(tiles[8:]))
        plan = replace(PLAN, replay=replay)
        result = run_to_end(lesson(base, wrong, plan, held, kept=seen))
        old, new = result.comparison.reference_before, result.comparison.reference_after
        return abs(new.surprise - old.surprise)

    assert forgotten(30.0) < 0.3 * forgotten(0.0)


def test_answers_without_a_pattern_are_refused(small_weights: Any, seen: KeptLooks) -> None:
    rng = np.random.default_rng(4)
    photos = [replace(one, kind=CRACK_TYPES[rng.integers(4)]) for one in answered(24)]
    verdict = judge_labels(run_to_end(lesson(small_weights("rmt"), photos, kept=seen)))
    assert not verdict.promoted and verdict.reason.startswith("Not promoted: ")


@pytest.mark.parametrize(("count", "words"), [(0, "0 answered"), (12, "8 teach and 4 judge")])
def test_too_few_answers_are_told_with_what_is_wanted(small_weights: Any, count: int, words: str) -> None:
    with pytest.raises(LearningError, match="too few") as error:
        next(lesson(small_weights("rmt"), answered(count)))
    assert words in str(error.value) and "keys 1 to 4" in error.value.hint


def test_a_photo_that_cannot_be_read_is_left_out_and_too_many_of_them_end_the_lesson(
    small_weights: Any,
) -> None:
    def some(photo: AnsweredPhoto) -> UInt8Array:
        if int(photo.photo_id.split()[0]) in lost:
            raise PhotoError(f"{photo.photo_id} is gone.")
        return read(photo)

    lost = {3}
    result = run_to_end(lesson(small_weights("rmt"), answered(24), read=some))
    assert result.left_out == ("3 transverse is gone.",) and result.taught == 15
    lost = set(range(12))
    with pytest.raises(LearningError, match="too few"):
        run_to_end(lesson(small_weights("rmt"), answered(24), read=some))


def test_photos_are_looked_at_once_whichever_head_is_in_use(
    learned: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    base, result = learned("rmt")
    kept = KeptLooks()
    run_to_end(lesson(base, answered(24), kept=kept))

    def never(photo: AnsweredPhoto) -> UInt8Array:
        raise AssertionError("looked again")

    monkeypatch.setattr(LookNetwork, "seen", never)
    run_to_end(lesson(base, answered(24), kept=kept, read=never, in_use=result.weights))


def test_kept_looks_stay_within_their_bound() -> None:
    kept = KeptLooks(most=100)
    looks = label_looks.PhotoLooks(np.zeros((2, 2, 6), np.float32), np.zeros((2, 2, 4), np.float32), (2,))
    for name in "abc":
        kept.put(name, "body", looks)
        kept.get("a", "body")
    assert kept.get("a", "body") is looks and kept.get("b", "body") is None and kept.get("a", "x") is None


def test_numbers_that_are_not_finite_end_the_lesson_and_name_the_photo(small_weights: Any) -> None:
    base = small_weights("rmt")
    state = state_of(base)
    state["neck.linear.bias"] = torch.full_like(state["neck.linear.bias"], float("nan"))
    broken = pack_weights("rmt", base.config, state)
    with pytest.raises(LearningError, match="Photo 0 no_crack") as error:
        list(lesson(broken, answered(24)))
    assert "no number" in str(error.value)
    named = [replace(photo, name=f"wall {number}.jpg") for number, photo in enumerate(answered(24))]
    with pytest.raises(LearningError, match=r"Photo wall 0\.jpg"):
        list(lesson(broken, named))


def test_a_head_that_goes_too_far_ends_the_lesson_and_blames_no_photo(
    small_weights: Any, seen: KeptLooks
) -> None:
    with pytest.raises(LearningError, match="step 2: the loss is not finite"):
        list(lesson(small_weights("rmt"), answered(24), replace(PLAN, learning_rate=1e30), kept=seen))


def test_a_loss_that_is_not_finite_ends_the_lesson_and_names_the_photo(
    small_weights: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumbling(student: HeadStudent) -> float:
        raise NotFinite((student._names[0],))

    monkeypatch.setattr(HeadStudent, "step", stumbling)
    named = [replace(photo, name=f"wall {number}.jpg") for number, photo in enumerate(answered(24))]
    with pytest.raises(LearningError, match=r"the loss on photo wall \d+\.jpg is not finite"):
        list(lesson(small_weights("rmt"), named))


def test_when_memory_runs_out_fewer_looks_are_taken_at_a_time(
    small_weights: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = LookNetwork.seen
    refused: list[int] = []

    def sparing(self: LookNetwork, pixels: UInt8Array) -> Any:
        if len(pixels) > 1:
            refused.append(len(pixels))
            raise torch.OutOfMemoryError("out of memory")
        return seen(self, pixels)

    looker = Looker("cpu", 1)
    looker.use(small_weights("rmt"))
    wide = np.random.default_rng(0).integers(0, 255, (96, 300, 3), np.uint8)
    whole = run_to_end(looker.looks(wide, 48))
    monkeypatch.setattr(LookNetwork, "seen", sparing)
    one_by_one = run_to_end(looker.looks(wide, 48))
    assert refused and np.allclose(whole.features, one_by_one.features, atol=1e-5)
    assert whole.levels == one_by_one.levels


def test_closing_leaves_no_torch_mode_behind(small_weights: Any) -> None:
    steps = lesson(small_weights("revit"), answered(24), replace(PLAN, model="revit"))
    for _ in range(5):
        next(steps)
        assert torch.is_grad_enabled() and not torch.is_inference_mode_enabled()
    steps.close()


def test_weights_that_see_in_another_way_cannot_be_compared(small_weights: Any) -> None:
    with pytest.raises(BugError):
        next(lesson(small_weights("rmt"), answered(24), in_use=small_weights("rmt", 1)))


def test_reference_tiles_come_in_both_directions_and_those_that_judge_are_not_debatable() -> None:
    reference = LabelReference.of(ReferenceSet.drawn(range(8), side_px=96))
    assert len(reference.replay) == 8 and 0 < len(reference.exam) <= 8
    kinds = [tile.kind for tile in reference.exam]
    assert kinds.count(CrackType.LONGITUDINAL) == kinds.count(CrackType.TRANSVERSE)
    assert not {tile.name for tile in reference.replay} & {tile.name for tile in reference.exam}
