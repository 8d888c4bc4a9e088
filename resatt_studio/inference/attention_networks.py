"""What can be asked of each label network: its stages, the memory that a look takes, and the maps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias, cast

from torch import Tensor, nn

from resatt_studio.errors import BugError, WeightsError
from resatt_studio.inference import attention_maps
from resatt_studio.inference.attention_maps import Token
from resatt_studio.inference.class_gradient import Watched
from resatt_studio.models.revit import BlockAttention, ReViT
from resatt_studio.models.rmt import RMT, BlockTrace
from resatt_studio.records.heat import HEAT_KINDS, HeatKind, HeatStage

Traces: TypeAlias = Sequence[BlockTrace] | Sequence[BlockAttention]
"""What one stage attended to, block by block."""

_WORKING_COPIES = 3
"""Logits, bias and softmax of one block at the moment when its attention is made."""

_FLOAT_BYTES = 4


class AttentionNetwork(Protocol):
    """A label network that can be asked what it attends to."""

    @property
    def network(self) -> nn.Module:
        """The network itself."""

    @property
    def multiple_px(self) -> int:
        """Input sides must be multiples of this for all tokens to lie inside the photo."""

    @property
    def stages(self) -> tuple[HeatStage, ...]:
        """What can be asked."""

    @property
    def classes(self) -> int:
        """Number of labels; 0 for a network without any."""

    def cost_bytes(self, height: int, width: int, traced: Sequence[int]) -> int:
        """Estimate what attention takes in memory when an input of that size is looked at.

        Args:
            height, width: Of the input.
            traced: Stages whose attention is kept.
        """

    def look(self, photo: Tensor, stage: int) -> Traces:
        """Run a photo (1, 3, H, W) and keep the attention of one stage."""

    def maps(self, traces: Traces, kind: HeatKind, block: int, query: Token | None) -> Tensor:
        """The map of each head, (1, n, h, w); ROLLOUT has one for all."""

    def watched(self, stage: int, block: int) -> Watched:
        """Where the class gradient of a block is read."""


def attention_network(model: str, network: nn.Module) -> AttentionNetwork:
    """Make a network askable.

    Args:
        model: Registry name.
        network: As built, in evaluation mode.

    Raises:
        WeightsError: It has no attention that can be asked.
    """
    if isinstance(network, RMT):
        return AskableRMT(network)
    if isinstance(network, ReViT):
        return AskableReViT(network)
    raise WeightsError(
        f"Weights of {model} have no attention maps.", f"Choose weights of {' or '.join(HEAT_KINDS)}."
    )


class AskableRMT:
    """RMT: four stages at strides 4 to 32; memory grows with the square of the tokens in full stages only."""

    def __init__(self, network: RMT) -> None:
        self.network: RMT = network
        self.stages = tuple(
            HeatStage(len(stage.blocks), stage.blocks[0].attention.heads, 4 * 2**index)
            for index, stage in enumerate(_parts(network.stages))
        )
        self._decomposed = tuple(bool(stage.prior.decomposed) for stage in _parts(network.stages))

    @property
    def multiple_px(self) -> int:
        return self.stages[-1].stride_px

    @property
    def classes(self) -> int:
        return 0 if self.network.dense else int(self.network.head.out_features)

    def cost_bytes(self, height: int, width: int, traced: Sequence[int]) -> int:
        total = 0
        for index, stage in enumerate(self.stages):
            rows, columns = -(-height // stage.stride_px), -(-width // stage.stride_px)
            # Rows attend within themselves, and columns: what both hold is rows + columns a token.
            keys = rows + columns if self._decomposed[index] else rows * columns
            kept = stage.blocks if index in traced else 0
            total += stage.heads * rows * columns * keys * (kept + _WORKING_COPIES)
        return total * _FLOAT_BYTES

    def look(self, photo: Tensor, stage: int) -> Traces:
        return self.network.trace(photo, stages=(stage,))[1]

    def maps(self, traces: Traces, kind: HeatKind, block: int, query: Token | None) -> Tensor:
        trace = cast(Sequence[BlockTrace], traces)[block]
        if kind is HeatKind.RECEIVED:
            return attention_maps.received(trace)
        if query is None or kind not in (HeatKind.POINT, HeatKind.POINT_WITHOUT_PRIOR):
            raise BugError(f"RMT was asked for {kind} of {query}")
        if kind is HeatKind.POINT:
            return attention_maps.query_map(trace, query)
        return attention_maps.query_map_without_prior(trace, query)

    def watched(self, stage: int, block: int) -> Watched:
        return Watched(_parts(_parts(self.network.stages)[stage].blocks)[block])


class AskableReViT:
    """ReViT: one stage of patches; memory grows with the square of the tokens."""

    def __init__(self, network: ReViT) -> None:
        self.network = network
        heads = int(_parts(network.blocks)[0].attention.heads)
        self.stages = (HeatStage(len(network.blocks), heads, network.patch_size),)

    @property
    def multiple_px(self) -> int:
        return self.network.patch_size

    @property
    def classes(self) -> int:
        return int(self.network.head.out_features)

    def cost_bytes(self, height: int, width: int, traced: Sequence[int]) -> int:
        stage = self.stages[0]
        tokens = -(-height // stage.stride_px) * -(-width // stage.stride_px)
        # A trace keeps S and softmax(S) of every block.
        copies = 2 * stage.blocks * bool(traced) + _WORKING_COPIES
        return stage.heads * tokens**2 * copies * _FLOAT_BYTES

    def look(self, photo: Tensor, stage: int) -> Traces:
        return self.network.trace(photo)[1]

    def maps(self, traces: Traces, kind: HeatKind, block: int, query: Token | None) -> Tensor:
        blocks = cast(Sequence[BlockAttention], traces)
        if kind is HeatKind.ROLLOUT:
            matrix = attention_maps.rollout(blocks[: block + 1])
        elif kind is HeatKind.OWN:
            matrix = attention_maps.own_attention(blocks[block])
        elif kind in (HeatKind.RECEIVED, HeatKind.POINT):
            matrix = blocks[block].probs
        else:
            raise BugError(f"ReViT was asked for {kind}")
        return attention_maps.onto_grid(matrix, blocks[block], query)

    def watched(self, stage: int, block: int) -> Watched:
        # In the end a class token alone is read: it depends on what goes into the block, not on what
        # the other tokens become in the last one.
        lead = int(self.network.class_token is not None)
        return Watched(_parts(self.network.blocks)[block], reads_input=bool(lead), lead=lead)


def _parts(modules: nn.Module) -> list[Any]:
    return list(modules.children())
