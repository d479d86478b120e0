"""A class: its code and keys, who is in it, what they keep there, its end; and that guessing leads nowhere."""

import random
import secrets
import shutil

import pytest

from cnn_core.classroom import ANIMALS, CODE_LENGTH, LETTERS, Classes, Guard, code_in, spoken
from cnn_core.classroom.record import clean_name
from cnn_core.errors import StudentError

TEACHER, ADA, BEN, STRANGER = (secrets.token_urlsafe(16) for _ in range(4))
HOSTILE = [
    "", " ", "../../etc", "\x00", "A" * 10_000, "…", None, 7, [], {"a": 1}, "KRTBD", "KRTBDWX", "KRTBD1", "KRTBDA",
    "‮krtbdw", "<script>", "%2e%2e", "krtbdw'; --",
]  # fmt: skip


class Clock:
    now = 1_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def classes(tmp_path, clock):
    return Classes(tmp_path, Guard(clock), clock)


def test_a_class_is_opened_joined_by_its_code_and_ends_by_itself(classes, clock):
    classroom, key = classes.open(TEACHER, "Tuesday", hours=2)
    assert classes.seat(TEACHER).is_teacher
    assert classes.seat(TEACHER).member is None
    assert key not in "".join(path.read_text() for path in classes.path.rglob("*") if path.is_file())

    ada = classes.join(ADA, f" {spoken(classroom.code).lower()} ", "Ada").member
    ben = classes.join(BEN, classroom.code).member
    assert (ada.name, ben.name in ANIMALS) == ("Ada", True)
    assert classes.join(ADA, classroom.code, "Eve").member == ada  # who is in it stays who they are
    clock.now += 1
    assert [one.name for one in classes.members(classroom)] == [
        one.name for one in sorted([ada, ben], key=lambda one: (one.joined, one.id))
    ]
    assert not classes.seat(ADA).is_teacher

    clock.now += 2 * 3600
    assert not classes.seat(ADA).is_open
    for late in (
        lambda: classes.join(STRANGER, classroom.code),
        lambda: classes.keep(ADA, "answers", {"a": 1}),
    ):
        with pytest.raises(StudentError):
            late()


def test_a_name_is_taken_once_and_is_one_short_line(classes):
    classroom, _ = classes.open(TEACHER, "", 1)
    assert classroom.title == "My class"
    classes.join(ADA, classroom.code, "Ada")
    with pytest.raises(StudentError, match="aDA is in the class already"):
        classes.join(BEN, classroom.code, "aDA")
    assert (
        classes.join(BEN, classroom.code, "\u202eBen\n<b>\u0300\u0300\u0300\u0300").member.name
        == "Ben <b>\u0300\u0300"
    )
    assert classes.rename(BEN, "Ben").name == classes.seat(BEN).member.name == "Ben"
    assert clean_name("हिन्दी") == "हिन्दी"
    assert len(clean_name("x" * 500)) == 24


def test_what_a_member_keeps_is_there_for_a_server_that_starts_anew_and_gone_when_they_leave(classes, clock):
    classroom, _ = classes.open(TEACHER, "Tuesday", 2)
    ada, ben = (
        classes.join(ADA, classroom.code, "Ada").member,
        classes.join(BEN, classroom.code, "Ben").member,
    )
    before = classes.stamp(classroom.id)
    classes.keep(ADA, "answers", {"said": 40})
    assert classes.stamp(classroom.id) != before
    classes.keep(BEN, "answers", {"said": 28})

    again = Classes(classes.path.parent, clock=clock)
    assert again.kept(classroom, "answers") == {ada.id: {"said": 40}, ben.id: {"said": 28}}
    assert again.kept_of(ADA, "answers") == {"said": 40}

    again.leave(ADA)
    assert again.kept(classroom, "answers") == {ben.id: {"said": 28}}
    assert again.seat(ADA) is None
    classes.remove(TEACHER, ben.id)
    assert (again.members(classroom), again.seat(BEN), again.kept(classroom, "answers")) == ((), None, {})


def test_only_a_teacher_sets_what_the_class_is_shown(classes):
    classroom, _ = classes.open(TEACHER, "Tuesday", 2)
    classes.join(ADA, classroom.code)
    classes.show(TEACHER, "board", {"frozen": True})
    assert classes.seat(ADA).classroom.shows == {"board": {"frozen": True}}
    acts = (
        lambda token: classes.show(token, "board", {}),
        lambda token: classes.end(token),
        lambda token: classes.wipe(token),
        lambda token: classes.invite(token),
        lambda token: classes.renew(token),
        lambda token: classes.remove(token, "x"),
        lambda token: classes.rename_class(token, "Mine"),
    )
    for act in acts:
        for other in (ADA, STRANGER):
            with pytest.raises(StudentError, match="Only its teacher"):
                act(other)
    with pytest.raises(StudentError, match="more than a class can show"):
        classes.show(TEACHER, "board", "x" * 30_000)
    assert classes.seat(ADA).classroom.shows == {"board": {"frozen": True}}


def test_a_second_teacher_comes_by_a_link_of_their_own_and_a_renewed_one_shuts_out_the_old(classes):
    _, key = classes.open(TEACHER, "Tuesday", 2)
    classes.enter(BEN, classes.invite(TEACHER))
    assert all(classes.seat(one).is_teacher for one in (BEN, TEACHER))
    new = classes.renew(TEACHER)
    assert classes.seat(TEACHER).is_teacher
    assert classes.seat(BEN) is None
    with pytest.raises(StudentError, match="opens no class"):
        classes.enter(BEN, key)
    classes.enter(BEN, new)
    assert classes.seat(BEN).is_teacher


