"""Claims about visible words: each is marked for translation, and every catalogue has all of them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import translations

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "resatt_studio"


PROPER_NAMES = {
    "ResAtt Studio", "R2AU-Net", "DHFormer-style", "Sample.resatt",
    "Fusion", "Return", "Enter", "Backspace", "Esc", "Num+", "Space", "Left", "Right", "Up", "Down", "Home",
    "End", "Tab", "Shift+Tab", "*.safetensors *.pth *.pt",
}  # fmt: skip
"""What is spelt so in every language: names, a style of Qt's, kinds of files; keys, which Qt translates."""

SILENT = {
    "BugError", "TypeVar", "getattr", "findChild", "setObjectName", "setProperty", "setStyle", "QSettings",
    "setDesktopFileName", "QColor", "asset", "Formatter", "Path", "partition", "split", "startswith",
    "endswith", "removeprefix", "setdefault", "property", "error", "warning", "info", "debug", "exception",
}  # fmt: skip
"""Functions whose arguments nobody sees; the last five write the log."""

SPOKEN = {
    "QLabel", "QPushButton", "QCheckBox", "setText", "setToolTip", "setAccessibleName", "setPlaceholderText",
    "setAccessibleDescription", "setWindowTitle", "addItem", "addAction", "addMenu", "addButton", "setTitle",
    "setInformativeText", "setHorizontalHeaderLabels", "setHeaderLabels", "addTab", "setSuffix", "tip",
    "tell",
}  # fmt: skip
"""Functions whose arguments are read: there even a single small word counts."""

UNITS = {" s", " MB", " mm", "px", " px", " %"}
"""Units are the same in every language."""


def unmarked(source: str) -> Iterator[str]:
    """Literals of a module that look like words for people and are not marked; "line: text" of each."""
    tree = ast.parse(source)
    yield from _unmarked(tree, spoken=False)


def _unmarked(node: ast.AST, spoken: bool) -> Iterator[str]:
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str) and _is_read(node.value, spoken):
            yield f"{node.lineno}: {node.value}"
        return
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return  # a docstring
    if isinstance(node, ast.Call):
        name = ast.unparse(node.func).rpartition(".")[2]
        if name in SILENT or name in translations.MARKS or name in translations.TABLES:
            return
        spoken = name in SPOKEN
    for field, value in ast.iter_fields(node):
        hidden = (
            field in ("annotation", "returns", "decorator_list", "slice")
            or (isinstance(node, ast.Dict) and field == "keys")
            or isinstance(node, ast.Compare)
        )
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not hidden:
                yield from _unmarked(child, spoken)


def _is_read(text: str, spoken: bool) -> bool:
    if text in PROPER_NAMES or text in UNITS or not re.search("[A-Za-z]{2}", text):
        return False
    if re.search(r"<[a-z/]|^#[0-9a-f]+$|%\(", text):  # a mark-up, a colour, a format of the log
        return False
    if spoken:
        return True
    if re.search(r"^[\w\-.*/:@]+$", text):  # one word is a key, unless it begins as a title does
        return re.search(r"^[A-Z][a-z]+$", text) is not None
    return re.search(r"[A-Za-z]{2,}[ ….]|[ “][A-Za-z]{2,}", text) is not None


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('label.setText("before")', ["1: before"]),
        ('title = f"{count} photos"', ["1:  photos"]),
        ('error = PhotoError("The photo is gone.", tr("Add it again."))', ["1: The photo is gone."]),
        ('title = "Photos"', ["1: Photos"]),
        ('names = {"Photo": "photo", "b": "no.such"}', []),
        ('"""A docstring."""\nlog.error("It broke off")\nlabel.setText(tr("before"))', []),
        ('if kind == "Photo of it":\n    label.setObjectName("The label")', []),
    ],
)
def test_the_search_for_unmarked_words_finds_those_and_no_others(source: str, found: list[str]) -> None:
    assert list(unmarked(source)) == found


@pytest.mark.parametrize("path", sorted((PACKAGE / "app").rglob("*.py")), ids=lambda path: path.stem)
def test_every_visible_string_of_the_window_is_marked(path: Path) -> None:
    assert not list(unmarked(path.read_text(encoding="utf-8")))


def test_every_table_field_that_counts_as_visible_is_found() -> None:
    line = 'switch("pen", "Pen pressure", True, "Thinner."), choice("a", "A", (("b", "Both"),), help="H")'
    found = {words.text for words in translations.words_of(ast.parse(line))}
    assert found == {"Pen pressure", "Thinner.", "A", "Both", "H"}


CATALOGUES = sorted(translations.CATALOGUES.glob("*.po"))


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_every_catalogue_has_the_words_of_the_source_translated_and_compiled(path: Path) -> None:
    catalogue = translations.updated(path)
    mend = "run python tools/translations.py, and translate what it names"
    assert translations.as_po(catalogue) == path.read_bytes(), mend
    assert not translations.problems(catalogue), mend
    compiled = translations.COMPILED / f"{path.stem}.mo"
    assert compiled.read_bytes() == translations.as_mo(catalogue), mend


def test_a_missing_translation_and_another_placeholder_are_found() -> None:
    from babel.messages.catalog import Catalog

    catalogue = Catalog(locale="zh_CN")
    catalogue.add("Fit to window", "适合窗口")
    catalogue.add("{count:.1f} s left", "剩余 {count} 秒")
    catalogue.add("Undo", "")
    catalogue.add(("{count} job", "{count} jobs"), ("{count} 个任务",))
    assert [found.partition(":")[0] for found in translations.problems(catalogue)] == [
        "other placeholders",
        "not translated",
    ]


def test_every_language_that_can_be_chosen_has_a_catalogue() -> None:
    from resatt_studio.words import LANGUAGES, SOURCE

    assert {path.stem for path in CATALOGUES} | {SOURCE} == set(LANGUAGES)


OUTLIVES = re.compile(
    r"\b(parts|session|look|keys|view|learner|shelf|attention|comparison|pair|jobs|labels)\b"
)
"""What a panel listens to and what lives longer than the panel."""


@pytest.mark.parametrize(
    "path", sorted((PACKAGE / "app" / "panels").glob("*.py")), ids=lambda path: path.stem
)
def test_panels_listen_with_methods_that_go_with_them(path: Path) -> None:
    """A change of the language builds panels anew; a lambda would go on in the name of one that is gone."""
    offenders = [
        ast.unparse(node)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "connect"
        and OUTLIVES.search(ast.unparse(node.func.value))
        and isinstance(node.args[0], ast.Lambda)
    ]
    assert not offenders


def test_no_words_are_put_together_before_they_are_translated() -> None:
    with pytest.raises(ValueError, match="put together"):
        list(translations.words_of(ast.parse('tr(f"{n} photos")')))
    assert translations.source_words()
