"""What the Train page says of a run beside its curves: its best epoch, its averages, and when it was trained before."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from cnn_core.data.sources import dataset_of
from cnn_core.training.moving_averages import averages_mislead, share_left
from pages.ui.wording.blocks import plain, small
from pages.ui.wording.classes import article
from pages.ui.wording.numbers import count, epochs, percent, plural, points

if TYPE_CHECKING:
    from cnn_core.model import ModelSpec
    from cnn_core.runs import Run
    from cnn_core.training.ahead import Ahead

# ---------------------------------------------------------------- the best epoch


def best_line(run: Run, validation_images: int) -> str:
    """Which epoch was best, beside where the run stands now; "" before the first has ended.

    validation_images: how many images are kept aside; 0 where nobody knows.
    """
    best, curve = run.best(), run.history().validation
    if best is None or not len(curve):
        return ""
    aside_images = plural(validation_images, "image") if validation_images else "images"
    them = "it" if validation_images == 1 else "them"
    by = f"its loss on {them}" if has_lowest_loss(run) else them
    aside = small(f"Both on {aside_images} kept aside. The best epoch is chosen by {by}.")
    if best.step >= curve.step[-1]:
        return f"Best: epoch {epochs(best.epoch)}, the latest one, {percent(best.accuracy)}."
    now = f"{_now(run)} {percent(curve.accuracy[-1])}"
    if (
        not has_lowest_loss(run) and curve.accuracy[-1] == best.accuracy
    ):  # of equals the first is the best one
        now = f"as good {_now(run)}"
    return f"**Best: epoch {epochs(best.epoch)}, {percent(best.accuracy)}**; {now}.  \n{aside}"


def has_lowest_loss(run: Run) -> bool:
    """Whether the best epoch is the one with the lowest loss, and not the one with the highest accuracy."""
    return run.has_recipe and run.recipe.monitor == "val_loss"


def _now(run: Run) -> str:
    """When the last validation was; within an epoch it can be above the best one, which is of the ends alone."""
    if not run.status.unfinished:
        return "at the end"
    epoch = run.history().validation.epoch[-1]
    return "now" if epoch % 1 == 0 else f"now, within epoch {int(epoch) + 1},"


def both_tested(run: Run) -> str:
    """How the best epoch and the last one did on the test images; "" where they are the same or were not tested."""
    best, result = run.best(), run.status.result or {}
    other = result.get("other")
    if best is None or not isinstance(other, dict) or "accuracy" not in result or "accuracy" not in other:
        return ""
    both = (result["accuracy"], other["accuracy"])
    of_best, of_last = both if run.moment == "best" else both[::-1]
    images = plural(result["count"], "test image") if "count" in result else "test images"
    return small(
        f"On {images}: {percent(of_best)} with the weights of epoch {epochs(best.epoch)}, "
        f"{percent(of_last)} with the last ones."
    )


def patience_over(run: Run) -> str:
    """Why a run with patience ended before its last epoch, and whose weights it has; "" for all others."""
    best, recipe, status = run.best(), run.recipe, run.status
    if status.state != "finished" or recipe.patience is None or best is None:
        return ""
    whose = f"It has the weights of its best one, epoch {epochs(best.epoch)}."
    if status.epoch >= recipe.epochs:
        return whose
    waited = plural(recipe.patience, "epoch")
    better = "no lower loss" if has_lowest_loss(run) else "nothing better"
    return f"It stopped by itself: {waited} in a row brought {better}. {whose}"


def look_into(moment: str, best_epoch: float) -> str:
    """Label of the button that opens other weights of the run."""
    return f"Look into epoch {epochs(best_epoch)}" if moment == "best" else "Look into the last epoch"


# ---------------------------------------------------------------- going on


def go_on(has_diverged: bool, rate: float) -> str:
    """Label of the button that takes a stopped or failed run up again."""
    return f"Go on with rate {rate:g}" if has_diverged else "Go on"


def from_where(step: int) -> str:
    """Of a run that diverged: where it is taken up again."""
    where = "from its beginning" if step == 0 else f"from step {count(step)}, the last one with a sound loss"
    return f"It goes on {where}. All that came after it is dropped."


ON_AS_BEFORE = "It goes on exactly as if you had not stopped it."


# ---------------------------------------------------------------- averages of batch normalisation


def has_old_averages(run: Run) -> bool:
    """Whether a run has ended with averages that still remember their start, and reads less for it."""
    return (
        run.status.state == "finished"
        and run.has_recipe
        and averages_mislead(run.spec, run.history(), run.status.step)
    )


def old_averages(run: Run) -> str:
    """After the end of a short run with batch normalisation: why it reads less than it has learnt."""
    steps, learnt = run.status.step, run.history().train.accuracy
    own = f" On its last batches it was right for {percent(learnt[-1])}." if len(learnt) else ""
    return (
        f"Batch normalisation reads new images by moving averages, and after {plural(steps, 'step')} "
        f"**{share_in_words(share_left(steps))}** of them are still the numbers they began with.{own} "
        "They can be measured anew, in one pass over the training images. The weights stay as they are."
    )


def share_in_words(share: float) -> str:
    """
    >>> share_in_words(0.99**25), share_in_words(0.99**499)
    ('78 %', '0.7 %')
    """
    return f"{100 * share:.{0 if share >= 0.095 else 1}f} %"


def remeasured(run: Run) -> str:
    """What came of measuring the averages anew."""
    anew, before = run.remeasured(), run.status.result or {}
    noun = dataset_of(run.dataset).noun
    instead = f", instead of {percent(before['accuracy'])}" if "accuracy" in before else ""
    images = f" from {count(anew['images'])} training images" if isinstance(anew.get("images"), int) else ""
    return (
        f"With averages measured anew{images} it reads **{percent(anew['accuracy'])}** of {count(anew['count'])} "
        f"test {noun}{instead}. Both networks are kept."
    )


REMEASURE = "Measure the averages anew"
REMEASURING = "Measuring the averages anew …"
LOOK_INTO_REMEASURED = "Look into this network"


def batch_of_one(what: str) -> str:
    """Before or after a training with batches of one image. what: as `moving_averages.batches_of_one` says it."""
    first = "Batch normalisation needs several images in a batch, and yours have one. "
    if what == "nothing is left":
        return (
            f"{first}A number that is alone in its batch is its own mean: 0 is left of it, whatever the image. "
            "So nothing can be learnt through that layer. Choose batches of 16 or more."
        )
    return (
        f"{first}Each image is then measured against itself while it learns, and against averages over many images "
        "when it is read. Choose batches of 16 or more."
    )


# ---------------------------------------------------------------- validation above training


def ahead(lead: Ahead, measured_images: int) -> str:
    """Why validation is above training, and what is left of that when both are measured alike."""
    head = (
        f"**Validation is above training**: {percent(lead.validation)} against {percent(lead.training)} over the "
        f"last quarter of an epoch. {_why_ahead(lead)}"
    )
    if lead.measured is None:
        return head
    images = f"{count(measured_images)} training images, read as the validation images are,"
    return f"{head} {images} give {percent(lead.measured)}: {_what_is_left(lead)}"


def _why_ahead(lead: Ahead) -> str:
    reasons = []
    if lead.dropout and lead.changes:
        reasons.append("Dropout and the random changes act only while it learns.")
    elif lead.dropout:
        reasons.append("Dropout switches units off only while it learns.")
    elif lead.changes:
        reasons.append("The random changes make images harder only while it learns.")
    if lead.attacks:
        reasons.append("While it learns, every second image is attacked, so that it is harder to read.")
    if lead.wrong_labels:
        wrong = f"{100 * lead.wrong_labels:.0f} %"
        reasons.append(
            f"{wrong} of the labels it learns from are wrong, and a right answer to these counts as wrong."
        )
    if not reasons:
        reasons.append("Training is measured before each step, and the network has become better since.")
    return " ".join(reasons)


def _what_is_left(lead: Ahead) -> str:
    assert lead.measured is not None
    if lead.measured >= lead.validation:
        return "nothing is left of the lead."
    rest = points(lead.validation - lead.measured)
    if lead.is_explained:
        return f"what is left, {rest}, is within chance."
    return f"{rest} are left, so the images kept aside are also easier for it."


ALIKE = "Measure training as validation is measured"
ALIKE_HELP = (
    "The same 500 training images (or all, where there are fewer), unchanged, with their true labels, read after the "
    "step by the whole network: nothing is switched off."
)
NOT_MEASURED = "That was not measured for this run."
ENLARGED = "Enlarge the top of the accuracy"


# ---------------------------------------------------------------- trained already


def trained_already(run: Run, name: str, today: float | None = None) -> str:
    """What is said where the very same training was done before.

    name:  of the design now.
    today: seconds since 1970; None is now.
    """
    made = time.localtime(run.created)
    is_today = made[:3] == time.localtime(today)[:3]
    when = time.strftime("today at %H:%M" if is_today else "on %d.%m.%Y at %H:%M", made)
    other = f" It is called “{plain(run.name)}” and has the same layers." if run.name != name else ""
    return (
        f"**You have trained this already**, {when}: the same layers, recipe, images and seed "
        f"{run.recipe.seed}.{other} "
        "Trained again, it will end with the same weights."
    )


SHOW_IT, TRAIN_AGAIN = "Show it", "Train it again"


def with_seed(seed: int) -> str:
    """Label of the button that trains the same with other random choices."""
    return f"Train with seed {seed}"


def goes_on(run: Run) -> str:
    """Of a run that goes on while something else is looked at."""
    accuracy = run.history().validation.accuracy
    so_far = f": {percent(accuracy[-1])} so far" if len(accuracy) else ""
    verb = {"paused": "is paused", "queued": "waits"}.get(run.status.state, "goes on")
    return f"Your run of {plain(run.name)} {verb}{so_far}."


# ---------------------------------------------------------------- spoken


def spoken(run: Run) -> str:
    """What a screen reader says of a run: at its beginning, after each epoch, and at its end."""
    status, accuracy = run.status, run.history().validation.accuracy
    if status.state == "finished":
        result = status.result or {}
        return (
            f"Finished. Test accuracy {percent(result['accuracy'])}." if "accuracy" in result else "Finished."
        )
    if status.state != "running":
        return {"paused": "Paused.", "stopped": "Stopped.", "failed": "The run failed."}.get(
            status.state, "Waiting."
        )
    done = int(status.epoch)
    if not done:
        return "Training has begun."
    reads = f" Validation accuracy {percent(accuracy[-1])}." if len(accuracy) else ""
    return f"{plural(done, 'epoch')} of {run.recipe.epochs} done.{reads if status.epoch - done < 0.5 else ''}"


def read_aloud(guess: str, label: str) -> str:
    """One of the twelve images.

    >>> read_aloud("8", "2"), read_aloud("2", "2")
    ('a 2, read as 8', 'a 2, read as 2')
    """
    return f"{article(label)}, read as {guess}"


def lacks_batch(spec: ModelSpec, batch_size: int) -> str:
    """The sentence about batches of one image, where it holds; else ""."""
    from cnn_core.training.moving_averages import batches_of_one

    what = batches_of_one(spec) if batch_size == 1 else ""
    return batch_of_one(what) if what else ""
