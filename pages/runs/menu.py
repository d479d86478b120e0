"""What can be done with a run: its menu in the list, and what came of the last click."""

from __future__ import annotations

import streamlit as st

from cnn_core.runs import Run
from pages.runs import words
from pages.runs.picks import put_first
from pages.ui.trained.exports import download
from pages.ui.trained.trained import Trained
from pages.ui.visitor import design, networks, server, who
from pages.ui.wording import refusals
from pages.ui.wording.blocks import caption
from pages.ui.wording.run_states import more_epochs

MORE_EPOCHS, MORE_SEEDS = 2, 2  # with one click
LONGEST_NAME = 80
_DELETED = "runs_deleted"  # (id, name) of the last run that was deleted


def run_menu(run: Run) -> None:
    """Draw the menu of one of the visitor's runs."""
    with st.popover(words.more(run.name), key=f"menu_{run.id}", width="content", on_change="rerun") as menu:
        if not menu.open:
            return
        st.text_input(
            "Name", run.name, max_chars=LONGEST_NAME, key=f"name_{run.id}", on_change=_rename, args=(run.id,)
        )
        if run.status.state == "finished":
            _train_on(run)
        _delete_button(run)
        if run.snapshots():
            st.markdown("**Save**")
            download(Trained.of_run(run, _which_weights(run)))


def _which_weights(run: Run) -> str:
    """Which of a run's weights are exported: what it came to, or others that it has too."""
    others = networks.other_moments(run)
    if not others:
        return ""
    choice = st.segmented_control(
        "Weights",
        [run.moment, *others],
        format_func=words.WEIGHTS.__getitem__,
        default=run.moment,
        required=True,
        key=f"weights_{run.id}",
        label_visibility="collapsed",
    )
    return "" if choice in (None, run.moment) else str(choice)


def export_menu(one: Trained) -> None:
    """Draw the menu of one of ours: nobody renames or deletes it."""
    with st.popover(
        words.more(one.label), key=f"menu_{one.name}", width="content", on_change="rerun"
    ) as menu:
        if menu.open:
            st.markdown("**Save**")
            download(one)


def _train_on(run: Run) -> None:
    if run.recipe.schedule == "constant":
        more = "epochs more" if run.has_recipe else "epochs from here"
        st.button(
            f"Train {MORE_EPOCHS} {more}",
            key=f"more_{run.id}",
            on_click=_extend,
            args=(run.id,),
            width="stretch",
            help=more_epochs(run) if run.has_recipe else words.from_its_weights(run.dataset),
        )
    else:
        caption(words.RATE_IS_GONE)
    if run.is_opened:
        caption(words.CUT if run.is_cut else words.OPENED)
        return
    st.button(
        f"Train {MORE_SEEDS} more seeds",
        key=f"seeds_{run.id}",
        on_click=_train_seeds,
        args=(run.id,),
        width="stretch",
        help=words.SEEDS,
    )


def _delete_button(run: Run) -> None:
    is_clicked = st.button(
        "Delete",
        icon=":material/delete:",
        key=f"del_{run.id}",
        on_click=_delete,
        args=(run.id,),
        width="stretch",
    )
    if (
        is_clicked and st.session_state.get(_DELETED, ("", ""))[0] == run.id
    ):  # else a refusal was drawn just now
        st.rerun()  # it may have been the network that the sidebar looks at


# ---------------------------------------------------------------- what a click does


def _rename(run_id: str) -> None:
    with refusals.collect("runs"):
        server.store().rename(run_id, who.visitor(), st.session_state[f"name_{run_id}"])


def _extend(run_id: str) -> None:
    with refusals.collect("runs"):
        server.store().extend(run_id, who.visitor(), MORE_EPOCHS)
        server.wake_runner()


def _train_seeds(run_id: str) -> None:
    """The same run with other seeds; side by side at once, for the band of their curves is what is wanted."""
    names = [f"run:{run_id}"]
    with refusals.collect("runs"):
        run = server.store().run(run_id)
        for more in range(1, MORE_SEEDS + 1):
            recipe = run.recipe.replace(seed=run.recipe.seed + more)
            title = f"{run.name}, seed {recipe.seed}"
            names.append(f"run:{server.store().submit(run.spec, recipe, run.dataset, who.visitor(), title)}")
    put_first(names)
    with refusals.collect("runs"):  # also where one was refused, for the one before it
        server.wake_runner()


def _delete(run_id: str) -> None:
    with refusals.collect("runs"):
        name = server.store().run(run_id).name
        server.store().delete(run_id, who.visitor())
        st.session_state[_DELETED] = (run_id, name)
        if design.looked_at() == f"run:{run_id}":
            design.look_at(server.DEFAULT)


def _undo_delete() -> None:
    run_id, _ = st.session_state.pop(_DELETED)
    with refusals.collect("runs"):
        server.store().restore(run_id, who.visitor())


def after_click() -> None:
    """Draw what the last click could not do, and the way back from a deletion."""
    refusals.draw("runs")
    if last := st.session_state.get(_DELETED):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(words.deleted(last[1]), width="content")
            st.button("Undo", icon=":material/undo:", key="undo_delete", on_click=_undo_delete)
