"""Claims about writing: what was written is read, and nothing is ever half there."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from resatt_studio.errors import BugError, ExportError
from resatt_studio.imaging.writing import encode_png, write_png, write_whole

planes = st.tuples(st.integers(1, 9), st.integers(1, 9))


def decoded(data: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)


@given(st.sampled_from([np.uint8, np.uint16]).flatmap(lambda dtype: arrays(dtype, planes)))
def test_grey_png_keeps_every_value(array: np.ndarray) -> None:
    back = decoded(encode_png(array))
    assert back.dtype == array.dtype
    assert np.array_equal(back, array)


@given(arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3))))
def test_colour_png_keeps_every_value_in_rgb_order(array: np.ndarray) -> None:
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(encode_png(array)))), array)


@given(arrays(np.uint8, planes, elements=st.integers(0, 2)))
def test_indexed_png_keeps_indices_and_palette(array: np.ndarray) -> None:
    palette = np.array([[0, 0, 0], [255, 77, 77], [64, 140, 255]], np.uint8)
    with Image.open(io.BytesIO(encode_png(array, palette))) as image:
        assert image.mode == "P"
        assert np.array_equal(np.asarray(image), array)
        assert image.getpalette()[:9] == palette.reshape(-1).tolist()


def test_a_mask_is_written_as_0_and_255() -> None:
    assert decoded(encode_png(np.array([[False, True]]))).tolist() == [[0, 255]]


@pytest.mark.parametrize(
    "array",
    [np.zeros((2, 2), np.float32), np.zeros((2, 2, 2), np.uint8), np.zeros((0, 3), np.uint8)],
    ids=["float", "two channels", "empty"],
)
def test_what_no_png_holds_is_refused(array: np.ndarray) -> None:
    with pytest.raises(BugError, match="no PNG holds"):
        encode_png(array)


def test_an_index_beyond_the_palette_is_refused() -> None:
    with pytest.raises(BugError, match="palette of 2"):
        encode_png(np.full((2, 2), 2, np.uint8), np.zeros((2, 3), np.uint8))


def test_writing_makes_folders_replaces_and_leaves_nothing_beside(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "mask [1].png"
    write_png(path, np.zeros((2, 2), np.uint8))
    write_png(path, np.ones((2, 2), np.uint8))
    assert decoded(path.read_bytes()).tolist() == [[1, 1], [1, 1]]
    assert list(path.parent.iterdir()) == [path]


def test_a_failed_write_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "weights.bin"
    write_whole(path, b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ExportError, match="No space left") as caught:
        write_whole(path, b"new")
    assert str(path) in caught.value.message
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ExportError, match="cannot be written"):
        write_whole(tmp_path / "file" / "mask.png", b"x")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no umask")
def test_others_may_read_what_was_written(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    write_whole(tmp_path / "whole", b"x")
    assert (tmp_path / "whole").stat().st_mode == (tmp_path / "plain").stat().st_mode
