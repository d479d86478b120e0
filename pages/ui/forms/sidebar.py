"""The sidebar: which network is looked at, and the design being edited, layer by layer.

It asks and shows. The session's side of it (the design, Undo, the address) is visitor/design.py, the list of layers
layer_editor.py, and what is possible and what would help is said by the core.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import streamlit as st

from cnn_core.doctor import bent_scores
from cnn_core.errors import StudentError
from cnn_core.lesson.guess_questions import ChoiceQuestion
from cnn_core.model import EMPTY, LAYER_TYPES, PRESETS, preset_of
from cnn_core.model.draft_edits import LONGEST_NAME, changed, inserted, moved, removed, renamed
from cnn_core.model.spec import MAX_LAYERS
from cnn_core.network_name import NetworkName
from pages.ui.forms import guess, layer_editor, selection
from pages.ui.forms.recipe import choose_example
from pages.ui.forms.share import share
from pages.ui.frame import held, streamlit_inside
from pages.ui.frame.controlled import controlled
from pages.ui.visitor import design, networks, server, who
from pages.ui.wording.blocks import caption, plain, problem, small
from pages.ui.wording.numbers import big, count
from pages.ui.wording.run_states import CAN_BE_TRAINED, OF_WHICH_IMAGES, run_label, shared_label

if TYPE_CHECKING:
    from cnn_core.runs import Run

MOST_RUNS = 12  # in the list of networks; the Runs page has them all
MOST_REMEDIES = 2
_EMPTY, _OWN = "empty", "own"  # beside the presets, in the list of designs to start from
EMPTY_TITLE = "Empty: input and ten answers"
WHAT_TO_ADD = "The ten answers are made from the pixels directly. Add a convolution: it goes before flatten."
CHANGING = "If you change it, you get a design of your own, not trained yet. This network stays as it is."
RENAMING = "Also the name of its files and its runs."
IS_IT_GOOD = "open_network.nine_in_ten"  # what the page that opens a file asks before it tells the accuracy
TOLD = "network_told"  # what the list calls the network being looked at; a page that knows better redraws all


def sidebar() -> None:
    """Draw the sidebar and keep its choices: the network that is looked at, and the design in the address."""
    design.keep_in_address()
    _draw_if(bool(design.broken_link()), _broken_link)
    _which_network()
    try:
        draft = design.shown()
    except StudentError as error:
        problem(error)
        return
    if held.is_hidden("layers"):
        share(draft, design.inspect(draft).spec)
        return
    _start_from(draft)
    _draw_if(design.looked_at() == design.DESIGN, _name, draft)
    inspection = design.inspect(draft)
    _layers(draft, inspection)
    # What does not work is said right under the row that is barred, not below the fold.
    _draw_if(inspection.problem is not None, _problem, inspection)
    is_editing = selection.selected(draft) is not None and not held.holds("layers")
    _draw_if(is_editing, _editor, draft, inspection)
    _draw_if(inspection.problem is None, _sum, inspection)
    share(draft, inspection.spec)


def _draw_if(there: bool, draw: Callable[..., None], *args: Any) -> None:
    if there:
        draw(*args)
    else:
        streamlit_inside.hold_place(draw.__name__.strip("_"))


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
        help=OF_WHICH_IMAGES,
        **controlled("network-choice", design.looked_at(), _choose_network, words=tuple(labels.values())),
    )


def network_labels() -> dict[str, str]:
    """What can be looked at, and how it is called: ours, the visitor's runs (newest first), the design.

    The run that is looked at is always among them: an older one of the visitor's own, or somebody else's, for a link
    lets others watch.
    """
    labels = {f"pretrained:{name}": title for name, title in server.PRETRAINED.items()}
    for run in _runs():
        labels[f"run:{run.id}"] = own_label(run)
    chosen = design.looked_at()
    network = NetworkName.parse(chosen)
    if network.kind == "run" and (old := _own_run(network.name)) is not None:
        labels.setdefault(f"run:{old.id}", own_label(old))  # it is looked at as the newest are
    # What is said of the run has to stand here whatever else the list holds: the Train page begins anew until it does.
    st.session_state[TOLD] = labels.get(f"run:{network.name}" if network.kind == "run" else chosen)
    if network.kind == "run":
        labels = _with_moments(labels, network)
    if chosen not in labels and network.kind == "run":
        labels[chosen] = _shared_label(chosen)
    labels[design.DESIGN] = "My design, not trained yet"
    return _told_apart(labels)


def _with_moments(labels: dict[str, str], network: NetworkName) -> dict[str, str]:
    """The same labels, and below the run that is looked at its other weights, such as its best epoch.

    network: the run's.
    """
    try:
        run = server.store().run(network.name)
        others = {
            f"run:{run.id}:{moment}": f"{run.name}{networks.moment_words(run, moment)}"
            for moment in networks.other_moments(run)
        }
    except StudentError:
        return labels
    with_others = {}
    for name, label in labels.items():
        with_others[name] = label
        if name == f"run:{network.name}":
            with_others |= others
    return with_others


def _runs() -> list[Run]:
    newest = server.store().runs(owner=who.visitor(), limit=4 * MOST_RUNS)  # dreams are among them
    return [run for run in newest if run.kind == "training"][:MOST_RUNS]


def _own_run(run_id: str) -> Run | None:
    try:
        run = server.store().run(run_id)
    except StudentError:
        return None
    return run if run.kind == "training" and run.is_owner(who.visitor()) else None


def own_label(run: Run) -> str:
    """What the list calls a run of the visitor's own."""
    return run_label(run, _is_told(run))


