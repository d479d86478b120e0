"""A dream as a job: what may be asked for, the pictures it leaves, and what it says when it cannot."""

import io
import itertools

import numpy as np
import pytest
import torch
from PIL import Image

from cnn_core.errors import StudentError
from cnn_core.insight import (
    DreamSpec,
    animated,
    dream,
    enlarged,
    loudness,
    on_the_photo,
    photo_network,
    photos,
)
from cnn_core.insight.dream.animation import from_file, to_png
from cnn_core.insight.dream.deepdream import _resized
from cnn_core.insight.dream.first_dream import PHOTO, SIDE, first_dream
from cnn_core.model import ModelSpec, build
from cnn_core.runs import RunStore, dream_time
from cnn_core.runs.jobs.dream_job import save_frame
from cnn_core.runs.jobs.dreams import check_size, check_work, dreamer, photo_networks, picture_of
from cnn_core.runs.jobs.worker import MAX_TRIES, work

OWNER = "a" * 22
DESIGN = ModelSpec.from_dict(
    {
        "name": "small",
        "input_shape": [1, 28, 28],
        "classes": 10,
        "layers": [
            {"type": "conv2d", "filters": 4, "kernel_size": 3, "activation": "relu"},
            {"type": "conv2d", "filters": 4, "kernel_size": 3, "activation": "relu"},
            {"type": "flatten"},
            {"type": "dense", "units": 10, "activation": "softmax"},
        ],
    }
)
SPEC = DreamSpec(
    f"design:{DESIGN.to_link()}", (("conv2d_2", 1.0),), octaves=3, steps=3, step_size=0.02, jitter=2
)


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "store")


@pytest.fixture(scope="module")
def digit():
    """A grey picture (1, 40, 56) with a stroke on it, as it comes back from a PNG."""
    picture = torch.zeros(1, 40, 56)
    picture[:, 8:32, 20:26] = 1
    return picture


def ask(store, spec, picture, **changes):
    return store.run(store.submit_dream(spec.to_dict() | changes, to_png(picture), owner=OWNER))


# What may be asked for


def test_settings_survive_a_file():
    assert DreamSpec.from_dict(SPEC.to_dict()) == SPEC


@pytest.mark.parametrize(
    "change",
    [
        {"octaves": 0},
        {"octaves": 7},
        {"octaves": 2.0},
        {"octaves": True},
        {"steps": 41},
        {"steps": "9"},
        {"steps": 10**30},
        {"octave_scale": 1.0},
        {"step_size": float("nan")},
        {"step_size": -0.1},
        {"jitter": 1000},
        {"seed": -1},
        {"seed": None},
        {"network": ""},
        {"network": 7},
        {"network": "x" * 10_000},
        {"layers": []},
        {"layers": None},
        {"layers": "fur"},
        {"layers": [["fur", 0]]},
        {"layers": [["fur", "1"]]},
        {"layers": [["fur", float("inf")]]},
        {"layers": [[["fur"], 1]]},
        {"layers": [["fur", 1], ["fur", 2]]},
        {"on_octave": 1},
        {"layers": [[f"layer {i}", 1] for i in range(5)]},
    ],
)
def test_what_no_dream_can_be_is_refused_in_a_short_sentence(change):
    with pytest.raises(StudentError) as error:
        DreamSpec.from_dict(SPEC.to_dict() | change)
    assert 0 < len(str(error.value)) < 200


def test_the_work_of_all_octaves_is_the_sum_of_their_pixels():
    spec = DreamSpec("efficientnet_lite0", (("fur", 1.0),), octaves=2, octave_scale=2.0, steps=10)
    assert spec.pixel_steps(40, 60) == 10 * (40 * 60 + 20 * 30)


def test_a_dream_of_minutes_is_refused_before_it_begins():
    DreamSpec("efficientnet_lite0", (("fur", 1.0),)).check_size(640, 640)
    with pytest.raises(StudentError, match="take minutes"):
        DreamSpec("efficientnet_lite0", (("fur", 1.0),), octaves=6, steps=40, octave_scale=1.2).check_size(
            640, 640
        )
    with pytest.raises(StudentError, match=r"1025"):
        SPEC.check_size(10, 1_025)


