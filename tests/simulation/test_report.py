"""Claims about reports: what is written reads back the same, and the table says what the points say."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resatt_studio.errors import ExportError
from resatt_studio.simulation.plot import draw_plot
from resatt_studio.simulation.points import Event, Point, at_photos, at_seconds, lost_elsewhere
from resatt_studio.simulation.report import (
    Simulation,
    read_csv,
    read_json,
    summarise,
    write_csv,
    write_json,
)


def point(
    seconds: float, photos: int, dice: float, recipe: str = "app", seed: int = 0, **more: object
) -> Point:
    told = {"strokes": 3 * photos, "elsewhere": {"cfd": 0.5, "a, b": dice}, "width_error_px": 1.5, **more}
    return Point(recipe, seed, Event.APPROVED, seconds, photos, weights_id="ab", dice=dice, tolerance_f1=0.8,
                 centreline_recall=0.9, **told)  # fmt: skip


SESSION = [point(0, 0, 0.5), point(30, 1, 0.5), point(50, 1, 0.6), point(70, 2, 0.6), point(90, 2, 0.7)]

unit = st.floats(0, 1)
points = st.lists(
    st.builds(
        Point,
        recipe=st.sampled_from(["app", "none"]),
        seed=st.integers(0, 9),
        event=st.sampled_from(Event),
        simulated_s=st.floats(0, 1e6),
        photos=st.integers(0, 99),
        strokes=st.integers(0, 9999),
        weights_id=st.text("0123456789abcdef", min_size=1, max_size=8),
        dice=unit,
        tolerance_f1=unit,
        centreline_recall=unit,
        width_error_px=st.none() | st.floats(0, 50),
        elsewhere=st.fixed_dictionaries({"cfd": unit, "stone, wet": unit}),
        hand_s=st.floats(0, 1e6),
        machine_s=st.floats(0, 1e6),
        measured_s=st.floats(0, 1e6),
        steps=st.integers(0, 9999),
        reason=st.sampled_from(["", 'Dice "rose", 0.1 to 0.2;\nwell', "Größe"]),
    ),
    max_size=5,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(points)
def test_json_and_csv_read_back_what_was_written(tmp_path: Path, found: list[Point]) -> None:
    whole = Simulation({"set": "crackmap", "seeds": 2}, tuple(found))
    write_json(tmp_path / "a.json", whole)
    write_csv(tmp_path / "a.csv", found)
    assert read_json(tmp_path / "a.json") == whole
    assert read_csv(tmp_path / "a.csv") == tuple(found)


@pytest.mark.parametrize(
    "text", ["", "{}", '{"format": "another", "settings": {}, "points": []}', "a,b\n1,2\n"]
)
def test_another_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "other"
    path.write_text(text)
    with pytest.raises(ExportError, match="simulate"):
        read_json(path)
    if "\n" in text:
        with pytest.raises(ExportError, match="simulate"):
            read_csv(path)


def test_a_session_stands_where_its_last_point_put_it() -> None:
    assert [at_seconds(SESSION, one).dice for one in (0, 49, 50, 1000)] == [0.5, 0.5, 0.6, 0.7]
    assert [at_photos(SESSION, one).dice for one in (0, 1, 2, 9)] == [0.5, 0.6, 0.7, 0.7]


def test_what_is_lost_elsewhere_is_the_mean_over_sets() -> None:
    assert lost_elsewhere(SESSION, SESSION[-1]) == pytest.approx((0 + 0.5 - 0.7) / 2)
    bare = [point(0, 0, 0.5, elsewhere={})]
    assert lost_elsewhere(bare, bare[0]) is None


def test_the_table_holds_mean_and_spread_over_seeds() -> None:
    other = [point(0, 0, 0.5, seed=1), point(40, 1, 0.8, seed=1, width_error_px=None)]
    row, none = summarise([*SESSION, *other, point(0, 0, 0.5, recipe="none")], [0, 1], [60])
    assert row.recipe == "app" and none.recipe == "none"
    assert row.dice_at_photos[1] == pytest.approx((0.7, 0.1414), abs=1e-3)
    assert row.dice_at_seconds[60] == pytest.approx((0.7, 0.1414), abs=1e-3)
    assert row.end["dice"] == pytest.approx(0.75) and row.end["width_error_px"] == 1.5
    assert none.dice_at_photos[1] == (0.5, 0.0)


def test_a_plot_is_a_picture(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    draw_plot(tmp_path / "a.png", [*SESSION, point(0, 0, 0.5, recipe="none")], "crackmap")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_a_plot_without_matplotlib_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ExportError, match="--no-plot"):
        draw_plot(tmp_path / "a.png", SESSION)
