"""CIFAR-10's binary files, the zip of its pictures and EMNIST's letters come as images upright, in order and in colour.

Every file here is made by hand, byte by byte; a damaged or hostile one is named, and nothing of it is used.
"""

import gzip
import hashlib
import io
import re
import tarfile
import threading
import zipfile
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from cnn_core.data import available, load_images
from cnn_core.data.catalog.record import CifarFiles, IdxFiles
from cnn_core.data.datasets import _load
from cnn_core.data.fetching import FetchFailed, Remote, RemoteFile, fetch
from cnn_core.data.network import Patience, forget_failure
from cnn_core.data.sources import KNOWN, find_files, how_many_files
from cnn_core.errors import StudentError

EACH = 6  # images in a file
SMALL = replace(
    KNOWN["cifar10"],
    key="small",
    counts=(5 * EACH, EACH),
    files=CifarFiles(images_per_file=EACH),
    sample_zip="",
)
CATS_AND_DOGS = replace(
    SMALL, key="pets", classes=("cat", "dog"), files=CifarFiles(images_per_file=EACH, picked=(3, 5))
)
FILES = [f"data_batch_{i}.bin" for i in range(1, 6)] + ["test_batch.bin"]
load_here = partial(_load, fetch=None)


def record(label, red, green, blue):
    """One image as CIFAR-10's page describes it: the label, then 1,024 bytes of red, of green, of blue."""
    return bytes([label]) + bytes(red) + bytes(green) + bytes(blue)


def first_image():
    """Red counts along the first row, green is 7 in the last pixel only, blue is 200 everywhere."""
    red = list(range(32)) + [0] * 992
    return record(3, red, [0] * 1023 + [7], [200] * 1024)


def batch(file):
    rng = np.random.default_rng(file)
    others = [
        record((3, 5, 1)[i % 3], *rng.integers(0, 256, (3, 1024), dtype=np.uint8)) for i in range(1, EACH)
    ]
    return b"".join([first_image(), *others])


CONTENT = {name: batch(i) for i, name in enumerate(FILES)}


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "data" / "cifar-10-batches-bin"
    folder.mkdir(parents=True)
    for name, content in CONTENT.items():
        (folder / name).write_bytes(content)
    return tmp_path / "data"


def test_a_cifar_image_is_red_then_green_then_blue_row_by_row(root):
    data = load_here(SMALL, "train", root)
    assert data.images.shape == (30, 3, 32, 32)
    assert data.images.dtype == torch.uint8
    red, green, blue = data.images[0]
    assert red[0].tolist() == list(range(32))
    assert red[1:].sum() == 0
    assert green[31, 31] == green.sum() == 7
    assert (blue == 200).all()
    assert data.labels[:6].tolist() == [3, 5, 1, 3, 5, 1]
    assert data.classes[3] == "cat"
    assert len(load_here(SMALL, "test", root)) == 6


def test_the_five_files_follow_each_other_in_their_order(root):
    data = load_here(SMALL, "train", root)
    assert data.images.numpy().tobytes() == b"".join(
        CONTENT[name][at + 1 : at + 3073] for name in FILES[:5] for at in range(0, EACH * 3073, 3073)
    )


def test_cat_or_dog_is_the_cats_and_dogs_of_cifar_and_nothing_else(root):
    whole, pets = load_here(SMALL, "train", root), load_here(CATS_AND_DOGS, "train", root)
    places = [i for i, label in enumerate(whole.labels.tolist()) if label in (3, 5)]
    assert torch.equal(pets.images, whole.images[places])
    assert [pets.classes[label] for label in pets.labels] == [whole.classes[whole.labels[i]] for i in places]
    assert KNOWN["cat_or_dog"].files.picked == (3, 5)
    assert KNOWN["cifar10"].classes[3] == "cat"
    assert KNOWN["cifar10"].classes[5] == "dog"


