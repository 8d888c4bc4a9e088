"""How well RMT and ReViT name the type of a crack on held-back tiles, beside a ResNet-18 of the same recipe.

    python benchmarks/label_scores.py --data DATA                 # the shipped weights
    python benchmarks/label_scores.py --data DATA --yardstick resnet18.safetensors    # and a ResNet-18
    python benchmarks/label_scores.py --data DATA --yardstick resnet18.safetensors --cards docs/model-cards

Tiles of ``classify/tiles.csv``, test split, unambiguous ones: crack / no crack accuracy, F1 of each type and
their mean (macro F1), the confusion matrix, and accuracy by set, because branching tiles come from two sets
only. Brickwork tiles (crack or none) stand apart. The yardstick is torchvision's ResNet-18 with fresh
weights, by RMT's recipe: the same tiles, augmentation, loss, helper head, optimiser and number of steps
(``--steps``). It is trained when its file is not there.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import torch
import torchvision
from pages import write_into
from safetensors.torch import load_file, save_file
from torch import nn

from resatt_studio.imaging.confusion import Confusion
from resatt_studio.inference.device import Compute, apply_threads, choose_compute
from resatt_studio.inference.sliding import run_to_end
from resatt_studio.learning.training.label_data import LabelTile, table_tiles
from resatt_studio.learning.training.label_judging import LabelVerdict, judge_labels
from resatt_studio.learning.training.label_task import LabelTask
from resatt_studio.learning.training.loop import learn
from resatt_studio.learning.training.registry import read_options
from resatt_studio.models.state import build, load_weights
from resatt_studio.records.labels import CRACK_TYPES
from resatt_studio.resources import asset

Found: TypeAlias = dict[str, tuple[LabelVerdict, LabelVerdict]]
STEPS = 3200  # what RMT made of its minutes
TYPES, BRICK = "classify/tiles.csv", "classify/brickwork.csv"


def main() -> None:
    arguments = parse()
    apply_threads(arguments.threads or None)
    compute = choose_compute()
    side = 224
    typed = table_tiles(arguments.data / TYPES, arguments.split, side)
    brick = table_tiles(arguments.data / BRICK, arguments.split, side)
    found: Found = {}
    for model in ("rmt", "revit"):
        weights = load_weights(getattr(arguments, model) or asset("weights", f"{model}-factory.safetensors"))
        found[f"{model} {weights.weights_id[:12]}"] = judged(build(weights), typed, brick, compute)
    if arguments.yardstick:
        network = yardstick(arguments.yardstick, arguments.data, arguments.steps)
        found["ResNet-18"] = judged(network, typed, brick, compute)
    lines = report(found, arguments.split)
    print("\n".join(lines))
    for model in ("rmt", "revit") if arguments.cards else ():
        own = {name: both for name, both in found.items() if name.startswith(f"{model} ")}
        write_into(arguments.cards / f"{model}-factory.md", report(found, arguments.split, own))
    if arguments.json:
        table = {name: [one.to_table() for one in verdicts] for name, verdicts in found.items()}
        arguments.json.write_text(json.dumps(table, indent=1), encoding="utf-8")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--split", default="test", choices=("val", "test"))
    parser.add_argument("--rmt", type=Path, help="weights in place of the shipped ones")
    parser.add_argument("--revit", type=Path, help="weights in place of the shipped ones")
    parser.add_argument("--yardstick", type=Path, help="file of a ResNet-18 by the same recipe")
    parser.add_argument("--steps", type=int, default=STEPS, help="of the yardstick's training")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--cards", type=Path, help="folder of the model cards to write the tables into")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def judged(
    network: nn.Module, typed: Sequence[LabelTile], brick: Sequence[LabelTile], compute: Compute
) -> tuple[LabelVerdict, LabelVerdict]:
    """Answers on typed tiles and on brickwork."""
    network = network.to(compute.device).to(memory_format=torch.channels_last)
    return run_to_end(judge_labels(network, typed, compute)), run_to_end(
        judge_labels(network, brick, compute)
    )


def yardstick(file: Path, data: Path, steps: int) -> nn.Module:
    """A ResNet-18 from its file, which is made by RMT's recipe where it is not there."""
    torch.manual_seed(0)
    network = torchvision.models.resnet18(num_classes=len(CRACK_TYPES))
    if not file.is_file():
        options = read_options(asset("training", "rmt-factory.toml"), "label")
        options = dataclasses.replace(options, minutes=0.0, steps=steps)
        task = LabelTask(options)
        run_to_end(task.read([data]))
        save_file(run_to_end(learn(task, network, options)), str(file))
    network.load_state_dict(load_file(str(file)))
    return network.eval()


def report(found: Found, split: str, detailed: Found | None = None) -> list[str]:
    """The tables, in Markdown; confusion and sets of ``detailed`` ones, by default of all."""
    names = ", ".join(f"F1 {kind}" for kind in CRACK_TYPES)
    columns = names.replace(", ", " | ")
    lines = [
        f"{split} split, unambiguous tiles",
        "",
        f"| network | crack / none | macro F1 | {columns} | brickwork crack / none |",
        "|---" * (4 + len(CRACK_TYPES)) + "|",
    ]
    for name, (typed, brick) in found.items():
        total = typed.total
        each = " | ".join(f"{total.f1.get(kind, float('nan')):.3f}" for kind in CRACK_TYPES)
        lines.append(
            f"| {name} | {total.crack_accuracy:.3f} | {total.macro_f1:.3f} | {each} "
            f"| {brick.total.crack_accuracy:.3f} |"
        )
    for name, (typed, _) in (found if detailed is None else detailed).items():
        lines += ["", f"{name}: rows are the truth, columns the answers", ""]
        lines += confusion_table(typed.total)
        lines += ["", f"{name}, share of tiles named rightly, by set:", "", *by_set(typed)]
    return lines


def confusion_table(confusion: Confusion) -> list[str]:
    head = "| | " + " | ".join(CRACK_TYPES) + " |"
    rows = [
        f"| {kind} | " + " | ".join(str(int(value)) for value in row) + " |"
        for kind, row in zip(CRACK_TYPES, confusion.counts, strict=True)
    ]
    return [head, "|---" * (1 + len(CRACK_TYPES)) + "|", *rows]


def by_set(verdict: LabelVerdict) -> list[str]:
    lines = ["| set | tiles | rightly named |", "|---|---|---|"]
    for name, one in sorted(verdict.sets.items()):
        lines.append(f"| {name} | {one.number} | {one.counts.trace() / max(1, one.counts.sum()):.3f} |")
    return lines


if __name__ == "__main__":
    main()
