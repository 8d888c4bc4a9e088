"""Which surfaces weights come from: those they knew from the beginning, and the one they were corrected
on."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from resatt_studio.records.arrays import Float32Array, UInt8Array

Floats = npt.NDArray[np.float64]

HOME_BONUS = 2.0
"""Squared distance, in within-surface standard deviations, by which home is preferred: a photo between home
and another surface was most likely taken in the project at hand."""


@dataclass(frozen=True, eq=False)
class KnownSurfaces:
    """Surfaces that weights learned from, by the descriptors of their photos (``imaging.surface``).

    In :meth:`place` numbers, photos of one surface scatter about one of its places with a standard deviation
    of about one in every direction.

    Attributes:
        origin: Length D; mean of all photos.
        axes: D x A; (descriptor - origin) @ axes is the place.
        places: P x A; one to a few for each surface.
        names: P surfaces' names.
    """

    origin: Floats = field(repr=False)
    axes: Floats = field(repr=False)
    places: Floats = field(repr=False)
    names: tuple[str, ...]

    def place(self, descriptors: Float32Array) -> Floats:
        """N x D descriptors to N x A places."""
        return (np.asarray(descriptors, np.float64) - self.origin) @ self.axes

    def distance(self, places: Floats) -> Floats:
        """N x A places to N squared distances to the nearest known one; infinite where none is known."""
        gaps: Floats = ((places[:, None] - self.places[None]) ** 2).sum(2)
        return np.asarray(gaps.min(1, initial=np.inf))

    def without(self, names: Collection[str]) -> KnownSurfaces:
        """The same numbers, some surfaces left out."""
        kept = [index for index, name in enumerate(self.names) if name not in names]
        left = tuple(self.names[index] for index in kept)
        return KnownSurfaces(self.origin, self.axes, self.places[kept], left)

    def to_text(self) -> str:
        """As JSON, for a weights file's header; six significant digits."""
        return json.dumps(
            {
                "origin": _rounded(self.origin),
                "axes": _rounded(self.axes),
                "places": _rounded(self.places),
                "names": list(self.names),
            }
        )

    @classmethod
    def from_text(cls, text: str) -> KnownSurfaces:
        """The opposite of :meth:`to_text`.

        Raises:
            ValueError: The text says something else.
        """
        said = _read(text)
        origin, axes, places = (
            np.asarray(said.get(key, ()), np.float64) for key in ("origin", "axes", "places")
        )
        names = tuple(str(name) for name in said.get("names", ()))
        fits = axes.ndim == places.ndim == 2 and axes.shape == (len(origin), places.shape[1])
        if not fits or len(names) != len(places) or not all(map(_finite, (origin, axes, places))):
            raise ValueError("these are no known surfaces")
        return cls(origin, axes, places, names)


@dataclass(frozen=True, eq=False)
class HomeSurface:
    """The surface that weights were corrected on.

    Attributes:
        places: N x A; one for each surface that the corrections are of.
        photos: N; of how many photos each place is the mean.
        same_as: Known surfaces that are home themselves: what was corrected is photos of theirs.
    """

    places: Floats = field(repr=False)
    photos: tuple[int, ...]
    same_as: tuple[str, ...] = ()

    def distance(self, places: Floats) -> Floats:
        """N x A places to N squared distances to the nearest home; a mean of few photos is uncertain itself,
        so distances to it are shortened by 1 + 1 / photos."""
        gaps: Floats = ((places[:, None] - self.places[None]) ** 2).sum(2)
        return np.asarray((gaps / (1 + 1 / np.asarray(self.photos, np.float64))).min(1))

    def holds(self, descriptors: Float32Array, known: KnownSurfaces) -> npt.NDArray[np.bool_]:
        """Which of N x D descriptors are nearer to home than to any other known surface."""
        places = known.place(descriptors)
        others = known.without(self.same_as)
        return np.asarray(self.distance(places) < others.distance(places) + HOME_BONUS)

    def to_text(self) -> str:
        """As JSON, for a weights file's header."""
        return json.dumps({"places": _rounded(self.places), "photos": self.photos, "same_as": self.same_as})

    @classmethod
    def from_text(cls, text: str) -> HomeSurface:
        """The opposite of :meth:`to_text`.

        Raises:
            ValueError: The text says something else.
        """
        said = _read(text)
        places = np.asarray(said.get("places", ()), np.float64)
        photos = tuple(int(count) for count in said.get("photos", ()))
        if (
            places.ndim != 2
            or len(photos) != len(places)
            or min(photos, default=0) < 1
            or not _finite(places)
        ):
            raise ValueError("this is no home surface")
        return cls(places, photos, tuple(str(name) for name in said.get("same_as", ())))


@dataclass(frozen=True, eq=False)
class Surroundings:
    """What a project knows of its surface beside the corrections.

    Attributes:
        home: Surface of the corrected photos. What is learned is asked about it alone, and about others the
            weights that learning began with; None asks a candidate about every photo.
        neighbours: H x W x 3 uint8 RGB each: photos at home that nobody corrected.
    """

    home: HomeSurface | None = None
    neighbours: tuple[UInt8Array, ...] = field(repr=False, default=())


def known_in(header: Mapping[str, str]) -> KnownSurfaces | None:
    """The surfaces that weights began with, or None when their header does not say or says nonsense."""
    try:
        return KnownSurfaces.from_text(header["surfaces"])
    except (KeyError, ValueError, TypeError):
        return None


def surfaces_in(header: Mapping[str, str]) -> tuple[HomeSurface, KnownSurfaces] | None:
    """Home and the known surfaces of fine-tuned weights; None for weights that are at home everywhere."""
    known = known_in(header)
    try:
        home = HomeSurface.from_text(header["home"])
    except (KeyError, ValueError, TypeError):
        return None
    if known is None or home.places.shape[1] != known.places.shape[1]:
        return None
    return home, known


def _read(text: str) -> dict[str, Any]:
    said = json.loads(text)
    if not isinstance(said, dict):
        raise ValueError("a table was expected")
    return said


def _rounded(values: Floats) -> Any:
    return json.loads(
        json.dumps(np.asarray(values).tolist()), parse_float=lambda text: float(f"{float(text):.6g}")
    )


def _finite(values: Floats) -> bool:
    return bool(np.isfinite(values).all())
