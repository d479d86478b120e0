"""What a run's state is called: in one word for a list, in a sentence for the page that shows it."""

from __future__ import annotations

from math import inf, isinf
from typing import TYPE_CHECKING

from cnn_core.runs.going_on import ended_by_patience
from pages.ui.visitor import server
from pages.ui.visitor.networks import GOING_ON
from pages.ui.wording.blocks import plain
from pages.ui.wording.numbers import about, count, duration, epochs, percent, plural

if TYPE_CHECKING:
    from cnn_core.runs import Run, Status


# In the sidebar there is room for a number, not for what it is a share of.
OF_WHICH_IMAGES = (
    "The number behind a name: how many of its test images that run reads rightly. Which images these are, and how "
    "many, stands on the page Runs."
)


def run_label(run: Run, told: bool = True) -> str:
    """One line about a run of the visitor's own: "My run, in training", or "Lesson convnet, 98.7 %" at its end.

    told: whether its accuracy may be seen; it may not while that is to be guessed.
    """
    status = run.status
    going_on = _going_on(status)
    return f"My run, {going_on}" if going_on else _outcome(run.name, status, told)


def shared_label(run: Run, told: bool = True) -> str:
    """The same about somebody else's: "Shared run, in training", or "Shared: Lesson convnet, 98.7 %"."""
    status = run.status
    going_on = _going_on(status)
    return f"Shared run, {going_on}" if going_on else f"Shared: {_outcome(run.name, status, told)}"


def _going_on(status: Status) -> str | None:
    return "interrupted" if status.state == "interrupted" else GOING_ON.get(status.state)


def _outcome(name: str, status: Status, told: bool) -> str:
    accuracy = (status.result or {}).get("accuracy")
    if not told and accuracy is not None:
        return name
    return f"{name}, {status.state if accuracy is None else percent(accuracy)}"


def state_words(run: Run) -> str:
    """Where a run stands, in Markdown; "" for one that has finished, of which each page says what it shows."""
    status = run.status
    if status.state == "queued":
        return waiting(status, *turn(run.id))
    if status.state == "running":
        return running(status.images_per_second or None, status.eta)
    if status.state == "paused":
        return paused(status.epoch)
    if status.state == "stopped":
        return stopped(status.epoch, status.reason, has_begun=status.step > 0)
    if status.state == "interrupted":
        return plain(status.reason) or interrupted(int(status.saved_epoch) + 1)
    return plain(failed(status.epoch, status.reason)) if status.state == "failed" else ""


def turn(run_id: str) -> tuple[int, float | None]:
    """Of a run that waits: how many are before it, and in how many seconds it begins, as `queued` takes them.

    Where the disk is full nobody knows.
    """
    store = server.store()
    wait = inf if server.lack() else store.expected_wait(run_id)
    return store.place(run_id), wait if wait and wait >= 1 else None


def more_epochs(run: Run) -> str | None:
    """What more epochs mean for a run that patience ended; None for others, of which there is nothing to say."""
    if not ended_by_patience(run):
        return None
    return (
        "It stopped by itself, for nothing got better. Now it goes on without patience, from its last epoch and not "
        "from its best one."
    )


CAN_BE_TRAINED = "This network can be trained."


NO_MAPS = "This network has no feature maps: an MLP looks at all pixels at once."


_LEAVE = "You may leave this page."


def queued(ahead: int, seconds: float | None = None) -> str:
    """seconds: until it begins; None where that is no time, infinite where nobody knows.

    >>> queued(2, 61)
    'Waiting: 2 runs are ahead of yours, about 1 min. You may leave this page.'
    >>> queued(0)
    'Getting ready. You may leave this page.'
    >>> queued(0, 30)
    'Waiting: yours is next, about 30 s. You may leave this page.'
    >>> queued(1, float("inf"))
    'Waiting: 1 run is ahead of yours. You may leave this page.'
    """
    if not ahead and seconds is None:  # a worker is free: it only has to start
        return f"Getting ready. {_LEAVE}"
    place = f"{plural(ahead, 'run is', 'runs are')} ahead of yours" if ahead else "yours is next"
    when = "" if seconds is None or isinf(seconds) else f", {about(seconds)}"
    return f"Waiting: {place}{when}. {_LEAVE}"


