"""What we use of Streamlit that it does not promise: the first file to read after an upgrade that broke the looks.

Each trick here has a reason and a test that fails without it (tests/browser). Elsewhere only Streamlit's public calls
are used, but for the list of one in which a component is given its data (`sheets.component_source`).

    trick                    what it leans on                                        what breaks without it
    one_value_at_a_time()    `SafeSessionState.filtered_state`, which widgets ask     pages cost a tenth more
    theme_once()             `app_session._populate_theme_msg`                        pages cost a little more
    watch_no_modules()       `LocalSourcesWatcher.update_watched_modules`             the server stands still for a
                                                                                     sixth of a second a visitor
    named_by_key_alone()     `BidiComponentMixin._build_bidi_identity_kwargs`         pages cost a little more
    went_through_history()   `is_history_navigation` of the script's context         Back would not take an edit back
    address_container(),
    hold_place()             classes `st-key-…`, the test id `stLayoutWrapper`       gaps, and two stray text fields
    grid_style()             `stVerticalBlock` and `st-key-…` on one element         the order of places on a phone
    spoken_place()           class `st-key-…`, test id `stLayoutWrapper`             the summary is seen, or a gap
    names_for_the_ear()      the class of coloured words in a button's label          equal names in a list of runs
    words_in_a_line()        how `st.page_link` nests its paragraph                  a button in mid-sentence
    frame_style()            that HTML in Markdown keeps `class` and `tabindex`       meanings stand in the sentence
    upload_manager(),        `Runtime.uploaded_file_mgr`; that the road of a file     what a tab has sent stays in
    session_id()             asks its `add_file` by name                             memory without any bound
    drop_wrong_values()      `WStates.__getitem__`, its `get_serialized`, and a       a wrong value stays and stays
                             widget's `value_type`
    (shortcuts.js)           test id `stMain`, class `st-key-next_…`; that a menu     no key for the next page; Enter
                             opened by keyboard has the focus itself                 takes no first entry of a menu
    frame_style()            test ids of links, `stMetricValue`, `stCode` and        no ring in the bar; cut numbers;
                             Prism's `token`; `data-has-shortcut` and its `kbd`      pale code; keys on a phone

Four subjects have files of their own for their length: how a page fits its screen, streamlit_screens.py; how what is
drawn gets to the browser, streamlit_messages.py; how a screen is sent what is new without a run of its script,
streamlit_places.py; and how many pages are drawn at once, turns.py.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import streamlit as st
from streamlit import runtime
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.state.safe_session_state import SafeSessionState

if TYPE_CHECKING:
    from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
    from streamlit.runtime.state.session_state import WStates

log = logging.getLogger("convscope.server")


class _OneByOne(Mapping[str, Any]):
    """A session's values, looked up one at a time."""

    def __init__(self, state: SafeSessionState) -> None:
        self._state = state

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and key in self._state

    def __getitem__(self, key: str) -> Any:
        return self._state[key]

    def __iter__(self) -> Iterator[str]:
        return iter(_all_values(self._state))

    def __len__(self) -> int:
        return len(_all_values(self._state))


def _all_values(state: SafeSessionState) -> dict[str, Any]:
    values: dict[str, Any] = _filtered_state.fget(state)  # type: ignore[misc]
    return values


_filtered_state: property = SafeSessionState.filtered_state  # type: ignore[assignment]


def one_value_at_a_time() -> None:
    """Spare each select box, number and text the copying of all values of a session, of which it looks at one.

    Measured, nine of them on the Convolution page: 10 of its 87 ms.
    """
    SafeSessionState.filtered_state = property(_OneByOne)  # type: ignore[assignment, method-assign]


# ---------------------------------------------------------------- what need not be worked out each time


@cache
def theme_once() -> None:
    """Let the theme be read from the settings once: it is sent at each script run, in six parts."""
    try:
        from streamlit.proto.NewSession_pb2 import CustomThemeConfig
        from streamlit.runtime import app_session

        read = app_session._populate_theme_msg
    except (ImportError, AttributeError):
        return

    @cache
    def theme(section: str) -> CustomThemeConfig:
        message = CustomThemeConfig()
        read(message, section)
        return message

    def put(message: CustomThemeConfig, section: str = "theme") -> None:
        message.MergeFrom(theme(section))

    app_session._populate_theme_msg = put  # type: ignore[assignment]


