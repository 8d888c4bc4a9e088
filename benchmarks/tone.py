"""How long a change of brightness, contrast or window takes until it is painted.

Run ``python benchmarks/tone.py``; needs no screen. A canvas of 1600 x 1000 pixels shows a photo of 12 and of
50 megapixels (8-bit colour, 16-bit grey, 16-bit colour), whole and at 100 %; the tone is changed as a drag
does, and each change is painted before the next. Printed are median and 95th percentile of the wall clock and
the mean of this process's own CPU time, which other work on the machine lengthens less.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

import numpy as np

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

SIZES = {"12 MP": (3000, 4000), "50 MP": (6132, 8176)}
KINDS = ("8-bit colour", "16-bit grey", "16-bit colour")
WINDOW = (1000.0, 5000.0)


def photo(kind: str, size: tuple[int, int]) -> np.ndarray:
    """Noise of a kind, made of a small patch so that it is quick to make."""
    shape = (512, 512) if kind == "16-bit grey" else (512, 512, 3)
    deep = kind != "8-bit colour"
    high = 5000 if deep else 256
    patch = np.random.default_rng(3).integers(
        1000 if deep else 0, high, shape, np.uint16 if deep else np.uint8
    )
    times = (-(-size[0] // 512), -(-size[1] // 512), *(1 for _ in shape[2:]))
    return np.ascontiguousarray(np.tile(patch, times)[: size[0], : size[1]])


def measure(
    kind: str, size: tuple[int, int], scale: float | None, changes: int
) -> tuple[float, float, float]:
    """Median and 95th percentile of the wall clock and mean CPU time of one change, in ms."""
    from PySide6.QtWidgets import QApplication

    from resatt_studio.app.canvas.pyramid import PhotoPyramid, halved_levels
    from resatt_studio.app.canvas.tone import dragged
    from resatt_studio.app.canvas.view import PhotoCanvas
    from resatt_studio.imaging.depth import window_table
    from resatt_studio.records.photo import DeepPhoto

    samples = photo(kind, size)
    canvas = PhotoCanvas()
    canvas.resize(1600, 1000)
    canvas.show()
    QApplication.processEvents()  # a window that nobody sees is not painted
    deep = samples.dtype == np.uint16
    pixels = window_table(WINDOW)[samples] if deep else samples
    pixels = pixels if pixels.ndim == 3 else np.repeat(pixels[:, :, None], 3, axis=2)
    canvas.set_photo(pixels, None, "a" * 64, window=WINDOW if deep else None)
    if deep:
        canvas.set_deep(DeepPhoto("a" * 64, samples, WINDOW))
        if isinstance(canvas.scene.deep, PhotoPyramid):
            canvas.scene.deep.levels = halved_levels(samples)
    if isinstance(canvas.scene.photo, PhotoPyramid):
        canvas.scene.photo.levels = halved_levels(pixels)
    canvas.background.stop()
    canvas.fit() if scale is None else canvas.zoom_to(scale)
    canvas.repaint()
    start = dragged(canvas.tone, canvas.scene.window, 0.01, 0.01)
    before = canvas.scene.photo_picture.copy()
    walls, busy = [], time.process_time()
    for step in range(changes):
        began = time.perf_counter()
        canvas.move_tone(dragged(start, canvas.scene.window, 0.3 * step / changes, 0.2 * step / changes))
        canvas.repaint()
        walls.append(1000 * (time.perf_counter() - began))
        if step == 1 and np.array_equal(before, canvas.scene.photo_picture):
            raise RuntimeError("the change was not painted")
    busy = time.process_time() - busy
    canvas.close()
    median, late = np.percentile(walls, [50, 95])
    return median, late, 1000 * busy / changes


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--changes", type=int, default=40)
    changes = parser.parse_args().changes
    from resatt_studio.app.main import make_application

    application = make_application()
    print("| photo | shown | median ms | 95th ms | CPU ms |\n|---|---|---|---|---|")
    for name, size in SIZES.items():
        for kind in KINDS:
            for shown, scale in (("whole", None), ("at 100 %", 1.0)):
                median, late, busy = measure(kind, size, scale, changes)
                print(f"| {name}, {kind} | {shown} | {median:.1f} | {late:.1f} | {busy:.1f} |", flush=True)
    application.processEvents()


if __name__ == "__main__":
    main()
