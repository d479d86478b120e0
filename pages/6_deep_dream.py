"""What if the net repainted a photo? Choose a picture and a depth, watch the octaves arrive, compare, keep it.

The dream is done by a worker process; the page reads the run store, and finds its dream again after a reload.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from cnn_core.errors import StudentError
from cnn_core.insight import DEPTHS, DreamSpec, dream_layers
from cnn_core.insight.dream.animation import from_file
from cnn_core.runs import Run
from cnn_core.runs.dreams import photo_networks
from pages.deep_dream.asking import (
    MINE,
    Options,
    depth_and_strength,
    dreamer,
    network_name,
    options,
    photo_choice,
    picked,
)
from pages.deep_dream.dream import (
    FOR,
    FRAME,
    PROBLEM,
    SHOWN,
    Picked,
    follow_address,
    run_on_page,
    shown_dream,
    write_address,
)
from pages.deep_dream.showing import downloads, large, octave_pictures
from pages.deep_dream.words import EXPLAINED, state_words, verdict
from pages.ui.forms.digit_input import are_here, way_and_number
from pages.ui.frame.shell import page_head, require_shell
from pages.ui.visitor import design, networks, server, who
from pages.ui.wording.blocks import (
    answer,
    caption,
    next_question,
    on_primary,
    problem,
)
from pages.ui.wording.run_states import NO_MAPS

require_shell()

TICK = 0.5  # seconds between two looks at a dream that goes on


# ---------------------------------------------------------------- acting


def start(spec: DreamSpec, picture: Picked) -> None:
    try:
        spec.check_size(*from_file(picture.png).shape[1:])
        run_id = server.store().submit_dream(spec.to_dict(), picture.png, owner=who.visitor())
        server.wake_runner()
    except StudentError as error:
        st.session_state[PROBLEM] = error
        return
    st.session_state.update({SHOWN: run_id, FOR: picture.key})
    st.session_state.pop(FRAME, None)


def cancel(run_id: str) -> None:
    try:
        server.store().control(run_id, who.visitor(), "stop")
    except StudentError as error:
        st.session_state[PROBLEM] = error


# ---------------------------------------------------------------- showing


def page(ticking: bool) -> None:
    shown = networks.current()
    photographic = photo_networks()
    told = st.empty()
    with st.container(horizontal=True, vertical_alignment="center", key="dream_strip"):
        network = dreamer(shown, photographic)
        colours = 3 if network != MINE else shown.spec.input_shape[0]
        kind = "photo" if colours == 3 else "digit"
        if kind == "digit" and not are_here(shown.dataset):
            return
        chosen = photo_choice() if kind == "photo" else way_and_number(shown.dataset)
        asked = options(kind)
    if not photographic:
        caption(
            "The photo network is not installed here (see requirements.txt), so digits are all there is to dream of."
        )
    if network == MINE and shown.note:
        caption(shown.note)
    left, right = st.columns([576, 292], gap="medium")
    with left:
        picture = picked(network, kind, shown, str(chosen), asked.side)
    run = run_on_page(picture)
    write_address()
    try:
        dream = shown_dream(run, picture, network)
    except StudentError as error:  # settings that no page of ours wrote
        dream, run = None, None
        st.session_state[PROBLEM] = error
    going_on = run is not None and run.status.unfinished
    if going_on != ticking:
        st.rerun()  # the timer is set or taken off
    mine = run is not None and run.is_owner(who.visitor())
    if going_on and mine:
        server.store().seen(who.visitor())
        server.wake_runner()
    with told:
        answer(verdict(dream, picture))
    with left:
        large(dream, picture)
    with right:
        spec = ask(network, shown, asked)
        button(spec, picture, run if going_on and mine else None)
        if error := st.session_state.pop(PROBLEM, None):
            problem(error)
        if run is not None and dream is not None:
            st.markdown(state_words(dream, run))
            if going_on:
                status = run.status
                st.progress(min(1.0, status.step / status.steps) if status.steps else 0.0)
            if not mine:
                caption("Somebody else’s dream; you are watching.")
        if dream is not None:
            octave_pictures(dream)
            if dream.frames and not going_on:
                downloads(dream)


def ask(network: str, shown: networks.LoadedNetwork, asked: Options) -> DreamSpec | None:
    """Draw depth and strength. None, with a sentence, where this network cannot dream."""
    if network != MINE:
        names: Sequence[str] = _photo_depths(network)
    else:
        names = dream_layers(shown.net)
        if not names:
            st.markdown(NO_MAPS)
            st.button("Look at the convnet", on_click=design.look_at, args=("pretrained:lesson",))
            return None
    layers, strength = depth_and_strength(names, network if network != MINE else shown.spec.fingerprint)
    try:
        name = network if network != MINE else network_name(shown)
        return DreamSpec(
            name,
            layers,
            asked.octaves,
            steps=asked.steps,
            step_size=strength,
            jitter=asked.jitter,
            seed=asked.seed,
        )
    except StudentError as error:
        problem(error)
        return None


def _photo_depths(network: str) -> tuple[str, ...]:
    from cnn_core.insight import GOOGLENET_DEPTHS

    return GOOGLENET_DEPTHS if network == "googlenet" else tuple(DEPTHS)


def button(spec: DreamSpec | None, picture: Picked | None, going_on: Run | None) -> None:
    if going_on is not None:
        st.button(
            "Cancel",
            icon=":material/close:",
            key="dream_cancel",
            disabled=going_on.control.get("action") == "stop",
            on_click=cancel,
            args=(going_on.id,),
        )
        return
    st.button(
        on_primary("Dream"),
        key="dream_start",
        type="primary",
        icon=":material/auto_awesome:",
        disabled=spec is None or picture is None,
        on_click=start,
        args=(spec, picture),
    )


def is_going_on() -> bool:
    try:
        run_id = st.session_state.get(SHOWN)
        return bool(run_id) and server.store().run(run_id).status.unfinished
    except StudentError:
        return False


page_head("deep_dream")
follow_address()
going = is_going_on()
st.fragment(page, run_every=TICK if going else None)(going)
with st.expander("What happens in a dream: up the slope, octaves, and why it is shaken"):
    st.markdown(EXPLAINED)
next_question("augmentation", "changes pictures with care, so that a 7 stays a 7.")
