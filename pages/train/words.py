"""The sentences of the Train page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cnn_core.data.learnt_from import Overlap
from cnn_core.data.sources import dataset_of, how_many_files, raw_folder
from cnn_core.model import summarize
from cnn_core.training import RECIPES, averages_mislead, example_of_recipe
from cnn_core.training.ahead import has_dropout
from pages.ui.wording.blocks import plain, small
from pages.ui.wording.classes import article
from pages.ui.wording.numbers import count, duration, epochs, percent, plural, roughly
from pages.ui.wording.picture_words import course
from pages.ui.wording.recipes import example_title
from pages.ui.wording.run_states import finished, state_words, turn
from pages.ui.wording.screen_summary import summary
from pages.ui.wording.which_images import no_test

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from cnn_core.data.sources import Dataset
    from cnn_core.model import ModelSpec
    from cnn_core.runs import Run
    from cnn_core.runs.expectation import Expectation
    from cnn_core.training import TrainSpec

# ---------------------------------------------------------------- before a run

NOT_POSSIBLE = "The sidebar shows where, and offers a way out."

BLOCKS = "Each block is what one layer makes of the image: as tall as its maps, and wider where it has more of them."
COLUMNS = "A column is a list of numbers."
STRONG_AND_FAINT = "Layers drawn strongly have weights, and learn; layers drawn faintly have none."
SMALLER_AND_MORE = "From left to right the maps get smaller, and there are more of them."


def about_diagram(spec: ModelSpec) -> str:
    """What is drawn of a network, said of this very network: a column only where there is one, and so on."""
    maps = [row.output_shape for row in summarize(spec) if len(row.output_shape) == 3]
    words = [BLOCKS if maps else "Each column is what one layer makes of the image: a list of numbers."]
    if maps and len(maps) < len(spec.layers):
        words.append(COLUMNS)
    words.append(STRONG_AND_FAINT)
    sides, counts = [shape[1] for shape in maps], [shape[0] for shape in maps]
    if maps and sides == sorted(sides, reverse=True) and counts == sorted(counts):
        words += [SMALLER_AND_MORE] if sides[0] > sides[-1] and counts[0] < counts[-1] else []
    return " ".join(words)


ASKED_OF_A_SCENE = ("train", "train.recipe", "layers")  # what the sentences below speak of


def not_in_training(has_runs: bool, kept: Collection[str] = ()) -> str:
    """The answer where no run is looked at.

    has_runs: whether the visitor has trained anything yet.
    kept:     of ASKED_OF_A_SCENE, what a teacher's scene fixes or leaves out.
    """
    if "train" in kept:
        return "This network is not in training, and your teacher’s scene leaves training out."
    if has_runs:
        return "This network is not in training. Press Train, or choose one of your runs in the sidebar."
    if "train.recipe" in kept:
        then = "Press Train." if "layers" in kept else "Change the layers in the sidebar, then press Train."
    else:
        then = (
            "Choose a recipe here, then press Train."
            if "layers" in kept
            else "Choose a network in the sidebar and a recipe here."
        )
    return f"Not yet: you have trained nothing so far. {then}"


def _try_it(kept: Collection[str]) -> str:
    """What to do first, for who hears the page.  kept: as in `not_in_training`."""
    free = {"train.recipe": "the recipe", "layers": "a layer in the sidebar"}
    change = ", or ".join(words for part, words in free.items() if part not in kept)
    what = f"change {change}, and press Train" if change else "press Train"
    return "" if "train" in kept else f"Try: {what}. How it gets on is said by itself."


def expected_time(outlook: Expectation) -> str:
    """How long it will take."""
    return "not known yet" if outlook.seconds is None else roughly(outlook.seconds)


def expected_accuracy(low: float | None, high: float | None, is_sample: bool) -> str:
    """Between which accuracies, as fine as the images allow: a sample's few test images are too few for a decimal.

    low, high: fractions; None where nobody knows.

    >>> expected_accuracy(0.9613, 0.9613, True), expected_accuracy(0.9876, 0.9902, False)
    ('96 %', '98.8 to 99.0 %')
    >>> expected_accuracy(None, None, True)
    'not known yet'
    """
    if low is None or high is None:
        return "not known yet"
    worst, best = (f"{100 * fraction:.{0 if is_sample else 1}f}" for fraction in (low, high))
    return f"{best} %" if worst == best else f"{worst} to {best} %"


def why_expected(outlook: Expectation, noun: str) -> str:
    """Where the expected accuracy comes from, or why there is none. noun: what the images show."""
    if outlook.accuracy is None:
        return "Nobody has trained such a network by this recipe on so many images yet."
    fewest, most = outlook.images
    number = count(fewest) if fewest == most else f"{count(fewest)} or {count(most)}"
    what = outlook.like or "this design"
    where = "on this server" if outlook.from_here else "when we measured it"
    trainings = plural(outlook.trainings, "training")
    return f"That is what {trainings} of {what} reached {where}, from {number} {noun} by the same recipe."


def why_this_long(outlook: Expectation) -> str:
    """Where the expected time comes from."""
    return {
        "design": "The time is that of its last training here.",
        "machine": "The time is reckoned from its multiply-adds and from what was trained here before.",
        "nothing": "How long it takes is known once something was trained on this machine.",
    }[outlook.time_from]


def images_used(learn: int, rounds: int, validation_images: int, test: int, noun: str) -> str:
    """What each of the images is for. rounds: how often it goes through those it learns from."""
    over = "once" if rounds == 1 else f"{count(rounds)} times over"
    return (
        f"It learns from {count(learn)} {noun}, {over}. {count(validation_images)} are kept aside to "
        f"see whether it understands or only remembers, and {count(test)} more are read at the end."
    )


def attacks_ahead(size: float, work: float) -> str:
    """That the recipe trains against attacks, and what it costs.  work: of a step, in steps without attacks."""
    return (
        f"Every second image of each batch is attacked by ±{size:.2g} per pixel before the network learns from it. "
        f"So each step is about {work:g} times as much work."
    )


def large_archive(name: str, size: int) -> str:
    """That a data set has to be fetched in one large file.  size: bytes, at most.

    >>> large_archive("CIFAR-10", 175_000_000)
    'All of CIFAR-10 comes in one file of up to 175 MB. It is fetched once for everybody on this server.'
    """
    return (
        f"All of {name} comes in one file of up to {size / 1e6:.0f} MB. "
        "It is fetched once for everybody on this server."
    )


def how_to_get(dataset: Dataset) -> str:
    """What to do about images that cannot be fetched."""
    return (
        f"Choose MNIST, or put the {how_many_files(dataset)} files of {dataset.name} into the data folder, "
        f"under {raw_folder(dataset, Path())}."
    )


def summary_before(
    spec: ModelSpec | None, dataset: str, recipe: TrainSpec, has_runs: bool, kept: Collection[str] = ()
) -> str:
    """The summary of the page where no run is looked at.

    spec:     what would be trained; None where that is not possible.
    has_runs, kept: as in `not_in_training`.
    """
    what = (
        "Here a network is trained. The design in the sidebar cannot be trained as it is; the page says why."
        if spec is None
        else f"Here the network of the sidebar is trained: {plural(len(spec.layers), 'layer')}, on "
        f"{dataset_of(dataset).title}, {plural(recipe.epochs, 'epoch')}."
    )
    return summary(
        what,
        not_in_training(has_runs, kept),
        "Try: mend the design in the sidebar." if spec is None else _try_it(kept),
    )


# ---------------------------------------------------------------- of a run

WATCHING = "Somebody else’s run; you are watching."


def curves(run: Run, alike_images: int) -> str:
    """What the two lines are measured on, and how to read them.

    alike_images: how many training images are read as the validation images are; 0 for the usual violet line.
    """
    if alike_images:
        violet = f"The violet line: {count(alike_images)} training images, read just as those kept aside."
    else:
        as_met = " and ".join(_as_met(run))
        met = f", {as_met}" if as_met else ""
        violet = f"The violet line: the images of each batch, read before the network learns from them{met}."
    return (
        f"{violet} The amber line: images kept aside, read unchanged. When the loss of the amber line rises while that "
        "of the violet line falls, the network has begun to memorise."
    )


def _as_met(run: Run) -> list[str]:
    """What makes the images of a batch harder than those kept aside."""
    recipe, made_harder = run.recipe, []
    if recipe.augment is not None and not recipe.augment.changes_nothing:
        made_harder.append("changed at random")
    if has_dropout(run.spec):
        made_harder.append("with some units switched off")
    if recipe.adversarial:
        made_harder.append(f"every second one attacked by ±{recipe.adversarial:.2g} per pixel")
    if recipe.label_noise:
        made_harder.append(f"with {100 * recipe.label_noise:.0f} % wrong labels")
    return made_harder


NO_CURVES = (
    "Its curves begin here when it is trained on, from the weights it came with: press “2 epochs more”."
)


def some_test(number: int, noun: str) -> str:
    """How many test images are shown while it learns: twelve, where a set of one's own has so many.

    >>> some_test(12, "digits"), some_test(8, "pictures")
    ('Twelve test digits', 'All 8 test pictures')
    """
    return f"Twelve test {noun}" if number == 12 else f"All {number} test {noun}"


TWELVE = "Under each image: the answer, and how sure it is. Red: a wrong answer."
SOME_ARE_HARD = (
    "The first four are easy, the other eight hard: those that our ready trained lesson convnet reads worst."
)


def under_the_twelve(dataset: str, labels: Sequence[int]) -> str:
    """What is said of the watched images.  labels: of them, in their order.

    Of MNIST hard ones are chosen on purpose, so that more of them are red than the accuracy lets one expect. Of other
    images, and without our network, there is the first of each class.

    >>> len(under_the_twelve("mnist", [2, 6, 6, 5, 4])) > len(under_the_twelve("mnist", [*range(10), 7, 2]))
    True
    """
    by_class = list(labels[:10]) == list(range(10))
    return TWELVE if dataset != "mnist" or by_class else f"{TWELVE} {SOME_ARE_HARD}"


YOUNG_AVERAGES = (
    "Batch normalisation: for about its first 300 steps the network reads new images by averages that still remember "
    "the beginning, so the amber line lags behind the violet one."
)


def facts(run: Run) -> str:
    """What a run is, in one line: its recipe, images and batches."""
    if not run.has_recipe:
        if run.is_cut:
            return "**Cut out of another network** :gray[· not trained since]"
        return "**Opened from a file** :gray[· how it was trained is not known]"
    batches = f"batches of {run.recipe.batch_size}"
    name = f"**{plain(run.name)}** :gray[·]"
    size = "" if run.recipe.train_size is None else f", {count(run.recipe.train_size)} of them"
    return f"{name} {_recipe(run)} :gray[· {dataset_of(run.dataset).title}{size} · {batches}]"


def _recipe(run: Run) -> str:
    """By which name a recipe goes; with more epochs, or with fewer, it keeps it, and they are said."""
    recipe = run.recipe.replace(seed=0, train_size=None, check_limits=False)
    for name in ("lesson", "fast"):
        usual = RECIPES[name].epochs
        if recipe.replace(epochs=usual, check_limits=False) == RECIPES[name]:
            other = "" if recipe.epochs == usual else f", {plural(recipe.epochs, 'epoch')}"
            return f"{name.title()} recipe{other}"
    example = example_of_recipe(recipe)
    return f"{'Own' if example is None else example_title(example)} recipe"


def cannot_be_read(name: str) -> tuple[str, str]:
    """(what happened, what to try) where a run's folder does not say any more what was trained, how, and on what.

    >>> cannot_be_read("Tiny convnet")[0]
    'What “Tiny convnet” was asked to do cannot be read any more.'
    """
    return f"What “{name}” was asked to do cannot be read any more.", "Choose another network in the sidebar."


def verdict(run: Run, validation_images: int) -> str:
    """The answer in one line, from the last validation; with a second one where the first could mislead.

    validation_images: how many images of the data set nobody learns from.
    """
    line = _answer(run, validation_images)
    status = run.status
    if status.unfinished and averages_mislead(run.spec, run.history(), status.step):
        return f"{line}\n\n{small(YOUNG_AVERAGES)}"
    return line


def summary_of_run(run: Run, validation_images: int, mine: bool) -> str:
    """The summary of the page where a run is looked at.

    validation_images: how many images of the data set nobody learns from.
    mine:              whether it is the visitor's own.
    """
    history = run.history()
    now = verdict(run, validation_images).partition("\n\n")[0]
    curves_say = [course("Validation", history.validation), course("Training", history.train)]
    unfinished = "Try: pause it, or change its learning rate. You may leave this page; the training goes on."
    ended = "Try: look at its mistakes on the page Evaluate, or at its maps on the page Feature maps."
    return summary(
        f"Here a training is watched: {facts(run)}."
        if run.has_recipe
        else f"Here is a network: {facts(run)}.",
        "" if mine else WATCHING,
        now,
        *(curves_say if run.has_recipe else []),
        (unfinished if mine else "") if run.status.unfinished else ended,
    )


def _answer(run: Run, validation_images: int) -> str:
    status = run.status
    if status.state == "queued" and not run.history().validation.accuracy:
        ahead, seconds = turn(run.id)
        return "Not yet: it waits for its turn." if ahead or seconds else "It is getting ready."
    result = status.result or {}
    if status.state == "finished" and "accuracy" in result and "count" in result:
        return _tested(run, result["accuracy"], result["count"])
    if run.history().validation.accuracy:
        return _so_far(run, validation_images)
    if status.state == "finished":
        if run.is_cut:
            return "It has not learnt since it was cut out of another network."
        return "Nobody here can tell: its training happened elsewhere."
    if status.state == "running" and (learnt := run.history().train.accuracy):
        noun = dataset_of(run.dataset).noun
        return f"It has begun: of the {noun} in its last batches it read **{percent(learnt[-1])}** rightly."
    if status.state == "failed" and status.step:
        return "No. It failed before it was validated for the first time."
    return "It is about to begin." if status.state == "running" else "It has not begun."


def _tested(run: Run, accuracy: float, images: int) -> str:
    noun = dataset_of(run.dataset).noun
    if run.has_recipe:
        return finished(accuracy, images, run.status.seconds, noun)
    read = f"**{percent(accuracy)}** of {count(images)} test {noun}"
    overlap = Overlap(images, int((run.status.result or {}).get("seen", 0)), run.learnt_from.is_known)
    came = "was cut out of another network" if run.is_cut else "was trained elsewhere"
    return f"It {came}, and reads {read}. {no_test(overlap, noun)}".rstrip()


def _so_far(run: Run, validation_images: int) -> str:
    curve, noun = run.history().validation, dataset_of(run.dataset).noun
    done, accuracy = curve.epoch[-1], curve.accuracy[-1]
    chance = 1 / run.spec.classes
    many = f"{count(validation_images)} " if validation_images else ""
    so_far = (
        f"After {epochs(done)} of {plural(run.recipe.epochs, 'epoch')} it reads **{percent(accuracy)}** "
        f"of {many}{noun} it has never been shown."
    )
    if accuracy > min(
        3 * chance, (1 + chance) / 2
    ):  # of two or three classes, three times chance is not to be had
        return f"Yes. {so_far}"
    if done < 0.3:
        return f"It has just begun. {so_far}"
    return f"Hardly. {so_far} Guessing gives {percent(chance)}."


def state(run: Run) -> str:
    """Where a run stands, in Markdown, under its number."""
    status = run.status
    if status.state == "running":
        # Small, or it would break into two lines and back as the time changes.
        reason = f"  \n{small(plain(status.reason))}" if status.reason else ""
        return f":small[{state_words(run)}]{reason}"
    if status.state == "failed":
        return f":red[:material/error: {state_words(run)}]"
    if status.state == "finished":
        return _finished(run)
    return state_words(run)


def _finished(run: Run) -> str:
    if not run.has_recipe:
        return (
            "Cut out of another network, not trained since."
            if run.is_cut
            else "Opened from a file, not trained here."
        )
    return f"Finished · {duration(run.status.seconds)} of training, {plural(run.status.step, 'step')}"


def reading(guess: int, label: int, classes: Sequence[str]) -> str:
    """What the network makes of one image. guess, label: indices of classes.

    >>> reading(7, 7, "0123456789"), reading(1, 7, "0123456789")
    ('7', '1, is a 7')
    """
    return classes[guess] if guess == label else f"{classes[guess]}, is {article(classes[label])}"


# ---------------------------------------------------------------- for whoever wants to know

EXPLAINED = {
    "What optimiser, loss, batch and epoch mean": (
        "**Loss.** How wrong the answer is, in one number. Here it is cross-entropy: minus the logarithm of the "
        "probability given to the right class. Sure and right costs almost nothing, sure and wrong costs a lot; a "
        "network that knows nothing gives each of ten classes 10 % and pays 2.3.\n\n"
        "**Batch.** The network looks at a handful of images, 64 in the lesson, before it changes. Fewer make the "
        "direction noisy, more make each step slow.\n\n"
        "**Optimiser.** The rule that turns the slope of the loss into a step for every weight. RMSprop, the "
        "lesson’s, divides each slope by its own recent size, so that quiet weights learn as fast as loud ones. "
        "The **learning rate** is how long the step is: too small and nothing happens, too large and the loss "
        "jumps about or becomes infinite. Try it while a run goes on.\n\n"
        "**Epoch.** Once through all training images, in a new order each time.\n\n"
        "**Training, validation, test.** The network learns from the first, you decide by the second, and the "
        "third is opened once, at the end, so that nothing was chosen to please it."
    ),
}
