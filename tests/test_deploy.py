"""What hosting stands on, as files: the lock, the Dockerfile, recipes, and SECURITY.md with its tests."""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from cnn_core.classroom import Classes, operating
from cnn_core.data.own import Shelf
from cnn_core.model import PRESETS
from cnn_core.runs import RunStore
from cnn_core.runs.ids import owner_of
from cnn_core.settings import _VARIABLES
from cnn_core.training import TrainSpec
from deploy import server
from deploy.headers import Headers
from deploy.lock import lock_of
from deploy.server import OPTIONS
from tests import own_loop
from tests.hosting.fresh_root import steps_of

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
STEPS = steps_of((ROOT / "Dockerfile").read_text("utf-8"))
SECURITY = (ROOT / "SECURITY.md").read_text("utf-8")


def requirements(name: str) -> list[Requirement]:
    lines = (ROOT / name).read_text("utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


# The lock


def test_every_package_has_a_range_with_two_ends_and_the_lock_is_within_it():
    locked = {canonical(one.name): one for one in requirements("requirements.lock")}
    for wanted in requirements("requirements.txt"):
        operators = {one.operator for one in wanted.specifier}
        assert operators in ({">=", "<"}, {"=="}), wanted.name
        (pin,) = locked[canonical(wanted.name)].specifier
        assert wanted.specifier.contains(pin.version), wanted.name


def test_the_lock_names_one_version_of_each_package_and_nothing_of_cuda():
    pins = requirements("requirements.lock")
    assert [[one.operator for one in pin.specifier] for pin in pins] == [["=="]] * len(pins)
    names = [canonical(pin.name) for pin in pins]
    assert names == sorted(set(names))
    assert not [name for name in names if name.startswith(("nvidia", "cuda", "triton"))]


def test_a_lock_is_what_pip_would_install_without_cuda_and_local_marks():
    names = [("Torch", "2.15.0+cpu"), ("nvidia-cublas", "13"), ("triton", "3"), ("Foo_Bar.baz", "1.0")]
    report = {"install": [{"metadata": {"name": name, "version": version}} for name, version in names]}
    lines = [line for line in lock_of(report).splitlines() if not line.startswith("#")]
    assert lines == ["foo-bar-baz==1.0", "torch==2.15.0"]


# The Dockerfile


def test_the_image_is_run_by_an_unprivileged_user_and_looked_after():
    words = [step.word for step in STEPS]
    assert [step.rest for step in STEPS if step.word == "USER"] == ["convscope"]
    assert words.index("USER") > max(number for number, word in enumerate(words) if word in ("RUN", "COPY"))
    for word in ("HEALTHCHECK", "CMD"):
        (rest,) = [step.rest for step in STEPS if step.word == word]
        module = json.loads(rest[rest.index("[") :])[-1]
        assert (ROOT / (module.replace(".", "/") + ".py")).is_file()


def test_all_that_the_image_copies_is_here_and_nothing_that_the_app_needs_is_left_out():
    sources = [source for step in STEPS if step.word == "COPY" for source in step.rest.split()[:-1]]
    assert [source for source in sources if not (ROOT / source).exists()] == []
    assert {"dashboard.py", ".streamlit", "cnn_core", "pages", "deploy"} <= set(sources)


def test_every_setting_of_image_and_recipes_exists():
    known = {*_VARIABLES, *OPTIONS}
    texts = [
        path.read_text("utf-8") for path in (ROOT / "Dockerfile", *DEPLOY.rglob("*.*")) if path.is_file()
    ]
    said = {name for text in texts for name in re.findall(r"\b(?:CONVSCOPE|STREAMLIT)_[A-Z_]+\b", text)}
    assert said <= known


# The headers


def answered(cookie: str, authorization: str = "", path: str = "/") -> tuple[int, dict[str, str]]:
    """(status, headers) of an app that sets a cookie, behind `Headers`; figures are for who says "yes"."""

    async def app(_scope, _receive, send):
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"set-cookie", cookie.encode())]}
        )
        await send({"type": "http.response.body", "body": b""})

    sent = []

    async def send(message):
        sent.append(message)

    asked = {"type": "http", "path": path, "headers": [(b"authorization", authorization.encode())]}
    own_loop.run(Headers(app, lambda word: word == "yes")(asked, None, send))
    return sent[0]["status"], {name.decode(): value.decode() for name, value in sent[0]["headers"]}


def test_a_cookie_for_frames_is_kept_apart_for_each_site_and_no_other_is_touched(monkeypatch):
    framed, plain = "x=1; Path=/; SameSite=None; Secure", "x=1; Path=/; SameSite=Lax"
    assert answered(framed)[1]["set-cookie"] == framed  # nothing may embed us
    monkeypatch.setenv("CONVSCOPE_EMBED_ON", "https://a.example https://b.example")
    headers = answered(framed)[1]
    assert headers["set-cookie"] == framed + "; Partitioned"
    assert headers["content-security-policy"].endswith(
        "; frame-ancestors 'self' https://a.example https://b.example"
    )
    assert "x-frame-options" not in headers  # it would forbid them
    assert answered(plain)[1]["set-cookie"] == plain


