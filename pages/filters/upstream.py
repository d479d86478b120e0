"""What the view “Made of” computes: what a filter reads, whom it feeds, and the pictures of all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnn_core.insight import Around, Reading, around
from cnn_core.insight.between.around import IMAGES_EACH
from cnn_core.insight.between.sources import IMAGE
from cnn_core.looking import WATCHED
from pages.filters.climbing import Climb, pictures_with
from pages.ui.visitor import networks, server
from pages.ui.wording.looking import look

if TYPE_CHECKING:
    from torch import Tensor

    from cnn_core.insight import FilterPictures


@dataclass(frozen=True, eq=False)
class Upstream:
    """One filter between its neighbours.

    is_class:  it is the unit of the class that the ways lead to.
    pictures:  {layer: its filters' pictures}, of all that are drawn.
    image:     (C, H, W) in [0, 1], a test image of that class.
    image_is:  what it shows.
    watched:   test images that were looked through.
    """

    read: Reading
    way: Around
    is_class: bool
    pictures: Mapping[str, FilterPictures]
    image: Tensor
    image_is: str
    watched: int

    def picture(self, layer: str, index: int) -> tuple[Tensor | None, str]:
        """(C, H, W) of a filter, or None and why there is none."""
        known = self.pictures[layer]
        row = known.filters.index(index)
        why = known.why[row]
        return (known.images[row], "") if why is None else (None, why)


def upstream(
    network: networks.LoadedNetwork, layer: str, index: int, towards: int | None, climb: Climb
) -> Upstream:
    """Follow the ways from a filter down and up.

    towards: the class that they lead to; None for the one that the filter helps most.
    Raises StudentError where the test images are not on this machine.
    """
    is_class = layer == list(network.spec.layer_names)[-1]
    read = look(network, "reading", WATCHED, layer=layer, filter=index)
    target = index if is_class else _target(network, layer, index, towards)
    way = around(read, look(network, "flows", IMAGES_EACH, target=target))
    drawn: dict[str, set[int]] = {layer: {index}}
    for one in (*way.below, *way.above):
        if one.layer != IMAGE:
            drawn.setdefault(one.layer, set()).add(one.filter)
    image, image_is = _test_image(network, target)
    return Upstream(
        read=read,
        way=way,
        is_class=is_class,
        pictures={
            name: pictures_with(network, name, tuple(sorted(filters)), climb)
            for name, filters in drawn.items()
        },
        image=image,
        image_is=image_is,
        watched=min(WATCHED, len(server.images(network.dataset, "test"))),
    )


def _target(network: networks.LoadedNetwork, layer: str, index: int, towards: int | None) -> int:
    if towards is not None and towards < network.spec.classes:
        return towards
    given = look(network, "given_to_each_class", IMAGES_EACH)
    # A class without test images is nan, and the last one to be chosen.
    return int(given[layer][:, index].nan_to_num(float("-inf")).argmax()) if given else 0


def _test_image(network: networks.LoadedNetwork, target: int) -> tuple[Tensor, str]:
    """The first test image of a class; the very first where there is none of it."""
    test = server.images(network.dataset, "test")
    place = int((test.labels == target).float().argmax())
    return test.images[place].float() / 255, test.classes[int(test.labels[place])]
