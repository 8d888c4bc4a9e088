"""Claims about scores of weights on photos with masks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from resatt_studio.errors import MaskError
from resatt_studio.inference.sliding import run_to_end
from resatt_studio.learning.evaluate import EvaluationProgress, Example, evaluate
from resatt_studio.records.weights import WeightsFile
from resatt_studio.synthesis.scenes import render_scene


def examples(number: int = 3, side_px: int = 64) -> list[Example]:
    scenes = [render_scene(seed, side_px, side_px) for seed in range(number)]
    return [Example(f"{seed}.png", scene.pixels, scene.mask) for seed, scene in enumerate(scenes)]


def with_bias(weights: WeightsFile, bias: float) -> WeightsFile:
    """The same network, sure of one answer everywhere."""
    from resatt_studio.models.state import pack_weights, state_of

    state = state_of(weights)
    state["head.weight"] = torch.zeros_like(state["head.weight"])
    state["head.bias"] = torch.full_like(state["head.bias"], bias)
    return pack_weights(weights.model, weights.config, state)


def test_each_photo_has_a_row_and_micro_pools_their_counts(tiny_weights: WeightsFile) -> None:
    whole = run_to_end(evaluate(tiny_weights, examples(), device="cpu"))
    assert [row.name for row in whole.photos] == ["0.png", "1.png", "2.png"]
    tp = sum(row.counts.tp for row in whole.photos)
    wrong = sum(row.counts.fp + row.counts.fn for row in whole.photos)
    assert whole.micro.dice == pytest.approx(2 * tp / (2 * tp + wrong))
    assert whole.macro.dice == pytest.approx(np.mean([row.scores.dice for row in whole.photos]))
    assert whole.micro.photos == 3
    assert whole.seconds_per_megapixel > 0


def test_iou_of_pooled_pixels_follows_from_dice(tiny_weights: WeightsFile) -> None:
    micro = run_to_end(evaluate(tiny_weights, examples(), device="cpu")).micro
    assert micro.iou == pytest.approx(micro.dice / (2 - micro.dice))


def test_calling_everything_crack_finds_every_crack(tiny_weights: WeightsFile) -> None:
    micro = run_to_end(evaluate(with_bias(tiny_weights, 9.0), examples(), device="cpu")).micro
    truth = np.mean([example.truth.mean() for example in examples()])
    assert micro.recall == 1.0
    assert micro.precision == pytest.approx(truth)


def test_unknown_pixels_never_count(tiny_weights: WeightsFile) -> None:
    shown = examples(1)[0]
    known = np.zeros(shown.truth.shape, bool)
    known[:, :20] = True
    flipped = np.where(known, shown.truth, ~shown.truth)
    first = run_to_end(evaluate(tiny_weights, [Example("a", shown.pixels, shown.truth, known)], device="cpu"))
    second = run_to_end(evaluate(tiny_weights, [Example("a", shown.pixels, flipped, known)], device="cpu"))
    assert first.micro == second.micro


def test_the_threshold_decides_between_all_and_nothing(tiny_weights: WeightsFile) -> None:
    undecided = with_bias(tiny_weights, 0.0)  # probability 0.5, stored as 128 of 255
    low = run_to_end(evaluate(undecided, examples(), threshold=0.4, device="cpu")).micro
    high = run_to_end(evaluate(undecided, examples(), threshold=0.6, device="cpu")).micro
    assert (low.recall, high.recall) == (1.0, 0.0)


def test_centre_lines_are_scored_only_when_asked_for(tiny_weights: WeightsFile) -> None:
    assert run_to_end(evaluate(tiny_weights, examples(1), device="cpu")).centreline_dice is None
    asked = run_to_end(evaluate(tiny_weights, examples(1), centreline=True, device="cpu"))
    assert 0.0 <= asked.centreline_dice <= 1.0


def test_photos_are_read_one_at_a_time(tiny_weights: WeightsFile) -> None:
    read: list[str] = []

    def reading() -> Any:
        for example in examples():
            read.append(example.name)
            yield example

    for report in evaluate(tiny_weights, reading(), device="cpu"):
        assert isinstance(report, EvaluationProgress)
        assert len(read) <= report.photos_done + 1
    assert len(read) == 3


def test_a_mask_of_another_size_is_named(tiny_weights: WeightsFile) -> None:
    shown = examples(1)[0]
    with pytest.raises(MaskError, match=r"mask of 0\.png is 64 x 32 pixels, its photo 64 x 64"):
        run_to_end(evaluate(tiny_weights, [Example("0.png", shown.pixels, shown.truth[:32])], device="cpu"))


def test_no_photo_at_all_is_told(tiny_weights: WeightsFile) -> None:
    with pytest.raises(MaskError, match="no photo to judge"):
        run_to_end(evaluate(tiny_weights, [], device="cpu"))
