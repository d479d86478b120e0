"""nginx and Caddy as deploy/ sets them up: TLS, websockets, uploads, two servers; and a frame on another site."""

from __future__ import annotations

import json
import re
import ssl
import threading
import urllib.error
import urllib.request
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

from cnn_core.classroom import Classes
from cnn_core.model import PRESETS
from cnn_core.runs import RunStore
from cnn_core.training import TrainSpec
from tests.browser.conftest import free_port, ready, turn_to, wait_until
from tests.hosting.conftest import DEPLOY, certificate, hosted, needed, running
from tests.load.board import Training

HOST = "convscope.example.org"
SCHOOL = "moodle.example.com"  # another site


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """One hosted server that a school's Moodle may show in a frame."""
    with hosted(tmp_path_factory.mktemp("hosted"), CONVSCOPE_EMBED_ON=f"https://{SCHOOL}:*") as running:
        yield running


def filled_in(text: str, ports: dict[str, int], folder: Path) -> str:
    """A recipe of deploy/ with this machine's ports and a certificate of ours; its other lines as they are."""
    chain, key = certificate(folder, HOST, SCHOOL)
    text = text.replace("/etc/ssl/convscope/fullchain.pem", str(chain))
    text = text.replace("/etc/ssl/convscope/privkey.pem", str(key))
    for there, here in ports.items():
        text = text.replace(there, re.sub(r"\d+\$?$", str(here), there) + "$" * there.endswith("$"))
    return text


@contextmanager
def nginx(folder: Path, *recipes: str):
    """nginx with these files of its http block; its own folders are in `folder`."""
    folder.mkdir(exist_ok=True)
    places = " ".join(
        f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    main = folder / "nginx.conf"
    main.write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/error.log; user root;\n"
        f"events {{}}\nhttp {{\naccess_log off; {places}\n" + "\n".join(recipes) + "\n}\n"
    )
    with running([needed("nginx"), "-c", str(main), "-p", str(folder)], folder / "out.log") as process:
        yield process


def fetch(url: str, host: str = HOST, **headers: str):
    """(status, headers, body) of a page by its proxy; whoever signed the certificate is believed."""
    request = urllib.request.Request(url, headers={"Host": host, **headers})
    trusting = ssl._create_unverified_context()
    opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=trusting), NoRedirect())
    try:
        with opener.open(request, timeout=20) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def is_up(url: str) -> bool:
    try:
        return fetch(url)[0] == 200
    except OSError:
        return False


@contextmanager
def browser_of(folder: Path, playwright, blocks_others: bool = False):
    """Chromium that finds both names on this machine, with a profile of its own; it may block third-party cookies."""
    profile = folder / "profile"
    (profile / "Default").mkdir(parents=True)
    settings = {"profile": {"cookie_controls_mode": 1 if blocks_others else 0}}
    (profile / "Default" / "Preferences").write_text(json.dumps(settings))
    rules = ",".join(f"MAP {name} 127.0.0.1" for name in (HOST, SCHOOL))
    context = playwright.launch_persistent_context(
        profile,
        executable_path=needed("chromium"),
        args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", f"--host-resolver-rules={rules}"],
        ignore_https_errors=True,
        viewport={"width": 1400, "height": 1000},
    )
    try:
        yield context
    finally:
        context.close()


@pytest.fixture
def picture(tmp_path):
    """A file too large for one packet, and for nginx's own limit of 1 MB."""
    path = tmp_path / "seven.png"
    Image.effect_noise((1400, 1400), 80).save(path)
    assert path.stat().st_size > 1_000_000
    return path


def behind_nginx(server, folder: Path):
    ports = {"listen 443": free_port(), "listen 80": free_port(), "127.0.0.1:8501": port_of(server.url)}
    recipe = filled_in((DEPLOY / "nginx" / "convscope.conf").read_text("utf-8"), ports, folder)
    return nginx(folder / "nginx", recipe), ports["listen 443"], ports["listen 80"]


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


def upload(page, path: Path) -> None:
    """Give a picture to the page of one's own digit, and see that the server took it."""
    with page.expect_response(re.compile("_stcore/upload_file")) as answer:
        page.locator("input[type=file]").first.set_input_files(path)
    assert answer.value.status == 204


