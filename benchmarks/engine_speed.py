"""How fast each way of running the networks is beside plain modules, measured in one run.

The plain modules (``plain_*.py``) are the papers' equations written down as they read: eager, contiguous,
single precision, with the same weights. Ours are the ways of ``resatt_studio.inference.paths``. Times are CPU
seconds of this process, the least of some repeats in which all take turns, so that other programs disturb
little and all alike; ``--wall`` takes seconds of the clock with two threads instead and wants a machine that
does nothing else. Peak memory is that of a fresh process which builds the network, lays it out and runs it
three times.

    python benchmarks/engine_speed.py [--only rmt_t dhformer] [--repeats 7] [--threads 1] [--wall]
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
from plain_dhformer import PlainDHFormer
from plain_r2aunet import PlainR2AUNet
from plain_revit import PlainReViT
from plain_rmt import PlainRMT
from torch import Tensor, nn

from resatt_studio.inference.device import Compute, has_fast_bf16
from resatt_studio.inference.normalise import imagenet_input, unit_input
from resatt_studio.inference.paths import PLAIN, difference, fitting, prepare
from resatt_studio.inference.segmenter import to_input
from resatt_studio.models import create_model
from resatt_studio.models.state import load_weights, state_of
from resatt_studio.synthesis.scenes import render_scene

PLAIN_MODULE = "plain module"
CPU = torch.device("cpu")
FACTORY = Path(__file__).resolve().parents[1] / "assets" / "weights" / "r2aunet-factory.safetensors"
BURST = 3
"""Passes of a way in a row before the next one's turn: a second tile finds the weights in the cache."""


@dataclass(frozen=True)
class Case:
    """One network at one size.

    Attributes:
        title: For the table.
        name: Of the network or of a named preset.
        plain: Builds the plain module.
        side_px: Side of the photo.
        target: Ratio to be reached.
        numbers: Pixels to what the network takes.
        config: Constructor arguments of ours; those of ``plain`` follow from it.
        factory: Whether there are trained weights, so that pixels which change sides mean something.
    """

    title: str
    name: str
    plain: Callable[..., nn.Module]
    side_px: int
    target: float
    numbers: Callable[[Any], Tensor]
    config: dict[str, int] = field(default_factory=dict)
    factory: bool = False
    halve: bool = False

    def network(self) -> nn.Module:
        """Ours, in evaluation mode, with the factory weights or with drawn ones."""
        torch.manual_seed(0)
        network = create_model(self.name, **self.config)
        if self.factory:
            network.load_state_dict(state_of(load_weights(FACTORY)))
        else:
            draw(network)
        return network.eval()

    def plain_network(self) -> nn.Module:
        """The plain module, with drawn weights."""
        torch.manual_seed(0)
        network = self.plain(**self.config)
        draw(network)
        return network.eval()

    def photo(self) -> Tensor:
        scene = render_scene(23, self.side_px, self.side_px).pixels[None]
        return self.numbers(scene).contiguous()


FACTORY_CONFIG = {"base_width": 16, "t": 2, "stem": 2}
PAPER_STEM = {"base_width": 16, "t": 2, "stem": 1}
CASES = {
    "r2aunet_256": Case(
        "R2AU-Net, factory preset", "r2aunet", PlainR2AUNet, 256, 2.5, to_input, FACTORY_CONFIG, True, True
    ),
    "r2aunet_512": Case(
        "R2AU-Net, factory preset", "r2aunet", PlainR2AUNet, 512, 2.5, to_input, FACTORY_CONFIG, True, True
    ),
    "r2aunet_stem1_256": Case(
        "R2AU-Net, width 16, stem 1", "r2aunet", PlainR2AUNet, 256, 2.5, to_input, PAPER_STEM, halve=True
    ),
    "r2aunet_stem1_512": Case(
        "R2AU-Net, width 16, stem 1", "r2aunet", PlainR2AUNet, 512, 2.5, to_input, PAPER_STEM, halve=True
    ),
    "rmt_t": Case("RMT-T", "rmt_t", PlainRMT, 224, 3.0, imagenet_input),
    "revit_b": Case("ReViT-B", "revit_b", PlainReViT, 224, 1.5, imagenet_input),
    "dhformer": Case("DHFormer-style, default", "dhformer", PlainDHFormer, 512, 2.0, unit_input),
}


