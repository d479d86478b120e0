"""What a teacher's scene can fix or hide: the one table of it, page by page.

    part       of an address (docs/addresses.md): fixed, it stays as the link says; hidden, it stays so and is not drawn
    action     what a student may do: hidden, it is not there, and refused however it is asked for
    page       to be opened or not

A part is named by its page: "convolution.padding". One of every page has no page before it: "layers". What is asked of
a part here is checked where it is carried out: `Scene.check_training`, `address.follow`, `design.commit`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

PAGES: dict[str, str] = {  # url_path -> what it is called in a sentence
    "": "Home",
    "convolution": "Convolution",
    "train": "Train",
    "one_step": "One step",
    "evaluate": "Evaluate",
    "runs": "Runs",
    "feature_maps": "Feature maps",
    "filters": "Filters",
    "break_it": "Break it",
    "deep_dream": "Deep Dream",
    "augmentation": "Augmentation",
    "my_data": "My data",
    "classroom": "Class",
    "tour": "My record",
    "open_network": "Open a network",
    "teachers": "For teachers",
}
ALWAYS_OPEN = ("", "classroom", "tour")  # a way home, to the class, and to what one takes away


@dataclass(frozen=True)
class ScenePart:
    """One line of the table.

    name:  "convolution.padding".
    title: as a sentence says it, "the padding"; in the plural where `many`.
    texts: names of the address that go with it, the first one first.
    kind:  "part" can be fixed or hidden, "action" only hidden.
    """

    name: str
    title: str
    texts: tuple[str, ...] = ()
    kind: Literal["part", "action"] = "part"
    many: bool = False

    @property
    def page(self) -> str | None:
        """Where it is; None: on every page."""
        page, dot, _ = self.name.rpartition(".")
        return page if dot else None


def _on(page: str, *parts: tuple[str, str, str]) -> Iterator[ScenePart]:
    for name, title, texts in parts:
        yield ScenePart(
            f"{page}.{name}", title.removesuffix("+"), tuple(texts.split()), many=title[-1] == "+"
        )


# A title that ends in + is a plural.
PARTS: dict[str, ScenePart] = {
    part.name: part
    for part in (
        ScenePart("net", "the network that is looked at", ("net",)),
        ScenePart("layers", "the layers", ("design",), many=True),
        ScenePart("train", "training", kind="action"),
        ScenePart("dream", "dreaming", kind="action"),
        ScenePart("save", "saving and sharing", kind="action"),
        ScenePart("open", "opening and keeping networks", kind="action"),
        *_on("", ("show", "the digit", "show")),
        *_on(
            "convolution",
            ("tab", "the tab", "tab"),
            ("kernel", "the kernel", "kernel learnt size"),
            ("padding", "the padding", "padding"),
            ("strides", "the strides+", "strides"),
            ("dilation", "the dilation", "dilation"),
            ("image", "the image", "image digit"),
            ("relu", "the relu", "relu"),
            ("pooling", "the kind of pooling", "pooling"),
            ("move", "the shift of the image", "move"),
            ("map", "the map of the cat", "map"),
            ("question", "the question", "question"),
        ),
        *_on(
            "train",
            (
                "recipe",
                "the recipe",
                "recipe optimizer rate momentum nesterov epochs batch schedule precision changes wrong patience "
                "better l2 decay smoothing against",
            ),
            ("data", "the data set", "data"),
            ("images", "the number of images", "images"),
            ("seed", "the seed", "seed"),
        ),
        *_on(
            "one_step",
            ("stage", "the stage of the step", "stage"),
            ("after", "the moment of the training", "after"),
            ("batch", "the four images+", "batch marked"),
            ("weight", "the weight that is followed", "weight"),
            ("optimizer", "the optimiser and its rate", "optimizer faster"),
        ),
        *_on(
            "evaluate",
            ("view", "the view", "view"),
            ("cell", "the cell of the table", "cell"),
            ("change", "the change of the images", "change"),
            ("method", "the map of the images", "method untrained"),
            ("test", "the test images+", "test"),
        ),
        *_on(
            "feature_maps",
            ("view", "the view", "view"),
            ("digit", "the image", "digit way"),
            ("decided", "the layer and the classes that are asked about+", "layer for against by"),
            ("pixel", "the number that is taken apart", "pixel"),
            ("brightness", "the brightness of the maps", "brightness"),
            ("layers", "the layers that are shown+", "layers"),
            ("kernels", "the kernels beside the maps+", "kernels"),
            ("beside", "the second network", "beside"),
        ),
        *_on(
            "filters",
            ("filter", "the filter", "filter"),
            ("recipe", "the recipe of the climb", "recipe steps seed leak jitter blur clamp rescue"),
            ("grow", "whether one filter grows", "grow"),
            ("view", "the view", "view towards"),
            ("digit", "the image", "digit way more_of hold"),
        ),
        *_on(
            "break_it",
            ("view", "the view", "view"),
            ("layer", "the layer", "layer"),
            ("cut", "what is done to the network", "cut"),
            ("digit", "the image", "digit way"),
            ("attack", "the attack", "attack size to patch"),
            ("nets", "the networks beside+", "nets"),
        ),
        *_on(
            "deep_dream",
            ("photo", "the picture", "photo digit way dream"),
            ("who", "the network that dreams", "who"),
            (
                "settings",
                "the settings of the dream+",
                "depth mix weight strength size octaves steps shake seed",
            ),
        ),
        *_on(
            "augmentation",
            ("changes", "the random changes+", "changes own"),
            ("look", "the view", "look"),
            ("draws", "the draws+", "draws draw_seed"),
            ("digit", "the image", "digit way"),
        ),
        *_on("my_data", ("set", "the set of pictures", "set data"), ("way", "the way to a picture", "way")),
        *_on(
            "runs",
            ("view", "the view", "view"),
            ("compare", "the networks that are compared+", "compare"),
            ("measure", "the measure", "measure"),
            ("replay", "the way to look back", "replay which moment size"),
            ("race", "the race", "race data images seed seeds"),
            ("layer", "the layer and the filter+", "layer filter"),
            ("digit", "the image", "digit way"),
        ),
        *_on("tour", ("view", "the view", "view"), ("numbers", "the numbers of the worksheets+", "numbers")),
    )
}
OF_EVERY_PAGE = ("net", "design", "step")  # names of an address that mean the same wherever they stand


def parts_of(page: str) -> tuple[ScenePart, ...]:
    """What can be fixed or hidden on a page, besides what is on every page.  page: its url_path."""
    return tuple(part for part in PARTS.values() if part.page == page)


def part_of_text(page: str, name: str) -> ScenePart | None:
    """The part that a name of this page's address belongs to; None for one that no scene can fix.

    >>> part_of_text("convolution", "learnt").name
    'convolution.kernel'
    """
    return _OF_TEXT.get((page, name)) or _OF_TEXT.get((None, name))


_OF_TEXT: Mapping[tuple[str | None, str], ScenePart] = {
    (part.page, text): part for part in PARTS.values() for text in part.texts
}
