"""How fast strokes reach the disk, against the bare disk: ``python benchmarks/store_writes.py``.

Paints strokes through the same document and journal as the window, on a photo of 50 megapixels, and prints
the time that the painting thread spends on the journal, the time until a stroke is on the disk, and how many
strokes a second can be written for good. The yardstick is one ``fsync`` of 4 KiB on the same disk, measured
in the same run: a journal cannot be faster than the disk it promises to have written.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from resatt_studio.annotation.document import CorrectionDocument
from resatt_studio.records.correction import Label
from resatt_studio.records.photo import PhotoFacts
from resatt_studio.store.blobs import BlobStore
from resatt_studio.store.engine import Database, open_engine, sqlite_url
from resatt_studio.store.samples import SampleStore
from resatt_studio.store.upgrade import upgrade
from resatt_studio.workflow.store_journal import StoreJournal

PHOTO = "0" * 64
HEIGHT_PX, WIDTH_PX = 5792, 8688


def percentiles(milliseconds: Sequence[float]) -> dict[str, float]:
    cuts = statistics.quantiles(milliseconds, n=100)
    return {"p50_ms": round(cuts[49], 3), "p95_ms": round(cuts[94], 3), "p99_ms": round(cuts[98], 3)}


def timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000


def bare_disk(folder: Path, count: int) -> list[float]:
    """Milliseconds of appending 4 KiB and forcing it to the disk."""
    with (folder / "bare").open("wb", buffering=0) as file:

        def append() -> None:
            file.write(os.urandom(4096))
            os.fsync(file.fileno())

        return [timed(append) for _ in range(count)]


def paint(document: CorrectionDocument, chance: random.Random, radius_px: float) -> None:
    """A crooked stroke of about 600 px."""
    row, column = chance.uniform(0, HEIGHT_PX), chance.uniform(0, WIDTH_PX)
    path = [(row, column)]
    for _ in range(20):
        row, column = row + chance.uniform(-30, 30), column + chance.uniform(-30, 30)
        path.append((row, column))
    document.begin("brush", chance.choice((Label.CRACK, Label.NOT_CRACK)), radius_px)
    document.extend(path)
    document.end()


class Timed:
    """A journal that measures how long the document waits for it."""

    def __init__(self, journal: StoreJournal) -> None:
        self.journal = journal
        self.milliseconds: list[float] = []

    def appended(self, edit: object) -> None:
        self.milliseconds.append(timed(lambda: self.journal.appended(edit)))  # type: ignore[arg-type]

    def undone(self, edit: object) -> None:
        self.milliseconds.append(timed(lambda: self.journal.undone(edit)))  # type: ignore[arg-type]

    redone = undone


def measure(folder: Path, strokes: int, radius_px: float) -> dict[str, object]:
    engine = open_engine(sqlite_url(folder / "project.sqlite3"))
    upgrade(engine)
    database = Database(engine)
    store = SampleStore(database, BlobStore(folder / "blobs"))
    store.add_photo(PhotoFacts(PHOTO, folder / "photo.jpg", HEIGHT_PX, WIDTH_PX, 1))
    document = CorrectionDocument(PHOTO, HEIGHT_PX, WIDTH_PX)
    journal = StoreJournal(store, PHOTO, document.labels.tile)
    document.journal = told = Timed(journal)
    chance = random.Random(0)

    to_disk = []
    for _ in range(strokes):
        paint(document, chance, radius_px)
        to_disk.append(told.milliseconds[-1] + timed(journal.flush))

    began = time.perf_counter()
    for _ in range(strokes):
        paint(document, chance, radius_px)
    painted = time.perf_counter() - began
    journal.flush()
    burst = time.perf_counter() - began
    journal.close()
    reopen = timed(lambda: (store.journal(PHOTO), store.tiles(PHOTO)))
    database.close()
    size = sum(path.stat().st_size for path in folder.glob("project.sqlite3*"))
    return {
        "radius_px": radius_px,
        "painting thread waits for the journal": percentiles(told.milliseconds),
        "stroke to disk": percentiles(to_disk),
        "strokes a second, painted": round(strokes / painted),
        "strokes a second, on the disk": round(strokes / burst),
        "read back all": {"ms": round(reopen, 1), "strokes": 2 * strokes},
        "bytes a stroke": round(size / (2 * strokes)),
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--strokes", type=int, default=500)
    arguments.add_argument(
        "--folder", type=Path, help="on the disk to measure; default: the temporary folder"
    )
    arguments.add_argument("--json", type=Path, metavar="FILE")
    given = arguments.parse_args()
    results: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory(dir=given.folder) as scratch:
        disk = percentiles(bare_disk(Path(scratch), 300))
        print(f"one fsync of 4 KiB: {disk}")
        for radius_px in (2.0, 40.0, 400.0):
            folder = Path(scratch, f"{radius_px}")
            folder.mkdir()
            result = measure(folder, given.strokes if radius_px < 400 else given.strokes // 5, radius_px)
            results.append(result)
            print(f"\nbrush of {radius_px:.0f} px on {HEIGHT_PX * WIDTH_PX / 1e6:.0f} megapixels")
            for name, value in result.items():
                print(f"  {name}: {value}")
            ratio = result["stroke to disk"]["p50_ms"] / disk["p50_ms"]  # type: ignore[index]
            print(f"  stroke to disk against one fsync: {ratio:.1f}")
    if given.json:
        given.json.write_text(json.dumps({"fsync_4k": disk, "brushes": results}, indent=1))


if __name__ == "__main__":
    main()
