"""Test images with what the network answers; a click opens one on the Feature maps page."""

from __future__ import annotations

from pages.evaluate import words
from pages.evaluate.exam import Exam
from pages.ui.drawing.contact_sheet import image_sheet
from pages.ui.drawing.sheets import sheet
from pages.ui.forms.digit_input import article, look_at_digit
from pages.ui.frame.shell import turn_to
from pages.ui.wording.blocks import caption
from pages.ui.wording.classes import has_long_name
from pages.ui.wording.numbers import probability_tile

MOST = 24  # images drawn at once
SIDE, WIDE = 56, 84  # pixels of a tile; the second where a class has a long name


def images_with_answers(indices: list[int], exam: Exam, key: str, columns: int) -> None:
    """Draw the first of these test images with what was read; a click opens that image on the feature-maps page."""
    indices = indices[:MOST]
    if not indices:
        caption(words.NO_IMAGES)
        return
    is_wide = has_long_name(exam.classes)
    # An MLP has none to open; and Feature maps shows images of the data set that a network learnt from.
    has_maps = any(layer.has_filters for layer in exam.network.spec.layers) and not exam.is_elsewhere
    certainty, answers = exam.evaluation.probabilities[indices].max(1)
    labels = exam.test.labels[indices]
    captions = [
        (_answer(exam.classes, label, read_as), probability_tile(sure))
        for label, read_as, sure in zip(labels.tolist(), answers.tolist(), certainty.tolist(), strict=True)
    ]
    clicked = sheet(
        image_sheet(exam.test.images[indices].numpy() / 255),
        key=f"images_{key}",
        alt="Test images with the network’s answers",
        tile_px=WIDE if is_wide else SIDE,
        columns=3 * columns // 4 if is_wide else columns,
        labels=[words.image_label(i, *said, has_maps) for i, said in zip(indices, captions, strict=True)],
        captions=captions,
        wrong=set((answers != labels).nonzero()[:, 0].tolist()),
        clickable=has_maps,
        on_click=lambda place: look_at_digit(indices[place]),
    )
    if has_maps:
        caption(words.CLICK_AN_IMAGE)
    if clicked is not None:
        turn_to("feature_maps")


def _answer(classes: tuple[str, ...], label: int, read_as: int) -> str:
    if read_as == label:
        return classes[read_as]
    return f"{classes[read_as]}, is {article(classes[label])}"
