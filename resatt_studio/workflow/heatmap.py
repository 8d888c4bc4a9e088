"""What a label network attends to in a photo: as a map, or straight to a picture in a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resatt_studio.errors import ExportError, WeightsError
from resatt_studio.imaging.files import read_photo
from resatt_studio.imaging.heat_picture import write_picture
from resatt_studio.models.registry import model_entry
from resatt_studio.records.heat import HEAT_KINDS, Heat, HeatKind, HeatQuestion
from resatt_studio.records.labels import CRACK_TYPES
from resatt_studio.records.photo import Photo
from resatt_studio.records.weights import WeightsFile
from resatt_studio.workflow.jobs import Job, progress
from resatt_studio.workflow.predict import Threads
from resatt_studio.workflow.sources import refuse_photos
from resatt_studio.workflow.weights import factory_path, load_file

if TYPE_CHECKING:
    from resatt_studio.inference.heatmap import HeatReader

SHORT_ID = 8
"""Characters of a weights id that a caption shows."""

_TITLES = {
    HeatKind.RECEIVED: "attention received",
    HeatKind.POINT: "attention of one point",
    HeatKind.POINT_WITHOUT_PRIOR: "attention of one point, divided by the decay with distance",
    HeatKind.ROLLOUT: "attention rollout",
    HeatKind.OWN: "attention without what is inherited",
    HeatKind.GRADIENT: "class gradient (Grad-CAM)",
}


def make_heat_reader(
    model: str, weights: WeightsFile | None = None, device: str = "auto", threads: Threads = None
) -> HeatReader:
    """Make a reader of a network's attention; this is what loads torch.

    Args:
        model: "rmt" or "revit".
        weights: Of this network; None for the factory's.
        device: "auto", "cpu", "cuda" or "mps".
        threads: CPU threads, or a function asked before each look.

    Raises:
        SettingsError: The device is unknown or not there.
        WeightsError: The network has no attention to ask, or the weights are of another one or do not fit it.
    """
    _check_model(model)
    from resatt_studio.inference.heatmap import HeatReader

    chosen = load_file(factory_path(model)) if weights is None else weights
    if chosen.model != model:
        raise WeightsError(
            f"These weights are of {model_entry(chosen.model).title}, not of {model_entry(model).title}.",
            "Choose other weights, or ask the network that they are of.",
        )
    return HeatReader(chosen, device, threads)


def heat_of_photo(reader: HeatReader, photo: Photo, question: HeatQuestion) -> Job[Heat]:
    """Ask one question about one photo; the look itself is one step.

    Raises:
        PhotoError: The point is outside the photo.
        SettingsError: The network cannot answer such a question.
        WeightsError: The question is for another network.
        OutOfMemory: The attention would not fit.
    """
    yield progress(0, 1, "maps", _TITLES[question.kind])
    heat = reader.answer(photo, question)
    yield progress(1, 1, "maps", _TITLES[question.kind])
    return heat


@dataclass(frozen=True, slots=True)
class HeatFile:
    """What :func:`heat_to_file` wrote.

    Attributes:
        photo: The photo's file.
        picture: The picture's file.
        heat: The map.
    """

    photo: Path
    picture: Path
    heat: Heat

    def as_json(self) -> dict[str, Any]:
        """The summary that ``heatmap --json`` writes; stage, block and head count from 1, pixels from 0."""
        heat, asked = self.heat, self.heat.question
        row, column = heat.peak
        return {
            "photo": str(self.photo),
            "picture": str(self.picture),
            "width": heat.width,
            "height": heat.height,
            "model": asked.model,
            "weights": heat.weights_id,
            "kind": asked.kind.value,
            "stage": _from_one(asked.stage),
            "block": _from_one(asked.block),
            "head": _from_one(asked.head),
            "point": None if asked.point is None else {"x": asked.point[1], "y": asked.point[0]},
            "label": None if asked.label is None else label_name(asked.label),
            "peak": {"x": column, "y": row},
            "cell": {"width": heat.cells[1], "height": heat.cells[0]},
            "grid": heat.grid.tolist(),
            "seconds": heat.seconds,
            "device": heat.device,
        }


def heat_to_file(
    source: Path,
    question: HeatQuestion,
    out: Path,
    *,
    weights: Path | None = None,
    device: str = "auto",
    threads: Threads = None,
) -> Job[HeatFile]:
    """Ask one question about one photo and write the answer as a picture.

    Args:
        source: The photo.
        question: What to ask.
        out: PNG file to write; missing folders are made.
        weights: Weights file; None for the network's factory weights.
        device: "auto", "cpu", "cuda" or "mps".
        threads: CPU threads, or None for all cores.

    Raises:
        PhotoError: The photo cannot be read, or the point is outside it.
        SettingsError: The network cannot answer such a question, or the device is not there.
        WeightsError: The weights are missing, damaged or of another network.
        OutOfMemory: The attention would not fit.
        ExportError: ``out`` is the photo's file or has another ending, or it cannot be written.
    """
    _refuse_target(out, source)
    _check_model(question.model)
    yield progress(0, 3, "steps", source.name)
    photo = read_photo(source)
    yield progress(1, 3, "steps", "weights")
    chosen = None if weights is None else load_file(weights)
    reader = make_heat_reader(question.model, chosen, device, threads)
    heat = yield from heat_of_photo(reader, photo, question)
    yield progress(2, 3, "steps", out.name)
    write_heat(out, source, photo, heat)
    return HeatFile(source, out, heat)


def write_heat(out: Path, source: Path, photo: Photo, heat: Heat) -> None:
    """Write a map over its photo as PNG, with colour bar and caption.

    Args:
        out: PNG file to write; missing folders are made.
        source: The photo's own file, which is never written to.
        photo: The photo.
        heat: Of this photo.

    Raises:
        ExportError: ``out`` is the photo's file or has another ending, or it cannot be written.
    """
    _refuse_target(out, source)
    write_picture(out, photo.pixels, heat, describe(heat))


def describe(heat: Heat) -> str:
    """Caption of a map in two lines: what is shown, and what was asked of which weights."""
    asked = heat.question
    facts = [] if asked.model == "revit" else [f"stage {_from_one(asked.stage)}"]
    facts.append(f"block {_from_one(asked.block)}")
    if asked.kind not in (HeatKind.ROLLOUT, HeatKind.GRADIENT):
        facts.append("mean over heads" if asked.head is None else f"head {asked.head + 1}")
    if asked.label is not None:
        facts.append(f"class {label_name(asked.label)}")
    if asked.point is not None:
        facts.append(f"point {asked.point[1]},{asked.point[0]}")
    if asked.tile_px is not None:
        facts.append(f"columns {heat.box.left} to {heat.box.right - 1}")
        facts.append(f"rows {heat.box.top} to {heat.box.bottom - 1}")
    facts.append(f"weights {heat.weights_id[:SHORT_ID]}")
    return f"{model_entry(asked.model).title}: {_TITLES[asked.kind]}\n{', '.join(facts)}"


def label_name(label: int) -> str:
    """Name of a class by its place in ``CRACK_TYPES``; its number, from 1, beyond those."""
    return CRACK_TYPES[label].value if label < len(CRACK_TYPES) else str(label + 1)


def _refuse_target(out: Path, source: Path) -> None:
    if out.suffix.casefold() != ".png":
        raise ExportError(f"{out} is no name for a picture.", "Give a name that ends in .png.")
    refuse_photos([out], [source])


def _check_model(model: str) -> None:
    if model not in HEAT_KINDS:
        raise WeightsError(f"{model} has no attention to ask.", f"Choose {' or '.join(HEAT_KINDS)}.")


def _from_one(index: int | None) -> int | None:
    return None if index is None else index + 1
