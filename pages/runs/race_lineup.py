"""Who races: the line-up, how it is chosen, and how an address says it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import streamlit as st

from cnn_core.data import AugmentSpec, available
from cnn_core.data.sources import dataset_of
from cnn_core.data.splits import split_sizes
from cnn_core.errors import StudentError
from cnn_core.model import PRESETS, ModelSpec, preset_of
from cnn_core.training import EXAMPLES, RECIPES, Race, Racer, TrainSpec
from cnn_core.training.race import LEAST, MOST, read, shared_apart, written
from pages.runs import race_recipe, race_words
from pages.runs.rows import my_runs
from pages.ui.drawing.figure import mode
from pages.ui.drawing.palette import RUNS
from pages.ui.forms import make_link, recipe_address
from pages.ui.forms.recipe import data_sets
from pages.ui.frame import address
from pages.ui.visitor import design
from pages.ui.wording import refusals

USUAL = read("lesson~mlp")
OF_MY_RUNS = 8  # newest runs whose designs and recipes are offered
_LINE_UP = "race_lineup"  # the racers, as chosen
_LESSON = PRESETS["lesson"]
READY = {
    race_words.CONVNET_OR_MLP: USUAL,
    race_words.NORMALISED: read("lesson~modern"),
    race_words.OPTIMIZERS: tuple(
        Racer(_LESSON, recipe)
        for recipe in (
            RECIPES["lesson"],
            TrainSpec("adam", check_limits=False),
            TrainSpec("sgd", 0.01, momentum=0.9, check_limits=False),
        )
    ),
    race_words.RATES: tuple(
        Racer(_LESSON, TrainSpec(learning_rate=rate, check_limits=False)) for rate in (0.0001, 0.001, 0.01)
    ),
    race_words.CHANGES: (
        Racer(_LESSON, RECIPES["lesson"]),
        Racer(_LESSON, TrainSpec(augment=AugmentSpec.lesson(), check_limits=False)),
    ),
}


# ---------------------------------------------------------------- the address


def _read(text: str) -> tuple[Racer, ...] | None:
    with refusals.collect("race"):
        return read(text)
    return None


_PART = address.Part("race", _LINE_UP, USUAL, _read, written)


def _other_parts() -> tuple[address.Part, ...]:
    data = {key: key for key in _data_sets()}
    return (
        address.one_of("data", "race_dataset", data, "mnist"),
        address.whole("seed", "race_seed", 0, 2**31, 0),
        address.one_of("seeds", "race_three", {"3": True, "1": False}, False),
    )


def _data_sets() -> dict[str, str]:
    """{key: title} of the images that are here."""
    here = {key: title for key, title in data_sets().items() if available(key).is_usable}
    return here or {"mnist": dataset_of("mnist").title}


def _size_part() -> address.Part:
    most = images_of(dataset())
    return recipe_address.size(recipe_address.sizes(most), f"race_size_{most}")


def follow_address() -> None:
    """Take over what a link says of a race; what it does not say is as usual then."""
    parts = (_PART, *_other_parts())
    asked = address.follow(*parts)
    if asked:
        address.reset(*(part for part in parts if part.name not in asked))
    if not address.follow(_size_part()) and asked:
        address.reset(_size_part())


def tell_address() -> None:
    """Let the address say the race that is chosen."""
    address.tell(_PART, *_other_parts(), _size_part())


def leave_out() -> None:
    """Let the address say nothing of a race, in the other views."""
    for name in ("race", "data", "seed", "seeds", "images"):
        address.write(name, "")


# ---------------------------------------------------------------- what is chosen


def line_up() -> tuple[Racer, ...]:
    """The racers that are chosen."""
    racers: tuple[Racer, ...] = st.session_state.get(_LINE_UP, USUAL)
    return racers


def put(racers: tuple[Racer, ...]) -> None:
    """Choose these racers; for callbacks."""
    st.session_state[_LINE_UP] = racers


def dataset() -> str:
    """Key of the images that are chosen."""
    chosen = st.session_state.get("race_dataset", "mnist")
    return chosen if chosen in _data_sets() else next(iter(_data_sets()))


def images_of(key: str) -> int:
    """How many images of a data set there are to learn from."""
    return split_sizes(available(key).train or dataset_of(key).count("train"))[0]


def images() -> int:
    """How many each racer learns from."""
    most = images_of(dataset())
    return int(st.session_state.get(f"race_size_{most}", most))


def race() -> Race:
    """The race that is chosen. Raises StudentError where it is none."""
    most, size = images_of(dataset()), images()
    return Race(
        line_up(),
        dataset(),
        None if size == most else size,
        int(st.session_state.get("race_seed") or 0),
        3 if st.session_state.get("race_three") else 1,
    )


# ---------------------------------------------------------------- choosing it


def ask() -> None:
    """Draw the choice of racers: a line each, and ready races."""
    designs, recipes = _designs(), _recipes()
    for place, racer in enumerate(line_up()):
        _row(place, racer, designs, recipes)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="race_ready_row"):
        if len(line_up()) < MOST:
            st.button("Add another", key="race_add", icon=":material/add:", on_click=_add)
        for place, (label, racers) in enumerate(READY.items()):
            st.button(label, key=f"race_ready_{place}", type="tertiary", on_click=put, args=(racers,))


def _row(place: int, racer: Racer, designs: dict[str, ModelSpec], recipes: dict[str, TrainSpec]) -> None:
    """One racer: its design, its recipe, and the way out."""
    designs = designs if racer.spec.fingerprint in designs else designs | {racer.spec.fingerprint: racer.spec}
    mine, example = _key(racer.recipe), EXAMPLES.get(preset_of(racer.spec.to_dict()) or "")
    known = {_key(one): one for one in (*recipes.values(), *([example] if example else []), racer.recipe)}
    can_leave = len(line_up()) > LEAST
    columns = st.columns([4, 4, 3], vertical_alignment="bottom", gap="small")
    with columns[0]:
        _choice(f"Design {place + 1}", f"race_design_{place}", racer.spec.fingerprint,
                _told_apart(designs), _colour(place),
                lambda key: _change(place, Racer(designs[key], line_up()[place].recipe)))  # fmt: skip
    with columns[1]:
        _choice(f"Recipe {place + 1}", f"race_recipe_{place}", mine,
                {key: race_words.recipe_label(one) for key, one in known.items()}, "",
                lambda key: _change(place, Racer(line_up()[place].spec, known[key])))  # fmt: skip
    with columns[2], st.container(horizontal=True, gap="small"):
        race_recipe.tune(place, racer.recipe, lambda recipe: _change(place, Racer(racer.spec, recipe)))
        if can_leave:
            st.button(f"Leave out {place + 1}", key=f"race_remove_{place}", type="tertiary", on_click=_leave,
                      args=(place,))  # fmt: skip


def _choice(
    label: str, key: str, chosen: str, titles: dict[str, str], colour: str, take: Callable[[str], None]
) -> None:
    """A list whose choice is the line-up's, not its own.  take: is told a new choice."""
    st.session_state[key] = chosen
    st.selectbox(
        f"{colour}{label}",
        list(titles),
        format_func=lambda one: titles.get(one, one),
        key=key,
        filter_mode=None,
        on_change=lambda: take(st.session_state[key]),
    )


