"""The frame around every page: the list of pages, the top bar, and the guard that keeps a deep link in it.

It draws nothing of its own: the sidebar is in forms/sidebar.py, each page in its own numbered file.
"""

from __future__ import annotations

from contextvars import ContextVar
from copy import copy
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import import_module
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.navigation.page import StreamlitPage

from pages.ui.frame import address, error_log, held, streamlit_inside, streamlit_messages, turns, uploads
from pages.ui.frame.components import component_file
from pages.ui.frame.process import keep_few_primitives, keep_memory_together, leave_processors_free

ROOT = Path(__file__).parents[3]
HERE = Path(__file__).parents[1]

_theme = st.components.v2.component(
    "theme",
    html="""<span aria-hidden="true" style="position:absolute;width:1px;height:1px;opacity:0;
background-color:var(--st-background-color);transition:background-color 1ms"></span>""",
    js=component_file("theme.js"),
)

_in_shell: ContextVar[bool] = ContextVar("in_shell", default=False)


error_log.bound()
streamlit_inside.drop_wrong_values()
streamlit_inside.one_value_at_a_time()
streamlit_messages.send_together()
streamlit_messages.nothing_out_of_order()
turns.draw_in_turns()
streamlit_inside.theme_once()
streamlit_inside.watch_no_modules()
streamlit_inside.named_by_key_alone()
held.watch()
keep_memory_together()
keep_few_primitives()
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
    group: str = ""  # of the top bar, a box that opens; "" stands in the bar itself
    in_bar: bool = True


TRAIN, INSIDE, IMAGES = "Train and test", "Look inside", "More images"

# In the notebook's order; "Next" at the end of a page leads to the one after it.
PAGES: tuple[Entry, ...] = (
    Entry("pages/0_home.py", "Home", "", "What is this?", in_bar=False),
    Entry("pages/1_convolution.py", "Convolution", "convolution", "What does a kernel do?"),
    Entry("pages/2_train.py", "Train", "train", "Is it learning?", TRAIN),
    Entry("pages/9_one_step.py", "One step", "one_step", "What happens in one step?", TRAIN),
    Entry("pages/3_evaluate.py", "Evaluate", "evaluate", "Where does it go wrong?", TRAIN),
    Entry("pages/8_runs.py", "Runs", "runs", "Which net was better, and why?", TRAIN),
    Entry("pages/4_feature_maps.py", "Feature maps", "feature_maps", "What does each layer see?", INSIDE),
    Entry("pages/5_filters.py", "Filters", "filters", "What does one filter look for?", INSIDE),
    Entry("pages/9_break_it.py", "Break it", "break_it", "What breaks it?", INSIDE),
    Entry("pages/6_deep_dream.py", "Deep Dream", "deep_dream", "What if the net repainted a photo?", INSIDE),
    Entry(
        "pages/7_augmentation.py",
        "Augmentation",
        "augmentation",
        "How many changed images are still recognised?",
        IMAGES,
    ),
    Entry("pages/9_my_data.py", "My data", "my_data", "What if it learnt from my own pictures?", IMAGES),
    # Behind doors: at the end of the lesson, on Home and in Runs.
    Entry("pages/9_classroom.py", "Class", "classroom", "What did the others find?", in_bar=False),
    Entry(
        "pages/9_teachers.py",
        "For teachers",
        "teachers",
        "What can I teach in fifteen minutes?",
        in_bar=False,
    ),
    Entry("pages/9_tour.py", "My record", "tour", "What do I take away?", in_bar=False),
    Entry(
        "pages/9_open_network.py", "Open a network", "open_network", "What is in your network?", in_bar=False
    ),
)


def mode() -> str:
    """The visitor's theme, "light" or "dark"; light while the browser has not told us."""
    return "dark" if st.context.theme.type == "dark" else "light"


def follow_theme() -> None:
    """Run the page again when the visitor turns from light to dark: pictures have their colours from here.

    Streamlit changes its own colours in the browser and tells nobody. Draws nothing; for dashboard.py.
    """
    _theme(key="theme", data=[{"mode": mode()}], height=1, on_turned_change=lambda: None)


def entry(url_path: str) -> Entry:
    """The page at an address ("feature_maps", or "" for home). KeyError if there is none."""
    return {page.url_path: page for page in PAGES}[url_path]


