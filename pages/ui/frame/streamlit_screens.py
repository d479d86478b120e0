"""How a page fits its screen: a wall, a projector, a phone. The other half of streamlit_inside.py, and of its promise:
all that leans on Streamlit's inside is in these two.

It leans on test ids of `stApp`, `stMain`, the sidebar, the toolbar, boxes that open, and `stLayoutWrapper`, and on
Plotly's inline style. Without it a page stays small on a wall, and on a phone there is no bar and nothing comes from
below.
"""

from __future__ import annotations

from functools import cache

import streamlit as st

WALL, WALL_ZOOM = 1800, 1.25  # a page as wide as a projector's is read from far away
# In projector mode: from so many pixels' width on all is so much larger. `--cells` makes numbers in grids larger still.
_STEPS = {0: 1.0, 1200: 1.25, 1600: 1.5, 2400: 2.0}
_CELLS = 1.2
BAR, ACTION, SHEET_HEAD = "phone_bar", "main_action_", "from_below_"  # (beginnings of) keys of containers
NO_BREAK = "no_break"  # key of a component that draws nothing
TOUR_BAR = "tour_bar"  # key of the container of the lesson's bar

# Plotly writes the size of its letters beside each, so that each size has to be named. In its tester it measures them,
# and leaves them room: it has to find them as large as they are shown.
_CHART_LETTERS = (11, 12, 13, 13.5, 14, 15, 16)
_CHART_LETTERS_ON_A_WALL = "\n  ".join(
    f':is(.js-plotly-plot, #js-plotly-tester) text[style*="font-size: {size:g}px"]'
    f" {{ font-size: {size * WALL_ZOOM:g}px !important }}"
    for size in _CHART_LETTERS
)

# Text, pictures and charts grow alike: a larger font alone would leave the pictures at a laptop's size.
_ENLARGED = """[data-testid="stApp"] { zoom: var(--zoom) }
  [data-testid="stMain"] { height: calc(100dvh / var(--zoom)) !important }
  /* Boxes that open over the page are placed in pixels of the screen: what is in them grows. */
  [data-floating-ui-portal] > * > *, [role="listbox"], [data-testid="stTooltipContent"] > * { zoom: var(--zoom) }
  /* Plotly is told its size in pixels of the screen, and would grow twice. */
  .js-plotly-plot { zoom: calc(1 / var(--zoom)) }
  /* Its letters have a size of their own, and what grows may stand over the edge of a figure. */
  .js-plotly-plot, .js-plotly-plot .main-svg { overflow: visible !important }"""

_AT_A_DESK = f"""@media (min-width: {WALL}px) {{
  :root {{ --zoom: {WALL_ZOOM} }}
  {_ENLARGED}
  {_CHART_LETTERS_ON_A_WALL}
}}"""
_ON_A_WALL = "\n".join(
    [
        f":root {{ --cells: {_CELLS} }}",
        *(
            f"@media (min-width: {width}px) {{ :root {{ --zoom: {zoom} }} }}"
            for width, zoom in _STEPS.items()
        ),
        f"@media all {{ {_ENLARGED} }}",
        '@media (min-width: 769px) { [data-testid="stMainBlockContainer"] { padding-top: 4.25rem } }',
    ]
)

