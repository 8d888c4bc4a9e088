"""Claims about learning through the rule that joins looks: it is that rule, and gradients reach looks."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from resatt_studio.errors import BugError
from resatt_studio.inference.label_rule import RULE, LabelRule, combine
from resatt_studio.learning.label_joining import joined, pile_up
from resatt_studio.learning.label_looks import PhotoLooks

LEVELS = ((1,), (2, 5), (2, 9, 48), (1, 4), (3,))


def drawn_looks(levels: tuple[int, ...], rng: np.random.Generator, copies: int = 2) -> PhotoLooks:
    shape = (sum(levels), copies)
    features = rng.normal(size=(*shape, 6)).astype(np.float32)
    return PhotoLooks(features, rng.normal(size=(*shape, 4)).astype(np.float32), levels)


@pytest.mark.parametrize(
    "rule",
    [RULE, LabelRule(crossing=0, trust=0, contrast=1), LabelRule(shift=0.7, trust=1, close_weight=0.3)],
)
def test_many_photos_at_once_get_the_answers_of_the_rule(rule: LabelRule) -> None:
    rng = np.random.default_rng(1)
    photos = [drawn_looks(levels, rng, copies) for copies, levels in enumerate(LEVELS, start=1)]
    weight = rng.normal(size=(4, 6)).astype(np.float32)
    pile = pile_up(photos, rule)
    answers = joined(pile, pile.features @ torch.from_numpy(weight).T + pile.besides, rule)
    for photo, answer in zip(photos, answers.numpy(), strict=True):
        logits = (photo.features @ weight.T + photo.besides).astype(np.float64)
        each = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
        levels = np.split(each.mean(axis=1), np.cumsum(photo.levels)[:-1])
        assert answer == pytest.approx(combine(levels, rule), abs=1e-6)
        assert answer.sum() == pytest.approx(1.0)


def test_a_type_reaches_the_looks_that_see_a_crack_and_hardly_the_others() -> None:
    looks = PhotoLooks(np.zeros((5, 1, 1), np.float32), np.zeros((5, 1, 4), np.float32), (1, 4))
    pile = pile_up([looks])
    logits = torch.tensor([[0.0, 1, 1, 0], [0, 3, 1, 0], [9, 0, 0, 0], [9, 0, 0, 0], [9, 0, 0, 0]])
    logits = logits.clone().requires_grad_()
    share = joined(pile, logits)[0, 2] / joined(pile, logits)[0, 1:].sum()
    share.log().neg().backward()
    assert logits.grad is not None
    reached = logits.grad[:, 1:].abs().sum(dim=1)
    assert reached[:2].min() > 100 * reached[2:].max()


def test_sure_answers_of_all_kinds_have_finite_gradients() -> None:
    looks = PhotoLooks(np.zeros((3, 1, 1), np.float32), np.zeros((3, 1, 4), np.float32), (1, 2))
    for row in np.eye(4):
        logits = torch.tensor(np.tile(200.0 * row, (3, 1)), dtype=torch.float32).requires_grad_()
        (joined(pile_up([looks]), logits).clamp_min(1e-12).log().sum()).backward()
        assert logits.grad is not None and bool(torch.isfinite(logits.grad).all())


def test_no_photo_is_our_own_mistake() -> None:
    with pytest.raises(BugError):
        pile_up([])
