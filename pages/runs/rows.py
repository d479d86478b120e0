"""The list of runs: what a row tells, and what its menu does."""

from __future__ import annotations

from typing import Any

import streamlit as st

from cnn_core import pretrained
from cnn_core.errors import StudentError
from cnn_core.model import summarize
from cnn_core.runs import Run
from pages.ui.drawing.legend import in_colour
from pages.ui.frame.shell import ROOT, entry
from pages.ui.trained.exports import download, made
from pages.ui.trained.trained import Contender
from pages.ui.visitor import design, server, who
from pages.ui.wording.blocks import caption, plain, problem
from pages.ui.wording.numbers import count, duration, percent

MOST = 6  # colours that everybody can tell apart


_PROBLEM, _DELETED, GOING_ON = "runs_problem", "runs_deleted", "runs_going_on"


@st.cache_resource(show_spinner=False, max_entries=4)
def ours(name: str) -> Contender:
    card = pretrained.card(name)
    try:
        told = pretrained.history(name)
        from cnn_core.runs import Curve, History

        def lists(curve: Any) -> Curve:
            return Curve(list(curve.step), list(curve.epoch), list(curve.loss), list(curve.accuracy))

        history = History(lists(told.train), lists(told.test), [])
    except StudentError:
        from cnn_core.runs import History

        history = History()
    return Contender(
        f"pretrained:{name}", f"{card.title}, ours", card.spec, card.recipe, card.dataset, history,
        card.test_accuracy, card.test_images, card.seconds, card.parameters,
    )  # fmt: skip


def contender(run: Run) -> Contender:
    status = run.status
    result = status.result or {}
    return Contender(
        f"run:{run.id}", run.name, run.spec, run.recipe, run.dataset, run.history(), result.get("accuracy"),
        int(result.get("count", 0)), status.seconds, sum(row.parameters for row in summarize(run.spec)), status.state,
        opened=not run.has_recipe,
    )  # fmt: skip


def my_runs(limit: int) -> list[Run]:
    return [run for run in server.store().runs(owner=who.visitor(), limit=limit) if run.kind == "training"]


def going_on() -> bool:
    return any(run.status.unfinished for run in my_runs(8))


def row(key: str, one: Contender, chosen: list[str], colour: str | None, run: Run | None) -> None:
    with st.container(
        horizontal=True, vertical_alignment="center", gap="small", key=f"row_{key.replace(':', '_')}"
    ):
        # A row on a desk; on a phone it wraps into a card instead of pushing the page wide.
        with st.container(horizontal=True, vertical_alignment="center", gap="small", width=700):
            st.checkbox(
                "compare",
                value=key in chosen,
                key=f"pick_{key}",
                label_visibility="collapsed",
                disabled=key not in chosen and len(chosen) >= MOST,
                on_change=_pick,
                args=(key,),
                width=24,
            )
            st.markdown(in_colour(colour, one.name), width=250)
            result = percent(one.accuracy) if one.accuracy is not None else one.state
            st.markdown(result, width=80)
            st.markdown(f":gray[{count(one.parameters)} parameters]", width=150)
            st.markdown(f":gray[{duration(one.seconds) if one.seconds else '–'}]", width=100)
        st.space("stretch")
        if st.button("Look inside", key=f"look_{key}", on_click=design.look_at, args=(key,), type="tertiary"):
            st.switch_page(ROOT / entry("feature_maps").file)
        if run is not None:
            _menu(run)
        else:
            with st.popover("More", key=f"menu_{key}", width="content", on_change="rerun") as menu:
                if menu.open:
                    st.markdown("**Export**")
                    download(made(key))


