"""Whether "what to correct next" knows: doubt and doubtful places against true errors; and its time.

    python benchmarks/next_photos.py --data DATA --sets crackmap          # the factory weights
    python benchmarks/next_photos.py --data DATA --sets cfd --weights generated --photos 35
    python benchmarks/next_photos.py --listed 1000                         # time alone

Photos of a set's train list are predicted once, and once mirrored; nothing is learned. Printed is Spearman's
rank correlation with 1 - Dice and with 1 - F1 at 2 px of each photo's mask: of the mean entropy (the order
"most uncertain first"), of the doubt that "what to correct next" begins with, of its gain (doubt, novelty and
crowd), and of how much the mirrored photo's mask differs (a second prediction, which the app does not make).
Then the share of doubtful places, the first five of each photo, in which the mask is wrong beyond 2 px, and
the same of boxes of their sizes anywhere on the photo.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from scipy.stats import spearmanr

from resatt_studio.imaging import scores
from resatt_studio.imaging.doubt import count_values, doubtful_places, expected_doubt
from resatt_studio.imaging.files import read_photo
from resatt_studio.imaging.surface import DESCRIPTOR_LENGTH, describe_surface
from resatt_studio.inference.device import choose_compute
from resatt_studio.inference.segmenter import Segmenter
from resatt_studio.inference.sliding import predict_tiles, run_to_end
from resatt_studio.learning.next_photos import rank_photos
from resatt_studio.models.state import build, load_weights
from resatt_studio.records.arrays import BoolArray, Float32Array, UInt8Array
from resatt_studio.records.geometry import Box
from resatt_studio.records.photo import PhotoFacts
from resatt_studio.records.prediction import Prediction
from resatt_studio.resources import asset
from resatt_studio.simulation.photo_set import own_list, read_pairs, spread

TOLERANCE_PX = 2.0
FIRST_PLACES = 5
RANDOM_BOXES = 20


@dataclass(frozen=True, eq=False)
class Judged:
    """A photo's prediction beside the truth."""

    name: str
    probability: UInt8Array
    mirrored: UInt8Array
    entropy: float
    look: Float32Array
    truth: BoolArray

    @property
    def mask(self) -> BoolArray:
        return np.asarray(self.probability > 127)

    @property
    def unlike(self) -> float:
        """1 - Dice of the masks of the photo and of the mirrored photo."""
        return 1 - scores.dice(scores.count(self.mask, self.mirrored > 127))

    @property
    def wrong(self) -> BoolArray:
        """Pixels in which one mask has crack and the other has none within the tolerance."""
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
        mask, truth = self.mask.astype(np.uint8), self.truth.astype(np.uint8)
        return np.asarray((mask > cv2.dilate(truth, disc)) | (truth > cv2.dilate(mask, disc)), np.bool_)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of sets")
    parser.add_argument("--sets", nargs="+", default=[], help="names of sets")
    parser.add_argument("--weights", default="factory", help="factory, generated or a file")
    parser.add_argument(
        "--photos", type=int, default=0, help="at most so many of each set, evenly; 0 for all"
    )
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--listed", type=int, default=0, help="time the listing of so many photos")
    arguments = parser.parse_args()
    for name in arguments.sets:
        judge(name, arguments.data / name, arguments.weights, arguments.photos, arguments.threads)
    if arguments.listed:
        time_listing(arguments.listed)


def judge(name: str, folder: Path, weights: str, most: int, threads: int) -> None:
    """Predict a set and print how well its order is known."""
    file = (
        asset("weights", f"r2aunet-{weights}.safetensors") if weights in ("factory", "generated") else weights
    )
    segmenter = Segmenter(build(load_weights(Path(file))), choose_compute("cpu"), threads)
    photos = []
    for pair in spread(read_pairs(folder, own_list(folder, "train")), most):
        pixels = read_photo(pair.photo).pixels
        probability, entropy = run_to_end(predict_tiles(segmenter, pixels))
        mirrored, _ = run_to_end(predict_tiles(segmenter, np.ascontiguousarray(pixels[:, ::-1])))
        truth = pair.truth(*pixels.shape[:2])
        look = describe_surface(pixels)
        photos.append(Judged(pair.photo.name, probability, mirrored[:, ::-1], entropy, look, truth))
    counts = [scores.count(photo.mask, photo.truth, tolerance_px=TOLERANCE_PX) for photo in photos]
    errors = {
        "1 - Dice": [1 - scores.dice(count) for count in counts],
        "1 - F1 at 2 px": [1 - scores.tolerance_f1(count) for count in counts],
    }
    doubts = {photo.name: expected_doubt(count_values(photo.probability)) for photo in photos}
    ranks = rank_photos(doubts, {photo.name: photo.look for photo in photos})
    gain = {rank.photo_id: rank.gain for rank in ranks}
    print(f"{name}: {len(photos)} photos, mean 1 - Dice {np.mean(errors['1 - Dice']):.3f}")
    for words, values in (
        ("mean entropy", [photo.entropy for photo in photos]),
        ("doubt", [doubts[photo.name] for photo in photos]),
        ("gain", [gain[photo.name] for photo in photos]),
        ("unlike its mirror", [photo.unlike for photo in photos]),
    ):
        cells = (f"{title} {spearmanr(values, error).statistic:+.2f}" for title, error in errors.items())
        print(f"  {words:20s} {'   '.join(cells)}")
    judge_places(photos)


def judge_places(photos: list[Judged]) -> None:
    """Print how many doubtful places hold an error, and how many boxes anywhere do."""
    random = np.random.default_rng(0)
    hits, chance = [], []
    for photo in photos:
        wrong = photo.wrong
        for place in doubtful_places(photo.probability)[:FIRST_PLACES]:
            hits.append(wrong[place.box.slices].any())
            for _ in range(RANDOM_BOXES):
                top = random.integers(0, wrong.shape[0] - place.box.height + 1)
                left = random.integers(0, wrong.shape[1] - place.box.width + 1)
                box = Box(top, left, top + place.box.height, left + place.box.width)
                chance.append(wrong[box.slices].any())
    print(
        f"  {len(hits)} places: {np.mean(hits):.0%} hold an error beyond 2 px; of boxes anywhere "
        f"{np.mean(chance):.0%}"
    )


def time_listing(count: int) -> None:
    """Print how long the list of a project of so many predicted photos takes, ranked and not."""
    from resatt_studio.app.jobs import read_state
    from resatt_studio.app.listing import Listing
    from resatt_studio.workflow.project import create_project

    random = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder, create_project(Path(folder) / "many.resatt") as project:
        weights_id = project.shelf.active().weights_id
        for number in range(count):
            photo_id = f"{number:064x}"
            facts = PhotoFacts(photo_id, Path(f"/photos/{number}.jpg"), 64, 64, 1000)
            project.store.add_photo(facts)
            project.store.describe(photo_id, random.normal(size=DESCRIPTOR_LENGTH).astype(np.float32))
            values = random.integers(0, 256, (64, 64)).astype(np.uint8)
            project.store.put_prediction(Prediction(photo_id, weights_id, values, float(random.random())))
        for ranked in (False, True, False, True):
            started, busy = time.perf_counter(), time.process_time()
            state = read_state(project, ranked)
            read = time.perf_counter() - started
            Listing("next" if ranked else "name").of(state.entries, state.ranks)
            whole = time.perf_counter() - started
            words = "what to correct next" if ranked else "by name"
            seconds = f"read {read:.2f} s, sorted {whole - read:.3f} s"
            print(f"{count} photos, {words}: {seconds}, CPU {time.process_time() - busy:.2f} s")


if __name__ == "__main__":
    main()
