"""Claims about exported weights: the same tensors come back, and the card tells their story."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from resatt_studio.errors import ExportError
from resatt_studio.export.card import weights_card
from resatt_studio.export.items import WeightsItem
from resatt_studio.export.registry import EXPORTERS
from resatt_studio.export.weights import weights_stem
from resatt_studio.models.calibration import calibration_header
from resatt_studio.records.calibration import Calibration, Reliability, ReliabilityBin
from resatt_studio.records.weights import Scores, WeightsFile, WeightsState, WeightsVersion

SCORES = Scores(0.7123, 0.55, 0.7, 0.72, 0.8345, photos=4)


def story() -> WeightsItem:
    config = {"base_width": 16, "t": 2, "stem": 2}
    metadata = {
        "format": "resatt-weights-1",
        "title": "R2AU-Net",
        "input_range": "RGB, x / 127.5 - 1",
        "data": '{"cfd": {"licence": "non-commercial research purposes only"}}',
        "scores": '{"val": {"dice": 0.61}}',
        "commit": "abc123",
    }
    version = WeightsVersion(
        "a" * 64,
        "r2aunet",
        config,
        3,
        parent="b" * 64,
        state=WeightsState.REFUSED,
        samples=("s1", "s2", "s3"),
        before=SCORES,
        after=SCORES,
        reference_after=SCORES,
        reason="Worse on the reference set.",
        made_at="2026-11-23T10:00:00+00:00",
        name="v3",
    )
    factory = WeightsVersion("b" * 64, "r2aunet", config, 1, name="factory")
    return WeightsItem(WeightsFile("a" * 64, "r2aunet", config, metadata, b""), (version, factory))


def small() -> WeightsFile:
    import torch

    from resatt_studio.models import create_model
    from resatt_studio.models.state import pack_weights

    torch.manual_seed(1)
    config = {"base_width": 2, "t": 1, "stem": 1}
    return pack_weights("r2aunet", config, create_model("r2aunet", **config).state_dict())


def test_the_card_tells_what_how_well_where_from_and_on_what_terms() -> None:
    card = weights_card(story(), "mine.safetensors")
    for fact in (
        "base_width 16, t 2, stem 2",
        "RGB, x / 127.5 - 1",
        "refused",
        "Worse on the reference set.",
        "3 approved photos",
        "| after, held-back photos | 0.712 |",
        "0.835 (2 px)",
        "1. v3: `aaaaaaaaaaaa`",
        "2. factory: `bbbbbbbbbbbb`",
        "non-commercial research purposes only",
        "- commit: abc123",
        '--weights "mine.safetensors"',
    ):
        assert fact in card
    assert "before, reference set" not in card


def test_a_card_of_weights_off_the_shelf_claims_no_lineage() -> None:
    bare = WeightsFile("a" * 64, "r2aunet", {}, {}, b"")
    card = weights_card(WeightsItem(bare), "x.safetensors")
    assert "Lineage" not in card
    assert "Scores" not in card
    assert "No data is recorded" in card


@pytest.mark.parametrize("as_file", [True, False])
def test_weights_go_to_the_named_file_or_get_a_name_in_the_folder(as_file: bool, tmp_path: Path) -> None:
    import torch

    from resatt_studio.models.state import load_weights, state_of

    weights = small()
    out = tmp_path / "mine.safetensors" if as_file else tmp_path / "folder"
    path, card = EXPORTERS["weights"].export(WeightsItem(weights), out).paths
    assert path == (out if as_file else out / f"r2aunet-{weights.weights_id[:12]}.safetensors")
    assert card == path.with_suffix(".md")
    back = state_of(load_weights(path))
    assert all(torch.equal(back[name], tensor) for name, tensor in state_of(weights).items())


def test_a_file_that_has_the_name_of_the_card_is_left_alone(tmp_path: Path) -> None:
    notes = tmp_path / "bridge.md"
    notes.write_text("my notes", encoding="utf-8")
    exporter, item = EXPORTERS["weights"], WeightsItem(small())
    with pytest.raises(ExportError, match=r"bridge\.md” is there already"):
        exporter.export(item, tmp_path / "bridge.safetensors")
    assert notes.read_text(encoding="utf-8") == "my notes" and not (tmp_path / "bridge.safetensors").exists()
    notes.unlink()
    for _ in range(2):  # an export of the same name is replaced together with its card
        exporter.export(item, tmp_path / "bridge.safetensors")


def test_the_card_of_calibrated_weights_says_how_far_they_can_be_believed() -> None:
    item = story()
    bins = lambda share: Reliability((ReliabilityBin(900, 0.7, share), ReliabilityBin(0, 0.0, 0.0)))  # noqa: E731
    version = replace(
        item.lineage[0], reliability_before=bins(0.4), reliability_after=bins(0.68), threshold=0.43
    )
    weights = replace(
        item.weights,
        metadata={**item.weights.metadata, **calibration_header(Calibration(2.25, 0.125))},
    )
    card = weights_card(replace(item, weights=weights, lineage=(version, item.lineage[1])), "mine")
    assert "sigmoid(logit / temperature + bias), temperature 2.25, bias 0.125" in card
    assert "error 0.020 over 2 bins, 0.300 before calibration" in card
    assert "| 0.700 | 0.680 | 900 |" in card
    assert "Threshold of its best mask where it was judged: 0.43" in card
    assert card.count("temperature") == 2, "the header's own line is not repeated"
    plain = weights_card(item, "mine")
    assert "Reliability" not in plain and "sigmoid" not in plain


@pytest.mark.parametrize("name", ["../../v3", "/etc/v3", "a\\b:c", "v 3"])
def test_no_name_of_a_version_leads_out_of_the_folder(name: str) -> None:
    item = story()
    named = WeightsItem(item.weights, (replace(item.lineage[0], name=name),))
    stem = weights_stem(named)
    assert Path(stem).name == stem and not set(stem) & set("/\\: ")
    assert stem.startswith("r2aunet-") and stem.endswith(item.weights.weights_id[:12])
    assert weights_stem(item) == f"r2aunet-{item.lineage[0].name}-{item.weights.weights_id[:12]}"
