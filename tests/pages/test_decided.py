"""Which filters decided: a link to it, two classes held against each other, units, and the way there from the maps."""

from cnn_core.model import ModelSpec
from tests.core.designs import design
from tests.pages.app import open_page, text
from tests.pages.test_every_network import BENT, everything

LINK = {"view": "decided", "digit": "100", "layer": "conv2d_1", "for": "9", "against": "4", "by": "lrp"}


def said(app):
    return {name: value for name, value in app.query_params.items() if name not in ("net", "design")}


def test_a_link_asks_why_9_and_not_4_and_the_other_way_round_it_is_the_answer_of_that_4(app):
    app.query_params.update(LINK)
    open_page(app, "pages/4_feature_maps.py")
    assert said(app) == LINK
    assert [title.value for title in app.title] == ["Which filters decided?"]
    assert "most for 9 and against 4, the lead of 9 is **" in text(app)  # it is no 9
    assert "handed down to a filter" in text(app)
    assert "Opens its card." in everything(app)
    for key in ("decided_for", "decided_against"):
        app.session_state[key] = -1  # its own answer, and the strongest of the others
    app.session_state["decided_by"] = "gradient"
    app.run()
    assert not app.exception
    assert said(app) == {name: LINK[name] for name in ("view", "digit", "layer")}
    assert "most for 4 and against 9" in text(app)
    assert "times the gradient of (score of 4 − score of 9), added up. All 32 filters together give" in text(
        app
    )
    app.button(key="decided_another").click().run()
    assert said(app)["digit"] != "100"
    app.session_state["decided_against"] = 3
    app.session_state["decided_for"] = 3
    app.run()
    assert "An answer is no rival of itself" in text(app)


def test_it_begins_with_a_close_call_and_an_mlp_has_units(app):
    app.query_params["view"] = "decided"
    open_page(app, "pages/4_feature_maps.py", "pretrained:mlp")
    assert [title.value for title in app.title] == ["Which units decided?"]
    assert said(app) == {"view": "decided"}
    assert app.session_state["digit"] > 0
    assert "Without the 5 units that speak most" in text(app)
    assert '"gives"' in everything(app)
    app.session_state["maps_view"] = "maps"
    app.run()
    assert "How sure is it?" in text(app)
    app.button(key="maps_why").click().run()
    assert said(app)["view"] == "decided"


def test_the_card_shows_whose_answers_leaned_on_a_filter(app):
    app.query_params["filter"] = "conv2d_1.3"
    open_page(app, "pages/5_filters.py", leaning_open=True, filters_steps=1)
    assert "the 9 of 500 test digits whose answer leaned on it most" in text(app)
    assert "also among those that excite it most" in text(app) or "also the ones" in text(app)
    assert "Opens why." in everything(app)


def test_a_depthwise_convolution_of_an_untrained_design_can_be_asked(app):
    app.query_params.update({"view": "decided", "layer": "depthwise_conv2d_1"})
    open_page(app, "pages/4_feature_maps.py", "design", BENT)
    assert "Without the 5 filters that speak most" in text(app)
    assert "It has not been trained: this is chance." in text(app)
    assert "All 8 filters together give" in text(app)


def test_a_network_of_one_layer_says_why_nothing_can_be_asked(app):
    alone = ModelSpec.from_dict(design({"type": "flatten"}, {"type": "dense", "units": 10}))
    app.query_params["view"] = "decided"
    open_page(app, "pages/4_feature_maps.py", "design", alone)
    assert "between the digit and them nobody speaks" in text(app)