def _menu(run: Run) -> None:
    with st.popover("More", key=f"menu_{run.id}", width="content", on_change="rerun") as menu:
        if not menu.open:
            return
        st.text_input("Name", run.name, max_chars=80, key=f"name_{run.id}", on_change=_rename, args=(run.id,))
        status = run.status
        if status.state == "finished":
            if run.recipe.schedule == "constant":
                st.button(
                    "Train 2 epochs more" if run.has_recipe else "Train 2 epochs from here",
                    key=f"more_{run.id}",
                    on_click=_extend,
                    args=(run.id,),
                    width="stretch",
                    help=None
                    if run.has_recipe
                    else "By the lesson’s recipe on MNIST, beginning with these weights.",
                )
            else:
                caption(
                    "Its rate fell to nothing at the end (one cycle), so more epochs would change nothing."
                )
            if run.is_opened:
                caption("Opened from a file: Convscope does not know how it was trained before.")
            else:
                st.button(
                "Train 2 more seeds", key=f"seeds_{run.id}", on_click=_seeds, args=(run.id,), width="stretch",
                help="The same design and recipe with other random choices: how much is luck?",
            )  # fmt: skip
        if st.button(
            "Delete",
            icon=":material/delete:",
            key=f"del_{run.id}",
            on_click=_delete,
            args=(run.id,),
            width="stretch",
        ):
            st.rerun()  # it may have been the network that the sidebar looks at
        if run.snapshots():
            st.markdown("**Export**")
            download(made(f"run:{run.id}"))


def _pick(key: str) -> None:
    chosen = [known for known in st.session_state["runs_chosen"] if known != key]
    st.session_state["runs_chosen"] = [*chosen, key] if st.session_state[f"pick_{key}"] else chosen


def _try(action: Any, *args: Any) -> bool:
    try:
        action(*args)
        return True
    except StudentError as error:
        st.session_state[_PROBLEM] = error
        return False


def _rename(run_id: str) -> None:
    _try(server.store().rename, run_id, who.visitor(), st.session_state[f"name_{run_id}"])


def _extend(run_id: str) -> None:
    if _try(server.store().extend, run_id, who.visitor(), 2):
        server.wake_runner()


def _seeds(run_id: str) -> None:
    run = server.store().run(run_id)
    seeds = [f"run:{run_id}"]
    for seed in (run.recipe.seed + 1, run.recipe.seed + 2):
        name = f"{run.name}, seed {seed}"
        recipe = run.recipe.replace(seed=seed)
        try:
            new = server.store().submit(run.spec, recipe, run.dataset, who.visitor(), name)
        except StudentError as error:
            st.session_state[_PROBLEM] = error
            break
        seeds.append(f"run:{new}")
    # Side by side at once: the band of their curves is what they were asked for.
    rest = [key for key in st.session_state.get("runs_chosen", []) if key not in seeds]
    st.session_state["runs_chosen"] = [*seeds, *rest][:MOST]
    server.wake_runner()


def _delete(run_id: str) -> None:
    name = server.store().run(run_id).name
    if _try(server.store().delete, run_id, who.visitor()):
        st.session_state[_DELETED] = (run_id, name)
        if design.looked_at() == f"run:{run_id}":
            design.look_at(server.DEFAULT)


def _undo_delete() -> None:
    run_id, _ = st.session_state.pop(_DELETED)
    _try(server.store().restore, run_id, who.visitor())


def after_click() -> None:
    if error := st.session_state.pop(_PROBLEM, None):
        problem(error)
    if deleted := st.session_state.get(_DELETED):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"Deleted “{plain(deleted[1])}”. It can be brought back for a day.", width="content")
            st.button("Undo", icon=":material/undo:", key="undo_delete", on_click=_undo_delete)


def open_saved() -> None:
    with st.expander("Open a saved network"):
        file = st.file_uploader(
            "A .safetensors file that Convscope made", type=["safetensors"], max_upload_size=25
        )
        if file is not None and st.button("Open it", key="open_saved"):
            content = file.getvalue()
            name = file.name.rsplit(".", 1)[0]
            if _try(
                lambda: st.session_state.update(opened=server.store().adopt(content, name, who.visitor()))
            ):
                design.look_at(f"run:{st.session_state['opened']}")
                st.rerun()
            after_click()
