"""The board of a class, drawn in the browser: it follows its class by data alone (`frame.broadcast`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from pages.ui.drawing.sheets import component_source
from pages.ui.frame import broadcast
from pages.ui.frame.broadcast import Channel

_component = st.components.v2.component(
    "class_board",
    html="""
<section class="board" aria-label="The board of your class">
<div class="head"><div><h2 class="title"></h2>
<p class="second"><span class="done"></span> <span class="first"></span> <span class="still"></span></p>
<p class="heard"></p></div>
<div class="join"><div><span class="says"></span><b class="code"></b></div>
<img class="qr" alt=""></div>
</div>
<div class="places"><table><caption class="heard">Who stands where, and with which net</caption>
<thead class="heard"><tr>
<th scope="col">Place</th><th scope="col">Who</th><th scope="col">Score</th><th scope="col">Net</th></tr></thead>
<tbody class="table"></tbody></table>
<button type="button" class="all"></button><p class="same"></p></div>
<div class="chart"><svg aria-hidden="true"></svg></div>
<div class="training"><h3>In training <span class="of"></span></h3><ul class="list"></ul>
<div class="legend" aria-hidden="true"><div><i></i><span></span></div>
<div><i class="filled"></i><span></span></div></div>
</div>
<details class="others"><summary></summary><ul></ul></details>
<button type="button" class="full">Full screen</button>
</section>
""",
    css=component_source("css", "class_board"),
    js=component_source("js", "class_board"),
)


def class_board(
    channel: Channel,
    own: dict[str, Any],
    *,
    key: str,
    may_see: Callable[[], bool],
    on_gone: Callable[[], None],
) -> None:
    """Draw the board, which goes on by itself.

    channel: of what all see: `pages.classroom.board_values.values`.
    own:     what is this screen's alone: "me", "wall", "look", "learning" (the colour of the small curves), and on a
             wall "code", "join" and "qr".
    may_see: whether the visitor still sits in the class; asked without a visitor.
    on_gone: called in a new run of the page when they do not.
    """
    broadcast.show(_component, channel, own, key=key, may_see=may_see, on_gone_change=on_gone)
