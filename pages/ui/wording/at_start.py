"""What has to be so before any page is drawn; for dashboard.py."""

from __future__ import annotations

import streamlit as st

from cnn_core.errors import StudentError
from pages.ui.visitor import design, server
from pages.ui.wording.blocks import problem

CANNOT_START = "This server cannot start"


def check() -> None:
    """Where a setting of the server makes no sense, draw its sentence alone; before anything that asks the store."""
    try:
        server.check_settings()
    except StudentError as error:
        st.title(CANNOT_START, anchor=False)
        problem(error)
        st.stop()


def ready() -> None:
    """See to work that was left, and to work that may come."""
    server.take_up_work()
    server.keep_workers_warm()
    server.use([design.looked_at()])