def test_a_short_file_and_a_label_that_does_not_exist_are_named(root):
    path = root / "cifar-10-batches-bin" / "data_batch_2.bin"
    path.write_bytes(CONTENT["data_batch_2.bin"][:-1])
    with pytest.raises(
        StudentError, match=r"data_batch_2\.bin.* damaged: it has 18,437 bytes instead of 18,438"
    ):
        load_here(SMALL, "train", root)
    path.write_bytes(b"\x0a" + CONTENT["data_batch_2.bin"][1:])
    with pytest.raises(StudentError, match=r"data_batch_2\.bin.* a label 10, but the last class is 9"):
        load_here(SMALL, "train", root)
    path.unlink()
    with pytest.raises(StudentError, match=r"only a part of CIFAR-10 photos: data_batch_2\.bin is missing"):
        find_files(SMALL, root)


# The archive


def tar_of(members):
    """A .tar.gz of {name: bytes}, and of links where a value is a text."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            if isinstance(content, str):
                member.type, member.linkname = tarfile.SYMTYPE, content
                archive.addfile(member)
            else:
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def inside(members):
    return {f"cifar-10-batches-bin/{name}": content for name, content in members.items()}


@pytest.fixture
def server():
    """Serves one file under any name; `.content` is it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", str(len(self.server.content)))
            self.end_headers()
            self.wfile.write(self.server.content)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def fetched(server, content, root, md5=None):
    server.content = content
    md5 = md5 or hashlib.md5(content).hexdigest()
    address = f"http://127.0.0.1:{server.server_port}/"
    fetch(
        SMALL,
        root,
        remote=Remote((address,), (RemoteFile("cifar-10-binary.tar.gz", md5),)),
        patience=Patience(1, 1),
    )


@pytest.fixture(autouse=True)
def online(monkeypatch, tmp_path):
    from cnn_core.data import network

    monkeypatch.delenv("CONVSCOPE_OFFLINE", raising=False)
    monkeypatch.setattr(network, "_failures", {})
    monkeypatch.setattr(network, "_notes_file", lambda: tmp_path / "notes.json")


def test_the_official_archive_is_fetched_checked_and_unpacked(server, tmp_path):
    extra = {
        "cifar-10-batches-bin/batches.meta.txt": b"airplane\n",
        "cifar-10-batches-bin/readme.html": b"<html>",
    }
    fetched(server, tar_of(inside(CONTENT) | extra), tmp_path)
    folder = tmp_path / "cifar-10-batches-bin"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == CONTENT
    assert [path.name for path in (tmp_path / "CIFAR10").iterdir()] == [".fetch.lock"]
    assert len(load_here(SMALL, "train", tmp_path)) == 30


def test_another_checksum_leaves_nothing_behind(server, tmp_path):
    with pytest.raises(FetchFailed, match=r"are not cifar-10-binary\.tar\.gz"):
        fetched(server, tar_of(inside(CONTENT)), tmp_path, md5=KNOWN["cifar10"].archive.md5)
    assert find_files(SMALL, tmp_path) is None
    assert [path.name for path in (tmp_path / "CIFAR10").iterdir()] == [".fetch.lock"]


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        (inside({**CONTENT, "test_batch.bin": b"short"}), "less than 18,438 bytes"),
        (inside({**CONTENT, "test_batch.bin": CONTENT["test_batch.bin"] + b"!"}), "more than 18,438 bytes"),
        (
            inside(CONTENT) | {"cifar-10-batches-bin/test_batch.bin": "/etc/passwd"},
            "does not hold test_batch.bin",
        ),
        ({f"../{name}": content for name, content in CONTENT.items()}, "does not hold data_batch_1.bin"),
        ({f"/cifar-10-batches-bin/{name}": content for name, content in CONTENT.items()}, "does not hold"),
        (CONTENT, "does not hold data_batch_1.bin"),
    ],
    ids=["short", "long", "a link", "outside", "absolute", "no folder"],
)
def test_an_archive_that_is_not_what_it_should_be_is_refused_and_stays_inside_its_folder(
    server, tmp_path, members, reason
):
    inner = tmp_path / "data"
    with pytest.raises(FetchFailed, match=reason):
        fetched(server, tar_of(members), inner)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "notes.json"]
    assert [path.name for path in inner.iterdir()] == ["CIFAR10"]


