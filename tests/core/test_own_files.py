"""What strangers may bring to their data set: photos, zips of folders, CSVs of pixels, and what only looks like it."""

import io
import struct
import time
import tracemalloc
import zipfile
import zlib

import numpy as np
import pytest
from PIL import Image

from cnn_core.data.own import Shelf, bring_csv, bring_files, bring_zip
from cnn_core.data.own import bringing_in as module
from cnn_core.errors import StudentError

OWNER = "o" * 22
RNG = np.random.default_rng(3)


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    monkeypatch.setenv("CONVSCOPE_RUNS", str(tmp_path))
    return Shelf()


def grey(side=28, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (side, side), dtype=np.uint8)


def saved(image, kind="PNG", **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def png(seed=0, side=28):
    return saved(Image.fromarray(grey(side, seed)))


def zipped(files, **options):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def csv(rows, header=None, sign=",", newline="\n"):
    lines = [] if header is None else [header]
    lines += [sign.join(map(str, row)) for row in rows]
    return newline.join(lines).encode()


def row(label, seed=0):
    return [label, *grey(seed=seed).ravel().tolist()]


# What works


def photo(mode):
    """A photo 60 wide and 40 high in any of Pillow's modes: light at the left, dark at the right."""
    ramp = np.tile(np.linspace(255, 0, 60), (40, 1))
    if mode.startswith("I;16") or mode == "I":
        return Image.fromarray((ramp * 257).astype(np.uint16 if mode != "I" else np.int32))
    return Image.fromarray(ramp.astype(np.uint8)).convert("RGB" if mode == "P" else "L").convert(mode)


MODES = ["1", "L", "P", "RGB", "RGBA", "LA", "I;16", "CMYK", "YCbCr", "La", "RGBa", "HSV", "LAB"]
FORMATS = {"CMYK": "JPEG", "YCbCr": "JPEG"}


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode not in ("La", "RGBa", "HSV", "LAB")])
@pytest.mark.parametrize("colour", [False, True])
def test_a_photo_of_every_mode_becomes_a_picture_light_at_the_left(shelf, mode, colour):
    data = saved(photo(mode), FORMATS.get(mode, "PNG"))
    one = shelf.make(OWNER, colour=colour)
    bring_files(one, OWNER, 0, [("a.png", data)], "thing")
    pixels = np.frombuffer(one.contents().pictures[0].pixels, np.uint8).reshape(one.shape)
    assert pixels[:, :, 2].mean() > pixels[:, :, -3].mean() + 80


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "HEIF"])
def test_a_photo_of_every_format_is_read(shelf, kind):
    if kind == "HEIF":
        pytest.importorskip("pillow_heif").register_heif_opener()
    one = shelf.make(OWNER)
    assert bring_files(one, OWNER, 0, [("a", saved(photo("RGB"), kind))], "thing").added == 1


def test_a_photo_of_twelve_megapixels_is_turned_upright_and_made_small(shelf):
    tall = np.zeros((4000, 3000, 3), np.uint8)
    tall[:, 1500:] = 255  # light at the right as the sensor lies; upright it is light at the foot
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90° to the right
    one = shelf.make(OWNER)
    bring_files(one, OWNER, 0, [("a.jpg", saved(Image.fromarray(tall), "JPEG", exif=exif))], "thing")
    pixels = np.frombuffer(one.contents().pictures[0].pixels, np.uint8).reshape(28, 28)
    assert pixels[:10].max() < 30
    assert pixels[-10:].min() > 225


def test_a_drawing_on_paper_is_found_and_is_light_on_dark(shelf):
    paper = np.full((300, 400), 230, np.uint8)
    paper[80:220, 190:214] = 20
    one = shelf.make(OWNER)
    bring_files(one, OWNER, 0, [("a.jpg", saved(Image.fromarray(paper), "JPEG"))], "ink")
    pixels = np.frombuffer(one.contents().pictures[0].pixels, np.uint8).reshape(28, 28)
    assert pixels[14, 14] > 200
    assert pixels[0].max() == 0


def test_each_folder_of_a_zip_is_a_class_whatever_lies_around_it(shelf):
    data = zipped(
        {
            "things/cat/1.png": png(1), "things/cat/2.png": png(2), "things/dog/1.PNG": png(3),
            "things/dog/.DS_Store": b"x", "__MACOSX/things/cat/._1.png": b"x", "things/dog/notes.txt": b"x",
        }
    )  # fmt: skip
    one = shelf.make(OWNER, classes=("Cat",))
    brought = bring_zip(one, OWNER, data, "thing")
    assert (brought.added, brought.classes, brought.refused) == (3, ("dog",), ())
    assert [(own.name, len(one.contents().of_class(own.number))) for own in one.contents().classes] == [
        ("Cat", 2),
        ("dog", 1),
    ]


