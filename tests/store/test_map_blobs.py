"""Maps in tiles: what was put in comes back, from any distance, and damage is told."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resatt_studio.annotation.tiled_labels import TiledLabels
from resatt_studio.app.canvas.pyramid import MaxPyramid, halved_levels
from resatt_studio.durable import PART_SUFFIX
from resatt_studio.errors import BugError, StoreError
from resatt_studio.imaging.halving import doubt_8bit, halve_max
from resatt_studio.imaging.tiles import plan_tiles
from resatt_studio.records.geometry import Box
from resatt_studio.store.blobs import BlobStore
from resatt_studio.store.map_blobs import StoredMap


def a_map(height: int, width: int, seed: int = 0) -> np.ndarray:
    """A map of which about half the tiles are empty."""
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 256, (height, width), np.uint8)
    for row, column in Box(0, 0, height, width).cells(256):
        if rng.random() < 0.5:
            values[row * 256 : row * 256 + 256, column * 256 : column * 256 + 256] = 0
    return values


def pieces(height: int, width: int, seed: int) -> list[Box]:
    """Boxes that cover a map once, in some order."""
    edges = [sorted({0, side, *np.random.default_rng(seed + side).integers(1, side + 1, 6).tolist()})
             for side in (height, width)]  # fmt: skip
    boxes = [
        Box(top, left, bottom, right)
        for top, bottom in zip(edges[0], edges[0][1:], strict=False)
        for left, right in zip(edges[1], edges[1][1:], strict=False)
    ]
    return [boxes[index] for index in np.random.default_rng(seed).permutation(len(boxes))]


def kept(blobs: BlobStore, values: np.ndarray, seed: int = 0) -> StoredMap:
    with blobs.map_writer(*values.shape) as writer:
        for box in pieces(*values.shape, seed):
            writer.put(box, values[box.slices])
        blob = writer.seal()
    found = blobs.open_map(blob)
    assert found is not None
    return found


@given(st.integers(1, 900), st.integers(1, 900), st.integers(0, 99))
def test_a_map_put_together_in_any_order_is_seen_as_the_whole_one_would_be(
    tmp_path_factory: pytest.TempPathFactory, height: int, width: int, seed: int
) -> None:
    blobs = BlobStore(tmp_path_factory.mktemp("blobs"))
    values = a_map(height, width, seed)
    found = kept(blobs, values, seed)
    assert np.array_equal(found.read(Box(0, 0, height, width)), values)
    highest, doubt = MaxPyramid(values), MaxPyramid(doubt_8bit(values))
    for whole in (highest, doubt):
        whole.levels = halved_levels(whole.values, halve_max)
    for level in range(len(highest.levels) + 1):
        cells = Box(0, 0, -(-height >> level), -(-width >> level))
        assert np.array_equal(found.block(level, cells), highest.block(level, cells)), level
        assert np.array_equal(found.doubt_block(level, cells), doubt.block(level, cells)), level
    assert np.array_equal(blobs.get_array(found.blob), values)


def test_what_came_so_far_can_be_seen_while_the_rest_is_under_way(tmp_path: Path) -> None:
    values = np.full((700, 900), 9, np.uint8)
    with BlobStore(tmp_path).map_writer(700, 900) as writer:
        writer.put(Box(0, 0, 300, 400), values[:300, :400])
        assert writer.read(Box(0, 0, 300, 400)).min() == 9 and writer.read(Box(600, 0, 700, 900)).max() == 0
        assert writer.knows(Box(10, 10, 20, 20)) and not writer.knows(Box(600, 600, 610, 610))
        assert writer.block(1, Box(0, 0, 100, 100)).min() == 9, "a whole tile is in the smaller size too"
        missing = np.ones((700, 900), np.bool_)
        missing[:300, :400] = False
        for box in (Box(0, 0, 700, 900), Box(200, 250, 520, 600), Box(9, 9, 20, 20), Box(600, 600, 610, 610)):
            assert np.array_equal(writer.missing(box), missing[box.slices])
        assert 0 < writer.nbytes < values.nbytes


def test_a_map_that_is_not_finished_leaves_no_file(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path)
    with pytest.raises(BugError), blobs.map_writer(700, 900) as writer:
        writer.put(Box(0, 0, 300, 400), np.ones((300, 400), np.uint8))
        writer.seal()
    assert not list(tmp_path.rglob("*.*")) and not list(blobs.all())
    with blobs.map_writer(300, 300) as writer:
        assert list(tmp_path.rglob(f"*{PART_SUFFIX}"))
        assert blobs.drop_parts() == 1, "what a killed process leaves is cleared"


def test_the_same_labels_are_the_same_blob_and_kept_once(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path)
    first, second = TiledLabels(5000, 7000), TiledLabels(5000, 7000)
    for labels, boxes in ((first, [10, 4000]), (second, [4000, 10])):
        for top in boxes:
            labels.write(Box(top, 20, top + 5, 60), np.ones((5, 40), np.uint8))
    blob = blobs.put_map(first)
    assert blobs.put_map(second) == blob and list(blobs.all()) == [blob]
    assert hashlib.sha256(blobs.path(blob).read_bytes()).hexdigest() == blob
    assert blobs.path(blob).stat().st_size < 2000, "nothing is kept of what nobody spoke about"
    found = blobs.open_map(blob)
    assert found is not None and blobs.put_map(found) == blob
    assert [index for index, _ in found.tiles()] == [index for index, _ in first.tiles()]


def test_damage_is_told_and_never_shown(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path)
    found = kept(blobs, a_map(800, 800))
    assert blobs.verify(found.blob) == ""
    data = bytearray(found.path.read_bytes())
    data[40] ^= 1  # in the first tile
    found.path.write_bytes(bytes(data))
    assert "damaged" in blobs.verify(found.blob)
    with pytest.raises(StoreError, match="damaged"):
        StoredMap(found.path).read(Box(0, 0, 800, 800))
    found.path.write_bytes(bytes(data[:-9]))
    with pytest.raises(StoreError, match="damaged"):
        StoredMap(found.path)
    found.path.unlink()
    with pytest.raises(StoreError, match="lacks"):
        found.read(Box(600, 600, 700, 700)), found.read(Box(0, 0, 500, 500))


def test_a_full_disk_is_told_with_its_cure_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from resatt_studio.store import map_blobs

    blobs = BlobStore(tmp_path)
    with pytest.raises(StoreError, match="No space left") as told, blobs.map_writer(600, 600) as writer:
        writer.put(Box(0, 0, 300, 300), a_map(300, 300, 3))

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(map_blobs.os, "fsync", full)
        writer.put(Box(300, 0, 600, 600), np.ones((300, 600), np.uint8))
        writer.put(Box(0, 300, 300, 600), np.ones((300, 300), np.uint8))
        writer.seal()
    assert "Free some disk space" in told.value.hint
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_boxes_of_network_tiles_wait_in_a_seam_alone(tmp_path: Path) -> None:
    """In reading order no more waits than a row of tiles, however high the map is."""
    from resatt_studio.imaging.tiles import Blend

    height, width = 6000, 1500
    boxes = plan_tiles(height, width, 512, 64)
    blend, most = Blend(height, width, boxes, 64), 0
    with BlobStore(tmp_path).map_writer(height, width) as writer:
        for box in boxes:
            for place, values in blend.add(box, np.ones((box.height, box.width), np.float32)):
                writer.put(place, values.astype(np.uint8))
            most = max(most, sum(tile.values.nbytes for tile in writer._waiting.values()))
        writer.seal()
    assert most < 3 * 256 * 1536 + 1_000_000 < height * width / 3
