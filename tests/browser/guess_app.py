"""One question of each kind, for tests of what asks them: which, is told by the address ("?kind=curve")."""

import numpy as np
import streamlit as st

from cnn_core.lesson.guess_questions import ChoiceQuestion, CurveQuestion, NumberQuestion, PointQuestion
from pages.ui.drawing.contact_sheet import contact_sheet
from pages.ui.drawing.said_and_measured import unknown
from pages.ui.forms import guess
from pages.ui.visitor.who import remember_visitor

remember_visitor()
IMAGE = np.zeros((28, 28), dtype=np.float32)
IMAGE[6:9, 4:24] = IMAGE[6:24, 18:21] = 1
TICKS = tuple(f"{turn:+d}°".replace("-", "−") for turn in range(-90, 91, 15))
MARKS = (0, 3, 6, 9, 12)
ASKED = {
    "choice": (
        ChoiceQuestion(
            id="demo.choice",
            asked="Which of these layers has no weights?",
            options=("conv2d_1", "max_pooling2d_1", "dense_1"),
            answer="max_pooling2d_1",
            hints={"dense_1": "A dense layer has a weight for each number below."},
            hint="A convolution has kernels.",
        ),
        "max_pooling2d_1",
        guess.Look(),
    ),
    "number": (
        NumberQuestion(
            id="demo.number",
            asked="The 7 moved by one pixel. After pooling, how much of its light still moves?",
            least=0,
            most=100,
            unit="%",
        ),
        28.04,
        guess.Look(),
    ),
    "point": (
        PointQuestion(id="demo.point", asked="Where is this digit brightest?", rows=28, columns=28),
        (7, 19),
        guess.Look(image=IMAGE, alt="A 7", px=168),
    ),
    "curve": (
        CurveQuestion(id="demo.curve", asked="How will accuracy fall as the 7 turns?", ticks=TICKS),
        [0, 0, 0, 2, 60, 99, 100, 100, 100, 97, 70, 94, 99],
        guess.Look(
            pictures=contact_sheet(np.stack([np.rot90(IMAGE, k) for k in range(5)]), "grey"), marks=MARKS
        ),
    ),
    "pictures": (
        ChoiceQuestion(
            id="demo.pictures", asked="Which does it look for?", options=("one", "two", "three"), answer="two"
        ),
        "two",
        guess.Look(pictures=contact_sheet(np.stack([IMAGE, IMAGE.T, 1 - IMAGE]), "grey")),
    ),
}
st.title("Guess")
for kind in st.query_params.get_all("kind"):
    question, measured, look = ASKED[kind]
    if guess.first(question, look):
        guess.shown(question, measured, "The **largest** of four stays the largest.", look)
        st.markdown(f"answer of {kind}")
    else:
        unknown("the answer", 96)
