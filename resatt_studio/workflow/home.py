"""Where a project's surface ends, and which of its photos nobody corrected yet lie on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from resatt_studio.errors import PhotoError
from resatt_studio.imaging.surface import describe_surface
from resatt_studio.records.arrays import UInt8Array
from resatt_studio.records.photo import ReviewState
from resatt_studio.records.sample import Sample
from resatt_studio.records.surface import HomeSurface, known_in
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
    """Middle parts of up to eight photos of the project that are at home and that nobody corrected, spread
    over the list; up to 512 x 512 x 3 uint8 RGB each. Photos that cannot be read are left out."""
    known = known_in(base.metadata)
    if home is None or known is None:
        return []
    corrected = {sample.photo_id for sample in samples}
    broken = {entry.photo_id for entry in project.store.photos() if entry.state is ReviewState.BROKEN}
    at_home = [
        photo_id
        for photo_id, descriptor in project.store.surfaces().items()
        if photo_id not in corrected | broken and bool(home.holds(descriptor[None], known)[0])
    ]
    parts = []
    for photo_id in at_home[:: max(1, len(at_home) // NEIGHBOURS)][:NEIGHBOURS]:
        yield progress(0, 0, "steps", "reading photos of the same surface")
        try:
            pixels = open_photo(project, photo_id).pixels
        except PhotoError:
            continue
        top, left = (max(0, (side - NEIGHBOUR_PX) // 2) for side in pixels.shape[:2])
        parts.append(pixels[top : top + NEIGHBOUR_PX, left : left + NEIGHBOUR_PX].copy())
    return parts
