"""The frame around every page: the list of pages, the top bar, and the guard that keeps a deep link in it.

It shows nothing of its own: the sidebar is in sidebar.py, each page in its own numbered file.
"""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.navigation.page import StreamlitPage

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent

_in_shell: ContextVar[bool] = ContextVar("in_shell", default=False)


def leave_processors_free() -> None:
    """Let torch use half of the processors in this process, unless OMP_NUM_THREADS says otherwise.

    Its threads wait for each other by spinning, so one that finds its processor taken (by a training, say) holds up
    all. Measured on two busy cores, the lesson's net reading one digit: 46 ms on average with two threads, 1 ms with
    one. The workers set their own number.
    """
    if "OMP_NUM_THREADS" in os.environ:
        return
    threads = max(1, (os.cpu_count() or 1) // 2)
    os.environ["OMP_NUM_THREADS"] = str(threads)  # is read when torch is loaded
    if torch := sys.modules.get(
        "torch"
    ):  # already: a deep link on a cold server runs the page's imports first
        torch.set_num_threads(threads)


def keep_memory_together() -> None:
    """Let glibc keep two stocks of memory instead of eight a processor; elsewhere than on Linux it does nothing.

    Each page is drawn by a thread of its own, and what one stock has spare another cannot use. Measured, twelve of the
    looking pages' heavy jobs at once on two cores: 1,100 MB at most and 810 MB in the end, of which torch is 550. With
    two stocks, two at a time (state.in_turn), and what is spare given back after each: 740 and 620 MB, in no more time.
    """
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 2)


def give_memory_back() -> None:
    """Return what is spare to the system; takes about 15 ms, in which other threads go on."""
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


_M_ARENA_MAX = -8  # of glibc's malloc.h
keep_memory_together()
leave_processors_free()  # here, for this is the first of ours that dashboard.py imports


@dataclass(frozen=True)
class Entry:
    """One page: its file, its word in the top bar, its address, and the question it answers."""

    file: str
    title: str
    # "" is the address "/". Else the file's own name: on a cold server Streamlit's old mode looks for that first, and
    # says "Page not found" to any other, before dashboard.py has had a chance.
    url_path: str
    question: str


PAGES: tuple[Entry, ...] = (
    Entry("pages/0_home.py", "Home", "", "What is this?"),
    Entry("pages/1_convolution.py", "Convolution", "convolution", "What does a kernel do?"),
    Entry("pages/2_train.py", "Train", "train", "Is it learning?"),
    Entry("pages/3_evaluate.py", "Evaluate", "evaluate", "Where does it go wrong?"),
    Entry("pages/4_feature_maps.py", "Feature maps", "feature_maps", "What does each layer see?"),
    Entry("pages/5_filters.py", "Filters", "filters", "What does one filter look for?"),
    Entry("pages/6_deep_dream.py", "Deep Dream", "deep_dream", "What if the net repainted a photo?"),
    Entry("pages/7_augmentation.py", "Augmentation", "augmentation", "Which changes leave a 7 a 7?"),
    Entry("pages/8_runs.py", "Runs", "runs", "Which net was better, and why?"),
)


def mode() -> str:
    """The visitor's theme, "light" or "dark"; light while the browser has not told us."""
    return "dark" if st.context.theme.type == "dark" else "light"


def entry(url_path: str) -> Entry:
    """The page at an address ("train", or "" for home). KeyError if there is none."""
    return {page.url_path: page for page in PAGES}[url_path.replace("-", "_")]


def exists(page: Entry) -> bool:
    """Whether the page's file is there; the bar shows no page that is not written."""
    return (ROOT / page.file).exists()


def build_pages() -> list[StreamlitPage]:
    """The pages whose files exist, in the order of the syllabus.

    Home is Streamlit's default page: it answers at "/" alone (its own path would say "Page not found"), so
    the bar does not list it and the wordmark leads there.
    """
    return [
        st.Page(
            ROOT / page.file,
            title=page.title,
            url_path=page.url_path or None,
            default=page.url_path == "",
            visibility="hidden" if page.url_path == "" else "visible",
        )
        for page in PAGES
        if exists(page)
    ]


def navigate() -> StreamlitPage:
    """The top bar; returns the page that was asked for. For dashboard.py only."""
    _in_shell.set(True)
    return st.navigation(build_pages(), position="top")


def require_shell() -> None:
    """First call of every page: come back through dashboard.py if Streamlit ran the page file alone.

    A folder called `pages` beside the entrypoint switches on Streamlit's first multipage mode until
    `st.navigation` has run once in the process. On a cold server a deep link would then run the page's file
    without sidebar and bar.
    """
    if not _in_shell.get():
        st.navigation(build_pages(), position="top")  # a public call that ends the old mode for this process
        st.rerun()  # the same address, now through dashboard.py


def page_head(url_path: str) -> None:
    """The page's question as its title."""
    st.title(entry(url_path).question, anchor=False)


_BOARD = """<style>
.stVerticalBlock.st-key-{key} {{ display: grid; gap: 1rem 2rem; grid-template-columns: minmax(0, 1fr) }}
.stVerticalBlock.st-key-{key} > * {{ min-width: 0 }}
@media (min-width: 641px) {{
  .stVerticalBlock.st-key-{key} {{ grid-template: {areas} }}
  .stVerticalBlock.st-key-{key} > :nth-child(1) {{ grid-area: first }}
  .stVerticalBlock.st-key-{key} > :nth-child(2) {{ grid-area: second }}
  .stVerticalBlock.st-key-{key} > :nth-child(3) {{ grid-area: third }}
}}
</style>"""
_AREAS = {
    "left": '"second first" auto "second third" 1fr / minmax(0, 592fr) minmax(0, 276fr)',
    "right": '"first second" auto "third second" 1fr / minmax(0, 592fr) minmax(0, 276fr)',
}


def board(key: str, second: Literal["left", "right"]) -> tuple[DeltaGenerator, ...]:
    """Three containers in the order in which a phone shows them.

    On a wider screen the second has a column for itself, `second`, 592 pixels wide at the left or 276 at the right;
    the first and the third share the other. Streamlit's columns can only be stacked as they stand.
    """
    board_style(key, second)
    return board_places(key)


def board_style(key: str, second: Literal["left", "right"]) -> None:
    """The half of `board` that need not be said again when a fragment draws its places anew."""
    st.html(_BOARD.format(key=key, areas=_AREAS[second]))


def board_places(key: str) -> tuple[DeltaGenerator, ...]:
    """The other half."""
    with st.container(key=key):
        return tuple(st.container(key=f"{key}_{place}") for place in ("first", "second", "third"))


def wordmark() -> None:
    """The name in the corner; a click leads home."""
    st.logo(HERE / f"logo_{mode()}.svg", icon_image=HERE / f"logo_{mode()}.svg", size="large")
