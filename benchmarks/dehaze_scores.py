"""What dehazing is worth: PSNR and SSIM on fixed haze, on real pairs, and the crack masks before and after.

    python benchmarks/dehaze_scores.py --data DATA
    python benchmarks/dehaze_scores.py --data DATA --card docs/model-cards/dhformer-factory.md

Photos are the middles of test-split photos, which no network has learned from; each gets one haze, drawn from
a fixed seed, the four hazy families in turn. Beside DHFormer stand the dark channel prior (He, Sun, Tang,
TPAMI 2011) and plain CLAHE. Crack Dice is pooled over all pixels, by the factory segmenter at threshold 0.5:
on clear photos, on hazy ones, and on both after dehazing. The pairs of ``haze/pairs/pairs.csv`` are reported
by their kind.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from pages import write_into

from resatt_studio.imaging.dehazing import dark_channel_prior, equalise, haze_estimate
from resatt_studio.imaging.files import read_mask, read_photo
from resatt_studio.imaging.quality import psnr, ssim, ssim_luminance
from resatt_studio.imaging.scores import Counts, count, scores
from resatt_studio.inference.dehazer import Dehazer
from resatt_studio.inference.device import apply_threads, choose_compute
from resatt_studio.inference.segmenter import Segmenter
from resatt_studio.inference.sliding import run_to_end
from resatt_studio.learning.training.datasets import find_sets
from resatt_studio.learning.training.dehaze_data import judged_haze
from resatt_studio.models.state import build, load_weights
from resatt_studio.records.arrays import BoolArray, Float32Array, UInt8Array
from resatt_studio.records.correction import Label
from resatt_studio.records.photo import Photo
from resatt_studio.resources import asset

Picture: TypeAlias = Float32Array
Method: TypeAlias = Callable[[Picture], Picture]


@dataclass(frozen=True)
class Example:
    """One clear photo's middle and its cracks."""

    name: str
    pixels: UInt8Array
    crack: BoolArray


def main() -> None:
    arguments = parse()
    apply_threads(arguments.threads or None)
    weights = load_weights(arguments.weights or asset("weights", "dhformer-factory.safetensors"))
    dehazer = Dehazer(threads=arguments.threads or None)
    dehazer.use(weights)
    methods: dict[str, Method] = {
        f"DHFormer {weights.weights_id[:12]}": lambda picture: dehazed(dehazer, picture),
        "dark channel prior": lambda picture: dark_channel_prior(picture).clear,
        "CLAHE": equalise,
    }
    examples = list(read(arguments.data, arguments.photos, arguments.side))
    pairs = judged_haze([example.pixels for example in examples])
    hazy = [sample.hazy for _, sample in pairs]
    clear = [picture for picture, _ in pairs]
    lines = [f"{len(examples)} photos of test splits, {arguments.side} px, one fixed haze each", ""]
    lines += quality_table({"hazy": hazy} | {n: [m(p) for p in hazy] for n, m in methods.items()}, clear)
    lines += ["", "Clear photos through each method:", ""]
    kept = {name: [method(picture) for picture in clear] for name, method in methods.items()}
    lines += quality_table(kept, clear)
    network = next(iter(methods.values()))
    segmenter = Segmenter(
        build(load_weights(asset("weights", "r2aunet-factory.safetensors"))), choose_compute()
    )
    views = {
        "clear": clear,
        "clear, dehazed": next(iter(kept.values())),
        "hazy": hazy,
        "hazy, dehazed": [network(picture) for picture in hazy],
    }
    lines += ["", "Crack masks of the factory segmenter:", "", *crack_table(segmenter, views, examples)]
    lines += ["", haze_line(clear, hazy)]
    lines += ["", "Hazy and clear pairs:", "", *pair_table(arguments.data / "haze", methods)]
    print("\n".join(lines))
    if arguments.card:
        write_into(arguments.card, lines)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--weights", type=Path, help="in place of the shipped ones")
    parser.add_argument("--photos", type=int, default=8, help="most photos of a set")
    parser.add_argument("--side", type=int, default=384, help="side of the middle that is used, in pixels")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--card", type=Path, help="page to write the tables into")
    return parser.parse_args()


