"""Keeps the catalogues in ``translations/`` in step with the words in the source, and compiles them.

``python tools/translations.py`` reads every visible string, adds new ones to each catalogue, drops those
that no longer stand in the source, writes the compiled catalogues to ``assets/languages/`` and says what is
left to translate. ``--check`` writes nothing and fails when anything would change or is not translated.

Visible are the literals in ``tr``, ``trn`` and ``mark``, and those fields of the tables' constructors that
:data:`TABLES` names.
"""

from __future__ import annotations

import argparse
import ast
import io
import re
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "resatt_studio"
CATALOGUES = ROOT / "translations"
COMPILED = ROOT / "assets" / "languages"

MARKS = {"tr": 1, "mark": 1, "trn": 2}
"""Functions whose first arguments are visible words, and how many of them."""

TABLES: dict[str, dict[str, int]] = {
    "_act": {"text": 1, "help": 7},
    "ToolSpec": {"title": 1, "help": 6},
    "PanelSpec": {"title": 1},
    "TourStep": {"title": 1, "words": 2},
    "Option": {"title": 1, "help": 4, "choices": 5},
    "choice": {"title": 1, "choices": 2, "help": 3},
    "number": {"title": 1, "help": 5},
    "switch": {"title": 1, "help": 3},
}
"""Constructors of table lines and where their visible fields stand; of a nested table the last column is."""

BELOW: dict[str, dict[str, int]] = {
    "progress": {"message": 3},
    "_report": {"phase": 2},
    "Exporter": {"title": 1},
    "Verdict": {"reason": 1},
}
"""Functions of rooms without a screen whose words a window shows, and where these stand."""

ERROR_FIELDS = {"message": 0, "hint": 1}

SPEAKING = {
    "settings.py",
    "learning/course.py",
    "learning/finetune.py",
    "learning/gate.py",
    "learning/label_gate.py",
    "learning/label_learning.py",
    "learning/turned.py",
    "workflow/compare.py",
    "workflow/finetune.py",
    "workflow/learn_labels.py",
    "workflow/next_photos.py",
    "workflow/promote.py",
    "workflow/second_look.py",
}
"""Modules that put sentences for people together: all of theirs count."""

NO_WINDOW = (
    "app/", "cli/", "simulation/", "synthesis/", "words.py",
    "learning/training/", "workflow/train.py", "workflow/evaluate.py", "workflow/doctor.py",
)  # fmt: skip
"""Modules whose words are marked where they stand, or come to the terminal alone."""

_MO_HEADER = "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: {forms}\n"
_NO_NEWS = (b'"Generated-By:', b'"Report-Msgid-Bugs-To:')  # they change with the Babel at hand


USER_ERRORS = {
    node.name
    for node in ast.parse((PACKAGE / "errors.py").read_text(encoding="utf-8")).body
    if isinstance(node, ast.ClassDef) and node.name != "BugError"
}
"""Errors that people see."""


@dataclass(frozen=True, slots=True)
class Words:
    """One entry of the catalogues.

    Attributes:
        text: English.
        several: English for several things, or "".
    """

    text: str
    several: str = ""


def words_of(tree: ast.AST) -> Iterator[Words]:
    """Every visible string of a module.

    Raises:
        ValueError: Words were put together before they were translated, so that no catalogue can know them.
    """
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        name = node.func.id
        if name in MARKS:
            said = node.args[: MARKS[name]]
            if any(isinstance(part, ast.JoinedStr | ast.BinOp) for part in said):
                raise ValueError(f"line {node.lineno}: {name} is given words that were put together before")
            texts = [part.value for part in said if _is_text(part)]
            if len(texts) == MARKS[name]:
                yield Words(*texts)
        elif name in TABLES:
            for field, place in TABLES[name].items():
                yield from map(Words, _texts(_given(node, field, place)))


def forms_of(tree: ast.AST, all_sentences: bool) -> Iterator[Words]:
    """Every text of a module without a screen that a window may show: of errors, of jobs, of verdicts.

    They are English where they are made; ``words.again`` translates them when they are shown, with what was
    filled in. A text that is put together in place is taken with a {name} for each part.

    Args:
        all_sentences: Whether every text with a blank in it counts, wherever it stands.
    """
    pieces = {part for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func).rpartition(".")[2]
            fields = ERROR_FIELDS if _is_error(name) else BELOW.get(name, {})
            for field, place in fields.items():
                yield from map(Words, _forms(_given(node, field, place)))
        elif all_sentences and node not in pieces:
            yield from (Words(text) for text in _forms(node) if " " in text or isinstance(node, ast.IfExp))


@cache
def source_words() -> tuple[Words, ...]:
    """Every visible string of the package, each once, in order of its English."""
    found: set[Words] = set()
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = _without_docstrings(ast.parse(path.read_text(encoding="utf-8")))
        place = path.relative_to(PACKAGE)
        try:
            found.update(words_of(tree))
        except ValueError as error:
            raise ValueError(f"{path.relative_to(ROOT)}, {error}") from None
        if not place.as_posix().startswith(NO_WINDOW):
            forms = forms_of(tree, place.as_posix() in SPEAKING)
            found.update(form for form in forms if _is_whole(form.text))
    plural = {words.text for words in found if words.several}
    # A text that is also the singular of another entry would be two entries with one name.
    kept = (words for words in found if re.search("[a-z]{2}", words.text) or words.text == ", ")
    whole = (words for words in kept if words.several or words.text not in plural)
    return tuple(sorted(whole, key=lambda words: words.text))


