"""The frame, without a browser: which pages there are, who a visitor is, which network they look at."""

import os
import re
import secrets
import subprocess
import sys

import pytest
from streamlit.testing.v1 import AppTest

from pages.ui.frame import shell
from pages.ui.visitor import server, who


def in_the_app(function):
    """Run `function` as a page of its own; what it must show goes through session state."""
    return AppTest.from_function(function, default_timeout=30)


def test_every_page_has_its_question_and_an_address_of_its_own():
    files = {f"pages/{file.name}" for file in (shell.ROOT / "pages").glob("[0-9]*.py")}
    assert sorted(page.file for page in shell.PAGES) == sorted(files)
    assert len({page.url_path for page in shell.PAGES}) == len(files)
    assert all(page.question.endswith("?") for page in shell.PAGES)


def test_every_page_file_asks_for_the_shell_before_it_draws():
    for file in (shell.ROOT / "pages").glob("[0-9]*.py"):
        text = file.read_text(encoding="utf-8")
        first = re.search(r"^(st\.|[a-z_]+\()", text, re.MULTILINE)
        assert "require_shell()" in text, file.name
        assert text[first.start() :].startswith("require_shell()"), file.name


def test_next_leads_through_all_pages_in_the_order_of_the_notebook_and_back_to_its_questions():
    # The lesson leads to its record; a class and its teacher have doors of their own.
    order = [page for page in shell.PAGES if page.url_path not in ("", "tour", "classroom", "teachers")]
    following = {}
    for page in order:
        text = (shell.ROOT / page.file).read_text(encoding="utf-8")
        following[page.url_path] = set(re.findall(r'next_question\(\s*"([a-z_]+)"', text))
    names = [page.url_path for page in order]
    assert following == {name: {after} for name, after in zip(names, [*names[1:], names[0]], strict=True)}
    assert names[:5] == ["convolution", "train", "one_step", "evaluate", "runs"]


def test_the_dashboard_opens_without_an_exception(app):
    app.run()
    assert not app.exception


def test_every_page_opens_in_the_shell(app):
    app.run()
    for page in shell.PAGES:
        if page.url_path and shell.exists(page):
            app.switch_page(page.file).run()
            assert not app.exception, page.file
            assert page.question in [title.value for title in app.title]


def test_the_pages_leave_out_what_is_large_and_not_needed_to_draw_them(tmp_path):
    # pandas and PyArrow alone are 70 MB of a server; a component that is told things in a dictionary brings them in.
    # torch's compiler is 100 MB, which `Optimizer.zero_grad` brings in, and sympy 40, which `.backward(gradient)` does.
    program = """
import sys
from streamlit.testing.v1 import AppTest
app = AppTest.from_file("dashboard.py", default_timeout=60).run()
for page in sys.argv[1:]:
    app.switch_page(page).run()
    assert not app.exception, page
    large = {"pandas", "pyarrow", "matplotlib", "captum", "sklearn", "torchvision", "keras"}
    large = (large | {"torch._dynamo", "sympy", "triton"}) & set(sys.modules)
    assert not large, f"{page} imports {large}"
"""
    pages = [page.file for page in shell.PAGES if page.url_path]
    done = subprocess.run(
        [sys.executable, "-c", program, *pages],
        cwd=shell.ROOT,
        env=os.environ
        | {"PYTHONPATH": str(shell.ROOT), "CONVSCOPE_OFFLINE": "1", "CONVSCOPE_RUNS": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_a_page_run_alone_returns_through_the_dashboard():
    # Streamlit's old mode would show it bare; AppTest of the page's file is just that.
    alone = AppTest.from_file(str(shell.ROOT / "pages" / "2_train.py"), default_timeout=30)
    with pytest.raises(RuntimeError):  # st.rerun without end: nobody here leads through dashboard.py
        alone.run(timeout=3)


def test_a_visitor_keeps_one_unguessable_token():
    def page():
        import streamlit as st

        from pages.ui.visitor.who import visitor

        st.session_state["seen"] = (visitor(), visitor())

    app = in_the_app(page).run()
    first, again = app.session_state["seen"]
    assert first == again
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", first)
    app.run()
    assert app.session_state["seen"][0] == first
    assert in_the_app(page).run().session_state["seen"][0] != first


def test_a_cookie_is_believed_only_if_it_looks_like_a_token_of_ours():
    assert who.is_token(secrets.token_urlsafe(16))
    for other in (
        "",
        "short",
        "x" * 23,
        "../../../etc/passwd---",
        "<script>alert(1)</scri",
        "x" * 22 + "\n",
        None,
    ):
        assert not who.is_token(other)


def looking_at(choice):
    def page():
        import streamlit as st

        from pages.ui.visitor.networks import current as network

        shown = network()
        st.session_state["seen"] = shown

    app = in_the_app(page)
    app.session_state["network"] = choice
    app.run()
    assert not app.exception
    return app.session_state["seen"]


@pytest.mark.parametrize("name", ["lesson", "mlp", "modern"])
def test_a_pretrained_network_is_there_at_once_and_cannot_be_changed(name):
    shown = looking_at(f"pretrained:{name}")
    assert (shown.kind, shown.trained, shown.note) == ("pretrained", True, "")
    assert not shown.net.training
    assert not any(weight.requires_grad for weight in shown.net.parameters())


@pytest.mark.parametrize(
    "choice", ["run:AAAAAAAAAAA", "run:../../etc", "pretrained:none", "nonsense", "run:"]
)
def test_a_network_that_is_not_there_gives_the_lesson_and_a_sentence(choice):
    shown = looking_at(choice)
    assert shown.weights_key == "pretrained:lesson"
    assert shown.note.endswith("You are looking at the lesson’s convnet, trained by us.")


def test_a_design_is_built_untrained_and_two_visitors_share_it():
    one, other = looking_at("design"), looking_at("design")
    assert (one.kind, one.trained, one.spec.name) == ("design", False, one.spec.name)
    assert one.net is other.net


def test_a_run_is_looked_at_before_its_first_step_and_after_each_save():
    from cnn_core.model import PRESETS, build
    from cnn_core.runs import RunStore
    from cnn_core.training import RECIPES, save_model

    store = RunStore()
    run_id = store.submit(PRESETS["tiny"], RECIPES["lesson"], owner="someone")
    before = looking_at(f"run:{run_id}")
    assert (before.kind, before.run_id, before.trained, before.step) == ("run", run_id, False, 0)
    assert before.title.endswith(", waiting")

    run = store.run(run_id)
    (run.folder / "snapshots").mkdir(exist_ok=True)
    save_model(run.folder / "snapshots" / "last.safetensors", build(run.spec, seed=7), run.spec)
    store.set_status(run, state="running", saved_step=12)
    after = looking_at(f"run:{run_id}")
    assert (after.trained, after.step) == (True, 12)
    assert after.weights_key != before.weights_key
    assert not after.net.training


def test_images_are_those_on_this_machine_and_say_so():
    found = server.images("mnist", "test")
    assert found.is_sample
    assert len(found) == 500
    assert found.source


def test_headings_of_a_page_follow_its_title_without_a_gap():
    """The title is a first heading, so what stands under it is a second: a screen reader's list has no holes."""
    for path in sorted((shell.ROOT / "pages").rglob("*.py")):
        for line in path.read_text(encoding="utf-8").splitlines():
            assert not re.search(r"[\"']#{3,6} |st\.subheader\(", line), (path.name, line)
    assert "<h3" not in (shell.ROOT / "pages/ui/components/sweep.html").read_text(encoding="utf-8")
