"""Which width, recurrence and stem give the default preset: accuracy for equal CPU time against milliseconds.

    python benchmarks/preset_search.py --data DATA --cpu-seconds 240

Every candidate gets the same CPU seconds of one core: its time per training step is measured first, and the
number of steps follows from it, so other work on the machine changes nothing. It then learns from the
training splits (never CrackMap) with the factory recipe and is judged on the validation splits; sets of thin
cracks are averaged apart.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from resatt_studio.inference.device import choose_compute
from resatt_studio.learning.losses import crack_loss
from resatt_studio.learning.training.crack_config import CrackConfig, SynthesisOptions
from resatt_studio.learning.training.crack_judging import Judgement
from resatt_studio.learning.training.loop import train
from resatt_studio.models import create_model
from resatt_studio.resources import asset

CANDIDATES = ((16, 2, 2), (16, 1, 2), (24, 1, 2), (24, 2, 2), (16, 2, 1), (8, 2, 1))
THIN = ("cfd", "uav75", "nha12d")
CROP_PX, BATCH = 192, 4


@dataclass(frozen=True, slots=True)
class Row:
    """One candidate's line of the table."""

    name: str
    parameters: int
    forward_ms: float
    step_s: float
    steps: int
    dice: float
    f1: float
    thin_dice: float
    thin_f1: float
    quiet: float | None

    def markdown(self) -> str:
        quiet = "-" if self.quiet is None else f"{self.quiet:.2f}"
        return (
            f"| {self.name} | {self.parameters:,} | {self.forward_ms:.0f} | {self.step_s:.2f} | {self.steps} "
            f"| {self.dice:.3f} / {self.f1:.3f} | {self.thin_dice:.3f} / {self.thin_f1:.3f} | {quiet} |"
        )


def forward_ms(network: torch.nn.Module) -> float:
    """Least CPU milliseconds of seven forwards at 512 px, one thread, this machine's best precision."""
    compute = choose_compute("cpu")
    photo = torch.randn(1, 3, 512, 512).to(memory_format=torch.channels_last)
    times: list[float] = []
    network.eval()
    with torch.no_grad(), compute.autocast():
        for _ in range(7):
            start = time.process_time()
            network(photo)
            times.append(time.process_time() - start)
    return min(times) * 1000


def step_seconds(network: torch.nn.Module) -> float:
    """Least CPU seconds of four training steps, one thread."""
    compute = choose_compute("cpu")
    optimiser = torch.optim.AdamW(network.parameters())
    photo = torch.randn(BATCH, 3, CROP_PX, CROP_PX).to(memory_format=torch.channels_last)
    crack = (torch.rand(BATCH, 1, CROP_PX, CROP_PX) > 0.97).float()
    network.train()
    times: list[float] = []
    for _ in range(4):
        start = time.process_time()
        with compute.autocast():
            logits = network(photo)
        loss = crack_loss(logits, crack)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        times.append(time.process_time() - start)
    return min(times)


def measure(
    candidate: tuple[int, int, int], base: CrackConfig, data: Sequence[Path], cpu_seconds: float
) -> Row:
    """Time, train and judge one candidate."""
    width, t, stem = candidate
    options = {"base_width": width, "t": t, "stem": stem}
    torch.manual_seed(0)
    network = create_model("r2aunet", **options).to(memory_format=torch.channels_last)
    fast, step = forward_ms(network), step_seconds(network)
    steps = max(10, round(cpu_seconds / step))
    config = replace(
        base,
        network=options,
        minutes=0.0,
        steps=steps,
        crop_px=CROP_PX,
        batch=BATCH,
        warmup_steps=steps // 20,
        ema_decay=0.99,
        judge_every_minutes=1e9,
        statistics_images=64,
        threads=1,
    )
    judgement: Judgement | None = None
    with TemporaryDirectory(prefix="preset-") as folder:
        for report in train(config, data, Path(folder) / "preset.safetensors"):
            judgement = report.judgement or judgement
    assert judgement is not None
    sets = judgement.sets
    thin = [sets[name] for name in THIN if name in sets]
    return Row(
        name=f"({width}, {t}, {stem})",
        parameters=sum(parameter.numel() for parameter in network.parameters()),
        forward_ms=fast,
        step_s=step,
        steps=steps,
        dice=sum(score.dice for score in sets.values()) / len(sets),
        f1=sum(score.tolerance_f1 for score in sets.values()) / len(sets),
        thin_dice=sum(score.dice for score in thin) / max(1, len(thin)),
        thin_f1=sum(score.tolerance_f1 for score in thin) / max(1, len(thin)),
        quiet=judgement.quiet,
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, action="append", required=True, help="folder of sets")
    parser.add_argument("--cpu-seconds", type=float, default=240.0, help="learning time of each candidate")
    parser.add_argument("--judge-tiles", type=int, default=10, help="most tiles of a set that judge")
    parser.add_argument(
        "--candidates", type=json.loads, default=CANDIDATES, help='such as "[[16,2,2],[8,2,1]]"'
    )
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    base = CrackConfig.from_file(asset("training", "r2aunet-factory-2.toml"))
    scenes = SynthesisOptions(scenes=60, size_px=256)
    base = replace(base, synthesis=scenes, judge_tiles=arguments.judge_tiles, start_from="", on_crack=0.75)
    base = replace(base, freeze_statistics_at=0.7)
    print("| (width, t, stem) | parameters | 512 px forward, CPU ms | step, CPU s | steps | Dice / F1@2px "
          "| thin: Dice / F1@2px | quiet |\n|---|---|---|---|---|---|---|---|", flush=True)  # fmt: skip
    for candidate in arguments.candidates:
        print(measure(tuple(candidate), base, arguments.data, arguments.cpu_seconds).markdown(), flush=True)


if __name__ == "__main__":
    main()
