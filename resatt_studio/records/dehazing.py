"""What DHFormer makes of a photo."""

from __future__ import annotations

from dataclasses import dataclass, field

from resatt_studio.records.arrays import UInt8Array


@dataclass(frozen=True, eq=False)
class Dehazing:
    """A photo without its haze, and what was taken away.

    The clear photo is for viewing and, where chosen, for segmenting; it is not evidence.

    Attributes:
        photo_id: SHA-256 (hex) of the photo's bytes.
        weights_id: Content hash of the weights.
        pixels: H x W x 3 uint8 RGB, the dehazed photo; read-only.
        transmission_8bit: H x W uint8, transmission * 255: 255 is clear air; read-only.
        residual_8bit: H x W x 3 uint8, the refined residual r* = ratio - clear, divided by its range
            ``residual_range`` and rounded; read-only.
        residual_range: (least, largest) value of the residual that 0 and 255 stand for.
        haze: Estimate of how hazy the photo is, in [0, 1], from the photo alone
            (imaging.dehazing.haze_estimate).
        seconds: Of the network.
        device: Where it ran.
    """

    photo_id: str
    weights_id: str
    pixels: UInt8Array = field(repr=False)
    transmission_8bit: UInt8Array = field(repr=False)
    residual_8bit: UInt8Array = field(repr=False)
    residual_range: tuple[float, float]
    haze: float
    seconds: float = 0.0
    device: str = ""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Dehazing) and (other.photo_id, other.weights_id) == (
            self.photo_id,
            self.weights_id,
        )

    def __hash__(self) -> int:
        return hash((self.photo_id, self.weights_id))
