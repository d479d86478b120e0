"""Looking into a network in a process beside the one that asks: the same numbers, shared, given up, told how long."""

import os
import pickle
import threading
import time

import pytest
import torch

from cnn_core.errors import StudentError
from cnn_core.insight import NOTHING, RECIPES
from cnn_core.looking import (
    GivenUp,
    Lookers,
    Pixels,
    Question,
    Speeds,
    Work,
    hash_of,
    lookers,
    under_the_hood,
    work_of,
)
from cnn_core.looking.jobs import answer
from cnn_core.model import PRESETS, build, summarize


@pytest.fixture(scope="module")
def beside():
    """One process for all tests of this file."""
    return Lookers(1)


def message(question, net):
    return lambda: pickle.dumps((question, net.spec, net.state_dict()))


def asked_beside(beside, question, net):
    asked = beside.ask(question, 1.0, message(question, net))
    with asked.awaited():
        assert asked.wait(120)
    return asked.answer()


def parts_of(value):
    """All numbers of an answer, in an order of their own."""
    if isinstance(value, dict):
        return [part for key in sorted(value) for part in parts_of(value[key])]
    if isinstance(value, list | tuple):
        return [part for one in value for part in parts_of(one)]
    if hasattr(value, "__dict__") and not isinstance(value, torch.Tensor):
        return [part for held in vars(value).values() for part in parts_of(held)]
    return [value]


QUESTIONS = [
    Question.of("evaluation", "mnist", 500),
    Question.of("accuracy", "mnist", 100),
    Question.of("accuracy_curve", "mnist", 60, change="rotation"),
    Question.of("pictures", "mnist", 100, layer="conv2d_1", filters=(0, 3), recipe=RECIPES["clean"], steps=3, seed=1),
    Question.of("slopes", "mnist", 100, layer="conv2d_1", filters=(0, 3), recipe=RECIPES["lesson"], seed=1),
    Question.of("examples", "mnist", 100, layer="conv2d_1"),
    Question.of("examples", "mnist", 100, layer="dense_1"),
    Question.of("ranges", "mnist", 100),
    Question.of("familiarity", "mnist", 100),
    Question.of("plane", "mnist", 40, method="pca"),
    Question.of("outcome", "mnist", 60, operation=NOTHING.mute("conv2d_1", [1]).hold("conv2d_1", {2: 0.5})),
    Question.of("cut", "mnist", 60, operation=NOTHING.mute("conv2d_1", [1]), looked_at="", here=""),
    Question.of("at_random", "mnist", 20, operation=NOTHING.mute("conv2d_1", [0, 1])),
    Question.of("need", "mnist", 30, layer="conv2d_1"),
    Question.of("pruning", "mnist", 20, layer="conv2d_1"),
    Question.of("robustness", "mnist", 20, attack="fgsm", sizes=(0.0, 0.1)),
    Question.of("robustness", "mnist", 20, attack="shift", sizes=(2,)),
    Question.of("smallest_steps", "mnist", 10),
    Question.of("leaning", "mnist", 20, layer="conv2d_1"),
    Question.of("close_calls", "mnist", 20),
    Question.of("decided", "mnist", 0, image=Pixels.of(torch.rand(1, 28, 28)), layer="conv2d_1", answer=None, rival=3,
                way="lrp"),
    Question.of("reading", "mnist", 20, layer="dense_1", filter=3),
    Question.of("flows", "mnist", 5, target=4),
    Question.of("given_to_each_class", "mnist", 2),
    Question.of("more_of", "mnist", 0, image=bytes(4 * 784), target=4, hold=0.5),
    Question.of("recipes_compared", "mnist", 20, layer="conv2d_1", filters=(0,), seed=1),
]  # fmt: skip


def test_every_job_has_the_same_numbers_there_as_here_bit_for_bit(beside):
    net = build(PRESETS["tiny"], seed=3).eval().requires_grad_(False)
    for question in QUESTIONS:
        here = parts_of(answer(net, question, lambda fraction: None))
        there = parts_of(asked_beside(beside, question, net))
        assert len(here) == len(there)
        for one, other in zip(here, there, strict=True):
            if isinstance(one, torch.Tensor):
                assert torch.equal(one, other), question
            else:
                assert pickle.dumps(one) == pickle.dumps(other), question


