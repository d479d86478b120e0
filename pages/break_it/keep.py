"""Keep it: what is left of the network becomes one of the visitor's own, and can be trained on.

Nothing is saved before somebody asks for it.

It goes the way of a file that somebody brings (`RunStore.openings`): a worker tests it, and it is a run like others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from cnn_core.errors import StudentError
from cnn_core.insight import carried_out, without_filters
from cnn_core.runs import Run
from pages.break_it import folded_words as said
from pages.break_it import operating
from pages.ui.forms import choice
from pages.ui.frame.shell import turn_to
from pages.ui.trained.exports import file_of
from pages.ui.visitor import design, server, who
from pages.ui.visitor.networks import LoadedNetwork
from pages.ui.wording import no_room, refusals
from pages.ui.wording.blocks import caption, problem

if TYPE_CHECKING:
    from cnn_core.insight import Operation
    from cnn_core.model.network import Network

PLACE = "break_it_keep"
LOOK_SECONDS = 0.5
WAYS = {"smaller": "without them", "muted": "with them muted"}
_KEPT = "break_it_kept"  # the id of what was kept last
_WAY = "break_it_way"


def section(network: LoadedNetwork, operation: Operation) -> None:
    """Draw it: the way, the button, and what came of it."""
    if not operation.layers and _KEPT not in st.session_state:
        return
    with st.expander(said.KEEP, key="break_it_keep_open"):
        caption(said.what_keeping_does(operation.only_mutes))
        if operation.layers:
            _ask(network, operation)
        refusals.draw(PLACE)
        _came_of_it()


def kept_network(net: Network, operation: Operation, way: str) -> Network:
    """A network of its own that answers as this one with the operation.

    way: "smaller" leaves muted filters out, "muted" keeps them with weights of 0.
    Raises StudentError where that cannot be.
    """
    if way == "muted" or not operation.only_mutes:
        return carried_out(net, operation)
    for layer in sorted(operation.layers):
        net = without_filters(net, layer, operation.muted(layer))
    return net


def _ask(network: LoadedNetwork, operation: Operation) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        way = "muted"
        if operation.only_mutes:
            way = choice.one_of("How", WAYS, _WAY, "smaller")
        st.button(
            said.KEEP_AS_MINE,
            key="break_it_keep",
            icon=":material/save:",
            on_click=_keep,
            args=(network, operation, str(way or "smaller")),
        )


def _keep(network: LoadedNetwork, operation: Operation, way: str) -> None:
    with refusals.collect(PLACE):
        net = kept_network(network.net, operation, way)
        content = file_of(net, network.learnt_from, network.dataset)
        name = said.name_of_kept(network.title, len(operation.touches) + len(operation.edits), way)
        run_id = server.store().openings.ask(content, f"{name}.safetensors", who.visitor(), is_cut=True)
        server.wake_runner()
        st.session_state[_KEPT] = run_id


def _came_of_it() -> None:
    run_id = st.session_state.get(_KEPT)
    if run_id is None:
        return
    try:
        run = server.store().run(run_id)
    except StudentError:  # removed since
        del st.session_state[_KEPT]
        return
    if run.status.unfinished:
        st.fragment(_wait, run_every=LOOK_SECONDS)(run)
    elif not run.is_opened:
        problem(StudentError(run.status.reason))
    else:
        _ways_on(run)


def _wait(run: Run) -> None:
    now = Run(run.folder)
    if not now.status.unfinished:
        st.rerun()
    with refusals.collect(PLACE):
        server.store().mend(now)
    refusals.draw(PLACE)
    no_room.draw()
    st.markdown(f":material/hourglass_top: {said.being_kept(run.name)}")


def _ways_on(run: Run) -> None:
    result = run.status.result or {}
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(said.kept(run.name, result.get("accuracy"), result.get("count")), width="content")
        name = f"run:{run.id}"
        st.button("Look at it", key="break_it_look_at", type="tertiary", on_click=_look_at, args=(name,))
        if st.button(
            said.TRAIN_ON, key="break_it_train_on", type="tertiary", on_click=_look_at, args=(name,)
        ):
            turn_to("train")


def _look_at(name: str) -> None:
    """What was done to the network before is in its weights now, so nothing is done to them."""
    design.look_at(name)
    operating.begin_anew()
