"""The sentences of the Home page."""

from __future__ import annotations

from pages.ui.wording.blocks import plain
from pages.ui.wording.numbers import plural, probability, shape_text
from pages.ui.wording.screen_summary import summary

WELCOME = "Convscope shows how a network learns to read. Draw a digit: each layer answers as you draw."
OR_TAKE_ONE = "or take one of these"
YOUR_DRAWING = "your drawing"
GUESS = "What will the network read?"
WHERE_NEXT = "**Where next?**"
WHAT_YOU_SEE = (
    "Each tile is a feature map: what one filter gives for the digit. Black is nothing, pale yellow is much; 0 marks "
    "a filter that gives 0 everywhere."
)
TO_THE_CLASS = "Join your class, or open one"
FOR_TEACHERS = "For teachers: lessons, links and worksheets"
ALL_WORDS = "All words of the field, from accuracy to weight decay"
PAGES_ARE_BEHIND = "The button “Pages” leads to all of them."
WAYS_ON: dict[str, tuple[str, str, dict[str, str]]] = {  # page -> (what one does there, icon, address)
    "convolution": ("The lesson, step by step", "school", {"step": "kernel"}),
    "feature_maps": ("Look inside this network", "search", {}),
    "train": ("Train your own", "play_arrow", {}),
    "open_network": ("Open your own network", "folder_open", {}),
}


def no_images_for(title: str) -> str:
    """Where the network of the sidebar cannot be shown an image.

    >>> no_images_for("My net")
    'There are no test images for “My net” here. You are looking at the lesson’s convnet, trained by us.'
    """
    none = f"There are no test images for “{plain(title)}” here."
    return f"{none} You are looking at the lesson’s convnet, trained by us."


def without_maps(layers: str) -> str:
    """Where the network has no convolution.  layers: their names in words."""
    return f"This network has no convolution, so there are no feature maps to see. Its layers: {layers}."


def verdict(name: str, chance: float) -> str:
    """
    >>> verdict("7", 0.995)
    'The network reads a **7**, 99.5 % sure.'
    """
    return f"The network reads {_article(name)} **{name}**, {probability(chance)} sure."


def only_so_much(name: str, chance: float) -> str:
    """What the network gives to another class than its answer.

    >>> only_so_much("1", 0.0004)
    'The network gives 1 under 0.1 %.'
    """
    return f"The network gives {plain(name)} {probability(chance)}."


def with_article(name: str) -> str:
    """
    >>> with_article("7"), with_article("8"), with_article("Ankle boot")
    ('a 7', 'an 8', 'an Ankle boot')
    """
    return f"{_article(name)} {name}"


def _article(name: str) -> str:
    return "an" if name[0].lower() in "8aeiou" else "a"


def summary_of_home(title: str, image: str, layers: dict[str, tuple[int, int, int]], answer: str) -> str:
    """The summary of the page.

    title:  of the network.
    image:  what the chosen one of the ten is, with its article.
    layers: (maps, height, width) of each layer of filters, by its name.
    answer: what the page says of the answer, or asks.
    """
    maps = "; ".join(f"{name}, {sheet_fact(shape)}" for name, shape in layers.items())
    return summary(
        f"Here an image, {image}, goes through a network, {plain(title)}.",
        f"Its layers of filters: {maps}." if maps else "It has no convolution, so there are no maps.",
        answer,
        "Try: draw a digit, choose a test image with the arrow keys and Enter, or follow one of the ways on.",
    )


def sheet_fact(shape: tuple[int, int, int]) -> str:
    """
    >>> sheet_fact((64, 11, 11))
    '64 maps of 11×11'
    """
    channels, height, width = shape
    return f"{plural(channels, 'map')} of {height}×{width}"


def sheet_alt(layer: str, shape: tuple[int, int, int]) -> str:
    """
    >>> sheet_alt("conv2d_2", (64, 11, 11))
    '64 feature maps of conv2d_2, 11×11×64'
    """
    return f"{plural(shape[0], 'feature map')} of {layer}, {shape_text(shape)}"
