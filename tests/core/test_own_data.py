"""A visitor's own data set: what is kept, what is for testing, who may do what, and how it stands in for MNIST."""

import os
import time

import numpy as np
import pytest
import torch

from cnn_core.data import ImagesLearntFrom, Portion, available, load_images
from cnn_core.data.own import (
    NewPicture,
    Shelf,
    as_zip,
    bring_files,
    fingerprint,
    from_pad,
    frozen_key,
    is_own,
    limits,
    log,
    open_zip,
    own_images,
    own_set,
    room,
)
from cnn_core.data.own.contents import Replay, add_line
from cnn_core.data.own.names import cleaned, key_of, parts_of
from cnn_core.data.own.own_set import OwnSet
from cnn_core.data.own.prepare import as_png, usual_way
from cnn_core.data.sources import dataset_of
from cnn_core.errors import StudentError
from cnn_core.owners import owner_of

OWNER, GUEST, STRANGER = "o" * 22, "g" * 22, "s" * 22


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    monkeypatch.setenv("CONVSCOPE_RUNS", str(tmp_path))
    return Shelf()


def pictures(count, seed=0, size=784):
    rng = np.random.default_rng(seed)
    return [NewPicture(rng.integers(0, 256, size, dtype=np.uint8).tobytes(), "draw") for _ in range(count)]


def filled(shelf, counts=(18, 16, 7), colour=False):
    """A set of houses, fish and stars."""
    names = ("house", "fish", "star", "sun", "tree")[: len(counts)]
    one = shelf.make(OWNER, colour=colour, classes=names)
    for number, count in enumerate(counts):
        one.add(OWNER, number, pictures(count, seed=number, size=3072 if colour else 784))
    return one


# Which are kept for testing


def test_of_each_class_the_second_and_every_fourth_after_it_is_kept_for_testing(shelf):
    one = filled(shelf)
    parts = [picture.part for picture in one.contents().of_class(2)]
    assert parts == ["train", "test", "train", "train", "train", "test", "train"]
    assert [len(one.contents().of_class(number, "test")) for number in range(3)] == [5, 4, 2]


def test_a_picture_never_changes_its_part_whatever_is_added_or_taken_out(shelf):
    one = filled(shelf, (9, 9))
    before = {picture.sum: picture.part for picture in one.contents().pictures}
    one.take_out(OWNER, [0, 1, 2])
    one.add(OWNER, 0, pictures(20, seed=50))
    one.put_back(OWNER, [1])
    after = {picture.sum: picture.part for picture in one.contents().pictures}
    assert {name: part for name, part in after.items() if name in before}.items() <= before.items()


def test_a_picture_that_was_taken_out_and_comes_again_has_its_old_part_even_in_another_class(shelf):
    one = shelf.make(OWNER, classes=("a", "b"))
    first = pictures(2)
    one.add(OWNER, 0, first)
    one.take_out(OWNER, [0, 1])
    one.add(OWNER, 1, first[1:])  # it was the second of a, so for testing
    one.add(OWNER, 1, first[:1])
    assert [picture.part for picture in one.contents().pictures] == ["test", "train"]


def test_the_same_pixels_are_in_a_set_once(shelf):
    one = filled(shelf, (3, 3))
    again = one.add(OWNER, 1, [*pictures(3, seed=0), *pictures(1, seed=9), *pictures(1, seed=9)])
    assert (len(again.ids), again.already) == (1, 4)


def test_no_test_picture_is_among_those_to_learn_from(shelf):
    one = filled(shelf)
    train, test = (load_images(one.key, split) for split in ("train", "test"))
    assert len(train) + len(test) == 41
    assert not {bytes(row) for row in train.images.flatten(1).numpy()} & {
        bytes(row) for row in test.images.flatten(1).numpy()
    }


def test_what_a_network_learnt_from_an_own_set_is_no_part_of_its_test(shelf):
    one = filled(shelf)
    train = load_images(one.key, "train")
    learnt = ImagesLearntFrom((Portion.of(train, kept_aside=3),))
    one.add(OWNER, 0, pictures(12, seed=77))
    overlap = learnt.overlap(load_images(one.key, "test"))
    assert (overlap.seen, overlap.is_test) == (0, True)
    assert ImagesLearntFrom.from_dict(learnt.to_dict()) == learnt


# In the place of MNIST


def test_an_own_set_is_a_data_set_with_its_classes_and_its_counts(shelf):
    record = dataset_of(filled(shelf).key)
    assert record.classes == ("house", "fish", "star")
    assert (record.shape, record.counts, record.noun) == ((1, 28, 28), (30, 11), "pictures")


