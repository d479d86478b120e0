"""The sentences of the page that opens a network made elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from cnn_core.data.learnt_from import Overlap
from cnn_core.data.sources import KNOWN, Dataset, available, dataset_of
from cnn_core.errors import StudentError
from cnn_core.opening import Trial
from cnn_core.opening.preparations import LEAST, UNIT
from cnn_core.runs.opened import OpenedFile
from cnn_core.runs.openings import LARGEST_MB
from pages.ui.trained.trained import Trained
from pages.ui.wording.blocks import plain
from pages.ui.wording.numbers import count, duration, percent, plural, points
from pages.ui.wording.screen_summary import summary
from pages.ui.wording.which_images import no_test

# ---------------------------------------------------------------- the door

WHICH_FILES = (
    "Bring a network that you trained elsewhere. **Keras**: .keras or .h5, also from R. **PyTorch**: .safetensors, .pt "
    "or .pth with a state_dict. **ONNX**: .onnx. Files that were saved here open again too. Nothing in a file is run."
)
WEIGHTS_ALONE = (
    "A file that holds weights alone says nothing of its layers: it is put onto the design in the sidebar. Choose or "
    "build that design first. A design saved as .json opens here as well, and goes into the sidebar."
)
ANOTHER = "Open another"
IN_THE_SIDEBAR = "The design is in the sidebar now. It has learnt nothing yet: train it on the page Train."
BACK = "Back to the network"


SUMMARY_OF_DOOR = summary(
    "Here a network that was trained elsewhere is opened.",
    WHICH_FILES,
    "Try: choose a file with the button Upload.",
)
LABEL = f"A file with a network, at most {LARGEST_MB} MB"


def waiting(file: str, ahead: int, is_measuring: bool, has_no_room: bool = False) -> str:
    """While a worker has the file, or will have it.

    ahead:       how many are before it.
    has_no_room: whether nothing is begun now, for the server's disk is full.

    >>> waiting("net.h5", 0, False), waiting("net.h5", 2, False), waiting("net.h5", 0, True)
    ('Opening net.h5 …', 'net.h5 waits: 2 are ahead of it.', 'net.h5 is open. Trying it on the test images …')
    """
    if is_measuring:
        return f"{plain(file)} is open. Trying it on the test images …"
    if ahead:
        return f"{plain(file)} waits: {plural(ahead, 'is', 'are')} ahead of it."
    return f"{plain(file)} waits." if has_no_room else f"Opening {plain(file)} …"


# ---------------------------------------------------------------- the first look

_SMALL = (
    "No",
    "One",
    "Two",
    "Three",
    "Four",
    "Five",
    "Six",
    "Seven",
    "Eight",
    "Nine",
    "Ten",
    "Eleven",
    "Twelve",
)
_KINDS = {
    "keras": "Keras",
    "hdf5": "Keras, HDF5",
    "torch": "PyTorch",
    "safetensors": "safetensors",
    "onnx": "ONNX",
    "json": "a design",
}
PREPARATIONS = {  # a key of `cnn_core.opening.PREPARATIONS` -> (its name, in other words)
    "unit": ("0 to 1", "as in the lesson"),
    "bytes": ("0 to 255", "raw bytes"),
    "signed": ("−1 to 1", "grey at 0"),
    "standard": ("−0.4 to 2.8", "as PyTorch’s example"),
    "inverted": ("inverted", "1 minus each number"),
    "exchanged": ("rows as columns", "as R may fill an array"),
}
NONE_OF_THEM = "It reads none of the data sets here. What was it trained on?"
NO_IMAGES = "No data set here has images of its size and as many classes, so it cannot be tested here."
TRAINED_ON = (
    "This network was opened from a file, and has been trained here since. Its curves are on the page Train."
)
NOT_TESTED = "Not tested here"
WHAT_WAS_IT = "What was it trained on?"
TESTING = "Testing it on all test images …"
LOOK_INTO_IT = "Look into it"
WHAT_IT_EXPECTS = "Which numbers does it expect?"
WHICH_IMAGES = "Which images does it read?"
USE_THIS_DESIGN = "Use this design"
SAID = "What evaluate() said"
NO_NUMBER = "Type the accuracy as a number, such as 0.9441 or 94.4 %."
CHANGED = "What was done to open it"
GUESSED = "Guessed"


def how_many(number: int) -> str:
    """At the beginning of a sentence.

    >>> how_many(6), how_many(40)
    ('Six', '40')
    """
    return _SMALL[number] if number < len(_SMALL) else str(number)


NINE_IN_TEN = 0.9
IS_IT_GOOD = (
    "It was tested here as soon as it was open. Does it read at least nine in ten test images rightly?"
)
GOOD = ("nine in ten or more", "fewer than nine in ten")
TO_BE_GUESSED = "the accuracy that was measured here"


def measured_here(accuracy: str, of: str) -> str:
    """
    >>> measured_here("98.2 %", "MNIST’s 10,000 test digits")
    'Measured here it reads **98.2 %** of MNIST’s 10,000 test digits. What a file says of itself was not believed.'
    """
    return f"Measured here it reads **{accuracy}** of {of}. What a file says of itself was not believed."


def answer(
    layers: int, parameters: int, accuracy: float | None, of: str, file: OpenedFile, told: bool = True
) -> str:
    """The line under the title.

    accuracy: a fraction of the test images; None where it was not tested.
    of:       which images those are: "MNIST’s 10,000 test digits".
    told:     whether the accuracy may be said.
    """
    noun = "layer" if layers == 1 else "layers"
    begin = f"{how_many(layers)} {noun} and **{count(parameters)}** parameters."
    if accuracy is not None and not told:
        return begin
    if accuracy is not None:
        return f"{begin} Measured here it reads **{percent(accuracy)}** of {of}."
    if file.dataset:
        return f"{begin} It says that it learnt from {_title(file.dataset)}, and it cannot be tested on those here."
    return f"{begin} {NONE_OF_THEM if file.trials else NO_IMAGES}"


def summary_of_opened(file: OpenedFile, answer: str) -> str:
    """The summary of the first look.  answer: its first line."""
    return summary(
        f"Here is what the file {plain(file.name)} holds: a network.",
        answer,
        "Try: look into its layers, or type what evaluate() said at home.",
    )


def about_file(file: OpenedFile) -> str:
    """The file, its kind, its size, and how long it took.

    >>> about_file(OpenedFile("net.keras", 96_000, "keras", 1.2))
    '**net.keras** :gray[· Keras · 96 kB · opened in 1 s]'
    """
    facts = [_KINDS.get(file.kind, ""), size(file.bytes), f"opened in {duration(file.seconds)}"]
    return f"**{plain(file.name)}** :gray[· {' · '.join(filter(None, facts))}]"


def size(number: int) -> str:
    """A file's size.

    >>> size(788_360), size(25_000_000), size(300)
    ('788 kB', '25.0 MB', '300 bytes')
    """
    if number >= 1_000_000:
        return f"{number / 1e6:.1f} MB"
    return f"{number / 1e3:.0f} kB" if number >= 1000 else plural(number, "byte")


def preparations_told(file: OpenedFile) -> str:
    """Under the bars of the preparations."""
    ones = file.trials_of(file.dataset)
    if len(ones) < 2:
        return ""
    images = (
        f"{how_many(len(ones))} ways were tried, each on {count(ones[0].count)} test {_noun(file.dataset)}."
    )
    if file.said_scale:
        return f"{images} The file shows that it wants {PREPARATIONS[file.said_scale][0]}."
    first = f"The file does not say how its images were prepared, so {images[:1].lower()}{images[1:]}"
    return f"{first} {_which_is_ahead(file, ones)}Change it if you know better."


def _which_is_ahead(file: OpenedFile, ones: Sequence[Trial]) -> str:
    """Which of them read most, where that does not decide; "" where it does. ones: all of the file's data set."""
    told = file.verdict_of(file.dataset)
    assert told.best is not None
    alike = [one for one in ones if one is told.best or one in told.ties]
    chosen = file.trial_of(file.dataset, file.preparation)
    if file.by != "visitor" and chosen is not None and chosen not in alike:
        ahead, usual = (PREPARATIONS[one.preparation][0] for one in (told.best, chosen))
        more = points(told.best.accuracy - chosen.accuracy).removeprefix("+")
        return f"{ahead}: {more} more than {usual}. That is too little to be sure. "
    if len(alike) < 2:
        return ""
    names = _listed([PREPARATIONS[one.preparation][0] for one in alike])
    apart = told.best.accuracy - min(one.accuracy for one in alike)
    so = ""
    if file.by != "visitor" and file.preparation == UNIT:
        so = f", so {PREPARATIONS[UNIT][0]} is taken, as in the lesson"
    if round(1000 * apart) < 1:
        return f"{names} cannot be told apart{so}. "
    return f"{names} lie within {points(apart).removeprefix('+')}, which may be chance{so}. "


