"""Claims about ``demo`` on the command line: what it prints, and whether a window or pictures follow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from resatt_studio.cli import main
from resatt_studio.records.training import Verdict
from resatt_studio.records.weights import Scores
from resatt_studio.workflow.demo import DemoOutcome, DemoRow

SCORES = Scores(dice=0.5, iou=1 / 3, precision=0.5, recall=0.5, tolerance_f1=0.6, photos=1)


@pytest.fixture
def acts(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Path]]:
    """A finished demo in the place of a real one; notes what is opened after it."""
    noted: list[tuple[str, Path]] = []

    def run_demo(out: Path, **_: object) -> Iterator[object]:
        return DemoOutcome(
            project=out / "demo.resatt",
            corrected="seepage-10.jpg",
            strokes=7,
            rows=(DemoRow("seepage-11.jpg", 0.25, 0.625),),
            before=SCORES,
            after=SCORES,
            verdict=Verdict(False, "Not promoted: for the test."),
            files=(),
        )
        yield

    def screenshots(project: Path, out: Path) -> list[Path]:
        noted.append(("pictures", out))
        return [out / "window.png"]

    def run(project: Path | None = None) -> int:
        noted.append(("window", project))
        return 0

    monkeypatch.setattr("resatt_studio.workflow.demo.run_demo", run_demo)
    monkeypatch.setattr("resatt_studio.app.main.screenshots", screenshots)
    monkeypatch.setattr("resatt_studio.app.main.run", run)
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    return noted


def test_scores_of_every_photo_and_the_verdict_are_printed(
    acts: list[tuple[str, Path]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo", "--out", str(tmp_path), "--no-window"]) == 0
    shown = capsys.readouterr().out
    for words in ("seepage-11.jpg", "0.250", "0.625", "+0.375", "Not promoted", "window.png"):
        assert words in shown


@pytest.mark.parametrize(
    ("options", "screen", "followed"),
    [
        ([], False, "pictures"),
        ([], True, "window"),
        (["--no-window"], True, "pictures"),
        (["--window"], False, "window"),
    ],
)
def test_a_window_follows_where_there_is_a_screen_and_pictures_where_there_is_none(
    acts: list[tuple[str, Path]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    screen: bool,
    followed: str,
) -> None:
    if screen:
        monkeypatch.setenv("DISPLAY", ":0")
        monkeypatch.setenv("QT_QPA_PLATFORM", "xcb")
        monkeypatch.setattr("sys.platform", "linux")
    assert main(["demo", "--out", str(tmp_path), *options]) == 0
    target = tmp_path / ("screenshots" if followed == "pictures" else "demo.resatt")
    assert acts == [(followed, target)]
