"""What the tests of the pages share: a page opened and read, and a run as a worker would have left it.

The dashboard itself is the fixture `app` of tests/conftest.py.
"""

from __future__ import annotations

import re

from cnn_core.model import ModelSpec, build, links
from cnn_core.runs import RunStore
from cnn_core.training import RECIPES, save_model

# pages/ui/wording/terms.py: the word, and behind it what it means.
_TERM = re.compile(r'<span class="term" tabindex="0">(.*?)<span class="meaning".*?</span></span>')
OWNER = "a" * 22  # looks like a visitor's token


def open_page(
    app,
    file: str,
    network: str | None = None,
    design: ModelSpec | dict | None = None,
    owner: str = OWNER,
    **session,
):
    """The page `file`, looking at `network` ("pretrained:lesson", "run:<id>", "design").

    owner:   the visitor's token.
    session: what a visit before has left in the session's state, by its key.
    """
    app.session_state["visitor"] = owner
    if network is not None:
        app.query_params["net"] = network
    if design is not None:
        app.query_params["design"] = links.encode(
            design.to_dict() if isinstance(design, ModelSpec) else design
        )
    app.run()
    for key, value in session.items():
        app.session_state[key] = value
    app.switch_page(file).run()
    assert not app.exception
    return app


def text(app) -> str:
    """All sentences of the page, as they read: not as they are escaped, and without the hidden meanings of words."""
    said = "\n".join(element.value for element in app.markdown).replace("\\", "")
    return _TERM.sub(r"\1", said)


def kept_run(spec: ModelSpec, dataset: str = "mnist", state: str = "finished") -> str:
    """The id of a run as a worker would have left it: weights of three moments."""
    store = RunStore()
    run_id = store.submit(spec, RECIPES["fast"], dataset, owner=OWNER)
    store.take(store.next_ticket())
    run = store.run(run_id)
    moments = (
        "step_00000000_epoch_0.0000",
        "step_00000001_epoch_0.0161",
        "step_00000062_epoch_1.0000",
        "last",
    )
    for seed, name in enumerate(moments):
        save_model(run.folder / "snapshots" / f"{name}.safetensors", build(spec, seed), spec)
    result = {"accuracy": 0.9, "loss": 0.3, "count": 500} if state == "finished" else None
    store.set_status(
        run, state=state, step=62, steps=124, saved_step=62, epoch=1.0, seconds=9.0, result=result
    )
    if state == "finished":
        store.done(run_id)
    return run_id
