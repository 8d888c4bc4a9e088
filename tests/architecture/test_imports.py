"""Claims about who imports whom: one way only, in no circle, and nothing heavy where it is not needed."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "resatt_studio"
MODULES = sorted(PACKAGE.rglob("*.py"))

MAY_NAME_AT_THE_TOP = {
    "torch": {"models", "inference", "learning"},
    "torchvision": {"models", "inference", "learning"},
    "PySide6": {"app"},
    "pyqtgraph": {"app"},
    "sqlalchemy": {"store"},
    "alembic": {"store"},
    "scipy": set(),
    "skimage": set(),
    "matplotlib": set(),
}


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@cache
def libraries_of(path: Path) -> frozenset[str]:
    """First parts of the names that a module imports when it is imported itself."""
    return frozenset(name.partition(".")[0] for name in top_level_imports(path))


def top_level_imports(path: Path) -> Iterator[str]:
    """Names imported when the module is: anything but imports in functions and for type checkers."""
    waiting: list[ast.AST] = list(ast.parse(path.read_text(encoding="utf-8")).body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            waiting.extend(node.orelse)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting.extend(ast.iter_child_nodes(node))


def test_the_import_contracts_hold() -> None:
    lint = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())"
    done = subprocess.run(
        [sys.executable, "-c", lint], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_module_imports_itself_in_a_circle() -> None:
    graph = grimp.build_graph("resatt_studio", exclude_type_checking_imports=True, cache_dir=None)
    left = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    while free := [module for module, imported in left.items() if not imported & left.keys()]:
        for module in free:
            del left[module]
    assert not left, f"these import each other in a circle: {sorted(left)}"


@pytest.mark.parametrize("library", MAY_NAME_AT_THE_TOP)
def test_a_heavy_library_is_named_at_the_top_of_its_own_rooms_alone(library: str) -> None:
    allowed = MAY_NAME_AT_THE_TOP[library]
    strangers = [str(path) for path in MODULES if library in libraries_of(path) and room(path) not in allowed]
    assert not strangers


def test_the_check_itself_sees_a_heavy_import(tmp_path: Path) -> None:
    module = tmp_path / "heavy.py"
    module.write_text(
        "try:\n    import torch.nn\nexcept ImportError:\n    raise\n\ndef late():\n    import scipy\n"
    )
    assert list(top_level_imports(module)) == ["torch.nn"]
