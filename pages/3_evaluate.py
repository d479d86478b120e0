"""Where does it go wrong? Accuracy with its uncertainty, who is taken for whom, and how long it holds out."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st
import torch

from cnn_core.data import ImageSet, digit_from_pixels
from cnn_core.errors import StudentError
from cnn_core.insight import map_of_images
from cnn_core.training import (
    CHANGES,
    Evaluation,
    accuracy_under,
    calibration,
    changed_images,
    evaluate,
    expected_calibration_error,
)
from pages.ui import design, state
from pages.ui.canvas import digit_canvas
from pages.ui.charts import RUNS, bars, mode, show
from pages.ui.compare import in_colour
from pages.ui.digit_input import article, look_at_digit
from pages.ui.evaluation_charts import calibration_chart, confusion_chart, robustness_chart, scatter_of_images
from pages.ui.messages import (
    answer,
    caption,
    count,
    loss_text,
    next_question,
    percent,
    plural,
    probability,
    probability_tile,
    problem,
    what_you_see,
)
from pages.ui.sheets import contact_sheet, sheet
from pages.ui.shell import ROOT, entry, page_head, require_shell

require_shell()

MOST = 24  # images behind a cell, or mistakes, shown at once
ROBUST = 2_000  # test images of the curves
MAPPED = 1_000  # test images on the map
_CELL = "evaluate_cell"  # (true class, what it was taken for)
VIEWS = {
    "confusion": "Who for whom",
    "mistakes": "Mistakes",
    "robust": "Shift and turn",
    "map": "Map",
    "draw": "Draw",
}


# ---------------------------------------------------------------- what is computed, and kept


@st.cache_data(show_spinner=False, max_entries=24)
@state.in_turn
def evaluation_of(weights_key: str, dataset: str, size: int, _shown: Any) -> Evaluation:
    return evaluate(_shown.net, state.images(dataset, "test"))


@st.cache_data(show_spinner=False, max_entries=48)
@state.in_turn
def robustness_of(weights_key: str, dataset: str, size: int, change: str, _shown: Any) -> list[float]:
    return accuracy_under(_shown.net, state.images(dataset, "test").take(ROBUST), change)


@st.cache_data(show_spinner=False, max_entries=16)
def places_of(weights_key: str, dataset: str, size: int, method: str, _shown: Any) -> np.ndarray:
    images = state.images(dataset, "test").images[:MAPPED].float() / 255
    return map_of_images(_shown.net, images, method)


# ---------------------------------------------------------------- views


def confusion(shown: state.Shown, test: ImageSet, found: Evaluation, classes: tuple[str, ...]) -> None:
    matrix = found.confusion.numpy()
    if worst := list(worst_pairs(matrix, classes, 5).values()):
        st.markdown(f"Most often: **{worst[0]}** :gray[{''.join(f' · {pair}' for pair in worst[1:])}]")
    left, right = st.columns([576, 292], gap="medium")
    with left:
        picked = show(
            confusion_chart(matrix, classes, mode()),
            key="confusion",
            alt="Confusion matrix: rows are what an image is, columns what it was taken for",
            on_select="rerun",
        )
        if points := ((picked or {}).get("selection") or {}).get("points"):
            st.session_state[_CELL] = (int(points[0]["y"]), int(points[0]["x"]))
        what_you_see(
            "A row is what an image really is, a column what the network took it for. The diagonal is right and left "
            "uncoloured. Click a cell to see the very images in it."
        )
    with right:
        true, taken = st.session_state.get(_CELL) or worst_cell(matrix)
        if true >= len(classes) or taken >= len(classes):
            true, taken = worst_cell(matrix)
        pairs = worst_pairs(matrix, classes)
        labels = {(true, taken): f"{classes[true]} taken for {classes[taken]}: {matrix[true, taken]}"} | pairs
        cell = st.selectbox(
            "The images in one cell",
            list(labels),
            index=0,
            format_func=lambda cell: labels.get(cell, ""),
            key=f"cell_{true}_{taken}",
            filter_mode=None,
        )
        true, taken = cell or (true, taken)
        said = found.probabilities.argmax(1)
        inside = ((test.labels == true) & (said == taken)).nonzero()[:, 0].tolist()
        words = "read rightly" if true == taken else f"taken for {article(classes[taken])}"
        st.markdown(f"**{plural(len(inside), 'image')}**: {article(classes[true])}, {words}")
        images_with_answers(inside[:MOST], test, found, classes, "cell")
    with st.expander("Class by class"):
        per_class(matrix, classes)


def worst_cell(matrix: np.ndarray) -> tuple[int, int]:
    """The commonest confusion; where there is none, the first cell of the diagonal."""
    wrong = matrix.copy()
    np.fill_diagonal(wrong, 0)
    true, taken = np.unravel_index(wrong.argmax(), wrong.shape)
    return int(true), int(taken)


def worst_pairs(matrix: np.ndarray, classes: tuple[str, ...], most: int = 12) -> dict[tuple[int, int], str]:
    wrong = matrix.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(wrong, axis=None)[::-1][:most]
    pairs = [tuple(int(i) for i in np.unravel_index(place, wrong.shape)) for place in order]
    return {(t, p): f"{classes[t]} taken for {classes[p]}: {wrong[t, p]}" for t, p in pairs if wrong[t, p]}


def per_class(matrix: np.ndarray, classes: tuple[str, ...]) -> None:
    right = matrix.diagonal()
    rows = ["| class | images | found (recall) | rightly called so (precision) |", "|---|---:|---:|---:|"]
    for i, name in enumerate(classes):
        of, called = int(matrix[i].sum()), int(matrix[:, i].sum())
        rows.append(
            f"| {name} | {count(of)} | {percent(right[i] / of) if of else '–'} "
            f"| {percent(right[i] / called) if called else '–'} |"
        )
    st.markdown("\n".join(rows))


def images_with_answers(
    indices: list[int],
    test: ImageSet,
    found: Evaluation,
    classes: tuple[str, ...],
    key: str,
    columns: Any = 4,
) -> None:
    """Draw test images with what was read; a click opens that image on the feature-maps page."""
    if not indices:
        caption("There is none.")
        return
    sure, said = found.probabilities[indices].max(1)
    truth = test.labels[indices]
    clicked = sheet(
        contact_sheet(test.images[indices, 0].numpy() / 255, "grey", (0.0, 1.0)),
        key=f"images_{key}",
        alt="Test images with the network’s answers",
        tile_px=56,
        columns=columns,
        labels=[f"no. {i}: open its feature maps" for i in indices],
        captions=[
            (classes[s] if s == t else f"{classes[s]}, is {article(classes[t])}", probability_tile(float(p)))
            for s, t, p in zip(said.tolist(), truth.tolist(), sure, strict=True)
        ],
        wrong={i for i, (s, t) in enumerate(zip(said, truth, strict=True)) if s != t},
        on_click=lambda place: look_at_digit(indices[place]),
    )
    caption("Click an image to see its feature maps.")
    if clicked is not None:
        st.switch_page(ROOT / entry("feature-maps").file)


def mistakes(shown: state.Shown, test: ImageSet, found: Evaluation, classes: tuple[str, ...]) -> None:
    sure, said = found.probabilities.max(1)
    wrong = (said != test.labels).nonzero()[:, 0]
    ordered = wrong[sure[wrong].argsort(descending=True)].tolist()
    left, right = st.columns([576, 292], gap="medium")
    with left:
        st.markdown(f"**The surest of its {plural(len(ordered), 'mistake')}**")
        images_with_answers(ordered[:MOST], test, found, classes, "mistakes", columns=8)
        what_you_see(
            "Sorted by how sure the network was. Would you have read them? Some labels are a matter of taste."
        )
    with right:
        st.markdown("**Does it know when it does not know?**")
        table = calibration(found.probabilities, test.labels)
        show(
            calibration_chart(table, mode()),
            key="calibration",
            alt="How often it is right, against how sure it is",
        )
        gap = expected_calibration_error(found.probabilities, test.labels)
        caption(
            f"Of answers it is 90 % sure of, 90 % should be right: the dashed line. Its certainty is off by "
            f"{100 * gap:.1f} points on average."
        )


def rivals(shown: state.Shown) -> list[state.Shown]:
    """The network being looked at, then ours of the other kind, trained on the same images."""
    from cnn_core import pretrained

    found = [shown]
    for name in ("lesson", "mlp"):
        if (
            shown.dataset == "mnist"
            and name in pretrained.names()
            and shown.weights_key != f"pretrained:{name}"
        ):
            other = state.network_named(f"pretrained:{name}")
            if other.spec.fingerprint != shown.spec.fingerprint:
                found.append(other)
    return found[:3]


def robust(shown: state.Shown, test: ImageSet, classes: tuple[str, ...]) -> None:
    change = st.segmented_control(
        "Change",
        list(CHANGES),
        format_func=str.title,
        default="shift",
        required=True,
        key="evaluate_change",
        label_visibility="collapsed",
        persist_state="session",
    )
    change = str(change or "shift")
    strengths, unit = CHANGES[change]
    left, right = st.columns([576, 292], gap="medium")
    lines = []
    with (
        left,
        st.spinner(
            f"Reading {count(min(ROBUST, len(test)))} test images, {plural(len(strengths), 'time')} …"
        ),
    ):
        for one in rivals(shown):
            if one.spec.input_shape == shown.spec.input_shape:
                found = robustness_of(one.weights_key, shown.dataset, len(test), change, one)
                lines.append((one.spec.name if one.kind != "run" else one.title, found))
        names = [in_colour(color, name) for (name, _), color in zip(lines, RUNS[mode()], strict=False)]
        st.markdown(" &emsp; ".join(names))
        show(
            robustness_chart(strengths, lines, unit, 1 / shown.spec.classes, mode()),
            key="robustness",
            alt=f"Accuracy against {change}",
        )
        read = count(min(ROBUST, len(test)))
        what_you_see(
            f"Each point is the accuracy on {read} test images, all of them changed by that much. A convnet looks with "
            "the same filters everywhere, so a shift costs it less; nobody taught either to turn."
        )
    with right:
        st.markdown("**What they are asked to read**")
        examples = torch.cat(
            [changed_images(test.images[i : i + 1], change, s, 1) for s in strengths for i in range(2)]
        )
        sheet(
            contact_sheet(examples[:, 0].numpy(), "grey", (0.0, 1.0)),
            key="robust_examples",
            alt="Two test images at each strength",
            tile_px=56,
            columns=4,
            captions=[(f"{s:g}", "") for s in strengths for _ in range(2)],
            clickable=False,
        )
        if len(lines) > 1:
            middle = len(strengths) // 2
            best = max(lines, key=lambda line: line[1][middle])
            rest = [line for line in lines if line is not best]
            told = ", ".join(f"{name} {percent(values[middle])}" for name, values in rest)
            st.markdown(
                f"At {strengths[middle]:g} {unit.partition(',')[0]}: **{best[0]} {percent(best[1][middle])}**, {told}."
            )


def map_view(shown: state.Shown, test: ImageSet, classes: tuple[str, ...]) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        method = st.segmented_control(
            "Method",
            ["pca", "t-sne"],
            format_func={"pca": "PCA", "t-sne": "t-SNE"}.get,
            default="pca",
            required=True,
            key="map_method",
            label_visibility="collapsed",
        )
        untrained = st.toggle("The same net, untrained", key="map_untrained")
    one = state.untrained(shown.spec) if untrained else shown
    with st.spinner("Laying out the test set …"):
        places = places_of(one.weights_key, shown.dataset, len(test), str(method or "pca"), one)
    labels = test.labels[:MAPPED].tolist()
    said = one.net.predict(test.images[: len(labels)].float() / 255).argmax(1).tolist()
    left, right = st.columns([576, 292], gap="medium")
    with left:
        picked = show(
            # Before any training nearly all are wrong, and red would hide what the picture is about.
            scatter_of_images(places, labels, said if one.trained else labels, classes, mode()),
            key="test_map",
            alt="The test set on a plane, each image a figure of its class",
            on_select="rerun",
        )
        what_you_see(
            f"Each of {count(len(labels))} test images is written as its class, where the last hidden layer puts it. "
            f"{'Red ones are read wrongly. ' if one.trained else ''}Untrained, the classes lie in one heap; "
            "trained, they are apart."
        )
    with right:
        points = ((picked or {}).get("selection") or {}).get("points") or []
        chosen = [
            int(point["customdata"][0] if isinstance(point["customdata"], list) else point["customdata"])
            for point in points[:12]
        ]
        clicked = "The image you clicked" if len(chosen) == 1 else "The images you clicked"
        st.markdown(f"**{clicked}**" if chosen else "**Click a figure to see its image**")
        if chosen:
            sheet(
                contact_sheet(test.images[chosen, 0].numpy() / 255, "grey", (0.0, 1.0)),
                key="map_images",
                alt="Chosen test images",
                tile_px=84,
                columns=3,
                captions=[(f"{classes[said[i]]}", f"no. {i}, {article(classes[labels[i]])}") for i in chosen],
                wrong={k for k, i in enumerate(chosen) if said[i] != labels[i]},
                clickable=False,
            )
        hint = (
            "neighbours are kept together; distances mean nothing"
            if method == "t-sne"
            else "the two directions of most variance"
        )
        caption(f"{'t-SNE' if method == 't-sne' else 'PCA'}: {hint}.")


@st.fragment
def draw(shown: state.Shown, classes: tuple[str, ...]) -> None:
    left, right = st.columns([300, 560], gap="medium")
    with left:
        pixels = digit_canvas("digit_pad", px=280)
    with right:
        if pixels is None:
            caption("Draw a digit: the bars follow your pen.")
            return
        try:
            image = digit_from_pixels(pixels)
            chances = shown.net.predict(image[None])[0].tolist()
        except StudentError as error:
            problem(error)
            return
        best = int(np.argmax(chances))
        st.markdown(f"It reads **{classes[best]}**, {probability(chances[best])} sure.")
        show(bars(chances, classes, mode()), key="draw_bars", alt="Probability of each class")


# ---------------------------------------------------------------- the page


def page() -> None:
    shown = state.network()
    if shown.note:
        caption(shown.note)
    try:
        test = state.images(shown.dataset, "test")
        found = evaluation_of(shown.weights_key, shown.dataset, len(test), shown)
    except StudentError as error:
        problem(error)
        return
    classes = state.classes_of(shown)
    low, high = found.interval
    wrong = round((1 - found.accuracy) * found.count)
    told = (
        f"It misreads **{count(wrong)}** of {plural(found.count, 'test image')}: **{percent(found.accuracy)}** right, "
        f"between {percent(low)} and {percent(high)} on endlessly many (95 %). Loss {loss_text(found.loss)}."
    )
    answer(told if shown.trained else f"Everywhere, for it has not been trained. {told}")
    if test.is_sample:
        caption(test.source)
    view = st.segmented_control(
        "View",
        list(VIEWS),
        format_func=VIEWS.__getitem__,
        default="confusion",
        required=True,
        key="view",
        label_visibility="collapsed",
        bind="query-params",
    )
    if view == "mistakes":
        mistakes(shown, test, found, classes)
    elif view == "robust":
        robust(shown, test, classes)
    elif view == "map":
        map_view(shown, test, classes)
    elif view == "draw":
        draw(shown, classes)
    else:
        confusion(shown, test, found, classes)
    if not shown.trained:
        st.button("Look at the lesson’s convnet", on_click=design.look_at, args=("pretrained:lesson",))


page_head("evaluate")
page()
next_question("feature-maps", "opens the network at the very image it got wrong.")
