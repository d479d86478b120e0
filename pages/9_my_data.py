"""What if it learnt from my own pictures? Classes of one's own, drawn, photographed or uploaded, alone or together."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.my_data import words
from pages.my_data.adding import panel
from pages.my_data.chosen import View, aim_at, choose, current, made, mine
from pages.my_data.menu import menu
from pages.my_data.rows import rows
from pages.my_data.training import came_of_it, settings_of, train_button
from pages.ui.forms import choice
from pages.ui.frame import address
from pages.ui.frame.board import board
from pages.ui.frame.controlled import controlled
from pages.ui.frame.screens import main_action
from pages.ui.frame.shell import page_head, require_shell
from pages.ui.visitor import who
from pages.ui.wording import no_room, refusals, screen_summary
from pages.ui.wording.blocks import answer, next_question

require_shell()

LIVE_SECONDS = 2.0  # how soon a picture is seen that somebody else added


# ---------------------------------------------------------------- ask

WAY = address.one_of("way", "data_way", {way: way for way in words.WAYS}, "draw")


def ask(view: View) -> str:
    """Draw the control strip. Returns the way of the next picture: "draw", "camera" or "upload"."""
    with st.container(horizontal=True, vertical_alignment="center", key="data_strip"):
        way = choice.in_address(WAY, "Way", words.WAYS)
        _which_set(view)
        menu(view)
        st.space("stretch")
        if view.is_owner:
            st.button(
                "Add a class", key="data_add_class", icon=":material/add:", on_click=add_class, args=(view,)
            )
        with main_action("my_data"):
            train_button(view)
    return way


def _which_set(view: View) -> None:
    """Draw the choice among the visitor's sets, where there are several."""
    sets = {one.id: one.name for one in mine()}
    if view.one is None:
        sets[""] = "A new set"
    if len(sets) > 1:
        st.selectbox(
            "Data set",
            list(sets),
            format_func=lambda set_id: sets.get(set_id, "A new set"),
            filter_mode=None,
            width=150,
            label_visibility="collapsed",
            **controlled("data-set", view.one.id if view.one else "", choose, words=tuple(sets.items())),
        )


# ---------------------------------------------------------------- act


def add_class(view: View) -> None:
    """Make one more class, with a name to be changed, and let the next picture go to it; for a callback."""
    with refusals.collect("data"):
        taken = {own.name for own in view.contents.classes}
        names = (f"{place} thing" for place in words.PLACES)
        name = next((name for name in names if name not in taken), "another thing")
        aim_at(made(view).add_class(who.visitor(), name))


# ---------------------------------------------------------------- show


def watch(view: View) -> None:
    """Draw the page anew when somebody else has added a picture to a shared set."""

    def look() -> None:
        if view.one is not None and view.one.contents().mark != view.contents.mark:
            st.rerun()

    is_shared = view.one is not None and (not view.is_owner or bool(view.one.link_key))
    st.fragment(look, run_every=LIVE_SECONDS if is_shared else None)()


def page(summary: DeltaGenerator) -> None:
    """The strip, the classes at left, the place for the next picture at right.  summary: the place for that."""
    view = current()
    answer(words.verdict(view.rows))
    no_room.draw()
    way = ask(view)
    screen_summary.put(summary, words.summary_of_set(view.rows, view.target.name, way, view.is_owner))
    pad, mosaics, below = board("data_board", second="left")
    with pad:
        panel(way, view)
    with mosaics:
        rows(view)
        came_of_it(view)
    with below:
        settings_of(view)
    watch(view)


page(page_head("my_data"))
next_question("open_network", "opens a network that was trained elsewhere.")
