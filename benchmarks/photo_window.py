"""How soon the real window shows a 12-megapixel photo's mask, with the network warm; for ``photo_12mp.py``.

A project of JPEG photos is opened in the window (on the offscreen platform where there is no screen), a small
photo warms the network up, then photos that nobody has seen are opened one after the other: fitted to the
window, where all tiles are seen, and at 100 %, where few are. Times count from asking for the photo, reading
its file included, to the end of the paint that shows it.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np

VIEWS = ("fit", "100 %")
WAIT_S = 120.0


@dataclass(frozen=True)
class Shown:
    """Seconds after a photo was asked for.

    Attributes:
        photo: All its pixels are there.
        first: The mask of its first tiles is painted.
        seen: The mask of all that is seen is painted.
        whole: The whole prediction is stored, and painted.
    """

    photo: float
    first: float
    seen: float
    whole: float


def measure_window(
    pixels: np.ndarray, weights: Path, threads: int, path: str, repeats: int
) -> dict[str, Shown]:
    """Open ``repeats`` photos in each view; return the medians by view.

    Args:
        pixels: H x W x 3 uint8 RGB; each photo is the one before, shifted.
        weights: File to predict with.
        threads, path: Of the network, as in the settings.
        repeats: Photos for each view.
    """
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with TemporaryDirectory() as folder:
        os.environ["RESATT_SETTINGS"] = str(Path(folder) / "settings.toml")
        photos = Path(folder) / "photos"
        photos.mkdir()
        write(photos / "a_small.jpg", pixels[:600, :600])
        for index in range(repeats * len(VIEWS)):
            write(photos / f"b_{index}.jpg", np.roll(pixels, 97 * index, axis=1))
        return _in_window(Path(folder), photos, weights, threads, path)


def write(path: Path, pixels: np.ndarray) -> None:
    if not cv2.imwrite(str(path), np.ascontiguousarray(pixels[:, :, ::-1]), [cv2.IMWRITE_JPEG_QUALITY, 92]):
        raise OSError(f"{path} cannot be written")


def _in_window(folder: Path, photos: Path, weights: Path, threads: int, path: str) -> dict[str, Shown]:
    from PySide6.QtCore import QSettings

    from resatt_studio.app.main import make_application, make_studio, wait_for
    from resatt_studio.settings import Settings
    from resatt_studio.workflow.jobs import drain
    from resatt_studio.workflow.load import add_photos
    from resatt_studio.workflow.project import create_project

    with create_project(folder / "wall.resatt", weights) as project:
        drain(add_photos(project, [photos]))
    preferences = replace(
        Settings(), device="cpu", threads=threads, theme="light", engine_path=path, learn_cracks="ask"
    )
    state = QSettings(str(folder / "window.ini"), QSettings.Format.IniFormat)
    studio = make_studio(make_application(), preferences, state)
    studio.window.show()
    session = studio.parts.session
    session.predictor.predict_ahead = lambda project, entries: None  # else the next photo is no longer new
    session.start()
    try:
        session.open_project(folder / "wall.resatt")
        if not wait_for(lambda: session.prediction is not None, WAIT_S):
            raise TimeoutError("the small photo was not predicted in time")
        times: dict[str, list[Shown]] = {view: [] for view in VIEWS}
        for index, entry in enumerate(session.listed[1:]):
            view = VIEWS[index % len(VIEWS)]
            times[view].append(_open(studio, entry.photo_id, view))
    finally:
        session.predictor.forget()
        studio.window.close()
        session.gpu.stop(WAIT_S)
    return {
        view: Shown(*(median(getattr(row, name) for row in rows) for name in Shown.__dataclass_fields__))
        for view, rows in times.items()
    }


def _open(studio: Any, photo_id: str, view: str) -> Shown:
    """Open one photo and watch the canvas, in an event loop that sleeps as the app's does."""
    from PySide6.QtCore import QEventLoop, QTimer

    session, canvas, loop = studio.parts.session, studio.window.canvas, QEventLoop()
    at: dict[str, float] = {}
    finished_px = 0

    def grew(part: Any) -> None:
        nonlocal finished_px
        parts = [box.intersection(seen) for box, _ in part.pieces]
        finished_px += sum(box.height * box.width for box in parts)
        if "first" not in at or (finished_px == seen.height * seen.width and "seen" not in at):
            canvas.repaint()
            at.setdefault("first", time.perf_counter())
            if finished_px == seen.height * seen.width:
                at.setdefault("seen", time.perf_counter())

    def changed(prediction: Any) -> None:
        if prediction is not None:
            canvas.repaint()
            at["whole"] = time.perf_counter()
            loop.quit()

    start = time.perf_counter()
    session.open_photo(photo_id)
    if view != "fit":
        canvas.actual_size()
    seen = canvas.viewport.visible
    watched = (
        session.prediction_grew.connect(grew),
        session.prediction_changed.connect(changed),
        session.photo_ready.connect(lambda photo, document: at.setdefault("photo", time.perf_counter())),
    )
    QTimer.singleShot(int(WAIT_S * 1000), loop, loop.quit)
    loop.exec()
    for connection in watched:
        session.disconnect(connection)
    return Shown(*(at[name] - start for name in Shown.__dataclass_fields__))
