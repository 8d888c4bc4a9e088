"""What tools share in reading the photo's mask and in drawing what they are about to say."""

from __future__ import annotations

import math

import numpy as np

from resatt_studio.annotation.composed import overruled
from resatt_studio.annotation.document import CorrectionDocument
from resatt_studio.annotation.regions import LARGEST_SIDE_PX, Region, nearest_in, region_at
from resatt_studio.app.tools.base import Pointer, ToolHost, photo_px
from resatt_studio.app.tools.overlay import Tone
from resatt_studio.records.arrays import BoolArray
from resatt_studio.records.correction import Edit, Label
from resatt_studio.records.geometry import Box
from resatt_studio.words import mark, tr

_TONES = {Label.CRACK: Tone.CRACK, Label.NOT_CRACK: Tone.NOT_CRACK, Label.UNSAID: Tone.UNSAID}

LARGEST_AREA_PX = 50_000_000
"""Around an area that is said to be something: its mask and the undo step take a few bytes a pixel."""

LOOKED_AT_PX = LARGEST_SIDE_PX**2
"""Around an area whose cracks are measured or changed in shape, which takes more for each pixel."""

UNPREDICTED = mark("Nothing is predicted here yet; {predict} asks the network.")
"""Said where a tool goes by a prediction and there is none."""

PARTLY_PREDICTED = mark("Not all of this is predicted yet: wait for it, or draw around a part that is.")
"""Said where a tool has to know all of a prediction and there is a part of it."""

PICK_PX = 6.0
"""How far beside a crack a click still means it, in logical pixels."""


def label_tone(label: Label) -> Tone:
    """How a label is drawn."""
    return _TONES[label]


def seen_crack(host: ToolHost, document: CorrectionDocument, box: Box) -> BoolArray:
    """What the inspector sees as crack in a box inside the photo: the mask overruled by the correction.

    Returns:
        h x w bool.
    """
    return overruled(host.read_probability(box), document.labels.read(box), host.threshold)


def crack_at(
    host: ToolHost,
    document: CorrectionDocument,
    at: Pointer,
    largest_side_px: int = LARGEST_SIDE_PX,
) -> Region | None:
    """The crack that is seen under the pointer, or nearest to it.

    Args:
        host: The canvas.
        document: Of the photo.
        at: May lie outside the photo.
        largest_side_px: Of the window in which the crack is followed.

    Returns:
        The crack as far as it hangs together; None when there is none.
    """
    place = crack_pixel_at(host, document, at)
    return None if place is None else crack_of(host, document, place, largest_side_px)


def crack_pixel_at(host: ToolHost, document: CorrectionDocument, at: Pointer) -> tuple[int, int] | None:
    """(row, column) of the pixel seen as crack under the pointer or nearest to it, up to ``PICK_PX`` away;
    None when there is none."""
    here, reach = Box.pixel(at.row, at.column), math.ceil(photo_px(host, PICK_PX))
    around = here.expanded(reach).intersection(document.labels.box)
    if around.empty:
        return None
    seen = seen_crack(host, document, around)
    place = nearest_in(seen, here.top - around.top, here.left - around.left, reach)
    return None if place is None else (place[0] + around.top, place[1] + around.left)


def crack_of(
    host: ToolHost, document: CorrectionDocument, place: tuple[int, int], largest_side_px: int
) -> Region | None:
    """The crack that hangs together with a pixel (row, column), as it is seen, in a window of that size."""
    return region_at(
        lambda box: seen_crack(host, document, box),
        *place,
        document.labels.box,
        largest_side_px=largest_side_px,
    )


def unknown_crack(host: ToolHost, document: CorrectionDocument, box: Box) -> BoolArray:
    """Where nobody can say yet whether the inspector will see crack: nothing is predicted, and nothing said.

    Returns:
        h x w bool of a box inside the photo.
    """
    return np.asarray(host.unpredicted(box) & (document.labels.read(box) == Label.UNSAID))


def tell_no_crack(host: ToolHost, at: Pointer) -> None:
    """Say why a click found no predicted crack."""
    here, document = Box.pixel(at.row, at.column), host.document
    inside = document is not None and document.labels.box.holds(here)
    unasked = inside and not host.knows_probability(here)
    host.tell(tr(UNPREDICTED) if unasked else tr("No predicted crack is seen here."))


def judged(
    host: ToolHost, tool: str, document: CorrectionDocument, verdict: Label, box: Box, crack: BoolArray
) -> Edit | None:
    """Give predicted crack a label wherever nothing was said, or say that there is nothing left to judge.

    Args:
        host: The canvas.
        tool: Name, for the edit.
        document: Of the photo.
        verdict: The label.
        box: In photo pixels.
        crack: h x w bool of the box.
    """
    unsaid = document.labels.read(box) == Label.UNSAID
    edit = document.say(tool, verdict, box, crack & unsaid)
    if edit is None:
        host.tell(tr("Nothing is predicted here that you did not judge already."))
    return edit


def too_large(host: ToolHost, box: Box, most_px: int = LARGEST_AREA_PX) -> bool:
    """Whether a box is more than can be worked on while somebody waits; then it is said so.

    Args:
        host: The canvas.
        box: Around what was drawn, or what is seen.
        most_px: Pixels that it may have.
    """
    large = box.height * box.width > most_px
    if large:
        host.tell(
            tr("Zoom in, or draw a smaller area: at most {most:.0f} megapixels at a time.").format(
                most=most_px / 1e6
            )
        )
    return large
