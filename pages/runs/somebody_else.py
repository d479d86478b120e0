"""On a shared computer: the browser forgets who used it, and what that leaves of their runs."""

from __future__ import annotations

import streamlit as st

from cnn_core.runs import Run
from pages.runs import words
from pages.ui.visitor import server, who
from pages.ui.wording.blocks import caption, plain

MOST_LINKS = 5


def somebody_else() -> None:
    """Draw the quiet way out: what happens, the links to keep, and the button that does it."""
    # No popover: at the end of a page it would have no room.
    with st.expander(words.SOMEBODY_ELSE, key="somebody_else", on_change="rerun") as box:
        if not box.open:
            return
        runs = server.store().runs(who.visitor())
        st.markdown(words.what_forgetting_means([run.status.state for run in runs]))
        for run in runs[:MOST_LINKS]:
            caption(plain(run.name))
            st.code(link_to(run), language=None)
        if len(runs) > MOST_LINKS:
            caption(words.OLDER_RUNS)
        for seat in server.classes().seats(who.visitor()):
            caption(words.what_becomes_of_a_seat(seat.classroom.title, seat.is_teacher))
        st.button(words.FORGET_ME, key="forget_me", icon=":material/logout:", on_click=who.forget)
        caption(words.OTHER_TABS)


def link_to(run: Run) -> str:
    """The address under which a run can be looked at by whoever has it."""
    page = "deep_dream?dream=" if run.kind == "dream" else "train?net=run:"
    return f"{(st.context.url or '').rpartition('/')[0]}/{page}{run.id}"
