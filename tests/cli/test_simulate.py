"""Claims about ``simulate``: three files and a table, and wrong input told before any work."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from resatt_studio.simulation.report import read_csv, read_json

Run = Callable[..., Any]


@pytest.fixture
def drawn_set(tmp_path: Path, photo_set: Callable[..., Path]) -> Path:
    return photo_set(tmp_path / "drawn", train=2, test=1)


def test_a_small_simulation_writes_its_files_and_prints_its_table(run: Run, drawn_set: Path) -> None:
    ran = run(
        "simulate", drawn_set, "--out", "out", "--recipe", "app", "--recipe", "none", "--photos", 1,
        "--seeds", 1, "--steps", 1, "--order", "name", "--other", drawn_set,
    )  # fmt: skip
    assert ran.code == 0, ran.err
    assert "Dice after" in ran.out and "centre line found" in ran.out and "app ahead of" in ran.out
    assert "What the gates did" in Path("out/simulation.md").read_text()
    whole = read_json(Path("out/simulation.json"))
    assert read_csv(Path("out/simulation.csv")) == whole.points
    assert {point.recipe for point in whole.points} == {"app", "none"}
    assert set(whole.points[0].elsewhere) == {"drawn"} and whole.settings["set"] == "drawn"
    assert Path("out/simulation.png").stat().st_size > 1000


def test_the_same_command_goes_on_and_another_one_is_told_what_differs(run: Run, drawn_set: Path) -> None:
    told = (
        "simulate",
        drawn_set,
        "--out",
        "out",
        "--photos",
        1,
        "--steps",
        1,
        "--no-plot",
        "--recipe",
        "none",
    )
    first = run(*told, "--seeds", 1, "--wrong-strokes", 0.2)
    assert first.code == 0, first.err
    before = read_json(Path("out/simulation.json"))
    assert before.settings["noise"] == {"wrong_strokes": 0.2, "upside_down": 0}
    again = run(*told, "--seeds", 2, "--wrong-strokes", 0.2)
    assert again.code == 0, again.err
    after = read_json(Path("out/simulation.json"))
    assert after.points[: len(before.points)] == before.points and {one.seed for one in after.points} == {
        0,
        1,
    }
    other = run(*told, "--wrong-strokes", 0.1)
    assert other.code == 2 and "noise.wrong_strokes was 0.2" in other.err and "--out" in other.err
    assert read_json(Path("out/simulation.json")) == after


@pytest.mark.parametrize(
    ("arguments", "cure"),
    [
        (["--recipe", "best"], "rootpainter"),
        (["--order", "best"], "uncertain"),
        (["--test-list", "none.txt"], "none.txt"),
        (["--upside-down", 11], "--photos"),
    ],
)
def test_what_has_no_meaning_is_the_users_to_mend(
    arguments: list[str], cure: str, run: Run, drawn_set: Path
) -> None:
    ran = run("simulate", drawn_set, "--out", "out", "--no-plot", *arguments)
    assert ran.code == 2 and cure in ran.err and not Path("out").exists()
