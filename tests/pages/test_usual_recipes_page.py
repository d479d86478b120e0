"""The Train page: the usual recipes can be chosen, and an example of Keras's brings its own."""

from cnn_core.model import PRESETS
from cnn_core.runs import RunStore
from cnn_core.training import EXAMPLES
from tests.pages.app import open_page, text


def kinds(app) -> list[str]:
    return list(app.get_by_key("recipe_kind").options)


def test_choosing_the_sprint_or_an_example_of_keras_s_chooses_its_recipe_too(app, no_runner):
    open_page(app, "pages/2_train.py")
    assert "Keras’s" not in kinds(app)
    app.button(key="sprint_take").click().run()
    assert not app.exception
    assert app.get_by_key("recipe_kind").value == "example"
    assert "Sprint" in kinds(app)
    assert "In all that is 1/" in text(app)
    assert not [button for button in app.button if button.key == "sprint_take"]
    [presets] = [box for box in app.selectbox if box.label == "Start the design from"]
    presets.set_value("mnist_cnn").run()
    assert not app.exception
    assert "Keras’s recipe: adadelta, learning rate 1, constant, batches of 128, 12 epochs." in text(app)
    app.button(key="train").click().run()
    run = RunStore().runs()[0]
    assert (run.spec, run.recipe) == (PRESETS["mnist_cnn"], EXAMPLES["mnist_cnn"])


def test_another_design_goes_back_to_the_lesson_s_recipe(app, no_runner):
    open_page(app, "pages/2_train.py")
    for name, recipe in (("simple_convnet", "Keras’s recipe: adam"), ("tiny", "Lesson recipe: rmsprop")):
        [presets] = [box for box in app.selectbox if box.label == "Start the design from"]
        presets.set_value(name).run()
        assert not app.exception
        assert recipe in text(app)


def test_momentum_l2_and_attacks_of_my_own_come_into_the_recipe(app, no_runner):
    open_page(app, "pages/2_train.py", "design", PRESETS["tiny"], recipe_kind="own", own_optimizer="sgd")
    app.number_input(key="own_momentum").set_value(0.9).run()
    app.selectbox(key="own_nesterov").set_value(True).run()
    app.number_input(key="own_l2").set_value(0.0005).run()
    assert "as much work" not in text(app)
    app.number_input(key="own_against").set_value(0.1).run()
    assert "attacked by ±0.1 per pixel before the network learns from it" in text(app)
    assert (
        text(app).count("ach step is about 1.5 times as much work") == 2
    )  # beside the number, and before a run
    app.button(key="train").click().run()
    assert not app.exception
    recipe = RunStore().runs()[0].recipe
    assert (recipe.optimizer, recipe.momentum, recipe.nesterov, recipe.l2) == ("sgd", 0.9, True, 0.0005)
    assert recipe.adversarial == 0.1


def test_adadelta_at_keras_s_default_rate_is_told_to_be_too_slow(app, no_runner):
    open_page(app, "pages/2_train.py", "design", PRESETS["tiny"], recipe_kind="own", own_optimizer="adadelta")
    assert "makes them 1,000 times shorter" in text(app)
    assert app.button(key="plan_low_rate")
    assert app.number_input(key="own_decay").disabled
