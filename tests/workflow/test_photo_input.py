"""Claims about what the crack network is shown: the photo or the dehazed photo, and that it is told which."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from resatt_studio.errors import SettingsError, WeightsError
from resatt_studio.imaging.files import read_mask, read_photo
from resatt_studio.records.photo import Photo
from resatt_studio.workflow.dehaze import dehaze_photo, make_dehazer
from resatt_studio.workflow.jobs import drain
from resatt_studio.workflow.photo_input import PhotoInput, choose_input, clear_photo, photo_input
from resatt_studio.workflow.predict import predict_files
from resatt_studio.workflow.weights import choose_weights

Make = Callable[..., Any]


@pytest.fixture
def dehazer(small_weights: Make) -> Any:
    return make_dehazer(small_weights("dhformer"), "cpu", 1)


def photo_of(level: int) -> Photo:
    """A flat photo with a dark line; the brighter, the hazier."""
    pixels = np.full((40, 50, 3), level, np.uint8)
    return Photo("a" * 64, pixels)


@pytest.mark.parametrize(
    ("wanted", "level", "kind"),
    [
        (PhotoInput.RAW, 250, PhotoInput.RAW),
        (PhotoInput.DEHAZED, 5, PhotoInput.DEHAZED),
        (PhotoInput.AUTO, 5, PhotoInput.RAW),
        (PhotoInput.AUTO, 250, PhotoInput.DEHAZED),
    ],
)
def test_raw_and_dehazed_are_taken_at_their_word_and_auto_asks_the_haze(
    dehazer: Any, wanted: PhotoInput, level: int, kind: PhotoInput
) -> None:
    photo = photo_of(level)
    chosen = drain(choose_input(photo, wanted, dehazer))
    assert chosen.kind is kind
    assert (chosen.photo is photo) is (kind is PhotoInput.RAW)
    assert (chosen.seconds > 0) is (kind is PhotoInput.DEHAZED)


def test_a_dehazed_photo_never_passes_for_the_photo_or_for_one_of_other_weights(
    dehazer: Any, small_weights: Make
) -> None:
    photo = photo_of(200)
    dehazing = drain(dehaze_photo(dehazer, photo))
    other = drain(dehaze_photo(make_dehazer(small_weights("dhformer", seed=1), "cpu", 1), photo))
    ids = {photo.photo_id, clear_photo(dehazing).photo_id, clear_photo(other).photo_id}
    assert len(ids) == 3 and all(len(one) == 64 for one in ids)
    assert clear_photo(dehazing) == clear_photo(drain(dehaze_photo(dehazer, photo)))
    assert clear_photo(dehazing).pixels is dehazing.pixels


def test_an_unknown_input_is_told_with_the_known_ones() -> None:
    assert photo_input("auto") is PhotoInput.AUTO
    with pytest.raises(SettingsError, match=r"input 'foggy'.*raw, dehazed, auto"):
        photo_input("foggy")


def test_masks_of_raw_and_dehazed_photos_have_one_name_and_size_and_rows_say_which_is_which(
    weights_path: Path, photo_folder: Path, tmp_path: Path, small_weights: Make
) -> None:
    weights, rows = choose_weights(str(weights_path), None), {}
    for shown in PhotoInput:
        job = predict_files(
            weights,
            [photo_folder],
            tmp_path / shown,
            shown=shown,
            dehazer_weights=small_weights("dhformer"),
            device="cpu",
            threads=1,
        )
        done = drain(job)
        rows[shown] = done.photos
        assert bool(done.dehazer_id) is (shown is not PhotoInput.RAW)
        assert done.as_json()["dehazer"] == (done.dehazer_id or None)
    assert {row.input for row in rows[PhotoInput.RAW]} == {"raw"}
    assert {row.input for row in rows[PhotoInput.DEHAZED]} == {"dehazed"}
    for raw, clear in zip(rows[PhotoInput.RAW], rows[PhotoInput.DEHAZED], strict=True):
        assert raw.mask.name == clear.mask.name and raw.haze == clear.haze
        shape = read_photo(raw.photo).pixels.shape[:2]
        assert read_mask(raw.mask, shape).shape == read_mask(clear.mask, shape).shape


def test_nothing_is_dehazed_and_no_further_weights_are_read_by_default(
    weights_path: Path, photo_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resatt_studio.resources._CANDIDATES", (tmp_path / "nowhere",))
    weights = choose_weights(str(weights_path), None)
    done = drain(predict_files(weights, [photo_folder], tmp_path / "out", device="cpu", threads=1))
    assert {row.input for row in done.photos} == {"raw"}
    (tmp_path / "nowhere").mkdir()
    with pytest.raises(WeightsError, match="no factory weights of DHFormer"):
        drain(predict_files(weights, [photo_folder], tmp_path / "b", shown=PhotoInput.AUTO, device="cpu"))
