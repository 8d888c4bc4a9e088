"""A weights file tells its making, and no folder of whoever made it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from resatt_studio.learning.training.card import card
from resatt_studio.learning.training.label_config import LabelConfig


def test_no_entry_names_a_folder_of_the_machine(tmp_path: Path) -> None:
    config = replace(LabelConfig(), name="a.toml", start_from=str(tmp_path / "first.safetensors"))
    header = card(config, {}, [tmp_path / "photos"], 1, 2.0, None, "a.safetensors")
    assert not [key for key, value in header.items() if str(tmp_path) in value]
    assert header["started_from"] == "first.safetensors"
    assert '"start_from": "first.safetensors"' in header["options"]
