"""What a GPU is worth: forward passes, a 12-megapixel photo and few-shot learning, beside this machine's CPU.

Forward passes are timed for the shipped weights at the sizes the app uses and for two networks of the papers
(RMT-T, ReViT-B; fresh weights), in four ways: as the network is written in single precision with TF32 off,
with TF32 on, under bfloat16 autocast, and as the app runs it (``resatt_studio.inference``, torch's own choice
of TF32). Photo and learning go through the app's own engine and loop. Times are medians of the clock with the
device waited for, after passes to warm up; peak memory is what torch allocated on the GPU.

    python benchmarks/gpu_speed.py [--seconds 80] [--threads 16] [--json FILE]
    python benchmarks/gpu_speed.py --device cpu --quick

The GPU goes first, then the CPU; rows that have not begun after ``--seconds`` are left out. A row that fails
is marked, and the others go on.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import json
import os
import statistics
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch

from resatt_studio.imaging.files import read_mask, read_photo
from resatt_studio.inference.dehazer import Dehazer
from resatt_studio.inference.device import choose_compute, choose_device, core_count, release_memory
from resatt_studio.inference.engine import Engine
from resatt_studio.inference.labeller import Labeller
from resatt_studio.inference.normalise import imagenet_input, unit_input
from resatt_studio.inference.paths import AUTO, PLAIN
from resatt_studio.inference.ready import Holder
from resatt_studio.inference.segmenter import to_input
from resatt_studio.inference.sliding import run_to_end
from resatt_studio.learning.finetune import fine_tune
from resatt_studio.learning.reference import ReferenceSet
from resatt_studio.models import create_model, preset_config
from resatt_studio.models.state import build, load_weights, pack_weights
from resatt_studio.records.correction import Label
from resatt_studio.records.labels import CRACK_TYPES
from resatt_studio.records.photo import Photo, Split
from resatt_studio.records.sample import Sample
from resatt_studio.records.training import FineTunePlan, FineTuneResult
from resatt_studio.records.weights import WeightsFile
from resatt_studio.resources import asset
from resatt_studio.synthesis.scenes import render_scene

HEIGHT, WIDTH = 3000, 4000
EXACT, TF32, BF16, APP = "plain, fp32", "plain, TF32", "plain, bf16 autocast", "as the app runs it"
WAYS = (EXACT, TF32, BF16, APP)
CPU_WAYS = (EXACT, APP)
HOLDERS: dict[str, type[Holder[Any]]] = {
    "r2aunet": Engine,
    "rmt": Labeller,
    "revit": Labeller,
    "dhformer": Dehazer,
}
NUMBERS = {"r2aunet": to_input, "rmt": imagenet_input, "revit": imagenet_input, "dhformer": unit_input}


@dataclass(frozen=True)
class Case:
    """One network at one size; ``preset`` is one of the paper's, or "" for the shipped weights."""

    title: str
    model: str
    side_px: int
    batch: int = 1
    preset: str = ""

    @property
    def size(self) -> str:
        return f"{self.batch} x {self.side_px} px"

    def pixels(self) -> np.ndarray:
        scene = render_scene(23, self.side_px, self.side_px).pixels
        return np.repeat(scene[None], self.batch, axis=0)


CASES = (
    Case("R2AU-Net", "r2aunet", 512),
    Case("RMT", "rmt", 224),
    Case("RMT", "rmt", 224, 48),
    Case("ReViT", "revit", 224),
    Case("ReViT", "revit", 224, 48),
    Case("DHFormer-style", "dhformer", 512),
    Case("RMT-T", "rmt", 224, preset="t"),
    Case("ReViT-B", "revit", 224, preset="b"),
    Case("RMT-T", "rmt", 224, 48, preset="t"),
    Case("ReViT-B", "revit", 224, 48, preset="b"),
)


@functools.cache
def weights_of(model: str, preset: str) -> WeightsFile:
    """Shipped weights, or fresh ones of one of the paper's presets, with as many classes as the app has."""
    if not preset:
        return load_weights(asset("weights", f"{model}-factory.safetensors"))
    config = preset_config(model, preset) | {"num_classes": len(CRACK_TYPES)}
    torch.manual_seed(0)
    return pack_weights(model, config, create_model(model, **config).state_dict())


@dataclass
class Row:
    """One figure.

    Attributes:
        section: "forward", "photo" or "learning".
        what, size, way, device: What was timed, on what, how and where.
        milliseconds: Median; None where it failed or there was no time.
        peak_mib: Allocated on the GPU; None on a CPU.
        facts: More of the same row, such as the way that the engine chose.
        error: What went wrong, or "".
    """

    section: str
    what: str
    size: str
    way: str
    device: str
    milliseconds: float | None = None
    peak_mib: float | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    error: str = ""


