"""Claims about ``label``, ``dehaze`` and ``predict --input`` as programs see them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

Run = Callable[..., Any]
NAMES = ("rmt", "revit", "dhformer")


@pytest.fixture
def factory(tiny_assets: Path, small_weights: Callable[..., Any]) -> dict[str, Path]:
    """Small networks in the place of the factory's, by name."""
    from resatt_studio.models.state import write_weights

    paths = {name: tiny_assets / "weights" / f"{name}-factory.safetensors" for name in NAMES}
    for name, path in paths.items():
        if not path.exists():
            write_weights(path, small_weights(name))
    return paths


@pytest.mark.usefixtures("factory")
def test_label_writes_the_rows_of_the_contract_and_a_table_for_people(
    run: Run, photo_folder: Path, tmp_path: Path
) -> None:
    ran = run("label", photo_folder, "--json", tmp_path / "labels.json")
    assert ran.code == 0 and "wall_3.jpg" in ran.out and "agree" in ran.out
    said = json.loads((tmp_path / "labels.json").read_text(encoding="utf-8"))
    assert len(said["photos"]) == 4 and said["refused"] == [] and said["device"].startswith("cpu")
    types = ["no_crack", "longitudinal", "transverse", "branching"]
    for row in said["photos"]:
        assert row.keys() == {"photo", "rmt", "revit", "agree"}
        for name in ("rmt", "revit"):
            assert row[name]["label"] in types and list(row[name]["probabilities"]) == types
        assert row["agree"] is (row["rmt"]["label"] == row["revit"]["label"])


def test_label_asks_one_network_with_weights_from_a_file(
    run: Run, photo_folder: Path, factory: dict[str, Path]
) -> None:
    photo = photo_folder / "wall_0.jpg"
    ran = run("label", photo, "--model", "revit", "--weights", factory["revit"], "--json", "-")
    assert ran.code == 0
    said = json.loads(ran.out)
    assert said["photos"][0].keys() == {"photo", "revit", "agree"} and said["photos"][0]["agree"] is None
    assert said["weights"].keys() == {"revit"}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--model", "vgg"], "rmt, revit or both"),
        (["--model", "rmt", "--weights", "FILE of revit"], "Give weights of RMT"),
        (["--weights", "nothing.safetensors"], "nothing.safetensors"),
        (["--device", "abacus"], "abacus"),
    ],
)
def test_label_tells_what_cannot_be_chosen(
    run: Run, photo_folder: Path, factory: dict[str, Path], options: list[str], told: str
) -> None:
    given = [factory[option[8:]] if option.startswith("FILE of ") else option for option in options]
    ran = run("label", photo_folder, *given)
    assert ran.code == 2 and told in ran.err and ran.out == ""


@pytest.mark.usefixtures("factory")
def test_dehaze_writes_photos_of_the_same_name_and_size(run: Run, photo_folder: Path, tmp_path: Path) -> None:
    (photo_folder / "wall_2.jpg").write_bytes(b"\x00" * 100)
    out = tmp_path / "clear"
    ran = run("dehaze", photo_folder, "--out", out, "--json", "-")
    assert ran.code == 0 and "3 dehazed photos" in ran.err and "wall_2.jpg" in ran.err
    said = json.loads(ran.out)
    assert [Path(row["photo"]).name for row in said["refused"]] == ["wall_2.jpg"]
    for row in said["photos"]:
        assert row.keys() == {"photo", "out", "haze", "seconds"}
        assert Path(row["out"]) == out / Path(row["photo"]).name
        assert cv2.imread(row["out"]).shape == (96, 128, 3)
        assert 0.0 <= row["haze"] <= 1.0


@pytest.mark.usefixtures("factory")
def test_dehaze_never_writes_beside_the_photos(run: Run, photo_folder: Path) -> None:
    before = {path: path.read_bytes() for path in photo_folder.iterdir()}
    ran = run("dehaze", photo_folder / "wall_0.jpg", "--out", photo_folder)
    assert ran.code == 2 and "never overwritten" in ran.err
    assert {path: path.read_bytes() for path in photo_folder.iterdir()} == before


def test_dehaze_refuses_weights_of_another_network(
    run: Run, photo_folder: Path, tmp_path: Path, factory: dict[str, Path]
) -> None:
    ran = run("dehaze", photo_folder, "--out", tmp_path / "out", "--weights", factory["rmt"])
    assert ran.code == 2 and "RMT cannot dehaze photos" in ran.err


@pytest.mark.usefixtures("factory")
def test_predict_shows_the_network_what_was_asked_and_says_so(
    run: Run, photo_folder: Path, tmp_path: Path
) -> None:
    rows = {}
    for shown in ("raw", "dehazed", "auto"):
        ran = run("predict", photo_folder, "--out", tmp_path / shown, "--input", shown, "--json", "-")
        assert ran.code == 0
        rows[shown] = json.loads(ran.out)["photos"]
    assert [row["input"] for row in rows["dehazed"]] == ["dehazed"] * 4
    assert [row["input"] for row in rows["raw"]] == ["raw"] * 4
    hazes = [[row["haze"] for row in some] for some in rows.values()]
    assert hazes[0] == hazes[1] == hazes[2]
    masks = [np.stack([cv2.imread(row["mask"], 0) for row in some]) for some in rows.values()]
    assert masks[0].shape == masks[1].shape == masks[2].shape
    default = run("predict", photo_folder, "--out", tmp_path / "default", "--json", "-")
    kept = {key: value for key, value in rows["raw"][0].items() if key not in ("mask", "seconds")}
    assert kept.items() <= json.loads(default.out)["photos"][0].items()
    ran = run("predict", photo_folder, "--out", tmp_path / "out", "--input", "foggy")
    assert ran.code == 2 and "raw, dehazed, auto" in ran.err
