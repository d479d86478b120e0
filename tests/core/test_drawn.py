"""Digits that a class draws: what is kept of a drawing, when it counts, who may say so, and what becomes of them."""

import base64
import itertools
import random
import secrets
import threading
from contextlib import suppress
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from cnn_core.classroom import Classes, Guard
from cnn_core.classroom import drawn as digits
from cnn_core.classroom.drawn import MOST_DRAWN, OUT, Drawing, drawings_of, next_to_check, tally
from cnn_core.classroom.drawn_set import is_up_to_date, make_set, set_of
from cnn_core.data import available, digit_from_pixels, load_images
from cnn_core.data.own import Shelf
from cnn_core.errors import StudentError

TEACHER, ADA, BEN, CLEO, DAN, STRANGER = (secrets.token_urlsafe(16) for _ in range(6))


def scribble(seed: int = 0) -> list[int]:
    """A thick line through four places, as the pad sends it."""
    pad, places = np.zeros((56, 56), int), np.random.RandomState(seed).randint(2, 50, (4, 2))
    for first, last in itertools.pairwise(places):
        for share in np.linspace(0, 1, 100):
            row, column = (first + share * (last - first)).round().astype(int)
            pad[row : row + 4, column : column + 4] = 255
    return pad.ravel().tolist()


@pytest.fixture
def room(tmp_path):
    """A class of four students with its teacher, and the shelf of its server."""
    classes = Classes(tmp_path, Guard())
    classroom, _ = classes.open(TEACHER, "Tuesday", 2)
    ids = {
        token: classes.join(token, classroom.code, name).member.id
        for token, name in ((ADA, "Ada"), (BEN, "Ben"), (CLEO, "Cleo"), (DAN, "Dan"))
    }
    return SimpleNamespace(classes=classes, classroom=classroom, ids=ids, shelf=Shelf(tmp_path / "datasets"))


def all_of(room) -> tuple[Drawing, ...]:
    return drawings_of(room.classes, room.classes.seat(TEACHER).classroom)


def the(room, ref: str) -> Drawing:
    return next(one for one in all_of(room) if one.ref == ref)


def test_a_drawing_is_kept_as_networks_get_a_drawn_digit(room):
    pixels = scribble()
    ref = digits.draw(room.classes, ADA, 7, pixels)
    one = the(room, ref)
    expected = (digit_from_pixels(pixels)[0] * 255).round().to(torch.uint8)
    assert one.pixels == expected.numpy().tobytes()
    assert (one.digit, one.member, one.state) == (7, room.ids[ADA], "waiting")
    again = Classes(room.classes.path.parent)  # a server that starts anew
    assert drawings_of(again, room.classroom) == all_of(room)


@pytest.mark.parametrize(
    ("said", "state", "counts", "is_settled"),
    [
        ([], "waiting", False, False),
        ([7], "waiting", False, False),
        ([1], "waiting", False, False),
        ([7, 7], "agreed", True, True),
        ([7, 1], "disputed", False, False),
        ([7, None], "disputed", False, False),
        ([1, 7, 7], "agreed", True, True),  # a third settles it
        ([7, 1, None], "disputed", False, True),
        ([1, 1], "disputed", False, True),  # two agree with each other, and not with the label
        ([None, None], "disputed", False, True),
    ],
)
def test_a_drawing_counts_when_two_others_agree_with_its_label(room, said, state, counts, is_settled):
    ref = digits.draw(room.classes, ADA, 7, scribble())
    for token, value in zip((BEN, CLEO, DAN), said, strict=False):
        assert digits.check(room.classes, token, ref, value)
    one = the(room, ref)
    assert (one.state, one.counts, one.is_settled) == (state, counts, is_settled)


