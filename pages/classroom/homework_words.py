"""The sentences of homework."""

from __future__ import annotations

from collections.abc import Sequence

from cnn_core.classroom import HandedIn, HandedRun, Task
from pages.ui.wording.blocks import plain
from pages.ui.wording.numbers import count, percent, plural
from pages.ui.wording.screen_summary import summary

NO_TASK = "No homework yet. When your teacher sets a task, it stands here."
NO_TASK_TEACHER = (
    "Set a task: your students hand in a network, answers or predictions until a date that you choose."
)
WHICH_TASK = "Task"
HAND_IN, HAND_IN_AGAIN = "Hand in", "Hand in again"
YOUR_NETWORK = "Your network"
NO_NETWORK = "You have no finished training yet. Train a network, then come back."
TO_TRAIN = "Train a network"
PREDICTIONS = "Predictions of the lesson"
HANDED = "Handed in."
NO_ANSWER = "No answer."
NOT_MADE = "not made yet"
NEW, CHANGE, DELETE = "New task", "Change", "Delete"
SET_IT, KEEP_CHANGES, CANCEL = "Set the task", "Keep the changes", "Cancel"
DELETE_WHAT = "The task goes, with all that was handed in for it."
TITLE, TITLE_EXAMPLE = "Title", "99 % with under 10,000 parameters"
WORDS = "What are they to do?"
DUE_DAY, DUE_TIME = "Until", "At"
WANTS_RUN = "A network that they trained"
QUESTIONS, QUESTIONS_EXAMPLE = "Questions, one on each line", "What helped most, and why?"
WHICH_PREDICTIONS = "Predictions of the lesson"
COPY_LINK = "Copy link for students"
ALL = "Download all"
LOOK_AT = "Look at what was handed in by"
NOBODY = "nobody"
LOOK_INSIDE, WEIGHTS = "Look inside", "Weights"
RUN_GONE = "The student has deleted this run. Its copy can be downloaded, and opened under “Open a network”."
RUN_HERE = "“Look inside” opens the run as it is now; the weights are those that were handed in."
HEAD = (
    "student",
    "handed in",
    "late",
    "network",
    "accuracy",
    "interval",
    "parameters",
    "answers",
    "predictions",
)


def until(when: str, is_past: bool) -> str:
    """when: the date of the task, by the visitor's clock."""
    if is_past:
        return f"The date was **{when}**. What you hand in now counts as late."
    return f"Until **{when}**. You can hand in as often as you like until then; the last one counts."


def due(when: str) -> str:
    """The same for a teacher, and on the wall."""
    return f"Until **{when}**."


def until_class_ends(when: str) -> str:
    """when: the end of the class, by the teacher's clock."""
    return f"The class is open until {when}; after that nothing can be handed in."


def lines(text: str) -> str:
    """Somebody's text as Markdown: as it was typed, line by line.

    >>> lines("a *b*\\n\\nc")
    'a \\\\*b\\\\*  \\n  \\nc'
    """
    return "  \n".join(plain(line) for line in text.split("\n"))


def handed(one: HandedIn, when: str) -> str:
    """To the student: what is handed in.  when: by the visitor's clock."""
    late = ", late" if one.is_late else ""
    times = f" ({plural(one.times, 'time')} so far)" if one.times > 1 else ""
    what = [] if one.run is None else [network(one.run)]
    answers = sum(bool(answer) for _, answer in one.answers)
    if one.answers:
        what.append(f"{answers} of {plural(len(one.answers), 'answer')}")
    if one.predictions:
        what.append(plural(len(one.predictions), "prediction"))
    return (
        f":material/check: Handed in **{when}**{late}{times}: {'; '.join(what) or 'nothing but your name'}."
    )


def network(run: HandedRun) -> str:
    """A network in a few words, as Markdown."""
    accuracy = "not tested" if run.accuracy is None else accuracy_of(run)
    return f"“{plain(run.name)}”, {accuracy}"


def accuracy_of(run: HandedRun) -> str:
    """Its accuracy, and whether that is a test; "" without one."""
    if run.accuracy is None:
        return ""
    of = (
        f"{percent(run.accuracy)} of {plural(run.count, 'test image')}"
        if run.count
        else percent(run.accuracy)
    )
    return of if run.is_test else f"{of}, no test: it may have learnt from some"


def figures(run: HandedRun) -> tuple[str, str, str]:
    """Accuracy, between which it lies on very many such images, and parameters; in a table's few words."""
    ends = run.interval
    accuracy = "" if run.accuracy is None else percent(run.accuracy)
    interval = (
        f"{percent(ends[0])} to {percent(ends[1])}" if ends is not None else "no test" if accuracy else ""
    )
    return accuracy, interval, count(run.parameters)


def nothing_from(names: Sequence[str]) -> str:
    """names: of those who have handed in nothing.

    >>> nothing_from(["Ada", "Ben"])
    'Nothing yet from Ada, Ben.'
    """
    return f"Nothing yet from {', '.join(plain(name) for name in names)}."


def what_is_made(made: int, of: int) -> str:
    """Above the predictions of a task.

    >>> what_is_made(1, 3)
    'Predictions of the lesson: 1 of 3 made. They are handed in as you said them last.'
    """
    return f"{PREDICTIONS}: {made} of {of} made. They are handed in as you said them last."


def who_has(handed_in: int, members: int, late: int) -> str:
    """For the teacher.

    >>> who_has(17, 24, 2), who_has(0, 0, 0)
    ('**17 of 24** have handed in, 2 of them late.', 'Nobody is in the class yet.')
    """
    if not members:
        return "Nobody is in the class yet."
    verb = "has" if members == 1 else "have"
    return f"**{handed_in} of {members}** {verb} handed in{f', {late} of them late' if late else ''}."


def wanted(task: Task) -> str:
    """What is to be handed in, in one line."""
    parts = ["a network"] if task.wants_run else []
    if task.questions:
        parts.append(plural(len(task.questions), "answer"))
    if task.predictions:
        parts.append(plural(len(task.predictions), "prediction"))
    return f"To hand in: {', '.join(parts)}."


def run_option(name: str, accuracy: float | None) -> str:
    """A training in a list to choose from."""
    return name if accuracy is None else f"{name} · {percent(accuracy)}"


def too_large(left_out: int, megabytes: int) -> str:
    """Why some weights are not in the ZIP."""
    return f"{plural(left_out, 'network')} will not be in the ZIP, which holds {count(megabytes)} MB of them."


def page_summary(tasks: int, title: str, when: str, state: str) -> str:
    """What the page says in one paragraph.  title: of the task that is open, "" for none.  state: a sentence."""
    if not title:
        return summary(NO_TASK)
    return summary(f"{plural(tasks, 'task')}. Open: {plain(title)}, until {when}.", state)
