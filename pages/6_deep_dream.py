"""What if the net repainted a photo? Choose a picture and a depth, watch the octaves arrive, compare, keep it.

The dream is done by a worker process; the page reads the run store, and finds its dream again after a reload.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from cnn_core.data import photo_from_upload
from cnn_core.errors import StudentError
from cnn_core.insight import DEPTHS, DreamSpec, animated, dream_layers, enlarged, photos
from cnn_core.insight.animation import from_file, to_png
from cnn_core.insight.dream_spec import MAX_SIDE
from cnn_core.insight.first_dream import PHOTO, first_dream
from cnn_core.runs import Run, ensure_runner
from cnn_core.runs.jobs.dreams import PHOTO_NETWORKS, photo_networks
from pages.ui import design, state
from pages.ui.before_after import before_after, for_browsers, thumbnails
from pages.ui.digit_input import are_here, chosen_image, way_and_number
from pages.ui.messages import (
    NO_MAPS,
    answer,
    caption,
    count,
    duration,
    next_question,
    number,
    on_primary,
    percent,
    plain,
    plural,
    problem,
    queued,
    running,
    small,
    what_you_see,
)
from pages.ui.sheets import sheet
from pages.ui.shell import page_head, require_shell

require_shell()

MINE = "mine"  # the network of the sidebar
UPLOAD = "upload"
PHOTO_TITLES = {
    "cat": "a cat",
    "astronaut": "an astronaut",
    "coffee": "a cup of coffee",
    "rocket": "a rocket",
    "stars": "a sky of galaxies",
    UPLOAD: "a photo of yours",
}
SIZES = {"photo": (256, 400, 576), "digit": (112, 224, 336)}  # pixels of the longer side
TICK = 0.5  # seconds between two looks at a dream that goes on

_SHOWN = "dream_shown"  # id of the dream on the page
_FOR = "dream_for"  # key of the picture that was chosen when it came there; another picture sends it away
_ADDRESS = "dream_address"  # the id as we last wrote it into the address
_FRAME = "dream_frame"  # (dream, octave) that was clicked
_PROBLEM = "dream_problem"  # a StudentError of the last click, shown once
_KEPT_UPLOAD = "dream_upload_kept"


@dataclass(frozen=True)
class Picked:
    """The picture a dream would begin with.  key: the same key, the same picture."""

    png: bytes
    key: str
    title: str


@dataclass(frozen=True)
class Shown:
    """A dream as the page shows it, of the store or the one that is in the project."""

    key: str
    spec: DreamSpec
    photo: Path
    frames: Sequence[Path]  # one an octave, so far
    result: dict[str, Any]
    run: Run | None = None

    @property
    def octaves(self) -> int:
        """How many there will be: those too small for the network are left out, which shows once it has begun."""
        if self.run is None:
            return len(self.frames)
        steps = self.run.status.steps
        return max(1, round(steps / self.spec.steps)) if steps else self.spec.octaves


# ---------------------------------------------------------------- asking: who dreams, of what, how


def who(shown: state.Shown, photographic: tuple[str, ...]) -> str:
    """Draw the choice of the network that dreams: a photo network, or that of the sidebar."""
    mine = shown.title.partition(",")[0] if shown.kind == "run" else shown.spec.name
    words = {name: PHOTO_NETWORKS[name] for name in photographic} | {MINE: mine[:28]}
    if st.session_state.get("dream_who") not in words:
        st.session_state.pop("dream_who", None)
    chosen = st.segmented_control(
        "Who dreams",
        list(words),
        format_func=lambda name: words.get(name, name),
        default=next(iter(words)),
        required=True,
        key="dream_who",
        label_visibility="collapsed",
        persist_state="session",
    )
    return str(chosen or next(iter(words)))


def photo_choice() -> str:
    names = [*photos(), UPLOAD]
    return str(
        st.selectbox(
            "Photo",
            names,
            format_func=lambda name: PHOTO_TITLES.get(name, name),
            key="dream_photo",
            label_visibility="collapsed",
            filter_mode=None,
            width=190,
            persist_state="session",
        )
    )


@dataclass(frozen=True)
class Options:
    side: int
    octaves: int
    steps: int
    jitter: int
    seed: int


def options(kind: str) -> Options:
    """Draw what is seldom changed. kind: "photo" or "digit"."""
    kept = {"persist_state": "session"}
    with st.popover("Options", icon=":material/tune:", width="content"):
        sizes = SIZES[kind]
        side = st.segmented_control(
            "Size, pixels of the longer side", sizes, default=sizes[1], required=True, key=f"dream_side_{kind}",
            help="A large picture takes longer: the time goes with the number of pixels.", **kept,
        )  # fmt: skip
        left, right = st.columns(2)
        octaves = left.number_input(
            "Octaves", 1, 6, 4, key="dream_octaves", help="Sizes at which it is dreamt.", **kept
        )
        steps = right.number_input("Steps in each", 1, 40, 12, key="dream_steps", **kept)
        jitter = left.number_input("Shake, pixels", 0, 32, 16, key="dream_jitter", **kept)
        seed = right.number_input(
            "Seed", 0, 9999, 0, key="dream_seed", help="Chance decides only how it is shaken.", **kept
        )
    return Options(int(side or sizes[1]), int(octaves), int(steps), int(jitter), int(seed))


def depth_and_strength(names: Sequence[str], network: str) -> tuple[tuple[tuple[str, float], ...], float]:
    """Draw depth, mix and strength. Returns (layers with their weights, change per step as a fraction)."""
    kept = {"persist_state": "session"}
    for key in (f"dream_depth_{network}", f"dream_mix_{network}"):
        if st.session_state.get(key) not in (*names, ""):
            st.session_state.pop(key, None)  # the design has changed, and with it the layers
    standard = "animals" if "animals" in names else names[min(len(names) - 1, 4)]
    if len(names) > 1:
        words = (
            "Depth, from lines to creatures" if tuple(names) == tuple(DEPTHS) else "Layer, from first to last"
        )
        depth = str(st.select_slider(words, names, standard, key=f"dream_depth_{network}", **kept))
    else:
        depth = names[0]
    layers = ((depth, 1.0),)
    others = ["", *(name for name in names if name != depth)]
    if len(others) > 1:
        if st.session_state.get(f"dream_mix_{network}") == depth:
            st.session_state.pop(f"dream_mix_{network}")
        other = st.selectbox(
            "Second layer",
            others,
            format_func=lambda name: f"mixed with {name}" if name else f"{depth} alone",
            key=f"dream_mix_{network}",
            label_visibility="collapsed",
            filter_mode=None,
            **kept,
        )
        if other:
            weight = st.slider(f"Weight of {other}", 0.1, 2.0, 0.3, 0.1, key="dream_weight", **kept)
            layers = (*layers, (str(other), float(weight)))
    strength = st.slider(
        "Strength", 0.2, 3.0, 1.2, 0.1, format="%.1f %%", key="dream_strength",
        help="How much a typical pixel changes at each step, in per cent of full contrast.", **kept,
    )  # fmt: skip
    return layers, round(float(strength) / 100, 5)


def network_name(shown: state.Shown) -> str:
    """The sidebar's network as the worker will find it. StudentError where it has no weights yet."""
    if shown.kind == "pretrained":
        return shown.weights_key
    if shown.kind == "design" or shown.run_id is None:
        return f"design:{shown.spec.to_link()}"
    kept = state.store().run(shown.run_id).snapshots()
    if not kept:
        raise StudentError("This run has no weights yet.", hint="Wait until it has made its first step.")
    return f"run:{shown.run_id}:{kept[-1].step}"


