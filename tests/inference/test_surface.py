"""Claims about who answers: fine-tuned weights at home, those they began with elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from resatt_studio.imaging.surface import describe_surface
from resatt_studio.inference.engine import Engine
from resatt_studio.inference.sliding import run_to_end
from resatt_studio.learning.surfaces import find_home, known_surfaces
from resatt_studio.models import create_model
from resatt_studio.models.state import pack_weights
from resatt_studio.records.photo import Photo
from resatt_studio.records.surface import KnownSurfaces, known_in, surfaces_in
from resatt_studio.records.weights import WeightsFile
from resatt_studio.synthesis.scenes import render_scene

CONFIG = {"base_width": 2, "t": 1, "stem": 2}
Draw = Callable[..., tuple[np.ndarray, np.ndarray]]


def weights(seed: int, **header: str) -> WeightsFile:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return pack_weights("r2aunet", CONFIG, create_model("r2aunet", **CONFIG).state_dict(), header)


def answer(weights: WeightsFile, pixels: np.ndarray, **more: np.ndarray) -> np.ndarray:
    engine = Engine("cpu", "fp32", 1, "folded")
    engine.use(weights)
    prediction = run_to_end(engine.predict(Photo("photo", pixels), **more))
    assert prediction.weights_id == weights.weights_id
    return prediction.probability_8bit


@pytest.fixture(scope="module")
def known() -> KnownSurfaces:
    scenes = {
        name: [describe_surface(render_scene(seed, 128, 128).pixels) for seed in range(first, first + 6)]
        for name, first in (("some", 0), ("more", 50))
    }
    return known_surfaces(scenes)


@pytest.fixture
def tuned(tiny_photo: Draw, known: KnownSurfaces) -> WeightsFile:
    """Fine-tuned on photos of ``tiny_photo``; drawn scenes are elsewhere."""
    home = find_home(known, [describe_surface(tiny_photo(128, 128, seed)[0]) for seed in range(4)])
    return weights(1, surfaces=known.to_text(), home=home.to_text(), elsewhere=weights(0).weights_id)


def test_photos_of_home_are_answered_by_the_tuned_weights_and_others_by_the_first(
    tiny_photo: Draw, tuned: WeightsFile
) -> None:
    first = weights(0)
    own, other = tiny_photo(128, 128, 9)[0], render_scene(3, 128, 128).pixels
    both = replace(tuned, elsewhere=first)
    assert np.array_equal(answer(both, own), answer(tuned, own))
    assert np.array_equal(answer(both, other), answer(first, other))
    assert not np.array_equal(answer(tuned, other), answer(first, other))


def test_a_dehazed_photo_is_placed_by_the_photo_as_it_was_taken(tiny_photo: Draw, tuned: WeightsFile) -> None:
    both = replace(tuned, elsewhere=weights(0))
    dehazed = render_scene(3, 128, 128).pixels
    assert np.array_equal(
        answer(both, dehazed, surface=describe_surface(tiny_photo(128, 128, 9)[0])), answer(tuned, dehazed)
    )


def test_other_weights_in_use_are_asked_from_then_on(tiny_photo: Draw, tuned: WeightsFile) -> None:
    engine = Engine("cpu", "fp32", 1, "folded")
    scene = render_scene(3, 128, 128).pixels
    for used in (replace(tuned, elsewhere=weights(0)), weights(5)):
        engine.use(used)
        steps = engine.predict(Photo("photo", scene))
        with pytest.raises(StopIteration) as stop:
            while True:
                next(steps)
    assert np.array_equal(stop.value.value.probability_8bit, answer(weights(5), scene))


@pytest.mark.parametrize("broken", ["surfaces", "home"])
def test_a_header_that_does_not_say_where_home_is_leaves_the_weights_to_answer_everywhere(
    tiny_photo: Draw, tuned: WeightsFile, broken: str
) -> None:
    header = {key: value for key, value in tuned.metadata.items() if key != broken}
    plain = replace(tuned, metadata=header | {broken: "{"}, elsewhere=weights(0))
    assert surfaces_in(plain.metadata) is None
    scene = render_scene(3, 128, 128).pixels
    assert np.array_equal(answer(plain, scene), answer(tuned, scene))


def test_weights_say_which_surfaces_they_began_with(tuned: WeightsFile, known: KnownSurfaces) -> None:
    told = known_in(tuned.metadata)
    assert told is not None
    assert told.names == known.names
    assert known_in(weights(0).metadata) is None
