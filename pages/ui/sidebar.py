"""The sidebar: which network is looked at, and the design being edited, layer by layer.

It asks and shows. The session's side of it (the design, Undo, the address) is design.py, the list of layers
layer_editor.py, and what is possible and what would help is said by the core.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import streamlit as st

from cnn_core.errors import StudentError
from cnn_core.model import LAYER_TYPES, PRESETS, inspect_draft
from cnn_core.model.draft_edits import changed, inserted, moved, removed, renamed
from cnn_core.model.spec import MAX_LAYERS
from pages.ui import design, exports, layer_editor, state
from pages.ui.controlled import controlled
from pages.ui.messages import CAN_BE_TRAINED, big, count, percent, plain, problem, small

MOST_RUNS = 12  # in the list of networks; the Runs page has them all
MOST_REMEDIES = 2
_OWN = "own"
TOLD = "network_told"  # how the network being looked at is called on the screen now
_SELECTED = "selected_layer"  # index into the layers of what is shown, or None
_SELECTED_OF = "selected_layer_of"  # the network it belongs to


def sidebar() -> None:
    """Draw the sidebar and keep its choices: `st.session_state["network"]` and the design in the address."""
    design.keep_in_address()
    _where(bool(design.broken_link()), _broken_link)
    _which_network()
    try:
        draft = design.shown()
    except StudentError as error:
        problem(error)
        return
    _start_from(draft)
    inspected = inspect_draft(draft)
    _layers(draft, inspected)
    # What does not work is said right under the row that is barred, not below the fold.
    _where(inspected.problem is not None, _problem, inspected)
    _where(_selected(draft) is not None, _editor, draft, inspected)
    _where(inspected.problem is None, _sum, inspected)
    _share(draft, inspected)


def _where(there: bool, draw: Callable[..., None], *args: Any) -> None:
    """Draw it, or hold its place with a hidden container. Otherwise what is gone would stay on the screen as a
    ghost, with buttons that look alive, until the page beside it is done."""
    if there:
        draw(*args)
    else:
        st.container(key=f"nothing{draw.__name__}")


def _broken_link() -> None:
    st.markdown(f":yellow[:material/link_off: {plain(design.broken_link())}]")


# ---------------------------------------------------------------- which network


def _which_network() -> None:
    labels = network_labels()
    st.selectbox(
        "Network",
        list(labels),
        format_func=lambda network: labels.get(network, network),
        filter_mode=None,
        **controlled("network-choice", design.looked_at(), _choose_network, words=tuple(labels.values())),
    )


def network_labels() -> dict[str, str]:
    """What can be looked at, and how it is called: ours, the visitor's runs (newest first), the design.

    A run of somebody else is among them while it is being looked at: a link lets others watch.
    """
    labels = {f"pretrained:{name}": title for name, title in state.PRETRAINED.items()}
    for run in _runs():
        labels[f"run:{run.id}"] = run_label(run)
    chosen = design.looked_at()
    st.session_state[TOLD] = labels.get(chosen)
    if chosen not in labels and chosen.startswith("run:"):
        labels[chosen] = _shared_label(chosen)
    labels[design.DESIGN] = "My design, not trained yet"
    return _told_apart(labels)


def _runs() -> list[Any]:
    newest = state.store().runs(owner=state.visitor(), limit=4 * MOST_RUNS)  # dreams are among them
    return [run for run in newest if run.kind != "dream"][:MOST_RUNS]


def run_label(run: Any) -> str:
    """One line about a run: "My run, in training", or its name and what came of it ("Lesson convnet, 98.7 %")."""
    status = run.status
    going_on = {
        "queued": "waiting",
        "running": "in training",
        "paused": "paused",
        "interrupted": "interrupted",
    }
    if status.state in going_on:
        return f"My run, {going_on[status.state]}"
    accuracy = (status.result or {}).get("accuracy")
    return f"{run.name}, {percent(accuracy) if accuracy is not None else status.state}"


def _shared_label(network: str) -> str:
    try:
        label = run_label(state.store().run(network.partition(":")[2]))
    except StudentError:
        return "A run that is not here any more"
    return f"Shared {label.removeprefix('My ')}" if label.startswith("My ") else f"Shared: {label}"


def _told_apart(labels: dict[str, str]) -> dict[str, str]:
    """The same labels, with a number where two are alike: Streamlit knows an option by its label alone."""
    seen: dict[str, int] = {}
    different = {}
    for network, label in labels.items():
        seen[label] = seen.get(label, 0) + 1
        different[network] = label if seen[label] == 1 else f"{label} ({seen[label]})"
    return different


def _choose_network(network: str) -> None:
    if network in network_labels():
        design.look_at(network)


# ---------------------------------------------------------------- the design


def _start_from(draft: design.Draft) -> None:
    same = [key for key, preset in PRESETS.items() if preset.to_dict()["layers"] == draft["layers"]]
    # Layers that are no preset's are called so; then every preset can be chosen, also the one it began as.
    names = {key: preset.name for key, preset in PRESETS.items()} | (
        {} if same else {_OWN: "Layers of your own"}
    )
    st.selectbox(
        "Start the design from",
        list(names),
        format_func=lambda key: names.get(key, key),
        filter_mode=None,
        **controlled("preset-choice", same[0] if same else _OWN, _choose_preset),
    )


def _choose_preset(key: str) -> None:
    if key in PRESETS:
        design.commit(PRESETS[key].to_dict())
        _select(None)


def _layers(draft: design.Draft, inspected: Any) -> None:
    with st.container(gap="xsmall"):
        layer_editor.layer_list(layer_editor.rows_of(draft, inspected), _selected(draft), _select)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.menu_button(
                ":primary[**\\+ Add a layer**]",
                list(LAYER_TYPES),
                format_func=lambda kind: LAYER_TYPES[kind].title,
                key="add_layer",
                on_click=_add,
                type="tertiary",
            )
            st.space("stretch")
            _where(design.can_undo() and not inspected.problem, _undo_button, "tertiary")


def _editor(draft: design.Draft, inspected: Any) -> None:
    selected = _selected(draft)
    assert selected is not None
    note = "" if design.looked_at() == design.DESIGN else "A change makes it yours, untrained."
    edits = layer_editor.Edits(_set, _move, _remove)
    layer_editor.editor(draft, selected, inspected.names[selected], edits, note)


def _selected(draft: design.Draft) -> int | None:
    index = st.session_state.get(_SELECTED)
    if st.session_state.get(_SELECTED_OF) != design.looked_at():
        index = None
    return index if index is not None and index < len(draft["layers"]) else None


def _select(index: int | None) -> None:
    st.session_state[_SELECTED] = index
    st.session_state[_SELECTED_OF] = design.looked_at()


def _set(index: int, name: str, value: Any) -> None:
    draft = design.shown()
    if value is not None and index < len(draft["layers"]):
        _commit(changed(draft, index, **{name: value}), index)


def _add() -> None:
    draft = design.shown()
    if len(draft["layers"]) < MAX_LAYERS:
        _commit(*inserted(draft, st.session_state["add_layer"], _selected(draft)))


def _move(by: int) -> None:
    draft = design.shown()
    if (selected := _selected(draft)) is not None:
        _commit(*moved(draft, selected, by))


def _remove() -> None:
    draft = design.shown()
    if (selected := _selected(draft)) is not None and len(draft["layers"]) > 1:
        after = removed(draft, selected)
        _commit(after, min(selected, len(after["layers"]) - 1))


def _mend(mended: design.Draft) -> None:
    _commit(mended, None)


def _commit(draft: design.Draft, selected: int | None) -> None:
    design.commit(draft)
    _select(selected)


def _undo_button(type: str) -> None:
    st.button("Undo", icon=":material/undo:", key="undo", on_click=_undo, type=type, width="content")


def _undo() -> None:
    design.undo()
    _select(st.session_state.get(_SELECTED))


# ---------------------------------------------------------------- what it amounts to


def _problem(inspected: Any) -> None:
    with st.container(gap="small"):
        problem(inspected.problem)
        with st.container(horizontal=True, gap="small"):
            for i, remedy in enumerate(inspected.remedies[:MOST_REMEDIES]):
                st.button(remedy.label, key=f"remedy_{i}", on_click=_mend, args=(remedy.draft,))
            if design.can_undo():
                _undo_button("secondary")


def _sum(inspected: Any) -> None:
    parameters = sum(row.parameters for row in inspected.rows)
    macs = sum(row.macs for row in inspected.rows)
    st.markdown(
        f"**{count(parameters)} parameters** · {big(macs)} multiply-adds  \n"
        f":green[:material/check: {CAN_BE_TRAINED}]"
    )


# ---------------------------------------------------------------- taking it along

_copy_link = st.components.v2.component(
    "copy_link",
    html="""<button type="button"><svg viewBox="0 0 24 24" aria-hidden="true">
