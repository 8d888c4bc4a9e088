"""What measuring BatchNorm statistics anew changes, on any checkpoint of a training run.

    python benchmarks/batchnorm_cure.py --data DATA --config assets/training/r2aunet-factory.toml \
        --checkpoint r2aunet-factory.safetensors.checkpoint

Three networks from one checkpoint, judged on the validation splits: the newest weights with the running
statistics that training left; the averaged weights with those same statistics; and the averaged weights with
statistics measured anew over plain training patches.
"""

from __future__ import annotations

import argparse
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import nn

from resatt_studio.inference.device import apply_threads, choose_compute
from resatt_studio.inference.sliding import run_to_end
from resatt_studio.learning.judging import Judgement, judge_steps
from resatt_studio.learning.normalisation import reestimate_statistics
from resatt_studio.learning.training_config import SynthesisOptions, TrainConfig
from resatt_studio.learning.training_data import load_data, plain_batches
from resatt_studio.learning.training_state import load_checkpoint
from resatt_studio.models import create_model


def filled(config: TrainConfig, state: dict[str, Any]) -> nn.Module:
    """A network with these tensors."""
    network = create_model(config.model, **config.network)
    network.load_state_dict(state)
    return network.eval()


def row(name: str, judgement: Judgement) -> str:
    """One line of the table."""
    sets = list(judgement.sets.values())
    dice = sum(score.dice for score in sets) / len(sets)
    f1 = sum(score.tolerance_f1 for score in sets) / len(sets)
    quiet = "-" if judgement.quiet is None else f"{judgement.quiet:.2f}"
    return f"| {name} | {dice:.3f} | {f1:.3f} | {quiet} |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder that holds the sets")
    parser.add_argument("--config", type=Path, required=True, help="configuration of the run")
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=0, help="0 for all cores")
    arguments = parser.parse_args()
    threads = apply_threads(arguments.threads or None)
    config = TrainConfig.from_file(arguments.config)
    tensors, facts = load_checkpoint(arguments.checkpoint, config)
    steps: Generator[str, None, Any] = load_data(
        replace(config, synthesis=SynthesisOptions(scenes=0)), [arguments.data]
    )
    material = run_to_end(steps)
    newest, averaged, cured = (filled(config, tensors[key]) for key in ("network", "average", "average"))
    reestimate_statistics(cured, plain_batches(material, config, config.statistics_images))
    print(f"Step {facts['step']}, validation splits, means over sets\n")
    print("| network | Dice | F1 at 2 px | quiet crack-free tiles |\n|---|---|---|---|")
    networks = {
        "newest weights, running statistics": newest,
        "averaged weights, running statistics": averaged,
        "averaged weights, statistics measured anew": cured,
    }
    compute = choose_compute()
    for name, network in networks.items():
        steps_of = judge_steps(network, material.judges, material.crack_free, compute, threads)
        print(row(name, run_to_end(steps_of)), flush=True)


if __name__ == "__main__":
    main()
