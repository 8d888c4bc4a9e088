"""Claims about photos written anew."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from resatt_studio.errors import BugError, ExportError
from resatt_studio.imaging.files import read_photo
from resatt_studio.imaging.photo_writing import suffix_for, write_photo


def smooth(height: int, width: int) -> np.ndarray:
    rows, columns = np.mgrid[:height, :width]
    return np.stack([rows * 2, columns * 2, rows + columns], axis=2).astype(np.uint8)


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        ("a.jpg", ".jpg"),
        ("a.JPEG", ".JPEG"),
        ("a.png", ".png"),
        ("a.tif", ".png"),
        ("a.webp", ".png"),
        ("a", ".png"),
    ],
)
def test_jpeg_and_png_keep_their_suffix_and_the_rest_becomes_png(name: str, suffix: str) -> None:
    assert suffix_for(Path(name)) == suffix


def test_a_png_holds_the_pixels_and_a_jpeg_nearly(tmp_path: Path) -> None:
    pixels = smooth(40, 60)
    write_photo(tmp_path / "deep" / "a.png", pixels)
    assert np.array_equal(read_photo(tmp_path / "deep" / "a.png").pixels, pixels)
    write_photo(tmp_path / "a.JPG", pixels)
    assert (tmp_path / "a.JPG").read_bytes()[:2] == b"\xff\xd8"
    assert np.abs(read_photo(tmp_path / "a.JPG").pixels.astype(int) - pixels).mean() < 2.0


def test_a_jpeg_keeps_full_colour_resolution(tmp_path: Path) -> None:
    red_blue = np.zeros((16, 16, 3), np.uint8)
    red_blue[:, ::2, 0] = red_blue[:, 1::2, 2] = 255
    write_photo(tmp_path / "a.jpg", red_blue)
    back = cv2.cvtColor(cv2.imread(str(tmp_path / "a.jpg")), cv2.COLOR_BGR2RGB)
    assert (back[:, ::2, 0] > 180).all() and (back[:, 1::2, 0] < 80).all()


def test_what_no_photo_file_holds_is_a_bug_and_an_unwritable_place_is_told(tmp_path: Path) -> None:
    with pytest.raises(BugError, match="JPEG or PNG"):
        write_photo(tmp_path / "a.tif", smooth(4, 4))
    with pytest.raises(BugError, match="shape"):
        write_photo(tmp_path / "a.jpg", smooth(4, 4)[..., 0])
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ExportError):
        write_photo(tmp_path / "file" / "a.jpg", smooth(4, 4))
