"""Where a project's surface ends, and which of its photos nobody corrected yet lie on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from resatt_studio.errors import PhotoError
from resatt_studio.imaging.files import SKETCHED_FROM_PX
from resatt_studio.imaging.surface import describe_parts
from resatt_studio.imaging.tiled_tiff import open_tiled
from resatt_studio.records.arrays import Float32Array, UInt8Array
from resatt_studio.records.geometry import Box
from resatt_studio.records.photo import ReviewState
from resatt_studio.records.sample import AnySample
from resatt_studio.records.surface import HomeSurface, KnownSurfaces, Surroundings, known_in
from resatt_studio.records.weights import WeightsFile
from resatt_studio.workflow.jobs import Job, progress
from resatt_studio.workflow.load import open_photo, photo_file

if TYPE_CHECKING:
    from resatt_studio.workflow.project import Project

NEIGHBOURS = 8
NEIGHBOUR_PX = 512


def look_around(project: Project, base: WeightsFile, samples: Sequence[AnySample]) -> Job[Surroundings]:
    """The surface of the corrected photos, found with the help of those that look like them, and photos of it
    that nobody corrected; of these, any that cannot be read are left out.

    Returns:
        Nothing in it when ``base`` does not say which surfaces it knows: what is learned holds everywhere.
    """
    from resatt_studio.learning.surfaces import find_home

    known = known_in(base.metadata)
    if known is None or not samples:
        return Surroundings()
    described = project.store.surfaces()
    corrected = []
    for sample in samples:
        own = described.pop(sample.photo_id, None)
        corrected.append(
            describe_parts(sample.height, sample.width, sample.pixels_in) if own is None else own
        )
    home = find_home(known, corrected, list(described.values()))
    broken = {entry.photo_id for entry in project.store.photos() if entry.state is ReviewState.BROKEN}
    parts = []
    for photo_id in choose_neighbours(
        home, known, {key: row for key, row in described.items() if key not in broken}
    ):
        yield progress(0, 0, "steps", "reading photos of the same surface")
        try:
            parts.append(_middle_of(project, photo_id))
        except PhotoError:
            continue
    return Surroundings(home, tuple(parts))


def choose_neighbours(
    home: HomeSurface, known: KnownSurfaces, described: Mapping[str, Float32Array]
) -> list[str]:
    """Up to eight photos at home, spread evenly over those that are.

    Args:
        home, known: As of the weights that will learn.
        described: Descriptors by photo.
    """
    at_home = [key for key, row in described.items() if bool(home.holds(row[None], known)[0])]
    return at_home[:: max(1, len(at_home) // NEIGHBOURS)][:NEIGHBOURS]


def _middle_of(project: Project, photo_id: str) -> UInt8Array:
    """The middle of a photo, as :func:`middle`; of a huge one nothing else is read."""
    huge = open_tiled(photo_file(project, photo_id), SKETCHED_FROM_PX)
    if huge is None:
        return middle(open_photo(project, photo_id).pixels)
    try:
        return huge.read(0, _middle_box(huge.height, huge.width))
    finally:
        huge.close()


def middle(pixels: UInt8Array) -> UInt8Array:
    """The middle of a photo, at most 512 px high and wide; a copy."""
    return pixels[_middle_box(*pixels.shape[:2]).slices].copy()


def _middle_box(height: int, width: int) -> Box:
    top, left = (max(0, (side - NEIGHBOUR_PX) // 2) for side in (height, width))
    return Box(top, left, top + NEIGHBOUR_PX, left + NEIGHBOUR_PX).clipped(height, width)
