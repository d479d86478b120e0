"""The code of what this page draws: the sheet of a layer's filters, and one of them by the lesson's loop."""

from __future__ import annotations

from cnn_core.export import picture_code as texts
from cnn_core.insight import FilterPictures
from pages.filters.asking import Question
from pages.filters.climbing import WATCHED
from pages.ui.trained.picture_code import Written, code_of_picture, in_pytorch, net_in_code, ours
from pages.ui.visitor.networks import LoadedNetwork


def code_of_filters(network: LoadedNetwork, question: Question, pictures: FilterPictures) -> None:
    """Draw the button that opens the code of the sheet."""
    layer, climb = question.layer, question.climb
    place = pictures.filters.index(question.index)
    is_plain = climb.recipe == "lesson" and not climb.changes and pictures.begun[place] == "noise"

    def write() -> list[Written]:
        net = net_in_code(network)
        programs = [
            ours(
                net,
                texts.filters_code(
                    net,
                    layer,
                    pictures.filters,
                    recipe=climb.recipe,
                    changes=climb.changes,
                    steps=climb.steps,
                    seed=climb.seed,
                    examples=WATCHED,
                ),
            )
        ]
        if net.has_program and is_plain:
            code = texts.lesson_filter_in_pytorch(
                net, layer, question.index, steps=climb.steps, seed=climb.seed
            )
            title, needs, code = in_pytorch(code)
            programs.append((f"{title}: filter {question.index}", needs, code))
        return programs

    code_of_picture("filters", write)
