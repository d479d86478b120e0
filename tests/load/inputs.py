"""Hostile inputs for every door of a running server, by lot: links, texts, widgets, components, files, the protocol.

Each is a name and something that an attacker does in a tab of their own. The same seed, the same inputs.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import secrets
from collections.abc import Awaitable, Callable
from functools import cache
from typing import NamedTuple

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.WidgetStates_pb2 import WidgetState

from tests.core import hostile_keras, hostile_networks
from tests.core.test_own_files import CSVS, PHOTOS, ZIPS
from tests.core.test_picture_bounds import gif, png_head
from tests.load.classroom import ADDRESSES
from tests.load.student import Student
from tests.pages.test_links_fuzzed import ODD, PARAMETERS, values

Do = Callable[[Student], Awaitable[None]]
SENDABLE = [text for text in ODD if text != "\ud800"]  # a browser sends no half characters
NAMES = [
    "../../escaped.png",
    "/etc/passwd",
    "a\0b.png",
    "C:\\x.png",
    "x" * 300 + ".png",
    "<b>x</b>.png",
    ".png",
    "\u202egnp.x",
]


class Input(NamedTuple):
    """door: "link", "text", ...; name: what is done there, for a report."""

    door: str
    name: str
    do: Do


def inputs(count: int, seed: int = 0, each_door: bool = False, only: str = "") -> list[Input]:
    """So many, over all doors, the usual doors more often; or, with `each_door`, every door in turn.

    only: doors that begin so; "" is all.
    """
    dice = random.Random(seed)
    chosen = {door: weight for door, (weight, _) in DOORS.items() if door.startswith(only)}
    in_turn = list(itertools.islice(itertools.cycle(chosen), count))
    doors = in_turn if each_door else dice.choices(list(chosen), list(chosen.values()), k=count)
    return [
        DOORS[door][1](random.Random(f"{seed}/{number}"))._replace(door=door)
        for number, door in enumerate(doors)
    ]


# ---------------------------------------------------------------- the address


def _link(dice: random.Random) -> Input:
    page = dice.choice(ADDRESSES)
    names = (
        "net",
        "design",
        *sorted(PARAMETERS.get(page or "home", ())),
        *dice.sample(("embed", "embed_options", "x", "run"), 1),
    )
    said = {
        name: values(name, dice).encode(errors="replace").decode() for name in names if dice.random() < 0.7
    }

    async def do(student: Student) -> None:
        await student.open(page, **said)

    return Input("", f"{page}: {str(said)[:300]}", do)


def _no_page(dice: random.Random) -> Input:
    page = dice.choice(["../x", "nowhere", "train/../..", "\x00", "x" * 2_000, "%2e%2e"])

    async def do(student: Student) -> None:
        answer = await student.open(page)
        answer.errors = [error for error in answer.errors if error != "page not found"]  # the right answer

    return Input("", repr(page[:40]), do)


# ---------------------------------------------------------------- widgets


def _text(dice: random.Random) -> Input:
    page, text, number = dice.choice(ADDRESSES), dice.choice(SENDABLE), dice.randrange(1000)

    async def do(student: Student) -> None:
        await student.open(page)
        fields = [w for w in student.widgets.values() if w.kind in ("text_input", "text_area")]
        if fields:
            field = fields[number % len(fields)]
            await student.send(WidgetState(id=field.element.id, string_value=text))

    return Input("", f"{page}: {text[:60]!r}", do)


def _anything(dice: random.Random, widget_id: str) -> WidgetState:
    """A value of one of the types that the protocol knows, whatever the widget is."""
    state = WidgetState(id=widget_id)
    text, number = dice.choice(SENDABLE), dice.choice([0, -1, 2**52, -(2**52), 7])
    kind = dice.choice(
        [
            "bool",
            "double",
            "int",
            "string",
            "doubles",
            "ints",
            "strings",
            "json",
            "bytes",
            "trigger",
            "text trigger",
        ]
    )
    if kind == "bool":
        state.bool_value = True
    elif kind == "double":
        state.double_value = dice.choice([float("nan"), float("inf"), -1e308, 0.5])
    elif kind == "int":
        state.int_value = number
    elif kind == "string":
        state.string_value = text
    elif kind == "doubles":
        state.double_array_value.data.extend([float("nan")] * dice.choice([0, 1, 3, 1000]))
    elif kind == "ints":
        state.int_array_value.data.extend([number] * dice.choice([0, 1, 3, 1000]))
    elif kind == "strings":
        state.string_array_value.data.extend([text] * dice.choice([0, 1, 3, 200]))
    elif kind == "json":
        state.json_value = _odd_json(dice)
    elif kind == "bytes":
        state.bytes_value = b"\xff\x00" * 50
    elif kind == "trigger":
        state.trigger_value = True
    else:
        state.string_trigger_value.data = text
    return state


def _odd_json(dice: random.Random) -> str:
    return dice.choice(
        ["", "{", "null", "[]", "{}", "1e999", "NaN", '"\\ud800"', "[" * 5_000, '{"pixels": 3}', '{"pixels": [1, "x"]}',
         '{"pixels": ' + str([256] * 784) + "}", '{"pixels": ' + str([0.5] * 784) + "}", '{"waiting": [[1, 0, []]]}',
         '{"waiting": [[9007199254740993, 99, ' + str([9] * 784) + "]]}", '{"waiting": {"a": 1}}', '{"clicked": -1}',
         '{"clicked": "x"}', '{"value": [1e308, null]}', '{"order": [0, 0, 0]}', '{"a": ' * 900 + "1" + "}" * 900,
         '{"other": "' + "A" * 22 + '"}', '{"layers": [[]]}', '{"__proto__": 1}', '"' + "x" * 100_000 + '"']
    )  # fmt: skip


def _widget(dice: random.Random) -> Input:
    page, chosen = dice.choice(ADDRESSES), random.Random(dice.random())

    async def do(student: Student) -> None:
        await student.open(page)
        for widget_id in chosen.sample(sorted(student.widgets), min(3, len(student.widgets))):
            if widget_id in student.widgets:  # the page may be another by now
                await student.send(_anything(chosen, widget_id))
        await student.turn_to(page)  # and the tab goes on

    return Input("", page, do)


def _component(dice: random.Random) -> Input:
    page, chosen = dice.choice(ADDRESSES), random.Random(dice.random())

    async def do(student: Student) -> None:
        await student.open(page)
        parts = sorted(w.element.id for w in student.widgets.values() if w.kind == "bidi_component")
        for widget_id in chosen.sample(parts, min(2, len(parts))):
            if widget_id not in student.widgets:
                continue
            state = WidgetState(id=widget_id)
            if chosen.random() < 0.3:
                state.json_trigger_value = _odd_json(chosen)
            else:
                state.json_value = _odd_json(chosen)
            await student.send(state)
        await student.turn_to(page)

    return Input("", page, do)


# ---------------------------------------------------------------- files


@cache
def _pictures() -> dict[str, bytes]:
    return PHOTOS | {
        "49 million pixels of 16 bits": png_head(7000, 7000),
        "a strip of 50 million": png_head(1, 49_999_999),
        "a gif of 49 million": gif(7000, 7000),
        "a gif of 12 million": gif(4000, 3000),
        "a jpeg of a thousand scans": b"\xff\xd8\xff" + b"\xff\xda" * 1000,
    }


def _named(dice: random.Random, name: str) -> str:
    return dice.choice(NAMES) if dice.random() < 0.3 else name


def _picture(dice: random.Random) -> Input:
    what = dice.choice(sorted(_pictures()))
    content, name = _pictures()[what], _named(dice, "x.png")
    page = dice.choice(("feature_maps", "deep_dream", "convolution", "augmentation", "evaluate"))

    async def do(student: Student) -> None:
        await student.open(page)
        for label in ("Upload", "Your own photo", "Your photo", "A cat’s face"):
            for widget in [w for w in student.choices() if w.kind == "button_group"]:
                options = [option.content for option in widget.element.options]
                if label in options:
                    await student.choose(widget, options.index(label))
        for widget in [w for w in student.widgets.values() if w.kind in ("file_uploader", "camera_input")]:
            if widget.element.id in student.widgets:
                await student.upload(widget.key, [(name, content)])
                await student.turn_to(page)

    return Input("", f"{page}: {what}, {name[:40]!r}", do)


def _own_data(dice: random.Random) -> Input:
    kind, table = dice.choice([("png", PHOTOS), ("zip", ZIPS), ("csv", CSVS)])
    what = dice.choice(sorted(table))
    content, name = table[what], _named(dice, f"x.{kind}")
    if "MB" in what or "million" in what:
        name = f"x.{kind}"

    async def do(student: Student) -> None:
        await student.open("my_data")
        for way in [w for w in student.choices() if w.kind == "button_group"]:
            options = [option.content for option in way.element.options]
            if "Upload" in options:
                await student.choose(way, options.index("Upload"))
        places = [w for w in student.widgets.values() if w.kind == "file_uploader"]
        for widget in places[:2]:
            if widget.element.id in student.widgets:  # a place that was used is replaced by another
                await student.upload(widget.key, [(name, content)])

    return Input("", f"{kind}: {what}, {name[:40]!r}", do)


@cache
def _networks() -> dict[str, tuple[str, bytes]]:
    keras = {
        what: (name, make() if callable(make) else make)
        for what, (name, make, _) in hostile_keras.FILES.items()
    }
    made = {what: (name, content) for what, (name, content) in keras.items() if isinstance(content, bytes)}
    return {**hostile_networks.hostile(), **made}


def _network(dice: random.Random) -> Input:
    what = dice.choice(sorted(_networks()))
    name, content = _networks()[what]
    name = _named(dice, name)

    async def do(student: Student) -> None:
        await student.open("open_network")
        for widget in [w for w in student.widgets.values() if w.kind == "file_uploader"][:1]:
            await student.upload(widget.key, [(name, content)])
            await student.think(1.0)

    return Input("", f"{what}, {name[:40]!r}", do)


# ---------------------------------------------------------------- beside the pages


def _protocol(dice: random.Random) -> Input:
    number = dice.randrange(8)

    async def do(student: Student) -> None:
        await student.open()
        if number == 0:  # bytes that are no message
            await student.say(secrets.token_bytes(300))
        elif number == 1:
            await student.say(b"\xff" * 1_000_000)
        elif number == 2:  # a page of another app, and a fragment that is not there
            message = BackMsg()
            message.rerun_script.page_script_hash, message.rerun_script.fragment_id = "0" * 32, "nothing"
            await student.throw(
                message.SerializeToString()
            )  # Streamlit refuses it with a line in its log alone
        elif number == 3:
            message = BackMsg()
            message.rerun_script.query_string = "net=" + "%F0%9F" * 3_000
            await student.say(message.SerializeToString())
        elif number == 4:  # files that nobody asked for
            for name in NAMES[:4]:
                await asyncio.to_thread(student.put, secrets.token_hex(8), name, b"x" * 1000)
        elif number == 5:
            await asyncio.to_thread(student.put, "../../../escaped", "x.png", b"x")
        elif number == 6:  # page upon page that nobody reads
            for _ in range(200):
                await student.throw(BackMsg(rerun_script=ClientState()).SerializeToString())
                await asyncio.sleep(0.01)
            student.drop()
            return
        else:
            message = BackMsg()
            message.rerun_script.widget_states.widgets.add(id="$$ID-nothing-None", string_value="x")
            await student.say(message.SerializeToString())
        await student.turn_to("")  # the tab goes on, unless it was hung up on

    return Input("", str(number), do)


# ---------------------------------------------------------------- a class

CODES = [
    "",
    " ",
    "KRT-BDW",
    "BBBBBB",
    "krtbdw'; --",
    "../../of",
    "\u202eKRTBDW",
    "ＫＲＴＢＤＷ",
    "A" * 5_000,
    "\0" * 6,
]
VIEWS = ("board", "questions", "digits", "homework", "class")
PEOPLE = [
    "",
    "Ada",
    "=1+1",
    "<img src=x onerror=alert(1)>",
    "[a](javascript:alert(1))",
    "\u202enoitcerid",
    "x" * 5_000,
    "e" + "\u0301" * 200,
    "..",
    "../../of/x",
    "\n\n# heading",
    "$\\frac{1}{0}$",
]


def _class_door(dice: random.Random) -> Input:
    code, name, by_link = (
        dice.choice([*CODES, *SENDABLE]),
        dice.choice([*PEOPLE, *SENDABLE]),
        dice.random() < 0.5,
    )
    key = dice.choice([None, 3, "x" * 9_000, "0123456789abcdef.nothing", {"a": 1}, "../../x.y"])

    async def do(student: Student) -> None:
        await student.open("classroom", **({"join": code, "view": name} if by_link else {}))
        student.fill("class_code", code)
        student.fill("class_my_name", name)
        await student.submit("class_join")
        for widget in [w for w in student.widgets.values() if w.key == "class_key"]:
            await student.trigger(widget, "key", key)
        await student.turn_to("classroom")

    return Input("", f"{code[:40]!r}, {name[:40]!r}, {key!r:.40}", do)


async def _sits(student: Student, name: str, view: str) -> None:
    await student.open("classroom", join=student.code, view=view)
    student.fill("class_my_name", name)
    await student.submit("class_join")
    student.address["view"] = view
    await student.turn_to("classroom")


def _class_widget(dice: random.Random) -> Input:
    view, chosen = dice.choice(VIEWS), random.Random(dice.random())
    name = f"{dice.randrange(10**6)}{dice.choice(PEOPLE)}"  # one that nobody has yet

    async def do(student: Student) -> None:
        await _sits(student, name, view)
        for _ in range(4):
            here = sorted(w.element.id for w in student.widgets.values() if w.in_body)
            if not here:
                return
            widget = student.widgets[chosen.choice(here)]
            if widget.kind == "button" and chosen.random() < 0.7:
                await student.send(WidgetState(id=widget.element.id, trigger_value=True))
            elif widget.kind == "bidi_component" and chosen.random() < 0.7:
                event = chosen.choice(["key", "clicked", "woken", "value", "pixels", "open", ""])
                await student.trigger(
                    widget, event, chosen.choice([None, -1, "x" * 9_000, [[1e308]], {"a": {}}])
                )
            else:
                await student.send(_anything(chosen, widget.element.id))
        await student.turn_to("classroom")

    return Input("", f"{view}: {name[:40]!r}", do)


def _class_drawing(dice: random.Random) -> Input:
    view, odd = dice.choice(("digits", "questions", "homework")), _odd_json(dice)

    async def do(student: Student) -> None:
        await _sits(student, "", view)
        for widget in [w for w in student.widgets.values() if w.kind == "bidi_component" and w.in_body][:3]:
            if widget.element.id in student.widgets:
                await student.send(WidgetState(id=widget.element.id, json_value=odd))
        await student.turn_to("classroom")

    return Input("", f"{view}: {odd[:60]}", do)


DOORS: dict[str, tuple[int, Callable[[random.Random], Input]]] = {  # door -> how often, what comes through it
    "link": (26, _link),
    "no page": (2, _no_page),
    "text": (10, _text),
    "widget": (20, _widget),
    "component": (12, _component),
    "picture": (12, _picture),
    "own data": (9, _own_data),
    "network": (6, _network),
    "protocol": (3, _protocol),
    "class door": (8, _class_door),
    "class widget": (10, _class_widget),
    "class drawing": (4, _class_drawing),
}
