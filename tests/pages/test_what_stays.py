"""What stays with a visitor while a page is open: the browser has its pictures, and the server nothing of them."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from streamlit.runtime.state.session_state import SessionState

from cnn_core.kept import size_of
from tests.pages.app import open_page

MOST_BYTES = 60_000  # of all callbacks of a page together: names and numbers, and no maps or pictures


def named_by(callback: Callable) -> Iterator[Any]:
    """What a callback will use when it is called, and the functions among it in turn."""
    todo, seen = [callback], set()
    while todo:
        one = todo.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        for cell in getattr(one, "__closure__", None) or ():
            if callable(held := cell.cell_contents) and getattr(held, "__closure__", None):
                todo.append(held)
            else:
                yield held


@pytest.mark.parametrize(
    ("page", "link"),
    [
        ("4_feature_maps", {}),
        ("4_feature_maps", {"view": "decided"}),
        ("5_filters", {}),
        ("5_filters", {"filters": "ways"}),
        ("9_break_it", {}),
        ("3_evaluate", {}),
        ("9_one_step", {}),
    ],
)
def test_no_callback_of_a_page_keeps_a_picture_or_a_map(app, monkeypatch, page, link):
    drawn, note = {}, SessionState._set_widget_metadata
    monkeypatch.setattr(
        SessionState,
        "_set_widget_metadata",
        lambda self, one: (drawn.update({one.id: one}), note(self, one))[1],
    )
    for name, value in link.items():
        app.query_params[name] = value
    open_page(app, f"pages/{page}.py")
    callbacks = [(key, one.callback) for key, one in drawn.items() if one.callback is not None]
    callbacks += [(key, told) for key, one in drawn.items() for told in (one.callbacks or {}).values()]
    assert len(callbacks) > 1
    sizes = sorted((sum(map(size_of, named_by(callback))), key) for key, callback in callbacks)
    assert sum(size for size, _ in sizes) < MOST_BYTES, sizes[-3:]
