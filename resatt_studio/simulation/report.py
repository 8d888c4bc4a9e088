"""What a simulation leaves behind: every point as JSON and CSV, and a table of where the recipes stand."""

from __future__ import annotations

import csv
import io
import json
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from resatt_studio.errors import ExportError
from resatt_studio.imaging.writing import write_whole
from resatt_studio.simulation.points import Event, Point, at_photos, at_seconds, by_session, lost_elsewhere

FORMAT = "resatt-simulation-1"
_ELSEWHERE = "dice on "  # before the name of another set, in the head of the CSV
_WHOLE = ("seed", "photos", "strokes", "steps", "wrong_strokes", "upside_down")
_NUMBERS = ("simulated_s", "dice", "tolerance_f1", "centreline_recall", "hand_s", "machine_s", "measured_s")
_SINGLE = tuple(one.name for one in fields(Point) if one.name != "elsewhere")


@dataclass(frozen=True, slots=True)
class Simulation:
    """Points of all sessions, and what they were made with.

    Attributes:
        settings: Everything that decides the outcome, for people; JSON values.
        points: Session after session, each in the order of simulated time.
    """

    settings: Mapping[str, Any] = field(default_factory=dict)
    points: tuple[Point, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """What the JSON file holds."""
        points = [asdict(point) | {"event": point.event.value} for point in self.points]
        return {"format": FORMAT, "settings": dict(self.settings), "points": points}


def write_json(path: Path, simulation: Simulation) -> None:
    """Write a simulation.

    Raises:
        ExportError: The file cannot be written.
    """
    write_whole(path, (json.dumps(simulation.as_json(), indent=1, ensure_ascii=False) + "\n").encode())


def read_json(path: Path) -> Simulation:
    """Read a simulation.

    Raises:
        ExportError: The file cannot be read or is none.
    """
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        if said["format"] != FORMAT:
            raise KeyError(said["format"])
        points = tuple(Point(**one | {"event": Event(one["event"])}) for one in said["points"])
        return Simulation(said["settings"], points)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ExportError(
            f"{path} cannot be read as a simulation: {error}.", "Give a file that `simulate` wrote."
        ) from error


def write_csv(path: Path, points: Sequence[Point]) -> None:
    """Write a row a point; Dice on other sets in a column each, headed by "dice on" and the set's name.

    Raises:
        ExportError: The file cannot be written.
    """
    others = list(dict.fromkeys(name for point in points for name in point.elsewhere))
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow([*_SINGLE, *(_ELSEWHERE + name for name in others)])
    for point in points:
        single = [_cell(getattr(point, name)) for name in _SINGLE]
        rows.writerow([*single, *(_cell(point.elsewhere.get(name)) for name in others)])
    write_whole(path, text.getvalue().encode())


def read_csv(path: Path) -> tuple[Point, ...]:
    """Read what :func:`write_csv` wrote.

    Raises:
        ExportError: The file cannot be read or has other columns.
    """
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            return tuple(_point(row) for row in csv.DictReader(stream))
    except (OSError, ValueError, KeyError) as error:
        raise ExportError(
            f"{path} cannot be read as a simulation: {error}.", "Give a file that `simulate` wrote."
        ) from error


def _cell(value: object) -> str:
    """Numbers as Python writes them, which reads back the same; nothing for None."""
    if value is None:
        return ""
    return value.value if isinstance(value, Event) else str(value)


def _point(row: Mapping[str, str]) -> Point:
    told: dict[str, Any] = {name: int(row[name]) for name in _WHOLE}
    told |= {name: float(row[name]) for name in _NUMBERS}
    width = row["width_error_px"]
    return Point(
        recipe=row["recipe"],
        event=Event(row["event"]),
        weights_id=row["weights_id"],
        reason=row["reason"],
        width_error_px=float(width) if width else None,
        elsewhere={
            name.removeprefix(_ELSEWHERE): float(value)
            for name, value in row.items()
            if name.startswith(_ELSEWHERE) and value
        },
        **told,
    )


@dataclass(frozen=True, slots=True)
class TableRow:
    """One recipe over its seeds.

    Attributes:
        recipe: Name.
        dice_at_photos, dice_at_seconds: Mean and standard deviation over seeds, by photos or simulated
            seconds.
        end: Means at the end of the sessions: Dice, F1, centre-line recall, width error, Dice lost elsewhere,
            seconds, strokes; None where there is no such number.
    """

    recipe: str
    dice_at_photos: Mapping[int, tuple[float, float]]
    dice_at_seconds: Mapping[float, tuple[float, float]]
    end: Mapping[str, float | None]


def summarise(points: Sequence[Point], photos: Iterable[int], seconds: Iterable[float]) -> list[TableRow]:
    """Where each recipe stands after so many photos and simulated seconds, in the order of the points."""
    photos, seconds = list(photos), list(seconds)
    recipes: dict[str, list[list[Point]]] = {}
    for (recipe, _), session in by_session(points).items():
        recipes.setdefault(recipe, []).append(session)
    return [
        TableRow(
            recipe,
            {one: _spread([at_photos(session, one).dice for session in sessions]) for one in photos},
            {one: _spread([at_seconds(session, one).dice for session in sessions]) for one in seconds},
            _end(sessions),
        )
        for recipe, sessions in recipes.items()
    ]


def _end(sessions: Sequence[Sequence[Point]]) -> dict[str, float | None]:
    last = [session[-1] for session in sessions]
    values: dict[str, list[float | None]] = {
        "dice": [point.dice for point in last],
        "tolerance_f1": [point.tolerance_f1 for point in last],
        "centreline_recall": [point.centreline_recall for point in last],
        "width_error_px": [point.width_error_px for point in last],
        "lost_elsewhere": [lost_elsewhere(session, session[-1]) for session in sessions],
        "simulated_s": [point.simulated_s for point in last],
        "strokes": [float(point.strokes) for point in last],
    }
    return {name: _mean(found) for name, found in values.items()}


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.fmean(known) if known else None


def _spread(values: Sequence[float]) -> tuple[float, float]:
    return statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else 0.0
