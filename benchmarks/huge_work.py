"""How much memory the work on a huge photo takes: a prediction, approving, the windows of learning, exports.

A TIFF in tiles is drawn into a temporary folder (``huge_files.py``), strokes are painted at twenty places of
it, and a map that stands for a network's answer is put together from the pieces that the network's tiles
would finish, in reading order. No network runs, so what is measured comes on top of one. Each step says its
seconds by the clock and by the processor, and by how much resident memory at its peak was above that at the
step's beginning (Linux; elsewhere by how much the peak of the whole process grew). Exports are read again, as
always.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from huge_files import write_tiff

from resatt_studio.export.huge import to_end
from resatt_studio.export.items import HugeItem
from resatt_studio.export.registry import EXPORTERS
from resatt_studio.imaging.doubt import count_values
from resatt_studio.imaging.tiles import Blend, plan_tiles
from resatt_studio.learning.support import choose_windows, within_pixels
from resatt_studio.records.correction import Label
from resatt_studio.records.geometry import Box
from resatt_studio.records.prediction import HugePrediction
from resatt_studio.store.map_blobs import StoredMap
from resatt_studio.store.unfinished import FinishedPiece
from resatt_studio.workflow.correct import approve, open_document
from resatt_studio.workflow.export import stored_labels
from resatt_studio.workflow.finetune import collect_samples
from resatt_studio.workflow.jobs import drain
from resatt_studio.workflow.load import add_photos
from resatt_studio.workflow.project import Project, create_project

TILE_PX, OVERLAP_PX = 512, 64
PLACES = 20
ABOUT = {"weights": "w" * 64}
LEARNED_PX = 24 * 512 * 512
"""About what a run of a minute and a half takes into its windows."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--side", type=int, default=16384, help="of the photo, in pixels")
    asked = parser.parse_args()
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "photos").mkdir()
        write_tiff(folder / "photos" / "wall.tif", asked.side, pyramid=False)
        with create_project(folder / "wall.resatt") as project:
            (entry,) = drain(add_photos(project, [folder / "photos"])).photos
            print(f"{entry.facts.megapixels:.0f} megapixels; peak before: {peak_mb():.0f} MB")
            work(project, entry.photo_id, folder / "out")


def work(project: Project, photo_id: str, out: Path) -> None:
    entry = project.store.photo(photo_id)
    document = open_document(project, photo_id)
    places = np.random.default_rng(3).integers(600, entry.facts.height - 600, (PLACES, 2)).tolist()
    for top, left in places:
        labels = np.full((400, 500), Label.NOT_CRACK, np.uint8)
        cv2.line(labels, (0, 40), (499, 330), int(Label.CRACK), 5)
        document.apply_labels("test", Box(top, left, top + 400, left + 500), labels)
    with step("keep a prediction, and its pieces aside"):
        prediction = kept(project, photo_id)
    with step("go on with a stopped one: read the pieces"):
        gone_on(project, photo_id)
    with step("approve"):
        approve(project, document, prediction, in_tiles=True)
    document.close()
    with step("compare the file, open the sample"):
        samples, _ = drain(collect_samples(project))
    with step("read the windows"):
        windows = within_pixels(choose_windows(samples, hold_parts_back=True), LEARNED_PX)
    print(f"  {len(windows)} windows, {sum(window.labels.size for window in windows) / 1e6:.1f} megapixels")
    del windows, samples
    item = HugeItem(entry.facts, prediction.probability, stored_labels(project, entry))
    for exporter in EXPORTERS.values():
        if exporter.huge_writer:
            with step(f"export {exporter.name}"):
                exported = to_end(exporter.export_huge(item, out))
            size_mb = sum(path.stat().st_size for path in exported.paths) / 1e6
            print(f"  {size_mb:.1f} MB; {exported.summary}")


def kept(project: Project, photo_id: str) -> HugePrediction:
    """A map with faint noise everywhere and a sure line in each tile."""
    facts = project.store.photo(photo_id).facts
    boxes = plan_tiles(facts.height, facts.width, TILE_PX, OVERLAP_PX)
    blend = Blend(facts.height, facts.width, boxes, OVERLAP_PX)
    values = np.random.default_rng(1).random((TILE_PX, TILE_PX)).astype(np.float32) ** 8 * 0.1
    cv2.line(values, (0, 200), (TILE_PX, 260), 0.98, 4)
    counts = np.zeros(256, np.int64)
    size = facts.height, facts.width
    with (
        project.blobs.map_writer(*size) as writer,
        project.blobs.unfinished(photo_id, ABOUT, *size) as aside,
    ):
        for box in boxes:
            pieces = [
                FinishedPiece(place, np.rint(probability * 255).astype(np.uint8), 0.0)
                for place, probability in blend.add(box, values)
            ]
            aside.add(pieces)
            for piece in pieces:
                writer.put(piece.place, piece.values)
        path = project.blobs.path(writer.seal())
        aside_mb = aside.path.stat().st_size / 1e6
    print(f"  {path.stat().st_size / 1e6:.0f} MB on the disk, {aside_mb:.0f} MB aside")
    prediction = HugePrediction(photo_id, "w" * 64, StoredMap(path), 0.1, counts)
    project.store.put_huge_prediction(prediction)
    return prediction


def gone_on(project: Project, photo_id: str) -> None:
    """What a prediction does first that was stopped just before its end."""
    facts = project.store.photo(photo_id).facts
    size = facts.height, facts.width
    with (
        project.blobs.map_writer(*size) as writer,
        project.blobs.unfinished(photo_id, ABOUT, *size) as aside,
    ):
        for piece in aside.pieces():
            writer.put(piece.place, piece.values)
            count_values(piece.values)
        writer.seal()
        aside.drop()


@contextmanager
def step(words: str) -> Iterator[None]:
    gc.collect()
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)  # what was freed and kept would hide what a step takes
        Path("/proc/self/clear_refs").write_text("5")  # the peak is that of now
    before, clock, processor = peak_mb(), time.perf_counter(), time.process_time()
    yield
    seconds = time.perf_counter() - clock, time.process_time() - processor
    grown = peak_mb() - before
    print(
        f"{words}: {seconds[0]:.1f} s ({seconds[1]:.1f} s of the processor), peak + {grown:.0f} MB",
        flush=True,
    )


def peak_mb() -> float:
    """Of resident memory, since it was last forgotten."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    main()
