"""Claims about evaluating: the scores of section 5.4, pooled and per photo, whatever cannot be read told."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from resatt_studio.errors import MaskError, PhotoError
from resatt_studio.imaging import scores as scoring
from resatt_studio.records.weights import WeightsFile
from resatt_studio.workflow.evaluate import evaluate_files
from resatt_studio.workflow.jobs import drain
from resatt_studio.workflow.predict import predict_files
from resatt_studio.workflow.weights import choose_weights


@pytest.fixture
def weights(weights_path: Path) -> WeightsFile:
    return choose_weights(str(weights_path), None)


def test_predicted_masks_score_one_against_themselves(
    photo_folder: Path, weights: WeightsFile, tmp_path: Path
) -> None:
    drain(predict_files(weights, [photo_folder], tmp_path / "out", device="cpu", threads=1))
    scores = drain(evaluate_files(weights, photo_folder, tmp_path / "out", device="cpu", threads=1)).as_json()
    for kind in ("micro", "macro"):
        assert scores[kind] == {"dice": 1.0, "iou": 1.0, "precision": 1.0, "recall": 1.0}
    assert scores["tolerance_f1"] == 1.0 and scores["centreline_dice"] == 1.0
    assert len(scores["photos"]) == 4


def test_scores_are_those_of_the_written_masks(
    photo_folder: Path, weights: WeightsFile, tmp_path: Path
) -> None:
    masks = photo_folder.parent / "masks"
    done = drain(
        predict_files(weights, [photo_folder], tmp_path / "out", device="cpu", threads=1, threshold=0.45)
    )
    job = evaluate_files(
        weights, photo_folder, masks, tolerance_px=3.0, threshold=0.45, device="cpu", threads=1
    )
    scores = drain(job).as_json()
    counts = [
        scoring.count(
            cv2.imread(str(row.mask), 0) > 0,
            cv2.imread(str(masks / f"{row.photo.stem}.png"), 0) > 0,
            None,
            3.0,
        )
        for row in done.photos
    ]
    pooled = scoring.scores(sum(counts, scoring.Counts()), 3.0)
    assert scores["micro"]["dice"] == pytest.approx(pooled.dice)
    assert scores["tolerance_f1"] == pytest.approx(pooled.tolerance_f1)
    assert scores["macro"]["iou"] == pytest.approx(np.mean([scoring.iou(count) for count in counts]))
    assert [row["dice"] for row in scores["photos"]] == pytest.approx(
        [scoring.dice(count) for count in counts]
    )
    assert scores["tolerance_px"] == 3.0 and scores["seconds_per_megapixel"] > 0


def test_only_listed_photos_with_masks_are_scored(photo_folder: Path, weights: WeightsFile) -> None:
    masks = photo_folder.parent / "masks"
    (masks / "wall_2.png").unlink()
    cv2.imwrite(str(masks / "wall_3.png"), np.full((96, 128), 77, np.uint8))
    stems = ["wall_1", "wall_2", "wall_3", "wall_8"]
    done = drain(evaluate_files(weights, photo_folder, masks, stems, device="cpu", threads=1))
    assert [row["stem"] for row in done.as_json()["photos"]] == ["wall_1"]
    assert {row.path.stem for row in done.refused} == {"wall_2", "wall_3", "wall_8"}


def test_nothing_to_score_is_an_error_with_the_reason(photo_folder: Path, weights: WeightsFile) -> None:
    masks = photo_folder.parent / "masks"
    for path in masks.iterdir():
        cv2.imwrite(str(path), np.zeros((7, 7), np.uint8))
    with pytest.raises(PhotoError, match=r"could be scored.*7 x 7"):
        drain(evaluate_files(weights, photo_folder, masks, device="cpu", threads=1))


def test_a_missing_mask_folder_is_told(photo_folder: Path, weights: WeightsFile) -> None:
    with pytest.raises(MaskError, match="nowhere"):
        drain(evaluate_files(weights, photo_folder, photo_folder / "nowhere", device="cpu", threads=1))
