"""What the board of a class says and gives to its component: true of the runs; and no name where none is shown."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

from cnn_core.classroom import READY, Challenge, Classroom, Exam, Share, standing
from pages.classroom import board_words as words
from pages.classroom.board_csv import board_csv
from pages.classroom.board_settings import FIRST, BoardSettings
from pages.classroom.board_values import tag, values
from tests.core.test_board import row

ROOM = Classroom("c" * 16, "Tuesday", "KRTBDW", 0.0, 9e9, {}, (), {}, Path("/nowhere"))
SMALL = [
    row("Lynx", 0.9900, 6_210),
    row("Heron", 0.9925, 9_700),
    row("Crane", 0.994, 90_000),
    row("Mole", 0.91, 850),
]
GOING_ON = row(
    "Newt", None, 1_240, exam=None, state="running", so_far=0.943, curve=(0.5, 0.9, 0.943), share=0.4
)


def shown(rows, settings=None, turned=None):
    return values(ROOM, settings or BoardSettings(), [one.member for one in rows], rows, turned or {})


def test_who_has_done_it_and_with_how_few_is_said_first():
    board = shown([*SMALL, GOING_ON])
    assert board["title"] == "99\xa0% with at most 10,000 parameters"
    assert (board["done"], board["first"]) == (
        "2 of 5 students have done it.",
        "Fewest parameters: Lynx, 6,210.",
    )
    assert board["of"] == "1 of 5 nets"
    assert board["legend"] == ["still training, images kept aside", "finished, 10,000 test digits"]
    assert (board["x"]["limit"], board["y"]["goal"]) == (10_000, 0.99)
    # In words, for whoever cannot see it, the same figures.
    assert (
        "2 of 5 students have done it. Fewest parameters: Lynx, 6,210. 1 net in training." in board["heard"]
    )


def test_nobody_s_name_is_sent_where_the_teacher_shows_none_and_nothing_of_who_is_hidden():
    rows = [replace(one, run_id=f"run_{place}") for place, one in enumerate([*SMALL, GOING_ON])]
    settings = BoardSettings(names="none", hidden=(SMALL[2].member.id,))
    sent = json.dumps(shown(rows, settings))
    for one in rows:
        assert one.member.name not in sent
        assert one.member.id not in sent
    assert "run_2" not in sent  # not even the run of who is hidden
    assert "2 of 4 students" in sent
    assert tag(ROOM, SMALL[0].member, settings) in sent  # a screen still knows its own visitor's
    assert tag(ROOM, SMALL[0].member, BoardSettings()) not in sent


def test_a_first_place_that_chance_may_have_given_is_not_given_to_one():
    both = standing(READY["best"], [row("Ada", 0.9900), row("Ben", 0.9880), row("Cy", 0.97)])
    assert words.first(both, "chosen") == "In front: Ada and Ben; their difference may be chance."
    assert words.first(both, "none") == "2 nets share the first place: their difference may be chance."
    assert "cannot be told apart by 10,000 images" in words.same_place(both)
    one = standing(READY["best"], [row("Ada", 0.9900), row("Ben", 0.9800)])
    assert words.first(one, "chosen") == "Best: Ada, 99.0 %."
    assert words.same_place(one) == ""
    assert words.first(standing(READY["best"], []), "chosen") == "No net that counts has finished yet."


def test_a_reached_goal_that_may_be_chance_says_so_beside_its_score():
    lynx, heron = (
        next(one for one in shown(SMALL)["places"] if one["name"] == name) for name in ("Lynx", "Heron")
    )
    assert (lynx["score"], lynx["range"], lynx["note"]) == (
        "99.0 %", "98.8 to 99.2 %", "that it reads 99\xa0% may be chance",
    )  # fmt: skip
    assert heron["note"] == ""
    assert [lynx["done"], heron["done"]] == [True, True]


def test_every_run_without_a_place_is_told_why():
    limit = Challenge("accuracy", "images", 1_000)
    said = {
        why: words.why_not(limit, one, why)
        for one, why in standing(
            limit,
            [
                row("Ada", 0.9, images=1_000), row("Ben", 0.9, images=1_001), row("Cy", 0.9, images=None),
                row("Dee", 0.9, seen=12), row("Eva", 0.9, is_known=False), row("Gus", None, exam=None, state="failed"),
                row("Hal", 0.9, exam=Exam("mnist", 500, True)), row("Ada", 0.8, images=900, number=1),
            ],
        ).unranked
    }  # fmt: skip
    assert said == {
        "images": "how many images it learnt from is not known",
        "seen": "had learnt from 12 of the test images",
        "unknown": "learnt from images that are not known",
        "ended": "ended before it was tested",
        "other images": "tested on other images: 500 test digits",
        "own better": "a run of the same student is better",
    }
    assert (
        words.why_not(limit, row("Ben", 0.9, images=1_001), "images")
        == "1,001 training images, at most 1,000 count"
    )
    assert words.why_not(READY["smallest"], row("Ben", 0.9), "accuracy") == "reads 90.0 %, not 98\xa0%"
    assert words.why_not(READY["turned"], row("Ben", 0.9), "measuring").startswith("not measured yet")


def test_a_chart_has_a_dot_for_each_net_that_can_be_compared_and_one_name_for_each_student():
    rows = [
        *SMALL,
        GOING_ON,
        row("Lynx", 0.95, 3_000, number=1),
        row("Hal", 0.99, exam=Exam("mnist", 500, True)),
    ]
    board = shown(rows)
    dots = {one["run"]: one for one in board["dots"]}
    assert set(dots) == {"Lynx0", "Heron0", "Crane0", "Mole0", "Newt0", "Lynx1"}
    assert (dots["Newt0"]["open"], dots["Newt0"]["y"]) == (True, 0.943)
    assert (dots["Lynx0"]["named"], dots["Lynx1"]["named"], dots["Crane0"]["named"]) == (True, False, True)
    assert {one["name"] for one in board["ours"]} >= {"MLP"}
    # On images turned by 45° what is not measured has no place on the chart yet.
    turned = shown(rows, BoardSettings(READY["turned"]), {"Lynx0": Share(0.4, 500)})
    assert [(one["run"], one["y"]) for one in turned["dots"]] == [("Lynx0", 0.4)]
    assert turned["first"] == "Best: Lynx, 40.0 %. 4 finished nets are not measured yet."
    assert turned["ours"] == []
    assert turned["legend"][1] == "finished, 500 images turned by 45°"


def test_the_list_is_sorted_as_the_teacher_wants_and_places_stay():
    rows = [replace(one, ended=float(place)) for place, one in enumerate(SMALL)]
    by = {
        sort: [
            (one["name"], one["rank"])
            for one in shown(rows, BoardSettings(READY["best"], sort=sort))["places"]
        ]
        for sort in ("place", "name", "newest")
    }
    assert by["place"] == [("Crane", "1="), ("Heron", "1="), ("Lynx", "3"), ("Mole", "4")]
    assert by["name"] == [("Crane", "1="), ("Heron", "1="), ("Lynx", "3"), ("Mole", "4")]
    assert [name for name, _ in by["newest"]] == ["Mole", "Crane", "Heron", "Lynx"]


def test_what_a_teacher_s_file_says_is_taken_as_far_as_it_makes_sense():
    for rubbish in (None, [], {"challenge": 3, "names": [], "hidden": "x", "frozen": "now", "sort": {}}):
        assert BoardSettings.of(replace(ROOM, shows={"board": rubbish})) == BoardSettings(FIRST)
    kept = BoardSettings(READY["few"], "none", 12.5, ("a1b2c3d4",), "newest")
    assert BoardSettings.of(replace(ROOM, shows={"board": json.loads(json.dumps(kept.to_dict()))})) == kept


def test_the_csv_has_every_run_and_no_formula_in_a_name():
    rows = [row("=1+1", 0.99), row("Ben", None, exam=None, state="running")]
    text = board_csv(standing(READY["best"], rows), with_names=True)
    lines = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert [(one["place"], one["name"], one["accuracy"]) for one in lines] == [
        ("1", "'=1+1", "0.99"),
        ("", "Ben", ""),
    ]
    assert lines[1]["why it has no place"] == "in training"
    assert "Ben" not in board_csv(standing(READY["best"], rows), with_names=False).replace("Ben0", "")
