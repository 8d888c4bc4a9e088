"""Claims about settings: round trips, fall-backs that are told, upgrades, recent projects."""

from __future__ import annotations

import os
import tempfile
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resatt_studio.errors import SettingsError
from resatt_studio.settings import (
    DEVICES,
    LEARNS,
    PHOTO_INPUTS,
    RECENT_PROJECTS,
    THEMES,
    Settings,
    change_settings,
    load_settings,
    remember_project,
    settings_path,
)

text = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=30)
changes = st.fixed_dictionaries(
    {},
    optional={
        "author": text,
        "device": st.sampled_from(DEVICES),
        "theme": st.sampled_from(THEMES),
        "photo_input": st.sampled_from(PHOTO_INPUTS),
        "learn_cracks": st.sampled_from(LEARNS),
        "learn_labels": st.sampled_from(LEARNS),
        "threads": st.integers(0, 1024),
        "threshold": st.floats(0.01, 0.99),
        "learn_seconds": st.floats(5, 86400),
        "learn_min_gain": st.floats(0, 0.5),
        "learn_confidence": st.floats(0.6, 0.999),
        "learn_max_forgetting": st.floats(0, 1),
        "tool_options": st.lists(text, max_size=3).map(tuple),
        "photo_memory_mb": st.integers(300, 1_000_000),
        "tile_cache_mb": st.integers(0, 10_000_000),
        "recent_projects": st.lists(text.filter(str.strip).map(Path), max_size=3).map(tuple),
    },
)


@settings(max_examples=40, deadline=None)
@given(changes)
def test_what_is_written_is_read_back(some: dict[str, object]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "deep" / "settings.toml"
        written = change_settings(path, **some)
        assert load_settings(path, {}).settings == written
        assert load_settings(path, {}).problems == ()
        for name, value in some.items():
            assert getattr(written, name) == (value.strip() if isinstance(value, str) else value)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=80))
