"""R2AU-Net: photo to crack logits, after Katsamenis et al., arXiv 2303.01582.

"A Few-Shot Attention Recurrent Residual U-Net for Crack Segmentation"; the layers come from R2U-Net
(arXiv 1802.06955) and Attention U-Net (arXiv 1804.03999).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from resatt_studio.errors import WeightsError

LEVELS = 5


class RecurrentUnit(nn.Module):
    """One convolution applied ``t + 1`` times, each time on the unit's input plus its last answer.

    With F(z) = ReLU(BN(Conv3x3(z))): y_0 = F(x), y_k = F(x + y_{k-1}), output y_t (R2U-Net, section III).
    Convolution, affine parameters and running statistics are the same at every step, so in training mode the
    statistics move ``t + 1`` times a pass.

    Shape: (N, width, H, W) to the same.
    """

    def __init__(self, width: int, t: int) -> None:
        super().__init__()
        self.t = t
        self.conv = nn.Conv2d(width, width, kernel_size=3, padding=1)
        self.norm = nn.BatchNorm2d(width)

    def _apply_once(self, features: Tensor) -> Tensor:
        return functional.relu(self.norm(self.conv(features)), inplace=True)

    def forward(self, features: Tensor) -> Tensor:
        answer = self._apply_once(features)
        for _ in range(self.t):
            answer = self._apply_once(features + answer)
        return answer


class RecurrentResidualBlock(nn.Module):
    """A 1x1 projection and two recurrent units; the residual is taken from the projection, with no activation
    after the sum (R2U-Net, figure 3d).

    Shape: (N, in_width, H, W) to (N, out_width, H, W).
    """

    def __init__(self, in_width: int, out_width: int, t: int) -> None:
        super().__init__()
        self.project = nn.Conv2d(in_width, out_width, kernel_size=1)
        self.first = RecurrentUnit(out_width, t)
        self.second = RecurrentUnit(out_width, t)

    def forward(self, features: Tensor) -> Tensor:
        projected = self.project(features)
        return cast(Tensor, projected + self.second(self.first(projected)))


class UpConvolution(nn.Module):
    """Nearest-neighbour doubling, 3x3 convolution, BatchNorm, ReLU.

    Shape: (N, in_width, H, W) to (N, out_width, 2H, 2W).
    """

    def __init__(self, in_width: int, out_width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_width, out_width, kernel_size=3, padding=1)
        self.norm = nn.BatchNorm2d(out_width)

    def forward(self, features: Tensor) -> Tensor:
        larger = functional.interpolate(features, scale_factor=2.0, mode="nearest")
        return functional.relu(self.norm(self.conv(larger)), inplace=True)


class AttentionGate(nn.Module):
    """Additive attention: the decoder's signal decides which pixels of the skip pass (Attention U-Net,
    section 2.2, here with the signal already at the skip's size and BatchNorm before the sigmoid).

    alpha = sigmoid(BN(Conv1x1(ReLU(BN(Conv1x1(signal)) + BN(Conv1x1(skip)))))), output skip * alpha.

    Shape: two of (N, width, H, W) to one of the same; alpha is (N, 1, H, W) in [0, 1].
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        hidden = width // 2
        self.signal_conv = nn.Conv2d(width, hidden, kernel_size=1)
        self.signal_norm = nn.BatchNorm2d(hidden)
        self.skip_conv = nn.Conv2d(width, hidden, kernel_size=1)
        self.skip_norm = nn.BatchNorm2d(hidden)
        self.score_conv = nn.Conv2d(hidden, 1, kernel_size=1)
        self.score_norm = nn.BatchNorm2d(1)

    def attention(self, signal: Tensor, skip: Tensor) -> Tensor:
        """Return alpha, (N, 1, H, W) in [0, 1]."""
        mixed = self.signal_norm(self.signal_conv(signal)) + self.skip_norm(self.skip_conv(skip))
        score = self.score_norm(self.score_conv(functional.relu(mixed, inplace=True)))
        # A gate near 0 or 1 is where half precision hurts, and one channel costs nothing.
        wide = score.float() if score.dtype in (torch.bfloat16, torch.float16) else score
        return torch.sigmoid(wide).to(score.dtype)

    def forward(self, signal: Tensor, skip: Tensor) -> Tensor:
        return skip * self.attention(signal, skip)


