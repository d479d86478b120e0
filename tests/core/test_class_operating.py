"""What an operator sees of classes and does with them; and what is told of them."""

import json
import os
import secrets
import subprocess
import sys

import pytest

from cnn_core import journal
from cnn_core.classroom import Classes
from cnn_core.classroom.figures import figures
from cnn_core.classroom.operating import main
from cnn_core.errors import StudentError
from cnn_core.owners import owner_of

TEACHER, SECOND, ADA, BEN = (secrets.token_urlsafe(16) for _ in range(4))


@pytest.fixture
def classes(tmp_path):
    return Classes(tmp_path)


def test_the_list_has_a_line_for_each_class_the_open_ones_first_and_no_secret(classes, tmp_path, capsys):
    _, key = classes.open(TEACHER, "Monday", 2)
    classes.end(TEACHER)
    running, _ = classes.open(TEACHER, "Tues\x1b[31mday", 2)
    classes.join(ADA, running.code, "Ada Lovelace")
    assert main(["list", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    head, first, second = said.splitlines()
    assert head.split() == ["CODE", "STATE", "UNTIL", "STUDENTS", "KB", "TITLE"]
    assert first.split()[:2] == [f"{running.code[:3]}-{running.code[3:]}", "open"]
    assert first.split()[4] == "1"
    assert second.split()[1] == "ended"
    assert not [secret for secret in ("Ada", "\x1b", key, owner_of(ADA)[:8]) if secret in said]
    assert figures(classes) == {"open": 1, "ended": 1, "students": 1, "most_open": 50}


def test_an_operator_ends_and_wipes_a_class_by_its_code_and_no_other(classes, tmp_path, capsys):
    one, _ = classes.open(TEACHER, "One", 2)
    other, _ = classes.open(SECOND, "Other", 2)
    classes.join(ADA, one.code, "Ada")
    assert main(["end", f"{one.code[:3]}-{one.code[3:]}".lower(), str(tmp_path)]) == 0
    assert not classes.seat(ADA).is_open
    assert classes.seat(SECOND).is_open
    assert main(["wipe", "ended", str(tmp_path)]) == 0
    assert [left.id for left in classes.all()] == [other.id]
    assert classes.seat(ADA) is None
    assert [path for path in tmp_path.rglob("*") if one.id in path.name or owner_of(ADA) in path.name] == []
    assert main(["wipe", "BBBBBB", str(tmp_path)]) == 1
    capsys.readouterr()
    for words in ([], ["wipe"], ["list", "a", "b"], ["wipe", "--all"], ["burn", "x"], ["forget", "abc"]):
        assert main(words) in (1, 2)
    assert len(classes.all()) == 1
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}
    done = subprocess.run(
        [sys.executable, "-m", "cnn_core.classroom", "list", str(tmp_path)],
        capture_output=True, text=True, check=True, env=environment,
    )  # fmt: skip
    assert "Other" in done.stdout


def test_a_forgotten_visitor_is_in_no_class_and_the_others_are_as_they_were(classes, tmp_path):
    one, _ = classes.open(TEACHER, "One", 2)
    classes.join(ADA, one.code, "Ada")
    classes.join(BEN, one.code, "Ben")
    for who in (ADA, BEN):
        classes.keep(who, "answers", {"a": who[:4]})
    classes.open(ADA, "Ada's own", 2)
    assert main(["forget", owner_of(ADA)[:8], str(tmp_path)]) == 0
    traces = [p for p in tmp_path.rglob("*") if owner_of(ADA)[:8] in str(p)]
    traces += [p for p in tmp_path.rglob("*") if p.is_file() and owner_of(ADA)[:8] in p.read_text()]
    assert traces == []
    assert [member.name for member in classes.members(one)] == ["Ben"]
    assert list(classes.kept(one, "answers").values()) == [{"a": BEN[:4]}]
    assert {left.title for left in classes.all()} == {"One", "Ada's own"}
    assert classes.seat(ADA) is None


def test_a_wiping_that_was_cut_off_is_finished_when_the_store_is_tidied(classes):
    one, _ = classes.open(TEACHER, "One", 2)
    classes.join(ADA, one.code, "Ada")
    os.rename(one.path, classes.path / f".{one.id}.gone")  # killed here
    os.utime(classes.path / f".{one.id}.gone", (1, 1))  # long ago
    assert (classes.all(), classes.seat(ADA)) == ((), None)
    with pytest.raises(StudentError, match="No class is open"):
        classes.join(BEN, one.code)
    classes.tidy()
    assert [path.name for path in classes.path.iterdir() if path.name.startswith(".")] == []


def test_nobody_fills_the_server_by_opening_and_ending(classes, monkeypatch):
    monkeypatch.setenv("CONVSCOPE_MAX_CLASSES", "1")
    for _ in range(20):
        classes.open(TEACHER, "again", 2)
        classes.end(TEACHER)
    with pytest.raises(StudentError, match="keeps 20 classes"):
        classes.open(TEACHER, "once more", 2)
    classes.wipe(TEACHER)
    assert classes.open(TEACHER, "once more", 2)


def test_what_becomes_of_a_class_and_who_guesses_is_told_without_names_addresses_and_secrets(classes, caplog):
    before = journal.counts.copy()
    with caplog.at_level("INFO", "convscope.journal"):
        one, key = classes.open(TEACHER, "Secret title", 2)
        classes.join(ADA, one.code, "Ada")
        for _ in range(7):
            with pytest.raises(StudentError):
                classes.join(
                    BEN, "BBBBBB" if one.code != "BBBBBB" else "CCCCCC", "", ("address", "192.0.2.1")
                )
        classes.end(TEACHER)
        classes.wipe(TEACHER)
    told = [record.facts for record in caplog.records]
    assert [(line["event"], line.get("what") or line.get("who")) for line in told] == [
        ("class", "opened"),
        ("guessing", "visitor"),
        ("class", "ended"),
        ("class", "wiped"),
    ]
    assert journal.counts["class"] - before["class"] == 3
    said = json.dumps(told)
    secrets_ = (key, one.code, "Ada", "title", "192.0.2.1", TEACHER, BEN, owner_of(BEN))
    assert not [secret for secret in secrets_ if secret in said]
