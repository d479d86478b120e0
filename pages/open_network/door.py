"""The door: which files can be brought, the uploader, and what becomes of a file while a worker has it."""

from __future__ import annotations

import streamlit as st

from cnn_core.errors import StudentError
from cnn_core.model import ModelSpec
from cnn_core.runs import Run
from cnn_core.upload_limits import BROWSER_MB
from pages.open_network import words
from pages.ui.frame import uploads
from pages.ui.frame.announcement import announce
from pages.ui.visitor import design, server, who
from pages.ui.wording import no_room, refusals, screen_summary
from pages.ui.wording.blocks import caption, problem

PLACE = "open_network"  # where this page says a refusal
_ASKED = "open_network_run"  # the id of the file that was brought last
_ANOTHER = "open_network_another"  # whether the door is wanted though a network is open
_UPLOADS = "open_network_uploads"  # how many files were brought: each has an uploader of its own
_DESIGN = "open_network_design"  # whether a design has just gone into the sidebar
LOOK_SECONDS = 0.4  # between two looks at a file that a worker has


def is_wanted() -> bool:
    """Whether the visitor wants the door although an opened network is looked at."""
    run = pending()
    return bool(st.session_state.get(_ANOTHER)) or (run is not None and run.status.unfinished)


def want(is_wanted: bool = True) -> None:
    """Show the door, or the network again; for callbacks."""
    st.session_state[_ANOTHER] = is_wanted


def pending() -> Run | None:
    """The visitor's file that a worker has or will have, or that was refused in this session."""
    run = server.store().openings.latest(who.visitor())
    if run is None or run.status.unfinished or run.id == st.session_state.get(_ASKED):
        return run
    server.store().openings.forget(run.id, who.visitor())  # refused long ago, and read
    return None


def door() -> None:
    """Draw it."""
    st.markdown(words.WHICH_FILES)
    caption(words.WEIGHTS_ALONE)
    number = st.session_state.get(_UPLOADS, 0)
    # Any file may be chosen: what is no network is told so in a sentence, not behind a red sign.
    st.file_uploader(
        words.LABEL,
        max_upload_size=BROWSER_MB,
        key=f"open_network_file_{number}",
        on_change=_bring,
        args=(f"open_network_file_{number}",),
    )
    refusals.draw(PLACE)
    if st.session_state.pop(_DESIGN, False):
        st.markdown(f":green[:material/check: {words.IN_THE_SIDEBAR}]")
    run = pending()
    if run is None:
        no_room.draw()
    if run is not None and run.status.unfinished:
        st.session_state[_ASKED] = run.id  # also after F5
        st.fragment(_wait, run_every=LOOK_SECONDS)(run)
    elif run is not None:
        problem(StudentError(run.status.reason))
    elif _is_open():
        st.rerun()


def _wait(run: Run) -> None:
    """Say how far it is; once it is open or refused, draw the whole page anew."""
    now = Run(run.folder)
    status = now.status
    if now.kind != "opening" or not status.unfinished:
        st.rerun()
    with refusals.collect(PLACE):
        server.store().mend(now)
    refusals.draw(PLACE)
    no_room.draw()
    ahead = server.store().place(now.id) if status.state == "queued" else 0
    is_measuring = status.reason != "" and status.state == "running"
    text = words.waiting(str(now.card.get("file")), ahead, is_measuring, bool(server.lack()))
    st.markdown(f":material/hourglass_top: {text}")
    announce("open_network_spoken", screen_summary.spoken(text))


def _is_open() -> bool:
    """Whether the file that was brought last is open: then it is looked at from now on, once."""
    run_id = st.session_state.pop(_ASKED, None)
    if run_id is None:
        return False
    try:
        run = server.store().run(run_id)
    except StudentError:
        return False
    if not run.is_opened:
        return False
    design.look_at(f"run:{run_id}")
    want(False)
    return True


# ---------------------------------------------------------------- what a click does


def _bring(key: str) -> None:
    file = uploads.chosen(
        st.session_state.get(key)
    )  # Streamlit puts something else there for one that it lost
    if file is None:
        return
    with refusals.collect(PLACE):
        content = uploads.content(file)
        if file.name.lower().endswith(".json"):
            _put_into_the_sidebar(content, file.name)
        else:
            _watch(server.store().openings.ask(content, file.name, who.visitor(), _sidebar_design()))
    uploads.forget(file)
    st.session_state[_UPLOADS] = st.session_state.get(_UPLOADS, 0) + 1


def _put_into_the_sidebar(content: bytes, name: str) -> None:
    # Read here: a design is plain text of a few thousand letters, as it is in a link.
    from cnn_core.opening.design_file import design_in

    design.commit(design_in(content, name).to_dict())
    st.session_state[_DESIGN] = True


def bring_again(run: Run) -> None:
    """Put the weights of an opened file onto the design in the sidebar; for a callback."""
    with refusals.collect(PLACE):
        spec = _sidebar_design()
        if spec is None:
            raise StudentError("The design in the sidebar cannot be built.", hint="Mend it there first.")
        _watch(server.store().openings.again(run.id, who.visitor(), spec))


def _watch(run_id: str) -> None:
    st.session_state[_ASKED] = run_id
    want()  # until it is open: a refusal is said at the door
    server.wake_runner()


def _sidebar_design() -> ModelSpec | None:
    """The design in the sidebar, where it can be built."""
    try:
        return design.inspect(design.shown()).spec
    except StudentError:
        return None