class Bench:
    """Collects rows, keeps to the time, and goes on after a failure."""

    def __init__(self, asked: argparse.Namespace) -> None:
        self.asked = asked
        self.rows: list[Row] = []
        self._begun = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._begun

    def add(self, row: Row, work: Callable[[Row], None]) -> None:
        """Fill a row in, say so, and write everything down that there is."""
        device = torch.device(row.device)
        if self.seconds > self.asked.seconds:
            row.error = "no time left"
        else:
            try:
                if device.type == "cuda":
                    release_memory(device)
                    torch.cuda.reset_peak_memory_stats()
                work(row)
                if device.type == "cuda":
                    row.peak_mib = torch.cuda.max_memory_allocated() / 2**20
            except Exception as error:  # noqa: BLE001  the other rows are worth having
                traceback.print_exc()
                row.error = f"{type(error).__name__}: {error}".splitlines()[0]
        self.rows.append(row)
        said = f"{row.milliseconds:.2f} ms" if row.milliseconds is not None else f"({row.error})"
        print(f"[{self.seconds:5.1f} s] {row.device}: {row.what}, {row.size}, {row.way}: {said}", flush=True)
        self.write()

    def write(self) -> None:
        if self.asked.json:
            told = {"machine": machine(), "rows": [asdict(row) for row in self.rows]}
            self.asked.json.write_text(json.dumps(told, indent=1), encoding="utf-8")

    def find(self, like: Row, device: str, way: str) -> Row | None:
        """The same figure on another device."""
        wanted = (like.section, like.what, like.size, way, device)
        same = (row for row in self.rows if wanted == (row.section, row.what, row.size, row.way, row.device))
        return next(same, None)


def machine() -> dict[str, Any]:
    there = torch.cuda.is_available()
    return {
        "torch": torch.__version__,
        "gpu": torch.cuda.get_device_name(0) if there else "none",
        "cuda": torch.version.cuda if there else None,
        "cudnn": torch.backends.cudnn.version() if there else None,
        "cpu": torch.cpu.get_capabilities().get("cpu_name", ""),
        "cores": core_count(),
        "threads": torch.get_num_threads(),
        "load": round(os.getloadavg()[0], 1),
    }


@contextmanager
def tf32(wanted: bool | None) -> Iterator[None]:
    """TF32 on or off for products and convolutions alike; None leaves torch's own choice."""
    switches = (torch.backends.cuda.matmul, torch.backends.cudnn)
    if wanted is None:
        yield
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some versions of torch would rather have other names for these
        before = [switch.allow_tf32 for switch in switches]
        for switch in switches:
            switch.allow_tf32 = wanted
        try:
            yield
        finally:
            for switch, value in zip(switches, before, strict=True):
                switch.allow_tf32 = value


def wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def median_ms(work: Callable[[], object], device: torch.device, seconds: float, most: int = 30) -> float:
    """Median milliseconds of up to ``most`` passes in about ``seconds``, after up to three to warm up; one
    that takes three times as long on a CPU counts itself."""
    start = time.perf_counter()
    for _ in range(3):
        begun = time.perf_counter()
        work()
        wait_for(device)
        last = time.perf_counter() - begun
        if time.perf_counter() - start > seconds / 2:
            break
    if last > 3 * seconds and device.type == "cpu":
        return 1000 * last
    taken: list[float] = []
    start = time.perf_counter()
    while len(taken) < most and (not taken or time.perf_counter() - start < seconds):
        begun = time.perf_counter()
        work()
        wait_for(device)
        taken.append(time.perf_counter() - begun)
    return 1000 * statistics.median(taken)


def forward(case: Case, weights: WeightsFile, seconds: float, threads: int) -> Callable[[Row], None]:
    """Time one network one way."""

    def work(row: Row) -> None:
        device = torch.device(row.device)
        photo = NUMBERS[case.model](case.pixels()).to(device)
        if row.way == APP:
            holder = HOLDERS[case.model](row.device, threads=threads)
            holder.use(weights)
            ready, _ = holder.in_use()
            row.facts = {"path": ready.path, "compute": ready.compute.name}
            with ready.at_work() as network:
                row.milliseconds = median_ms(lambda: network(photo), device, seconds)
            return
        network = build(weights).eval().to(device)
        photo = photo.contiguous()
        half = torch.autocast(device.type, torch.bfloat16, enabled=row.way == BF16)
        with tf32({EXACT: False, TF32: True}.get(row.way)), torch.inference_mode(), half:
            row.milliseconds = median_ms(lambda: network(photo), device, seconds)

    return work


