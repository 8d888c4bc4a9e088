"""The finished pieces of a prediction: all that came whole comes back, and nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from resatt_studio.errors import StoreError
from resatt_studio.records.geometry import Box
from resatt_studio.store.blobs import BlobStore
from resatt_studio.store.unfinished import FinishedPiece, UnfinishedMap

SIZE = (700, 900)
ABOUT = {"photo": "a" * 64, "weights": "b" * 64}


def piece(seed: int) -> FinishedPiece:
    rng = np.random.default_rng(seed)
    top, left = rng.integers(0, 500, 2).tolist()
    box = Box(top, left, top + int(rng.integers(1, 200)), left + int(rng.integers(1, 400)))
    values = rng.integers(0, 256, (box.height, box.width)).astype(np.uint8)
    return FinishedPiece(box, values, float(rng.random()), seed / 7)


def same(one: FinishedPiece, other: FinishedPiece) -> bool:
    numbers = (one.place, one.entropy, one.seconds) == (other.place, other.entropy, other.seconds)
    return numbers and np.array_equal(one.values, other.values)


def written(path: Path, seeds: range) -> bytes:
    with UnfinishedMap(path, ABOUT, *SIZE) as kept:
        list(kept.pieces())
        kept.add([piece(seed) for seed in seeds])
        while_open = path.read_bytes()
    assert while_open == path.read_bytes(), "a process that is killed leaves what closing leaves"
    return while_open


def test_pieces_come_back_to_the_last_bit_and_further_ones_follow(tmp_path: Path) -> None:
    path = tmp_path / "unfinished" / "photo"
    written(path, range(3))
    written(path, range(3, 5))
    with UnfinishedMap(path, ABOUT, *SIZE) as kept:
        found = list(kept.pieces())
    assert len(found) == 5 and all(same(one, piece(seed)) for seed, one in enumerate(found))
    assert not found[0].values.flags.writeable


def test_wherever_it_is_cut_off_the_whole_pieces_before_come_back_and_more_can_follow(tmp_path: Path) -> None:
    path = tmp_path / "photo"
    data = written(path, range(3))
    ends = [len(written(tmp_path / f"first-{count}", range(count))) for count in range(4)]
    for cut in {*range(0, len(data), 997), *ends, *(end - 1 for end in ends), *(end + 1 for end in ends)}:
        path.write_bytes(data[:cut])
        with UnfinishedMap(path, ABOUT, *SIZE) as kept:
            found = list(kept.pieces())
            assert len(found) == max(0, sum(end <= cut for end in ends) - 1)
            kept.add([piece(9)])
        with UnfinishedMap(path, ABOUT, *SIZE) as kept:
            *_, last = kept.pieces()
            assert same(last, piece(9))


def test_a_changed_byte_ends_what_is_believed(tmp_path: Path) -> None:
    path = tmp_path / "photo"
    data = bytearray(written(path, range(3)))
    first = len(written(tmp_path / "first", range(1)))
    data[first + 30] ^= 1
    path.write_bytes(data)
    with UnfinishedMap(path, ABOUT, *SIZE) as kept:
        assert len(list(kept.pieces())) == 1


@pytest.mark.parametrize("other", [{**ABOUT, "weights": "c" * 64}, {"photo": "a" * 64}])
def test_pieces_of_something_else_are_dropped(tmp_path: Path, other: dict[str, str]) -> None:
    path = tmp_path / "photo"
    written(path, range(3))
    with UnfinishedMap(path, other, *SIZE) as kept:
        assert list(kept.pieces()) == []
    with UnfinishedMap(path, ABOUT, *SIZE) as kept:
        assert list(kept.pieces()) == []


def test_it_is_no_blob_and_one_job_has_it_at_a_time(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path)
    with blobs.unfinished("a" * 64, ABOUT, *SIZE) as kept, blobs.unfinished("a" * 64, ABOUT, *SIZE) as other:
        assert kept is not None and other is None
        kept.add([piece(1)])
    assert list(blobs.all()) == [] and blobs.drop_parts() == 0
    with blobs.unfinished("a" * 64, ABOUT, *SIZE) as again:
        assert again is not None and len(list(again.pieces())) == 1
        again.drop()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_disk_that_refuses_is_told_with_the_cure(tmp_path: Path) -> None:
    (tmp_path / "unfinished").write_bytes(b"a file where the folder should be")
    with pytest.raises(StoreError, match="could not be kept") as told:
        UnfinishedMap(tmp_path / "unfinished" / "photo", ABOUT, *SIZE)
    assert "disk space" in told.value.hint


def test_a_stream_that_holds_more_than_its_box_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "photo"
    with UnfinishedMap(path, ABOUT, *SIZE) as kept:
        kept.add([FinishedPiece(Box(0, 0, 10, 10), np.zeros((1000, 1000), np.uint8), 0.0)])
    with UnfinishedMap(path, ABOUT, *SIZE) as kept:
        assert list(kept.pieces()) == []
