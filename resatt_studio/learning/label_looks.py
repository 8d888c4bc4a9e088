"""What a label network sees of a photo just before its head: looked at once, kept, and learned from at will.

Only the head learns from answers. All before it stays as it is, so its features of a look stay the same as
well, also when another head comes into use, and a lesson costs no pass of the network but the first.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Generator
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
from torch import Tensor, nn

from resatt_studio.errors import LearningError, WeightsError
from resatt_studio.inference.device import Compute, Threads
from resatt_studio.inference.labeller import Labeller, LabelNetwork
from resatt_studio.inference.paths import FOLDED
from resatt_studio.inference.views import VIEW_PX, mirror_copies, mirrored, plan_views, see
from resatt_studio.models.state import state_of, weights_id
from resatt_studio.records.arrays import Float32Array, UInt8Array
from resatt_studio.records.weights import WeightsFile

HEAD = "head"
"""The module that learns: the linear layer from pooled features to class logits, in every label network."""

KEPT_NUMBERS = 24_000_000
"""Numbers that :class:`KeptLooks` holds; 96 MB."""


@dataclass(frozen=True, eq=False)
class PhotoLooks:
    """What a network sees of one photo.

    Attributes:
        features: V x C x D float32, read-only: V looks, each in C mirrored copies, D pooled features.
        besides: V x C x K float32, read-only: what reaches the logits past the head, such as RMT's helper
            head; logits = features @ weight.T + bias + besides.
        levels: Looks of each level of :func:`plan_views`, adding up to V.
    """

    features: Float32Array = field(repr=False)
    besides: Float32Array = field(repr=False)
    levels: tuple[int, ...]


class KeptLooks:
    """Looks by photo and network, the newest that fit in memory. One thread uses it.

    Args:
        most: Numbers to hold.
    """

    def __init__(self, most: int = KEPT_NUMBERS) -> None:
        self._most = most
        self._held = 0
        self._looks: OrderedDict[tuple[str, str], PhotoLooks] = OrderedDict()

    def get(self, photo: str, body: str) -> PhotoLooks | None:
        """What the network ``body`` (:func:`body_id`) sees of a photo, if it is still held."""
        found = self._looks.get((photo, body))
        if found is not None:
            self._looks.move_to_end((photo, body))
        return found

    def put(self, photo: str, body: str, looks: PhotoLooks) -> None:
        """Hold looks; the ones that were not asked for longest make room."""
        if (photo, body) in self._looks:
            return
        self._looks[photo, body] = looks
        self._held += _numbers(looks)
        while self._held > self._most and len(self._looks) > 1:
            self._held -= _numbers(self._looks.popitem(last=False)[1])


class LookNetwork(LabelNetwork):
    """A label network that says what it sees before it says what it calls that."""

    def seen(self, pixels: UInt8Array) -> tuple[Float32Array, Float32Array]:
        """N x H x W x 3 uint8 RGB to features, N x D, and what reaches the logits besides, N x K."""
        kept: list[Tensor] = []
        with self.at_work() as ready:
            head = head_of(ready)
            hook = head.register_forward_pre_hook(lambda _, inputs: kept.append(inputs[0]))
            try:
                logits = ready(self.numbers(pixels).to(self.compute.device)).float()
            finally:
                hook.remove()
            features = kept[0].float()
            besides = logits - nn.functional.linear(features, head.weight.float(), head.bias.float())
            return features.cpu().numpy().copy(), besides.cpu().numpy().copy()


class Looker(Labeller):
    """Holds a label network whose features are asked for; refuses what :class:`Labeller` refuses.

    It runs in single precision and never packed for one CPU, so that a lesson can be repeated.
    """

    def __init__(self, device: str = "auto", threads: Threads = None) -> None:
        super().__init__(device, "fp32", threads, path=FOLDED)

    def _make(self, network: nn.Module, compute: Compute, threads: Threads) -> LabelNetwork:
        return LookNetwork(network, compute, threads, self.path)

    def looks(self, pixels: UInt8Array, view_px: int = VIEW_PX) -> Generator[None, None, PhotoLooks]:
        """Look at a photo as :meth:`Labeller.label` does; yields after every pass of the network.

        Args:
            pixels: H x W x 3 uint8 RGB.
            view_px: Side of what the network sees.

        Raises:
            LearningError: What the network sees is infinite or no number.
            OutOfMemory: Even one look on the CPU does not fit.
        """
        network, _ = self.in_use()
        assert isinstance(network, LookNetwork)
        levels = plan_views(pixels.shape[0], pixels.shape[1], view_px)
        boxes = tuple(chain.from_iterable(levels))
        copies = mirror_copies(len(boxes))
        features: list[Float32Array] = []
        besides: list[Float32Array] = []
        done = 0
        while done < len(boxes):
            batch = boxes[done : done + network.batch]
            try:
                each = []
                for one in mirrored(see(pixels, batch, view_px), copies):
                    each.append(network.seen(one))
                    yield
            except (RuntimeError, MemoryError) as error:
                network.make_room(error)
                continue
            features.append(np.stack([seen for seen, _ in each], axis=1))
            besides.append(np.stack([past for _, past in each], axis=1))
            done += len(batch)
        found = PhotoLooks(
            np.concatenate(features), np.concatenate(besides), tuple(len(level) for level in levels)
        )
        for array in (found.features, found.besides):
            if not np.isfinite(array).all():
                raise LearningError(
                    "what the network sees is no number.", "Choose other weights, or check the photo."
                )
            array.flags.writeable = False
        return found


def head_of(network: nn.Module) -> nn.Linear:
    """The head of a label network, or of one made ready.

    Raises:
        WeightsError: It has no linear head.
    """
    for name, module in network.named_modules():
        if name.rpartition(".")[2] == HEAD and isinstance(module, nn.Linear):
            return module
    raise WeightsError(
        f"{type(network).__name__} has no linear head that could learn.", "Choose a label network."
    )


def body_id(weights: WeightsFile) -> str:
    """SHA-256 (hex) of all tensors but the head's: networks of one id see the same in a photo."""
    body = {name: value for name, value in state_of(weights).items() if not _of_head(name)}
    return weights_id(body)


def head_state(weights: WeightsFile) -> tuple[Tensor, Tensor]:
    """Weight (K, D) and bias (K,) of the head, float32.

    Raises:
        WeightsError: The file has none.
    """
    state = state_of(weights)
    try:
        return state[f"{HEAD}.weight"], state[f"{HEAD}.bias"]
    except KeyError:
        raise WeightsError("These weights have no head that could learn.", "Choose others.") from None


def with_head(weights: WeightsFile, weight: Tensor, bias: Tensor) -> dict[str, Tensor]:
    """State dict of a network with another head; every other tensor is as it was."""
    return state_of(weights) | {f"{HEAD}.weight": weight, f"{HEAD}.bias": bias}


def _of_head(name: str) -> bool:
    return name.startswith(f"{HEAD}.")


def _numbers(looks: PhotoLooks) -> int:
    return looks.features.size + looks.besides.size