def test_a_wiped_class_leaves_nothing_and_one_that_ended_long_ago_is_wiped(classes, clock):
    first, _ = classes.open(TEACHER, "First", 2)
    classes.join(ADA, first.code)
    classes.keep(ADA, "answers", {"said": 1})
    classes.wipe(TEACHER)
    assert [path.name for path in classes.path.rglob("*") if path.is_file()] == ["lock"]  # of all classes
    assert (classes.seat(ADA), classes.seat(TEACHER), classes.stamp(first.id)) == (None, None, 0)

    second, _ = classes.open(TEACHER, "Second", 2)
    clock.now += 2 * 3600 + 29 * 86400
    classes.tidy()
    assert classes.seat(TEACHER).classroom == second
    clock.now += 2 * 86400
    classes.tidy()
    assert classes.seat(TEACHER) is None


def test_one_class_sees_nothing_of_another(classes):
    mine, _ = classes.open(TEACHER, "Mine", 2)
    other, _ = classes.open(STRANGER, "Other", 2)
    ada, ben = classes.join(ADA, mine.code, "Ada").member, classes.join(BEN, other.code, "Ada").member
    classes.keep(ADA, "answers", {"said": 1})
    assert classes.members(other) == (ben,)
    assert classes.kept(other, "answers") == {}
    classes.remove(STRANGER, ada.id)  # not theirs
    assert classes.members(mine) == (ada,)


def test_bounds_are_told_in_numbers(classes, monkeypatch):
    monkeypatch.setenv("CONVSCOPE_MAX_STUDENTS", "1")
    monkeypatch.setenv("CONVSCOPE_MAX_CLASSES", "4")
    first, _ = classes.open(TEACHER, "First", 2)
    classes.join(ADA, first.code)
    with pytest.raises(StudentError, match="full: 1"):
        classes.join(BEN, first.code)
    classes.open(TEACHER, "Second", 2)
    classes.open(TEACHER, "Third", 2)
    with pytest.raises(StudentError, match=r"3 open classes: .*First"):
        classes.open(TEACHER, "Fourth", 2)
    classes.open(BEN, "Fourth", 2)
    with pytest.raises(StudentError, match="4 classes are open"):
        classes.open(STRANGER, "Fifth", 2)
    with pytest.raises(StudentError, match="60 days"):
        classes.open(ADA, "Long", float("nan"))
    with pytest.raises(StudentError, match="more than one student"):
        classes.keep(ADA, "answers", {"said": "x" * 100_000})


@pytest.mark.parametrize("text", HOSTILE, ids=repr)
def test_rubbish_is_no_code_no_key_and_no_way_out_of_the_folder(classes, text):
    classroom, _ = classes.open(TEACHER, "Tuesday", 2)
    files = sorted(classes.path.parent.rglob("*"))
    with pytest.raises(StudentError):
        classes.join(ADA, text)
    with pytest.raises(StudentError):
        classes.enter(ADA, text)
    assert sorted(classes.path.parent.rglob("*")) == files
    assert classes.members(classroom) == ()


def test_a_spoiled_file_takes_nobody_else_s_class_along(classes):
    classroom, _ = classes.open(TEACHER, "Tuesday", 2)
    classes.join(ADA, classroom.code)
    classes.join(BEN, classroom.code)
    for content in (b"", b"[]", b"{}", b'{"id": 3, "name": [], "joined": "x"}', b"\xff" * 100):
        (classes.path / "of" / "rubbish").write_bytes(content)
        (classroom.path / "members" / "rubbish.json").write_bytes(content)
        next((classroom.path / "members").glob("[0-9a-f]*.json")).write_bytes(content)
        assert len(classes.members(classroom)) == 1
    shutil.rmtree(classroom.path)
    assert classes.seat(ADA) is None


def test_ten_thousand_guesses_find_no_class_and_most_of_them_are_not_even_tried(classes, clock):
    for number in range(3):
        classes.open(TEACHER, str(number), 24)
    draw, tried = random.Random(1), 0
    for _ in range(10_000):
        code = "".join(draw.choices(LETTERS, k=CODE_LENGTH))
        with pytest.raises(
            StudentError
        ) as refusal:  # each as another visitor, from one address, ten a second
            classes.join(secrets.token_urlsafe(16), code, "", ("address", "192.0.2.1"))
        tried += "No class is open" in str(refusal.value)
        clock.now += 0.1
    assert tried < 100


def test_who_guesses_waits_longer_each_time_and_who_mistypes_a_few_times_does_not(classes, clock):
    classroom, _ = classes.open(TEACHER, "Tuesday", 2)
    wrong = "BBBBBB" if classroom.code != "BBBBBB" else "CCCCCC"
    for _ in range(6):
        with pytest.raises(StudentError, match="No class is open"):
            classes.join(ADA, wrong)
    for seconds in (5, 10, 20):
        with pytest.raises(StudentError, match="No class is open"):
            classes.join(ADA, wrong)
        with pytest.raises(StudentError, match=f"again in {seconds} seconds"):
            classes.join(ADA, classroom.code)  # the right one as well
        clock.now += seconds
    assert classes.join(BEN, classroom.code).member  # nobody else waits
    assert classes.join(ADA, classroom.code).member


def test_a_code_is_read_however_it_is_written():
    assert {code_in(text) for text in ("KRTBDW", "krt-bdw", " k r t b d w ", "KRT–BDW")} == {"KRTBDW"}
    assert not set("AEIOULaeioul") & set(LETTERS)
