"""What the view "Our digits" says. Pure: numbers in, sentences out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cnn_core.classroom.drawn import DIGITS, MOST_DRAWN, OTHERS
from pages.ui.wording.blocks import plain
from pages.ui.wording.numbers import count, percent, plural
from pages.ui.wording.screen_summary import summary
from pages.ui.wording.which_images import tested_on

if TYPE_CHECKING:
    from cnn_core.classroom.drawn import Drawing, State, Tally
    from cnn_core.classroom.handwriting import HardDigit, Score

STEPS = {
    "overview": "Overview",
    "decide": "In dispute",
    "draw": "Draw",
    "check": "Check",
    "results": "Results",
}

# ---------------------------------------------------------------- draw

ENDED = "The class has ended. What was drawn can still be looked at, under Results."
ADD = "Add it"
HOW_PREPARED = (
    "It is centred and made 28×28 pixels, as MNIST’s digits are. Draw as you always write: a test set of odd "
    "digits says little about your class."
)
KEPT_HOW = (
    "Two others check it. If it counts, it goes into your class’s test set, without your name. A click on a drawing of "
    "yours lets you take it out."
)
CLOSED = "Your teacher has closed the drawing. Check the digits of others."
DRAWN_ALL = f"You have drawn {MOST_DRAWN} digits: that is all a student may. Check the digits of others."
TAKE_OUT = "Take it out"


def draw_a(digit: int) -> str:
    """The heading over the pad.

    >>> draw_a(7), draw_a(8)
    ('Draw a 7', 'Draw an 8')
    """
    return f"Draw {a(digit)}"


def a(digit: int) -> str:
    """A digit with its article.

    >>> a(8), a(1)
    ('an 8', 'a 1')
    """
    return f"{'an' if digit == 8 else 'a'} {digit}"


def so_far(mine: int, whole: int) -> str:
    """How many there are.

    >>> so_far(3, 84)
    'You have drawn 3 of at most 20. Your class has 84 drawings.'
    """
    return f"You have drawn {mine} of at most {MOST_DRAWN}. Your class has {plural(whole, 'drawing')}."


OF_STATE: dict[State, str] = {
    "waiting": "waits",
    "agreed": "counts",
    "decided": "counts",
    "disputed": "in dispute",
    "out": "taken out",
}


def state_of(one: Drawing) -> str:
    """What has become of one's own drawing, in a sentence."""
    drawn = f"You drew {a(one.digit)}."
    if one.state == "out":
        return f"{drawn} Your teacher took it out: it does not count."
    if one.state == "decided":
        return f"{drawn} Your teacher says that it is {a(one.label)}: it counts."
    if one.state == "agreed":
        return f"{drawn} Two others read the same: it counts."
    if one.state == "disputed":
        settles = (
            "Your teacher decides" if one.is_settled else "A third student may settle it, or your teacher"
        )
        return f"{drawn} Others read: {readings(one)}. It is in dispute. {settles}."
    missing = OTHERS - len(one.said)
    return (
        f"{drawn} It waits until {'two others have' if missing == OTHERS else 'one more has'} looked at it."
    )


def readings(one: Drawing) -> str:
    """What others read in it, without who."""
    return ", ".join("cannot tell" if said is None else str(said) for said in one.said.values())


def disputed_of_mine(some: int) -> str:
    """That drawings of one's own are in dispute; "" where none is.

    >>> disputed_of_mine(1)
    '1 of your drawings is in dispute: not all who looked read what was asked for.'
    """
    if not some:
        return ""
    verb = "is" if some == 1 else "are"
    return f"{some} of your drawings {verb} in dispute: not all who looked read what was asked for."


# ---------------------------------------------------------------- check

WHAT_DIGIT = "What digit is this?"
CANNOT_TELL = "I cannot tell"
CHECK_WHY = "You are not told what it was meant to be: so your answer is worth something."
A_DRAWING = "A digit that somebody in your class drew"


def nothing_to_check(checked: int) -> str:
    """There is no drawing that this student should look at now."""
    done = f"You have checked {plural(checked, 'drawing')}. " if checked else ""
    return f"{done}There is nothing for you to check now. New drawings come here by themselves."


def checked_so_far(checked: int, left: int) -> str:
    """Under the drawing.

    left: that wait for this student, the one that is shown among them.

    >>> checked_so_far(4, 12)
    'You have checked 4. 12 wait for you.'
    """
    return f"You have checked {count(checked)}. {count(left)} {'waits' if left == 1 else 'wait'} for you."


# ---------------------------------------------------------------- the teacher's

