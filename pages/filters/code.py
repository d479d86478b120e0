"""The code of the pictures of filters."""

from __future__ import annotations

from cnn_core.export import picture_code
from cnn_core.looking import WATCHED, filters_of_sheet
from pages.filters.asking import Question
from pages.ui.forms.code_box import Program
from pages.ui.forms.picture_code import code_of, in_pytorch, net_in_code, with_our_core
from pages.ui.visitor.networks import LoadedNetwork


def of_pictures(network: LoadedNetwork, question: Question, width: int) -> None:
    """Draw the way to the code of a layer's sheet, and of one filter by the lesson's loop."""
    code_of("filters", lambda: _programs(network, question, width), "all_filters")


def _programs(network: LoadedNetwork, question: Question, width: int) -> list[Program]:
    net, climb = net_in_code(network), question.climb
    filters = filters_of_sheet(width, question.index)
    text = picture_code.filters_code(
        net,
        question.layer,
        filters,
        recipe=climb.recipe,
        changes=climb.changes,
        steps=climb.steps,
        seed=climb.seed,
        examples=WATCHED,
    )
    programs = [with_our_core(text, net)]
    if net.has_program and climb.recipe == "lesson" and not climb.changes:
        text = picture_code.lesson_filter_in_pytorch(
            net, question.layer, question.index, steps=climb.steps, seed=climb.seed
        )
        programs.append(in_pytorch(text))
    return programs