# ---------------------------------------------------------------- the picture


def picked(network: str, kind: str, shown: state.Shown, chosen: str, side: int) -> Picked | None:
    """The picture that was chosen, at the size it would be dreamt; draws pad or upload where one is asked for."""
    if kind == "digit":
        digit = chosen_image(chosen, shown.dataset)
        if digit is None:
            return None
        return Picked(_digit_png(digit.key, side, digit.image), f"{network}/{digit.key}", digit.title)
    if chosen == UPLOAD:
        return _uploaded(network, side)
    return Picked(_photo_png(chosen, side), f"{network}/{chosen}", PHOTO_TITLES.get(chosen, chosen))


@st.cache_data(show_spinner=False, max_entries=32)
def _photo_png(name: str, side: int) -> bytes:
    return to_png(enlarged(photos()[name], side))


@st.cache_data(show_spinner=False, max_entries=32)
def _digit_png(key: str, side: int, _image: Any) -> bytes:
    return to_png(enlarged(_image, side))


@st.cache_data(show_spinner=False, max_entries=16)
def _resized_png(sha: str, side: int, _png: bytes) -> bytes:
    return to_png(enlarged(from_file(_png), side))


def _uploaded(network: str, side: int) -> Picked | None:
    file = st.file_uploader(
        "A photo of yours",
        type=["png", "jpg", "jpeg", "webp", "gif", "bmp"],
        max_upload_size=5,
        key="dream_file",
    )
    if file is not None:
        content = file.getvalue()
        sha = hashlib.sha256(content).hexdigest()[:16]
        if st.session_state.get(_KEPT_UPLOAD, ("",))[0] != sha:
            try:
                png = to_png(enlarged(photo_from_upload(content, MAX_SIDE), MAX_SIDE))
            except StudentError as error:
                problem(error)
                return None
            st.session_state[_KEPT_UPLOAD] = (sha, png)  # Streamlit forgets a file when the page is left
    if _KEPT_UPLOAD not in st.session_state:
        caption("It stays on this server with your dream, and only who has the link can see it.")
        return None
    sha, png = st.session_state[_KEPT_UPLOAD]
    return Picked(_resized_png(sha, side, png), f"{network}/{sha}", "your photo")


