"""Which pictures are decoded, how often, and what that costs: a small file may hold a picture that fills a server."""

import io
import struct
import subprocess
import sys
import threading
import zlib

import pytest
from PIL import Image

from cnn_core.data import picture_bounds, uploads
from cnn_core.data.uploads import open_image
from cnn_core.errors import StudentError
from cnn_core.kept import Kept
from cnn_core.upload_limits import MEGABYTE, megabytes


def saved(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def png_head(width, height):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, 6, 0, 0, 0))
        + chunk(b"IDAT", b"")
    )


def gif(width, height):
    return (
        b"GIF89a"
        + struct.pack("<HH", width, height)
        + b"\x80\0\0\0\0\0\xff\xff\xff,"
        + struct.pack("<HHHH", 0, 0, width, height)
        + b"\0\x02\x02\x4c\x01\0;"
    )


LARGE = Image.new("L", (7000, 3000))  # 21 million pixels


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (lambda: png_head(7000, 7000), "49 million pixels; a PNG may have 13 million"),
        (
            lambda: png_head(3606, 3606),
            "14 million pixels; a PNG may have 13 million",
        ),  # 13.003: never "13 of 13"
        (lambda: png_head(1, 49_999_999), "a strip of 1×49,999,999 pixels"),
        (lambda: gif(7000, 7000), "49 million pixels; a GIF may have 13 million"),
        (lambda: saved(LARGE, "WEBP", method=0), "21 million pixels; a WebP may have 13 million"),
        (lambda: saved(LARGE, "JPEG", progressive=True), "progressive"),
        (lambda: saved(Image.new("L", (65_500, 300)), "JPEG"), "long and narrow"),  # cannot be made small
        (lambda: png_head(60_000, 60_000), "more than 89 million"),
        (lambda: saved(Image.new("L", (64, 64)), "JPEG") + b"\xff\xda" * 200, "more than a hundred parts"),
    ],
)
def test_a_picture_that_costs_too_much_is_told_so_before_it_is_decoded(data, says, monkeypatch):
    monkeypatch.setattr(uploads, "_plain", lambda image: pytest.fail("decoded"))
    with pytest.raises(StudentError, match=says) as refusal:
        open_image(data(), 1024)
    assert refusal.value.hint


@pytest.mark.parametrize("size", [(8160, 6120), (6120, 8160), (9248, 6944)])
def test_the_largest_photos_of_telephones_are_read(size):
    assert max(open_image(saved(Image.new("L", size), "JPEG"), 768).size) == 768


def scan(components_of_scan, frame=0xC0):
    """The head of a JPEG in three colours, whose first scan has so many of them."""
    head = b"\xff\xd8\xff\xe0\x00\x10JFIF\0" + bytes(9) + b"\xff" + bytes([0xFF, frame, 0, 17, 8])
    return (
        head
        + struct.pack(">HHB", 99, 99, 3)
        + bytes(9)
        + b"\xff\xda\0\x0c"
        + bytes([components_of_scan])
        + bytes(9)
    )


def test_a_jpeg_in_several_scans_is_known_for_one_that_must_be_read_whole():
    assert not picture_bounds._is_read_whole(scan(3))
    assert picture_bounds._is_read_whole(scan(1))
    assert picture_bounds._is_read_whole(scan(3, frame=0xC2))
    assert picture_bounds._is_read_whole(b"\xff\xd8\xff")
    photo = Image.effect_noise((50, 40), 30).convert("RGB")
    assert not picture_bounds._is_read_whole(saved(photo, "JPEG"))
    assert picture_bounds._is_read_whole(saved(photo, "JPEG", progressive=True))


MEASURE = """
import re, sys
from pathlib import Path
from PIL import Image
from cnn_core.data.uploads import open_image

def most():
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

Image.init()
before = most()
for path in sys.argv[1:]:
    open_image(Path(path).read_bytes(), 1024)
print((most() - before) // 1024)
"""


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="asks /proc how much memory there was at most"
)
def test_no_picture_that_is_let_in_takes_more_than_a_quarter_of_a_gigabyte(tmp_path):
    large = Image.new("RGBA", (4160, 3120), (200, 100, 50, 128))
    files = {
        "a.webp": saved(large, "WEBP", method=0, quality=1),
        "b.png": saved(large, "PNG", compress_level=1),
        "c.jpg": saved(large.convert("RGB"), "JPEG", progressive=True, subsampling=0),
        "d.jpg": saved(Image.new("L", (8160, 6120)), "JPEG"),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    told = subprocess.run(
        [sys.executable, "-c", MEASURE, *(str(tmp_path / name) for name in files)],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    assert 20 < int(told.stdout) < 256  # megabytes; a WebP of 49 million pixels took 760


# Once, and one at a time


@pytest.fixture
def decodings(monkeypatch):
    """The files that were decoded, in order; none is kept from before."""
    decode, done, now = uploads._decoded, [], []

    def watched(data, longest):
        now.append(data)
        assert len(now) == 1, "two at a time"
        threading.Event().wait(0.02)
        done.append(data)
        now.remove(data)
        return decode(data, longest)

    monkeypatch.setattr(uploads, "_decoded", watched)
    monkeypatch.setattr(uploads, "_kept", Kept(1_000_000))
    return done


def test_a_picture_is_decoded_once_however_many_ask_for_it_and_only_one_at_a_time(decodings):
    files = [saved(Image.effect_noise((60, 40), 10 * n + 10), "PNG") for n in range(3)]
    answers = []
    threads = [
        threading.Thread(target=lambda n=n: answers.append(open_image(files[n % 3], 1024))) for n in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 12
    assert sorted(decodings) == sorted(files)
    open_image(files[0], 30)  # another size is another picture
    assert len(decodings) == 4


def test_what_was_refused_is_refused_again_without_looking(decodings):
    spoiled = saved(Image.effect_noise((300, 300), 50), "PNG")[:2000]
    for _ in range(3):
        with pytest.raises(StudentError, match=r"damaged or not complete. Open and save it anew"):
            open_image(spoiled, 1024)
    assert len(decodings) == 1


def test_whoever_has_a_picture_cannot_spoil_it_for_the_next(decodings):
    data = saved(Image.new("RGB", (20, 20), (10, 20, 30)), "PNG")
    open_image(data, 1024).paste((0, 0, 0, 0), (0, 0, 20, 20))
    assert open_image(data, 1024).getpixel((5, 5)) == (10, 20, 30, 255)


def test_what_is_kept_of_pictures_has_a_bound_in_bytes(decodings, monkeypatch):
    monkeypatch.setattr(uploads, "_kept", Kept(3 * (4 * 100 * 100 + 100)))
    for n in range(8):
        open_image(saved(Image.new("L", (100, 100), n), "PNG"), 1024)
        assert len(uploads._kept) == min(n + 1, 3)


def test_a_size_is_rounded_up_so_that_too_much_never_looks_allowed():
    assert megabytes(25 * MEGABYTE) == "25"
    assert megabytes(25 * MEGABYTE + 1) == "25.1"
    assert megabytes(1_234 * MEGABYTE + 1) == "1,234.1"
