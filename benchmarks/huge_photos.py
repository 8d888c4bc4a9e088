"""How soon a huge photo is seen after the click, and how much memory the window takes for it.

Another process draws a 50-megapixel JPEG and two TIFF of one gigapixel (tiles alone, and tiles with halved
sizes) into a temporary folder. Then the real window is shown on a private Xvfb, a small photo is opened,
torch is loaded, and the photos are clicked in the list with the mouse. Times count from the click to the end
of the paint that shows the photo: "thumbnail" by the small picture of the list, "first view" at about the
size of the screen; "exact" is the moment from which every pixel on the screen is the photo's own. Predictions
are not asked for: a network on the same cores would be measured with it.

The peak of resident memory is that of the window's process, with the network's library loaded.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from x_pointer import XServer

WAIT_S = 600.0
JPEG_TARGET_S, TIFF_TARGET_S = 0.4, 1.0
VISITS = 3
PLACES = ((0.31, 0.22), (0.77, 0.64), (0.12, 0.9), (0.5, 0.5))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--side", type=int, default=32768, help="of the TIFF, in pixels")
    parser.add_argument("--memory", type=int, default=1500, help="bound for photos, in megabytes")
    parser.add_argument("--folder", type=Path, help="keep the photos here, or take those that are there")
    parser.add_argument("--jpeg-only", action="store_true", help="without the two TIFF, which take minutes")
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.inside is not None:
        print(json.dumps(measure(asked.inside, asked.memory)))
        return
    with TemporaryDirectory() as temporary, XServer(1920, 1080) as server:
        photos = asked.folder or Path(temporary, "photos")
        photos.mkdir(parents=True, exist_ok=True)
        here = Path(__file__).parent
        if not any(photos.glob("*.jpg" if asked.jpeg_only else "*.tif")):
            command = [sys.executable, str(here / "huge_files.py"), str(photos), "--side", str(asked.side)]
            subprocess.run(command + ["--jpeg-only"] * asked.jpeg_only, check=True)
        for path in sorted(photos.iterdir()):
            print(f"{path.name}: {path.stat().st_size / 1e6:.0f} MB", file=sys.stderr)
        work = Path(temporary, "work")
        work.mkdir()
        (work / "photos").symlink_to(photos.absolute(), target_is_directory=True)
        surroundings = os.environ | {
            "DISPLAY": server.display,
            "QT_QPA_PLATFORM": "xcb",
            "XDG_CACHE_HOME": str(work / "cache"),
            "RESATT_SETTINGS": str(work / "settings.toml"),
        }
        command = [sys.executable, __file__, "--inside", str(work), "--memory", str(asked.memory)]
        found = subprocess.run(command, check=True, env=surroundings, stdout=subprocess.PIPE, text=True)
    show(json.loads(found.stdout.splitlines()[-1]))


def show(found: dict[str, Any]) -> None:
    """Print what was measured."""
    print(
        "| photo | visit | thumbnail, s | first view, s | CPU of the process until then, s | exact, s "
        "| target, s | kept |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for row in found["opened"]:
        target = JPEG_TARGET_S if row["name"].endswith(".jpg") else TIFF_TARGET_S
        kept = "yes" if row["first"] <= target else "no"
        small = f"{row['small']:.2f}" if "small" in row else "-"
        times = f"{small} | {row['first']:.2f} | {row['cpu']:.2f} | {row['exact']:.2f}"
        print(f"| {row['name']} | {row['visit']} | {times} | {target} | {kept} |")
    print()
    if found["jumps"]:
        print(f"At 100 %, from a jump to exact pixels: {', '.join(f'{s:.2f}' for s in found['jumps'])} s.")
    print(f"Memory for photos at its most: {found['photo_mb']:.0f} MB of {found['bound_mb']} MB.")
    print(f"Peak RSS: {found['peak_mb']:.0f} MB; before the first huge photo {found['before_mb']:.0f} MB.")
    print(f"Load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores.")


def measure(work: Path, memory_mb: int) -> dict[str, Any]:
    """Open every photo of ``work/photos`` in the window; runs in a process of its own."""
    from dataclasses import replace

    import numpy as np
    from PySide6.QtCore import QSettings

    from resatt_studio.app.main import make_application, make_studio, settle, wait_for
    from resatt_studio.imaging.files import write_png
    from resatt_studio.settings import Settings
    from resatt_studio.workflow.jobs import drain
    from resatt_studio.workflow.load import add_photos
    from resatt_studio.workflow.project import create_project

    small = work / "a_small.png"
    write_png(small, np.full((600, 800, 3), 120, np.uint8))
    with create_project(work / "wall.resatt") as project:
        drain(add_photos(project, [small, *sorted((work / "photos").iterdir())]))
    preferences = replace(
        Settings(), device="cpu", theme="light", learn_cracks="ask", photo_memory_mb=memory_mb
    )
    state = QSettings(str(work / "window.ini"), QSettings.Format.IniFormat)
    studio = make_studio(make_application(), preferences, state)
    session = studio.parts.session
    session.predictor.predict_shown = lambda project, photo: None
    session.predictor.predict_ahead = lambda project, entries: None
    studio.window.resize(1600, 1000)
    studio.window.show()
    session.start()
    session.open_project(work / "wall.resatt")
    session.predictor.wake()
    try:
        if not wait_for(lambda: session.photo is not None and not session.gpu.busy, WAIT_S):
            raise TimeoutError("the small photo was not shown in time")
        settle(1.0)
        if not wait_for(lambda: not session.files.busy, WAIT_S):
            raise TimeoutError("the thumbnails did not come in time")
        before_mb = peak_mb()
        opened, jumps = [], []
        for visit in range(1, VISITS + 1):
            session.open_photo(session.listed[0].photo_id)
            wait_for(lambda: session.photo is not None, WAIT_S)
            for entry in session.listed[1:]:
                opened.append(click(studio, entry) | {"visit": visit})
                if session.tiles is not None and visit == 1:
                    jumps += [jump(studio, *place) for place in PLACES]
                    studio.window.canvas.fit()
    finally:
        studio.window.close()
        session.gpu.stop(WAIT_S)
    return {
        "opened": opened,
        "jumps": jumps,
        "photo_mb": most["photo_bytes"] / 1e6,
        "bound_mb": memory_mb,
        "peak_mb": peak_mb(),
        "before_mb": before_mb,
    }


most = {"photo_bytes": 0}


def peak_mb() -> float:
    """Most resident memory of this process so far; ``ru_maxrss`` is in kilobytes on Linux."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def click(studio: Any, entry: Any) -> dict[str, Any]:
    """Click a photo in the list and wait until every pixel on the screen is its own."""
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest

    from resatt_studio.app.main import wait_for

    session, canvas = studio.parts.session, studio.window.canvas
    at: dict[str, float] = {}

    def seen(*_: object) -> None:
        if "first" not in at:
            canvas.repaint()
            at["first"], at["cpu"] = time.perf_counter() - start, time.process_time() - cpu

    def seen_small(*_: object) -> None:
        shown = canvas.scene.photo
        if (
            "first" not in at
            and shown is not None
            and shown.sample(canvas.viewport, canvas.viewport.photo_in_view) is not None
        ):
            canvas.repaint()
            at["small"] = time.perf_counter() - start

    watched = [
        signal.connect(seen) for signal in (session.preview_ready, session.photo_ready, session.tiles_ready)
    ]
    watched.append(session.photo_changed.connect(seen_small))
    names = studio.window.panel("photosPanel").list
    row = [e.photo_id for e in session.listed].index(entry.photo_id)
    place = names.visualRect(names.model().index(row, 0)).center()
    start, cpu = time.perf_counter(), time.process_time()
    QTest.mouseClick(names.viewport(), Qt.MouseButton.LeftButton, pos=place)
    if not wait_for(lambda: exact(studio, entry), WAIT_S):
        raise TimeoutError(f"{entry.name} was not shown in time")
    canvas.repaint()
    at["exact"] = time.perf_counter() - start
    for connection in watched:
        session.disconnect(connection)
    return {"name": entry.name, **at}


def exact(studio: Any, entry: Any) -> bool:
    """Whether what is on the screen needs nothing more."""
    session, canvas = studio.parts.session, studio.window.canvas
    most["photo_bytes"] = max(most["photo_bytes"], session.memory.used_bytes)
    if session.entry is None or session.entry.photo_id != entry.photo_id:
        return False
    if session.photo is not None:
        return not canvas.background.busy
    return session.tiles is not None and session.tiles.built and not session.tiles.wanted(canvas.viewport)


def jump(studio: Any, down: float, across: float) -> float:
    """Seconds from looking somewhere else at 100 % to exact pixels there."""
    from resatt_studio.app.main import wait_for

    tiles, canvas = studio.parts.session.tiles, studio.window.canvas
    start = time.perf_counter()
    canvas.centre_on(tiles.height * down, tiles.width * across, 1.0)
    if not wait_for(lambda: not tiles.wanted(canvas.viewport), WAIT_S):
        raise TimeoutError("tiles did not come in time")
    canvas.repaint()
    most["photo_bytes"] = max(most["photo_bytes"], tiles.memory.used_bytes)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