def test_nobody_checks_their_own_drawing_nor_one_twice_nor_what_is_settled(room):
    classes = room.classes
    ref = digits.draw(classes, ADA, 7, scribble())
    with pytest.raises(StudentError, match="your own drawing"):
        digits.check(classes, ADA, ref, 7)
    assert digits.check(classes, BEN, ref, 7)
    for again in (7, 1, None):
        with pytest.raises(StudentError, match="already"):
            digits.check(classes, BEN, ref, again)
    assert the(room, ref).said == {room.ids[BEN]: 7}
    assert digits.check(classes, CLEO, ref, 7)
    assert not digits.check(classes, DAN, ref, 1)  # too late, and nobody's fault
    assert the(room, ref).state == "agreed"
    # What a member's own file says of their own drawing, or of another's twice, is no check either.
    other = digits.draw(classes, ADA, 3, scribble(1))
    classes.keep(ADA, "checked", {"said": {other: 3}})
    assert the(room, other).said == {}
    for outsider in (STRANGER, TEACHER):
        with pytest.raises(StudentError, match="in no class"):
            digits.check(classes, outsider, other, 3)


def test_each_is_asked_about_what_others_drew_until_nothing_is_left(room):
    refs = {digits.draw(room.classes, ADA, 7, scribble(seed)) for seed in range(3)}
    assert next_to_check(all_of(room), room.ids[ADA]) is None
    asked = {BEN: set(), CLEO: set(), DAN: set()}
    for token, mine in asked.items():
        while (one := next_to_check(all_of(room), room.ids[token])) is not None:
            mine.add(one.ref)
            digits.check(room.classes, token, one.ref, 7)
    assert asked == {BEN: refs, CLEO: refs, DAN: set()}
    assert tally(all_of(room)).of_digit == (0,) * 7 + (3, 0, 0)
    # What somebody has looked at comes first.
    old, _ = (digits.draw(room.classes, ADA, 1, scribble(seed)) for seed in (10, 11))
    digits.check(room.classes, BEN, old, 4)
    assert next_to_check(all_of(room), room.ids[CLEO]).ref == old


def test_the_class_is_asked_for_each_digit_about_equally_often(room):
    tokens, seed = (ADA, BEN, CLEO, DAN), iter(range(1000))
    for _ in range(5):
        for token in tokens:
            digit = digits.asked_digit(all_of(room), room.ids[token])
            digits.draw(room.classes, token, digit, scribble(next(seed)))
    counts = np.bincount([one.digit for one in all_of(room)], minlength=10)
    assert counts.tolist() == [2] * 10
    for one in room.ids.values():
        assert len({drawing.digit for drawing in all_of(room) if drawing.member == one}) >= 4


def test_bounds_are_told_and_a_closed_drawing_takes_no_more(room):
    for seed in range(MOST_DRAWN):
        digits.draw(room.classes, ADA, seed % 10, scribble(seed))
    with pytest.raises(StudentError, match=f"You have drawn {MOST_DRAWN}"):
        digits.draw(room.classes, ADA, 1, scribble(99))
    with pytest.raises(StudentError, match="very picture"):
        digits.draw(room.classes, BEN, 1, scribble(0))
    digits.close(room.classes, TEACHER)
    with pytest.raises(StudentError, match="closed the drawing"):
        digits.draw(room.classes, BEN, 1, scribble(50))
    first = all_of(room)[0]
    assert digits.check(room.classes, BEN, first.ref, first.digit)
    digits.close(room.classes, TEACHER, False)
    assert digits.draw(room.classes, BEN, 1, scribble(50))
    digits.take_back(room.classes, ADA, first.ref)
    digits.take_back(room.classes, BEN, all_of(room)[0].ref)  # not theirs: nothing happens
    assert len([one for one in all_of(room) if one.member == room.ids[ADA]]) == MOST_DRAWN - 1


