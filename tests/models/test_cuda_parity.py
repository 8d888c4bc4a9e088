"""On a GPU the networks are those of the references too: the CPU's own checks, with tensors that lie there.

Single precision is exact (TF32 off), so the tolerances are the CPU's. Nothing is copied: the checks are the
test functions of the neighbouring files.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from resatt_studio.models.state import build, load_weights
from resatt_studio.resources import assets_folder
from resatt_studio.synthesis.scenes import render_scene
from tests.models import test_r2aunet, test_remvit, test_reswin, test_revit, test_rmt
from tests.models.variants import REMVIT, RESWIN, Reference, Variant

pytestmark = pytest.mark.gpu

QUICK_AND_TRACED = pytest.mark.parametrize("traced", [False, True], ids=["quick", "traced"])
BF16_TOLERANCE = 0.05
"""Largest difference in bfloat16, as a share of the largest logit: a dozen roundings of 0.4 %."""

BF16_SAME_SIDE = 0.99
"""Least share of pixels that stay on their side of 0.5."""


def there(tensors: dict[str, Tensor], device: torch.device) -> dict[str, Tensor]:
    """A fixture's tensors on the device, but for weights, which go through the key map as read from disk."""
    weights = ("param", "dense_param")
    return {key: value if key.startswith(weights) else value.to(device) for key, value in tensors.items()}


class OnDevice:
    """A fixture of the neighbouring files whose tensors and networks lie on a device."""

    def __init__(self, reference: Any, device: torch.device) -> None:
        self._reference, self._device = reference, device
        self.tensors = there(reference.tensors, device)

    def part(self, prefix: str) -> dict[str, Tensor]:
        return {key[len(prefix) :]: value for key, value in self.tensors.items() if key.startswith(prefix)}

    def network(self, *size: str) -> nn.Module:
        network: nn.Module = self._reference.network(*size).to(self._device)
        return network

    def dense_network(self) -> nn.Module:
        network: nn.Module = self._reference.dense_network().to(self._device)
        return network


class VariantOnDevice:
    """The same of a :class:`~models.variants.Variant`."""

    def __init__(self, variant: Variant, device: torch.device) -> None:
        self._variant, self._device = variant, device

    @property
    def tensors(self) -> dict[str, Tensor]:
        return self.reference().tensors

    def reference(self) -> Reference:
        reference = self._variant.reference()
        return reference._replace(tensors=there(reference.tensors, self._device))

    def reference_network(self) -> nn.Module:
        network: nn.Module = self._variant.reference_network().to(self._device)
        return network

    network = reference_network


@pytest.fixture(scope="module")
def rmt(accelerator: torch.device) -> dict[str, Any]:
    return {name: OnDevice(test_rmt.Reference(name), accelerator) for name in test_rmt.NAMES}


@pytest.fixture(scope="module")
def revit(accelerator: torch.device) -> dict[str, Any]:
    names = dict.fromkeys(name for name, _ in test_revit.CASES)
    return {name: OnDevice(test_revit.read(name), accelerator) for name in names}


@pytest.fixture(scope="module")
def remvit(accelerator: torch.device) -> Any:
    return VariantOnDevice(REMVIT, accelerator)


@pytest.fixture(scope="module")
def reswin(accelerator: torch.device) -> Any:
    return VariantOnDevice(RESWIN, accelerator)


@pytest.fixture(scope="module")
def r2aunet(accelerator: torch.device) -> dict[str, Tensor]:
    return there(test_r2aunet.read(), accelerator)


@pytest.fixture
def r2aunet_network(accelerator: torch.device) -> nn.Module:
    return test_r2aunet.build(test_r2aunet.read()).to(accelerator)


@pytest.mark.parametrize("size", ["64x64", "96x64"])
def test_r2aunet_level_by_level(size: str, r2aunet: dict[str, Tensor], r2aunet_network: Any) -> None:
    test_r2aunet.test_every_level_equals_the_reference_in_evaluation(size, r2aunet, r2aunet_network)


def test_r2aunet_learning_in_double_precision(r2aunet: dict[str, Tensor], r2aunet_network: Any) -> None:
    test_r2aunet.test_training_in_double_precision_equals_the_reference(r2aunet, r2aunet_network)


@QUICK_AND_TRACED
@pytest.mark.parametrize(("name", "size"), test_rmt.CASES)
def test_rmt_tensor_by_tensor(name: str, size: str, traced: bool, rmt: dict[str, Any]) -> None:
    """Both ways of attention: ``rmt_tiny`` takes rows and columns apart in three stages, ``rmt_tiny_t`` in
    two."""
    test_rmt.test_every_tensor_equals_the_released_network(name, size, traced, rmt)


@pytest.mark.parametrize(("name", "size"), test_rmt.CASES)
def test_rmt_composed_attention(name: str, size: str, rmt: dict[str, Any]) -> None:
    test_rmt.test_composed_attention_and_the_mean_heat_equal_the_reference(name, size, rmt)


