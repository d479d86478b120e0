"""How a network is called: every name is read as it is written, and rubbish gets a sentence."""

import pytest

from cnn_core.errors import StudentError
from cnn_core.network_name import KINDS, NetworkName

NAMES = [
    ("pretrained:lesson", NetworkName("pretrained", "lesson")),
    ("run:AbCdEfGhIjK", NetworkName("run", "AbCdEfGhIjK")),
    ("run:AbCdEfGhIjK:128", NetworkName("run", "AbCdEfGhIjK", 128)),
    ("run:AbCdEfGhIjK:0", NetworkName("run", "AbCdEfGhIjK", 0)),
    ("design", NetworkName("design")),
    ("design:eJxLzkxO-_", NetworkName("design", "eJxLzkxO-_")),
    ("googlenet", NetworkName("photo", "googlenet")),
]


@pytest.mark.parametrize(("text", "name"), NAMES)
def test_a_name_is_read_as_it_is_written(text, name):
    assert NetworkName.parse(text) == name
    assert str(name) == text


@pytest.mark.parametrize(
    "text",
    [
        "pretrained:../lesson",
        "run:../../../etc:5",
        "run:",
        "run:a:b",
        "run:a:²",
        "run:a:007",
        "run:a:-1",
        "run:a:" + "9" * 5_000,
        "run:a:5\n",
        "design:rubbish:5",
        "inception",
        "x" * 100_000,
        "\0",
        "é",
    ],
)
def test_what_names_nothing_is_still_read_and_comes_back_letter_for_letter(text):
    name = NetworkName.parse(text)
    assert name.kind in KINDS
    assert str(name) == text


@pytest.mark.parametrize("text", ["", None, 7, b"design", [], "file:/etc/passwd", ":", "design:", "Run:a"])
def test_what_is_no_name_gets_a_sentence(text):
    with pytest.raises(StudentError, match=r"no network of that name\. Choose one above"):
        NetworkName.parse(text, hint="Choose one above.")


def test_a_step_is_a_run_s():
    with pytest.raises(AssertionError):
        NetworkName("design", "x", 5)
