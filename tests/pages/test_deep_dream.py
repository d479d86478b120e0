"""The Deep Dream page: what it says at each state of a dream, with a real store and no worker in between."""

import io
import struct
import zlib

import pytest
import torch
from PIL import Image

from cnn_core.errors import StudentError
from cnn_core.insight import DreamSpec, dream_layers
from cnn_core.insight.dream.animation import from_file, to_png
from cnn_core.model import PRESETS, build
from cnn_core.runs import RunStore
from cnn_core.runs.jobs.dream_job import save_frame
from cnn_core.runs.jobs.dreams import photo_networks
from cnn_core.runs.jobs.worker import work
from pages.ui.visitor import server
from tests.pages.app import OWNER, open_page, text

pytestmark = [
    pytest.mark.usefixtures("no_runner"),
    pytest.mark.skipif(
        "efficientnet_lite0" not in photo_networks(), reason="the photo network is not installed"
    ),
]


def open_dream(app, dream: str | None = None, **state):
    return open_page(app, "pages/6_deep_dream.py", **({"dream_shown": dream} if dream else {}), **state)


def keys(app) -> set[str]:
    return {button.key for button in app.button if button.key}


def asked(state: str = "queued", frames: int = 0, owner: str = OWNER, **status):
    """A dream of the store, in the state a worker would have left it in."""
    store = RunStore()
    spec = DreamSpec("efficientnet_lite0", (("fur", 1.0),), octaves=4, steps=12)
    picture = torch.rand(3, 100, 150, generator=torch.Generator().manual_seed(0))
    run = store.run(store.submit_dream(spec.to_dict(), to_png(picture), owner=owner))
    if state != "queued":
        store.take(store.next_ticket())
        for number in range(frames):
            save_frame(run, number, picture)
        result = {"sizes": [[50, 75]] * frames, "before": 2.0, "after": 9.0, "change": 0.083}
        store.set_status(run, state=state, step=12 * frames, steps=48, result=result, **status)
        if not run.status.unfinished:
            store.done(run.id)
    return run


def test_the_first_visit_shows_a_finished_dream_and_says_whose_it_is(app):
    open_dream(app, dream_download=True)
    assert (
        "The layer “animals” now answers **3.9 times** as strongly as to the original. The pixels changed by "
        "9.3 % of full contrast on average."
    ) in text(app)
    assert (
        "Dreamt by us, for you to begin with: EfficientNet-Lite0 · animals · 576×383 pixels · 4 octaves of 12 steps"
    ) in text(app)
    assert [d.label for d in app.get("download_button")][:3] == [
        "Picture (PNG)",
        "Animation (WebP)",
        "Animation (GIF)",
    ]
    assert RunStore().runs() == []


def test_dream_asks_for_one_dream_however_often_it_is_pressed(app):
    open_dream(app)
    app.button(key="dream_start").click().run()
    assert not app.exception
    (run,) = RunStore().runs()
    assert run.kind == "dream"
    spec = DreamSpec.from_dict(run.dream_settings)
    assert spec == DreamSpec("efficientnet_lite0", (("animals", 1.0),))
    assert from_file((run.folder / "image.png").read_bytes()).shape == (3, 383, 576)
    assert app.query_params["dream"] in (run.id, [run.id])
    assert "Waiting: yours is next" in text(app)
    app.session_state["dream_shown"] = None
    app.run()
    app.button(key="dream_start").click().run()
    assert [run.id] == [other.id for other in RunStore().runs()]


def test_a_runner_that_cannot_be_started_gets_a_sentence_and_the_dream_waits(app, monkeypatch):
    def refuse():
        raise StudentError("The folder of runs cannot be written.", hint="Make room.")

    monkeypatch.setattr(server, "wake_runner", refuse)
    open_dream(app)
    app.button(key="dream_start").click().run()
    assert not app.exception
    assert "The folder of runs cannot be written." in text(app)
    assert [run.kind for run in RunStore().runs()] == ["dream"]
    assert "Waiting: yours is next" in text(app)