@pytest.mark.parametrize(("colour", "shape"), [(False, (1, 28, 28)), (True, (3, 32, 32))])
def test_its_images_are_bytes_in_the_sets_shape_as_they_were_added(shelf, colour, shape):
    one = filled(shelf, (4, 4), colour)
    train = load_images(one.key, "train")
    assert train.images.dtype == torch.uint8
    assert train.images.shape[1:] == shape
    first = pictures(1, seed=0, size=len(one.contents().pictures[0].pixels))[0]
    assert first.pixels in [bytes(row) for row in train.images.flatten(1).numpy()]


def test_the_end_of_the_training_images_holds_every_class(shelf):
    labels = load_images(filled(shelf, (40, 40, 20)).key, "train").labels
    assert set(labels[-8:].tolist()) == {0, 1, 2}


def test_a_key_says_for_ever_which_classes_a_networks_outputs_are(shelf):
    one = filled(shelf)
    key = frozen_key(one.key)
    one.take_out_class(OWNER, 1)
    one.add_class(OWNER, "moon")
    one.rename_class(OWNER, 0, "hut")
    assert dataset_of(key).classes == ("hut", "fish", "star")
    assert dataset_of(one.key).classes == ("hut", "star", "moon")
    assert set(load_images(key, "test").labels.tolist()) == {
        0,
        2,
    }  # no fish are left, and stars are still no. 2


def test_after_a_set_is_removed_its_classes_are_still_called_what_they_were(shelf):
    one = filled(shelf)
    key = frozen_key(one.key)
    one.remove(OWNER)
    assert dataset_of(key).classes == ("house", "fish", "star")
    assert available(key).state == "missing"
    assert "removed" in available(key).source
    with pytest.raises(StudentError, match="were removed from this server"):
        load_images(key, "test")
    assert shelf.of(OWNER) == []
    on_disk = b"".join(path.read_bytes() for path in one.folder.iterdir())
    assert b'"px"' not in on_disk  # no pixel is left


def test_a_key_of_a_set_that_never_was_breaks_no_page(shelf):
    assert dataset_of("own:AbCdEfGhIjK:02").classes == ("class 1", "class 3")
    assert available("own:AbCdEfGhIjK").state == "missing"


@pytest.mark.parametrize(
    "key", ["own:", "own:../../etc/pw", "own:AbCdEfGhIjK:", "own:AbCdEfGhIjK:00", "own:x", "Own:AbCdEfGhIjK"]
)
def test_what_is_no_key_is_no_path(key):
    assert not is_own(key)
    with pytest.raises(StudentError):
        dataset_of(key)


def test_a_key_can_be_taken_apart_and_put_together():
    assert parts_of(key_of("AbCdEfGhIjK", (0, 10, 35))) == ("AbCdEfGhIjK", (0, 10, 35))


def test_more_pictures_are_another_training(shelf):
    one = filled(shelf)
    before = fingerprint(one.key)
    one.add(OWNER, 0, pictures(1, seed=99))
    assert fingerprint(one.key) != before
    one.take_out(OWNER, [41])
    assert fingerprint(one.key) == before


# When a network can learn from it


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ((), "second thing"),
        ((9,), "second thing"),
        ((9, 0), "“fish” has 0 pictures"),
        ((9, 2), "“fish” has 2 pictures"),
        ((3, 3), None),
    ],
)
def test_what_is_missing_is_said(shelf, counts, message):
    one = shelf.make(OWNER, classes=("house", "fish")[: max(1, len(counts))])
    for number, count in enumerate(counts):
        one.add(OWNER, number, pictures(count, seed=number))
    problem = one.problem()
    assert problem is None if message is None else message in str(problem)
    if problem:
        with pytest.raises(StudentError):
            frozen_key(one.key)


# Rights


def test_a_stranger_may_do_nothing_with_a_set_whose_id_they_know(shelf):
    one = filled(shelf, (3, 3))
    for forbidden in (
        lambda: one.add(STRANGER, 0, pictures(1, 8)),
        lambda: one.take_out(STRANGER, [0]),
        lambda: one.put_back(STRANGER, [0]),
        lambda: one.take_out_contributor(STRANGER, one.contents().pictures[0].by),
        lambda: one.add_class(STRANGER, "x"),
        lambda: one.rename_class(STRANGER, 0, "x"),
        lambda: one.take_out_class(STRANGER, 0),
        lambda: one.put_back_class(STRANGER, 0),
        lambda: one.rename(STRANGER, "x"),
        lambda: one.share(STRANGER),
        lambda: one.stop_sharing(STRANGER),
        lambda: one.remove(STRANGER),
        lambda: as_zip(one, STRANGER),
    ):
        with pytest.raises(StudentError):
            forbidden()
    assert one.contents().count() == 6
    assert not one.may_look(STRANGER)
    assert shelf.of(STRANGER) == []


