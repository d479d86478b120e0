"""The code of what this page draws: of the sheets, and of the answers to “why”."""

from __future__ import annotations

from cnn_core.export import picture_code as texts
from pages.feature_maps import words
from pages.feature_maps.asking import Options
from pages.feature_maps.maps import Reading, mapped_layers
from pages.ui.trained.picture_code import (
    Written,
    code_of_picture,
    image_in_code,
    in_pytorch,
    net_in_code,
    ours,
)


def code_of_maps(reading: Reading, options: Options) -> None:
    """Draw the button that opens the code of the sheets."""
    layers = mapped_layers(reading.maps, options.every)

    def write() -> list[Written]:
        net, image = _places(reading)
        programs = [ours(net, texts.maps_code(net, image, layers, options.limits))]
        if net.has_program and image.is_everywhere:
            programs.append(in_pytorch(texts.maps_in_pytorch(net, image, layers, options.limits)))
        return programs

    code_of_picture("maps", write)


def code_of_why(reading: Reading, target: int) -> None:
    """Draw the button that opens the code of the four methods.  target: the class that they explain."""
    # Grad-CAM has nothing to say of a network without maps.
    has_maps = bool(mapped_layers(reading.maps, False))
    methods = [name for name in words.METHODS if has_maps or name != "grad_cam"]

    def write() -> list[Written]:
        net, image = _places(reading)
        programs = [ours(net, texts.attribution_code(net, image, methods, target))]
        if net.has_program and image.is_everywhere:
            title, needs, code = in_pytorch(texts.saliency_in_pytorch(net, image, target))
            programs.append((f"{title}: saliency", needs, code))
        return programs

    code_of_picture("why", write)


def _places(reading: Reading) -> tuple[texts.NetInCode, texts.ImageInCode]:
    return net_in_code(reading.network), image_in_code(reading.chosen, reading.network.dataset)