MAKE = "Make the test set"
UPDATE = "Bring the test set up to date"
CLOSE, OPEN = "Close the drawing", "Open the drawing again"
NOTHING_IN_DISPUTE = "Nothing is in dispute."
KEPT_AFTER = (
    "The test set is a data set of yours, on My data: its pictures and labels, and no name. It stays when the class "
    "is wiped; you remove it there. All of it is for testing: no network can learn from it."
)
SETTLED_BY = "What you decide counts at once."
WHERE_STUDENTS_DRAW = (
    "Your students find a pad here, under Draw. Each is asked for the digit that the class needs most."
)


def how_far(said: Tally) -> str:
    """How many drawings there are, and how many of them count."""
    if not said.drawn:
        return "Your class has drawn nothing yet."
    parts = [
        f"{count(said.states.get('waiting', 0))} wait for a check" if said.states.get("waiting") else "",
        f"{count(said.states.get('disputed', 0))} in dispute" if said.states.get("disputed") else "",
    ]
    rest = ", ".join(filter(None, parts))
    return (
        f"**{count(said.counting)}** of {plural(said.drawn, 'drawing')} "
        f"{'counts' if said.counting == 1 else 'count'}: two others agree with its label, or the teacher decided."
        f"{f' {rest[:1].upper()}{rest[1:]}.' if rest else ''}"
    )


def the_set(name: str, pictures: int) -> str:
    """That there is a test set.

    >>> the_set("Tuesday, digits", 84)
    'The test set “Tuesday, digits” holds 84 digits.'
    """
    return f"The test set “{plain(name)}” holds {plural(pictures, 'digit')}."


def table_of_digits(of_digit: Sequence[int]) -> str:
    """How often each digit counts, as a table in Markdown."""
    heads = " | ".join(str(digit) for digit in range(DIGITS))
    return f"| digit | {heads} |\n|---|{'---:|' * DIGITS}\n| count | {' | '.join(map(count, of_digit))} |"


def in_dispute(left: int) -> str:
    """The heading over a drawing that the teacher decides.

    >>> in_dispute(1), in_dispute(3)
    ('1 drawing to decide', '3 drawings to decide')
    """
    return f"{plural(left, 'drawing')} to decide"


def asked_and_read(one: Drawing) -> str:
    """What was asked for, and what others read.

    >>> from cnn_core.classroom.drawn import Drawing
    >>> asked_and_read(Drawing("", "", 7, b"", {"x": 1, "y": None}))
    'It was drawn as a 7. Others read: 1, cannot tell.'
    """
    drawn = f"It was drawn as {a(one.digit)}."
    return f"{drawn} Others read: {readings(one)}." if one.said else f"{drawn} Nobody has looked at it."


# ---------------------------------------------------------------- results

SOMEBODY = "A student"  # where the teacher shows no names
NO_SET = "There is no test set yet. Your teacher makes it under Overview, once enough drawings count."
NO_SET_TEACHER = "There is no test set yet. You make it under Overview."
HOW_TO_READ = (
    "A disc is the share of your class’s digits that a network reads. With many more digits like these it would very "
    "likely lie on its line. The ring is the same network on test digits of MNIST."
)
NOBODY_READ = "Digits that no network read"
FEW_READ = "Digits that only few networks read"
ALL_READ = "Every digit of the set was read by more than a quarter of the networks."


def out_of_date(more: int, is_teacher: bool) -> str:
    """That the drawings that count are others than those in the set.  more: counting now, less those in the set."""
    what = (
        f"{plural(more, 'drawing counts', 'drawings count')} since the test set was made."
        if more > 0
        else "The drawings that count have changed since the test set was made."
    )
    return f"{what} {'Bring it up to date under Overview.' if is_teacher else ''}".strip()


def still_reading(left: int) -> str:
    """That networks are on their way."""
    return f"{plural(left, 'network is', 'networks are')} still reading them."


def who_reads_best(winners: Sequence[Score], others: int) -> str:
    """The answer: whose network reads the class's digits best, ties told.

    winners: those among whom nobody can say who is best, the one that read most first.
    others:  how many networks read fewer.
    """
    first = winners[0]
    said = (
        f"**{named(first)}** reads **{count(first.right)}** of your class’s {plural(first.count, 'digit')} rightly, "
        f"{percent(first.accuracy)}"
    )
    if len(winners) == 1:
        return f"{said}: more than {_all_others(first)}." if others else f"{said}."
    return f"{said}. {_as_good(winners[1:])} may be as good: so small a difference can be chance."


def _all_others(one: Score) -> str:
    return "every other network of your class" if one.reader.who else "the others that came with Convscope"


