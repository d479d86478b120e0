"""What grows: time and memory with images, parameters, filters, snapshots, runs in the store, and visitors."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import orjson

from cnn_core.data import load_images
from cnn_core.insight import maximize_filters
from cnn_core.model import PRESETS, ModelSpec, build, summarize
from cnn_core.runs import RunStore
from cnn_core.training import RECIPES, load_model, save_model, train
from tests.benchmarks import peers
from tests.benchmarks.keras_peer import KerasPeer
from tests.benchmarks.measure import Line, Plan, alternate, in_milliseconds, repeat
from tests.browser.conftest import serving
from tests.load.classroom import Plan as ClassPlan
from tests.load.classroom import lesson, percentile

ONE_EPOCH = RECIPES["lesson"].replace(epochs=1)
PROC_TELLS = Path("/proc/self/status").exists()
OWNER = "a visitor of the benchmark"
LESSON_SECONDS = {1: 15.0, 10: 15.0, 30: 30.0}  # of a class of so many
SHOWN = 50  # rows that a page shows at once
SERVER = (
    "import streamlit.web.bootstrap, pages.ui.frame.shell, pages.ui.forms.sidebar, pages.ui.drawing.figure, "
    "pages.ui.drawing.sheets"
)
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
WORKER = (
    "import torch; torch.set_num_threads(1); from cnn_core.runs.jobs.worker import warm_up; warm_up('.', 1)"
)
AT_WORK = (
    WORKER
    + """
from cnn_core.runs.jobs.training_job import learning_images
from cnn_core.model import PRESETS, build
from cnn_core.training import RECIPES, train
images, validation = learning_images("mnist")
images = images.take({count})
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
    yield from images(plan)
    yield from parameters(plan)
    yield from filters(plan)
    yield from snapshots(plan)
    if PROC_TELLS and not plan.quick:
        yield from memory()
        yield from visitors()


def images(plan: Plan) -> Iterator[Line]:
    """An epoch of the lesson's recipe, and the memory of a worker in it, while the images become more."""
    data = load_images("mnist", "train")
    begun = data.take(500)
    for count in (500, 2_000) if plan.quick else (1_000, 4_000, 15_000, 60_000):
        few = data.take(min(count, len(data)))
        net = build(PRESETS["lesson"])
        mine, theirs = alternate(
            lambda: list(train(net, few, ONE_EPOCH)),  # noqa: B023  called at once
            lambda: peers.tutorial_training(few),  # noqa: B023
            1,
            first=[lambda: list(train(net, begun, ONE_EPOCH)), lambda: peers.tutorial_training(begun)],  # noqa: B023
        )
        yield Line(
            "growth", f"an epoch of {len(few):,} images", "s", mine, theirs, "DataLoader, ToTensor, float32",
            curve="images", at=len(few),
        )  # fmt: skip
        if PROC_TELLS and not plan.quick:
            used = resident(AT_WORK.format(count=len(few)))[0]
            yield Line(
                "growth", f"memory of a worker with {len(few):,} images", "MB", (used,), curve="images", at=len(few)
            )  # fmt: skip


def parameters(plan: Plan) -> Iterator[Line]:
    """One optimizer step of 64 images, while the lesson's net becomes wider."""
    data = load_images("mnist", "train").take(640)
    for width in (0.25, 1) if plan.quick else (0.25, 0.5, 1, 2, 4):
        spec = widened(PRESETS["lesson"], width)
        size = sum(row.parameters for row in summarize(spec))
        net = build(spec)
        times = repeat(lambda: list(train(net, data, ONE_EPOCH)), plan.rounds)  # noqa: B023
        steps = tuple(1e3 * one / 10 for one in times)
        yield Line(
            "growth", f"a step of 64 images, {size:,} parameters", "ms", steps, curve="parameters", at=size
        )


def widened(spec: ModelSpec, width: float) -> ModelSpec:
    """The same design with so many times the filters and units, but for the last layer's."""
    design = spec.to_dict()
    for layer in design["layers"][:-1]:
        for count in ("filters", "units"):
            if count in layer:
                layer[count] = max(1, round(width * layer[count]))
    return ModelSpec.from_dict(design)


