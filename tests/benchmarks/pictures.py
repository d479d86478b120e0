"""Pictures: what a student waits for when looking into a net."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from functools import partial

import torch

from cnn_core.data import load_images
from cnn_core.insight import (
    attribute,
    dream,
    enlarged,
    feature_maps,
    maximize_filters,
    photo_network,
    photos,
    strongest_examples,
)
from cnn_core.model import summarize
from cnn_core.pretrained import load_pretrained
from pages.ui.drawing.contact_sheet import contact_sheet
from tests.benchmarks import peers
from tests.benchmarks.keras_peer import KerasPeer
from tests.benchmarks.measure import (
    Line,
    Plan,
    alternate,
    in_milliseconds,
    in_turns,
    machine_limit,
    multiplied,
)

CONVOLUTIONS = {
    "conv2d_1": 1,
    "conv2d_2": 4,
    "conv2d_3": 7,
}  # ours -> the index of its ReLU in the plain network
STEPS = 40
PART = 4  # of so many filters the notebook's loop does one
DREAM_STEPS, DREAM_PART = 12, 3  # in an octave; the common script does one step of so many
MOST = {320: 3.0, 576: 1.5}  # seconds of a dream, by its longer side in pixels


def lines(plan: Plan, keras: KerasPeer | None) -> Iterator[Line]:
    """One line after the other, as they are measured."""
    yield from filters(plan, keras)
    yield maps(plan)
    yield sheet(plan)
    yield top_nine(plan)
    for side in (160,) if plan.quick else (320, 576, 1_024):
        yield dreaming(plan, side)
    yield why(plan)


def filters(plan: Plan, keras: KerasPeer | None) -> Iterator[Line]:
    """All filter pictures of the lesson's net, against the notebook's loop in PyTorch, and in Keras.

    The loop does one filter in `PART`, for each takes as long as the next, and all take turns.
    """
    net, _ = load_pretrained("lesson")
    rows = {row.name: row for row in summarize(net.spec)}
    starts = {name: torch.rand(rows[name].output_shape[0], 1, 28, 28) for name in CONVOLUTIONS}
    if plan.quick:
        starts = {name: start[::8].contiguous() for name, start in starts.items()}
    few = {name: start[::PART].contiguous() for name, start in starts.items()}
    count = sum(len(start) for start in starts.values())
    assert PART * sum(len(start) for start in few.values()) == count
    plain = peers.same_weights(net)
    work = f"{count} filter pictures, {STEPS} steps"

    def ours(recipe: str) -> None:
        for name, start in starts.items():
            if recipe == "lesson":
                maximize_filters(net, name, range(len(start)), STEPS, recipe="lesson", start=start)
            else:
                maximize_filters(net, name, range(len(start)), STEPS, recipe=recipe)

    def one_by_one(steps: int) -> None:
        for name, start in few.items():
            peers.one_filter_at_a_time(plain, CONVOLUTIONS[name], start, steps)

    works = [partial(ours, "lesson"), partial(ours, "clean"), partial(one_by_one, STEPS)]
    first = [*works[:2], partial(one_by_one, 1)]
    if keras is not None:
        works.append(partial(keras.filters, few, STEPS))
        first.append(partial(keras.filters, few, 1))
    lesson, clean, *loops = in_turns(works, min(plan.rounds, 3), first=first)
    in_torch, *in_keras = (multiplied(times, PART) for times in loops)
    flops = 4 * STEPS * sum(len(s) * needed_macs(rows, name) for name, s in starts.items())
    share = flops / statistics.median(lesson) / machine_limit(plan, "float32")
    name = f"{work}, lesson recipe"
    loop = "the notebook's loop in PyTorch"
    yield Line("pictures", name, "s", lesson, in_torch, loop, least=5, share=share)
    for theirs in in_keras:
        yield Line("pictures", name, "s", lesson, theirs, "the notebook's loop in Keras", least=10)
    most = None if plan.quick else 2.0
    note = "leak, jitter, blur, clamp, rescue; the loop has none"
    yield Line("pictures", f"{work}, clean recipe", "s", clean, in_torch, loop, most=most, note=note)


def needed_macs(rows: dict, last: str) -> int:
    """Multiply-adds for one image up to a layer; of that layer itself one channel's are enough."""
    before = [row for name, row in rows.items() if row.type == "conv2d" and name < last]
    return sum(row.macs for row in before) + rows[last].macs // rows[last].output_shape[0]


