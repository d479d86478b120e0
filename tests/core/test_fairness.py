"""The policy of the queue: its promises, on hundreds of classes drawn by lot, by a clock that is played."""

import functools
import random

import pytest

from cnn_core.runs.fairness import FIRST, AtWork, Queue, Room, Ticket, next_to_start, order, to_make_room
from tests.core.simulated_queue import Server, Wish

CLASSES = range(40)


def a_class(lot):
    """Wishes of up to a dozen visitors, most of them short trainings, some long, some of seconds."""
    wishes = []
    for _ in range(lot.randint(3, 30)):
        kind = lot.choice(["training", "training", "training", "dream", "opening"])
        needs = lot.choice([3, 20, 50, 300]) if kind == "training" else lot.randint(1, 8)
        wishes.append(Wish(lot.randint(0, 120), lot.choice("abcdefghijkl"), needs, kind))
    return wishes


@functools.cache
def played(seed, spares=1, some_are_away=True):
    lot = random.Random(seed)
    server = Server(lot.randint(1, 3), spares, lot.choice([30.0, 60.0, 100.0]))
    if some_are_away:
        server.away = set(lot.sample("abcdefghijkl", lot.choice([0, 0, 3])))
    wishes = a_class(lot)
    server.play(wishes)
    return server, wishes


@pytest.mark.parametrize("spares", [0, 1])
def test_every_run_ends_and_nobody_has_two_of_a_kind_at_work(spares):
    for seed in CLASSES:
        server, wishes = played(seed, spares=spares)
        assert len(server.ended) == len(wishes)
        for ticket, begin, end in server.stints:
            at_once = [
                other for other, b, e in server.stints if b < end and begin < e and other.lane == ticket.lane
            ]
            assert at_once == [ticket] * len(at_once)
        for now in {begin for _, begin, _ in server.stints}:
            at_work = [ticket for ticket, begin, end in server.stints if begin <= now < end]
            assert len(at_work) <= server.workers + spares
            assert sum(ticket.is_long for ticket in at_work) <= server.workers


def waits_since(ticket, queue):
    """When its visitor last had a worker for such work, or when it was asked for."""
    return max(queue.served.get(ticket.lane, 0.0), ticket.created / 1e9)


def test_whoever_has_waited_longest_since_they_last_had_a_worker_is_first():
    for seed in CLASSES:
        server, _ = played(seed)
        for _, started, queue in server.starts:
            for other in queue.startable():
                if (other.kind, other.owner in queue.away) == (started.kind, started.owner in queue.away):
                    assert waits_since(started, queue) <= waits_since(other, queue)
                if other.kind == started.kind and started.owner in queue.away:
                    assert other.owner in queue.away


def test_a_hundred_new_names_put_nobody_back_who_waits_already():
    waiting = [Ticket(int(t * 1e9), f"r{t}", owner, "training") for t, owner in enumerate("abcde", 100)]
    served = {("a", "training"): 90.0, ("b", "training"): 50.0}
    before = order(waiting, served=served)
    flood = [Ticket(int((200 + i) * 1e9), f"n{i}", f"new{i}", "training") for i in range(100)]
    assert order([*waiting, *flood], served=served)[:5] == before


def test_what_takes_seconds_never_waits_behind_trainings():
    for seed in CLASSES:
        server, wishes = played(seed)
        for short in ("dream", "opening"):
            ahead = sum(wish.needs + 1 for wish in wishes if wish.kind != "training")
            for ticket, begin, _ in server.stints:
                if ticket.kind == short:
                    assert begin - ticket.created / 1e9 <= ahead


def test_where_short_work_has_no_place_of_its_own_a_training_makes_room_for_it():
    server = Server(workers=1, spares=0, slice_seconds=600.0)
    server.play([Wish(0, "a", 500.0), Wish(10, "b", 500.0), Wish(20, "c", 3.0, "dream")])
    assert server.began["0002"] == 30.0  # SHORT_PATIENCE after the training began, and not 500


def test_no_worker_rests_while_a_training_could_be_started():
    for seed in CLASSES:
        server, _ = played(seed)
        for now in range(int(server.now)):
            at_work = [ticket for ticket, begin, end in server.stints if begin <= now < end]
            could = {
                ticket.lane
                for ticket, begin, _ in server.stints
                if ticket.is_long and ticket.created / 1e9 <= now - 1 and begin > now
            } - {ticket.lane for ticket in at_work}
            if could:
                assert len(at_work) >= server.workers


# Slices