def test_the_teacher_decides_what_is_in_dispute_and_nobody_else(room):
    one, other = (digits.draw(room.classes, ADA, 7, scribble(seed)) for seed in (0, 1))
    for token in (BEN, CLEO):
        digits.check(room.classes, token, one, 1)
        digits.check(room.classes, token, other, None)
    assert {each.ref for each in digits.to_decide(all_of(room), is_closed=False)} == {one, other}
    for token in (ADA, BEN, STRANGER):
        for act in (
            lambda token: digits.decide(room.classes, token, one, 7),
            lambda token: digits.close(room.classes, token),
            lambda token: digits.note_set(room.classes, token, "x"),
            lambda token: make_set(room.classes, room.shelf, token),
        ):
            with pytest.raises(StudentError, match="Only its teacher"):
                act(token)
    digits.decide(room.classes, TEACHER, one, 1)
    digits.decide(room.classes, TEACHER, other, OUT)
    assert (the(room, one).label, the(room, one).counts) == (1, True)
    assert (the(room, other).state, the(room, other).counts) == ("out", False)
    assert digits.to_decide(all_of(room), is_closed=True) == ()
    digits.decide(room.classes, TEACHER, one, None)
    assert the(room, one).state == "disputed"
    with pytest.raises(StudentError, match="not there any more"):
        digits.decide(room.classes, TEACHER, "aaaaaaaa.bbbbbbbb", 3)


def test_two_tabs_of_a_student_lose_no_drawing_of_each_other(room):
    def work(seed):
        digits.draw(room.classes, ADA, seed % 10, scribble(seed))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(all_of(room)) == 8


def test_who_leaves_takes_their_drawings_and_their_checks_along(room):
    mine, other = (
        digits.draw(room.classes, ADA, 7, scribble(0)),
        digits.draw(room.classes, BEN, 3, scribble(1)),
    )
    for token in (BEN, CLEO):
        digits.check(room.classes, token, mine, 7)
    digits.check(room.classes, ADA, other, 3)
    room.classes.leave(BEN)
    assert [(one.ref, one.state, list(one.said.values())) for one in all_of(room)] == [(mine, "waiting", [7])]


def rubbish(draw: random.Random):
    """Something that no pad and no form sends."""
    plain = [
        None,
        True,
        -1,
        10,
        7.0,
        1e308,
        float("nan"),
        "7",
        "",
        "\x00",
        "../../x",
        [],
        {},
        [7],
        b"7",
        10**30,
    ]
    kinds = [
        lambda: draw.choice(plain),
        lambda: [draw.choice(plain) for _ in range(draw.choice((1, 783, 784, 3136)))],
        lambda: [draw.randint(-500, 500) for _ in range(784)],
        lambda: [0] * draw.choice((784, 3136)),
        lambda: draw.randbytes(784),
        lambda: "".join(chr(draw.randint(1, 0xD7FF)) for _ in range(draw.randint(1, 30))),
    ]
    return draw.choice(kinds)()


def test_what_no_pad_and_no_form_sends_is_refused_in_a_sentence_and_changes_nothing(room):
    ref = digits.draw(room.classes, ADA, 7, scribble())
    before, draw = all_of(room), random.Random(15)
    files = sorted(room.classes.path.parent.rglob("*"))
    acts = [
        lambda value: digits.draw(room.classes, BEN, 3, value),
        lambda value: (
            digits.draw(room.classes, BEN, value, scribble(5)) if type(value) is not int else _refuse()
        ),
        lambda value: digits.check(room.classes, BEN, ref, value) if value is not None else _refuse(),
        lambda value: digits.check(room.classes, BEN, value, 7) and pytest.fail("no such drawing"),
        lambda value: digits.take_back(room.classes, BEN, value),
        lambda value: digits.decide(room.classes, TEACHER, value, 7),
        lambda value: (
            digits.decide(room.classes, TEACHER, ref, value) if value not in (None, -1) else _refuse()
        ),
    ]
    for place in range(280):
        with suppress(StudentError):  # anything else is a mistake of ours
            acts[place % len(acts)](rubbish(draw))
    assert all_of(room) == before
    there = sorted(room.classes.path.parent.rglob("*"))
    assert [path for path in there if path not in files] == []


def _refuse():
    raise StudentError("sound, and so not tried")


