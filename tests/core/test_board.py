"""The board of a class and its challenges: whose runs count, and who stands where, by scores worked out by hand."""

import secrets
from dataclasses import replace

import pytest

from cnn_core.classroom import READY, Board, Challenge, Classes, Exam, Member, Row, Share, runs_of, standing
from cnn_core.classroom.board import as_of
from cnn_core.errors import StudentError
from cnn_core.model import PRESETS, ModelSpec
from cnn_core.runs import RunStore
from cnn_core.runs.files import write_json
from cnn_core.runs.status import change_status
from cnn_core.training import TrainSpec

TEACHER, ADA, BEN, EVE = (secrets.token_urlsafe(16) for _ in range(4))
DIGITS = Exam("mnist", 10_000, False)


def row(name, accuracy, parameters=5_000, number=0, **others):
    """A finished run of a member of that name, tested on all digits."""
    values = {
        "member": Member(f"{name:x<8}"[:8], name, "0" * 32, 0.0),
        "run_id": f"{name}{number}", "name": "Net", "state": "finished", "created": float(number), "ended": 9.0,
        "spec": PRESETS["lesson"], "dataset": "mnist", "parameters": parameters, "macs": 10 * parameters,
        "images": 55_000, "seconds": 10.0, "share": 1.0, "so_far": None, "curve": (), "accuracy": accuracy,
        "exam": DIGITS,
    }  # fmt: skip
    return Row(**values | others)


def ranks(board):
    return [(place.rank, place.row.member.name) for place in board.places]


# ---------------------------------------------------------------- scores


def test_who_cannot_be_told_apart_by_ten_thousand_digits_shares_a_place_with_the_best_of_them():
    # By hand, at 99 %: chance = 1.96 * sqrt(0.99 * 0.01 * 2 / 10,000) = 0.0028; at 98.65 % 0.0032, at 98 % 0.0039.
    rows = [row("ada", 0.9900), row("ben", 0.9880), row("cy", 0.9830), row("dee", 0.9830), row("eva", 0.9700)]
    board = standing(READY["best"], rows)
    assert ranks(board) == [(1, "ada"), (1, "ben"), (3, "cy"), (3, "dee"), (5, "eva")]
    assert [place.shares for place in board.places] == [True, True, True, True, False]
    assert board.places[0].is_done is None  # there is no goal
    low, high = board.places[0].interval
    assert (round(low, 4), round(high, 4)) == (0.9879, 0.9918)  # Wilson's, as in the textbook's table


def test_of_each_member_the_best_run_counts_and_of_equal_ones_the_first():
    rows = [row("ada", 0.95, number=3), row("ada", 0.98, number=2), row("ada", 0.98, number=1)]
    board = standing(READY["best"], rows)
    assert [place.row.run_id for place in board.places] == ["ada1"]
    assert [(one.run_id, why) for one, why in board.unranked] == [
        ("ada3", "own better"),
        ("ada2", "own better"),
    ]


@pytest.mark.parametrize(
    ("limit", "value"), [("parameters", 10_000), ("macs", 10_000), ("images", 10_000), ("seconds", 20)]
)
def test_a_limit_is_kept_by_who_is_just_at_it_and_by_nobody_beyond(limit, value):
    rows = [row("at", 0.98, **{limit: value}), row("over", 0.999, **{limit: value + 1})]
    board = standing(Challenge("accuracy", limit, value), rows)
    assert ranks(board) == [(1, "at")]
    assert [why for _, why in board.unranked] == [limit]


def test_99_per_cent_with_under_10_000_parameters_is_done_by_who_measured_it_and_surely_by_whose_interval_says_so():
    rows = [
        row("lynx", 0.9900, 6_210),
        row("heron", 0.9925, 9_700),
        row("seal", 0.9899, 9_000),
        row("crane", 0.994, 90_000),
    ]
    board = standing(READY["small"], rows)
    assert {place.row.member.name: (place.is_done, place.is_sure) for place in board.places} == {
        "heron": (True, True),  # 0.9925 ± 0.0017: its low end is 0.9906
        "lynx": (True, False),
        "seal": (False, False),
    }
    assert len(board.done) == 2


