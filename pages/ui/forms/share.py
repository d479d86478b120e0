"""The sidebar's ways out: link, code, weights."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from cnn_core.errors import StudentError
from cnn_core.model.draft_edits import renamed
from cnn_core.network_name import NetworkName
from pages.ui.forms import selection
from pages.ui.frame.components import component_file
from pages.ui.frame.controlled import controlled
from pages.ui.trained import exports
from pages.ui.trained.trained import Trained
from pages.ui.trained.trained import file_stem as stem_of
from pages.ui.visitor import design, server
from pages.ui.wording.blocks import plain, small

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


def share(draft: design.Draft, spec: ModelSpec | None) -> None:
    """Draw the two ways out of the sidebar: copy the link, and export. spec: of the draft, where it can be built."""
    with st.grid(2, min_column_width=100, gap="small"):
        _copy_link(key="copy_link")
        with st.popover("Export", icon=":material/download:", width="stretch"):
            _export(draft, spec)


def _export(draft: design.Draft, spec: ModelSpec | None) -> None:
    name = draft.get("name", "")
    st.text_input("Name of the design", max_chars=60, **controlled("design-name", name, _rename))
    as_json = json.dumps(draft, indent=2, ensure_ascii=False)
    _download("Design, as JSON", as_json, f"{file_stem(draft)}.json", "application/json")
    if spec is None:
        return
    for label, (function, ending, mime) in CODE.items():
        _download(label, _written(function, spec), file_stem(draft) + ending, mime)
    _weights()


def _download(label: str, data: str | Callable[[], str], file_name: str, mime: str) -> None:
    st.download_button(label, data, file_name=file_name, mime=mime, on_click="ignore", width="stretch")


def _weights() -> None:
    """What holds the learnt numbers of the network that is looked at, where it has any."""
    try:
        network = NetworkName.parse(design.looked_at())
        has_begun = network.kind != "run" or server.store().run(network.name).status.saved_step
        if network.kind == "design" or not has_begun:
            return
        looked_at = Trained.named(str(network))
    except StudentError:
        return
    st.markdown(small(f"{plain(looked_at.title)}, as it was trained:"))
    exports.weights(looked_at, "sidebar")


def _rename(name: str) -> None:
    selection.commit(renamed(design.shown(), name), selection.latest())


CODE = {  # label -> (function of cnn_core.export, ending of the file's name, media type)
    "PyTorch code": ("export_pytorch", "_torch.py", "text/x-python"),
    "Keras code, Python": ("export_keras", "_keras.py", "text/x-python"),
    "Keras code, R": ("export_keras_r", "_keras.R", "text/plain"),
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
