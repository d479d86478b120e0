"""Widgets that show a value which can also change elsewhere: by Undo, by a preset, by the browser's Back button.

Every message of a browser carries the values of all widgets as that browser knows them. A click made before the last
answer arrived therefore repeats old values, and to Streamlit an old value looks like a new edit: the change that was
just made would be taken back. So a widget is given a new key, and is thus a new widget, whenever its value was changed
by anything but itself, and values from older widgets are ignored.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

_REGISTRY = "controlled_widgets"  # name -> _Widget, the newest of that name
_NOTHING = object()


@dataclass(frozen=True)
class _Widget:
    serial: int
    value: Any  # what it shows
    default: Any  # what it began with
    words: Any  # what its options are called


def controlled(
    name: str, value: Any, adopt: Callable[..., None], *args: Any, words: Any = None
) -> dict[str, Any]:
    """The `key`, `on_change` and `args` for a widget that must show `value`; pass them on and no default.

    name:  one a widget, the same in every run.
    adopt: called as adopt(*args, new value) in a callback, when the visitor changed this very widget.
    words: what its options are called, where that can change ("My run, waiting", "My run, in training"): a browser
           sends an option by its words, and those of a moment ago would mean nothing.
    """
    widget, is_new = _newest(name, value, words)
    if is_new:
        st.session_state[_key(name, widget.serial)] = value
    return _arguments(name, widget, adopt, args)


def controlled_in_popover(
    name: str, value: Any, adopt: Callable[..., None], *args: Any
) -> tuple[Any, dict[str, Any]]:
    """(its default, its `key`, `on_change` and `args`) for a widget of a popover that must show `value`.

    A popover is not in the page until it is opened, and would miss a value that was only sent: here the value has to
    be the default that the widget begins with.  name, adopt: as in `controlled`.
    """
    widget, _ = _newest(name, value, None)
    return widget.default, _arguments(name, widget, adopt, args)


def _newest(name: str, value: Any, words: Any) -> tuple[_Widget, bool]:
    """The widget of that name that shows `value`, and whether it is a new one."""
    registry = st.session_state.setdefault(_REGISTRY, {})
    last = registry.get(name, _Widget(0, _NOTHING, None, None))
    is_stale = last.value is _NOTHING or last.value != value or last.words != words
    # Streamlit forgets a widget that was not drawn for a while: it comes back as a new one too.
    is_new = is_stale or _key(name, last.serial) not in st.session_state
    if is_new:
        registry[name] = _Widget(last.serial + 1, value, value, words)
    return registry[name], is_new


def _arguments(
    name: str, widget: _Widget, adopt: Callable[..., None], args: tuple[Any, ...]
) -> dict[str, Any]:
    return {
        "key": _key(name, widget.serial),
        "on_change": _changed,
        "args": (name, widget.serial, adopt, args),
    }


def _changed(name: str, serial: int, adopt: Callable[..., None], args: tuple[Any, ...]) -> None:
    registry = st.session_state.get(_REGISTRY, {})
    if name not in registry or registry[name].serial != serial:
        return
    key = _key(name, serial)
    value = st.session_state[key]
    if (
        value is None and registry[name].default is not None
    ):  # no browser of ours empties what began with a value
        st.session_state[key] = registry[name].value
        return
    registry[name] = replace(registry[name], value=value)
    adopt(*args, value)


def _key(name: str, serial: int) -> str:
    return f"{name}-{serial}"
