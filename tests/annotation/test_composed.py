"""Claims about the mask that the inspector sees."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from resatt_studio.annotation.composed import composed_mask
from resatt_studio.records.correction import Label
from resatt_studio.records.prediction import Prediction

PHOTO = "p" * 64


@given(st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_what_was_said_overrules_the_prediction_everywhere_else_the_threshold_decides(
    seed: int, threshold: float
) -> None:
    random = np.random.default_rng(seed)
    probability = random.integers(0, 256, (8, 9)).astype(np.uint8)
    labels = random.integers(0, 3, (8, 9)).astype(np.uint8)
    prediction = Prediction(PHOTO, "w" * 64, probability, 0.0)
    mask = composed_mask(prediction, labels, threshold)
    assert mask[labels == Label.CRACK].all()
    assert not mask[labels == Label.NOT_CRACK].any()
    unsaid = labels == Label.UNSAID
    assert np.array_equal(mask[unsaid], prediction.mask(threshold)[unsaid])
    assert np.array_equal(composed_mask(None, labels), labels == Label.CRACK)