@pytest.mark.parametrize(
    "content", [b"no archive at all", tar_of(inside(CONTENT))[:3000]], ids=["text", "cut"]
)
def test_a_file_that_is_no_archive_is_refused(server, tmp_path, content):
    with pytest.raises(FetchFailed, match="cannot be unpacked"):
        fetched(server, content, tmp_path)


# EMNIST


def idx(values):
    header = bytes([0, 0, 8, values.ndim]) + b"".join(size.to_bytes(4, "big") for size in values.shape)
    return header + values.astype(np.uint8).tobytes()


LETTERS = replace(KNOWN["emnist_letters"], key="letters", counts=(40, 26))


def letters():
    """{name of a file: its bytes}; every image has an L: a stroke down at the left, one along the foot."""
    upright = np.zeros((28, 28), dtype=np.uint8)
    upright[4:24, 6] = 255
    upright[23, 6:18] = 128
    files, content = LETTERS.files, {}
    for names, count in ((files.train, 40), (files.test, 26)):
        stored = np.broadcast_to(upright.T, (count, 28, 28))  # as EMNIST's files hold it: columns for rows
        content |= {names[0]: idx(stored), names[1]: idx(np.arange(count) % 26 + 1)}
    return upright, content


def test_emnists_letters_stand_upright_and_a_is_the_first_class(tmp_path):
    upright, content = letters()
    raw = tmp_path / "EMNIST" / "raw"
    raw.mkdir(parents=True)
    for name, file in content.items():
        (raw / f"{name}.gz").write_bytes(gzip.compress(file))
    data = load_here(LETTERS, "test", tmp_path)
    assert data.images.shape == (26, 1, 28, 28)
    assert np.array_equal(data.images[11, 0].numpy(), upright)
    assert [data.classes[label] for label in data.labels] == list("ABCDEFGHIJKLMNOPQRSTUVWXYZ")


@pytest.mark.parametrize(
    ("label", "said"), [(27, "but the last class is 26"), (0, "but the first class is 1")]
)
def test_a_letter_outside_the_alphabet_is_refused(tmp_path, label, said):
    _, content = letters()
    name = LETTERS.files.test[1]
    content[name] = content[name][:-1] + bytes([label])
    raw = tmp_path / "EMNIST" / "raw"
    raw.mkdir(parents=True)
    for file, bytes_of_it in content.items():
        (raw / file).write_bytes(bytes_of_it)
    with pytest.raises(StudentError, match=f"a label {label}, {said}"):
        load_here(LETTERS, "test", tmp_path)


