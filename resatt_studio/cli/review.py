"""``review``: who approved which photo, and second readers who agree or send it back with a note."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from resatt_studio.cli.choices import chosen_settings
from resatt_studio.cli.console import say, show_table, write_json
from resatt_studio.cli.lineage import JsonFile
from resatt_studio.cli.projects import ProjectPath
from resatt_studio.errors import SettingsError

if TYPE_CHECKING:
    from resatt_studio.records.photo import PhotoEntry

app = typer.Typer(
    help="Second readers: agree to approved photos, or send them back with a note.", no_args_is_help=True
)

Photos = Annotated[list[str], typer.Argument(metavar="PHOTO...", help="File, name or id of each photo.")]
Author = Annotated[
    str | None, typer.Option(metavar="NAME", help="The second reader. Default: the setting author.")
]
_WHICH = "reviewed|unread|agreed|sent-back|all"


@app.command("list")
def list_photos(
    project: ProjectPath,
    which: Annotated[
        str, typer.Option("--show", metavar=_WHICH, help="unread: approved, waits for a second reader.")
    ] = "reviewed",
    json_file: JsonFile = None,
) -> None:
    """Show where photos stand, and who said what of them last; as JSON with all that was said."""
    from resatt_studio.workflow.project import open_project
    from resatt_studio.workflow.review import review_rows

    if which not in _WHICH.split("|"):
        raise SettingsError(f"{which} names no photos.", f"Choose one of {_WHICH.replace('|', ', ')}.")
    with open_project(project) as opened:
        entries = [entry for entry in opened.store.photos() if _shown(entry, which)]
        write_json(json_file, {"photos": review_rows(opened, entries)})
    cells = []
    for entry in entries:
        said = entry.review
        told = ("", "", "") if said is None else (said.author, said.made_at[:16].replace("T", " "), said.note)
        cells.append((entry.name, entry.standing, *told))
    if cells:
        show_table(json_file, "", ("photo", "review", "by", "at", "note"), cells, text_columns=5)
    else:
        say(json_file, "No photo stands so.")


@app.command("agree")
def agree(
    project: ProjectPath,
    photos: Photos,
    author: Author = None,
    note: Annotated[str, typer.Option(metavar="TEXT", help="A remark.")] = "",
) -> None:
    """Agree to the approval of photos as their second reader."""
    from resatt_studio.workflow.compare import find_photo
    from resatt_studio.workflow.project import open_project
    from resatt_studio.workflow.review import agree as agree_to

    reader = _reader(author)
    with open_project(project) as opened:
        for entry in [find_photo(opened, name) for name in photos]:
            agree_to(opened, entry.photo_id, reader, note)
            say(None, f"{entry.name}: {reader} agrees")


@app.command("send-back")
def send_back(
    project: ProjectPath,
    photos: Photos,
    note: Annotated[str, typer.Option(metavar="TEXT", help="What is to be corrected.")],
    author: Author = None,
) -> None:
    """Send approved photos back to be corrected; nobody learns from them until they are approved again."""
    from resatt_studio.workflow.compare import find_photo
    from resatt_studio.workflow.project import open_project
    from resatt_studio.workflow.review import send_back as send

    reader = _reader(author)
    with open_project(project) as opened:
        for entry in [find_photo(opened, name) for name in photos]:
            send(opened, entry.photo_id, reader, note)
            say(None, f"{entry.name}: sent back by {reader}")


@app.command("rules")
def rules(
    project: ProjectPath,
    agreed_only: Annotated[
        bool | None,
        typer.Option("--agreed-only/--all-approved", help="What networks learn from and are judged by."),
    ] = None,
    one_person: Annotated[
        bool | None,
        typer.Option("--one-person/--two-persons", help="Whether somebody may read their own approvals."),
    ] = None,
    json_file: JsonFile = None,
) -> None:
    """Show or change what a project asks of its second readers."""
    from resatt_studio.workflow.project import open_project
    from resatt_studio.workflow.review import rules as kept_rules

    with open_project(project) as opened:
        if agreed_only is not None:
            opened.settings.learn_agreed_only = agreed_only
        if one_person is not None:
            opened.settings.one_person = one_person
        kept = kept_rules(opened)
    write_json(json_file, {"agreed_only": kept.agreed_only, "one_person": kept.one_person})
    learns = "photos that a second reader agreed to" if kept.agreed_only else "all approved photos"
    reads = "anybody, also who approved" if kept.one_person else "somebody else than who approved"
    say(json_file, f"learns from {learns}; second reader: {reads}")


def _reader(author: str | None) -> str:
    return chosen_settings().author if author is None else author


def _shown(entry: PhotoEntry, which: str) -> bool:
    shown = {
        "all": True,
        "reviewed": entry.review is not None,
        "unread": entry.unread,
        "agreed": entry.agreed,
        "sent-back": entry.sent_back,
    }
    return shown[which]
