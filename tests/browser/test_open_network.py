"""A student brings the network that Keras saved: its accuracy, what evaluate() said, and its feature maps."""

import importlib.util
import os
import re

import pytest
from playwright.sync_api import expect

from cnn_core.pretrained import load
from cnn_core.runs import RunStore
from tests.browser.conftest import seen

if importlib.util.find_spec("keras") is None:
    pytest.skip("Keras is not installed, and the file is made by it", allow_module_level=True)
os.environ.setdefault("KERAS_BACKEND", "torch")
pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*HDF5 file.*:UserWarning"),
]


@pytest.fixture(scope="module")
def server(own_server):
    return own_server


@pytest.fixture(scope="module")
def keras_file(tmp_path_factory):
    """The lesson's network as Keras saves it: kernels with channels last, and so the list that flatten makes."""
    import keras

    layers = keras.layers
    model = keras.Sequential([
        keras.Input((28, 28, 1)),
        layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D(),
        layers.Conv2D(64, 3, activation="relu"), layers.MaxPooling2D(),
        layers.Conv2D(64, 3, activation="relu"), layers.Flatten(),
        layers.Dense(64, activation="relu"), layers.Dense(10, activation="softmax"),
    ])  # fmt: skip
    ours = iter(load("lesson").state_dict().values())
    weights = []
    for weight, bias in zip(ours, ours, strict=True):
        if weight.ndim == 4:
            weights.append(weight.permute(2, 3, 1, 0).numpy())
        elif weight.shape[1] == 3 * 3 * 64:
            weights.append(weight.view(-1, 64, 3, 3).permute(2, 3, 1, 0).reshape(3 * 3 * 64, -1).numpy())
        else:
            weights.append(weight.T.numpy())
        weights.append(bias.numpy())
    model.set_weights(weights)
    path = tmp_path_factory.mktemp("keras") / "mnist_cnn.h5"
    model.save(path)
    return path


def bring(page, path):
    expect(seen(page, "A file with a network")).to_be_visible(timeout=30_000)
    page.locator("input[type=file]").first.set_input_files(path)


def test_a_keras_h5_is_opened_from_home_measured_and_looked_into(server, new_page, keras_file):
    page = new_page(server.url)
    page.get_by_role("link", name="Open your own network").click()
    expect(page.get_by_role("heading", level=1, name="What is in your network?")).to_be_visible()
    bring(page, keras_file)
    page.get_by_role("button", name="Show the answer").click(timeout=120_000)
    expect(seen(page, "of 500 test digits").first).to_be_visible()
    expect(page.get_by_test_id("stMetricValue")).to_have_text("98.2 %")
    expect(page).to_have_url(re.compile(r"/open_network\?net=run%3A[\w-]{11}$"))
    run = RunStore(server.runs).latest()
    assert (run.name, run.is_opened, run.dataset) == ("mnist_cnn", True, "mnist")
    page.get_by_label("What evaluate() said").fill("0.982")
    page.get_by_label("What evaluate() said").press("Enter")
    expect(seen(page, "That is what it reads here too.")).to_be_visible()
    expect(page.get_by_role("combobox", name="Network")).to_have_value("mnist_cnn, 98.2 %")
    page.get_by_role("link", name="What does each layer see?").click()
    expect(page.get_by_role("heading", level=1, name="What does each layer see?")).to_be_visible()
    expect(seen(page, re.compile(r"maps of \d+×\d+")).first).to_be_visible(timeout=60_000)
    expect(page).to_have_url(re.compile(r"feature_maps.*net=run"))


def test_a_file_that_is_no_network_is_refused_in_a_sentence(server, new_page, tmp_path):
    page = new_page(server.url + "/open_network")
    (tmp_path / "net.pkl").write_bytes(b"\x80\x04\x95 anything")
    bring(page, tmp_path / "net.pkl")
    expect(seen(page, "which may run any program when it is opened")).to_be_visible(timeout=120_000)
    bring(page, tmp_path / "net.pkl")  # and the door stays open
    expect(seen(page, "which may run any program when it is opened")).to_be_visible(timeout=120_000)
