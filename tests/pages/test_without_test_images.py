"""Every page on a network whose data set is not on this server: what needs no test images works all the same."""

from __future__ import annotations

import numpy as np
import pytest

from cnn_core.data.own import NewPicture, Shelf
from cnn_core.model import PRESETS, build, fitted
from cnn_core.runs import RunStore
from cnn_core.runs.jobs.worker import work
from cnn_core.training import save_model
from tests.pages.app import OWNER, kept_run, open_page, text

PAGES = [
    "0_home", "1_convolution", "2_train", "3_evaluate", "4_feature_maps", "5_filters", "6_deep_dream",
    "7_augmentation", "8_runs", "9_open_network", "9_my_data", "9_break_it",
]  # fmt: skip
CLASSES = ("apple", "pear", "plum")

pytestmark = pytest.mark.usefixtures("no_runner")


def removed() -> str:
    """A network that learnt here from drawings, which were removed since."""
    one = Shelf().make(OWNER, colour=False, classes=CLASSES)
    rng = np.random.default_rng(0)
    for number in range(3):
        one.add(OWNER, number, [NewPicture(rng.bytes(784), "draw") for _ in range(6)])
    run = kept_run(fitted(PRESETS["tiny"], one.shape, 3), one.key)
    one.remove(OWNER)
    return run


def from_elsewhere(tmp_path) -> str:
    """A network of somebody's own photos on another server, opened here from its file."""
    spec = fitted(PRESETS["tiny"], (3, 32, 32), 3)
    path = tmp_path / "fruit.safetensors"
    said = {"name": "Fruit", "classes": list(CLASSES)}
    save_model(path, build(spec, 0), spec, dataset=f"own:{'f' * 11}:012", own_set=said)
    store = RunStore()
    run = store.openings.ask(path.read_bytes(), path.name, OWNER)
    store.take(store.next_ticket())
    work(store.path, run)
    store.done(run)
    return run


def on_all_pages(app, run: str, **session) -> dict[str, str]:
    """{page: all that it says}; `open_page` has seen to it that none broke."""
    said = {}
    for page in PAGES:
        said[page] = text(open_page(app, f"pages/{page}.py", f"run:{run}", **session))
        if page != "9_my_data":
            assert app.session_state["network"] == f"run:{run}"
    return said


def drawing() -> dict:
    pixels = np.zeros((28, 28), int)
    pixels[5:23, 12:16] = 255
    return {"pixels": pixels.flatten().tolist()}


def test_a_drawing_goes_through_every_page_though_the_set_was_removed(app):
    session = {"digit_pad": drawing(), "runs_view": "Replay", "why_open": True, "none_open_maps": True}
    said = on_all_pages(app, removed(), dream_who="mine", **session)
    why = "The pictures of “My set 1” were removed from this server."
    asking = ("3_evaluate", "4_feature_maps", "6_deep_dream", "7_augmentation", "8_runs")
    for page in asking:
        assert f"{why} A drawing or photo of your own needs no test images." in said[page]
    for page in PAGES:  # nothing is refused
        assert ":red[:material/error:" not in said[page], page
        assert "Dashed: never fires on" not in said[page], page
    assert "It cannot be tested here, but it can read a picture of your own." in said["3_evaluate"]
    assert "Where does this pixel come from?" in said["4_feature_maps"]
    assert "Whether that is unusual only test images could show." in said["4_feature_maps"]
    assert "**Occlusion**" in said["4_feature_maps"]
    assert "So nobody can tell here what it still reads without a filter." in said["9_break_it"]
    assert "At the start it read your drawing as" in said["8_runs"]
    assert "accuracy rises" not in said["8_runs"]
    assert "takes the images of its data set" in said["7_augmentation"]
    assert any(name in said["4_feature_maps"] for name in CLASSES)


def test_a_network_of_photos_from_elsewhere_asks_for_a_photo(app, tmp_path):
    said = on_all_pages(app, from_elsewhere(tmp_path), runs_view="Compare")
    why = "“Fruit” is a data set of another server: its pictures are not on this one."
    for page in ("3_evaluate", "4_feature_maps", "7_augmentation"):
        assert f"{why} A photo of your own needs no test images." in said[page]
        assert ":red[:material/error:" not in said[page]
    assert f"{why} What needs no test images works all the same." in said["9_open_network"]
    assert "have a picture" in said["5_filters"]
