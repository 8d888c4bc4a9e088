"""A photo is called what is most probable, and types turn with it."""

from __future__ import annotations

import pytest

from resatt_studio.records.labelling import Labelling
from resatt_studio.records.labels import CRACK_TYPES, CrackType, turned_quarter


@pytest.mark.parametrize(
    ("probabilities", "label"),
    [
        ((0.9, 0.05, 0.05, 0.0), CrackType.NO_CRACK),
        ((0.2, 0.2, 0.35, 0.25), CrackType.TRANSVERSE),
        ((0.4, 0.2, 0.25, 0.15), CrackType.NO_CRACK),
        ((0.0, 0.0, 0.0, 1.0), CrackType.BRANCHING),
    ],
)
def test_the_label_is_the_most_probable_type(probabilities: tuple[float, ...], label: CrackType) -> None:
    assert Labelling("0" * 64, "rmt", "1" * 64, probabilities).label is label


def test_two_quarter_turns_give_every_type_back() -> None:
    assert all(turned_quarter(turned_quarter(kind)) is kind for kind in CRACK_TYPES)
    assert turned_quarter(CrackType.LONGITUDINAL) is CrackType.TRANSVERSE
    assert turned_quarter(CrackType.BRANCHING) is CrackType.BRANCHING
