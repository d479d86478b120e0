"""What all screens of a class show follows by itself: who is given what, and who is not."""

import asyncio
import json

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.forward_msg_cache import create_reference_msg, populate_hash_if_needed

from pages.ui.frame import broadcast, streamlit_places
from tests import own_loop
from tests.pages.test_pace import Tab

KEY = "class_board"


class Source:
    """A channel of which is counted how often it is computed."""

    def __init__(self):
        self.now, self.asked = 0, 0
        self.channel = broadcast.Channel(("test", id(self)), lambda: self.now, self.values)

    def values(self):
        self.asked += 1
        return {"now": self.now}


def begin(*fragments):
    message = ForwardMsg()
    message.new_session.name = "dashboard"
    message.metadata.run.fragment_ids.extend(fragments)
    return message


def drawn(path, data, fragment=""):
    message = ForwardMsg()
    message.metadata.delta_path[:] = path
    message.delta.fragment_id = fragment
    message.delta.new_element.bidi_component.id = f"$$ID-0123456789abcdef-{KEY}"
    message.delta.new_element.bidi_component.json = json.dumps(data)
    populate_hash_if_needed(message)
    return message


class Screen:
    """A tab on which a script has drawn the component."""

    def __init__(self, source, name, path=(0, 3), may_see=lambda: True, fragment=""):
        self.tab, self.source, self.name = Tab(script=None), source, name
        self.tab.id = name
        self.may_see, self.fragment = may_see, fragment
        self.draw(path)

    def draw(self, path):
        self.tab._enqueue_forward_msg(begin())
        self.draw_again(path)

    def draw_again(self, path, send=lambda message: message):
        values = broadcast._current(self.source.channel)
        with broadcast._lock:
            broadcast._keys.add(KEY)
            broadcast._drawn[self.name, KEY] = broadcast._Shown(
                self.source.channel, json.dumps(self.name), self.may_see, values.stamp, values.json
            )
        message = drawn(path, [json.loads(values.json), self.name], self.fragment)
        self.tab._enqueue_forward_msg(send(message))
        self.came()

    def came(self):
        """(place on the page, data) of each component that the browser was sent since."""
        return [
            (
                tuple(message.metadata.delta_path),
                json.loads(message.delta.new_element.bidi_component.json)[:2],
            )
            for parcel in self.tab.flush_browser_queue()
            for message in getattr(parcel, "messages", [parcel])
            if message.WhichOneof("type") == "delta"
        ]


@pytest.fixture(autouse=True)
def _by_hand(monkeypatch):
    """No thread looks but ours."""
    monkeypatch.setattr(broadcast, "_watcher", [None])
    assert broadcast.is_live()
    yield
    broadcast._places.clear()
    broadcast._drawn.clear()


async def _looked():
    sent = broadcast.look()
    await asyncio.sleep(0)  # what was handed to the loop is done
    await asyncio.sleep(0)
    return sent


def test_what_stood_in_something_that_is_drawn_anew_is_given_nothing_until_it_is_drawn_there_again():
    async def main():
        source = Source()
        screen = Screen(source, "tab", path=(0, 1, 0), fragment="inner")
        screen.tab._enqueue_forward_msg(begin("outer"))
        block = ForwardMsg()
        block.metadata.delta_path[:] = (0, 1)
        block.delta.fragment_id = "outer"
        block.delta.add_block.vertical.SetInParent()
        screen.tab._enqueue_forward_msg(block)
        screen.tab.flush_browser_queue()
        source.now = 1
        assert await _looked() == 0
        screen.draw_again((0, 1, 2))
        source.now = 2
        assert await _looked() == 1
        assert screen.came() == [((0, 1, 2), [{"now": 2}, "tab"])]

    own_loop.run(main())


