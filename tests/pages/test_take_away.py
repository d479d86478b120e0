"""What a visitor takes away: the record agrees with runs and guesses, and the worksheets with the lesson's steps."""

from __future__ import annotations

from cnn_core.export.record import NO_NETWORKS
from cnn_core.lesson.guess_questions import ChoiceQuestion, CurveQuestion, NumberQuestion
from cnn_core.lesson.guesses import with_measured
from cnn_core.model import PRESETS
from cnn_core.runs import RunStore
from pages.tour import record_words
from tests.core.test_record import read
from tests.pages.app import OWNER, kept_run, open_page, text

PAGE = "pages/9_tour.py"
NAME = "<b>Ada</b> & Bob"


def keep_guesses() -> None:
    notebooks = RunStore().notebooks
    number = NumberQuestion(
        id="a.number", asked="How many are 0?", least=0, most=100, unit="%", network="Mine"
    )
    curve = CurveQuestion(id="a.curve", asked="Draw it.", ticks=("0°", "45°", "90°"))
    choice = ChoiceQuestion(id="a.choice", asked="Which\\_one?", options=("conv2d_1", "dense_1", "none"))
    for guess, measured in (
        (number.guess(40), 28.0),
        (curve.guess((100, 100, 100)), (100, 70, 10)),
        (choice.guess("dense_1", ("none",)), "dense_1"),
    ):
        notebooks.keep_guess(OWNER, with_measured(guess, measured))
    notebooks.be_at(OWNER, "padding", ["kernel", "no_such_step"])


def preview(app) -> str:
    return app.get("iframe")[0].proto.srcdoc


def test_the_record_has_the_numbers_of_the_runs_and_of_the_guesses(app, monkeypatch):
    monkeypatch.setattr("pages.ui.wording.looking.is_small", lambda: True)
    run_id = kept_run(PRESETS["tiny"])
    keep_guesses()
    app = open_page(app, PAGE, digit=3, record_name=NAME)
    page = preview(app)
    tags, said = read(page)
    result = RunStore().run(run_id).status.result
    assert f"{100 * result['accuracy']:.1f} % of {result['count']} images" in said
    for words in (
        "40 %",
        "28 %",
        "12 points",
        "first none, then dense_1",
        "Which_one?",
        "1 of 24 steps done",
        NAME,
    ):
        assert words in said, words
    assert tags.seen.count("polygon") == 1
    assert "Test image no. 3, a " in said
    assert "2 of 3 predictions" not in said
    assert "3 predictions" in text(app)
    assert NAME not in page
    assert not any(
        NAME in file.read_text("utf-8", "ignore") for file in RunStore().path.rglob("*") if file.is_file()
    )


def test_an_empty_record_says_so_on_the_page_and_in_the_file(app):
    app = open_page(app, PAGE)
    assert record_words.EMPTY in text(app)
    assert NO_NETWORKS in read(preview(app))[1]
