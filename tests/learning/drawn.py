"""Sets drawn from a seed, for tests that read from disk."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np


def draw_set(folder: Path, photos: int = 6, side_px: int = 96, lists: bool = True, seed: int = 0) -> Path:
    """Write ``photos`` grey photos with one dark line each, their masks and, on request, split lists."""
    rng = np.random.default_rng(seed)
    for sub in ("images", "masks"):
        (folder / sub).mkdir(parents=True)
    stems = [f"photo_{index:03d}" for index in range(photos)]
    for stem in stems:
        mask = np.zeros((side_px, side_px), np.uint8)
        ends = rng.integers(0, side_px, size=2)
        cv2.line(mask, (0, int(ends[0])), (side_px - 1, int(ends[1])), 255, 4)
        grey = np.clip(rng.normal(170, 8, mask.shape) - 90.0 * (mask > 0), 0, 255).astype(np.uint8)
        cv2.imwrite(str(folder / "images" / f"{stem}.png"), np.repeat(grey[..., None], 3, axis=2))
        cv2.imwrite(str(folder / "masks" / f"{stem}.png"), mask)
    if lists:
        cut = photos * 2 // 3
        (folder / "train.txt").write_text("\n".join(stems[:cut]) + "\n")
        (folder / "val.txt").write_text("\n".join(stems[cut:]) + "\n")
    return folder
