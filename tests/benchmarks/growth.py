"""What grows: a store with many runs, and the memory of each kind of process."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import orjson

from cnn_core.model import PRESETS
from cnn_core.runs import RunStore
from cnn_core.training import RECIPES
from tests.benchmarks.keras_peer import KerasPeer
from tests.benchmarks.measure import Line, Plan, alternate, in_milliseconds

OWNER = "a visitor of the benchmark"
SHOWN = 50  # rows that a page shows at once
SERVER = "import streamlit.web.bootstrap, pages.ui.shell, pages.ui.sidebar, pages.ui.charts, pages.ui.sheets"
LOOKING = (
    SERVER
    + """
import plotly.graph_objects
from cnn_core.data import load_images
from cnn_core.insight import feature_maps, maximize_filters, strongest_examples
from cnn_core.pretrained import load_pretrained
net, _ = load_pretrained("lesson")
digits = load_images("mnist", "test").images
feature_maps(net, digits[0].float() / 255)
maximize_filters(net, "conv2d_3")
strongest_examples(net, digits[:2_000])"""
)
WORKER = "import torch; torch.set_num_threads(1); from cnn_core.runs.worker import warm_up; warm_up('.', 1)"
AT_WORK = (
    WORKER
    + """
from cnn_core.runs.worker import learning_images
from cnn_core.model import PRESETS, build
from cnn_core.training import RECIPES, train
images, validation = learning_images("mnist")
for event in train(build(PRESETS["lesson"]), images, RECIPES["lesson"], validation):
    if event.step >= 100:
        break"""
)
MEMORY = """
import sys
from pathlib import Path
status = Path("/proc/self/status").read_text()
print(int(status.split("VmRSS:")[1].split()[0]) / 1024, "torch" in sys.modules)"""


def lines(plan: Plan, _keras: KerasPeer | None) -> Iterator[Line]:
    """One line after the other, as they are measured."""
    yield from listing(plan)
    if Path("/proc/self/status").exists():
        yield from memory(plan)


def listing(plan: Plan) -> Iterator[Line]:
    """The newest 50 runs with name and state, while a visitor's runs become more; against reading them all."""
    with tempfile.TemporaryDirectory() as folder:
        store, made = RunStore(folder), 0
        for count in (10, 1_000) if plan.quick else (10, 1_000, 10_000):
            fill(store, made, count)
            made = count
            mine, theirs = alternate(lambda: shown(store, SHOWN), lambda: everything(store), 3)
            yield Line(
                "growth", f"listing {min(count, SHOWN)} of {count:,} runs", "ms",
                in_milliseconds(mine), in_milliseconds(theirs), "reading every run", most=500,
            )  # fmt: skip


def fill(store: RunStore, start: int, end: int) -> None:
    """Runs of one visitor, each finished as soon as it was asked for."""
    for seed in range(start, end):
        run_id = store.submit(PRESETS["lesson"], RECIPES["lesson"].replace(seed=seed), owner=OWNER)
        store.set_status(store.run(run_id), state="finished")
        for ticket in store.waiting():
            store.take(ticket)
        store.done(run_id)


def shown(store: RunStore, limit: int | None) -> list[tuple[str, str]]:
    return [(run.name, run.status.state) for run in store.runs(owner=OWNER, limit=limit)]


def everything(store: RunStore) -> list[tuple[float, str, str]]:
    """The obvious way: every folder, both files, sorted afterwards."""
    found = []
    for card in store.path.glob("*/run.json"):
        run, status = (
            orjson.loads(card.read_bytes()),
            orjson.loads(card.with_name("status.json").read_bytes()),
        )
        found.append((run["created"], run["name"], status["state"]))
    return sorted(found, reverse=True)[:SHOWN]


def memory(plan: Plan) -> Iterator[Line]:
    """Resident memory of a fresh process of each kind, beside one that has only imported torch."""
    torch_alone = tuple(resident("import torch")[0] for _ in range(plan.pick(1, 3)))
    base = max(torch_alone)
    kinds = (
        ("runner", "import cnn_core.runs.runner", None),
        ("server, before anybody looks inside a net", SERVER, None),
        ("server, after maps, filters and top-9", LOOKING, base + 250),
        ("worker, warm", WORKER, base + 300),
        ("worker, 100 steps into the lesson's run", AT_WORK, base + 300),
    )
    for name, source, most in kinds:
        found = [resident(source) for _ in torch_alone]
        torch_free = "" if any(has_torch for _, has_torch in found) else "no torch in it"
        yield Line(
            "growth", f"memory of the {name}", "MB", tuple(size for size, _ in found),
            torch_alone, "import torch alone", most=most and round(most), note=torch_free,
        )  # fmt: skip


def resident(source: str) -> tuple[float, bool]:
    """(MB resident, whether torch was imported) of a new process that has run `source`."""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", source + MEMORY], capture_output=True, text=True, check=True, cwd=root
    )
    size, has_torch = done.stdout.split()[-2:]
    return float(size), has_torch == "True"
