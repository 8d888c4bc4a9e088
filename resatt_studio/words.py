"""Says visible words in the language in force: English stands in the source, others in gettext catalogues.

``tr`` and ``trn`` are called when words are shown, never while a module loads, because the language may
change at any moment. Tables that are made while a module loads hold English: those whose constructors
``tools/translations.py`` knows as they stand, others with :func:`mark`; whoever shows a line calls ``tr``.
A catalogue is read once, the first time that its language is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from gettext import GNUTranslations, NullTranslations

from resatt_studio.resources import asset

SOURCE = "en"
"""The language that the source is written in."""

LANGUAGES: dict[str, str] = {SOURCE: "English", "zh_CN": "简体中文"}
"""Every language that can be chosen, by its own name: whoever looks for it reads that one."""

_PLACE = re.compile(r"(?<!\{)\{(\w+)[^{}]*\}(?!\})")
_WIDE_STOP = re.compile(r"(?<=[\u3001\u3002\uff01\uff0c\uff1a\uff1b\uff1f]) +")  # has its blank in itself
_SENTENCES = re.compile(r"((?<=[.?!])\s+(?=[A-Z“'\"])|\n+)")
_CLAUSES = re.compile(r"((?<=[;:])\s+)")

_in_force: tuple[str, NullTranslations] = (SOURCE, NullTranslations())


def use(language: str) -> None:
    """Say everything in a language of :data:`LANGUAGES` from now on; English for any other."""
    global _in_force  # one language for the whole process, as for the whole screen
    known = language if language in LANGUAGES else SOURCE
    _in_force = known, _catalogue(known)


def in_force() -> str:
    """The language that is spoken."""
    return _in_force[0]


def tr(text: str) -> str:
    """``text`` in the language in force, or as it is when the catalogue lacks it.

    Args:
        text: A whole sentence or a title, with ``{name}`` for what ``format`` fills in afterwards, so that
            other languages may put it elsewhere.
    """
    return _in_force[1].gettext(text) if text else ""


def trn(one: str, several: str, count: int) -> str:
    """The form for ``count`` things in the language in force; ``{name}`` is filled in afterwards."""
    return _in_force[1].ngettext(one, several, count)


def mark(text: str) -> str:
    """``text`` as it is: marks words of a table for the catalogues; ``tr`` them where they are shown."""
    return text


def joined(parts: Sequence[str]) -> str:
    """ "A", "A and B" or "A, B and C"; "" for nothing."""
    if len(parts) < 2:
        return "".join(parts)
    return tr("{first} and {last}").format(first=tr(", ").join(parts[:-1]), last=parts[-1])


def again(text: str) -> str:
    """Words that were made in English, in the language in force.

    Errors, reasons and what a job says of itself are made where no screen is near, and many are kept: they
    are English everywhere, and whoever shows them calls this. It finds the text that they were made from,
    takes out what was filled in, and fills it into the translation; sentences that stand together are taken
    one by one. What no catalogue knows stays as it is.
    """
    return text if _in_force[0] == SOURCE or not text else _said_again(_in_force[0], text)


@lru_cache(maxsize=4096)
def _said_again(language: str, text: str) -> str:
    catalogue = _catalogue(language)
    said = catalogue.gettext(text)
    if said != text:
        return said
    for pattern, source in _forms(language):
        found = pattern.fullmatch(text)
        if found is not None and not _swallows(source, found.groupdict()):
            return _filled(language, catalogue.gettext(source), found.groupdict())
    parts = _SENTENCES.split(text)
    if len(parts) == 1:
        parts = _CLAUSES.split(text, maxsplit=1)  # such as "v3: ...", "wall.jpg: ..."
    if len(parts) == 1:
        return text
    said = "".join(part if odd % 2 else _said_again(language, part) for odd, part in enumerate(parts))
    return _WIDE_STOP.sub("", said)


def _swallows(source: str, values: dict[str, str]) -> bool:
    """Whether more than one thing was taken for what was filled in: the end of one sentence and the beginning
    of another, but for what follows at the end of a text; or, at its beginning, another clause."""
    return any(
        (_SENTENCES.search(value) is not None and not source.endswith(f"{{{name}}}"))
        or (_CLAUSES.search(value) is not None and source.startswith(f"{{{name}}}"))
        for name, value in values.items()
    )


def _filled(language: str, said: str, values: dict[str, str]) -> str:
    filled = {name: _said_again(language, value) for name, value in values.items()}
    return _PLACE.sub(lambda place: filled[place[1]], said)


@cache
def _forms(language: str) -> list[tuple[re.Pattern[str], str]]:
    """What English texts with places look like once they are filled, the pickiest first."""
    catalogue = _catalogue(language)
    assert isinstance(catalogue, GNUTranslations)
    known = (key for key in catalogue._catalog if isinstance(key, str))  # type: ignore[attr-defined]
    rest = {key: _PLACE.sub("", key) for key in known if _PLACE.search(key)}
    ends = {key: key.startswith("{") + key.endswith("}") for key in rest}
    # With hardly a word of its own a form would fit everything. Those that begin or end with what is filled
    # in fit the most of the others' texts too, so they come last.
    sources = [
        key
        for key, words in rest.items()
        if len(re.findall("[a-z]", words)) >= (5 if key.startswith("{") else 3)
    ]
    sources.sort(key=lambda key: (ends[key], -len(rest[key])))
    return [(_form(key), key) for key in sources]


def _form(source: str) -> re.Pattern[str]:
    short = len(re.findall("[a-z]", _PLACE.sub("", source))) < 8
    seen: set[str] = set()
    pattern = ""
    at = 0
    for place in _PLACE.finditer(source):
        name = place[1]
        pattern += re.escape(source[at : place.start()])
        # A form that begins with what is filled in and says little more would fit whole sentences.
        value = r"\S+?" if at == place.start() == 0 and short else ".+?"
        pattern += f"(?P={name})" if name in seen else f"(?P<{name}>{value})"
        seen.add(name)
        at = place.end()
    return re.compile(pattern + re.escape(source[at:]), re.DOTALL)


@cache
def _catalogue(language: str) -> NullTranslations:
    if language == SOURCE:
        return NullTranslations()
    with asset("languages", f"{language}.mo").open("rb") as file:
        return GNUTranslations(file)
