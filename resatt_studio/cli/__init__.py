"""The terminal: a thin face over ``workflow``; the names of commands and options are a contract."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from resatt_studio.cli.commands import app
from resatt_studio.cli.console import BUG, INTERRUPTED, READER_GONE, USER_ERROR, err, show_error
from resatt_studio.errors import StudioError

__all__ = ["app", "main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code.

    Returns:
        0 done, 1 a bug (with its traceback on stderr), 2 something the user can mend, 130 interrupted, 141
        whoever read the output went away, as ``head`` does.
    """
    _tolerate_every_name()
    try:
        app(args=list(arguments) if arguments is not None else None, prog_name="resatt-studio")
    except SystemExit as end:
        if _reader_is_gone(end):
            return READER_GONE
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except StudioError as error:
        show_error(error)
        return USER_ERROR
    except KeyboardInterrupt:
        err().print("Interrupted.")
        return INTERRUPTED
    except Exception:  # noqa: BLE001 - the edge of the program: what arrives here is ours to mend
        err().print_exception(show_locals=False)
        err().print("This is a bug in ResAtt Studio. Please report it with the lines above.")
        return BUG
    return 0


def _reader_is_gone(end: SystemExit) -> bool:
    """Whether a closed pipe was met: rich then ends with 1 as for a bug, in the tables and in the help, and
    click says so only by what it puts in the place of stdout."""
    return isinstance(end.__context__, BrokenPipeError) or type(sys.stdout).__name__ == "PacifyFlushWrapper"


def _tolerate_every_name() -> None:
    """File names that the terminal's encoding lacks are shown with replacement characters."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
