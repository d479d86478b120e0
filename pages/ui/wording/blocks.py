"""Pieces of text that every page has: the answer, captions, refusals, and the link to the next question.

Functions that return text are pure and draw nothing; the few that draw say so. Captions are small and grey by
Markdown, because st.caption is too pale to read on paper (4.3:1).
"""

from __future__ import annotations

import re

import streamlit as st

from cnn_core.errors import StudentError
from pages.ui.frame import held, shell, streamlit_inside
from pages.ui.wording import terms

# ---------------------------------------------------------------- Markdown


_ADDRESS = re.compile(
    r"https?:(?=//)|www(?=\.)|@(?=\S)", re.IGNORECASE
)  # what GitHub's Markdown makes a link of
_JOINER = "\u2060"  # word joiner


def plain(text: str) -> str:
    """Text from elsewhere (a file's name, a link), with all that Markdown would act on made harmless.

    Half a character, which no browser can be sent, becomes a question mark; an address is no link.

    >>> plain("7_b")
    '7\\\\_b'
    """
    text = " ".join(text.encode(errors="replace").decode().split())
    # Markdown looks for bare addresses after it has read the signs, so a backslash does not help; a mark that nobody
    # sees, and at which no line may break, does.
    text = _ADDRESS.sub(lambda found: found[0] + _JOINER, text)
    return "".join("\\" + sign if sign in "\\`*_[]<>#~|$:&!" else sign for sign in text)


def small(md: str) -> str:
    """Markdown of a caption: 14 px, muted.

    >>> small("map 41")
    ':small[:gray[map 41]]'
    """
    return f":small[:gray[{md}]]"


def sheet_heading(layer: str, *facts: str) -> str:
    """Heading of a sheet: the layer, then its facts, muted.

    >>> sheet_heading("conv2d_2", "64 maps of 11×11", "0 to 2.2", "5 dark")
    '**conv2d_2** :gray[64 maps of 11×11 · 0 to 2.2 · 5 dark]'
    """
    return f"**{layer}** :gray[{' · '.join(fact for fact in facts if fact)}]"


# ---------------------------------------------------------------- on the screen


def answer(md: str, *words: str) -> None:
    """Draw the one computed line under the question; its number in bold.  words: of the glossary, to be explained."""
    terms.draw(md, *words)


def caption(md: str, *words: str) -> None:
    """Draw a caption: small and muted, but dark enough to read.  words: of the glossary, to be explained."""
    terms.draw(small(md), *words)


def what_you_see(md: str, *words: str) -> None:
    """Draw the two sentences under a picture: what a mark is, what to notice.  words: of the glossary."""
    terms.draw(small(f"**What you see.** {md}"), *words)


def next_question(url_path: str, reason: str, **parameters: str) -> None:
    """Draw "Next: <question of that page> <reason>": a link that keeps the session.

    url_path: the page's address ("feature_maps").  reason: one clause, such as "opens this very network."
    parameters: what its address says: docs/addresses.md.
    Shows nothing while that page is not written yet, or where a teacher's scene closes it.
    """
    _link("Next:", url_path, shell.entry(url_path).question, reason, parameters)


def further_question(url_path: str, question: str, reason: str, **parameters: str) -> None:
    """Draw "Further: <question> <reason>" before the next question, for a page that is not the next one.

    The arguments are those of `next_question`.
    """
    _link("Further:", url_path, question, reason, parameters)


def _link(lead: str, url_path: str, question: str, reason: str, parameters: dict[str, str]) -> None:
    page = shell.entry(url_path)
    if not shell.exists(page) or url_path in held.closed():
        return
    with streamlit_inside.words_in_a_line(page.url_path, is_next=lead == "Next:"):
        st.markdown(f":gray[{lead}]", width="content")
        st.page_link(
            shell.ROOT / page.file,
            label=f":primary[{question}]",
            width="content",
            query_params=parameters or None,
        )
        st.markdown(f":gray[{reason}]", width="content")


def problem(error: StudentError) -> None:
    """Draw what happened in red, with a sign, and below it the one thing to try."""
    what = plain(error.message)
    if error.layer and not error.message.startswith(error.layer):
        what = f"**{plain(error.layer)}**: {what}"
    hint = f"  \n{plain(error.hint)}" if error.hint else ""
    st.markdown(f":red[:material/error: {what}]{hint}")


def on_primary(label: str, is_enabled: bool = True) -> str:
    """Label of a primary button that can be read in both themes.

    Streamlit writes white on it always, which has 2.2:1 on the accent of the dark theme. A button that cannot be
    pressed has no accent: dark on the dark page its label would not be seen.
    """
    return f':color[{label}]{{foreground="#14161A"}}' if is_enabled and shell.mode() == "dark" else label