def test_whoever_waits_hears_how_many_pictures_were_read(shelf):
    one, heard = shelf.make(OWNER), []
    data = zipped({f"a/{i}.png": png(i) for i in range(3)} | {"b/note.txt": b"-"})
    bring_zip(one, OWNER, data, "thing", told=lambda *news: heard.append(news))
    assert heard == [(0, 3), (1, 3), (2, 3)]


def test_a_file_in_a_zip_that_is_no_picture_is_named_and_the_others_are_taken(shelf):
    one = shelf.make(OWNER)
    brought = bring_zip(one, OWNER, zipped({"a/1.png": png(1), "a/<b>2.png": b"no picture"}), "thing")
    assert brought.added == 1
    assert brought.refused[0][0] == "b 2.png"
    assert "not an image" in str(brought.refused[0][1])


HEADER = "label," + ",".join(f"pixel{i}" for i in range(784))


@pytest.mark.parametrize(
    "data",
    [
        csv([row(7, 1), row(7, 2), row(3, 3)]),
        csv([row(7, 1), row(7, 2), row(3, 3)], HEADER),
        csv([row("7", 1), row("7", 2), row("3", 3)], HEADER, newline="\r\n"),
        csv([row(7, 1), row(7, 2), row(3, 3)], sign=";"),
        csv([row(7, 1), row(7, 2), row(3, 3)], sign="\t"),
        b"\xef\xbb\xbf" + csv([row(7, 1), row(7, 2), row(3, 3)], HEADER),
        csv([row("7.0", 1), row("7.0", 2), row("3.0", 3)]),
        csv([[*row(n, s)[1:], n] for n, s in ((7, 1), (7, 2), (3, 3))], HEADER[6:] + ",label"),
        csv([row(7, 1), row(7, 2), row(3, 3)]) + b"\n\n\n",
        csv([row('"7"', 1), row('"7"', 2), row('"3"', 3)]),
    ],
)
def test_a_csv_of_pixels_is_read_as_mnist_in_csv_is(shelf, data):
    one = shelf.make(OWNER, classes=("first thing",))
    brought = bring_csv(one, OWNER, data)
    assert (brought.added, set(brought.classes)) == (3, {"7", "3"})
    assert np.array_equal(
        np.frombuffer(one.contents().pictures[0].pixels, np.uint8).reshape(28, 28), grey(seed=1)
    )


def test_labels_that_are_names_become_classes_and_fractions_become_bytes(shelf):
    fractions = [
        ["house", *(grey(seed=1) / 255).round(6).ravel()],
        ["fish", *(grey(seed=2) / 255).round(6).ravel()],
    ]
    one = shelf.make(OWNER, classes=("House",))
    brought = bring_csv(one, OWNER, csv(fractions))
    assert brought.classes == ("fish",)
    assert np.array_equal(
        np.frombuffer(one.contents().pictures[0].pixels, np.uint8).reshape(28, 28), grey(seed=1)
    )


def test_a_csv_in_colour_has_three_planes_one_after_the_other(shelf):
    planes = np.stack([np.full((32, 32), value, np.uint8) for value in (10, 20, 30)])
    one = shelf.make(OWNER, colour=True)
    bring_csv(one, OWNER, csv([["red", *planes.ravel()]]))
    assert one.contents().pictures[0].pixels == planes.tobytes()


# What cannot work: a sentence each, at once, and nothing left behind


def bomb():
    return zipped({f"a/{i}.png": bytes(24_000_000) for i in range(10)})


def lying(size):
    """A zip whose entry says it is small, or large, and is not."""
    data = bytearray(zipped({"a/1.png": bytes(30_000_000)}))
    for sign, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        at = data.find(sign)
        data[at + offset : at + offset + 4] = struct.pack("<I", size)
    return bytes(data)


def huge_png(width, height):
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + head
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))


def locked_zip():
    data = bytearray(zipped({"a/1.png": png()}))
    for sign, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        data[data.find(sign) + offset] |= 1
    return bytes(data)


def spoiled_middle():
    data = bytearray(zipped({"a/1.png": png()}))
    data[60:100] = bytes(40)
    return bytes(data)


