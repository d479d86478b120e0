"""What pages ask first: the part they hide stays away until the guess, and what is measured is their own number."""

import re

from cnn_core.data import load_images
from cnn_core.insight import attribute
from cnn_core.model import PRESETS
from cnn_core.pretrained import load
from cnn_core.runs import RunStore
from cnn_core.training import RECIPES
from tests.pages.app import OWNER, open_page, text


def press(app, label):
    next(button for button in app.button if label in button.label).click().run()
    assert not app.exception


def guesses():
    return {guess.question: guess for guess in RunStore().notebooks.of(OWNER).guesses}


def test_augmentation_asks_how_many_draws_are_read_and_counts_them_itself(asking_app):
    app = open_page(asking_app, "pages/7_augmentation.py")
    assert "How many of these 17 does this network still read as a 7?" in text(app)
    assert "draws as a 7." not in text(app)
    app.slider(key=next(one.key for one in app.slider if one.key.startswith("guess_number"))).set_value(
        12
    ).run()
    press(app, "I say 12 draws")
    (told,) = re.findall(r"still reads \*\*(\d+) of 17\*\* draws as a 7", text(app))
    guess = guesses()["augmentation.draws"]
    assert (guess.said, guess.measured, guess.unit) == (12, int(told), "draws")
    press(app, "Draw again")  # another draw is another question, and of this network enough was asked
    assert "draws as a 7." in text(app)
    assert "I say" not in "".join(button.label for button in app.button)


def test_runs_asks_whether_a_lead_is_chance_before_it_says_so(asking_app):
    app = open_page(asking_app, "pages/8_runs.py")
    assert "Is that more than chance?" in text(app)
    assert "That is more than chance." not in text(app)
    press(app, "it may be chance")
    assert "You said it may be chance. The answer is more than chance." in text(app)
    assert "That is more than chance." in text(app)
    assert guesses()["runs.chance"].measured == "more than chance"


def test_train_asks_while_it_trains_and_holds_the_guess_against_the_end(asking_app):
    store = RunStore()
    run_id = store.submit(PRESETS["tiny"], RECIPES["fast"], owner=OWNER)
    app = open_page(asking_app, "pages/2_train.py", f"run:{run_id}")
    app.slider(key=next(one.key for one in app.slider if one.key.startswith("guess_number"))).set_value(
        80
    ).run()
    press(app, "I say 80 %")
    assert guesses()["train.test_accuracy"].state == "guessed"
    ended = {"accuracy": 0.912, "loss": 0.3, "count": 500}
    store.set_status(store.run(run_id), state="finished", epoch=1.0, result=ended)
    app.run()
    assert not app.exception
    assert (
        "It reads **91.2 %**. Someone who picks one of 10 classes at random is right in 10.0 % of cases."
        in text(app)
    )
    assert (guesses()["train.test_accuracy"].said, guesses()["train.test_accuracy"].measured) == (80, 91.2)


def test_the_quiz_of_convolution_is_kept_with_its_first_answer(asking_app):
    asking_app.query_params["convolution_tab"] = "Check yourself"
    app = open_page(asking_app, "pages/1_convolution.py")
    question = app.session_state["quiz_question"]
    for said in (question.answer + 7, question.answer):
        app.text_input(key="quiz_typed").set_value(f"{said}")
        press(app, "Check")
    guess = guesses()["convolution.quiz_output_size"]
    assert (guess.asked, guess.said, guess.measured) == (question.text, question.answer + 7, question.answer)


def test_pooling_asks_how_much_the_last_maps_change_and_keeps_the_bars_back(asking_app):
    asking_app.query_params["convolution_tab"] = "Pooling"
    app = open_page(asking_app, "pages/1_convolution.py")
    assert "By how much do the maps of conv2d_3 change?" in text(app)
    assert "the last maps by" not in text(app)
    press(app, "I say 0.50")
    (told,) = re.findall(r"the last maps by (0\.\d\d)\.", text(app))  # as the page writes it under its bars
    assert guesses()["convolution.nudge"].measured == float(told)


def test_the_switch_on_home_turns_all_questions_off_and_on(asking_app):
    app = asking_app
    app.session_state["visitor"] = OWNER
    app.run()
    app.toggle(key="guess_switch").set_value(False).run()
    assert not RunStore().notebooks.of(OWNER).asks_first
    assert "The network reads a **7**" in text(app)
    app.switch_page("pages/8_runs.py").run()
    assert "Is that more than chance?" not in text(app)


def test_feature_maps_asks_where_a_picture_counts_and_marks_where_occlusion_finds_it(asking_app):
    test = load_images("mnist", "test", fetch=False)
    image, label = test.images[0].float() / 255, int(test.labels[0])
    app = open_page(asking_app, "pages/4_feature_maps.py", why_open=True)
    assert f"Which place of the picture does the network need most to say {label}?" in text(app)
    assert "Grad-CAM" not in text(app)
    assert app.button(key="pixel_take_out").label == "What if this map were taken out?"
    about = f"Lesson convnet, ready trained/mnist/{len(test)}/0/{label}"
    app.session_state["guess_points"] = {("feature_maps.where", about): (3, 4)}  # as a tap leaves it
    app.run()
    press(app, "I say it is here")
    values = attribute(load("lesson"), image, method="occlusion", target=label).values
    row, column = divmod(int(values.argmax()), 28)
    assert "Grad-CAM" in text(app)
    assert f"You said row 3, column 4, measured row {row}, column {column}" in text(app)


def test_break_it_asks_once_how_much_is_left_and_keeps_number_and_what_broke_back(asking_app):
    asking_app.query_params["cut"] = "conv2d_1:out:0-15"
    app = open_page(asking_app, "pages/9_break_it.py")
    assert "Without 16 of 32 filters of conv2d_1: guess first how much it still reads." in text(app)
    assert not app.metric
    assert "Broken" not in text(app)
    press(app, "I say 50 %")
    guess = guesses()["break_it.still_reads"]
    assert (guess.said, f"{guess.measured:.1f} %") == (50, app.metric[0].value)
    assert "Broken" in text(app)
    assert "I say" not in "".join(button.label for button in app.button)


def test_who_decided_asks_what_is_left_of_the_lead_before_its_check(asking_app):
    asking_app.query_params["view"] = "decided"
    app = open_page(asking_app, "pages/4_feature_maps.py")
    (lead,) = re.findall(r"The score of \d is ([\d.]+) above that of \d\.", text(app))
    assert "at random" not in text(app)
    press(app, "more than half")
    (was, left) = re.findall(
        r"It was ([\d.]+), and is ([−\d.]+) without them; without 5 at random", text(app)
    )[0]
    right = "none" if left.startswith("−") else "more" if float(left) >= float(lead) / 2 else "less"
    assert was == lead
    assert guesses()["feature_maps.left"].measured.startswith(right)
    assert "Thin lines: " in text(app)
