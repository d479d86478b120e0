"""How good, and how soon: whole trainings on the full MNIST, three seeds, beside Keras's. Only when asked for.

The Sprint convnet has five seeds, its time is that of the whole training, and its peer is the lesson's net by the fast
recipe, in turns.

The test set chooses nothing here: recipes are as they are, and each training is measured once, at its end, but for the
time to 99 %, which is the first epoch after which the test set says so.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnn_core.data import ImageSet, load_images
from cnn_core.model import PRESETS, ModelSpec, build
from cnn_core.training import EXAMPLES, RECIPES, Finished, TrainSpec, evaluate, train
from tests.benchmarks.keras_peer import KerasPeer
from tests.benchmarks.measure import Line, Plan, seconds

GOAL = 0.99


def lines(plan: Plan, keras: KerasPeer | None) -> Iterator[Line]:
    """Test accuracies in per cent, and seconds of training to 99 %; one value a seed."""
    data, test = load_images("mnist", "train"), load_images("mnist", "test")
    seeds = range(plan.pick(1, 3))
    ours: dict[str, list[tuple[float, float]]] = {"lesson": [], "fast": []}
    theirs: list[tuple[float, float]] = []
    for seed in seeds:
        for recipe, found in ours.items():
            found.append(course(PRESETS["lesson"], RECIPES[recipe], data, test, seed)[:2])
        if keras is not None:
            theirs.append(keras_course(keras, data, test, seed, RECIPES["lesson"].epochs))
    peer_name = "Keras, lesson recipe" if theirs else ""
    whole = {name: tuple(100 * accuracy for accuracy, _ in found) for name, found in ours.items()}
    peer = tuple(100 * accuracy for accuracy, _ in theirs)
    for name, values in whole.items():
        note = f"{len(test):,} images, {len(values)} seeds"
        yield Line("accuracy", f"test accuracy, {name} recipe", "%", values, peer, peer_name, note=note)
    times = {name: tuple(time for _, time in found) for name, found in ours.items()}
    reached = tuple(time for _, time in theirs)
    for name, values in times.items():
        if all(value < float("inf") for value in values + reached):
            least = 3 if name == "fast" else None
            yield Line(
                "accuracy", f"time to 99 %, {name} recipe", "s", values, reached, peer_name, least=least
            )
    yield from sprint(plan, data, test)


def sprint(plan: Plan, data: ImageSet, test: ImageSet) -> Iterator[Line]:
    """The Sprint convnet by its own recipe, from its first step to its last; evaluation is not in the time."""
    ours: list[tuple[float, float]] = []
    lessons: list[float] = []
    for seed in range(plan.pick(1, 5)):
        accuracy, _, whole = course(PRESETS["sprint"], EXAMPLES["sprint"], data, test, seed)
        ours.append((accuracy, whole))
        lessons.append(course(PRESETS["lesson"], RECIPES["fast"], data, test, seed)[1])
    note = f"{len(test):,} images, {len(ours)} seeds"
    accuracies = tuple(100 * accuracy for accuracy, _ in ours)
    yield Line("accuracy", "test accuracy, Sprint convnet", "%", accuracies, note=note)
    times, all_reached = tuple(whole for _, whole in ours), max(lessons) < float("inf")
    peer, peer_name = (tuple(lessons), "lesson's net to 99 %, fast recipe") if all_reached else ((), "")
    yield Line("accuracy", "whole training, Sprint convnet", "s", times, peer, peer_name, most=1.5)


def course(
    design: ModelSpec, recipe: TrainSpec, data: ImageSet, test: ImageSet, seed: int
) -> tuple[float, float, float]:
    """(test accuracy at the end, seconds of training until an epoch ended at 99 % or more, seconds of all of it).

    Looking at the test set is not part of the time, here nor with Keras.
    """
    spec = recipe.replace(seed=seed)
    net, spent, reached = build(design, seed=seed), 0.0, float("inf")
    events = train(net, data, spec)

    def to_the_end_of(epoch: int) -> None:
        for event in events:
            if isinstance(event, Finished) or (
                getattr(event, "reason", "") == "epoch" and event.epoch >= epoch
            ):
                break

    for epoch in range(1, spec.epochs + 1):
        spent += seconds(lambda: to_the_end_of(epoch))  # noqa: B023  called at once
        accuracy = evaluate(net, test).accuracy
        if accuracy >= GOAL:
            reached = min(reached, spent)
    return accuracy, reached, spent


def keras_course(
    keras: KerasPeer, data: ImageSet, test: ImageSet, seed: int, epochs: int
) -> tuple[float, float]:
    """The same of the notebook's training in Keras; compiling is done before, in an epoch of few images."""
    answer = keras.course(data, test, seed, epochs)
    found = [
        spent
        for spent, accuracy in zip(answer["seconds"], answer["accuracy"], strict=True)
        if accuracy >= GOAL
    ]
    return answer["accuracy"][-1], min(found, default=float("inf"))
