"""Dialogs: settings, export, shortcut sheet, about."""
