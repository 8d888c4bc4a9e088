"""Make docs/screenshots from the real window with the bundled photos and the factory weights.

Run ``python tools/screenshots.py``; needs no screen. Pictures of the start page, of painting, of learning and
of the dialogs, light and dark, at 100 and 200 percent; with ``--only tools`` of every tool in the hand.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # a checkout that was not installed works too
OUT = ROOT / "docs" / "screenshots"
LEARN_SECONDS = 600.0
"""More than is needed: learning is stopped when there is something to see, however slow the machine."""
LEARN_STEPS = 40


def main() -> None:
    """Render every picture; each scale needs a process of its own, because Qt reads it at the start."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--scale", type=int, choices=(1, 2), help="only this scale, in this process")
    parser.add_argument("--threads", type=int, default=0, help="of the network; 1 where others work too")
    parser.add_argument(
        "--only",
        choices=("networks", "tools"),
        default="",
        help="only the labels, attention and dehazing, or only every tool in the hand",
    )
    arguments = parser.parse_args()
    if arguments.scale is None:
        for scale in (1, 2):
            command = [sys.executable, __file__, "--out", str(arguments.out), "--scale", str(scale)]
            command += ["--threads", str(arguments.threads)]
            command += ["--only", arguments.only] if arguments.only else []
            subprocess.run(command, check=True, env=os.environ | {"QT_SCALE_FACTOR": str(scale)})
        return
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    with tempfile.TemporaryDirectory() as folder:
        os.environ["RESATT_SETTINGS"] = str(Path(folder) / "settings.toml")
        os.environ["XDG_DATA_HOME"] = folder
        render(arguments, Path(folder))


def render(arguments: argparse.Namespace, folder: Path) -> None:
    """Walk through the main job and take pictures on the way."""
    out, scale, threads = arguments.out, arguments.scale, arguments.threads
    from PySide6.QtCore import QSettings

    from resatt_studio.app.main import make_application, make_studio
    from resatt_studio.settings import Settings

    out.mkdir(parents=True, exist_ok=True)
    application = make_application()
    preferences = Settings(
        author="inspector", theme="dark", threads=threads, learn_seconds=LEARN_SECONDS, learn_cracks="ask"
    )
    state = QSettings(str(folder / "window.ini"), QSettings.Format.IniFormat)
    studio = make_studio(application, preferences, state)
    window, session, learner = studio.window, studio.parts.session, studio.parts.learner
    camera = Camera(studio, application, out, scale)
    errors: list[BaseException] = []
    session.failed.connect(errors.append)
    window.show()
    session.start()
    try:
        walk(studio, camera, errors, scale, arguments.only)
    finally:
        learner.drop()
        session.predictor.forget()
        window.close()
        session.gpu.stop(120)


def walk(studio: Any, camera: Camera, errors: list[BaseException], scale: int, only: str) -> None:
    """From the start page to the new weights."""
    from resatt_studio.app.main import settle, wait_for

    recorded = json.loads((ROOT / "assets" / "demo" / "correction.json").read_text(encoding="utf-8"))
    photo = recorded["photo"]
    window, session, learner = studio.window, studio.parts.session, studio.parts.learner
    settle()
    if not only:
        camera.take("start", sizes=((1280, 800),))
    session.open_sample()
    require(wait_for(lambda: session.document is not None, 400), errors, "the sample project")
    session.open_photo(next(e.photo_id for e in session.state.entries if e.name == photo))
    require(wait_for(lambda: session.prediction is not None, 400), errors, photo)
    if only:
        show = show_tools if only == "tools" else show_other_networks
        show(studio, camera, errors)
        return
    camera.take("predicted")
    paint_recorded(studio, recorded["strokes"])
    camera.take("corrected", sizes=((1280, 800),))
    show_other_networks(studio, camera, errors)
    for name in ("settings", "export", "about"):
        camera.dialog(name, getattr(window.ask, name))
    camera.dialog("shortcuts", window.show_shortcuts)
    if scale > 1:
        return
    studio.parts.view.set_layer("uncertainty", visible=True)
    window.canvas.zoom_to(2.0)
    camera.take("uncertainty", sizes=((1280, 800),))
    studio.parts.view.set_layer("uncertainty", visible=False)
    session.approve()
    require(wait_for(lambda: learner.can_learn and session.prediction is not None, 400), errors, "approval")
    learner.learn()
    seen = lambda: not learner.learning or (learner.losses[-1:] or [(0, 0)])[0][0] >= LEARN_STEPS  # noqa: E731
    require(wait_for(seen, 500), errors, "learning")
    camera.take("learning")
    learner.stop()
    require(wait_for(lambda: not learner.learning, 400), errors, "learning")
    require(wait_for(lambda: session.prediction is not None, 400), errors, "the new prediction")
    camera.take("learned", sizes=((1280, 800),))
    studio.parts.view.toggle_change()
    require(wait_for(lambda: studio.parts.changes.change is not None, 400), errors, "what learning changed")
    panel = window.panel("learningPanel")
    panel.ensureWidgetVisible(panel.versions.card)
    camera.take("changed", sizes=((1280, 800),))


