"""The three networks beside the segmenter: made, used and known on the network's thread alone.

This is the one place where the window meets ``workflow.label``, ``workflow.dehaze`` and ``workflow.heatmap``.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from resatt_studio.errors import WeightsError
from resatt_studio.records.dehazing import Dehazing
from resatt_studio.records.heat import Heat, HeatQuestion, HeatStage
from resatt_studio.records.labelling import Labelling
from resatt_studio.records.photo import Photo
from resatt_studio.records.prediction import Prediction
from resatt_studio.records.weights import WeightsFile, WeightsState, WeightsVersion
from resatt_studio.words import mark, tr
from resatt_studio.workflow.courtesy import Courtesy
from resatt_studio.workflow.jobs import Job, progress
from resatt_studio.workflow.lineage import title

if TYPE_CHECKING:
    from resatt_studio.workflow.photo_input import Clearing
    from resatt_studio.workflow.project import Project

TITLES = {"rmt": "RMT", "revit": "ReViT", "dhformer": "DHFormer-style"}
"""What the networks are called, by registry name."""

LABEL_MODELS = ("rmt", "revit")
DEHAZE_MODEL = "dhformer"
FACTORY = mark("factory")

KEPT_LABELLINGS = 500
KEPT_DEHAZED_PIXELS = 60_000_000
"""Answers that are kept for photos that are opened again; a dehazing takes seven bytes a pixel."""

A = TypeVar("A", Labelling, Dehazing, Heat, Prediction, tuple[Prediction, Prediction])


@dataclass(frozen=True, eq=False)
class Told(Generic[A]):
    """What a network said.

    Attributes:
        answer: Its answer.
        weights: Name of the weights that gave it, such as "factory" or "v3".
        stages: What its attention can be asked for; empty for other networks.
    """

    answer: A
    weights: str
    stages: tuple[HeatStage, ...] = ()


@dataclass(frozen=True, slots=True)
class _Made:
    """Something made of weights for a device, such as a labeller."""

    weights_id: str
    device: str
    what: Any


class OtherNetworks:
    """Answers about photos as jobs, with the project's active weights, or the factory's where it has none.

    Args:
        courtesy: Says how many threads a look may take.
        device: Gives "auto", "cpu", "cuda" or "mps" when asked.
        engine_path: How networks are run: "auto", "plain", "folded" or "fused".
    """

    def __init__(self, courtesy: Courtesy, device: Callable[[], str], engine_path: str = "auto") -> None:
        self._courtesy = courtesy
        self._engine_path = engine_path
        self._device = device
        self._made: dict[str, _Made] = {}
        self._factory: dict[str, WeightsFile] = {}
        self._own: dict[str, WeightsFile] = {}
        self._labellings: OrderedDict[tuple[str, str], Labelling] = OrderedDict()
        self._dehazings: OrderedDict[tuple[str, str], Dehazing] = OrderedDict()

    def label(self, project: Project, photo: Photo, model: str) -> Job[Told[Labelling]]:
        """Ask a label network what cracks a photo shows."""
        yield progress(0, 0, message=mark("Waking {network}").format(network=TITLES[model]))
        from resatt_studio.workflow.label import label_photo, make_labeller

        weights, name = self._weights(project, model)
        make = partial(make_labeller, engine_path=self._engine_path)
        labeller = self._ready("label", weights, make)
        place = (photo.photo_id, weights.weights_id)
        if place not in self._labellings:
            self._labellings[place] = yield from label_photo(labeller, photo)
            _forget_oldest(self._labellings, KEPT_LABELLINGS, lambda labelling: 1)
        return Told(self._labellings[place], name)

    def dehaze(self, project: Project, photo: Photo) -> Job[Told[Dehazing]]:
        """Take the haze out of a photo."""
        yield progress(0, 0, message=mark("Waking the network"))
        from resatt_studio.workflow.dehaze import dehaze_photo, make_dehazer

        weights, name = self._weights(project, DEHAZE_MODEL)
        make = partial(make_dehazer, engine_path=self._engine_path)
        dehazer = self._ready("dehaze", weights, make)
        place = (photo.photo_id, weights.weights_id)
        if place not in self._dehazings:
            self._dehazings[place] = yield from dehaze_photo(dehazer, photo)
            _forget_oldest(self._dehazings, KEPT_DEHAZED_PIXELS, _dehazed_pixels)
        return Told(self._dehazings[place], name)

    def let_dehazings_go(self, looking: bool) -> None:
        """A photo was left: keep nothing, or while somebody looks at dehazed photos, what the budget holds.

        The newest answer, which may be larger than the budget by itself, is needed no longer either.
        """
        most = KEPT_DEHAZED_PIXELS if looking else 0
        _forget_oldest(self._dehazings, most, _dehazed_pixels, least=0)

    def clearing(self, project: Project) -> Clearing:
        """Who takes the haze out of photos for the crack network: :meth:`dehaze`, which remembers them."""
        from resatt_studio.workflow.photo_input import Clearing

        def dehaze(photo: Photo) -> Job[Dehazing]:
            return (yield from self.dehaze(project, photo)).answer

        return Clearing(lambda: self._weights(project, DEHAZE_MODEL)[0].weights_id, dehaze)

    def heat(self, project: Project, photo: Photo, question: HeatQuestion) -> Job[Told[Heat]]:
        """Ask a label network what it attends to in a photo."""
        yield progress(0, 0, message=mark("Waking {network}").format(network=TITLES[question.model]))
        from resatt_studio.workflow.heatmap import heat_of_photo, make_heat_reader

        weights, name = self._weights(project, question.model)

        def make(weights: WeightsFile, device: str, threads: Any) -> Any:
            return make_heat_reader(question.model, weights, device, threads)

        reader = self._ready("heat", weights, make)
        heat = yield from heat_of_photo(reader, photo, question)
        return Told(heat, name, reader.stages)

    def _ready(self, task: str, weights: WeightsFile, make: Callable[[WeightsFile, str, Any], Any]) -> Any:
        """What answers for a task with these weights; the last one of each network is kept."""
        place, device = f"{task} {weights.model}", self._device()
        known = self._made.get(place)
        if known is None or (known.weights_id, known.device) != (weights.weights_id, device):
            what = make(weights, device, self._courtesy.threads_now)
            known = self._made[place] = _Made(weights.weights_id, device, what)
        return known.what

    def _weights(self, project: Project, model: str) -> tuple[WeightsFile, str]:
        """The weights to ask, and what they are called; a file is read once."""
        active = next((v for v in project.shelf.versions(model) if v.state is WeightsState.ACTIVE), None)
        if active is None:
            if model not in self._factory:
                self._factory[model] = factory_weights(model)
            return self._factory[model], tr(FACTORY)
        if model not in self._own or self._own[model].weights_id != active.weights_id:
            self._own[model] = project.shelf.load(active.weights_id)
        return self._own[model], active.name or f"v{active.number}"


def version_title(version: WeightsVersion) -> str:
    """How a version is called for people, in the language in force: "v3", "v1 factory"."""
    return title(replace(version, name=tr(FACTORY)) if version.name == FACTORY else version)


def factory_weights(model: str) -> WeightsFile:
    """Weights that came with the app; loads torch.

    Raises:
        WeightsError: This installation has none for that network, or they are damaged.
    """
    from resatt_studio.workflow.weights import factory_path, load_file

    try:
        path = factory_path(model)
    except WeightsError as error:
        raise WeightsError(
            error.message,
            mark("Install ResAtt Studio again, or import weights of your own in the Learning panel."),
        ) from error
    return load_file(path)


def _dehazed_pixels(dehazing: Dehazing) -> int:
    return int(dehazing.transmission_8bit.size)


def _forget_oldest(
    kept: OrderedDict[tuple[str, str], A], most: int, cost: Callable[[A], int], least: int = 1
) -> None:
    """Let go of the oldest answers until the rest costs no more than ``most``; the newest ``least`` stay."""
    while len(kept) > least and sum(map(cost, kept.values())) > most:
        kept.popitem(last=False)
