"""Which net was better, and why? All my runs over each other, how one of them came to see, and the way out."""

from __future__ import annotations

import threading
from html import escape
from typing import Any

import numpy as np
import streamlit as st

from cnn_core import pretrained
from cnn_core.data.sources import dataset_of
from cnn_core.errors import StudentError
from cnn_core.insight import Frame, replay
from cnn_core.model import summarize
from cnn_core.model.layers import kind_named
from cnn_core.runs import Run, ensure_runner
from cnn_core.training import evaluate, load_model
from pages.ui import design, state
from pages.ui.charts import curves, mode, show
from pages.ui.compare import (
    Contender,
    band,
    colours,
    differences,
    in_colour,
    names_in_colour,
    seed_groups,
    seeds_in_words,
    verdict,
)
from pages.ui.digit_input import Chosen, are_here, chosen_image, way_and_number
from pages.ui.exports import download, made
from pages.ui.flipbook import CurveLine, Strip, flipbook
from pages.ui.messages import (
    answer,
    caption,
    count,
    duration,
    percent,
    plain,
    plural,
    probability,
    problem,
    what_you_see,
)
from pages.ui.sheets import contact_sheet
from pages.ui.shell import ROOT, entry, page_head, require_shell

require_shell()

ASKED = 500  # test images that each moment of a replayed run reads
MOST = 6  # colours that everybody can tell apart
SHOWN = 30  # runs in the list; more on demand
_PROBLEM, _DELETED, _GOING_ON = "runs_problem", "runs_deleted", "runs_going_on"


# ---------------------------------------------------------------- the contenders


@st.cache_resource(show_spinner=False, max_entries=4)
def ours(name: str) -> Contender:
    card = pretrained.card(name)
    try:
        told = pretrained.history(name)
        from cnn_core.runs import Curve, History

        def lists(curve: Any) -> Curve:
            return Curve(list(curve.step), list(curve.epoch), list(curve.loss), list(curve.accuracy))

        history = History(lists(told.train), lists(told.test), [])
    except StudentError:
        from cnn_core.runs import History

        history = History()
    return Contender(
        f"pretrained:{name}", f"{card.title}, ours", card.spec, card.recipe, card.dataset, history,
        card.test_accuracy, card.test_images, card.seconds, card.parameters,
    )  # fmt: skip


def contender(run: Run) -> Contender:
    status = run.status
    result = status.result or {}
    return Contender(
        f"run:{run.id}", run.name, run.spec, run.recipe, run.dataset, run.history(), result.get("accuracy"),
        int(result.get("count", 0)), status.seconds, sum(row.parameters for row in summarize(run.spec)), status.state,
        opened=not run.has_recipe,
    )  # fmt: skip


def my_runs(limit: int) -> list[Run]:
    return [run for run in state.store().runs(owner=state.visitor(), limit=limit) if run.kind == "training"]


def going_on() -> bool:
    return any(run.status.unfinished for run in my_runs(8))


# ---------------------------------------------------------------- compare


def compare() -> None:
    more = st.session_state.get("runs_more", SHOWN)
    runs = my_runs(more)
    if going_on() != st.session_state.get(_GOING_ON):
        st.rerun()  # the whole page, which starts or ends the timer
    listed: dict[str, Contender] = {}
    for run in runs:
        try:
            listed[f"run:{run.id}"] = contender(run)
        except StudentError:  # a run this server can no longer read
            continue
    for name in pretrained.names():
        listed[f"pretrained:{name}"] = ours(name)
    chosen = chosen_keys(list(listed))
    picked = [listed[key] for key in chosen]
    if not runs:
        caption("You have no runs yet, so these are ours. Train one, and it appears here.")
    answer(verdict(picked) if picked else "Choose runs below, up to six.")
    _after_click()
    if picked:
        with_curves = [run for run in picked if run.has_curve]
        measure = st.segmented_control(
            "Measure", ["accuracy", "loss"], default="accuracy", required=True, key="runs_measure",
            label_visibility="collapsed", persist_state="session",
        )  # fmt: skip
        if with_curves:
            st.markdown(names_in_colour(with_curves, mode()))
            show(
                curves(
                    [(run.name, run.history) for run in with_curves],
                    mode(),
                    measure=str(measure or "accuracy"),
                ),
                key="runs_curves",
                alt="Curves of the chosen runs",
            )
            what_you_see("One colour a run: solid on digits kept aside, dotted on the digits being learnt.")
        if without := [plain(run.name) for run in picked if not run.has_curve]:
            caption(f"No curve yet, or none was kept: {'; '.join(without)}.")
        for group in seed_groups(picked):
            answer(seeds_in_words(group))
            if sum(len(run.history.validation.epoch) > 1 for run in group) > 1:
                show(band(group, mode()), key=f"band_{group[0].key}", alt="Spread of several seeds")
                what_you_see(
                    "The band reaches from the worst to the best of the seeds, the line is their mean."
                )
        if len(picked) > 1:
            _differences(picked)
    st.markdown("### All my runs")
    colour = colours(picked, mode())
    for key, one in listed.items():
        row(key, one, chosen, colour.get(key), next((run for run in runs if f"run:{run.id}" == key), None))
    if len(runs) >= more:
        st.button("Show more", on_click=lambda: st.session_state.update(runs_more=more + 100))


