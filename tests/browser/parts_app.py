"""The drawn parts by themselves, for test_parts.py: no dashboard, no network, only what pages are made of."""

import numpy as np
import streamlit as st

from pages.ui.drawing import answer_charts, contact_sheet, figure, sheets
from pages.ui.forms import canvas
from pages.ui.wording import blocks

st.set_page_config(layout="wide")
numbers = np.random.default_rng(0)
row, column = np.mgrid[:11, :11]
maps = np.stack(
    [np.maximum(0, np.sin(row * (i % 5 + 1) / 4 + i) * np.cos(column / (i % 3 + 1)) - 0.2) for i in range(64)]
)
maps[[7, 20]] = 0
states = [None] * 64
states[7] = "zero"
states[20] = "never fires"

st.title("What does each layer see?", anchor=False)
blocks.answer("Strokes first, then corners. The network answers **7**, over 99.9 % sure.")
left, right = st.columns([576, 292], gap="medium")
with left:
    st.markdown(blocks.sheet_heading("conv2d_2", "64 maps of 11×11", "0 to 0.8", "1 dark", "1 never fires"))

    def choose(index: int) -> None:
        st.session_state["chosen"] = index

    clicked = sheets.sheet(
        contact_sheet.contact_sheet(maps),
        "maps",
        alt="64 feature maps",
        tile_px=33,
        labels=[f"map {i}" for i in range(64)],
        selected=st.session_state.get("chosen"),
        states=states,
        on_click=choose,
    )
    st.text(f"clicked {clicked}, chosen {st.session_state.get('chosen')}")
    st.markdown(blocks.sheet_heading("filters", "12 pictures of 28×28"))
    sheets.sheet(
        contact_sheet.contact_sheet(numbers.random((12, 28, 28)), "grey"),
        "filters",
        alt="12 pictures",
        states=[None, None, "never fires", "no slope"] + [None] * 8,
        marks=[[(4, 4, 14, 14)]] + [[]] * 11,
        clickable=False,
    )
    blocks.what_you_see("One tile is one filter’s map of this digit: black is zero, pale yellow the maximum.")
with right:
    st.markdown("##### Twelve hard test digits, read now")
    digits = np.maximum(0, np.sin(np.linspace(0, 9, 12 * 784))).reshape(12, 28, 28)
    sheets.sheet(
        contact_sheet.contact_sheet(digits, "grey", (0.0, 1.0)),
        "digits",
        alt="Twelve digits",
        columns=4,
        captions=[("3, is a 5" if i in (5, 6) else "7", ">99 %") for i in range(12)],
        wrong={5, 6},
        clickable=False,
    )
    a, b = st.columns(2)
    with a:
        st.markdown(blocks.small("it sees 8×8 pixels"))
        sheets.picture(digits[5], "digit", alt="A digit.", px=120, rects=[(8, 10, 16, 18)])
    with b:
        st.markdown(blocks.small("map 41, 0 to 0.8"))
        cell = sheets.picture(
            maps[41], "map", alt="Map 41.", px=120, scale="activation", rects=[(3, 6, 4, 7)], clickable=True
        )
    st.text(f"cell {cell}")
    a, b, c = st.columns(3)
    with a:
        sheets.number_grid(numbers.random((3, 3)), scale="activation", alt="a patch")
    with b:
        sheets.number_grid(numbers.normal(size=(3, 3)), alt="a kernel")
    with c:
        sheets.number_grid(numbers.normal(size=(3, 3)) / 10, alt="products", mark=(1, 1))
    terms = [("map 21", 0.47), ("map 11", 0.42), ("28 other maps", 0.9), ("bias", -0.05)]
    figure.show(
        answer_charts.waterfall(terms, ("sum, relu", 1.74), figure.mode()), "sum", alt="A sum of four terms."
    )


@st.fragment
def pad() -> None:
    drawn = canvas.digit_canvas("pad")
    st.text(f"ink {sum(drawn) if drawn else None}")


with left:
    pad()
    shares = [0.001, 0.02, 0.1, 0.05, 0.004, 0.02, 0.0, 0.8, 0.004, 0.001]
    figure.show(
        answer_charts.bars(shares, list("0123456789"), figure.mode()), "bars", alt="Ten probabilities."
    )
