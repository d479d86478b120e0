"""The code of what the page draws: the maps of an image, and which pixels count."""

from __future__ import annotations

from cnn_core.export import picture_code
from pages.feature_maps.asking import Options
from pages.feature_maps.maps import Reading, mapped_layers
from pages.ui.forms.picture_code import OURS, PYTORCH, Programs, code_of, image_in_code, needs_of, net_in_code


def of_maps(reading: Reading, options: Options) -> None:
    """Draw the way to the code of the sheets."""

    def write() -> Programs:
        net, image = net_in_code(reading.network), image_in_code(reading.chosen, reading.network.dataset)
        layers = list(mapped_layers(reading.maps, options.every))
        texts = {OURS: picture_code.maps_code(net, image, layers, options.limits)}
        if net.has_program and image.is_everywhere:
            texts[PYTORCH] = picture_code.maps_in_pytorch(net, image, layers, options.limits)
        return texts, needs_of(net)

    code_of("maps", write)


def of_attributions(reading: Reading, methods: list[str], target: int) -> None:
    """Draw the way to the code of the four answers."""

    def write() -> Programs:
        net, image = net_in_code(reading.network), image_in_code(reading.chosen, reading.network.dataset)
        texts = {OURS: picture_code.attribution_code(net, image, methods, target)}
        if net.has_program and image.is_everywhere:
            texts[PYTORCH] = picture_code.saliency_in_pytorch(net, image, target)
        return texts, needs_of(net)

    code_of("why", write)
