"""Tables of a simulation, for the terminal and as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from resatt_studio.imaging.writing import write_whole
from resatt_studio.simulation.compare import OURS, Difference, ahead, by_recipe, changes_elsewhere, sooner
from resatt_studio.simulation.compare import compared_counts as counts_of
from resatt_studio.simulation.points import Point
from resatt_studio.simulation.promotions import LOST, GateRecord, gate_records
from resatt_studio.simulation.report import TableRow, summarise

BUDGETS_S = (120.0, 300.0, 600.0, 1200.0)

_END = {
    "tolerance_f1": "F1 at 2 px",
    "centreline_recall": "centre line found",
    "width_error_px": "width error, px",
    "lost_elsewhere": "Dice lost elsewhere",
    "simulated_s": "seconds",
    "strokes": "strokes",
}


@dataclass(frozen=True, slots=True)
class Table:
    """Cells as people read them.

    Attributes:
        title: One line above.
        columns: Heads.
        rows: As many cells as columns each.
        text_columns: So many columns from the left are words, the others numbers.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    text_columns: int = 1


def all_tables(points: Sequence[Point]) -> list[Table]:
    """Every table that the points have something for.

    Args:
        points: Of whole sessions, at least one.
    """
    counts = counts_of(points)
    tables = [_dice(points, counts), _end(points, counts), *_ahead(points, counts), *_elsewhere(points)]
    records = gate_records(points)
    return [*tables, *_sooner(points), *_gates(records), *_promotions(records), *_refusals(records)]


def write_markdown(path: Path, title: str, tables: Iterable[Table]) -> None:
    """Write tables as one Markdown file.

    Raises:
        ExportError: The file cannot be written.
    """
    lines = [f"# {title}", ""]
    for table in tables:
        lines += [f"## {table.title}", "", _line(table.columns)]
        lines.append(
            _line(["---" if place < table.text_columns else "---:" for place in range(len(table.columns))])
        )
        lines += [*(_line(row) for row in table.rows), ""]
    write_whole(path, "\n".join(lines).encode())


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _dice(points: Sequence[Point], counts: Sequence[int]) -> Table:
    longest = max(point.simulated_s for point in points)
    counts, budgets = [0, *counts], [one for one in BUDGETS_S if one <= longest]

    def cells(row: TableRow) -> list[str]:
        spreads = [*row.dice_at_photos.values(), *row.dice_at_seconds.values()]
        return [row.recipe, *(f"{mean:.3f} ±{deviation:.3f}" for mean, deviation in spreads)]

    return Table(
        "Dice on unseen photos: mean and standard deviation over inspectors",
        ["Dice after", *(_photos(one) for one in counts), *(f"{one:.0f} s" for one in budgets)],
        [cells(row) for row in summarise(points, counts, budgets)],
    )


def _end(points: Sequence[Point], counts: Sequence[int]) -> Table:
    rows = summarise(points, counts, [])
    return Table(
        "Means over inspectors at the end",
        ["at the end", *_END.values()],
        [[row.recipe, *(_number(row.end[name]) for name in _END)] for row in rows],
    )


def _ahead(points: Sequence[Point], counts: Sequence[int]) -> Iterator[Table]:
    recipes = by_recipe(points)
    if OURS not in recipes or len(recipes) == 1:
        return
    ours = recipes[OURS]
    rows = [
        [name, *(_interval(ahead(ours, sessions, one)) for one in counts)]
        for name, sessions in recipes.items()
        if name != OURS
    ]
    yield Table(
        f"Dice of {OURS} less Dice of the other, paired by inspector: mean and its 95 % interval",
        [f"{OURS} ahead of", *(_photos(one) for one in counts)],
        rows,
    )


def _elsewhere(points: Sequence[Point]) -> Iterator[Table]:
    changes = {name: changes_elsewhere(sessions) for name, sessions in by_recipe(points).items()}
    names = list(dict.fromkeys(name for change in changes.values() for name in change))
    if names:
        rows = [
            [recipe, *(f"{_signed(change[name].mean)} / {_signed(change[name].worst)}" for name in names)]
            for recipe, change in changes.items()
            if change
        ]
        yield Table("Change of Dice on other sets: mean at the end / worst ever", ["recipe", *names], rows)


def _sooner(points: Sequence[Point]) -> Iterator[Table]:
    found = sooner(points)
    if found is not None:
        reached = "never" if found.ours_s is None else f"{found.ours_s:.0f}"
        ratio = "-" if found.ratio is None else f"{found.ratio:.2f}"
        yield Table(
            "Simulated seconds to the mean Dice that the best baseline ends with",
            ["best baseline", "Dice at its end", "its seconds", f"seconds of {OURS}", "ratio"],
            [[found.baseline, f"{found.dice:.3f}", f"{found.baseline_s:.0f}", reached, ratio]],
        )


def _gates(records: Sequence[GateRecord]) -> Iterator[Table]:
    if records:
        yield Table(
            "What the gates did, by Dice on unseen photos",
            ["recipe", "promotions", "worst change", f"lost more than {LOST}", "refusals", "without reason"],
            [
                [
                    one.recipe,
                    str(len(one.promotions)),
                    _signed(one.worst),
                    str(one.lost),
                    str(sum(count for _, count in one.refusals) + one.without_reason),
                    str(one.without_reason),
                ]
                for one in records
            ],
        )


def _promotions(records: Sequence[GateRecord]) -> Iterator[Table]:
    found = [one for record in records for one in record.promotions]
    if found:
        yield Table(
            "Promotions: Dice on unseen photos of the version that was replaced and of the new one",
            ["recipe", "seed", "photos", "replaced", "new", "before", "after", "change"],
            [
                [
                    one.recipe,
                    str(one.seed),
                    str(one.photos),
                    one.replaced_id[:8],
                    one.weights_id[:8],
                    f"{one.before:.3f}",
                    f"{one.after:.3f}",
                    _signed(one.change),
                ]
                for one in found
            ],
        )


def _refusals(records: Sequence[GateRecord]) -> Iterator[Table]:
    rows = [[record.recipe, words, str(count)] for record in records for words, count in record.refusals]
    if rows:
        yield Table("Refusals by their sentence", ["recipe", "reason", "times"], rows, text_columns=2)


def _photos(count: int) -> str:
    return f"{count} photo" if count == 1 else f"{count} photos"


def _interval(found: Difference | None) -> str:
    if found is None:
        return "-"
    if found.low is None or found.high is None:
        return _signed(found.mean)
    return f"{_signed(found.mean)} ({_signed(found.low)} to {_signed(found.high)})"


def _signed(value: float | None) -> str:
    return "-" if value is None else f"{value:+.3f}"


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if abs(value) >= 10 else f"{value:.3f}"
