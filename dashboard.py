"""Convscope's front door: page settings, navigation, the shared sidebar. `streamlit run dashboard.py`."""

import streamlit as st

from pages.ui.forms.sidebar import sidebar
from pages.ui.frame.shell import HERE, navigate, wordmark
from pages.ui.visitor.who import remember_visitor

st.set_page_config(
    page_title="Convscope", page_icon=HERE / "page_icon.png", layout="wide", initial_sidebar_state=340
)
page = navigate()
wordmark()
with st.sidebar:
    sidebar()
    remember_visitor()
page.run()
