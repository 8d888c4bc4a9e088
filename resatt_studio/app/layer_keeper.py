"""Keeps how layers and photo are shown from one start to the next: eyes, opacities, colours, tone."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, Protocol

from PySide6.QtCore import QObject, QTimer

from resatt_studio.app.canvas.layers import DEFAULT_LAYERS, Layer
from resatt_studio.app.canvas.tone import Tone, valid_tone
from resatt_studio.app.tool_options import REMEMBER_MS
from resatt_studio.app.view_state import ViewState
from resatt_studio.imaging.colour import COLOUR_MAPS

KEY = "layers"
_COLOUR = re.compile(r"#[0-9a-f]{6}", re.IGNORECASE)


class State(Protocol):
    """What of ``QSettings`` is needed."""

    def value(self, key: str, default: Any = None) -> Any: ...

    def setValue(self, key: str, value: Any) -> None: ...


class LayerKeeper(QObject):
    """Reads what was kept at once, and writes once nothing changed for a moment.

    Args:
        view: How layers are shown.
        state: Where it is kept, per person and machine.
    """

    def __init__(self, view: ViewState, state: State, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._view = view
        self._state = state
        layers, tone = read(str(state.value(KEY, "")))
        view.recall_layers(layers)
        view.set_tone(tone)
        self._written = written(view.lasting_layers, view.tone)
        self._timer = QTimer(self, interval=REMEMBER_MS, singleShot=True)
        self._timer.timeout.connect(self.flush)
        view.layer_changed.connect(lambda _: self._timer.start())
        view.tone_changed.connect(lambda _: self._timer.start())

    def flush(self) -> None:
        """Write now what is not written yet."""
        self._timer.stop()
        text = written(self._view.lasting_layers, self._view.tone)
        if text != self._written:
            self._written = text
            self._state.setValue(KEY, text)


def written(layers: Iterable[Layer], tone: Tone) -> str:
    """What is not as at first, as JSON; a window belongs to its photo and is kept elsewhere."""
    usual = {layer.name: asdict(layer) for layer in DEFAULT_LAYERS}
    kept: dict[str, dict[str, Any]] = {}
    for layer in layers:
        own = {key: value for key, value in asdict(layer).items() if value != usual[layer.name][key]}
        if own:
            kept[layer.name] = own
    if tone.brightness or tone.contrast:
        kept["tone"] = {"brightness": tone.brightness, "contrast": tone.contrast}
    return json.dumps(kept, separators=(",", ":"))


def read(text: str) -> tuple[tuple[Layer, ...], Tone]:
    """What :func:`written` wrote, perhaps in another version; what is not understood of it is left out."""
    try:
        kept = json.loads(text) if text else {}
    except ValueError:
        kept = {}
    kept = kept if isinstance(kept, dict) else {}
    layers = tuple(_layer(layer, kept.get(layer.name)) for layer in DEFAULT_LAYERS)
    tone = kept.get("tone")
    parts = [_number(tone, key, -1, 1, 0.0) for key in ("brightness", "contrast")]
    return layers, valid_tone(parts[0], parts[1], None)


def _layer(usual: Layer, own: object) -> Layer:
    def chosen(key: str, fits: bool, default: Any) -> Any:
        return own[key] if isinstance(own, dict) and fits else default

    def is_colour(key: str) -> bool:
        value = own.get(key) if isinstance(own, dict) else None
        return isinstance(value, str) and bool(_COLOUR.fullmatch(value))

    known = own if isinstance(own, dict) else {}
    palette = known.get("palette")
    return Layer(
        usual.name,
        chosen("visible", isinstance(known.get("visible"), bool), usual.visible),
        _number(known, "opacity", 0, 1, usual.opacity),
        chosen("colour", is_colour("colour"), usual.colour),
        chosen("other_colour", bool(usual.other_colour) and is_colour("other_colour"), usual.other_colour),
        chosen("palette", palette == "" or palette in tuple(COLOUR_MAPS), usual.palette),
    )


def _number(kept: object, key: str, low: float, high: float, default: float) -> float:
    value = kept.get(key) if isinstance(kept, dict) else None
    fits = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return min(high, max(low, float(value))) if fits and value is not None else default
