"""Two trainings side by side, with random changes and without: started, watched, and compared under turn and shift."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from cnn_core.data import DATASETS, AugmentSpec, available
from cnn_core.data.sources import dataset_of
from cnn_core.data.splits import split_sizes
from cnn_core.errors import StudentError
from cnn_core.runs import Gain, Pair, Run, find_pairs, gain, submit_pair
from cnn_core.runs.expectation import expect
from cnn_core.training import CHANGES, RECIPES, TrainSpec, accuracy_under
from pages.ui.drawing.evaluation_charts import NAMES, two_curves
from pages.ui.drawing.figure import mode, show
from pages.ui.forms.augment_settings import short_words
from pages.ui.visitor import design, networks, server, who
from pages.ui.wording.blocks import caption, on_primary, plain, problem, small, what_you_see
from pages.ui.wording.numbers import about, count, duration, percent, plural, points
from pages.ui.wording.run_states import failed, interrupted, paused, queued, running, stopped

if TYPE_CHECKING:
    from cnn_core.model import ModelSpec

ASKED = 2_000  # test images behind each point of the curves
_CHOSEN = "pair_chosen"  # the key of the pair that is looked at, where there are several
_PROBLEM = "pair_problem"  # a StudentError of the last click, shown once
_STATE = "pair_state"  # (key, unfinished) at the last tick


@dataclass(frozen=True)
class Order:
    """What is to be trained twice."""

    spec: ModelSpec
    recipe: TrainSpec
    augment: AugmentSpec
    dataset: str


# ---------------------------------------------------------------- asking and starting


def recipe_options(dataset: str) -> tuple[TrainSpec, str]:
    """Draw the recipe's few choices in the popover that is open. Returns (recipe, data set)."""
    kept = {"persist_state": "session"}
    kind = st.segmented_control(
        "Recipe",
        ["lesson", "fast"],
        format_func=lambda key: f"{key.title()}, {plural(RECIPES[key].epochs, 'epoch')}",
        default="lesson",
        required=True,
        key="pair_recipe",
        **kept,
    )
    here = [name for name in DATASETS if available(name).state not in ("missing", "damaged")] or [dataset]
    chosen = st.selectbox(
        "Data set",
        here,
        index=here.index(dataset) if dataset in here else 0,
        format_func=DATASETS.get,
        key="pair_dataset",
        filter_mode=None,
        **kept,
    )
    dataset = str(chosen or dataset)
    images = split_sizes(available(dataset).train or 60_000)[0]
    sizes = [size for size in (1_000, 3_000, 10_000, 30_000) if size < images] + [images]
    size = st.select_slider(
        "Images to learn from",
        sizes,
        value=images,
        format_func=count,
        key=f"pair_size_{images}",
        help="With few images, made-up variety helps most.",
        **kept,
    )
    seed = st.number_input("Seed of both", 0, 2**31, 0, key="pair_seed", **kept)
    recipe = RECIPES[str(kind or "lesson")]
    size = None if size is None or size == images else int(size)
    return recipe.replace(train_size=size, seed=int(seed or 0)), dataset


def start_buttons(order: Order, busy: bool) -> None:
    """Draw the two buttons, what they will cost, and what went wrong at the last click."""
    st.button(
        on_primary("Train with and without"),
        key="train_pair",
        type="primary",
        width="stretch",
        disabled=order.augment.changes_nothing or busy,
        on_click=_start_pair,
        args=(order,),
    )
    learn, _ = split_sizes(available(order.dataset).train or 60_000)
    is_sample = available(order.dataset).state == "sample"
    once = expect(server.store(), order.spec, order.recipe, order.dataset, learn, is_sample).seconds
    images = count(min(learn, order.recipe.train_size or learn))
    noun = dataset_of(order.dataset).noun
    if order.augment.changes_nothing:
        caption("These settings change nothing: both networks would be the same.")
    else:
        caption(
            f"Two runs of {plural(order.recipe.epochs, 'epoch')} over {images} {noun}, {about(2 * once)}. "
            "You may leave this page."
        )
    if error := st.session_state.pop(_PROBLEM, None):
        problem(error)


