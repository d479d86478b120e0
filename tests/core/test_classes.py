"""A class: its code and keys, who is in it, what they keep there, its end; and that guessing leads nowhere."""

import errno
import multiprocessing
import os
import random
import secrets
import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest

from cnn_core.classroom import ANIMALS, CODE_LENGTH, LETTERS, Classes, Guard, address_of, code_in, spoken
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


def test_who_has_typed_no_code_is_not_shown_an_empty_one(classes):
    with pytest.raises(StudentError, match="none is typed"):
        classes.join(ADA, " - ")


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


# ---------------------------------------------------------------- one school, one address


def test_thirty_behind_one_address_do_not_wait_for_the_one_among_them_who_guesses(classes, clock):
    school = ("address", "192.0.2.1")
    mine, _ = classes.open(TEACHER, "Mine", 2, school)
    other, _ = classes.open(STRANGER, "Other", 2)  # whose teacher is elsewhere

    def guess():
        classes.join(secrets.token_urlsafe(16), "BBBBBB" if mine.code != "BBBBBB" else "CCCCCC", "", school)

    for _ in range(200):
        with pytest.raises(StudentError):
            guess()
    for _ in range(30):
        assert classes.join(secrets.token_urlsafe(16), mine.code, "", school).member
    with pytest.raises(StudentError, match="came from here"):
        classes.join(ADA, other.code, "", school)
    assert classes.join(BEN, other.code, "", ("address", "192.0.2.2")).member  # from elsewhere nobody waits
    clock.now += 13 * 3600  # long after the lesson it is a stranger's address again
    mine, _ = classes.open(TEACHER, "Tomorrow", 2, ("address", "192.0.2.9"))
    for _ in range(70):
        with pytest.raises(StudentError):
            guess()
    with pytest.raises(StudentError, match="came from here"):
        classes.join(ADA, mine.code, "", school)


@pytest.mark.parametrize(
    ("one", "another", "are_one"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff::9", True),  # a household draws as many of these as it likes
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("fe80::1%eth0", "fe80::2", True),
        (None, "rubbish", True),
    ],
)
def test_an_address_is_of_one_household(one, another, are_one):
    assert (address_of(one) == address_of(another)) == are_one


# ---------------------------------------------------------------- many at once, and what is in the way


def test_thirty_who_join_at_once_are_all_in_under_names_of_their_own(classes):
    classroom, _ = classes.open(TEACHER, "Tuesday", 2)
    tokens = [secrets.token_urlsafe(16) for _ in range(30)]

    def join(place):
        names = ("Ada", f"Student {place}", "")  # every third wants to be Ada
        try:
            return classes.join(tokens[place], classroom.code, names[place % 3]).member.name
        except StudentError:  # another is Ada
            return classes.join(tokens[place], classroom.code, "").member.name

    with ThreadPoolExecutor(30) as pool:
        told = list(pool.map(join, range(30)))
    assert sorted(told) == sorted(one.name for one in classes.members(classroom))
    assert len({name.lower() for name in told}) == 30
    assert told.count("Ada") == 1
    assert [classes.seat(token).member.name for token in tokens] == told


def _join_by_processes(path, code, place, out):
    one = Classes(path, Guard())
    for number in range(10):
        try:
            out.put(one.join(f"{place}-{number}", code, "").member.name)
        except StudentError as error:
            out.put(str(error))


def test_two_servers_on_one_store_keep_the_bound_of_a_class_together(tmp_path, monkeypatch):
    monkeypatch.setenv("CONVSCOPE_MAX_STUDENTS", "13")
    classes = Classes(tmp_path)
    classroom, _ = classes.open(TEACHER, "Tuesday", 2)
    context = multiprocessing.get_context("fork")
    out = context.Queue()
    servers = [
        context.Process(target=_join_by_processes, args=(tmp_path, classroom.code, place, out))
        for place in range(2)
    ]
    for server in servers:
        server.start()
    told = [out.get(timeout=30) for _ in range(20)]
    for server in servers:
        server.join()
    names = [name for name in told if name in ANIMALS]
    assert (len(names), len(set(names)), len(classes.members(classroom))) == (13, 13, 13)
    assert all("full: 13" in name for name in told if name not in ANIMALS)


def test_who_writes_while_the_class_is_wiped_hears_that_it_is_gone(classes):
    """Each call either does all that it says, or says why not; nothing of the class is left in any case."""
    for _ in range(10):
        classroom, _ = classes.open(TEACHER, "Tuesday", 2)
        classes.join(ADA, classroom.code, "Ada")
        acts = [
            lambda: classes.keep(ADA, "answers", {"said": 1}),
            lambda code=classroom.code: classes.join(BEN, code),
            lambda: classes.rename(ADA, "Eve"),
            lambda: classes.wipe(TEACHER),
            lambda: classes.show(TEACHER, "board", {}),
            lambda: classes.leave(ADA),
        ]

        def do(act):
            try:
                act()
            except StudentError as error:
                return str(error)
            return ""

        with ThreadPoolExecutor(len(acts)) as pool:
            said = list(pool.map(do, acts))
        assert said[3] == ""
        reasons = ("wiped", "in no class", "No class is open", "Only its teacher", "not in the class")
        assert all(any(reason in one for reason in reasons) for one in said if one), said
        classes.tidy()
        left = [path for path in classes.path.rglob("*") if path.is_file() and path.name != "lock"]
        assert [path for path in left if classroom.id in f"{path} {path.read_bytes()}"] == []


