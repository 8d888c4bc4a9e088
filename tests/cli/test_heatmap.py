"""Claims about ``heatmap`` as programs and people see it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

Run = Callable[..., Any]

CONFIGS: dict[str, dict[str, Any]] = {
    "rmt": {
        "embed_dims": (8, 8, 12, 16),
        "depths": (1, 1, 2, 1),
        "num_heads": (2, 2, 3, 4),
        "projection": 8,
        "num_classes": 4,
    },
    "revit": {"image_size": 64, "embed_dim": 8, "depth": 2, "num_heads": 2, "num_classes": 4},
}


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files of small random weights by network."""
    import torch

    from resatt_studio.models import create_model
    from resatt_studio.models.state import save_weights

    paths = {}
    for model, config in CONFIGS.items():
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(3)
            state = create_model(model, **config).state_dict()
        paths[model] = tmp_path_factory.mktemp(model) / f"{model}-factory.safetensors"
        save_weights(paths[model], model, config, state)
    return paths


@pytest.mark.parametrize(
    ("model", "options", "said"),
    [
        ("rmt", [], {"kind": "received", "stage": 4, "block": 1, "head": None, "point": None}),
        ("rmt", ["--point", "100,20"], {"kind": "point", "stage": 4, "point": {"x": 100, "y": 20}}),
        (
            "rmt",
            ["--stage", 3, "--block", 1, "--head", 3, "--point", "0,95", "--kind", "point_without_prior"],
            {"kind": "point_without_prior", "stage": 3, "block": 1, "head": 3},
        ),
        ("rmt", ["--stage", 2, "--kind", "gradient"], {"kind": "gradient", "stage": 2}),
        ("revit", ["--kind", "rollout"], {"kind": "rollout", "stage": 1, "block": 2}),
        ("revit", ["--kind", "own", "--block", 2], {"kind": "own", "block": 2}),
    ],
)
def test_a_question_becomes_a_picture_and_numbers(
    model: str,
    options: list[object],
    said: dict[str, Any],
    run: Run,
    weights: dict[str, Path],
    photo_folder: Path,
    tmp_path: Path,
) -> None:
    photo, out, summary = photo_folder / "wall_1.jpg", tmp_path / "heat.png", tmp_path / "heat.json"
    ran = run(
        "heatmap",
        photo,
        "--model",
        model,
        "--weights",
        weights[model],
        "--out",
        out,
        "--json",
        summary,
        *options,
    )
    assert ran.code == 0, ran.err
    assert str(out) in ran.out.replace("\n", "") and {"rmt": "RMT", "revit": "ReViT"}[model] in ran.out
    picture = cv2.imread(str(out))
    assert picture is not None and len(np.unique(picture.reshape(-1, 3), axis=0)) > 50
    found = json.loads(summary.read_text(encoding="utf-8"))
    assert found | said == found
    assert (found["height"], found["width"], found["model"]) == (96, 128, model)
    grid = np.array(found["grid"])
    assert grid.shape[0] * found["cell"]["height"] == pytest.approx(96)
    assert grid.shape[1] * found["cell"]["width"] == pytest.approx(128)
    peak = np.unravel_index(np.argmax(grid), grid.shape)
    cell = (found["peak"]["y"] // found["cell"]["height"], found["peak"]["x"] // found["cell"]["width"])
    assert cell == peak


def test_the_factory_weights_are_asked_when_none_are_named(
    run: Run,
    weights: dict[str, Path],
    photo_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[str, ...]] = []

    def asset(*parts: str) -> Path:
        asked.append(parts)
        return weights["revit"]

    monkeypatch.setattr("resatt_studio.workflow.weights.asset", asset)
    ran = run(
        "heatmap",
        photo_folder / "wall_0.jpg",
        "--model",
        "revit",
        "--out",
        tmp_path / "heat.png",
        "--json",
        "-",
    )
    assert ran.code == 0 and asked == [("weights", "revit-factory.safetensors")]
    assert json.loads(ran.out)["device"] == "cpu"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--point", "128,0"], "outside the photo"),
        (["--point", "-1,0"], "outside the photo"),
        (["--point", "12"], "column,row"),
        (["--point", "1,2,3"], "column,row"),
        (["--point", "a,b"], "column,row"),
        (["--stage", "5"], "no stage 5"),
        (["--stage", "0"], "--stage"),
        (["--head", "99"], "no head 99"),
        (["--kind", "rollout"], "received, point, point_without_prior, gradient"),
        (["--kind", "warmth"], "warmth"),
        (["--kind", "point"], "no point was given"),
        (["--kind", "received", "--point", "1,1"], "of no single point"),
        (["--out", "heat.gif"], "ends in .png"),
        (["--device", "abacus"], "abacus"),
        (["--weights", "nothing.safetensors"], "nothing.safetensors"),
        (["--model", "revit"], "are of RMT, not of ReViT"),
        (["--model", "r2aunet"], "Choose rmt or revit"),
    ],
)
def test_what_cannot_be_asked_is_told_with_code_2(
    options: list[str], said: str, run: Run, weights: dict[str, Path], photo_folder: Path, tmp_path: Path
) -> None:
    usual = ["--model", "rmt", "--weights", weights["rmt"], "--out", "heat.png"]
    ran = run("heatmap", photo_folder / "wall_0.jpg", *usual, *options)
    assert ran.code == 2 and said in ran.err and "Traceback" not in ran.err
    assert not list(tmp_path.glob("heat.*"))


def test_a_missing_library_is_told_with_its_cure(
    run: Run, weights: dict[str, Path], photo_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "captum.attr", None)
    usual = ["--model", "rmt", "--weights", weights["rmt"], "--out", "heat.png"]
    ran = run("heatmap", photo_folder / "wall_0.jpg", *usual, "--kind", "gradient")
    assert ran.code == 2 and "pip install 'resatt-studio[explain]'" in ran.err


def test_the_help_says_how_things_are_counted(run: Run) -> None:
    said = " ".join(run("heatmap", "--help").out.replace("│", " ").split())
    assert "counted from 1 to 4 as in the paper" in said and "X,Y" in said