def test_whoever_has_the_link_adds_pictures_and_takes_out_only_their_own(shelf):
    one = filled(shelf, (3, 3))
    joined = shelf.open_link(one.share(OWNER), GUEST)
    added = joined.add(GUEST, 0, pictures(2, 30), who="Ana <b>")
    assert [picture.who for picture in one.contents().pictures[-2:]] == ["Ana b", "Ana b"]
    assert [set_.id for set_ in shelf.of(GUEST)] == [one.id]
    with pytest.raises(StudentError, match="added by somebody else"):
        joined.take_out(GUEST, [0, *added.ids])
    assert joined.take_out(GUEST, added.ids[:1]) == added.ids[:1]
    for forbidden in (
        lambda: joined.add_class(GUEST, "x"),
        lambda: joined.rename_class(GUEST, 0, "x"),
        lambda: joined.remove(GUEST),
        lambda: joined.share(GUEST),
        lambda: as_zip(joined, GUEST),
    ):
        with pytest.raises(StudentError, match="Only whoever made"):
            forbidden()
    assert one.contents().count() == 7


def test_the_owner_takes_out_whatever_one_contributor_added(shelf):
    one = filled(shelf, (3, 3))
    shelf.open_link(one.share(OWNER), GUEST).add(GUEST, 0, pictures(5, 30), who="Bo")
    bo = one.contents().contributors()[1]
    assert (bo.who, bo.count) == ("Bo", 5)
    gone = one.take_out_contributor(OWNER, bo.by)
    assert len(gone) == 5
    assert one.contents().count() == 6
    one.put_back(OWNER, gone)
    assert one.contents().count() == 11


def test_after_sharing_has_stopped_the_link_and_its_guests_are_out(shelf):
    one = filled(shelf, (3, 3))
    key = one.share(OWNER)
    guest = shelf.open_link(key, GUEST)
    one.stop_sharing(OWNER)
    with pytest.raises(StudentError, match="not shared any more"):
        shelf.open_link(key, STRANGER)
    with pytest.raises(StudentError, match="not shared with you"):
        guest.add(GUEST, 0, pictures(1, 40))
    assert shelf.of(GUEST) == []
    assert one.share(OWNER) != key


@pytest.mark.parametrize("key", [None, "", "x", "../card.json", "a" * 11, 3])
def test_a_link_that_leads_nowhere_says_so(shelf, key):
    with pytest.raises(StudentError, match="leads to no data set"):
        shelf.open_link(key, GUEST)


def test_the_id_of_a_set_is_no_link_to_it(shelf):
    with pytest.raises(StudentError):
        shelf.open_link(filled(shelf, (3, 3)).id, GUEST)


def test_no_file_holds_a_visitors_token(shelf, tmp_path):
    one = filled(shelf, (3, 3))
    shelf.open_link(one.share(OWNER), GUEST).add(GUEST, 0, pictures(1, 40))
    for path in tmp_path.rglob("*"):
        assert OWNER not in str(path)
        assert GUEST not in str(path)
        if path.is_file():
            content = path.read_bytes()
            assert OWNER.encode() not in content
            assert GUEST.encode() not in content


# Limits, in the student's numbers


def test_an_eleventh_class_is_refused(shelf):
    one = shelf.make(OWNER, classes=tuple(f"c{i}" for i in range(10)))
    with pytest.raises(StudentError, match="at most 10 classes"):
        one.add_class(OWNER, "eleven")
    one.take_out_class(OWNER, 3)
    assert one.add_class(OWNER, "eleven") == 10
    with pytest.raises(StudentError, match="at most 10 classes"):
        one.put_back_class(OWNER, 3)


def test_two_classes_cannot_have_one_name(shelf):
    one = filled(shelf, (1, 1))
    with pytest.raises(StudentError, match="“house” already"):
        one.add_class(OWNER, " House ")
    with pytest.raises(StudentError, match="“house” already"):
        one.rename_class(OWNER, 1, "HOUSE")
    one.rename_class(OWNER, 0, "House")


