"""What a visitor takes away: the record agrees with runs and guesses, and the worksheets with the lesson's steps."""

from __future__ import annotations

import re

import pytest
import torch

from cnn_core.export import export_answers, export_worksheets
from cnn_core.export.record import NO_NETWORKS
from cnn_core.insight import DreamSpec
from cnn_core.insight.dream.animation import to_png
from cnn_core.lesson.guess_questions import ChoiceQuestion, CurveQuestion, NumberQuestion
from cnn_core.lesson.guesses import with_measured
from cnn_core.model import PRESETS
from cnn_core.runs import RunStore
from cnn_core.runs.jobs.dream_job import save_frame
from pages.tour import record_words, worksheets
from pages.tour.steps import STEPS
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


def dreamt() -> None:
    """A dream that came to its end, as a worker would have left it."""
    store, spec = RunStore(), DreamSpec("efficientnet_lite0", (("animals", 1.0),))
    run = store.run(store.submit_dream(spec.to_dict(), to_png(torch.zeros(3, 64, 900)), owner=OWNER))
    store.take(store.next_ticket())
    save_frame(run, 0, torch.ones(3, 64, 900))
    store.set_status(run, state="finished")
    store.done(run.id)


def preview(app) -> str:
    return app.get("iframe")[0].proto.srcdoc


def test_the_record_has_the_numbers_of_the_runs_and_of_the_guesses(app, monkeypatch):
    monkeypatch.setattr("pages.ui.wording.looking.is_small", lambda: True)
    run_id = kept_run(PRESETS["tiny"])
    keep_guesses()
    dreamt()
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
    assert "A dream: " in said
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


def test_doors_lead_to_it_from_home_from_runs_and_from_the_lesson_s_end(app):
    def doors() -> set[str]:
        links = [link.proto for link in app.get("page_link")]
        return {
            f"{link.page}?{link.query_string}".rstrip("?") for link in links if link.page.startswith("tour")
        }

    open_page(app, "pages/8_runs.py")
    assert doors() == {"tour"}
    open_page(app, "pages/0_home.py", tour_at="end")
    assert doors() == {"tour"}
    open_page(app, "pages/9_teachers.py")
    assert "tour?view=worksheets" in doors()


# ---------------------------------------------------------------- worksheets


@pytest.fixture(scope="module")
def sheets():
    """The worksheets of one number with their answers, computed here; the climbs are one step long, to be quick."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pages.ui.wording.looking.is_small", lambda: True)
        patch.setattr("pages.tour.inside.STEPS", 1)
        patch.setenv("CONVSCOPE_OFFLINE", "1")
        yield worksheets.sheets_of(7, with_answers=True)


def test_every_step_of_the_lesson_is_on_a_sheet_with_its_answer(sheets):
    titles = [question.title for sheet in sheets for question in sheet.questions]
    assert titles == [step.title for step in STEPS]
    told = {question.title: question for sheet in sheets for question in sheet.questions}
    for step in STEPS:
        question = told[step.title]
        assert step.kind != "prediction" or question.answer or question.measured, step.id
        assert "**" not in question.asked + question.why
        assert question.kind != "choice" or question.answer in question.options
    stride = int(told["Strides"].asked.partition("With strides 1")[2].partition("strides ")[2][0])
    side = len(range(0, 28 - 3 + 1, stride))
    assert told["Strides"].answer == f"{side**2} places"


def test_the_same_number_gives_the_same_sheet_and_another_one_another(monkeypatch):
    monkeypatch.setattr(worksheets, "STEPS", STEPS[:5])
    first, again, other = (export_worksheets(worksheets.sheets_of(seed)) for seed in (1, 1, 2))
    assert first == again != other


def test_each_worksheet_is_one_printed_page_and_nothing_is_wider_than_paper(sheets, chromium):
    page = chromium.new_page(
        viewport={"width": 673, "height": 900}
    )  # A4 without its margins, at 96 pixels an inch
    try:
        page.set_content(export_worksheets(sheets))
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert printed_pages(page) == len(sheets)
        page.set_content(export_answers(sheets))
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    finally:
        page.close()


def printed_pages(page) -> int:
    """How many sheets of paper a page of HTML takes: Chromium's PDF names each."""
    return len(re.findall(rb"/Type\s*/Page\b", page.pdf(prefer_css_page_size=True)))


def test_the_page_offers_worksheets_and_works_out_the_answers_on_wish(app, monkeypatch):
    monkeypatch.setattr("pages.tour.worksheets.STEPS", STEPS[:5])
    app.query_params.update(view="worksheets", numbers="3")
    app = open_page(app, PAGE)
    assert "Worksheet 1 of 5" in preview(app)
    assert len(app.get("iframe")) == 1
    app.button(key="sheet_work_out").click().run()
    assert not app.exception
    assert "Answers to the worksheets" in app.get("iframe")[1].proto.srcdoc
