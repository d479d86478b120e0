"""The view "Attack a digit" of the page "What breaks it?": what it says is what the core finds, and a link holds it."""

from cnn_core.data import load_images
from cnn_core.insight import attack_image
from cnn_core.pretrained import load_pretrained
from tests.pages.app import open_page, text

PAGE = "pages/9_break_it.py"


def test_the_smallest_change_is_the_core_s_and_slider_kind_and_patch_stand_in_the_address(app, no_runner):
    net, _ = load_pretrained("mlp")
    test = load_images("mnist", "test", fetch=False)
    image, label = test.images[4].float() / 255, int(test.labels[4])
    found = attack_image(net, image, label)
    app.query_params["view"] = "attack"
    open_page(app, PAGE, "pretrained:mlp", attack_nets=[])
    smallest = f"±{found.smallest:.2f}"
    assert f"A change of **{smallest}** per pixel, aimed: the network reads" in text(app)
    assert [box.value for box in app.metric] == [smallest]
    [slider] = [box for box in app.select_slider if box.label == "Size of the pattern"]
    assert slider.value == found.smallest
    slider.set_value(0.02).run()
    assert "A change of **±0.02** per pixel, aimed, does not change the answer" in text(app)
    assert app.query_params["size"] == "0.02"
    app.session_state["attack_many"] = True
    app.selectbox(key="attack_kind").set_value("patch").run()
    assert not app.exception
    assert "a black patch of" in text(app)
    assert app.query_params["attack"] == "patch"
    assert "size" not in app.query_params
    assert "MLP reads" in text(app)  # of many digits, under the same attack
    wrong = int(net.predict(test.images).argmax(1).ne(test.labels).nonzero()[0])
    app.session_state["digit"] = wrong
    app.run()
    assert "Nothing to attack: the network reads" in text(app)
    app.button(key="attack_next").click().run()
    assert not app.exception
    assert app.session_state["digit"] == wrong + 1