def _is_told(run: Run) -> bool:
    """Whether its accuracy may stand in the list: that of a file from elsewhere is asked for first."""
    if not run.is_opened:
        return True
    return guess.may_tell(ChoiceQuestion(id=IS_IT_GOOD, asked="", network=run.name, about=run.id, options=()))


def _shared_label(network: str) -> str:
    try:
        run = server.store().run(NetworkName.parse(network).name)
        return shared_label(run, _is_told(run))
    except StudentError:
        return "A run that is not here any more"


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
    names = {key: preset.name for key, preset in PRESETS.items()} | {_EMPTY: EMPTY_TITLE}
    same = preset_of(draft) or (_EMPTY if _is_empty(draft) else None)
    # Layers that are no preset's are called so; then every preset can be chosen, also the one it began as.
    if same is None:
        names[_OWN] = "Layers of your own"
    st.selectbox(
        "Start the design from",
        list(names),
        format_func=lambda key: names.get(key, key),
        filter_mode=None,
        **controlled("preset-choice", same or _OWN, _choose_preset),
    )


def _is_empty(draft: design.Draft) -> bool:
    return draft["layers"] == design.for_images_of(draft, EMPTY)["layers"]


def _choose_preset(key: str) -> None:
    if key in PRESETS or key == _EMPTY:
        draft = design.for_images_of(_now(), (PRESETS | {_EMPTY: EMPTY})[key])
        design.commit(draft)
        choose_example(draft)
        selection.select(None)


def _now() -> design.Draft:
    """What the sidebar shows; of a network that is gone the design."""
    try:
        return design.shown()
    except StudentError:
        return design.draft()


def _name(draft: design.Draft) -> None:
    name = draft.get("name", "")
    st.text_input(
        "Name of the design",
        max_chars=max(LONGEST_NAME, len(name)),
        help=RENAMING,
        **controlled("design-name", name, _rename),
    )


def _rename(name: str) -> None:
    selection.commit(renamed(design.shown(), name), selection.latest())