class R2AUNet(nn.Module):
    """Attention recurrent residual U-Net.

    Args:
        in_channels: Channels of the photo, 3 for RGB in [-1, 1] (x / 127.5 - 1).
        out_channels: Logits a pixel, 1 for crack against everything else.
        base_width: Channels of the first level, even, at least 2; level i has ``base_width * 2**i``.
        t: Recurrence steps, at least 1; every recurrent convolution runs ``t + 1`` times.
        stem: 1 is the paper's network. 2 folds the photo 2x2 into channels first and unfolds four logits a
            cell at the end, so every layer sees a quarter of the pixels (ours, not in the paper).

    Shape: (N, in_channels, H, W) to logits (N, out_channels, H, W), for any H and W: sizes that are no
    multiple of ``16 * stem`` are mirrored at the bottom and right, and the logits are cropped back.

    Raises:
        WeightsError: A configuration with no meaning.
    """

    def __init__(
        self, in_channels: int = 3, out_channels: int = 1, base_width: int = 64, t: int = 2, stem: int = 1
    ) -> None:
        super().__init__()
        _check_config(in_channels, out_channels, base_width, t, stem)
        self.stem = stem
        self.size_multiple = stem * 2 ** (LEVELS - 1)
        cells = stem * stem
        widths = [base_width * 2**level for level in range(LEVELS)]
        self.encoder = nn.ModuleList()
        below = in_channels * cells
        for width in widths:
            self.encoder.append(RecurrentResidualBlock(below, width, t))
            below = width
        skips = widths[-2::-1]
        self.rise = nn.ModuleList(UpConvolution(2 * width, width) for width in skips)
        self.gates = nn.ModuleList(AttentionGate(width) for width in skips)
        self.decoder = nn.ModuleList(RecurrentResidualBlock(2 * width, width, t) for width in skips)
        self.head = nn.Conv2d(base_width, out_channels * cells, kernel_size=1)

    def forward(self, photo: Tensor) -> Tensor:
        height, width = photo.shape[-2:]
        padded = mirror_to_multiple(photo, self.size_multiple)
        logits = self._segment(padded)
        return logits[..., :height, :width]

    def _segment(self, photo: Tensor) -> Tensor:
        features = functional.pixel_unshuffle(photo, self.stem) if self.stem > 1 else photo
        if features is not photo and photo.is_contiguous(memory_format=torch.channels_last):
            features = features.contiguous(memory_format=torch.channels_last)
        skips: list[Tensor] = []
        for level, block in enumerate(self.encoder):
            if level:
                features = functional.max_pool2d(features, kernel_size=2)
            features = block(features)
            skips.append(features)
        skips.pop()
        for rise, gate, block in zip(self.rise, self.gates, self.decoder, strict=True):
            signal = rise(features)
            features = block(torch.cat((gate(signal, skips.pop()), signal), dim=1))
        logits = cast(Tensor, self.head(features))
        return functional.pixel_shuffle(logits, self.stem) if self.stem > 1 else logits

    def start_from_crack_share(self, share: float) -> None:
        """Set the head's bias to the log-odds of ``share`` (in (0, 1)): learning then does not begin with the
        long way down to "almost everything is background"."""
        if not 0.0 < share < 1.0:
            raise WeightsError(f"A crack share of {share} has no log-odds.", "Give a value between 0 and 1.")
        odds = torch.tensor(share / (1.0 - share))
        bias = cast(Tensor, self.head.bias)
        with torch.no_grad():
            bias.fill_(float(torch.log(odds)))


def _check_config(in_channels: int, out_channels: int, base_width: int, t: int, stem: int) -> None:
    """Refuse what the layers cannot be built from, and say what would fit."""
    checks: tuple[tuple[str, int, Callable[[int], bool], str], ...] = (
        ("in_channels", in_channels, lambda value: value >= 1, "at least 1"),
        ("out_channels", out_channels, lambda value: value >= 1, "at least 1"),
        ("base_width", base_width, lambda value: value >= 2 and value % 2 == 0, "an even number from 2"),
        ("t", t, lambda value: value >= 1, "at least 1"),
        ("stem", stem, lambda value: value in (1, 2), "1 or 2"),
    )
    for name, value, fits, wanted in checks:
        if isinstance(value, bool) or not isinstance(value, int) or not fits(value):
            raise WeightsError(f"R2AU-Net cannot have {name}={value!r}.", f"Give {wanted}.")


def mirror_to_multiple(photo: Tensor, multiple: int) -> Tensor:
    """Mirror bottom and right up to the next multiple; photos too small for it repeat their edge."""
    height, width = photo.shape[-2:]
    below, right = -height % multiple, -width % multiple
    if not below and not right:
        return photo
    mode = "reflect" if below < height and right < width else "replicate"
    return functional.pad(photo, (0, right, 0, below), mode=mode)
