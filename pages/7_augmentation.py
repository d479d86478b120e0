"""Which changes leave a 7 a 7? Random changes of one digit, what a network reads each time, and whether they help."""

from __future__ import annotations

from typing import Any

import streamlit as st
import torch

from cnn_core import pretrained
from cnn_core.data import AugmentSpec, keras_line, torchvision_line
from cnn_core.data.augment_spec import FILL_MODES
from cnn_core.errors import StudentError
from cnn_core.insight import (
    Change,
    Reading,
    drawn,
    each_alone,
    largest_move,
    lies,
    read_changed,
    span,
    stays,
    through_range,
    walk,
    worth_dragging,
)
from cnn_core.insight.augment_evidence import PARAMETERS, Example
from cnn_core.runs import Pair
from pages.ui import design, state
from pages.ui.augment_settings import (
    FILLS,
    draw_again,
    draws_and_seed,
    kind_of_changes,
    seven_settings,
    shear_in_words,
    short_words,
    spec_of,
)
from pages.ui.digit_input import Chosen, article, chosen_image, way_and_number
from pages.ui.dragging import drag
from pages.ui.messages import (
    answer,
    caption,
    next_question,
    number,
    plural,
    probability,
    probability_tile,
    problem,
    shape_text,
    sheet_heading,
    signed,
    what_you_see,
)
from pages.ui.sheets import contact_sheet, sheet
from pages.ui.shell import ROOT, entry, page_head, require_shell
from pages.ui.with_and_without import (
    Order,
    outcome,
    pairs_of,
    progress,
    recipe_options,
    start_buttons,
    start_one,
)

require_shell()

STEPS = 61  # of a drag; odd, so that the middle is the untouched digit
ALONE = 6  # pictures for each setting alone: one row
LOOKS = {"draws": "Draws", "alone": "One alone", "fill": "Fill modes"}
DRAGGED = {
    "turn": ("turned", "°", 0),
    "right": ("shifted sideways", " px", 1),
    "up": ("shifted up or down", " px", 1),
    "shear": ("sheared", "°", 0),
    "zoom": ("zoomed", "", 2),
}
SETTINGS = {
    "rotation_range": "rotation",
    "width_shift_range": "width shift",
    "height_shift_range": "height shift",
    "shear_range": "shear",
    "zoom_range": "zoom",
    "horizontal_flip": "horizontal flip",
    "vertical_flip": "vertical flip",
}


# ---------------------------------------------------------------- what is computed, and kept


@st.cache_data(show_spinner=False, max_entries=96)
def readings(
    weights_key: str,
    image_key: str,
    changes: tuple[Change, ...],
    fill_mode: str,
    cval: float,
    _shown: Any,
    _image: Any,
) -> Reading:
    return read_changed(_shown.net, _image, changes, fill_mode, cval)


class Asked:
    """The network, the digit, and the class it ought to keep: what every view of this page asks about."""

    def __init__(self, shown: state.Shown, chosen: Chosen, spec: AugmentSpec) -> None:
        self.shown, self.chosen, self.spec = shown, chosen, spec
        self.classes = state.classes_of(shown)
        self.original = self.read((Change(),))
        # A drawing has no label: what counts is what the network takes the untouched one for.
        self.label = self.original.answers[0] if chosen.label is None else chosen.label

    def read(
        self, changes: tuple[Change, ...], fill_mode: str | None = None, chosen: Chosen | None = None
    ) -> Reading:
        one = chosen or self.chosen
        fill_mode = fill_mode or self.spec.fill_mode
        return readings(
            self.shown.weights_key, one.key, changes, fill_mode, self.spec.cval, self.shown, one.image
        )

    @property
    def a_digit(self) -> str:
        """ "a 7"."""
        return article(self.classes[self.label])


# ---------------------------------------------------------------- words


def degrees(value: float) -> str:
    return f"{signed(value, 0) if round(value) else '0'}°"