# `--paper` and `--edge` are the theme's, which Streamlit tells to components alone.
_SCREENS = """<style>
:root {{ --paper: {paper}; --edge: {edge} }}
{sizes}
/* Beside a small projector's page, and of a window that is enlarged twice, the sidebar took a third. */
@media (min-width: 769px) and (max-width: 1100px) {{
  [data-testid="stSidebar"][data-collapsed="false"] {{ width: 288px !important; min-width: 0 !important }}
}}
/* What is low begins high: the picture that a page is about has to be above the fold. */
@media (max-height: 800px) {{
  [data-testid="stMainBlockContainer"] {{ padding-top: 4.25rem }}
  [data-testid="stMainBlockContainer"] h1 {{ padding-top: 0.5rem }}
}}
/* Its box was as high as what is left below the button: 81 pixels. Less than half a window fits above or below it. */
[data-testid="stPopoverBody"][aria-label="Save"] {{ max-height: 46dvh !important }}
.st-key-{bar} {{ display: none }}
[data-testid="stLayoutWrapper"]:has(> .st-key-{bar}) {{ display: contents }}
.st-key-{bar} button {{ min-height: 44px }}
[class*="st-key-{head}"], .st-key-{no_break} {{ display: none }}
[data-from-below] > [class*="st-key-{head}"] {{ display: block; position: sticky; top: 0; z-index: 5;
  margin-bottom: -3.75rem; pointer-events: none }}
[data-from-below] {{ position: fixed; inset: 3.75rem 0 0 auto; z-index: 1001; width: min(22rem, 55%) !important;
  overflow-y: auto; overscroll-behavior: contain; padding: 0 1rem 1rem; background: var(--paper);
  border-left: 1px solid var(--edge) }}
/* The first sheet of Feature maps grows with the room beside its image. */
[data-testid="stLayoutWrapper"]:has(> .st-key-maps_first) {{ flex-grow: 1 }}
@media (max-width: 768px) {{
  [data-testid="stMainBlockContainer"] {{ padding-top: 4rem }}
  [data-testid="stMainBlockContainer"] h1 {{ font-size: 1.75rem; padding-top: 0.25rem }}
  /* Sentences send a student to the sidebar: here its button says that it is one. */
  [data-testid="stExpandSidebarButton"] {{ width: auto !important; padding: 0 0.5rem }}
  [data-testid="stExpandSidebarButton"]::after {{ content: "sidebar"; font-size: 0.875rem }}
  [data-testid="stToolbar"] div:has(> [data-testid="stToolbarActions"]) {{ min-width: 0 !important }}
  .st-key-{bar} {{ display: flex; position: fixed; top: 0.5rem; right: 3.25rem; width: auto; z-index: 999991 }}
}}
/* There the button stands where Streamlit says that it draws. */
@media (min-width: 641px) and (max-width: 768px) {{ [data-testid="stStatusWidget"] {{ display: none }} }}
@media (max-width: 640px) {{ :root:has(.st-key-{tour}) [data-testid="stStatusWidget"] {{ display: none }} }}
/* Never two bars: where the tour has its own, the pages are in the head, and the button is where it was. */
@media (max-width: 640px) and (min-height: 500px) {{ :root:not(:has(.st-key-{tour})) {{
  --foot: calc(3.75rem + env(safe-area-inset-bottom));
  [data-testid="stMain"] {{ scroll-padding-bottom: var(--foot) }}
  [data-testid="stMainBlockContainer"] {{ padding-bottom: calc(var(--foot) + 2rem) }}
  .st-key-{bar} {{ inset: auto 0 0 0; width: auto !important; height: var(--foot); z-index: 1000;
    padding: 0.5rem 1rem; background: var(--paper); border-top: 1px solid var(--edge) }}
  [data-testid="stLayoutWrapper"]:has(> [class*="st-key-{action}"]) {{ display: contents }}
  [class*="st-key-{action}"] {{ position: fixed; right: 1rem; bottom: calc(var(--foot) - 3.25rem); z-index: 1000;
    width: auto !important }}
  [class*="st-key-{action}"] button {{ min-height: 44px }}
}} }}
@media (max-width: 640px) and (min-height: 500px) {{
  [data-from-below] {{ inset: auto 0 0 0; width: auto !important; max-height: 62dvh; border-left: 0;
    border-top: 1px solid var(--edge) }}
  :root:has([data-from-below]) [data-testid="stMainBlockContainer"] {{ padding-bottom: 66dvh }}
}}
@media (prefers-reduced-motion: no-preference) {{
  [data-from-below] {{ animation: from-below 160ms ease-out }}
  @keyframes from-below {{ from {{ transform: translateY(1.5rem) }} }}
}}
</style>"""


@cache
def _screens(is_on_wall: bool, mode: str) -> str:
    paper, edge = (st.get_option(f"theme.{mode}.{name}") for name in ("backgroundColor", "borderColor"))
    sizes = _ON_A_WALL if is_on_wall else _AT_A_DESK
    return _SCREENS.format(
        paper=paper,
        edge=edge,
        sizes=sizes,
        bar=BAR,
        action=ACTION,
        head=SHEET_HEAD,
        no_break=NO_BREAK,
        tour=TOUR_BAR,
    )


def screen_style(is_on_wall: bool, mode: str) -> None:
    """Fit the page to its screen: let it grow on a wall, and give a phone a bar and a sheet at its lower edge.

    is_on_wall: projector mode was asked for; else a page grows a little where it is as wide as a wall's.
    mode:       "light" or "dark".
    """
    st.html(_screens(is_on_wall, mode))
