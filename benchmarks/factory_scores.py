"""Scores of weights on every set's held-back photos, and how quiet they stay where there is no crack.

    python benchmarks/factory_scores.py --data DATA            # the shipped factory weights, test splits
    python benchmarks/factory_scores.py --data DATA --weights FILE --split val --sets cfd uav75

Pooled (micro) Dice, IoU, precision and recall at threshold 0.5, without tolerance; F1 at 2 px counts a pixel
when the other mask has one within a Euclidean distance of 2 px; macro Dice is the mean over photos. Photos
are predicted in overlapping tiles exactly as the app does it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from pages import write_into

from resatt_studio.imaging.files import read_mask, read_photo
from resatt_studio.inference.device import apply_threads, choose_compute
from resatt_studio.inference.segmenter import Segmenter
from resatt_studio.inference.sliding import run_to_end
from resatt_studio.learning.evaluate import Evaluation, Example, evaluate
from resatt_studio.learning.training.crack_judging import QUIET_SHARE
from resatt_studio.learning.training.datasets import FolderPairs, Pair, crack_free_paths, find_sets
from resatt_studio.models.state import build, load_weights
from resatt_studio.records.weights import WeightsFile
from resatt_studio.resources import asset

CRACK_FREE = ("classify/tiles.csv", "classify/brickwork.csv")


def examples(pairs: Sequence[Pair]) -> Iterator[Example]:
    """Read photos and masks one by one."""
    for pair in pairs:
        pixels = read_photo(pair.photo).pixels
        yield Example(pair.photo.stem, pixels, read_mask(pair.mask, pixels.shape[:2]))


def score_set(weights: WeightsFile, folder: FolderPairs, split: str, threads: int | None) -> Evaluation:
    """Score one split of one set."""
    return run_to_end(evaluate(weights, examples(folder.pairs(split)), threads=threads))


def crack_free_shares(weights: WeightsFile, files: Sequence[Path], threads: int | None) -> list[float]:
    """Share of pixels called crack in each crack-free tile."""
    segmenter = Segmenter(build(weights), choose_compute(), threads)
    shares: list[float] = []
    for path in files:
        logits = segmenter.logits(read_photo(path).pixels[None])[0]
        shares.append(float(np.mean(logits > 0)))
    return shares


class Table:
    """Lines that are printed as they come and can be put into a page afterwards."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def add(self, line: str) -> None:
        self.lines.append(line)
        print(line, flush=True)

    def write_into(self, page: Path) -> None:
        """Put the lines between the two markers of ``page``, in place of what stood there."""
        write_into(page, self.lines)


def main() -> None:
    arguments = parse()
    threads = apply_threads(arguments.threads or None)
    weights = load_weights(arguments.weights or asset("weights", "r2aunet-factory.safetensors"))
    table = Table()
    table.add(f"Weights {weights.weights_id[:12]} {dict(weights.config)}, {arguments.split} split\n")
    table.add("| set | photos | Dice | IoU | precision | recall | F1 at 2 px | macro Dice |")
    table.add("|---|---|---|---|---|---|---|---|")
    results: dict[str, Any] = {}
    for name, folder in find_sets([arguments.data]).items():
        if (arguments.sets is not None and name not in arguments.sets) or not folder.stems(arguments.split):
            continue
        answer = score_set(weights, folder, arguments.split, threads)
        micro, macro = answer.micro, answer.macro
        results[name] = {"micro": asdict(micro), "macro": asdict(macro)}
        table.add(
            f"| {name} | {micro.photos} | {micro.dice:.3f} | {micro.iou:.3f} | {micro.precision:.3f} "
            f"| {micro.recall:.3f} | {micro.tolerance_f1:.3f} | {macro.dice:.3f} |"
        )
    for name in CRACK_FREE:
        if arguments.sets is not None or not (arguments.data / name).is_file():
            continue
        files = crack_free_paths(arguments.data / name, arguments.split)
        shares = crack_free_shares(weights, files, threads)
        quiet = sum(share < QUIET_SHARE for share in shares)
        results[name] = {"tiles": len(shares), "quiet": quiet, "mean_share": float(np.mean(shares))}
        table.add(
            f"\n{name}: {quiet} of {len(shares)} crack-free tiles have less than {QUIET_SHARE:.1%} crack "
            f"pixels (mean {np.mean(shares):.3%})"
        )
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(results, indent=1), encoding="utf-8")
    if arguments.card is not None:
        table.write_into(arguments.card)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder that holds the sets")
    parser.add_argument("--weights", type=Path, default=None, help="default: the shipped factory weights")
    parser.add_argument("--split", choices=("train", "val", "test"), default="test")
    parser.add_argument("--sets", nargs="*", default=None, help="default: all, and the crack-free tiles")
    parser.add_argument("--threads", type=int, default=0, help="0 for all cores")
    parser.add_argument("--json", type=Path, default=None, help="also write the numbers here")
    parser.add_argument("--card", type=Path, default=None, help="also put the table into this page")
    return parser.parse_args()


if __name__ == "__main__":
    main()