def test_a_square_of_1024_pixels_is_dreamt_with_the_usual_numbers():
    DreamSpec("efficientnet_lite0", (("fur", 1.0),)).check_size(1_024, 1_024)


@pytest.mark.parametrize(("gigabytes", "is_refused"), [(1, True), (2, True), (4, False)])
def test_a_large_dream_needs_room_beside_the_pages_and_the_workers(gigabytes, is_refused, monkeypatch):
    monkeypatch.setenv("CONVSCOPE_WORKERS", "2")
    monkeypatch.setattr("cnn_core.runs.jobs.dreams.memory_limit", lambda: gigabytes << 30)
    spec = DreamSpec("efficientnet_lite0", (("fur", 1.0),))
    check_size(spec, 640, 640)
    if is_refused:
        with pytest.raises(StudentError, match="memory"):
            check_size(spec, 681, 1_024)
    else:
        check_size(spec, 681, 1_024)


# How long it will take


def test_before_any_dream_the_time_is_ours_and_four_times_the_pixels_take_four_times_as_long(store):
    spec = DreamSpec("efficientnet_lite0", (("animals", 1.0),))
    small, large = (dream_time.expected(store.path, spec, 200 * k, 300 * k) for k in (1, 2))
    assert not small.is_from_here
    assert large.seconds == pytest.approx(4 * small.seconds)


def test_a_dream_told_how_long_the_next_one_takes_at_another_size_and_depth(store):
    spec = DreamSpec("efficientnet_lite0", (("animals", 1.0),), octaves=1, steps=10)
    deeper = DreamSpec("efficientnet_lite0", (("lines", 1.0), ("animals", 0.5)), octaves=1, steps=20)
    store.path.mkdir()
    dream_time.remember(store.path, spec, 400, 600, 6.0)
    assert dream_time.expected(store.path, spec, 400, 600) == dream_time.DreamTime(
        pytest.approx(6.0, 0.01), True
    )
    assert dream_time.expected(store.path, deeper, 200, 600).seconds == pytest.approx(6.0, 0.01)
    shallow = DreamSpec("efficientnet_lite0", (("lines", 1.0),), octaves=1, steps=10)
    assert dream_time.expected(store.path, shallow, 400, 600).seconds < 5


def test_a_tiny_dream_and_another_network_tell_no_time(store):
    store.path.mkdir()
    dream_time.remember(store.path, DreamSpec("efficientnet_lite0", (("animals", 1.0),)), 40, 60, 9.0)
    dream_time.remember(store.path, SPEC, 300, 300, 9.0)
    assert dream_time.expected(store.path, SPEC, 300, 300) is None
    assert not dream_time.expected(
        store.path, DreamSpec("efficientnet_lite0", (("animals", 1.0),)), 400, 600
    ).is_from_here


def test_a_wide_digit_network_may_dream_small_pictures_only():
    layers = [
        {"type": "conv2d", "filters": 512, "kernel_size": 3, "padding": "same", "activation": "relu"},
        {"type": "global_average_pooling2d"},
        {"type": "dense", "units": 10, "activation": "softmax"},
    ]
    wide = build(ModelSpec.from_dict(DESIGN.to_dict() | {"layers": layers}))
    spec = DreamSpec("design:x", (("conv2d_1", 1.0),))
    check_work(wide, spec, 224, 224)
    with pytest.raises(StudentError, match="too large to dream"):
        check_work(wide, spec, 1_024, 1_024)


# What it leaves


def test_a_dream_leaves_a_picture_an_octave_and_the_last_is_the_dream(store, digit):
    run = ask(store, SPEC, digit)
    assert work(store.path, run.id) == "done"
    assert (run.status.state, run.status.reason) == ("finished", "")
    frames = [from_file(path.read_bytes()) for path in run.frames()]
    assert [tuple(frame.shape) for frame in frames] == [(1, 40, 56)] * 3
    settings = {name: value for name, value in SPEC.to_dict().items() if name != "network"}
    expected = dream(build(DESIGN, seed=0), digit, **(settings | {"layers": {"conv2d_2": 1.0}}))
    assert (frames[-1] - expected).abs().max() <= 0.5 / 255 + 1e-6
    result = run.status.result
    assert result["sizes"] == [[20, 29], [29, 40], [40, 56]]
    assert result["change"] == pytest.approx(float((expected - digit).abs().mean()))
    net = build(DESIGN, seed=0)
    for name, picture in (("before", digit), ("after", expected)):
        maps = net.conv2d_2(net.conv2d_1(picture[None]))
        assert result[name] == pytest.approx(maps.square().mean().item(), rel=1e-4)
    assert result["after"] > 1.3 * result["before"]
    assert (run.status.step, run.status.steps) == (9, 9)