def _told_apart(designs: dict[str, ModelSpec]) -> dict[str, str]:
    """{key: title}: the names, and behind those that two have, how many parameters each has."""
    names = [spec.name for spec in designs.values()]
    return {
        key: spec.name if names.count(spec.name) == 1 else race_words.with_parameters(spec)
        for key, spec in designs.items()
    }


def _colour(place: int) -> str:
    return f':color[**━━**]{{foreground="{RUNS[mode()][place]}"}} '


def _designs() -> dict[str, ModelSpec]:
    """{fingerprint: design} of what can race: ours, the sidebar's, and those of the visitor's runs."""
    specs = list(PRESETS.values())
    with suppress(StudentError):
        inspected = design.inspect(design.shown()).spec
        specs += [inspected] if inspected is not None else []
    for run in my_runs(OF_MY_RUNS):
        with suppress(StudentError):  # one that this server can no longer read
            specs.append(run.spec)
    found: dict[str, ModelSpec] = {}
    for spec in specs:
        found.setdefault(spec.fingerprint, spec)
    return found


def _recipes() -> dict[str, TrainSpec]:
    """{key: recipe}: ours, the one on Train, those of ready races and of the visitor's runs."""
    on_train = make_link.recipe_of_train()
    recipes = [*RECIPES.values(), *([on_train] if on_train is not None else [])]
    recipes += [racer.recipe for racers in READY.values() for racer in racers]
    for run in my_runs(OF_MY_RUNS):
        with suppress(StudentError):
            recipes += [run.recipe] if run.has_recipe else []
    found: dict[str, TrainSpec] = {}
    for recipe in recipes:
        found.setdefault(_key(recipe), shared_apart(recipe))
    return found


def _key(recipe: TrainSpec) -> str:
    return repr(sorted(shared_apart(recipe).identity().items()))


def _change(place: int, racer: Racer) -> None:
    racers = list(line_up())
    racers[place] = racer
    put(tuple(racers))


def _add() -> None:
    """One more, of a design that does not race yet, with the recipe of the first."""
    racers = line_up()
    there = {racer.spec.fingerprint for racer in racers}
    spec = next(spec for spec in PRESETS.values() if spec.fingerprint not in there)
    put((*racers, Racer(spec, racers[0].recipe)))


def _leave(place: int) -> None:
    put(tuple(racer for other, racer in enumerate(line_up()) if other != place))


def ask_what_is_shared() -> None:
    """Draw the choice of what is the same for all: how many seeds, the images, their number, the first seed."""
    st.toggle(race_words.THREE_SEEDS, key="race_three", help=race_words.WHY_THREE, persist_state="session")
    with st.popover("Options", icon=":material/tune:", width="content"):
        _ask_images()
        st.session_state.setdefault("race_seed", 0)
        st.number_input("Seed of all", 0, 2**31, key="race_seed", persist_state="session")


def _ask_images() -> None:
    titles, most = _data_sets(), images_of(dataset())
    st.session_state["race_dataset"] = dataset()  # an own one may have been removed
    st.selectbox(
        "Data set",
        list(titles),
        format_func=lambda key: titles.get(key, key),
        key="race_dataset",
        filter_mode=None,
        persist_state="session",
    )
    st.session_state.setdefault(f"race_size_{most}", most)
    st.select_slider(
        "Images to learn from",
        recipe_address.sizes(most),
        format_func=lambda size: f"{size:,}",
        key=f"race_size_{most}",
        persist_state="session",
    )
