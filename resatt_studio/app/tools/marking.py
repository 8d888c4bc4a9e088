"""What tools share in reading the photo's mask and in drawing what they are about to say."""

from __future__ import annotations

import math

from resatt_studio.annotation.composed import overruled
from resatt_studio.annotation.document import CorrectionDocument
from resatt_studio.annotation.regions import LARGEST_SIDE_PX, Region, nearest_in, region_at
from resatt_studio.app.tools.base import Pointer, ToolHost
from resatt_studio.app.tools.overlay import Tone
from resatt_studio.records.arrays import BoolArray
from resatt_studio.records.correction import Label
from resatt_studio.records.geometry import Box
from resatt_studio.words import mark, tr

_TONES = {Label.CRACK: Tone.CRACK, Label.NOT_CRACK: Tone.NOT_CRACK, Label.UNSAID: Tone.UNSAID}

LARGEST_AREA_PX = 50_000_000
"""Around an area that is said to be something: its mask and the undo step take a few bytes a pixel."""

LOOKED_AT_PX = LARGEST_SIDE_PX**2
"""Around an area whose cracks are measured or changed in shape, which takes more for each pixel."""

UNPREDICTED = mark("Nothing is predicted here yet; {predict} asks the network.")
"""Said where a tool goes by a prediction and there is none."""

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
    reach_px: float = PICK_PX,
    largest_side_px: int = LARGEST_SIDE_PX,
) -> Region | None:
    """The crack that is seen under the pointer, or nearest to it.

    Args:
        host: The canvas.
        document: Of the photo.
        at: May lie outside the photo.
        reach_px: How far beside the crack it may be, in logical pixels.
        largest_side_px: Of the window in which the crack is followed.

    Returns:
        The crack as far as it hangs together; None when there is none.
    """
    photo = document.labels.box
    row, column = math.floor(at.row), math.floor(at.column)
    reach = math.ceil(reach_px * host.ratio / host.scale)
    around = Box(row - reach, column - reach, row + reach + 1, column + reach + 1).intersection(photo)
    if around.empty:
        return None
    seen = seen_crack(host, document, around)
    place = nearest_in(seen, row - around.top, column - around.left, reach)
    if place is None:
        return None
    return region_at(
        lambda box: seen_crack(host, document, box),
        place[0] + around.top,
        place[1] + around.left,
        photo,
        largest_side_px=largest_side_px,
    )


def unpredicted_at(host: ToolHost, at: Pointer) -> bool:
    """Whether no network was asked yet about the photo's pixel under the pointer."""
    row, column = math.floor(at.row), math.floor(at.column)
    here, document = Box(row, column, row + 1, column + 1), host.document
    inside = document is not None and here.intersection(document.labels.box) == here
    return inside and not host.knows_probability(here)


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