def test_the_smallest_net_that_reads_98_per_cent_is_told_by_exact_numbers_that_chance_does_not_touch():
    rows = [
        row("ada", 0.9801, 4_000),
        row("ben", 0.99, 4_001),
        row("cy", 0.99, 4_000),
        row("dee", 0.9799, 100),
    ]
    board = standing(READY["smallest"], rows)
    assert ranks(board) == [(1, "ada"), (1, "cy"), (3, "ben")]
    assert [(place.score, place.interval, place.is_sure) for place in board.places] == [
        (4_000, None, False),  # that it reads 98 % may be chance
        (4_000, None, True),
        (4_001, None, True),
    ]
    assert [why for _, why in board.unranked] == ["accuracy"]


def test_turned_images_rank_by_what_was_measured_on_the_server_and_who_is_not_measured_yet_waits():
    rows = [row("ada", 0.99), row("ben", 0.95), row("cy", 0.97), row("dee", 0.9)]
    board = standing(
        READY["turned"],
        rows,
        {"ada0": Share(0.30, 2_000), "ben0": Share(0.32, 2_000), "dee0": Share(0.40, 2_000)},
    )
    # By hand: 1.96 * sqrt(0.31 * 0.69 * 2 / 2,000) = 0.029
    assert ranks(board) == [(1, "dee"), (2, "ben"), (2, "ada")]
    assert [place.count for place in board.places] == [2_000] * 3
    assert [(one.member.name, why) for one, why in board.unranked] == [("cy", "measuring")]


def test_only_who_was_tested_on_the_same_new_images_is_ranked_and_all_others_are_told_why():
    sample = Exam("mnist", 500, True)
    rows = [
        row("ada", 0.98), row("ben", 0.97), row("cy", 1.0, exam=sample),
        row("dee", 0.99, exam=Exam("fashion_mnist", 10_000, False)), row("eva", 0.99, seen=12),
        row("fay", 0.99, is_known=False), row("gus", None, exam=None, state="running"),
        row("hal", None, exam=None, state="failed"), row("ida", 0.99, images=None),
    ]  # fmt: skip
    board = standing(Challenge("accuracy", "images", 60_000), rows)
    assert ranks(board) == [(1, "ada"), (2, "ben")]
    assert {one.member.name: why for one, why in board.unranked} == {
        "cy": "other images", "dee": "other images", "eva": "seen", "fay": "unknown", "gus": "goes on",
        "hal": "ended", "ida": "images",
    }  # fmt: skip
    assert board.exam == DIGITS
    assert standing(READY["best"], rows[2:3]).exam == sample  # where it is all there is


def test_an_empty_class_has_no_places():
    assert standing(READY["small"], []).places == ()


# ---------------------------------------------------------------- a teacher's own


@pytest.mark.parametrize("challenge", READY.values(), ids=READY)
def test_a_challenge_goes_to_a_file_and_back(challenge):
    assert Challenge.from_dict(challenge.to_dict()) == challenge


@pytest.mark.parametrize("wrong", [
    {"measure": "beauty"}, {"measure": []}, {"limit": "letters", "at": 3}, {"limit": "parameters"},
    {"limit": "parameters", "at": 0}, {"limit": "parameters", "at": float("nan")}, {"limit": "macs", "at": "many"},
    {"limit": "seconds", "at": True}, {"limit": "images", "at": 10**7}, {"limit": "accuracy", "at": 0.9},
    {"measure": "parameters"}, {"measure": "parameters", "limit": "accuracy", "at": 1.0},
    {"measure": "macs", "limit": "parameters", "at": 9}, {"goal": 1.0}, {"goal": float("nan")}, {"goal": "99"},
    {"measure": "parameters", "limit": "accuracy", "at": 0.98, "goal": 0.9}, {"colour": 1},
], ids=repr)  # fmt: skip
def test_what_cannot_be_scored_is_no_challenge(wrong):
    assert Challenge.from_dict(wrong) is None
    if "colour" not in wrong:
        with pytest.raises(StudentError):
            Challenge(**wrong)


def test_a_chart_of_a_challenge_shows_what_it_limits():
    assert {name: one.axis for name, one in READY.items()} == {
        "small": "parameters", "work": "macs", "few": "images", "fast": "seconds", "turned": "parameters",
        "smallest": "parameters", "best": "parameters",
    }  # fmt: skip


# ---------------------------------------------------------------- whose runs


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path)


@pytest.fixture
def classes(tmp_path):
    return Classes(tmp_path)


def train(store, owner, seed=0, design="lesson"):
    return store.submit(PRESETS[design], TrainSpec(epochs=1, seed=seed), owner=owner)