@pytest.mark.parametrize("path", ["/_stcore/metrics", "/below/_stcore/metrics", "/_stcore/agent/sessions"])
def test_streamlit_s_figures_and_its_remote_control_are_not_there_for_outsiders(path):
    assert [answered("", word, path)[0] for word in ("", "no", "yes")] == [404, 404, 200]


# Recipes


@pytest.mark.parametrize(
    "path",
    [*DEPLOY.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "SECURITY.md", ROOT / "README.md"],
    ids=lambda p: p.name,
)
def test_what_a_recipe_points_to_is_there(path):
    text = path.read_text("utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    files = re.findall(r"`((?:deploy|tests)/[\w./-]+)`", text)
    assert [link for link in links if not (path.parent / link).exists()] == []
    assert [name for name in files if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("port", ["abc", "0", "99999999", "-1", "8501.0"])
def test_a_port_that_is_none_stops_the_start_with_its_sentence(monkeypatch, capsys, port):
    monkeypatch.setenv("STREAMLIT_SERVER_PORT", port)
    monkeypatch.setattr(server.app, "run", lambda **_: pytest.fail("it was started"))
    assert server.main() == 1
    said = capsys.readouterr().err
    assert said.startswith(f"This server cannot start. STREAMLIT_SERVER_PORT is “{port}”")
    assert "from 1 to 65535" in said


def test_a_proxy_lets_through_what_the_server_takes():
    config = (ROOT / ".streamlit" / "config.toml").read_text("utf-8")
    most = int(re.search(r"^maxUploadSize = (\d+)", config, re.MULTILINE)[1])
    nginx, caddy = DEPLOY / "nginx" / "convscope.conf", DEPLOY / "caddy" / "Caddyfile"
    assert int(re.search(r"client_max_body_size (\d+)m;", nginx.read_text("utf-8"))[1]) > most
    assert int(re.search(r"max_size (\d+)MB", caddy.read_text("utf-8"))[1]) > most * 1.05


def test_a_laptop_s_server_is_for_that_laptop_alone():
    settings = (ROOT / ".streamlit" / "config.toml").read_text("utf-8")
    assert re.search(r'^address = "localhost"$', settings, re.MULTILINE)


# Security


def test_every_test_that_security_names_exists():
    named = set(re.findall(r"`(test_\w+)`", SECURITY))
    rows = [row for row in SECURITY.partition("## What is kept")[0].splitlines() if row.startswith("| ")][1:]
    assert len(named) >= 20
    assert all("`test_" in row for row in rows if not row.startswith("|---"))
    there = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)\(", path.read_text("utf-8"), re.MULTILINE)
    }
    assert named <= there, named - there


def test_wiping_a_visitor_as_security_says_leaves_nothing_of_them_and_all_of_the_others(
    tmp_path, monkeypatch
):
    urlsafe = secrets.token_urlsafe  # one of 64 ids begins with a dash, and looks like an option to a shell
    monkeypatch.setattr(secrets, "token_urlsafe", lambda size=32: f"-{urlsafe(size)[1:]}")
    store, shelf = RunStore(tmp_path), Shelf(tmp_path / "datasets")
    runs = {token: store.submit(PRESETS["tiny"], TrainSpec(), owner=token) for token in ("a" * 22, "b" * 22)}
    sets = {token: shelf.make(token) for token in runs}
    gone, stays = runs
    classes = Classes(tmp_path)
    classroom, _ = classes.open("b" * 22, "Tuesday", 2)
    for token in runs:
        classes.join(token, classroom.code, token[:3])
        classes.keep(token, "answers", {"a": 1})
    deleted = store.submit(PRESETS["lesson"], TrainSpec(), owner=gone)
    for run in (deleted, runs[gone]):
        store.control(run, gone, "stop")
    store.delete(deleted, gone)
    snippet = re.search(r"<!-- wipe -->\n```sh\n(.*?)```", SECURITY, re.DOTALL)[1]
    code = owner_of(gone)[:8]
    subprocess.run(["sh", "-euc", snippet], cwd=tmp_path, env={**os.environ, "CODE": code}, check=True)
    assert operating.main(["forget", code, str(tmp_path)]) == 0
    left = list(tmp_path.rglob("*"))
    traces = [p for p in left if code in p.name or (p.is_file() and code.encode() in p.read_bytes())]
    assert traces == []
    assert [path for path in left if path.name in (deleted, runs[gone], sets[gone].id)] == []
    assert store.run(runs[stays]).name
    assert [member.name for member in classes.members(classroom)] == ["bbb"]
    assert [one.id for one in shelf.of(stays)] == [sets[stays].id]
