"""A dream's pictures: large, octave by octave, and as files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import streamlit as st

from cnn_core.errors import StudentError
from cnn_core.insight import animated
from cnn_core.insight.dream.animation import from_file, to_png
from cnn_core.kept import kept
from cnn_core.runs.jobs.dreams import PHOTO_NETWORKS
from pages.deep_dream import words
from pages.deep_dream.code import BEGUN_WITH, code_of_dream
from pages.deep_dream.dream import Dream, Picture, choose_frame, frame_on_page
from pages.deep_dream.dreamers import dataset_of, shape_of, title_of
from pages.ui.drawing.before_after import before_after, for_browsers, thumbnails
from pages.ui.drawing.contact_sheet import Sheet
from pages.ui.drawing.sheets import sheet
from pages.ui.wording.blocks import caption, problem, what_you_see

THUMBNAIL = 140  # pixels


def large(dream: Dream | None, picture: Picture | None) -> None:
    """Draw the dream over its original, with a line to drag; without a dream the picture it would begin with."""
    if dream is not None:
        _large_dream(dream)
    elif picture is not None:
        title = picture.title
        content = for_browsers(picture.png)
        before_after(content, None, key="dream_large", book=picture.key, left=title, right="", alt=title)


def octave_pictures(dream: Dream) -> None:
    """Draw what each octave made, as it arrives; a click shows it large."""
    frames, sizes = list(dream.frames), dream.result["sizes"]
    if not frames:
        return
    with st.container(gap="xsmall"):
        st.markdown(words.OCTAVES)
        names = [f"octave {i + 1}" for i in range(len(frames))]
        facts = [words.dreamt_at(size) for size in sizes[: len(frames)]]
        facts += [""] * (len(frames) - len(facts))
        sheet(
            _thumbnails(dream.key, len(frames), [_content(frame) for frame in frames]),
            key=f"dream_octaves_{dream.key}",
            alt="What was dreamt after each octave",
            tile_px=THUMBNAIL,
            columns=2,
            labels=names,
            captions=list(zip(names, facts, strict=True)),
            selected=frame_on_page(dream),
            on_click=lambda octave: choose_frame(dream, octave),
        )


def downloads(dream: Dream) -> None:
    """Draw the ways to keep it. Nothing is made before it is asked for."""
    film = (dream.photo, *dream.frames)
    name = f"dream-{dream.spec.layers[0][0]}"
    with st.popover(
        "Download", icon=":material/download:", width="content", key="dream_download", on_change="rerun"
    ) as files:
        if files.open:
            _download("Picture (PNG)", f"{name}.png", partial(as_png, dream.frames[-1]))
            _download("Animation (WebP)", f"{name}.webp", partial(as_film, film, "webp"))
            _download("Animation (GIF)", f"{name}.gif", partial(as_film, film, "gif"))
            caption(words.FILM)
            _download("The picture it began with (PNG)", BEGUN_WITH, partial(as_png, dream.photo))
    code_of_dream(dream)


def as_png(path: Path) -> bytes:
    """The picture of a file as a PNG."""
    content = path.read_bytes()
    return content if path.suffix == ".png" else to_png(from_file(content))


def as_film(paths: Sequence[Path], kind: str) -> bytes:
    """The pictures of some files as a film.  kind: "webp" or "gif"."""
    return animated([from_file(path.read_bytes()) for path in paths], kind)


def _large_dream(dream: Dream) -> None:
    octave, network, sizes = frame_on_page(dream), dream.spec.network, dream.result["sizes"]
    size = sizes[-1] if sizes else None
    line = words.settings(dream.spec, title_of(network), is_ours=dream.run is None, size=size)
    try:
        before_after(
            _content(dream.photo),
            _content(dream.frames[octave]) if dream.frames else None,
            key="dream_large",
            book=dream.key,
            left="original",
            right=words.after_octave(octave, dream.octaves),
            alt=words.original_alt(line),
        )
    except OSError:
        problem(StudentError("The pictures of this dream are gone.", hint="Start it anew."))
        return
    caption(line)
    if dream.frames:
        what_you_see(
            words.what_you_see(dream.spec, network in PHOTO_NETWORKS, dataset_of(network), shape_of(network))
        )


def _download(label: str, file_name: str, data: Callable[[], bytes]) -> None:
    st.download_button(
        label,
        data,
        file_name,
        f"image/{file_name.rpartition('.')[2]}",
        key=f"dream_get_{label}",
        on_click="ignore",
        width="stretch",
    )


def _content(path: Path) -> bytes:
    """The picture of a file, small enough for a browser."""
    return _for_browsers(str(path), path.stat().st_mtime_ns)


@kept(32)
def _for_browsers(path: str, stamp: int) -> bytes:
    return for_browsers(Path(path).read_bytes())


@kept(8)
def _thumbnails(key: str, total: int, _pictures: list[bytes]) -> Sheet:
    return thumbnails(_pictures, THUMBNAIL)
