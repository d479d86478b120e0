"""The sentences of the door and of the view "The class", and the line on every page."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta, timezone

from cnn_core.classroom import Member, Seat, spoken
from pages.ui.wording.blocks import plain
from pages.ui.wording.numbers import plural
from pages.ui.wording.screen_summary import summary

# ---------------------------------------------------------------- the door

WHAT_A_CLASS_IS = (
    "In a class you see each other’s networks on one board, answer your teacher’s questions, and draw a test set "
    "together."
)
CODE = "Code of your class"
CODE_HELP = "Six letters: your teacher shows them."
NAME = "Your name in the class"
NAME_HELP = "All in the class can read it. Leave it empty, and you are called after an animal."
AN_ANIMAL = "empty: an animal’s name"
JOIN = "Join"
TEACH = "I teach: open a class"
TITLE = "What is your class called?"
TITLE_EXAMPLE = "Tuesday, 10 b"
HOW_LONG = "For how long?"
OPEN = "Open the class"
OPEN_WHAT = (
    "You get a code for your students. On the board they see each other’s networks, and names unless you hide them. "
    "Students need no account."
)
HOURS = {
    2: "One lesson: 2 hours",
    8: "One day: 8 hours",
    7 * 24: "One week",
    28 * 24: "Four weeks",
    60 * 24: "60 days",
}
USUAL_HOURS = 8
YOUR_OTHERS = "Your classes"


def join_instead(title: str) -> str:
    """To whoever comes by a link to another class than the one they sit in."""
    return (
        f"This link leads to another class. You are in **{plain(title)}** now; what you did there stays there, "
        "and you can go back."
    )


def stay_in(title: str) -> str:
    """Label of the way back to the class where one sits."""
    return f"Stay in {plain(title)}"


def gone(title: str) -> str:
    """To whoever was in a class a moment ago."""
    return (
        f"You are not in **{plain(title)}** any more: your teacher has wiped the class, or has taken you out. "
        "Your networks are still yours."
    )


def summary_of_door(code: str) -> str:
    """The summary of the page for who is in no class.  code: filled in by a link, or ""."""
    return summary(
        "Here you join your class, or open one. You are in no class.",
        f"The code {spoken(code)} is filled in: type your name, or none, and press Join."
        if code
        else "Type the code that your teacher shows, and your name, and press Join.",
        "Below, a teacher can open a class.",
    )


# ---------------------------------------------------------------- when


def local(seconds: float, minutes_behind: float) -> datetime:
    """A moment by the visitor's clock.

    seconds: since 1970.  minutes_behind: that their clock is behind Greenwich's, as a browser tells it.
    """
    return datetime.fromtimestamp(seconds, timezone(timedelta(minutes=-minutes_behind)))


def moment(at: datetime, now: datetime) -> str:
    """When something is, as one says it.

    >>> now = datetime(2026, 11, 27, 14, 0)
    >>> moment(datetime(2026, 11, 27, 16, 5), now), moment(datetime(2026, 11, 28, 9, 0), now)
    ('16:05', 'tomorrow at 09:00')
    >>> moment(datetime(2026, 12, 4, 9, 0), now), moment(datetime(2027, 1, 4, 9, 0), now)
    ('4 December at 09:00', '4 January 2027 at 09:00')
    """
    days = (at.date() - now.date()).days
    clock = f"{at:%H:%M}"
    if days == 0:
        return clock
    if days in (1, -1):
        return f"{'tomorrow' if days == 1 else 'yesterday'} at {clock}"
    year = f" {at.year}" if at.year != now.year else ""
    return f"{at.day} {at:%B}{year} at {clock}"


def open_until(when: str, is_open: bool) -> str:
    """Until when the class is open, or that it has ended.  when: of its end, by `moment`."""
    if is_open:
        return f"The class is open until **{when}**."
    return f"The class has ended ({when}). Nobody can join it, and nothing in it changes any more."


def kept_until(when: str) -> str:
    """For how long the server keeps the class.  when: the latest moment, by `moment`."""
    return f"The server deletes it after {when}."


# ---------------------------------------------------------------- the line on every page


def line(seat: Seat) -> str:
    """Which class, and who one is in it."""
    title = plain(seat.classroom.title)
    if not seat.is_open:
        return f":gray[{title} · has ended]"
    if seat.member is None:
        return f":gray[{title} · you teach]"
    as_teacher = ", and you teach" if seat.is_teacher else ""
    return f":gray[{title} · you are] **{plain(seat.member.name)}**:gray[{as_teacher}]"


def asks(question: str) -> str:
    """Label of the way to a question that waits."""
    return f"Your teacher asks: {plain(question)}"


TO_THE_CLASS = "Board"

# ---------------------------------------------------------------- the teacher's desk

JOIN_WITH = "join with the code"
QR_CODE = "QR code of the link to join"
COPY_LINK = "Copy the link"
KEEP_THE_KEY = (
    "**Your teacher’s link.** Whoever has it is a teacher of this class: keep it like a key. You need it on another "
    "device, or when this browser forgets you. It is shown this once."
)
SECOND_KEY = (
    "**A second teacher’s link.** Whoever opens it is a teacher of this class, as you are. It is shown "
    "this once."
)
COPY_KEY = "Copy my teacher’s link"
COPY_SECOND_KEY = "Copy their link"
SHOW_KEY = "Show it"
KEY_IS_KEPT = "I have kept it"
NOBODY_YET = "Nobody has joined yet."
LINKS = "Teachers' links"
INVITE = "A link for a second teacher"
INVITE_WHAT = "Whoever opens it can do all that you can. Yours stays as it is."
RENEW = "Renew the links"
RENEW_WHAT = (
    "All teachers' links of before stop working, and every other teacher is out. You stay, with the new link."
)
NEW_CODE = "Another code"
NEW_CODE_WHAT = "Nobody joins by the code of before any more. Whoever is in the class stays."
TAKE_OUT = "Take a student out"
WHOM = "Whom?"
TAKE_OUT_WHAT = "All that they did in the class is deleted. Their networks stay theirs."
LONGER = "Open for longer"
FROM_NOW = "From now on"
END = "End the class"
END_WHAT = (
    "Nobody joins any more, and nothing changes: no answer, no drawing, no hand-in. What is there can still be looked "
    "at. You can open it again here."
)
END_NOW = "End it now"
WIPE = "Wipe the class"
WIPE_WHAT = (
    "All that this server keeps of the class is deleted at once, for you and for all students: names, answers, "
    "drawings, hand-ins. It cannot be undone. The students' networks stay theirs, and a test set that you made of its "
    "drawings stays on My data until you remove it there."
)
WIPE_NOW = "Wipe it for ever"
RENAME_CLASS = "Name of the class"


def students(count: int) -> str:
    """Heading of the list."""
    return f"**{plural(count, 'student')}** in the class" if count else NOBODY_YET


def came(member: Member, when: str) -> str:
    """A line of the list."""
    return f"{plain(member.name)} :gray[{when}]"


def in_a_row(members: Iterable[Member]) -> str:
    """The names as a wall shows them."""
    return " · ".join(plain(member.name) for member in members)


def summary_of_desk(seat: Seat, members: Iterable[Member], until: str) -> str:
    """The summary of the view for a teacher."""
    names = [member.name for member in members]
    return summary(
        f"You teach {plain(seat.classroom.title)}.",
        summary_of_wall(seat, until),
        f"{plural(len(names), 'student')}: {', '.join(map(plain, names))}." if names else NOBODY_YET,
    )


def summary_of_wall(seat: Seat, until: str) -> str:
    """The summary of the view where all see it."""
    code = f"Students join with the code {' '.join(seat.classroom.code)}." if seat.is_open else ""
    return summary(code, until)


# ---------------------------------------------------------------- a student's place

MY_NAME = "My name in the class"
WHAT_IS_KEPT = (
    "This class keeps your name here, when you joined, and what you answer, draw and hand in. Your teachers can see "
    "all of it, the others what your teachers show. Your networks stay yours."
)
LEAVE = "Leave the class"
LEAVE_WHAT = "All that you did in the class is deleted. Your networks stay yours."
LEAVE_NOW = "Leave, and delete it"
LEAVE_TEACHER_WHAT = "You come back by your teacher’s link, or from the list of your classes."
LEAVE_TEACHER_NOW = "Leave my desk"


def summary_of_place(seat: Seat, until: str) -> str:
    """The summary of the view for a student."""
    name = seat.member.name if seat.member else ""
    return summary(f"You are {plain(name)} in {plain(seat.classroom.title)}.", until, WHAT_IS_KEPT)


LESSONS = "Three ready lessons"


def begins_with(scene: str) -> str:
    """What is said where a teacher came from a ready lesson.  scene: its title.

    >>> begins_with("Five kernels by hand")
    'It begins with the scene **Five kernels by hand**: whoever joins is put into it.'
    """
    return f"It begins with the scene **{plain(scene)}**: whoever joins is put into it."
