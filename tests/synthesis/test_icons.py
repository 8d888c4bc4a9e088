"""Icons: one style, tinted through ``currentColor``, valid drawings."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from resatt_studio.resources import asset

TOOL_ICONS = sorted(path for path in asset("icons").glob("*.svg") if path.stem != "app")


@pytest.mark.parametrize("path", TOOL_ICONS, ids=lambda path: path.stem)
def test_tool_icons_share_one_style(path: Path) -> None:
    root = ET.fromstring(path.read_text(encoding="utf-8"))
    assert root.get("viewBox") == "0 0 24 24"
    assert root.get("stroke") == "currentColor"
    assert root.get("stroke-width") == "1.75"
    assert root.get("fill") == "none"
    assert len(root) > 0


def test_the_application_icon_is_a_drawing_and_its_picture() -> None:
    assert (
        ET.fromstring(asset("icons", "app.svg").read_text(encoding="utf-8")).get("viewBox") == "0 0 256 256"
    )
    assert asset("icons", "app.png").read_bytes().startswith(b"\x89PNG")
