"""Claims about labelling whole photos."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from resatt_studio.errors import BugError, OutOfMemory, WeightsError
from resatt_studio.inference.device import Compute
from resatt_studio.inference.labeller import Labeller, LabelNetwork, look
from resatt_studio.inference.sliding import run_to_end
from resatt_studio.inference.views import plan_views, see
from resatt_studio.models.state import pack_weights
from resatt_studio.records.labels import CrackType
from resatt_studio.records.photo import Photo

Make = Callable[..., Any]
EXACT = Compute(torch.device("cpu"))
VIEW_PX = 32


class Directions(nn.Module):
    """Knows lines by their gradients: columns that differ say longitudinal, rows that differ transverse."""

    def __init__(self, limit: int = 1000) -> None:
        super().__init__()
        self.limit = limit
        self.scale = nn.Parameter(torch.tensor(40.0))

    def forward(self, photo: Tensor) -> Tensor:
        if len(photo) > self.limit:
            raise torch.OutOfMemoryError(f"out of memory with {len(photo)} views")
        across = photo.diff(dim=3).abs().mean(dim=(1, 2, 3)) * self.scale
        down = photo.diff(dim=2).abs().mean(dim=(1, 2, 3)) * self.scale
        return torch.stack((torch.ones_like(across), across, down, -torch.ones_like(across)), dim=1)


@pytest.fixture
def labeller(small_weights: Make) -> Labeller:
    made = Labeller("cpu", "fp32", 1)
    made.use(small_weights("rmt"))
    return made


@pytest.mark.parametrize("name", ["rmt", "revit"])
def test_a_labelling_names_photo_network_and_weights_and_is_a_distribution(
    small_weights: Make, noise: Make, name: str
) -> None:
    labeller, weights = Labeller("cpu", threads=1), small_weights(name)
    labeller.use(weights)
    labelling = run_to_end(labeller.label(Photo("f" * 64, noise(50, 90)), VIEW_PX))
    assert (labelling.photo_id, labelling.model) == ("f" * 64, name)
    assert labelling.weights_id == weights.weights_id and labelling.device.startswith("cpu")
    assert sum(labelling.probabilities) == pytest.approx(1.0) and len(labelling.probabilities) == 4
    assert labelling.crack_probability == pytest.approx(1.0 - labelling.probabilities[0])
    assert labelling.seconds > 0
    boxes = [box for level in plan_views(50, 90, VIEW_PX) for box in level]
    assert [view.box for view in labelling.views] == boxes
    assert all(sum(view.probabilities) == pytest.approx(1.0) for view in labelling.views)


@pytest.mark.parametrize(
    ("rows", "columns", "expected"),
    [
        (slice(None), slice(100, 104), CrackType.LONGITUDINAL),
        (slice(40, 44), slice(None), CrackType.TRANSVERSE),
        (slice(0), slice(0), CrackType.NO_CRACK),
    ],
)
def test_directions_are_the_upright_photos_in_a_wide_photo_too(
    labeller: Labeller, rows: slice, columns: slice, expected: CrackType
) -> None:
    labeller._network = LabelNetwork(Directions(), EXACT, 1)
    pixels = np.full((96, 240, 3), 180, np.uint8)
    pixels[rows, columns] = 20
    assert run_to_end(labeller.label(Photo("a", pixels), VIEW_PX)).label is expected


def test_a_batch_of_views_answers_like_single_views(small_network: Make, noise: Make) -> None:
    network = LabelNetwork(small_network("revit"), EXACT, 1)
    photo = noise(64, 64)
    boxes = tuple(box for level in plan_views(64, 64, VIEW_PX) for box in level)
    in_batches = run_to_end(look(network, photo, boxes, VIEW_PX))
    network.batch = 1
    np.testing.assert_allclose(run_to_end(look(network, photo, boxes, VIEW_PX)), in_batches, atol=1e-5)


def test_few_views_are_looked_at_mirrored_too(small_network: Make, noise: Make) -> None:
    """So a mirrored photo is labelled as the photo is; mirrored views come in another order only."""
    network = LabelNetwork(small_network("revit"), EXACT, 1)
    photo = noise(40, 40)
    boxes = tuple(box for level in plan_views(40, 40, VIEW_PX) for box in level)
    upright = run_to_end(look(network, photo, boxes, VIEW_PX))
    other = run_to_end(look(network, np.ascontiguousarray(photo[::-1, ::-1]), boxes, VIEW_PX))
    np.testing.assert_allclose(upright[0], other[0], atol=1e-6)
    assert not np.allclose(upright[0], network.probabilities(see(photo, boxes[:1], VIEW_PX))[0], atol=1e-6)


def test_the_batch_halves_until_it_fits_and_no_view_is_lost(noise: Make) -> None:
    photo = noise(64, 200)
    boxes = tuple(box for level in plan_views(64, 200, VIEW_PX) for box in level)
    greedy = LabelNetwork(Directions(limit=1), EXACT, 1)
    reports = []
    steps = look(greedy, photo, boxes, VIEW_PX)
    while True:
        try:
            reports.append(next(steps))
        except StopIteration as stop:
            answers = stop.value
            break
    assert greedy.batch == 1
    assert reports == [(done, len(boxes)) for done in range(1, len(boxes) + 1)]
    plain = run_to_end(look(LabelNetwork(Directions(), EXACT, 1), photo, boxes, VIEW_PX))
    np.testing.assert_allclose(answers, plain, atol=1e-6)


def test_when_one_view_does_not_fit_the_inspector_is_told_what_helps(noise: Make) -> None:
    with pytest.raises(OutOfMemory, match="smaller preset"):
        run_to_end(look(LabelNetwork(Directions(limit=0), EXACT, 1), noise(32, 32), plan_views(32, 32)[0]))


def test_weights_of_another_task_or_of_other_classes_are_refused_with_what_fits(
    small_weights: Make, small_r2aunet: Make, small_network: Make
) -> None:
    labeller = Labeller("cpu", "fp32", 1)
    with pytest.raises(WeightsError, match=r"R2AU-Net cannot label photos.*RMT, ReViT"):
        labeller.use(
            pack_weights("r2aunet", {"base_width": 4, "t": 1, "stem": 2}, small_r2aunet().state_dict())
        )
    config = {"image_size": 32, "embed_dim": 16, "depth": 1, "num_heads": 2, "num_classes": 3}
    from resatt_studio.models import create_model

    three = pack_weights("revit", config, create_model("revit", **config).state_dict())
    with pytest.raises(WeightsError, match=r"types of crack.*no_crack, longitudinal"):
        labeller.use(three)
    assert labeller.weights_id == "" and labeller.model == ""


def test_labelling_before_weights_are_chosen_is_a_bug(noise: Make) -> None:
    with pytest.raises(BugError, match="before"):
        next(Labeller("cpu").label(Photo("a", noise(8, 8))))


def test_new_weights_between_two_steps_do_not_reach_a_photo_under_way(
    labeller: Labeller, small_weights: Make, noise: Make
) -> None:
    photo = Photo("a", noise(64, 96))
    undisturbed = run_to_end(labeller.label(photo, VIEW_PX))
    under_way = labeller.label(photo, VIEW_PX)
    next(under_way)
    labeller.use(small_weights("revit"))
    disturbed = run_to_end(under_way)
    assert (disturbed.model, disturbed.weights_id) == ("rmt", undisturbed.weights_id)
    assert disturbed.probabilities == undisturbed.probabilities
    assert labeller.model == "revit"


def test_torch_is_as_it_was_between_steps(labeller: Labeller, noise: Make) -> None:
    for _ in labeller.label(Photo("a", noise(64, 64)), VIEW_PX):
        assert torch.is_grad_enabled() and not torch.is_inference_mode_enabled()
        assert not torch.is_autocast_enabled("cpu")