# ---------------------------------------------------------------- which dream is on the page


def follow_address() -> None:
    """A dream in the address that we did not write there (a link, F5, the Back button) is the one to show."""
    asked = st.query_params.get("dream")
    if asked and asked != st.session_state.get(_ADDRESS):
        st.session_state.update({_SHOWN: asked, _FOR: None, _ADDRESS: asked})


def write_address() -> None:
    run_id = st.session_state.get(_SHOWN)
    if run_id and st.query_params.get("dream") != run_id:
        st.query_params["dream"] = run_id
    elif not run_id and "dream" in st.query_params:
        del st.query_params["dream"]
    st.session_state[_ADDRESS] = run_id


def run_on_page(picture: Picked | None) -> Run | None:
    """The dream this page is about; None where another picture was chosen since, or none was ever dreamt."""
    run_id = st.session_state.get(_SHOWN)
    if run_id and picture is not None:
        came_for = st.session_state.get(_FOR)
        if came_for is None:
            st.session_state[_FOR] = picture.key
        elif came_for != picture.key:
            run_id = None
    if not run_id:
        st.session_state[_SHOWN] = None
        return None
    try:
        run = state.store().run(run_id)
        if run.kind != "dream":
            raise StudentError("That run is a training.", hint="The Train page shows it.")
    except StudentError:
        st.session_state[_SHOWN] = None
        st.session_state[_PROBLEM] = StudentError(
            "There is no such dream here (any more).", hint="Start one of your own."
        )
        return None
    return run


def shown_dream(run: Run | None, picture: Picked | None, network: str) -> Shown | None:
    if run is not None:
        spec = DreamSpec.from_dict(run.dream_settings)
        return Shown(run.id, spec, run.folder / "image.png", run.frames(), _sensible(run.status.result), run)
    if picture is not None and picture.key == f"efficientnet_lite0/{PHOTO}":
        first = first_dream()
        return Shown("first", first.spec, first.photo, first.frames, first.result)
    return None


