"""Grad-CAM of one class by the captum library, after Selvaraju et al., ICCV 2017, arXiv 1610.02391."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import torch
from torch import Tensor, nn

from resatt_studio.errors import SettingsError


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """The features whose gradient is read.

    Attributes:
        block: A module; its first argument, or the answer or the first of its answers, holds the tokens:
            (1, H, W, C) or (1, N, C), row by row.
        reads_input: Whether the tokens that go in are meant, instead of those that come out.
        lead: Tokens in front that are no place in the photo.
    """

    block: nn.Module
    reads_input: bool = False
    lead: int = 0


def class_gradient(
    network: nn.Module, photo: Tensor, watched: Watched, grid: tuple[int, int], label: int
) -> Tensor:
    """Where features speak for a class: relu(sum over channels of mean gradient times feature).

    Nothing before the watched features takes part in the backward pass.

    Args:
        network: In evaluation mode, without hooks of its own on the watched block.
        photo: (1, 3, H, W), normalised.
        watched: Where to read.
        grid: (rows, columns) of the tokens there.
        label: Index of the class.

    Returns:
        (rows, columns), from 0, in units of the logit.

    Raises:
        SettingsError: captum is not installed.
    """
    layer_grad_cam = _captum().LayerGradCam
    look = nn.Identity()

    def through(tokens: Tensor) -> Tensor:
        flat = tokens.reshape(1, -1, tokens.shape[-1]).detach()
        picture = flat[:, watched.lead :].view(1, *grid, -1).permute(0, 3, 1, 2)
        seen = look(picture.requires_grad_())
        places = seen.permute(0, 2, 3, 1).flatten(1, 2)
        return torch.cat((flat[:, : watched.lead], places), dim=1).view(tokens.shape)

    def change_input(_block: nn.Module, given: tuple[Any, ...]) -> tuple[Any, ...]:
        return through(given[0]), *given[1:]

    def change_output(_block: nn.Module, _given: object, answer: Any) -> Any:
        return (through(answer[0]), *answer[1:]) if isinstance(answer, tuple) else through(answer)

    if watched.reads_input:
        hook = watched.block.register_forward_pre_hook(change_input)
    else:
        hook = watched.block.register_forward_hook(change_output)
    try:
        with torch.enable_grad():
            answer: Tensor = layer_grad_cam(network, look).attribute(
                photo, target=label, relu_attributions=True
            )
    finally:
        hook.remove()
    return answer.detach()[0, 0]


def _captum() -> Any:
    try:
        return import_module("captum.attr")
    except ImportError as error:
        raise SettingsError(
            "class gradient maps need the library captum, which is not installed.",
            "Install it with: pip install 'resatt-studio[explain]'",
        ) from error
