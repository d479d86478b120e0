"""Who the visitor is: a token that the browser keeps."""

from __future__ import annotations

import re
import secrets

import streamlit as st

from pages.ui.visitor import server

COOKIE = "convscope_visitor"
_KEY = "remember_visitor"
_FORGOTTEN = "forgotten"  # the token of whoever comes next

_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}", re.ASCII)  # what secrets.token_urlsafe(16) makes


# In a frame of another site a browser keeps only a cookie that says so, and where it blocks third-party cookies only
# one that is kept apart for each site that embeds us.
_WRITE = """
const write = (data) => {
  const https = location.protocol === "https:";
  const framed = window.top !== window.self && https;
  const kept = framed ? "; SameSite=None; Partitioned; Secure" : `; SameSite=Lax${https ? "; Secure" : ""}`;
  document.cookie = `${data.name}=${data.token}; path=/; max-age=31536000${kept}`;
};
"""

_remember = st.components.v2.component(
    "remember_visitor",
    html="<span hidden></span>\n<!-- nothing to see -->",
    js=_WRITE
    + """
export default function ({ data: [data], setTriggerValue }) {
  const there = () => document.cookie.split("; ").find((one) => one.startsWith(data.name + "="))
    ?.slice(data.name.length + 1);
  const keep = () => {
    const token = there();
    // Another tab was first: it is the same visitor, so its token holds and ours is given up.
    if (token !== data.token && /^[A-Za-z0-9_-]{22}$/.test(token ?? "")) setTriggerValue("other", token);
    else write(data);
  };
  keep();
  // Two tabs may look at the same instant, and both find nothing: the one that wrote first is told by a second look.
  const looks = [300, 2000].map((after) => setTimeout(keep, after));
  return () => looks.forEach(clearTimeout);
}
""",
)


_forget = st.components.v2.component(
    "forget_visitor",
    html="<span hidden></span>\n<!-- nothing to see -->",
    js=_WRITE
    + """
export default function ({ data: [data] }) {
  write(data);
  location.replace(location.pathname);
}
""",
)


def visitor() -> str:
    """The visitor's token: owner of their runs. A secret, known to this browser and to us; never print it.

    It outlives F5 and is the same in every tab, by a cookie; where cookies are refused it lasts as long as
    the session.
    """
    if "visitor" not in st.session_state:
        cookie = st.context.cookies.get(COOKIE, "")
        st.session_state["visitor"] = cookie if is_token(cookie) else secrets.token_urlsafe(16)
    return st.session_state["visitor"]


def network() -> tuple[str, str]:
    """Where the visitor comes from, for the guard of classes; behind a proxy it is whom that says it answers."""
    from cnn_core.classroom import address_of

    return address_of(st.context.ip_address)


def forget() -> None:
    """This browser gets another token, and begins anew with it; for callbacks.

    What the visitor before has made stays where it is, for others may have its link. Nobody can change it any more, for
    nobody has its token; that holds for a place in a class too. What they guessed was theirs alone, and goes.
    """
    server.store().notebooks.wipe(visitor())
    st.session_state[_FORGOTTEN] = secrets.token_urlsafe(16)


def is_token(text: object) -> bool:
    """Whether it looks like a token of ours; a cookie can hold anything."""
    return isinstance(text, str) and _TOKEN.fullmatch(text) is not None


def remember_visitor() -> None:
    """Let the browser keep the token, unless it keeps one already: that one holds. Draws nothing; for dashboard.py.

    Tabs that are opened together at a first visit each begin with a token of their own, and the first to write it wins.
    """
    if _FORGOTTEN in st.session_state:
        new = {"name": COOKIE, "token": st.session_state[_FORGOTTEN]}
        _forget(key="forget_visitor", data=[new], height=1)
        return
    token = visitor()
    if st.context.cookies.get(COOKIE) != token:
        _remember(
            key=_KEY, data=[{"name": COOKIE, "token": token}], height=1, on_other_change=_be_the_same_visitor
        )


def _be_the_same_visitor() -> None:
    other = st.session_state[_KEY].get("other")
    if is_token(other):
        st.session_state["visitor"] = other
