"""Where a project's surface ends, and which of its photos nobody corrected yet lie on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from resatt_studio.errors import PhotoError
from resatt_studio.imaging.surface import describe_surface
from resatt_studio.records.arrays import Float32Array, UInt8Array
from resatt_studio.records.photo import ReviewState
from resatt_studio.records.sample import Sample
from resatt_studio.records.surface import HomeSurface, KnownSurfaces, known_in
from resatt_studio.records.weights import WeightsFile
from resatt_studio.workflow.jobs import Job, progress
from resatt_studio.workflow.load import open_photo

if TYPE_CHECKING:
    from resatt_studio.workflow.project import Project

NEIGHBOURS = 8
NEIGHBOUR_PX = 512


def project_home(project: Project, base: WeightsFile, samples: Sequence[Sample]) -> HomeSurface | None:
    """The surface of the corrected photos, with the help of those that look like them.

    Returns:
        None when ``base`` does not say which surfaces it knows: what is learned then holds everywhere.
    """
    from resatt_studio.learning.surfaces import find_home

    known = known_in(base.metadata)
    if known is None or not samples:
        return None
    corrected = {sample.photo_id: describe_surface(sample.pixels) for sample in samples}
    others = [row for photo_id, row in project.store.surfaces().items() if photo_id not in corrected]
    return find_home(known, list(corrected.values()), others)


def neighbours(
    project: Project, base: WeightsFile, home: HomeSurface | None, samples: Sequence[Sample]
) -> Job[list[UInt8Array]]:
    """Middle parts of photos of the project that are at home and that nobody corrected, up to 512 x 512 x 3
    uint8 RGB each. Photos that cannot be read are left out."""
    known = known_in(base.metadata)
    if home is None or known is None:
        return []
    left_out = {sample.photo_id for sample in samples}
    left_out |= {entry.photo_id for entry in project.store.photos() if entry.state is ReviewState.BROKEN}
    described = {key: row for key, row in project.store.surfaces().items() if key not in left_out}
    parts = []
    for photo_id in choose_neighbours(home, known, described):
        yield progress(0, 0, "steps", "reading photos of the same surface")
        try:
            parts.append(middle(open_photo(project, photo_id).pixels))
        except PhotoError:
            continue
    return parts


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


def middle(pixels: UInt8Array) -> UInt8Array:
    """The middle of a photo, at most 512 px high and wide; a copy."""
    top, left = (max(0, (side - NEIGHBOUR_PX) // 2) for side in pixels.shape[:2])
    return pixels[top : top + NEIGHBOUR_PX, left : left + NEIGHBOUR_PX].copy()
