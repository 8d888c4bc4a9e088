"""Claims about photos that go through a network in tiles."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from itertools import cycle
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from resatt_studio.errors import OutOfMemory
from resatt_studio.inference.device import Compute
from resatt_studio.inference.folding import fold_norms
from resatt_studio.inference.segmenter import Segmenter
from resatt_studio.inference.sliding import (
    batches,
    entropy,
    next_batch,
    predict_tiles,
    run_to_end,
    to_8bit,
)
from resatt_studio.records.geometry import Box

Make = Callable[..., Any]
EXACT = Compute(torch.device("cpu"))


def ramp(height: int, width: int) -> np.ndarray:
    """A photo whose brightness is linear in row and column."""
    rows, columns = np.mgrid[:height, :width]
    grey = (rows * 120 / height + columns * 120 / width).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)


@given(
    height=st.integers(1, 150),
    width=st.integers(1, 150),
    tile_px=st.integers(16, 64),
    overlap_px=st.integers(0, 15),
)
@settings(max_examples=25, deadline=None)
def test_tiles_of_a_linear_photo_blend_back_to_it(
    brightness: Make, height: int, width: int, tile_px: int, overlap_px: int
) -> None:
    photo = ramp(height, width)
    answer, _ = run_to_end(predict_tiles(Segmenter(brightness(), EXACT), photo, tile_px, overlap_px))
    logit = 3.0 * (photo[:, :, 0] / 127.5 - 1.0)
    expected = 255.0 / (1.0 + np.exp(-logit))
    assert np.abs(answer - expected).max() <= 0.5 + 1e-3


def test_tiled_equals_whole_away_from_rounding(noise: Make, small_r2aunet: Make) -> None:
    segmenter = Segmenter(small_r2aunet(), EXACT)
    photo = noise(288, 352)
    whole, _ = run_to_end(predict_tiles(segmenter, photo, 512, 64))
    tiled, _ = run_to_end(predict_tiles(segmenter, photo, 192, 64))
    assert np.abs(whole.astype(int) - tiled).mean() < 1.0
    assert np.percentile(np.abs(whole.astype(int) - tiled), 99) <= 4


def test_a_batch_of_tiles_answers_like_single_tiles(noise: Make, small_r2aunet: Make) -> None:
    segmenter = Segmenter(small_r2aunet(), EXACT)
    photo = noise(200, 260)
    one_by_one, _ = run_to_end(predict_tiles(segmenter, photo, 96, 32))
    segmenter.batch = 3
    in_threes, _ = run_to_end(predict_tiles(segmenter, photo, 96, 32))
    assert np.abs(one_by_one.astype(int) - in_threes).max() <= 1


def test_progress_counts_every_tile_and_leaves_torch_as_it_was(noise: Make, small_r2aunet: Make) -> None:
    seed = torch.random.get_rng_state()
    reports = []
    for report in predict_tiles(Segmenter(small_r2aunet(), EXACT), noise(130, 130), 64, 16):
        reports.append(report)
        assert not torch.is_inference_mode_enabled()
        assert torch.is_grad_enabled()
        assert not torch.is_autocast_enabled("cpu")
        assert torch.equal(torch.random.get_rng_state(), seed)
    assert [report[:2] for report in reports] == [(done, 9) for done in range(1, 10)]


@given(
    height=st.integers(1, 150),
    width=st.integers(1, 150),
    batch=st.integers(1, 4),
    looks=st.lists(st.tuples(st.integers(0, 140), st.integers(0, 140)), min_size=1),
)
@settings(max_examples=15, deadline=None)
def test_wherever_somebody_looks_the_answer_is_the_same_to_the_last_bit(
    brightness: Make, noise: Make, height: int, width: int, batch: int, looks: list[tuple[int, int]]
) -> None:
    photo = noise(height, width)
    segmenter = Segmenter(brightness(), EXACT)
    segmenter.batch = batch
    looked = cycle(looks)

    def looked_at() -> Box:
        top, left = next(looked)
        return Box(top, left, top + 30, left + 30).clipped(height, width)

    in_turn = run_to_end(predict_tiles(segmenter, photo, 48, 12))
    led = run_to_end(predict_tiles(segmenter, photo, 48, 12, looked_at))
    assert np.array_equal(led[0], in_turn[0])
    assert led[1] == in_turn[1]


def test_what_is_reported_is_the_answer_in_parts_and_read_only(noise: Make, small_r2aunet: Make) -> None:
    photo = noise(130, 170)
    parts = np.zeros((130, 170), np.uint8)
    times = np.zeros((130, 170), int)
    steps = predict_tiles(Segmenter(small_r2aunet(), EXACT), photo, 64, 16, lambda: Box(60, 60, 90, 90))
    while True:
        try:
            report = next(steps)
        except StopIteration as stop:
            answer = stop.value[0]
            break
        for box, values in report.pieces:
            assert not values.flags.writeable
            parts[box.slices] = values
            times[box.slices] += 1
    assert (times == 1).all()
    assert np.array_equal(parts, answer)


def test_the_first_tile_is_where_somebody_looks_and_the_rest_follows_the_eye(
    noise: Make, brightness: Make
) -> None:
    seen = [Box(250, 250, 290, 290)]
    finished = []
    for report in predict_tiles(Segmenter(brightness(), EXACT), noise(300, 300), 64, 16, lambda: seen[-1]):
        finished.append([box for box, _ in report.pieces])
        if report.done == 2:
            seen.append(Box(0, 0, 40, 40))
    assert all(box.top > 150 and box.left > 150 for boxes in finished[:2] for box in boxes)
    assert all(box.bottom < 150 and box.right < 150 for box in finished[2])


def test_a_batch_is_made_of_neighbours_whatever_comes_first() -> None:
    boxes = [Box(0, left, 10, left + 10) for left in range(0, 70, 10)]
    whole = batches(boxes, 3)
    assert whole == [boxes[:3], boxes[3:6], boxes[6:]]
    assert next_batch(whole, Box(0, 60, 10, 70)) == boxes[6:]
    assert next_batch(whole, None) == next_batch(whole, Box(0, 0, 0, 0)) == boxes[:3]


def test_memory_that_runs_out_while_somebody_looks_changes_no_answer(
    brightness: Make, greedy: Make, noise: Make
) -> None:
    segmenter = Segmenter(greedy(limit=3), EXACT)
    segmenter.batch = 8
    photo = noise(100, 100)
    led, _ = run_to_end(predict_tiles(segmenter, photo, 40, 8, lambda: Box(80, 80, 90, 90)))
    plain, _ = run_to_end(predict_tiles(Segmenter(brightness(), EXACT), photo, 40, 8))
    assert np.array_equal(led, plain)


def test_the_batch_halves_until_it_fits(brightness: Make, greedy: Make, noise: Make) -> None:
    segmenter = Segmenter(greedy(limit=3), EXACT)
    segmenter.batch = 8
    photo = noise(100, 100)
    answer, _ = run_to_end(predict_tiles(segmenter, photo, 40, 8))
    assert segmenter.batch == 2
    plain, _ = run_to_end(predict_tiles(Segmenter(brightness(), EXACT), photo, 40, 8))
    assert np.array_equal(answer, plain)


def test_when_one_tile_does_not_fit_the_inspector_is_told_what_helps(greedy: Make, noise: Make) -> None:
    with pytest.raises(OutOfMemory, match="smaller base width"):
        run_to_end(predict_tiles(Segmenter(greedy(limit=0), EXACT), noise(20, 20)))


def test_other_runtime_errors_are_not_taken_for_memory(noise: Make, small_r2aunet: Make) -> None:
    with pytest.raises(RuntimeError, match="channels"):
        run_to_end(predict_tiles(Segmenter(small_r2aunet(in_channels=4), EXACT), noise(64, 64)))


@pytest.mark.parametrize("seen", [None, Box(0, 0, 6000, 1500), Box(2900, 0, 3100, 200)])
def test_memory_stays_within_a_row_of_tiles(brightness: Make, seen: Box | None) -> None:
    photo = np.zeros((6000, 1500, 3), np.uint8)
    segmenter = Segmenter(brightness(), EXACT)
    tracemalloc.start()
    run_to_end(predict_tiles(segmenter, photo, 512, 64, lambda: seen))
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    answer_bytes, band_bytes = 6000 * 1500, 512 * 1500 * 4
    assert peak_bytes < answer_bytes + 8 * band_bytes


def test_entropy_is_zero_when_sure_and_log_two_when_not() -> None:
    assert entropy(np.array([[0.0, 1.0]], np.float32)) == pytest.approx(0.0, abs=1e-5)
    assert entropy(np.full((2, 2), 0.5, np.float32)) == pytest.approx(4 * np.log(2), rel=1e-6)


def test_mean_entropy_does_not_depend_on_the_tiling(brightness: Make, noise: Make) -> None:
    photo = noise(90, 70)
    _, whole = run_to_end(predict_tiles(Segmenter(brightness(), EXACT), photo, 512, 64))
    _, tiled = run_to_end(predict_tiles(Segmenter(brightness(), EXACT), photo, 32, 8))
    assert tiled == pytest.approx(whole, rel=1e-5)


def test_eight_bits_round_to_the_nearest() -> None:
    assert to_8bit(np.array([0.0, 0.4999 / 255, 0.5001 / 255, 1.0], np.float32)).tolist() == [0, 0, 1, 255]


@pytest.mark.parametrize("config", [{"stem": 1}, {"stem": 2}, {"t": 2, "base_width": 6}])
def test_folded_norms_change_no_answer(noise: Make, small_r2aunet: Make, config: dict[str, int]) -> None:
    network = small_r2aunet(**config)
    folded = small_r2aunet(**config)
    assert fold_norms(folded) == 9 * 2 + 4 + 4 * 3
    photo = torch.from_numpy(noise(64, 64)).permute(2, 0, 1)[None].float() / 127.5 - 1
    with torch.inference_mode():
        assert torch.allclose(network(photo), folded(photo), atol=1e-4)


def test_a_segmenter_leaves_its_network_alone(noise: Make, small_r2aunet: Make) -> None:
    network = small_r2aunet()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    segmenter = Segmenter(network, EXACT)
    first = segmenter.logits(noise(64, 64)[None])
    assert network.state_dict().keys() == before.keys()
    with torch.no_grad():
        network.head.bias.add_(100.0)
    assert np.array_equal(segmenter.logits(noise(64, 64)[None]), first)
