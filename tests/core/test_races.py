"""A fair race: what it refuses, what all racers share, how an address spells it, and its runs in the store."""

import itertools
import random
import string

import pytest

from cnn_core.data import AugmentSpec
from cnn_core.errors import StudentError
from cnn_core.model import PRESETS, links
from cnn_core.model.layers import Conv2D
from cnn_core.runs import RunStore, races
from cnn_core.runs.expectation import Speeds
from cnn_core.runs.waits import ASIDE
from cnn_core.significance import seeds_beyond_chance
from cnn_core.training import RECIPES, TrainSpec
from cnn_core.training.inputs import order_of
from cnn_core.training.race import Race, Racer, read, titles_of, written

OWNER = "a" * 22
LESSON, MLP, TINY = (Racer(PRESETS[name], RECIPES["lesson"]) for name in ("lesson", "mlp", "tiny"))
OWN = PRESETS["tiny"].replace(name="Mine", layers=(Conv2D(5, activation="relu"), *PRESETS["tiny"].layers))


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


# ---------------------------------------------------------------- what a race is


def test_racers_share_images_number_and_seed_and_differ_in_nothing_else():
    race = Race((LESSON, Racer(MLP.spec, TrainSpec("adam", seed=9, train_size=50))), "mnist", 300, 4, 3)
    for number, heat in enumerate(race.heats):
        assert {(one.recipe.seed, one.recipe.train_size) for one in heat} == {(4 + number, 300)}
        assert heat[1].recipe == TrainSpec("adam", seed=4 + number, train_size=300)
    assert len(race.heats) == 3


def test_the_order_of_the_images_depends_on_the_seed_alone():
    orders = [order_of(100, 0, heat[0].recipe.seed) for heat in Race((LESSON, MLP), seeds=3).heats]
    assert (orders[0] == order_of(100, 0, 0)).all()
    assert not (orders[0] == orders[1]).all()


@pytest.mark.parametrize(
    ("racers", "more", "said"),
    [
        ((LESSON,), {}, "A race of 1 is none"),
        ((LESSON, MLP, TINY, Racer(OWN, RECIPES["lesson"]), Racer(OWN, RECIPES["fast"])), {}, "A race of 5"),
        ((LESSON, MLP, LESSON), {}, "Number 1 and number 3 are the same"),
        (
            (LESSON, Racer(LESSON.spec.replace(name="Other"), LESSON.recipe.replace(seed=3))),
            {},
            "same recipe",
        ),
        ((LESSON, MLP), {"seeds": 2}, "no 2 seeds"),
        ((LESSON, MLP), {"seed": -1}, "The seed is −1"),
        ((LESSON, MLP), {"dataset": "nothing"}, "nothing"),
    ],
)
def test_what_is_no_race_is_refused_in_the_students_numbers(racers, more, said):
    with pytest.raises(StudentError, match=said):
        Race(racers, **more)


def test_designs_are_fitted_to_the_images_and_one_that_cannot_stand_there_is_named():
    race = Race((LESSON, MLP), "cifar10")
    assert {racer.spec.input_shape for racer in race.racers} == {(3, 32, 32)}
    large = OWN.replace(input_shape=(1, 40, 40), layers=(Conv2D(4, kernel_size=33), *OWN.layers[-2:]))
    with pytest.raises(StudentError, match="“Mine” cannot learn from MNIST"):
        Race((LESSON, Racer(large, RECIPES["lesson"])), "mnist")


def test_each_racer_has_a_name_of_its_own_by_what_differs():
    assert titles_of([LESSON, MLP]) == ("Lesson convnet", "MLP")
    adam = Racer(LESSON.spec, TrainSpec("adam", augment=AugmentSpec.lesson()))
    assert titles_of([LESSON, adam]) == ("lesson recipe", "adam · random changes")
    assert titles_of([LESSON, Racer(MLP.spec, TrainSpec(monitor="val_loss"))])[1] == "MLP · lesson recipe"
    wider = Racer(OWN.replace(name="MLP"), RECIPES["lesson"])
    assert titles_of([MLP, wider]) == ("MLP (1)", "MLP (2)")
    assert titles_of([LESSON, Racer(MLP.spec, RECIPES["fast"])]) == (
        "Lesson convnet · lesson recipe", "MLP · fast recipe",
    )  # fmt: skip
    example = Racer(LESSON.spec, TrainSpec("adam", batch_size=128, epochs=15))
    assert titles_of([LESSON, example])[1] == "recipe of Keras’s simple convnet"
    assert titles_of([MLP, Racer(MLP.spec, TrainSpec(label_noise=0.2))])[1] == "20 % wrong labels"


# ---------------------------------------------------------------- as a piece of an address


def test_the_names_of_ours_are_written_as_names():
    assert written([LESSON, Racer(MLP.spec, RECIPES["fast"])]) == "lesson~mlp:fast"
    assert read("lesson~mlp:fast~tiny:lesson") == (LESSON, Racer(MLP.spec, RECIPES["fast"]), TINY)


