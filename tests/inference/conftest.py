"""Small networks whose answers are known, and photos, for the claims of this folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from resatt_studio.models import create_model


class Brightness(nn.Module):
    """Logit of a pixel = its mean channel in [-1, 1], times ``gain``: looks at nothing around it."""

    def __init__(self, gain: float = 3.0) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(gain))

    def forward(self, photo: Tensor) -> Tensor:
        return photo.mean(dim=1, keepdim=True) * self.gain


class Greedy(Brightness):
    """Runs out of memory whenever it is given more than ``limit`` tiles."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit = limit
        self.refused: list[int] = []

    def forward(self, photo: Tensor) -> Tensor:
        if photo.shape[0] > self.limit:
            raise torch.OutOfMemoryError(f"out of memory with {photo.shape[0]} tiles")
        return super().forward(photo)


def build_small(seed: int = 0, **config: int) -> nn.Module:
    """An R2AU-Net of few channels whose norms have own statistics, so that folding has work to do."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = create_model("r2aunet", **({"base_width": 4, "t": 1, "stem": 2} | config))
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                nn.init.uniform_(module.running_mean, -0.3, 0.3)
                nn.init.uniform_(module.running_var, 0.3, 1.5)
                nn.init.uniform_(module.weight, 0.7, 1.3)
                nn.init.uniform_(module.bias, -0.2, 0.2)
    return network.eval()


@pytest.fixture(scope="session")
def small_r2aunet() -> Callable[..., nn.Module]:
    return build_small


@pytest.fixture(scope="session")
def brightness() -> Callable[..., nn.Module]:
    return Brightness


@pytest.fixture(scope="session")
def greedy() -> Callable[..., nn.Module]:
    return Greedy


@pytest.fixture(scope="session")
def noise() -> Callable[..., np.ndarray]:
    def draw(height: int, width: int, seed: int = 0) -> np.ndarray:
        return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)

    return draw


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Two threads on tiny tensors mostly wait for each other where other programs run too."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
