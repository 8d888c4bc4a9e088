"""Fixtures that several rooms share, and peace among processes that run tests beside each other."""

from __future__ import annotations

import gc
import os
import shutil
import sqlite3
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

# The suite runs in several processes, each on one core. Said before numpy and torch count the cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2
import numpy as np
import pytest
from hypothesis import settings

from resatt_studio.records.arrays import BoolArray, UInt8Array
from resatt_studio.records.weights import WeightsFile

# Examples are drawn from a fixed seed: a red run stays red until the code is mended.
settings.register_profile("studio", deadline=None, derandomize=True, max_examples=30, database=None)
settings.load_profile("studio")


@pytest.fixture(autouse=True)
def turn(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A test marked ``whole_machine`` runs while the other processes of the run wait between two tests.

    All come through a door one after the other into a hall that they share. Who wants the hall alone waits
    behind the closed door until it is empty, so that nobody slips in before.
    """
    if "PYTEST_XDIST_WORKER" not in os.environ or sys.platform == "win32":  # which has no locks of this kind
        yield
        return
    import fcntl

    alone = request.node.get_closest_marker("whole_machine") is not None
    shared = tmp_path_factory.getbasetemp().parent
    with (shared / "door").open("a") as door, (shared / "hall").open("a") as hall:
        fcntl.flock(door, fcntl.LOCK_EX)
        fcntl.flock(hall, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(door, fcntl.LOCK_UN)
        yield
        fcntl.flock(hall, fcntl.LOCK_UN)  # closing would not do where a child of the test lives on


@pytest.fixture(autouse=True)
def collector(request: pytest.FixtureRequest) -> Iterator[None]:
    """Python's collector runs between two tests of the window and in none. It may come while Qt disconnects a
    signal, as pytest-qt does all the time; should it then destroy a Qt object that hashes to the same lock,
    the thread waits for itself for ever (seen with PySide 6.11)."""
    if {"qapp", "qtbot"}.isdisjoint(request.fixturenames):
        yield
        return
    gc.disable()
    yield
    gc.enable()


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """Folder of the research photo sets; skips where none is named."""
    if "RESATT_DATA" not in os.environ:
        pytest.skip("needs research photos: set RESATT_DATA to the folder that holds them")
    return Path(os.environ["RESATT_DATA"])


def draw_photo(height: int, width: int, seed: int = 0) -> tuple[UInt8Array, BoolArray]:
    """A grey, grainy surface with one dark crooked line: H x W x 3 uint8 and its H x W bool mask."""
    random = np.random.default_rng(seed)
    coarse = random.normal(165, 10, (max(2, height // 8), max(2, width // 8))).astype(np.float32)
    surface = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    surface += random.normal(0, 6, (height, width)).astype(np.float32)
    columns = np.linspace(-2, width + 1, 9)
    rows = height / 2 + np.cumsum(random.normal(0, height / 16, 9))
    points = np.stack([columns, rows], axis=1).round().astype(np.int32)
    line = np.zeros((height, width), np.uint8)
    cv2.polylines(line, [points], False, 1, thickness=max(1, min(height, width) // 24))
    surface -= 80 * line
    tint = np.array([1.0, 0.98, 0.95], np.float32)
    pixels = np.clip(surface[:, :, None] * tint, 0, 255).astype(np.uint8)
    return pixels, line.astype(np.bool_)


@pytest.fixture(scope="session")
def tiny_photo() -> Callable[..., tuple[UInt8Array, BoolArray]]:
    """``tiny_photo(height, width, seed=0)`` draws pixels and mask; see :func:`draw_photo`."""
    return draw_photo


def write_photos(home: Path) -> Path:
    """Write four 96 x 128 JPEG photos into ``home / "photos"`` and their masks into ``home / "masks"``."""
    for folder in ("photos", "masks"):
        (home / folder).mkdir()
    for seed in range(4):
        pixels, mask = draw_photo(96, 128, seed)
        jpeg = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))[1]
        (home / "photos" / f"wall_{seed}.jpg").write_bytes(jpeg.tobytes())
        png = cv2.imencode(".png", mask.astype(np.uint8) * 255)[1]
        (home / "masks" / f"wall_{seed}.png").write_bytes(png.tobytes())
    return home / "photos"


@pytest.fixture
def photo_folder(tmp_path: Path) -> Path:
    """A folder ``photos`` of four small photos, with their masks beside it; see :func:`write_photos`."""
    return write_photos(tmp_path)


def write_photo_set(folder: Path, train: int, test: int = 0, first_seed: int = 0) -> Path:
    """Write a set of 96 x 96 photos: ``images``, ``masks``, and its lists ``train.txt`` and ``test.txt``."""
    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True)
    stems = [f"photo_{number:03d}" for number in range(train + test)]
    for seed, stem in enumerate(stems, start=first_seed):
        pixels, mask = draw_photo(96, 96, seed)
        assert cv2.imwrite(str(folder / "images" / f"{stem}.png"), pixels[..., ::-1])
        assert cv2.imwrite(str(folder / "masks" / f"{stem}.png"), mask.astype(np.uint8) * 255)
    for split, chosen in (("train", stems[:train]), ("test", stems[train:])):
        (folder / f"{split}.txt").write_text("\n".join(chosen) + "\n")
    return folder


@pytest.fixture(scope="session")
def photo_set() -> Callable[..., Path]:
    """``photo_set(folder, train, test=0, first_seed=0)`` draws a set; see :func:`write_photo_set`."""
    return write_photo_set


def write_squares(folder: Path, count: int, side_px: int) -> Path:
    """Write square photos ``00.png`` ... of a bare surface; the odd ones have a broad dark bar across."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        surface = np.random.default_rng(number).normal(165, 6, (side_px, side_px, 3))
        pixels = surface.clip(0, 255).astype(np.uint8)
        if number % 2:
            row = side_px // 3 + number
            cv2.line(pixels, (0, row), (side_px - 1, row + side_px // 10), (20, 20, 20), 6)
        assert cv2.imwrite(str(folder / f"{number:02d}.png"), pixels)
    return folder


@pytest.fixture(scope="session")
def draw_squares() -> Callable[..., Path]:
    """``draw_squares(folder, count, side_px)``; see :func:`write_squares`."""
    return write_squares


def write_tiny_weights(path: Path, seed: int = 0) -> WeightsFile:
    """Write random weights of the smallest R2AU-Net there is."""
    import torch

    from resatt_studio.models import create_model
    from resatt_studio.models.state import save_weights

    config = {"base_width": 2, "t": 1, "stem": 2}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        state = create_model("r2aunet", **config).state_dict()
    return save_weights(path, "r2aunet", config, state)


@pytest.fixture(scope="session")
def make_weights() -> Callable[..., WeightsFile]:
    """``make_weights(path, seed=0)``; see :func:`write_tiny_weights`."""
    return write_tiny_weights


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A weights file of the smallest network there is; seeded."""
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    write_tiny_weights(path, seed=7)
    return path


@pytest.fixture(scope="session")
def project_template(tmp_path_factory: pytest.TempPathFactory, tiny_weights: Path) -> Path:
    """A closed project of four small photos and a tiny network; made once, since copying is quicker."""
    from resatt_studio.workflow.jobs import drain
    from resatt_studio.workflow.load import add_photos
    from resatt_studio.workflow.project import create_project

    home = tmp_path_factory.mktemp("template")
    with create_project(home / "bridge.resatt", tiny_weights) as project:
        drain(add_photos(project, [write_photos(home)]))
    gc.collect()
    gc.freeze()  # as the window does: torch and Qt are here to stay, and no test waits while they are counted
    return home / "bridge.resatt"


def copy_project(template: Path, home: Path) -> Path:
    """Copy a closed project into ``home``, where photos of the same content lie in ``photos``."""
    folder = Path(shutil.copytree(template, home / template.name))
    with closing(sqlite3.connect(folder / "project.sqlite3")) as database, database:
        old, new = (str(place / "photos") for place in (template.parent, home))
        database.execute("update photos set path = replace(path, ?, ?)", (old, new))
    return folder


@pytest.fixture
def project_folder(tmp_path: Path, photo_folder: Path, project_template: Path) -> Path:
    """A closed project of this test's four small photos and a tiny network."""
    return copy_project(project_template, tmp_path)


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What the app remembers between runs, such as the fastest way of running a network, goes elsewhere than
    into the developer's folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings, data and logs of this test alone, never the developer's."""
    for name in [name for name in os.environ if name.startswith("RESATT_") and name != "RESATT_DATA"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("RESATT_SETTINGS", str(tmp_path / "settings.toml"))
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    return tmp_path / "settings.toml"


@pytest.fixture
def display() -> Iterator[str]:
    """Name of the display of a fresh X server; skips where Xvfb is missing."""
    if shutil.which("Xvfb") is None:
        pytest.skip("Xvfb is not installed")
    from x_pointer import XServer

    with XServer(1400, 900) as server:
        yield server.display


@pytest.fixture
def studio(qapp: Any, own_settings: Path, tmp_path: Path) -> Iterator[Any]:
    """The shown window on the offscreen platform with its workers running; an ``app.main.Studio``."""
    from dataclasses import replace

    from PySide6.QtCore import QCoreApplication, QEvent, QSettings

    from resatt_studio.app.main import make_application, make_studio, settle, wait_for
    from resatt_studio.settings import Settings

    preferences = replace(
        Settings(),
        author="tester",
        device="cpu",
        threads=1,
        theme="light",
        language="en",
        learn_cracks="ask",
    )
    state = QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)
    made = make_studio(make_application(), preferences, state)
    made.window.resize(1100, 720)
    made.window.show()
    made.parts.session.start()
    settle(0.05)
    shut_down = made.parts.session.shut_down
    made.parts.session.shut_down = lambda: shut_down(60)  # no step in hand is left behind, nor any file
    yield made
    made.parts.learner.drop()
    assert wait_for(lambda: not made.parts.learner.learning, 60)
    made.window.close()
    assert made.parts.session.gpu.stop(60), "the interpreter cannot end under a running network"
    made.window.deleteLater()
    settle(0.05)
    # Outside of a running event loop nothing is deleted later; a window left over would be styled again with
    # the next one, and each test would take longer than the one before.
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


SMALL_NETWORKS: dict[str, dict[str, Any]] = {
    "rmt": {
        "embed_dims": (8, 8, 8, 8),
        "depths": (1, 1, 1, 1),
        "num_heads": (2, 2, 2, 2),
        "init_values": (2.0, 2.0, 2.0, 2.0),
        "heads_ranges": (4.0, 4.0, 6.0, 6.0),
        "mlp_ratios": (2.0, 2.0, 2.0, 2.0),
        "projection": 8,
        "num_classes": 4,
    },
    "revit": {"image_size": 32, "embed_dim": 16, "depth": 2, "num_heads": 2, "num_classes": 4},
    "dhformer": {
        "width": 8,
        "dim": 8,
        "layers": 1,
        "residual_width": 4,
        "residual_units": 2,
        "heads": 2,
        "grid": 4,
        "transmission_width": 8,
    },
}
"""Constructor arguments of the smallest networks beside R2AU-Net."""


def make_small_network(name: str, seed: int = 0, **changes: Any) -> Any:
    """A small network whose norms, gates and heads have something to say, in evaluation mode."""
    import torch
    from torch import nn

    from resatt_studio.models import create_model

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = create_model(name, **(SMALL_NETWORKS[name] | changes))
        for module in network.modules():
            if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
                nn.init.uniform_(module.running_mean, -0.3, 0.3)
                nn.init.uniform_(module.running_var, 0.3, 1.5)
        for parameter in network.parameters():
            if parameter.ndim == 1 or not parameter.any():
                parameter.data.add_(torch.empty_like(parameter).uniform_(-0.2, 0.2))
    return network.eval()


@pytest.fixture(scope="session")
def small_network() -> Callable[..., Any]:
    """``small_network("rmt" | "revit" | "dhformer", seed=0)``; see :func:`make_small_network`."""
    return make_small_network


@pytest.fixture(scope="session")
def small_weights() -> Callable[..., Any]:
    """``small_weights("rmt" | "revit" | "dhformer", seed=0, **options)``: packed as a weights file."""
    from resatt_studio.models.state import pack_weights

    def pack(name: str, seed: int = 0, **changes: Any) -> Any:
        config = SMALL_NETWORKS[name] | changes
        return pack_weights(name, config, make_small_network(name, seed, **changes).state_dict())

    return pack


@pytest.fixture(scope="module")
def accelerator() -> Iterator[Any]:
    """The ``torch.device`` of the tests that want a GPU, with TF32 off; skips where there is none.

    RESATT_TEST_DEVICE=cpu runs the same tests on the CPU, which shows that the tests themselves are right.
    """
    import torch

    device = torch.device(os.environ.get("RESATT_TEST_DEVICE", "cuda"))
    if device.type == "cuda" and not torch.cuda.is_available():
        pytest.skip("no CUDA device here")
    switches = (torch.backends.cuda.matmul, torch.backends.cudnn)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some versions of torch would rather have other names for these
        before = [switch.allow_tf32 for switch in switches]
        for switch in switches:
            switch.allow_tf32 = False
    yield device
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for switch, value in zip(switches, before, strict=True):
            switch.allow_tf32 = value
