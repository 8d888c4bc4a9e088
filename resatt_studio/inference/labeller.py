"""Says what cracks a photo shows: views through RMT or ReViT, joined to one labelling."""

from __future__ import annotations

from collections.abc import Generator
from itertools import chain

import numpy as np
from torch import Tensor, nn

from resatt_studio.inference.device import Compute, Threads
from resatt_studio.inference.label_rule import RULE, LabelRule, Probabilities, combine
from resatt_studio.inference.normalise import imagenet_input
from resatt_studio.inference.paths import AUTO
from resatt_studio.inference.ready import Holder, ReadyNetwork, timed
from resatt_studio.inference.views import VIEW_PX, mirror_copies, mirrored, plan_views, see
from resatt_studio.records.arrays import UInt8Array
from resatt_studio.records.geometry import Box
from resatt_studio.records.labelling import LabelledView, Labelling
from resatt_studio.records.photo import Photo

ViewsDone = tuple[int, int]


class LabelNetwork(ReadyNetwork):
    """A network of the "label" task, ready to answer.

    Half precision is autocast's, as in training: both networks keep their logits in single precision.
    """

    cpu_batch = 4  # measured: a quarter less time a view than one by one, and a step still ends in 0.2 s
    gpu_batch = 32
    cure = "Close other programs, or choose a smaller preset."

    @staticmethod
    def numbers(pixels: UInt8Array) -> Tensor:
        return imagenet_input(pixels)

    def probabilities(self, pixels: UInt8Array) -> Probabilities:
        """N x H x W x 3 uint8 RGB to N x types, float64, rows summing to 1, in one pass of the network."""
        with self.at_work() as network:
            logits = network(imagenet_input(pixels).to(self.compute.device)).float().cpu()
            answer: Probabilities = logits.double().softmax(dim=1).numpy()
        return answer


class Labeller(Holder[LabelNetwork]):
    """Labels photos with one set of weights at a time.

    Where it looks is written in :mod:`.views`, how the looks are joined in :mod:`.label_rule`.

    Args:
        device, precision, threads, path: As for :class:`Holder`.
        rule: Constants of joining the looks.
    """

    task = "label"

    def __init__(
        self,
        device: str = "auto",
        precision: str = "auto",
        threads: Threads = None,
        rule: LabelRule = RULE,
        path: str = AUTO,
    ) -> None:
        super().__init__(device, precision, threads, path)
        self.rule = rule

    def _make(self, network: nn.Module, compute: Compute, threads: Threads) -> LabelNetwork:
        return LabelNetwork(network, compute, threads, self.path)

    def label(self, photo: Photo, view_px: int = VIEW_PX) -> Generator[ViewsDone, None, Labelling]:
        """Label one photo.

        Yields:
            (views done, views in all), after every batch; nothing of torch's state is held meanwhile.

        Args:
            photo: Of any size.
            view_px: Side of what the network sees.

        Returns:
            The labelling; ``seconds`` counts the work only, not the time between the steps.

        Raises:
            OutOfMemory: Even one view on the CPU does not fit.
            BugError: No weights are in use yet.
        """
        network, weights = self.in_use()
        model = self.model
        levels = plan_views(photo.height, photo.width, view_px)
        boxes = tuple(chain.from_iterable(levels))
        answers, seconds = yield from timed(look(network, photo.pixels, boxes, view_px))
        starts = np.cumsum([len(level) for level in levels])[:-1]
        return Labelling(
            photo_id=photo.photo_id,
            model=model,
            weights_id=weights.weights_id,
            probabilities=combine(np.split(answers, starts), self.rule),
            views=tuple(
                LabelledView(box, tuple(row.tolist())) for box, row in zip(boxes, answers, strict=True)
            ),
            seconds=seconds,
            device=network.compute.name,
        )


def look(
    network: LabelNetwork, pixels: UInt8Array, boxes: tuple[Box, ...], view_px: int = VIEW_PX
) -> Generator[ViewsDone, None, Probabilities]:
    """Look at squares of a photo.

    Yields:
        (views done, views in all), after every batch.

    Returns:
        N x types, one row for each box: the mean over its mirrored copies, where there are any.

    Raises:
        OutOfMemory: Even one view on the CPU does not fit.
    """
    answers: list[Probabilities] = []
    done, copies = 0, mirror_copies(len(boxes))
    while done < len(boxes):
        batch = boxes[done : done + network.batch]
        try:
            seen = see(pixels, batch, view_px)
            answers.append(np.mean([network.probabilities(one) for one in mirrored(seen, copies)], axis=0))
        except (RuntimeError, MemoryError) as error:
            network.make_room(error)
            continue
        done += len(batch)
        yield done, len(boxes)
    return np.concatenate(answers)