def maps(plan: Plan) -> Line:
    net, _ = load_pretrained("lesson")
    image = first_digit()
    plain = peers.same_weights(net)
    mine, theirs = alternate(
        lambda: feature_maps(net, image), lambda: peers.hooked_maps(plain, image[None]), 10 * plan.rounds
    )
    return Line(
        "pictures", "feature maps of every layer, one digit", "ms",
        in_milliseconds(mine), in_milliseconds(theirs), "forward hooks", most=10,
    )  # fmt: skip


def sheet(plan: Plan) -> Line:
    net, _ = load_pretrained("lesson")
    tiles = feature_maps(net, first_digit(), ["conv2d_2"])["conv2d_2"].numpy()
    mine, theirs = alternate(lambda: contact_sheet(tiles), lambda: peers.grid_of_plots(tiles), plan.rounds)
    return Line(
        "pictures", "contact sheet of 64 maps to PNG", "ms",
        in_milliseconds(mine), in_milliseconds(theirs), "matplotlib, 64 axes", most=20,
    )  # fmt: skip


def top_nine(plan: Plan) -> Line:
    net, _ = load_pretrained("lesson")
    data = load_images("mnist", "train").take(plan.pick(1_000, 2_000))
    plain, digits = peers.same_weights(net), data.images.float() / 255
    indices = tuple(CONVOLUTIONS.values())
    mine, theirs = alternate(
        lambda: strongest_examples(net, data.images),
        lambda: peers.strongest_images(plain, indices, digits, 9),
        plan.rounds,
    )
    return Line(
        "pictures", f"top-9 of {len(data):,} digits, all 160 filters", "s", mine, theirs, "hooks and topk",
        most=0.5, note="ours also finds places, means and who never fires",
    )  # fmt: skip


def dreaming(plan: Plan, side: int) -> Line:
    """A whole dream, four octaves of 12 steps; of 1,024 pixels two turns.

    The common script does a third of its steps, for each takes as long as the next.
    """
    octaves = plan.pick(2, 4)
    photo = enlarged(photos()["cat"], side)
    net, plain = photo_network(), peers.dreaming_network()

    def ours(steps: int) -> None:
        dream(net, photo, {"animals": 1.0}, octaves=octaves, steps=steps)

    def script(steps: int) -> None:
        peers.tutorial_dream(plain, photo, block=10, octaves=octaves, steps=steps)

    mine, theirs = alternate(
        partial(ours, DREAM_STEPS),
        partial(script, DREAM_STEPS // DREAM_PART),
        2 if side > 640 else plan.pick(2, 3),
        first=[partial(ours, 1), partial(script, 1)],
    )
    name = f"Deep Dream of the cat, {side} px, {octaves} octaves"
    return Line(
        "pictures",
        name,
        "s",
        mine,
        multiplied(theirs, DREAM_PART),
        "the common script, same net",
        most=None if plan.quick else MOST.get(side),
    )


def why(plan: Plan) -> Line:
    net, _ = load_pretrained("lesson")
    image, plain = first_digit(), peers.same_weights(net)
    methods = ("saliency", "integrated_gradients", "occlusion", "grad_cam")
    mine, theirs = alternate(
        lambda: [attribute(net, image, method, target=7) for method in methods],
        lambda: peers.captum_as_documented(plain, image[None], target=7),
        plan.rounds,
    )
    return Line(
        "pictures", "four attributions of one digit", "ms",
        in_milliseconds(mine), in_milliseconds(theirs), "captum with its defaults",
    )  # fmt: skip


def first_digit() -> torch.Tensor:
    """The test set's first digit, float (1, 28, 28) in [0, 1]."""
    return load_images("mnist", "test").images[0].float() / 255
