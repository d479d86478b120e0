"""Is it learning? Start a training, watch it, stop it, change its rate. It goes on when the page is left.

The page reads the run store and writes wishes into it; the training itself is done by a worker process.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnn_core.data import available, fetch_in_background
from cnn_core.data.network import recent_failure
from cnn_core.data.sources import dataset_of
from cnn_core.errors import StudentError
from cnn_core.model import ModelSpec, inspect_draft
from cnn_core.runs import Run, ensure_runner
from cnn_core.runs.expectation import expect, split_sizes
from cnn_core.runs.history import Curve
from cnn_core.settings import settings
from cnn_core.training import RECIPES
from pages.ui import design, state
from pages.ui.charts import loss_and_accuracy, mode, show
from pages.ui.diagram import network_diagram
from pages.ui.messages import (
    about,
    answer,
    caption,
    count,
    duration,
    epochs,
    failed,
    finished,
    interrupted,
    next_question,
    on_primary,
    paused,
    percent,
    plain,
    plural,
    points,
    probability_tile,
    problem,
    queued,
    running,
    small,
    stopped,
    what_you_see,
)
from pages.ui.recipe import RATES, Choice, data_set_and_recipe
from pages.ui.sheets import Sheet, contact_sheet, sheet
from pages.ui.shell import board_places, board_style, page_head, require_shell
from pages.ui.sidebar import TOLD, run_label

require_shell()

_PROBLEM = "train_problem"  # a StudentError of the last click, shown once
MAIN, SIDE = 576, 292


def watched() -> Run | None:
    """The run that the sidebar looks at, or None where it looks at something else."""
    kind, _, run_id = design.looked_at().partition(":")
    if kind != "run":
        return None
    try:
        return state.store().run(run_id)
    except StudentError as error:
        problem(error)
        return None


def last_problem() -> None:
    if error := st.session_state.pop(_PROBLEM, None):
        problem(error)


# ---------------------------------------------------------------- before


def before() -> None:
    """Ask what to train and how; say what to expect; start."""
    inspected = inspect_draft(_draft())
    spec = inspected.spec
    shown_answer = st.empty()
    with st.container(horizontal=True, vertical_alignment="center", key="train_strip"):
        choice = data_set_and_recipe()
        st.space("stretch")
        data = available(choice.dataset)
        absent = data.state == "damaged" or (data.state == "missing" and cannot_be_had(choice.dataset))
        possible = spec is not None and choice.problem is None and not absent
        st.button(
            on_primary("Train"),
            key="train",
            type="primary",
            icon=":material/play_arrow:",
            disabled=not possible,
            on_click=_start,
            args=(spec, choice),
        )
    last_problem()
    if choice.problem:
        problem(choice.problem)
    with shown_answer:
        answer(_nothing_yet())
    left, right = st.columns([MAIN, SIDE], gap="medium")
    with left:
        if spec is None:
            problem(inspected.problem or StudentError("This network cannot be trained."))
            caption("The sidebar shows where, and offers a way out.")
        else:
            show(
                network_diagram(spec, mode()),
                key="train_diagram",
                alt=f"The layers of {spec.name}, drawn to scale",
            )
            what_you_see(
                "Each block is what one layer makes of the digit: as high as its maps, as wide as it has many. "
                "The maps shrink while their number grows."
            )
    with right:
        if spec is not None and choice.problem is None:
            _expectation(spec, choice)


def _draft() -> dict:
    try:
        return design.shown()
    except StudentError:
        return design.lesson()


def _nothing_yet() -> str:
    mine = state.store().runs(owner=state.visitor(), limit=1)
    if not mine:
        return "Not yet: you have trained nothing so far. Choose a network in the sidebar and a recipe here."
    return "This network is not in training. Press Train, or choose one of your runs in the sidebar."


def _expectation(spec: ModelSpec, choice: Choice) -> None:
    data = available(choice.dataset)
    noun = dataset_of(choice.dataset).noun
    if data.state == "missing" or _could_be_fetched(data.state, choice.dataset):
        _fetch(choice.dataset)
    if data.state == "missing" and cannot_be_had(choice.dataset):
        return
    learn, keep = split_sizes(data.train or 60_000)
    expected = expect(state.store(), spec, choice.recipe, choice.dataset, learn, data.state == "sample")
    st.markdown("**What to expect**")
    st.metric("Time on this machine", about(expected.seconds).removeprefix("about "))
    if expected.accuracy is None:
        caption(f"How many {noun} it will read nobody knows: {expected.why}.")
    else:
        st.metric(
            f"Accuracy on test {noun}", f"{100 * expected.accuracy:.{0 if data.state == 'sample' else 1}f} %"
        )
        caption(f"This is {expected.why}.")
    used = min(learn, choice.recipe.train_size or learn)
    caption(
        f"It learns from {count(used)} {noun}, {choice.recipe.epochs} times over. {count(keep)} are kept aside to "
        f"see whether it understands or only remembers, and {count(data.test or 10_000)} more are read at the end."
    )
    if data.state == "sample":
        st.markdown(f":yellow[:material/cloud_off:] {small(plain(data.source))}")
    elif data.state == "damaged":
        problem(StudentError(data.source))


def _could_be_fetched(state_of_data: str, dataset: str) -> bool:
    """Whether the digits that came with us stand in for all of them, and nobody has found yet that it must be so."""
    return state_of_data == "sample" and not settings().offline and not recent_failure(dataset)


def cannot_be_had(dataset: str) -> bool:
    """Whether it was tried to fetch a data set, and nothing came of it."""
    return settings().offline or bool(recent_failure(dataset))


def _fetch(dataset: str) -> None:
    """A data set that is not here yet: fetched while the visitor reads."""
    going_on = fetch_in_background(dataset).state == "running"
    st.fragment(_fetching, run_every=1.0 if going_on else None)(dataset, going_on)


def _fetching(dataset: str, went_on: bool) -> None:
    fetch = fetch_in_background(dataset)
    if fetch.state == "running":
        st.progress(fetch.fraction, text=fetch.message)
    elif went_on:
        st.rerun()
    elif available(dataset).state == "missing":
        folder = dataset_of(dataset).folder
        hint = f"Choose MNIST, or put its four files into the data folder, under {folder}/raw."
        problem(StudentError(fetch.message, hint=hint))
        st.button(
            "Try again", icon=":material/refresh:", key="fetch_again", on_click=_fetch_again, args=(dataset,)
        )


def _fetch_again(dataset: str) -> None:
    fetch_in_background(dataset, again=True)


def _start(spec: ModelSpec, choice: Choice) -> None:
    try:
        run_id = state.store().submit(spec, choice.recipe, choice.dataset, owner=state.visitor())
        ensure_runner(state.store())
    except StudentError as error:
        st.session_state[_PROBLEM] = error
        return
    design.look_at(f"run:{run_id}")


# ---------------------------------------------------------------- during and after


def during(run: Run) -> None:
    """A run: its strip, its curves, its number, twelve digits. What moves is drawn anew each second."""
    status = run.status
    verdict = st.empty()  # above the strip, which stays as it is from second to second
    st.fragment(_strip)(run)
    board_style("run_board", second="left")
    live = st.fragment(_live, run_every=1.0 if status.unfinished else None)
    learnt, kept = split_sizes(available(run.dataset).train or 60_000)
    live(run, status.state, verdict, learnt, kept)
    next_question("feature-maps", "opens this very network, also while it trains.")


def _at_once(run: Run) -> Run:
    """The run as it stands now; where it was deleted in another tab, the page begins anew."""
    if not run.folder.is_dir():
        st.rerun()
    return run.at_once()


def _live(watched: Run, state_before: str, verdict: DeltaGenerator, learnt: int, kept: int) -> None:
    """learnt, kept: how many images the data set has to learn from, and how many of it are kept aside."""
    run = _at_once(watched)
    status = run.status
    mine = run.is_owner(state.visitor())
    if mine and status.unfinished:
        state.store().seen(state.visitor())
        if status.state == "queued":
            state.store().mend(watched)
        ensure_runner(state.store())
    with verdict:
        answer(_verdict(run, kept))
    top, left, below = board_places("run_board")
    with left:
        if not run.has_recipe:
            _design_of(run)
        else:
            _curves(run, images=min(learnt, run.recipe.train_size or learnt))
    with top:
        _number(run)
    with below:
        _twelve(run)
    # A change of state has to reach the strip and the sidebar too; with the last one the timer goes away.
    if status.state != state_before or _is_told_otherwise(run, mine) or _shows_another_rate(run):
        st.rerun()


def _is_told_otherwise(run: Run, mine: bool) -> bool:
    """Whether the sidebar says something else of this run than what is true now."""
    return mine and st.session_state.get(TOLD) != run_label(run)


def _shows_another_rate(run: Run) -> bool:
    """Whether the strip shows a learning rate that was changed since, in another tab."""
    rate = _rate_now(run)
    return st.session_state.get(f"rate_{run.id}", rate) != rate


def _design_of(run: Run) -> None:
    show(
        network_diagram(run.spec, mode()),
        key="opened_diagram",
        alt=f"The layers of {run.spec.name}, drawn to scale",
    )
    caption(
        "Its curves begin here when it is trained on, from the weights it came with: press “2 epochs more”."
    )


def _curves(run: Run, images: int) -> None:
    """images: in one epoch."""
    show(
        loss_and_accuracy(run.history(), run.recipe.epochs, mode(), dataset=run.dataset, images=images),
        key=f"curves_{run.id}",
        alt="Accuracy and loss of training and validation, against epochs",
    )
    what_you_see(
        "The violet line is measured on the images being learnt, the amber one on images kept aside. While both "
        "losses fall it learns; when amber turns up and violet goes on falling, it has begun to memorise."
    )


def _verdict(run: Run, kept: int) -> str:
    """The answer in one line, from the last validation; with a second one where the first could mislead.

    kept: how many images were kept aside.
    """
    line = _answer(run, kept)
    return f"{line}\n\n{small(_YOUNG_AVERAGES)}" if _averages_settle(run) else line


_YOUNG_AVERAGES = (
    "Batch normalisation: for about its first 300 steps the network reads new images by averages that still remember "
    "the beginning, so the amber line lags behind the violet one."
)


def _answer(run: Run, kept: int) -> str:
    status, curve, noun = run.status, run.history().validation, dataset_of(run.dataset).noun
    if status.state == "queued":
        return "Not yet: it waits for its turn."
    result = status.result or {}
    if status.state == "finished" and "accuracy" in result and "count" in result:
        if not run.has_recipe:
            read = f"**{percent(result['accuracy'])}** of {count(result['count'])} test {noun}"
            return f"It was trained elsewhere, and reads {read}."
        return finished(result["accuracy"], result["count"], status.seconds).replace(
            "test digits", f"test {noun}"
        )
    if not curve.accuracy:
        return _without_curve(run)
    done, accuracy = curve.epoch[-1], curve.accuracy[-1]
    chance = 1 / run.spec.classes
    so_far = f"After {epochs(done)} of {plural(run.recipe.epochs, 'epoch')} it reads **{percent(accuracy)}**"
    never = (
        f" of {count(kept)} {noun} it has never been shown."
        if kept
        else f" of {noun} it has never been shown."
    )
    if accuracy > 3 * chance:
        return f"Yes. {so_far}{never}"
    if done < 0.3:
        return f"It has just begun. {so_far}{never}"
    return f"Hardly. {so_far}{never} Guessing gives {percent(chance)}."


def _averages_settle(run: Run) -> bool:
    """Whether a network with batch normalisation reads worse than it has learnt, because its moving averages are young.

    They follow by 1 % a step (Keras's momentum 0.99), so after 300 steps 5 % of the beginning are left.
    """
    history, status = run.history(), run.status
    if not status.unfinished or not 0 < status.step < 500:
        return False
    if not any(layer.keeps_averages for layer in run.spec.layers):
        return False
    learnt, read = history.train.accuracy[-1:], history.validation.accuracy[-1:]
    return not learnt or not read or read[0] < learnt[0] - 0.05


def _without_curve(run: Run) -> str:
    status = run.status
    if status.state == "finished":
        return "Nobody here can tell: its training happened elsewhere."
    return "It is about to begin." if status.state == "running" else "It has not begun."


def _strip(run: Run) -> None:
    """What it is, and what its owner can do to it."""
    run = _at_once(run)
    mine = run.is_owner(state.visitor())
    _buttons(run, mine)
    last_problem()
    if _is_told_otherwise(run, mine):  # "2 epochs more" was pressed
        st.rerun()


def _buttons(run: Run, mine: bool) -> None:
    status, recipe = run.status, run.recipe
    named = next((title for key, title in (("lesson", "Lesson"), ("fast", "Fast")) if _is(run, key)), "Own")
    with st.container(horizontal=True, vertical_alignment="center", key="run_strip"):
        facts = (
            f"**{named} recipe** :gray[· {dataset_of(run.dataset).title} · batches of {recipe.batch_size}]"
        )
        if not run.has_recipe:
            facts = "**Opened from a file** :gray[· how it was trained is not known]"
        st.markdown(facts, width="content")
        if not mine:
            st.markdown(small("Somebody else’s run; you are watching."), width="content")
            return
        if status.unfinished:
            _rate(run)
            st.space("stretch")
            with st.container(horizontal=True, width="content"):  # on a phone they stay together
                if status.state == "paused":
                    _button("Resume", "play_arrow", run, "resume")
                else:
                    _button("Pause", "pause", run, "pause")
                _button("Stop", "stop", run, "stop")
        else:
            st.space("stretch")
            if status.state == "finished" and recipe.schedule == "constant":
                st.button(
                    "2 epochs more",
                    icon=":material/forward_media:",
                    key="extend",
                    on_click=_extend,
                    args=(run.id,),
                )
            label = "Try again" if status.state == "failed" else "Train another"
            # The whole page changes, not this fragment alone.
            if st.button(label, icon=":material/restart_alt:", key="again", on_click=_again, args=(run.id,)):
                st.rerun()


def _is(run: Run, key: str) -> bool:
    recipe = run.recipe
    return recipe.replace(seed=0, train_size=None, epochs=RECIPES[key].epochs) == RECIPES[key]


def _rate_now(run: Run) -> float:
    return float(run.control.get("learning_rate") or run.recipe.learning_rate)


def _rate(run: Run) -> None:
    now = st.session_state[f"rate_{run.id}"] = _rate_now(run)  # whichever tab it was changed in
    st.selectbox(
        "Learning rate",
        sorted({*RATES, now}),
        format_func=lambda rate: f"learning rate {rate:g}",
        key=f"rate_{run.id}",
        label_visibility="collapsed",
        filter_mode=None,
        width=200,
        on_change=_change_rate,
        args=(run.id,),
    )


def _change_rate(run_id: str) -> None:
    _wish(run_id, learning_rate=st.session_state[f"rate_{run_id}"])


def _button(label: str, icon: str, run: Run, action: str) -> None:
    st.button(label, icon=f":material/{icon}:", key=action, on_click=_wish, args=(run.id, action))


def _wish(run_id: str, action: str | None = None, learning_rate: float | None = None) -> None:
    try:
        state.store().control(run_id, state.visitor(), action, learning_rate)
        if action == "resume":
            ensure_runner(state.store())
    except StudentError as error:
        st.session_state[_PROBLEM] = error


def _extend(run_id: str) -> None:
    try:
        state.store().extend(run_id, state.visitor(), 2)
        ensure_runner(state.store())
    except StudentError as error:
        st.session_state[_PROBLEM] = error


def _again(run_id: str) -> None:
    """Back to the design of that run, to change it or its recipe."""
    try:
        design.commit(state.store().run(run_id).spec.to_dict())
    except StudentError as error:
        st.session_state[_PROBLEM] = error


def _number(run: Run) -> None:
    status, curve = run.status, run.history().validation
    result = status.result or {}
    if status.state == "finished" and "accuracy" in result:
        st.metric("Test accuracy", percent(result["accuracy"]))
    elif curve.accuracy:
        change = _lately(curve)
        words = None if change is None else points(change)
        st.metric(
            "Validation accuracy now",
            percent(curve.accuracy[-1]),
            delta=words and f"{words} in the last epoch",
            # Streamlit would take our minus sign for a word, and the rest for a rise.
            delta_arrow="up" if words and words[0] == "+" else "down" if words and words[0] == "−" else "off",
            delta_color="green" if words and words[0] == "+" else "gray",
        )
    else:
        st.metric("Validation accuracy now", "–")
    st.markdown(_state_words(run))
    if status.state in ("running", "paused", "queued", "interrupted"):
        st.progress(min(1.0, status.epoch / max(run.recipe.epochs, 1)))


def _lately(curve: Curve) -> float | None:
    """What the last epoch brought, as a fraction, once there has been more than one."""
    before = [a for e, a in zip(curve.epoch, curve.accuracy, strict=True) if e <= curve.epoch[-1] - 1]
    return curve.accuracy[-1] - before[-1] if before else None


def _state_words(run: Run) -> str:
    status, store = run.status, state.store()
    if status.state == "queued":
        wait = store.expected_wait(run.id)
        return queued(store.place(run.id), wait if wait and wait >= 1 else None)
    if status.state == "running":
        # Small, or it would break into two lines and back as the time changes.
        words = f":small[{running(status.images_per_second or None, status.eta)}]"
        return words + (f"  \n{small(plain(status.reason))}" if status.reason else "")
    if status.state == "paused":
        return paused(status.epoch)
    if status.state == "stopped":
        return stopped(status.epoch)
    if status.state == "interrupted":
        return plain(status.reason) or interrupted(int(status.saved_epoch) + 1)
    if status.state == "failed":
        return f":red[:material/error: {plain(failed(status.epoch, status.reason))}]"
    if not run.has_recipe:
        return "Opened from a file, not trained here."
    learnt = f"{duration(status.seconds)} of training, {plural(status.step, 'step')}"
    return f"Finished · {learnt}"


def _twelve(run: Run) -> None:
    """Twelve test images with what the network makes of them now; red where it is wrong."""
    sample = run.sample()
    if sample is None:
        return
    try:
        test = state.images(run.dataset, "test")
        images = test.images[sample.indices, 0]
    except (StudentError, IndexError):
        return
    guesses = [max(range(len(row)), key=row.__getitem__) for row in sample.probabilities]
    captions, wrong = [], set()
    for i, (guess, label, row) in enumerate(zip(guesses, sample.labels, sample.probabilities, strict=True)):
        right = guess == label
        words = test.classes[guess] if right else f"{test.classes[guess]}, is a {test.classes[label]}"
        captions.append((words, probability_tile(row[guess])))
        if not right:
            wrong.add(i)
    noun = dataset_of(run.dataset).noun
    st.markdown(f"**Twelve test {noun}, read now**")
    sheet(
        _tiles(images.numpy().tobytes(), tuple(images.shape)),
        key=f"twelve_{run.id}",
        alt=f"Twelve test {noun} and what the network reads",
        tile_px=56,
        captions=captions,
        wrong=wrong,
        columns=4,
        clickable=False,
    )
    what_you_see("Under each image: the answer, and how sure it is. Red: a wrong answer.")


@lru_cache(maxsize=32)  # the same ones each second
def _tiles(grey: bytes, shape: tuple[int, ...]) -> Sheet:
    """Images (count, H, W) of a byte a pixel as one picture."""
    return contact_sheet(np.frombuffer(grey, np.uint8).reshape(shape), "grey", (0, 255))


# ---------------------------------------------------------------- explained


def explained() -> None:
    """What happens to the data, and what the words on this page mean; for whoever wants to know."""
    st.space("small")
    with st.expander("What happens to the images before the network sees them"):
        st.markdown(
            "**Loaded.** MNIST is 60,000 small scans of handwritten digits to learn from and 10,000 to be tested on, "
            "each with the digit its writer meant.\n\n"
            "**Reshaped.** A digit is 28 rows of 28 grey values. A convolution also wants to know how many channels "
            "an image has: one for grey, three for colour. So 64 digits are a block of 64×28×28×1 numbers.\n\n"
            "**Scaled.** A grey value is stored as a whole number from 0, black, to 255, white. Divided by 255 it lies "
            "between 0 and 1, where the first weights, small and random, neither drown nor explode.\n\n"
            "**One-hot encoded.** The label 7 becomes ten numbers: a 1 in place 7, zeros elsewhere. The network also "
            "answers with ten numbers, its probabilities, and the two lists can be compared place by place."
        )
    with st.expander("What optimiser, loss, batch and epoch mean"):
        st.markdown(
            "**Loss.** How wrong the answer is, in one number. Here it is cross-entropy: minus the logarithm of the "
            "probability given to the right digit. Sure and right costs almost nothing, sure and wrong costs a lot; a "
            "network that knows nothing gives each digit 10 % and pays 2.3.\n\n"
            "**Batch.** The network looks at a handful of images, 64 in the lesson, before it changes. Fewer make the "
            "direction noisy, more make each step slow.\n\n"
            "**Optimiser.** The rule that turns the slope of the loss into a step for every weight. RMSprop, the "
            "lesson’s, divides each slope by its own recent size, so that quiet weights learn as fast as loud ones. "
            "The **learning rate** is how long the step is: too small and nothing happens, too large and the loss "
            "jumps about or becomes infinite. Try it while a run goes on.\n\n"
            "**Epoch.** Once through all training images, in a new order each time.\n\n"
            "**Training, validation, test.** The network learns from the first, you decide by the second, and the "
            "third is opened once, at the end, so that nothing was chosen to please it."
        )


page_head("train")
run = watched()
if run is None or run.kind != "training":
    before()
else:
    during(run)
explained()
