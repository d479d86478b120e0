"""Images come whole and from the first source that has them; what is damaged is named; no network costs seconds once.

The servers here are real ones, on this machine, and the data sets small ones that are made on the spot.
"""

import contextlib
import gzip
import hashlib
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from cnn_core.data import (
    DATASETS,
    ImageSet,
    available,
    fetch_in_background,
    fetching,
    load_images,
    load_sample,
    network,
)
from cnn_core.data.datasets import _load
from cnn_core.data.fetching import FetchFailed, Remote, _fetch_in_background, fetch, remote_of
from cnn_core.data.idx import let_all_go
from cnn_core.data.network import Patience
from cnn_core.data.sources import KNOWN, Dataset, find_files
from cnn_core.errors import StudentError, shown

TRAIN, TEST = 300, 120
MADE = Dataset(
    key="made",
    name="Made",
    title="Made digits",
    noun="digits",
    singular="digit",
    folder="Made",
    classes=tuple("0123456789"),
    keras=None,
    counts=(TRAIN, TEST),
)
NAMES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
HASTY = Patience(answer=1.0, silence=1.0, slowest=1_000.0)


def idx(values):
    header = bytes([0, 0, 8, values.ndim]) + b"".join(size.to_bytes(4, "big") for size in values.shape)
    return header + values.astype(np.uint8).tobytes()


@pytest.fixture(scope="module")
def made():
    """The four files of a small data set: {name: bytes}."""
    rng = np.random.default_rng(0)
    contents = []
    for count in (TRAIN, TEST):
        contents += [idx(rng.integers(1, 256, (count, 28, 28))), idx(rng.permutation(count) % 10)]
    return dict(zip(NAMES, contents, strict=True))


