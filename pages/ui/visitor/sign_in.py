"""Who has signed in: for teachers, by Streamlit's `st.login`, where the operator has set it up (deploy/sign_in.md).

Here is only how they sign in. Who may open a class says `cnn_core.classroom.sign_in`.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.errors import StreamlitAuthError

from cnn_core.errors import StudentError
from cnn_core.owners import owner_of

if TYPE_CHECKING:
    from cnn_core.classroom import Person

_AWAY = 900.0  # seconds that signing in may take, after which nobody is sent on
_MOST_AWAY = 200
_away: OrderedDict[str, float] = OrderedDict()  # who left to sign in: when, of the monotonic clock


def is_on() -> bool:
    """Whether one can sign in here: .streamlit/secrets.toml has a section [auth].

    A file that cannot be read counts as one that has: a slip of the operator's must not let everybody open classes.
    """
    if st.secrets.load_if_toml_exists():
        return "auth" in st.secrets
    return any(Path(name).is_file() for name in st.get_option("secrets.files"))


def person() -> Person | None:
    """Who has signed in at this browser; None where nobody has, or where one cannot."""
    from cnn_core.classroom import person_of

    claims = st.user.to_dict()
    return person_of(claims) if is_on() and claims.get("is_logged_in") is True else None


def begin(visitor: str) -> None:
    """Send this browser to where its teacher signs in; for callbacks. It comes back to the page Class.

    visitor: the token of whoever leaves.  Raises StudentError where the operator has not set it up well.
    """
    try:
        st.login(_provider())
    except StreamlitAuthError as error:
        raise StudentError(
            "One cannot sign in here: the server is not set up for it yet.",
            hint=f"Tell whoever runs it: {' '.join(str(error).split())}",
        ) from error
    _away[owner_of(visitor)] = time.monotonic()
    while len(_away) > _MOST_AWAY:
        _away.popitem(last=False)


def end() -> None:
    """Sign out; for callbacks."""
    st.logout()


def go_on(visitor: str) -> None:
    """Lead whoever has just signed in to where they wanted to go, for Streamlit brings them to Home; for dashboard.py.

    Costs nothing while nobody signs in.
    """
    left = _away.get(owner_of(visitor)) if _away else None
    if left is None or person() is None:
        return
    _away.pop(owner_of(visitor), None)
    if time.monotonic() - left < _AWAY:
        from pages.ui.frame.shell import turn_to

        turn_to("classroom")


def _provider() -> str | None:
    """The name of the provider; None where it stands in [auth] itself. Of several the first is taken."""
    auth = st.secrets.get("auth", {}) if st.secrets.load_if_toml_exists() else {}
    if "server_metadata_url" in auth:
        return None
    return next((name for name, values in auth.items() if isinstance(values, Mapping)), None)