def test_depth_mix_strength_and_options_reach_the_dream(app):
    open_dream(app)
    app.select_slider(key="dream_depth_efficientnet_lite0").set_value("fur").run()
    app.selectbox(key="dream_mix_efficientnet_lite0").select("lines").run()
    app.slider(key="dream_weight").set_value(0.5)
    app.slider(key="dream_strength").set_value(2.0)
    app.number_input(key="dream_octaves").set_value(2)
    app.number_input(key="dream_steps").set_value(5)
    app.number_input(key="dream_seed").set_value(3)
    app.number_input(key="dream_jitter").set_value(0).run()
    app.button(key="dream_start").click().run()
    assert not app.exception
    spec = DreamSpec.from_dict(RunStore().runs()[0].dream_settings)
    assert spec == DreamSpec(
        "efficientnet_lite0", (("fur", 1.0), ("lines", 0.5)), 2, steps=5, step_size=0.02, jitter=0, seed=3
    )


def test_1024_pixels_are_offered_and_the_time_is_told_before(app):
    app.query_params["size"] = "1024"
    open_dream(app)
    assert "nothing was measured yet" in text(app)
    app.button(key="dream_start").click().run()
    assert not app.exception
    run = RunStore().runs()[0]
    assert from_file((run.folder / "image.png").read_bytes()).shape == (3, 681, 1024)
    assert app.query_params["size"] == "1024"


def test_where_memory_is_short_a_large_dream_is_refused_in_a_sentence(app, monkeypatch):
    monkeypatch.setattr("cnn_core.runs.jobs.dreams.memory_limit", lambda: 2 << 30)
    app.query_params["size"] = "1024"
    open_dream(app)
    app.button(key="dream_start").click().run()
    assert "takes 1.4 GB of memory" in text(app)
    assert not RunStore().runs()


def test_while_it_works_the_octaves_are_counted_and_it_can_be_cancelled(app):
    run = asked("running", frames=2)
    open_dream(app, run.id)
    assert "**2 of 4** octaves are here" in text(app)
    assert "Running · octave 3 of 4" in text(app)
    assert "dream_start" not in keys(app)
    app.button(key="dream_cancel").click().run()
    assert not app.exception
    assert run.control["action"] == "stop"
    assert "Cancelling …" in text(app)
    assert app.button(key="dream_cancel").disabled


def test_a_waiting_dream_is_cancelled_at_once(app):
    run = asked()
    open_dream(app, run.id)
    app.button(key="dream_cancel").click().run()
    assert run.status.state == "stopped"
    assert "Cancelled by you" in text(app)
    assert "dream_start" in keys(app)


@pytest.mark.parametrize(
    ("state", "status", "words"),
    [
        ("finished", {"seconds": 2.4}, "Finished · 48 steps in 2 s"),
        ("stopped", {}, "Cancelled by you after 4 octaves; the pictures so far are kept."),
        ("interrupted", {}, "has ended unexpectedly. The dream begins again."),
        ("failed", {"reason": "The picture of this dream is gone."}, "This dream failed.] The picture"),
    ],
)
def test_each_state_has_its_words(app, state, status, words):
    run = asked(state, frames=4, **status)
    open_dream(app, run.id)
    assert words in text(app)


def test_a_finished_dream_says_how_much_louder_the_layer_is(app):
    open_dream(app, asked("finished", frames=4, seconds=2.0).id)
    assert (
        "The layer “fur” now answers **4.5 times** as strongly as to the original. The pixels changed by "
        "8.3 % of full contrast on average."
    ) in text(app)


def test_an_id_may_hold_underscores_in_a_row(app, monkeypatch):
    monkeypatch.setattr("secrets.token_urlsafe", lambda _: "__ab__cdef_")
    open_dream(app, asked("finished", frames=4, seconds=2.0).id)
    assert "Octave by octave" in text(app)


def test_a_stranger_watches_and_cannot_cancel(app):
    run = asked("running", frames=1, owner="b" * 22)
    open_dream(app, run.id)
    assert "Somebody else’s dream; you are watching." in text(app)
    assert "dream_cancel" not in keys(app)


@pytest.mark.parametrize("link", ["nonsense", "../../etc", "AAAAAAAAAAA", "x" * 5000])
def test_a_link_to_a_dream_that_is_not_there_gets_a_sentence(app, link):
    open_dream(app, link)
    assert "There is no such dream here" in text(app)


def test_a_link_to_a_training_gets_a_sentence(app):
    from cnn_core.training import RECIPES

    run_id = RunStore().submit(PRESETS["tiny"], RECIPES["lesson"], owner=OWNER)
    open_dream(app, run_id)
    assert "There is no such dream here" in text(app)


def test_another_photo_sends_the_dream_away(app):
    run = asked("finished", frames=4)
    open_dream(app, run.id)
    assert "fur" in text(app)
    app.selectbox(key="dream_photo").select("coffee").run()
    assert not app.exception
    assert "Not dreamt yet" in text(app)


