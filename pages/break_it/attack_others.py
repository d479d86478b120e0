"""Other networks at the same image: chosen from ours and the visitor's own, each attacked by its own gradient."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from cnn_core import pretrained
from cnn_core.errors import StudentError
from cnn_core.network_name import NetworkName
from cnn_core.runs.ids import is_run_id
from pages.break_it import attack_words as words
from pages.break_it.attack_asking import Asked
from pages.break_it.attack_trial import trial_of
from pages.ui.drawing.figure import mode
from pages.ui.drawing.palette import INK
from pages.ui.frame import address
from pages.ui.visitor import design, networks, server, who
from pages.ui.wording.blocks import caption

if TYPE_CHECKING:
    from cnn_core.insight import Trial
    from cnn_core.model import ModelSpec
    from pages.ui.forms.digit_input import ChosenImage
    from pages.ui.visitor.networks import LoadedNetwork

MOST, USUAL = 3, 2  # networks beside the one that is looked at
LOOKED_AT = 12  # of a visitor's newest runs
_NETS = "attack_nets"  # their names
_BETWEEN = "~"


def offered(network: LoadedNetwork) -> dict[str, str]:
    """{name: title} of the networks that may stand beside: for the same images, with as many classes."""
    specs: dict[str, ModelSpec] = {}
    titles: dict[str, str] = {}
    for name in pretrained.names() if network.dataset == "mnist" else ():
        specs[f"pretrained:{name}"] = spec = pretrained.card(name).spec
        titles[f"pretrained:{name}"] = spec.name
    for run in server.store().runs(owner=who.visitor(), limit=LOOKED_AT):
        with suppress(StudentError):  # one that this server can no longer read
            if run.kind == "training" and run.dataset == network.dataset and run.snapshots():
                specs[f"run:{run.id}"], titles[f"run:{run.id}"] = run.spec, run.name
    now, shape = design.looked_at(), (network.spec.input_shape, network.spec.classes)
    return {
        name: titles[name]
        for name, spec in specs.items()
        if name != now and (spec.input_shape, spec.classes) == shape
    }


def _usual(others: dict[str, str]) -> list[str]:
    return list(others)[:USUAL]


def _part(others: dict[str, str]) -> address.Part:
    """In an address they are called as on the page Runs: ours by their names, runs by their ids."""

    def read(text: str) -> list[str] | None:
        pieces = [piece for piece in text[:200].split(_BETWEEN) if piece]
        ours = {name: f"pretrained:{name}" for name in pretrained.names()}
        named = [ours.get(piece) or f"run:{piece}" for piece in pieces if piece in ours or is_run_id(piece)]
        return [name for name in dict.fromkeys(named) if name in others][:MOST] or None

    def write(names: Sequence[str]) -> str:
        return _BETWEEN.join(NetworkName.parse(name).name for name in names)

    return address.Part("nets", _NETS, _usual(others), read, write)


def ask(network: LoadedNetwork) -> list[LoadedNetwork]:
    """Draw the choice of other networks. Returns those that can be looked at."""
    others = offered(network)
    if not others:
        caption(words.NO_OTHERS)
        return []
    part = _part(others)
    address.follow(part)
    names = st.session_state.get(_NETS, part.standard)
    if _NETS not in st.session_state or not set(names) <= set(others):  # one was deleted, or is looked at now
        st.session_state[_NETS] = [name for name in names if name in others]
    chosen = st.multiselect(
        words.CHOOSE_NETS,
        list(others),
        format_func=others.__getitem__,
        key=_NETS,
        max_selections=MOST,
        help=words.CHOOSE_HELP,
        placeholder="None",
        persist_state="session",
    )
    address.tell(part)
    return list(_loaded(chosen))


def _loaded(names: Sequence[str]) -> Iterator[LoadedNetwork]:
    for name in names:
        with suppress(StudentError):  # deleted a moment ago
            yield networks.exactly(name)


def called(network: LoadedNetwork) -> str:
    """A network's name in a short list: of ours its design's, of the visitor's own its title."""
    return network.title if network.kind == "run" else network.spec.name


def side_by_side(trial: Trial, others: Sequence[tuple[str, Trial]], classes: Sequence[str], own: str) -> None:
    """Draw a bar for each network: how far it holds out at this image.

    others: (name, its trial of the same image).  own: the name of the one that is looked at.
    """
    rows = [(own, trial), *others]
    end = max(one.sizes[-1] for _, one in rows)
    st.html(
        "".join(_bar(name, one, classes, end, is_first=not place) for place, (name, one) in enumerate(rows))
    )


def trials(
    networks_beside: Sequence[LoadedNetwork], chosen: ChosenImage, label: int, asked: Asked
) -> list[tuple[str, Trial]]:
    """(name, trial) of each network at this image, without controls."""
    found = []
    for one in networks_beside:
        with suppress(StudentError):
            found.append((called(one), trial_of(one, chosen.image, label, asked, patterns=0)))
    return found


def _bar(name: str, trial: Trial, classes: Sequence[str], end: float, *, is_first: bool) -> str:
    text, muted, border, _ = INK[mode()]
    number, about = words.holds_out_until(trial, classes)
    far = trial.sizes[-1 if trial.smallest is None else trial.smallest]
    share = 0.0 if trial.is_misread else far / end
    color = text if is_first else muted
    return (
        f'<div style="border-top:1px solid {border};padding:7px 0 6px;font-size:14px;line-height:1.5">'
        f'<div style="display:flex;justify-content:space-between;gap:8px"><span>{escape(name)}</span>'
        f"<b>{escape(number)}</b></div>"
        f'<div style="height:8px;width:{100 * share:.1f}%;background:{color};margin:3px 0"></div>'
        f'<div style="color:{muted}">{escape(about)}</div></div>'
    )


def about_augmentation(all_of_them: Sequence[LoadedNetwork]) -> str:
    """What may be said of random changes and these networks; empty where there is nothing."""
    if any(one.weights_key == "pretrained:modern" for one in all_of_them):
        return words.MODERN_AND_AUGMENTATION
    for changed in all_of_them:
        for plain_one in all_of_them:
            if (
                plain_one.spec.fingerprint == changed.spec.fingerprint
                and _learnt_changed(changed)
                and _learnt_changed(plain_one) is False
            ):
                return words.same_design(called(plain_one), called(changed))
    return ""


def _learnt_changed(network: LoadedNetwork) -> bool | None:
    """Whether it learnt from images changed at random; None where nobody knows."""
    recipe = None
    with suppress(StudentError):
        if network.kind == "pretrained":
            recipe = pretrained.card(NetworkName.parse(network.weights_key).name).recipe
        elif network.run_id is not None and (run := server.store().run(network.run_id)).has_recipe:
            recipe = run.recipe
    return None if recipe is None else recipe.augment is not None and not recipe.augment.changes_nothing
