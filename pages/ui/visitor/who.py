"""Who the visitor is: a token that the browser keeps."""

from __future__ import annotations

import re
import secrets

import streamlit as st

COOKIE = "convscope_visitor"


_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}", re.ASCII)  # what secrets.token_urlsafe(16) makes


_remember = st.components.v2.component(
    "remember_visitor",
    html="<span hidden></span>\n<!-- nothing to see -->",
    js="""
export default function ({ data: [data] }) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${data.name}=${data.token}; path=/; max-age=31536000; SameSite=Lax${secure}`;
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


def is_token(text: object) -> bool:
    """Whether it looks like a token of ours; a cookie can hold anything."""
    return isinstance(text, str) and _TOKEN.fullmatch(text) is not None


def remember_visitor() -> None:
    """Let the browser keep the token, unless it does already. Draws nothing; for dashboard.py."""
    token = visitor()
    if st.context.cookies.get(COOKIE) != token:
        _remember(key="remember_visitor", data=[{"name": COOKIE, "token": token}], height=1)
