"""Teachers sign in at an OpenID provider on this machine, in a browser, and open a class; nobody else opens one."""

from __future__ import annotations

import importlib.util
import json
import sys
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import expect

from cnn_core.classroom import Classes
from tests.browser.conftest import free_port, ready, wait_until
from tests.hosting.conftest import hosted, running

PACKAGES = ("authlib", "httpx2", "oidc_provider_mock")
PEOPLE = (
    {"sub": "ada", "email": "ada@school.example", "email_verified": True},
    {"sub": "eve", "email": "eve@elsewhere.example", "email_verified": True},
)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False


@contextmanager
def provider(folder: Path):
    """The address of a provider whose people sign in by a click."""
    if missing := [name for name in PACKAGES if importlib.util.find_spec(name) is None]:
        pytest.skip(f"{', '.join(missing)} is not installed (tests/requirements.txt has it).")
    port = free_port()
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port)]
    for person in PEOPLE:
        command += ["--user-claims", json.dumps(person)]
    with running(command, folder / "provider.log"):
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: answers(url), 30)
        yield url


def secrets_for(folder: Path, port: int, provider_url: str) -> None:
    """As deploy/sign_in.md has an operator write it, in the server's HOME."""
    recipe = (Path(__file__).parents[2] / "deploy" / "sign_in.md").read_text("utf-8")
    text = recipe.partition("```toml\n")[2].partition("```")[0]
    for there, here in (
        ("https://convscope.example.org", f"http://127.0.0.1:{port}"),
        ("https://id.example.org", provider_url),
        ("RANDOM", "r" * 43),
    ):
        assert there in text
        text = text.replace(there, here)
    (folder / ".streamlit").mkdir(parents=True)
    (folder / ".streamlit" / "secrets.toml").write_text(text)


def at_the_door(page, url: str) -> None:
    page.goto(f"{url}/classroom")
    page.get_by_text("I teach: open a class").click()


def signs_in(page, sub: str) -> None:
    page.locator(".st-key-class_sign_in button").click()
    page.get_by_role("button", name=sub).click()
    page.wait_for_url("**/classroom*")
    ready(page)


def test_only_a_teacher_who_signed_in_opens_a_class_and_finds_it_again_on_another_device(tmp_path, chromium):
    port, home = free_port(), tmp_path / "home"
    with provider(tmp_path) as url:
        secrets_for(home, port, url)
        with hosted(
            tmp_path, port, HOME=str(home), CONVSCOPE_WARM="0", CONVSCOPE_TEACHERS="school.example"
        ) as server:
            phone, desk = (chromium.new_context().new_page() for _ in range(2))
            at_the_door(phone, server.url)
            expect(phone.locator(".st-key-class_sign_in")).to_be_visible(timeout=30_000)
            expect(phone.locator(".st-key-class_open")).to_have_count(0)
            signs_in(phone, "eve")
            expect(phone.get_by_text("is not one of this server's teachers")).to_be_visible()
            expect(phone.locator(".st-key-class_open")).to_have_count(0)

            at_the_door(desk, server.url)
            signs_in(desk, "ada")
            desk.locator(".st-key-class_open button").click()
            classes = Classes(server.runs, signs_in=True)
            wait_until(lambda: len(classes.all()) == 1)
            assert len(classes.all()[0].teachers) == 1

            phone.get_by_role("button", name="Sign out").click()
            phone.wait_for_url(lambda url: "/classroom" not in url)
            at_the_door(phone, server.url)
            signs_in(phone, "ada")
            phone.get_by_role("button", name="Go to your class").click()
            wait_until(lambda: len(classes.all()[0].teachers) == 2)
            for page in (desk, phone):
                page.context.close()
            assert "ada@" not in server.log.read_text()
        said = "".join(
            path.read_text("utf-8", "replace") for path in server.runs.rglob("*") if path.is_file()
        )
        assert "ada@" not in said
