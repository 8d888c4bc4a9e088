"""Claims about the command line as a whole: names, exit codes, clean output, a quick start."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from resatt_studio import __version__
from resatt_studio.cli import main
from resatt_studio.errors import PhotoError

CONTRACT = {
    "gui": [],
    "demo": ["--out", "--window", "--no-window"],
    "new": ["--photos"],
    "add": ["--photos", "--masks", "--inverted", "--list"],
    "predict": ["--out", "--weights", "--project", "--probability", "--input", "--device", "--json"],
    "label": ["--json", "--model", "--weights", "--device"],
    "dehaze": ["--out", "--weights", "--device", "--json"],
    "finetune": ["--seconds", "--steps", "--promote", "--seed", "--json"],
    "evaluate": [
        *("--photos", "--masks", "--inverted", "--list", "--weights", "--project", "--tolerance", "--json")
    ],
    "next": ["--count", "--predict", "--device", "--json"],
    "export": ["--format", "--out"],
    "weights list": [],
    "weights export": ["--version", "--out"],
    "weights import": ["--model"],
    "weights tree": ["--model", "--json"],
    "weights show": ["--json"],
    "weights compare": ["--photo", "--json", "--device"],
    "weights changed": ["--from", "--to", "--out", "--json", "--device"],
    "weights promote": [],
    "weights refuse": ["--reason"],
    "weights rollback": ["--model"],
    "train": ["--data", "--out", "--config", "--resume"],
    "simulate": [
        *("--out", "--list", "--test-list", "--test-photos", "--other", "--recipe", "--photos", "--pool"),
        *("--seeds", "--seconds", "--steps", "--order", "--wait", "--weights", "--plot", "--device"),
    ],
    "doctor": [],
}


@pytest.mark.parametrize("command", CONTRACT)
def test_every_command_and_option_of_the_contract_is_there(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert main([*command.split(), "--help"]) == 0
    shown = capsys.readouterr().out
    assert [option for option in CONTRACT[command] if option not in shown] == []


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"resatt-studio {__version__}\n"


@pytest.mark.parametrize(
    "arguments", [["paint"], ["predict"], ["add", "x.resatt"], ["export", "x", "--speed", "3"]]
)
def test_a_misspelt_command_line_is_the_users_to_mend(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and "Error" in captured.err


def test_an_error_to_mend_shows_message_and_hint_and_ends_with_2(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["new", str(tmp_path / "a.resatt"), "--photos", str(tmp_path / "no[where]")]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "no[where] does not exist" in captured.err and "Check the spelling" in captured.err
    assert not (tmp_path / "a.resatt").exists()


def test_a_bug_shows_its_traceback_and_ends_with_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resatt_studio.workflow.doctor.examine", lambda: 1 / 0)
    assert main(["doctor"]) == 1
    captured = capsys.readouterr()
    assert "ZeroDivisionError" in captured.err and "bug" in captured.err and captured.out == ""


def test_an_interrupt_ends_with_130(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("resatt_studio.workflow.doctor.examine", interrupt)
    assert main(["doctor"]) == 130
    assert capsys.readouterr().out == ""


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of another kind")
@pytest.mark.parametrize("words", ["doctor", "doctor --json -", "--help", "simulate --help"])
def test_a_reader_who_goes_away_is_no_bug(words: str) -> None:
    arguments = [sys.executable, "-m", "resatt_studio", *words.split()]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None and running.stderr is not None
        running.stdout.close()
        complaint = running.stderr.read()
    assert running.returncode == 141 and b"bug" not in complaint


def test_markup_in_file_names_is_shown_as_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise PhotoError("[red]wall[/red] [/] is broken.", "See [bold]here.")

    monkeypatch.setattr("resatt_studio.workflow.doctor.examine", fail)
    assert main(["doctor"]) == 2
    shown = capsys.readouterr().err
    assert "[red]wall[/red] [/] is broken." in shown and "See [bold]here." in shown


@pytest.mark.parametrize("arguments", [["--help"], ["finetune", "--help"], ["--version"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys\n"
        "from resatt_studio.cli import main\n"
        f"assert main({arguments!r}) == 0\n"
        "heavy = {'torch', 'cv2', 'numpy', 'sqlalchemy', 'alembic', 'scipy', 'skimage', 'PySide6'}\n"
        "print(sorted(heavy & sys.modules.keys()), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_the_module_runs_as_a_program() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "resatt_studio", "--version"], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, f"resatt-studio {__version__}\n")


@pytest.mark.parametrize("arguments", [[], ["gui"], ["north.resatt"], ["gui", "north.resatt"]])
def test_without_a_command_the_window_opens(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Path | None] = []

    def window(project: Path | None = None) -> int:
        opened.append(project)
        return 0

    monkeypatch.setattr("resatt_studio.app.main.run", window)
    assert main(arguments) == 0
    assert opened == [Path("north.resatt") if "north.resatt" in arguments else None]


def test_doctor_as_json_leaves_stdout_clean(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["doctor", "--json", "-"])
    said = json.loads(capsys.readouterr().out)
    assert code == (0 if said["ok"] else 2)
    assert {"python", "torch", "device", "factory weights", "window"} <= {
        row["name"] for row in said["checks"]
    }
