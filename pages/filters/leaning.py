"""On a filter's card: the test images whose answer leaned on it most, beside those that excite it most."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from cnn_core.errors import StudentError
from cnn_core.insight import speaking_layers
from cnn_core.looking import WATCHED
from pages.filters import leaning_words as words
from pages.ui.drawing.contact_sheet import image_sheet
from pages.ui.drawing.sheets import sheet
from pages.ui.forms.digit_input import singular
from pages.ui.frame import held, shell
from pages.ui.visitor import server
from pages.ui.wording.blocks import caption, problem
from pages.ui.wording.looking import look

if TYPE_CHECKING:
    from cnn_core.insight import FilterCard, Leaning
    from pages.ui.visitor.networks import LoadedNetwork

TILE_PX = {False: 84, True: 64}  # as the images above them


def section(network: LoadedNetwork, about: FilterCard) -> None:
    """Draw the section, only its switch until it is asked for: nothing is computed before.

    Of the last layer there is none: its units are the answers.
    """
    if about.layer not in speaking_layers(network.spec):
        return
    if not st.toggle(words.WHO, key="leaning_open", persist_state="session"):
        return
    try:
        with st.spinner(words.LOOKING):
            found: Leaning = look(network, "leaning", WATCHED, layer=about.layer)
    except StudentError as error:
        problem(error)
        return
    _images(network.dataset, about, found)


def _images(dataset: str, about: FilterCard, found: Leaning) -> None:
    test, layer = server.images(dataset, "test"), about.layer
    indices = found.indices[about.filter].tolist()
    names = [test.classes[int(test.labels[i])] for i in indices]
    opens = "feature_maps" not in held.closed()
    caption(words.nine(singular(dataset), len(indices), found.count))
    numbers = list(zip(found.values[about.filter].tolist(), found.leads[about.filter].tolist(), strict=True))
    clicked = sheet(
        image_sheet(test.images[indices].numpy() / 255),
        key="leaning_images",
        alt=words.alt(layer),
        tile_px=TILE_PX[test.images.shape[3] > 28],
        labels=[
            words.label(i, name, value, lead, opens)
            for i, name, (value, lead) in zip(indices, names, numbers, strict=True)
        ],
        captions=[words.caption(value, lead) for value, lead in numbers],
        clickable=opens,
        columns=3,
    )
    excite = about.examples.indices
    shared = int(found.shared_with(excite.expand(len(found.indices), -1))[about.filter])
    exciting = [test.classes[int(test.labels[i])] for i in excite[0].tolist()]
    caption(words.differ(shared, len(indices), exciting, names, layer))
    if clicked is not None:
        shell.turn_to("feature_maps", view="decided", digit=str(indices[clicked]), layer=layer)
