"""Claims about a session: it goes through a real project, keeps its own time, and can be repeated."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from resatt_studio.cli.replay import paint
from resatt_studio.errors import OutOfMemory, PhotoError, SettingsError
from resatt_studio.imaging.doubt import expected_doubt
from resatt_studio.learning.next_photos import rank_photos
from resatt_studio.records.photo import ReviewState
from resatt_studio.records.project import RunState
from resatt_studio.records.training import FineTunePlan
from resatt_studio.records.weights import WeightsState
from resatt_studio.simulation.machine import Machine, Prices
from resatt_studio.simulation.mistakes import HandNoise
from resatt_studio.simulation.photo_set import PhotoPair, draw, own_list, read_pairs, spread
from resatt_studio.simulation.points import Event, Point, at_photos
from resatt_studio.simulation.promotions import gate_records
from resatt_studio.simulation.recipes import RECIPES
from resatt_studio.simulation.report import Simulation, write_json
from resatt_studio.simulation.resume import continued
from resatt_studio.simulation.run import SimulationPlan, Surface, settings_of, simulate
from resatt_studio.simulation.scoring import Scorer, reference_pairs
from resatt_studio.simulation.walk import AUTHOR, SessionPlan, walk
from resatt_studio.workflow.correct import check_project
from resatt_studio.workflow.jobs import drain
from resatt_studio.workflow.project import Project, create_project

LEARNING = FineTunePlan(seconds=600, steps=2, crop_px=64, batch=2)


@pytest.fixture(scope="module")
def drawn_set(tmp_path_factory: pytest.TempPathFactory, photo_set: Callable[..., Path]) -> Path:
    """Four drawn photos, three of them to open."""
    return photo_set(tmp_path_factory.mktemp("sets") / "drawn", train=3, test=1)


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory, photo_set: Callable[..., Path]) -> Path:
    return photo_set(tmp_path_factory.mktemp("sets") / "reference", train=2, first_seed=9)


@pytest.fixture(scope="module")
def surface(drawn_set: Path, reference: Path) -> Surface:
    return Surface(
        "drawn",
        read_pairs(drawn_set, own_list(drawn_set, "train")),
        read_pairs(drawn_set, own_list(drawn_set, "test")),
        {"reference": reference_pairs(reference)},
    )


@pytest.fixture(scope="module")
def quiet_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of the smallest network that see no crack anywhere: few strokes, so quick sessions."""
    import torch

    from resatt_studio.models import create_model
    from resatt_studio.models.state import save_weights

    config = {"base_width": 2, "t": 1, "stem": 2}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        network = create_model("r2aunet", **config)
    state = network.state_dict()
    state[[name for name in state if name.endswith("bias")][-1]].fill_(-4.0)
    path = tmp_path_factory.mktemp("weights") / "quiet.safetensors"
    save_weights(path, "r2aunet", config, state, {})
    return path


@pytest.fixture
def empty(tmp_path: Path, quiet_weights: Path) -> Iterator[Project]:
    with create_project(tmp_path / "session.resatt", quiet_weights) as project:
        yield project


@pytest.fixture
def plan(reference: Path) -> SessionPlan:
    return SessionPlan(
        RECIPES["full"],
        photos=3,
        learning=LEARNING,
        prices=Prices(step_s=100.0, megapixel_s=10.0),
        device="cpu",
        threads=1,
        reference_folder=reference,
    )


@pytest.fixture
def walked(empty: Project, surface: Surface) -> Callable[..., tuple[Point, ...]]:
    """``walked(plan, **changes)`` walks through the empty project."""

    def run(plan: SessionPlan, **changes: Any) -> tuple[Point, ...]:
        pairs = {pair.photo.absolute(): pair for pair in surface.opened}
        scorer = Scorer(surface.unseen, surface.elsewhere, "cpu", 1)
        return drain(walk(empty, pairs, replace(plan, **changes), scorer, paint))

    return run


