"""Contract of every line of the exporter table."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from resatt_studio.errors import BugError, ExportError
from resatt_studio.export.items import ExportItem, WeightsItem
from resatt_studio.export.registry import EXPORTERS, Exporter, Subject, find_exporter
from resatt_studio.records.correction import Correction
from resatt_studio.records.photo import PhotoFacts
from resatt_studio.records.prediction import Prediction
from resatt_studio.records.weights import Scores, WeightsFile, WeightsState, WeightsVersion

exporters = pytest.mark.parametrize("exporter", EXPORTERS.values(), ids=list(EXPORTERS))
photo_exporters = pytest.mark.parametrize(
    "exporter", [one for one in EXPORTERS.values() if one.subject is Subject.PHOTO], ids=lambda one: one.name
)


def photo_item(height: int = 12, width: int = 17, seed: int = 0, name: str = "wall [3].jpg") -> ExportItem:
    random = np.random.default_rng(seed)
    facts = PhotoFacts("p" * 64, Path("/photos") / name, height, width, bytes=1)
    probability = random.integers(0, 256, (height, width), np.uint8)
    labels = random.integers(0, 3, (height, width)).astype(np.uint8)
    return ExportItem(facts, Prediction("p" * 64, "w" * 64, probability, 0.1), Correction("p" * 64, labels))


@pytest.fixture(scope="module")
def weights() -> WeightsFile:
    import torch

    from resatt_studio.models import create_model
    from resatt_studio.models.state import pack_weights

    torch.manual_seed(0)
    config = {"base_width": 2, "t": 1, "stem": 1}
    state = create_model("r2aunet", **config).state_dict()
    metadata = {"data": '{"sets": {"wall": "none stated"}}', "made_at": "2026-11-23", "scores": "{}"}
    return pack_weights("r2aunet", config, state, metadata)


@pytest.fixture
def make_item(weights: WeightsFile) -> Callable[[Exporter], ExportItem | WeightsItem]:
    scores = Scores(0.71, 0.55, 0.7, 0.72, 0.83, photos=4)
    factory = WeightsVersion("f" * 64, "r2aunet", weights.config, 1, name="factory")
    version = WeightsVersion(
        weights.weights_id,
        "r2aunet",
        weights.config,
        2,
        parent="f" * 64,
        state=WeightsState.ACTIVE,
        samples=("s1", "s2"),
        before=scores,
        after=scores,
        reason="Dice rose from 0.60 to 0.71.",
        name="v2",
    )

    def make(exporter: Exporter) -> ExportItem | WeightsItem:
        return photo_item() if exporter.subject is Subject.PHOTO else WeightsItem(weights, (version, factory))

    return make


@exporters
def test_a_line_says_what_people_need(exporter: Exporter) -> None:
    assert EXPORTERS[exporter.name] is exporter
    assert exporter.title
    assert exporter.suffix.startswith(".")
    assert find_exporter(exporter.name) is exporter
    assert all(find_exporter(alias) is exporter for alias in exporter.aliases)


@exporters
def test_an_export_is_written_read_again_and_validated(
    exporter: Exporter, make_item: Callable, tmp_path: Path
) -> None:
    exported = exporter.export(make_item(exporter), tmp_path / "new" / "folder")
    assert exported.summary.startswith("validated: ")
    assert exported.paths[0].name.endswith(exporter.suffix)
    assert sorted(exported.paths) == sorted((tmp_path / "new" / "folder").iterdir())


@exporters
def test_exporting_twice_gives_the_same_bytes(
    exporter: Exporter, make_item: Callable, tmp_path: Path
) -> None:
    first = exporter.export(make_item(exporter), tmp_path / "a")
    second = exporter.export(make_item(exporter), tmp_path / "b")
    assert [path.read_bytes() for path in first.paths] == [path.read_bytes() for path in second.paths]


@exporters
def test_a_file_that_changed_on_the_disk_is_not_validated(
    exporter: Exporter, make_item: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole_replace = Path.replace

    def damaging_replace(self: Path, target: Path) -> Path:
        data = bytearray(self.read_bytes())
        data[len(data) // 2] ^= 0xFF
        self.write_bytes(bytes(data))
        return whole_replace(self, target)

    monkeypatch.setattr(Path, "replace", damaging_replace)
    with pytest.raises(ExportError, match="does not hold what was written"):
        exporter.export(make_item(exporter), tmp_path)


@exporters
def test_a_full_disk_is_told_and_leaves_nothing(
    exporter: Exporter, make_item: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ExportError, match="No space left") as caught:
        exporter.export(make_item(exporter), tmp_path)
    assert caught.value.hint
    assert list(tmp_path.iterdir()) == []


@exporters
def test_the_wrong_kind_of_item_is_a_bug(exporter: Exporter, make_item: Callable, tmp_path: Path) -> None:
    other = next(one for one in EXPORTERS.values() if one.subject is not exporter.subject)
    with pytest.raises(BugError, match=exporter.name):
        exporter.export(make_item(other), tmp_path)


@photo_exporters
def test_a_photo_of_which_nothing_is_known_is_refused_by_name(exporter: Exporter, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"wall \[3\]\.jpg") as caught:
        exporter.export(ExportItem(photo_item().facts), tmp_path)
    assert caught.value.hint


@photo_exporters
def test_arrays_of_another_size_than_the_photo_are_refused(exporter: Exporter, tmp_path: Path) -> None:
    item = photo_item()
    facts = PhotoFacts(item.facts.photo_id, item.facts.path, 17, 12, bytes=1)
    with pytest.raises(ExportError, match="12 x 17 pixels"):
        exporter.export(ExportItem(facts, item.prediction, item.correction), tmp_path)


@photo_exporters
def test_the_table_tells_whether_a_prediction_is_part_of_the_file(exporter: Exporter, tmp_path: Path) -> None:
    item = photo_item()
    other = ExportItem(item.facts, photo_item(seed=9).prediction, item.correction)
    one, two = (exporter.export(each, tmp_path / str(id(each))).paths[0] for each in (item, other))
    assert (one.read_bytes() != two.read_bytes()) == exporter.shows_prediction


@photo_exporters
def test_the_given_stem_names_the_file(exporter: Exporter, tmp_path: Path) -> None:
    item = photo_item()
    named = ExportItem(item.facts, item.prediction, item.correction, stem="north_wall")
    assert exporter.export(named, tmp_path).paths[0].name == f"north_wall{exporter.suffix}"
    assert exporter.export(item, tmp_path).paths[0].name == f"wall [3]{exporter.suffix}"


def test_an_unknown_format_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ExportError, match="gif") as caught:
        find_exporter("gif")
    assert all(name in caught.value.hint for name in EXPORTERS)


@photo_exporters
def test_a_file_that_cannot_be_read_again_is_told_as_one(exporter: Exporter, tmp_path: Path) -> None:
    item = photo_item()
    paths = exporter.export(item, tmp_path).paths
    for path in paths:
        path.unlink()
    module, _, checker = exporter.checker.partition(":")
    with pytest.raises(ExportError, match="does not hold what was written to it") as told:
        getattr(import_module(module), checker)(item, paths)
    assert paths[0].name in told.value.message