@cache
def named_by_key_alone() -> None:
    """Spare a component the hashing of all that it shows: each of ours has a key, and with one that hash is not used.

    A component without a key would be known by its name alone: two of them on one page, and Streamlit refuses.
    """
    try:
        from streamlit.components.v2.bidi_component.main import BidiComponentMixin
    except ImportError:
        return

    def by_name(mixin: Any, *, component_name: str, **_others: Any) -> dict[str, Any]:
        return {"component_name": component_name}

    BidiComponentMixin._build_bidi_identity_kwargs = by_name  # type: ignore[method-assign, assignment]


def went_through_history() -> bool:
    """Whether this run began with the browser's Back or Forward; False where Streamlit no longer says so."""
    ctx = get_script_run_ctx()
    return bool(ctx and getattr(ctx, "is_history_navigation", False))


def upload_manager() -> MemoryUploadedFileManager | None:
    """What holds the files that browsers have sent; None outside a server, and where it is of another kind."""
    manager = runtime.get_instance().uploaded_file_mgr if runtime.exists() else None
    return manager if hasattr(manager, "add_file") else None  # type: ignore[return-value]


def session_id() -> str | None:
    """Of the tab that this script run is for."""
    ctx = get_script_run_ctx(
        suppress_warning=True
    )  # what is computed ahead is of no tab, and that is no fault
    return None if ctx is None else ctx.session_id


def is_part() -> bool:
    """Whether this run draws a part of a page again, that was there before."""
    ctx = get_script_run_ctx(suppress_warning=True)
    return bool(getattr(ctx, "fragment_ids_this_run", None))


# ---------------------------------------------------------------- values that no browser of ours sends


@cache
def watch_no_modules() -> None:
    """Look for the files of no modules where nothing is watched; once in a process.

    Streamlit does it for every tab, at its first page and whenever a module was imported since, on the loop that
    answers all of them: with 2,800 modules 0.16 s a tab, for nothing where `server.fileWatcherType` is "none".
    A Streamlit that has no such class is left as it is.
    """
    try:
        from streamlit import config
        from streamlit.watcher.local_sources_watcher import LocalSourcesWatcher

        look = LocalSourcesWatcher.update_watched_modules
    except (ImportError, AttributeError):
        return

    def look_if_watched(watcher: LocalSourcesWatcher) -> None:
        if config.get_option("server.fileWatcherType") != "none":
            look(watcher)

    LocalSourcesWatcher.update_watched_modules = look_if_watched  # type: ignore[method-assign, assignment]


# Of these widgets a value has one type. A component may answer in several, and a field for numbers in two.
_ONE_TYPE = {
    "bool_value",
    "string_value",
    "double_array_value",
    "int_array_value",
    "string_array_value",
    "file_uploader_state_value",
    "trigger_value",
    "string_trigger_value",
    "json_trigger_value",
}
_NUMBERS = {"int_value", "double_value"}


@cache
def drop_wrong_values() -> None:
    """Take a widget's default where it was sent a value that cannot be read, or of another type than the widget's.

    Streamlit raises at it, before any code of ours, and keeps it: whoever sent it would see nothing but errors until
    the tab is closed. Once in a process; a Streamlit that has no such class is left as it is.
    """
    try:
        from streamlit.runtime.state.session_state import Value, WStates
    except ImportError:
        return
    original = WStates.__getitem__

    def value(states: WStates, widget: str) -> Any:
        try:
            _check_type(states, widget)
            return original(states, widget)
        except KeyError:
            raise
        except Exception as error:
            log.warning("a widget's value was dropped: %s", type(error).__name__)
            default = states.widget_metadata[widget].deserializer(None)
            states.states[widget] = Value(default)
            return default

    write = WStates.get_serialized

    def written(states: WStates, widget: str) -> Any:
        # Before a callback Streamlit writes down what it read, and again a wrong value is kept when that fails.
        try:
            return write(states, widget)
        except Exception as error:
            log.warning("a widget's value was dropped: %s", type(error).__name__)
            del states.states[widget]
            return None

    WStates.__getitem__ = value  # type: ignore[method-assign]
    WStates.get_serialized = written  # type: ignore[method-assign, assignment]


def _check_type(states: WStates, widget: str) -> None:
    state, metadata = states.states.get(widget), states.widget_metadata.get(widget)
    proto: Any = getattr(state, "value", None)
    if metadata is None or not hasattr(proto, "WhichOneof"):
        return  # nothing was sent, or it is read already
    sent, wanted = proto.WhichOneof("value"), metadata.value_type
    is_wrong = sent not in _NUMBERS if wanted in _NUMBERS else wanted in _ONE_TYPE and sent != wanted
    if sent is not None and is_wrong:
        raise TypeError(f"a widget of {wanted} was sent {sent}")