def time_forward(bench: Bench, device: str, ways: Sequence[str], cases: Sequence[Case]) -> None:
    for case in cases:
        try:
            weights = weights_of(case.model, case.preset)
        except Exception:  # noqa: BLE001  the other networks are worth having
            traceback.print_exc()
            continue
        for way in ways:
            row = Row("forward", case.title, case.size, way, device)
            bench.add(row, forward(case, weights, bench.asked.row_seconds, bench.asked.threads))


def time_photo(bench: Bench, device: str, ways: Sequence[str], height: int, width: int) -> None:
    """A whole photo through the app's engine: tiles, blending and all."""
    surface = read_photo(asset("photos", "road-01-transverse.jpg")).pixels
    times = -(-height // surface.shape[0]), -(-width // surface.shape[1])
    pixels = np.ascontiguousarray(np.tile(surface, (*times, 1))[:height, :width])
    weights = load_weights(asset("weights", "r2aunet-factory.safetensors"))

    def work(row: Row) -> None:
        exact = row.way == EXACT
        with tf32(False if exact else None):
            path = PLAIN if exact else AUTO
            engine = Engine(device, "fp32" if exact else "auto", bench.asked.threads, path)
            start = time.perf_counter()
            engine.use(weights)
            ready = time.perf_counter() - start
            photo = Photo("0" * 64, pixels)
            quick = bench.asked.quick or device == "cpu"
            taken = [run_to_end(engine.predict(photo)).seconds for _ in range(1 if quick else 3)]
        row.milliseconds = 1000 * statistics.median(taken[1:] or taken)
        network, _ = engine.in_use()
        row.facts = {"path": network.path, "compute": network.compute.name, "ready_s": round(ready, 2)}

    for way in ways:
        size = f"{height * width / 1e6:.3g} megapixels"
        bench.add(Row("photo", "R2AU-Net, whole photo", size, way, device), work)


def samples() -> list[Sample]:
    """Five of the bundled photos with their masks; the third judges."""
    names = (
        "road-01-transverse",
        "pavement-05-slab",
        "wall-08-plaster",
        "road-03-alligator",
        "seepage-12-diagonal",
    )
    found = []
    for place, name in enumerate(names):
        photo = read_photo(asset("photos", f"{name}.jpg"))
        truth = read_mask(asset("photos", "masks") / f"{name}.png", photo.pixels.shape[:2])
        labels = np.where(truth, Label.CRACK, Label.NOT_CRACK).astype(np.uint8)
        side = Split.VALIDATION if place == 2 else Split.TRAIN
        found.append(Sample(name, name, name, side, photo.pixels, labels))
    return found


def time_learning(bench: Bench, device: str, precisions: Sequence[str], seconds: float) -> None:
    """Few-shot learning with the default plan but for its time: judging before and after included."""
    taught, reference = samples(), ReferenceSet.load()
    base = load_weights(asset("weights", "r2aunet-factory.safetensors"))
    plan = FineTunePlan(seconds=seconds)

    def work(row: Row) -> None:
        precision = "fp32" if row.way == EXACT else "auto"
        with tf32(False if row.way == EXACT else None):
            steps = fine_tune(
                base,
                taught,
                plan,
                reference,
                device,
                threads=bench.asked.threads,
                precision=precision,
            )
            begun = time.perf_counter()
            stepped: list[float] = []
            first = 0.0
            while True:
                try:
                    report = next(steps)
                except StopIteration as stop:
                    result: FineTuneResult = stop.value
                    break
                now = time.perf_counter()
                if report.phase == "learning" and not first:
                    first = now - begun
                if report.loss is not None and report.phase == "learning":
                    stepped.append(now)
            whole = time.perf_counter() - begun
        # Between some steps there is a judgement; the median step has none.
        taken = [after - before for before, after in itertools.pairwise(stepped)]
        row.milliseconds = 1000 * statistics.median(taken) if taken else None
        row.error = "" if taken else f"{result.steps} step(s) in {seconds:.0f} s"
        row.facts = {
            "steps": result.steps,
            "seconds": round(whole, 2),
            "before_first_step_s": round(first, 2),
            "compute": choose_compute(device, precision).name,
            "loss_first": result.losses[0][1] if result.losses else None,
            "loss_last": statistics.mean(loss for _, loss in result.losses[-10:]) if result.losses else None,
            "dice_before": result.before.dice if result.before else None,
            "dice_after": result.after.dice if result.after else None,
        }

    for precision in precisions:
        way = EXACT if precision == "fp32" else APP
        row = Row("learning", "few-shot learning", f"{plan.batch} x {plan.crop_px} px", way, device)
        bench.add(row, work)


def tables(bench: Bench) -> str:
    """Markdown: the tested device's rows with the CPU's beside them."""
    lines = [
        "| what | size | way | compute | ms | peak MiB | CPU ms | CPU / GPU |",
        "|---|---|---|---|---|---|---|---|",
    ]
    device = bench.asked.device
    for row in bench.rows:
        if row.device != device or row.section == "learning":
            continue
        # Ways that make no sense on a CPU are set against the plain network there.
        beside = bench.find(row, "cpu", row.way) or bench.find(row, "cpu", EXACT)
        slow = beside.milliseconds if beside else None
        ratio = f"{slow / row.milliseconds:.1f}" if slow and row.milliseconds else "-"
        compute = " ".join(str(row.facts[key]) for key in ("path", "compute") if key in row.facts)
        lines.append(
            f"| {row.what} | {row.size} | {row.way} | {compute} | {shown(row)} | {whole(row.peak_mib)} | "
            f"{figure(slow)} | {ratio} |"
        )
    lines += [
        "",
        "| learning on | compute | ms a step | steps | s in all | s before the first step | peak MiB | "
        "loss first, last ten | Dice before, after |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in bench.rows:
        if row.section != "learning":
            continue
        facts = row.facts
        loss = f"{figure(facts.get('loss_first'), 3)}, {figure(facts.get('loss_last'), 3)}"
        marks = f"{figure(facts.get('dice_before'), 3)}, {figure(facts.get('dice_after'), 3)}"
        lines.append(
            f"| {row.device}, {row.way} | {facts.get('compute', '')} | {shown(row)} | "
            f"{facts.get('steps', '-')} | {facts.get('seconds', '-')} | "
            f"{facts.get('before_first_step_s', '-')} | {whole(row.peak_mib)} | {loss} | {marks} |"
        )
    said = ", ".join(f"{key} {value}" for key, value in machine().items())
    return "\n".join([*lines, "", f"{said}; {bench.seconds:.0f} s in all."])


def shown(row: Row) -> str:
    return figure(row.milliseconds) if row.milliseconds is not None else f"failed ({row.error})"


def figure(value: float | None, digits: int = 2) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def whole(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}"


def section(name: str, work: Callable[..., None], *given: Any) -> None:
    """One part of the run; what breaks it is said, and the next begins."""
    try:
        work(*given)
    except Exception:  # noqa: BLE001  the other parts are worth having
        print(f"section {name} broke off:", flush=True)
        traceback.print_exc()


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="cuda", choices=("cuda", "cpu"))
    parser.add_argument("--seconds", type=float, default=80.0, help="no row begins later")
    parser.add_argument("--row-seconds", type=float, default=0.3, help="of passes for each row")
    parser.add_argument("--learn-seconds", type=float, default=10.0, help="plan of each learning run")
    parser.add_argument("--threads", type=int, default=0, help="of the CPU; 0: all cores")
    parser.add_argument("--no-cpu", action="store_true", help="leave the CPU's rows out")
    parser.add_argument("--quick", action="store_true", help="small and few, to see that it works")
    parser.add_argument("--json", type=Path, help="write everything here")
    return parser.parse_args()


def main() -> None:
    asked = options()
    asked.threads = asked.threads or core_count()
    torch.set_num_threads(asked.threads)
    choose_device(asked.device)  # says so at once where it is not there
    if asked.device == "cuda":
        torch.cuda.init()
    bench = Bench(asked)
    height, width = (600, 800) if asked.quick else (HEIGHT, WIDTH)
    cases = [case for case in CASES if not (asked.quick and (case.preset or case.batch > 1))]
    learning = 4.0 if asked.quick else asked.learn_seconds
    section("forward", time_forward, bench, asked.device, WAYS, cases)
    section("photo", time_photo, bench, asked.device, (EXACT, APP), height, width)
    section("learning", time_learning, bench, asked.device, ("auto",), learning)
    if not asked.no_cpu and asked.device != "cpu":
        section("learning on the CPU", time_learning, bench, "cpu", ("auto",), learning)
        section("photo on the CPU", time_photo, bench, "cpu", (APP,), height, width)
        section("forward on the CPU", time_forward, bench, "cpu", CPU_WAYS, cases)
    print("\n" + tables(bench))
    bench.write()


if __name__ == "__main__":
    main()
