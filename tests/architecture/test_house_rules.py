"""Claims about how every module reads; a machine keeps the small promises."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from pathlib import Path

import pytest

from resatt_studio.export.registry import EXPORTERS
from resatt_studio.models.registry import MODELS

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "resatt_studio"
MODULES = sorted(PACKAGE.rglob("*.py"))
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK|NotImplementedError)\b")
NAMELESS_ROOMS = {"utils", "helpers", "common", "misc", "util", "lib"}

SOURCES = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in MODULES}


def test_every_module_opens_with_a_docstring() -> None:
    assert not [name for name, source in SOURCES.items() if not ast.get_docstring(ast.parse(source))]


def test_every_module_that_defines_something_postpones_annotations() -> None:
    future = "from __future__ import annotations"
    definitions = ast.FunctionDef | ast.ClassDef | ast.AnnAssign
    assert not [
        name
        for name, source in SOURCES.items()
        if future not in source and any(isinstance(node, definitions) for node in ast.parse(source).body)
    ]


def test_nothing_is_left_for_later() -> None:
    assert not [name for name, source in SOURCES.items() if UNFINISHED.search(source)]


def test_no_broad_error_is_swallowed_in_silence() -> None:
    offenders = [
        f"{name}:{node.lineno}"
        for name, source in SOURCES.items()
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in ("Exception", "BaseException"))
        and all(isinstance(statement, ast.Pass) for statement in node.body)
    ]
    assert not offenders


def test_rooms_carry_the_words_of_the_field() -> None:
    assert not {path.stem for path in PACKAGE.rglob("*")} & NAMELESS_ROOMS


@pytest.mark.parametrize(
    "dotted",
    [dotted for exporter in EXPORTERS.values() for dotted in (exporter.writer, exporter.checker)]
    + [model.factory for model in MODELS.values()],
)
def test_every_dotted_name_of_a_table_resolves(dotted: str) -> None:
    module, _, attribute = dotted.partition(":")
    assert callable(getattr(import_module(module), attribute))


@pytest.mark.parametrize("model", MODELS.values(), ids=list(MODELS))
def test_every_model_has_its_default_preset_in_its_own_words(model: object) -> None:
    assert "default" in model.presets
    assert all(set(preset) <= set(model.options) for preset in model.presets.values())
