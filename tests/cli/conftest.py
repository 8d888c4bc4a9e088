"""The command line in this process, with the smallest network in the place of the factory's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

from resatt_studio.cli import main

Draw = Callable[..., tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Ran:
    """What a command line gave back."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture(scope="session")
def tiny_assets(
    tmp_path_factory: pytest.TempPathFactory, tiny_photo: Draw, make_weights: Callable[..., object]
) -> Path:
    """Weights of the smallest network and two reference tiles, laid out as the bundled files are."""
    assets = tmp_path_factory.mktemp("assets")
    make_weights(assets / "weights" / "r2aunet-factory.safetensors")
    for seed in range(2):
        pixels, mask = tiny_photo(64, 64, seed)
        for kind, array in (("images", pixels), ("masks", mask.astype(np.uint8) * 255)):
            (assets / "reference" / kind).mkdir(parents=True, exist_ok=True)
            assert cv2.imwrite(str(assets / "reference" / kind / f"{seed}.png"), array)
    return assets


@pytest.fixture
def run(
    tiny_assets: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """``run("predict", photo, "--out", out)`` runs a command line."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RESATT_SETTINGS", str(tmp_path / "settings.toml"))
    monkeypatch.setenv("RESATT_AUTHOR", "Ada")
    monkeypatch.setenv("RESATT_DEVICE", "cpu")
    monkeypatch.setenv("RESATT_THREADS", "1")
    for module in ("workflow.project", "workflow.weights", "learning.reference"):
        monkeypatch.setattr(f"resatt_studio.{module}.asset", lambda *parts: tiny_assets.joinpath(*parts))

    def run_one(*arguments: object) -> Ran:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return run_one
