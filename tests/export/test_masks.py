"""Claims about exported masks and probabilities: other programs read what the inspector saw."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from resatt_studio.export.items import ExportItem
from resatt_studio.export.masks import TRISTATE_PALETTE, composed_mask
from resatt_studio.export.registry import EXPORTERS
from resatt_studio.imaging.files import read_mask
from resatt_studio.records.arrays import UInt8Array
from resatt_studio.records.correction import Correction
from resatt_studio.records.photo import PhotoFacts
from resatt_studio.records.prediction import Prediction

LABELS = np.array([[0, 0, 1, 1, 2, 2]], np.uint8)
PROBABILITY = np.array([[0, 255, 0, 255, 0, 255]], np.uint8)
FACTS = PhotoFacts("p" * 64, Path("wall.jpg"), 1, 6, bytes=1)
PREDICTION = Prediction("p" * 64, "w" * 64, PROBABILITY, 0.0)
CORRECTION = Correction("p" * 64, LABELS)


def test_what_was_said_overrules_the_prediction_and_unsaid_pixels_keep_it() -> None:
    assert composed_mask(ExportItem(FACTS, PREDICTION, CORRECTION)).tolist() == [
        [False, True, True, True, False, False]
    ]
    assert composed_mask(ExportItem(FACTS, None, CORRECTION)).tolist() == [
        [False, False, True, True, False, False]
    ]
    assert np.array_equal(composed_mask(ExportItem(FACTS, PREDICTION)), PROBABILITY == 255)


@given(
    arrays(np.uint8, (3, 5)),
    arrays(np.uint8, (3, 5), elements=st.integers(0, 2)),
    st.floats(0.0, 1.0, exclude_max=True),
)
def test_the_exported_mask_is_the_one_the_inspector_saw(
    probability: UInt8Array, labels: UInt8Array, threshold: float
) -> None:
    from resatt_studio.annotation.composed import composed_mask as shown_mask

    facts = PhotoFacts("p" * 64, Path("wall.jpg"), 3, 5, bytes=1)
    prediction = Prediction("p" * 64, "w" * 64, probability, 0.0)
    item = ExportItem(facts, prediction, Correction("p" * 64, labels), threshold)
    assert np.array_equal(composed_mask(item), shown_mask(prediction, labels, threshold))


def test_the_mask_file_holds_0_and_255_in_one_8_bit_channel(tmp_path: Path) -> None:
    path = EXPORTERS["mask"].export(ExportItem(FACTS, PREDICTION, CORRECTION), tmp_path).paths[0]
    with Image.open(path) as image:
        assert image.mode == "L"
        assert np.asarray(image).tolist() == [[0, 255, 255, 255, 0, 0]]
    assert read_mask(path, (1, 6)).tolist() == [[False, True, True, True, False, False]]


def test_the_tristate_file_holds_the_labels_as_indices_with_their_colours(tmp_path: Path) -> None:
    exported = EXPORTERS["tristate"].export(ExportItem(FACTS, PREDICTION, CORRECTION), tmp_path)
    with Image.open(exported.paths[0]) as image:
        assert image.mode == "P"
        assert np.array_equal(np.asarray(image), LABELS)
        assert image.getpalette()[:9] == TRISTATE_PALETTE.reshape(-1).tolist()
    assert exported.summary == "validated: 2 pixels crack, 2 not crack, 2 unsaid"


def test_the_probability_file_spans_16_bits_exactly(tmp_path: Path) -> None:
    facts = PhotoFacts("p" * 64, Path("ramp.jpg"), 1, 256, bytes=1)
    ramp = Prediction("p" * 64, "w" * 64, np.arange(256, dtype=np.uint8)[None], 0.0)
    path = EXPORTERS["probability"].export(ExportItem(facts, ramp), tmp_path).paths[0]
    assert path.name == "ramp.probability.png"
    with Image.open(path) as image:
        samples = np.asarray(image)
    assert samples.dtype == np.uint16
    assert np.allclose(samples / 65535, np.arange(256) / 255, atol=1e-9)