def data_sets_told(file: OpenedFile) -> str:
    """Under the bars of the data sets."""
    best = [one for key in KNOWN if (one := file.verdict_of(key).best)]
    if not best:
        return ""
    images = f"Each bar: the best way, on {count(min(one.count for one in best))} test images or more."
    if file.said_dataset:
        return f"{images} The file says {_title(file.said_dataset)}."
    if max(one.accuracy for one in best) < LEAST:
        return f"{images} It reads none of them. Choose what it was trained on."
    return f"{images} The file does not say what it was trained on. Change it if you know better."


def not_said(file: OpenedFile) -> list[str]:
    """What the file does not say, and how that was settled; one sentence or two for each."""
    sentences = []
    if not file.said_dataset and file.by == "measured":
        trial = file.trial_of(file.dataset, file.preparation)
        reads = (
            f"It reads {percent(trial.accuracy)} of the {_noun(file.dataset)} tried, so" if trial else "So"
        )
        sentences.append(f"What it was trained on. {reads} {_title(file.dataset)} are taken.")
    if not file.said_dataset and file.by == "visitor":
        sentences.append(f"What it was trained on. You said {_title(file.dataset)}.")
    if not file.said_scale and file.dataset:
        ways = len(file.trials_of(file.dataset))
        settled = (
            f"{how_many(ways)} {'way was' if ways == 1 else 'ways were'} tried: see “{WHAT_IT_EXPECTS}”"
            if ways
            else f"“{PREPARATIONS[file.preparation][0]}” is taken."
        )
        sentences.append(f"How its images were prepared. {settled}")
    return sentences


