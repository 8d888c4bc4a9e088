"""Claims about taking the haze out of whole photos."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from resatt_studio.errors import BugError, OutOfMemory, WeightsError
from resatt_studio.imaging.dehazing import haze_estimate
from resatt_studio.inference import clearing
from resatt_studio.inference.clearing import HazeNetwork, clear_pixels, plan_cores, reduced
from resatt_studio.inference.dehazer import Dehazer, check_precision
from resatt_studio.inference.device import Compute
from resatt_studio.inference.sliding import cut, run_to_end, to_8bit
from resatt_studio.models.dhformer import Dehazed
from resatt_studio.records.photo import Photo

Make = Callable[..., Any]
EXACT = Compute(torch.device("cpu"))


class Untouched(nn.Module):
    """Says that there is no haze, and gives every photo back; ``amiss`` is what autocast adds."""

    radius_px = 3

    def __init__(self, limit: int = 1000, amiss: float = 0.0) -> None:
        super().__init__()
        self.limit, self.amiss = limit, amiss
        self.one = nn.Parameter(torch.ones(1))

    def forward(self, photo: Tensor, channel_gates: Tensor | None = None) -> Dehazed:
        if len(photo) > self.limit:
            raise torch.OutOfMemoryError(f"out of memory with {len(photo)} tiles")
        nothing, ones = torch.zeros_like(photo), torch.ones_like(photo[:, :1])
        clear = photo + self.amiss * torch.is_autocast_enabled("cpu")
        gates = torch.ones(len(photo), 1)
        return Dehazed(ones, photo, nothing, photo, nothing, clear, gates, ones)


@pytest.fixture
def network(small_network: Make) -> HazeNetwork:
    return HazeNetwork(small_network("dhformer"), EXACT, 1)


@given(
    height=st.integers(1, 300),
    width=st.integers(1, 300),
    tile_px=st.integers(1, 90),
    radius=st.integers(0, 20),
)
def test_the_parts_that_count_cover_every_pixel_once_and_keep_the_radius(
    height: int, width: int, tile_px: int, radius: int
) -> None:
    tile_px = max(tile_px, 4)
    counted = np.zeros((height, width), np.uint8)
    for tile, core in plan_cores(height, width, tile_px, radius):
        counted[core.slices] += 1
        assert core.expanded(radius).clipped(height, width).intersection(tile) == core.expanded(
            radius
        ).clipped(height, width)
    assert (counted == 1).all()


def test_tiles_with_given_gates_answer_as_the_whole_photo_does(network: HazeNetwork, noise: Make) -> None:
    photo = noise(150, 210)
    gates = network.clear(reduced(photo, 80)[None]).gates
    whole = network.clear(photo[None], gates)
    tiles = plan_cores(150, 210, 96, network.radius_px)
    assert len(tiles) >= 6
    for tile, core in tiles:
        answer = network.clear(cut(photo, [tile]), gates)
        inside = core.shifted(-tile.top, -tile.left).slices
        for field in ("clear", "transmission", "residual"):
            ours, theirs = getattr(answer, field)[0][inside], getattr(whole, field)[0][core.slices]
            np.testing.assert_allclose(ours, theirs, atol=2e-5, rtol=1e-5)


def test_a_photo_in_tiles_is_the_photo_in_one_piece_without_a_seam(network: HazeNetwork, noise: Make) -> None:
    photo = noise(120, 200)
    tiled = run_to_end(clear_pixels(network, photo, tile_px=90, survey_px=64))
    gates = network.clear(reduced(photo, 64)[None]).gates
    whole = network.clear(photo[None], gates)
    expected = to_8bit(np.clip(whole.clear[0], 0.0, 1.0))
    apart = np.abs(tiled.pixels.astype(int) - expected)
    assert apart.max() <= 1 and np.mean(apart > 0) < 1e-3
    assert np.abs(tiled.transmission_8bit.astype(int) - to_8bit(whole.transmission[0])).max() <= 1


def test_gates_of_a_tile_alone_would_show_a_seam(network: HazeNetwork, noise: Make) -> None:
    photo = noise(120, 200)
    photo[:, :100] //= 4
    halves = [network.clear(half[None]).clear[0] for half in (photo[:, :100], photo[:, 100:])]
    whole = network.clear(photo[None]).clear[0]
    inner = (slice(None), slice(0, 100 - network.radius_px))
    assert np.abs(halves[0][inner] - whole[:, :100][inner]).max() > 1e-4


@given(height=st.integers(1, 90), width=st.integers(1, 90), tile_px=st.integers(12, 40))
@settings(max_examples=20)
def test_a_network_that_sees_no_haze_gives_the_photo_back_bit_for_bit(
    height: int, width: int, tile_px: int
) -> None:
    photo = np.random.default_rng(height).integers(0, 256, (height, width, 3), dtype=np.uint8)
    answer = run_to_end(clear_pixels(HazeNetwork(Untouched(), EXACT, 1), photo, tile_px, survey_px=16))
    assert np.array_equal(answer.pixels, photo)
    assert (answer.transmission_8bit == 255).all()
    least, largest = answer.residual_range
    assert least <= 0.0 < largest
    assert np.abs(least + answer.residual_8bit / 255.0 * (largest - least)).max() <= (largest - least) / 255


def test_the_residual_can_be_read_back_from_eight_bits(network: HazeNetwork, noise: Make) -> None:
    photo = noise(60, 80)
    answer = run_to_end(clear_pixels(network, photo))
    least, largest = answer.residual_range
    residual = network.clear(photo[None]).residual[0]
    back = least + answer.residual_8bit / 255.0 * (largest - least)
    assert np.abs(back - residual).max() <= 0.51 * (largest - least) / 255.0


def test_a_small_photo_goes_through_in_one_piece_and_tiles_are_counted(
    network: HazeNetwork, noise: Make
) -> None:
    assert list(clear_pixels(network, noise(40, 64), survey_px=64)) == [(1, 1)]
    reports = list(clear_pixels(network, noise(40, 200), tile_px=90, survey_px=64))
    assert reports == [(done, len(reports)) for done in range(1, len(reports) + 1)] and len(reports) > 3


def test_torch_is_as_it_was_between_steps(network: HazeNetwork, noise: Make) -> None:
    for _ in clear_pixels(network, noise(40, 150), tile_px=90, survey_px=64):
        assert torch.is_grad_enabled() and not torch.is_inference_mode_enabled()
        assert not torch.is_autocast_enabled("cpu")


@pytest.mark.parametrize("level", [0, 255, 128])
def test_flat_photos_give_numbers(network: HazeNetwork, level: int) -> None:
    answer = network.clear(np.full((1, 40, 40, 3), level, np.uint8))
    assert all(np.isfinite(values).all() for values in answer)


def test_the_batch_halves_until_it_fits(noise: Make) -> None:
    greedy = HazeNetwork(Untouched(limit=2), EXACT, 1)
    greedy.batch = 8
    photo = noise(60, 60)
    answer = run_to_end(clear_pixels(greedy, photo, tile_px=20, survey_px=16))
    assert greedy.batch == 2 and np.array_equal(answer.pixels, photo)


def test_when_one_tile_does_not_fit_the_inspector_is_told_what_helps(noise: Make) -> None:
    with pytest.raises(OutOfMemory, match="small preset"):
        run_to_end(clear_pixels(HazeNetwork(Untouched(limit=0), EXACT, 1), noise(20, 20)))


def test_memory_is_the_answer_and_a_few_tiles() -> None:
    photo = np.zeros((3000, 1000, 3), np.uint8)
    network = HazeNetwork(Untouched(), EXACT, 1)
    tracemalloc.start()
    run_to_end(clear_pixels(network, photo, tile_px=256))
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    answer_bytes, tile_bytes = 7 * 3000 * 1000, 256 * 256 * 7 * 4
    assert peak_bytes < answer_bytes + 8 * tile_bytes


def test_a_dehazing_names_its_photo_and_weights_and_cannot_be_written(
    small_weights: Make, noise: Make
) -> None:
    dehazer, weights = Dehazer("cpu", "fp32", 1), small_weights("dhformer")
    dehazer.use(weights)
    photo = Photo("f" * 64, noise(50, 70))
    dehazing = run_to_end(dehazer.dehaze(photo))
    assert (dehazing.photo_id, dehazing.weights_id) == (photo.photo_id, weights.weights_id)
    assert dehazing.pixels.shape == dehazing.residual_8bit.shape == (50, 70, 3)
    assert dehazing.transmission_8bit.shape == (50, 70)
    assert dehazing.haze == haze_estimate(photo.pixels)
    assert dehazing.seconds > 0 and dehazing.device == "cpu"
    for array in (dehazing.pixels, dehazing.transmission_8bit, dehazing.residual_8bit):
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 1
    assert dehazing == run_to_end(dehazer.dehaze(photo))


def test_weights_of_another_task_and_asking_too_early_are_refused(small_weights: Make, noise: Make) -> None:
    dehazer = Dehazer("cpu")
    with pytest.raises(WeightsError, match=r"RMT cannot dehaze.*DHFormer"):
        dehazer.use(small_weights("rmt"))
    with pytest.raises(BugError, match="before"):
        next(dehazer.dehaze(Photo("a", noise(8, 8))))


@pytest.mark.parametrize(("amiss", "taken"), [(0.0, True), (0.001, True), (0.02, False)])
def test_half_precision_is_taken_where_nobody_would_see_it(amiss: float, taken: bool) -> None:
    network = HazeNetwork(Untouched(amiss=amiss), Compute(torch.device("cpu"), torch.bfloat16), 1)
    assert check_precision(network) is taken
    assert network.compute.dtype == torch.bfloat16
    made = Dehazer("cpu", "auto", 1)._make(Untouched(amiss=amiss), network.compute, 1)
    assert (made.compute.dtype == torch.bfloat16) is taken


def test_the_survey_is_reduced_by_area_and_never_enlarged(noise: Make) -> None:
    photo = noise(30, 60)
    assert reduced(photo, 60) is photo and reduced(photo, 100) is photo
    flat = np.full((400, 100, 3), 77, np.uint8)
    small = reduced(flat, clearing.SURVEY_PX // 4)
    assert small.shape == (128, 32, 3) and (small == 77).all()
