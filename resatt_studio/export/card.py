"""The card of a weights file: what it is, how well it does, where it came from, on what terms."""

from __future__ import annotations

import json
from typing import Any

from resatt_studio.export.items import WeightsItem
from resatt_studio.models.calibration import KEY, calibration_of
from resatt_studio.records.calibration import AS_IT_IS
from resatt_studio.records.weights import Scores, WeightsVersion

_TOLD_APART = frozenset(
    {"format", "model", "config", "weights_id", "title", "input_range", "data", "scores", "options", KEY}
)
_ROW_NAMES = ("Dice", "IoU", "precision", "recall")


def weights_card(item: WeightsItem, file_name: str) -> str:
    """Markdown text of the card.

    Args:
        item: The weights and their lineage.
        file_name: Name of the weights file that the card lies beside.
    """
    parts = [
        f"# {file_name}",
        _what(item),
        _how_well(item.lineage[0]) if item.lineage else "",
        _how_reliable(item.lineage[0]) if item.lineage else "",
        _recorded_scores(item.weights.metadata),
        _lineage(item.lineage),
        _terms(item.weights.metadata),
        _header(item.weights.metadata),
        _use(file_name),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _what(item: WeightsItem) -> str:
    weights = item.weights
    config = ", ".join(f"{name} {value}" for name, value in weights.config.items()) or "defaults"
    rows = [
        f"- Network: {weights.metadata.get('title', weights.model)} (`{weights.model}`; {config})",
        f"- Weights id: `{weights.weights_id}` (SHA-256 over names, shapes, types and bytes of the tensors)",
        f"- Input: {weights.metadata.get('input_range', 'RGB, x / 127.5 - 1')}, N x 3 x H x W; "
        "output: crack logits, N x 1 x H x W",
    ]
    calibration = calibration_of(weights.metadata)
    if calibration != AS_IT_IS:
        rows.append(
            "- Probabilities: sigmoid(logit / temperature + bias), "
            f"temperature {calibration.temperature:g}, bias {calibration.bias:g}"
        )
    if item.lineage:
        version = item.lineage[0]
        rows.append(f"- Version: {version.name or f'v{version.number}'}, {version.state.value}")
        rows.append(f"- Learned from {len(version.samples)} approved photos of its project")
        if version.reason:
            rows.append(f"- Verdict: {version.reason}")
        if version.threshold is not None:
            rows.append(f"- Threshold of its best mask where it was judged: {version.threshold:.2f}")
    return "\n".join(rows)


def _how_well(version: WeightsVersion) -> str:
    named = (
        ("before, held-back photos", version.before),
        ("after, held-back photos", version.after),
        ("before, reference set", version.reference_before),
        ("after, reference set", version.reference_after),
    )
    rows = [_score_row(name, scores) for name, scores in named if scores is not None]
    if not rows:
        return ""
    head = f"| | {' | '.join(_ROW_NAMES)} | F1 with tolerance | photos |\n|---|---|---|---|---|---|---|"
    return "\n".join(["## Scores when it was judged", "", head, *rows])


def _score_row(name: str, scores: Scores) -> str:
    values = (scores.dice, scores.iou, scores.precision, scores.recall)
    cells = " | ".join(f"{value:.3f}" for value in values)
    return f"| {name} | {cells} | {scores.tolerance_f1:.3f} ({scores.tolerance_px:g} px) | {scores.photos} |"


def _how_reliable(version: WeightsVersion) -> str:
    """Probabilities near predicted cracks beside what was true, after calibration."""
    before, after = version.reliability_before, version.reliability_after
    if before is None or after is None:
        return ""
    head = (
        "## Reliability near predicted cracks\n\n"
        f"Expected calibration error {after.ece:.3f} over {len(after.bins)} bins, "
        f"{before.ece:.3f} before calibration.\n\n"
        "| mean probability | share that is crack | pixels |\n|---|---|---|"
    )
    rows = [f"| {one.probability:.3f} | {one.crack:.3f} | {one.pixels} |" for one in after.bins if one.pixels]
    return "\n".join([head, *rows])


def _recorded_scores(metadata: Any) -> str:
    return _block("## Scores recorded in training", metadata.get("scores", ""))


def _lineage(lineage: tuple[WeightsVersion, ...]) -> str:
    if not lineage:
        return ""
    rows = [
        f"{place}. {version.name or f'v{version.number}'}: `{version.weights_id[:12]}`, "
        f"{version.made_at or 'date unknown'}, {len(version.samples)} samples"
        for place, version in enumerate(lineage, start=1)
    ]
    return "\n".join(["## Lineage, newest first", "", *rows])


def _terms(metadata: Any) -> str:
    text = (
        "The app's own code is under the MIT licence. Weights also carry the terms of the photos they "
        "learned from. Photos of your own project are yours; the terms of all other data are recorded below "
        "as their owners state them. Where no licence is stated, ask the owners before any use beyond "
        "research."
    )
    listed = _block("", metadata.get("data", "")) or "No data is recorded in this file."
    return f"## Licence terms\n\n{text}\n\n{listed}"


def _header(metadata: Any) -> str:
    rows = [
        f"- {key}: {value}" for key, value in sorted(metadata.items()) if key not in _TOLD_APART and value
    ]
    return "\n".join(["## More from the file's header", "", *rows]) if rows else ""


def _use(file_name: str) -> str:
    return "\n".join(
        [
            "## Use",
            "",
            "```",
            f'resatt-studio predict PHOTOS --weights "{file_name}" --out MASKS',
            f'resatt-studio weights import PROJECT "{file_name}"',
            "```",
        ]
    )


def _block(title: str, text: str) -> str:
    """A header entry, indented when it is JSON; empty when there is none."""
    if not text:
        return ""
    try:
        shown = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except json.JSONDecodeError:
        shown = text
    block = f"```\n{shown}\n```"
    return f"{title}\n\n{block}" if title else block