def test_no_file_stops_the_start(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "settings.toml"
        path.write_bytes(data)
        loaded = load_settings(path, {})
        assert isinstance(loaded.settings, Settings)


def test_without_file_and_variables_the_defaults_hold(tmp_path: Path) -> None:
    loaded = load_settings(tmp_path / "none.toml", {})
    assert loaded.problems == ()
    assert loaded.settings == Settings()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('device = "gpu"', "not one of auto, cpu, cuda, mps"),
        ("threads = 1.5", "whole number"),
        ("threads = true", "not a number"),
        ("threshold = 3", "between 0.01 and 0.99"),
        ("author = 3", "not text"),
        ('recent_projects = "x"', "list of folders"),
        ("colour = 1", "not a setting"),
    ],
)
def test_a_bad_value_falls_back_and_is_told(tmp_path: Path, line: str, told: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(f'version = 1\n{line}\ntheme = "dark"\n')
    loaded = load_settings(path, {})
    (problem,) = loaded.problems
    assert told in problem.message and str(path) in problem.message
    assert loaded.settings.theme == "dark"
    assert loaded.settings.device == "auto" and loaded.settings.threads == 0


def test_a_variable_wins_over_the_file_and_is_not_written_into_it(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    change_settings(path, device="cpu")
    environment = {"RESATT_DEVICE": "cuda", "RESATT_THREADS": "3", "RESATT_THRESHOLD": "0.4"}
    loaded = load_settings(path, environment).settings
    assert (loaded.device, loaded.threads, loaded.threshold) == ("cuda", 3, 0.4)
    assert change_settings(path, theme="dark").device == "cpu"


def test_a_bad_variable_is_told_by_its_name(tmp_path: Path) -> None:
    loaded = load_settings(tmp_path / "none.toml", {"RESATT_THREADS": "many"})
    (problem,) = loaded.problems
    assert "RESATT_THREADS" in problem.message
    assert loaded.settings.threads == 0


def test_every_scalar_setting_has_a_variable(tmp_path: Path) -> None:
    for item in fields(Settings):
        if not item.metadata.get("environment", True):
            continue  # lists, not scalars
        loaded = load_settings(tmp_path / "none.toml", {f"RESATT_{item.name.upper()}": "?"})
        assert loaded.settings.author == "?" if item.name == "author" else len(loaded.problems) == 1


def test_a_handwritten_file_is_upgraded(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('Device = "CPU"\nlearn-seconds = 30\n')
    loaded = load_settings(path, {})
    assert loaded.problems == ()
    assert loaded.settings.device == "cpu" and loaded.settings.learn_seconds == 30
    change_settings(path, theme="light")
    assert path.read_text().splitlines()[1] == "version = 1"
    assert load_settings(path, {}).settings.device == "cpu"


@pytest.mark.parametrize("content", ["version = 99\ntheme = 'dark'\n", "theme = 'dark\n"])
def test_a_newer_or_broken_file_is_kept_aside(tmp_path: Path, content: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(content)
    assert len(load_settings(path, {}).problems) == 1
    change_settings(path, threads=2)
    assert (tmp_path / "settings.toml.bak").read_text() == content
    assert load_settings(path, {}).problems == ()


@pytest.mark.parametrize(
    "content",
    [
        "threads = inf\n",
        f"threshold = {'9' * 400}\n",
        f"threads = {'9' * 5000}\n",
        f"threads = {'[' * 5000}\n",
    ],
    ids=["inf", "beyond floats", "too many digits", "nested too deep"],
)
def test_no_number_and_no_nesting_stops_a_start(tmp_path: Path, content: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(content)
    loaded = load_settings(path, {})
    assert loaded.settings == Settings() and len(loaded.problems) == 1
    assert str(path) in loaded.problems[0].message


def test_a_full_disk_leaves_the_file_where_it_was_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("version = 99\ntheme = 'dark'\n")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SettingsError, match="No space left on device"):
        change_settings(path, threads=2)
    assert [entry.name for entry in tmp_path.iterdir()] == ["settings.toml"]
    assert path.read_text() == "version = 99\ntheme = 'dark'\n"


def test_a_folder_whose_name_is_no_text_is_told_and_nothing_is_written(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    with pytest.raises(SettingsError, match="not valid Unicode"):
        remember_project(tmp_path / "bridge\udcff.resatt", path)
    assert list(tmp_path.iterdir()) == []


def test_a_change_without_meaning_is_refused_and_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    with pytest.raises(SettingsError, match="gpu"):
        change_settings(path, device="gpu")
    with pytest.raises(SettingsError, match="no setting"):
        change_settings(path, colour="red")
    assert not path.exists()


def test_recent_projects_are_newest_first_without_repeats_and_bounded(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    folders = [tmp_path / f"{index}.resatt" for index in range(RECENT_PROJECTS + 3)]
    for folder in folders:
        remember_project(folder, path)
    recent = remember_project(folders[5], path).recent_projects
    assert recent[0] == folders[5] and recent[1] == folders[-1]
    assert len(recent) == len(set(recent)) == RECENT_PROJECTS


def test_the_variable_names_the_file(tmp_path: Path) -> None:
    assert settings_path({"RESATT_SETTINGS": str(tmp_path / "x.toml")}) == tmp_path / "x.toml"
    assert settings_path({}).name == "settings.toml"


def test_other_keys_survive_the_file_and_what_is_no_list_of_them_falls_back(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    change_settings(path, shortcuts=("next=F8", "fit=", 'redo=Ctrl+" Ctrl+\\'))
    assert load_settings(path, {}).settings.shortcuts == ("next=F8", "fit=", 'redo=Ctrl+" Ctrl+\\')
    path.write_text('version = 1\nshortcuts = "next=F8"\n')
    loaded = load_settings(path, {})
    assert loaded.settings.shortcuts == () and len(loaded.problems) == 1
