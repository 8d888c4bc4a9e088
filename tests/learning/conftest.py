"""A tiny network, tiny corrected photos, and a way to run a job to its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from resatt_studio.learning.reference import ReferenceSet
from resatt_studio.models import create_model
from resatt_studio.models.state import pack_weights
from resatt_studio.records.correction import Label
from resatt_studio.records.photo import Split
from resatt_studio.records.sample import Sample
from resatt_studio.records.weights import WeightsFile
from resatt_studio.synthesis.scenes import render_scene

CONFIG = {"base_width": 4, "t": 1, "stem": 2}


@pytest.fixture(scope="session")
def tiny_weights() -> WeightsFile:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        return pack_weights("r2aunet", CONFIG, create_model("r2aunet", **CONFIG).state_dict())


@pytest.fixture(scope="session")
def make_sample() -> Callable[..., Sample]:
    def make(
        seed: int,
        split: Split = Split.TRAIN,
        labels: np.ndarray | None = None,
        side_px: int = 64,
        **more: Any,
    ) -> Sample:
        scene = render_scene(seed, side_px, side_px)
        whole = np.where(scene.mask, Label.CRACK, Label.NOT_CRACK).astype(np.uint8)
        return Sample(
            sample_id=f"sample-{seed}",
            photo_id=f"photo-{seed}",
            group=f"group-{seed}",
            split=split,
            pixels=scene.pixels,
            labels=whole if labels is None else labels,
            **more,
        )

    return make


@pytest.fixture(scope="session")
def tiny_reference() -> ReferenceSet:
    return ReferenceSet.drawn(range(4), side_px=64)
