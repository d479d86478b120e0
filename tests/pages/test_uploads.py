"""Files that browsers send: one table of limits holds for labels, widgets and server, and memory has a bound."""

import ast
import re
import tomllib
from pathlib import Path

import pytest
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFile, UploadedFileRec

from cnn_core.data.own import limits
from cnn_core.data.sources import KNOWN
from cnn_core.data.uploads import MAX_UPLOAD_BYTES
from cnn_core.errors import StudentError
from cnn_core.runs.openings import LARGEST_FILE
from cnn_core.upload_limits import BROWSER_MB, MEGABYTE, PHOTO_MB, SERVER_MB, SESSION_MB
from pages.my_data import words as my_data
from pages.open_network import words as open_network
from pages.ui.forms.own_picture import PHOTO_LABEL
from pages.ui.frame import uploads
from pages.ui.frame.uploads import Bounds
from pages.ui.wording import photo_seen, photos

ROOT = Path(__file__).parents[2]


def megabytes_in(text):
    return [int(number) for number in re.findall(r"(\d+) MB", text)]


@pytest.mark.parametrize(
    ("words", "most"),
    [
        (photos.upload_label(KNOWN["mnist"], PHOTO_MB), [MAX_UPLOAD_BYTES]),
        (photo_seen.upload_label(PHOTO_MB), [MAX_UPLOAD_BYTES]),
        (PHOTO_LABEL, [MAX_UPLOAD_BYTES]),
        (my_data.UPLOAD_WHAT, [MAX_UPLOAD_BYTES, limits.MOST_UPLOAD_BYTES]),
        (my_data.OPEN_SAVED, [limits.MOST_UPLOAD_BYTES]),
        (open_network.LABEL, [LARGEST_FILE]),
    ],
)
def test_a_file_as_large_as_the_words_say_is_taken_by_all_who_are_asked(words, most):
    assert [size * 1024 * 1024 for size in megabytes_in(words)] == most
    # Between its own limit and the browser's a file is told a sentence; the server counts the envelope, too.
    assert max(most) < BROWSER_MB * 1024 * 1024 <= (SERVER_MB - 1) * 1024 * 1024
    config = tomllib.loads((ROOT / ".streamlit/config.toml").read_text("utf-8"))
    assert config["server"]["maxUploadSize"] == SERVER_MB


def test_every_place_for_a_file_takes_what_the_table_says_and_is_read_through_the_one_door():
    calls = [
        (path.name, node)
        for path in [*ROOT.glob("pages/*.py"), *ROOT.glob("pages/*/*.py"), *ROOT.glob("pages/ui/*/*.py")]
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
    ]
    places = [node for _, node in calls if ast.unparse(node.func) == "st.file_uploader"]
    assert len(places) >= 6
    for place in places:
        most = {keyword.arg: ast.unparse(keyword.value) for keyword in place.keywords}["max_upload_size"]
        assert most == "BROWSER_MB", ast.unparse(place)
    reading = ("file.getvalue", "photo.getvalue", "files.getvalue", "one.getvalue", "file.read", "photo.read")
    past = [(name, ast.unparse(node)) for name, node in calls if ast.unparse(node.func) in reading]
    assert past == [("uploads.py", "file.getvalue()")]


# What the server holds


@pytest.fixture
def manager():
    return MemoryUploadedFileManager("/upload")


def held(manager):
    return sum(len(file.data) for files in manager.file_storage.values() for file in files.values())


def file(name, size):
    return UploadedFileRec(name, f"{name}.png", "image/png", bytes(size))


def test_a_tab_that_sends_on_and_on_holds_no_more_than_its_share_and_keeps_the_newest(manager):
    bounds = Bounds(manager, session=1_000, everything=10_000)
    for number in range(100):
        bounds.add_file("a", file(str(number), 300))
        assert held(manager) <= 1_000
    kept = [one for one in manager.get_files("a", [str(n) for n in range(100)]) if one.data]
    assert [one.file_id for one in kept] == ["97", "98", "99"]


def test_one_tab_takes_nothing_from_another_until_all_together_hold_too_much(manager):
    bounds = Bounds(manager, session=1_000, everything=2_500)
    bounds.add_file("b", file("theirs", 700))
    for number in range(9):
        bounds.add_file("a", file(str(number), 300))
    assert len(manager.get_files("b", ["theirs"])[0].data) == 700
    bounds.add_file("c", file("1", 1_000))
    assert manager.get_files("b", ["theirs"])[0].data == b""  # the oldest of all
    assert held(manager) <= 2_500


def test_files_that_are_gone_are_not_counted_any_more(manager):
    bounds = Bounds(manager, session=1_000, everything=1_500)
    bounds.add_file("a", file("1", 900))
    manager.remove_session_files("a")
    bounds.add_file("b", file("2", 900))
    manager.remove_file("b", "2")
    bounds.add_file("b", file("3", 900))
    bounds.add_file("c", file("4", 600))
    assert held(manager) == 1_500


def test_a_tab_holds_so_many_files_and_no_more_however_small(manager, monkeypatch):
    monkeypatch.setattr(uploads, "MOST_FILES", 5)
    bounds = Bounds(manager)
    for number in range(20):
        bounds.add_file("a", file(str(number), 1))
    assert [one.file_id for one in manager.file_storage["a"].values()] == ["15", "16", "17", "18", "19"]


def test_whoever_asks_for_a_file_that_made_way_is_told_so(manager):
    bounds = Bounds(manager, session=10, everything=100)
    bounds.add_file("a", file("1", 8))
    bounds.add_file("a", file("2", 8))
    first, second = (UploadedFile(one, None) for one in manager.get_files("a", ["1", "2"]))
    assert uploads.content(second) == bytes(8)
    with pytest.raises(StudentError, match=f"{SESSION_MB} MB"):
        uploads.content(first)


def test_thirty_photos_of_a_telephone_can_be_sent_at_once():
    assert SESSION_MB * MEGABYTE >= 30 * 5_000_000
