"""What else can be done with a set: its name, its link, its contributors, a file of it, another set, its end."""

from __future__ import annotations

import streamlit as st

from cnn_core.data.own.own_set import OwnSet
from cnn_core.data.own.saving import as_zip, open_zip
from cnn_core.data.own.shelf import Shelf
from cnn_core.upload_limits import BROWSER_MB
from pages.my_data import undoing, words
from pages.my_data.chosen import LINK, View, choose, keep_as, renew, serial
from pages.my_data.reading import begin
from pages.ui.frame import uploads
from pages.ui.frame.controlled import controlled_in_popover
from pages.ui.trained.trained import file_stem
from pages.ui.visitor import who
from pages.ui.wording import refusals
from pages.ui.wording.blocks import caption


def menu(view: View) -> None:
    """Draw the popovers of the strip: about this set, and about sharing it."""
    with st.popover("This set", width="content", key="data_menu"):
        if view.one is not None and view.is_owner:
            _name(view.one)
            _save(view.one)
        if view.one is not None and not view.is_owner:
            caption(words.GUEST)
        _another(view)
        if view.one is not None and view.is_owner:
            _remove(view.one)
    if view.one is not None and view.is_owner:
        with st.popover("Share", width="content", key="data_share"):
            _share(view.one)


def _name(one: OwnSet) -> None:
    value, widget = controlled_in_popover("data-set-name", one.name, _rename, one)
    st.text_input("Name", value, max_chars=30, **widget)
    caption(f"{words.shape_words(one.shape[0] == 3)}. {words.room(one.contents().count())}")


def _rename(one: OwnSet, name: str) -> None:
    with refusals.collect("data"):
        one.rename(who.visitor(), name)


def _save(one: OwnSet) -> None:
    if one.contents().count():
        token = who.visitor()  # now: a click is answered outside of a script run
        st.download_button(
            "Save as a zip",
            lambda: as_zip(one, token),
            file_name=f"{file_stem(one.name, 'my_data')}.zip",
            mime="application/zip",
            icon=":material/download:",
            on_click="ignore",
            width="stretch",
            help=words.SAVE_WHAT,
        )


def _another(view: View) -> None:
    if view.one is not None:
        for shape, name in words.SHAPES.items():
            st.button(
                f"New set: {name}",
                key=f"data_new_{shape}",
                icon=":material/add:",
                width="stretch",
                help=words.NEW_SET_HELP,
                on_click=_begin,
                args=(shape,),
            )
    file = st.file_uploader(
        "Open a saved set",
        type=["zip"],
        key=f"data_open_{serial()}",
        max_upload_size=BROWSER_MB,
        help=words.OPEN_SAVED,
    )
    if file is not None:
        with refusals.collect("data"):
            token, data = who.visitor(), uploads.content(file)
            uploads.forget(file)
            begin("data", lambda told: open_zip(Shelf(), token, data, told=told), is_a_set=True)
        renew()
        st.rerun()


def _begin(shape: str) -> None:
    choose("")
    keep_as(shape)
    undoing.say("")


def _remove(one: OwnSet) -> None:
    with st.expander("Remove this set"):
        caption(words.REMOVE_SURE)
        st.button(
            f"Remove {one.name}",
            key="data_remove",
            icon=":material/delete:",
            width="stretch",
            on_click=_removed,
            args=(one,),
        )


def _removed(one: OwnSet) -> None:
    with refusals.collect("data"):
        one.remove(who.visitor())
        others = Shelf().of(who.visitor())
        choose(others[-1].id if others else "")


# ---------------------------------------------------------------- a class collects together


def _share(one: OwnSet) -> None:
    caption(words.SHARE_WHAT)
    if not one.link_key:
        st.button(
            "Make a link",
            key="data_link",
            icon=":material/link:",
            width="stretch",
            on_click=_begin_sharing,
            args=(one,),
        )
        return
    st.code(_address(one.link_key), language=None, wrap_lines=True)
    caption(words.SEEN_BY_LINK)
    st.button(
        "Stop sharing",
        key="data_stop",
        width="stretch",
        help=words.STOP_SHARING_WHAT,
        on_click=_stop_sharing,
        args=(one,),
    )
    others = [person for person in one.contents().contributors() if not one.is_by_owner(person.by)]
    for person in others:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(words.contributor(person.who, person.count))
            st.space("stretch")
            st.button(
                "Take out",
                key=f"data_out_{person.by}",
                type="tertiary",
                on_click=undoing.take_out_contributor,
                args=(one, person.by, person.who),
            )


def _address(key: str) -> str:
    page = (st.context.url or "").partition("?")[0].rstrip("/")
    return f"{page}?{LINK}={key}"


def _begin_sharing(one: OwnSet) -> None:
    with refusals.collect("data"):
        one.share(who.visitor())


def _stop_sharing(one: OwnSet) -> None:
    with refusals.collect("data"):
        one.stop_sharing(who.visitor())
