"""Homework: given by a teacher, handed in by students, kept as it was whatever becomes of their runs."""

import random
import secrets

import pytest

from cnn_core.classroom import Classes, Guard, Homework, Task
from cnn_core.classroom.handed import handed_in_of
from cnn_core.classroom.record import clean_text
from cnn_core.errors import StudentError
from cnn_core.lesson.guess_questions import NumberQuestion
from cnn_core.model import PRESETS
from cnn_core.runs import RunStore
from cnn_core.training import RECIPES

TEACHER, ADA, BEN, STRANGER = (secrets.token_urlsafe(16) for _ in range(4))
HOUR = 3600.0
PREDICTION = NumberQuestion(id="tour.pooling", asked="How much?", least=0, most=100, unit="%")


def kept_weights(room):
    return list((room.classroom.path / "weights").glob("*.safetensors"))


class Clock:
    now = 1_000_000.0

    def __call__(self):
        return self.now


class Room:
    """A class of two, with its store."""

    def __init__(self, path):
        self.clock, self.seed = Clock(), 0
        self.store = RunStore(path)
        self.classes = Classes(path, Guard(self.clock), self.clock)
        self.classroom, _ = self.classes.open(TEACHER, "Tuesday", 24)
        self.ada = self.classes.join(ADA, self.classroom.code, "Ada").member
        self.clock.now += 1  # they stand as they came
        self.ben = self.classes.join(BEN, self.classroom.code, "Ben").member
        self.homework = Homework(self.classes, self.store, self.clock)

    def task(self, **changes):
        values = {
            "id": "",
            "title": "99 %",
            "words": "Train one.",
            "due": self.clock.now + HOUR,
            "questions": ("What helped?",),
            "predictions": {"tour.pooling": "Pooling"},
        }
        return self.homework.give(TEACHER, Task(**{**values, **changes}))

    def run(self, token, state="finished", weights=b"weights"):
        self.seed += 1  # the same one would not be trained again
        recipe = RECIPES["fast"].replace(seed=self.seed)
        run_id = self.store.submit(PRESETS["lesson"], recipe, "mnist", owner=token)
        self.store.take(self.store.next_ticket())
        run = self.store.run(run_id)
        if weights:
            (run.folder / "snapshots").mkdir(exist_ok=True)
            (run.folder / "snapshots" / "last.safetensors").write_bytes(weights)
        result = {"accuracy": 0.9, "loss": 0.3, "count": 10_000, "seen": 0}
        self.store.set_status(run, state=state, step=62, saved_step=62, epoch=1.0, result=result)
        if state == "finished":
            self.store.done(run_id)
        return run_id


@pytest.fixture
def room(tmp_path):
    return Room(tmp_path)


def test_what_is_handed_in_stays_as_it_was_when_its_run_is_deleted(room):
    task = room.task()
    run_id = room.run(ADA)
    room.store.notebooks.keep_guess(ADA, PREDICTION.guess(30))
    room.store.notebooks.keep_guess(ADA, PREDICTION.guess(40))
    handed = room.homework.hand_in(ADA, task.id, run_id, ["More filters.\n\nAnd a longer training."])
    room.store.notebooks.keep_guess(ADA, PREDICTION.guess(99))
    room.store.notebooks.wipe(ADA)
    room.store.delete(run_id, ADA)

    again = Homework(Classes(room.classes.path.parent, clock=room.clock), room.store, room.clock)
    assert again.own(ADA, task.id) == handed
    (ada, hers), (ben, his) = again.table(TEACHER, task.id)
    assert (ada.name, ben.name, hers, his) == ("Ada", "Ben", handed, None)
    assert hers.answers == (("What helped?", "More filters.\n\nAnd a longer training."),)
    assert [guess.said for guess in hers.predictions] == [40]
    assert (hers.run.accuracy, hers.run.count, hers.run.is_test, hers.is_late) == (0.9, 10_000, False, False)
    assert hers.run.design == PRESETS["lesson"]
    assert again.weights_of(TEACHER, task.id, ada.id).read_bytes() == b"weights"
    assert again.weights_of(TEACHER, task.id, ben.id) is None


