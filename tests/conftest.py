"""What every test stands on: its own runs folder, its own data folder, no network, and AppTest in the shell."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# Before torch is loaded. Measured: with as many threads as cores, a busy machine is up to twenty times slower.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch, request):
    """No test sees another's runs, the developer's data, or the network, unless it is marked full_mnist."""
    monkeypatch.setenv("CONVSCOPE_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("CONVSCOPE_OFFLINE", "1")
    if request.node.get_closest_marker("full_mnist") is None:
        monkeypatch.setenv("CONVSCOPE_DATA", str(tmp_path / "data"))


@pytest.fixture(autouse=True)
def no_old_multipage_mode(request, monkeypatch):
    """AppTest switches Streamlit's old pages/ mode on before each run, which loses the shell and the clicks."""
    if "pages" not in request.path.parts:
        return
    import streamlit as st
    from streamlit.runtime.pages_manager import PagesManager

    original = PagesManager.__init__

    def patched(self, *args, **kwargs):
        original(self, *args, **kwargs)
        PagesManager.uses_pages_directory = False

    monkeypatch.setattr(PagesManager, "__init__", patched)
    st.cache_resource.clear()
    st.cache_data.clear()


@pytest.fixture(autouse=True)
def plotly_checks_every_figure(request, monkeypatch):
    """The pages spare Plotly the checking of their figures; here it checks each that any page draws."""
    if "pages" in request.path.parts:
        from pages.ui.drawing import figure

        monkeypatch.setattr(figure, "_checked", lambda: lambda figure: figure)


@pytest.fixture
def app():
    """The dashboard, not yet run: `app.run()`, then `app.switch_page("pages/2_train.py").run()`."""
    from streamlit.testing.v1 import AppTest

    return AppTest.from_file(str(Path(__file__).parents[1] / "dashboard.py"), default_timeout=30)