def _layers(draft: design.Draft, inspection: design.Inspection) -> None:
    with st.container(gap="xsmall"):
        layer_editor.layer_list(
            layer_editor.rows_of(draft, inspection), selection.selected(draft), selection.select
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            # The label is spoken as it is written: no Markdown in it.
            st.menu_button(
                "Add a layer",
                list(LAYER_TYPES),
                icon=":material/add:",
                format_func=menu_line,
                key="add_layer",
                on_click=_add,
                type="tertiary",
            )
            st.space("stretch")
            _draw_if(not _is_empty(draft), _clear_button)
            _draw_if(design.can_undo() and not inspection.problem, _undo_button, "tertiary")

    _draw_if(_is_empty(draft), caption, WHAT_TO_ADD)


def menu_line(kind: str) -> str:
    """A kind of layer in the menu, in Markdown: what it is called, and what it does. One line: the menu has no more.

    >>> menu_line("flatten")
    'Flatten :small[:gray[maps become one list]]'
    """
    return f"{LAYER_TYPES[kind].title} {small(LAYER_TYPES[kind].in_short)}"


def _clear_button() -> None:
    st.button(
        "Clear layers",
        key="clear_design",
        on_click=_choose_preset,
        args=(_EMPTY,),
        type="tertiary",
        width="content",
    )


def _editor(draft: design.Draft, inspection: design.Inspection) -> None:
    selected = selection.selected(draft)
    assert selected is not None
    note = "" if design.looked_at() == design.DESIGN else CHANGING
    edits = layer_editor.Edits(_set, _move, _remove)
    layer_editor.editor(draft, selected, inspection.names[selected], edits, note)


def _set(index: int, name: str, value: Any) -> None:
    draft = design.shown()
    if value is not None and index < len(draft["layers"]):
        selection.commit(changed(draft, index, **{name: value}), index)


def _add() -> None:
    draft = design.shown()
    if len(draft["layers"]) < MAX_LAYERS:
        selection.commit(*inserted(draft, st.session_state["add_layer"], selection.selected(draft)))


def _move(by: int) -> None:
    draft = design.shown()
    if (selected := selection.selected(draft)) is not None:
        selection.commit(*moved(draft, selected, by))


def _remove() -> None:
    draft = design.shown()
    if (selected := selection.selected(draft)) is not None and len(draft["layers"]) > 1:
        after = removed(draft, selected)
        selection.commit(after, min(selected, len(after["layers"]) - 1))


def _mend(mended: design.Draft) -> None:
    selection.commit(mended, None)


def _undo_button(type: Literal["secondary", "tertiary"]) -> None:
    st.button("Undo", icon=":material/undo:", key="undo", on_click=_undo, type=type, width="content")


def _undo() -> None:
    design.undo()
    selection.select(selection.latest())


# ---------------------------------------------------------------- what it amounts to


def _problem(inspection: design.Inspection) -> None:
    assert inspection.problem is not None
    with st.container(gap="small"):
        problem(inspection.problem)
        with st.container(horizontal=True, gap="small"):
            for i, remedy in enumerate(inspection.remedies[:MOST_REMEDIES]):
                st.button(remedy.label, key=f"remedy_{i}", on_click=_mend, args=(remedy.draft,))
            if design.can_undo():
                _undo_button("secondary")


def _sum(inspection: design.Inspection) -> None:
    rows = [row for row in inspection.rows if row is not None]
    parameters, macs = sum(row.parameters for row in rows), sum(row.macs for row in rows)
    # Where it is too long for one line, it breaks at the dot.
    work = f"{big(macs)} multiply-adds".replace(" ", "\u00a0").replace("-", "\u2011")
    numbers = f"**{count(parameters)} parameters** · {work}"
    remark = None if inspection.spec is None else bent_scores(inspection.spec)
    if remark is None:
        st.markdown(f"{numbers}  \n:green[:material/check: {CAN_BE_TRAINED}]")
        return
    st.markdown(f"{numbers}  \n:yellow[:material/info:] {remark.sentence}")
    if remark.cure is not None and remark.cure.spec is not None:
        mended = remark.cure.spec.to_dict()
        st.button(remark.cure.label, key="remark_end", on_click=_mend, args=(mended,))
