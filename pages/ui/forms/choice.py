"""A choice of one among a few that stand side by side: a view, a way, a measure. A link can name what is chosen."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, TypeVar

import streamlit as st

from pages.ui.frame import address

T = TypeVar("T", bound=Hashable)


def one_of(
    label: str,
    options: Mapping[T, str],
    key: str,
    standard: T | None = None,
    *,
    is_labelled: bool = False,
    **look: Any,
) -> T:
    """Draw the choice; it is as it was when the visitor comes back to the page. Returns what is chosen.

    label:       what is chosen, for who cannot see it.
    options:     {what can be chosen: its word}.
    standard:    what is chosen at first; the first of the options where it is left out, or is none of them.
    is_labelled: whether the label is drawn above it.
    look:        anything else that `st.segmented_control` takes.
    """
    first = standard if standard is not None and standard in options else next(iter(options))
    if key in st.session_state and st.session_state[key] not in options:  # as of another network's layers
        st.session_state[key] = first
    chosen = st.segmented_control(
        label,
        list(options),
        # A browser may still send one of the options of a moment ago.
        format_func=lambda option: options.get(option, str(option)),
        default=first,
        required=True,
        key=key,
        label_visibility="visible" if is_labelled else "collapsed",
        persist_state="session",
        **look,
    )
    return chosen if chosen in options else first


def in_address(part: address.Part, label: str, options: Mapping[T, str], **look: Any) -> T:
    """Draw the choice of a part of the page's address. Returns what is chosen.

    look: as in `one_of`.
    """
    address.follow(part)
    chosen = one_of(label, options, part.key, part.standard, **look)
    address.tell(part)
    return chosen
