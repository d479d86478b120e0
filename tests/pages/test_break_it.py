"""The page "What breaks it?", its view "Take filters out": what is clicked is done, counted, written and undone."""

from cnn_core.insight import NOTHING
from tests.pages.app import open_page, text

PAGE = "pages/9_break_it.py"


def test_a_link_says_what_is_taken_out_and_undo_leads_back(app, no_runner):
    app.query_params["cut"] = "conv2d_2:out:0-31"
    app = open_page(app, PAGE)
    assert app.session_state["break_it_cut"] == NOTHING.mute("conv2d_2", range(32))
    assert "Without **32 of 64 filters** it still reads" in text(app)
    app.query_params["view"] = "attack"
    app.run()
    assert not app.exception
    assert "aimed: the network reads" in text(app)
