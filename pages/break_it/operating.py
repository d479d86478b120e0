"""What is done to the network now, and what was before: kept in the session and in the address, nowhere else."""

from __future__ import annotations

import streamlit as st

from cnn_core.errors import StudentError
from cnn_core.insight import NOTHING, Operation, operation_from, written_operation
from cnn_core.insight.surgery.operation import check_operation
from pages.ui.frame import address
from pages.ui.visitor import scene
from pages.ui.visitor.networks import LoadedNetwork
from pages.ui.wording import refusals

PLACE = "break_it"  # where this page says a refusal
MOST_UNDONE = 50

_CUT = "break_it_cut"  # the Operation of now
_BEFORE = "break_it_before"  # those before it, the last one last


def _read(text: str) -> Operation | None:
    try:
        return operation_from(text)
    except StudentError:
        return None


CUT = address.Part("cut", _CUT, NOTHING, _read, written_operation)


def current(network: LoadedNetwork) -> Operation:
    """The operation that is done to this network; one that it has no such filters for is put aside, and said."""
    operation = chosen()
    try:
        check_operation(operation, network.spec)
    except StudentError as error:
        refusals.refuse(PLACE, error)
        _put(NOTHING)
        return NOTHING
    return operation


def chosen() -> Operation:
    """What is done now, whatever the network; for callbacks."""
    operation: Operation = st.session_state.get(_CUT, NOTHING)
    return operation


def do(operation: Operation) -> None:
    """Have this done from now on; for callbacks."""
    if scene.refuses("break_it.cut") or operation == chosen():
        return
    _put(operation)


def can_be_undone() -> bool:
    """Whether there is something before this."""
    return bool(st.session_state.get(_BEFORE))


def undo() -> None:
    """Back to what was before; for callbacks."""
    before: tuple[Operation, ...] = st.session_state.get(_BEFORE, ())
    if before and not scene.refuses("break_it.cut"):
        st.session_state[_BEFORE], st.session_state[_CUT] = before[:-1], before[-1]


def begin_anew() -> None:
    """Nothing is done, and there is nothing to undo; for callbacks."""
    if not scene.refuses("break_it.cut"):
        st.session_state[_BEFORE], st.session_state[_CUT] = (), NOTHING


def _put(operation: Operation) -> None:
    before = (*st.session_state.get(_BEFORE, ()), chosen())
    st.session_state[_BEFORE], st.session_state[_CUT] = before[-MOST_UNDONE:], operation


def turn(layer: str, filter: int) -> None:
    """Take a filter out, or put it back; for callbacks."""
    operation = chosen()
    is_out = filter in operation.muted(layer)
    do(operation.put_back(layer, [filter]) if is_out else operation.mute(layer, [filter]))
