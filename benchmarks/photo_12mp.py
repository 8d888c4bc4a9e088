"""How long a 12-megapixel photo takes with the factory weights, and how soon the window shows its mask.

Timed are getting ready, one tile, a window, and all of the photo; and the real window (``photo_window.py``).

Machines differ, so the same run times a fixed stack of plain convolutions: the plain R2AU-Net of width 16 and
stem 1 (``plain_r2aunet.py``) on 512 x 512 pixels, eager, single precision. On the two cores of an AMD EPYC
(Zen 4, torch 2.13) where the targets come from it took 0.661 s at least, and RIFT-B (arXiv 2605.31048), the
network to be beaten, 0.083 s. Targets are multiplied by how much slower or faster the stack runs here.

    python benchmarks/photo_12mp.py [--threads 2] [--path auto] [--repeats 9] [--photos 3]

Times are those of the clock; CPU seconds divided by the threads stand beside them. On a busy machine two
threads wait for each other, and ``--threads 1`` and its CPU seconds are what can be compared.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from photo_window import measure_window
from plain_r2aunet import PlainR2AUNet

from resatt_studio.inference.device import choose_compute
from resatt_studio.inference.engine import Engine
from resatt_studio.inference.segmenter import Segmenter
from resatt_studio.inference.sliding import predict_tiles, run_to_end
from resatt_studio.models.state import build, load_weights
from resatt_studio.records.photo import Photo
from resatt_studio.synthesis.scenes import render_scene

FACTORY = Path(__file__).resolve().parents[1] / "assets" / "weights" / "r2aunet-factory.safetensors"
HEIGHT, WIDTH = 3000, 4000
WINDOW = (800, 1280)
STACK_SECONDS = 0.661
TILE_TARGET, WINDOW_TARGET, MEGAPIXEL_TARGET = 0.090, 1.5, 0.4


def least(work: Callable[[], object], repeats: int, threads: int) -> tuple[float, float]:
    """Least seconds of the clock and least CPU seconds / threads, after one run to warm up."""
    work()
    wall, cpu = [], []
    for _ in range(repeats):
        start, start_cpu = time.perf_counter(), time.process_time()
        work()
        wall.append(time.perf_counter() - start)
        cpu.append((time.process_time() - start_cpu) / threads)
    return min(wall), min(cpu)


def stack(pixels: np.ndarray) -> Callable[[], object]:
    """The plain convolutions."""
    torch.manual_seed(0)
    network = PlainR2AUNet(base_width=16, t=2, stem=1).eval()
    photo = torch.from_numpy(pixels[None].copy()).permute(0, 3, 1, 2).float().div(127.5).sub(1).contiguous()

    def work() -> object:
        with torch.inference_mode():
            return network(photo)

    return work


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--path", default="auto", help="way to run the network")
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--photos", type=int, default=3, help="opened in the window, each view")
    return parser.parse_args()


def main() -> None:
    asked = options()
    threads = asked.threads
    torch.set_num_threads(threads)
    surface = render_scene(23, HEIGHT // 3, WIDTH // 4).pixels
    pixels = np.ascontiguousarray(np.tile(surface, (3, 4, 1)))
    tile, window = pixels[:512, :512], pixels[: WINDOW[0], : WINDOW[1]]
    weights = load_weights(FACTORY)

    start = time.perf_counter()
    engine = Engine("cpu", threads=threads, path=asked.path)
    engine.use(weights)
    ready = time.perf_counter() - start
    segmenter = Segmenter(build(weights), choose_compute("cpu"), threads, asked.path)
    plain = least(stack(tile), min(asked.repeats, 5), threads)
    one = least(lambda: segmenter.logits(tile[None]), asked.repeats, threads)
    seen = least(lambda: run_to_end(predict_tiles(segmenter, window)), 3, threads)
    photo = Photo("0" * 64, pixels)
    megapixels = HEIGHT * WIDTH / 1e6

    everything = least(lambda: run_to_end(engine.predict(photo)), 1, threads)
    pace = [side / STACK_SECONDS for side in plain]
    rows = (
        ("512 px tile", one, TILE_TARGET, 1.0),
        (f"{WINDOW[1]} x {WINDOW[0]} px window, tiles overlapping", seen, WINDOW_TARGET, 1.0),
        (f"whole photo of {megapixels:.0f} MP, a megapixel", everything, MEGAPIXEL_TARGET, 1 / megapixels),
    )
    print(f"Way: {segmenter.path}, {segmenter.compute.name}; ready after {ready:.2f} s.\n")
    print("| what | clock, s | CPU s / threads | target | target at this pace, clock / CPU | kept |")
    print("|---|---|---|---|---|---|")
    print(f"| plain convolutions | {plain[0]:.3f} | {plain[1]:.3f} | {STACK_SECONDS} | | |")
    for title, taken, target, share in rows:
        wall, cpu = taken[0] * share, taken[1] * share
        at_pace = [target * step for step in pace]
        kept = f"{'yes' if wall <= at_pace[0] else 'no'} / {'yes' if cpu <= at_pace[1] else 'no'}"
        paces = f"{at_pace[0]:.3f} / {at_pace[1]:.3f}"
        print(f"| {title} | {wall:.3f} | {cpu:.3f} | {target} | {paces} | {kept} |")
    if asked.photos:
        shown = measure_window(pixels, FACTORY, threads, asked.path, asked.photos)
        print("\n| in the window | photo, s | first tiles, s | all that is seen, s | whole, s | kept |")
        print("|---|---|---|---|---|---|")
        for view, row in shown.items():
            kept = "yes" if row.first <= WINDOW_TARGET * pace[0] else "no"
            times = " | ".join(f"{seconds:.2f}" for seconds in (row.photo, row.first, row.seen, row.whole))
            print(f"| {view} | {times} | {kept} |")
    print(f"\n{threads} threads, torch {torch.__version__}, load average {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
