"""Make docs/screenshots and docs/SCREENSHOTS.md from the real window with the bundled photos and weights.

Run ``python tools/screenshots.py``; needs no screen. One process for each scale walks through the main job,
from the start page to the second reader, and at each stage takes every picture of ``screenshot_plan.py`` in
each language and theme, switching both in the running window. README's pictures are PNG, all others WebP.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # a checkout that was not installed works too

from screenshot_page import page  # noqa: E402
from screenshot_plan import (  # noqa: E402
    LANGUAGES,
    SCALES,
    SKIPPABLE,
    STAGES,
    THEMES,
    Picture,
    files,
    pictures,
)

OUT = ROOT / "docs" / "screenshots"
LEARN_SECONDS = 3600.0
"""More than is needed: learning is stopped when there is something to see, however slow the machine."""
LEARN_STEPS = 10
WAIT_S = 900.0
QUALITY = {1: 70, 2: 50}
"""Of WebP with photos, by scale, where small text is still sharp."""
PHOTO_COLOURS = 1500
"""A picture with more colours has a photo in it; one with fewer is smaller without loss."""
NOTE = "The branch to the left is missing, and the stain below is no crack."


def main() -> None:
    """Render what is asked for; each scale needs a process of its own, because Qt reads it at the start."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--scale", type=int, choices=SCALES, help="only this scale, in this process")
    parser.add_argument("--threads", type=int, default=0, help="of the network; 1 where others work too")
    parser.add_argument("--only", nargs="+", default=[], help="names of pictures, or how they begin: panel-")
    arguments = parser.parse_args()
    if arguments.scale is None:
        for scale in SCALES:
            command = [sys.executable, __file__, *sys.argv[1:], "--scale", str(scale)]
            subprocess.run(command, check=True, env=os.environ | {"QT_SCALE_FACTOR": str(scale)})
        if arguments.out == OUT:
            (ROOT / "docs" / "SCREENSHOTS.md").write_text(page(), encoding="utf-8")
            planned = set(files())
            for path in OUT.iterdir():
                if path.name not in planned:
                    path.unlink()
        return
    with tempfile.TemporaryDirectory(prefix="inspector-") as folder:
        screen = {"name": "screen", "x": 0, "y": 0, "width": 4096, "height": 4096, "dpr": 1}
        screens = Path(folder) / "screens.json"
        screens.write_text(json.dumps({"screens": [screen]}), encoding="utf-8")
        os.environ["QT_QPA_PLATFORM"] = f"offscreen:configfile={screens}"
        platform.platform = lambda: "Linux"  # dialogs name it, and what this machine runs on is no matter
        os.environ["RESATT_SETTINGS"] = str(Path(folder) / "settings.toml")
        for kind in ("DATA", "CACHE", "STATE"):
            os.environ[f"XDG_{kind}_HOME"] = folder
        render(arguments, Path(folder))


def render(arguments: argparse.Namespace, folder: Path) -> None:
    """Start the app, walk, and end it in order."""
    from PySide6.QtCore import QSettings

    from resatt_studio.app.main import make_application, make_studio
    from resatt_studio.settings import Settings

    arguments.out.mkdir(parents=True, exist_ok=True)
    only = tuple(arguments.only)
    wanted = tuple(p for p in pictures() if not only or p.name.startswith(only))
    if not wanted:
        raise SystemExit(f"no picture begins with {' or '.join(only)}; see tools/screenshot_plan.py")
    preferences = Settings(
        author="inspector",
        language=LANGUAGES[0],
        threads=arguments.threads,
        learn_cracks="ask",
    )
    state = QSettings(str(folder / "window.ini"), QSettings.Format.IniFormat)
    studio = make_studio(make_application(), preferences, state)
    window, session = studio.window, studio.parts.session
    camera = Camera(studio, wanted, arguments.out, arguments.scale)
    walk = Walk(studio)
    last = max(STAGES.index(picture.stage) for picture in wanted)
    window.show()
    session.predictor.predict_ahead = lambda project, entries: None  # nothing shown needs it
    session.start()
    try:
        for stage in STAGES[: last + 1]:
            if stage not in SKIPPABLE or stage in {picture.stage for picture in wanted}:
                getattr(walk, stage)()
                camera.take(stage)
                walk.require()
    finally:
        studio.parts.learner.drop()
        session.predictor.forget()
        window.close()
        session.gpu.stop(120)


