"""``doctor``: what this machine and this installation can do."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from resatt_studio.cli.console import USER_ERROR, show_table, warn, write_json


def doctor(
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="JSON; - for stdout.")
    ] = None,
) -> None:
    """Check versions, device, folders, window platform and factory weights."""
    from resatt_studio.workflow.doctor import examine

    checks = examine()
    write_json(
        json_file, {"ok": all(check.ok for check in checks), "checks": [check.as_json() for check in checks]}
    )
    rows = [(check.name, "ok" if check.ok else "FAILED", check.found) for check in checks]
    show_table(json_file, "", ("check", "", "found"), rows, text_columns=3)
    for check in checks:
        if not check.ok:
            warn(f"{check.name}: {check.cure}")
    if not all(check.ok for check in checks):
        raise typer.Exit(USER_ERROR)