def test_thirty_screens_are_given_what_is_new_once_it_is_computed_once_each_at_its_own_place():
    async def main():
        source = Source()
        screens = [Screen(source, f"tab {number}", path=(0, number)) for number in range(30)]
        assert source.asked == 1  # for all who opened the page
        assert await _looked() == 0  # nothing new, nothing sent
        source.now = 7
        assert await _looked() == 30
        assert source.asked == 2
        for number, screen in enumerate(screens):
            assert screen.came() == [((0, number), [{"now": 7}, f"tab {number}"])]
        assert await _looked() == 0

        source.values = lambda: {"now": 7}
        source.channel = broadcast.Channel(source.channel.name, source.channel.stamp, source.values)
        for shown in broadcast._places.values():
            shown.channel = source.channel
        source.now = 8  # something changed, but nothing that is shown
        assert await _looked() == 0

    own_loop.run(asyncio.wait_for(main(), 60))


def test_who_turned_to_another_page_closed_the_tab_or_may_not_see_it_is_sent_nothing_of_it():
    async def main():
        source, allowed = Source(), {"member": True}
        stays = Screen(source, "stays")
        leaves = Screen(source, "leaves")
        closes = Screen(source, "closes")
        removed = Screen(source, "removed", may_see=lambda: allowed["member"])
        leaves.tab._enqueue_forward_msg(begin())  # the run of another page
        leaves.came()
        closes.tab = None
        allowed["member"] = False
        source.now = 1
        assert await _looked() == 2
        assert stays.came() == [((0, 3), [{"now": 1}, "stays"])]
        assert removed.came() == [((0, 3), [None, "removed"])]
        assert leaves.came() == []
        assert {place.session_id for place in broadcast._places} == {"stays", "removed"}

    own_loop.run(asyncio.wait_for(main(), 60))


def test_a_screen_drawn_anew_is_followed_at_its_new_place_also_where_the_browser_had_the_message():
    async def main():
        source = Source()
        screen = Screen(source, "tab", fragment="board")
        screen.tab._enqueue_forward_msg(begin("another fragment"))
        source.now = 1
        assert await _looked() == 1  # a run of another part leaves it where it is
        assert screen.came() == [((0, 3), [{"now": 1}, "tab"])]

        screen.tab._enqueue_forward_msg(
            begin("board")
        )  # while that part is drawn nobody knows what stands there
        source.now = 2
        assert await _looked() == 0
        screen.draw_again((0, 5))
        source.now = 3
        assert await _looked() == 1
        assert screen.came() == [((0, 5), [{"now": 3}, "tab"])]

        screen.draw_again((0, 5))
        screen.tab._enqueue_forward_msg(begin())
        screen.draw_again((0, 6), send=create_reference_msg)
        source.now = 4
        assert await _looked() == 1
        assert screen.came() == [((0, 6), [{"now": 4}, "tab"])]

    own_loop.run(asyncio.wait_for(main(), 60))


def test_what_changed_between_the_drawing_and_the_first_look_is_sent_and_a_fault_of_one_class_stops_no_other(
    caplog,
):
    async def main():
        source, other = Source(), Source()
        screen, theirs = Screen(source, "tab"), Screen(other, "other")
        source.now, other.now = 1, 1
        other.values = None

        def broken():
            raise OSError("the disk is gone")

        broadcast._places[
            next(p for p in broadcast._places if p.session_id == "other")
        ].channel = broadcast.Channel("broken", broken, broken)
        assert await _looked() == 1
        assert screen.came() == [((0, 3), [{"now": 1}, "tab"])]
        assert theirs.came() == []
        assert "could not be told" in caplog.text

    own_loop.run(asyncio.wait_for(main(), 60))


def test_what_is_put_is_told_apart_by_the_browser_and_asks_for_no_place_in_its_memory():
    async def main():
        source = Source()
        screen = Screen(source, "tab")
        hashes = set()
        for now in (1, 2):
            source.now = now
            await _looked()
            (message,) = screen.tab._browser_queue.flush()
            hashes.add(message.hash)
            assert not message.metadata.cacheable
        assert len(hashes) == 2
        assert streamlit_places._key("$$ID-0123-a-b_c") == "a-b_c"

    own_loop.run(asyncio.wait_for(main(), 60))
