"""Pages are drawn a few at a time: in order, nobody waits for one that takes long, and nobody keeps a turn."""

import threading

from streamlit.testing.v1 import AppTest

from pages.ui.frame import shell, turns
from tests.browser.conftest import wait_until

assert shell  # it has pages drawn in turns


def test_at_most_so_many_have_a_turn_and_the_others_come_in_their_order():
    some, came, most = turns.Turns(at_once=2, long_seconds=1e6), [], []
    may_leave = [threading.Event() for _ in range(5)]

    def visit(number):
        with some.one():
            came.append(number)
            most.append(some.inside)
            may_leave[number].wait(20)

    threads = [threading.Thread(target=visit, args=(number,)) for number in range(5)]
    for number, thread in enumerate(threads):
        thread.start()
        wait_until(lambda: len(came) + len(some._waiting) == number + 1)  # noqa: B023
    assert came == [0, 1]
    for number in (1, 0, 2, 3, 4):
        may_leave[number].set()
        threads[number].join()
        wait_until(lambda: len(came) + len(some._waiting) == 5)
    assert came == [0, 1, 2, 3, 4]
    assert max(most) == 2
    assert some.inside == 0


def test_nobody_waits_for_a_page_that_takes_long():
    some = turns.Turns(at_once=1, long_seconds=0.01)
    with some.one(), some.one():
        pass


def test_a_page_has_a_turn_while_it_is_drawn_and_none_when_it_ended_however_it_did():
    def script():
        import streamlit as st

        from pages.ui.frame import turns

        st.text(turns.of_pages.inside)
        if st.query_params.get("ends") == "badly":
            raise RuntimeError("a fault of ours")
        st.stop()

    app = AppTest.from_function(script).run()
    assert app.text[0].value == "1"
    app.query_params["ends"] = "badly"
    assert app.run().exception
    assert turns.of_pages.inside == 0
