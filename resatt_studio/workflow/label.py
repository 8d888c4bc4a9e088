"""Photo to labels: what RMT and ReViT call the cracks in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resatt_studio.errors import WeightsError
from resatt_studio.models.registry import model_entry
from resatt_studio.records.jobs import JobProgress
from resatt_studio.records.labelling import Labelling
from resatt_studio.records.labels import CRACK_TYPES
from resatt_studio.records.photo import Photo
from resatt_studio.records.weights import WeightsFile
from resatt_studio.workflow.counting import counted
from resatt_studio.workflow.jobs import Job, progress
from resatt_studio.workflow.sources import Refused, choose_photos, each_photo
from resatt_studio.workflow.weights import factory_path, load_file

if TYPE_CHECKING:
    from resatt_studio.inference.device import Threads
    from resatt_studio.inference.labeller import Labeller

LABEL_MODELS = ("rmt", "revit")
"""The networks that label, by registry name."""


def label_weights(
    models: Sequence[str] = LABEL_MODELS, files: Sequence[Path] = ()
) -> Mapping[str, WeightsFile]:
    """Load the weights to label with; loads torch.

    Args:
        models: Networks to ask, of :data:`LABEL_MODELS`.
        files: Weights files, each for the network that it says it is of; the factory's for the others.

    Returns:
        Weights by network, in the order of ``models``.

    Raises:
        WeightsError: A file is missing, damaged, of a network that is not asked or of the network of another
            file, or there are no factory weights.
    """
    given: dict[str, WeightsFile] = {}
    for path in files:
        weights = load_file(path)
        entry = model_entry(weights.model)
        if entry.name not in models:
            titles = " or ".join(model_entry(model).title for model in models)
            raise WeightsError(f"{path} holds weights of {entry.title}.", f"Give weights of {titles}.")
        if entry.name in given:
            raise WeightsError(f"Two of the weights files are of {entry.title}.", "Give one of them.")
        given[entry.name] = weights
    return {model: given.get(model) or load_file(factory_path(model)) for model in models}


def make_labeller(
    weights: WeightsFile, device: str = "auto", threads: Threads = None, engine_path: str = "auto"
) -> Labeller:
    """Make a labeller of one network; this is what loads torch.

    Args:
        weights: Of RMT or ReViT; see :func:`label_weights`.
        device: "auto", "cpu", "cuda" or "mps".
        threads: CPU threads, or a function asked before each look.
        engine_path: How the network is run: "auto", "plain", "folded" or "fused".

    Raises:
        SettingsError: The device is unknown or not there, or the engine path is unknown.
        WeightsError: The weights are of another network, of other classes, or do not fit their network.
    """
    from resatt_studio.inference.labeller import Labeller

    labeller = Labeller(device=device, threads=threads, path=engine_path)
    labeller.use(weights)
    return labeller


def label_photo(labeller: Labeller, photo: Photo, report: JobProgress | None = None) -> Job[Labelling]:
    """Label one photo and keep the answer nowhere.

    Args:
        labeller: With weights in use.
        photo: Of any size.
        report: Said after every batch of looks; None to tell the looks themselves.

    Raises:
        OutOfMemory: Even one look on the CPU does not fit.
    """
    return (yield from counted(labeller.label(photo), "views", report))


@dataclass(frozen=True, slots=True)
class LabelledFile:
    """One photo of :func:`label_files`.

    Attributes:
        photo: The photo.
        labellings: One a network, in the order that was asked.
    """

    photo: Path
    labellings: tuple[Labelling, ...]

    @property
    def agree(self) -> bool | None:
        """Whether all networks name the same type; None when only one was asked."""
        if len(self.labellings) < 2:
            return None
        return len({labelling.label for labelling in self.labellings}) == 1

    def as_json(self) -> dict[str, Any]:
        """A row of ``label --json``."""
        row: dict[str, Any] = {"photo": str(self.photo)}
        for labelling in self.labellings:
            named = zip(CRACK_TYPES, labelling.probabilities, strict=True)
            row[labelling.model] = {
                "label": labelling.label.value,
                "probabilities": {kind.value: probability for kind, probability in named},
            }
        return row | {"agree": self.agree}


@dataclass(frozen=True, slots=True)
class LabelledFiles:
    """What :func:`label_files` did.

    Attributes:
        weights: Weights ids by network.
        device: Where the networks ran.
    """

    weights: Mapping[str, str]
    device: str
    photos: tuple[LabelledFile, ...]
    refused: tuple[Refused, ...]

    def as_json(self) -> dict[str, Any]:
        """What ``label --json`` writes."""
        return {
            "weights": dict(self.weights),
            "device": self.device,
            "photos": [row.as_json() for row in self.photos],
            "refused": [row.as_json() for row in self.refused],
        }


def label_files(
    weights: Mapping[str, WeightsFile],
    sources: Sequence[Path],
    *,
    device: str = "auto",
    threads: Threads = None,
    engine_path: str = "auto",
) -> Job[LabelledFiles]:
    """Ask every network about every photo.

    A photo that cannot be read is told in the outcome and the rest goes on.

    Args:
        weights: By network; see :func:`label_weights`.
        sources: Photos and folders.
        device: "auto", "cpu", "cuda" or "mps".
        threads: CPU threads, or None for all cores.
        engine_path: How networks are run: "auto", "plain", "folded" or "fused".

    Raises:
        PhotoError: A source does not exist, no photo was found, or none of them can be read.
        WeightsError: Weights do not fit.
        SettingsError: The device is unknown or not there.
    """
    paths, _ = choose_photos(sources)
    yield progress(0, len(paths), "photos", paths[0].name)
    labellers = [make_labeller(one, device, threads, engine_path) for one in weights.values()]

    def ask(path: Path, photo: Photo, report: JobProgress) -> Job[LabelledFile]:
        answers = []
        for labeller in labellers:
            answers.append((yield from label_photo(labeller, photo, report)))
        return LabelledFile(path, tuple(answers))

    rows, refused = yield from each_photo(paths, ask)
    ids = {labeller.model: labeller.weights_id for labeller in labellers}
    return LabelledFiles(ids, labellers[0].device_name, rows, refused)