def _sensible(result: dict[str, Any] | None) -> dict[str, Any]:
    """A result as the worker writes it; what another hand wrote counts as absent."""
    found = dict(result or {})
    for name in ("before", "after", "change"):
        if isinstance(found.get(name), bool) or not isinstance(found.get(name), int | float):
            found.pop(name, None)
    sizes = found.get("sizes")
    whole = isinstance(sizes, list) and all(
        isinstance(size, list) and len(size) == 2 and all(isinstance(side, int) for side in size)
        for size in sizes
    )
    return found | {"sizes": sizes if whole else []}


@st.cache_data(show_spinner=False, max_entries=128, max_size="32mb")
def _for_browsers(path: str, stamp: int) -> bytes:
    return for_browsers(Path(path).read_bytes())


def _seen(path: Path) -> bytes:
    return _for_browsers(str(path), path.stat().st_mtime_ns)


@st.cache_data(show_spinner=False, max_entries=64)
def _thumbnails(key: str, total: int, _pictures: list[bytes]) -> Any:
    return thumbnails(_pictures, 140)


# ---------------------------------------------------------------- words


def dreamt_by(spec: DreamSpec) -> str:
    """The network of a dream, in words; the run behind it may be gone."""
    kind, _, rest = spec.network.partition(":")
    if kind in PHOTO_NETWORKS:
        return PHOTO_NETWORKS[kind]
    if kind == "pretrained":
        return state.PRETRAINED.get(rest, rest).partition(",")[0]
    if kind == "run":
        run_id, _, step = rest.partition(":")
        try:
            return f"{plain(state.store().run(run_id).name)} after {plural(int(step), 'step')}"
        except (StudentError, ValueError):
            return "a run that is gone"
    return "an untrained design"


def layer_words(spec: DreamSpec) -> str:
    first, *others = spec.layers
    return plain(first[0]) + "".join(f" + {weight:g} × {plain(name)}" for name, weight in others)


def settings_words(spec: DreamSpec) -> str:
    return (
        f"{dreamt_by(spec)} · {layer_words(spec)} · {plural(spec.octaves, 'octave')} of "
        f"{plural(spec.steps, 'step')} · strength {100 * spec.step_size:.1f}\u00a0% · seed {spec.seed}"
    )


def verdict(dream: Shown | None, picture: Picked | None) -> str:
    """The answer in one line."""
    if dream is None:
        what = f"this picture ({plain(picture.title)})" if picture is not None else "a picture of yours"
        return f"Not dreamt yet: choose a depth and press Dream, and the network repaints {what}."
    status = dream.run.status if dream.run is not None else None
    if status is not None and status.state == "failed":
        return "It could not: this dream failed."
    if status is not None and status.state != "finished":
        done = len(dream.frames)
        return (
            f"It is being dreamt: **{done} of {dream.octaves}** octaves are here."
            if status.unfinished
            else (f"It would go on: you cancelled it after **{plural(done, 'octave')}**.")
        )
    before, after, change = (dream.result.get(name) for name in ("before", "after", "change"))
    text = f"It paints what it knows. The layer “{layer_words(dream.spec)}” now answers "
    if not before or after is None or change is None:
        return "It paints what it knows, wherever a line or a spot lets it."
    louder = after / before
    times = f"**{number(louder, 1) if louder < 9.95 else count(round(louder))} times** as loudly"
    return f"{text}{times} as to the original; its pixels changed by {percent(change)} on average."


