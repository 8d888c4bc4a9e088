"""How fast learning goes beside other programs: with a thread for every core, and with as many as fit.

    python benchmarks/busy_machine.py [--others 0 1 2] [--seconds 15]

Others are processes that compute without pause. The network, patches and optimiser are those of a run; the
photos are drawn scenes.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from resatt_studio.inference.device import Threads, choose_compute, core_count
from resatt_studio.inference.sliding import run_to_end
from resatt_studio.learning.patches import Batch
from resatt_studio.learning.student import Student, relative_cost
from resatt_studio.models.state import build, load_weights
from resatt_studio.records.training import FineTunePlan
from resatt_studio.resources import asset
from resatt_studio.synthesis.scenes import render_scene
from resatt_studio.workflow.courtesy import SpareCores

SETTLE_S = 3.0


@contextmanager
def hogs(number: int) -> Iterator[None]:
    """So many other programs that want a core each."""
    running = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(number)]
    try:
        yield
    finally:
        for one in running:
            one.kill()
            one.wait()


def steps_a_second(threads: Threads, seconds: float) -> float:
    """Learn for ``seconds``, after some more to get used to what others do."""
    weights = load_weights(asset("weights", "r2aunet-factory.safetensors"))
    plan = FineTunePlan()
    scenes = [render_scene(seed, plan.crop_px, plan.crop_px) for seed in range(plan.batch)]
    target = np.stack([scene.mask for scene in scenes]).astype(np.float32)
    batch = Batch(
        names=tuple(str(seed) for seed in range(plan.batch)),
        pixels=np.stack([scene.pixels for scene in scenes]),
        target=target,
        weight=np.ones_like(target),
        reminder=np.zeros(plan.batch, np.bool_),
    )
    student = Student(build(weights), plan, choose_compute("cpu"), relative_cost(weights.config), threads)
    settled = time.monotonic() + SETTLE_S
    while time.monotonic() < settled:
        run_to_end(student.step(batch, 0.01))
    began, done = time.monotonic(), student.steps_done
    while time.monotonic() < began + seconds:
        run_to_end(student.step(batch, 0.01))
    return (student.steps_done - done) / (time.monotonic() - began)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--others", type=int, nargs="+", default=[0, 1, 2], help="other programs")
    parser.add_argument("--seconds", type=float, default=15.0, help="of each measurement")
    asked = parser.parse_args()
    print(f"| other programs | {core_count()} threads, steps a second | as many as fit | ratio |")
    print("|---|---|---|---|")
    for number in asked.others:
        with hogs(number):
            usual = steps_a_second(core_count(), asked.seconds)
            fitting = steps_a_second(SpareCores().now, asked.seconds)
        print(f"| {number} | {usual:.2f} | {fitting:.2f} | {fitting / usual:.2f} |", flush=True)


if __name__ == "__main__":
    main()
