"""Hostile files of PyTorch, safetensors and ONNX: each gets a sentence, quickly, in little memory, and runs nothing."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.core.hostile_networks import NASTY, hostile

ROOT = Path(__file__).parents[2]
NAMES = list(hostile())
SOUND = {"onnx: an image of 0", "pt: a kernel of 255"}  # odd, and possible: these open


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    """(what one process said of all of them, the folder in which it worked)"""
    folder = tmp_path_factory.mktemp("hostile")
    files = tmp_path_factory.mktemp("files")
    for arguments in (["write", str(files)], [str(files)]):
        done = subprocess.run(
            [sys.executable, "-m", "tests.core.hostile_networks", *arguments],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            timeout=140,
        )
        assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1]), folder


def test_there_are_more_than_a_hundred_of_them():
    assert len(NAMES) > 100


@pytest.mark.parametrize("what", sorted(set(NAMES) - SOUND))
def test_a_hostile_file_is_refused_in_a_sentence(what, outcome):
    told = outcome[0]["told"][what]
    assert "crash" not in told, told
    assert "message" in told, told
    assert told["message"].endswith(".")
    assert told["hint"]
    assert len(told["message"]) < 400
    assert not any(sign in told["message"] + told["hint"] for sign in "\u202e\n\0")
    assert "Traceback" not in told["message"]


@pytest.mark.parametrize("what", NAMES)
def test_a_hostile_file_runs_nothing_and_is_done_in_two_seconds_of_the_processor(what, outcome):
    told = outcome[0]["told"][what]
    assert told["heard"] == []
    assert told["seconds"] < 2


def test_all_of_them_together_take_less_than_200_megabytes_and_leave_nothing_behind(outcome):
    told, folder = outcome
    assert told["megabytes"] < 200
    assert list(folder.iterdir()) == []


def test_markup_in_names_is_only_ever_a_quotation(outcome):
    for what in NAMES:
        if "markup" in what:
            assert NASTY.strip() not in outcome[0]["told"][what]["message"]