def test_no_training_is_at_work_for_two_slices_while_somebody_waits():
    for seed in CLASSES:
        server, _ = played(seed)
        for ticket, begin, end in server.stints:
            if not ticket.is_long or end - begin <= 2 * server.slice_seconds + 1:
                continue
            # It was let: all that time nobody who would go before it could have been started.
            for now, started, queue in server.starts:
                if begin + 2 * server.slice_seconds + 1 < now < end and not started.is_long:
                    assert not [
                        one for one in queue.startable() if one.is_long and one.owner not in queue.away
                    ]


def test_whoever_made_room_comes_after_all_who_waited_then():
    for seed in CLASSES:
        server, _ = played(seed, some_are_away=False)
        for ticket, _, left in server.stints:
            if server.ended[ticket.run_id] == left:
                continue  # it was done
            again = min(begin for one, begin, _ in server.stints if one == ticket and begin >= left)
            then = next(queue for now, _, queue in server.starts if now >= left)
            lanes = {
                one.lane for one in then.startable() if one.is_long and then.served.get(one.lane, 0) < left
            }
            for lane in lanes:
                assert any(left <= begin <= again for one, begin, _ in server.stints if one.lane == lane)


def test_two_long_runs_share_a_worker_slice_by_slice_with_a_class_of_short_ones():
    # The report's case: two designs of hours held both workers of a class.
    hours = [Wish(0, "a", 4000.0), Wish(0, "b", 4000.0)]
    students = [Wish(10, f"student {i:02d}", 30.0) for i in range(30)]
    server = Server(workers=2, slice_seconds=600.0)
    server.play([*hours, *students])
    assert max(server.began[f"{i:04d}"] for i in range(2, 32)) <= 600 + 16 * 32
    assert max(server.ended.values()) < 4000 + 16 * 32 + 100  # and the long ones end as soon as they can
    alone = Server(workers=2, slice_seconds=float("inf"))
    alone.play([*hours, *students])
    assert min(alone.began[f"{i:04d}"] for i in range(2, 32)) >= 4000


def busy(seconds, left=None, owner="a", kind="training"):
    return AtWork(Ticket(1, f"run of {owner}", owner, kind), seconds, left)


FULL = Room(free=0, spare=0, spares=1)
OTHER = Ticket(2, "other", "b", "training")


@pytest.mark.parametrize(
    ("queue", "makes_room"),
    [
        (Queue([OTHER], [busy(61)]), True),
        (Queue([OTHER], [busy(59)]), False),
        (Queue([], [busy(999)]), False),
        (Queue([OTHER], [busy(61, left=5)]), False),  # nearly done
        (Queue([OTHER], [busy(61, left=7)]), True),
        (Queue([OTHER], [busy(121, left=5)]), True),  # it has said so for a whole slice
        (Queue([Ticket(2, "own", "a", "training")], [busy(61)]), False),  # one's own waits for one's own
        (Queue([Ticket(2, "dream", "b", "dream")], [busy(61)]), False),  # short work has its own place
        (Queue([OTHER], [busy(61)], away=frozenset("b")), False),  # it would be started again at once
        (Queue([OTHER], [busy(61)], away=frozenset("ab")), True),
        (Queue([OTHER], [busy(61, kind="dream")]), False),
    ],
)
def test_a_training_makes_room_after_its_slice_for_somebody_who_would_be_started(queue, makes_room):
    assert bool(to_make_room(queue, FULL, 60.0)) is makes_room
    assert not to_make_room(queue, Room(free=1, spare=1, spares=1), 60.0)
    assert not to_make_room(queue, FULL, float("inf"))


def test_as_many_make_room_as_wait_and_those_first_that_are_longest_at_work():
    queue = Queue([OTHER], [busy(70, owner="c"), busy(90, owner="d"), busy(80, owner="e")])
    assert [ticket.owner for ticket in to_make_room(queue, FULL, 60.0)] == ["d"]


def test_trainings_keep_the_workers_and_short_work_its_own_place():
    dream, training = Ticket(1, "dream", "a", "dream"), Ticket(2, "training", "b", "training")
    queue = Queue([dream, training])
    assert next_to_start(queue, Room(free=1, spare=1, spares=1)) == training
    assert next_to_start(queue, Room(free=0, spare=1, spares=1)) == dream
    assert next_to_start(queue, Room(free=0, spare=0, spares=1)) is None
    assert next_to_start(queue, Room(free=1, spare=0, spares=0)) == dream
    assert next_to_start(Queue([dream]), Room(free=1, spare=1, spares=1)) == dream


def test_a_run_that_lost_its_worker_comes_before_all_others():
    waiting = [Ticket(i * 10**9, name, name, "training") for i, name in enumerate("abc", 10)]
    assert order(waiting, served={("c", "training"): FIRST})[0].owner == "c"
