"""A design in an address: short, the same after the journey, and harmless whoever wrote it."""

import base64
import json
import random
import re
import zlib

import pytest

from cnn_core.errors import StudentError
from cnn_core.model import PRESETS, ModelSpec, links
from tests.core.designs import design, random_spec
from tests.core.work import counted

LESSON_LINK = "1.8teW8cMRnaOxOJrWqJ7WAA"  # sent to somebody long ago


def forged(plain: bytes) -> str:
    """A link that `encode` would not write: right checksum, any content."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = zlib.crc32(plain).to_bytes(4, "big") + deflate.compress(plain) + deflate.flush()
    return "1." + base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


@pytest.mark.parametrize("seed", range(40))
def test_a_network_comes_back_from_its_link(seed):
    spec = random_spec(seed)
    assert ModelSpec.from_link(spec.to_link()) == spec
    assert re.fullmatch(r"[A-Za-z0-9._-]+", spec.to_link())


def test_the_lesson_s_link_is_short_and_links_of_today_can_be_read_for_ever():
    assert PRESETS["lesson"].to_link() == LESSON_LINK
    assert ModelSpec.from_link(LESSON_LINK) == PRESETS["lesson"]


def test_every_preset_fits_into_a_line():
    assert max(len(spec.to_link()) for spec in PRESETS.values()) < 120


@pytest.mark.parametrize("name", ["Ümläut 网络 сеть", "👨‍👩‍👧", "a&b=c#d/?%20", 'quote " and \\'])
def test_names_in_any_writing_survive(name):
    spec = PRESETS["tiny"].replace(name=name)
    assert ModelSpec.from_link(spec.to_link()) == spec


def test_an_impossible_draft_has_a_link_too():
    draft = design({"type": "conv2d", "filters": 0}, {"type": "nothing"}, classes=-1)
    assert links.decode(links.encode(draft)) == draft
    with pytest.raises(StudentError):
        ModelSpec.from_link(links.encode(draft))


def test_the_largest_network_allowed_has_a_link():
    layer = {"type": "batch_normalization"}
    spec = ModelSpec.from_dict(
        design(*[layer] * 62, {"type": "flatten"}, {"type": "dense", "units": 10}, name="ж" * 80)
    )
    assert ModelSpec.from_link(spec.to_link()) == spec


def test_spaces_round_a_copied_link_do_no_harm():
    assert ModelSpec.from_link(f"  {LESSON_LINK}\n") == PRESETS["lesson"]


@pytest.mark.parametrize("cut", range(len(LESSON_LINK)))
def test_a_link_that_lost_its_end_is_refused(cut):
    with pytest.raises(StudentError):
        links.decode(LESSON_LINK[:cut])


def test_a_link_with_a_changed_letter_never_becomes_another_design():
    link = PRESETS["modern"].to_link()
    alphabet = "ABCxyz019-_"
    for place in range(len(link)):
        for letter in alphabet:
            changed = link[:place] + letter + link[place + 1 :]
            try:
                # The last letter has bits that mean nothing.
                assert links.decode(changed) == PRESETS["modern"].to_dict()
            except StudentError:
                continue


@pytest.mark.parametrize(
    "text",
    ["", " ", "1", "1.", "1.A", "1.====", "1.ab cd", "1.äöü", "2." + LESSON_LINK[2:],
     LESSON_LINK + "AAAA",
     LESSON_LINK[2:], "javascript:alert(1)", "1.\0", "\ud800", "1." + "A" * 7_990, None, 3, b"1.abc", ["1."]],
)  # fmt: skip
def test_what_is_not_a_link_is_refused_in_words(text):
    with pytest.raises(StudentError) as caught:
        links.decode(text)
    assert caught.value.hint


@pytest.mark.parametrize(
    "plain",
    [b"", b"null", b"[]", b"3", b'"text"', b"{", b'{"a":NaN}', b'{"a":Infinity}', b"\xff\xfe", b"[" * 50_000,
     b'{"a":' * 9_000, b"1" * 6_000],
    ids=lambda plain: plain[:12].decode(errors="replace"),
)  # fmt: skip
def test_a_forged_link_is_refused_in_words(plain):
    with pytest.raises(StudentError):
        links.decode(forged(plain))


@pytest.mark.parametrize("size", [100_000, 10_000_000, 200_000_000])
def test_a_bomb_does_not_go_off(size):
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = (
        b"".join(deflate.compress(b" " * 1_000_000) for _ in range(max(1, size // 1_000_000)))
        + deflate.flush()
    )
    link = "1." + base64.urlsafe_b64encode(b"\0\0\0\0" + packed).rstrip(b"=").decode()
    with counted() as work:
        for text in (link, link[:8_000]):
            with pytest.raises(StudentError):
                links.decode(text)
    assert work.peak_bytes < 1_000_000


def test_ten_megabytes_of_text_are_refused_unread():
    for text in ("1." + "A" * 10_000_000, json.dumps(design({"type": "x" * 10_000_000}))):
        with counted() as work, pytest.raises(StudentError):
            links.decode(text)
        assert work.peak_bytes < 100_000  # not even once copied


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), {1, 2}, "\ud800", 10**5_000, object(), "x" * 10_000_000],
    ids=["nan", "inf", "set", "half a character", "10^5000", "object", "long"],
)
def test_what_cannot_travel_is_refused_when_it_is_packed(value):
    with pytest.raises(StudentError):
        links.encode({"name": value})


def test_a_design_nested_without_end_is_refused_when_it_is_packed():
    value = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(StudentError):
        links.encode({"name": value})


def test_noise_is_never_more_than_a_broken_link():
    chance = random.Random(0)
    for _ in range(2_000):
        noise = bytes(chance.randrange(256) for _ in range(chance.randint(0, 60)))
        with pytest.raises(StudentError):
            links.decode("1." + base64.urlsafe_b64encode(noise).rstrip(b"=").decode())