# ---------------------------------------------------------------- containers that are not there for the eye

# The wrapper is hidden too: it would leave a gap.
_HIDDEN_STYLE = """<style>
.st-key-address, [class*="st-key-nothing"], .st-key-scene_refused:empty,
[data-testid="stLayoutWrapper"]:has(> .st-key-address, > [class*="st-key-nothing"], > .st-key-scene_refused:empty) {
  display: none }
</style>"""


def address_container() -> DeltaGenerator:
    """A container for widgets that only keep the address: Streamlit has no hidden widget. `frame_style` hides it."""
    return st.container(key="address")


def hold_place(name: str) -> None:
    """Hold the place of what is not drawn in this run with a hidden container, one for each name.

    Otherwise what is gone would stay on the screen as a ghost, with buttons that look alive, until the page beside it
    is done.
    """
    st.container(key=f"nothing_{name}")


def spoken_place() -> DeltaGenerator:
    """The place for words that a screen reader finds here and nobody sees; what is put there replaces what was."""
    return st.container(key="spoken").empty()


# ---------------------------------------------------------------- the frame around every page

RING = "#17857F"  # on paper and on black alike at least 3:1, so that it need not wait for the theme

_FRAME = f"""<style>
:is([data-testid="stTopNavLink"], [data-testid="stTopNavSection"], [data-testid="stTopNavDropdownLink"],
  [data-testid="stPageLink-NavLink"], [data-testid="stMainMenuButton"]):focus-visible {{
  outline: 3px solid {RING} !important; outline-offset: 1px }}
/* Its wrapper too: it would leave a gap. */
[data-testid="stLayoutWrapper"]:has(> .st-key-spoken) {{ position: absolute; width: 1px; height: 1px; overflow: hidden;
  clip-path: inset(50%) }}
/* Whoever asked for less motion gets none that is not theirs: what they play themselves is drawn, and not animated. */
@media (prefers-reduced-motion: reduce) {{
  *, ::before, ::after {{ animation-duration: 1ms !important; animation-iteration-count: 1 !important;
    transition-duration: 1ms !important; scroll-behavior: auto !important }}
}}
/* Beside the sidebar a projector leaves little: none of it for empty edges. */
@media (min-width: 641px) and (max-width: 1200px) {{
  [data-testid="stMainBlockContainer"] {{ padding-left: 1.5rem; padding-right: 1.5rem }}
}}
/* Where a column is narrow a number and a link go on in the next line, instead of ending in dots. */
:is([data-testid="stMetricValue"], [data-testid="stPageLink-NavLink"]), :is([data-testid="stMetricValue"],
[data-testid="stPageLink-NavLink"]) :is(div, span, p) {{ white-space: normal !important; overflow: visible !important;
  text-overflow: clip !important }}
[data-testid="stMetricValue"] {{ line-height: 1.2 }}
/* A quiet button whose box is open: Streamlit darkens its words, in the dark to 2.9:1. */
:is([data-testid="stPopoverButton"], [data-testid="stMenuButtonButton"])[kind="tertiary"][aria-expanded="true"],
[data-testid="stMenuButtonButton"][aria-expanded="true"] * {{ color: inherit !important }}
/* What is chosen in a list of several: Streamlit writes white on the accent, in the dark 2.1:1. */
[data-testid="stMultiSelect"] [data-tag] {{ background: transparent; box-shadow: inset 0 0 0 1px #8888 }}
[data-testid="stMultiSelect"] [data-tag], [data-testid="stMultiSelect"] [data-tag] * {{ color: inherit }}
/* The largest file is told in our own label. The browser's limit is higher, so that a file between the two gets a
   sentence; both numbers side by side would contradict each other. */
[data-testid="stFileUploaderDropzoneInstructions"] {{ display: none }}
/* The button that saves a chart comes under the mouse. A finger never hovers: Plotly showed it always, over the first
   number of a chart. */
@media (hover: none) {{ .js-plotly-plot .modebar {{ display: none !important }} }}
/* Nor is there a key Alt on a phone: a button says its key to whoever has one. */
@media (hover: none) {{ [data-has-shortcut] kbd {{ display: none !important }} }}
/* Of code Streamlit's colours are too pale to be read: 2.5:1. */
[data-testid="stCode"] code .token {{ color: color-mix(in srgb, {RING} 45%, currentColor) !important }}
[data-testid="stCode"] code .token:is(.operator, .punctuation) {{ color: inherit !important }}
[data-testid="stCode"] code .token.comment {{ color: color-mix(in srgb, currentColor 75%, transparent) !important }}
</style>"""