def read(data: Path, most: int, side: int) -> Iterator[Example]:
    """Middles of the test photos of every set."""
    for name, folder in find_sets([data]).items():
        for pair in folder.pairs("test")[:most]:
            pixels = read_photo(pair.photo).pixels
            labels = read_mask(pair.mask, pixels.shape[:2])
            height, width = min(side, pixels.shape[0]), min(side, pixels.shape[1])
            top, left = (pixels.shape[0] - height) // 2, (pixels.shape[1] - width) // 2
            part = np.s_[top : top + height, left : left + width]
            yield Example(f"{name}/{pair.photo.stem}", pixels[part], labels[part] == Label.CRACK)


def dehazed(dehazer: Dehazer, picture: Picture) -> Picture:
    """One picture, H x W x 3 in [0, 1], through the app's own dehazing."""
    pixels = np.rint(picture * 255).astype(np.uint8)
    photo = Photo("0" * 64, pixels)
    return run_to_end(dehazer.dehaze(photo)).pixels.astype(np.float32) / np.float32(255)


def quality_table(found: dict[str, list[Picture]], truth: Sequence[Picture]) -> list[str]:
    lines = ["| picture | PSNR, dB | SSIM | SSIM of luminance |", "|---|---|---|---|"]
    for name, pictures in found.items():
        rows = [
            (min(psnr(one, true), 100.0), ssim(one, true), ssim_luminance(one, true))
            for one, true in zip(pictures, truth, strict=True)
        ]
        mean = np.mean(rows, axis=0)
        lines.append(f"| {name} | {mean[0]:.2f} | {mean[1]:.4f} | {mean[2]:.4f} |")
    return lines


def crack_table(
    segmenter: Segmenter, views: dict[str, list[Picture]], examples: Sequence[Example]
) -> list[str]:
    lines = ["| photos | Dice | F1 at 2 px |", "|---|---|---|"]
    for name, pictures in views.items():
        total = Counts()
        for picture, example in zip(pictures, examples, strict=True):
            pixels = np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)
            total = total + count(segmenter.logits(pixels[None])[0] > 0, example.crack)
        pooled = scores(total, photos=len(examples))
        lines.append(f"| {name} | {pooled.dice:.4f} | {pooled.tolerance_f1:.4f} |")
    return lines


def haze_line(clear: Sequence[Picture], hazy: Sequence[Picture]) -> str:
    """How the haze estimate tells the two apart."""
    low, high = ([haze_estimate(picture) for picture in some] for some in (clear, hazy))
    above = np.mean([[one < other for other in high] for one in low])
    return (
        f"Haze estimate: clear {np.median(low):.2f} (90th percentile {np.percentile(low, 90):.2f}), hazy "
        f"{np.median(high):.2f} (10th {np.percentile(high, 10):.2f}); a hazy photo has the higher one in "
        f"{100 * above:.0f} % of the pairs."
    )


def pair_table(folder: Path, methods: dict[str, Method]) -> list[str]:
    if not (folder / "pairs" / "pairs.csv").is_file():
        return ["None in this data folder."]
    kinds: dict[str, list[tuple[Picture, Picture]]] = {}
    with (folder / "pairs" / "pairs.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            hazy, clear = (
                read_photo(folder / "pairs" / side / Path(row[side]).name).pixels
                for side in ("hazy", "clear")
            )
            kind = Path(row["hazy"]).name.split("_")[0]
            kinds.setdefault(kind, []).append(
                (hazy.astype(np.float32) / np.float32(255), clear.astype(np.float32) / np.float32(255))
            )
    lines = ["| kind | pairs | " + " | ".join(["hazy", *methods]) + " |", "|---" * (3 + len(methods)) + "|"]
    for kind, pairs in kinds.items():
        cells = []
        for method in (lambda picture: picture, *methods.values()):
            rows = [(psnr(method(hazy), clear), ssim(method(hazy), clear)) for hazy, clear in pairs]
            mean = np.mean(rows, axis=0)
            cells.append(f"{mean[0]:.2f} dB, {mean[1]:.3f}")
        lines.append(f"| {kind} | {len(pairs)} | " + " | ".join(cells) + " |")
    return lines


if __name__ == "__main__":
    main()