ZIPS = {
    "nothing": b"",
    "zeros": bytes(1000),
    "a text": b"hello, world",
    "a png": png(),
    "only the sign": b"PK\x03\x04",
    "an empty zip": zipped({}),
    "cut short": zipped({"a/1.png": png()})[:-30],
    "first half": zipped({"a/1.png": png()})[:200],
    "spoiled in the middle": spoiled_middle(),
    "a list of a million files": b"PK\x01\x02" * 1_000_000 + b"PK\x05\x06" + bytes(18),
    "a directory without files": b"PK\x05\x06" + bytes(18),
    "no folders": zipped({"1.png": png()}),
    "no folders but a way out": zipped({"../1.png": b"x"}),
    "only texts": zipped({"a/notes.txt": b"x", "b/notes.txt": b"y"}),
    "only hidden files": zipped({"a/.1.png": png()}),
    "only of a Mac": zipped({"__MACOSX/a/1.png": png()}),
    "pictures that are none": zipped({"a/1.png": b"x", "a/2.jpg": b"y"}),
    "pictures of nothing": zipped({"a/1.png": b""}),
    "a bomb of 240 MB": bomb(),
    "a promise of 4 GB": lying(0xFFFFFFF0),
    "a promise of one byte": lying(1),
    "locked": locked_zip(),
    "eleven folders": zipped({f"{i}/1.png": png(i) for i in range(11)}),
    "4,001 files": zipped({f"a/{i}.txt": b"" for i in range(4_001)}),
    "2,001 pictures": zipped({f"a/{i}.png": png(i % 250, 4) for i in range(2_001)}),
    "a folder without a visible name": zipped({"***/1.png": png()}),
    "a picture with a huge head": zipped({"a/1.png": huge_png(60_000, 60_000)}),
    "a picture with a larger head": zipped({"a/1.png": huge_png(2**31 - 1, 2**31 - 1)}),
    "a zip in a zip": zipped({"a/1.zip": zipped({"a/1.png": png()})}),
    "a card that is rubbish": zipped({"dataset.json": b"{" * 10_000, "a/1.png": b"x"}),
    "a deep card": zipped({"dataset.json": b"[" * 100_000, "a/1.png": b"x"}),
    "a card that promises": zipped({"dataset.json": b'{"pictures": 3}', "a/1.png": b"x"}),
    "an svg": zipped({"a/1.svg": b"<svg/>"}),
}


def tiff():
    return saved(Image.fromarray(grey()), "TIFF")


def eps():
    return b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n"


PHOTOS = {
    "nothing": b"",
    "zeros": bytes(5000),
    "a text": b"hello",
    "html": b"<html><script>alert(1)</script></html>",
    "an svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "a tiff": tiff(),
    "an eps": eps(),
    "a pdf": b"%PDF-1.4\n",
    "a pickle": b"\x80\x04\x95\x00",
    "a zip": zipped({"a/1.png": png()}),
    "a png without an end": png()[:60],
    "a png of its head alone": png()[:33],
    "a png with a broken middle": png(side=64)[:200] + bytes(200) + png(side=64)[400:],
    "a jpeg cut short": saved(photo("RGB"), "JPEG")[:120],
    "a gif of its head alone": b"GIF89a" + bytes(7),
    "a bmp that promises": b"BM"
    + struct.pack("<IHHI", 100, 0, 0, 54) + struct.pack("<IiiHHIIiiII", 40, 60_000, 60_000, 1, 24, *[0] * 6),
    "a huge head": huge_png(60_000, 60_000),
    "a larger head": huge_png(2**31 - 1, 1),
    "a head of nothing": huge_png(0, 0),
    "one pixel": saved(Image.fromarray(grey(1))),
    "three pixels": saved(Image.fromarray(grey(3))),
    "a line": saved(Image.fromarray(np.zeros((1, 500), np.uint8))),
    "a webp cut short": saved(photo("RGB"), "WEBP")[:40],
    "a heic of its head alone": b"\x00\x00\x00\x18ftypheic" + bytes(40),
    "27 MB": bytes(27_000_000),
}  # fmt: skip

