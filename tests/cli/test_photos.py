"""Claims about ``predict`` and ``evaluate`` as programs see them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

Run = Callable[..., Any]


def test_predict_writes_a_mask_of_every_photo_and_a_summary(
    run: Run, photo_folder: Path, tmp_path: Path
) -> None:
    out, summary = tmp_path / "out", tmp_path / "deep" / "summary.json"
    ran = run("predict", photo_folder, "--out", out, "--probability", "--json", summary)
    assert ran.code == 0 and "4 masks" in ran.out
    said = json.loads(summary.read_text(encoding="utf-8"))
    assert len(said["photos"]) == 4 and said["refused"] == [] and said["device"].startswith("cpu")
    for row in said["photos"]:
        mask = cv2.imread(row["mask"], cv2.IMREAD_UNCHANGED)
        assert mask.shape == (96, 128) and set(np.unique(mask)) <= {0, 255}
        assert cv2.imread(row["probability"], cv2.IMREAD_UNCHANGED).dtype == np.uint16
    assert sorted(path.name for path in out.glob("*.mask.png")) == [f"wall_{i}.mask.png" for i in range(4)]


def test_predict_takes_files_and_folders_and_a_weights_file(
    run: Run, photo_folder: Path, tmp_path: Path, tiny_assets: Path
) -> None:
    weights = tiny_assets / "weights" / "r2aunet-factory.safetensors"
    photos = [photo_folder / "wall_3.jpg", photo_folder / "wall_0.jpg", photo_folder]
    ran = run("predict", *photos, "--out", tmp_path / "out", "--weights", weights, "--json", "-")
    assert ran.code == 0
    assert len(json.loads(ran.out)["photos"]) == 4


def test_names_with_spaces_brackets_and_letters_of_all_scripts_are_fine(
    run: Run, photo_folder: Path, tmp_path: Path
) -> None:
    name = "Brücke [3] (поперечная) 裂缝"
    (photo_folder / "wall_0.jpg").rename(photo_folder / f"{name}.jpg")
    ran = run("predict", photo_folder / f"{name}.jpg", "--out", tmp_path / "aus gabe")
    assert ran.code == 0
    assert (tmp_path / "aus gabe" / f"{name}.mask.png").is_file()


def test_a_broken_photo_is_a_warning_unless_it_is_the_only_one(
    run: Run, photo_folder: Path, tmp_path: Path
) -> None:
    (photo_folder / "wall_2.jpg").write_bytes(b"\x00" * 100)
    ran = run("predict", photo_folder, "--out", tmp_path / "out")
    assert ran.code == 0 and "wall_2.jpg" in ran.err and "3 masks" in ran.out
    ran = run("predict", photo_folder / "wall_2.jpg", "--out", tmp_path / "out")
    assert ran.code == 2 and "wall_2.jpg" in ran.err


def test_predict_writes_over_no_picture_that_it_was_given(run: Run, photo_folder: Path) -> None:
    drawn = photo_folder / "wall_1.mask.png"
    cv2.imwrite(str(drawn), np.full((96, 128), 7, np.uint8))
    before = drawn.read_bytes()
    ran = run("predict", photo_folder, "--out", photo_folder)
    assert ran.code == 2 and "never overwritten" in ran.err and drawn.name in ran.err
    assert drawn.read_bytes() == before and not (photo_folder / "wall_0.mask.png").exists()


@pytest.mark.parametrize(
    "options", [["--weights", "nothing.safetensors"], ["--weights", "abcdef"], ["--device", "abacus"]]
)
def test_what_cannot_be_chosen_is_told(
    run: Run, photo_folder: Path, tmp_path: Path, options: list[str]
) -> None:
    ran = run("predict", photo_folder, "--out", tmp_path / "out", *options)
    assert ran.code == 2 and "Error" in ran.err and options[1] in ran.err


def test_evaluate_writes_the_scores_of_the_contract(run: Run, photo_folder: Path, tmp_path: Path) -> None:
    listing = tmp_path / "test.txt"
    listing.write_text("wall_1\nwall_3\n")
    scores = tmp_path / "scores.json"
    masks = photo_folder.parent / "masks"
    ran = run(
        "evaluate",
        "--photos",
        photo_folder,
        "--masks",
        masks,
        "--list",
        listing,
        "--tolerance",
        3,
        "--json",
        scores,
    )
    assert ran.code == 0 and "2 photos" in ran.out
    said = json.loads(scores.read_text())
    for kind in ("micro", "macro"):
        assert said[kind].keys() == {"dice", "iou", "precision", "recall"}
    assert {"tolerance_f1", "centreline_dice", "seconds_per_megapixel"} <= said.keys()
    assert [row["stem"] for row in said["photos"]] == ["wall_1", "wall_3"]
    assert said["tolerance_px"] == 3


def test_predicted_masks_evaluate_to_one(run: Run, photo_folder: Path, tmp_path: Path) -> None:
    assert run("predict", photo_folder, "--out", tmp_path / "out").code == 0
    ran = run("evaluate", "--photos", photo_folder, "--masks", tmp_path / "out", "--json", "-")
    said = json.loads(ran.out)
    assert said["micro"]["dice"] == said["macro"]["iou"] == said["tolerance_f1"] == 1.0
    for mask in (tmp_path / "out").glob("*.mask.png"):
        cv2.imwrite(str(mask), 255 - cv2.imread(str(mask), cv2.IMREAD_UNCHANGED))
    ran = run("evaluate", "--photos", photo_folder, "--masks", tmp_path / "out", "--inverted", "--json", "-")
    assert json.loads(ran.out)["micro"] == said["micro"]
