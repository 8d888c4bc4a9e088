"""How fast our R2AU-Net runs and learns beside a plain layout of the reference, measured in one run.

The plain layout (``plain_r2aunet.py``) has the same layers in single precision, contiguous memory and eager
mode. Rows with stem 1 are the same network on both sides; the row with stem 2 is what the app uses by
default. Figures are CPU seconds of this process, the least of some repeats, so that other programs disturb
little; ratios are plain / ours.

    python benchmarks/forward.py [--size 512] [--crop 256] [--batch 4] [--widths 16 32] [--repeats 5]
                                 [--threads 1]
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
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from plain_r2aunet import PlainR2AUNet

from resatt_studio.inference.device import choose_compute
from resatt_studio.inference.segmenter import Segmenter
from resatt_studio.learning.patches import Batch
from resatt_studio.learning.student import Student, relative_cost
from resatt_studio.models import create_model
from resatt_studio.records.training import FineTunePlan


def least(work: Callable[[], object], repeats: int) -> float:
    """Least CPU seconds of ``repeats`` runs, after one to warm up."""
    work()
    taken = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return min(taken)


def plain_forward(network: nn.Module, pixels: np.ndarray) -> Callable[[], object]:
    photo = torch.from_numpy(pixels).permute(0, 3, 1, 2).float().div(127.5).sub(1).contiguous()
    network.eval()

    def work() -> object:
        with torch.no_grad():
            return torch.sigmoid(network(photo))

    return work


def plain_step(network: nn.Module, batch: Batch) -> Callable[[], object]:
    photo = torch.from_numpy(batch.pixels).permute(0, 3, 1, 2).float().div(127.5).sub(1).contiguous()
    target = torch.from_numpy(batch.target).unsqueeze(1)
    optimiser = torch.optim.Adam(network.parameters(), lr=2e-4)
    network.train()

    def work() -> object:
        optimiser.zero_grad()
        loss = nn.functional.binary_cross_entropy_with_logits(network(photo), target)
        torch.autograd.backward(loss)
        optimiser.step()
        return loss

    return work


def our_step(network: nn.Module, config: dict[str, int], batch: Batch, precision: str, threads: int):
    plan = FineTunePlan(batch=len(batch.names), crop_px=batch.target.shape[1])
    student = Student(network, plan, choose_compute("cpu", precision), relative_cost(config), threads)
    return lambda: list(student.step(batch, 1.0))


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=int, default=512, help="side of the photo of the forward pass")
    parser.add_argument("--crop", type=int, default=256, help="side of a training patch")
    parser.add_argument("--batch", type=int, default=4, help="patches a step")
    parser.add_argument("--widths", type=int, nargs="+", default=[16])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


def main() -> None:
    asked = options()
    torch.set_num_threads(asked.threads)
    rng = np.random.default_rng(0)
    photo = rng.integers(0, 256, (1, asked.size, asked.size, 3), dtype=np.uint8)
    pixels = rng.integers(0, 256, (asked.batch, asked.crop, asked.crop, 3), dtype=np.uint8)
    target = (pixels[..., 0] < 12).astype(np.float32)
    batch = Batch(
        tuple("abcdefgh"[: asked.batch]), pixels, target, np.ones_like(target), np.zeros(asked.batch, bool)
    )
    print("| network | forward, s | ratio | training step, s | ratio |\n|---|---|---|---|---|")
    for width in asked.widths:
        plain = PlainR2AUNet(width, t=2)
        forward = least(plain_forward(plain, photo), asked.repeats)
        step = least(plain_step(plain, batch), asked.repeats)
        print(f"| plain, width {width} | {forward:.3f} | 1 | {step:.3f} | 1 |", flush=True)
        for stem, precision in ((1, "fp32"), (1, "auto"), (2, "fp32"), (2, "auto")):
            config = {"base_width": width, "t": 2, "stem": stem}
            network = create_model("r2aunet", **config)
            compute = choose_compute("cpu", precision)
            segmenter = Segmenter(network, compute, asked.threads)
            ours = least(lambda segmenter=segmenter: segmenter.probability(photo), asked.repeats)
            learn = least(our_step(network, config, batch, precision, asked.threads), asked.repeats)
            print(
                f"| ours, width {width}, stem {stem}, {compute.name} | {ours:.3f} | {forward / ours:.2f} | "
                f"{learn:.3f} | {step / learn:.2f} |",
                flush=True,
            )
    print(f"\n{asked.threads} thread(s), torch {torch.__version__}, load average {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