def test_a_session_corrects_approves_and_learns_in_a_real_project(
    walked: Callable[..., tuple[Point, ...]], empty: Project, plan: SessionPlan
) -> None:
    points = walked(plan)
    assert points[0].event is Event.START and points[0].photos == 0
    assert [point.photos for point in points if point.event is Event.APPROVED] == [1, 2, 3]
    times = [point.simulated_s for point in points]
    assert times == sorted(times) and times[0] == 0
    assert points[-1].event is Event.LEARNED and points[-1].strokes > 0 and points[-1].steps >= 4
    assert all(0 <= point.dice <= 1 for point in points)
    assert points[-1].weights_id == empty.shelf.active().weights_id != points[0].weights_id
    assert {entry.state for entry in empty.store.photos()} == {ReviewState.APPROVED}
    edits, _ = empty.store.journal(empty.store.photos()[0].photo_id)
    assert edits and {sample.author for sample in empty.store.samples()} == {AUTHOR}
    assert check_project(empty) == []


def test_other_sets_are_judged_at_the_start_the_end_and_where_recipes_are_compared(
    walked: Callable[..., tuple[Point, ...]], plan: SessionPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resatt_studio.simulation.walk.PHOTO_COUNTS", (1,))
    points = walked(plan, waits=True)
    used = {points[0].weights_id, at_photos(points, 1).weights_id, points[-1].weights_id}
    assert len(used) == 3 < len({point.weights_id for point in points})
    for point in points:
        assert set(point.elsewhere) == ({"reference"} if point.weights_id in used else set())


def test_the_inspector_goes_on_while_the_app_learns(
    walked: Callable[..., tuple[Point, ...]], plan: SessionPlan
) -> None:
    points = walked(plan, prices=Prices(step_s=1e4, megapixel_s=0.0))
    assert [point.event for point in points] == [
        Event.START, Event.APPROVED, Event.APPROVED, Event.APPROVED, Event.LEARNED, Event.LEARNED,
    ]  # fmt: skip
    assert {point.weights_id for point in points[:4]} == {points[0].weights_id}
    first_approval, end = points[1].simulated_s, points[4].simulated_s
    assert end == pytest.approx(first_approval + 2e4)
    assert points[-1].machine_s == pytest.approx(4e4) and points[-1].measured_s < 1e4


def test_an_inspector_who_waits_meets_new_weights_with_every_photo(
    walked: Callable[..., tuple[Point, ...]], empty: Project, plan: SessionPlan
) -> None:
    points = walked(plan, waits=True, order="name")
    assert [point.event for point in points[1:]] == [Event.APPROVED, Event.LEARNED] * 3
    assert len({point.weights_id for point in points}) == 4
    # what is predicted ahead is predicted while the inspector works, all else is waited for
    overlap = points[-1].hand_s + points[-1].machine_s - points[-1].simulated_s
    ahead = sum(entry.facts.megapixels for entry in empty.store.photos()) * 3 * plan.prices.megapixel_s
    assert 0 <= overlap <= ahead


def test_the_apps_own_learning_leaves_runs_and_refused_versions_behind(
    walked: Callable[..., tuple[Point, ...]], empty: Project, plan: SessionPlan
) -> None:
    points = walked(plan, recipe=RECIPES["app"], photos=1)
    assert points[-1].event is Event.LEARNED and points[-1].reason
    assert [run.state for run in empty.store.runs()] == [RunState.FINISHED]
    assert {version.state for version in empty.shelf.versions()} <= {
        WeightsState.ACTIVE,
        WeightsState.REFUSED,
        WeightsState.RETIRED,
    }


def test_without_learning_nothing_changes(
    walked: Callable[..., tuple[Point, ...]], empty: Project, plan: SessionPlan
) -> None:
    points = walked(plan, recipe=RECIPES["none"], order="random")
    assert len({(point.weights_id, point.dice) for point in points}) == 1 and len(points) == 4
    assert len(empty.shelf.versions()) == 1


def test_who_agrees_paints_no_stroke_and_vouches_for_every_pixel(
    walked: Callable[..., tuple[Point, ...]], empty: Project, plan: SessionPlan
) -> None:
    points = walked(plan, recipe=RECIPES["agreeing"], photos=1)
    assert points[-1].strokes == 0
    (sample,) = empty.store.samples()
    shown = empty.blobs.get_array(sample.predicted_blob) > 127
    assert sample.complete and ((empty.blobs.get_array(sample.labels_blob) == 1) == shown).all()


@pytest.mark.parametrize("name", ["rootpainter", "cellpose", "protocol", "replay"])
def test_every_other_recipe_gets_through_a_session(
    name: str, walked: Callable[..., tuple[Point, ...]], plan: SessionPlan
) -> None:
    points = walked(plan, recipe=RECIPES[name], photos=1, waits=True)
    assert [point.event for point in points].count(Event.LEARNED) >= 1 and points[-1].steps > 0


def test_a_run_that_does_not_fit_in_memory_is_refused_with_its_reason_and_the_session_goes_on(
    walked: Callable[..., tuple[Point, ...]], plan: SessionPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*told: object, **more: object) -> Any:
        yield from ()
        raise OutOfMemory("one patch does not fit in memory while learning.")

    monkeypatch.setattr("resatt_studio.simulation.learners.fine_tune_project", full)
    points = walked(plan, recipe=RECIPES["app"], photos=2, waits=True)
    assert [point.event for point in points[1:]] == [Event.APPROVED, Event.LEARNED] * 2
    (record,) = gate_records(points)
    assert record.refusals == (("one patch does not fit in memory while learning.", 2),)


def test_the_app_is_asked_what_to_correct_next(
    walked: Callable[..., tuple[Point, ...]], empty: Project, plan: SessionPlan
) -> None:
    points = walked(plan, recipe=RECIPES["none"], order="next", photos=2)
    assert points[-1].photos == 2
    entries = empty.store.photos()
    assert empty.store.value_counts().keys() == {entry.photo_id for entry in entries}, "all predicted ahead"
    approved = [sample.photo_id for sample in empty.store.samples()]
    for done, photo_id in enumerate(approved):
        doubts = {
            one: expected_doubt(counts)
            for one, counts in empty.store.value_counts().items()
            if one not in approved[:done]
        }
        ranks = rank_photos(doubts, empty.store.surfaces(), approved[:done])
        assert ranks[0].photo_id == photo_id


def test_an_unknown_order_is_refused(plan: SessionPlan) -> None:
    with pytest.raises(SettingsError, match="uncertain"):
        replace(plan, order="best")


def test_a_simulation_with_steps_repeats_itself(
    surface: Surface, plan: SessionPlan, quiet_weights: Path
) -> None:
    session = replace(plan, photos=1)
    two = SimulationPlan([RECIPES["full"]], 2, session, pool=2, weights=quiet_weights)
    so_far: list[int] = []
    whole = drain(simulate(surface, two, so_far=lambda found: so_far.append(len(found.points))))
    again = drain(simulate(surface, replace(two, seeds=1)))
    known, repeated = ([replace(point, measured_s=0.0) for point in one.points] for one in (whole, again))
    assert repeated == known[: len(repeated)] and so_far == [len(repeated), len(known)]
    assert {(point.recipe, point.seed) for point in known} == {("full", 0), ("full", 1)}
    assert str(quiet_weights.parent) not in str(whole.settings)


def test_points_do_not_depend_on_the_number_of_processes(
    surface: Surface, plan: SessionPlan, quiet_weights: Path
) -> None:
    session = replace(plan, photos=1, noise=HandNoise(wrong_strokes=0.5, upside_down=1))
    recipes = [RECIPES["app"], RECIPES["none"]]
    alone = SimulationPlan(recipes, 1, session, pool=2, weights=quiet_weights)
    told: list[int] = []
    one, two = (
        drain(
            simulate(surface, replace(alone, jobs=jobs), so_far=lambda found: told.append(len(found.points)))
        )
        for jobs in (1, 2)
    )
    assert one.settings == two.settings and len(told) == 4 and max(told) == len(one.points)
    assert [replace(point, measured_s=0.0) for point in one.points] == [
        replace(point, measured_s=0.0) for point in two.points
    ]
    assert {point.upside_down for point in two.points} == {0, 1}


def test_what_a_process_cannot_read_is_told_as_if_it_were_here(
    surface: Surface, plan: SessionPlan, quiet_weights: Path, tmp_path: Path
) -> None:
    gone = replace(surface, unseen=[PhotoPair(tmp_path / "gone.png", tmp_path / "gone.png")])
    two = SimulationPlan([RECIPES["none"]], 2, plan, pool=2, weights=quiet_weights, jobs=2)
    with pytest.raises(PhotoError, match="gone"):
        drain(simulate(gone, two))


def test_closing_a_simulation_ends_its_processes_and_leaves_no_folder_behind(
    surface: Surface, plan: SessionPlan, quiet_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    session = replace(plan, learning=replace(LEARNING, steps=10_000))
    job = simulate(surface, SimulationPlan([RECIPES["app"]], 2, session, weights=quiet_weights, jobs=2))
    for _ in job:
        if len(list(tmp_path.glob("resatt-simulation-*"))) == 2:
            break
    job.close()
    assert not multiprocessing.active_children() and not list(tmp_path.glob("resatt-simulation-*"))


def test_sessions_that_are_known_are_not_walked_again(
    surface: Surface, plan: SessionPlan, quiet_weights: Path, tmp_path: Path
) -> None:
    one = SimulationPlan([RECIPES["none"]], 1, replace(plan, photos=1), pool=2, weights=quiet_weights)
    path = tmp_path / "simulation.json"
    write_json(path, drain(simulate(surface, one)))
    more = replace(one, seeds=2)
    walked: list[str] = []
    known = continued(path, settings_of(surface, more))
    whole = drain(simulate(surface, more, known=known), lambda report: walked.append(report.message))
    assert not [words for words in walked if "seed 0" in words] and any("seed 1" in words for words in walked)
    assert whole.points[: len(known.points)] == known.points and whole.settings["seeds"] == 2
    second = drain(simulate(surface, replace(one, first_seed=1)))
    assert [replace(point, measured_s=0.0) for point in second.points] == [
        replace(point, measured_s=0.0) for point in whole.points if point.seed == 1
    ]
    write_json(path, whole)
    again = continued(path, settings_of(surface, one))
    assert drain(simulate(surface, one, known=again)) == whole


def test_another_simulation_is_not_continued_and_what_differs_is_named(
    surface: Surface, plan: SessionPlan, quiet_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = SimulationPlan([RECIPES["none"]], 1, plan, weights=quiet_weights)
    path = tmp_path / "out" / "simulation.json"
    write_json(path, Simulation(settings_of(surface, one)))
    other = replace(one, session=replace(plan, order="name", noise=HandNoise(wrong_strokes=0.1)))
    with pytest.raises(SettingsError, match="--out") as error:
        continued(path, settings_of(surface, other))
    assert 'order was "uncertain" and is "name" now' in error.value.message
    assert "noise.wrong_strokes was 0.0 and is 0.1 now" in error.value.message and "seeds" not in str(
        error.value
    )
    monkeypatch.setattr("resatt_studio.simulation.run.code_id", lambda: "another")
    with pytest.raises(SettingsError, match="learning_code"):
        continued(path, settings_of(surface, one))


def test_a_machine_without_prices_counts_the_wall_clock() -> None:
    machine = Machine()
    assert drain(machine.run(lambda: iter_once(), 0)) == "done"  # type: ignore[arg-type]
    assert machine.price(steps=5) == machine.counted_s == machine.measured_s > 0
    assert machine.occupy(10.0, 5.0) == 15.0 and machine.occupy(12.0, 1.0) == 16.0
    machine.interrupt(2.0)
    assert machine.busy_until == 18.0


def iter_once() -> Any:
    from resatt_studio.workflow.jobs import progress

    yield progress(0, 1)
    return "done"


def test_an_error_of_a_job_is_the_sessions() -> None:
    def broken() -> Any:
        yield from ()
        raise PhotoError("gone")

    with pytest.raises(PhotoError, match="gone"):
        drain(Machine().run(broken, 0))  # type: ignore[arg-type]


def test_sets_say_what_is_missing(drawn_set: Path, tmp_path: Path) -> None:
    assert len(read_pairs(drawn_set)) == 4
    (tmp_path / "list.txt").write_text("photo_000\nphoto_009\n")
    with pytest.raises(PhotoError, match="photo_009"):
        read_pairs(drawn_set, tmp_path / "list.txt")
    with pytest.raises(PhotoError, match=r"nosplit\.txt"):
        own_list(drawn_set, "nosplit")


def test_draws_differ_by_seed_and_spreads_do_not() -> None:
    pairs = [PhotoPair(Path(f"{number}.png"), Path("mask.png")) for number in range(20)]
    assert draw(pairs, 5, 0) == draw(pairs, 5, 0) != draw(pairs, 5, 1)
    assert len(draw(pairs, 0, 0)) == 20 and len(draw(pairs, 99, 0)) == 20
    assert spread(pairs, 3) == [pairs[0], pairs[10], pairs[19]] and spread(pairs, 0) == pairs
