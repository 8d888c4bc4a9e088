"""Claims about where a project's surface ends, on descriptors drawn as clouds."""

from __future__ import annotations

import json

import numpy as np
import pytest

from resatt_studio.imaging.surface import DESCRIPTOR_LENGTH
from resatt_studio.learning.surfaces import find_home, known_surfaces
from resatt_studio.records.surface import HomeSurface, KnownSurfaces

RNG_SEED = 4
MIDDLES = np.random.default_rng(RNG_SEED).normal(0, 6, (5, DESCRIPTOR_LENGTH))


def cloud(surface: int, photos: int, seed: int = 0) -> list[np.ndarray]:
    """Descriptors of photos of one surface: scattered by one about its middle."""
    rng = np.random.default_rng([seed, surface])
    return list((MIDDLES[surface] + rng.normal(0, 1, (photos, DESCRIPTOR_LENGTH))).astype(np.float32))


@pytest.fixture
def known() -> KnownSurfaces:
    return known_surfaces({"road": cloud(0, 40), "wall": cloud(1, 40), "drawn": cloud(2, 3)})


def test_unseen_photos_of_home_are_at_home_and_those_of_known_surfaces_are_not(known: KnownSurfaces) -> None:
    home = find_home(known, cloud(3, 1), cloud(3, 20, seed=1))
    assert home.holds(np.stack(cloud(3, 50, seed=2)), known).mean() > 0.95
    for other in (0, 1, 2):
        assert not home.holds(np.stack(cloud(other, 50, seed=2)), known).any()


def test_photos_that_nobody_corrected_make_one_photo_a_better_guess(known: KnownSurfaces) -> None:
    odd = [cloud(3, 1)[0] + 2.0]  # a photo at the rim of its surface
    middle = known.place(MIDDLES[3][None].astype(np.float32))
    alone, together = find_home(known, odd), find_home(known, odd, cloud(3, 20, seed=1))
    assert together.distance(middle)[0] < 0.5 * alone.distance(middle)[0]
    assert together.photos[0] > alone.photos[0] == 1


def test_a_project_of_two_surfaces_is_at_home_on_both_and_not_between(known: KnownSurfaces) -> None:
    home = find_home(known, cloud(3, 3) + cloud(4, 3))
    assert len(home.places) == 2
    for surface in (3, 4):
        assert home.holds(np.stack(cloud(surface, 30, seed=5)), known).mean() > 0.9


def test_a_surface_that_was_known_already_is_home_once_it_is_corrected(known: KnownSurfaces) -> None:
    home = find_home(known, cloud(0, 5, seed=7))
    assert home.holds(np.stack(cloud(0, 40, seed=8)), known).mean() > 0.95
    assert not home.holds(np.stack(cloud(1, 40, seed=8)), known).any()


def test_the_order_of_photos_does_not_matter(known: KnownSurfaces) -> None:
    one = find_home(known, cloud(3, 4), cloud(3, 9, seed=1))
    other = find_home(known, cloud(3, 4)[::-1], cloud(3, 9, seed=1)[::-1])
    assert np.allclose(one.places, other.places)


def test_texts_of_both_kinds_come_back_as_they_were(known: KnownSurfaces) -> None:
    home = find_home(known, cloud(3, 2))
    again, there = HomeSurface.from_text(home.to_text()), KnownSurfaces.from_text(known.to_text())
    photos = np.stack(cloud(3, 20) + cloud(0, 20))
    assert np.array_equal(again.holds(photos, there), home.holds(photos, known))
    assert there.names == known.names
    assert again.photos == home.photos


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{}",
        "no json",
        json.dumps({"origin": [0, 0], "axes": [[1]], "places": [[1]], "names": ["road"]}),
        json.dumps({"origin": [0], "axes": [[1]], "places": [[1]], "names": []}),
        '{"origin": [0], "axes": [[NaN]], "places": [[1]], "names": ["road"]}',
    ],
)
def test_nonsense_is_no_known_surface(text: str) -> None:
    with pytest.raises(ValueError):
        KnownSurfaces.from_text(text)


@pytest.mark.parametrize(
    "text", ["{}", '{"places": [[1, 2]], "photos": [0]}', '{"places": [[1]], "photos": [1, 2]}']
)
def test_nonsense_is_no_home(text: str) -> None:
    with pytest.raises(ValueError):
        HomeSurface.from_text(text)
