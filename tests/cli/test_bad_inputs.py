"""Claims about what people may hand to a command: it is named, the cure is said, nothing is left behind."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile

from tests.cli.conftest import Run

Draw = Callable[..., tuple[np.ndarray, np.ndarray]]


def jpeg(side_px: int = 96) -> bytes:
    pixels = np.random.default_rng(1).integers(0, 255, (side_px, side_px, 3)).astype(np.uint8)
    return bytes(cv2.imencode(".jpg", pixels)[1])


def tiff(tmp_path: Path) -> bytes:
    path = tmp_path / "whole.tif"
    tifffile.imwrite(path, np.zeros((64, 64, 3), np.uint8), photometric="rgb")
    data = path.read_bytes()
    path.unlink()
    return data


BAD = {
    "empty JPEG": ("wall.jpg", lambda folder: b"", "empty"),
    "empty TIFF": ("wall.tif", lambda folder: b"", "empty"),
    "cut JPEG": ("wall.jpg", lambda folder: jpeg()[:-2000], "ends too early"),
    "start of a JPEG": ("wall.jpg", lambda folder: jpeg()[:20], "ends too early"),
    "cut TIFF": ("wall.tif", lambda folder: tiff(folder)[:-3000], "damaged TIFF"),
    "text": ("wall.png", lambda folder: b"no picture at all", "not a photo"),
    "start of a PNG": ("wall.png", lambda folder: b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "ends too early"),
}


@pytest.mark.parametrize("what", BAD)
@pytest.mark.parametrize("command", ["predict", "label", "dehaze", "heatmap"])
def test_a_broken_photo_is_named_with_its_cure_and_nothing_is_written(
    run: Run, tmp_path: Path, what: str, command: str
) -> None:
    name, content, words = BAD[what]
    photo, out = tmp_path / name, tmp_path / "out"
    photo.write_bytes(content(tmp_path))
    arguments = {
        "predict": ("predict", photo, "--out", out),
        "label": ("label", photo, "--weights", tmp_path / "none.safetensors"),
        "dehaze": ("dehaze", photo, "--out", out, "--weights", tmp_path / "none.safetensors"),
        "heatmap": ("heatmap", photo, "--model", "rmt", "--out", out / "heat.png"),
    }[command]
    before = set(tmp_path.rglob("*"))
    ran = run(*arguments)
    assert ran.code == 2 and "Traceback" not in ran.err and not ran.out
    if command in ("predict", "heatmap"):  # the others are told first that there are no such weights
        assert name in ran.err and words in ran.err
    assert set(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("what", BAD)
def test_a_broken_photo_is_listed_with_its_reason_and_the_rest_is_added(
    run: Run, tmp_path: Path, what: str
) -> None:
    name, content, words = BAD[what]
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / name).write_bytes(content(tmp_path))
    (photos / "good.jpg").write_bytes(jpeg())
    ran = run("new", tmp_path / "bridge.resatt", "--photos", photos)
    assert ran.code == 0 and "1 photos" in ran.out
    assert name in ran.err and words in ran.err


def test_a_name_says_nothing_about_what_a_file_holds(run: Run, tmp_path: Path) -> None:
    photo = tmp_path / "wall.jpg"
    photo.write_bytes(bytes(cv2.imencode(".png", np.zeros((40, 60, 3), np.uint8))[1]))
    ran = run("predict", photo, "--out", tmp_path / "out")
    assert ran.code == 0
    assert cv2.imread(str(tmp_path / "out" / "wall.mask.png"), cv2.IMREAD_UNCHANGED).shape == (40, 60)


def test_a_folder_called_like_a_photo_is_a_folder(run: Run, tmp_path: Path) -> None:
    (tmp_path / "wall.jpg").mkdir()
    ran = run("predict", tmp_path / "wall.jpg", "--out", tmp_path / "out")
    assert ran.code == 2 and "No photo was found" in ran.err
    ran = run("heatmap", tmp_path / "wall.jpg", "--model", "rmt", "--out", tmp_path / "heat.png")
    assert ran.code == 2 and "is a folder" in ran.err


LONG = "a" * 300


@pytest.mark.parametrize(
    "arguments",
    [
        ("predict", LONG, "--out", "out"),
        ("predict", "wall.jpg", "--out", "out", "--weights", LONG),
        ("evaluate", "--photos", "photos", "--masks", LONG, "--json", "-"),
        ("new", "bridge.resatt", "--photos", LONG),
        ("new", LONG, "--photos", "photos"),
        ("export", LONG, "--format", "mask", "--out", "out"),
        ("demo", "--out", LONG, "--no-window"),
        ("train", "--out", "w.safetensors", "--data", LONG),
    ],
    ids=lambda arguments: " ".join(word if word != LONG else "LONG" for word in arguments),
)
def test_a_name_that_no_disk_takes_is_told_as_one(
    run: Run, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    (tmp_path / "photos").mkdir()
    for path in (tmp_path / "photos" / "wall.jpg", tmp_path / "wall.jpg"):
        path.write_bytes(jpeg())
    ran = run(*arguments)
    assert ran.code == 2 and "Traceback" not in ran.err
    assert LONG[:100] in ran.err.replace("\n", "")


def test_a_demo_that_cannot_write_its_folder_says_so(run: Run, tmp_path: Path) -> None:
    (tmp_path / "taken").write_bytes(b"a file")
    ran = run("demo", "--out", tmp_path / "taken", "--no-window")
    assert ran.code == 2 and "taken" in ran.err and "free space" in ran.err


def test_a_project_of_a_newer_version_is_left_as_it_is(run: Run, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "wall.jpg").write_bytes(jpeg())
    folder = tmp_path / "bridge.resatt"
    assert run("new", folder, "--photos", tmp_path / "photos").code == 0
    with closing(sqlite3.connect(folder / "project.sqlite3", isolation_level=None)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    before = (folder / "project.sqlite3").read_bytes()
    ran = run("export", folder, "--format", "mask", "--out", tmp_path / "out")
    assert ran.code == 2 and "newer" in ran.err and str(folder) in ran.err
    assert (folder / "project.sqlite3").read_bytes() == before and not (tmp_path / "out").exists()


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="whoever may do everything is never refused"
)
def test_what_may_not_be_read_is_told_so(run: Run, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "wall.jpg").write_bytes(jpeg())
    photos.chmod(0)
    try:
        ran = run("predict", photos / "wall.jpg", "--out", tmp_path / "out")
    finally:
        photos.chmod(0o700)
    assert ran.code == 2 and "may not be read" in ran.err


def test_the_help_of_export_names_every_format(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from resatt_studio.workflow.catalog import exporters

    monkeypatch.setenv("COLUMNS", "200")
    shown = run("export", "--help").out
    assert [name for name in exporters() if name not in shown] == []
