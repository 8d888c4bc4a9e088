"""The page ``docs/SCREENSHOTS.md``: English and light first, the other variants folded."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from screenshot_plan import CHAPTERS, LANGUAGES, SCALES, THEMES, Picture, pictures

_WORDS = {"en": "English", "zh_CN": "中文", "light": "light", "dark": "dark"}
_FIRST = (LANGUAGES[0], THEMES[0], SCALES[0])
_COLUMNS = {"window": 1, "panel": 3, "tool": 2, "dialog": 2, "part": 2, "menu": 3, "tour": 2}

_HEAD = """# Screenshots

Every panel, tool, dialog, menu and step of the tour, in English and Chinese, light and dark, at 100 and 200
percent. `python tools/screenshots.py` makes all of them and this page from the real window, with the bundled
photos and the factory weights; `--only NAME` makes some. `tools/screenshot_plan.py` says which there are,
mostly from the app's own tables. Chinese needs a font, such as that of the package `fonts-wqy-zenhei`, which
`tools/system-packages.sh` installs: see [LANGUAGES.md](LANGUAGES.md#fonts).
"""


def page() -> str:
    """The text of the page."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield _HEAD
    for kind, heading in CHAPTERS.items():
        shown = [picture for picture in pictures() if picture.kind == kind and picture.on_page]
        yield f"## {heading}\n"
        yield from _table(shown, *_FIRST)
        for variant in product(LANGUAGES, THEMES, SCALES):
            if variant != _FIRST:
                language, theme, scale = variant
                words = f"{_WORDS[language]}, {_WORDS[theme]}, {100 * scale} %"
                yield f"<details><summary>{heading}: {words}</summary>\n"
                yield from _table(shown, *variant)
                yield "</details>\n"
    alone = " and ".join(sorted(picture.of for picture in pictures() if not picture.on_page))
    yield f"The windows {alone} are in the [README](../README.md).\n"


def _table(shown: list[Picture], language: str, theme: str, scale: int) -> Iterator[str]:
    """Rows of titles, each over a row of pictures."""
    columns = _COLUMNS[shown[0].kind]
    for first in range(0, len(shown), columns):
        row = shown[first : first + columns]
        cells = [f"![{p.title}](screenshots/{p.file(language, theme, scale)})" for p in row]
        yield f"| {' | '.join(p.title for p in row)} |"
        yield f"|{'---|' * len(row)}"
        yield f"| {' | '.join(cells)} |\n"