def waiting(status: Status, ahead: int, seconds: float | None = None) -> str:
    """The same of a run that may have begun before: it was paused, stopped, or others go first for a while.

    >>> from cnn_core.runs import Status
    >>> waiting(Status(), 2, 61)
    'Waiting: 2 runs are ahead of yours, about 1 min. You may leave this page.'
    >>> began = Status(reason="It has been at work for 12 minutes, so others who wait go first.", saved_epoch=2.4)
    >>> waiting(began, 1, 61)  # doctest: +NORMALIZE_WHITESPACE
    'It has been at work for 12 minutes, so others who wait go first. Waiting: 1 run is ahead of yours, about
    1 min. Then it goes on from epoch 3. You may leave this page.'
    """
    place = queued(ahead, seconds)
    if not ahead and seconds is None:  # it begins now; whatever was before is over
        return place
    if status.saved_epoch:
        place = place.replace(_LEAVE, f"Then it goes on from epoch {int(status.saved_epoch) + 1}. {_LEAVE}")
    return f"{plain(status.reason)} {place}".lstrip()


def running(images_per_second: float | None = None, seconds_left: float | None = None) -> str:
    """
    >>> running(6382.1, 22.2)
    'Running · 6,380 images/s · about 22 s left'
    >>> running()
    'Running'
    """
    parts = ["Running"]
    if images_per_second:
        tens = -1 if images_per_second >= 1000 else 0
        parts.append(f"{count(int(round(images_per_second, tens)))} images/s")
    if seconds_left is not None:
        parts.append(f"{about(seconds_left)} left")
    return " · ".join(parts)


def paused(epochs_done: float) -> str:
    """
    >>> paused(2.5)
    'Paused after 2.5 epochs. Nothing is lost.'
    """
    return f"Paused after {_epochs(epochs_done)}. Nothing is lost."


def stopped(epochs_done: float, reason: str = "", has_begun: bool = True) -> str:
    """reason: a sentence, where somebody else stopped it.  has_begun: whether a step was done.

    >>> stopped(2.5)
    'Stopped by you after 2.5 epochs; the weights so far are kept.'
    >>> stopped(2.5, "Whoever runs this server has stopped it.")
    'Whoever runs this server has stopped it after 2.5 epochs; the weights so far are kept.'
    >>> stopped(0, has_begun=False)
    'Stopped by you before its first step.'
    """
    by = plain(reason).rstrip(".") if reason else "Stopped by you"
    if not has_begun:
        return f"{by} before its first step."
    return f"{by} after {_epochs(epochs_done)}; the weights so far are kept."


def finished(accuracy: float, images: int, seconds: float, noun: str = "digits") -> str:
    """noun: what the images show.

    >>> finished(0.9903, 10000, 43)
    'Finished: **99.0 %** of 10,000 test digits, in 43 s.'
    >>> finished(0.9903, 10000, 43, "clothes")
    'Finished: **99.0 %** of 10,000 test clothes, in 43 s.'
    """
    return f"Finished: **{percent(accuracy)}** of {count(images)} test {noun}, in {duration(seconds)}."


def interrupted(epoch: int) -> str:
    """epoch: counted from 1, the one that is taken up again.

    >>> interrupted(2)
    'The machine was restarted. It goes on from epoch 2.'
    """
    return f"The machine was restarted. It goes on from epoch {epoch}."


def failed(epochs_done: float, reason: str) -> str:
    """reason: the sentences of the error that ended the run; they start in small letters after the colon.

    >>> failed(1.2, "The loss became infinite. A learning rate of 0.1 is too large.")
    'This run failed after 1.2 epochs: the loss became infinite. A learning rate of 0.1 is too large.'
    """
    reason = reason[:1].lower() + reason[1:] if reason[:2].istitle() else reason
    return f"This run failed after {_epochs(epochs_done)}: {reason}"


def _epochs(done: float) -> str:
    return f"{epochs(done)} epoch" + ("" if epochs(done) == "1" else "s")
