"""No link makes an error page: thousands of things can stand behind a "=", and each page is asked with many of them.

Hypothesis draws, always the same, and makes a failure as small as it can; the whole file takes a minute or two.
"""

import ast
import json
import random
import re
import zlib
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnn_core.errors import StudentError
from cnn_core.model import PRESETS, links
from cnn_core.model.draft_edits import readable
from pages.filters.asking import SWITCHES
from pages.ui.frame.shell import PAGES
from pages.ui.wording.blocks import plain
from tests.pages.app import OWNER, kept_run

ROOT = Path(__file__).parents[2]
BY_LOT = settings(derandomize=True, deadline=None, database=None)
OLD = {  # what links of earlier versions say
    "convolution": ("convolution_tab", "convolution_kernel", "convolution_stride", "convolution_padding"),
    "runs": ("runs_view",),
}


def parameters() -> dict[str, set[str]]:
    """{page: what its address may say}, as docs/addresses.md has it; "every page" is one of the pages."""
    rows = re.findall(
        r"^\| ([a-z_ ]+?)(?:, [^|]*)? \| (.*) \|$", (ROOT / "docs/addresses.md").read_text("utf-8"), re.M
    )
    found: dict[str, set[str]] = {page: set(names) for page, names in OLD.items()}
    for page, said in rows:
        found.setdefault(page, set()).update(re.findall(r"`([a-z0-9_]+)`", said))
    return found


PARAMETERS = parameters()
LIKELY = [  # what is right on some page, and wrong on the others
    "on", "off", "own", "lesson", "same", "2", "7", "40", "pooling", "robust", "1_0_-1_2_0_-2_1_0_-1", "parts.8",
    "turn-45_zoom-0.2", "wide-300", "4.9", "999.999", "lesson~mlp~AAAAAAAAAAA", "sgd", "0.01", "conv2d_2", "untrained",
    "pooling.share", "feature_map", "wall", "five-kernels",
]  # fmt: skip
ODD = [
    "", " ", "0", "-1", "1e308", "NaN", "9" * 400, "²", "None", "true", "[]", "{}", "\0", "\x1b[31m", "\u202eabc",
    "\ud800", "%", "%00", "../../etc/passwd", "conv2d_1.0", "conv2d_99.3", "conv2d_1.-1", "conv2d_1.0.0.0",
    "http://evil.example", "<img src=x onerror=alert(1)>", "'; DROP TABLE runs; --", "$x^2$", ":red[x]", "x" * 3_000,
    "👩‍👩‍👧", "pretrained:", "pretrained:lesson", "pretrained:nobody", "run:", "run:../../x", "run::::", "design",
    "design:1.", "own:", "own:../x", "own:AAAAAAAA",
]  # fmt: skip


def written(design: object) -> str:
    """A link of anything JSON can spell, half characters included; `links.encode` would refuse those."""
    text = json.dumps(design).encode()
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zlib.Z_DEFAULT_STRATEGY, links._VOCABULARY)
    packed = zlib.crc32(text).to_bytes(4, "big") + deflate.compress(text) + deflate.flush()
    return "1." + urlsafe_b64encode(packed).rstrip(b"=").decode()


def spoilt(draw: random.Random) -> object:
    """A design with one to three of its values replaced by something else."""
    design = json.loads(json.dumps(PRESETS[draw.choice(sorted(PRESETS))].to_dict()))
    for _ in range(draw.randint(1, 3)):
        place = draw.choice([design, *design["layers"]]) if isinstance(design.get("layers"), list) else design
        if not isinstance(place, dict):
            continue
        key = draw.choice([*place, "new", "\ud800", draw.choice(ODD)])
        place[key] = draw.choice(
            [*ODD, None, True, 0, -1, 2**70, 1.5, 1e308, [], {}, [1, 28, 28], [[]], {"a": 1}]
        )
    return design


