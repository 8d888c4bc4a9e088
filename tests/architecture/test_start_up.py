"""Claims about starting: what the window needs before it is painted loads nothing heavy."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("torch", "torchvision", "scipy", "skimage", "alembic", "matplotlib", "pandas", "PySide6")
LIGHT = (
    "resatt_studio",
    "resatt_studio.errors",
    "resatt_studio.resources",
    "resatt_studio.durable",
    "resatt_studio.records.jobs",
    "resatt_studio.imaging.files",
    "resatt_studio.imaging.colour",
    "resatt_studio.imaging.tiles",
    "resatt_studio.imaging.scores",
    "resatt_studio.annotation.document",
    "resatt_studio.models",
    "resatt_studio.models.registry",
    "resatt_studio.export.registry",
    "resatt_studio.settings",
    "resatt_studio.workflow",
    "resatt_studio.workflow.jobs",
    "resatt_studio.workflow.catalog",
    "resatt_studio.cli",
    "resatt_studio.__main__",
)
_PROBE = """
import importlib, json, sys, time
modules, heavy = json.loads(sys.argv[1])
started, report = time.process_time(), {}
for module in modules:
    importlib.import_module(module)
    report[module] = [time.process_time() - started, [name for name in heavy if name in sys.modules]]
print(json.dumps(report))
"""


def probe(*modules: str) -> dict[str, tuple[float, list[str]]]:
    """Import modules one after another in a fresh interpreter: CPU seconds so far and heavy ones loaded."""
    done = subprocess.run(
        [sys.executable, "-c", _PROBE, json.dumps([modules, HEAVY])],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {module: (seconds, loaded) for module, (seconds, loaded) in json.loads(done.stdout).items()}


def test_no_light_module_loads_anything_heavy() -> None:
    offenders = {module: loaded for module, (_, loaded) in probe(*LIGHT).items() if loaded}
    assert not offenders


@pytest.mark.whole_machine
def test_reading_photos_is_ready_little_later_than_its_libraries() -> None:
    ours, libraries = (
        min(list(probe(*modules).values())[-1][0] for _ in range(3))
        for modules in (("resatt_studio.imaging.files",), ("numpy", "cv2"))
    )
    assert ours < 3 * libraries


def test_the_probe_sees_a_heavy_library() -> None:
    report = probe("json", "alembic")
    assert [loaded for _, loaded in report.values()] == [[], ["alembic"]]
