"""The table of training tasks leads from a word or a file to options and a task."""

from __future__ import annotations

from pathlib import Path

import pytest

from resatt_studio.errors import LearningError
from resatt_studio.learning.training.registry import TASKS, make_task, read_options


@pytest.mark.parametrize("name", list(TASKS))
def test_every_task_has_default_options_and_can_be_made(name: str) -> None:
    options = read_options(None, name)
    assert options.task == name
    assert options.to_table()["task"] == name
    assert type(options).from_table(options.to_table()) == options
    assert make_task(options).terms() is not None


def test_a_file_says_what_it_trains_and_another_wish_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text('task = "label"\nminutes = 3')
    assert read_options(path).task == "label"
    assert read_options(path, "label").minutes == 3
    with pytest.raises(LearningError, match="trains 'label'"):
        read_options(path, "crack")
    path.write_text('task = "knitting"')
    with pytest.raises(LearningError, match="no task"):
        read_options(path)


def test_a_file_without_a_word_about_it_trains_a_segmenter(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text("minutes = 3")
    assert read_options(path).task == "crack"
