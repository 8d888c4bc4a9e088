"""Every error of ResAtt Studio, in two families: what the user can mend and what we must mend.

::

    StudioError                  message + hint; shown in a quiet bar, or on stderr with exit code 2
    ├── PhotoError               a photo that cannot be read or does not fit
    │   └── PhotoChanged         its file holds another photo than the one that was added
    ├── MaskError                a mask that is ambiguous or does not fit its photo
    ├── ProjectError             a project folder that is missing, damaged, locked or too new
    ├── StoreError               the sample store could not do what was asked
    │   └── StoreBusy            another program holds the project database; it may let go
    ├── WeightsError             weights that are missing, damaged or of another network
    ├── LearningError            fine-tuning cannot start or had to end
    ├── ReviewError              a second reading that this person cannot give of this photo
    ├── OutOfMemory              even the smallest batch does not fit
    ├── ExportError              an export that cannot be written
    └── SettingsError            a setting with no meaning
    BugError                     a broken promise inside the app; goes to the crash report
"""

from __future__ import annotations


class StudioError(Exception):
    """Something the user can mend.

    Args:
        message: What is wrong; names the file, version or setting.
        hint: What cures it, in one sentence; may be empty.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class PhotoError(StudioError):
    """A photo cannot be read, or does not fit what is asked of it."""


class PhotoChanged(PhotoError):
    """A file holds another photo than the one that was added to the project."""


class MaskError(StudioError):
    """A mask is ambiguous or does not fit its photo."""


class ProjectError(StudioError):
    """A project folder is missing, damaged, locked or written by a newer version."""


class StoreError(StudioError):
    """The sample store could not do what was asked."""


class StoreBusy(StoreError):
    """Another program held the project database for too long; the same may work a moment later."""


class WeightsError(StudioError):
    """Weights are missing, damaged, or belong to another network."""


class LearningError(StudioError):
    """Fine-tuning cannot start, or had to end."""


class ReviewError(StudioError):
    """A second reader cannot say this of this photo."""


class OutOfMemory(StudioError):
    """Even the smallest batch does not fit in memory."""


class ExportError(StudioError):
    """An export cannot be written."""


class SettingsError(StudioError):
    """A setting has no meaning; the default is used instead."""


class SettingsNotKept(SettingsError):
    """Settings are right, but their file cannot be written."""


class BugError(Exception):
    """A promise inside the app was broken; never the user's fault."""