def frame_style() -> None:
    """Give links of the frame the ring that Streamlit leaves out, and words and numbers the room they need.

    What hides containers and shows the meaning of a word (`wording.terms`) goes with it: each piece of HTML is a
    message more.
    """
    st.html(_FRAME + _HIDDEN_STYLE + _MEANING)


_GROUP = """<style>
[data-testid="stTopNav"] > :nth-child({}) > [data-testid="stTopNavSection"] {{
  background: color-mix(in srgb, currentColor 8%, transparent); font-weight: 600 }}
</style>"""


def mark_group(place: int) -> None:
    """Mark the box of the top bar that the page is in, as Streamlit marks a page: it does so in the open box alone.

    place: of the box among all that stands in the bar, from 1.
    """
    st.html(_GROUP.format(place))


# ---------------------------------------------------------------- what a list's buttons are about

_FOR_THE_EAR = """<style>
[class*="st-key-{prefix}"] button .stMarkdownColoredText {{
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap }}
</style>"""


def names_for_the_ear(prefix: str) -> None:
    """Take off the screen what is coloured in the labels of some buttons; a screen reader still says it.

    Streamlit's buttons have no name but their label, and a list has many with the same one.
    prefix: of the keys of the containers that the buttons are in.
    """
    st.html(_FOR_THE_EAR.format(prefix=prefix))


# ---------------------------------------------------------------- a grid with named areas

_GRID = """<style>
.stVerticalBlock.st-key-{key} {{ display: grid; gap: 1rem 2rem; grid-template-columns: minmax(0, 1fr) }}
.stVerticalBlock.st-key-{key} > * {{ min-width: 0 }}
@media (min-width: 641px) {{
  .stVerticalBlock.st-key-{key} {{ grid-template: {template} }}
  .stVerticalBlock.st-key-{key} > :nth-child(1) {{ grid-area: first }}
  .stVerticalBlock.st-key-{key} > :nth-child(2) {{ grid-area: second }}
  .stVerticalBlock.st-key-{key} > :nth-child(3) {{ grid-area: third }}
}}
</style>"""


def grid_style(key: str, template: str) -> None:
    """Lay the three children of the container `key` out as CSS's `grid-template` says; below 641 px one by one."""
    st.html(_GRID.format(key=key, template=template))


# ---------------------------------------------------------------- a link within a sentence

# st.page_link keeps the session, but looks like a button; in this line it is a word of the sentence.
_IN_A_LINE = """<style>
:is([class*="st-key-next_"], [class*="st-key-further_"]) { display: block;
  & :is(div, p, a, span) { display: inline !important; padding: 0; background: none !important }
  & a p { font-size: 1rem; text-decoration: underline; margin: 0 0.3em } }
</style>"""


def words_in_a_line(name: str, is_next: bool = True) -> DeltaGenerator:
    """A container whose Markdown and page links read as one sentence.  is_next: Alt+N follows its link."""
    st.html(_IN_A_LINE)
    return st.container(key=f"{'next' if is_next else 'further'}_{name}", horizontal=True, gap="xxsmall")


# ---------------------------------------------------------------- a word with its meaning

# The meaning is fixed to the window, at its word by CSS's anchors: no box cuts it off, and it turns where there is no
# room. A browser without anchors, and a phone, have it at the lower edge.
_MEANING = """<style>
.term { border-bottom: 1px dotted currentColor; cursor: help; anchor-name: --term; anchor-scope: --term }
.term:focus-visible { outline: 2px solid currentColor; outline-offset: 2px; border-radius: 2px }
.term > .meaning { visibility: hidden; position: fixed; left: 1rem; right: 1rem; bottom: 1rem; z-index: 1000000;
  padding: 0.5rem 0.75rem; border: 1px solid #A3A8B3; border-radius: 6px; background: #1D2026; color: #E8E6E1;
  font-size: 0.875rem; font-weight: 400; line-height: 1.45; text-align: left; white-space: normal;
  box-shadow: 0 2px 12px #0006; pointer-events: none }
.term:is(:hover, :focus) > .meaning { visibility: visible }
.term:hover ~ .term:focus > .meaning { visibility: hidden }
@supports (anchor-scope: --term) { @media (min-width: 641px) {
  .term > .meaning { inset: auto; position-anchor: --term; position-area: bottom span-right; width: max-content;
    max-width: 20rem; margin-top: 4px; position-try-fallbacks: flip-block, flip-inline, flip-block flip-inline }
} }
</style>"""
