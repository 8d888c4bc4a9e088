"""Claims about memory that really runs out: a process that may not grow learns with less and says so."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the limit and /proc are Linux's")

_LEARNER = """
import resource
from pathlib import Path

import numpy as np

from resatt_studio.errors import OutOfMemory
from resatt_studio.learning import student
from resatt_studio.learning.finetune import fine_tune
from resatt_studio.learning.reference import ReferenceSet
from resatt_studio.models import create_model
from resatt_studio.models.state import pack_weights
from resatt_studio.records.correction import Label
from resatt_studio.records.photo import Split
from resatt_studio.records.sample import Sample
from resatt_studio.records.training import FineTunePlan
from resatt_studio.synthesis.scenes import render_scene

MARGIN = 100 * 2**20
student.PIECE_PIXELS = 1e9  # all patches at once, as on a device
config = {"base_width": 8, "t": 1, "stem": 2}
weights = pack_weights("r2aunet", config, create_model("r2aunet", **config).state_dict())


def sample(seed, split):
    scene = render_scene(seed, 512, 512)
    labels = np.where(scene.mask, Label.CRACK, Label.NOT_CRACK).astype(np.uint8)
    return Sample(f"sample-{seed}", f"photo-{seed}", f"{seed}", split, scene.pixels, labels)


plan = FineTunePlan(seconds=600, steps=1, crop_px=512, batch=4)
samples = [sample(1, Split.TRAIN), sample(2, Split.VALIDATION)]
limited = False
try:
    for report in fine_tune(weights, samples, plan, ReferenceSet(), "cpu", threads=1, precision="fp32"):
        if report.phase == "learning" and not limited:
            limited = True
            pages = int(Path("/proc/self/statm").read_text().split()[0])
            resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MARGIN, -1))
        if report.notice:
            print("told:", report.notice)
    print("end: learned")
except OutOfMemory as error:
    print("end:", error.message)
"""


def test_a_process_that_may_grow_no_further_learns_with_less_or_ends_with_the_reason() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _LEARNER],
        capture_output=True,
        text=True,
        timeout=240,
        env=dict(os.environ, OMP_NUM_THREADS="1", PYTHONPATH=os.pathsep.join(sys.path)),
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    told, end = lines[:-1], lines[-1]
    assert told[0] == "told: Memory ran out: learning goes on with 2 patches at a time."
    assert all("goes on with" in words for words in told)
    assert end == "end: learned" or "memory" in end