class Walk:
    """From the start page to the second reader; each stage is a method, called in the order of the plan.

    Args:
        studio: The started app.
    """

    def __init__(self, studio: Any) -> None:
        self._studio = studio
        self._parts = studio.parts
        self._session = studio.parts.session
        self._errors: list[BaseException] = []
        self._session.failed.connect(self._note)
        self._recorded = json.loads(
            (ROOT / "assets" / "demo" / "correction.json").read_text(encoding="utf-8")
        )

    def require(self, met: bool = True, what: str = "") -> None:
        """Stop when a step of the walk failed: a picture of an error is no picture of the app."""
        if self._errors:
            raise self._errors[0]
        if not met:
            raise TimeoutError(f"{what} took too long")

    def start(self) -> None:
        """The start page."""
        from resatt_studio.app.main import settle

        settle()

    def predicted(self) -> None:
        """The sample project with the photo of the recorded correction."""
        session = self._session
        session.open_sample()
        self._wait(lambda: session.document is not None, "the sample project")
        self._open(self._recorded["photo"])
        self._parts.scale.set(0.2)

    def corrected(self) -> None:
        """The recorded strokes, painted on the document that the mouse paints on."""
        from resatt_studio.cli.replay import paint

        session, history = self._session, self._parts.history
        for edit in paint(session.document, self._recorded["strokes"]):
            session.painted.emit(edit.box)
            session.note_edit()
        history.add_checkpoint("After the main crack")
        self._wait(lambda: bool(history.checkpoints), "the checkpoint")

    def labels(self) -> None:
        """What RMT and ReViT call the photo, and an answer."""
        from resatt_studio.records.labels import CrackType

        self._studio.window.bring("labelsPanel")
        self._wait(lambda: len(self._parts.labels.labellings) == 2, "the labels")
        self._parts.labels.choose(CrackType.LONGITUDINAL)

    def attention(self) -> None:
        """What one point attends to."""
        from resatt_studio.records.heat import HeatKind

        parts, photo = self._parts, self._session.photo
        self._studio.window.bring("attentionPanel")
        parts.view.toggle_heat()
        self._wait(lambda: parts.attention.heat is not None, "the attention")
        parts.attention.choose(kind=HeatKind.POINT_WITHOUT_PRIOR, stage=2)
        parts.attention.ask_point((photo.height // 2, photo.width // 2))
        self._wait(lambda: not parts.attention.asking.waiting, "the point")

    def dehazed(self) -> None:
        """Less haze."""
        self._put_away()
        self._parts.view.toggle_dehazed()
        self._wait(lambda: self._parts.dehazing.dehazing is not None, "the dehazed photo")

    def learning(self) -> None:
        """The network learns from the corrected photo, while the next one is open."""
        self._put_away()
        session, learner = self._session, self._parts.learner
        session.approve()
        self._wait(lambda: learner.can_learn and session.prediction is not None, "approval")
        self._studio.window.ask.change_settings(learn_seconds=LEARN_SECONDS)
        learner.learn()
        self._wait(lambda: not learner.learning or len(learner.losses) >= LEARN_STEPS, "learning")

    def learned(self) -> None:
        """The new version, what it changed, and a photo that could not be read."""
        session, learner = self._session, self._parts.learner
        learner.stop()
        self._wait(lambda: not learner.learning, "learning")
        self._wait(lambda: session.prediction is not None, "the new prediction")
        self._parts.view.toggle_change()
        self._wait(lambda: self._parts.changes.change is not None, "what learning changed")
        self._parts.view.toggle_change()
        broken = session.project.folder.with_name("pier-3.jpg")
        broken.write_bytes(b"no photo")
        session.add([broken])
        self._wait(lambda: bool(self._parts.jobs.failures), "the photo that cannot be read")

    def review(self) -> None:
        """A second reader looks at the approved photo."""
        ask, reader, session = self._studio.window.ask, self._parts.reader, self._session
        ask.change_settings(author="second reader")
        self._open(self._recorded["photo"])
        self._wait(lambda: reader.reads(session.entry), "the photo that waits")

    def sent_back(self) -> None:
        """The same photo with the note."""
        self._parts.reader.send_back(NOTE)
        self._wait(lambda: self._entry().sent_back, "sending back")
        self._open(self._recorded["photo"])

    # -- inside --

    def _open(self, name: str) -> None:
        session = self._session
        session.open_photo(self._entry(name).photo_id)
        self._wait(
            lambda: bool(session.entry and session.entry.name == name and session.prediction is not None),
            name,
        )

    def _entry(self, name: str = "") -> Any:
        wanted = name or self._recorded["photo"]
        return next(entry for entry in self._session.state.entries if entry.name == wanted)

    def _put_away(self) -> None:
        """Show no heat and no dehazed photo any more."""
        view = self._parts.view
        for name in ("heat", "dehazed"):
            view.set_layer(name, visible=False)

    def _note(self, error: BaseException) -> None:
        from resatt_studio.errors import BugError, StudioError

        if isinstance(error, BugError) or not isinstance(error, StudioError):
            self._errors.append(error)

    def _wait(self, met: Callable[[], bool], what: str) -> None:
        from resatt_studio.app.main import wait_for

        self.require(wait_for(lambda: bool(self._errors) or met(), WAIT_S), what)


class Camera:
    """Takes the pictures of a stage in every language and theme.

    Args:
        studio: The started app.
        wanted: What is asked for.
        out: Where the files go.
        scale: Of this process.
    """

    def __init__(self, studio: Any, wanted: tuple[Picture, ...], out: Path, scale: int) -> None:
        from screenshot_scenes import Scenes

        self._change = studio.window.ask.change_settings
        self._scenes = Scenes(studio)
        self._wanted = wanted
        self._out = out
        self._scale = scale

    def take(self, stage: str) -> None:
        """Write every wanted picture of a stage."""
        shown = [picture for picture in self._wanted if picture.stage == stage]
        for language, theme in product(LANGUAGES, THEMES) if shown else ():
            self._change(language=language, theme=theme)
            self._scenes.show_whole()
            for picture in shown:
                taken = self._scenes.shoot(picture)
                for file in picture.files(language, theme, self._scale):
                    save(taken, self._out / file, QUALITY[self._scale])
                    print(file, flush=True)
        self._change(language=LANGUAGES[0])


def save(taken: Any, path: Path, quality: int) -> None:
    """Write a picture: PNG where README names it, else WebP, without loss where there is no photo in it."""
    import numpy as np
    from PIL import Image
    from PySide6.QtGui import QImage

    image = taken.toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    pixels = rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3)
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    if path.suffix == ".png":
        picture.save(path, optimize=True)
        return
    colours = len(np.unique(pixels[::3, ::3].reshape(-1, 3) @ np.array([65536, 256, 1])))
    if colours > PHOTO_COLOURS:
        picture.save(path, quality=quality, method=6)
    else:
        picture.save(path, lossless=True, quality=90, method=6)


if __name__ == "__main__":
    main()