def chosen_keys(keys: list[str]) -> list[str]:
    """The runs that are compared; at first the two newest and ours."""
    if "runs_chosen" not in st.session_state:
        mine = [key for key in keys if key.startswith("run:")][:2]
        st.session_state["runs_chosen"] = (mine + [key for key in keys if key.startswith("pretrained:")])[:3]
    return [key for key in st.session_state["runs_chosen"] if key in keys][:MOST]


def _differences(picked: list[Contender]) -> None:
    table = differences(picked)
    if not table:
        caption("They differ in nothing.")
        return
    with st.expander(f"Where they differ: {plural(len(table), 'setting')}", expanded=len(table) <= 8):
        rows = [table_row("", [run.name for run in picked], set(range(len(picked))))]
        for name, texts in table.items():
            common = max(set(texts), key=texts.count)
            shared = texts.count(common) > 1
            rows.append(
                table_row(name, texts, {i for i, text in enumerate(texts) if not (shared and text == common)})
            )
        # Six runs are wider than a phone: the table scrolls in itself, never the page.
        st.html(
            '<div style="overflow-x:auto"><table style="border-collapse:collapse">'
            f"{''.join(rows)}</table></div>"
        )


def table_row(name: str, texts: list[str], bold: set[int]) -> str:
    """One row of HTML, of texts that may hold anything; those in `bold` stand out.

    >>> table_row("units", ["64", "<9"], {1}).count("<td")
    3
    """
    cell = '<td style="padding:4px 24px 4px 0;border-bottom:1px solid #8884;vertical-align:top;{}">{}</td>'
    cells = [cell.format("min-width:80px;opacity:0.8", escape(name))]
    cells += [
        cell.format("font-weight:600" if i in bold else "", escape(text)) for i, text in enumerate(texts)
    ]
    return f"<tr>{''.join(cells)}</tr>"


def row(key: str, one: Contender, chosen: list[str], colour: str | None, run: Run | None) -> None:
    with st.container(
        horizontal=True, vertical_alignment="center", gap="small", key=f"row_{key.replace(':', '_')}"
    ):
        # A row on a desk; on a phone it wraps into a card instead of pushing the page wide.
        with st.container(horizontal=True, vertical_alignment="center", gap="small", width=700):
            st.checkbox(
                "compare",
                value=key in chosen,
                key=f"pick_{key}",
                label_visibility="collapsed",
                disabled=key not in chosen and len(chosen) >= MOST,
                on_change=_pick,
                args=(key,),
                width=24,
            )
            st.markdown(in_colour(colour, one.name), width=250)
            result = percent(one.accuracy) if one.accuracy is not None else one.state
            st.markdown(result, width=80)
            st.markdown(f":gray[{count(one.parameters)} parameters]", width=150)
            st.markdown(f":gray[{duration(one.seconds) if one.seconds else '–'}]", width=100)
        st.space("stretch")
        if st.button("Look inside", key=f"look_{key}", on_click=design.look_at, args=(key,), type="tertiary"):
            st.switch_page(ROOT / entry("feature-maps").file)
        if run is not None:
            _menu(run)
        else:
            with st.popover("More", key=f"menu_{key}", width="content", on_change="rerun") as menu:
                if menu.open:
                    st.markdown("**Export**")
                    download(made(key))


