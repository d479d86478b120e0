"""A store without workers."""

import pytest

from pages.ui.visitor import server


@pytest.fixture
def no_runner(monkeypatch):
    """The store is real; that nobody takes the tickets keeps the state of a run in the test's hands."""
    monkeypatch.setattr(server, "wake_runner", lambda: None)


@pytest.fixture(autouse=True)
def nobody_starts_a_runner_by_looking(monkeypatch):
    """What is unfinished in a test's store stays as the test has made it; test_at_start.py is about the other."""
    monkeypatch.setattr(server, "take_up_work", lambda: None)