def lines_of(change: Change, spec: AugmentSpec) -> list[str]:
    """The parameters of one draw, as short as they fit below a tile: only what the settings draw."""
    lines = []
    if spec.rotation_range:
        lines.append(degrees(change.turn))
    if spec.width_shift_range or spec.height_shift_range:
        right, up = (signed(v, 0) if round(v) else "0" for v in (change.right, change.up))
        lines.append(f"{right} → {up} ↑")
    if spec.zoom_limits != (1, 1):
        lines.append(f"zoom {number(change.across, 1)}·{number(change.down, 1)}")
    if abs(change.shear) >= 0.5:
        lines.append(f"shear {degrees(change.shear)}")
    if change.mirrored or change.upside_down:
        lines.append(flipped(change))
    return lines


def flipped(change: Change) -> str:
    return {(True, False): "mirrored", (False, True): "upside down", (True, True): "flipped twice"}[
        change.mirrored, change.upside_down
    ]


def in_full(change: Change) -> str:
    """All parameters of one draw, for the tip and for those who cannot see it."""
    parts = [
        f"turned {degrees(change.turn)}",
        f"{signed(change.right, 1)} px right, {signed(change.up, 1)} px up",
    ]
    parts.append(f"zoom {number(change.across)} across, {number(change.down)} down")
    parts.append(f"shear {signed(change.shear, 1)}°")
    if change.mirrored or change.upside_down:
        parts.append(flipped(change))
    return ", ".join(parts)


def verdict(asked: Asked, reading: Reading, settings: str) -> str:
    """The answer in one line, counted."""
    if not asked.shown.trained:
        return "Nobody can tell from this network: it has not been trained."
    if asked.spec.changes_nothing:
        return "All of none: these settings change nothing. Turn one of them up."
    kept, of = reading.kept(asked.label), len(reading)
    judged = next(
        words
        for share, words in (
            (1.0, "All of these."),
            (0.85, "Nearly all."),
            (0.65, "Most of them."),
            (0.0, "Fewer than one hopes."),
        )
        if kept >= share * of
    )
    if kept == 0:
        judged = "None of these."
    told = f"{judged} With {settings} settings this network still reads **{kept} of {of}** draws as {asked.a_digit}."
    if asked.original.answers[0] != asked.label:
        said = article(asked.classes[asked.original.answers[0]])
        told += f" But it reads even the untouched one as {said}."
    return told


def taught(shown: state.Shown) -> AugmentSpec | None:
    """The random changes the network was trained with, or None."""
    try:
        if shown.kind == "run" and shown.run_id:
            return state.store().run(shown.run_id).recipe.augment
        if shown.kind == "pretrained":
            return pretrained.card(shown.weights_key.partition(":")[2]).recipe.augment
    except StudentError:
        pass
    return None


def recipe_known(shown: state.Shown) -> bool:
    try:
        return not shown.run_id or state.store().run(shown.run_id).has_recipe
    except StudentError:
        return False


def taught_words(shown: state.Shown, parameter: str) -> str:
    if not shown.trained:
        return "This network has not been trained."
    if not recipe_known(shown):
        return "How it was trained is not known: it was opened from a file."
    noun = {"turn": "turns", "right": "shifts", "up": "shifts", "shear": "shear", "zoom": "zoom"}[parameter]
    spec = taught(shown)
    low, high = span(spec, parameter) if spec else (0.0, 0.0)
    if low == high:
        return f"This network was trained without {noun}."
    return f"It was trained with {noun} from {place(parameter, low)} to {place(parameter, high)}."


def place(parameter: str, value: float) -> str:
    _, unit, decimals = DRAGGED[parameter]
    if parameter == "zoom":
        return number(value, 1)
    text = signed(value, decimals) if abs(value) >= 0.05 else "0"
    return text.removesuffix(".0") + unit


# ---------------------------------------------------------------- the sheets