def not_said_title(sentences: Sequence[str]) -> str:
    """
    >>> not_said_title(["a", "b"]), not_said_title(["a"])
    ('Two things the file does not say', 'One thing the file does not say')
    """
    things = "thing" if len(sentences) == 1 else "things"
    return f"{how_many(len(sentences))} {things} the file does not say"


LAYERS_GUESSED = (
    "The file does not say all of its layers, and what it does not say was guessed. Correct the layers in the sidebar "
    "where you know better; then a button here puts the weights onto your design."
)


def onto_design(file: str) -> str:
    """Beside the button that puts a file's weights onto the design in the sidebar.

    >>> onto_design("net.pt")
    'The design in the sidebar is changed. Put the weights of net.pt onto it?'
    """
    return f"The design in the sidebar is changed. Put the weights of {plain(file)} onto it?"


def why_not_tested(dataset: str) -> str:
    """Under "Not tested here": what is missing, and that little depends on it.  dataset: what the file says."""
    here = available(dataset)
    if here.is_usable:
        return "It was not tested on the images that are here. Choose its data set below to test it."
    return f"{plain(here.source)} What needs no test images works all the same."


def worth(one: Trained) -> str:
    """Why its accuracy may be no test; "" where nothing is against it.

    A network from elsewhere was usually kept away from the test images, but not from the digits that come with
    Convscope: those are some of MNIST's training images.
    """
    if not one.seen and (one.learnt_from.is_known or not one.is_sample):
        return ""
    return no_test(Overlap(one.count, one.seen, one.learnt_from.is_known), _noun(one.dataset))


# ---------------------------------------------------------------- what evaluate() said


