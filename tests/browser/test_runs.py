"""What a student does with runs: names them, takes them home, trains them on, opens one, and is refused rubbish."""

import ast
import io
import json
import pickle
import re
import struct
import zipfile

import pytest
import torch
from playwright.sync_api import expect
from safetensors.torch import save

from cnn_core.model import PRESETS, build
from cnn_core.pretrained import load
from cnn_core.runs import RunStore
from cnn_core.runs.jobs.worker import work
from cnn_core.training import RECIPES, load_model, save_model
from tests.browser.conftest import ready, seen, serving, turn_to, wait_until

OWNER = "a" * 22


@pytest.fixture(scope="module")
def server(tmp_path_factory, chromium):
    with serving(tmp_path_factory.mktemp("runs"), CONVSCOPE_DATA="no-such-folder") as running:
        yield running


@pytest.fixture(scope="module")
def store(server):
    return RunStore(server.runs)


@pytest.fixture(scope="module")
def run(store):
    """A tiny convnet, really trained on a thousand digits for two epochs."""
    run_id = store.submit(PRESETS["tiny"], RECIPES["lesson"].replace(epochs=2, train_size=1000), owner=OWNER)
    store.take(store.next_ticket())
    assert work(store.path, run_id) == "done"
    store.done(run_id)
    return store.run(run_id)


@pytest.fixture
def page(server, new_page, run):
    me = {"name": "convscope_visitor", "value": OWNER, "domain": "127.0.0.1", "path": "/", "expires": -1,
          "httpOnly": False, "secure": False, "sameSite": "Lax"}  # fmt: skip
    opened = new_page(server.url + "/runs", cookies=(me,))
    expect(row_of(opened, run)).to_be_visible()
    return opened


def row_of(page, run):
    return page.locator(f".st-key-row_run_{run.id}")


def menu_of(page, run):
    row_of(page, run).get_by_role("button", name=re.compile("^More")).click()


def test_a_new_name_is_everywhere_and_stays(page, run):
    menu_of(page, run)
    box = page.get_by_label("Name", exact=True).last
    box.fill("My <b>first</b> one")
    box.press("Enter")
    expect(row_of(page, run).get_by_text("My <b>first</b> one", exact=True).first).to_be_visible()
    page.reload()
    ready(page)
    expect(row_of(page, run).get_by_text("My <b>first</b> one", exact=True).first).to_be_visible()
    assert run.name == "My <b>first</b> one"


def test_every_export_is_a_file_of_its_kind(page, run, tmp_path):
    def downloaded(label: str) -> tuple[str, bytes]:
        with page.expect_download() as waiting:
            page.get_by_role("button", name=label).last.click()
        waiting.value.save_as(tmp_path / "file")
        return waiting.value.suggested_filename, (tmp_path / "file").read_bytes()

    menu_of(page, run)
    for label, ending in (("PyTorch, Python code", "_torch.py"), ("Keras, Python code", "_keras.py")):
        name, content = downloaded(label)
        assert name.endswith(ending)
        functions = [n.name for n in ast.parse(content).body if isinstance(n, ast.FunctionDef)]
        assert {"build", "load_weights", "train"} <= set(functions)
    name, content = downloaded("Keras, R code")
    assert name.endswith("_keras.R")
    assert b"keras_model_sequential(" in content
    name, weights = downloaded("Weights and design, safetensors")
    net, spec = load_model(weights)
    assert name.endswith(".safetensors")
    assert spec == run.spec
    theirs = load_model(run.snapshot_path("last"))[0].state_dict()
    assert all(torch.equal(value, theirs[key]) for key, value in net.state_dict().items())
    name, content = downloaded("ONNX, with shapes")
    assert name.endswith(".onnx")
    assert b"conv2d_1" in content
    name, content = downloaded("Notebook")
    assert name.endswith(".ipynb")
    assert str(run.status.result["accuracy"]) in json.dumps(json.loads(content))
    name, content = downloaded("Report, one page")
    assert name.endswith(".html")
    assert content.count(b"<svg") == 2


def test_the_network_in_the_sidebar_is_taken_home_from_every_page(server, new_page, tmp_path):
    page = new_page(server.url + "/convolution?net=pretrained:mlp")
    page.get_by_role("button", name="Save").click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Weights and design, safetensors").click()
    waiting.value.save_as(tmp_path / "file")
    net, spec = load_model((tmp_path / "file").read_bytes())
    assert spec == PRESETS["mlp"]
    assert all(torch.equal(value, net.state_dict()[key]) for key, value in load("mlp").state_dict().items())


def test_more_epochs_go_on_as_the_same_run(page, run, store):
    menu_of(page, run)
    page.get_by_role("button", name="Train 2 epochs more").click()
    wait_until(lambda: store.run(run.id).recipe.epochs == 4, 10)
    wait_until(lambda: run.status.state == "finished", 60)
    assert run.status.epoch == pytest.approx(4)
    assert run.history().validation.epoch[-1] == pytest.approx(4)
    assert len(store.runs(OWNER)) == 1


def test_more_seeds_become_a_band_and_a_sentence(page, run, store):
    menu_of(page, run)
    page.get_by_role("button", name="Train 2 more seeds").click()
    wait_until(lambda: len(store.runs(OWNER)) == 3, 10)
    wait_until(lambda: all(one.status.state == "finished" for one in store.runs(OWNER)), 90)
    expect(seen(page, re.compile("^3 seeds of .* end between"))).to_be_visible(timeout=30_000)
    expect(page.locator("[class*='st-key-band_'] .js-plotly-plot")).to_be_visible()


