"""What a run's state is called."""

from __future__ import annotations

from typing import Any

from pages.ui.wording.numbers import about, count, duration, epochs, percent, plural


def run_label(run: Any, whose: str = "My") -> str:
    """One line about a run: "My run, in training", or its name and what came of it ("Lesson convnet, 98.7 %")."""
    status = run.status
    going_on = {
        "queued": "waiting",
        "running": "in training",
        "paused": "paused",
        "interrupted": "interrupted",
    }
    if status.state in going_on:
        return f"{whose} run, {going_on[status.state]}"
    accuracy = (status.result or {}).get("accuracy")
    return f"{run.name}, {percent(accuracy) if accuracy is not None else status.state}"


NOTHING_TRAINED = "Nothing trained yet. You are looking at the lesson’s convnet, trained by us."


CAN_BE_TRAINED = "This network can be trained."


NO_MAPS = "This network has no feature maps: an MLP looks at all pixels at once."


def loading(images: int, what: str = "test digits") -> str:
    """Shown after 0.3 s, under a skeleton of the picture's size.

    >>> loading(10000)
    'Reading 10,000 test digits …'
    """
    return f"Reading {count(images)} {what} …"


def queued(ahead: int, seconds: float | None = None) -> str:
    """
    >>> queued(2, 61)
    'Waiting: 2 runs are ahead of yours, about 1 min. You may leave this page.'
    >>> queued(0)
    'Waiting: yours is next. You may leave this page.'
    """
    place = f"{plural(ahead, 'run is', 'runs are')} ahead of yours" if ahead else "yours is next"
    when = "" if seconds is None else f", {about(seconds)}"
    return f"Waiting: {place}{when}. You may leave this page."


def running(images_per_second: float | None = None, seconds_left: float | None = None) -> str:
    """
    >>> running(6382.1, 22.2)
    'Running · 6,380 images/s · about 22 s left'
    >>> running()
    'Running'
    """
    parts = ["Running"]
    if images_per_second:
        parts.append(f"{count(round(images_per_second, -1 if images_per_second >= 1000 else 0))} images/s")
    if seconds_left is not None:
        parts.append(f"{about(seconds_left)} left")
    return " · ".join(parts)


def paused(epochs_done: float) -> str:
    """
    >>> paused(2.5)
    'Paused after 2.5 epochs. Nothing is lost.'
    """
    return f"Paused after {_epochs(epochs_done)}. Nothing is lost."


def stopped(epochs_done: float) -> str:
    """
    >>> stopped(2.5)
    'Stopped by you after 2.5 epochs; the weights so far are kept.'
    """
    return f"Stopped by you after {_epochs(epochs_done)}; the weights so far are kept."


def finished(accuracy: float, images: int, seconds: float) -> str:
    """
    >>> finished(0.9903, 10000, 43)
    'Finished: **99.0 %** of 10,000 test digits, in 43 s.'
    """
    return f"Finished: **{percent(accuracy)}** of {count(images)} test digits, in {duration(seconds)}."


def interrupted(epoch: int) -> str:
    """epoch: counted from 1, the one that is taken up again.

    >>> interrupted(2)
    'The machine was restarted. Taken up again from epoch 2.'
    """
    return f"The machine was restarted. Taken up again from epoch {epoch}."


def failed(epochs_done: float, reason: str) -> str:
    """reason: the sentences of the error that ended the run; they start in small letters after the colon.

    >>> failed(1.2, "The loss became infinite. A learning rate of 0.1 is too large.")
    'This run failed after 1.2 epochs: the loss became infinite. A learning rate of 0.1 is too large.'
    """
    reason = reason[:1].lower() + reason[1:] if reason[:2].istitle() else reason
    return f"This run failed after {_epochs(epochs_done)}: {reason}"


def offline(images: int = 5000, of: int = 60000, accuracy: float = 0.96) -> str:
    """
    >>> offline()
    'No network: using 5,000 digits instead of 60,000. Expect about 96 %.'
    """
    expected = f"{100 * accuracy:.0f} %"
    return f"No network: using {count(images)} digits instead of {count(of)}. Expect about {expected}."


def _epochs(done: float) -> str:
    return f"{epochs(done)} epoch" + ("" if epochs(done) == "1" else "s")
