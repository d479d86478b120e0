"""What random changes brought: the two networks of a pair compared under turn and shift."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from cnn_core.errors import StudentError
from cnn_core.runs import Gain, Pair, gain
from cnn_core.training import CHANGES
from pages.augmentation import pair_words
from pages.augmentation.pairs import ask_pair
from pages.ui.drawing.evaluation_charts import WITH_AND_WITHOUT, two_curves
from pages.ui.drawing.figure import mode, show
from pages.ui.drawing.legend import names_in_colour
from pages.ui.visitor import networks, server
from pages.ui.wording.blocks import caption, problem, what_you_see
from pages.ui.wording.looking import look
from pages.ui.wording.numbers import percent
from pages.ui.wording.which_images import no_test

IMAGES = 2_000  # test images behind each point of the curves


@dataclass(frozen=True, eq=False)
class TrainedPair:
    """A pair that can be compared: its networks, with changes and without, and how many test images there are."""

    pair: Pair
    networks: list[networks.LoadedNetwork]
    test_images: int

    @property
    def images(self) -> int:
        """How many of them stand behind each point."""
        return min(IMAGES, self.test_images)

    def curves(self, change: str) -> list[list[float]]:
        """The accuracy of both at each strength of the change, fractions."""
        dataset = self.pair.augmented.dataset
        return [look(one, "accuracy_curve", IMAGES, dataset=dataset, change=change) for one in self.networks]


def outcome(pairs: list[Pair]) -> None:
    """Draw what the first pair brought: two curves under turn and under shift, and a sentence on each."""
    pair = pairs[0]
    st.header("With and without", anchor=pair_words.RESULT)
    if len(pairs) > 1:
        ask_pair(pairs)
    if pair.unfinished:
        caption(pair_words.NOT_LEARNT_YET)
    elif not pair.finished:
        caption(pair_words.NOT_TO_ITS_END)
    else:
        try:
            trained = _trained(pair)
        except StudentError as error:
            problem(error)
            return
        _comparison(trained)


def _trained(pair: Pair) -> TrainedPair:
    test = server.images(pair.augmented.dataset, "test")
    return TrainedPair(pair, [networks.named(f"run:{run.id}") for run in pair.runs], len(test))


def _comparison(trained: TrainedPair) -> None:
    summary = st.empty()
    columns = st.columns(2, gap="medium")
    gains: dict[str, Gain] = {}
    with st.spinner(pair_words.asking_both(trained.images)):
        for column, change in zip(columns, pair_words.CHANGE_WORDS, strict=True):
            curves = trained.curves(change)
            strengths, _ = CHANGES[change]
            gains[change] = gain(strengths, curves[0], curves[1], trained.images)
            with column:
                _curves(trained, change, curves, gains[change])
    for said in dict.fromkeys(filter(None, map(_no_test, trained.networks))):
        caption(said)
    lines = [pair_words.where_it_helped(change, gains[change]) for change in gains]
    summary.markdown("  \n".join([*lines, pair_words.its_price(gains["rotation"])]))
    what_you_see(pair_words.what_the_curves_show(trained.pair.plain.recipe, trained.pair.augment))


def _no_test(one: networks.LoadedNetwork) -> str:
    return no_test(one.learnt_from.overlap(server.images(one.dataset, "test")))


def _curves(trained: TrainedPair, change: str, curves: Sequence[Sequence[float]], advantage: Gain) -> None:
    strengths, unit = CHANGES[change]
    st.markdown(pair_words.curves_heading(change, trained.images))
    titles = {name: name for name in WITH_AND_WITHOUT}
    ends = {name: percent(curve[-1]) for name, curve in zip(WITH_AND_WITHOUT, curves, strict=True)}
    st.markdown(names_in_colour(titles, mode(), ends))
    show(
        two_curves(strengths, curves, unit, 1 / trained.pair.augmented.spec.classes, mode()),
        key=f"pair_{change}",
        alt=pair_words.curves_alt(change, advantage),
    )
