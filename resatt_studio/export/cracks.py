"""Every crack of a photo's mask: its outline as GeoJSON, its measures as a table; in bands as at once."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from resatt_studio.export.huge import Writing, in_parts, mask_in, to_end
from resatt_studio.export.items import Exported, ExportItem, HugeItem
from resatt_studio.export.masks import not_as_written, written_bytes
from resatt_studio.imaging.crack_measures import measure_crack
from resatt_studio.imaging.cracks import Crack, crack_mask, find_cracks, outline
from resatt_studio.imaging.writing import PartFile
from resatt_studio.records.arrays import BoolArray
from resatt_studio.records.geometry import Box

Lines: TypeAlias = Iterator[str]
COLUMNS = (
    *("number", "top_px", "left_px", "bottom_px", "right_px", "area_px", "length_px", "mean_width_px"),
    *("area_mm2", "length_mm", "mean_width_mm"),
)


def write_polygons(item: HugeItem, out: Path) -> Writing:
    """Write ``<stem>.cracks.geojson``: an outline of each crack, along the edges of its pixels.

    It is a polygon, or a multi-polygon where parts of the crack touch at corners alone
    (``imaging.cracks.outline``), of rings as RFC 7946 wants them: the one around a part first and
    counter-clockwise, then those around holes. Coordinates are (x, y) in pixels of the whole upright photo,
    from its upper left corner, y downwards. Of a crack that spreads over more than
    ``cracks.LARGEST_BOX_PX`` there is no outline: its geometry is null, and what is measured stays.

    Raises:
        ExportError: Nothing to write, or it cannot be written.
    """
    return (yield from _written(item, out / f"{item.file_stem}.cracks.geojson", _geojson))


def write_measures(item: HugeItem, out: Path) -> Writing:
    """Write ``<stem>.cracks.csv``: a line for each crack, of the columns :data:`COLUMNS`.

    Length and mean width are those of ``imaging.crack_measures.measure_crack``, the area that of the pixels.
    Millimetres are empty where the photo has no scale; length and width are where a crack spreads over more
    than ``cracks.LARGEST_BOX_PX``.

    Raises:
        ExportError: Nothing to write, or it cannot be written.
    """
    return (yield from _written(item, out / f"{item.file_stem}.cracks.csv", _table))


def write_whole_polygons(item: ExportItem, out: Path) -> list[Path]:
    """As :func:`write_polygons`, of a photo that is held whole.

    Raises:
        ExportError: Nothing to write, or it cannot be written.
    """
    return list(to_end(write_polygons(in_parts(item), out)).paths)


def write_whole_measures(item: ExportItem, out: Path) -> list[Path]:
    """As :func:`write_measures`, of a photo that is held whole.

    Raises:
        ExportError: Nothing to write, or it cannot be written.
    """
    return list(to_end(write_measures(in_parts(item), out)).paths)


def count_features(item: ExportItem, paths: Sequence[Path]) -> str:
    """Read polygons again and say how many there are.

    Raises:
        ExportError: They are not those that were meant.
    """
    try:
        return _words(len(json.loads(written_bytes(paths[0]))["features"]))
    except (ValueError, LookupError) as error:
        raise not_as_written(paths[0]) from error


def count_lines(item: ExportItem, paths: Sequence[Path]) -> str:
    """Read measures again and say of how many cracks they are.

    Raises:
        ExportError: They are not those that were meant.
    """
    lines = written_bytes(paths[0]).decode("utf-8", "replace").splitlines()
    if not lines or lines[0] != ",".join(COLUMNS):
        raise not_as_written(paths[0])
    return _words(len(lines) - 1)


def _written(
    item: HugeItem, path: Path, lines: Callable[[HugeItem, list[Crack], Callable[[Box], BoolArray]], Lines]
) -> Writing:
    """Find the cracks, write their lines, and compare the file with what was written."""

    def read(box: Box) -> BoolArray:
        return mask_in(item, box)

    height = item.facts.height
    steps = find_cracks(height, item.facts.width, read)
    try:
        while True:
            yield next(steps), 2 * height
    except StopIteration as end:
        cracks: list[Crack] = end.value
    finally:
        steps.close()
    digest = hashlib.sha256()
    with PartFile(path) as file:
        for number, line in enumerate(lines(item, cracks, read)):
            data = line.encode("utf-8")
            digest.update(data)
            file.write(data)
            yield height + height * number // (len(cracks) + 2), 2 * height
    if _hash(path) != digest.hexdigest():
        raise not_as_written(path)
    yield 2 * height, 2 * height
    return Exported((path,), f"validated: {_words(len(cracks))}")


def _geojson(item: HugeItem, cracks: list[Crack], read: Callable[[Box], BoolArray]) -> Lines:
    yield '{"type": "FeatureCollection", "features": ['
    for number, crack in enumerate(cracks, 1):
        own = crack_mask(crack, read) if crack.small_enough else None
        top, left = crack.box.top, crack.box.left
        shape: dict[str, Any] | None = None
        if own is not None:
            polygons = [
                [[[column + left, row + top] for row, column in ring] for ring in polygon]
                for polygon in outline(own)
            ]
            if len(polygons) == 1:
                shape = {"type": "Polygon", "coordinates": polygons[0]}
            else:
                shape = {"type": "MultiPolygon", "coordinates": polygons}
        measures = dict(zip(COLUMNS, _measures(item, number, crack, own), strict=True))
        feature: dict[str, Any] = {"type": "Feature", "properties": measures, "geometry": shape}
        yield ("\n" if number == 1 else ",\n") + json.dumps(feature)
    yield "\n]}\n"


def _table(item: HugeItem, cracks: list[Crack], read: Callable[[Box], BoolArray]) -> Lines:
    yield ",".join(COLUMNS) + "\n"
    for number, crack in enumerate(cracks, 1):
        own = crack_mask(crack, read) if crack.small_enough else None
        yield ",".join(map(_cell, _measures(item, number, crack, own))) + "\n"


def _measures(item: HugeItem, number: int, crack: Crack, own: BoolArray | None) -> list[float | None]:
    """The values of :data:`COLUMNS`."""
    long, wide = None, None
    if own is not None:
        found = measure_crack(own)
        long, wide = round(found.length_px, 2), round(found.mean_width_px, 2)
    box, scale = crack.box, item.mm_per_px
    return [
        *(number, box.top, box.left, box.bottom, box.right, crack.area_px, long, wide),
        None if scale is None else _rounded(crack.area_px * scale**2),
        *(None if scale is None or one is None else _rounded(one * scale) for one in (long, wide)),
    ]


def _rounded(value: float) -> float:
    """To the thousandth, and to at least six digits: up close a thousandth of a millimetre is much."""
    return round(value, max(3, 6 - math.ceil(math.log10(value)))) if value > 0 else value


def _cell(value: float | None) -> str:
    """All digits of a number, however large: a table is for further reckoning."""
    return "" if value is None else np.format_float_positional(value, trim="-")


def _hash(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise not_as_written(path) from error


def _words(count: int) -> str:
    return f"{count} crack" if count == 1 else f"{count} cracks"