def _menu(run: Run) -> None:
    with st.popover("More", key=f"menu_{run.id}", width="content", on_change="rerun") as menu:
        if not menu.open:
            return
        st.text_input("Name", run.name, max_chars=80, key=f"name_{run.id}", on_change=_rename, args=(run.id,))
        status = run.status
        if status.state == "finished":
            if run.recipe.schedule == "constant":
                st.button(
                    "Train 2 epochs more" if run.has_recipe else "Train 2 epochs from here",
                    key=f"more_{run.id}",
                    on_click=_extend,
                    args=(run.id,),
                    width="stretch",
                    help=None
                    if run.has_recipe
                    else "By the lesson’s recipe on MNIST, beginning with these weights.",
                )
            else:
                caption(
                    "Its rate fell to nothing at the end (one cycle), so more epochs would change nothing."
                )
            if run.is_opened:
                caption("Opened from a file: Convscope does not know how it was trained before.")
            else:
                st.button(
                "Train 2 more seeds", key=f"seeds_{run.id}", on_click=_seeds, args=(run.id,), width="stretch",
                help="The same design and recipe with other random choices: how much is luck?",
            )  # fmt: skip
        if st.button(
            "Delete",
            icon=":material/delete:",
            key=f"del_{run.id}",
            on_click=_delete,
            args=(run.id,),
            width="stretch",
        ):
            st.rerun()  # it may have been the network that the sidebar looks at
        if run.snapshots():
            st.markdown("**Export**")
            download(made(f"run:{run.id}"))


def _pick(key: str) -> None:
    chosen = [known for known in st.session_state["runs_chosen"] if known != key]
    st.session_state["runs_chosen"] = [*chosen, key] if st.session_state[f"pick_{key}"] else chosen


def _try(action: Any, *args: Any) -> bool:
    try:
        action(*args)
        return True
    except StudentError as error:
        st.session_state[_PROBLEM] = error
        return False


def _rename(run_id: str) -> None:
    _try(state.store().rename, run_id, state.visitor(), st.session_state[f"name_{run_id}"])


def _extend(run_id: str) -> None:
    if _try(state.store().extend, run_id, state.visitor(), 2):
        ensure_runner(state.store())


def _seeds(run_id: str) -> None:
    run = state.store().run(run_id)
    seeds = [f"run:{run_id}"]
    for seed in (run.recipe.seed + 1, run.recipe.seed + 2):
        name = f"{run.name}, seed {seed}"
        recipe = run.recipe.replace(seed=seed)
        try:
            new = state.store().submit(run.spec, recipe, run.dataset, state.visitor(), name)
        except StudentError as error:
            st.session_state[_PROBLEM] = error
            break
        seeds.append(f"run:{new}")
    # Side by side at once: the band of their curves is what they were asked for.
    rest = [key for key in st.session_state.get("runs_chosen", []) if key not in seeds]
    st.session_state["runs_chosen"] = [*seeds, *rest][:MOST]
    ensure_runner(state.store())


def _delete(run_id: str) -> None:
    name = state.store().run(run_id).name
    if _try(state.store().delete, run_id, state.visitor()):
        st.session_state[_DELETED] = (run_id, name)
        if design.looked_at() == f"run:{run_id}":
            design.look_at(state.DEFAULT)


def _undo_delete() -> None:
    run_id, _ = st.session_state.pop(_DELETED)
    _try(state.store().restore, run_id, state.visitor())


def _after_click() -> None:
    if error := st.session_state.pop(_PROBLEM, None):
        problem(error)
    if deleted := st.session_state.get(_DELETED):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"Deleted “{plain(deleted[1])}”. It can be brought back for a day.", width="content")
            st.button("Undo", icon=":material/undo:", key="undo_delete", on_click=_undo_delete)


