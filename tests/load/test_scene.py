"""A hidden control's action, sent over a websocket of one's own: nothing of it is carried out, and it is said why."""

import asyncio
import secrets
from concurrent.futures import ThreadPoolExecutor

from streamlit.proto.WidgetStates_pb2 import WidgetState

from cnn_core.classroom import Classes, Scene, Scenes
from cnn_core.runs import RunStore
from tests.browser.conftest import serving
from tests.load.student import Student

SCENE = Scene("Look first", "train", {"seed": "4"}, fixed=("layers",), hidden=("train", "train.seed"))


def said(student, sentence):
    return any(sentence in text for text in student.said)


async def sends_what_is_hidden(host, scene_id):
    """Whoever has seen the page without the scene knows every widget's id, and writes messages with it."""
    student = Student(host, secrets.token_urlsafe(16))
    try:
        await student.open("train")
        ids = {widget.key: widget.element.id for widget in student.widgets.values()}
        await student.open("train", scene=scene_id)
        keys = {widget.key for widget in student.widgets.values()}
        assert {"train", "recipe_seed"} <= set(ids)
        assert not {"train", "recipe_seed"} & keys
        train = WidgetState(id=ids["train"], trigger_value=True)
        await student._ask("click", "train", "", train)
        assert said(student, "leaves out training")
        student._values[ids["recipe_seed"]] = WidgetState(id=ids["recipe_seed"], int_value=9)
        clear = WidgetState(id=ids["clear_design"], trigger_value=True)
        await student._ask("click", "train", "", clear)
        assert said(student, "keeps the layers as they are") or said(student, "leaves out the seed")
        await student.open("train", seed="9")  # another tab, without the scene in its address
        assert not {"train", "recipe_seed"} & {widget.key for widget in student.widgets.values()}
        assert said(student, "leaves out the seed")
        return student.token, [error for answer in student.answers for error in answer.errors]
    finally:
        await student.close()


def test_a_hidden_control_is_not_there_and_its_message_over_a_websocket_does_nothing(tmp_path):
    with serving(tmp_path) as server:
        scene_id = Scenes(server.runs, Classes(server.runs)).make("t" * 22, SCENE)
        # In a thread: where browser tests ran before, Playwright's event loop lives in this one until the end.
        with ThreadPoolExecutor(1) as thread:
            host = server.url.removeprefix("http://")
            token, errors = thread.submit(asyncio.run, sends_what_is_hidden(host, scene_id)).result()
        assert not errors, errors
        assert RunStore(server.runs).runs() == []
        assert Scenes(server.runs, Classes(server.runs)).of(token).scene_id == scene_id
