"""Table of the exporters: what each is called, what it takes, where its writer is; listing loads none."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any

from resatt_studio.errors import BugError, ExportError
from resatt_studio.export.items import Exported, ExportItem, HugeItem, WeightsItem


class Subject(StrEnum):
    """What one call of an exporter is about."""

    PHOTO = "photo"
    WEIGHTS = "weights"


@dataclass(frozen=True, slots=True)
class Exporter:
    """One export format.

    Attributes:
        name: Key of the table, also on the command line.
        title: Shown to people.
        subject: Whether it takes an :class:`ExportItem` or a :class:`WeightsItem`.
        suffix: Behind the stem of the photo or of the weights.
        writer: Dotted name, ``module:function``, of ``(item, out) -> list[Path]``; the first path is the
            export itself, others lie beside it.
        checker: Dotted name of ``(item, paths) -> str``: reads the files again, raises ``ExportError`` when
            they are not what was meant, and says in a few words what is in them.
        aliases: Further names it answers to.
        shows_prediction: Whether the network's answer is part of it; photos are then predicted first.
        shows_probability: Whether the answer itself is written, and not only a mask made of it; labels of
            every pixel then do not stand for it.
        huge_writer: Dotted name of ``(item, out) -> Writing`` for a :class:`HugeItem`: writes and checks some
            rows at a time. "" where photos that are too large to be held whole cannot have it.
    """

    name: str
    title: str
    subject: Subject
    suffix: str
    writer: str
    checker: str
    aliases: tuple[str, ...] = ()
    shows_prediction: bool = True
    shows_probability: bool = False
    huge_writer: str = ""

    def export_huge(self, item: HugeItem, out: Path) -> Generator[tuple[int, int], None, Exported]:
        """As :meth:`export`, of a photo that is too large to be held whole, step by step.

        Yields:
            Rows done of all, first while writing and again while comparing. Closing it leaves no half file.

        Raises:
            ExportError: As :meth:`export`, or the format is none for such photos.
        """
        if not self.huge_writer:
            raise ExportError(
                f"“{item.facts.path.name}” is too large for the format {self.name}.", "Choose another format."
            )
        exported: Exported = yield from _resolve(self.huge_writer)(item, out)
        return exported

    def export(self, item: ExportItem | WeightsItem, out: Path) -> Exported:
        """Write the files of one item, then read them again.

        Args:
            item: What ``subject`` says.
            out: Folder; made when missing.

        Raises:
            ExportError: The item lacks what the format needs, a file cannot be written, or it does not hold
                what was meant when it is read again.
        """
        wanted = ExportItem if self.subject is Subject.PHOTO else WeightsItem
        if not isinstance(item, wanted):
            raise BugError(f"exporter {self.name} takes a {wanted.__name__}, not a {type(item).__name__}")
        paths = tuple(_resolve(self.writer)(item, out))
        return Exported(paths, f"validated: {_resolve(self.checker)(item, paths)}")


EXPORTERS: Mapping[str, Exporter] = MappingProxyType(
    {
        exporter.name: exporter
        for exporter in (
            Exporter(
                name="mask",
                title="Crack masks (PNG, 0 and 255)",
                subject=Subject.PHOTO,
                suffix=".mask.png",
                writer="resatt_studio.export.masks:write_mask",
                checker="resatt_studio.export.masks:check_mask",
                aliases=("masks-binary",),
                huge_writer="resatt_studio.export.huge:write_mask",
            ),
            Exporter(
                name="mask-tiff",
                title="Crack masks (tiled TIFF, 0 and 255)",
                subject=Subject.PHOTO,
                suffix=".mask.tif",
                writer="resatt_studio.export.huge:write_whole_mask_tiff",
                checker="resatt_studio.export.masks:check_mask",
                huge_writer="resatt_studio.export.huge:write_mask_tiff",
            ),
            Exporter(
                name="tristate",
                title="Corrections (indexed PNG: 0 unsaid, 1 crack, 2 not crack)",
                subject=Subject.PHOTO,
                suffix=".tristate.png",
                writer="resatt_studio.export.masks:write_tristate",
                checker="resatt_studio.export.masks:check_tristate",
                aliases=("masks-tristate",),
                shows_prediction=False,
                huge_writer="resatt_studio.export.huge:write_tristate",
            ),
            Exporter(
                name="probability",
                title="Crack probability (16-bit PNG)",
                subject=Subject.PHOTO,
                suffix=".probability.png",
                writer="resatt_studio.export.probability:write_probability",
                checker="resatt_studio.export.probability:check_probability",
                aliases=("probability-16bit",),
                shows_probability=True,
                huge_writer="resatt_studio.export.huge:write_probability",
            ),
            Exporter(
                name="polygons",
                title="Crack outlines (GeoJSON, in pixels)",
                subject=Subject.PHOTO,
                suffix=".cracks.geojson",
                writer="resatt_studio.export.cracks:write_whole_polygons",
                checker="resatt_studio.export.cracks:count_features",
                huge_writer="resatt_studio.export.cracks:write_polygons",
            ),
            Exporter(
                name="measures",
                title="Crack measures (CSV: length, width, area)",
                subject=Subject.PHOTO,
                suffix=".cracks.csv",
                writer="resatt_studio.export.cracks:write_whole_measures",
                checker="resatt_studio.export.cracks:count_lines",
                huge_writer="resatt_studio.export.cracks:write_measures",
            ),
            Exporter(
                name="weights",
                title="Weights (safetensors) with their card",
                subject=Subject.WEIGHTS,
                suffix=".safetensors",
                writer="resatt_studio.export.weights:write_weights",
                checker="resatt_studio.export.weights:check_weights",
                shows_prediction=False,
            ),
        )
    }
)
"""The exporters by name; a new one is a file and a line here."""


def find_exporter(name: str) -> Exporter:
    """Look a format up by name or alias.

    Raises:
        ExportError: There is none of that name.
    """
    for exporter in EXPORTERS.values():
        if name == exporter.name or name in exporter.aliases:
            return exporter
    raise ExportError(f"There is no export format “{name}”.", f"Choose one of: {', '.join(EXPORTERS)}.")


def _resolve(dotted: str) -> Callable[..., Any]:
    module, _, function = dotted.partition(":")
    found: Callable[..., Any] = getattr(import_module(module), function)
    return found
