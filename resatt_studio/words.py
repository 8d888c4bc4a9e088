"""Says visible words in the language in force: English stands in the source, others in gettext catalogues.

``tr`` and ``trn`` are called when words are shown, never while a module loads, because the language may
change at any moment. Tables that are made while a module loads hold English: those whose constructors
``tools/translations.py`` knows as they stand, others with :func:`mark`; whoever shows a line calls ``tr``.
A catalogue is read once, the first time that its language is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from gettext import GNUTranslations, NullTranslations

from resatt_studio.resources import asset

SOURCE = "en"
"""The language that the source is written in."""

LANGUAGES: dict[str, str] = {SOURCE: "English", "zh_CN": "简体中文"}
"""Every language that can be chosen, by its own name: whoever looks for it reads that one."""

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


@cache
def _catalogue(language: str) -> NullTranslations:
    if language == SOURCE:
        return NullTranslations()
    with asset("languages", f"{language}.mo").open("rb") as file:
        return GNUTranslations(file)