def state_words(dream: Shown, run: Run) -> str:
    status, store, made = run.status, state.store(), len(dream.frames)
    if status.unfinished and run.control.get("action") == "stop":
        return "Cancelling …"
    if status.state == "queued" and status.reason:
        return f"{plain(status.reason)} You may leave this page."
    if status.state == "queued":
        return queued(store.place(run.id), store.expected_wait(run.id))
    if status.state == "running":
        at = f"octave {min(made + 1, dream.octaves)} of {dream.octaves}"
        words = f"{running()} · {at if status.steps else 'about to begin'}"
        return words + (f"  \n{small(plain(status.reason))}" if status.reason else "")
    if status.state == "paused":
        return "Paused. It begins again when it goes on."
    if status.state == "interrupted":
        return "The process that dreamt has ended unexpectedly. The dream begins again."
    if status.state == "stopped":
        kept = "; the pictures so far are kept" if made else ""
        return f"Cancelled by you after {plural(made, 'octave')}{kept}."
    if status.state == "failed":
        return f":red[:material/error: This dream failed.] {plain(status.reason)}"
    left_out = dream.spec.octaves - dream.octaves
    why = f"  \n{small(plural(left_out, 'octave was', 'octaves were') + ' left out: too small for this network.')}"
    return f"Finished · {plural(status.step, 'step')} in {duration(status.seconds)}" + (
        why if left_out > 0 else ""
    )


EXPLAINED = """
**Up the slope.** The network looks at the photo, and a layer answers: many numbers, large where it found what it
looks for. The *gradient* says for each pixel how the answer would grow if that pixel changed a little. The photo takes
a small step that way, the network looks again, and so on. In training the weights change and the pictures stay; here
it is the other way round. It is the same climb as for one filter's picture, but for a whole layer, and begun on a photo
instead of noise.

**Octaves.** A filter sees a window of fixed size. On a small copy of the photo this window covers a whole face, on
the full size only an eye. So it dreams small first, keeps what was added, enlarges that by 1.4, and dreams on: large
forms first, details in them later. Each octave's addition is put on the sharp photo, so nothing gets blurred.

**Why it is shaken.** Before each step the photo is moved by a few random pixels, and moved back after it. A layer
sees the world on a grid (strides and pooling take every second pixel), and its seams should not print themselves on the
picture, always in the same place. In a large photo you will see little of it: set Shake to 0 and compare. For the same
reason the gradient is softened at three scales; that helps more. Divided by its mean size, it makes a step as long in a
quiet layer as in a loud one.
"""


def what_to_see(dream: Shown) -> None:
    depth = dream.spec.layers[0][0]
    sides = f"Left of the line is the original, right of it what {layer_words(dream.spec)} made of it"
    if dream.spec.network in PHOTO_NETWORKS:
        dogs = (
            " 118 of its 1,000 classes are breeds of dogs: hence the eyes and snouts."
            if depth in ("fur", "animals", "creatures")
            else " Early layers know lines and textures, nothing that has a name."
        )
        what_you_see(
            f"{sides}: wherever something faintly resembled what the network learnt from a million photos, it "
            f"was made to resemble it more.{dogs}"
        )
    elif learnt_from(dream.spec) == "fashion_mnist":
        what_you_see(
            f"{sides}. This network has only ever seen small grey clothes on black, so hems, soles and folds are all "
            "it can dream of: edges grow parallel edges, and what is far from any of them stays nearly black."
        )
    else:
        what_you_see(
            f"{sides}. This network has only ever seen small white strokes on black, so strokes are all it can dream "
            "of: edges grow parallel edges, and what is far from any stroke stays nearly black."
        )


def learnt_from(spec: DreamSpec) -> str:
    """The data set behind a dream's network; MNIST where the run is gone."""
    kind, _, rest = spec.network.partition(":")
    try:
        return state.store().run(rest.partition(":")[0]).dataset if kind == "run" else "mnist"
    except StudentError:
        return "mnist"


# ---------------------------------------------------------------- acting