def test_the_network_of_the_sidebar_dreams_of_a_digit(app):
    open_dream(app)
    app.get_by_key("dream_who").set_value("mine").run()
    assert "Not dreamt yet" in text(app)
    slider = next(s for s in app.select_slider if s.key.startswith("dream_depth_"))
    names = dream_layers(build(PRESETS["lesson"]))
    assert list(slider.options) == list(names)
    slider.set_value("conv2d_2")
    app.get_by_key("dream_side_digit").set_value(112)
    app.number_input(key="dream_steps").set_value(2).run()
    app.button(key="dream_start").click().run()
    assert not app.exception
    run = RunStore().runs()[0]
    assert run.dream_settings["network"] == "pretrained:lesson"
    assert work(RunStore().path, run.id) == "done"
    RunStore().done(run.id)
    app.run()
    assert not app.exception
    assert "Finished · 8 steps" in text(app)
    assert "Lesson convnet · conv2d_2 · 112×112 pixels · 4 octaves of 2 steps" in text(app)
    assert (
        "This network knows small white strokes on black at most, so it has nothing else to dream of. Where nothing "
        "excites its filters, the picture hardly changes."
    ) in text(app)


def test_a_design_not_trained_yet_can_dream_too(app):
    open_dream(app)
    app.session_state["network"] = "design"
    app.run()
    app.get_by_key("dream_who").set_value("mine").run()
    app.button(key="dream_start").click().run()
    assert not app.exception
    assert RunStore().runs()[0].dream_settings["network"].startswith("design:")


def test_a_network_without_maps_says_so_and_offers_the_convnet(app):
    open_dream(app)
    app.session_state["network"] = "pretrained:mlp"
    app.run()
    app.get_by_key("dream_who").set_value("mine").run()
    assert not app.exception
    assert "This network has no feature maps" in text(app)
    assert app.button(key="dream_start").disabled


# Uploads


def saved(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    content = io.BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()


def bomb() -> bytes:
    """A PNG of 60,000 x 60,000 pixels in a hundred bytes."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"x") + chunk(b"IEND", b"")


def upload(app, content: bytes):
    open_dream(app)
    app.selectbox(key="dream_photo").select("upload").run()
    app.get("file_uploader")[0].upload("photo.png", content).run()
    assert not app.exception
    return app


TURNED = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"  # by a quarter
RGB = Image.effect_noise((90, 60), 80).convert("RGB")


@pytest.mark.parametrize(
    "content",
    [b"rubbish", b"", saved(RGB)[:300], bomb(), saved(Image.new("RGB", (1, 1)))],
    ids=["rubbish", "empty", "truncated", "bomb", "one pixel"],
)
def test_an_upload_that_cannot_be_dreamt_gets_a_sentence(app, content):
    upload(app, content)
    assert ":red[:material/error:" in text(app)
    assert app.button(key="dream_start").disabled


@pytest.mark.parametrize(
    ("content", "size"),
    [
        (saved(RGB.convert("CMYK"), "JPEG"), (384, 576)),
        (saved(Image.fromarray(torch.arange(5400, dtype=torch.int32).view(60, 90).mul(12).numpy().astype("uint16"))),
         (384, 576)),
        (saved(RGB.convert("P")), (384, 576)),
        (saved(RGB.convert("RGBA")), (384, 576)),
        (saved(RGB, "JPEG", exif=TURNED), (576, 384)),
        (saved(Image.new("RGB", (10_000, 3_000)), "JPEG"), (173, 576)),
        (saved(Image.new("L", (20, 20), 99)), (576, 576)),
    ],
    ids=["CMYK", "16 bit", "palette", "alpha", "turned by EXIF", "10,000 pixels", "tiny"],
)  # fmt: skip
def test_odd_pictures_become_photos_of_the_chosen_size(app, content, size):
    upload(app, content)
    assert ":red[:material/error:" not in text(app)
    app.button(key="dream_start").click().run()
    assert not app.exception
    found = from_file((RunStore().runs()[0].folder / "image.png").read_bytes())
    assert tuple(found.shape) == (3, *size)


def test_a_photo_too_long_and_thin_gets_a_sentence_when_it_is_to_be_dreamt(app):
    upload(app, saved(Image.new("RGB", (900, 30), "red")))
    app.button(key="dream_start").click().run()
    assert not app.exception
    said = text(app)
    assert "At this size the photo has 576×19 pixels, too few for a photo network to see anything." in said
    assert RunStore().runs() == []