def zip_of_emnist(content):
    """As its makers pack it: a folder of gzipped files, those of other data sets among them."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, file in content.items():
            archive.writestr(f"gzip/{name}.gz", gzip.compress(file))
        archive.writestr("gzip/emnist-digits-train-images-idx3-ubyte.gz", b"not looked at")
        archive.writestr("../outside", b"not looked at")
    return packed.getvalue()


@pytest.mark.parametrize("key", ["cifar10", "emnist_letters"])
def test_each_archive_is_fetched_from_the_address_in_the_catalogue_and_compared_with_its_checksum(
    key, server, tmp_path
):
    content = CONTENT if key == "cifar10" else letters()[1]
    server.content = tar_of(inside(CONTENT)) if key == "cifar10" else zip_of_emnist(content)
    small = SMALL if key == "cifar10" else LETTERS
    name = small.archive.address.rpartition("/")[2]
    here = replace(small.archive, address=f"http://127.0.0.1:{server.server_port}/{name}")
    with pytest.raises(FetchFailed, match=f"are not {re.escape(name)}"):  # the checksum of the real one
        fetch(replace(small, archive=here), tmp_path, patience=Patience(1, 1))
    assert find_files(small, tmp_path) is None
    forget_failure(small.key)
    small = replace(small, archive=replace(here, md5=hashlib.md5(server.content).hexdigest()))
    fetch(small, tmp_path, patience=Patience(1, 1))
    files = [path for paths in find_files(small, tmp_path).values() for path in paths]
    assert {path.name: path.read_bytes() for path in files} == content
    assert len(load_here(small, "test", tmp_path)) == small.counts[1]
    assert not (tmp_path.parent / "outside").exists()


# The zip of pictures


def picture(colour, size=(32, 32), kind="PNG"):
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, kind)
    return file.getvalue()


def zip_of(path, members):
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def pictures(train=3, test=2):
    """{name: a picture whose red is its class and whose green is its number}."""
    return {
        f"{split}/{name}/{number:04}.png": picture((10 * label, number, 99))
        for label, name in enumerate(KNOWN["cifar10"].classes)
        for split, count in (("train", train), ("test", test))
        for number in range(count)
    }


@pytest.fixture
def with_zip(tmp_path, monkeypatch):
    monkeypatch.setenv("CONVSCOPE_DATA", str(tmp_path))
    monkeypatch.setenv("CONVSCOPE_OFFLINE", "1")
    return lambda members: zip_of(tmp_path / "cifar10_sample.zip", members)


def test_a_zip_of_pictures_stands_in_for_cifar_and_says_so(with_zip):
    with_zip(pictures() | {"readme.txt": b"hello", "train/zebra/0000.png": b"another class"})
    here = available("cifar10")
    assert (here.state, here.train, here.test) == ("sample", 30, 20)
    data = load_images("cifar10", "train")
    assert data.is_sample
    assert "using 50 photos instead of 60,000" in data.source == here.source
    assert data.images.shape == (30, 3, 32, 32)
    assert data.labels.tolist() == [*range(10)] * 3
    assert data.images[17].flatten(1).unique(dim=1).tolist() == [[70], [1], [99]]  # the second horse
    test = load_images("cifar10", "test")
    assert test.labels.bincount().tolist() == [2] * 10
    assert all(test.images[i, 0, 0, 0] == 10 * label for i, label in enumerate(test.labels.tolist()))


def test_cat_or_dog_takes_its_two_classes_of_the_zip(with_zip):
    with_zip(pictures())
    assert (available("cat_or_dog").train, available("cat_or_dog").test) == (6, 4)
    data = load_images("cat_or_dog", "train")
    assert data.images[:, 0, 0, 0].tolist() == [30, 50] * 3
    assert data.labels.tolist() == [0, 1] * 3


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ({"train/cat/0000.png": picture("red", (31, 32))}, "31×32 pixels instead of 32×32"),
        ({"train/cat/0000.png": b"\xff\xd8 no picture"}, "is not a picture that can be read"),
        ({"train/cat/0000.png": bytes(200_000)}, "unpacks to more than 100,000 bytes"),
    ],
    ids=["size", "no picture", "bomb"],
)
def test_a_picture_that_is_not_one_is_named(with_zip, spoil, said):
    with_zip(pictures() | spoil)
    with pytest.raises(StudentError, match=f"cifar10_sample.zip.*train/cat/0000.png.* {said}"):
        load_images("cifar10", "train")


def test_a_zip_without_a_class_or_cut_short_is_damaged_and_not_a_crash(with_zip):
    path = with_zip({name: one for name, one in pictures().items() if "truck" not in name})
    assert available("cifar10").state == "damaged"
    assert "no picture in train/truck" in available("cifar10").source
    path.write_bytes(path.read_bytes()[:500])
    assert "not a zip" in available("cifar10").source
    assert available("mnist").is_usable


def test_what_is_missing_is_said_with_the_number_of_its_files():
    assert how_many_files(KNOWN["cifar10"]) == "six"
    assert how_many_files(KNOWN["emnist_letters"]) == "four"
    assert IdxFiles().first_label == 0
    assert Path(KNOWN["cifar10"].folder) == Path("cifar-10-batches-bin")
