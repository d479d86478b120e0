"""Whoever is in a teacher's scene: what is fixed stays, what is hidden is not sent, and a message changes neither."""

import secrets

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from streamlit.testing.v1.element_tree import ElementTree

from cnn_core.classroom import Scene
from cnn_core.model import PRESETS, links
from cnn_core.training.spec import RECIPES
from pages.ui.visitor import design, server
from tests.pages.app import OWNER, text

TEACHER = secrets.token_urlsafe(16)
TINY = links.encode(PRESETS["tiny"].to_dict())


def bound(app, scene, **address):
    """The app as it is drawn for a student who has opened the scene's link."""
    app.session_state["visitor"] = OWNER
    scene_id = server.scenes().make(TEACHER, scene)
    app.query_params["scene"] = scene_id
    app.query_params.update(address)
    app.run(timeout=20)
    assert not app.exception
    return scene_id


def keys(app):
    """Keys of all widgets that a browser is sent."""
    return {widget.key for widget in app._tree.get("root") if False} or {
        getattr(node, "key", None) for node in app._tree if getattr(node, "key", None)
    }


def send(app, monkeypatch, *forged):
    """Send what a browser knows, and these states besides, as whoever writes their own messages can."""
    honest = ElementTree.get_widget_states

    def states(tree):
        sent = honest(tree)
        names = {state.id for state in forged}
        return WidgetStates(widgets=[*(one for one in sent.widgets if one.id not in names), *forged])

    with monkeypatch.context() as patch:
        patch.setattr(ElementTree, "get_widget_states", states)
        app.run(timeout=20)
    assert not app.exception


def test_probe(app, no_runner, monkeypatch):
    import time
    t=time.time()
    bound(app, Scene("Only blur", "convolution", {"kernel": "blur", "padding": "same"}, fixed=("convolution.kernel", "layers"),
                     hidden=("convolution.padding", "train", "save"), pages=("convolution","train"), note="Look."))
    print(time.time()-t, keys(app), dict(app.query_params)); print(text(app)[:600])
    print({k: app.session_state[k] for k in ("convolution_kernel","convolution_padding")})
    print([ (s.key,s.disabled) for s in app.selectbox], [(b.key,b.disabled) for b in app.button])
