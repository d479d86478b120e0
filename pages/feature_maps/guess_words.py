"""What the Feature maps page asks before it answers."""

from __future__ import annotations

from pages.ui.wording.blocks import plain

BARS = "How sure the network is of each class"


def which_comes_second(name: str) -> str:
    """
    >>> which_comes_second("7")
    'Its first answer is 7. Which of these comes second?'
    """
    return f"Its first answer is {plain(name)}. Which of these comes second?"


def only_so_much(name: str, chance: str) -> str:
    """
    >>> only_so_much("3", "under 0.1 %")
    'It gives 3 under 0.1 %; another one gets more.'
    """
    return f"It gives {plain(name)} {chance}; another one gets more."


def what_the_two_get(first: str, its_chance: str, second: str, its: str) -> str:
    """What softmax gives to the two likeliest classes."""
    return f"Softmax shares 100 % out: {plain(first)} gets **{its_chance}**, {plain(second)} **{its}**."


def where_it_counts(name: str) -> str:
    """
    >>> where_it_counts("7")
    'Which place of the picture does the network need most to say 7?'
    """
    return f"Which place of the picture does the network need most to say {plain(name)}?"


def around_there(name: str) -> str:
    """
    >>> around_there("7")
    'That is by occlusion, below: around the whole ring a black patch lowers the score of 7 most.'
    """
    return f"That is by occlusion, below: around the whole ring a black patch lowers the score of {plain(name)} most."
