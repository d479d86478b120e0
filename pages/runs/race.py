"""A fair race: two to four designs or recipes against each other, with a guess first."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnn_core.data.sources import dataset_of
from cnn_core.errors import StudentError
from cnn_core.runs import races
from cnn_core.runs.races import Course
from cnn_core.settings import settings
from pages.runs import guessing, race_lineup, race_live, race_words
from pages.runs.picks import put_only
from pages.ui.frame.screens import main_action
from pages.ui.visitor import server, who
from pages.ui.wording import no_room, refusals, screen_summary
from pages.ui.wording.blocks import answer, caption, on_primary, problem


def view(summary: DeltaGenerator) -> None:
    """Draw the race that is chosen: to be set up, going on, or over.  summary: the place for it."""
    race_lineup.follow_address()
    try:
        race = race_lineup.race()
    except StudentError as error:
        _no_race(error, summary)
    else:
        course = race_live.course_of(race)
        (_begun if course.is_begun else _to_be_set_up)(course, summary)
    race_lineup.tell_address()


def _no_race(why: StudentError, summary: DeltaGenerator) -> None:
    answer(race_words.NOT_BEGUN)
    screen_summary.put(summary, race_words.summary_of_race((), str(why), False))
    refusals.draw("race")
    race_lineup.ask()
    race_lineup.ask_what_is_shared()
    problem(why)


def _to_be_set_up(course: Course, summary: DeltaGenerator) -> None:
    answer(race_words.NOT_BEGUN)
    screen_summary.put(summary, race_words.summary_of_race(course.race.titles, race_words.NOT_BEGUN, False))
    refusals.draw("race")
    no_room.draw()
    race_lineup.ask()
    with st.container(horizontal=True, vertical_alignment="center", key="race_strip"):
        race_lineup.ask_what_is_shared()
        st.space("stretch")
        _start_button(course)
    _cost(course)


def _begun(course: Course, summary: DeltaGenerator) -> None:
    race, verdict = course.race, st.empty()
    refusals.draw("race")
    is_told = guessing.ask_race(course, race_live.ended(course), dataset_of(race.dataset).noun)
    st.fragment(race_live.live, run_every=1.0 if course.unfinished else None)(race, is_told, verdict, summary)
    with st.container(horizontal=True, gap="small"):
        if course.unfinished:
            _controls(course)
        elif course.next_heat is not None:
            _start_button(course)
        elif is_told:
            names = [f"run:{run.id}" for run in course.runs]
            st.button(race_words.COMPARE, key="race_compare", on_click=_compare, args=(names,))
    with st.expander(race_words.ANOTHER, key="race_another"):
        race_lineup.ask()
        with st.container(horizontal=True, vertical_alignment="center", key="race_strip"):
            race_lineup.ask_what_is_shared()
        _cost(course)


# ---------------------------------------------------------------- what starts and ends it


def _start_button(course: Course) -> None:
    with main_action("runs"):
        st.button(
            on_primary(race_words.start_label(course.race.seed, course.next_heat, course.is_begun)),
            key="race_start",
            type="primary",
            icon=":material/play_arrow:",
            on_click=race_live.begin,
            args=(course.race,),
        )


def _controls(course: Course) -> None:
    action: races.Action = "resume" if race_live.is_paused(course) else "pause"
    icon = "play_arrow" if action == "resume" else "pause"
    st.button(
        race_words.CONTROLS[action],
        key=f"race_{action}",
        icon=f":material/{icon}:",
        on_click=_control,
        args=(course, action),
    )
    st.button(race_words.CONTROLS["stop"], key="race_stop", icon=":material/stop:", on_click=_control,
              args=(course, "stop"))  # fmt: skip


def _control(course: Course, action: races.Action) -> None:
    if action == "stop":
        race_live.begin_no_more()
    with refusals.collect("race"):
        races.control(server.store(), course.unfinished, who.visitor(), action)


def _compare(names: list[str]) -> None:
    put_only(names)
    st.session_state["runs_view"] = "Compare"


# ---------------------------------------------------------------- what it costs


def _cost(course: Course) -> None:
    """Say what is the same for all, what is to be trained, how long that takes, and what three seeds would take."""
    race, cost = course.race, races.cost(server.store(), course)
    noun = dataset_of(race.dataset).noun
    shared = race_words.what_is_shared(race_lineup.images(), noun, race.seed, race.seeds)
    said = [race_words.cost(cost.runs, cost.seconds)]
    if race.seeds == 1:
        said.append(race_words.three_seeds_cost(3 * len(race.racers), cost.of_three))
    elif cost.runs > settings().max_queue:
        said.append(race_words.in_parts(settings().max_queue))
    caption(f"{shared}  \n{' '.join(said)}")
