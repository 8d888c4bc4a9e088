"""Claims about colours: exact tables, and crack told from not-crack by every eye."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import array_shapes, arrays

from resatt_studio.imaging.colour import (
    LABEL_ALPHA,
    PALETTES,
    Palette,
    label_rgba,
    label_table,
    mask_rgba,
    probability_rgba,
    probability_table,
    uncertainty_rgba,
    uncertainty_table,
)
from resatt_studio.records.arrays import UInt8Array

# Linear-light matrices of full dichromacy: Machado, Oliveira, Fernandes, IEEE TVCG 15(6), 2009, table 1.
EYES = {
    "normal": np.eye(3),
    "protan": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "deutan": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "tritan": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}
palettes = pytest.mark.parametrize("palette", PALETTES.values(), ids=list(PALETTES))


def lab(colour: tuple[int, int, int], eye: str) -> np.ndarray:
    srgb = np.array(colour) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.array(EYES[eye]) @ linear, 0, 1)
    return cv2.cvtColor(seen.astype(np.float32).reshape(1, 1, 3), cv2.COLOR_LRGB2Lab)[0, 0]


@palettes
@pytest.mark.parametrize("eye", EYES)
def test_crack_and_not_crack_differ_for_every_eye(palette: Palette, eye: str) -> None:
    assert np.linalg.norm(lab(palette.crack, eye) - lab(palette.not_crack, eye)) > 40


@palettes
def test_probability_and_its_opacity_rise_together_and_in_grey_too(palette: Palette) -> None:
    table = probability_table(palette).astype(float)
    assert np.all(np.diff(table[:, 3]) >= 0)
    assert table[0, 3] == 0
    assert table[255, 3] == 255
    assert np.all(np.diff(table[:, :3] @ [0.2126, 0.7152, 0.0722]) > -1)


@palettes
def test_uncertainty_is_symmetric_and_greatest_at_even_odds(palette: Palette) -> None:
    alpha = uncertainty_table(palette)[:, 3].astype(int)
    assert np.array_equal(alpha, alpha[::-1])
    assert np.all(np.diff(alpha[:128]) >= 0)
    assert (alpha[0], alpha[127]) == (0, 255)


@given(arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=6)))
def test_colouring_is_looking_up_each_pixel(values: UInt8Array) -> None:
    for paint, table in (
        (probability_rgba, probability_table()),
        (uncertainty_rgba, uncertainty_table()),
        (label_rgba, label_table()),
    ):
        assert np.array_equal(paint(values), table[values])


@palettes
def test_unsaid_is_transparent_and_a_mask_has_the_crack_colour(palette: Palette) -> None:
    rgba = label_rgba(np.array([[0, 1, 2]], np.uint8), palette)
    assert rgba[0, 0, 3] == 0
    assert tuple(rgba[0, 1]) == (*palette.crack, LABEL_ALPHA)
    assert tuple(rgba[0, 2]) == (*palette.not_crack, LABEL_ALPHA)
    assert np.array_equal(mask_rgba(np.array([[False, True]]), palette), rgba[:, :2])


def test_tables_cannot_be_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        label_table()[0, 0] = 1
