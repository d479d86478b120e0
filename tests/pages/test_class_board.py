"""The board on its page: what a student, a teacher and a stranger get of it, and what the teacher's bar does."""

import json
import secrets
import time

import pytest

from cnn_core.classroom import READY, Classes
from cnn_core.runs import RunStore
from cnn_core.settings import settings
from pages.classroom import board, turned
from pages.classroom.board_settings import BoardSettings
from tests.core.test_board import finish, train
from tests.pages.app import open_page

TEACHER, ADA, STRANGER = (secrets.token_urlsafe(16) for _ in range(3))


@pytest.fixture
def classes():
    return Classes(settings().runs_dir)


def data_of(app):
    (found,) = [one.proto for one in app.get("bidi_component") if one.proto.id.endswith("-class_board")]
    return json.loads(found.json)[:2]


def test_a_student_sees_the_class_a_teacher_has_the_bar_and_a_stranger_gets_nothing(app, classes):
    room, _ = classes.open(TEACHER, "Tuesday", 2)
    classes.join(ADA, room.code, "Ada")
    classes.show(TEACHER, "board", BoardSettings(READY["best"]).to_dict())
    store = RunStore(settings().runs_dir)
    run_id = train(store, ADA)
    finish(store, run_id, 0.991)

    open_page(app, "pages/9_classroom.py", owner=STRANGER)
    assert not [one for one in app.get("bidi_component") if "class_board" in one.proto.id]
    assert run_id not in str(app)

    app.session_state["visitor"] = ADA
    app.run()
    shown, own = data_of(app)
    assert [one["run"] for one in shown["places"]] == [run_id]
    assert own["me"] == shown["places"][0]["who"]
    assert "code" not in own  # it stands on the wall
    assert not [one for one in app.button if one.key == "board_freeze"]

    app.session_state["visitor"] = TEACHER
    app.run()
    app.button(key="board_freeze").click().run()
    later = train(store, ADA, seed=1)
    finish(store, later, 0.999)
    assert [one["run"] for one in data_of(app)[0]["places"]] == [run_id]  # nothing moves
    assert data_of(app)[0]["still"]
    app.button(key="board_freeze").click().run()
    assert [one["run"] for one in data_of(app)[0]["places"]] == [later]

    names = next(one for one in app.get("button_group") if one.key and one.key.startswith("board_names"))
    names.set_value("none").run()
    (challenge,) = [one for one in app.selectbox if one.key and one.key.startswith("board_challenge")]
    challenge.select("smallest").run()
    assert data_of(app)[0]["title"] == "The smallest net that reads 98\xa0%"
    assert "Ada" not in json.dumps(data_of(app)[0])
    assert BoardSettings.of(classes.classroom(room.id)) == BoardSettings(READY["smallest"], "none")

    # Who was taken out is nobody's board any more, whatever their tab still shows.
    classes.remove(TEACHER, classes.seat(ADA).member.id)
    app.session_state["visitor"] = ADA
    app.run()
    assert not app.exception
    assert not [one for one in app.get("bidi_component") if "class_board" in one.proto.id]


def test_the_file_of_a_board_is_empty_for_who_was_taken_out_since_the_page_was_drawn(classes):
    room, _ = classes.open(TEACHER, "Tuesday", 2)
    classes.join(ADA, room.code, "Ada")
    run_id = train(RunStore(settings().runs_dir), ADA)
    write = board._csv(classes, room.id, lambda: classes.seat(ADA) is not None)
    assert run_id in write()
    classes.remove(TEACHER, classes.seat(ADA).member.id)
    assert write() == ""


def test_frozen_it_shows_after_a_restart_what_stood_there_as_far_as_files_know(classes):
    room, _ = classes.open(TEACHER, "Tuesday", 2)
    classes.join(ADA, room.code, "Ada")
    store = RunStore(settings().runs_dir)
    before = train(store, ADA)
    time.sleep(0.01)
    frozen = time.time()
    classes.show(TEACHER, "board", BoardSettings(frozen=frozen).to_dict())
    finish(store, before, 0.99)  # `ended` is a minute later
    train(store, ADA, seed=1)
    board._still[room.id] = (frozen, board.server.board().rows(room.id, at=frozen))
    shown = board.shown(classes, room.id)
    assert [one["run"] for one in shown["training"]] == [before]
    assert shown["places"] == []


def test_turned_images_are_read_beside_the_page_once_for_equal_weights(classes, monkeypatch):
    room, _ = classes.open(TEACHER, "Tuesday", 2)
    classes.join(ADA, room.code, "Ada")
    store = RunStore(settings().runs_dir)
    run_id = train(store, ADA)
    finish(store, run_id, 0.99)
    snapshots = store.path / run_id / "snapshots"
    snapshots.mkdir(exist_ok=True)
    (snapshots / "last.safetensors").write_bytes(b"weights")
    classes.show(TEACHER, "board", BoardSettings(READY["turned"]).to_dict())
    asked = []
    network = type("Network", (), {"run_id": run_id, "trained": True})
    monkeypatch.setattr(turned.networks, "named", lambda name: network)
    monkeypatch.setattr(turned.looking, "glance", lambda *args, **more: asked.append((args, more)) or 0.41)
    before = board.stamp(classes, room.id)
    assert board.shown(classes, room.id)["places"] == []  # nobody waits for it
    while turned._measuring:
        time.sleep(0.01)
    assert board.stamp(classes, room.id) != before
    (place,) = board.shown(classes, room.id)["places"]
    assert place["score"] == "41.0 %"
    board.shown(classes, room.id)
    assert len(asked) == 1
    assert asked[0][1] == {"change": "rotation", "strength": 45.0}
