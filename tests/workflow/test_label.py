"""Claims about labelling photos: both networks asked, their weights told apart, broken photos told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from resatt_studio.errors import PhotoError, WeightsError
from resatt_studio.imaging.files import read_photo
from resatt_studio.models.state import write_weights
from resatt_studio.records.labelling import Labelling
from resatt_studio.records.labels import CRACK_TYPES, CrackType
from resatt_studio.workflow.jobs import drain
from resatt_studio.workflow.label import (
    LABEL_MODELS,
    LabelledFile,
    label_files,
    label_photo,
    label_weights,
    make_labeller,
)

Make = Callable[..., Any]


@pytest.fixture
def files(tmp_path: Path, small_weights: Make) -> dict[str, Path]:
    """Weights files of small networks, by name."""
    paths = {name: tmp_path / f"{name}.safetensors" for name in ("rmt", "revit", "dhformer")}
    for name, path in paths.items():
        write_weights(path, small_weights(name))
    return paths


def labelling(model: str, kind: CrackType) -> Labelling:
    return Labelling("a", model, "b", tuple(float(one is kind) for one in CRACK_TYPES))


def test_a_photo_is_labelled_and_its_looks_are_counted(small_weights: Make, photo_folder: Path) -> None:
    reports = []
    labeller = make_labeller(small_weights("revit"), "cpu", 1)
    answer = drain(label_photo(labeller, read_photo(photo_folder / "wall_0.jpg")), reports.append)
    assert answer.model == "revit"
    assert [report.unit for report in reports] == ["views"] * len(reports)
    assert reports[-1].done == reports[-1].total == len(answer.views)


def test_every_network_answers_every_photo_and_broken_photos_are_told(
    files: dict[str, Path], photo_folder: Path
) -> None:
    (photo_folder / "wall_1.jpg").write_bytes(b"\xff\xd8 cut")
    weights = label_weights(files=[files["revit"], files["rmt"]])
    assert tuple(weights) == LABEL_MODELS
    done = drain(label_files(weights, [photo_folder], device="cpu", threads=1))
    assert [row.photo.name for row in done.photos] == ["wall_0.jpg", "wall_2.jpg", "wall_3.jpg"]
    assert [row.path.name for row in done.refused] == ["wall_1.jpg"]
    assert done.weights == {name: one.weights_id for name, one in weights.items()}
    said = done.as_json()["photos"][0]
    assert said.keys() == {"photo", "rmt", "revit", "agree"}
    for name in LABEL_MODELS:
        assert said[name].keys() == {"label", "probabilities"}
        assert list(said[name]["probabilities"]) == [kind.value for kind in CRACK_TYPES]
        assert sum(said[name]["probabilities"].values()) == pytest.approx(1.0)
        assert said[name]["label"] == max(
            said[name]["probabilities"], key=said[name]["probabilities"].__getitem__
        )


def test_networks_agree_when_they_name_the_same_type_and_one_alone_agrees_with_nobody() -> None:
    rmt = labelling("rmt", CrackType.BRANCHING)
    same, other = labelling("revit", CrackType.BRANCHING), labelling("revit", CrackType.NO_CRACK)
    assert LabelledFile(Path("a"), (rmt, same)).agree is True
    assert LabelledFile(Path("a"), (rmt, other)).agree is False
    assert LabelledFile(Path("a"), (rmt,)).as_json()["agree"] is None


def test_weights_that_nobody_asked_for_are_refused(files: dict[str, Path]) -> None:
    assert list(label_weights(("revit",), [files["revit"]])) == ["revit"]
    with pytest.raises(WeightsError, match=r"weights of RMT.*Give weights of ReViT"):
        label_weights(("revit",), [files["rmt"]])
    with pytest.raises(WeightsError, match=r"DHFormer.*RMT or ReViT"):
        label_weights(files=[files["dhformer"]])
    with pytest.raises(WeightsError, match="Two of the weights files are of RMT"):
        label_weights(files=[files["rmt"], files["rmt"]])


def test_missing_factory_weights_say_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("resatt_studio.resources._CANDIDATES", (tmp_path,))
    with pytest.raises(WeightsError, match=r"no factory weights of RMT.*file of your own"):
        label_weights(("rmt",))


def test_when_no_photo_can_be_read_that_is_an_error(files: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"x")
    weights = label_weights(("revit",), [files["revit"]])
    with pytest.raises(PhotoError, match="None of the 1 photos"):
        drain(label_files(weights, [tmp_path / "a.jpg"], device="cpu", threads=1))
