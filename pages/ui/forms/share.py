"""The sidebar's ways out: a link, and files: each said what it is for, and which of them opens here again."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from cnn_core.errors import StudentError
from cnn_core.network_name import NetworkName
from pages.ui.forms import make_link
from pages.ui.frame import held
from pages.ui.frame.components import component_file
from pages.ui.trained import exports
from pages.ui.trained.trained import Trained
from pages.ui.trained.trained import file_stem as stem_of
from pages.ui.visitor import design, server
from pages.ui.wording.blocks import caption

if TYPE_CHECKING:
    from cnn_core.model import ModelSpec

_copy_link = st.components.v2.component(
    "copy_link",
    html="""<button type="button"><svg viewBox="0 0 24 24" aria-hidden="true">
<path d="M10 8H7a4 4 0 0 0 0 8h3M14 8h3a4 4 0 0 1 0 8h-3M9 12h6"/>
</svg><span aria-live="polite">Copy link</span></button>""",
    css=component_file("copy_link.css"),
    js=component_file("copy_link.js"),
)


SAVE = "save_open"  # whether it is
LINK_OPENS_HERE = (
    "Copy link keeps the design in an address. A trained network can also be saved as a file that opens here."
)
CODE_TITLE = "**Code of this design**"
CODE_WORDS = "A program that builds this design and trains it. Keras is what the lesson uses."
AS_JSON = "The layers and their settings as text. It opens here too, on the page Runs, under “Open your own network”."


def share(draft: design.Draft, spec: ModelSpec | None) -> None:
    """Draw the two ways out of the sidebar: copy the link, and save; neither where a teacher's scene leaves them out.

    spec: of the draft, where it can be built.
    """
    if held.is_hidden("save"):
        return
    with st.grid(2, min_column_width=100, gap="small"):
        _copy_link(key="copy_link")
        with st.popover(
            "Save", icon=":material/download:", width="stretch", key=SAVE, on_change="rerun"
        ) as files:
            # Ten buttons took a third of what the sidebar costs, at every look at every page.
            if files.open:
                _save(draft, spec)
    make_link.button()


def _save(draft: design.Draft, spec: ModelSpec | None) -> None:
    network = _trained()
    if network is not None:
        with exports.group(exports.HERE):
            exports.saved(network, "sidebar")
            _as_json(draft)
        with exports.group(exports.KERAS):
            exports.keras_files(network, "sidebar")
    else:
        with exports.group(exports.HERE):
            caption(LINK_OPENS_HERE)
            _as_json(draft)
    if spec is not None and (network is None or exports.has_programs(network)):
        with exports.group(CODE_TITLE):
            for label, (function, ending, mime) in CODE.items():
                _download(label, _written(function, spec), file_stem(draft) + ending, mime, CODE_WORDS)
    if network is not None:
        with exports.group(exports.ELSEWHERE):
            exports.onnx(network, "sidebar")
        with exports.group(exports.HAND_IN):
            exports.to_hand_in(network, "sidebar")
        caption(exports.NEEDS_WEIGHTS if exports.has_programs(network) else exports.NO_PROGRAMS)


def _as_json(draft: design.Draft) -> None:
    as_json = json.dumps(draft, indent=2, ensure_ascii=False)
    _download("Design, as JSON", as_json, f"{file_stem(draft)}.json", "application/json", AS_JSON)


def _download(
    label: str, data: str | Callable[[], str], file_name: str, mime: str, help: str | None = None
) -> None:
    st.download_button(
        label, data, file_name=file_name, mime=mime, on_click="ignore", width="stretch", help=help
    )


def _trained() -> Trained | None:
    """The network that is looked at, where it has learnt anything."""
    try:
        network = NetworkName.parse(design.looked_at())
        has_begun = network.kind != "run" or server.store().run(network.name).status.saved_step
        return Trained.named(str(network)) if network.kind != "design" and has_begun else None
    except StudentError:
        return None


CODE = {  # label -> (function of cnn_core.export, ending of the file's name, media type)
    "Keras code, R": ("export_keras_r", "_keras.R", "text/plain"),
    "Keras code, Python": ("export_keras", "_keras.py", "text/x-python"),
    "PyTorch code": ("export_pytorch", "_torch.py", "text/x-python"),
}


def _written(function: str, spec: ModelSpec) -> Callable[[], str]:
    """The file, written when it is asked for: with recipe and data of the net that is looked at, else the lesson's."""
    network = NetworkName.parse(design.looked_at())
    store = server.store()  # now: a click is answered outside of a script run

    def write() -> str:
        from cnn_core import export, pretrained
        from cnn_core.training import RECIPES

        write_program = getattr(export, function)
        if network.kind == "run":
            run = store.run(network.name)
            return write_program(spec, run.recipe, dataset=run.dataset)
        if network.kind == "pretrained" and network.name in pretrained.names():
            card = pretrained.card(network.name)
            return write_program(spec, card.recipe, dataset=card.dataset)
        return write_program(spec, RECIPES["lesson"])

    return write


def file_stem(draft: design.Draft) -> str:
    """A file's name from a design's name: letters, digits and underscores.

    >>> file_stem({"name": "Lesson convnet, changed"})
    'lesson_convnet_changed'
    """
    return stem_of(draft.get("name", ""), otherwise="design")