def fraction_of(text: str) -> float | None:
    """An accuracy that somebody typed; None where it is none.

    >>> fraction_of("94.3 %"), fraction_of("0.9441"), fraction_of("94,3"), fraction_of("much"), fraction_of("1.0")
    (0.943, 0.9441, 0.943, None, 1.0)
    """
    is_percent = "%" in text
    try:
        value = float(text.replace("%", "").replace(",", ".").strip())
    except ValueError:
        return None
    value = round(value / 100, 8) if is_percent or value > 1 else value
    return value if 0 <= value <= 1 else None


def compared(said: float, measured: float, images: int, is_sample: bool) -> tuple[bool, str]:
    """Whether both agree to 0.1 points, and a sentence about it.

    said, measured: fractions.
    images:         how many were read here.
    """
    if abs(said - measured) <= 0.001 + 1e-9:
        return True, "That is what it reads here too."
    apart = points(measured - said)
    if is_sample:
        return (
            False,
            f"Here {apart}, but these are {count(images)} other digits: with more of them it would be closer.",
        )
    return False, f"Here {apart}. Were the scale and the data set the same?"


# ---------------------------------------------------------------- ways on


MAPS = "its feature maps of one image"
DREAM = "a photo, as its filters would have it"
TRAIN_IT_ON = "more epochs, from these weights"
WAYS = {"train": "Train it on"}  # what no page asks itself


def pictures(filters: Sequence[int]) -> str:
    """filters: how many each convolution has.

    >>> pictures([16]), pictures([16, 32]), pictures([32, 64, 64])
    ('16 pictures', '16 and 32 pictures', '32, 64 and 64 pictures')
    """
    *first, last = map(str, filters)
    return f"{', '.join(first)} and {last} pictures" if first else f"{last} pictures"


MISTAKES_UNTOLD = "which images it misreads"  # how many is still to be guessed


def mistakes(accuracy: float, images: int, dataset: str) -> str:
    """
    >>> mistakes(0.9434, 10_000, "mnist"), mistakes(1.0, 500, "mnist")
    ('the 566 digits it misreads', 'it misreads none of the 500 digits')
    """
    wrong, noun = round((1 - accuracy) * images), _noun(dataset)
    if not wrong:
        return f"it misreads none of the {count(images)} {noun}"
    return (
        f"the {count(wrong)} {noun} it misreads" if wrong > 1 else f"the one of the {noun} that it misreads"
    )


def data_set_title(title: str) -> str:
    """In the list of data sets. title: of one; "" where none is chosen yet.

    >>> data_set_title("MNIST digits"), data_set_title("")
    ('It reads MNIST digits', 'Choose a data set')
    """
    return f"It reads {title}" if title else "Choose a data set"


def preparation_title(preparation: str) -> str:
    """
    >>> preparation_title("bytes")
    'Use 0 to 255'
    """
    return f"Use {PREPARATIONS[preparation][0]}"


def bar_rows(trials: Sequence[Trial], chosen: Trial | None, by: str) -> list[tuple[str, str, float, bool]]:
    """(what, in other words, fraction, whether it is the chosen one) for each.

    by: "preparation" or "dataset": what tells them apart.
    """
    rows = []
    for trial in trials:
        what, other = (
            PREPARATIONS[trial.preparation] if by == "preparation" else _name_and_noun(trial.dataset)
        )
        rows.append((what, other, trial.accuracy, trial == chosen))
    return rows


def _listed(names: Sequence[str]) -> str:
    """
    >>> _listed(["0 to 1", "0 to 255", "inverted"])
    '0 to 1, 0 to 255 and inverted'
    """
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _name_and_noun(key: str) -> tuple[str, str]:
    dataset = _dataset(key)
    return (dataset.name, dataset.noun) if dataset else (key, "")


def _noun(key: str) -> str:
    """What the images of a data set show, plural."""
    dataset = _dataset(key)
    return dataset.noun if dataset else "images"


def _title(key: str) -> str:
    dataset = _dataset(key)
    return dataset.title if dataset else "another data set"


def _dataset(key: str) -> Dataset | None:
    """What is known of it; None of one that was removed since."""
    try:
        return dataset_of(key)
    except StudentError:
        return None
