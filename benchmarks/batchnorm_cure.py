"""What becomes of BatchNorm statistics while learning, and what the two cures change.

    python benchmarks/batchnorm_cure.py --data DATA --start assets/training/r2aunet-factory-1.safetensors

From the same weights and the same patches the network learns twice: with each batch's own statistics, and
with statistics measured once and held. The first is judged three times: its newest weights with the running
statistics that training left, its averaged weights with those, and its averaged weights with statistics
measured anew. All on the validation splits (never CrackMap).
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from resatt_studio.inference.device import apply_threads, choose_compute
from resatt_studio.inference.sliding import run_to_end
from resatt_studio.learning.normalisation import reestimate_statistics
from resatt_studio.learning.training.crack_config import CrackConfig, SynthesisOptions
from resatt_studio.learning.training.crack_data import TrainingData, load_data, plain_batches
from resatt_studio.learning.training.crack_judging import Judgement, judge_steps
from resatt_studio.learning.training.loop import train
from resatt_studio.models import create_model
from resatt_studio.resources import asset


def learned(config: CrackConfig, data: Sequence[Path], held: bool) -> dict[str, dict[str, torch.Tensor]]:
    """Learn all steps, stop before anything is measured or judged, and return the checkpoint's networks."""
    config = replace(config, freeze_statistics_at=0.0 if held else 1.0)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run.safetensors"
        run = train(config, data, out)
        for report in run:
            if report.phase == "learning" and report.step == config.steps:
                break
        run.close()
        content: dict[str, Any] = torch.load(out.with_name(out.name + ".checkpoint"), weights_only=True)
    tensors: dict[str, dict[str, torch.Tensor]] = content["tensors"]
    return tensors


def filled(config: CrackConfig, state: dict[str, torch.Tensor]) -> nn.Module:
    """A network with these tensors."""
    network = create_model(config.model, **config.network)
    network.load_state_dict(state)
    return network.eval()


def row(name: str, judgement: Judgement) -> str:
    """One line of the table."""
    sets = list(judgement.sets.values())
    dice = sum(score.dice for score in sets) / len(sets)
    f1 = sum(score.tolerance_f1 for score in sets) / len(sets)
    low = min(score.dice for score in sets)
    quiet = "-" if judgement.quiet is None else f"{judgement.quiet:.2f}"
    return f"| {name} | {dice:.3f} | {f1:.3f} | {low:.3f} | {quiet} |"


def networks(config: CrackConfig, data: Sequence[Path], material: TrainingData) -> dict[str, nn.Module]:
    """The four networks that are compared."""
    live = learned(config, data, held=False)
    anew = filled(config, live["average"])
    reestimate_statistics(anew, plain_batches(material, config, config.statistics_images))
    held = learned(config, data, held=True)
    return {
        "batch statistics; newest weights, running statistics": filled(config, live["network"]),
        "batch statistics; averaged weights, running statistics": filled(config, live["average"]),
        "batch statistics; averaged weights, measured anew": anew,
        "held statistics; averaged weights": filled(config, held["average"]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder that holds the sets")
    parser.add_argument("--start", type=Path, required=True, help="weights to learn on from")
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--judge-tiles", type=int, default=10, help="most tiles of a set that judge")
    parser.add_argument("--threads", type=int, default=0, help="0 for all cores")
    arguments = parser.parse_args()
    threads = apply_threads(arguments.threads or None)
    config = replace(
        CrackConfig.from_file(asset("training", "r2aunet-factory-2.toml")),
        start_from=str(arguments.start),
        minutes=0.0,
        steps=arguments.steps,
        learning_rate=arguments.learning_rate,
        crop_px=192,
        batch=4,
        warmup_steps=20,
        ema_decay=0.98,
        judge_tiles=arguments.judge_tiles,
        judge_every_minutes=1e9,
        threads=threads,
        synthesis=SynthesisOptions(scenes=40, size_px=256),
    )
    material = run_to_end(load_data(config, [arguments.data]))
    compute = choose_compute()
    print(f"{arguments.steps} steps from {arguments.start.name}, seed {config.seed}; validation splits of")
    print(f"{json.dumps(list(material.judges))}\n")
    print("| learning and judging | mean Dice | mean F1 at 2 px | lowest Dice of a set | quiet tiles |")
    print("|---|---|---|---|---|")
    for name, network in networks(config, [arguments.data], material).items():
        steps = judge_steps(network, material.judges, material.crack_free, compute, threads)
        print(row(name, run_to_end(steps)), flush=True)


if __name__ == "__main__":
    main()
