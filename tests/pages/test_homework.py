"""Homework on its page: set, handed in, looked at, taken home; and that a stranger's words stay words."""

import io
import re
import zipfile
from html.parser import HTMLParser

from cnn_core.classroom import Classes, Homework, Task
from cnn_core.export.homework import HandedPage, HomeworkPage, export_homework, write_zip
from cnn_core.lesson.guess_questions import NumberQuestion
from cnn_core.model import PRESETS
from cnn_core.runs import RunStore
from pages.classroom import homework_words as words
from pages.classroom.homework_pack import Pack
from tests.pages.app import OWNER, kept_run, open_page, text

TEACHER, ADA = "t" * 22, OWNER  # whose runs `kept_run` makes
FORMULA = '=HYPERLINK("x")'
SCRIPT = "<script>alert(1)</script>"


def view(app, token, task=""):
    app.query_params["view"] = "homework"
    if task:
        app.query_params["task"] = task
    return open_page(app, "pages/9_classroom.py", owner=token)


def press(app, label):
    next(one for one in app.button if label in one.label).click().run()
    assert not app.exception
    return app


def box(app, label):
    return next(one for one in (*app.text_input, *app.text_area) if one.label == label)


def test_a_task_is_set_handed_in_and_looked_at(app, no_runner):
    store = RunStore()
    classes = Classes(store.path)
    classroom, _ = classes.open(TEACHER, "Tuesday", 48)
    classes.join(ADA, classroom.code, FORMULA)
    homework = Homework(classes, store)

    view(app, TEACHER)
    box(app, words.TITLE).set_value("99 %")
    box(app, words.WORDS).set_value(f"Train one.\n{SCRIPT}")
    box(app, words.QUESTIONS).set_value("What helped?\n\nWhat next?")
    app.multiselect[0].set_value(["tour.pooling"])
    press(app, words.SET_IT)
    (task,) = homework.tasks(classes.seat(TEACHER).classroom)
    assert (task.title, task.questions, list(task.predictions)) == (
        "99 %",
        ("What helped?", "What next?"),
        ["tour.pooling"],
    )
    assert "0 of 1 has handed in" in text(app).replace("*", "")

    app.session_state["visitor"] = ADA
    app.run()
    assert words.NO_NETWORK in text(app)
    assert next(one for one in app.button if words.HAND_IN in one.label).disabled
    run_id = kept_run(PRESETS["lesson"])
    store.notebooks.keep_guess(
        ADA, NumberQuestion(id="tour.pooling", asked="How much?", least=0, most=100).guess(40)
    )
    app.run()
    assert "1 of 1 made" in text(app)
    box(app, "What helped?").set_value("Pooling.\nAnd time.").run()
    press(app, words.HAND_IN)
    assert "Handed in" in text(app)
    handed = homework.own(ADA, task.id)
    assert (handed.run.id, handed.answers[0], [one.said for one in handed.predictions]) == (
        run_id,
        ("What helped?", "Pooling.\nAnd time."),
        [40],
    )

    store.delete(run_id, ADA)
    app.session_state["visitor"] = TEACHER
    app.run()
    assert "1 of 1 has handed in" in text(app).replace("*", "")
    assert app.dataframe[0].value["student"][0] == classes.seat(ADA).member.name
    next(one for one in app.selectbox if one.label == words.LOOK_AT).select(classes.seat(ADA).member.id).run()
    assert not app.exception
    assert "And time." in text(app)
    assert words.RUN_GONE in text(app)
    assert words.LOOK_INSIDE not in {one.label for one in app.button}

    app.session_state["visitor"] = "s" * 22  # in no class: nothing of it
    app.run()
    assert "99 %" not in text(app)
    assert not app.dataframe

    pack = Pack.of(task, "Tuesday", "tomorrow", homework.table(TEACHER, task.id), task.due)
    assert "'=HYPERLINK" in pack.csv
    (name, member), *_ = pack.files
    assert re.fullmatch(r"[a-z0-9_]+\.safetensors", name)
    out = io.BytesIO()
    write_zip(
        out, export_homework(pack.page), pack.csv, [(name, homework.weights_of(TEACHER, task.id, member))]
    )
    with zipfile.ZipFile(out) as archive:
        assert archive.namelist() == ["homework.html", "homework.csv", f"weights/{name}"]
        from cnn_core.training import load_model

        assert load_model(archive.read(f"weights/{name}"))[1] == PRESETS["lesson"]


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = set()

    def handle_starttag(self, tag, attrs):
        self.found.add(tag)


def test_the_page_of_a_task_has_no_tag_that_a_student_typed():
    evil = f'{SCRIPT}"><img src=x onerror=alert(1)>\ud800'
    one = HandedPage(evil, evil, True, None, [(evil, evil)], [], evil)
    html = export_homework(HomeworkPage(evil, evil, evil, evil, [one], [evil], left_out=2))
    tags = Tags()
    tags.feed(html)
    assert not tags.found & {"script", "img", "a", "iframe"}
    assert html.count("&lt;script&gt;") >= 8
    assert "default-src 'none'" in html
    assert "2 files of weights are not in this ZIP" in html


def test_a_network_that_is_too_large_for_the_file_is_told(monkeypatch, tmp_path):
    from tests.core.test_homework import ADA as ONE
    from tests.core.test_homework import BEN, Room
    from tests.core.test_homework import TEACHER as LEADS

    monkeypatch.setattr("pages.classroom.homework_pack.LARGEST_ZIP", 10)
    room = Room(tmp_path)
    task = room.task(questions=())
    for token, size in ((ONE, 8), (BEN, 3)):
        room.homework.hand_in(token, task.id, room.run(token, weights=b"x" * size))
    monkeypatch.setattr("pages.classroom.homework_pack.when", lambda at, now: "today")
    pack = Pack.of(task, "Tuesday", "tomorrow", room.homework.table(LEADS, task.id), room.clock.now)
    assert (len(pack.files), pack.left_out) == (1, 1)
    assert [bool(one.file) for one in pack.page.handed] == [True, False]


def test_what_is_said_of_homework():
    task = Task("abcdefgh", "T", "", 0.0, True, ("a", "b"), {"tour.pooling": "Pooling"})
    assert words.wanted(task) == "To hand in: a network, 2 answers, 1 prediction."
    assert words.until("tomorrow at 09:00", True).endswith("counts as late.")
    assert words.who_has(17, 24, 0) == "**17 of 24** have handed in."
    assert words.lines("<b>\n# x") == "\\<b\\>  \n\\# x"