def show_tools(studio: Any, camera: Camera, errors: list[BaseException]) -> None:
    """Every tool of the canvas in the middle of an act, by mouse, and its options."""
    import numpy as np
    from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
    from PySide6.QtGui import QMouseEvent
    from PySide6.QtTest import QTest
    from PySide6.QtWidgets import QApplication

    from resatt_studio.app.main import settle
    from resatt_studio.app.tools.registry import TOOLS

    canvas, button, no_key = studio.window.canvas, Qt.MouseButton, Qt.KeyboardModifier.NoModifier
    canvas.fit()
    settle()
    row, column = np.argwhere(studio.parts.session.prediction.probability_8bit > 200)[0]
    down, right = (place / canvas.ratio for place in canvas.viewport.to_view(row + 0.5, column + 0.5))
    crack = QPoint(int(right), int(down))
    middle = QPoint(canvas.width() // 2, canvas.height() // 2)
    way = [middle + QPoint(*step) for step in ((-160, -90), (-60, -110), (90, -40), (150, 80), (-20, 120))]
    studio.parts.scale.set(0.2)

    def move(to: QPoint, held: Qt.MouseButton) -> None:
        place = QPointF(to)
        event = QMouseEvent(
            QEvent.Type.MouseMove, place, canvas.mapToGlobal(place), button.NoButton, held, no_key
        )
        QApplication.sendEvent(canvas, event)
        settle(0.05)

    for tool in TOOLS:
        studio.parts.view.set_brush(tool=tool.name, radius_px=6.0)
        if tool.name in ("polyline", "polygon"):
            for place in way[:-1]:
                QTest.mouseClick(canvas, button.LeftButton, no_key, place)
            move(way[-1], button.NoButton)
        else:
            QTest.mousePress(canvas, button.LeftButton, no_key, crack if tool.name == "wand" else way[0])
            for place in [crack + QPoint(40, 0)] if tool.name == "wand" else way[1:]:
                move(place, button.LeftButton)
        camera.take(f"tool-{tool.name}", sizes=((1280, 800),))
        QTest.keyClick(canvas, Qt.Key.Key_Escape)
        QTest.mouseRelease(canvas, button.LeftButton, no_key, way[-1])
        canvas.fit()
    camera.dialog("scale", studio.window.ask.set_scale)
    require(not errors, errors, "a tool")


def show_other_networks(studio: Any, camera: Camera, errors: list[BaseException]) -> None:
    """What RMT, ReViT and DHFormer make of the open photo: labels, an answer, attention, less haze."""
    from resatt_studio.app.main import settle, wait_for
    from resatt_studio.records.heat import HeatKind
    from resatt_studio.records.labels import CrackType

    parts, size = studio.parts, ((1280, 800),)
    studio.window.bring("labelsPanel")
    require(wait_for(lambda: len(parts.labels.labellings) == 2, 400), errors, "the labels")
    parts.labels.choose(CrackType.LONGITUDINAL)
    settle(0.5)
    camera.take("labels", sizes=size)
    studio.window.bring("attentionPanel")
    parts.view.toggle_heat()
    require(wait_for(lambda: parts.attention.heat is not None, 400), errors, "the attention")
    camera.take("attention", sizes=size)
    parts.attention.choose(kind=HeatKind.POINT_WITHOUT_PRIOR, stage=2)
    parts.attention.ask_point((parts.session.photo.height // 2, parts.session.photo.width // 2))
    require(wait_for(lambda: not parts.attention.asking.waiting, 400), errors, "the point")
    camera.take("attention-point", sizes=size)
    parts.view.toggle_heat()
    parts.view.toggle_dehazed()
    require(wait_for(lambda: parts.dehazing.dehazing is not None, 800), errors, "the dehazed photo")
    camera.take("dehazed", sizes=size)
    parts.view.toggle_dehazed()
    studio.window.bring("learningPanel")


def require(met: bool, errors: list[BaseException], what: str) -> None:
    """Stop when a step of the walk failed: a picture of an error is no picture of the app."""
    if errors:
        raise errors[0]
    if not met:
        raise TimeoutError(f"{what} took too long")


def paint_recorded(studio: Any, strokes: list[dict[str, Any]]) -> None:
    """Paint the bundled correction with the window's own tools, on the document that the mouse paints on."""
    from resatt_studio.cli.replay import paint

    session = studio.parts.session
    for edit in paint(session.document, strokes):
        session.painted.emit(edit.box)
        session.note_edit()


class Camera:
    """Takes pictures of the window in both themes."""

    def __init__(self, studio: Any, application: Any, out: Path, scale: int) -> None:
        self._studio = studio
        self._application = application
        self._out = out
        self._scale = scale

    def take(self, name: str, sizes: tuple[tuple[int, int], ...] = ((1280, 800), (1920, 1080))) -> None:
        """Write NAME-THEME-WIDTHxHEIGHT[@2x].png of the window."""
        for theme in ("light", "dark"):
            self._theme(theme)
            for width_px, height_px in sizes if self._scale == 1 else sizes[:1]:
                self._studio.window.resize(width_px, height_px)
                self._save(self._studio.window, f"{name}-{theme}-{width_px}x{height_px}")

    def dialog(self, name: str, show: Any) -> None:
        """Write NAME-THEME[@2x].png of the dialog that ``show`` opens."""
        for theme in ("light", "dark"):
            self._theme(theme)
            before = set(self._studio.window.children())
            show()
            (dialog,) = (c for c in self._studio.window.children() if c not in before and c.isWidgetType())
            self._save(dialog, f"{name}-{theme}")
            dialog.close()

    def _theme(self, theme: str) -> None:
        from resatt_studio.app.theme import apply_theme

        self._studio.parts.look.set(apply_theme(self._application, theme))

    def _save(self, widget: Any, name: str) -> None:
        from resatt_studio.app.main import settle

        settle()
        mark = "" if self._scale == 1 else "@2x"
        path = self._out / f"{name}{mark}.png"
        widget.grab().save(str(path))
        print(path)


if __name__ == "__main__":
    main()