def _start_pair(order: Order) -> None:
    try:
        pair = submit_pair(
            server.store(), order.spec, order.recipe, order.augment, order.dataset, who.visitor()
        )
        server.wake_runner()
    except StudentError as error:
        st.session_state[_PROBLEM] = error
        return
    st.session_state[_CHOSEN] = pair.key


def start_one(order: Order) -> bool:
    """Start one training with these changes, and look at it. Whether it could be started."""
    augment = None if order.augment.changes_nothing else order.augment
    try:
        run_id = server.store().submit(
            order.spec,
            order.recipe.replace(augment=augment),
            order.dataset,
            who.visitor(),
            f"{order.spec.name}, with changes" if augment else None,
        )
        server.wake_runner()
    except StudentError as error:
        st.session_state[_PROBLEM] = error
        return False
    design.look_at(f"run:{run_id}")
    return True


# ---------------------------------------------------------------- watching


def pairs_of(spec: ModelSpec) -> list[Pair]:
    """The visitor's pairs of this design, the chosen one first; found in the store, so they outlive everything here."""
    found = find_pairs(server.store(), who.visitor(), spec)
    chosen = st.session_state.get(_CHOSEN)
    return sorted(found, key=lambda pair: pair.key != chosen)


def progress(pair: Pair) -> None:
    """Draw where both runs stand, anew each second while one of them goes on."""
    st.fragment(_progress, run_every=1.0 if pair.unfinished else None)(pair)


def _progress(pair: Pair) -> None:
    store, owner = server.store(), who.visitor()
    try:
        pair = Pair(*(store.run(run.id) for run in pair.runs))
        states = [run.status for run in pair.runs]
        if pair.unfinished:
            store.seen(owner)
            server.wake_runner()
        with st.container(gap="xsmall"):
            for name, run, status in zip(NAMES, pair.runs, states, strict=True):
                st.markdown(f"**{name.capitalize()}** {small(_words(run))}")
                if status.unfinished:
                    st.progress(min(1.0, status.epoch / max(run.recipe.epochs, 1)))
        if pair.finished:
            caption("What came of it stands below, under “With and without”.")
        if pair.unfinished:
            st.button("Stop both", key="stop_pair", icon=":material/stop:", on_click=_stop, args=(pair,))
    except StudentError as error:  # deleted in another tab
        problem(error)
        return
    # The last tick draws the page once more: without a timer, and with the curves.
    before = st.session_state.get(_STATE)
    st.session_state[_STATE] = (pair.key, pair.unfinished)
    if before == (pair.key, True) and not pair.unfinished:
        st.rerun()


def _words(run: Run) -> str:
    status, store = run.status, server.store()
    if status.state == "queued":
        wait = store.expected_wait(run.id)
        return queued(store.place(run.id), wait if wait and wait >= 1 else None)
    if status.state == "running":
        return running(status.images_per_second or None, status.eta)
    if status.state == "paused":
        return paused(status.epoch)
    if status.state == "stopped":
        return stopped(status.epoch)
    if status.state == "interrupted":
        return plain(status.reason) or interrupted(int(status.saved_epoch) + 1)
    if status.state == "failed":
        return f":red[{plain(failed(status.epoch, status.reason))}]"
    result = status.result or {}
    reached = (
        f"{percent(result['accuracy'])} of {count(result['count'])} test images" if result else "Finished"
    )
    return f"{reached}, in {duration(status.seconds)}"


def _stop(pair: Pair) -> None:
    for run in pair.runs:
        try:
            if run.status.unfinished:
                server.store().control(run.id, who.visitor(), "stop")
        except StudentError as error:
            st.session_state[_PROBLEM] = error


# ---------------------------------------------------------------- what came out


@st.cache_data(show_spinner=False, max_entries=64)
def accuracy_curve(weights_key: str, dataset: str, size: int, change: str, _shown: Any) -> list[float]:
    """Accuracy at each strength of CHANGES, on the first 2,000 test images."""
    return accuracy_under(_shown.net, server.images(dataset, "test").take(ASKED), change)