def turn_to(url_path: str, **parameters: str) -> None:
    """Leave this page for another, and run that one.

    url_path: of the other page: "feature_maps".
    parameters: what its address says; the sidebar writes the network into it by itself.
    """
    # Told nothing of the address, Streamlit refuses to leave a page whose address names a network.
    st.switch_page(ROOT / entry(url_path).file, query_params=parameters)


def tab_title(url_path: str) -> str:
    """What the browser calls the page, in its tabs and its history.

    >>> tab_title("train"), tab_title("")
    ('Train · Convscope', 'Convscope')
    """
    title = next((page.title for page in PAGES if page.url_path == url_path), "")
    return f"{title} · Convscope" if title and url_path else "Convscope"


@cache
def exists(page: Entry) -> bool:
    """Whether the page's file is there; the bar shows no page that is not written."""
    return (ROOT / page.file).exists()


def load_rooms() -> None:
    """Import what the scripts of all pages import, so that nobody who opens one waits for it."""
    for file in sorted(ROOT.glob("pages/*/*.py")):
        if file.parent != HERE:
            import_module(".".join(file.relative_to(ROOT).with_suffix("").parts))


def build_pages(also: frozenset[str] = frozenset()) -> dict[str, list[StreamlitPage]]:
    """{group: its pages whose files exist}, in the order of the syllabus: a bar of all pages would be too long.

    Home is Streamlit's default page: it answers at "/" alone (its own path would say "Page not found"), so
    the bar does not list it and the wordmark leads there. Other pages that it does not list have a door on a page.
    also: addresses of pages that it lists for this visitor all the same.
    """
    # Streamlit writes into the one that it runs.
    groups = _pages(streamlit_inside.session_id() is not None, _listed(also))
    return {group: [copy(page) for page in pages] for group, pages in groups.items()}


@lru_cache(maxsize=16)
def _pages(_in_script: bool, listed: frozenset[str]) -> dict[str, list[StreamlitPage]]:
    # Outside of a script run they lack what a run needs.
    groups: dict[str, list[StreamlitPage]] = {}
    for page in filter(exists, PAGES):
        groups.setdefault(page.group, []).append(
            st.Page(
                ROOT / page.file,
                title=page.title,
                url_path=page.url_path or None,
                default=page.url_path == "",
                visibility="visible" if page.url_path in listed else "hidden",
            )
        )
    return groups


def _listed(also: frozenset[str]) -> frozenset[str]:
    """Addresses of the pages that stand in the bar."""
    in_bar = {page.url_path for page in filter(exists, PAGES) if page.in_bar}
    return frozenset((in_bar | also) - held.closed())


def navigate(also: frozenset[str] = frozenset()) -> StreamlitPage:
    """The top bar; returns the page that was asked for. For dashboard.py only.

    also: as in `build_pages`.
    """
    _in_shell.set(True)
    streamlit_inside.frame_style()
    uploads.keep_in_bounds()
    held.look()  # the bar lists no page that a scene closes
    page = st.navigation(build_pages(also), position="top")
    address.arrive(page.url_path)
    held.begin(page.url_path)
    if place := _place_in_bar(page.url_path, _listed(also)):
        streamlit_inside.mark_group(place)
    return page


def _place_in_bar(url_path: str, listed: frozenset[str]) -> int:
    """Of the page's group, from 1: pages without a group come first, then the groups. 0 for a page without."""
    group = entry(url_path).group
    shown = [page for page in PAGES if page.url_path in listed]
    groups = list(dict.fromkeys(page.group for page in shown if page.group))
    return len([page for page in shown if not page.group]) + groups.index(group) + 1 if group in groups else 0


def require_shell() -> None:
    """First call of every page: come back through dashboard.py if Streamlit ran the page file alone.

    A folder called `pages` beside the entrypoint switches on Streamlit's first multipage mode until
    `st.navigation` has run once in the process. On a cold server a deep link would then run the page's file
    without sidebar and bar.
    """
    if not _in_shell.get():
        st.navigation(build_pages(), position="top")  # a public call that ends the old mode for this process
        st.rerun()  # the same address, now through dashboard.py


def page_head(url_path: str, question: str = "") -> DeltaGenerator:
    """The page's question as its title; or that of one of its views.

    Returns the place of the page's summary, which nobody sees (wording/screen_summary.py).
    """
    st.title(question or entry(url_path).question, anchor=False)
    return streamlit_inside.spoken_place()


def wordmark() -> None:
    """The name in the corner; a click leads home."""
    st.logo(HERE / f"logo_{mode()}.svg", icon_image=HERE / f"logo_{mode()}.svg", size="large")