def test_a_sixth_set_is_refused_and_names_are_counted(shelf):
    names = [shelf.make(OWNER).name for _ in range(5)]
    assert names == [f"My set {i}" for i in range(1, 6)]
    with pytest.raises(StudentError, match="You have 5 data sets; a visitor may have 5"):
        shelf.make(OWNER)
    shelf.of(OWNER)[1].remove(OWNER)
    assert shelf.make(OWNER).name == "My set 2"


def test_a_set_that_is_full_says_how_full(shelf, monkeypatch):
    monkeypatch.setattr(own_set, "MOST_PICTURES", 10)
    one = filled(shelf, (4, 4))
    with pytest.raises(StudentError, match="has 8 pictures, and 3 more would make 11; it can hold 10"):
        one.add(OWNER, 0, pictures(3, 60))
    assert one.contents().count() == 8  # all or none


def test_a_guest_cannot_fill_somebody_elses_set(shelf, monkeypatch):
    monkeypatch.setattr(own_set, "MOST_OF_A_GUEST", 3)
    one = filled(shelf, (4, 4))
    guest = shelf.open_link(one.share(OWNER), GUEST)
    guest.add(GUEST, 0, pictures(2, 60))
    with pytest.raises(StudentError, match="You have added 2 pictures to this set; a guest may add 3"):
        guest.add(GUEST, 0, pictures(2, 61))


def test_a_server_that_is_full_says_so(shelf, monkeypatch):
    one = filled(shelf, (4, 4))
    monkeypatch.setattr(limits, "MOST_BYTES_ON_SERVER", 9_000)
    room._weighed.clear()
    with pytest.raises(StudentError, match="All own pictures on this server"):
        one.add(OWNER, 0, pictures(3, 60))


def test_a_set_that_nobody_used_can_be_let_go_and_one_in_use_cannot(shelf):
    old, used = filled(shelf, (4, 4)), filled(shelf, (4, 4))
    shelf.open_link(old.share(OWNER), GUEST)
    long_ago = time.time() - 9e6
    for one in (old, used):
        for file in one.folder.iterdir():
            os.utime(file, (long_ago, long_ago))
    own_images(used.frozen_key, "train")  # a network learns from it
    first, second = shelf.kept()
    assert [(first.id, first.owner), second.id] == [(old.id, owner_of(OWNER)), used.id]
    assert first.used == pytest.approx(long_ago)
    assert first.bytes == sum(file.stat().st_size for file in old.folder.iterdir()) > 8 * 784
    a_month = time.time() - 2.6e6
    assert [OwnSet(shelf.path / one.id).let_go(a_month) for one in (first, second)] == [True, False]
    assert [one.id for one in shelf.kept()] == [used.id]
    assert [one.id for one in shelf.of(OWNER)] == [used.id]
    assert shelf.of(GUEST) == []
    assert dataset_of(f"{old.key}:01").classes == ("house", "fish")
    assert "were removed from this server" in available(old.key).source
    with pytest.raises(StudentError, match="not on this server any more"):
        old.let_go(a_month)


# Undo


def test_a_class_taken_out_comes_back_with_its_pictures(shelf):
    one = filled(shelf)
    one.take_out_class(OWNER, 0)
    assert one.contents().count() == 23
    one.put_back_class(OWNER, 0)
    assert one.contents().count() == 41
    assert dataset_of(one.key).classes == ("house", "fish", "star")


def test_after_an_hour_a_picture_that_was_taken_out_is_wiped_from_the_disk(shelf, monkeypatch):
    one = filled(shelf, (5, 5))
    first = one.contents().pictures[0]
    one.take_out(OWNER, [0])
    now = time.time()
    monkeypatch.setattr(own_set.time, "time", lambda: now + 4_000)
    one.take_out(OWNER, [1])
    assert first.pixels not in (one.folder / "log.jsonl").read_bytes()
    text = add_line(0, first.pixels, "", "", "draw")["px"]
    assert text.encode() not in (one.folder / "log.jsonl").read_bytes()
    one.put_back(OWNER, [0, 1])
    assert [picture.id for picture in one.contents().pictures] == list(range(1, 10))


