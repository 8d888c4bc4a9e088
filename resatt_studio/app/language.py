"""Puts a language in force: our words, and Qt's own in its dialogs, menus and key names."""

from __future__ import annotations

from PySide6.QtCore import QLibraryInfo, QLocale, QTranslator
from PySide6.QtWidgets import QApplication

from resatt_studio import words

_NAME = "qtWords"


def apply_language(application: QApplication, wanted: str) -> None:
    """Speak ``wanted`` from now on: a language of :data:`words.LANGUAGES`, or "system" for the desktop's own.

    What is on the screen already stays until it is told anew.
    """
    language = system_language() if wanted == "system" else wanted
    words.use(language)
    for old in application.findChildren(QTranslator, _NAME):
        application.removeTranslator(old)
        old.deleteLater()
    translator = QTranslator(application)
    translator.setObjectName(_NAME)
    folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
    if words.in_force() != words.SOURCE and translator.load(f"qtbase_{words.in_force()}", folder):
        application.installTranslator(translator)


def system_language() -> str:
    """The first language of the desktop that is known, English when none is."""
    for tag in QLocale.system().uiLanguages():
        name = tag.replace("-", "_")
        if name in words.LANGUAGES:
            return name
        if name.startswith("zh") and "Hant" not in name and not name.endswith(("TW", "HK", "MO")):
            return "zh_CN"
        if name.startswith("en"):
            break
    return words.SOURCE
