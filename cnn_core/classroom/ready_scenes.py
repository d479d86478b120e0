"""The scenes that come with Convscope: their links work on every server, `?scene=five-kernels`.

A name has a hyphen, which no id has that somebody's scene is signed with. The lessons that go with them are on the page
"For teachers".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from cnn_core.classroom.scene import Scene
from cnn_core.model import PRESETS, links
from cnn_core.training.spec import RECIPES

# With two epochs none of four designs under 10,000 parameters came to 99 % of the test digits; with six, more than one.
_SIX_EPOCHS = RECIPES["fast"].replace(epochs=6, check_limits=False)


def _five_kernels() -> Scene:
    return Scene(
        title="Five kernels by hand",
        page="convolution",
        state={"kernel": "identity"},
        fixed=("convolution.tab",),
        hidden=(
            *("convolution.padding", "convolution.strides", "convolution.dilation"),
            *("layers", "net", "train", "save", "open"),
        ),
        pages=("convolution",),
        note="Change one number of the kernel at a time, and say beforehand what will happen.",
    )


def _convnet_against_mlp() -> Scene:
    return Scene(
        title="Convnet against MLP",
        page="runs",
        state={"compare": "lesson~mlp"},
        hidden=("layers", "train", "open"),
        pages=("runs", "evaluate", "feature_maps"),
        note="Two networks that were trained alike. Which one reads more digits, and why?",
    )


def _ninety_nine_percent() -> Scene:
    return Scene(
        title="99 % with under 10,000 parameters",
        page="train",
        state={
            "design": links.encode(PRESETS["tiny"].to_dict()),
            "recipe": "own",
            "optimizer": "adamw",
            "rate": "0.008",
            "epochs": "6",
            "batch": "128",
            "schedule": "one_cycle",
            "decay": "0.01",
            "smoothing": "0.1",
        },
        fixed=("train.recipe", "train.data", "train.images"),
        hidden=("open",),
        pages=("train", "evaluate", "runs"),
        note="Only the layers are yours to change. The sidebar counts the parameters.",
        recipe=_SIX_EPOCHS,
    )


_MADE: dict[str, Callable[[], Scene]] = {
    "five-kernels": _five_kernels,
    "convnet-against-mlp": _convnet_against_mlp,
    "ninety-nine-percent": _ninety_nine_percent,
}


class _Ready(Mapping[str, Scene]):
    """Each is made when it is asked for, since it is checked against what this server allows."""

    def __getitem__(self, name: str) -> Scene:
        return _MADE[name]()

    def __iter__(self) -> Iterator[str]:
        return iter(_MADE)

    def __len__(self) -> int:
        return len(_MADE)


READY_SCENES: Mapping[str, Scene] = _Ready()
