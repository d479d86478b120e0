"""Where pictures come from: the pad, the camera, files. Whatever comes goes to the class that is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from cnn_core.data.own.bringing_in import Brought, Told, bring_csv, bring_files, bring_zip
from cnn_core.data.own.own_set import NewPicture, OwnSet
from cnn_core.data.own.prepare import PhotoWay, from_pad, from_photo, usual_way
from cnn_core.data.uploads import EXTENSIONS
from cnn_core.errors import StudentError
from cnn_core.upload_limits import BROWSER_MB
from pages.my_data import words
from pages.my_data.chosen import View, aim_at, made, renew, serial
from pages.my_data.reading import begin, is_busy
from pages.my_data.undoing import say
from pages.ui.forms import choice
from pages.ui.forms.canvas import collecting_canvas
from pages.ui.frame import uploads
from pages.ui.frame.controlled import controlled
from pages.ui.visitor import who
from pages.ui.wording import refusals
from pages.ui.wording.blocks import caption

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

_WHO = "data_who"  # what the visitor wants to be called
_PHOTO_WAY = "data_photo_way"
PAD = "data_pad"
PAD_PX = 276


def panel(way: str, view: View) -> None:
    """Draw the place where the next picture comes from.  way: "draw", "camera" or "upload"."""
    target = view.target
    st.header(words.heading(way, target.name), anchor=False)
    if is_busy():
        return
    _ask_target(view)
    photo_way = "thing" if way == "draw" else _ask_photo_way(view)
    if way == "draw":
        st.fragment(_pad)(view)
    elif way == "camera":
        _camera(view, photo_way)
    else:
        _upload(view, photo_way)
    refusals.draw("data_add")
    caption(_below(way, photo_way, view))
    if view.one is not None and (view.one.link_key or not view.is_owner):
        st.text_input(words.WHO, key=_WHO, help=words.WHO_HELP, max_chars=30, persist_state="session")


def _below(way: str, photo_way: str, view: View) -> str:
    first = {"draw": words.ADD_BY_ENTER, "camera": words.CAMERA_ADDS, "upload": words.UPLOAD_WHAT}[way]
    return f"{first} {words.how_prepared(way, photo_way, view.is_colour)}"


def _ask_target(view: View) -> None:
    classes = view.contents.classes
    if len(classes) < 2:
        return
    names = {own.number: own.name for own in classes}
    st.segmented_control(
        "Class",
        list(names),
        format_func=names.__getitem__,
        required=True,
        label_visibility="collapsed",
        **controlled("data-target", view.target.number, aim_at, words=tuple(names.items())),
    )


def _ask_photo_way(view: View) -> PhotoWay:
    """What photos show; in colour they can only show things."""
    if view.is_colour:
        return "thing"
    usual = usual_way([picture.way for picture in view.contents.pictures])
    way = choice.one_of("What photos show", words.PHOTO_WAYS, _PHOTO_WAY, usual)
    return "ink" if way == "ink" else "thing"


# ---------------------------------------------------------------- three ways


def _pad(view: View) -> None:
    target = view.target
    drawings = collecting_canvas(PAD, words.adds_to(target.name), target.number, PAD_PX)
    if drawings:
        with refusals.collect("data_add"):
            for drawing in drawings:
                _add(view, drawing.target, [from_pad(drawing.pixels, view.shape)])
        st.rerun()


def _camera(view: View, way: PhotoWay) -> None:
    photo = st.camera_input("Camera", key=f"data_camera_{serial()}", label_visibility="collapsed")
    if photo is not None:
        with refusals.collect("data_add"):
            _add(view, view.target.number, [from_photo(uploads.content(photo), view.shape, way)])
        uploads.forget(photo)
        renew()
        st.rerun()


def _add(view: View, number: int, pictures: Sequence[NewPicture]) -> None:
    """Add pictures to the class of that number; to the first class where the set is only made now."""
    one = made(view)
    added = one.add(who.visitor(), number, pictures, str(st.session_state.get(_WHO, "")))
    if not added.ids:
        raise StudentError("This very picture is in the set already.", hint="Make another.")
    say("")


def _upload(view: View, way: PhotoWay) -> None:
    files = st.file_uploader(
        "Files",
        type=[*EXTENSIONS, "zip", "csv"],
        accept_multiple_files=True,
        key=f"data_files_{serial()}",
        max_upload_size=BROWSER_MB,
        label_visibility="collapsed",
    )
    if not files:
        return
    with refusals.collect("data_add"):
        given, lost = _held(files)
        uploads.forget(*files)
        one, number = made(view), view.target.number
        token, name = who.visitor(), str(st.session_state.get(_WHO, ""))
        begin("data_add", lambda told: (one, _and(lost, _bring(one, token, number, given, way, name, told))))
    renew()
    st.rerun()


def _held(files: Sequence[UploadedFile]) -> tuple[list[tuple[str, bytes]], Brought]:
    """(name, bytes) of each file, and those that had to make way, as refused. Raises StudentError where all had."""
    given, lost = [], []
    for file in files:
        try:
            given.append((file.name, uploads.content(file)))
        except StudentError as error:
            lost.append((file.name, error))
    if not given:
        raise lost[0][1]
    return given, Brought(refused=tuple(lost))


def _bring(
    one: OwnSet,
    token: str,
    number: int,
    files: Sequence[tuple[str, bytes]],
    way: PhotoWay,
    name: str,
    told: Told,
) -> Brought:
    """Add what was uploaded: zips and CSVs by themselves, all images together."""
    all_of_it = Brought()
    images = [(file, data) for file, data in files if not file.lower().endswith((".zip", ".csv"))]
    for file, data in files:
        if file.lower().endswith(".zip"):
            all_of_it = _and(all_of_it, bring_zip(one, token, data, way, name, told))
        elif file.lower().endswith(".csv"):
            all_of_it = _and(all_of_it, bring_csv(one, token, data, name))
    if not images:
        return all_of_it
    return _and(all_of_it, bring_files(one, token, number, images, way, name, told))


def _and(one: Brought, other: Brought) -> Brought:
    return Brought(
        one.added + other.added,
        one.already + other.already,
        one.refused + other.refused,
        one.classes + other.classes,
        one.ids + other.ids,
    )
