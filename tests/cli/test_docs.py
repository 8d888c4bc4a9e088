"""What the documentation says of the command line is what the commands take, to every option and default."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from resatt_studio.cli.commands import app

DOCS = (Path(__file__).resolve().parents[2] / "docs" / "CLI.md").read_text(encoding="utf-8")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")


def commands(command: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every command with its whole name; groups are looked into."""
    if not hasattr(command, "commands"):
        yield name, command
        return
    for word, inner in command.commands.items():
        yield from commands(inner, f"{name} {word}".strip())


COMMANDS = dict(commands(typer.main.get_command(app)))


def section(name: str) -> str:
    """What is said of a command: its heading and all below, or of one in a group its line of the list."""
    group, _, inner = name.partition(" ")
    found = re.search(rf"^### `{group}[ `].*?(?=^##|\Z)", DOCS, re.MULTILINE | re.DOTALL)
    assert found is not None, f"{group} has no heading"
    if not inner:
        return found[0]
    lines = [line for line in re.split(r"^- ", found[0], flags=re.MULTILINE) if f"`{name} " in line]
    assert lines, f"{name} has no line"
    return "\n".join(lines)


def options(command: Any) -> set[str]:
    named = [word for one in command.params for word in (*one.opts, *one.secondary_opts)]
    return {word for word in named if word.startswith("--")} - {"--help"}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_a_command_is_documented_and_no_other(name: str) -> None:
    said = section(name)
    everywhere = set().union(*map(options, COMMANDS.values()))
    assert sorted(options(COMMANDS[name]) - set(OPTION.findall(said))) == []
    heading = said if " " in name else said.splitlines()[0]
    assert sorted(set(OPTION.findall(heading)) - options(COMMANDS[name])) == []
    assert sorted(set(OPTION.findall(said)) - everywhere) == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_default_is_documented_and_shown_by_help(name: str) -> None:
    said = section(name)
    for option in COMMANDS[name].params:
        usual = option.default
        if option.param_type_name != "option" or callable(usual) or usual in (None, (), "", False, 0):
            continue
        if option.opts[0] == "--device":
            assert "`--device` is `auto` unless it is given" in DOCS and usual == "auto"
            continue
        assert option.show_default is not False
        word = "usual" if usual is True else f"{usual:g}" if isinstance(usual, float) else str(usual)
        assert re.search(rf"(?<![\w.]){re.escape(word)}(?![\w.]\w)", said), f"{option.opts[0]} {word}"
