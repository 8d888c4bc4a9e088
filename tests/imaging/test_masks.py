"""Claims about masks: two clear values, the photo's size, or a refusal."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from resatt_studio.errors import MaskError
from resatt_studio.imaging.decode import decode
from resatt_studio.imaging.exif import upright
from resatt_studio.imaging.files import read_mask
from resatt_studio.imaging.masks import to_mask
from resatt_studio.imaging.writing import encode_png
from resatt_studio.records.arrays import BoolArray

MASK = np.zeros((20, 30), np.bool_)
MASK[8:11, 3:27] = True
ON = MASK.astype(np.uint8)


def saved(array: np.ndarray, format: str = "PNG", mode: str | None = None, **options: object) -> bytes:
    image = Image.fromarray(array) if mode is None else Image.fromarray(array).convert(mode)
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def read(data: bytes, shape: tuple[int, int] = (20, 30)) -> BoolArray:
    return to_mask(decode(data, "m.png"), shape, "m.png")


def as_tiff(array: np.ndarray, **options: object) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, array, **options)
    return buffer.getvalue()


CLEAR = {
    "0 and 255": saved(ON * 255),
    "0 and 1": saved(ON),
    "one bit": saved(ON * 255, mode="1"),
    "three equal channels": saved(np.dstack([ON * 255] * 3)),
    "opaque RGBA, as CrackMap has it": saved(np.dstack([ON * 255] * 3 + [ON * 0 + 255])),
    "alpha equal to the colour": saved(np.dstack([ON * 255] * 4)),
    "black and white palette": saved(ON * 255, mode="P"),
    "16 bit": encode_png(ON.astype(np.uint16) * 65535),
    "bool TIFF": as_tiff(MASK, photometric="minisblack"),
    "float TIFF": as_tiff(MASK.astype(np.float32)),
    "BMP": saved(ON * 255, "BMP"),
}


@pytest.mark.parametrize("data", CLEAR.values(), ids=list(CLEAR))
def test_every_clear_way_to_store_a_mask_is_read(data: bytes) -> None:
    assert np.array_equal(read(data), MASK)


@given(arrays(np.bool_, st.tuples(st.integers(1, 12), st.integers(1, 12))))
def test_a_mask_written_is_the_mask_read(mask: BoolArray) -> None:
    assert np.array_equal(read(encode_png(mask), mask.shape), mask)


@given(arrays(np.uint8, (4, 4), elements=st.sampled_from([0, 1, 2, 7, 254, 255])))
def test_values_are_read_only_when_they_are_two_clear_ones(values: np.ndarray) -> None:
    present = set(values.reshape(-1).tolist())
    if present <= {0, 1} or present <= {0, 255}:
        assert np.array_equal(read(saved(values), (4, 4)), values > 0)
    else:
        with pytest.raises(MaskError, match=r"m\.png.*values such as") as caught:
            read(saved(values), (4, 4))
        assert "PNG" in caught.value.hint


def test_a_jpeg_mask_with_blurred_edges_is_refused() -> None:
    with pytest.raises(MaskError, match="values such as"):
        read(saved(ON * 255, "JPEG", quality=60))


def test_coloured_masks_and_palettes_are_refused() -> None:
    with pytest.raises(MaskError, match="channels differ"):
        read(saved(np.dstack([ON * 255, ON * 0, ON * 0])))
    tristate = encode_png(ON, np.array([[0, 0, 0], [255, 77, 77], [64, 140, 255]], np.uint8))
    with pytest.raises(MaskError, match="channels differ"):
        read(tristate)


def test_a_tiff_that_stores_white_as_zero_is_refused() -> None:
    with pytest.raises(MaskError, match="white as 0"):
        read(as_tiff(MASK, photometric="miniswhite"))


def test_transparency_that_disagrees_with_the_colour_is_refused() -> None:
    with pytest.raises(MaskError, match="transparency"):
        read(saved(np.dstack([ON * 255] * 3 + [255 - ON * 255])))


def test_another_size_is_refused_and_a_turned_one_is_explained() -> None:
    with pytest.raises(MaskError, match="30 x 20 pixels, but its photo is 31 x 20") as caught:
        read(saved(ON * 255), (20, 31))
    assert "rotation" not in caught.value.message
    with pytest.raises(MaskError, match="before the camera's rotation"):
        read(saved(ON * 255), (30, 20))


@pytest.mark.parametrize("orientation", [3, 6])
def test_a_mask_with_its_own_orientation_is_turned_with_it(orientation: int) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    stored = upright(ON * 255, {3: 3, 6: 8}[orientation])
    assert np.array_equal(read(saved(stored, exif=exif.tobytes())), MASK)


def test_a_broken_mask_file_is_a_mask_error(tmp_path: Path) -> None:
    path = tmp_path / "broken.png"
    path.write_bytes(saved(ON * 255)[:-20])
    with pytest.raises(MaskError, match="broken"):
        read_mask(path, (20, 30))
    with pytest.raises(MaskError, match="was not found"):
        read_mask(tmp_path / "gone.png", (20, 30))


@pytest.mark.data
def test_masks_of_the_research_sets_are_clear(data_folder: Path) -> None:
    for folder in ("crackmap", "uav75", "nha12d"):
        for path in sorted((data_folder / folder / "masks").iterdir())[:3]:
            expected = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
            assert np.array_equal(read_mask(path, expected.shape), expected == 255)