def draw(network: nn.Module) -> None:
    """Give norms statistics, and what begins with zeros numbers, so that every layer has work to do."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.2, 0.2)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
        if isinstance(module, nn.Conv2d | nn.Linear) and not bool(module.weight.any()):
            nn.init.normal_(module.weight, std=0.02)
    for name, parameter in network.named_parameters():
        if name == "position" and not bool(parameter.any()):
            nn.init.normal_(parameter, std=0.5)


def ways(case: Case) -> list[tuple[str, str, Compute]]:
    """(title, name of the way, compute), without the plain module."""
    found = []
    for compute in (Compute(CPU), *([Compute(CPU, torch.bfloat16)] if has_fast_bf16(CPU) else [])):
        for path in fitting(case.network(), compute):
            if path != PLAIN:
                found.append(
                    (f"{path} {'bf16' if compute.dtype == torch.bfloat16 else 'fp32'}", path, compute)
                )
    return found


def lay_out(case: Case, title: str) -> nn.Module:
    if title == PLAIN_MODULE:
        return case.plain_network()
    path, compute = next((path, compute) for known, path, compute in ways(case) if known == title)
    return prepare(case.network(), compute, path, case.halve)


def peak_mib(key: str, title: str, threads: int) -> int:
    """Peak memory in MiB of a process that runs this way three times."""
    command = [sys.executable, __file__, "--only", key, "--threads", str(threads), "--alone", title]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1])


def run_alone(case: Case, title: str) -> None:
    runner, photo = lay_out(case, title), case.photo()
    with torch.inference_mode():
        for _ in range(3):
            runner(photo)
    print(own_peak_mib())


def own_peak_mib() -> int:
    """Peak memory of this process; Linux counts its parent's in ``ru_maxrss``, and says its own elsewhere."""
    status = Path("/proc/self/status")
    if status.is_file():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) // 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // (1024**2 if sys.platform == "darwin" else 1024)


def measure(case: Case, repeats: int, clock: Callable[[], float]) -> dict[str, tuple[float, float, str]]:
    """Least seconds, difference and flipped pixels of every way."""
    network = case.network()
    plain = case.plain(**case.config).eval()
    plain.load_state_dict(network.state_dict())
    runners = {PLAIN_MODULE: plain} | {title: lay_out(case, title) for title, _, _ in ways(case)}
    photo = case.photo()
    seconds = dict.fromkeys(runners, float("inf"))
    with torch.inference_mode():
        answers = {title: runner(photo) for title, runner in runners.items()}
        for _ in range(repeats):
            for title, runner in runners.items():
                for _ in range(BURST):
                    start = clock()
                    runner(photo)
                    seconds[title] = min(seconds[title], clock() - start)
    exact = answers[PLAIN_MODULE]
    rows = {}
    for title, answer in answers.items():
        flipped = "-"
        if case.factory:
            share = float(((answer > 0) != (exact > 0)).float().mean())
            flipped = f"{100 * share:.4f} %"
        rows[title] = (seconds[title], difference(answer, exact), flipped)
    return rows


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=list(CASES), default=list(CASES))
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--threads", type=int, default=0, help="0: one, or two with --wall")
    parser.add_argument("--wall", action="store_true", help="seconds of the clock instead of the processor")
    parser.add_argument("--no-memory", action="store_true")
    parser.add_argument("--alone", default="", help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    asked = options()
    threads = asked.threads or (2 if asked.wall else 1)
    torch.set_num_threads(threads)
    if asked.alone:
        run_alone(CASES[asked.only[0]], asked.alone)
        return
    unit = "s" if asked.wall else "CPU s"
    print(f"| network | side, px | way | {unit} | ratio | target | difference | pixels flipped | peak MiB |")
    print("|---|---|---|---|---|---|---|---|---|")
    for key in asked.only:
        case = CASES[key]
        rows = measure(case, asked.repeats, time.perf_counter if asked.wall else time.process_time)
        for title, (seconds, apart, flipped) in rows.items():
            memory = "-" if asked.no_memory else peak_mib(key, title, threads)
            ratio = rows[PLAIN_MODULE][0] / seconds
            print(
                f"| {case.title} | {case.side_px} | {title} | {seconds:.4f} | {ratio:.2f} | {case.target} | "
                f"{apart:.1e} | {flipped} | {memory} |",
                flush=True,
            )
    print(f"\n{threads} thread(s), torch {torch.__version__}, load average {os.getloadavg()[0]:.1f}.")
    print("Difference: largest, as a share of the plain module's largest answer.")


if __name__ == "__main__":
    main()