def test_a_design_in_a_link_is_read_or_refused_in_words_that_can_be_sent():
    drawn, refusals = [], []

    @settings(BY_LOT, max_examples=1_000)
    @given(st.randoms())
    def read(draw: random.Random) -> None:
        drawn.append(draw)
        try:
            design = readable(links.decode(written(spoilt(draw))))
        except StudentError as error:
            refusals.append(str(error))
        else:
            json.dumps(design, ensure_ascii=False).encode()
            plain(str(design.get("name", ""))).encode()

    read()
    assert all(len(sentence.encode()) < 800 for sentence in refusals)
    assert len(drawn) / 10 < len(refusals) < len(drawn)


@pytest.mark.parametrize("place", ["name", "layer"])
def test_half_a_character_in_a_design_s_link_is_a_sentence_and_no_error_page(app, place):
    design = PRESETS["tiny"].to_dict()
    if place == "name":
        design["name"] = "\ud800"
    else:
        design["layers"][0]["\ud800"] = 1
    app.query_params["design"] = written(design)
    app.run()
    assert not app.exception
    assert any("cannot be read" in element.value for element in app.sidebar.markdown)


def values(name: str, draw: random.Random) -> str:
    if name == "design" and draw.random() < 0.7:
        return written(spoilt(draw))
    if draw.random() < 0.4:
        return draw.choice(LIKELY)
    return draw.choice(ODD) + (chr(draw.randrange(1, 0xD800)) if draw.random() < 0.3 else "")


@pytest.mark.parametrize("file", [page.file for page in PAGES])
def test_whatever_its_address_says_a_page_is_drawn(app, no_runner, file):
    run_id = kept_run(PRESETS["tiny"])
    page = next(entry.url_path or "home" for entry in PAGES if entry.file == file)
    names = sorted(PARAMETERS["every page"] | PARAMETERS.get(page, set()))

    @settings(BY_LOT, max_examples=8)
    @given(st.randoms())
    def open_it(draw: random.Random) -> None:
        said = {name: values(name, draw) for name in names if draw.random() < 0.7}
        if draw.random() < 0.3:
            said["net"] = f"run:{run_id}" + draw.choice(["", ":best", ":7", ":\ud800", ":last:last", "\0"])
        fresh = type(app).from_file(str(ROOT / "dashboard.py"), default_timeout=30)
        fresh.session_state["visitor"] = OWNER
        for name, value in said.items():  # as a browser sends it: an address holds no half character
            fresh.query_params[name] = value.encode(errors="replace").decode()
        fresh.run()
        assert not fresh.exception, said
        fresh.switch_page(file).run()
        assert not fresh.exception, said

    open_it()


ASKS = {
    "address.asked",
    "_named",
    *(f"address.{kind}" for kind in ("Part", "one_of", "whole", "decimal", "switch")),
}


def test_what_a_page_reads_of_its_address_is_in_the_table_and_nothing_else():
    asked = set()
    for path in [*ROOT.glob("pages/*.py"), *ROOT.glob("pages/*/*.py"), *ROOT.glob("pages/ui/*/*.py")]:
        tree = ast.parse(path.read_text("utf-8"))
        constants = _texts_of(tree)
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            given = {keyword.arg: keyword.value for keyword in call.keywords}
            is_bound = isinstance(bind := given.get("bind"), ast.Constant) and bind.value == "query-params"
            if is_bound or ast.unparse(call.func) in ASKS:
                key = given["key"] if is_bound else call.args[0]
                text = key.value if isinstance(key, ast.Constant) else constants.get(ast.unparse(key))
                asked |= {text} if text else set()  # of a function's argument: where that is called
            asked |= (
                {given["before"].value} if ast.unparse(call.func) in ASKS and "before" in given else set()
            )
    asked |= {"leak", "jitter", "blur", "clamp", "rescue"} & set(SWITCHES)  # named in a loop
    read_by_hand = {"dream", "step", "scene", "preview", "key"}
    assert asked | read_by_hand == set().union(*PARAMETERS.values())


def _texts_of(tree: ast.Module) -> dict[str, str]:
    """{constant: its text} of a module's first level."""
    found = {}
    for node in tree.body:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                names = target.elts if isinstance(target, ast.Tuple) else [target]
                texts = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
                for name, text in zip(names, texts, strict=False):
                    if isinstance(name, ast.Name) and isinstance(text, ast.Constant):
                        found[name.id] = text.value
    return found