def filters(plan: Plan) -> Iterator[Line]:
    """The pictures of so many filters of one layer, 40 steps in the lesson's recipe."""
    for count in (8, 32) if plan.quick else (8, 32, 128, 512):
        design = PRESETS["lesson"].to_dict()
        design["layers"][2]["filters"] = count
        net = build(ModelSpec.from_dict(design))
        times = repeat(lambda: maximize_filters(net, "conv2d_2", recipe="lesson"), min(plan.rounds, 3))  # noqa: B023
        yield Line("growth", f"pictures of {count} filters", "s", times, curve="filters", at=count)


def snapshots(plan: Plan) -> Iterator[Line]:
    """Finding one moment of a run among its snapshots, and reading its weights."""
    net, spec = build(PRESETS["tiny"]), PRESETS["tiny"]
    with tempfile.TemporaryDirectory() as folder:
        store = RunStore(folder)
        run = store.run(store.submit(spec, ONE_EPOCH, owner=OWNER))
        made = 0
        for count in (10, 100) if plan.quick else (10, 100, 1_000):
            for step in range(made, count):
                save_model(run.folder / "snapshots" / f"step_{step:08d}_epoch_0.0000.safetensors", net, spec)
            made = count
            times = repeat(lambda: load_model(run.snapshots()[made // 2].path), plan.rounds)  # noqa: B023
            yield Line(
                "growth", f"one of {count:,} snapshots, found and read", "ms", in_milliseconds(times),
                curve="snapshots", at=count,
            )  # fmt: skip


def visitors() -> Iterator[Line]:
    """Classes that click through all pages, a few of them training: what 95 of 100 pages take at most, and memory.

    One server has them one after the other, a larger one each time; what a class leaves in its memory stays there.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, serving(Path(folder)) as server:
        for count, seconds in LESSON_SECONDS.items():
            trains = min(2, count)
            how = ClassPlan(
                students=count,
                training=trains,
                watching=min(4, count - trains),
                seconds=seconds,
                wait=0.0,
            )
            outcome = asyncio.run(lesson(server, how, is_first=count == 1))
            if outcome.errors:
                raise RuntimeError(f"a class of {count}: {outcome.errors[0]}")
            slow = percentile(outcome.times("page"), 0.95)
            yield Line(
                "growth", f"95 of 100 pages, {count} visitors", "ms", in_milliseconds((slow,)),
                most=1_000 if count == 30 else None, curve="visitors", at=count,
            )  # fmt: skip
            used = outcome.memory["server"] / 1e6
            yield Line(
                "growth", f"memory of the server, {count} visitors", "MB", (used,), curve="visitors", at=count
            )


def listing(plan: Plan) -> Iterator[Line]:
    """The newest 50 runs with name and state, while a visitor's runs become more; against reading them all."""
    with tempfile.TemporaryDirectory() as folder:
        store, made = RunStore(folder), 0
        for count in (10, 1_000) if plan.quick else (10, 200, 2_000):
            fill(store, made, count)
            made = count
            mine, theirs = alternate(
                lambda: shown(store, SHOWN), lambda: everything(store), min(plan.rounds, 3)
            )
            yield Line(
                "growth", f"listing {min(count, SHOWN)} of {count:,} runs", "ms",
                in_milliseconds(mine), in_milliseconds(theirs), "reading every run", most=100,
                curve="runs in the store", at=count,
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


def memory() -> Iterator[Line]:
    """Resident memory of a new process of each kind, beside one that only imports torch. Once: it varies little."""
    base, _ = resident("import torch")
    kinds = (
        ("runner", "import cnn_core.runs.jobs.runner", None),
        ("server, before anybody looks inside a net", SERVER, None),
        ("server, after maps, filters and top-9", LOOKING, base + 250),
        ("worker, warm", WORKER, base + 300),
        ("worker, 100 steps into the lesson's run", AT_WORK.format(count=60_000), base + 300),
    )
    for name, source, most in kinds:
        size, has_torch = resident(source)
        torch_free = "" if has_torch else "no torch in it"
        yield Line(
            "growth", f"memory of the {name}", "MB", (size,),
            (base,), "import torch alone", most=most and round(most), note=torch_free,
        )  # fmt: skip


@cache
def resident(source: str) -> tuple[float, bool]:
    """(MB resident, whether torch was imported) of a new process that has run `source`."""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", source + MEMORY], capture_output=True, text=True, check=True, cwd=root
    )
    size, has_torch = done.stdout.split()[-2:]
    return float(size), has_torch == "True"