CSVS = {
    "nothing": b"",
    "line breaks": b"\n\n\n",
    "a heading alone": HEADER.encode(),
    "a text": b"hello, world",
    "a png": png(),
    "zeros": bytes(2000),
    "half a character": b"\xff\xfe\x00",
    "one value short": csv([row(1)[:-1]]),
    "one value more": csv([[*row(1), 3]]),
    "two lengths": csv([row(1), row(2)[:-3]]),
    "only pixels": csv([row(1)[1:]]),
    "256": csv([[1, 256, *row(1)[2:]]]),
    "below 0": csv([[1, -1, *row(1)[2:]]]),
    "a word for a pixel": csv([row(1), [1, "x", *row(1)[2:]]]),
    "nothing for a pixel": csv([[1, "", *row(1)[2:]]]),
    "nan": csv([[1, "nan", *row(1)[2:]]]),
    "inf": csv([[1, "inf", *row(1)[2:]]]),
    "1e999": csv([[1, "1e999", *row(1)[2:]]]),
    "no label": csv([["", *row(1)[1:]]]),
    "a label of signs": csv([["<>", *row(1)[1:]]]),
    "eleven labels": csv([row(i, i) for i in range(11)]),
    "the label is last, and nothing says so": csv([[*row(0, i)[1:], i] for i in range(40)]),
    "2,001 rows": csv([[1, *[0] * 784]] * 2_001),
    "colour for grey": csv([[1, *[0] * 3072]]),
    "a formula": csv([["=cmd()", *[0] * 783]]),
    "51 MB in one line": b"1," * 25_500_000,
    "one value of 50 MB": csv([row(1)]) + b"7" * 50_000_000,
    "25 million lines": b"1\n" * 25_000_000,
    "25 million empty lines": b"\r\n" * 25_000_000,
    "25 million form feeds": b"\x0c1" * 25_000_000,
    "53 MB": b"1," * 26_500_000,
    "utf-16": csv([row(1)]).decode().encode("utf-16-le"),
    "json": b'[{"label": 1}]',
}


def refused_at_once(bring, data, one):
    tracemalloc.start()
    began = time.monotonic()
    try:
        with pytest.raises(StudentError) as refusal:
            bring(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (
        time.monotonic() - began < 20
    )  # two seconds on a quiet machine; tracing memory alone is five times slower
    assert peak < 200_000_000
    assert refusal.value.message
    assert refusal.value.hint
    assert "Traceback" not in str(refusal.value)
    assert one.contents().count() == 0
    assert len(one.contents().classes) <= 1


@pytest.mark.parametrize("name", ZIPS)
def test_a_hostile_zip_is_refused_with_a_sentence(shelf, name):
    one = shelf.make(OWNER)
    refused_at_once(lambda data: bring_zip(one, OWNER, data, "thing"), ZIPS[name], one)


@pytest.mark.parametrize("name", PHOTOS)
@pytest.mark.parametrize("way", ["thing", "ink"])
def test_a_hostile_photo_is_refused_with_a_sentence(shelf, name, way):
    one = shelf.make(OWNER)
    refused_at_once(lambda data: bring_files(one, OWNER, 0, [("x", data)], way), PHOTOS[name], one)


@pytest.mark.parametrize("name", CSVS)
def test_a_hostile_csv_is_refused_with_a_sentence(shelf, name):
    one = shelf.make(OWNER)
    refused_at_once(lambda data: bring_csv(one, OWNER, data), CSVS[name], one)


def test_the_table_is_long_enough():
    assert len(ZIPS) + 2 * len(PHOTOS) + len(CSVS) >= 80


def test_one_upload_decodes_no_more_than_it_may(shelf, monkeypatch):
    monkeypatch.setattr(module, "MOST_WORK", 2_500)
    one = shelf.make(OWNER)
    brought = bring_files(one, OWNER, 0, [(f"{i}.png", png(i)) for i in range(5)], "thing")
    assert brought.added == 3
    assert len(brought.refused) == 2
    assert "second go" in str(brought.refused[0][1])


def test_a_file_with_too_many_classes_for_this_set_adds_none_of_them(shelf):
    one = shelf.make(OWNER, classes=tuple("abcdefgh"))
    with pytest.raises(StudentError, match="has 8 classes, and the file would bring 3 more"):
        bring_zip(one, OWNER, zipped({f"{i}/1.png": png(i) for i in range(3)}), "thing")
    assert len(one.contents().classes) == 8


def test_a_guest_brings_no_class_that_the_set_does_not_have(shelf):
    one = shelf.make(OWNER, classes=("a",))
    guest = shelf.open_link(one.share(OWNER), "g" * 22)
    assert bring_zip(guest, "g" * 22, zipped({"a/1.png": png(1)}), "thing").added == 1
    with pytest.raises(StudentError, match="Only whoever made"):
        bring_zip(guest, "g" * 22, zipped({"b/1.png": png(2)}), "thing")
