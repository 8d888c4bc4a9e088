"""Claims about colours: states told apart by every eye, maps whose order survives colour blindness."""

from __future__ import annotations

from itertools import combinations

import cv2
import numpy as np
import pytest

from resatt_studio.errors import BugError
from resatt_studio.imaging.colour import COLOUR_MAPS, OKABE_ITO, colour_map

# Linear-light matrices of full dichromacy: Machado, Oliveira, Fernandes, IEEE TVCG 15(6), 2009, table 1.
EYES = {
    "normal": np.eye(3),
    "protan": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "deutan": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "tritan": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}


def lab(colour: object, eye: str) -> np.ndarray:
    srgb = np.asarray(colour, float).reshape(-1, 3) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.array(EYES[eye]).T, 0, 1)
    return cv2.cvtColor(seen.astype(np.float32)[None], cv2.COLOR_LRGB2Lab)[0]


def rgb(colour: str) -> list[int]:
    return [int(colour[at : at + 2], 16) for at in (1, 3, 5)]


@pytest.mark.parametrize("eye", EYES)
def test_any_two_colours_of_the_set_differ_for_every_eye(eye: str) -> None:
    for one, other in combinations(OKABE_ITO, 2):
        apart = np.linalg.norm(lab(rgb(one.colour), eye) - lab(rgb(other.colour), eye))
        assert apart > 14, (one, other)  # from about 10 on a difference is seen at a glance


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("name", COLOUR_MAPS)
def test_a_map_gets_lighter_with_the_value_for_every_eye(name: str, eye: str) -> None:
    lightness = lab(colour_map(name), eye)[:, 0]
    assert np.all(np.diff(lightness[::8]) > 0)
    assert lightness[-1] - lightness[0] > 55


def test_a_map_is_made_once_and_cannot_be_written_to() -> None:
    assert colour_map("viridis") is colour_map("viridis")
    with pytest.raises(ValueError, match="read-only"):
        colour_map("magma")[0, 0] = 1
    with pytest.raises(BugError, match="rainbow"):
        colour_map("rainbow")
