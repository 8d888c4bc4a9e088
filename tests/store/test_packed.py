"""Streams are unpacked to the last byte, and never beyond their bound."""

from __future__ import annotations

import tracemalloc
import zlib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from resatt_studio.errors import StoreError
from resatt_studio.records.correction import TILE_PX
from resatt_studio.store import blobs
from resatt_studio.store.blobs import BlobStore
from resatt_studio.store.journal import unpacked_tiles
from resatt_studio.store.packed import unpacked

BOMB = zlib.compress(bytes(64 << 20))


@pytest.mark.parametrize("size", [0, 1, 1000, 65_536])
def test_what_fits_its_bound_comes_back(size: int) -> None:
    data = bytes(range(256)) * 256
    assert unpacked(zlib.compress(data[:size]), size) == data[:size]
    with pytest.raises(zlib.error, match="cut off"):
        unpacked(zlib.compress(data[:size])[:-1], size)


def test_what_holds_more_is_refused_before_it_takes_memory() -> None:
    tracemalloc.start()
    with pytest.raises(zlib.error, match="more than 1000 bytes"):
        unpacked(BOMB, 1000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


def test_a_tile_of_labels_holds_no_more_than_a_tile() -> None:
    tile = SimpleNamespace(tile_row=0, tile_column=0, labels=zlib.compress(bytes(TILE_PX * TILE_PX)))
    assert len(unpacked_tiles([tile], "It")[0, 0]) == TILE_PX * TILE_PX
    with pytest.raises(StoreError, match="It is damaged"):
        unpacked_tiles([SimpleNamespace(tile_row=0, tile_column=0, labels=BOMB)], "It")


def test_an_array_is_no_larger_than_a_photo_that_is_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = BlobStore(tmp_path)
    blob = store.put_array(np.zeros((100, 100), np.uint8))
    assert store.get_array(blob).shape == (100, 100)
    monkeypatch.setattr(blobs, "MAX_PIXELS", 5000)
    with pytest.raises(StoreError, match="holds no array"):
        store.get_array(blob)