def test_any_racers_come_back_from_an_address_as_they_were():
    recipes = [
        RECIPES["fast"],
        TrainSpec("sgd", 0.05, momentum=0.9, nesterov=True, epochs=2, augment=AugmentSpec.lesson()),
        TrainSpec("adam", l2=1e-4, label_noise=0.2, patience=3, monitor="val_loss"),
    ]
    racers = tuple(Racer(spec, recipe) for spec, recipe in itertools.product((OWN, MLP.spec), recipes))
    for four in (racers[:4], racers[2:]):
        text = written(four)
        assert read(text) == four
        assert set(text) <= set(string.ascii_letters + string.digits + "-_.~:")


def test_a_race_too_large_for_an_address_is_not_written_and_a_long_text_not_read(monkeypatch):
    with pytest.raises(StudentError, match="8,001 characters"):
        read("m" * 8_001)
    text = written([LESSON, Racer(OWN, RECIPES["fast"])])
    monkeypatch.setattr(links, "MAX_TEXT", len(text) - 1)
    assert written([LESSON, Racer(OWN, RECIPES["fast"])]) == ""
    assert written([LESSON, MLP]) == "lesson~mlp"


def test_whatever_a_stranger_writes_is_refused_in_a_sentence_and_raises_nothing_else():
    rng = random.Random(3)
    good = [written([LESSON, Racer(OWN, TrainSpec("adam"))]), "lesson~mlp:fast~tiny", "lesson:1.AAAA~mlp"]
    pieces = ["", "~", ":", "::", "lesson", "nobody", "1.", "mlp:mlp", "lesson:fast:fast", "é", "\0", "~" * 50,
              links.encode({"seed": "x"}), links.encode({"epochs": 10**9}), links.encode({"layers": []})]  # fmt: skip
    for _ in range(400):
        text = list(rng.choice(good))
        for _ in range(rng.randint(1, 3)):
            at = rng.randrange(len(text) + 1)
            text[at : at + rng.randint(0, 4)] = rng.choice([*pieces, rng.choice(string.printable)])
        try:
            racers = read("".join(text))
        except StudentError:
            continue
        assert 2 <= len(racers) <= 4
    assert read(f"lesson:{links.encode({'seed': 7, 'train_size': 5})}~mlp") == (LESSON, MLP)


# ---------------------------------------------------------------- in the store


SMALL = Race(
    (Racer(PRESETS["tiny"], RECIPES["fast"]), Racer(PRESETS["tiny"], TrainSpec("adam"))), train_size=100
)


def end(store, run, state="finished", accuracy=0.9, **more):
    result = {"accuracy": accuracy, "loss": 0.3, "count": 500} if state == "finished" else None
    store.set_status(run, state=state, result=result, **more)
    store.done(run.id)
    store._tickets.remove(run.id, "queue")


def test_a_race_is_found_again_by_what_it_is_and_nothing_is_trained_twice(store):
    assert not races.course_of(store, SMALL, OWNER).is_begun
    assert races.start(store, SMALL, OWNER) == 2
    course = races.course_of(RunStore(store.path), SMALL, OWNER)
    assert [run.name for run in course.runs] == ["Tiny convnet · fast recipe", "Tiny convnet · adam"]
    assert {(run.recipe.seed, run.recipe.train_size) for run in course.runs} == {(0, 100)}
    assert len(course.unfinished) == 2
    assert races.start(store, SMALL, OWNER) == 0
    assert not races.course_of(store, SMALL, "b" * 22).is_begun
    for run in course.runs:
        end(store, run)
    assert races.course_of(store, SMALL, OWNER).is_over


def test_of_a_race_without_room_none_is_begun_and_the_store_says_why(store, monkeypatch):
    monkeypatch.setenv("CONVSCOPE_MAX_QUEUE", "2")
    store.submit(PRESETS["mlp"], RECIPES["fast"], owner=OWNER)
    for ask in (lambda: races.start(store, SMALL, OWNER),
                lambda: races.check_start(store, races.course_of(store, SMALL, OWNER), OWNER)):  # fmt: skip
        with pytest.raises(
            StudentError, match="You have 1 unfinished trainings; this server allows a visitor 2, and"
        ):
            ask()
    assert len(store.runs(OWNER)) == 1


def test_one_that_is_refused_takes_the_others_with_it(store):
    class NoAdam:
        def check_submission(self, token, wish):
            if wish.card["recipe"]["optimizer"] == "adam":
                raise StudentError("No adam here.", hint="Take another.")

        def check_action(self, token, name):
            pass

    with pytest.raises(StudentError, match="No adam"):
        races.start(RunStore(store.path, rules=NoAdam()), SMALL, OWNER)
    assert store.runs(OWNER) == []
    assert not store.has_work()