def test_a_cut_by_the_table_that_is_kept_is_the_outcome_computed_anew_and_builds_no_second_table():
    net = build(PRESETS["lesson"], seed=3).eval().requires_grad_(False)
    operation = NOTHING.mute("conv2d_2", [1, 5])

    def cut(operation, looked_at=""):
        asked = Question.of("cut", "mnist", 60, operation=operation, looked_at=looked_at, here="there")
        return answer(net, asked, lambda fraction: None)

    whole, first, again = cut(NOTHING, "conv2d_2"), cut(operation), cut(operation)
    for asked, found in ((NOTHING, whole), (operation, first), (operation, again)):
        anew = answer(net, Question.of("outcome", "mnist", 60, operation=asked), lambda fraction: None)
        torch.testing.assert_close(found.logits, anew.logits, atol=1e-5, rtol=1e-5)
    table = under_the_hood._tables.get((hash_of(net), "there", 60))
    assert (
        table.nbytes == 4 * 60 * 64 * 5 * 5 + 4 * 60 * 64 * 3 * 3
    )  # the pooled maps, and the next layer's sums
    assert under_the_hood._tables.get((hash_of(net), "elsewhere", 60)) is None


def test_a_refusal_comes_back_with_its_sentence_and_the_process_goes_on(beside):
    net = build(PRESETS["tiny"])
    with pytest.raises(StudentError, match="3 images make no map"):
        asked_beside(beside, Question.of("plane", "mnist", 3, method="pca"), net)
    assert asked_beside(beside, Question.of("accuracy", "mnist", 10), net) >= 0


def test_equal_questions_are_one_and_what_nobody_awaits_is_given_up(beside, monkeypatch):
    monkeypatch.setattr(lookers, "PATIENCE", 0.3)
    long = Question.of("accuracy_curve", "mnist", 500, change="shift")
    net = build(PRESETS["modern"]).eval()
    with_first = beside.ask("curve", 20.0, message(long, net))
    assert beside.ask("curve", 20.0, message(long, net)) is with_first
    waiting = beside.ask("later", 30.0, message(long, net))
    with with_first.awaited():
        until = time.monotonic() + 60
        while not with_first.fraction and time.monotonic() < until:
            time.sleep(0.05)
        assert 0 < with_first.share < 1
    worker = beside.processes()[0]
    assert beside.memory() > 100_000_000  # torch alone takes more
    for given_up in (with_first, waiting):
        assert given_up.wait(20)
        with pytest.raises(GivenUp):
            given_up.answer()
    with pytest.raises(ProcessLookupError):  # it was ended in the middle of the work
        os.kill(worker, 0)
    assert asked_beside(beside, Question.of("accuracy", "mnist", 20), net) >= 0


def test_a_process_that_is_killed_is_told_in_a_sentence(beside):
    long = Question.of("accuracy_curve", "mnist", 500, change="noise")
    asked = beside.ask("killed", 20.0, message(long, build(PRESETS["modern"]).eval()))
    with asked.awaited():
        until = time.monotonic() + 60
        while not asked.fraction and time.monotonic() < until:
            time.sleep(0.05)
        os.kill(beside.processes()[0], 9)
        assert asked.wait(20)
    with pytest.raises(StudentError, match="ended"):
        asked.answer()


def test_short_work_overtakes_long_work_that_came_no_earlier_than_its_length(monkeypatch):
    beside = Lookers(0)  # nobody works: only the order
    assert beside.memory() == 0
    long, short = (beside.ask(name, seconds, bytes) for name, seconds in (("long", 40.0), ("short", 2.0)))
    assert short.order < long.order
    assert beside.seconds_before(long) == 2.0
    assert beside.seconds_before(short) == 0
    much_later = beside.ask("later", 2.0, bytes)
    much_later.came += 60
    assert much_later.order > long.order


def awaited(asked, seconds=120):
    with asked.awaited():
        assert asked.wait(seconds)
    return asked.answer()


def test_what_is_light_is_answered_by_a_thread_of_this_process_once_for_all_who_ask():
    some, kept, may_end, threads = Lookers(1), [], threading.Event(), []

    def here():
        threads.append(threading.current_thread())
        assert may_end.wait(20)
        return "the answer"

    asked = some.ask("light", 1.0, bytes, here=here, keep=kept.append)
    assert some.ask("light", 1.0, bytes, here=here, keep=kept.append) is asked
    may_end.set()
    assert awaited(asked) == "the answer"
    assert kept == ["the answer"]
    assert len(threads) == 1
    assert threads[0] is not threading.current_thread()
    assert some.processes() == []


def test_a_light_answer_is_kept_though_whoever_asked_has_left_and_an_error_is_told():
    some, kept = Lookers(0), []
    some.ask("left", 1.0, bytes, here=lambda: 7, keep=kept.append)
    until = time.monotonic() + 20
    while not kept and time.monotonic() < until:
        time.sleep(0.01)
    assert kept == [7]

    def refuse():
        raise StudentError("No.")

    with pytest.raises(StudentError, match=r"No\."):
        awaited(some.ask("refused", 1.0, bytes, here=refuse, keep=kept.append))
    assert kept == [7]


