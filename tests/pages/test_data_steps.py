"""Loaded, reshaped, scaled, one-hot: the four steps in the numbers of a real digit."""

import pytest
import torch

from cnn_core.data import load_images
from cnn_core.data.splits import split_sizes
from cnn_core.errors import StudentError
from cnn_core.lesson.preparation import one_hot, prepare
from pages.train import data_words as words
from pages.train.data_steps import cells, example_of, images_learnt_from
from pages.ui.visitor import server
from tests.pages.app import open_page, text


def test_a_row_of_a_real_digit_is_stored_and_scaled_as_torch_does_it():
    test = load_images("mnist", "test", fetch=False)
    index = int((test.labels == 7).nonzero()[0])
    steps = prepare(test.images[index, 0].tolist(), 7, 10)
    row = test.images[index, 0, steps.row]
    assert list(steps.stored) == row.tolist()
    torch.testing.assert_close(torch.tensor(steps.scaled), row.float() / 255)
    assert max(len(set(line)) for line in test.images[index, 0].tolist()) == len(set(steps.stored))


@pytest.mark.parametrize("label", range(10))
def test_one_hot_is_torchs(label):
    assert list(one_hot(label, 10)) == torch.nn.functional.one_hot(torch.tensor(label), 10).tolist()


def test_the_seven_stands_in_the_eighth_place_and_r_calls_it_eight():
    said = words.one_hot(7, "7", 10)
    assert "a 1 at index 7 and 0 elsewhere" in said
    assert "the eighth place; R counts from 1 and calls it [8]" in said
    assert words.one_hot(7, "sneaker", 10).startswith(
        "**4. One-hot.** The label 7 (sneaker) becomes 10 numbers"
    )


def test_the_images_are_those_that_are_used_and_never_sixty_thousand_of_a_sample():
    learn, _ = split_sizes(len(load_images("mnist", "train", fetch=False)))
    assert images_learnt_from("mnist", None) == learn
    assert images_learnt_from("mnist", 300) == 300
    assert "**4,000** images of MNIST" in words.loaded(4000, "mnist", 9, "test image no. 4, a 7", "mnist")
    assert "train_images[1:4000, , ]" in words.r_loaded(4000, "mnist")
    assert "c(4000, 28, 28, 1)" in words.r_reshaped(4000, "mnist")


def test_a_data_set_that_is_whole_is_not_cut_in_r():
    assert "[1:" not in words.r_loaded(60_000, "mnist")
    assert "dataset_fashion_mnist()" in words.r_loaded(60_000, "fashion_mnist")


def test_a_colour_image_has_its_shape_already_and_three_numbers_for_a_pixel():
    said = words.loaded(8889, "cifar10", 3, "test image no. 13, horse", "cifar10")
    assert "**8,889** images of CIFAR-10" in said
    assert "32 rows of 32 pixels, and each pixel is three whole numbers" in said
    assert "row 3 of the red ones" in said
    assert "8,889×32×32×3 numbers, and the network takes them in this shape" in words.reshaped(
        8889, "cifar10"
    )
    assert words.r_reshaped(8889, "cifar10") == ""
    r = words.r_loaded(8889, "cifar10")
    assert "data = dataset_cifar10()" in r
    assert "it brings 50,000; here 8,889 are learnt from" in r
    assert "train_images = train_images[1:8889, , , ]" in r


def test_cat_or_dog_is_chosen_from_cifars_ten_classes_in_r():
    r = words.r_loaded(9000, "cat_or_dog")
    assert "chosen = train_labels %in% c(3, 5)" in r
    assert "train_labels = match(train_labels[chosen], c(3, 5)) - 1" in r
    assert "# these are 10,000; here 9,000 are learnt from" in r


def test_letters_say_that_rows_and_columns_were_exchanged():
    assert words.TRANSPOSED in words.loaded(5, "emnist_letters", 9, "test image no. 4, H", "emnist_letters")
    assert words.TRANSPOSED not in words.loaded(5, "kmnist", 9, "test image no. 4, や ya", "kmnist")


def test_where_the_images_are_not_here_the_example_is_said_to_be_another_sets():
    said = words.loaded(45_000, "cifar10", 9, "test image no. 0, a 7", "mnist")
    assert (
        "They are not on this machine yet, so here is test image no. 0, a 7 of MNIST. An image is 28 rows"
        in said
    )


def test_a_cell_is_as_grey_as_its_number_and_its_ink_can_be_read():
    row = cells([0, 255], [0.0, 1.0])
    assert "background:rgb(0,0,0);color:#FFFFFF" in row
    assert "background:rgb(255,255,255);color:#000000" in row


def test_where_a_data_set_is_not_here_a_digit_stands_in_for_it(monkeypatch):
    ours = server.images

    def images(dataset, split="test"):
        if dataset != "mnist":
            raise StudentError("There are no clothes here.")
        return ours(dataset, split)

    monkeypatch.setattr(server, "images", images)
    example = example_of("fashion_mnist")
    assert (example.label, example.name) == (7, "7")
    assert example.title.startswith("test image no. ")


def test_the_train_page_shows_the_steps_with_the_number_of_images_it_uses(app):
    page = open_page(app, "pages/2_train.py")
    said = text(page)
    learn, _ = split_sizes(len(load_images("mnist", "train", fetch=False)))
    assert f"A training learns from **{learn:,}** images of MNIST" in said
    assert f"{learn:,}×28×28×1" in said
    assert any("to_categorical" in code.value for code in page.code)
