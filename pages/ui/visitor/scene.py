"""The teacher's scene that the visitor is in, and what it forbids; how it is entered and left says `entering.py`.

The rules are the core's (`cnn_core/classroom/scene.py`), and so is whom a scene binds (`scenes.py`): a second tab, a
reload and an edited address change nothing. Here they meet the visitor's session: which widgets are held
(`frame/held.py`), and what callbacks may not do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from cnn_core.classroom import PAGES, PARTS, Bound, Scene, parts_of
from cnn_core.errors import StudentError
from pages.ui.frame import held
from pages.ui.frame.held import Held
from pages.ui.visitor import server, who

if TYPE_CHECKING:
    from cnn_core.training import TrainSpec

_PREVIEWED = (
    "scene_previewed"  # id of the scene that this frame shows to whoever makes one, and binds nobody by
)
_WANTED = "scene_wanted"  # id of the scene that the next class begins with
_REFUSED = "scene_refused"  # a StudentError to be said by the next run

# Widgets that an address says nothing of, or says by another way than a `Part`: part or action -> their keys.
WIDGETS: dict[str, tuple[str, ...]] = {
    "net": ("network-choice-*",),
    "layers": (
        *("preset-choice-*", "design-name-*", "add_layer", "clear_design", "undo", "remedy_*", "remark_*"),
        *("layer-*", "move_*", "remove_*", "fit_*", "use_this_design", "sprint_take"),
    ),
    "train": (
        "train",
        "train_*pair",
        "train_one",
        "already_again",
        "already_seed",
        "data_train",
        "extend",
        "go_on",
        "race_start",
    ),
    "dream": ("dream_start",),
    "open": ("open_network_file_*", "break_it_keep"),
    "convolution.kernel": ("convolution_edit*", "kernel_*"),
    "convolution.tab": ("convolution_tab",),
    "convolution.map": ("cat_*",),
    "one_step.stage": ("one-step-stage-*", "one_step_back", "one_step_play", "one_step_next"),
    "one_step.after": ("one-step-after-*",),
    "one_step.batch": ("one_step_others", "one_step_four"),
    "one_step.weight": (
        *(
            "one-step-layer-*",
            "one-step-filter-*",
            "one-step-kernel-*",
            "one-step-row-*",
            "one-step-column-*",
        ),
        *("one-step-unit-*", "one-step-input-*", "one_step_farthest"),
    ),
    "one_step.optimizer": ("one-step-optimiser-*", "one-step-faster-*"),
    "feature_maps.digit": ("digit", "digit_pad*"),
    "filters.filter": ("filters_layer", "filters_one_*"),
    "filters.grow": ("grow",),
    "break_it.cut": (
        "break_it_take_out",
        "break_it_put_back",
        "break_it_undo",
        "break_it_hold",
        "break_it_as_it_was",
        "break_it_prune",
        "break-it-*",
    ),
    "break_it.digit": ("digit", "digit_pad*", "attack_next"),
    "break_it.attack": ("attack_slider-*", "attack_where-*", "attack_patch_place", "attack_smallest"),
    "filters.digit": ("digit", "digit_pad*"),
    "deep_dream.photo": ("digit", "digit_pad*"),
    "augmentation.digit": ("digit", "digit_pad*"),
    "runs.compare": ("pick_*",),
    "runs.race": (
        *("race_design_*", "race_recipe_*", "race_add", "race_remove_*", "race_ready_*", "race_augment_*"),
        *("race_tune_*", "race_optimizer_*", "race_epochs_*", "race_learning_rate_*", "race_batch_size_*"),
    ),
    "runs.digit": ("digit", "digit_pad*"),
}
# What is chosen by a click and kept under a name of the page: part -> keys of the session.
CHOSEN = {
    "filters.filter": "filter",
    "feature_maps.pixel": "pixel",
    "runs.compare": "runs_chosen",
    "runs.race": "race_lineup",
}


def bound() -> Bound | None:
    """The scene that binds this visitor now, or that this frame previews; None where there is none."""
    binding = server.scenes().of(who.visitor())
    previewed = st.session_state.get(_PREVIEWED)
    if binding is not None or previewed is None:
        return binding  # a preview frees nobody
    try:
        return Bound(server.scenes().scene(previewed), previewed, may_leave=False)
    except StudentError:
        return None


def preview(scene_id: str) -> None:
    """Show this scene in this session alone. Raises StudentError where there is none."""
    server.scenes().scene(scene_id)
    st.session_state[_PREVIEWED] = scene_id


def is_preview() -> bool:
    """Whether this is the frame of a preview."""
    return _PREVIEWED in st.session_state and server.scenes().of(who.visitor()) is None


def _held(page: str) -> Held | None:
    """For `held.ask_by`."""
    try:
        server.check_settings()
    except StudentError:
        return None  # then no page is drawn, and nothing can be done: `at_start.check` says why
    if (now := bound()) is None:
        return None
    scene = now.scene
    texts = {
        text: (said, part)
        for part in scene.holds
        for text, said in scene.texts(page).items()
        if text in PARTS[part].texts and PARTS[part].page in (page, None)
    }
    keys = {
        key: part for part in scene.holds if PARTS[part].page in (page, None) for key in WIDGETS.get(part, ())
    }
    closed = frozenset(page for page in PAGES if not scene.opens(page))
    return Held(texts, keys, scene.holds, frozenset(scene.hidden), closed)


held.ask_by(_held)


# ---------------------------------------------------------------- what is asked of it


def refuses(part: str) -> bool:
    """Whether a part may not be changed, or an action not be done: then it is said. For what callbacks carry out."""
    try:
        check(part)
    except StudentError as error:
        refuse(error)
        return True
    return False


def check(part: str) -> None:
    """Raise StudentError where a part may not be changed, or an action not be done."""
    if (now := bound()) is not None:
        now.scene.check(part)


def holds(part: str) -> bool:
    """Whether a part stays as it is."""
    now = bound()
    return now is not None and part in now.scene.holds


def kept_recipe() -> TrainSpec | None:
    """The recipe that stays as it is, in the numbers that it had when the link was made; None where it is free."""
    now = bound()
    return now.scene.recipe if now is not None and "train.recipe" in now.scene.holds else None


def refuse(error: StudentError) -> None:
    """Let the next run say it."""
    st.session_state[_REFUSED] = error


def take_refused() -> StudentError | None:
    """What was refused since the last run, once: what was carried out, or a widget or an address that was changed."""
    error: StudentError | None = st.session_state.pop(_REFUSED, None)
    part = held.take_tried()
    if error is None and part is not None:
        try:
            check(part)
        except StudentError as said:
            return said
    return error


def check_page(page: str) -> None:
    """Raise StudentError where a page (its url_path) is not part of the scene."""
    if (now := bound()) is not None:
        now.scene.check_page(page)


def forget_choices(page: str) -> None:
    """Let a page (its url_path) begin as usual in what its widgets and clicks chose, beside what a `Part` says."""
    for part in parts_of(page):
        for key in (*WIDGETS.get(part.name, ()), CHOSEN.get(part.name)):
            if key is not None:
                st.session_state.pop(key, None)


# ---------------------------------------------------------------- the teacher's class


def of_my_class() -> Scene | None:
    """The scene that this teacher has set for all of their class; None where there is none."""
    seat = server.classes().seat(who.visitor())
    if seat is None or not seat.is_teacher or not seat.is_open:
        return None
    shown = seat.classroom.shows.get("scene")
    try:
        return server.scenes().scene(shown["id"]) if isinstance(shown, dict) else None
    except (StudentError, KeyError):
        return None


def end_for_class() -> None:
    """Take the scene of the class away; for a callback."""
    try:
        server.scenes().show_class(who.visitor(), None)
    except StudentError as error:
        refuse(error)


def want_for_class(scene_id: str) -> None:
    """The class that this visitor opens next begins with this scene; for a callback."""
    st.session_state[_WANTED] = scene_id


def wanted_for_class() -> str | None:
    """The scene that the next class begins with."""
    return st.session_state.get(_WANTED)


def wanted_title() -> str | None:
    """What that scene is called."""
    scene_id = wanted_for_class()
    try:
        return None if scene_id is None else server.scenes().scene(scene_id).title
    except StudentError:
        return None


def begin_class() -> None:
    """Set the scene that was wanted for the class that has just been opened. Raises StudentError."""
    if (scene_id := st.session_state.pop(_WANTED, None)) is not None:
        server.scenes().show_class(who.visitor(), scene_id)
