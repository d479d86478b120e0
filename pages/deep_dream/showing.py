"""A dream's pictures: small, large, octave by octave, and as files."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from cnn_core.errors import StudentError
from cnn_core.insight import animated
from cnn_core.insight.dream.animation import from_file, to_png
from pages.deep_dream.dream import FRAME, Picked, Shown
from pages.deep_dream.words import settings_words, what_to_see
from pages.ui.drawing.before_after import before_after, for_browsers, thumbnails
from pages.ui.drawing.sheets import sheet
from pages.ui.wording.blocks import caption, problem


@st.cache_data(show_spinner=False, max_entries=128, max_size="32mb")
def _for_browsers(path: str, stamp: int) -> bytes:
    return for_browsers(Path(path).read_bytes())


def _seen(path: Path) -> bytes:
    return _for_browsers(str(path), path.stat().st_mtime_ns)


@st.cache_data(show_spinner=False, max_entries=64)
def _thumbnails(key: str, total: int, _pictures: list[bytes]) -> Any:
    return thumbnails(_pictures, 140)


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


def large(dream: Shown | None, picture: Picked | None) -> None:
    if dream is None:
        if picture is not None:
            before_after(
                for_browsers(picture.png), None, key="dream_large", book=picture.key,
                left=picture.title, right="", alt=picture.title,
            )  # fmt: skip
        return
    chosen, at = st.session_state.get(FRAME, (None, -1))
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
    chosen, at = st.session_state.get(FRAME, (None, -1))
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
            on_click=lambda i: st.session_state.update({FRAME: (dream.key, i)}),
        )