def test_who_takes_somebody_out_writes_nothing_over_what_another_teacher_sets_meanwhile(classes, monkeypatch):
    classroom, _ = classes.open(TEACHER, "Tuesday", 2)
    ada = classes.join(ADA, classroom.code, "Ada").member
    look = classes.members

    def look_while_another_sets(one):
        classes.show(TEACHER, "board", {"frozen": True})
        return look(one)

    before = classes.shown_stamp(classroom.id)
    monkeypatch.setattr(classes, "members", look_while_another_sets)
    classes.remove(TEACHER, ada.id)
    assert classes.seat(TEACHER).classroom.shows == {"board": {"frozen": True}}
    assert classes.shown_stamp(classroom.id) != before


def test_a_disk_that_refuses_is_told_in_a_sentence_and_the_class_stays_as_it_was(classes, monkeypatch):
    classroom, _ = classes.open(TEACHER, "Tuesday", 2)
    classes.join(ADA, classroom.code, "Ada")
    before = {path: path.read_bytes() for path in classes.path.rglob("*") if path.is_file()}

    def full(*_arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as disk:
        disk.setattr(os, "replace", full)
        for act in (
            lambda: classes.join(BEN, classroom.code),
            lambda: classes.keep(ADA, "answers", {"a": 1}),
            lambda: classes.rename(ADA, "Eve"),
            lambda: classes.show(TEACHER, "board", {"frozen": True}),
            lambda: classes.prolong(TEACHER, 8),
            lambda: classes.open(STRANGER, "Another", 2),
        ):
            with pytest.raises(StudentError, match="disk"):
                act()
    assert {path: path.read_bytes() for path in before} == before
    assert len(classes.members(classroom)) == 1
    assert classes.join(BEN, classroom.code).member


# ---------------------------------------------------------------- a teacher's other acts


def test_a_class_is_prolonged_opened_again_and_joined_by_another_code(classes, clock):
    classroom, _ = classes.open(TEACHER, "Tuesday", 2)
    classes.join(ADA, classroom.code, "Ada")
    assert classes.prolong(TEACHER, 8).ends == clock.now + 8 * 3600
    clock.now += 1
    classes.end(TEACHER)
    with pytest.raises(StudentError, match="No class is open"):
        classes.join(BEN, classroom.code)
    before = classes.shown_stamp(classroom.id)
    classes.prolong(TEACHER, 2)
    assert classes.shown_stamp(classroom.id) != before
    assert classes.join(BEN, classroom.code).member

    new = classes.renew_code(TEACHER)
    assert new.code != classroom.code
    with pytest.raises(StudentError, match="No class is open"):
        classes.join(STRANGER, classroom.code)
    assert classes.join(STRANGER, new.code).member
    assert classes.seat(ADA).member.name == "Ada"
    for act in (classes.renew_code, lambda token: classes.prolong(token, 2)):
        with pytest.raises(StudentError, match="Only its teacher"):
            act(ADA)


def test_no_more_classes_are_open_by_prolonging_one_that_ended(classes):
    classes.open(TEACHER, "First", 2)
    classes.end(TEACHER)
    first = classes.seat(TEACHER).classroom
    for title in ("Second", "Third", "Fourth"):
        classes.open(TEACHER, title, 2)
    classes.turn_to(TEACHER, first.id)
    with pytest.raises(StudentError, match="3 open classes"):
        classes.prolong(TEACHER, 2)


def test_who_has_several_classes_turns_to_those_alone(classes, clock):
    mine, _ = classes.open(TEACHER, "Mine", 2)
    clock.now += 1
    other, _ = classes.open(STRANGER, "Other", 2)
    classes.join(ADA, mine.code, "Ada")
    classes.join(ADA, other.code, "Ada")
    assert [seat.classroom.title for seat in classes.seats(ADA)] == ["Other", "Mine"]
    assert classes.seat(ADA).classroom.title == "Other"
    classes.turn_to(ADA, mine.id)
    assert classes.seat(ADA).classroom.title == "Mine"
    assert [seat.classroom.title for seat in classes.seats(TEACHER)] == ["Mine"]
    for place in (other.id, "", "../of", "0" * 16):
        with pytest.raises(StudentError, match="not in this class"):
            classes.turn_to(TEACHER, place)
    classes.leave(ADA)
    assert [seat.classroom.title for seat in classes.seats(ADA)] == ["Other"]


def test_what_killed_processes_left_of_classes_goes_after_an_hour(classes):
    classroom, _ = classes.open(TEACHER, "Tuesday", 2)
    gone = classes.path / f".{'a' * 16}.gone"
    (gone / "answers").mkdir(parents=True)
    left = [gone, classes.path / "codes" / "BBBBBB", classes.path / "of" / ("e" * 32)]
    for file in left[1:]:
        file.write_text("a" * 16)
    left.append(classes.path / ("b" * 16))  # never opened: the disk was full
    left[-1].mkdir()
    left.append(classes.path / "of" / f".{'e' * 32}.0123abcd")
    left[-1].write_text("half")
    kept = set(classes.path.rglob("*")) - {*left, *gone.rglob("*")}
    classes.tidy()
    assert all(path.exists() for path in left)  # somebody may be at it
    for path in left:
        os.utime(path, (1.0, 1.0))
    classes.tidy()
    assert set(classes.path.rglob("*")) == kept
    assert classes.seat(TEACHER).classroom == classroom
