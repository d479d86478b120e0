"""`python -m tests.benchmarks`: how fast everything is, beside what people would otherwise use.

    python -m tests.benchmarks --quick            about a minute: small sizes, few turns, no crowds
    python -m tests.benchmarks                    under fifteen minutes; the figures of docs/measurements.md
    python -m tests.benchmarks --keras            also against Keras on TensorFlow, installed apart on first use
    python -m tests.benchmarks --json FILE        everything measured, as JSON
    python -m tests.benchmarks --report FILE      the same as a page with plots of what grows, in one HTML file
    python -m tests.benchmarks --only training    one theme
    python -m tests.benchmarks --only accuracy    whole trainings, three seeds; not done unless asked for

Full MNIST is taken from CONVSCOPE_DATA where it is there, otherwise the sample that comes with the packages.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterable
from contextlib import ExitStack, nullcontext
from importlib import import_module
from pathlib import Path
from statistics import median
from types import ModuleType
from unittest.mock import patch

import orjson

from cnn_core.machine import wait_briefly

os.environ.setdefault("CONVSCOPE_OFFLINE", "1")  # nothing is fetched in the middle of a measurement
wait_briefly()


def arguments() -> argparse.Namespace:
    from textwrap import dedent

    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description=dedent(__doc__ or ""),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="small sizes and few turns")
    parser.add_argument("--keras", action="store_true", help="compare with Keras on TensorFlow, too")
    parser.add_argument("--keras-python", metavar="PATH", help="an interpreter that has them already")
    parser.add_argument(
        "--threads", metavar="N", type=int, help="for torch and for Keras; all cores if not given"
    )
    parser.add_argument("--json", metavar="FILE", type=Path)
    parser.add_argument("--report", metavar="FILE", type=Path)
    parser.add_argument(
        "--only", choices=THEMES + ON_REQUEST, action="append", help="may be given several times"
    )
    return parser.parse_args()


# In the order of importance.
THEMES = ("pictures", "training", "busy", "first_step", "surgery", "pages", "beside", "growth", "phone")
# Servers are started anew, wait until heavy ones are at work, or have a browser before them.
NOT_QUICK = ("first_step", "beside", "phone")
ON_REQUEST = ("accuracy", "gpu")


def imported(themes: Iterable[str]) -> list[ModuleType]:
    """The modules of these themes, in a process that stays as a worker's is.

    Some of them import the dashboard's frame, which sets up memory and threads of its process as a server needs them.
    Networks learn in another process there, and here in this one. (Measured with these settings, two threads: of two
    equal trainings in turns every other one took 1.4 times as long, for its second thread was given the same arena of
    memory as the first, of two that there are.)
    """
    from pages.ui.frame import process

    with ExitStack() as stack:
        for name in ("keep_memory_together", "keep_few_primitives", "leave_processors_free"):
            stack.enter_context(patch.object(process, name))
        return [import_module(f"tests.benchmarks.{theme}") for theme in themes]


def main() -> int:
    import torch

    from tests.benchmarks.keras_peer import KerasPeer, environment
    from tests.benchmarks.measure import Plan
    from tests.benchmarks.report import as_json, machine, page, table

    asked = arguments()
    themes = imported(asked.only or [theme for theme in THEMES if not (asked.quick and theme in NOT_QUICK)])
    torch.set_num_threads(asked.threads or os.cpu_count() or 1)
    plan, found = Plan(quick=asked.quick), []
    python = asked.keras_python or (environment() if asked.keras else None)
    print(", ".join(f"{name} {value}" for name, value in machine().items() if value is not None), flush=True)
    took: dict[str, float] = {}
    with KerasPeer(python) if python else nullcontext() as keras:
        for theme in themes:
            began = last = time.monotonic()
            for line in theme.lines(plan, keras):
                found.append(line)
                times = f", {line.ratio:.3g} times {line.peer_name}" if line.ratio is not None else ""
                now = time.monotonic()
                print(
                    f"{line.name}: {median(line.ours):.4g} {line.unit}{times}; took {now - last:.1f} s",
                    flush=True,
                )
                last = now
            took[theme.__name__.rpartition(".")[2]] = time.monotonic() - began
    print("\ntook", ", ".join(f"{name} {seconds:.0f} s" for name, seconds in took.items()))
    print(f"load at the end {os.getloadavg()[0]:.1f}\n\n{table(found)}")
    if asked.json:
        asked.json.write_bytes(orjson.dumps(as_json(found, plan), option=orjson.OPT_INDENT_2))
    if asked.report:
        asked.report.write_text(page(found), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
