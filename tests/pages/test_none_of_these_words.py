"""What is said where a picture may be none of the classes."""

from cnn_core.insight import Refusals
from pages.ui.drawing.evaluation_charts import energy_chart
from pages.ui.wording import none_of_these as words


def test_the_cost_of_a_limit_is_said_in_digits():
    cost = Refusals(12, 9, 500)
    assert words.at_threshold(-4.6, -5.3, cost, "digits") == (
        "With the limit at −4.6 it would still **answer** for your picture. It would refuse 12 of 500 real test digits "
        "too; 9 of them are read rightly now."
    )
    assert "say **“I do not know”** for your picture" in words.at_threshold(-4.6, -4.0, cost, "digits")
    assert words.at_threshold(9.0, -4.0, Refusals(0, 0, 500), "clothes").endswith(
        "refuse none of 500 real test clothes."
    )


def test_a_last_layer_without_softmax_is_not_passed_over():
    assert "no score is larger than 1" in words.no_none(10, "sigmoid")
    assert "no score is below 0" in words.no_none(10, "relu")
    assert "The last layer" not in words.no_none(10, "softmax")


def test_what_was_measured_on_digits_is_said_of_digits_only():
    assert "letters" in words.honest(True)
    assert "measured" not in words.honest(False)


def test_every_test_image_is_in_the_chart_and_the_picture_has_its_place():
    figure = energy_chart([-9.0, -8.0, -8.0, -1.0], own=2.0, threshold=-3.0, mode="light")
    assert sum(figure["data"][0]["y"]) == 4
    own, limit = figure["layout"]["shapes"]
    assert (own["x0"], limit["x0"]) == (2.0, -3.0)
    low, high = figure["layout"]["xaxis"]["range"]
    assert low < -9 < 2 < high
