"""The sidebar: which network is looked at, and the design being edited."""

import streamlit as st


def sidebar() -> None:
    """Draw the sidebar and keep its choices."""
    st.session_state.setdefault("network", "pretrained:lesson")