def written(made, folder, packed=()):
    """Put the files into `folder`, those in `packed` gzipped."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in made.items():
        if name in packed:
            (folder / f"{name}.gz").write_bytes(gzip.compress(content))
        else:
            (folder / name).write_bytes(content)
    return folder


@pytest.fixture
def root(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def raw(made, root):
    """The folder of a complete data set."""
    return written(made, root / "Made" / "raw")


load_here = partial(_load, fetch=None)


# Reading


def test_images_and_labels_are_what_the_files_say(made, root, raw):
    data = load_here(MADE, "train", root)
    assert data.images.shape == (TRAIN, 1, 28, 28)
    assert data.images.dtype == torch.uint8
    assert data.labels.dtype == torch.int64
    assert data.images.numpy().tobytes() == made[NAMES[0]][16:]
    assert bytes(data.labels.tolist()) == made[NAMES[1]][8:]
    assert len(load_here(MADE, "test", root)) == TEST
    assert not data.is_sample
    assert data.source == "Made digits: all 300 for training and 120 for testing."


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="only Linux tells")
def test_a_file_that_was_read_to_be_checked_takes_no_memory_until_its_images_are_used(made, root, raw):
    def resident():
        lines = Path("/proc/self/smaps").read_text().splitlines()
        here = [place for place, line in enumerate(lines) if line.endswith(str(raw / NAMES[0]))]
        return sum(
            int(line.split()[1]) for place in here for line in lines[place : place + 5] if "Rss:" in line
        )

    data = load_here(MADE, "train", root)
    assert resident() == 0
    assert data.images.numpy().tobytes() == made[NAMES[0]][16:]
    assert resident() > 200  # kB, of 235


def test_torchvision_reads_the_same(root, raw):
    from torchvision.datasets.mnist import read_image_file, read_label_file

    data = load_here(MADE, "test", root)
    assert torch.equal(read_image_file(str(raw / NAMES[2])), data.images[:, 0])
    assert torch.equal(read_label_file(str(raw / NAMES[3])), data.labels)


@pytest.mark.parametrize("packed", [NAMES, NAMES[:2], NAMES[3:]])
def test_gzipped_files_are_read_as_well(made, root, raw, packed):
    plain = load_here(MADE, "train", root)
    for name in packed:
        (raw / name).unlink()
    written({name: made[name] for name in packed}, raw, packed)
    assert torch.equal(load_here(MADE, "train", root).images, plain.images)


def test_debians_folder_is_the_second_place_to_look(made, root, tmp_path):
    system = written(made, tmp_path / "share", packed=NAMES)
    assert len(load_here(replace(MADE, system_folder=system), "train", root)) == TRAIN


def test_a_second_call_is_free_and_a_replaced_file_is_read_again(made, root, raw):
    first = load_here(MADE, "train", root)
    assert load_here(MADE, "train", root) is first
    other = np.full((TRAIN, 28, 28), 9)
    (raw / "new").write_bytes(idx(other))
    (raw / "new").replace(raw / NAMES[0])
    assert load_here(MADE, "train", root).images.eq(9).all()


def test_writing_into_the_images_does_not_reach_the_file(made, root, raw):
    load_here(MADE, "train", root).images.zero_()
    assert (raw / NAMES[0]).read_bytes() == made[NAMES[0]]


# Damage


def cut(content):
    return content[: len(content) // 2]


def with_hole(content, start, size):
    return content[:start] + bytes(size) + content[start + size :]


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        (NAMES[0], cut),
        (NAMES[1], cut),
        (NAMES[2], cut),
        (NAMES[0], lambda content: b""),
        (NAMES[0], lambda content: content + b"\0"),
        (NAMES[0], lambda content: b"<html>" + content[6:]),
        (NAMES[0], lambda content: bytes([0, 0, 13]) + content[3:]),  # floats
        (NAMES[0], lambda content: content[:4] + (TRAIN + 1).to_bytes(4, "big") + content[8:]),
        (
            NAMES[0],
            lambda content: content[:8] + (14).to_bytes(4, "big") + (56).to_bytes(4, "big") + content[16:],
        ),
        (
            NAMES[0],
            lambda content: cut(content) + bytes(len(content) - len(content) // 2),
        ),  # the right length
        (NAMES[1], lambda content: cut(content) + bytes(len(content) - len(content) // 2)),
        (NAMES[0], lambda content: with_hole(content, 100_000, 8_192)),  # two pages of the disk never written
        (NAMES[3], lambda content: with_hole(content, 10, 105)),
        (NAMES[1], lambda content: content[:-1] + b"\x0a"),  # class 10 of 0 to 9
    ],
)
def test_a_damaged_file_is_named_and_not_trained_on(made, root, raw, name, damage):
    (raw / name).write_bytes(damage(made[name]))
    split = "train" if name.startswith("train") else "test"
    with pytest.raises(StudentError) as refusal:
        load_here(MADE, split, root)
    assert name in refusal.value.message
    assert "Delete it" in refusal.value.hint


def test_a_file_or_folder_that_may_not_be_read_is_named(root, raw, monkeypatch):
    def forbidden(*_arguments, **_settings):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(np, "memmap", forbidden)
    with pytest.raises(StudentError, match=rf"{NAMES[0]} .*cannot be read \(Permission denied\)"):
        load_here(MADE, "train", root)
    monkeypatch.setattr("pathlib.Path.is_file", forbidden)
    with pytest.raises(StudentError, match=r"raw cannot be read \(Permission denied\)"):
        find_files(MADE, root)


@pytest.mark.parametrize(
    "damage", [cut, lambda packed: packed[:200] + b"oops" + packed[204:], lambda packed: b"no"]
)
def test_a_damaged_gzip_is_named(made, root, raw, damage):
    (raw / NAMES[0]).unlink()
    (raw / f"{NAMES[0]}.gz").write_bytes(damage(gzip.compress(made[NAMES[0]])))
    with pytest.raises(StudentError, match=f"{NAMES[0]}.gz"):
        load_here(MADE, "train", root)


def test_a_gzip_that_never_ends_is_not_unpacked(made, root, raw):
    (raw / NAMES[0]).unlink()
    (raw / f"{NAMES[0]}.gz").write_bytes(gzip.compress(bytes(10**8), 1))
    with pytest.raises(StudentError, match="more than"):
        load_here(MADE, "train", root)


def test_a_part_of_a_data_set_is_refused_and_the_missing_file_named(root, raw):
    (raw / NAMES[3]).unlink()
    with pytest.raises(StudentError, match="t10k-labels-idx1-ubyte is missing"):
        load_here(MADE, "train", root)


# The sample, and what there is without a network


@pytest.mark.parametrize(("split", "count"), [("train", 4500), ("test", 500)])
def test_without_network_mnist_is_5000_genuine_digits_and_says_so(split, count):
    data = load_images("mnist", split)
    assert data.is_sample
    assert data.source.startswith("No internet: using 5,000 digits instead of 70,000. For all of them")
    assert data.images.shape == (count, 1, 28, 28)
    assert data.labels.bincount().tolist() == [count // 10] * 10
    assert data.images.max() == 255
    assert data.images[data.labels == 1].float().mean() < data.images[data.labels == 0].float().mean()


def test_no_digit_of_the_sample_is_both_learnt_and_tested():
    both = torch.cat([load_images("mnist", split).images.flatten(1) for split in ("train", "test")])
    assert len(both.unique(dim=0)) == 5000


def test_the_samples_test_digits_are_mixed_as_mnists_are_and_begin_with_a_seven():
    labels = load_images("mnist", "test").labels.tolist()
    assert labels[:4] == [7, 2, 1, 0]
    repeats = sum(one == other for one, other in pairwise(labels))
    assert 30 < repeats < 70  # of 499 neighbours about a tenth
    assert {labels.count(digit) for digit in range(10)} == {50}


def test_without_takes_away_just_the_images_with_the_same_bytes():
    digits = load_images("mnist", "train")
    some = digits.take(30, seed=2)
    rest = digits.without(some)
    assert len(rest) == 4470
    assert not {i.tobytes() for i in rest.images.numpy()} & {i.tobytes() for i in some.images.numpy()}
    assert len(digits.without(load_images("mnist", "test"))) == 4500


def test_the_sample_is_here_also_where_everything_is(tmp_path):
    assert load_sample("test").images.equal(load_images("mnist", "test").images)
    assert len(load_sample("train")) == 4500


def test_the_end_of_the_sample_holds_every_digit_equally_often():
    rest, last = load_images("mnist", "train").split_off(500)
    assert (len(rest), len(last)) == (4000, 500)
    assert last.labels.bincount().tolist() == [50] * 10


@pytest.mark.parametrize(
    ("reason", "why"),
    [
        (
            "a.example.org: Name or service not known; b.example.org: no answer within 3 seconds",
            "there is no internet",
        ),
        (
            "a.example.org: it answers 404; b.example.org:81: it answers 404",
            "cannot be fetched: it answers 404.",
        ),
        ("the data folder cannot be written (No space left on device)", "written (No space left on device)."),
    ],
)
def test_what_cannot_be_fetched_is_told_without_the_names_of_servers(monkeypatch, reason, why):
    monkeypatch.delenv("CONVSCOPE_OFFLINE", raising=False)
    said = fetching.not_here(KNOWN["fashion_mnist"], reason)
    assert said.startswith("Fashion-MNIST is not on this machine, and ")
    assert why in said
    assert "example" not in said


def test_what_is_available_is_told_without_reading_or_asking():
    assert available("mnist").state == "sample"
    assert (available("mnist").train, available("mnist").test) == (4500, 500)
    assert available("kmnist").state == "missing"
    assert not available("kmnist").is_usable


def test_available_tells_what_is_complete_and_what_is_damaged(tmp_path):
    folder = tmp_path / "data" / "KMNIST" / "raw"
    folder.mkdir(parents=True)
    for name, size in zip(NAMES, (47_040_016, 60_008, 7_840_016, 10_008), strict=True):
        with (folder / name).open("wb") as file:
            file.truncate(size)
    assert available("kmnist").state == "complete"
    assert (available("kmnist").train, available("kmnist").test) == (60_000, 10_000)
    (folder / NAMES[1]).write_bytes(b"half")
    assert available("kmnist").state == "damaged"
    assert NAMES[1] in available("kmnist").source


def test_kmnist_offline_is_refused_with_one_thing_to_try():
    with pytest.raises(StudentError, match="KMNIST") as refusal:
        load_images("kmnist", "train")
    assert "Choose MNIST" in refusal.value.hint


@pytest.mark.parametrize(
    "name", ["imagenet", "", "../mnist", None, 7, ["mnist"], "x" * 10**6, 10**5_000, "\ud800"], ids=shown
)
def test_an_unknown_data_set_is_refused_in_few_words(name):
    for ask in (available, fetch_in_background, lambda name: load_images(name, "train")):
        with pytest.raises(StudentError) as refusal:
            ask(name)
        assert len(str(refusal.value).encode()) < 200  # a page can show it, half characters it cannot
    with pytest.raises(StudentError):
        load_images("mnist", "validation")


def test_every_data_set_has_torchvisions_name_and_classes():
    import torchvision.datasets

    assert list(DATASETS) == ["mnist", "fashion_mnist", "kmnist", "emnist_letters", "cifar10", "cat_or_dog"]
    for dataset in KNOWN.values():
        source = getattr(torchvision.datasets, dataset.in_torchvision)
        if dataset.archive is None:
            assert len(dataset.classes) == len(source.classes) == 10
            assert [name.removesuffix(".gz") for name, _ in source.resources] == list(NAMES)
            # Where they are is written down: torchvision takes seconds and 200 MB to say it.
            remote = remote_of(dataset)
            assert list(remote.mirrors) == source.mirrors
            assert list(map(tuple, remote.files)) == source.resources
    letters = torchvision.datasets.EMNIST
    assert [name.lower() for name in KNOWN["emnist_letters"].classes] == letters.classes_split_dict[
        "letters"
    ][1:]
    assert KNOWN["emnist_letters"].archive.address == letters.url
    assert KNOWN["emnist_letters"].archive.md5 == letters.md5
    assert [name.split()[-1] for name in KNOWN["kmnist"].classes] == torchvision.datasets.KMNIST.classes
    assert list(KNOWN["fashion_mnist"].classes) == torchvision.datasets.FashionMNIST.classes


@pytest.mark.full_mnist
def test_the_full_mnist_is_whole():
    if available("mnist").state != "complete":
        pytest.skip("the full MNIST is not in CONVSCOPE_DATA")
    assert load_images("mnist", "train").labels.bincount()[1] == 6742
    assert load_images("mnist", "test").labels.bincount()[1] == 1135


# ImageSet


def test_take_is_a_repeatable_choice_and_split_off_the_end(root, raw):
    data = load_here(MADE, "train", root)
    assert torch.equal(data.take(50, seed=1).images, data.take(50, seed=1).images)
    assert not torch.equal(data.take(50, seed=1).images, data.take(50, seed=2).images)
    assert len(data.take(10**9)) == len(data)
    rest, last = data.split_off(100)
    assert torch.equal(torch.cat([rest.labels, last.labels]), data.labels)
    for n in (0, -1, len(data), 10**9):
        with pytest.raises(StudentError):
            data.split_off(n)


def test_images_and_labels_must_fit_together():
    images = torch.zeros(3, 1, 28, 28, dtype=torch.uint8)
    with pytest.raises(StudentError):
        ImageSet("made", "train", images, torch.zeros(2, dtype=torch.int64), ("0",), "")
    with pytest.raises(StudentError):
        ImageSet("made", "train", images / 255, torch.zeros(3, dtype=torch.int64), ("0",), "")


# Fetching


class Mirror:
    """A server of the four files; `behave(handler, body)` may send something else instead."""

    def __init__(self, files, behave=None):
        self.requests = requests = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                requests.append(self.path)
                body = files.get(self.path.rsplit("/", 1)[-1])
                with contextlib.suppress(OSError):  # the other side may hang up: some tests are about that
                    (behave or ordinary)(self, body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def ordinary(handler, body, status=200, length=None):
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body) if length is None else length))
    handler.end_headers()
    handler.wfile.write(body)


def hanging(handler, body):
    time.sleep(4)


def refusing(handler, body):
    ordinary(handler, b"no", status=404)


def truncating(handler, body):
    ordinary(handler, body[: len(body) // 2], length=len(body))


def login_page(handler, body):
    ordinary(handler, b"<html>Please log in</html>")


def silent_in_the_middle(handler, body):
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body[:100])
    handler.wfile.flush()
    time.sleep(4)


def trickling(handler, body):
    handler.send_response(200)
    handler.end_headers()
    for position in range(100):
        handler.wfile.write(body[position : position + 1])
        handler.wfile.flush()
        time.sleep(0.1)


@pytest.fixture
def packed(made):
    return {f"{name}.gz": gzip.compress(content) for name, content in made.items()}


@pytest.fixture
def mirror(packed):
    """Start servers with a behaviour; all are closed at the end."""
    servers = []

    def start(behave=None):
        servers.append(Mirror(packed, behave))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def remote(packed):
    files = tuple((name, hashlib.md5(content).hexdigest()) for name, content in packed.items())
    return lambda *servers: Remote(tuple(server.url for server in servers), files)


@pytest.fixture(autouse=True)
def own_memory(tmp_path, monkeypatch):
    """The network is allowed, and no test remembers another's."""
    monkeypatch.setattr(network, "_failures", {})
    monkeypatch.setattr(fetching, "_fetches", {})
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


