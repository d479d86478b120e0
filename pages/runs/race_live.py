"""A race as it goes on: where each racer stands, all their curves in one chart, and who won; drawn anew each second."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnn_core.errors import StudentError
from cnn_core.runs import races
from cnn_core.runs.races import Course
from cnn_core.training.history import History
from cnn_core.training.race import Race
from pages.runs import race_words
from pages.runs.band import bands
from pages.runs.measure import ask_measure
from pages.runs.race_words import Ended
from pages.ui.drawing.figure import mode, show
from pages.ui.drawing.learning_charts import curves, last_value
from pages.ui.drawing.legend import in_colour
from pages.ui.drawing.palette import RUNS
from pages.ui.frame.announcement import announce
from pages.ui.trained.trained import Trained
from pages.ui.visitor import server, who
from pages.ui.wording import no_room, refusals, screen_summary
from pages.ui.wording.blocks import answer, caption, problem, small, what_you_see

_WISHED = "race_wished"  # the race whose next seeds begin by themselves while somebody looks
_STATE = "race_state"  # (race, whether it was on) at the last tick


def course_of(race: Race) -> Course:
    """How far this race of the visitor's is."""
    return races.course_of(server.store(), race, who.visitor())


def begin(race: Race) -> None:
    """Ask for what is missing; for a callback."""
    with refusals.collect("race"):
        races.start(server.store(), race, who.visitor())
        st.session_state[_WISHED] = race
        server.wake_runner()


def live(race: Race, is_told: bool, verdict: DeltaGenerator, summary: DeltaGenerator) -> None:
    """Draw all of it.

    is_told: whether the curves and who won may be seen.
    verdict, summary: the places for them.
    """
    try:
        course = _go_on(race)
        _show(course, is_told, verdict, summary)
    except StudentError as error:  # deleted in another tab
        problem(error)
        return
    # Where it ends, is paused or goes on, the page is drawn once more: with other buttons, and what came of it.
    before, now = st.session_state.get(_STATE), (race, bool(course.unfinished), is_paused(course))
    st.session_state[_STATE] = now
    if before is not None and before[0] == race and before != now:
        st.rerun()


def is_paused(course: Course) -> bool:
    """Whether all that has not ended is paused."""
    return bool(course.unfinished) and all(run.status.state == "paused" for run in course.unfinished)


def begin_no_more() -> None:
    """The next seed does not begin by itself any more; for callbacks."""
    st.session_state.pop(_WISHED, None)


def _go_on(race: Race) -> Course:
    """How far it is, after what there is to do now: the next seed, and a runner for what waits."""
    course = course_of(race)
    if course.may_go_on and st.session_state.get(_WISHED) == race:
        begin_no_more()
        begin(race)
        st.rerun()  # with a timer, or with what was refused
    if course.unfinished:
        with refusals.collect("race_runner"):  # what stands there is shown all the same
            server.store().seen(who.visitor())
            server.wake_runner()
    return course


def _show(course: Course, is_told: bool, verdict: DeltaGenerator, summary: DeltaGenerator) -> None:
    titles = course.race.titles
    said = _said(course, is_told)
    with verdict:
        answer(said)
    screen_summary.put(summary, race_words.summary_of_race(titles, said, course.is_begun))
    announce("race_spoken", screen_summary.spoken(said))
    refusals.draw("race_runner")
    no_room.draw()
    networks = [_networks(course, place) for place in range(len(titles))]
    _standings(course, networks, is_told)
    if is_told:
        _chart(course, networks)


def _said(course: Course, is_told: bool) -> str:
    if course.is_over:
        return race_words.verdict(ended(course), is_told)
    if not course.unfinished:
        return race_words.NOT_COMPLETE
    if is_paused(course):
        return race_words.PAUSED
    runs = len(course.race.racers) * course.race.seeds
    return race_words.goes_on(sum(run.status.state == "finished" for run in course.runs), runs)


def ended(course: Course) -> list[Ended]:
    """What each racer came to."""
    return [
        Ended(
            title,
            tuple(one for one in _networks(course, place) if one.accuracy is not None),
            sum(map(races.has_diverged, course.of_racer(place))),
        )
        for place, title in enumerate(course.race.titles)
    ]


def _networks(course: Course, place: int) -> list[Trained]:
    """One racer's networks, one a seed, under the name that it has in this race."""
    title = course.race.titles[place]
    return [replace(Trained.of_run(run), title=title) for run in course.of_racer(place)]


def _standings(course: Course, networks: Sequence[Sequence[Trained]], is_told: bool) -> None:
    lines = []
    for place, (title, color) in enumerate(zip(course.race.titles, RUNS[mode()], strict=False)):
        runs = course.of_racer(place)
        is_one = is_told and len(runs) == 1 and runs[0].status.unfinished
        so_far = last_value(networks[place][0].history) if is_one else ""
        statuses, diverged = [run.status for run in runs], [races.has_diverged(run) for run in runs]
        stands = race_words.stands(statuses, diverged, course.race.seeds, is_told)
        lines.append(f"{in_colour(color, title, so_far)} {small(stands)}")
    st.markdown("  \n".join(lines))
    notes = [race_words.one_design(course.race.one_design)] if course.race.one_design else []
    notes += [race_words.ONE_AT_A_TIME] if course.unfinished and len(course.runs) > 1 else []
    if notes:
        caption(" ".join(notes))


def _chart(course: Course, networks: Sequence[Sequence[Trained]]) -> None:
    epochs = max(racer.recipe.epochs for racer in course.race.racers)
    ends = [", ".join(last_value(one.history) for one in group) for group in networks]
    alt = race_words.chart_alt(course.race.titles, ends)
    if course.race.seeds > 1:
        show(bands(networks, mode(), height=380, epochs=epochs), key="race_bands", alt=alt)
        what_you_see(race_words.BANDS)
        return
    measure = ask_measure()
    histories = [  # each keeps its colour, also beside one that is not there
        (title, group[0].history if group else History())
        for title, group in zip(course.race.titles, networks, strict=True)
    ]
    of, low = ("loss" if measure == "loss" else "accuracy"), (None if measure == "top" else 0)
    show(curves(histories, mode(), measure=of, epochs=epochs, low=low), key="race_curves", alt=alt)
    what_you_see(race_words.CHART)
