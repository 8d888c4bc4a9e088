"""Keeps how layers and photo are shown from one start to the next: eyes, opacities, colours, tone."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
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
    turned = (
        {} if not isinstance(tone, dict) else {key: tone[key] for key in tone if _is_share(tone[key], -1)}
    )
    return layers, valid_tone(turned.get("brightness", 0.0), turned.get("contrast", 0.0), None)


def _is_share(value: object, least: float = 0.0) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= 1


def _is_colour(value: object) -> bool:
    return isinstance(value, str) and bool(_COLOUR.fullmatch(value))


_FITS: dict[str, Callable[[object], bool]] = {
    "visible": lambda value: isinstance(value, bool),
    "opacity": _is_share,
    "colour": _is_colour,
    "other_colour": _is_colour,
    "palette": lambda value: value in ("", *COLOUR_MAPS),
}


def _layer(usual: Layer, own: object) -> Layer:
    known = own if isinstance(own, dict) else {}
    fitting = {key: known[key] for key, fits in _FITS.items() if key in known and fits(known[key])}
    if not usual.other_colour:
        fitting.pop("other_colour", None)
    return replace(usual, **fitting)
