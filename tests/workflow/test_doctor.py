"""Claims about the doctor: it finds what is wrong, says how to cure it, and one failure hides no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from resatt_studio.errors import BugError
from resatt_studio.workflow import doctor
from resatt_studio.workflow.doctor import Check, examine, has_screen


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An examination without a Qt process."""
    monkeypatch.setenv("RESATT_SETTINGS", str(tmp_path / "settings" / "settings.toml"))
    monkeypatch.setattr(doctor, "_LOOKS", tuple(look for look in doctor._LOOKS if look.__name__ != "_window"))


def by_name(checks: list[Check]) -> dict[str, Check]:
    return {check.name: check for check in checks}


@pytest.mark.usefixtures("quick")
def test_every_failed_check_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESATT_THREADS", "many")
    monkeypatch.setattr(doctor, "FREE_DISK_GB", 1e9)
    monkeypatch.setattr(doctor, "PACKAGES", (*doctor.PACKAGES, "no-such-package-at-all"))
    checks = by_name(examine())
    for name in ("settings", "free disk here", "no-such-package-at-all"):
        assert not checks[name].ok and checks[name].cure
    assert "RESATT_THREADS" in checks["settings"].found
    assert checks["python"].ok and checks["settings folder"].ok


@pytest.mark.usefixtures("quick")
def test_missing_factory_weights_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: str) -> Path:
        raise BugError("bundled file is missing")

    monkeypatch.setattr("resatt_studio.workflow.weights.factory_path", missing)
    check = by_name(examine())["factory weights"]
    assert not check.ok and "missing" in check.found


@pytest.mark.usefixtures("quick")
def test_damaged_factory_weights_are_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    path.write_bytes(b"damaged")
    monkeypatch.setattr("resatt_studio.workflow.weights.factory_path", lambda *_: path)
    assert not by_name(examine())["factory weights"].ok


@pytest.mark.usefixtures("quick")
def test_a_folder_that_cannot_be_written_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("RESATT_SETTINGS", str(tmp_path / "file" / "settings.toml"))
    assert not by_name(examine())["settings folder"].ok


def test_the_window_is_tried_in_a_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_WINDOW_PROBE", "import os; os.abort()")
    (check,) = doctor._window()
    assert not check.ok and "libegl1" in check.cure
    monkeypatch.setattr(doctor, "_WINDOW_PROBE", "print('offscreen')")
    (check,) = doctor._window()
    assert check.ok and "offscreen" in check.found


@pytest.mark.skipif(not Path("/dev/null").exists(), reason="screens are found otherwise on Windows")
def test_a_screen_is_there_when_the_environment_names_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    assert not has_screen()
    monkeypatch.setenv("DISPLAY", ":0")
    assert has_screen()
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    assert not has_screen()