def test_handing_in_again_replaces_and_after_the_date_it_is_late(room):
    task = room.task()
    first = room.homework.hand_in(ADA, task.id, room.run(ADA), ["1"])
    room.clock.now += 10
    second = room.homework.hand_in(ADA, task.id, room.run(ADA, weights=b"better"), ["2"])
    assert (second.first, second.times, second.is_late) == (first.at, 2, False)
    assert len(kept_weights(room)) == 1
    assert room.homework.weights_of(TEACHER, task.id, room.ada.id).read_bytes() == b"better"
    room.clock.now = task.due + 1
    assert room.homework.hand_in(ADA, task.id, room.run(ADA), ["3"]).is_late
    room.clock.now += 24 * HOUR
    with pytest.raises(StudentError, match="has ended"):
        room.homework.hand_in(ADA, task.id, room.run(ADA), ["4"])
    assert room.homework.table(TEACHER, task.id)[0][1].answers[0][1] == "3"


def test_only_ones_own_finished_training_is_handed_in(room):
    task = room.task(questions=())
    for run_id, sentence in (
        (room.run(BEN), "not yours"),
        (room.run(ADA, weights=b""), "no weights"),
        (room.run(ADA, state="running"), "still in training"),
        ("", "asks for a network"),
        ("../../etc", "There is no"),
        ("0" * 11, "There is no"),
    ):
        with pytest.raises(StudentError, match=sentence):
            room.homework.hand_in(ADA, task.id, run_id)
    assert room.homework.own(ADA, task.id) is None
    assert kept_weights(room) == []


def test_what_a_student_cannot_keep_leaves_what_was_handed_in_before(room, monkeypatch):
    task = room.task(questions=())
    room.homework.hand_in(ADA, task.id, room.run(ADA))
    monkeypatch.setattr("cnn_core.classroom.classes.LARGEST_SHEET", 10)
    with pytest.raises(StudentError, match="more than one student"):
        room.homework.hand_in(ADA, task.id, room.run(ADA, weights=b"second"))
    assert room.homework.weights_of(TEACHER, task.id, room.ada.id).read_bytes() == b"weights"
    assert len(kept_weights(room)) == 1
    monkeypatch.undo()
    for bound in ("LARGEST_WEIGHTS", "LARGEST_OF_CLASS"):
        with monkeypatch.context() as patched:
            patched.setattr(f"cnn_core.classroom.homework.{bound}", 3)
            with pytest.raises(StudentError, match="may take"):
                room.homework.hand_in(ADA, task.id, room.run(ADA))


def test_a_task_that_makes_no_sense_is_refused_and_a_student_gives_none(room):
    for changes, sentence in (
        ({"title": " \n"}, "needs a title"),
        ({"due": room.clock.now - 1}, "is past"),
        ({"due": float("nan")}, "is past"),
        ({"due": room.clock.now + 48 * HOUR}, "ends before"),
        ({"questions": tuple("abcdefg")}, "up to 6 questions"),
        ({"wants_run": False, "questions": (), "predictions": {"../x": "y"}}, "Nothing is to be handed in"),
    ):
        with pytest.raises(StudentError, match=sentence):
            room.task(**changes)
    task = room.task()
    for token in (ADA, STRANGER):
        for act in (
            lambda token=token: room.homework.give(token, task),
            lambda token=token: room.homework.take_back(token, task.id),
            lambda token=token: room.homework.table(token, task.id),
            lambda token=token: room.homework.weights_of(token, task.id, room.ada.id),
        ):
            with pytest.raises(StudentError, match="Only its teacher"):
                act()
    for token in (TEACHER, STRANGER):
        with pytest.raises(StudentError, match="in no class"):
            room.homework.hand_in(token, task.id, "", ["x"])
    assert room.homework.tasks(room.classes.seat(ADA).classroom) == [task]


