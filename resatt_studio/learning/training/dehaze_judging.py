"""How well a dehazing network does: PSNR and SSIM on fixed haze, and how little it changes clear photos."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from resatt_studio.imaging.quality import psnr, ssim
from resatt_studio.inference.device import Compute
from resatt_studio.records.arrays import Float32Array
from resatt_studio.synthesis.haze import HazeSample

_GOOD_DB = 40.0


@dataclass(frozen=True, slots=True)
class DehazeVerdict:
    """Means over the judging photos; PSNR in dB, SSIM in [0, 1].

    Attributes:
        hazy_psnr, hazy_ssim: Of the hazy photos themselves.
        psnr, ssim: Of the dehazed ones.
        clean_psnr: Of clear photos that went through the network.
        photos: How many judged.
    """

    hazy_psnr: float
    hazy_ssim: float
    psnr: float
    ssim: float
    clean_psnr: float
    photos: int

    @property
    def score(self) -> float:
        """Half PSNR (40 dB is 1), a quarter SSIM, a quarter PSNR of clear photos (40 dB is 1); in [0, 1]."""
        hazy, clean = min(self.psnr, _GOOD_DB) / _GOOD_DB, min(self.clean_psnr, _GOOD_DB) / _GOOD_DB
        return 0.5 * hazy + 0.25 * self.ssim + 0.25 * clean

    def to_table(self) -> dict[str, Any]:
        """Plain values, for a checkpoint."""
        return asdict(self)

    def for_card(self) -> dict[str, Any]:
        """Plain values, for the header of the weights file."""
        return {"split": "validation"} | self.to_table()

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> DehazeVerdict:
        """The inverse of :meth:`to_table`."""
        return cls(**table)


def judge_dehazing(
    network: nn.Module, pairs: Sequence[tuple[Float32Array, HazeSample]], compute: Compute
) -> Generator[int, None, DehazeVerdict]:
    """Dehaze every judging photo, and its clear original; yields the number of photos done."""
    rows: list[tuple[float, ...]] = []
    network.eval()
    for clear, sample in pairs:
        cleared, kept = (_cleared(network, picture, compute) for picture in (sample.hazy, clear))
        rows.append(
            (
                psnr(sample.hazy, clear),
                ssim(sample.hazy, clear),
                psnr(cleared, clear),
                ssim(cleared, clear),
                min(psnr(kept, clear), 100.0),
            )
        )
        yield len(rows)
    names = ("hazy_psnr", "hazy_ssim", "psnr", "ssim", "clean_psnr")
    means = {name: float(value) for name, value in zip(names, np.mean(rows, axis=0), strict=True)}
    return DehazeVerdict(**means, photos=len(rows))


def _cleared(network: nn.Module, picture: Float32Array, compute: Compute) -> Float32Array:
    """H x W x 3 float32 in [0, 1] to the same, dehazed."""
    batch = torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None].to(compute.device)
    with torch.no_grad(), compute.autocast():
        clear = network(batch.contiguous(memory_format=torch.channels_last)).clear
    return np.asarray(clear[0].float().clamp(0, 1).permute(1, 2, 0).cpu().numpy(), np.float32)