def tiles(
    reading: Reading, asked: Asked, key: str, below: list[list[str]], with_original: bool = False
) -> None:
    """Draw changed digits: below each what is read, and lines of words; red where it is no longer the class it was."""
    images, answers, sure = reading.images, reading.answers, reading.certainty
    small = len(reading) > 40
    not_it = f"not {asked.a_digit}"
    captions, labels, wrong = [], [], set()
    if with_original:
        images = torch.cat([asked.chosen.image[None], images])
        first = [asked.a_digit]
        if asked.chosen.index is not None:
            first.append(f"test no. {asked.chosen.index}")
        captions.append(("original" if small else "the original", "\n".join(first)))
        labels.append(f"the original, {asked.chosen.title}")
    for i, (said, certainty, change) in enumerate(zip(answers, sure, reading.changes, strict=True)):
        name = asked.classes[said]
        words = [line.replace("zoom", "z") if small else line for line in below[i]]
        if said != asked.label:
            wrong.add(i + with_original)
            words[:1] = [
                f"{words[0]} · {not_it}" if words and not small else not_it,
                *(words[:1] if small else []),
            ]
        captions.append((f"{name} · {probability_tile(certainty)}", "\n".join(words)))
        labels.append(f"{in_full(change)}: read as {article(name)}, {probability(certainty)}")
    sheet(
        contact_sheet(images[:, 0].numpy(), "grey", (0.0, 1.0)),
        key=key,
        alt="The changed digit and what the network reads",
        tile_px=56 if small else 84,
        columns=8 if small else min(6, len(images)),
        captions=captions,
        labels=labels,
        wrong=wrong,
        clickable=False,
    )


def draws(asked: Asked, reading: Reading, seed: int) -> None:
    with st.container(gap="xsmall"):
        st.markdown(
            sheet_heading(
                f"{plural(len(reading), 'draw')}, sorted by their turn",
                *short_words(asked.spec),
                f"seed {seed}",
            )
        )
        below = [lines_of(change, asked.spec) for change in reading.changes]
        tiles(reading, asked, "augment_draws", below, with_original=True)
    zoom = " Zoom above 1 makes it smaller." if asked.spec.zoom_limits != (1, 1) else ""
    what_you_see(
        "Under each draw: what the network reads and how sure it is, then the turn in degrees (+ is to the left), the "
        f"shift in pixels, right and up, and the zoom of width and height.{zoom} Red: no longer read as "
        f"{asked.a_digit}. Where you would not read {asked.a_digit} either, the label has become a lie."
    )
    if asked.spec.shear_range:
        caption(shear_in_words(asked.spec))


def one_alone(asked: Asked) -> None:
    """Each setting from one end of its range to the other, with all others off."""
    alone = each_alone(asked.spec)
    if not alone:
        caption("Nothing is switched on. Choose the lesson’s settings, or turn one of your own up.")
    for name in alone:
        changes = tuple(through_range(asked.spec, name, ALONE))
        reading = asked.read(changes)
        moved = largest_move(changes)
        almost = ": almost nothing" if moved < 0.5 else ""
        value = getattr(asked.spec, name)
        value = (
            ""
            if isinstance(value, bool)
            else " to ".join(f"{v:g}" for v in value)
            if isinstance(value, tuple)
            else f"{value:g}"
        )
        with st.container(gap="xsmall"):
            st.markdown(
                sheet_heading(
                    f"{SETTINGS[name]} {value}".strip(),
                    f"still {asked.a_digit} in {reading.kept(asked.label)} of {len(reading)}",
                    f"moves a pixel by up to {number(moved, 2 if moved < 1 else 0)}{almost}",
                )
            )
            tiles(reading, asked, f"augment_{name}", [[alone_words(name, change)] for change in changes])
    what_you_see(
        "Each row is one setting from one end of its range to the other, with all others switched off. The row with "
        "the most red is the one this network minds."
    )