def test_a_spoiled_file_spoils_no_drawing_of_others(room):
    digits.draw(room.classes, BEN, 3, scribble(1))
    sound, draw = all_of(room), random.Random(3)
    good = base64.b64encode(bytes(784)).decode()
    for _ in range(60):
        entry = {
            "id": draw.choice(["aaaaaaaa", "../../xx", 7, None]),
            "digit": rubbish(draw),
            "pixels": rubbish(draw),
        }
        if not isinstance(entry["pixels"], list | bytes) and draw.random() < 0.5:
            entry["pixels"] = good[: draw.randint(0, 1000)]
        values = {"drawings": draw.choice([[entry], entry, [entry] * 3, 7, None])}
        said = {"said": draw.choice([7, [], {"x": 7}, {sound[0].ref: "7"}, {sound[0].ref: 77}])}
        try:
            room.classes.keep(ADA, "drawn", values)
            room.classes.keep(ADA, "checked", said)
        except (TypeError, StudentError):  # what JSON cannot hold
            continue
        assert all_of(room) == sound


def counted(room, labels) -> list[str]:
    """Drawings that two others agreed on."""
    refs = [digits.draw(room.classes, ADA, label, scribble(seed)) for seed, label in enumerate(labels)]
    for ref, label in zip(refs, labels, strict=True):
        for token in (BEN, CLEO):
            digits.check(room.classes, token, ref, label)
    return refs


def test_what_counts_becomes_a_test_set_of_the_teachers_pixel_by_pixel(room, tmp_path, monkeypatch):
    monkeypatch.setenv("CONVSCOPE_RUNS", str(tmp_path))
    with pytest.raises(StudentError, match="No drawing counts yet"):
        make_set(room.classes, room.shelf, TEACHER)
    labels = [7, 3, 3, 0, 9]
    refs = counted(room, labels)
    digits.draw(room.classes, ADA, 5, scribble(60))  # nobody looked at it
    one = make_set(room.classes, room.shelf, TEACHER)
    assert (one.name, one.is_owner(TEACHER)) == ("Tuesday, digits", True)
    assert set_of(room.shelf, room.classes.seat(ADA).classroom).id == one.id

    test = load_images(one.key, "test", fetch=False)
    assert test.classes == tuple("0123456789")
    as_read = {
        bytes(image.numpy().tobytes()): int(label)
        for image, label in zip(test.images, test.labels, strict=True)
    }
    assert as_read == {the(room, ref).pixels: label for ref, label in zip(refs, labels, strict=True)}
    there = available(one.key)
    assert (there.is_usable, there.train, there.test) == (True, 0, 5)
    assert {picture.who for picture in one.contents().pictures} == {""}
    with pytest.raises(StudentError, match="all of them are for testing"):
        load_images(one.key, "train", fetch=False)
    assert "nothing can learn from them" in str(one.problem())

    # Taken out, added, relabelled: asked again, the set holds what counts now, and all of it for testing.
    digits.take_back(room.classes, ADA, refs[0])
    digits.decide(room.classes, TEACHER, refs[1], 8)
    digits.decide(room.classes, TEACHER, all_of(room)[-1].ref, 5)
    assert not is_up_to_date(one, all_of(room))
    assert make_set(room.classes, room.shelf, TEACHER).id == one.id
    assert is_up_to_date(one, all_of(room))
    assert sorted(load_images(one.key, "test", fetch=False).labels.tolist()) == [0, 3, 5, 8, 9]
    assert one.contents().is_for_testing

    room.classes.wipe(TEACHER)
    assert len(one.contents().pictures) == 5  # it is the teacher's, and goes when they remove it


def test_a_second_teacher_has_a_set_of_their_own(room):
    counted(room, [7])
    first = make_set(room.classes, room.shelf, TEACHER)
    room.classes.enter(STRANGER, room.classes.invite(TEACHER))
    second = make_set(room.classes, room.shelf, STRANGER)
    assert (second.id == first.id, second.is_owner(STRANGER), first.is_owner(TEACHER)) == (False, True, True)


def test_one_class_reads_nothing_of_another_s_drawings(room):
    ref = digits.draw(room.classes, ADA, 7, scribble())
    other, _ = room.classes.open(STRANGER, "Other", 2)
    room.classes.join(DAN, other.code)  # leaves the seat in Tuesday's class
    assert drawings_of(room.classes, other) == ()
    assert not digits.check(room.classes, DAN, ref, 7)
    with pytest.raises(StudentError):
        digits.decide(room.classes, STRANGER, ref, 1)
    assert the(room, ref).said == {}
