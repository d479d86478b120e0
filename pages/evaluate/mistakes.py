"""What it is surest of and wrong about, and whether its certainty can be trusted."""

from __future__ import annotations

import streamlit as st

from cnn_core.training import calibration, expected_calibration_error, surest_mistakes
from pages.evaluate import words
from pages.evaluate.exam import Exam
from pages.evaluate.images import MOST, images_with_answers
from pages.ui.drawing.evaluation_charts import calibration_chart
from pages.ui.drawing.figure import mode, show
from pages.ui.wording.blocks import caption, what_you_see


def mistakes(exam: Exam) -> None:
    """Draw the images it misreads, the surest first, and how often it is right against how sure it is."""
    left, right = st.columns([576, 292], gap="medium")
    with left:
        wrong = surest_mistakes(exam.evaluation.probabilities, exam.test.labels)
        st.markdown(words.surest(len(wrong), MOST))
        if wrong:
            images_with_answers(wrong, exam, "mistakes", columns=8)
            what_you_see(words.TASTE)
        else:
            caption(words.NO_MISTAKES)
    with right:
        st.markdown("**Does it know when it does not know?**")
        table = calibration(exam.evaluation.probabilities, exam.test.labels)
        show(calibration_chart(table, mode()), key="calibration", alt=words.calibration_alt(table))
        gap = expected_calibration_error(exam.evaluation.probabilities, exam.test.labels)
        caption(words.certainty_is_off_by(gap))
