"""The sentences of the Train page about a run."""

from __future__ import annotations

from cnn_core.data.sources import dataset_of
from cnn_core.runs import Run
from pages.ui.visitor import server
from pages.ui.wording.blocks import plain, small
from pages.ui.wording.numbers import count, duration, epochs, percent, plural
from pages.ui.wording.run_states import failed, finished, interrupted, paused, queued, running, stopped


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
    if all(layer.type != "batch_normalization" for layer in run.spec.layers):
        return False
    learnt, read = history.train.accuracy[-1:], history.validation.accuracy[-1:]
    return not learnt or not read or read[0] < learnt[0] - 0.05


def _without_curve(run: Run) -> str:
    status = run.status
    if status.state == "finished":
        return "Nobody here can tell: its training happened elsewhere."
    return "It is about to begin." if status.state == "running" else "It has not begun."


def state_words(run: Run) -> str:
    status, store = run.status, server.store()
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
