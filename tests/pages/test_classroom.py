"""The door of a class, its teacher's desk, a student's place, and the line on every page."""

import re
from datetime import UTC, datetime
from urllib.parse import unquote

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from cnn_core.classroom import ANIMALS, Classes, Member, Seat
from cnn_core.classroom.record import Classroom
from cnn_core.runs import RunStore
from pages.classroom import joining, words
from pages.ui.frame.shell import ROOT
from tests.pages.app import OWNER, open_page, text

PAGE = "pages/9_classroom.py"
ADA, BEN = "b" * 22, "c" * 22


def classes():
    return Classes(RunStore().path)


def another(token, **address):
    """Another browser, at the page."""
    app = AppTest.from_file(str(ROOT / "dashboard.py"), default_timeout=30)
    app.query_params.update(address)
    return open_page(app, PAGE, owner=token)


def press(app, key):
    app.button(key=key).click().run()
    assert not app.exception
    return app


def press_join(app):
    next(one for one in app.button if one.label == words.JOIN).click().run()
    assert not app.exception


def field(app, label):
    return next(one for one in app.text_input if one.label == label)


def test_a_teacher_opens_a_class_with_a_ready_lesson_and_keeps_it_in_order(app):
    desk = press(open_page(app, "pages/9_teachers.py"), "teachers_open")
    assert words.begins_with("Five kernels by hand") in text(desk)
    desk.switch_page(PAGE).run()  # AppTest does not know that it was led there
    desk.text_input(key="class_title").input("Tuesday *10*").run()
    press(desk, "class_open")
    seat = classes().seat(OWNER)
    assert (seat.classroom.title, seat.is_teacher) == ("Tuesday *10*", True)
    assert seat.classroom.shows["scene"] == {"id": "five-kernels"}
    assert (desk.session_state["class_view"], words.NOBODY_YET in text(desk)) == ("class", True)
    assert "Tuesday *10* · you teach" in text(desk)
    assert "key=" not in text(desk)  # a wall has many readers
    desk.toggle(key="class_show_key").set_value(True).run()
    key = desk.code[0].value.partition("#key=")[2]
    press(desk, "class_key_kept")
    assert key not in "".join(one.value for one in desk.code)

    classes().join(ADA, seat.classroom.code, "Ada")
    desk.run()
    assert "1 student in the class" in text(desk).replace("**", "")
    desk.selectbox(key="class_out").select(classes().seat(ADA).member.id).run()
    press(desk, "class_out_now")
    assert classes().seat(ADA) is None

    press(desk, "class_renew")
    assert classes().seat(OWNER).is_teacher
    press(desk, "class_end")
    assert "The class has ended" in text(desk)
    press(desk, "class_longer_now")
    assert classes().seat(OWNER).is_open
    press(desk, "class_wipe")
    assert classes().seat(OWNER) is None
    assert "any more" not in text(desk)  # whoever wiped it knows


def test_a_student_comes_by_a_link_has_a_line_on_every_page_and_is_told_when_the_class_is_gone(app):
    teacher, store = "t" * 22, classes()
    classroom, _ = store.open(teacher, "Tuesday", 2)
    stranger = open_page(app, "pages/2_train.py", owner=BEN)
    assert "you are" not in text(stranger)

    student = another(ADA, join=classroom.code.lower())
    assert student.text_input(key="class_code").value == classroom.code
    student.text_input(key="class_code").input("BBB")
    press_join(student)
    assert "A class’s code has 6 letters" in text(student)
    student.text_input(key="class_code").input(f" {classroom.code} ")
    student.text_input(key="class_my_name").input("Ada _x_")
    press_join(student)
    assert store.seat(ADA).member.name == "Ada _x_"
    assert "join" not in student.query_params
    student.session_state["class_view"] = "class"
    student.run()
    assert field(student, words.MY_NAME).value == "Ada _x_"
    assert "The class is open until" in text(student)
    field(student, words.MY_NAME).input("").run()
    assert store.seat(ADA).member.name in ANIMALS

    store.show(teacher, "board", {})
    student.switch_page("pages/2_train.py").run()
    assert f"you are **{store.seat(ADA).member.name}**" in text(student).replace("]", "").replace(
        ":gray[", ""
    )
    del student.session_state["class_sat"]  # as in a tab where the page Class was never open
    student.run()
    store.wipe(teacher)
    student.run()
    assert not student.exception
    assert "you are" not in text(student)
    student.switch_page(PAGE).run()
    assert "You are not in **Tuesday** any more" in text(student)