def placeholders(text: str) -> set[str]:
    """What stands in braces, such as {name}; formats count, so that a number keeps its decimals."""
    return set(re.findall(r"\{+[\w:.!]+\}+", text))


def problems(catalogue: object) -> list[str]:
    """What is not translated, or not filled in the way the English is."""
    found = []
    for message in catalogue:
        if not message.id:
            continue
        ids, strings = _forms_in(message)
        if message.fuzzy or not all(strings):
            found.append(f"not translated: {ids[0]!r}")
        elif any(placeholders(string) != placeholders(ids[-1]) for string in strings):
            found.append(f"other placeholders: {ids[0]!r} -> {strings[0]!r}")
    return found


def read(path: Path) -> object:
    """A catalogue as Babel's ``Catalog``."""
    from babel.messages.pofile import read_po

    with path.open("rb") as file:
        return read_po(file, locale=path.stem)


def updated(path: Path) -> object:
    """The catalogue of a file with exactly the words of the source."""
    from babel.messages.catalog import Catalog

    catalogue = read(path)
    template = Catalog(creation_date=catalogue.creation_date)
    for words in source_words():
        template.add((words.text, words.several) if words.several else words.text)
    catalogue.update(template, no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    return catalogue


def as_po(catalogue: object) -> bytes:
    """A catalogue as text; without places in the source, so that work on other lines changes nothing here."""
    from babel.messages.pofile import write_po

    buffer = io.BytesIO()
    write_po(buffer, catalogue, width=0, no_location=True, sort_output=True)
    lines = buffer.getvalue().splitlines(keepends=True)
    return b"".join(line for line in lines if not line.startswith(_NO_NEWS))


def as_mo(catalogue: object) -> bytes:
    """A catalogue as the app reads it: the same words give the same bytes, whichever Babel is at hand."""
    entries = {b"": _MO_HEADER.format(forms=catalogue.plural_forms).encode()}
    for message in catalogue:
        ids, strings = _forms_in(message)
        if message.id and all(strings):
            entries["\0".join(ids).encode()] = "\0".join(strings).encode()
    rows = sorted(entries.items())
    table_at, texts = 28 + 16 * len(rows), b""
    tables: tuple[list[int], list[int]] = ([], [])
    for column, table in enumerate(tables):
        for row in rows:
            table += [len(row[column]), table_at + len(texts)]
            texts += row[column] + b"\0"
    header = (0x950412DE, 0, len(rows), 28, 28 + 8 * len(rows), 0, table_at)
    return struct.pack(f"<{7 + 4 * len(rows)}I", *header, *tables[0], *tables[1]) + texts


def main() -> int:
    """Update and compile, or check; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--check", action="store_true", help="write nothing, fail when something is out of step"
    )
    check = parser.parse_args().check
    code = 0
    for path in sorted(CATALOGUES.glob("*.po")):
        catalogue = updated(path)
        compiled = COMPILED / f"{path.stem}.mo"
        wanted = {path: as_po(catalogue), compiled: as_mo(catalogue)}
        for place, content in wanted.items():
            if place.exists() and place.read_bytes() == content:
                continue
            if check:
                print(f"{place.relative_to(ROOT)} is out of step; run python tools/translations.py")
                code = 1
            else:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content)
        left = problems(catalogue)
        print(f"{path.stem}: {len(catalogue)} texts, {len(left)} to do", *left[:40], sep="\n  ")
        code = code or int(bool(left) and check)
    return code


def _given(call: ast.Call, field: str, place: int) -> ast.AST | None:
    """The argument of a call that has this name or stands at this place."""
    named = (keyword.value for keyword in call.keywords if keyword.arg == field)
    return next(named, call.args[place] if place < len(call.args) else None)


def _forms_in(message: object) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """English and translation of an entry, each once, or once for every number."""
    ids, strings = (part if isinstance(part, tuple) else (part,) for part in (message.id, message.string))
    return ids, strings


def _is_error(name: str) -> bool:
    """Whether a class is one of errors.py that people see."""
    return name in USER_ERRORS


def _is_whole(text: str) -> bool:
    """Whether a text has words of its own and is no piece of a sentence, nor a line of a file."""
    return (
        text == text.strip()
        and not re.search(r"^#|^\w+ = |_$", text)
        and re.search("[a-z]{2}", re.sub(r"\{.*?\}", "", text)) is not None
    )


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [row for row in body if not (isinstance(row, ast.Expr) and _is_text(row.value))]
    return tree


def _forms(node: ast.AST | None) -> Iterator[str]:
    """The texts that an expression can be, a name in braces for what is filled in."""
    if _is_text(node):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _forms(node.body)
        yield from _forms(node.orelse)
    elif isinstance(node, ast.JoinedStr):
        names: dict[str, str] = {}
        text = ""
        for part in node.values:
            if isinstance(part, ast.Constant):
                text += part.value.replace("{", "").replace("}", "")
            else:
                source = ast.unparse(part.value)
                name = re.sub(r"\W+", "_", re.sub(r"\(.*|\[.*", "", source)).strip("_").rpartition(".")[2]
                name = name if re.fullmatch(r"[A-Za-z]\w*", name) else "part"
                while names.setdefault(name, source) != source:
                    name += "_"
                text += f"{{{name}}}"
        yield text


def _is_text(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _texts(node: ast.AST | None) -> Iterator[str]:
    if _is_text(node):
        yield node.value
    elif isinstance(node, ast.Tuple):
        for row in node.elts:
            yield from _texts(row.elts[-1] if isinstance(row, ast.Tuple) and row.elts else None)


if __name__ == "__main__":
    sys.exit(main())
