"""Two trainings, with random changes and without: what is to be trained, what it will cost, and starting it."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from cnn_core.data import DATASETS, AugmentSpec, available
from cnn_core.data.own.names import is_own
from cnn_core.data.sources import dataset_of
from cnn_core.data.splits import split_sizes
from cnn_core.errors import StudentError
from cnn_core.model import ModelSpec
from cnn_core.runs import submit_pair
from cnn_core.runs.expectation import expect
from cnn_core.training import RECIPES, TrainSpec, check_images
from pages.augmentation import pair_words
from pages.augmentation.pairs import choose_pair
from pages.ui.forms import choice
from pages.ui.visitor import design, server, who
from pages.ui.wording import no_room, refusals
from pages.ui.wording.blocks import caption, on_primary
from pages.ui.wording.numbers import count, plural


@dataclass(frozen=True)
class Order:
    """What is to be trained."""

    spec: ModelSpec
    recipe: TrainSpec
    augment: AugmentSpec
    dataset: str


# ---------------------------------------------------------------- asking


def ask_order(spec: ModelSpec, augment: AugmentSpec, dataset: str) -> Order:
    """Draw the recipe's few choices in the popover that is open.  dataset: to begin with."""
    kind = choice.one_of(
        "Recipe",
        {kind: f"{kind.title()}, {plural(RECIPES[kind].epochs, 'epoch')}" for kind in ("lesson", "fast")},
        "pair_recipe",
        is_labelled=True,
    )
    dataset = _ask_dataset(dataset, spec)
    size = _ask_size(dataset)
    seed = st.number_input("Seed of both", 0, 2**31, 0, key="pair_seed", persist_state="session")
    recipe = RECIPES[kind].replace(train_size=size, seed=int(seed or 0), check_limits=False)
    return Order(spec, recipe, augment, dataset)


def _ask_dataset(first: str, spec: ModelSpec) -> str:
    """Of those that are here and that the design is for."""
    here = [name for name in DATASETS if fits(spec, name) and available(name).is_usable]
    if not here or is_own(first):
        here = [first, *here]
    dataset = st.selectbox(
        "Data set",
        here,
        index=here.index(first) if first in here else 0,
        format_func=lambda name: dataset_of(name).title,
        key="pair_dataset",
        filter_mode=None,
        persist_state="session",
    )
    return str(dataset or first)


def fits(spec: ModelSpec, dataset: str) -> bool:
    """Whether a design is for the images and classes of a data set."""
    try:
        check_images(spec, dataset_of(dataset))
    except StudentError:
        return False
    return True


def _ask_size(dataset: str) -> int | None:
    """How many images to learn from; None for all."""
    images = _images_to_learn_from(dataset)
    sizes = [size for size in (1_000, 3_000, 10_000, 30_000) if size < images] + [images]
    size = st.select_slider(
        "Images to learn from",
        sizes,
        value=images,
        format_func=count,
        key=f"pair_size_{images}",
        help="With few images, made-up variety helps most.",
        persist_state="session",
    )
    return None if size is None or size == images else int(size)


def _images_to_learn_from(dataset: str) -> int:
    learn, _ = split_sizes(available(dataset).train or dataset_of(dataset).count("train"))
    return learn


# ---------------------------------------------------------------- starting


def start_pair_button(order: Order, busy: bool) -> None:
    """Draw the button that starts both, what they will cost, and what went wrong at the last click."""
    is_possible = not (order.augment.changes_nothing or busy)
    st.button(
        on_primary("Train with and without", is_possible),
        key="train_pair",
        type="primary",
        width="stretch",
        disabled=not is_possible,
        on_click=_start_pair,
        args=(order,),
    )
    caption(pair_words.SAME_NETWORK_TWICE if order.augment.changes_nothing else _price(order))
    refusals.draw("pair")
    if not busy:  # else it is said where both stand
        no_room.draw()


def _price(order: Order) -> str:
    learn = _images_to_learn_from(order.dataset)
    is_sample = available(order.dataset).state == "sample"
    once = expect(server.store(), order.spec, order.recipe, order.dataset, learn, is_sample).seconds
    images = min(learn, order.recipe.train_size or learn)
    return pair_words.price_of_both(order.recipe.epochs, images, dataset_of(order.dataset).noun, once)


def _start_pair(order: Order) -> None:
    with refusals.collect("pair"):
        pair = submit_pair(
            server.store(), order.spec, order.recipe, order.augment, order.dataset, who.visitor()
        )
        server.wake_runner()
        choose_pair(pair.key)


def start_one(order: Order) -> bool:
    """Start one training with these changes, and look at it. Whether it could be started."""
    augment = None if order.augment.changes_nothing else order.augment
    with refusals.collect("pair"):
        run_id = server.store().submit(
            order.spec,
            order.recipe.replace(augment=augment),
            order.dataset,
            who.visitor(),
            f"{order.spec.name}, with changes" if augment else None,
        )
        server.wake_runner()
        design.look_at(f"run:{run_id}")
        return True
    return False