def outcome(pairs: Sequence[Pair]) -> None:
    """Draw what the first pair brought: two curves under turn and under shift, and a sentence on each."""
    pair = pairs[0]
    st.markdown("### With and without")
    if len(pairs) > 1:
        titles = {other.key: pair_title(other) for other in pairs}
        st.selectbox(
            "Which pair",
            list(titles),
            format_func=lambda key: titles.get(key, key),
            key=f"{_CHOSEN}_{pair.key}",
            label_visibility="collapsed",
            filter_mode=None,
            on_change=lambda: st.session_state.update({_CHOSEN: st.session_state[f"{_CHOSEN}_{pair.key}"]}),
        )
    if pair.unfinished:
        caption("Both networks are asked about turned and shifted digits as soon as they have learnt.")
        return
    if not pair.finished:
        caption(
            "One of the two was not trained to its end, so there is nothing to compare. Start them again."
        )
        return
    try:
        test = server.images(pair.augmented.dataset, "test")
        shown = [networks.named(f"run:{run.id}") for run in pair.runs]
    except StudentError as error:
        problem(error)
        return
    asked, gains = min(ASKED, len(test)), {}
    told = st.empty()
    columns = st.columns(2, gap="medium")
    with st.spinner(f"Asking both about {count(asked)} changed digits …"):
        for column, change in zip(columns, ("rotation", "shift"), strict=True):
            strengths, unit = CHANGES[change]
            curves = [
                accuracy_curve(one.weights_key, pair.augmented.dataset, len(test), change, one)
                for one in shown
            ]
            gains[change] = gain(strengths, curves[0], curves[1], asked)
            with column:
                words = {"rotation": "Turned", "shift": "Shifted"}[change]
                st.markdown(f"**{words}** :gray[accuracy on {count(asked)} test images]")
                show(
                    two_curves(strengths, curves, unit, 1 / pair.augmented.spec.classes, mode()),
                    key=f"pair_{change}",
                    alt=f"{words}: accuracy with and without augmentation. {in_words(change, gains[change])}",
                )
    with told:
        lines = [in_words(change, found) for change, found in gains.items()]
        st.markdown("  \n".join([*lines, price_in_words(gains["rotation"])]))
    what_you_see(
        f"Same design, same seed, {plural(pair.plain.recipe.epochs, 'epoch')}, one difference: one of them saw every "
        f"image changed ({', '.join(short_words(pair.augment))}). At the left end nothing is changed, and a gap "
        "there is the price."
    )


def pair_title(pair: Pair) -> str:
    """What tells this pair from the visitor's others of the same design."""
    recipe = pair.plain.recipe
    size = f"{count(recipe.train_size)} images" if recipe.train_size else "all images"
    which = next(
        (key for key, known in RECIPES.items() if recipe.optimizer == known.optimizer), recipe.optimizer
    )
    return f"{', '.join(short_words(pair.augment))} · {size}, {which} recipe, seed {recipe.seed}"


def in_words(change: str, found: Gain) -> str:
    """Where augmentation helped most under "rotation" or "shift", in a sentence of Markdown."""
    best = found.best
    by = f"{best.strength:g}°" if change == "rotation" else plural(round(best.strength), "pixel")
    where = f"{'Turned' if change == 'rotation' else 'Shifted'} by {by}"
    numbers = f"{percent(best.augmented)} with changes, {percent(best.plain)} without"
    if best.is_chance:
        return f"{where}: {numbers}, **no difference** that could not be chance."
    if best.difference < 0:
        return f"{where}, where it lost least: {numbers}, **{points(best.difference)}**."
    return f"{where}: {numbers}, **{points(best.difference)}**."


def price_in_words(found: Gain) -> str:
    """What augmentation did to images that nobody changed, in a sentence or two of Markdown."""
    untouched = found.untouched
    words = f"Untouched: {percent(untouched.augmented)} with changes, {percent(untouched.plain)} without"
    if untouched.is_chance:
        return f"{words}, which could be chance."
    words += f", **{points(untouched.difference)}**."
    if untouched.difference > -0.05:
        return words
    return f"{words} So many changes at once take longer to learn: give it more images, more epochs, or gentler ones."