def test_asked_for_again_it_is_the_same_dream(store, digit):
    first = ask(store, SPEC, digit)
    assert ask(store, SPEC, digit).id == first.id
    work(store.path, first.id)
    assert ask(store, SPEC, digit).id == first.id
    assert ask(store, SPEC, digit, seed=1).id != first.id
    assert ask(store, SPEC, digit.flip(2)).id != first.id


def test_a_cancelled_dream_keeps_its_pictures_and_may_be_asked_for_again(store, digit, monkeypatch):
    run = ask(store, SPEC, digit)
    store.take(store.next_ticket())

    def save_and_cancel(run, number, picture):
        save_frame(run, number, picture)
        store.control(run.id, OWNER, "stop")

    monkeypatch.setattr("cnn_core.runs.jobs.dream_job.save_frame", save_and_cancel)
    assert work(store.path, run.id) == "done"
    assert run.status.state == "stopped"
    assert len(run.frames()) == 1
    assert run.status.step == 3
    store.done(run.id)
    assert ask(store, SPEC, digit).id != run.id


def test_a_dream_that_was_interrupted_begins_anew_with_the_same_pictures(store, digit):
    run = ask(store, SPEC, digit)
    work(store.path, run.id)
    whole = [path.read_bytes() for path in run.frames()]
    store.set_status(run, state="interrupted")
    run.frames()[2].write_bytes(b"half a pict")
    work(store.path, run.id)
    assert [path.read_bytes() for path in run.frames()] == whole


