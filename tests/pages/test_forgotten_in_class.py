"""On a shared computer, in a class: whoever is forgotten keeps their place in it, and who comes next has none."""

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1 import AppTest

from cnn_core.classroom import Classes, Scene
from cnn_core.errors import StudentError
from cnn_core.runs import RunStore
from pages.runs import words
from pages.ui.frame.shell import ROOT
from pages.ui.visitor import server
from tests.pages.app import OWNER, open_page, text
from tests.pages.test_scene_on_pages import send

TEACHER = "t" * 22


def test_whoever_is_forgotten_stays_in_the_class_with_what_they_did_and_the_next_one_is_in_none(
    app, no_runner, monkeypatch
):
    classes = Classes(RunStore().path)
    room, _ = classes.open(TEACHER, "Tuesday", 2)
    ada = classes.join(OWNER, room.code, "Ada").member
    classes.keep(OWNER, "answers", {"said": 40})
    # A scene that nobody may leave, and that lets nobody open or keep networks, holds no one at a shared computer.
    scene = Scene("Compare", "runs", hidden=("open",), may_leave=False)
    scenes = server.scenes()
    scenes.show_class(TEACHER, scenes.make(TEACHER, scene))
    page = open_page(app, "pages/8_runs.py")
    assert "scene_leave" not in {button.key for button in page.button}
    box = next(one for one in page.expander if one.label == words.SOMEBODY_ELSE)
    send(page, monkeypatch, WidgetState(id=box.proto.id, bool_value=True))  # unfolded
    assert words.what_becomes_of_a_seat("Tuesday", False) in text(page)
    page.button(key="forget_me").click().run()
    assert not page.exception

    stranger = page.session_state["forgotten"]  # the browser has it now, and loads the page anew
    assert classes.seat(OWNER).member == ada
    assert classes.kept(room, "answers") == {ada.id: {"said": 40}}
    assert (classes.seat(stranger), scenes.of(stranger)) == (None, None)
    after = open_page(
        AppTest.from_file(str(ROOT / "dashboard.py"), default_timeout=30), "pages/8_runs.py", owner=stranger
    )
    assert "Tuesday" not in text(after)
    with pytest.raises(StudentError, match="Ada is in the class already"):
        classes.join(stranger, room.code, "Ada")
    ben = classes.join(stranger, room.code, "Ben").member
    classes.remove(TEACHER, ada.id)  # the teacher can take the empty place out
    assert classes.members(room) == (ben,)
