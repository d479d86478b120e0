"""Which image goes through the network: a test image, a drawing, or an upload. Shared by every page that needs one.

What comes from the browser (a number in the address, a drawing, a file) is checked by the core.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from cnn_core.data import digit_from_pixels
from cnn_core.data.sources import dataset_of
from cnn_core.errors import StudentError
from pages.ui.forms import choice
from pages.ui.forms.canvas import digit_canvas
from pages.ui.forms.photo_input import own_photo
from pages.ui.frame import address
from pages.ui.visitor import server
from pages.ui.wording.blocks import caption, plain, problem
from pages.ui.wording.classes import article as article
from pages.ui.wording.numbers import count
from pages.ui.wording.which_images import no_test_images

if TYPE_CHECKING:
    from torch import Tensor

OFFERED = 200  # test images in the list; a link may name any other
WAYS = {"test": "Test digit", "draw": "Draw", "upload": "Upload"}
_INDEX = "digit"  # the number of the test image; also its name in the address
_WAY = "digit_way"  # a key of WAYS
_WAY_IN_ADDRESS = address.one_of("way", _WAY, {way: way for way in WAYS}, "test")


@dataclass(frozen=True)
class ChosenImage:
    """The image that goes through the network.

    image: (C, H, W) in [0, 1].
    key:   the same key, the same image.
    label, index: of a test image, else None.
    """

    image: Tensor
    key: str
    title: str  # "no. 0, a 7", "your drawing"
    label: int | None = None
    index: int | None = None


def look_at_digit(index: int) -> None:
    """Make test image `index` the chosen one, on every page that shows one; for callbacks."""
    st.session_state[_INDEX] = index
    st.session_state[_WAY] = "test"


def begin_with_digit(index: int) -> None:
    """Let a page begin with test image `index`, before it draws the widgets; where one was chosen, change nothing."""
    if _INDEX not in st.session_state and _WAY not in st.session_state:
        st.session_state[_INDEX] = index


def say_why_none(dataset: str) -> None:
    """Where there are no test images of the data set on this machine: say why, and what needs none."""
    if (why := server.why_no_images(dataset)) is not None:
        caption(no_test_images(why.message, dataset_of(dataset)))


def way_and_number(dataset: str = "mnist", standard: int = 0) -> str:
    """Draw the widgets of the control strip, in the container that is open. Returns the way: test, draw or upload.

    Where there are no test images on this machine there is no way "test"; `say_why_none` says why.
    standard: the number that the address leaves out, of the image the page begins with.
    """
    text = address.asked(_INDEX)
    if server.why_no_images(dataset) is not None:
        address.write(_INDEX, "")
        return _way(dataset)
    images = len(server.images(dataset, "test"))
    number = None if text is None else address.whole_number(text, images)
    if number is not None:
        look_at_digit(number)
    way = _way(dataset)
    if way == "test":
        _number(dataset)
    index = st.session_state.get(_INDEX, standard) if way == "test" else standard
    address.write(_INDEX, "" if index == standard else str(index))
    if text is not None and number is None:
        caption(_no_such_image(text, images))
    return way


def _way(dataset: str) -> str:
    words = WAYS | {"test": f"Test {singular(dataset)}"}
    ways = ways_of(dataset)
    if server.why_no_images(dataset) is not None:
        ways.remove("test")
    return choice.in_address(_WAY_IN_ADDRESS, "Image", {way: words[way] for way in ways})


def ways_of(dataset: str) -> list[str]:
    """The ways to an image of a data set: nobody draws a photo in colour.

    >>> ways_of("mnist"), ways_of("cifar10")
    (['test', 'draw', 'upload'], ['test', 'upload'])
    """
    return [way for way in WAYS if way != "draw" or not dataset_of(dataset).is_colour]


def _no_such_image(text: str, images: int) -> str:
    return f"There is no test image “{plain(text[:20])}”: they are numbered from 0 to {count(images - 1)}."


def singular(dataset: str) -> str:
    """What one image of a data set shows.

    >>> singular("mnist"), singular("fashion_mnist")
    ('digit', 'garment')
    """
    return dataset_of(dataset).singular


def _number(dataset: str) -> None:
    test = server.images(dataset, "test")
    labels = test.labels[:OFFERED].tolist()  # one by one it would take a millisecond
    offered = list(range(len(labels)))
    now = st.session_state.get(_INDEX, 0)
    if isinstance(now, int) and 0 <= now < len(test) and now not in offered:
        offered.append(now)
        labels.append(int(test.labels[now]))
    said = {
        index: f"no. {index}, {article(test.classes[label])}"
        for index, label in zip(offered, labels, strict=True)
    }
    st.selectbox(
        "Test image",
        offered,
        format_func=lambda index: said.get(index, str(index)),
        key=_INDEX,
        width=150,
        label_visibility="collapsed",
        persist_state="session",
    )


def chosen_image(way: str, dataset: str = "mnist") -> ChosenImage | None:
    """The image; draws the pad or the upload where one is asked for. None while there is nothing drawn or sent yet."""
    try:
        if way == "draw":
            return _drawn(dataset)
        if way == "upload":
            image = own_photo(dataset)
            return None if image is None else ChosenImage(image, _key(image), "your picture")
    except StudentError as error:
        problem(error)
        return None
    return chosen_test_image(dataset)


def chosen_test_image(dataset: str = "mnist") -> ChosenImage:
    """The test image whose number was chosen last, on whichever page; the first where none of this data set was.

    Raises StudentError where there are none on this machine.
    """
    test = server.images(dataset, "test")
    index = st.session_state.get(_INDEX, 0)
    index = index if isinstance(index, int) and 0 <= index < len(test) else 0
    label = int(test.labels[index])
    title = f"no. {index}, {article(test.classes[label])}"
    return ChosenImage(
        test.images[index].float() / 255, f"{dataset}/{len(test)}/{index}", title, label, index
    )


def _drawn(dataset: str) -> ChosenImage | None:
    pixels = digit_canvas("digit_pad", px=252)
    if pixels is None:
        caption(f"Draw a {singular(dataset)} in the square: the page follows your pen.")
        return None
    image = digit_from_pixels(pixels, dataset=dataset)
    return ChosenImage(image, _key(image), "your drawing")


def _key(image: Tensor) -> str:
    return hashlib.sha256(image.numpy().tobytes()).hexdigest()[:16]
