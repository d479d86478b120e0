"""The code of the pictures of filters."""

from __future__ import annotations

from cnn_core.export import picture_code
from pages.filters.asking import Question
from pages.filters.climbing import WATCHED
from pages.filters.layers import filters_of_sheet
from pages.ui.forms.picture_code import OURS, PYTORCH, Programs, code_of, needs_of, net_in_code
from pages.ui.visitor.networks import LoadedNetwork


def of_pictures(network: LoadedNetwork, question: Question, width: int) -> None:
    """Draw the way to the code of a layer's sheet, and of one filter by the lesson's loop."""
    code_of("filters", lambda: _programs(network, question, width))


def _programs(network: LoadedNetwork, question: Question, width: int) -> Programs:
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
    texts = {OURS: text}
    if net.has_program and climb.recipe == "lesson" and not climb.changes:
        texts[PYTORCH] = picture_code.lesson_filter_in_pytorch(
            net, question.layer, question.index, steps=climb.steps, seed=climb.seed
        )
    return texts, needs_of(net)
