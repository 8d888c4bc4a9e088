"""What the crack network is shown: the photo, or the photo without its haze.

Without a known depth, haze is a change of contrast, and what is clear is what the network learned to expect:
it may strengthen a thin crack or invent texture. So dehazing is a choice, and whatever is measured says which
of the two photos it was measured on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from resatt_studio.errors import SettingsError
from resatt_studio.imaging.dehazing import HAZY_FROM, haze_estimate
from resatt_studio.records.dehazing import Dehazing
from resatt_studio.records.jobs import JobProgress
from resatt_studio.records.photo import Photo
from resatt_studio.workflow.dehaze import dehaze_photo
from resatt_studio.workflow.jobs import Job

if TYPE_CHECKING:
    from resatt_studio.inference.dehazer import Dehazer


class PhotoInput(StrEnum):
    """What the crack network is shown: the photo, the dehazed photo, or whichever its haze asks for."""

    RAW = "raw"
    DEHAZED = "dehazed"
    AUTO = "auto"


def photo_input(name: str) -> PhotoInput:
    """Return the input of that name.

    Raises:
        SettingsError: There is none.
    """
    if name not in tuple(PhotoInput):
        raise SettingsError(f"input {name!r} has no meaning.", f"Choose one of {', '.join(PhotoInput)}.")
    return PhotoInput(name)


@dataclass(frozen=True, slots=True)
class Clearing:
    """Who clears photos, asked only where a photo is to be cleared.

    Attributes:
        weights_id: Gives the content hash of the dehazing network's weights.
        dehaze: Makes the job that takes the haze out of a photo with these weights.
    """

    weights_id: Callable[[], str]
    dehaze: Callable[[Photo], Job[Dehazing]]


def asks_for_clearing(photo: Photo, wanted: PhotoInput) -> bool:
    """Whether the crack network shall be shown the photo without its haze; "auto" says so for a haze estimate
    from :data:`~resatt_studio.imaging.dehazing.HAZY_FROM`."""
    if wanted is PhotoInput.AUTO:
        return haze_estimate(photo.pixels) >= HAZY_FROM
    return wanted is PhotoInput.DEHAZED


def clear_photo(dehazing: Dehazing) -> Photo:
    """The dehazed photo as a photo of its own, for the crack network.

    Its id comes from the photo's and the weights', so a prediction of it never passes for one of the photo.
    """
    name = f"{dehazing.photo_id} without haze by {dehazing.weights_id}"
    return Photo(hashlib.sha256(name.encode()).hexdigest(), dehazing.pixels)


@dataclass(frozen=True, eq=False, slots=True)
class ChosenInput:
    """What the crack network is shown of one photo.

    Attributes:
        photo: The photo, or the dehazed one.
        kind: RAW or DEHAZED: what ``photo`` is.
        haze: Estimate of the photo's haze, in [0, 1].
        seconds: Of the dehazing network.
    """

    photo: Photo
    kind: PhotoInput
    haze: float
    seconds: float = 0.0


def choose_input(
    photo: Photo, wanted: PhotoInput, dehazer: Dehazer | None, report: JobProgress | None = None
) -> Job[ChosenInput]:
    """Clear the photo where that is wanted; "auto" does so for a haze estimate from
    :data:`~resatt_studio.imaging.dehazing.HAZY_FROM`.

    Args:
        photo: Of any size.
        wanted: What is asked for.
        dehazer: With weights in use; None for a photo that is shown as it is.
        report: As for :func:`dehaze_photo`.

    Raises:
        OutOfMemory: Even one tile on the CPU does not fit.
    """
    haze = haze_estimate(photo.pixels)
    clear_it = wanted is PhotoInput.DEHAZED or (wanted is PhotoInput.AUTO and haze >= HAZY_FROM)
    if dehazer is None or not clear_it:
        return ChosenInput(photo, PhotoInput.RAW, haze)
    dehazing = yield from dehaze_photo(dehazer, photo, report)
    return ChosenInput(clear_photo(dehazing), PhotoInput.DEHAZED, haze, dehazing.seconds)
