"""What no browser of ours sends: a widget's value of the wrong type is dropped, and the log stays bounded."""

import logging
import sys

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from streamlit.runtime.state import SessionState

from pages.ui.frame.error_log import MOST_KINDS, OnceAMinute
from tests.pages.app import open_page

WRONG = [
    {"bool_value": True},
    {"string_value": "x" * 999},
    {"double_value": float("nan")},
    {"int_value": 2**40},
    {"json_value": '{"a": [1'},
    {"bytes_value": b"\xff"},
    {"trigger_value": True},
]


def wrong_states(widget):
    for value in WRONG:
        yield WidgetState(id=widget, **value)
    state = WidgetState(id=widget)
    state.double_array_value.data.extend([1.0] * 9)
    yield state
    state = WidgetState(id=widget)
    state.string_array_value.data.extend(["x"] * 9)
    yield state


def test_a_page_whose_widgets_are_all_sent_wrong_types_is_drawn_without_an_error(app, monkeypatch):
    from streamlit.testing.v1.element_tree import ElementTree

    open_page(app, "pages/2_train.py")
    ids = sorted(state.id for state in app._tree.get_widget_states().widgets)
    assert len(ids) > 3
    for i in (0, 4):
        wrong = [list(wrong_states(one))[(i + j) % 9] for j, one in enumerate(ids)]
        with monkeypatch.context() as patch:
            patch.setattr(
                ElementTree, "get_widget_states", lambda _, wrong=wrong: WidgetStates(widgets=wrong)
            )
            app.run()
        assert not app.exception


def test_choices_that_are_sent_empty_stay_as_they_were(app, monkeypatch):
    from streamlit.testing.v1.element_tree import ElementTree

    def emptied(tree):
        states = WidgetStates()
        for state in whole(tree).widgets:
            one = states.widgets.add(id=state.id)
            one.string_array_value.SetInParent()  # nothing is chosen
        return states

    whole = ElementTree.get_widget_states
    open_page(app, "pages/9_one_step.py")
    stages = app.segmented_control[0]
    assert stages.value is not None
    with monkeypatch.context() as patch:
        patch.setattr(ElementTree, "get_widget_states", emptied)
        app.run()
    assert not app.exception
    assert app.segmented_control[0].value == stages.value


def test_a_value_of_the_wrong_type_counts_as_never_sent():
    from streamlit.runtime.state.common import WidgetMetadata

    state = SessionState()
    proto = WidgetStates(widgets=[WidgetState(id="$$ID-x-None", string_value="not a number")])
    state.set_widgets_from_proto(proto)
    metadata = WidgetMetadata(
        id="$$ID-x-None",
        deserializer=lambda value: 7 if value is None else value * 2,
        serializer=lambda value: value,
        value_type="double_value",
    )
    assert state.register_widget(metadata, user_key=None).value == 7


# The log


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def record(error):
    try:
        raise error
    except type(error):
        return logging.LogRecord("streamlit", logging.ERROR, "f", 1, "Uncaught", (), sys.exc_info())


def test_an_error_is_told_once_a_minute_and_counted_meanwhile():
    clock = Clock()
    once = OnceAMinute(clock)
    first = record(ValueError("the sender's words"))
    assert once.filter(first)
    assert first.exc_info is not None
    assert not any(once.filter(record(ValueError(f"other words {i}"))) for i in range(999))
    assert once.filter(record(TypeError()))  # another kind
    clock.now = 61.0
    again = record(ValueError())
    assert once.filter(again)
    assert again.exc_info is None
    assert again.getMessage().startswith("Again, 1000 more times since it was last told: ValueError")
    assert not once.filter(record(ValueError()))


def test_what_is_no_error_passes_and_kinds_are_bounded():
    once = OnceAMinute(Clock())
    plain = logging.LogRecord("streamlit", logging.INFO, "f", 1, "hello", (), None)
    assert all(once.filter(plain) for _ in range(3))
    for i in range(2 * MOST_KINDS):
        once.filter(record(type(f"Error{i}", (Exception,), {})()))
    assert len(once.told) <= MOST_KINDS + 1


@pytest.mark.parametrize("name", ["streamlit.error_util", "convscope.server"])
def test_the_logs_of_streamlit_and_of_what_was_dropped_are_bounded(name):
    import pages.ui.frame.shell  # noqa: F401  the first of ours that the dashboard imports

    assert any(isinstance(one, OnceAMinute) for one in logging.getLogger(name).filters)