def test_a_task_is_changed_under_its_id_and_deleted_with_all_that_was_handed_in(room):
    task = room.task()
    room.homework.hand_in(ADA, task.id, room.run(ADA), ["x"])
    changed = room.task(id=task.id, title="98 %", questions=())
    assert changed.id == task.id
    assert [one.title for one in room.homework.tasks(room.classes.seat(ADA).classroom)] == ["98 %"]
    assert room.homework.own(ADA, task.id).answers == (("What helped?", "x"),)
    with pytest.raises(StudentError, match="0 questions"):
        room.homework.hand_in(ADA, task.id, room.run(ADA), ["x"])
    room.homework.take_back(TEACHER, task.id)
    left = [path.name for path in room.classroom.path.rglob("*") if task.id in path.name]
    assert left == []
    with pytest.raises(StudentError, match="no such task"):
        room.homework.hand_in(ADA, task.id, "", [])


def test_whoever_leaves_or_is_removed_takes_all_that_was_handed_in_along(room):
    task = room.task(questions=())
    for token in (ADA, BEN):
        room.homework.hand_in(token, task.id, room.run(token))
    room.classes.leave(ADA)
    room.classes.remove(TEACHER, room.ben.id)
    assert list((room.classroom.path / "weights").iterdir()) == []
    assert list((room.classroom.path / task.topic).iterdir()) == []


def test_another_class_sees_nothing_of_it(room):
    task = room.task(questions=())
    room.homework.hand_in(ADA, task.id, room.run(ADA))
    other, _ = room.classes.open(STRANGER, "Another", 1)
    assert room.homework.task(other, task.id) is None
    with pytest.raises(StudentError, match="no such task"):
        room.homework.table(STRANGER, task.id)
    room.classes.join(BEN, other.code)
    with pytest.raises(StudentError, match="no such task"):
        room.homework.hand_in(BEN, task.id, room.run(BEN))


def test_three_hundred_hostile_hand_ins_leave_nothing_that_makes_no_sense(room):
    task, run_id, chance = room.task(), room.run(ADA), random.Random(7)
    texts = [
        "", "ok", "=1+1", "<script>alert(1)</script>", "\u202eevil\u0000\ud800", "a\n" * 900, "x" * 2001, "é" * 2000,
        None, 7, [], {}, b"x", float("nan"), True, "\r\r\r\n\n\n",
    ]  # fmt: skip
    places = [task.id, task.id, task.id, "", "../../x", "abcdefgh", None, 7, "A" * 8, task.id + "\n"]
    runs = [run_id, run_id, run_id, "", "run:1", "../" * 9, "0" * 12, "\x00"]
    for _ in range(300):
        answers = chance.choice([[chance.choice(texts)], [], None, "x", ["a", "b"], [chance.choice(texts)]])
        place = chance.choice(places)
        try:
            handed = room.homework.hand_in(ADA, place, chance.choice(runs), answers)
        except StudentError:
            continue
        assert place == task.id
        ((_, answer),) = handed.answers
        assert all(letter == "\n" or letter.isprintable() for letter in answer)
        assert room.homework.own(ADA, task.id) == handed
    assert len(kept_weights(room)) == 1


def test_a_spoiled_file_is_nothing_handed_in(room):
    task = room.task(questions=())
    whole = room.homework.hand_in(ADA, task.id, room.run(ADA)).to_dict()
    chance = random.Random(3)
    for _ in range(200):
        values = {**whole, "run": dict(whole["run"])}
        place = chance.choice([values, values["run"]])
        place[chance.choice(list(place))] = chance.choice([None, [], {}, "x", -1, 10**40, True, float("nan")])
        handed = handed_in_of(values)
        assert handed is None or handed.run is None or handed.run.interval is None or handed.run.count > 0


def test_a_text_keeps_its_lines_and_loses_what_does_not_print():
    assert clean_text("one\n\n\n\n\ntwo  \x00", 100) == "one\n\ntwo"
    assert len(clean_text("word " * 1000, 2000)) <= 2000
    assert clean_text("x" * 1500, 2000) == "x" * 1500
