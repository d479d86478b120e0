"""What the page "My data" says. Pure: numbers in, sentences out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cnn_core.data.own.limits import ENOUGH, LEAST_OF_A_CLASS, MOST_PICTURES
from cnn_core.data.splits import split_sizes
from cnn_core.upload_limits import PHOTO_MB, PICTURES_MB
from pages.ui.wording.blocks import plain
from pages.ui.wording.numbers import count, plural
from pages.ui.wording.screen_summary import summary

WAYS = {"draw": "Draw", "camera": "Camera", "upload": "Upload"}
PHOTO_WAYS = {"thing": "A thing", "ink": "A drawing on paper"}
SHAPES = {"grey": "Grey, 28×28", "colour": "Colour, 32×32"}
FEW_TESTS = 8  # test pictures; below that a percentage says little

WHAT_IT_READS = "how many of its test pictures the network reads"
EMPTY = "Two things or more, and about ten pictures of each: that is enough to begin."
SHAPE_FIRST = "How the pictures are kept. It cannot be changed once there is one."
ALL_FOR_TESTING = "All of it is for testing: nothing learns from it."
ADD_BY_ENTER = "The button, or Enter, adds it and clears the pad."
HOW_DRAWN = "A drawing is centred and made 28×28, light on dark, as MNIST’s digits are."
HOW_DRAWN_COLOUR = "A drawing is centred and made 32×32, light on dark, the same in red, green and blue."
HOW_INK = "What is drawn is found on the paper, centred and made light on dark, as a drawing on the pad is."
CAMERA_ADDS = "Each photo you take is added at once. It stays on this server."
UPLOAD_WHAT = (
    f"Many pictures for this class at once, each of at most {PHOTO_MB} MB; or a zip with one folder for each class; or "
    f"a CSV with a label and the pixels of one picture in each line, of at most {PICTURES_MB} MB. They stay on this "
    "server."
)
WHO = "Your name (optional)"
WHO_HELP = "The owner of the set sees it beside your pictures. Leave it empty if you like."
CHANGES = "Change each picture a little at random"
NEW_SET_HELP = "The set you see stays as it is."
REMOVE_SURE = (
    "Its pictures are wiped from this server at once, and cannot be brought back. Networks that learnt from them keep "
    "working; for them the names of the classes are kept."
)
SHARE_WHAT = (
    "Whoever has the link can see this set and add pictures to it. Only you can change it or remove it."
)
STOP_SHARING_WHAT = "The link leads nowhere from then on. What was added stays in your set."
SEEN_BY_LINK = (
    "Whoever opens a link to a network that learnt from these pictures can see the test pictures on Evaluate."
)
OPEN_SAVED = (
    "A zip that was saved here, or one with a folder of pictures for each class, of at most "
    f"{PICTURES_MB} MB. It becomes a new set."
)
SAVE_WHAT = "A zip with one folder of PNGs for each class. It opens here again, and in any other program."
GUEST = "This set is somebody else’s. You may add pictures, and take your own out again."

PLACES = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")


class Row(NamedTuple):
    """One class. pictures: how many it has; tests: how many of them are kept for testing."""

    name: str
    pictures: int
    tests: int


def verdict(rows: Sequence[Row]) -> str:
    """What there is, and whether it is enough, in one line."""
    total = sum(row.pictures for row in rows)
    if not total:
        return EMPTY
    what = f"{_NUMBERS[len(rows)]} {'class' if len(rows) == 1 else 'classes'}, **{count(total)}** {pictures(total)}."
    if total == sum(row.tests for row in rows):
        return f"{what} {ALL_FOR_TESTING}"
    return f"{what} {_enough(rows)}"


def _enough(rows: Sequence[Row]) -> str:
    if len(rows) < 2:
        return "It needs a second thing to tell it from."
    few = [row for row in rows if row.pictures < LEAST_OF_A_CLASS]
    if few:
        return f"Each class needs {LEAST_OF_A_CLASS} or more, and {few[0].name} has {few[0].pictures}."
    tests = sum(row.tests for row in rows)
    if tests < FEW_TESTS:
        return f"Enough to begin; but {little(tests)}"
    smallest = min(rows, key=lambda row: row.tests)
    if smallest.pictures < ENOUGH:
        says = "and one says" if smallest.tests == 1 else f"and {_NUMBERS[smallest.tests].lower()} say"
        verb = "is" if smallest.tests == 1 else "are"
        return (
            f"Enough to begin; but of {smallest.pictures} pictures of {smallest.name} only {smallest.tests} {verb} "
            f"kept for testing, {says} little."
        )
    return "Enough to begin."


def summary_of_set(rows: Sequence[Row], target: str, way: str, is_owner: bool) -> str:
    """The summary of the page.

    target: name of the class that the next picture goes to.
    way:    a key of WAYS.
    """
    each = ", ".join(f"{row.name} {count(row.pictures)}" for row in rows)
    to_try = {
        "draw": "draw in the black square with the arrow keys and Space, and press Enter to add the drawing",
        "camera": "take a photo",
        "upload": "choose files",
    }
    return summary(
        f"Here pictures of your own are collected, for a network to learn. Pictures so far: {plain(each)}.",
        "" if is_owner else GUEST,
        verdict(rows),
        f"The next picture goes to {plain(target)}. Try: {to_try[way]}.",
    )


def little(tests: int) -> str:
    """How little a test on so few pictures says.

    >>> little(5)
    'only 5 are kept for testing, so that one mistake is 20 points of accuracy.'
    """
    verb = "is" if tests == 1 else "are"
    points = round(100 / max(1, tests))
    return f"only {tests} {verb} kept for testing, so that one mistake is {points} points of accuracy."


def pictures(number: int) -> str:
    """The noun after a number.

    >>> pictures(1), pictures(7)
    ('picture', 'pictures')
    """
    return "picture" if number == 1 else "pictures"


def row_count(number: int, is_for_testing: bool = False) -> str:
    """How many a class has, beside its name.

    is_for_testing: nothing learns from any of the set, so that nothing needs more of them.
    """
    if not number:
        return ":gray[no picture yet]"
    more = " :gray[· a few more would help]" if number < ENOUGH and not is_for_testing else ""
    return f"**{count(number)}** :gray[{pictures(number)}]{more}"


def shown_of(shown: int, number: int) -> str:
    """Under a mosaic that does not show all."""
    return f"The latest {shown} of {count(number)}."


def tile(name: str, place: int, is_test: bool, who: str, may_take: bool) -> str:
    """What a tile is, on hover and for the ear.

    >>> tile("house", 3, True, "Ana", True)
    'house no. 3, kept for testing, by Ana: click to take it out'
    """
    by = f", by {who}" if who else ""
    return f"{name} no. {place}{', kept for testing' * is_test}{by}{': click to take it out' * may_take}"


def what_you_see(is_owner: bool) -> str:
    """Under the mosaics."""
    whose = "one" if is_owner else "one that you added"
    return (
        f"One row is one class, one tile one picture as the network will see it; click {whose} to take it out. About a "
        "quarter of each class is kept for testing, to see whether the network understands or only remembers."
    )


def what_train_does(total: int, train: int) -> str:
    """Of a set's pictures, which a training learns from.

    total: all of them.
    train: those that are not kept for testing.
    """
    learn, watch = split_sizes(train)
    return (
        f"Of the {count(total)} pictures the network learns from {count(learn)}. {count(watch)} "
        f"{'shows' if watch == 1 else 'show'} during training how it gets on, and {count(total - train)} test it at "
        "the end."
    )


def why_changes(train: int) -> str:
    """Why random changes are on."""
    learn = split_sizes(train)[0] if train > 1 else train
    few = f"A network soon knows {count(learn)} {pictures(learn)} by heart. " if learn else ""
    return f"{few}Turned by up to 10°, shifted and zoomed by up to 10 %, each is a new one every time it is shown."


def adds_to(name: str) -> str:
    """The button under the pad."""
    return f"Add it to {name}"


def train_on(total: int) -> str:
    """The primary button.

    >>> train_on(41), train_on(0)
    ('Train on 41', 'Train')
    """
    return f"Train on {count(total)}" if total else "Train"


def heading(way: str, name: str) -> str:
    """Above the pad, the camera or the upload."""
    return {"draw": f"Draw: {name}", "camera": f"Take photos: {name}", "upload": f"Upload: {name}"}[way]


def how_prepared(way: str, photo_way: str, is_colour: bool) -> str:
    """How what comes is brought into the set's form."""
    if way == "draw":
        return HOW_DRAWN_COLOUR if is_colour else HOW_DRAWN
    if photo_way == "ink":
        return HOW_INK
    size = "32×32, in colour" if is_colour else "28×28, grey"
    return f"Of a photo the square in its middle is taken and made {size}."


