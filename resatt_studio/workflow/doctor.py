"""What this machine and this installation can do: the checks of ``doctor``."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from resatt_studio import __version__
from resatt_studio.errors import BugError, StudioError
from resatt_studio.settings import load_settings, settings_path

PACKAGES = ("numpy", "opencv-python-headless", "torch", "PySide6-Essentials", "sqlalchemy", "safetensors")
FREE_DISK_GB = 2.0

_WINDOW_PROBE = """
import sys
from PySide6.QtGui import QGuiApplication
print(QGuiApplication(sys.argv).platformName())
"""


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the examination.

    Attributes:
        name: What was looked at.
        ok: Whether it will do.
        found: What was found.
        cure: What to do when it will not.
    """

    name: str
    ok: bool
    found: str
    cure: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def examine() -> list[Check]:
    """Look at everything that a start depends on; a check that fails stops no other."""
    return [check for look in _LOOKS for check in look()]


def _program() -> Iterator[Check]:
    yield Check("resatt-studio", True, f"{__version__} in {Path(__file__).resolve().parents[1]}")
    fits = sys.version_info >= (3, 11)
    found = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    yield Check("python", fits, found, "Install Python 3.11 or newer.")
    for package in PACKAGES:
        try:
            yield Check(package, True, metadata.version(package))
        except metadata.PackageNotFoundError:
            yield Check(package, False, "missing", "Install resatt-studio again; a dependency was removed.")


def _photo_formats() -> Iterator[Check]:
    from resatt_studio.imaging.files import SUFFIXES

    yield Check("photo formats", True, " ".join(sorted(SUFFIXES)))


def _settings() -> Iterator[Check]:
    problems = load_settings().problems
    found = "; ".join(problem.message for problem in problems) or str(settings_path())
    yield Check("settings", not problems, found, "Mend or delete the settings file, or the variable.")


def _folders() -> Iterator[Check]:
    for name, folder in (
        ("settings folder", settings_path().parent),
        ("temporary folder", Path(tempfile.gettempdir())),
    ):
        yield _writable(name, folder)
    free_gb = shutil.disk_usage(Path.cwd()).free / 1e9
    yield Check("free disk here", free_gb >= FREE_DISK_GB, f"{free_gb:.1f} GB", "Free some space.")


def _writable(name: str, folder: Path) -> Check:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder) as file:
            file.write(b"resatt")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return Check(
            name, False, f"{folder}: {error.strerror or error}", "Give it write permission or free space."
        )
    return Check(name, True, f"{folder} can be written")


def _device() -> Iterator[Check]:
    from resatt_studio.inference.device import choose_device, describe

    facts = ", ".join(f"{name} {value}" for name, value in describe().items())
    yield Check("device", True, facts)
    wanted = load_settings().settings.device
    try:
        choose_device(wanted)
    except StudioError as error:
        yield Check("device of the settings", False, error.message, error.hint)


def _factory_weights() -> Iterator[Check]:
    from resatt_studio.workflow.weights import FACTORY, GENERATED, MODEL, factory_path, load_file

    for name, model, kind in (
        ("factory weights", MODEL, FACTORY),
        ("generated weights", MODEL, GENERATED),
        ("RMT weights", "rmt", FACTORY),
        ("ReViT weights", "revit", FACTORY),
        ("DHFormer weights", "dhformer", FACTORY),
    ):
        try:
            weights = load_file(factory_path(model, kind))
        except (StudioError, BugError) as error:
            yield Check(name, False, str(error), "Install resatt-studio again.")
            continue
        yield Check(name, True, f"{weights.weights_id[:16]} {weights.model}, hash verified")


def _window() -> Iterator[Check]:
    """Start Qt in a process of its own: where its libraries are missing it does not raise, it aborts."""
    cure = (
        "On Linux install libegl1, libxkbcommon-x11-0 and libxcb-cursor0, or set QT_QPA_PLATFORM=offscreen."
    )
    environment = dict(os.environ)
    if not has_screen():
        environment["QT_QPA_PLATFORM"] = "offscreen"
    try:
        probe = subprocess.run(
            [sys.executable, "-c", _WINDOW_PROBE], env=environment, capture_output=True, text=True, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        yield Check("window", False, str(error), cure)
        return
    if probe.returncode != 0:
        lines = probe.stderr.strip().splitlines() or [f"exit code {probe.returncode}"]
        yield Check("window", False, lines[-1], cure)
        return
    screen = "" if has_screen() else " (no screen here: windows are rendered to files)"
    yield Check("window", True, f"Qt platform {probe.stdout.strip()}{screen}")


def has_screen() -> bool:
    """Whether a window can be shown here."""
    if os.environ.get("QT_QPA_PLATFORM", "").split(":")[0] in ("offscreen", "minimal"):
        return False
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


_LOOKS: tuple[Callable[[], Iterator[Check]], ...] = (
    _program,
    _photo_formats,
    _settings,
    _folders,
    _device,
    _factory_weights,
    _window,
)
