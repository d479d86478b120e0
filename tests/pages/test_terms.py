"""A word with its meaning, on a page."""

import ast
import re
from html.parser import HTMLParser

import pytest

from cnn_core.lesson.glossary import GLOSSARY, meaning
from pages.ui.wording.terms import all_terms, help_of, term, with_terms
from tests.house import ROOT, sources

TAKE_TERMS = {"answer", "caption", "what_you_see", "draw", "with_terms"}  # (Markdown, *names)
TAKE_NAMES = {"help_of", "term"}  # (*names)


class _Text(HTMLParser):
    def __init__(self):
        super().__init__()
        self.text = ""

    def handle_data(self, data):
        self.text += data


def visible(html: str) -> str:
    return re.sub(r'<span class="meaning".*?</span></span>', "", html).replace(
        '<span class="term" tabindex="0">', ""
    )


def test_only_the_first_mention_is_marked_and_the_sentence_stays_the_same():
    marked = with_terms("Strides of 2: strides skip.", "stride")
    assert marked.count('class="term"') == 1
    assert marked.startswith('<span class="term" tabindex="0">Strides<')
    assert visible(marked) == "Strides of 2: strides skip."
    assert meaning("stride") in marked


def test_of_two_words_that_begin_alike_the_longer_one_is_meant():
    marked = with_terms("By gradient ascent.", "gradient", "gradient ascent")
    assert marked.count('class="term"') == 1
    assert meaning("gradient ascent") in marked


def test_a_word_in_another_words_meaning_is_left_alone():
    marked = with_terms("relu and its activation", "relu", "activation")
    assert marked.count('class="term"') == 2
    assert visible(marked) == "relu and its activation"


def test_a_sentence_without_the_word_stays_as_it_is():
    assert with_terms("Nothing here.", "stride") == "Nothing here."


def test_a_word_that_nobody_explains_is_our_mistake():
    with pytest.raises(KeyError):
        with_terms("anything", "quasi-norm")


def test_a_screen_reader_hears_word_and_meaning():
    parser = _Text()
    parser.feed(term("one-hot"))
    assert parser.text.replace("\xa0", " ") == f"one-hotone-hot  {meaning('one-hot')}"


def test_the_whole_glossary_can_be_read_in_one_piece():
    assert all(help_of(name) in all_terms() for name in GLOSSARY)


@pytest.mark.parametrize("path", sources("pages"), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_word_that_a_page_explains_is_in_the_glossary(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        if name in TAKE_NAMES:
            names = node.args[:1] if name == "term" else node.args
        elif name in TAKE_TERMS:
            names = node.args[1:]
        else:
            continue
        for argument in names:
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                if name == "draw" and "terms" not in ast.unparse(node.func):
                    continue
                assert meaning(argument.value)