<path d="M10 8H7a4 4 0 0 0 0 8h3M14 8h3a4 4 0 0 1 0 8h-3M9 12h6"/>
</svg><span aria-live="polite">Copy link</span></button>""",
    css="""
:host { display: block; }
button { display: flex; align-items: center; justify-content: center; gap: 8px; width: 100%; min-height: 40px;
  padding: 4px 12px; font: inherit; font-size: 14px; color: var(--st-text-color); cursor: pointer; white-space: nowrap;
  background: var(--st-secondary-background-color); background: hsl(from var(--st-background-color) h s calc(l + 2.3));
  border: 1px solid var(--st-border-color);
  border-radius: var(--st-button-radius); box-sizing: border-box; }
button:hover, button:active { border-color: var(--st-primary-color); color: var(--st-primary-color); }
button:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 1px; }
svg { width: 18px; height: 18px; fill: none; stroke: currentColor; stroke-width: 2; flex: none; }
""",
    js="""
// A page served without https may not use the clipboard: there the old way still works.
const copy = async (text) => {
  try { await navigator.clipboard.writeText(text); return true; } catch { /* the old way */ }
  const field = document.createElement("textarea");
  field.value = text;
  field.style.position = "fixed";
  field.style.opacity = "0";
  document.body.append(field);
  field.select();
  try { return document.execCommand("copy"); } finally { field.remove(); }
};
export default function ({ parentElement }) {
  const button = parentElement.querySelector("button"), word = parentElement.querySelector("span");
  button.onclick = async () => {
    word.textContent = (await copy(location.href)) ? "Copied" : "Not allowed";
    clearTimeout(button.timer);
    button.timer = setTimeout(() => { word.textContent = "Copy link"; }, 2000);
  };
  return () => clearTimeout(button.timer);
}
""",
)


def _share(draft: design.Draft, inspected: Any) -> None:
    with st.grid(2, min_column_width=100, gap="small"):
        _copy_link(key="copy_link")
        with st.popover("Export", icon=":material/download:", width="stretch"):
            _export(draft, inspected)


def _export(draft: design.Draft, inspected: Any) -> None:
    st.text_input(
        "Name of the design", max_chars=60, **controlled("design-name", draft.get("name", ""), _rename)
    )
    st.download_button(
        "Design, as JSON",
        json.dumps(draft, indent=2, ensure_ascii=False),
        file_name=f"{file_stem(draft)}.json",
        mime="application/json",
        on_click="ignore",
        width="stretch",
    )
    if inspected.spec is None:
        return
    for label, (function, ending, mime) in CODE.items():
        st.download_button(
            label,
            _written(function, inspected.spec),
            file_name=file_stem(draft) + ending,
            mime=mime,
            on_click="ignore",
            width="stretch",
        )
    _weights()


def _weights() -> None:
    """What holds the learnt numbers of the network that is looked at, where it has any."""
    kind, _, name = design.looked_at().partition(":")
    try:
        if kind == "design" or (kind == "run" and not state.store().run(name).status.saved_step):
            return
        looked_at = exports.made(design.looked_at())
    except StudentError:
        return
    st.markdown(small(f"{plain(looked_at.name)}, as it was trained:"))
    exports.weights(looked_at, "sidebar")


def _rename(name: str) -> None:
    selected = st.session_state.get(_SELECTED)
    _commit(renamed(design.shown(), name), selected)


CODE = {  # label -> (function of cnn_core.export, ending of the file's name, media type)
    "PyTorch code": ("export_pytorch", "_torch.py", "text/x-python"),
    "Keras code, Python": ("export_keras", "_keras.py", "text/x-python"),
    "Keras code, R": ("export_keras_r", "_keras.R", "text/plain"),
}


def _written(function: str, spec: Any) -> Callable[[], str]:
    """The file, written when it is asked for: with recipe and data of the net that is looked at, else the lesson's."""
    kind, _, name = design.looked_at().partition(":")
    store = state.store()  # now: a click is answered outside of a script run

    def write() -> str:
        from cnn_core import export, pretrained
        from cnn_core.training import RECIPES

        if kind == "run":
            made = store.run(name)
        elif kind == "pretrained" and name in pretrained.names():
            made = pretrained.card(name)
        else:
            return getattr(export, function)(spec, RECIPES["lesson"])
        return getattr(export, function)(spec, made.recipe, dataset=made.dataset)

    return write


def file_stem(draft: design.Draft) -> str:
    """A file's name from a design's name: letters, digits and underscores.

    >>> file_stem({"name": "Lesson convnet, changed"})
    'lesson_convnet_changed'
    """
    letters = "".join(
        sign if sign.isascii() and sign.isalnum() else " " for sign in draft.get("name", "").lower()
    )
    return "_".join(letters.split()) or "design"
