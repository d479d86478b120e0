"""What was computed is kept within so many bytes, computed once however many ask, and shared."""

import threading

import numpy as np
import pytest
import torch

from cnn_core.kept import Kept, _Bounds, bytes_kept, forget_everything, keep_at_most, kept, size_of


def test_the_bytes_of_all_values_stay_below_the_bound_and_the_oldest_goes_first():
    shelf = Kept(1_000)
    for number in range(10):
        shelf.put(number, bytes(300))
        shelf.get(0)  # asked for again and again: it stays
    assert shelf.bytes <= 1_000
    assert [number for number in range(10) if shelf.get(number) is not None] == [0, 8, 9]


def test_what_is_larger_than_all_there_is_room_for_is_given_out_and_not_kept():
    shelf = Kept(100)
    assert shelf.of("a", lambda: bytes(101)) == bytes(101)
    assert len(shelf) == shelf.bytes == 0


def test_all_there_are_stay_within_one_bound_whatever_different_visitors_look_at(monkeypatch):
    forget_everything()
    monkeypatch.setattr("cnn_core.kept._bounds.all", 1_000)
    pages = [Kept(600) for _ in range(4)]
    for visitor in range(50):
        for page in pages:
            page.put(visitor, bytes(90))
            assert bytes_kept() <= 1_000
        assert pages[0].get(0) is not None  # what somebody asks for again and again stays
    assert sum(page.bytes for page in pages) == bytes_kept() == sum(len(page) for page in pages) * 90
    assert bytes_kept() > 900


def test_what_was_asked_for_longest_ago_goes_first_wherever_it_is(monkeypatch):
    forget_everything()
    monkeypatch.setattr("cnn_core.kept._bounds.all", 1_000)
    left, right = Kept(1_000), Kept(1_000)
    left.put("a", bytes(400))
    right.put("b", bytes(400))
    left.get("a")
    right.put("c", bytes(400))
    assert (left.get("a"), right.get("b"), right.get("c")) == (bytes(400), None, bytes(400))


def test_a_process_that_has_another_for_large_values_keeps_less_of_all_and_no_large_one(monkeypatch):
    forget_everything()
    monkeypatch.setattr("cnn_core.kept._bounds", _Bounds(10_000, 10_000))
    shelf = Kept(5_000)
    for number in range(5):
        shelf.put(number, bytes(1_000))
    keep_at_most(2_500, each=1_500)
    assert [number for number in range(5) if shelf.get(number) is not None] == [3, 4]
    shelf.put("large", bytes(1_501))
    shelf.put("small enough", bytes(1_500))
    assert (shelf.get("large"), shelf.get("small enough")) == (None, bytes(1_500))


def test_many_who_put_at_once_leave_the_sum_right(monkeypatch):
    forget_everything()
    monkeypatch.setattr("cnn_core.kept._bounds.all", 5_000)
    pages = [Kept(4_000) for _ in range(3)]

    def look_around(visitor):
        for look in range(200):
            pages[(visitor + look) % 3].put((visitor, look % 7), bytes(100 + look))

    threads = [threading.Thread(target=look_around, args=(visitor,)) for visitor in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bytes_kept() == sum(one.bytes for page in pages for one in page._values.values()) <= 5_000


def test_thirty_who_ask_at_once_have_it_computed_once():
    computed, begin = [], threading.Barrier(30)
    shelf = Kept(1_000)

    def slowly():
        computed.append(1)
        threading.Event().wait(0.1)
        return "value"

    def ask():
        begin.wait()
        got.append(shelf.of("key", slowly))

    got = []
    threads = [threading.Thread(target=ask) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == ["value"] * 30
    assert len(computed) == 1
    assert not shelf._being_computed


def test_who_waited_for_somebody_that_failed_tries_in_turn():
    shelf, tries = Kept(1_000), []

    def fails_once():
        tries.append(1)
        if len(tries) == 1:
            raise KeyError("first")
        return 7

    with pytest.raises(KeyError):
        shelf.of("key", fails_once)
    assert shelf.of("key", fails_once) == 7
    assert not shelf._being_computed


def test_arguments_with_an_underscore_do_not_count():
    calls = []

    @kept(1)
    def double(number, _hint, more=0):
        calls.append(number)
        return 2 * number + more

    assert double(3, "a") == double(3, "b") == double(3, more=0, _hint="c") == 6
    assert double(3, "a", 1) == 7
    assert calls == [3, 3]


def test_a_network_takes_the_bytes_of_its_weights():
    assert size_of(np.zeros((10, 10), np.float32)) == size_of(torch.zeros(10, 10)) == 400
    assert size_of(torch.nn.Linear(9, 10)) >= 4 * 100
    assert size_of(torch.nn.Linear(9, 10)) < 4 * 100 + 100
