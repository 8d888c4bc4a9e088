"""Tables of a benchmark, put between the two markers of a page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

BEGIN, END = "<!-- scores -->", "<!-- end of scores -->"


def write_into(page: Path, lines: Sequence[str]) -> None:
    """Put the lines between the markers of ``page``, in place of what stood there."""
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2] if END in rest else rest
    body = "\n".join(lines)
    page.write_text(f"{before}{BEGIN}\n\n{body}\n\n{END}{after}", encoding="utf-8")