@QUICK_AND_TRACED
@pytest.mark.parametrize(("name", "size"), test_rmt.CASES)
def test_rmt_dense_maps(name: str, size: str, traced: bool, rmt: dict[str, Any]) -> None:
    test_rmt.test_dense_maps_equal_the_released_network(name, size, traced, rmt)


@QUICK_AND_TRACED
@pytest.mark.parametrize(("name", "size"), test_revit.CASES)
def test_revit_tensor_by_tensor(name: str, size: str, traced: bool, revit: dict[str, Any]) -> None:
    test_revit.test_every_tensor_equals_the_reference(name, size, traced, revit)


@pytest.mark.parametrize("training", [False, True])
@QUICK_AND_TRACED
@pytest.mark.parametrize("name", ["revit_tiny", "revit_tiny_cls"])
def test_revit_gradients(name: str, traced: bool, training: bool, revit: dict[str, Any]) -> None:
    test_revit.test_gradients_equal_the_reference(name, traced, training, revit)


@QUICK_AND_TRACED
def test_remvit_tensor_by_tensor(traced: bool, remvit: Any) -> None:
    test_remvit.test_every_tensor_equals_the_reference(traced, remvit)


@QUICK_AND_TRACED
def test_reswin_tensor_by_tensor(traced: bool, reswin: Any) -> None:
    test_reswin.test_every_tensor_equals_the_reference(traced, reswin)


def test_norms_divide_by_the_references_epsilon(
    rmt: dict[str, Any], revit: dict[str, Any], remvit: Any
) -> None:
    for name in rmt:
        test_rmt.test_layer_norms_divide_by_the_released_epsilon(name, rmt)
    for name in revit:
        test_revit.test_the_first_norm_has_the_references_epsilon(name, revit)
    test_remvit.test_the_first_norm_has_the_references_epsilon(remvit)


@pytest.mark.parametrize("name", ["r2aunet", "rmt", "revit", "dhformer"])
def test_shipped_weights_answer_as_on_the_cpu(name: str, accelerator: torch.device) -> None:
    """Also for the dehazing network, of which there is no reference to compare with."""
    network = build(load_weights(assets_folder() / "weights" / f"{name}-factory.safetensors")).eval()
    pixels = torch.from_numpy(render_scene(5, 224, 224).pixels.copy())
    photo = pixels.permute(2, 0, 1)[None].float() / 255.0
    with torch.inference_mode():
        exact = parts(network(photo))
        ours = parts(network.to(accelerator)(photo.to(accelerator)))
    assert ours.keys() == exact.keys()
    for key, value in exact.items():
        assert float((ours[key].cpu() - value).abs().max()) <= 1e-4 * max(1.0, float(value.abs().max())), key


def parts(answer: Any) -> dict[str, Tensor]:
    """What a network answers, by name."""
    if isinstance(answer, Tensor):
        return {"logits": answer}
    named = answer._asdict() if hasattr(answer, "_asdict") else vars(answer)
    return {key: value for key, value in named.items() if isinstance(value, Tensor)}


def half(network: nn.Module, photo: Tensor) -> Tensor:
    """The answer in mixed precision."""
    with torch.inference_mode(), torch.autocast(photo.device.type, torch.bfloat16):
        answer: Tensor = network(photo)
    return answer.float()


def test_bf16_r2aunet_draws_the_same_mask(r2aunet: dict[str, Tensor], r2aunet_network: nn.Module) -> None:
    exact = r2aunet["eval_64x64.logits"]
    quick = half(r2aunet_network.eval(), r2aunet["eval_64x64.input"])
    assert bool(torch.isfinite(quick).all())
    assert float(((quick > 0) == (exact > 0)).float().mean()) >= BF16_SAME_SIDE
    assert float((quick - exact).abs().max()) <= BF16_TOLERANCE * float(exact.abs().max())


@pytest.mark.parametrize(
    ("family", "name", "size"),
    [
        *(("rmt", name, size) for name, size in test_rmt.CASES),
        *(("revit", name, size) for name, size in test_revit.CASES),
        ("remvit", "", "64x64"),
        ("reswin", "", "64x64"),
    ],
)
def test_bf16_names_the_same_class(family: str, name: str, size: str, request: pytest.FixtureRequest) -> None:
    """But for classes that are closer to each other than the tolerance."""
    found = request.getfixturevalue(family)
    reference = found[name] if name else found
    network: Callable[..., nn.Module] = reference.network
    exact = reference.tensors[f"out.{size}.logits"]
    quick = half(network(size) if family == "revit" else network(), reference.tensors[f"in.{size}"])
    allowed = BF16_TOLERANCE * float(exact.abs().max())
    assert bool(torch.isfinite(quick).all())
    assert float((quick - exact).abs().max()) <= allowed
    best, second = exact.topk(2, dim=1).values.unbind(dim=1)
    clear = best - second > 2 * allowed
    assert torch.equal(quick.argmax(dim=1)[clear], exact.argmax(dim=1)[clear])
