"""The tree of versions: who comes from whom, laid out in lanes so that a hundred versions stay narrow.

Lessons are blended with the first weights, or where it was asked for with those in use, so a tree may be a
hundred children wide or a hundred generations deep; indented by either it would walk off the screen. As in
the history of a version control system the newest stands on top, the newest child goes on straight above its
parent, and every other child branches off sideways.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from resatt_studio.records.weights import WeightsVersion

NODES = {"active": "●", "candidate": "◌", "refused": "×", "retired": "○"}
"""How the terminal marks each state; the state's word stands beside it."""


@dataclass(frozen=True, slots=True)
class LineageRow:
    """One version and the lines that pass it.

    Attributes:
        version: What stands in this row.
        parent: The version it was made from, or None where that is not known here.
        lane: Column of its mark, 0 for the leftmost.
        above, below: Whether a line goes on in its own lane, to a child above and to its parent below.
        branch: Lane of the line that it branches off sideways, or None.
        through: Lanes of other lines that pass the row.
    """

    version: WeightsVersion
    parent: WeightsVersion | None
    lane: int
    above: bool
    below: bool
    branch: int | None
    through: tuple[int, ...]


def lineage_rows(versions: Sequence[WeightsVersion]) -> tuple[LineageRow, ...]:
    """Lay versions out, the newest first.

    Args:
        versions: Of one network, in any order.
    """
    newest_first = sorted(versions, key=lambda version: -version.number)
    place = {version.weights_id: row for row, version in enumerate(newest_first)}
    parents = [_older(place, row, version) for row, version in enumerate(newest_first)]
    straight: dict[int, int] = {}  # row of a parent to that of its newest child
    for row, parent in enumerate(parents):
        if parent is not None:
            straight.setdefault(parent, row)
    lanes = _lanes(parents, straight)
    spans = _spans(parents, straight)
    rows = []
    for row, version in enumerate(newest_first):
        parent = parents[row]
        goes_on = parent is not None and straight[parent] == row
        rows.append(
            LineageRow(
                version=version,
                parent=None if parent is None else newest_first[parent],
                lane=lanes[row],
                above=row in straight,
                below=goes_on,
                branch=None if parent is None or goes_on else lanes[parent],
                through=tuple(
                    sorted(
                        lanes[bottom]
                        for bottom, line in spans.items()
                        if line[0] < row < bottom and row not in line
                    )
                ),
            )
        )
    return tuple(rows)


def title(version: WeightsVersion) -> str:
    """How a version is called: "v3", "v1 factory"."""
    name = version.name or f"v{version.number}"
    return name if name.startswith("v") else f"v{version.number} {name}"


def ancestry(version: WeightsVersion, versions: Sequence[WeightsVersion]) -> tuple[WeightsVersion, ...]:
    """The version, its parent, and so on to the first one among ``versions``."""
    known = {other.weights_id: other for other in versions}
    line = [version]
    while line[-1].parent in known and known[line[-1].parent] not in line:
        line.append(known[line[-1].parent])
    return tuple(line)


def version_with(weights_id: str | None, versions: Sequence[WeightsVersion]) -> WeightsVersion | None:
    """The version of an id, or None where it is not among ``versions``."""
    return next((version for version in versions if version.weights_id == weights_id), None)


def parent_of(version: WeightsVersion, versions: Sequence[WeightsVersion]) -> WeightsVersion | None:
    """The version it was made from, or None where that is not among ``versions``."""
    return version_with(version.parent, versions)


def gain(version: WeightsVersion) -> float | None:
    """Dice that it gained on its parent where it was judged, in [-1, 1]; of a label network the share of
    judging photos that it names rightly in addition. None when it was not judged."""
    if version.before is not None and version.after is not None:
        return version.after.dice - version.before.dice
    labels = version.labels
    if labels is None or not labels.after.photos:
        return None
    return (labels.after.right - labels.before.right) / labels.after.photos


def gain_words(version: WeightsVersion) -> str:
    """Such as "+0.024", for a label network "+1 of 6"; "" when it was not judged."""
    labels, gained = version.labels, gain(version)
    if gained is None:
        return ""
    if labels is not None:
        return f"{labels.after.right - labels.before.right:+d} of {labels.after.photos}"
    return f"{round(gained, 3) + 0.0:+.3f}"  # adding zero turns a rounded -0.0 into 0.0


def graph_text(row: LineageRow, lanes: int) -> str:
    """The lines of a row for a terminal, two characters a lane."""
    cells = ["  "] * lanes
    for lane in row.through:
        cells[lane] = "│ "
    if row.branch is not None:
        cells[row.branch] = "├─"
        for lane in range(row.branch + 1, row.lane):
            cells[lane] = "┼─" if lane in row.through else "──"
    cells[row.lane] = f"{NODES[row.version.state.value]} "
    return "".join(cells)


def _older(place: dict[str, int], row: int, version: WeightsVersion) -> int | None:
    """Row of the parent; what claims to come from something newer stands on its own."""
    parent = place.get(version.parent)
    return parent if parent is not None and parent > row else None


def _spans(parents: Sequence[int | None], straight: dict[int, int]) -> dict[int, tuple[int, ...]]:
    """Every straight line by its lowest row: its rows from top to bottom."""
    spans = {}
    for row in range(len(parents)):
        parent = parents[row]
        if parent is not None and straight[parent] == row:
            continue
        line = [row]
        while line[0] in straight:
            line.insert(0, straight[line[0]])
        spans[row] = tuple(line)
    return spans


def _lanes(parents: Sequence[int | None], straight: dict[int, int]) -> list[int]:
    """The lane of every row: each line the first that is free along it, right of the one it branches off."""
    lanes = [0] * len(parents)
    taken: list[tuple[int, int, int]] = []
    for bottom, line in sorted(_spans(parents, straight).items(), reverse=True):
        parent = parents[bottom]
        lane = 0 if parent is None else lanes[parent] + 1
        while any(lane == used and line[0] <= low and top <= bottom for used, top, low in taken):
            lane += 1
        taken.append((lane, line[0], bottom))
        for row in line:
            lanes[row] = lane
    return lanes