def a_file_with(header: dict, numbers: bytes = b"") -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + numbers


def saved(tmp_path, spec, key: str = "tiny") -> bytes:
    """Weights of one design under the description of another."""
    return save(build(PRESETS[key]).state_dict(), {"format": "1", "spec": json.dumps(spec)})


class Trap:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def rubbish(tmp_path) -> dict[str, bytes]:
    """{what the page says: a file}"""
    tiny = PRESETS["tiny"].to_dict()
    good = saved(tmp_path, tiny)
    huge = json.loads(json.dumps(tiny))
    huge["layers"][0]["filters"] = 10**9
    spoiled = build(PRESETS["tiny"]).state_dict()
    next(iter(spoiled.values())).view(-1)[0] = float("nan")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("data.pkl", pickle.dumps(Trap(tmp_path / "owned")))
    legacy = io.BytesIO()
    torch.save({"weights": Trap(tmp_path / "owned")}, legacy)
    return {
        "is a Python pickle, which may run any program": pickle.dumps(Trap(tmp_path / "owned")),
        "to be called when it is opened": legacy.getvalue(),
        "Convscope calls nothing in a file": archive.getvalue(),
        "longer or shorter than its header says": good[:-100],
        "the file has 40 in all": good[:40],
        "and its network needs": saved(tmp_path, PRESETS["lesson"].to_dict() | {"layers": other_shape(tiny)}),
        "1,000,000,000": a_file_with({"__metadata__": {"format": "1", "spec": json.dumps(huge)}}),
        "is of a kind that cannot be read here": struct.pack("<Q", 2**60) + b"{" * 50,
        "infinite numbers": save(spoiled, {"format": "1", "spec": json.dumps(tiny)}),
        "is empty": b"",
    }


def other_shape(tiny: dict) -> list[dict]:
    layers = json.loads(json.dumps(tiny["layers"]))
    layers[0]["filters"] += 1
    return layers


def to_the_door(page):
    page.get_by_role("link", name=re.compile("^Open your own network")).click()
    expect(seen(page, "A file with a network")).to_be_visible()


def test_rubbish_is_refused_with_a_sentence_and_nothing_in_it_runs(page, store, tmp_path):
    before = [run.id for run in store.runs(OWNER) if run.kind == "training"]
    to_the_door(page)
    for sentence, content in rubbish(tmp_path).items():
        file = {"name": "net.safetensors", "mimeType": "application/octet-stream", "buffer": content}
        page.locator("input[type=file]").last.set_input_files(file)
        expect(seen(page, re.compile(re.escape(sentence)))).to_be_visible(timeout=60_000)
        page.reload()  # what was refused before is read, and the door open
        expect(seen(page, "A file with a network")).to_be_visible(timeout=30_000)
        expect(seen(page, re.compile(re.escape(sentence)))).to_have_count(0)
    assert not (tmp_path / "owned").exists()
    assert [run.id for run in store.runs(OWNER) if run.kind == "training"] == before


def test_a_saved_network_is_opened_and_trained_on(page, store, run, tmp_path):
    net, spec = load_model(run.snapshot_path("last"))
    save_model(tmp_path / "from_a_friend.safetensors", net, spec)
    to_the_door(page)
    page.locator("input[type=file]").last.set_input_files(tmp_path / "from_a_friend.safetensors")
    expect(seen(page, "opened in").first).to_be_visible(timeout=60_000)
    turn_to(page, "Runs")
    opened = next(one for one in store.runs(OWNER) if one.name == "from_a_friend")
    menu_of(page, opened)
    expect(seen(page, "does not know how it was trained")).to_be_visible()
    page.get_by_role("button", name="Train 2 epochs from here").click()
    wait_until(lambda: opened.status.state == "finished" and opened.has_recipe, 60)
    assert opened.history().validation.accuracy[-1] > 0.8  # it began with 0.6


def test_on_a_shared_computer_the_browser_forgets_whose_runs_these_are(page, run, server):
    page.locator("summary", has_text="I am somebody else").click()
    expect(seen(page, "is taken for you")).to_be_visible()
    link = page.get_by_test_id("stCode").filter(has_text=run.id).inner_text().strip()
    page.get_by_role("button", name="Forget me on this computer").click()
    expect(row_of(page, run)).to_have_count(0)
    [cookie] = [one for one in page.context.cookies() if one["name"] == "convscope_visitor"]
    assert cookie["value"] != OWNER
    page.goto(link)
    ready(page)
    expect(seen(page, "Somebody else’s run; you are watching")).to_be_visible()
    page.goto(server.url + "/runs")
    ready(page)
    expect(row_of(page, run)).to_have_count(0)
    [again] = [one for one in page.context.cookies() if one["name"] == "convscope_visitor"]
    assert again["value"] == cookie["value"]


def test_two_nets_race_live_with_a_guess_first_and_the_link_finds_the_race_again(server, new_page):
    page = new_page(server.url + "/runs?view=race&race=tiny:fast~mlp:fast&images=300")
    page.get_by_role("button", name="Start the race").click()
    expect(seen(page, "Which will read more of the test digits?")).to_be_visible()
    expect(page.locator(".js-plotly-plot")).to_have_count(0)
    page.get_by_role("button", name="Tiny convnet", exact=True).click()
    expect(page.locator(".js-plotly-plot")).to_have_count(1, timeout=20_000)
    expect(seen(page, "of 500 test digits that come with Convscope.")).to_be_visible(timeout=40_000)
    page.reload()
    ready(page)
    expect(page.get_by_role("button", name="Compare them, setting by setting")).to_be_visible()