def start(spec: DreamSpec, picture: Picked) -> None:
    try:
        spec.check_size(*from_file(picture.png).shape[1:])
        run_id = state.store().submit_dream(spec.to_dict(), picture.png, owner=state.visitor())
        ensure_runner(state.store())
    except StudentError as error:
        st.session_state[_PROBLEM] = error
        return
    st.session_state.update({_SHOWN: run_id, _FOR: picture.key})
    st.session_state.pop(_FRAME, None)


def cancel(run_id: str) -> None:
    try:
        state.store().control(run_id, state.visitor(), "stop")
    except StudentError as error:
        st.session_state[_PROBLEM] = error


def as_png(path: Path) -> bytes:
    content = path.read_bytes()
    return content if path.suffix == ".png" else to_png(from_file(content))


def as_film(paths: Sequence[Path], kind: str) -> bytes:
    return animated([from_file(path.read_bytes()) for path in paths], kind)


def downloads(dream: Shown) -> None:
    """Nothing is made before it is asked for."""
    name = f"dream-{dream.spec.layers[0][0]}"
    film = (dream.photo, *dream.frames)
    with st.popover("Download", icon=":material/download:", width="content"):
        for label, data, suffix, mime in (
            ("Picture (PNG)", partial(as_png, dream.frames[-1]), "png", "image/png"),
            ("Animation (WebP)", partial(as_film, film, "webp"), "webp", "image/webp"),
            ("Animation (GIF)", partial(as_film, film, "gif"), "gif", "image/gif"),
        ):
            st.download_button(
                label,
                data,
                f"{name}.{suffix}",
                mime,
                key=f"dream_get_{label}",
                on_click="ignore",
                width="stretch",
            )
        caption(
            "The animation goes from the original through the octaves and back; what is between them is blended."
        )


# ---------------------------------------------------------------- showing


def large(dream: Shown | None, picture: Picked | None) -> None:
    if dream is None:
        if picture is not None:
            before_after(
                for_browsers(picture.png), None, key="dream_large", book=picture.key,
                left=picture.title, right="", alt=picture.title,
            )  # fmt: skip
        return
    chosen, at = st.session_state.get(_FRAME, (None, -1))
    at = at if chosen == dream.key and 0 <= at < len(dream.frames) else len(dream.frames) - 1
    try:
        before_after(
            _seen(dream.photo),
            _seen(dream.frames[at]) if dream.frames else None,
            key="dream_large",
            book=dream.key,
            left="original",
            right=f"after octave {at + 1} of {dream.octaves}",
            alt="The original",
        )
    except OSError:
        problem(StudentError("The pictures of this dream are gone.", hint="Start it anew."))
        return
    caption(
        ("Dreamt by us, for you to begin with: " if dream.run is None else "") + settings_words(dream.spec)
    )
    if dream.frames:
        what_to_see(dream)


def octave_pictures(dream: Shown) -> None:
    """What each octave made, as it arrives; a click shows it large."""
    frames = list(dream.frames)
    if not frames:
        return
    sizes = dream.result["sizes"]
    chosen, at = st.session_state.get(_FRAME, (None, -1))
    with st.container(gap="xsmall"):
        st.markdown("**Octave by octave**")
        sheet(
            _thumbnails(dream.key, len(frames), [_seen(frame) for frame in frames]),
            key=f"dream_octaves_{dream.key}",
            alt="What was dreamt after each octave",
            tile_px=140,
            columns=2,
            labels=[f"octave {i + 1}" for i in range(len(frames))],
            captions=[
                (f"octave {i + 1}", f"dreamt at {sizes[i][1]}×{sizes[i][0]}" if i < len(sizes) else "")
                for i in range(len(frames))
            ],
            selected=at if chosen == dream.key and 0 <= at < len(frames) else len(frames) - 1,
            on_click=lambda i: st.session_state.update({_FRAME: (dream.key, i)}),
        )