@pytest.fixture
def online(monkeypatch):
    monkeypatch.setenv("CONVSCOPE_OFFLINE", "0")


@pytest.mark.usefixtures("online")
class TestFetching:
    def test_a_data_set_is_fetched_on_first_use_and_found_from_then_on(self, root, made, mirror, remote):
        server, told = mirror(), []
        attempt = partial(fetch, remote=remote(server), on_progress=lambda *news: told.append(news))
        data = _load(MADE, "train", root, attempt)
        assert data.images.numpy().tobytes() == made[NAMES[0]][16:]
        fractions = [fraction for fraction, _ in told]
        assert fractions == sorted(fractions)
        assert fractions[-1] == pytest.approx(1)
        requests = len(server.requests)
        assert len(_load(MADE, "test", root, attempt)) == TEST
        assert len(server.requests) == requests
        assert sorted(path.name for path in (root / "Made").iterdir()) == [".fetch.lock", "raw"]
        assert sorted(path.name for path in (root / "Made" / "raw").iterdir()) == sorted(NAMES)

    @pytest.mark.parametrize(
        ("behave", "reason"),
        [
            (hanging, "no answer within 1 second|silent"),
            (refusing, "it answers 404"),
            (truncating, "not all of it"),
            (login_page, "are not t"),
            (silent_in_the_middle, "silent for 1 seconds"),
            (trickling, "too slow"),
        ],
    )
    @pytest.mark.timeout(60)  # it would hang, or trickle for hours
    def test_a_server_that_misbehaves_is_given_up(self, root, mirror, remote, behave, reason):
        server = mirror(behave)
        with pytest.raises(FetchFailed, match=reason) as failure:
            fetch(MADE, root, remote=remote(server), patience=HASTY)
        assert len(set(server.requests)) == len(server.requests) <= len(NAMES)  # no file is asked for twice
        assert "127.0.0.1" in str(failure.value)
        assert find_files(MADE, root) is None
        assert not [path for path in root.rglob("*") if path.is_file() and path.name != ".fetch.lock"]

    @pytest.mark.parametrize("behave", [hanging, refusing, truncating, login_page])
    def test_when_the_first_mirror_fails_the_second_is_used(self, root, mirror, remote, behave):
        fetch(MADE, root, remote=remote(mirror(behave), mirror()), patience=HASTY)
        assert len(load_here(MADE, "train", root)) == TRAIN

    def test_a_server_that_is_not_there_is_noticed_at_once(self, root, mirror, remote):
        gone = mirror()
        gone.close()
        with pytest.raises(FetchFailed, match="refused"):
            fetch(MADE, root, remote=remote(gone))

    def test_an_absent_network_is_waited_for_once(self, root, mirror, remote):
        server = mirror(hanging)
        with pytest.raises(FetchFailed):
            fetch(MADE, root, remote=remote(server), patience=HASTY)
        for forget in (lambda: None, network._failures.clear):  # the second is what another process sees
            forget()
            with pytest.raises(FetchFailed, match=r"no answer|silent"):
                fetch(MADE, root, remote=remote(server), patience=HASTY)
        assert len(server.requests) == 1

    def test_what_another_process_found_out_is_forgotten_after_some_minutes(
        self, root, mirror, remote, monkeypatch
    ):
        network.remember_failure("made", "no answer")
        network._failures.clear()
        assert network.recent_failure("made")
        monkeypatch.setattr(network, "_REMEMBERED_ON_DISK", 0.0)
        assert not network.recent_failure("made")
        fetch(MADE, root, remote=remote(mirror()))

    def test_torn_notes_about_the_network_do_no_harm(self, root, mirror, remote):
        for text in ("", "{", "[]", '{"made": 1}', '{"made": [null, null]}', "\udc80"):
            network._notes_file().write_text(text, errors="surrogateescape")
            assert not network.recent_failure("made")
        network.remember_failure("made", "reason")
        assert network.recent_failure("made") == "reason"

    def test_many_at_once_ask_once(self, root, mirror, remote):
        server, failures = mirror(refusing), []

        def attempt():
            try:
                fetch(MADE, root, remote=remote(server), patience=HASTY)
            except FetchFailed as failure:
                failures.append(str(failure))

        threads = [threading.Thread(target=attempt) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(failures) == 8
        assert len(server.requests) == 1

    def test_offline_never_tries(self, root, mirror, remote, monkeypatch):
        monkeypatch.setenv("CONVSCOPE_OFFLINE", "1")
        server = mirror()
        with pytest.raises(FetchFailed, match="CONVSCOPE_OFFLINE"):
            fetch(MADE, root, remote=remote(server))
        assert server.requests == []

    def test_two_processes_that_fetch_at_once_do_the_work_once(self, root, mirror, remote):
        server = mirror(lambda handler, body: (time.sleep(0.1), ordinary(handler, body)))
        code = f"""
            from pathlib import Path
            from cnn_core.data.fetching import Remote, fetch
            from cnn_core.data.sources import Dataset
            made = Dataset("made", "Made", "Made digits", "digits", "digit", "Made", tuple("0123456789"), None,
                           counts=({TRAIN}, {TEST}))
            fetch(made, Path({str(root)!r}), remote={remote(server)!r})
        """
        command = [sys.executable, "-c", textwrap.dedent(code)]
        processes = [subprocess.Popen(command, cwd=Path(__file__).parents[2]) for _ in range(3)]
        assert [process.wait(60) for process in processes] == [0, 0, 0]
        assert len(load_here(MADE, "train", root)) == TRAIN
        assert sum("train-images" in path for path in server.requests) == 1

    def test_what_a_killed_fetch_left_behind_is_swept_away(self, root, mirror, remote):
        (root / "Made" / ".fetch-123").mkdir(parents=True)
        (root / "Made" / ".fetch-123" / NAMES[0]).write_bytes(b"half")
        fetch(MADE, root, remote=remote(mirror()))
        assert sorted(path.name for path in (root / "Made").iterdir()) == [".fetch.lock", "raw"]

    def test_a_data_folder_that_cannot_be_made_is_a_reason(self, tmp_path, mirror, remote):
        (tmp_path / "data").write_text("a file where a folder should be")
        with pytest.raises(FetchFailed, match="cannot be written"):
            fetch(MADE, tmp_path / "data", remote=remote(mirror()))

    def test_damaged_files_of_ones_own_are_not_overwritten(self, root, raw, mirror, remote):
        (raw / NAMES[0]).write_bytes(b"half")
        server = mirror()
        with pytest.raises(StudentError, match=NAMES[0]):
            _load(MADE, "train", root, partial(fetch, remote=remote(server)))
        assert server.requests == []

    # In the background

    def finished(self, progress):
        deadline = time.monotonic() + 60
        while progress.state == "running" and time.monotonic() < deadline:
            time.sleep(0.01)
        return progress

    def test_in_the_background_one_thread_fetches_however_often_it_is_asked(self, root, mirror, remote):
        server = mirror(lambda handler, body: (time.sleep(0.05), ordinary(handler, body)))
        fetches = [_fetch_in_background(MADE, root, False, remote(server)) for _ in range(5)]
        assert fetches[0].state == "running"
        assert all(progress is fetches[0] for progress in fetches)
        assert self.finished(fetches[0]).state == "done"
        assert fetches[0].fraction == 1
        assert sum("train-images" in path for path in server.requests) == 1
        assert len(load_here(MADE, "train", root)) == TRAIN

    def test_in_the_background_a_failure_is_told_and_tried_again_only_on_request(self, root, mirror, remote):
        progress = self.finished(_fetch_in_background(MADE, root, False, remote(mirror(refusing)), HASTY))
        assert progress.state == "failed"
        assert "it answers 404" in progress.message
        good = remote(mirror())
        assert _fetch_in_background(MADE, root, False, good) is progress
        assert self.finished(_fetch_in_background(MADE, root, True, good)).state == "done"

    def test_in_the_background_damaged_files_end_it_with_their_names(self, root, raw, mirror, remote):
        (raw / NAMES[0]).write_bytes(b"half")
        progress = self.finished(_fetch_in_background(MADE, root, False, remote(mirror())))
        assert progress.state == "failed"
        assert NAMES[0] in progress.message


def test_pages_of_data_that_were_let_go_come_back_as_they_were(root, raw):
    images = load_here(MADE, "train", root).images
    before = images.clone()
    for _ in range(3):
        let_all_go()
        assert images.equal(before)


@pytest.mark.skipif(
    not Path("/proc/self/smaps").exists(), reason="Linux tells what of a file is in a process"
)
def test_a_server_that_has_looked_through_its_data_can_let_all_of_it_go(root, raw):
    images = load_here(MADE, "train", root).images
    assert images.sum() > 0
    assert resident_of(raw / NAMES[0]) >= images.nbytes
    let_all_go()
    assert resident_of(raw / NAMES[0]) == 0


def resident_of(file: Path) -> int:
    """Bytes of a mapped file that are in this process."""
    sizes, is_it = 0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if not line.split()[0].endswith(":"):
            is_it = line.endswith(str(file))
        elif is_it and line.startswith("Rss:"):
            sizes += 1024 * int(line.split()[1])
    return sizes
