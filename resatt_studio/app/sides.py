"""What the two sides of the canvas show when they are compared: the list to choose from, and the choice."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from resatt_studio.app.canvas.layers import Layer
from resatt_studio.app.other_networks import LABEL_MODELS, TITLES
from resatt_studio.records.weights import WeightsVersion
from resatt_studio.words import mark, tr
from resatt_studio.workflow.lineage import title

AS_LAYERS = "layers"
_VERSION = "version:"
_HEAT = "heat:"


@dataclass(frozen=True, slots=True)
class SideLook:
    """One line of the list.

    Attributes:
        id: Kept in the user's state; that of a version has its weights id.
        title: For people, in English; see :attr:`words`.
        layers: Names of the layers that are seen over the photo; None for those of the Layers panel.
        labels: Whether what was painted is seen.
        waits: What to do while there is nothing of it to see, for ``tr`` and ``Keymap.words``.
        name: Whose, where the title has a place for it.
    """

    id: str
    title: str
    layers: tuple[str, ...] | None = ()
    labels: bool = False
    waits: str = ""
    name: str = ""

    @property
    def english(self) -> str:
        """The title with the name in it, for what outlives the language in force."""
        return self.title.format(name=self.name)

    @property
    def words(self) -> str:
        """The title in the language in force."""
        return tr(self.title).format(name=self.name)

    @property
    def weights_id(self) -> str:
        """Of the version whose mask is seen; "" for other lines."""
        return self.id.removeprefix(_VERSION) if self.id.startswith(_VERSION) else ""

    @property
    def heat_model(self) -> str:
        """Registry name of the network whose attention is seen; "" for other lines."""
        return self.id.removeprefix(_HEAT) if self.id.startswith(_HEAT) else ""

    @property
    def has_own_mask(self) -> bool:
        """Whether the mask that is seen is not that of the weights in use."""
        return bool(self.weights_id) or self.id == "approved"

    @property
    def needs_prediction(self) -> bool:
        """Whether the prediction of the weights in use is what is seen."""
        return self.id in ("mask", "outline", "probability", "uncertainty")

    def seen(self, layer: Layer, paints: bool = False) -> Layer:
        """A layer as it is on this side.

        Args:
            layer: As in the Layers panel.
            paints: Whether people paint on this side, who have to see what they do.
        """
        if self.layers is None:
            return layer
        shown = layer.name == "photo" or layer.name in self.layers
        if paints and layer.name == "correction":
            shown = shown or layer.visible
        return layer if shown == layer.visible else replace(layer, visible=shown)

    def asks(self, layer: Layer, paints: bool = False) -> bool:
        """Whether what that layer always shows is seen on this side; an attention map of its own is not."""
        return self.seen(layer, paints).visible and not self.heat_model


_NO_PREDICTION = mark("No prediction yet. It comes by itself when the photo is open; {predict} asks now.")

_FIXED: tuple[SideLook, ...] = (
    SideLook(AS_LAYERS, mark("As in Layers"), None, True),
    SideLook("photo", mark("Photo")),
    SideLook("dehazed", mark("Dehazed photo"), ("dehazed",)),
    SideLook("mask", mark("Model mask"), ("mask",), waits=_NO_PREDICTION),
    SideLook("outline", mark("Model mask, outline"), ("outline",), waits=_NO_PREDICTION),
    SideLook("probability", mark("Probability"), ("probability",), waits=_NO_PREDICTION),
    SideLook("uncertainty", mark("Uncertainty"), ("uncertainty",), waits=_NO_PREDICTION),
    *(
        SideLook(_HEAT + model, mark("Attention of {name}"), ("heat",), name=TITLES[model])
        for model in LABEL_MODELS
    ),
    SideLook(
        "change", mark("Changed by learning"), ("change",),
        waits=mark("No version comes from another one yet: approve corrections, then press {learn}."),
    ),
    SideLook(
        "correction", mark("Corrections as painted"), ("correction",), True,
        waits=mark("Nothing is painted on this photo yet: take the brush ({tool_brush})."),
    ),
    SideLook(
        "approved", mark("Mask as approved"), ("mask",),
        waits=mark("This photo is not approved yet: open it, correct it and press {approve}."),
    ),
)  # fmt: skip
_BY_ID = {look.id: look for look in _FIXED}


def looks(versions: Sequence[WeightsVersion]) -> tuple[SideLook, ...]:
    """Everything a side can show.

    Args:
        versions: Of the segmenter.
    """
    return (*_FIXED, *map(_mask_of, reversed(versions)))


def find_look(id: str, versions: Sequence[WeightsVersion]) -> SideLook:
    """The line of an id; for one that is not there (any longer) one that shows the photo and says so."""
    if id in _BY_ID:
        return _BY_ID[id]
    gone = mark("This version is not in the project; choose something else above.")
    missing = SideLook(id, mark("Mask of another project's version"), ("mask",), waits=gone)
    return next((_mask_of(version) for version in versions if _VERSION + version.weights_id == id), missing)


def _mask_of(version: WeightsVersion) -> SideLook:
    return SideLook(_VERSION + version.weights_id, mark("Mask of {name}"), ("mask",), name=title(version))


@dataclass(frozen=True, slots=True)
class Sides:
    """What is compared.

    Attributes:
        on: Whether there are two views.
        left, right: Id of the line that each shows.
        linked: Whether both move together.
        photo_id: Of the photo on the right; "" for the open one.
        share: Of the width that the left view takes, in (0, 1).
    """

    on: bool = False
    left: str = AS_LAYERS
    right: str = "photo"
    linked: bool = True
    photo_id: str = ""
    share: float = 0.5

    @property
    def text(self) -> str:
        """As :func:`read_sides` understands it."""
        return json.dumps(asdict(self))


def read_sides(text: str) -> Sides:
    """What :attr:`Sides.text` was; a field that cannot be understood is as at first."""
    usual = Sides()
    try:
        told = json.loads(text) if text else {}
    except ValueError:
        told = {}
    known: Mapping[str, Any] = told if isinstance(told, dict) else {}
    kept = {
        name: known[name] for name, value in asdict(usual).items() if isinstance(known.get(name), type(value))
    }
    sides = replace(usual, **kept)
    return sides if 0.1 <= sides.share <= 0.9 else replace(sides, share=usual.share)
