"""Blobs: content-addressed, whole or absent, never changed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from resatt_studio.durable import PART_SUFFIX
from resatt_studio.errors import StoreError
from resatt_studio.store.blobs import BlobStore, sha256, write_whole


@pytest.fixture(scope="module")
def shared_blobs(tmp_path_factory: pytest.TempPathFactory) -> BlobStore:
    return BlobStore(tmp_path_factory.mktemp("blobs"))


@given(st.binary(max_size=2000))
def test_bytes_come_back_under_their_hash(shared_blobs: BlobStore, data: bytes) -> None:
    blob = shared_blobs.put(data)
    assert blob == sha256(data)
    assert shared_blobs.get(blob) == data


@given(arrays.arrays(np.uint8, arrays.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=20)))
def test_arrays_come_back_equal_and_read_only(shared_blobs: BlobStore, array: np.ndarray) -> None:
    back = shared_blobs.get_array(shared_blobs.put_array(array))
    assert np.array_equal(back, array)
    assert back.shape == array.shape
    assert not back.flags.writeable


def test_an_array_that_is_not_contiguous_is_kept_as_it_looks(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path)
    array = np.arange(24, dtype=np.uint8).reshape(4, 6).T[::2]
    assert np.array_equal(blobs.get_array(blobs.put_array(array)), array)


def test_the_same_bytes_are_written_once(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path)
    path = blobs.path(blobs.put(b"crack"))
    before = path.stat().st_mtime_ns
    assert blobs.put(b"crack") == path.name
    assert path.stat().st_mtime_ns == before
    assert list(blobs.all()) == [path.name]


def test_a_torn_blob_is_written_anew(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path)
    blob = blobs.put(b"a whole blob")
    blobs.path(blob).write_bytes(b"a wh")
    assert blobs.put(b"a whole blob") == blob
    assert blobs.get(blob) == b"a whole blob"


def test_damage_is_named_never_returned(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path)
    blob = blobs.put_array(np.ones((9, 9), np.uint8))
    data = bytearray(blobs.path(blob).read_bytes())
    data[len(data) // 2] ^= 1
    blobs.path(blob).write_bytes(data)
    with pytest.raises(StoreError, match="damaged"):
        blobs.get_array(blob)
    assert "damaged" in blobs.verify(blob)


def test_a_missing_blob_is_named_with_its_file(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path)
    with pytest.raises(StoreError, match="lacks its file") as caught:
        blobs.get("ab" * 32)
    assert str(blobs.path("ab" * 32)) in caught.value.message
    assert caught.value.hint


def test_bytes_that_hold_no_array_are_refused(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path)
    with pytest.raises(StoreError, match="holds no array"):
        blobs.get_array(blobs.put(b"not compressed"))


def test_a_failed_write_leaves_the_old_file_and_no_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    write_whole(path, b"old")

    def refuse(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", refuse)
    with pytest.raises(StoreError, match="No space left") as caught:
        write_whole(path, b"new")
    assert "disk space" in caught.value.hint
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_dropping_parts_touches_no_blob(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path)
    blob = blobs.put(b"kept")
    blobs.path(blob).with_name(f"torn{PART_SUFFIX}").write_bytes(b"half")
    assert list(blobs.all()) == [blob]
    assert blobs.drop_parts() == 1
    assert blobs.get(blob) == b"kept"