def test_behind_nginx_the_pages_are_encrypted_and_uploads_and_a_class_s_live_board_pass(
    server, tmp_path, chromium, picture
):
    proxy, port, plain = behind_nginx(server, tmp_path)
    with proxy:
        wait_until(lambda: is_up(f"https://127.0.0.1:{port}/"))
        status, headers, _ = fetch(f"http://127.0.0.1:{plain}/train")
        assert (status, headers["Location"]) == (301, f"https://{HOST}/train")
        for hidden in ("metrics", "_stcore/metrics"):
            assert fetch(f"https://127.0.0.1:{port}/{hidden}")[0] == 404
        script = re.search(r'src="\./(static/js/[^"]+)"', fetch(f"https://127.0.0.1:{port}/")[2].decode())
        _, headers, _ = fetch(f"https://127.0.0.1:{port}/{script[1]}", **{"Accept-Encoding": "gzip"})
        assert headers["Content-Encoding"] == "gzip"
        assert "immutable" in headers["Cache-Control"]
        context = chromium.new_context(ignore_https_errors=True)
        page = context.new_page()
        page.goto(f"https://localhost:{port}/open_network")
        ready(page)  # it has its websocket
        page.locator("input[type=file]").first.wait_for(state="attached")
        upload(page, picture)
        assert next(one for one in context.cookies() if one["name"] == "convscope_visitor")["secure"]
        # A class: joined by its link, and its board moves by itself.
        classes, ben = Classes(server.runs), "b" * 22
        room, _ = classes.open("t" * 22, "Tuesday", 2)
        classes.join(ben, room.code, "Ben")
        page.goto(f"https://localhost:{port}/classroom?join={room.code}")
        page.get_by_role("textbox", name="Your name in the class").fill("Ada")
        page.get_by_role("button", name="Join").click()
        expect(page.locator(".board .title")).to_be_visible(timeout=20_000)
        Training(RunStore(server.runs), ben, seed=1).go_on()
        expect(page.locator(".training .list .who")).to_have_text("Ben")
        context.close()


def test_behind_caddy_a_page_has_its_websocket_and_the_figures_are_hidden(server, tmp_path, chromium):
    caddy, port = needed("caddy"), free_port()
    chain, key = certificate(tmp_path, "localhost")
    recipe = (DEPLOY / "caddy" / "Caddyfile").read_text("utf-8")
    recipe = recipe.replace(f"{HOST} {{", f"https://localhost:{port} {{\n\ttls {chain} {key}")
    recipe = recipe.replace("127.0.0.1:8501", server.url.removeprefix("http://"))
    file = tmp_path / "Caddyfile"
    file.write_text("{\n\tadmin off\n\tauto_https disable_redirects\n}\n" + recipe)
    with running([caddy, "run", "--adapter", "caddyfile", "--config", str(file)], tmp_path / "caddy.log"):
        wait_until(lambda: is_up_at_localhost(port))
        for hidden in ("metrics", "_stcore/metrics", "healthz"):
            assert fetch(f"https://localhost:{port}/{hidden}", f"localhost:{port}")[0] == 404
        context = chromium.new_context(ignore_https_errors=True)
        page = context.new_page()
        page.goto(f"https://localhost:{port}/")
        ready(page)
        context.close()


def is_up_at_localhost(port: int) -> bool:
    try:
        return fetch(f"https://localhost:{port}/", f"localhost:{port}")[0] == 200
    except OSError:
        return False


def school(folder: Path, port: int) -> str:
    """nginx's lines for the school's page: the recipe's frame, and nothing else."""
    frame = (DEPLOY / "embed" / "moodle.html").read_text("utf-8")
    pages = folder / "school"
    pages.mkdir()
    (pages / "index.html").write_text(frame.replace(f"https://{HOST}/", f"https://{HOST}:{port}/"))
    chain, key = certificate(folder, HOST, SCHOOL)
    return (
        f"server {{ listen {port} ssl; server_name {SCHOOL}; ssl_certificate {chain}; ssl_certificate_key {key};"
        f" root {pages}; }}"
    )


