"""A finding of the doctor, where there is one: a question, a sentence, a chart, one button and what it keeps."""

from __future__ import annotations

import streamlit as st

from cnn_core.data import available
from cnn_core.data.sources import dataset_of
from cnn_core.data.splits import split_sizes
from cnn_core.doctor import Bar, Case, Cure, Finding, findings, gradient_bars
from cnn_core.model import ModelSpec
from cnn_core.runs import Run
from cnn_core.training import TrainSpec
from pages.train import runner
from pages.train.doctor_words import (
    GRADIENTS,
    GRADIENTS_TITLE,
    bars_alt,
    chart_caption,
    more_remarks,
    thin_stroke,
)
from pages.train.end_words import has_old_averages
from pages.train.gradient_chart import gradient_chart
from pages.ui.drawing.figure import mode, show
from pages.ui.forms.recipe import Choice
from pages.ui.visitor import design, server, who
from pages.ui.wording import refusals
from pages.ui.wording.blocks import caption, on_primary

# ---------------------------------------------------------------- before a run


def before_it_starts(spec: ModelSpec, choice: Choice) -> None:
    """Draw what is remarkable of a plan, calmly, under what to expect. The last layer is the sidebar's to remark on."""
    case = _case(spec, choice.recipe, choice.dataset)
    remarks = [finding for finding in findings(case) if finding.rule != "last_activation"]
    if not remarks:
        return
    st.space("small")
    _plan_remark(remarks[0], choice)
    if remarks[1:]:
        with st.popover(more_remarks(len(remarks) - 1), type="tertiary", key="plan_remarks"):
            for finding in remarks[1:]:
                _plan_remark(finding, choice)


def _plan_remark(finding: Finding, choice: Choice) -> None:
    st.markdown(f"**{finding.question}**  \n{finding.sentence}")
    if finding.cure is not None:
        st.button(
            finding.cure.label, key=f"plan_{finding.rule}", on_click=_change_plan, args=(finding.cure, choice)
        )


def _change_plan(cure: Cure, choice: Choice) -> None:
    with refusals.collect("train"):
        if cure.spec is not None:
            design.commit(cure.spec.to_dict())
        elif cure.recipe is not None:
            spec = ModelSpec.from_dict(design.shown())
            _look_at(server.store().submit(spec, cure.recipe, choice.dataset, owner=who.visitor()))


# ---------------------------------------------------------------- during a run


def finding_of(run: Run, images: int) -> bool:
    """Draw the gravest finding of a run, with the others behind a word; False, and nothing drawn, while all is well.

    images: how many its data set has to learn from.
    """
    found = findings_of(run, images)
    if not found:
        return False
    _finding(run, found[0], is_first=True)
    if found[1:]:
        with st.popover(more_remarks(len(found) - 1), type="tertiary", key="run_remarks"):
            for finding in found[1:]:
                _finding(run, finding, is_first=False)
    return True


def findings_of(run: Run, images: int) -> list[Finding]:
    """What the doctor finds in a run; nothing in one whose training nobody here has seen.

    Averages that remember their start have a place of their own on the page, with both accuracies and the way to
    measure them anew.
    """
    if not run.has_recipe:
        return []
    said_elsewhere = {"unsettled_averages"} if has_old_averages(run) else set()
    return [finding for finding in findings(_case_of(run, images)) if finding.rule not in said_elsewhere]


def _case(spec: ModelSpec, recipe: TrainSpec, dataset: str, images: int | None = None) -> Case:
    data = dataset_of(dataset)
    if images is None:
        images, _ = split_sizes(available(dataset).train or data.count("train"))
    return Case(spec, recipe, images, data.noun, data.classes, data.of_strokes)


def _case_of(run: Run, images: int) -> Case:
    plan, status = _case(run.spec, run.recipe, run.dataset, images), run.status
    return Case(
        **{
            name: getattr(plan, name)
            for name in ("spec", "recipe", "available", "noun", "classes", "of_strokes")
        },
        state=status.state,
        reason=status.reason,
        step=status.step,
        rate=run.control.get("learning_rate"),
        history=run.history(),
        health=run.health(),
    )


def _finding(run: Run, finding: Finding, is_first: bool) -> None:
    st.markdown(f"## {finding.question}" if is_first else f"**{finding.question}**")
    st.markdown(finding.sentence)
    if finding.bars:
        _bars(finding.bars, key=f"finding_{finding.rule}_{run.id}")
        caption(chart_caption(finding, finding.bars[-1].name))
    if finding.cure is not None and run.is_owner(who.visitor()):
        _cure(run, finding, finding.cure, is_first)


def _cure(run: Run, finding: Finding, cure: Cure, is_first: bool) -> None:
    pressed = st.button(
        on_primary(cure.label) if is_first else cure.label,
        key=f"cure_{finding.rule}",
        type="primary" if is_first else "secondary",
        width="stretch",
        on_click=_apply,
        args=(run.id, cure),
    )
    caption(cure.keeps)
    if pressed:
        st.rerun()  # the whole page changes, not this fragment alone


def _apply(run_id: str, cure: Cure) -> None:
    store, owner = server.store(), who.visitor()
    with refusals.collect("train"):
        run = store.run(run_id)
        if cure.rate is not None:
            store.control(run_id, owner, learning_rate=cure.rate)
        elif cure.epochs is not None:
            store.extend(run_id, owner, cure.epochs)
            runner.wake()
        else:
            _start_again(run, cure)


def _start_again(run: Run, cure: Cure) -> None:
    """Another run with the change; this one ends where it stands, and is kept."""
    store, owner = server.store(), who.visitor()
    if run.status.unfinished:
        store.control(run.id, owner, "stop")
    if cure.spec is not None:
        design.commit(cure.spec.to_dict())
    recipe = run.recipe if cure.recipe is None else cure.recipe
    _look_at(store.submit(cure.spec or run.spec, recipe, run.dataset, owner=owner))


def _look_at(run_id: str) -> None:
    design.look_at(f"run:{run_id}")
    runner.wake()


# ---------------------------------------------------------------- for whoever wants to know


def gradients(run: Run) -> None:
    """Draw what opens the chart of the gradients, for any run in which they were measured."""
    health = run.health()
    if bars := gradient_bars(health):
        with st.popover(GRADIENTS_TITLE, type="tertiary", key="run_gradients"):
            st.markdown(f"**Step {health.checks[-1].step:,}**")
            _bars(bars, key=f"gradients_{run.id}")
            compared = health.with_relu
            caption(GRADIENTS + thin_stroke(None if compared is None else compared.steps))


def _bars(bars: tuple[Bar, ...], key: str) -> None:
    show(gradient_chart(bars, mode()), key=key, alt=bars_alt(bars))