def open_saved() -> None:
    with st.expander("Open a saved network"):
        file = st.file_uploader(
            "A .safetensors file that Convscope made", type=["safetensors"], max_upload_size=25
        )
        if file is not None and st.button("Open it", key="open_saved"):
            content = file.getvalue()
            name = file.name.rsplit(".", 1)[0]
            if _try(
                lambda: st.session_state.update(opened=state.store().adopt(content, name, state.visitor()))
            ):
                design.look_at(f"run:{st.session_state['opened']}")
                st.rerun()
            _after_click()


# ---------------------------------------------------------------- replay


def moments(shown: state.Shown) -> tuple[list[tuple[int, Any]], dict[int, float]]:
    """([(step, loader)], {step: accuracy so far}) of the network being looked at; of a run that is not known yet."""
    if shown.run_id:
        found = state.store().run(shown.run_id).snapshots()
        return [(snap.step, lambda path=snap.path: load_model(path)[0]) for snap in found], {}
    name = shown.weights_key.partition(":")[2] if shown.kind == "pretrained" else "lesson"
    kept = pretrained.replay(name)
    accuracy = dict(zip(kept.moments.step, kept.moments.accuracy, strict=True))
    return [(step, lambda step=step: kept.load(step)) for step in kept.steps], accuracy


@st.cache_data(show_spinner=False, max_entries=1024)
def _accuracy_at(book: str, step: int, dataset: str, _load: Any) -> float:
    """The fraction of some test images that a moment of a run reads rightly: validation comes only once an epoch."""
    return evaluate(_load(), state.images(dataset, "test").take(ASKED)).accuracy


@st.cache_resource(show_spinner=False, max_entries=24)
def _frames_so_far(book: str, image: str, layer: str, filter: int) -> tuple[list[Frame], threading.Lock]:
    return [], threading.Lock()


def frames(book: str, found: list, chosen: Chosen, layer: str, filter: int) -> list[Frame]:
    """One frame a snapshot; what was seen before is not computed again, also while a training goes on."""
    known, lock = _frames_so_far(book, chosen.key, layer, filter)
    with lock:
        last = known[-1].step if known else -1
        new = [(step, load) for step, load in found if step > last]
        known.extend(replay(new, chosen.image, layer, filter, after=known[-1] if known else None))
        return list(known)


def play() -> None:
    shown = state.network()
    try:
        found, accuracy = moments(shown)
    except StudentError:
        found, accuracy = [], {}
    if len(found) < 2 and state.is_training():
        caption("This run has just begun: its first moments appear here as soon as they are made.")
        return
    if len(found) < 2:
        caption(
            "The course of this network’s training was not kept. The lesson’s convnet and your runs have theirs."
        )
        if st.button("Replay the lesson’s convnet", on_click=design.look_at, args=("pretrained:lesson",)):
            st.rerun()
        return
    if not are_here(shown.dataset):
        return
    with st.container(horizontal=True, vertical_alignment="center", key="replay_strip"):
        way = way_and_number(shown.dataset)
        names = shown.spec.layer_names
        layers = [name for name in names if kind_named(name).has_filters]
        layers = layers or [name for name in names if kind_named(name).has_units]
        layer = str(
            st.selectbox(
                "Layer",
                layers,
                key=f"replay_layer_{shown.spec.fingerprint}",
                label_visibility="collapsed",
                filter_mode=None,
                width=130,
            )
        )
        many = summarize(shown.spec)[names.index(layer)].output_shape[0]
        word = "filter" if kind_named(layer).has_filters else "unit"
        filter = st.selectbox(
            "Filter",
            list(range(many)),
            index=min(7, many - 1),
            format_func=lambda i: f"{word} {i}",
            key=f"replay_filter_{layer}_{many}",
            label_visibility="collapsed",
            width=130,
        )
    chosen = chosen_image(way, shown.dataset)
    if chosen is None:
        return
    book = shown.run_id or shown.weights_key
    try:
        tested = not accuracy
        with st.spinner(f"Looking into {count(len(found))} moments of the training …"):
            seen = frames(book, found, chosen, layer, int(filter))
            if tested:
                accuracy = {step: _accuracy_at(book, step, shown.dataset, load) for step, load in found}
    except StudentError as error:
        problem(error)
        return
    noun = dataset_of(shown.dataset).noun
    of = (
        f"{count(min(ASKED, len(state.images(shown.dataset, 'test'))))} test {noun}"
        if tested
        else f"all test {noun}"
    )
    draw_replay(seen, accuracy, of, chosen, state.classes_of(shown), layer, int(filter), book)