def test_light_and_heavy_work_do_not_wait_for_each_other():
    some = Lookers(0, threads=0)  # nobody works: only the order
    heavy = some.ask("heavy", 30.0, bytes)
    light = some.ask("light", 1.0, bytes, here=bytes)
    later = some.ask("later", 1.0, bytes, here=bytes)
    assert some.seconds_before(light) == some.seconds_before(heavy) == 0
    assert some.seconds_before(later) == 1.0


def test_where_a_process_is_there_for_what_is_light_it_answers_and_while_it_is_busy_or_gone_this_one_does():
    some, net = Lookers(1), build(PRESETS["tiny"], seed=3).eval().requires_grad_(False)
    question = Question.of("accuracy", "mnist", 100)
    expected = answer(net, question, lambda fraction: None)

    def ask(key, here, asks=question, of=net):
        return some.ask(key, 1.0, message(asks, of), here=here)

    some.be_ready()
    until = time.monotonic() + 120
    while not some._is_free and time.monotonic() < until:
        time.sleep(0.05)
    (there,) = some.processes()
    assert awaited(ask("first", lambda: "from here")) == expected
    long = Question.of("accuracy_curve", "mnist", 500, change="shift")
    slow = ask("slow", lambda: "from here", long, build(PRESETS["modern"]).eval())
    while slow.began is None and time.monotonic() < until:
        time.sleep(0.01)
    assert awaited(ask("meanwhile", lambda: "from here")) == "from here"
    assert len(awaited(slow)) == 7  # strengths: the process went on, though nobody waited
    assert some.processes() == [there]
    os.kill(there, 9)
    while some.processes() == [there] and time.monotonic() < until:
        awaited(ask(time.monotonic(), lambda: "from here"))  # by either
        time.sleep(0.1)
    assert there not in some.processes()


class NoProcess:
    """One that is there, and ends as soon as somebody looks away."""

    lives = True

    def __init__(self, *options):
        self.number = 0

    def get_ready(self):
        pass

    def is_alive(self):
        return self.lives

    def ask(self, asked):
        time.sleep(0.3)
        return "from there"

    def end(self):
        pass


@pytest.fixture
def ready(monkeypatch):
    """Lookers whose process for what is light is there and has nothing to do."""
    monkeypatch.setattr(lookers, "_Process", NoProcess)
    monkeypatch.setattr(NoProcess, "lives", True)
    some = Lookers(1, threads=1)
    some.be_ready()
    until = time.monotonic() + 20
    while not some._is_free and time.monotonic() < until:
        time.sleep(0.01)
    return some


def test_two_who_ask_in_the_same_moment_do_not_wait_for_each_other(ready):
    one, other = (ready.ask(name, 1.0, bytes, here=lambda: "from here") for name in ("one", "other"))
    assert {awaited(one, 20), awaited(other, 20)} == {"from there", "from here"}


def test_nobody_waits_for_a_process_that_has_ended_while_it_had_nothing_to_do(ready):
    NoProcess.lives = False
    assert awaited(ready.ask("one", 1.0, bytes, here=lambda: "from here"), 20) == "from here"


def test_work_is_the_multiply_adds_of_all_passes_up_to_the_layer_that_is_asked():
    spec = PRESETS["lesson"]
    rows = {row.name: row.macs for row in summarize(spec)}
    assert work_of(Question.of("evaluation", "mnist", 10_000), spec).total == 10_000 * sum(rows.values())
    pictures = Question.of(
        "pictures",
        "mnist",
        2_000,
        layer="conv2d_1",
        filters=(0, 1),
        recipe=RECIPES["clean"],
        steps=40,
        seed=0,
    )
    assert work_of(pictures, spec) == Work(2 * 40 * 3, rows["conv2d_1"])
    need = Question.of("need", "mnist", 2_000, layer="conv2d_1")
    assert work_of(need, spec) == Work(
        20_000, sum(rows.values())
    )  # a filter that is out changes all above it
    decided = Question.of("decided", "mnist", 0, layer="conv2d_2")  # 11 states in 21 orders, above the layer
    assert work_of(decided, spec) == Work(231, sum(rows.values()) - rows["conv2d_1"] - rows["conv2d_2"])
    attack = Question.of("robustness", "mnist", 10, attack="fgsm", sizes=(0.0, 0.1))
    assert work_of(attack, spec) == Work(10 * (3 + 2), sum(rows.values()))
    assert work_of(Question.of("evaluation", "mnist", 10_000), spec).is_light


def test_the_time_is_told_by_the_pace_of_the_same_job_before():
    speeds, work = Speeds(), Work(10_000, 197_000_000)
    speeds.measured("evaluation", work, 40.0)
    assert speeds.seconds("evaluation", Work(5_000, 197_000_000)) == pytest.approx(20.0)
    speeds.measured("evaluation", Work(10, 1_000), 40.0)  # next to nothing says nothing
    assert speeds.seconds("evaluation", work) == pytest.approx(40.0)
