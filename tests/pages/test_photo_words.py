"""What is said about a photo of one's own is true of what was found."""

from cnn_core.data.sources import KNOWN
from pages.ui.wording import photos


def test_the_largest_file_is_told_before_one_is_chosen():
    assert "at most 25 MB" in photos.upload_label(KNOWN["mnist"], 25)


def test_all_that_can_be_left_out_has_words_and_nothing_left_out_has_none():
    kinds = ("lines", "frame", "edge", "small", "pale")
    assert photos.left_out(kinds).count(",") >= len(kinds) - 1
    assert all(photos.left_out({kind}) for kind in kinds)
    assert photos.left_out(()) == ""


def test_a_garment_is_not_promised_paper_nor_a_centre_of_mass():
    assert "paper" not in photos.before_choosing(KNOWN["fashion_mnist"])
    assert "mass" not in photos.cut_out(KNOWN["fashion_mnist"], 20)


def test_chalk_is_lighter_than_its_board_and_ink_darker_than_its_paper():
    assert "lighter" in photos.ink_label(light_on_dark=True)
    assert "darker" in photos.ink_label(light_on_dark=False)


def test_a_limit_at_which_nothing_is_found_says_so():
    assert photos.other_limit(0.15, None) == "15 %: nothing is found"
