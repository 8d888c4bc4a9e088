"""Hazy photo to clear photo: for viewing and, where chosen, for segmenting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resatt_studio.errors import ExportError
from resatt_studio.export.names import unique_stems
from resatt_studio.imaging.photo_writing import suffix_for, write_photo
from resatt_studio.records.dehazing import Dehazing
from resatt_studio.records.jobs import JobProgress
from resatt_studio.records.photo import Photo
from resatt_studio.records.weights import WeightsFile, WeightsState
from resatt_studio.workflow.counting import counted
from resatt_studio.workflow.jobs import Job, progress
from resatt_studio.workflow.sources import Refused, choose_photos, each_photo
from resatt_studio.workflow.weights import factory_path, load_file

if TYPE_CHECKING:
    from resatt_studio.inference.dehazer import Dehazer
    from resatt_studio.inference.device import Threads
    from resatt_studio.workflow.project import Project

DEHAZE_MODEL = "dhformer"


def dehaze_weights(file: Path | None = None) -> WeightsFile:
    """Load the weights of a file, or DHFormer's factory weights; loads torch.

    Raises:
        WeightsError: The file is missing or damaged, or there are no factory weights.
    """
    return load_file(factory_path(DEHAZE_MODEL) if file is None else file)


def make_dehazer(
    weights: WeightsFile | None = None,
    device: str = "auto",
    threads: Threads = None,
    engine_path: str = "auto",
) -> Dehazer:
    """Make a dehazer; this is what loads torch.

    Args:
        weights: None for the factory's.
        device: "auto", "cpu", "cuda" or "mps".
        threads: CPU threads, or a function asked before each tile.
        engine_path: How the network is run: "auto", "plain", "folded" or "fused".

    Raises:
        SettingsError: The device is unknown or not there, or the engine path is unknown.
        WeightsError: The weights are of another network or do not fit it, or there are no factory weights.
    """
    from resatt_studio.inference.dehazer import Dehazer

    dehazer = Dehazer(device=device, threads=threads, path=engine_path)
    dehazer.use(dehaze_weights() if weights is None else weights)
    return dehazer


def project_dehazer(project: Project, device: str = "auto", threads: Threads = None) -> Dehazer:
    """Make a dehazer of the project's active weights, or of the factory's where it has none.

    Raises:
        WeightsError: There are no weights, or they do not fit.
    """
    active = next((v for v in project.shelf.versions(DEHAZE_MODEL) if v.state is WeightsState.ACTIVE), None)
    weights = None if active is None else project.shelf.load(active.weights_id)
    return make_dehazer(weights, device, threads)


def dehaze_photo(dehazer: Dehazer, photo: Photo, report: JobProgress | None = None) -> Job[Dehazing]:
    """Clear one photo, hazy or not, and keep the answer nowhere.

    Args:
        dehazer: With weights in use.
        photo: Of any size.
        report: Said after every batch of tiles; None to tell the tiles themselves.

    Raises:
        OutOfMemory: Even one tile on the CPU does not fit.
    """
    return (yield from counted(dehazer.dehaze(photo), "tiles", report))


@dataclass(frozen=True, slots=True)
class DehazedFile:
    """One photo of :func:`dehaze_files`.

    Attributes:
        photo: The photo.
        out: The dehazed photo's file.
        haze: Estimate of the photo's haze, in [0, 1].
        seconds: Of the network.
    """

    photo: Path
    out: Path
    haze: float
    seconds: float


@dataclass(frozen=True, slots=True)
class DehazedFiles:
    """What :func:`dehaze_files` did."""

    weights_id: str
    device: str
    photos: tuple[DehazedFile, ...]
    refused: tuple[Refused, ...]

    def as_json(self) -> dict[str, Any]:
        """What ``dehaze --json`` writes."""
        return {
            "weights": self.weights_id,
            "device": self.device,
            "photos": [
                {"photo": str(row.photo), "out": str(row.out), "haze": row.haze, "seconds": row.seconds}
                for row in self.photos
            ],
            "refused": [row.as_json() for row in self.refused],
        }


def dehaze_files(
    weights: WeightsFile,
    sources: Sequence[Path],
    out: Path,
    *,
    device: str = "auto",
    threads: Threads = None,
    engine_path: str = "auto",
) -> Job[DehazedFiles]:
    """Write every photo without its haze, at the size of the upright photo.

    JPEG and PNG keep their file name and format (JPEG at quality 95); others become PNG of the same stem.
    Photos that would get the same name get as much of their folders' names in front as tells them apart. A
    photo that cannot be read is told in the outcome and the rest goes on.

    Args:
        weights: To dehaze with.
        sources: Photos and folders.
        out: Folder to write into, none of the photos' own; made when missing.
        device: "auto", "cpu", "cuda" or "mps".
        threads: CPU threads, or None for all cores.
        engine_path: How networks are run: "auto", "plain", "folded" or "fused".

    Raises:
        PhotoError: A source does not exist, no photo was found, or none of them can be read.
        ExportError: A photo lies in ``out``, or the folder cannot be written.
        WeightsError: The weights do not fit.
        SettingsError: The device is unknown or not there.
    """
    paths, _ = choose_photos(sources)
    refuse_own_folder(paths, out)
    names = out_names(paths)
    yield progress(0, len(paths), "photos", paths[0].name)
    dehazer = make_dehazer(weights, device, threads, engine_path)

    def clear(path: Path, photo: Photo, report: JobProgress) -> Job[DehazedFile]:
        dehazing = yield from dehaze_photo(dehazer, photo, report)
        target = out / names[path]
        write_photo(target, dehazing.pixels)
        return DehazedFile(path, target, dehazing.haze, dehazing.seconds)

    rows, refused = yield from each_photo(paths, clear)
    return DehazedFiles(dehazer.weights_id, dehazer.device_name, rows, refused)


def refuse_own_folder(photos: Sequence[Path], out: Path) -> None:
    """Refuse to write into a folder that one of the photos lies in.

    Raises:
        ExportError: One does.
    """
    target = out.resolve()
    for photo in photos:
        folders = (photo.resolve().parent, photo.absolute().parent.resolve())
        if any(folder == target or _same_folder(folder, target) for folder in folders):
            raise ExportError(
                f"{out} is the folder of {photo.name}, and photos are never overwritten.",
                "Choose a folder outside of the photos.",
            )


def _same_folder(one: Path, other: Path) -> bool:
    """Whether both are one folder on the disk, as "Photos" and "photos" are where case is not told apart."""
    try:
        return one.samefile(other)
    except OSError:
        return False


def out_names(photos: Sequence[Path]) -> Mapping[Path, str]:
    """File names of the dehazed photos, each once in any case; see :func:`dehaze_files`."""
    by_suffix: dict[str, list[Path]] = {}
    for photo in photos:
        by_suffix.setdefault(suffix_for(photo).lower(), []).append(photo)
    return {
        photo: stem + suffix_for(photo)
        for group in by_suffix.values()
        for photo, stem in unique_stems(group).items()
    }