def reading(done: int, total: int) -> str:
    """Beside the bar of an upload that is read.

    >>> reading(120, 400), reading(0, 0)
    ('120 of 400 pictures read', 'Reading …')
    """
    return f"{count(done)} of {plural(total, 'picture')} read" if total else "Reading …"


def taken_out(number: int, what: str = "") -> str:
    """Beside Undo."""
    return f"{plural(number, 'picture')} taken out{f' with {what}' if what else ''}."


def brought(added: int, already: int, refused: int, first: str, classes: Sequence[str]) -> str:
    """What an upload came to.  first: what was wrong with the first of those refused."""
    parts = [f"{plural(added, 'picture')} added."]
    if classes:
        parts.append(f"New: {', '.join(classes)}.")
    if already:
        verb = "was" if already == 1 else "were"
        parts.append(f"{count(already)} {verb} in the set already.")
    if refused:
        verb = "was" if refused == 1 else "were"
        parts.append(f"{count(refused)} {verb} left out: {first}")
    return " ".join(parts)


def contributor(who: str, number: int) -> str:
    """A line of the list of contributors."""
    return f"{who or 'without a name'} :gray[· {plural(number, 'picture')}]"


def room(total: int) -> str:
    """How full the set is."""
    return f"{count(total)} of {count(MOST_PICTURES)} pictures."


def shape_words(is_colour: bool) -> str:
    """How a set's pictures are kept."""
    return SHAPES["colour" if is_colour else "grey"]


def came_to(name: str, right: int, tests: int) -> str:
    """What the newest network that learnt from this set reads."""
    little_says = (
        f" {tests} say little." if 1 < tests < FEW_TESTS else " One says little." if tests == 1 else ""
    )
    return f"**{name}** reads **{right}** of {tests} test {pictures(tests)}.{little_says}"


def in_training(name: str) -> str:
    """While it is trained."""
    return f"**{name}** is in training."