def test_a_link_to_another_class_asks_before_it_takes_one_out_of_the_own(app):
    store = classes()
    mine, other = (
        store.open(owner, title, 2)[0] for owner, title in (("t" * 22, "Mine"), ("u" * 22, "Other"))
    )
    store.join(OWNER, mine.code, "Ada")
    app.query_params["join"] = other.code
    page = open_page(app, PAGE)
    assert store.seat(OWNER).classroom == mine
    assert "You are in **Mine** now" in text(page)
    press_join(page)
    assert store.seat(OWNER).classroom.title == "Other"
    page.session_state["class_view"] = "class"
    page.run()
    press(page, f"class_turn_{mine.id}")
    assert (store.seat(OWNER).classroom.title, store.seat(OWNER).member.name) == ("Mine", "Ada")


# ---------------------------------------------------------------- plainly


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (datetime(2026, 11, 27, 0, 0), "00:00"),
        (datetime(2026, 11, 26, 23, 59), "yesterday at 23:59"),
        (datetime(2026, 11, 28, 0, 0), "tomorrow at 00:00"),
        (datetime(2026, 11, 29, 8, 30), "29 November at 08:30"),
        (datetime(2027, 1, 1, 8, 30), "1 January 2027 at 08:30"),
    ],
)
def test_a_moment_is_said_by_the_day(at, said):
    assert words.moment(at, datetime(2026, 11, 27, 14, 0)) == said


def test_the_visitor_s_own_clock_tells_the_time():
    noon = datetime(2026, 11, 27, 12, tzinfo=UTC).timestamp()
    told = [words.local(noon, behind) for behind in (0, -60, 300, -12 * 60)]
    assert [(at.day, at.hour) for at in told] == [(27, 12), (27, 13), (27, 7), (28, 0)]


def test_names_are_shown_as_they_were_typed_and_never_as_markdown():
    hostile = "[x](http://a.b) *b* <i>"
    classroom = Classroom("c" * 16, hostile, "KRTBDW", 0.0, 1.0, {}, (), {}, ROOT)
    seat = Seat(classroom, Member("m" * 8, hostile, "o" * 32, 0.0))
    for said in (words.line(seat), words.came(seat.member, "12:00"), words.gone(hostile)):
        assert "\\[x\\]" in said
        assert "\\*b\\*" in said
        assert "\\<i\\>" in said
    assert hostile in words.summary_of_desk(seat, [seat.member], "").replace("\u2060", "")  # as it is read


def test_a_phone_s_camera_reads_the_link_in_the_qr_code():
    pytest.importorskip("segno")
    reader = pytest.importorskip("zxingcpp")
    link = "https://convscope.example.org/classroom?join=KRTBDW"
    drawn = unquote(joining.qr_code(link).partition(",")[2]).replace("'", '"')
    # Each row of the code is a line of strokes: "M4 4.5h7m1 0h2", a move, then a stroke and a gap by turns.
    side = int(re.search(r'viewBox="0 0 (\d+) ', drawn)[1])
    pixels = np.full((side, side), 255, np.uint8)
    x = y = 0.0
    for act, first, second in re.findall(
        r"([Mmh])(-?[\d.]+)(?: (-?[\d.]+))?", re.findall(r' d="([^"]+)', drawn)[-1]
    ):
        if act == "h":
            pixels[int(y), int(x) : int(x) + int(first)] = 0
            x += int(first)
        else:
            x, y = (float(first), float(second)) if act == "M" else (x + float(first), y + float(second))
    (read,) = reader.read_barcodes(pixels.repeat(4, 0).repeat(4, 1))
    assert read.text == link