def draw_replay(
    seen: list[Frame],
    accuracy: dict[int, float],
    of: str,
    chosen: Chosen,
    classes: tuple[str, ...],
    layer: str,
    filter: int,
    book: str,
) -> None:
    so_far = [accuracy.get(frame.step, 0.0) for frame in seen]
    first, last = seen[0], seen[-1]
    before, after = classes[first.predicted], classes[last.predicted]
    answer(
        f"It began by reading {before} into {chosen.title}, and now reads **{after}**, "
        f"{probability(float(last.probabilities.max()))} sure."
    )
    strips = []
    if last.maps.ndim == 3:
        maps = _stack([f.map for f in seen])
        scale = "activation" if maps.min() >= 0 else "signed"
        strips.append(Strip(f"map {filter} of {layer}", contact_sheet(maps, scale, "shared"), 168))
        mosaics = np.stack([_mosaic(frame.maps.numpy()) for frame in seen])
        lowest = 0.0 if mosaics.min() >= 0 else -1.0
        scale = "activation" if lowest == 0 else "signed"
        strips.append(Strip(f"all {len(last.maps)} maps", contact_sheet(mosaics, scale, (lowest, 1.0)), 200))
    pictures = np.stack([(frame.picture.mean(0) * (not frame.dead)).numpy() for frame in seen])
    strips.append(Strip("what it looks for", contact_sheet(pictures, "grey", "own"), 168))
    if last.kernel is not None and last.kernel.ndim == 3:
        heaviest = int(last.kernel.abs().sum(dim=(1, 2)).argmax())
        words = "its kernel" if len(last.kernel) == 1 else f"its kernel over map {heaviest}"
        strips.append(
            Strip(words, contact_sheet(_stack([f.kernel[heaviest] for f in seen]), "signed", "shared"), 120)
        )
    captions = []
    for frame, right in zip(seen, so_far, strict=True):
        read = f"It reads {classes[frame.predicted]}, {probability(float(frame.probabilities.max()))} sure"
        told = f"; {percent(right)} of {of} right."
        silent = " Its filter finds nothing to look for yet." if frame.dead else ""
        captions.append(read + told + silent)
    flipbook(
        strips,
        key="replay",
        book=f"{book}/{chosen.key}/{layer}/{filter}",
        places=[f"step {count(frame.step)}" for frame in seen],
        unit="steps of training",
        captions=captions,
        curve=CurveLine(
            f"accuracy so far, % of {of}",
            [100 * a for a in so_far],
            f"step {count(first.step)}",
            f"step {count(last.step)}",
        ),
        start=len(seen) - 1,
        fps=5,
    )
    what_you_see(
        "Every picture shows the same filter at the same moment of its training. Early on the kernel is noise and the "
        "map a blur; watch when the map sharpens, and whether the accuracy jumps then."
    )


def _stack(maps: list) -> np.ndarray:
    return np.stack([one.numpy() for one in maps])


def _mosaic(maps: np.ndarray) -> np.ndarray:
    """(C, H, W) side by side in one picture, each stretched to its own largest value, with a line of 0 between."""
    channels, height, width = maps.shape
    across = int(np.ceil(np.sqrt(channels)))
    down = -(-channels // across)
    high = np.maximum(np.abs(maps).max(axis=(1, 2), keepdims=True), 1e-9)
    picture = np.zeros((down * (height + 1), across * (width + 1)), np.float32)
    for i, one in enumerate(maps / high):
        top, left = i // across * (height + 1), i % across * (width + 1)
        picture[top : top + height, left : left + width] = one
    return picture


# ---------------------------------------------------------------- the page

page_head("runs")
view = st.segmented_control(
    "View", ["Compare", "Replay"], default="Compare", required=True, key="runs_view", label_visibility="collapsed",
    bind="query-params",
)  # fmt: skip
if view == "Replay":
    st.fragment(play, run_every=3.0 if state.is_training() else None)()
else:
    st.session_state[_GOING_ON] = going_on()
    st.fragment(compare, run_every=2.0 if st.session_state[_GOING_ON] else None)()
    open_saved()
