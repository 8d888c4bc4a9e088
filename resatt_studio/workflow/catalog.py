"""What can be chosen: networks and export formats, read from their tables; loads nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping

from resatt_studio.export.registry import EXPORTERS, Exporter
from resatt_studio.models.registry import MODELS, ModelEntry


def models() -> Mapping[str, ModelEntry]:
    """Networks by name."""
    return MODELS


def exporters() -> Mapping[str, Exporter]:
    """Export formats by name."""
    return EXPORTERS