def test_in_a_frame_of_another_site_that_blocks_third_party_cookies_a_run_stays_mine(
    server, tmp_path, picture, chromium
):
    port = free_port()
    ports = {"listen 443": port, "listen 80": free_port(), "127.0.0.1:8501": port_of(server.url)}
    recipe = filled_in((DEPLOY / "nginx" / "convscope.conf").read_text("utf-8"), ports, tmp_path)
    with nginx(tmp_path / "nginx", recipe, school(tmp_path, port)):
        wait_until(lambda: is_up(f"https://127.0.0.1:{port}/"))
        with browser_of(tmp_path, chromium.browser_type, blocks_others=True) as context:
            page = context.pages[0]
            page.goto(f"https://{SCHOOL}:{port}/")
            frame = in_frame(page)
            # That the browser does block them: one without our mark is not kept.
            kept = "document.cookie = 'other=1; Secure; SameSite=None'; document.cookie.includes('other=1')"
            assert not frame.evaluate(kept)
            frame.wait_for_function("document.cookie.includes('convscope_visitor=')")
            token = re.search(r"convscope_visitor=([\w-]{22})", frame.evaluate("document.cookie"))[1]
            store = RunStore(server.runs)
            run = store.submit(PRESETS["tiny"], TrainSpec(), owner=token, name="Run of the frame")
            store.control(run, token, "stop")

            page.reload()
            frame = in_frame(page)
            turn_to(frame, "Runs")
            expect(frame.get_by_text("Run of the frame").first).to_be_visible(timeout=30_000)
            frame.goto(f"https://{HOST}:{port}/open_network?embed=true")
            frame.locator("input[type=file]").first.wait_for(state="attached", timeout=30_000)
            upload(page_of(frame), picture)


def in_frame(page):
    """The app's frame, once the app has drawn itself in it."""
    page.frame_locator("iframe").locator("[data-test-script-state='notRunning']").first.wait_for(
        timeout=60_000
    )
    return page.frames[1]


def page_of(frame):
    """What `upload` asks of a page, of a frame."""

    class Both:
        expect_response = frame.page.expect_response
        locator = frame.locator

    return Both


@contextmanager
def speaking(word: bytes):
    """A server that answers each question with one word; yields its port."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(word)

        def log_message(self, *_): ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            yield server.server_port
        finally:
            server.shutdown()


def with_replicas(recipe: str) -> str:
    """convscope.conf with what replicas.conf says in its place, line for line."""
    lines = (DEPLOY / "nginx" / "replicas.conf").read_text("utf-8")
    pass_on, cookie = re.findall(r"^#     (.+;(?: always;)?)$", lines, re.MULTILINE)[:2]
    recipe = re.sub(r"upstream convscope \{.*?\}", lambda _: lines, recipe, flags=re.DOTALL)
    recipe = recipe.replace("proxy_pass http://convscope;", f"{pass_on} {cookie}", 1)
    return recipe.replace("proxy_pass http://convscope;", pass_on)


def test_of_two_servers_a_visitor_keeps_one_until_it_is_gone_and_then_keeps_the_other(tmp_path):
    port = free_port()
    with ExitStack() as replicas, speaking(b"two") as two:
        one = replicas.enter_context(speaking(b"one"))
        ports = {
            "listen 443": port,
            "listen 80": free_port(),
            "127.0.0.1:8501": one,
            "127.0.0.1:8502": two,
            ":8502$": two,
        }
        recipe = with_replicas((DEPLOY / "nginx" / "convscope.conf").read_text("utf-8"))
        url = f"https://127.0.0.1:{port}/"
        with nginx(tmp_path / "nginx", filled_in(recipe, ports, tmp_path)):
            wait_until(lambda: is_up(url))

            def visit(cookie: str) -> tuple[bytes, str]:
                _, headers, body = fetch(url, Cookie=f"convscope_replica={cookie}")
                return body, headers["Set-Cookie"].partition(";")[0].partition("=")[2]

            assert {visit("nonsense")[0] for _ in range(40)} == {b"one", b"two"}
            for name in ("one", "two"):
                assert [visit(name) for _ in range(5)] == [(name.encode(), name)] * 5
            replicas.close()
            assert [visit("one") for _ in range(3)] == [(b"two", "two")] * 3


def test_a_site_that_was_not_named_may_not_show_the_app_in_a_frame(server):
    policy = fetch(server.url + "/")[1]["Content-Security-Policy"]
    assert policy.endswith(f"frame-ancestors 'self' https://{SCHOOL}:*")
