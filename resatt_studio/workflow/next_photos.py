"""Which photo to correct next, and why: ranks a project's photos by what correcting them would bring."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from resatt_studio.errors import StoreError
from resatt_studio.imaging.doubt import count_values, expected_doubt
from resatt_studio.learning.next_photos import rank_photos
from resatt_studio.records.doubt import Rank
from resatt_studio.records.photo import PhotoEntry, ReviewState
from resatt_studio.workflow.jobs import Job, progress

if TYPE_CHECKING:
    from resatt_studio.workflow.project import Project

WAITING = (ReviewState.PREDICTED, ReviewState.CORRECTING)
"""Photos that can be ranked: predicted, and not yet approved or skipped."""

_MUCH, _LITTLE = 0.7, 0.3


def rank_project(project: Project, entries: Iterable[PhotoEntry] | None = None) -> tuple[Rank, ...]:
    """Rank the photos that wait for correction, by their newest prediction and the project's threshold.

    Reads numbers from the database alone, no photo and no probability map; a prediction whose values were
    never counted (:func:`count_predictions`) has no rank.

    Args:
        project: With its photos.
        entries: They, where they were read just now.
    """
    states = {
        entry.photo_id: entry.state for entry in (project.store.photos() if entries is None else entries)
    }
    threshold = project.settings.threshold
    doubts = {
        photo_id: expected_doubt(counts, threshold)
        for photo_id, counts in project.store.value_counts().items()
        if states.get(photo_id) in WAITING
    }
    approved = [photo_id for photo_id, state in states.items() if state is ReviewState.APPROVED]
    return rank_photos(doubts, project.store.surfaces(), approved)


def count_predictions(project: Project) -> Job[int]:
    """Count the values of predictions that an older version of the app kept; a damaged one is left out.

    Returns:
        How many were counted.
    """
    missing = project.store.uncounted()
    counted = 0
    for done, key in enumerate(missing):
        yield progress(done, len(missing), "photos")
        try:
            prediction = project.store.prediction(*key)
        except StoreError:
            continue  # told when the photo itself is opened
        if prediction is not None:
            project.store.note_counts(*key, count_values(prediction.probability_8bit))
            counted += 1
    return counted


def reason(rank: Rank, names: Mapping[str, str]) -> str:
    """Why a photo has its place, in words; see :func:`reasons`."""
    return ", ".join(reasons(rank, names))


def reasons(rank: Rank, names: Mapping[str, str]) -> list[str]:
    """Why a photo has its place, the weightiest first.

    Args:
        rank: Of the photo.
        names: File names by photo.
    """
    words = [f"{round(100 * rank.doubt)} % of its mask is in doubt"]
    if rank.crowd >= 0.5:
        words.append("looks like many others")
    elif rank.crowd < _LITTLE:
        words.append("few others look like it")
    other = names.get(rank.nearest_id, "")
    if other and rank.nearest >= _MUCH:
        words.append(f"but much like {other}, which {'comes before it' if rank.before else 'is approved'}")
    elif other and rank.nearest < _LITTLE:
        words.append("unlike any photo that comes before it" if rank.before else "unlike what is approved")
    return words
