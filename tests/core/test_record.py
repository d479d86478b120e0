"""The record of the lesson and the worksheets: what is in them, in whatever hands, and nothing from elsewhere."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from cnn_core.export import export_answers, export_record, export_worksheets
from cnn_core.export.record import (
    NO_NETWORKS,
    NO_PICTURES,
    NO_PREDICTIONS,
    CurveOfRecord,
    NetOfRecord,
    PredictionOfRecord,
    Record,
)
from cnn_core.export.worksheet import Sheet, SheetQuestion
from cnn_core.model import PRESETS
from tests.core.test_export import NASTY, Tags, png

TICKS = ("−90°", "0°", "90°")


def read(page: str) -> tuple[Tags, str]:
    """What a browser would find in a page: its tags, and its text."""
    tags = Tags()
    tags.feed(page)
    assert all(link.startswith("data:image/png;base64,") for link in tags.links)
    assert not {"script", "iframe", "link", "object", "form"} & set(tags.seen)
    assert "default-src 'none'" in page
    return tags, " ".join(tags.text)


def net(title: str = "Mine", **values) -> NetOfRecord:
    curve = SimpleNamespace(epoch=[0.5, 1.0], loss=[1.0, 0.1], accuracy=[0.7, 0.98])
    history = SimpleNamespace(train=curve, validation=curve)
    defaults = {"accuracy": 0.99, "count": 10_000, "history": history}
    return NetOfRecord(title, PRESETS["lesson"], **defaults | values)


def guess(asked: str = "How many are 0?", **values) -> PredictionOfRecord:
    defaults = {"said": "40 %", "measured": "28 %", "off": "12 points", "surprise": 0.12, "is_right": False}
    return PredictionOfRecord(asked, **defaults | values)


def test_an_empty_record_says_what_would_be_in_it():
    assert Record().is_empty
    _, text = read(export_record(Record()))
    assert all(sentence in text for sentence in (NO_NETWORKS, NO_PREDICTIONS, NO_PICTURES))


def test_a_record_holds_networks_predictions_and_pictures_with_their_numbers():
    record = Record(
        name="Ada", date="27 November 2026", steps=(5, 24),
        networks=[net(facts={"Learnt from": "59,500 images"}), net("Untested", accuracy=None)], has_older=True,
        predictions=[guess(), guess("Where?", said="", measured="", off="", surprise=None, is_right=None)],
        pictures=[("conv2d_1, 32 maps", png())],
    )  # fmt: skip
    tags, text = read(export_record(record))
    for words in (
        "Ada", "27 November 2026", "5 of 24 steps done", "93,322", "59,500 images", "Older networks are not shown here",
        "99.0 % of 10,000 images", "between 98.8 % and 99.2 %", "40 %", "28 %", "12 points",
        "0 of 1 prediction right at once", "I asked for the answer", "not yet",
    ):  # fmt: skip
        assert words in text, words
    assert (tags.seen.count("svg"), tags.seen.count("img")) == (2, 1)
    assert NO_NETWORKS not in text


def test_surprises_are_the_wrong_ones_the_largest_first_and_at_most_three():
    right = guess("right", surprise=0.01, is_right=True)
    wrong = [guess(f"wrong {i}", surprise=i / 10) for i in (1, 4, 2, 3)]
    _, text = read(export_record(Record(predictions=[right, *wrong])))
    named = text[text.index("What surprised me most") :]
    assert [named.index(f"wrong {i}") for i in (4, 3, 2)] == sorted(
        named.index(f"wrong {i}") for i in (4, 3, 2)
    )
    assert "wrong 1" not in named
    assert "Where I was right" in text[: text.index("What surprised")]
    _, all_right = read(export_record(Record(predictions=[right])))
    assert "surprised" not in all_right


def test_a_drawn_curve_is_drawn_and_told():
    curve = CurveOfRecord(TICKS, "%", 0, 100, (100, 100, 100), (20, 99, 30))
    page = export_record(Record(predictions=[guess(curve=curve, said="a curve", measured="a curve")]))
    tags, _ = read(page)
    assert (tags.seen.count("polyline"), tags.seen.count("polygon")) == (2, 1)
    assert "Solid, measured: −90°: 20, 0°: 99, 90°: 30 %" in page


@pytest.mark.parametrize("name", NASTY)
def test_whatever_is_typed_is_only_text(name):
    record = Record(
        name, name, networks=[net(name, facts={name: name})], predictions=[guess(name, said=name, network=name)],
        pictures=[(name, png())],
    )  # fmt: skip
    sheet = Sheet(
        name, name, [SheetQuestion(name, name, "choice", (name,), image=(name, png()), answer=name)]
    )
    for page in (export_record(record), export_worksheets([sheet]), export_answers([sheet])):
        tags, _ = read(page)
        page.encode("utf-8")
        assert tags.seen.count("html") == 1
        assert tags.seen.count("img") <= 1


QUESTIONS = (
    SheetQuestion(
        "Kernel", "What does it answer?", "choice", ("0", "3", "9"), answer="0", why="They cancel."
    ),
    SheetQuestion(
        "Strides", "How many places are left?", "number", least=0, most=676, unit="places", answer="169"
    ),
    SheetQuestion(
        "Turned",
        "Draw it.",
        "curve",
        least=0,
        most=100,
        unit="%",
        ticks=TICKS,
        measured=(20, 99, 30),
        answer="–",
    ),
    SheetQuestion("Where", "Where is it?", "point", image=("A 7", png())),
    SheetQuestion("Training", "Train it."),
)


def test_a_worksheet_asks_and_leaves_room_and_gives_nothing_away():
    sheets = [Sheet(title, "Lesson convnet", QUESTIONS) for title in ("What a layer does", "Once more")]
    tags, text = read(export_worksheets(sheets))
    for words in (
        "Worksheet 1 of 2",
        "Worksheet 2 of 2",
        "☐ 0",
        "☐ 9",
        "I say: ________ places",
        "676",
        "−90°",
        "Name:",
        "Mark the place",
    ):
        assert words in text, words
    assert "They cancel" not in text
    assert "169" not in text
    assert "polyline" not in tags.seen


def test_the_answers_have_the_numbers_and_say_whose_they_are():
    tags, text = read(export_answers([Sheet("What a layer does", "Lesson convnet", QUESTIONS)]))
    for words in ("169", "They cancel.", "it is Lesson convnet"):
        assert words in text, words
    assert tags.seen.count("polyline") == 1
