"""Results: whose network reads the class's own handwriting best, how it does elsewhere, and what nobody read."""

from __future__ import annotations

import streamlit as st

from cnn_core.classroom import set_of
from cnn_core.classroom.drawn_set import is_up_to_date
from cnn_core.classroom.handwriting import HardDigit, Score, best, hard_digits, scores
from cnn_core.data import ImageSet
from cnn_core.data.own import OwnSet, Shelf
from cnn_core.errors import StudentError
from pages.classroom import digits_words as words
from pages.classroom.digits_chart import chart
from pages.classroom.digits_live import Now, now
from pages.classroom.digits_nets import Asked, ask_all
from pages.ui.drawing.contact_sheet import image_sheet
from pages.ui.drawing.figure import mode, show
from pages.ui.drawing.sheets import sheet
from pages.ui.visitor import server
from pages.ui.wording.blocks import answer, caption, problem, what_you_see

LOOK_SECONDS = 4.0
MOST_SHOWN = 12  # networks in the chart
MOST_TILES = 40
TILE_PX = 84


def step() -> None:
    """Draw the step."""
    st.fragment(_step, run_every=LOOK_SECONDS)()  # networks come from workers, which no class hears of


def _step() -> None:
    here = now()
    one = set_of(Shelf(), here.seat.classroom)
    if one is None:
        answer(words.NO_SET_TEACHER if here.seat.is_teacher else words.NO_SET)
        return
    try:
        test = server.images(one.key, "test")
        asked = ask_all(here.seat, one.key, len(test))
    except StudentError as error:
        problem(error)
        return
    _out_of_date(here, one)
    ranked = scores(asked.readers, test.labels.tolist())
    if asked.waiting:
        caption(words.still_reading(asked.waiting))
    if ranked:
        _show(ranked, asked, test)


def _out_of_date(here: Now, one: OwnSet) -> None:
    if not is_up_to_date(one, here.drawings):
        more = sum(drawing.counts for drawing in here.drawings) - one.contents().count()
        caption(words.out_of_date(more, here.seat.is_teacher))


def _show(ranked: tuple[Score, ...], asked: Asked, test: ImageSet) -> None:
    ours = [one for one in ranked if not one.reader.who]
    contest = [one for one in ranked if one.reader.who] or ours  # the class's own, once there are any
    winners = best(contest)
    answer(words.who_reads_best(winners, len(contest) - len(winners)))
    gap = words.the_gap(winners[0])
    if contest is not ours and ours:
        st.markdown(f"{gap} {words.ours_beside(ours[0])}".strip())
        gap = "" if gap else words.the_gap(ours[0])
    if gap:
        st.markdown(gap)
    shown = ranked[:MOST_SHOWN]
    show(chart(shown, mode()), key="digits_chart", alt=words.chart_alt(shown))
    what_you_see(words.HOW_TO_READ)
    _hard(hard_digits(asked.readers, test.labels.tolist()), asked, test)
    with st.expander("All numbers"):
        st.markdown(words.score_table(ranked))
        caption(words.about_the_nets(len(ranked), asked.class_nets))


def _hard(hard: tuple[HardDigit, ...], asked: Asked, test: ImageSet) -> None:
    unread = [one for one in hard if not one.right]
    few = [one for one in hard if one.right]
    if not hard:
        caption(words.ALL_READ)
    for heading, key, some in ((words.NOBODY_READ, "nobody", unread), (words.FEW_READ, "few", few)):
        if some:
            st.header(words.how_many(heading, len(some)), anchor=False)
            _mosaic(some[:MOST_TILES], f"digits_{key}", heading, asked, test)
            if len(some) > MOST_TILES:
                caption(words.shown_of(MOST_TILES, len(some)))


def _mosaic(some: list[HardDigit], key: str, heading: str, asked: Asked, test: ImageSet) -> None:
    images = test.images[[one.place for one in some]].numpy().astype("float32") / 255
    sheet(
        image_sheet(images),
        key,
        alt=heading,
        tile_px=TILE_PX,
        captions=[words.hard_caption(one, len(asked.readers)) for one in some],
        clickable=False,
    )