def test_after_three_killed_workers_it_is_given_up_with_a_sentence_about_pictures(store, digit):
    from cnn_core.runs.files import write_json

    run = ask(store, SPEC, digit)
    write_json(run.folder / "tries.json", {"count": MAX_TRIES, "step": 0})
    work(store.path, run.id)
    assert run.status.state == "failed"
    assert "smaller picture" in run.status.reason


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"network": "inception"}, "no photo network"),
        ({"network": "run:AAAAAAAAAAA:5"}, "no run"),
        ({"network": "run:../../../etc:5"}, "no run"),
        ({"network": "pretrained:../lesson"}, ""),
        ({"network": "design:rubbish"}, ""),
        ({"network": "file:/etc/passwd"}, "no network of that name"),
        ({"layers": [["dense_1", 1.0]]}, "cannot be dreamt of"),
        ({"layers": [["conv2d_9", 1.0]]}, "no layer"),
        ({"steps": 10**9}, "number of steps"),
        ({"image": "x"}, "not the settings of a dream"),
    ],
)
def test_what_cannot_be_dreamt_fails_with_a_sentence(store, digit, settings, words):
    run = ask(store, SPEC, digit, **settings)
    assert work(store.path, run.id) == "done"
    assert run.status.state == "failed"
    assert words in run.status.reason
    assert "went wrong" not in run.status.reason


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n", None])
def test_a_damaged_picture_fails_with_a_sentence(store, digit, content):
    run = ask(store, SPEC, digit)
    whole = (run.folder / "image.png").read_bytes()
    (run.folder / "image.png").write_bytes(whole[: len(whole) // 2] if content is None else content)
    work(store.path, run.id)
    assert run.status.state == "failed"
    assert "picture of this dream is gone" in run.status.reason


def test_the_weights_a_run_kept_can_dream(store, digit):
    from cnn_core.training import TrainSpec, save_model

    run_id = store.submit(DESIGN, TrainSpec(epochs=1), owner=OWNER)
    net = build(DESIGN, seed=3)
    save_model(store.run(run_id).folder / "snapshots" / "step_00000004_epoch_0.0100.safetensors", net, DESIGN)
    found = dreamer(store, f"run:{run_id}:4")
    assert torch.equal(found.conv2d_1.conv.weight, net.conv2d_1.conv.weight)
    with pytest.raises(StudentError, match="no weights of step 5"):
        dreamer(store, f"run:{run_id}:5")


def test_a_grey_picture_serves_a_photo_network_and_a_coloured_one_a_digit_network(store, digit):
    grey = ask(store, SPEC, digit)
    assert picture_of(grey, 3).shape == (3, 40, 56)
    coloured = ask(store, SPEC, torch.rand(3, 30, 30))
    assert picture_of(coloured, 1).shape == (1, 30, 30)
    with pytest.raises(StudentError, match="2 channels"):
        picture_of(grey, 2)


@pytest.mark.skipif("efficientnet_lite0" not in photo_networks(), reason="the photo network is not installed")
@pytest.mark.parametrize("size", [(96, 128), (32, 300), (120, 96)])
def test_the_photo_network_dreams_of_any_shape(store, size):
    spec = DreamSpec("efficientnet_lite0", (("animals", 1.0), ("lines", 0.3)), octaves=2, steps=1)
    run = ask(store, spec, enlarged(photos()["cat"], 384)[:, : size[0], : size[1]])
    work(store.path, run.id)
    assert (run.status.state, run.status.reason) == ("finished", "")
    assert from_file(run.frames()[-1].read_bytes()).shape == (3, *size)


@pytest.mark.parametrize("spec", [DreamSpec("efficientnet_lite0", (("creatures", 1.0),)), SPEC])
def test_a_picture_too_thin_for_the_network_fails_with_a_sentence(store, spec):
    run = ask(store, spec, torch.rand(3, 6, 300))
    work(store.path, run.id)
    assert run.status.state == "failed"
    assert "300×6" in run.status.reason


# Films


def test_a_small_octave_is_laid_on_the_sharp_photo():
    photo = torch.rand(3, 60, 40, generator=torch.Generator().manual_seed(0))
    small = _resized(photo[None], (30, 20))[0]
    assert torch.allclose(on_the_photo(photo, small), photo)  # nothing was dreamt, so nothing is blurred
    brighter = on_the_photo(photo * 0.5, _resized(photo[None] * 0.5, (30, 20))[0] + 0.25)
    assert torch.allclose(brighter, photo * 0.5 + 0.25, atol=1e-5)


@pytest.mark.parametrize("kind", ["webp", "gif"])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_film_goes_there_and_back_and_plays_for_ever(kind, channels):
    pictures = [torch.full((channels, 30, 40), value) for value in (0.0, 0.5, 1.0)]
    with Image.open(io.BytesIO(animated(pictures, kind))) as film:
        assert film.size == (40, 30)
        assert film.info["loop"] == 0
        brightness = []
        for number in range(film.n_frames):
            film.seek(number)
            brightness.append(float(np.asarray(film.convert("L")).mean()))
    top = len(brightness) // 2
    assert len(brightness) == 24
    assert brightness[0] < 3
    assert brightness[top] > 252
    assert all(a < b for a, b in itertools.pairwise(brightness[: top + 1]))
    assert brightness[1:top] == pytest.approx(brightness[:top:-1], abs=3)


@pytest.mark.parametrize(
    "pictures", [[], [torch.zeros(1, 4, 4)], [torch.zeros(1, 4, 4), torch.zeros(1, 4, 5)]]
)
def test_a_film_of_nothing_gets_a_sentence(pictures):
    with pytest.raises(StudentError, match="two pictures"):
        animated(pictures)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_picture_comes_back_from_its_png(channels):
    picture = torch.randint(0, 256, (channels, 5, 7), generator=torch.Generator().manual_seed(1)) / 255
    assert torch.equal(from_file(to_png(picture)), picture)


# The dream in the project


def test_the_first_dream_is_what_its_card_says():
    found = first_dream()
    photo, *frames = (from_file(path.read_bytes()) for path in (found.photo, *found.frames))
    assert len(frames) == found.spec.octaves == len(found.result["sizes"])
    cat = enlarged(photos()[PHOTO], SIDE)
    assert photo.shape == cat.shape
    assert (photo - cat).abs().mean() < 0.02  # WebP
    assert (frames[-1] - photo).abs().mean() == pytest.approx(found.result["change"], rel=0.1)
    net, layers = photo_network(found.spec.network), dict(found.spec.layers)
    louder = loudness(net, frames[-1], layers) / loudness(net, photo, layers)
    assert louder == pytest.approx(found.result["after"] / found.result["before"], rel=0.1)
