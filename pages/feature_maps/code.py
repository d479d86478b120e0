"""The code of what the page draws: the maps of an image, and which pixels count."""

from __future__ import annotations

from cnn_core.export import picture_code
from pages.feature_maps.asking import Options
from pages.feature_maps.deciding import Decision
from pages.feature_maps.maps import Reading, mapped_layers
from pages.ui.forms.code_box import Program
from pages.ui.forms.picture_code import code_of, image_in_code, in_pytorch, net_in_code, with_our_core


def of_maps(reading: Reading, options: Options) -> None:
    """Draw the way to the code of the sheets."""

    def write() -> list[Program]:
        net, image = net_in_code(reading.network), image_in_code(reading.chosen, reading.network.dataset)
        layers = list(mapped_layers(reading.maps, options.every))
        programs = [with_our_core(picture_code.maps_code(net, image, layers, options.limits), net)]
        if net.has_program and image.is_everywhere:
            programs.append(in_pytorch(picture_code.maps_in_pytorch(net, image, layers, options.limits)))
        return programs

    code_of("maps", write, "maps_of_layers")


def of_decision(reading: Reading, decision: Decision) -> None:
    """Draw the way to the code of what each filter said, and of the check."""

    def write() -> list[Program]:
        net, image = net_in_code(reading.network), image_in_code(reading.chosen, reading.network.dataset)
        found = decision.found
        text = picture_code.decided_code(net, image, found.layer, found.answer, found.rival, found.way)
        return [with_our_core(text, net)]

    code_of("decided", write)


def of_attributions(reading: Reading, methods: list[str], target: int) -> None:
    """Draw the way to the code of the four answers."""

    def write() -> list[Program]:
        net, image = net_in_code(reading.network), image_in_code(reading.chosen, reading.network.dataset)
        programs = [with_our_core(picture_code.attribution_code(net, image, methods, target), net)]
        if net.has_program and image.is_everywhere:
            programs.append(in_pytorch(picture_code.saliency_in_pytorch(net, image, target)))
        return programs

    code_of("why", write)