def ours_beside(one: Score) -> str:
    """How the best of those did that came with Convscope."""
    return f"{named(one)}, which came with Convscope, reads {count(one.right)} of them."


def _as_good(rest: Sequence[Score]) -> str:
    names = [named(one) for one in rest[:3]]
    if len(rest) > 3:
        return f"{', '.join(names)} and {plural(len(rest) - 3, 'other')}"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def named(score: Score) -> str:
    """A network with whose it is, harmless in Markdown."""
    title = plain(score.reader.title)
    return f"{plain(score.reader.who)}: {title}" if score.reader.who else title


def the_gap(score: Score) -> str:
    """How the same network does on MNIST's test images, and what may be the reason; "" where that is not known."""
    if score.reader.on_mnist is None or score.gap is None:
        return ""
    images = tested_on("mnist", score.reader.of_mnist, score.reader.of_sample)
    there = f"Of {images} {named(score)} reads {percent(score.reader.on_mnist)}"
    if score.gap_may_be_chance:
        return f"{there}: with so few digits of yours, the difference can be chance."
    points = f"{abs(100 * score.gap):.1f} points"
    if score.gap < 0:
        return f"{there}: it reads yours better, by {points}."
    return (
        f"{there}: it reads yours worse, by {points}. They are of the same collection as the digits that it learnt "
        "from; yours were drawn on a screen, by others."
    )


def score_row(score: Score) -> tuple[str, str, str]:
    """(its name, its share of the class's digits with the interval, its share of MNIST's) in words."""
    low, high = score.interval
    elsewhere = "–" if score.reader.on_mnist is None else percent(score.reader.on_mnist)
    return named(score), f"{percent(score.accuracy)} ({percent(low)} to {percent(high)})", elsewhere


def score_table(rows: Sequence[Score]) -> str:
    """All networks as a table in Markdown."""
    lines = ["| network | your class’s digits | test digits of MNIST |", "|---|---:|---:|"]
    return "\n".join(lines + [f"| {' | '.join(score_row(one))} |" for one in rows])


def chart_alt(rows: Sequence[Score]) -> str:
    """The chart, for whoever cannot see it."""
    each = "; ".join(
        f"{one.reader.who + ': ' if one.reader.who else ''}{one.reader.title}: {percent(one.accuracy)}"
        + ("" if one.reader.on_mnist is None else f", on MNIST {percent(one.reader.on_mnist)}")
        for one in rows
    )
    return f"Share of the class’s digits that each network reads. {each}."


def how_many(heading: str, some: int) -> str:
    """A heading with how many there are.

    >>> how_many(NOBODY_READ, 3)
    'Digits that no network read: 3'
    """
    return f"{heading}: {count(some)}"


def shown_of(shown: int, some: int) -> str:
    """That not all are shown."""
    return f"The first {count(shown)} of {count(some)}."


def hard_caption(one: HardDigit, networks: int) -> tuple[str, str]:
    """Under a tile: its label, and what most networks said.

    >>> from cnn_core.classroom.handwriting import HardDigit
    >>> hard_caption(HardDigit(0, 7, 0, (1,), 5), 8), hard_caption(HardDigit(0, 7, 0, (1, 2), 4), 8)
    (('is a 7', 'most said 1'), ('is a 7', 'most said 1 or 2'))
    >>> hard_caption(HardDigit(0, 8, 0, (1, 2), 3), 14)
    ('is an 8', 'often 1 or 2')
    """
    often = "most said" if one.votes * len(one.said) * 2 > networks else "often"
    return f"is {a(one.label)}", f"{often} {' or '.join(map(str, one.said))}"


def about_the_nets(nets: int, class_nets: int) -> str:
    """Which networks were asked."""
    ours = nets - class_nets
    own = f"{plural(class_nets, 'network')} of your class and " if class_nets else ""
    return f"Asked: {own}{plural(ours, 'network')} that came with Convscope, each trained on MNIST."


# ---------------------------------------------------------------- for whoever cannot see the page

TO_TRY = {
    "overview": "close the drawing, or make the test set",
    "decide": "say which digit it is, or take it out",
    "draw": "draw the digit that is asked for, and press Enter",
    "check": "say which digit it is",
    "results": "look at the digits that nobody read",
}


def summary_of(step: str, said: Tally) -> str:
    """The summary of the page in one of the steps."""
    return summary(
        "Your class draws digits, checks each other’s, and so makes a test set of its own handwriting.",
        how_far(said),
        f"The step that is open: {STEPS[step]}.",
        f"Try: {TO_TRY[step]}.",
    )
