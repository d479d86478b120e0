"""The sentences of the Deep Dream page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnn_core.data.sources import dataset_of
from pages.ui.wording.blocks import plain, small
from pages.ui.wording.numbers import about, count, duration, number, percent, plural
from pages.ui.wording.run_states import running
from pages.ui.wording.screen_summary import spoken, summary

if TYPE_CHECKING:
    from cnn_core.insight import DreamSpec
    from cnn_core.runs.dream_time import DreamTime
    from pages.deep_dream.dream import Dream

PHOTO_TITLES = {
    "cat": "a cat",
    "astronaut": "an astronaut",
    "coffee": "a cup of coffee",
    "rocket": "a rocket",
    "stars": "a sky of galaxies",
    "upload": "a photo of yours",
}
YOUR_PHOTO = "your photo"
PRIVACY = "It stays on this server with your dream, and only people with the link can see it."
NO_PHOTO_NETWORK = (
    "The photo network is not installed here (see requirements.txt); only the sidebar’s network can dream."
)
DEPTH, LAYER = "Depth, from lines to creatures", "Layer, from first to last"
GONE, UNTRAINED = "a run that is gone", "an untrained design"
WATCHING = "Somebody else’s dream; you are watching."
OCTAVES = "**Octave by octave**"
FILM = "The animation goes from the original through the octaves and back; what is between them is blended."
SEEN = "What does the photo network see in the picture?"
EXPLAIN = "What happens in a dream: up the slope, octaves, and why it is shaken"


# ---------------------------------------------------------------- which dream


def mixed(depth: str, other: str) -> str:
    """
    >>> mixed("fur", ""), mixed("fur", "lines")
    ('fur alone', 'mixed with lines')
    """
    return f"mixed with {other}" if other else f"{depth} alone"


def after_steps(name: str, steps: int) -> str:
    """
    >>> after_steps("My run", 1)
    'My run after 1 step'
    """
    return f"{name} after {plural(steps, 'step')}"


def layers(spec: DreamSpec) -> str:
    """The layers dreamt of, with the weights of all but the first: "fur + 0.3 × lines"."""
    first, *others = spec.layers
    return plain(first[0]) + "".join(f" + {weight:g} × {plain(name)}" for name, weight in others)


def how_long(told: DreamTime) -> str:
    """What to expect before it begins.

    >>> from cnn_core.runs.dream_time import DreamTime
    >>> how_long(DreamTime(13.2, True))
    'It will dream for about 13 s, as the last dreams here went.'
    >>> how_long(DreamTime(13.2, False))
    'On one core of our machine it would dream for about 13 s; on this one nothing was measured yet.'
    """
    if told.is_from_here:
        return f"It will dream for {about(told.seconds)}, as the last dreams here went."
    return f"On one core of our machine it would dream for {about(told.seconds)}; on this one nothing was measured yet."


def settings(spec: DreamSpec, dreamer: str, is_ours: bool, size: list[int] | None = None) -> str:
    """One line below the picture.

    dreamer: the network's title.
    is_ours: it is the one in the project.
    size: height and width of the picture in pixels; None where it is not known yet.
    """
    ours = "Dreamt by us, for you to begin with: " if is_ours else ""
    pixels = "" if size is None else f" · {size[1]}×{size[0]} pixels"
    return (
        f"{ours}{dreamer} · {layers(spec)}{pixels} · {plural(spec.octaves, 'octave')} of "
        f"{plural(spec.steps, 'step')} · strength {100 * spec.step_size:.1f}\u00a0% · seed {spec.seed}"
    )


# ---------------------------------------------------------------- the answer


HOW_MUCH_CHANGED = (
    "By how many per cent of full contrast do the pixels change in the whole dream, on average?"
)


def why_so_much(step: float, steps: int, octaves: int) -> str:
    """What a dream adds up.  step: of full contrast, in each of `steps`, in each octave.

    >>> why_so_much(0.012, 12, 4)
    'Each of 4 × 12 steps changes a pixel by about 1.2 %. Steps that go back and forth cancel out.'
    """
    return (
        f"Each of {octaves} × {steps} steps changes a pixel by about {percent(step)}. Steps that go back and forth "
        "cancel out."
    )


def verdict(dream: Dream | None, picture_title: str | None, told: bool = True) -> str:
    """The answer in one line.

    picture_title: of the picture that was chosen, where there is one.
    told: whether it may say by how much the pixels changed.
    """
    if dream is None:
        return not_dreamt(picture_title)
    state = "finished" if dream.status is None else dream.status.state
    if state == "failed":
        return "It could not: this dream failed."
    if state == "finished":
        return louder(dream, told)
    frames = len(dream.frames)
    if dream.is_going_on:
        return f"It is being dreamt: **{frames} of {dream.octaves}** octaves are here."
    return f"It would go on: you cancelled it after **{plural(frames, 'octave')}**."


def not_dreamt(picture_title: str | None) -> str:
    what = "a picture of yours" if picture_title is None else f"this picture ({plain(picture_title)})"
    return f"Not dreamt yet: choose a depth and press Dream, and the network repaints {what}."


def louder(dream: Dream, told: bool = True) -> str:
    """How much more the layer answers, of a dream that is finished.  told: as of `verdict`."""
    before, after, change = (dream.result.get(name) for name in ("before", "after", "change"))
    if not before or after is None or change is None:
        return "The dream is finished: the picture was changed so that the layer answers more."
    times = after / before
    figure = number(times, 1) if times < 9.95 else count(round(times))
    said = f"The layer “{layers(dream.spec)}” now answers **{figure} times** as strongly as to the original."
    return f"{said} The pixels changed by {percent(change)} of full contrast on average." if told else said


def summary_of_dream(dream: Dream | None, answer: str) -> str:
    """The summary of the page.  answer: its first line."""
    what = (
        "nothing is dreamt yet"
        if dream is None
        else f"{plural(dream.spec.octaves, 'octave')} of {plural(dream.spec.steps, 'step')} with {layers(dream.spec)}"
    )
    return summary(
        f"Here a network repaints a picture so that one of its layers answers more: {what}.",
        answer,
        "Try: choose another picture or another depth, and press Dream."
        if dream is None or not dream.is_going_on
        else "Wait, or leave this page: the dream goes on. What comes of it is said.",
    )


def aloud(dream: Dream) -> str:
    """What a screen reader says of a dream: at its beginning, after each octave, and at its end; "" of ours."""
    if dream.status is None:
        return ""
    state, frames = dream.status.state, len(dream.frames)
    if state == "finished":
        return f"Finished. {spoken(louder(dream))}"
    if dream.is_going_on:
        return (
            f"{plural(frames, 'octave')} of {dream.octaves} dreamt."
            if frames
            else "The dream waits or begins."
        )
    return "Cancelled." if state == "stopped" else "This dream failed."


# ---------------------------------------------------------------- how far it is


def state(dream: Dream, waiting: str) -> str:
    """Where a dream of the store stands.

    waiting: what is said of its place in the queue.
    """
    status = dream.status
    assert status is not None, "only a dream of the store has a state"
    if dream.is_going_on and dream.is_being_cancelled:
        return "Cancelling …"
    if status.state == "queued":
        return f"{plain(status.reason)} You may leave this page." if status.reason else waiting
    if status.state == "running":
        return _running(dream, status.steps > 0, status.reason)
    if status.state == "paused":
        return "Paused. It begins again when it goes on."
    if status.state == "interrupted":
        return "The process that dreamt has ended unexpectedly. The dream begins again."
    if status.state == "stopped":
        saved = "; the pictures so far are kept" if dream.frames else ""
        by = plain(status.reason).rstrip(".") or "Cancelled by you"
        return f"{by} after {plural(len(dream.frames), 'octave')}{saved}."
    if status.state == "failed":
        return f":red[:material/error: This dream failed.] {plain(status.reason)}"
    return finished(status.step, status.seconds, dream.spec.octaves - dream.octaves)


def finished(steps: int, seconds: float, left_out: int) -> str:
    """
    left_out: octaves that were too small for the network.

    >>> finished(48, 2.4, 0)
    'Finished · 48 steps in 2 s'
    """
    text = f"Finished · {plural(steps, 'step')} in {duration(seconds)}"
    if left_out <= 0:
        return text
    octaves = plural(left_out, "octave was", "octaves were")
    return f"{text}  \n{small(f'{octaves} left out: too small for this network.')}"


def _running(dream: Dream, has_begun: bool, reason: str) -> str:
    octave = f"octave {min(len(dream.frames) + 1, dream.octaves)} of {dream.octaves}"
    text = f"{running()} · {octave if has_begun else 'about to begin'}"
    return f"{text}  \n{small(plain(reason))}" if reason else text


# ---------------------------------------------------------------- the pictures


def after_octave(octave: int, octaves: int) -> str:
    """octave: from 0.

    >>> after_octave(1, 4)
    'after octave 2 of 4'
    """
    return f"after octave {octave + 1} of {octaves}"


def original_alt(settings_line: str) -> str:
    """The picture at the left of the line.  settings_line: as `settings` says it."""
    return f"The picture before the dream: {spoken(settings_line)}"


def dreamt_at(size: list[int]) -> str:
    """size: height and width.

    >>> dreamt_at([50, 75])
    'dreamt at 75×50'
    """
    return f"dreamt at {size[1]}×{size[0]}"


def what_you_see(
    spec: DreamSpec, is_photographic: bool, dataset: str, shape: tuple[int, int, int] = (1, 28, 28)
) -> str:
    """What there is to notice.

    is_photographic: dreamt by a photo network; else by one that learnt from `dataset`.
    shape: (channels, height, width) of the images that such a network looks at.
    """
    sides = f"Left of the line is the original, right of it what was dreamt with {layers(spec)}"
    if is_photographic:
        return (
            f"{sides}. Where something looked a little like what the network learnt from a million photos, it was "
            f"made to look more like it.{_known_at(spec.layers[0][0])}"
        )
    channels, height, width = shape
    if channels > 1:
        return (
            f"{sides}. This network is made for pictures of {height}×{width} pixels, and each of its filters sees a "
            "small part of this one: expect colours and textures rather than things. Where nothing excites its "
            "filters, the picture hardly changes."
        )
    if not dataset_of(dataset).of_strokes:
        return (
            f"{sides}. This network knows small grey {dataset_of(dataset).noun} on black at most, so it has nothing "
            "else to dream of. Where nothing excites its filters, the picture hardly changes."
        )
    return (
        f"{sides}. This network knows small white strokes on black at most, so it has nothing else to dream of. Where "
        "nothing excites its filters, the picture hardly changes."
    )


def _known_at(depth: str) -> str:
    if depth in ("fur", "animals", "creatures"):
        return " 118 of its 1,000 classes are breeds of dogs: hence the eyes and snouts."
    return " Early layers know lines and textures, nothing that has a name."


IS_COMPRESSED = "This photo is kept here as a compressed file, so expect a dream that is alike, not equal."


def other_weights(step: int) -> str:
    """Of the code of a dream by a network that was trained on since.

    >>> other_weights(1280)
    'This dream is by the weights after step 1,280; “Save” may have others, and then the dream is another.'
    """
    return f"This dream is by the weights after step {step:,}; “Save” may have others, and then the dream is another."


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