def finish(store, run_id, accuracy, count=10_000):
    result = {"accuracy": accuracy, "loss": 0.1, "count": count, "is_sample": False, "seen": 0}
    portions = [{"dataset": "mnist", "source": "complete", "count": 55_000, "kept_aside": 5_000}]
    write_json(store.path / run_id / "learnt_from.json", {"portions": portions, "is_known": True})
    change_status(
        store.path / run_id, state="finished", result=result, ended=store.run(run_id).created + 60, seconds=42
    )


def test_a_class_has_the_runs_that_its_members_started_while_they_were_in_it_and_no_stranger_s(
    store, classes
):
    before = train(store, ADA, seed=9)
    tuesday, _ = classes.open(TEACHER, "Tuesday", 2)
    friday, _ = classes.open(TEACHER, "Friday", 2)
    classes.join(ADA, tuesday.code, "Ada")
    classes.join(BEN, tuesday.code, "Ben")
    classes.join(EVE, friday.code, "Eve")
    mine, theirs, hers = train(store, ADA), train(store, BEN), train(store, EVE)
    train_of_nobody = train(store, secrets.token_urlsafe(16))

    def ids(classroom):
        now = classes.classroom(classroom.id)
        return {(member.name, run.id) for member, run in runs_of(classes, store, now)}

    assert ids(tuesday) == {("Ada", mine), ("Ben", theirs)}
    assert ids(friday) == {("Eve", hers)}
    assert {before, train_of_nobody}.isdisjoint(run for _, run in ids(tuesday))

    classes.enter(TEACHER, classes_key(classes, TEACHER, tuesday))
    classes.end(TEACHER)
    train(store, ADA, seed=5)
    assert ids(tuesday) == {("Ada", mine), ("Ben", theirs)}  # what comes after the end is theirs alone
    classes.remove(TEACHER, classes.seat(ADA).member.id)
    assert ids(tuesday) == {("Ben", theirs)}
    classes.wipe(TEACHER)
    assert Board(classes, store).rows(tuesday.id) == ()
    assert Board(classes, store).stamp(tuesday.id) is None


def classes_key(classes, token, classroom):
    """Sit at the desk of this class again: whoever opens a second one sits there."""
    (classes.path / "of" / next(iter(classroom.teachers))).write_text(classroom.id)
    return classes.invite(token)


def test_a_row_says_what_the_run_s_files_say_and_is_read_again_when_they_change(store, classes):
    classroom, _ = classes.open(TEACHER, "Tuesday", 2)
    classes.join(ADA, classroom.code, "Ada")
    board, run_id = Board(classes, store), train(store, ADA)
    first = board.stamp(classroom.id)
    (waiting,) = board.rows(classroom.id)
    assert (waiting.state, waiting.accuracy, waiting.images, waiting.goes_on) == ("queued", None, None, True)
    assert (waiting.parameters, waiting.member.name) == (93_322, "Ada")
    assert board.stamp(classroom.id) == first

    finish(store, run_id, 0.99)
    assert board.stamp(classroom.id) != first
    (done,) = board.rows(classroom.id)
    assert (done.accuracy, done.exam, done.images, done.seconds, done.is_test) == (
        0.99,
        DIGITS,
        55_000,
        42,
        True,
    )
    assert tuple(round(end, 4) for end in done.interval) == (0.9879, 0.9918)

    # As it stood before it ended, and before it began.
    (then,) = board.rows(classroom.id, at=done.created + 1)
    assert (then.goes_on, then.accuracy) == (True, None)
    assert board.rows(classroom.id, at=done.created - 1) == ()
    assert as_of(done, done.ended) == done


def test_a_run_that_nobody_can_read_spoils_no_board(store, classes):
    classroom, _ = classes.open(TEACHER, "Tuesday", 2)
    classes.join(ADA, classroom.code, "Ada")
    whole, spoiled = train(store, ADA), train(store, ADA, seed=1)
    (store.path / spoiled / "status.json").write_bytes(b"\xff{")
    card = store.run(spoiled).card | {"spec": {"layers": "?"}}
    write_json(store.path / spoiled / "run.json", card)
    board = Board(classes, store)
    assert [one.run_id for one in board.rows(classroom.id)] == [whole]
    assert isinstance(board.rows(classroom.id)[0].spec, ModelSpec)
    assert replace(board.rows(classroom.id)[0], run_id=spoiled).run_id == spoiled