def page(ticking: bool) -> None:
    shown = state.network()
    photographic = photo_networks()
    told = st.empty()
    with st.container(horizontal=True, vertical_alignment="center", key="dream_strip"):
        network = who(shown, photographic)
        colours = 3 if network != MINE else shown.spec.input_shape[0]
        kind = "photo" if colours == 3 else "digit"
        if kind == "digit" and not are_here(shown.dataset):
            return
        chosen = photo_choice() if kind == "photo" else way_and_number(shown.dataset)
        asked = options(kind)
    if not photographic:
        caption(
            "The photo network is not installed here (see requirements.txt), so digits are all there is to dream of."
        )
    if network == MINE and shown.note:
        caption(shown.note)
    left, right = st.columns([576, 292], gap="medium")
    with left:
        picture = picked(network, kind, shown, str(chosen), asked.side)
    run = run_on_page(picture)
    write_address()
    try:
        dream = shown_dream(run, picture, network)
    except StudentError as error:  # settings that no page of ours wrote
        dream, run = None, None
        st.session_state[_PROBLEM] = error
    going_on = run is not None and run.status.unfinished
    if going_on != ticking:
        st.rerun()  # the timer is set or taken off
    mine = run is not None and run.is_owner(state.visitor())
    if going_on and mine:
        state.store().seen(state.visitor())
        ensure_runner(state.store())
    with told:
        answer(verdict(dream, picture))
    with left:
        large(dream, picture)
    with right:
        spec = ask(network, shown, asked)
        button(spec, picture, run if going_on and mine else None)
        if error := st.session_state.pop(_PROBLEM, None):
            problem(error)
        if run is not None and dream is not None:
            st.markdown(state_words(dream, run))
            if going_on:
                status = run.status
                st.progress(min(1.0, status.step / status.steps) if status.steps else 0.0)
            if not mine:
                caption("Somebody else’s dream; you are watching.")
        if dream is not None:
            octave_pictures(dream)
            if dream.frames and not going_on:
                downloads(dream)


def ask(network: str, shown: state.Shown, asked: Options) -> DreamSpec | None:
    """Draw depth and strength. None, with a sentence, where this network cannot dream."""
    if network != MINE:
        names: Sequence[str] = _photo_depths(network)
    else:
        names = dream_layers(shown.net)
        if not names:
            st.markdown(NO_MAPS)
            st.button("Look at the convnet", on_click=design.look_at, args=("pretrained:lesson",))
            return None
    layers, strength = depth_and_strength(names, network if network != MINE else shown.spec.fingerprint)
    try:
        name = network if network != MINE else network_name(shown)
        return DreamSpec(
            name,
            layers,
            asked.octaves,
            steps=asked.steps,
            step_size=strength,
            jitter=asked.jitter,
            seed=asked.seed,
        )
    except StudentError as error:
        problem(error)
        return None


def _photo_depths(network: str) -> tuple[str, ...]:
    from cnn_core.insight import GOOGLENET_DEPTHS

    return GOOGLENET_DEPTHS if network == "googlenet" else tuple(DEPTHS)


def button(spec: DreamSpec | None, picture: Picked | None, going_on: Run | None) -> None:
    if going_on is not None:
        st.button(
            "Cancel",
            icon=":material/close:",
            key="dream_cancel",
            disabled=going_on.control.get("action") == "stop",
            on_click=cancel,
            args=(going_on.id,),
        )
        return
    st.button(
        on_primary("Dream"),
        key="dream_start",
        type="primary",
        icon=":material/auto_awesome:",
        disabled=spec is None or picture is None,
        on_click=start,
        args=(spec, picture),
    )


def is_going_on() -> bool:
    try:
        run_id = st.session_state.get(_SHOWN)
        return bool(run_id) and state.store().run(run_id).status.unfinished
    except StudentError:
        return False


page_head("deep-dream")
follow_address()
going = is_going_on()
st.fragment(page, run_every=TICK if going else None)(going)
with st.expander("What happens in a dream: up the slope, octaves, and why it is shaken"):
    st.markdown(EXPLAINED)
next_question("augmentation", "changes pictures with care, so that a 7 stays a 7.")
