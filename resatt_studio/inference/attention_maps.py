"""Attention of RMT and ReViT turned into maps over the token grid: pure functions of what a trace recorded.

RMT after Fan et al., CVPR 2024, arXiv 2309.11523, section 3; ReViT after Diko et al., arXiv 2402.11301;
rollout after Abnar and Zuidema, ACL 2020, arXiv 2005.00928. B photos, n heads, a grid of H x W tokens counted
row by row, L = H * W. Weights are shares: over all keys of one query they sum to 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from resatt_studio.errors import BugError
from resatt_studio.models.revit import BlockAttention
from resatt_studio.models.rmt import BlockTrace


class Token(NamedTuple):
    """A place in the token grid, from 0."""

    row: int
    column: int


class _Axes(NamedTuple):
    """The two factors of a decomposed block and their log-decays."""

    row: Tensor
    column: Tensor
    row_bias: Tensor
    column_bias: Tensor


def received(trace: BlockTrace) -> Tensor:
    """Attention that each token of an RMT block gets, averaged over all queries.

    In the decomposed form this is the mean over the queries of the exact two-dimensional attention,
    R[y', x'] = 1/L sum_x (sum_y A_column[x, y, y']) A_row[y', x, x'], without the L x L matrix.

    Returns:
        (B, n, H, W); each head's map sums to 1.
    """
    if trace.full is not None:
        return _over(trace.grid, trace.full.mean(dim=2))
    axes = _axes(trace)
    reaching = axes.column.sum(dim=3)
    return torch.einsum("bxiv,bvixu->bivu", reaching, axes.row) / (trace.grid[0] * trace.grid[1])


def query_map(trace: BlockTrace, query: Token) -> Tensor:
    """What one token of an RMT block attends to.

    The decomposed form mixes along rows first and along columns then. One query (y, x) therefore reaches the
    key (y', x') with A_column[x, y, y'] A_row[y', x, x']: the column factor belongs to the query's column,
    the row factor to the key's row. Costs O(L).

    Returns:
        (B, n, H, W); each head's map sums to 1.
    """
    if trace.full is not None:
        return _over(trace.grid, trace.full[:, :, _index(trace, query)])
    axes = _axes(trace)
    along_column = axes.column[:, query.column, :, query.row]
    along_rows = axes.row[:, :, :, query.column].transpose(1, 2)
    return along_column[..., None] * along_rows


def query_map_without_prior(trace: BlockTrace, query: Token) -> Tensor:
    """What one token of an RMT block attends to, divided by the decay that is built in, made to sum to 1.

    The prior of a query is softmax(bias), which in both forms is proportional to gamma to the Manhattan
    distance; A / prior, normalised per head. In the full form that equals softmax(Q K^T) without any decay. A
    block that looks at no content gives an even map. Where the decay pressed A below what its precision can
    hold, nothing can be brought back: such places stay 0.

    Returns:
        (B, n, H, W) in the precision of the trace; each head's map sums to 1.
    """
    if trace.full is not None and trace.full_bias is not None:
        index = _index(trace, query)
        logits = _log(trace.full[:, :, index]) - trace.full_bias[:, index].double()
        return _over(trace.grid, logits.softmax(dim=-1).to(trace.full.dtype))
    axes = _axes(trace)
    column_bias = axes.column_bias[:, query.row].double()
    row_bias = axes.row_bias[:, query.column].double()
    along_column = _log(axes.column[:, query.column, :, query.row]) - column_bias
    along_rows = _log(axes.row[:, :, :, query.column].transpose(1, 2)) - row_bias[:, None]
    logits = along_column[..., None] + along_rows
    return _over(trace.grid, logits.flatten(-2).softmax(dim=-1).to(axes.row.dtype))


def composed(trace: BlockTrace) -> Tensor:
    """The whole attention matrix of an RMT block, (B, n, L, L); every row sums to 1.

    For small grids only: a decomposed block never holds that much, and :func:`query_map` gives single rows.
    """
    if trace.full is not None:
        return trace.full
    axes = _axes(trace)
    both = torch.einsum("bxiyv,bvixu->biyxvu", axes.column, axes.row)
    return both.flatten(4, 5).flatten(2, 3)


def own_attention(block: BlockAttention) -> Tensor:
    """What a block of ReViT attends to by itself, without what it inherits: softmax(R), (B, n, N, N).

    With the learnt alpha, R = (S - (1 - alpha) S_before) / alpha. It is computed from queries and keys again,
    which is the same and also holds where alpha is 0.
    """
    return block.raw.softmax(dim=-1)


def rollout(blocks: Sequence[BlockAttention]) -> Tensor:
    """Attention carried through the given blocks of ReViT, from the first of them to the last.

    Each block counts as half its attention (mean over heads) and half the residual connection around it;
    later blocks multiply from the left.

    Returns:
        (B, 1, N, N): from each token behind the last block to the tokens before the first; rows sum to 1.
    """
    if not blocks:
        raise BugError("rollout of no blocks")
    carried: Tensor | None = None
    for block in blocks:
        attention = block.probs.mean(dim=1)
        mixed = 0.5 * attention + 0.5 * torch.eye(attention.shape[-1], device=attention.device)
        mixed = mixed / mixed.sum(dim=-1, keepdim=True)
        carried = mixed if carried is None else mixed @ carried
    assert carried is not None
    return carried[:, None]


def onto_grid(matrix: Tensor, block: BlockAttention, query: Token | None = None) -> Tensor:
    """Lay the rows of an attention matrix of ReViT over the photo.

    Args:
        matrix: (B, n, N, N), from ``block.probs``, :func:`own_attention` or :func:`rollout`.
        block: Says where the tokens lie.
        query: The token whose row to show. None shows what the class token attends to or, where there is
            none, the mean over all queries, as the head of the network does.

    Returns:
        (B, n, H, W). A class token is no place in the photo: its column is left out, so maps with one sum to
        what it leaves.
    """
    lead = int(block.class_token)
    if query is not None:
        row = matrix[:, :, lead + query.row * block.grid[1] + query.column]
    else:
        row = matrix[:, :, 0] if block.class_token else matrix.mean(dim=2)
    return _over(block.grid, row[..., lead:])


def _over(grid: tuple[int, int], tokens: Tensor) -> Tensor:
    return tokens.reshape(*tokens.shape[:-1], *grid)


def _index(trace: BlockTrace, query: Token) -> int:
    return query.row * trace.grid[1] + query.column


def _log(weights: Tensor) -> Tensor:
    return weights.double().log()


def _axes(trace: BlockTrace) -> _Axes:
    row, column, row_bias, column_bias = trace.row, trace.column, trace.row_bias, trace.column_bias
    if row is None or column is None or row_bias is None or column_bias is None:
        raise BugError(f"the trace of block {trace.block} of stage {trace.stage} holds no attention")
    return _Axes(row, column, row_bias, column_bias)
