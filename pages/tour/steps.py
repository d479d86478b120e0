"""The lesson as a list: which page in which state, what to look at there, and what the visitor does.

The order is the lesson's own notebook's. An id stays for ever: it is in links, in what is kept of a visitor, and in
`cnn_core/lesson/notebook_lines.py`, which has the lines of R for it. What a prediction asks is made of the network that
is looked at, with fresh numbers (`asking.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["prediction", "task", "explanation"]

GROUPS: dict[str, str] = {
    "layer": "What a layer does",
    "learning": "How it learns",
    "inside": "Inside the network",
    "photo": "A photo",
    "few": "More from few images",
}


@dataclass(frozen=True)
class Step:
    """One step of the lesson.

    id:      the same for ever.
    group:   a key of GROUPS; a worksheet is made of each.
    title:   two or three words.
    page:    its address, "convolution".
    look_at: keys of the elements that keep their strength while the rest of the page steps back, "maps_*" for all that
             begin so; the first is scrolled to.
    kind:    what the visitor does: predicts, does something on the page, or reads. One of them alone.
    state:   what the address of the page says, so that it shows what the step speaks of; a prediction adds to it.
    needs:   what the network must have for it, a key of `asking.NEEDS`.
    sets:    names of the address under which its prediction says more, with numbers of its own.
    does:    an action that it is about, as a teacher's scene may leave it out: "train".
    """

    id: str
    group: str
    title: str
    page: str
    look_at: tuple[str, ...]
    kind: Kind = "prediction"
    state: Mapping[str, str] = field(default_factory=dict)
    needs: str = ""
    sets: tuple[str, ...] = ()
    does: str = ""


_KERNEL = {"tab": "kernel", "image": "digit", "padding": "valid", "strides": "1", "dilation": "1"}

STEPS: tuple[Step, ...] = (
    Step(
        "kernel",
        "layer",
        "Kernel",
        "convolution",
        ("convolution_sweep",),
        state=_KERNEL | {"size": "3"},
        sets=("kernel",),
    ),
    Step(
        "padding",
        "layer",
        "Padding",
        "convolution",
        ("convolution_sweep",),
        state=_KERNEL | {"kernel": "vertical-edges"},
        sets=("size", "padding"),
    ),
    Step(
        "strides",
        "layer",
        "Strides",
        "convolution",
        ("convolution_sweep",),
        state=_KERNEL | {"kernel": "vertical-edges", "size": "3"},
        sets=("strides",),
    ),
    Step(
        "feature_map",
        "layer",
        "Feature map",
        "feature_maps",
        ("maps_first_row",),
        needs="maps",
        sets=("digit",),
    ),
    Step(
        "pooling",
        "layer",
        "Pooling",
        "convolution",
        ("pooling_changes", "pooling_before", "pooling_after", "pooling_digit_picture"),
        state={"tab": "pooling", "pooling": "max", "move": "0"},
        needs="pooling of digits",
        sets=("digit", "move"),
    ),
    Step(
        "layers", "learning", "Layers and parameters", "train", ("train_diagram",), needs="two convolutions"
    ),
    Step("scaling", "learning", "Loading and scaling", "train", ("train_data_steps",), needs="images"),
    Step("one_hot", "learning", "One-hot labels", "train", ("train_data_steps",), needs="images"),
    Step("compile", "learning", "Loss", "train", ("train_explained_*",), needs="images"),
    Step("rmsprop", "learning", "Rmsprop", "train", ("train_explained_*",)),
    Step(
        "training",
        "learning",
        "Training",
        "train",
        ("train_strip", "train", "recipe_*", "run_strip", "run_board*"),
        kind="task",
        does="train",
    ),
    Step("saving", "learning", "Saving", "train", ("save_open",), does="save"),
    Step(
        "evaluating",
        "learning",
        "Evaluating",
        "evaluate",
        ("confusion", "images_*"),
        state={"view": "confusion"},
        needs="images",
        sets=("view",),
    ),
    Step(
        "against_mlp",
        "learning",
        "Against the MLP",
        "evaluate",
        ("confusion", "images_*", "robustness", "robust_examples"),
        state={"view": "confusion"},
        needs="maps of digits",
        sets=("view", "change"),
    ),
    Step(
        "maps_of_layers",
        "inside",
        "The maps of each layer",
        "feature_maps",
        ("pixel_card", "maps_*"),
        needs="two convolutions",
        sets=("digit", "pixel"),
    ),
    Step(
        "one_filter",
        "inside",
        "One filter",
        "filters",
        ("filters_*", "filter_card"),
        needs="maps",
        sets=("filter", "recipe"),
    ),
    Step(
        "gradient_size",
        "inside",
        "The size of a slope",
        "filters",
        ("filters_*", "filter_card"),
        needs="maps",
        sets=("filter",),
    ),
    Step(
        "all_filters",
        "inside",
        "All filters",
        "filters",
        ("filters_*", "filter_card"),
        needs="maps",
        sets=("filter", "recipe"),
    ),
    Step(
        "without_picture",
        "inside",
        "Without a picture",
        "filters",
        ("filters_*", "filter_card"),
        needs="maps",
        sets=("filter", "recipe"),
    ),
    Step(
        "cat_face",
        "photo",
        "A cat’s face",
        "convolution",
        ("cat_*",),
        kind="explanation",
        state={"tab": "cat"},
    ),
    Step("cat_and_dream", "photo", "The dream", "deep_dream", ("dream_large",), needs="a photo network"),
    Step(
        "turned",
        "few",
        "Turned digits",
        "augmentation",
        ("augment_drag", "dragged"),
        state={"changes": "lesson", "look": "draws", "draws": "4"},
        needs="images",
        sets=("digit",),
    ),
    Step(
        "four_draws",
        "few",
        "Four draws",
        "augmentation",
        ("augment_draws",),
        state={"changes": "lesson", "look": "draws", "draws": "4"},
        needs="images",
        sets=("digit", "draw_seed", "draws"),
    ),
    Step(
        "with_and_without",
        "few",
        "With and without",
        "augmentation",
        ("train_pair", "pair_*"),
        kind="task",
        needs="images",
        does="train",
    ),
)

BY_ID: dict[str, Step] = {step.id: step for step in STEPS}


def place(step: Step) -> int:
    """Where it stands in the lesson, from 1.

    >>> place(BY_ID["padding"])
    2
    """
    return STEPS.index(step) + 1


def neighbour(step: Step, by: Literal[1, -1], among: Sequence[Step] = STEPS) -> Step | None:
    """The next of these steps (by 1) or the one before (by -1); None where the lesson ends.

    >>> neighbour(BY_ID["kernel"], 1).id, neighbour(BY_ID["kernel"], -1)
    ('padding', None)
    """
    ahead = [one for one in among if (place(one) - place(step)) * by > 0]
    return min(ahead, key=lambda one: place(one) * by, default=None)