def test_of_three_seeds_as_many_begin_as_there_is_room_for_whole_ones(store, monkeypatch):
    monkeypatch.setenv("CONVSCOPE_MAX_QUEUE", "5")
    race = Race(SMALL.racers, train_size=100, seeds=3)
    assert races.start(store, race, OWNER) == 4
    course = races.course_of(store, race, OWNER)
    assert course.next_heat == 2
    assert [run.recipe.seed for run in course.of_racer(1)] == [0, 1]
    with pytest.raises(StudentError, match="4 unfinished"):
        races.check_start(store, course, OWNER)
    end(store, course.runs[0])
    assert races.start(store, race, OWNER) == 2
    assert races.course_of(store, race, OWNER).next_heat is None


def test_the_next_seed_follows_by_itself_only_after_one_that_ended_well(store, monkeypatch):
    monkeypatch.setenv("CONVSCOPE_MAX_QUEUE", "2")
    race = Race(SMALL.racers, train_size=100, seeds=3)
    races.start(store, race, OWNER)
    one, other = races.course_of(store, race, OWNER).runs
    end(store, one)
    assert not races.course_of(store, race, OWNER).may_go_on  # the other is not done
    end(store, other, "failed", reason="The disk is full.")
    assert not races.course_of(store, race, OWNER).may_go_on  # it would fail again and again
    store.set_status(other, state="finished", result={"accuracy": 0.9, "loss": 0.3, "count": 500})
    assert races.course_of(store, race, OWNER).may_go_on


def test_pause_resume_and_stop_of_a_race_are_those_of_its_runs(store):
    races.start(store, SMALL, OWNER)
    for action, state in (("pause", "paused"), ("resume", "queued"), ("stop", "stopped")):
        races.control(store, races.course_of(store, SMALL, OWNER).runs, OWNER, action)
        assert {run.status.state for run in store.runs(OWNER)} == {state}
    course = races.course_of(store, SMALL, OWNER)
    assert course.is_begun
    assert len(course.missing(0)) == 2  # what was stopped can be begun again
    assert races.start(store, SMALL, OWNER) == 2


def test_one_whose_loss_became_infinite_has_lost_and_is_not_begun_again(store):
    races.start(store, SMALL, OWNER)
    one, other = races.course_of(store, SMALL, OWNER).runs
    end(store, one, "failed", cause="diverged", reason="The loss became infinite.")
    end(store, other)
    course = races.course_of(store, SMALL, OWNER)
    assert course.is_over
    assert races.has_diverged(course.runs[0])
    assert races.start(store, SMALL, OWNER) == 0


def test_a_run_whose_rate_was_changed_on_the_way_is_no_racer_any_more(store):
    races.start(store, SMALL, OWNER)
    one, _ = races.course_of(store, SMALL, OWNER).runs
    store.control(one.id, OWNER, learning_rate=0.5)
    end(store, one)
    assert races.course_of(store, SMALL, OWNER).heats[0][0] is None


def test_what_a_race_costs_is_the_sum_of_what_its_designs_took_here(store):
    assert races.cost(store, races.course_of(store, SMALL, OWNER)) == races.Cost(2, None, None)
    races.start(store, SMALL, OWNER)
    one, other = races.course_of(store, SMALL, OWNER).runs
    store.remember_speed(one, 1_000.0)  # images a second, 100 of them in each of 2 and of 5 epochs
    Speeds(store.path).remember_seconds(ASIDE, 0.5)  # beside the learning of each
    end(store, other)
    store.control(one.id, OWNER, "stop")
    cost = races.cost(store, races.course_of(store, SMALL, OWNER))
    assert (cost.runs, cost.seconds, cost.of_three) == (1, pytest.approx(0.7), pytest.approx(3 * 1.7))


# ---------------------------------------------------------------- is it chance?


@pytest.mark.parametrize(
    ("ones", "others", "count", "expected"),
    [
        ([0.98, 0.981, 0.982], [0.97, 0.971, 0.972], 10_000, True),  # 1 point; chance is 0.42
        ([0.98, 0.981, 0.982], [0.97, 0.971, 0.972], 500, False),  # chance is 1.9
        ([0.98, 0.981, 0.982], [0.95, 0.96, 0.9801], 10_000, False),  # one seed turns it round
        ([0.9, 0.91, 0.92], [0.95, 0.96, 0.97], 10_000, True),  # either way round
        ([0.98], [0.97], 10_000, True),
    ],
)
def test_seeds_differ_beyond_chance_only_where_none_of_them_overlap(ones, others, count, expected):
    assert seeds_beyond_chance(ones, others, count) is expected


def test_three_and_three_seeds_fall_apart_by_luck_in_two_of_their_twenty_orders():
    values = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
    orders = list(itertools.combinations(values, 3))
    apart = [one for one in orders if seeds_beyond_chance(one, [v for v in values if v not in one], 10**6)]
    assert (len(apart), len(orders)) == (2, 20)