def alone_words(setting: str, change: Change) -> str:
    if setting in ("horizontal_flip", "vertical_flip"):
        return flipped(change)
    if setting == "shear_range":
        return f"{signed(change.shear, 2 if abs(change.shear) < 1 else 0)}°"
    if setting == "zoom_range":
        return number(change.across)
    parameter, value = {
        "rotation_range": ("turn", change.turn),
        "width_shift_range": ("right", change.right),
        "height_shift_range": ("up", change.up),
    }[setting]
    return place(parameter, value)


def fill_modes(asked: Asked, changes: tuple[Change, ...]) -> None:
    """The same draws, with what the picture leaves behind filled in each of four ways."""
    few = [i * (len(changes) - 1) // max(min(6, len(changes)) - 1, 1) for i in range(min(6, len(changes)))]
    for mode in FILL_MODES:
        reading = asked.read(changes, mode)
        title, _, what = FILLS[mode].partition(": ")
        now = "in use" if mode == asked.spec.fill_mode else ""
        kept = f"{reading.kept(asked.label)} of {len(reading)} still read as {asked.a_digit}"
        with st.container(gap="xsmall"):
            st.markdown(sheet_heading(title, what, kept, now))
            shown = reading.take(few)
            tiles(shown, asked, f"augment_fill_{mode}", [lines_of(c, asked.spec)[:1] for c in shown.changes])
    what_you_see(
        "The same draws four times; only what appears at the edges differs. A digit stands on black, so nearest and "
        "constant mostly agree, except where a stroke touches the edge and is drawn out. Reflect and wrap bring in "
        "pieces of the digit that were never there."
    )


# ---------------------------------------------------------------- one parameter, dragged


def dragged(asked: Asked) -> None:
    """Draw one parameter under a slider, from one end of its range to the other, and what it says."""
    parameter = str(
        st.selectbox(
            "What is dragged",
            list(PARAMETERS),
            format_func=lambda name: (
                f"Only {DRAGGED[name][0]}: is it {asked.a_digit}?" if name in DRAGGED else name
            ),
            key="dragged",
            label_visibility="collapsed",
            filter_mode=None,
            persist_state="session",
        )
        or "turn"
    )
    low, high = worth_dragging(asked.spec, parameter)
    changes = tuple(walk(parameter, low, high, STEPS))
    reading = asked.read(changes)
    values = [value_of(parameter, change) for change in changes]
    neutral = PARAMETERS[parameter][0]
    start = min(range(STEPS), key=lambda i: abs(values[i] - neutral))
    name = asked.classes[asked.label]
    words, wrong = [], set()
    for i, (said, sure) in enumerate(zip(reading.answers, reading.certainty, strict=True)):
        own = probability(float(reading.probabilities[i, asked.label]))
        told = f"read as {article(asked.classes[said])}, {probability(sure)}"
        if said != asked.label:
            wrong.add(i)
            told += f"; {name}: {own}"
        words.append((place(parameter, values[i]), told))
    least, most = span(asked.spec, parameter)
    band = [min(range(STEPS), key=lambda i: abs(values[i] - end)) for end in (least, most)]
    within = stays(reading, asked.label, start)
    if within is None:
        told = f"Even untouched, this network does not read it as {asked.a_digit}."
    elif within == (0, STEPS - 1):
        told = f"It stays {asked.a_digit} all the way."
    else:
        first, last = (place(parameter, values[i]) for i in within)
        told = f"It stays {asked.a_digit} from {first} to {last}."
    drag(
        contact_sheet(reading.images[:, 0].numpy(), "grey", (0.0, 1.0)),
        reading.probabilities[:, asked.label].tolist(),
        words,
        [(i, place(parameter, values[i])) for i in range(0, STEPS, (STEPS - 1) // 4)],
        key="augment_drag",
        of=parameter,
        start=start,
        band=(band[0], band[1]),
        wrong=wrong,
        unit=DRAGGED[parameter][0].capitalize(),
        alt=f"Probability of {name} against one change. {told}",
    )
    st.markdown(f"{told} {taught_words(asked.shown, parameter)}")
    if band[0] > 0 or band[1] < STEPS - 1:
        nothing = (
            "The present settings leave this one alone."
            if band[0] == band[1]
            else "Shaded: as far as the settings go."
        )
        caption(nothing)


def value_of(parameter: str, change: Change) -> float:
    return change.across if parameter == "zoom" else getattr(change, parameter)


# ---------------------------------------------------------------- where the label breaks

LIES = {
    "quarter": "Turned this far, a 6 lying on its back and a 9 lying on its face are one picture with two labels.",
    "half": "A 6 turned by 180° is a 9, and still carries the label 6.",
    "mirrored": "Every second image is mirrored. A mirrored 2 looks like a 5, and most mirrored digits are no digits.",
    "upside_down": "Every second image stands on its head: a 2 becomes a 5, a 4 or a 7 no digit at all.",
    "lost": "Shifted this far, half of the digit has left the picture.",
}


def where_the_label_breaks(asked: Asked) -> None:
    """Draw a warning for each way in which these settings make wrong labels, with the network's word on examples."""
    if asked.shown.dataset != "mnist" or asked.shown.spec.classes != 10:
        return
    found = lies(asked.spec, asked.label)
    if not found:
        return
    st.markdown("### Where the label becomes a lie")
    for lie in found:
        st.markdown(f":yellow[:material/warning:] {LIES[lie.kind]}")
        pictures = [(example, one) for example in lie.examples if (one := example_digit(example, asked))]
        read = [asked.read((example.change,), chosen=one) for example, one in pictures]
        if not read:
            continue
        answers = [reading.answers[0] for reading in read]
        sheet(
            contact_sheet(torch.cat([reading.images for reading in read])[:, 0].numpy(), "grey", (0.0, 1.0)),
            key=f"lie_{lie.kind}",
            alt=LIES[lie.kind],
            tile_px=84,
            columns=len(read),
            captions=[
                (
                    f"{asked.classes[reading.answers[0]]} · {probability_tile(reading.certainty[0])}",
                    f"{article(str(example.label))}, {told_short(example.change)}",
                )
                for (example, _), reading in zip(pictures, read, strict=True)
            ],
            labels=[f"{one.title}: {in_full(example.change)}" for example, one in pictures],
            wrong={
                i
                for i, (said, (example, _)) in enumerate(zip(answers, pictures, strict=True))
                if said != example.label
            },
            clickable=False,
        )
    caption(
        "Red: this network reads another digit than the label says. Trained on such pictures, it is told it is wrong."
    )


def told_short(change: Change) -> str:
    if change.turn:
        return f"turned {degrees(change.turn)}"
    return (
        flipped(change)
        if change.mirrored or change.upside_down
        else f"{signed(change.right, 0)} → {signed(change.up, 0)} ↑"
    )


def example_digit(example: Example, asked: Asked) -> Chosen | None:
    """The chosen digit where it is of that class, else the first test digit that is."""
    if asked.label == example.label:
        return asked.chosen
    test = state.images("mnist", "test")
    places = (test.labels == example.label).nonzero()
    if not len(places):
        return None
    index = int(places[0])
    return Chosen(
        test.images[index].float() / 255,
        f"mnist/{len(test)}/{index}",
        f"no. {index}, {article(str(example.label))}",
        example.label,
        index,
    )


# ---------------------------------------------------------------- code, training


def as_code(spec: AugmentSpec) -> None:
    st.markdown("### The same in your own code")
    keras, torchvision = st.tabs(["Keras", "torchvision"])
    with keras:
        st.code(keras_line(spec), language="python", wrap_lines=True)
        caption("The geometry of this page is Keras’s own, pixel for pixel.")
    with torchvision:
        st.code(torchvision_line(spec), language="python", wrap_lines=True)
        caption("Nearly the same: torchvision zooms both axes alike and shifts by whole pixels.")


def training(shown: state.Shown, spec: AugmentSpec, pairs: list[Pair]) -> None:
    """Draw what starts the two trainings, and how far they are.  pairs: the visitor's of this design."""
    busy = bool(pairs) and pairs[0].unfinished
    caption(
        "Does it help to learn from such pictures? Train the same network twice from one seed, with and without these "
        "changes, and compare both under turn and shift."
    )
    buttons = st.container()
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.popover("Recipe", icon=":material/tune:", width="content"):
            recipe, dataset = recipe_options(shown.dataset)
        order = Order(shown.spec, recipe, spec, dataset)
        alone = st.button(
            "Train with this", key="train_one", help="One run, with these changes. Opens the Train page."
        )
    with buttons:
        start_buttons(order, busy)
    if alone and start_one(order):
        st.switch_page(ROOT / entry("train").file)
    if pairs:
        progress(pairs[0])


# ---------------------------------------------------------------- the page


def begin_with_a_seven(dataset: str) -> None:
    """The question is about a 7: where no digit was chosen yet, choose one. (The sample does not begin with a 7.)"""
    if dataset == "mnist" and "digit" not in st.session_state and "digit_way" not in st.session_state:
        sevens = (state.images(dataset, "test").labels == 7).nonzero()
        st.session_state["digit"] = int(sevens[0]) if len(sevens) else 0


def page() -> None:
    shown = state.network()
    pairs = pairs_of(shown.spec)
    told = st.empty()
    with st.container(horizontal=True, vertical_alignment="center", key="augment_strip"):
        kind = kind_of_changes()
        spec = spec_of(kind, pairs[0].augment if pairs else None)
        look = st.segmented_control(
            "Look at",
            list(LOOKS),
            format_func=LOOKS.__getitem__,
            default="draws",
            required=True,
            key="look",
            label_visibility="collapsed",
            bind="query-params",
        )
        with st.popover("Seven settings", icon=":material/tune:", width="content"):
            seven_settings(spec)
            count, seed = draws_and_seed()
        st.space("stretch")
        st.button("Draw again", icon=":material/casino:", key="draw_again", on_click=draw_again)
    begin_with_a_seven(shown.dataset)
    with st.container(horizontal=True, vertical_alignment="center", key="augment_digit"):
        way = way_and_number(shown.dataset)
    if shown.note:
        caption(shown.note)
    left, right = st.columns([576, 292], gap="medium")
    with left:
        chosen = chosen_image(way, shown.dataset)
    if chosen is None:
        return
    if shown.spec.input_shape != tuple(chosen.image.shape):
        theirs, ours = shape_text(shown.spec.input_shape), shape_text(tuple(chosen.image.shape))
        problem(
            StudentError(
                f"This network takes images of {theirs}, and these are {ours}.", "Choose another one."
            )
        )
        return
    try:
        asked = Asked(shown, chosen, spec)
        changes = tuple(drawn(spec, count, chosen.image.shape[-2:], seed))
        reading = asked.read(changes)
    except (StudentError, RuntimeError) as error:  # a network for other images than ours
        problem(
            error if isinstance(error, StudentError) else StudentError("This network takes other images.")
        )
        return
    settings = {"lesson": "the lesson’s", "gentle": "the gentle", "own": "your own"}[kind]
    with told:
        answer(verdict(asked, reading, settings))
    with left:
        if look == "alone":
            one_alone(asked)
        elif look == "fill":
            fill_modes(asked, changes)
        else:
            draws(asked, reading, seed)
    with right:
        dragged(asked)
        training(shown, spec, pairs)
    where_the_label_breaks(asked)
    if pairs:
        outcome(pairs)
    as_code(spec)
    if not shown.trained:
        st.button("Look at the lesson’s convnet", on_click=design.look_at, args=("pretrained:lesson",))


page_head("augmentation")
page()
next_question("runs", "lays the two runs side by side.")
