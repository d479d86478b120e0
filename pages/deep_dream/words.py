"""The sentences of the Deep Dream page."""

from __future__ import annotations

from cnn_core.errors import StudentError
from cnn_core.insight import DreamSpec
from cnn_core.runs import Run
from cnn_core.runs.jobs.dreams import PHOTO_NETWORKS
from pages.deep_dream.dream import Picked, Shown
from pages.ui.visitor import server
from pages.ui.wording.blocks import plain, small, what_you_see
from pages.ui.wording.numbers import count, duration, number, percent, plural
from pages.ui.wording.run_states import queued, running


def dreamt_by(spec: DreamSpec) -> str:
    """The network of a dream, in words; the run behind it may be gone."""
    kind, _, rest = spec.network.partition(":")
    if kind in PHOTO_NETWORKS:
        return PHOTO_NETWORKS[kind]
    if kind == "pretrained":
        return server.PRETRAINED.get(rest, rest).partition(",")[0]
    if kind == "run":
        run_id, _, step = rest.partition(":")
        try:
            return f"{plain(server.store().run(run_id).name)} after {plural(int(step), 'step')}"
        except (StudentError, ValueError):
            return "a run that is gone"
    return "an untrained design"


def layer_words(spec: DreamSpec) -> str:
    first, *others = spec.layers
    return plain(first[0]) + "".join(f" + {weight:g} × {plain(name)}" for name, weight in others)


def settings_words(spec: DreamSpec) -> str:
    return (
        f"{dreamt_by(spec)} · {layer_words(spec)} · {plural(spec.octaves, 'octave')} of "
        f"{plural(spec.steps, 'step')} · strength {100 * spec.step_size:.1f}\u00a0% · seed {spec.seed}"
    )


def verdict(dream: Shown | None, picture: Picked | None) -> str:
    """The answer in one line."""
    if dream is None:
        what = f"this picture ({plain(picture.title)})" if picture is not None else "a picture of yours"
        return f"Not dreamt yet: choose a depth and press Dream, and the network repaints {what}."
    status = dream.run.status if dream.run is not None else None
    if status is not None and status.state == "failed":
        return "It could not: this dream failed."
    if status is not None and status.state != "finished":
        done = len(dream.frames)
        return (
            f"It is being dreamt: **{done} of {dream.octaves}** octaves are here."
            if status.unfinished
            else (f"It would go on: you cancelled it after **{plural(done, 'octave')}**.")
        )
    before, after, change = (dream.result.get(name) for name in ("before", "after", "change"))
    text = f"It paints what it knows. The layer “{layer_words(dream.spec)}” now answers "
    if not before or after is None or change is None:
        return "It paints what it knows, wherever a line or a spot lets it."
    louder = after / before
    times = f"**{number(louder, 1) if louder < 9.95 else count(round(louder))} times** as loudly"
    return f"{text}{times} as to the original; its pixels changed by {percent(change)} on average."


def state_words(dream: Shown, run: Run) -> str:
    status, store, made = run.status, server.store(), len(dream.frames)
    if status.unfinished and run.control.get("action") == "stop":
        return "Cancelling …"
    if status.state == "queued" and status.reason:
        return f"{plain(status.reason)} You may leave this page."
    if status.state == "queued":
        return queued(store.place(run.id), store.expected_wait(run.id))
    if status.state == "running":
        at = f"octave {min(made + 1, dream.octaves)} of {dream.octaves}"
        words = f"{running()} · {at if status.steps else 'about to begin'}"
        return words + (f"  \n{small(plain(status.reason))}" if status.reason else "")
    if status.state == "paused":
        return "Paused. It begins again when it goes on."
    if status.state == "interrupted":
        return "The process that dreamt has ended unexpectedly. The dream begins again."
    if status.state == "stopped":
        kept = "; the pictures so far are kept" if made else ""
        return f"Cancelled by you after {plural(made, 'octave')}{kept}."
    if status.state == "failed":
        return f":red[:material/error: This dream failed.] {plain(status.reason)}"
    left_out = dream.spec.octaves - dream.octaves
    why = f"  \n{small(plural(left_out, 'octave was', 'octaves were') + ' left out: too small for this network.')}"
    return f"Finished · {plural(status.step, 'step')} in {duration(status.seconds)}" + (
        why if left_out > 0 else ""
    )


EXPLAINED = """
**Up the slope.** The network looks at the photo, and a layer answers: many numbers, large where it found what it
looks for. The *gradient* says for each pixel how the answer would grow if that pixel changed a little. The photo takes
a small step that way, the network looks again, and so on. In training the weights change and the pictures stay; here
it is the other way round. It is the same climb as for one filter's picture, but for a whole layer, and begun on a photo
instead of noise.

**Octaves.** A filter sees a window of fixed size. On a small copy of the photo this window covers a whole face, on
the full size only an eye. So it dreams small first, keeps what was added, enlarges that by 1.4, and dreams on: large
forms first, details in them later. Each octave's addition is put on the sharp photo, so nothing gets blurred.

**Why it is shaken.** Before each step the photo is moved by a few random pixels, and moved back after it. A layer
sees the world on a grid (strides and pooling take every second pixel), and its seams should not print themselves on the
picture, always in the same place. In a large photo you will see little of it: set Shake to 0 and compare. For the same
reason the gradient is softened at three scales; that helps more. Divided by its mean size, it makes a step as long in a
quiet layer as in a loud one.
"""


def what_to_see(dream: Shown) -> None:
    depth = dream.spec.layers[0][0]
    sides = f"Left of the line is the original, right of it what {layer_words(dream.spec)} made of it"
    if dream.spec.network in PHOTO_NETWORKS:
        dogs = (
            " 118 of its 1,000 classes are breeds of dogs: hence the eyes and snouts."
            if depth in ("fur", "animals", "creatures")
            else " Early layers know lines and textures, nothing that has a name."
        )
        what_you_see(
            f"{sides}: wherever something faintly resembled what the network learnt from a million photos, it "
            f"was made to resemble it more.{dogs}"
        )
    elif learnt_from(dream.spec) == "fashion_mnist":
        what_you_see(
            f"{sides}. This network has only ever seen small grey clothes on black, so hems, soles and folds are all "
            "it can dream of: edges grow parallel edges, and what is far from any of them stays nearly black."
        )
    else:
        what_you_see(
            f"{sides}. This network has only ever seen small white strokes on black, so strokes are all it can dream "
            "of: edges grow parallel edges, and what is far from any stroke stays nearly black."
        )


def learnt_from(spec: DreamSpec) -> str:
    """The data set behind a dream's network; MNIST where the run is gone."""
    kind, _, rest = spec.network.partition(":")
    try:
        return server.store().run(rest.partition(":")[0]).dataset if kind == "run" else "mnist"
    except StudentError:
        return "mnist"
