"""Claims about the yardstick: it learns, leaves its base alone, and has RootPainter's loss right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from resatt_studio.errors import LearningError
from resatt_studio.inference.sliding import run_to_end
from resatt_studio.learning.plain import learn_plainly, rootpainter_loss
from resatt_studio.learning.plain_recipe import Judges, PlainRecipe, Unsaid
from resatt_studio.learning.reference import ReferenceSet
from resatt_studio.models.state import state_of
from resatt_studio.records.correction import Label
from resatt_studio.records.photo import Split
from resatt_studio.records.sample import Sample
from resatt_studio.records.training import FineTunePlan, FineTuneResult
from resatt_studio.records.weights import WeightsFile

PLAN = FineTunePlan(seconds=600, steps=3, crop_px=64, batch=2)
NOTHING = ReferenceSet()


@pytest.fixture
def learned(tiny_weights: WeightsFile, make_sample: Callable[..., Sample]) -> Callable[..., FineTuneResult]:
    """``learned(recipe, samples=None, plan=PLAN, reference=NOTHING)``."""

    def run(
        recipe: PlainRecipe,
        samples: list[Sample] | None = None,
        plan: FineTunePlan = PLAN,
        reference: ReferenceSet = NOTHING,
    ) -> FineTuneResult:
        taught = [make_sample(0), make_sample(1)] if samples is None else samples
        return run_to_end(learn_plainly(tiny_weights, taught, recipe, plan, reference, "cpu", 1))

    return run


def test_the_same_seed_gives_the_same_weights_and_the_base_stays(
    learned: Callable[..., FineTuneResult], tiny_weights: WeightsFile
) -> None:
    data = tiny_weights.data
    first, second = learned(PlainRecipe()), learned(PlainRecipe())
    assert first.weights.weights_id == second.weights.weights_id != tiny_weights.weights_id
    assert tiny_weights.data == data and first.steps == 3 and first.before is None


@pytest.mark.parametrize(("optimiser", "rate"), [("adam", 5e-3), ("adamw", 5e-3), ("sgd", 0.05)])
def test_the_loss_falls(optimiser: str, rate: float, learned: Callable[..., FineTuneResult]) -> None:
    recipe = PlainRecipe(optimiser=optimiser, learning_rate=rate, momentum=0.9)
    losses = [loss for _, loss in learned(recipe, plan=replace(PLAN, steps=25)).losses]
    assert np.mean(losses[-5:]) < np.mean(losses[:5])


@pytest.mark.parametrize("frozen", [True, False])
def test_statistics_move_only_where_they_may(
    frozen: bool, learned: Callable[..., FineTuneResult], tiny_weights: WeightsFile
) -> None:
    before = state_of(tiny_weights)
    after = state_of(learned(PlainRecipe(frozen_statistics=frozen)).weights)
    means = [name for name in before if name.endswith("running_mean")]
    assert means and all(torch.equal(before[name], after[name]) for name in means) is frozen


def test_a_recipe_with_a_length_of_its_own_ends_there(learned: Callable[..., FineTuneResult]) -> None:
    recipe = PlainRecipe(steps_per_photo=1, least_steps=1, most_steps=9)
    assert learned(recipe, plan=replace(PLAN, steps=0)).steps == 2
    assert learned(recipe, plan=replace(PLAN, steps=1)).steps == 1


def test_it_stops_when_the_dice_was_enough_for_long_enough(learned: Callable[..., FineTuneResult]) -> None:
    assert learned(PlainRecipe(enough_dice=-1.0, enough_steps=2)).steps == 2


def test_what_is_held_back_teaches_or_judges(
    learned: Callable[..., FineTuneResult], make_sample: Callable[..., Sample]
) -> None:
    held_back = make_sample(5, Split.VALIDATION)
    judged = PlainRecipe(held_back_too=False, judges=Judges.VALIDATION)
    result = learned(judged, [make_sample(0), held_back])
    assert result.before is not None and result.after is not None and result.before.photos == 1
    assert learned(PlainRecipe(), [held_back]).steps == 3
    with pytest.raises(LearningError, match="no corrected photo"):
        learned(judged, [held_back])


def test_the_reference_set_is_replayed_and_judges(
    learned: Callable[..., FineTuneResult], tiny_reference: ReferenceSet
) -> None:
    recipe = PlainRecipe(replay=0.5, judges=Judges.REFERENCE)
    result = learned(recipe, reference=tiny_reference)
    assert result.reference_before is not None and result.before is None
    assert result.weights.weights_id != learned(recipe).weights.weights_id


def test_unsaid_pixels_are_what_the_recipe_says(
    learned: Callable[..., FineTuneResult], make_sample: Callable[..., Sample]
) -> None:
    unsaid = np.zeros((64, 64), np.uint8)
    predicted = np.zeros((64, 64), np.uint8)
    silent = [make_sample(0, labels=unsaid, predicted=predicted)]
    assert learned(PlainRecipe(unsaid=Unsaid.APPROVED), silent).steps == 3
    for kind in (Unsaid.IGNORED, Unsaid.HALF):
        with pytest.raises(LearningError):
            learned(PlainRecipe(unsaid=kind), silent)


def test_an_unknown_optimiser_is_refused(learned: Callable[..., FineTuneResult]) -> None:
    with pytest.raises(LearningError, match="adamw"):
        learned(PlainRecipe(optimiser="lion"))


@given(st.integers(0, 1000))
def test_rootpainters_loss_agrees_with_its_two_channel_original(seed: int) -> None:
    """The original: two logits, both set to zero where nothing was painted; Dice of the softmax and the mean
    cross-entropy over all pixels."""
    chance = torch.Generator().manual_seed(seed)
    two = torch.randn(2, 2, 8, 8, generator=chance)
    known = (torch.rand(2, 1, 8, 8, generator=chance) < 0.5).float()
    target = (torch.rand(2, 1, 8, 8, generator=chance) < 0.4).float() * known
    masked = two * known
    root = functional.softmax(masked, 1)[:, 1]
    labels = target[:, 0]
    dice = 1 - 2 * (root * labels).sum() / (root.sum() + labels.sum())
    entropy = functional.cross_entropy(masked, labels.long())
    ours = rootpainter_loss(two[:, 1:] - two[:, :1], target, known)
    assert float(ours) == pytest.approx(float(dice + 0.3 * entropy), abs=1e-5)


def test_rootpainters_loss_without_crack_is_cross_entropy_and_unknown_pixels_have_no_gradient() -> None:
    logits = torch.randn(1, 1, 8, 8, requires_grad=True)
    known = torch.zeros(1, 1, 8, 8)
    known[..., :4] = 1
    loss = rootpainter_loss(logits, torch.zeros(1, 1, 8, 8), known)
    (gradient,) = torch.autograd.grad(loss, logits)
    assert float(loss.detach()) < 0.3 * 2 and not gradient[..., 4:].any() and gradient[..., :4].all()


def test_painted_pixels_weigh_as_told(make_sample: Callable[..., Sample]) -> None:
    from resatt_studio.learning.plain import _page

    labels = np.zeros((64, 64), np.uint8)
    labels[:10] = Label.CRACK
    sample = make_sample(0, labels=labels, predicted=np.full((64, 64), 200, np.uint8))
    page = _page(sample, PlainRecipe(painted_weight=2.0))
    assert (page.weight[:10] == 2).all() and (page.weight[10:] == 1).all() and page.target.all()
