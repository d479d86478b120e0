"""A store without workers."""

import pytest

from pages.ui.visitor import server


@pytest.fixture
def no_runner(monkeypatch):
    """The store is real; that nobody takes the tickets keeps the state of a run in the test's hands."""
    monkeypatch.setattr(server, "wake_runner", lambda: None)