# Names


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("house", "house"),
        ("  two  words ", "two words"),
        ("<script>alert(1)</script>", "script alert(1) /script"),
        ("**bold**", "bold"),
        ("[link](http://x)", "link (http //x)"),
        (":red[x] $y$ `z` #h", "red x y z h"),
        ("- item", "item"),
        ("T-shirt/top", "T-shirt/top"),
        ("Ärger & Öl", "Ärger Öl"),
        ("さかな", "さかな"),
        ("🐟 fish", "🐟 fish"),
        ("\u202egnirts\x00", "gnirts"),
        ("x" * 100, "x" * 30),
        ("***", ""),
        ("", ""),
    ],
)
def test_a_name_has_no_sign_that_a_page_would_act_on(text, name):
    assert cleaned(text) == name


def test_a_class_without_a_name_is_refused(shelf):
    with pytest.raises(StudentError, match="needs a name that can be seen"):
        filled(shelf, (1, 1)).add_class(OWNER, " <> ")


# A spoiled log


@pytest.mark.parametrize(
    "rubbish",
    [b"{", b"null\n", b"[1]\n", b"\xff\xfe\n", b'{"do":"add"}\n', b'{"do":"add","n":0,"px":3,"sum":"x"}\n',
     b'{"do":"drop","ids":[-1,999,"x",null]}\n', b'{"do":"class","n":-4,"name":"x"}\n',
     b'{"do":"name","n":0,"name":5}\n',
     b'{"do":"add","n":0,"px":"!!!","sum":"x"}\n'],
)  # fmt: skip
def test_a_foreign_line_takes_nothing_else_with_it(shelf, rubbish):
    one = filled(shelf, (3, 3))
    with open(one.folder / "log.jsonl", "ab") as file:
        file.write(rubbish)
    one.add(OWNER, 1, pictures(2, 70))
    assert one.contents().count() == 8
    assert load_images(one.key, "train").images.shape == (6, 1, 28, 28)


def test_reading_on_gives_what_reading_anew_gives(shelf):
    one = filled(shelf, (5, 5))
    one.take_out(OWNER, [2])
    one.rename_class(OWNER, 0, "hut")
    anew = Replay(784)
    anew.hear(log.Reader(one.folder / "log.jsonl").news()[1])
    assert anew.contents().pictures == one.contents().pictures
    assert anew.contents().classes == one.contents().classes


# Saved and opened again


@pytest.mark.parametrize("colour", [False, True])
def test_a_set_comes_back_from_its_zip_pixel_by_pixel_with_its_parts_and_names(shelf, colour):
    one = filled(shelf, (6, 5), colour)
    one.rename_class(OWNER, 0, "T-shirt/top")
    one.take_out(OWNER, [1])
    other, brought = open_zip(shelf, GUEST, as_zip(one, OWNER))

    def kept(of):
        return {(p.number, p.pixels, p.part, p.way, p.who) for p in of.contents().pictures}

    assert kept(other) == kept(one)
    assert brought.added == 10
    assert not brought.refused
    assert [own.name for own in other.contents().classes] == ["T-shirt/top", "fish"]
    assert other.is_owner(GUEST)
    assert other.shape == one.shape


# Prepared


def test_a_drawing_is_centred_as_mnists_digits_are(shelf):
    from cnn_core.data import digit_from_pixels

    pad = [0] * 3136
    for row in range(4, 20):
        pad[row * 56 + 6] = pad[row * 56 + 7] = 255
    picture = from_pad(pad, (1, 28, 28))
    values = np.frombuffer(picture.pixels, np.uint8).reshape(28, 28) / 255
    assert np.abs(values - digit_from_pixels(pad)[0].numpy()).max() < 0.005
    in_colour = np.frombuffer(from_pad(pad, (3, 32, 32)).pixels, np.uint8).reshape(3, 32, 32)
    assert (in_colour[:, 2:30, 2:30] == np.frombuffer(picture.pixels, np.uint8).reshape(28, 28)).all()


def test_of_a_photo_the_square_in_the_middle_is_taken(shelf):
    wide = np.zeros((64, 128, 3), np.uint8)
    wide[:, 32:96] = [200, 100, 50]  # the middle; both sides are black
    one = shelf.make(OWNER, colour=True)
    bring_files(one, OWNER, 0, [("a.png", as_png(wide.transpose(2, 0, 1).tobytes(), (3, 64, 128)))], "thing")
    pixels = np.frombuffer(one.contents().pictures[0].pixels, np.uint8).reshape(3, 32, 32)
    assert (pixels == np.array([200, 100, 50], np.uint8)[:, None, None]).all()


def test_how_a_photo_is_probably_meant():
    assert usual_way([]) == "thing"
    assert usual_way(["draw", "draw", "thing"]) == "ink"
    assert usual_way(["thing"]) == "thing"
