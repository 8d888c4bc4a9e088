"""Fine-tuned weights at home, those they began with elsewhere.

What a network learned from one project's corrections makes it better there and a little worse on other
surfaces: masks grow, thin cracks thicken. Photos that look unlike the corrected ones are therefore answered
by the weights that learning began with, so nothing is forgotten. The choice is made once for a whole photo,
by its grain, light and colour (``imaging.surface``), not by what the network sees in it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from resatt_studio.imaging.surface import describe_surface
from resatt_studio.inference.device import Compute, Threads
from resatt_studio.inference.paths import FOLDED
from resatt_studio.inference.segmenter import Segmenter
from resatt_studio.models.calibration import calibration_of, threshold_shift
from resatt_studio.models.state import build
from resatt_studio.records.arrays import Float32Array, UInt8Array
from resatt_studio.records.surface import HomeSurface, KnownSurfaces, surfaces_in
from resatt_studio.records.weights import WeightsFile


@dataclass(frozen=True, eq=False)
class Answering:
    """Who answers about which photo.

    Attributes:
        own: The weights themselves, ready.
        elsewhere: Those they began with, ready; None when ``own`` answers about every photo.
        home: Where ``own`` learned.
        known: Surfaces that ``elsewhere`` knew.
    """

    own: Segmenter
    elsewhere: Segmenter | None = None
    home: HomeSurface | None = field(repr=False, default=None)
    known: KnownSurfaces | None = field(repr=False, default=None)

    def about(self, pixels: UInt8Array, surface: Float32Array | None = None) -> Segmenter:
        """Who answers about a photo.

        Args:
            pixels: H x W x 3 uint8 RGB.
            surface: Descriptor of the photo as it was taken, where ``pixels`` are dehazed or it is known
                already; None describes ``pixels``.
        """
        if self.elsewhere is None:
            return self.own
        return self.about_surface(describe_surface(pixels) if surface is None else surface)

    def about_surface(self, surface: Float32Array) -> Segmenter:
        """Who answers about a photo with this descriptor."""
        if self.elsewhere is None or self.home is None or self.known is None:
            return self.own
        at_home = bool(self.home.holds(surface[None], self.known)[0])
        return self.own if at_home else self.elsewhere


def answering(own: Segmenter, weights: WeightsFile) -> Answering:
    """Put beside a ready network the one that answers elsewhere.

    Args:
        own: Made from ``weights``; the other runs in the same way.
        weights: With ``elsewhere``, or without any effect.
    """
    surfaces = surfaces_in(weights.metadata)
    if weights.elsewhere is None or surfaces is None:
        return Answering(own)
    usual = calibration_of(weights.elsewhere.metadata)
    # The threshold is one of home: this makes that of the weights that answer elsewhere the same.
    calibration = replace(usual, bias=usual.bias + threshold_shift(weights.metadata))
    other = Segmenter(build(weights.elsewhere), own.compute, own.threads, own.path, calibration)
    return Answering(own, other, *surfaces)


def make_answering(
    weights: WeightsFile, compute: Compute, threads: Threads = None, path: str = FOLDED
) -> Answering:
    """Make weights ready to answer, read as their header says; arguments as for ``Segmenter``."""
    own = Segmenter(build(weights), compute, threads, path, calibration_of(weights.metadata))
    return answering(own, weights)
