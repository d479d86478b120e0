"""What if the net repainted a photo? Choose a picture and a depth, watch the octaves arrive, compare, keep it.

The dream is done by a worker process; the page reads the run store, and finds its dream again after a reload.
"""

from __future__ import annotations

from math import inf

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnn_core.errors import StudentError
from cnn_core.insight import DreamSpec
from cnn_core.runs import dream_time
from cnn_core.runs.jobs.dreams import check_size, photo_networks
from pages.deep_dream import guessing, words
from pages.deep_dream.asking import Strip, ask, layers_and_strength
from pages.deep_dream.dream import (
    PLACE,
    Dream,
    Picture,
    dream_on_page,
    follow_address,
    is_going_on,
    put_on_page,
    write_address,
)
from pages.deep_dream.dreamers import MINE, layers_of, settings_name
from pages.deep_dream.picture import digit, photo
from pages.deep_dream.pictures import downloads, large, octave_pictures
from pages.deep_dream.seen import seen
from pages.ui.forms.digit_input import say_why_none
from pages.ui.frame.announcement import announce
from pages.ui.frame.screens import main_action
from pages.ui.frame.shell import page_head, require_shell
from pages.ui.visitor import design, networks, server, who
from pages.ui.wording import no_room, refusals, screen_summary
from pages.ui.wording.blocks import answer, caption, next_question, on_primary, problem
from pages.ui.wording.run_states import NO_MAPS, queued

require_shell()

TICK = 0.5  # seconds between two looks at a dream that goes on


# ---------------------------------------------------------------- acting


def start(spec: DreamSpec, picture: Picture) -> None:
    """Ask for the dream, and put it on the page."""
    with refusals.collect(PLACE):
        check_size(spec, *picture.size)
        run_id = server.store().submit_dream(spec.to_dict(), picture.png, owner=who.visitor())
        put_on_page(run_id, picture)
        server.wake_runner()


def cancel(run_id: str) -> None:
    """Ask the worker to stop."""
    with refusals.collect(PLACE):
        server.store().control(run_id, who.visitor(), "stop")


def attend(dream: Dream) -> None:
    """While its owner looks on, their dream's turn comes, and somebody works on it."""
    if dream.is_going_on and dream.is_mine:
        with refusals.collect(PLACE):
            server.store().seen(who.visitor())
            server.wake_runner()


# ---------------------------------------------------------------- asking


def ask_picture(strip: Strip, network: networks.LoadedNetwork) -> Picture | None:
    """The picture it would begin with; draws pad or upload where one is asked for."""
    if strip.kind == "photo":
        return photo(strip.choice, strip.options.side, strip.dreamer)
    return digit(strip.choice, network.dataset, strip.options.side, strip.dreamer)


def ask_dream(strip: Strip, network: networks.LoadedNetwork) -> DreamSpec | None:
    """Draw depth and strength. None, with a sentence, where this network cannot dream."""
    names = layers_of(strip.dreamer, network)
    if not names:
        st.markdown(NO_MAPS)
        st.button("Look at the convnet", on_click=design.look_at, args=("pretrained:lesson",))
        return None
    key = strip.dreamer if strip.dreamer != MINE else network.spec.fingerprint
    layers, strength = layers_and_strength(names, key)
    options = strip.options
    try:
        return DreamSpec(
            settings_name(strip.dreamer, network),
            layers,
            options.octaves,
            steps=options.steps,
            step_size=strength,
            jitter=options.jitter,
            seed=options.seed,
        )
    except StudentError as error:
        problem(error)
        return None


def ask_start(spec: DreamSpec | None, picture: Picture | None) -> None:
    """Draw the button that begins the dream."""
    is_possible = spec is not None and picture is not None
    if spec is not None and picture is not None:
        told = dream_time.expected(server.store().path, spec, *picture.size)
        if told is not None:
            caption(words.how_long(told))
    with main_action("deep_dream"):
        st.button(
            on_primary("Dream", is_possible),
            key="dream_start",
            type="primary",
            icon=":material/auto_awesome:",
            disabled=not is_possible,
            on_click=start,
            args=(spec, picture),
        )


def ask_cancel(dream: Dream) -> None:
    """Draw the button that ends it."""
    assert dream.run is not None
    st.button(
        "Cancel",
        icon=":material/close:",
        key="dream_cancel",
        disabled=dream.is_being_cancelled,
        on_click=cancel,
        args=(dream.run.id,),
    )


# ---------------------------------------------------------------- showing


def show_progress(dream: Dream) -> None:
    """Draw how far a dream of the store is."""
    run, status = dream.run, dream.status
    if run is None or status is None:
        return
    is_queued = status.state == "queued"
    store = server.store()
    wait = inf if server.lack() else store.expected_wait(run.id)
    waiting = queued(store.place(run.id), wait) if is_queued else ""
    st.markdown(words.state(dream, waiting))
    if dream.is_going_on:
        st.progress(min(1.0, status.step / status.steps) if status.steps else 0.0)
    if not dream.is_mine:
        caption(words.WATCHING)


def show_notes(strip: Strip, network: networks.LoadedNetwork, photographic: tuple[str, ...]) -> None:
    """Say what is not here, or not what was asked for."""
    if not photographic:
        caption(words.NO_PHOTO_NETWORK)
    if strip.dreamer == MINE and network.note:
        caption(network.note)
    if strip.kind == "digit":
        say_why_none(network.dataset)


def show(dream: Dream) -> None:
    """Draw what stands beside the large picture: progress, octaves, files."""
    show_progress(dream)
    octave_pictures(dream)
    guessing.asked(dream)
    if dream.frames and not dream.is_going_on:
        downloads(dream)


def view(is_ticking: bool, summary: DeltaGenerator) -> None:
    """Draw all but what is explained.

    is_ticking: it is drawn anew by itself, because a dream goes on.
    summary:    the place for that.
    """
    network, photographic = networks.current(), photo_networks()
    answer_place = st.empty()
    strip = ask(network, photographic)
    show_notes(strip, network, photographic)
    left, right = st.columns([576, 292], gap="medium")
    with left:
        picture = ask_picture(strip, network)
    dream = dream_on_page(picture)
    write_address()
    if (dream is not None and dream.is_going_on) != is_ticking:
        st.rerun()  # the timer is set or taken off
    if dream is not None:
        attend(dream)
    with answer_place:
        title = picture.title if picture is not None else None
        answer(said := words.verdict(dream, title, guessing.may_tell(dream)))
    screen_summary.put(summary, words.summary_of_dream(dream, said))
    announce("dream_spoken", "" if dream is None else words.aloud(dream))
    with left:
        large(dream, picture)
    with right:
        spec = ask_dream(strip, network)
        if dream is not None and dream.is_going_on and dream.is_mine:
            ask_cancel(dream)
        else:
            ask_start(spec, picture)
        refusals.draw(PLACE)
        no_room.draw()
        if dream is not None:
            show(dream)
    if picture is not None and strip.kind == "photo" and "efficientnet_lite0" in photographic:
        seen(picture)


def page(summary: DeltaGenerator) -> None:
    """Draw the page, its dream anew twice a second while it goes on.  summary: the place for it."""
    follow_address()
    going_on = is_going_on()
    st.fragment(view, run_every=TICK if going_on else None)(going_on, summary)
    with st.expander(words.EXPLAIN):
        st.markdown(words.EXPLAINED)


page(page_head("deep_dream"))
next_question("augmentation", "changes pictures with care, so that a 7 stays a 7.")
