"""`python -m tests.load --students 30`: a lesson on a server of its own, on this machine alone; prints a table.

It uses the images in CONVSCOPE_DATA; `--sample` trains on those that need no download. Status 1 if a figure of ours
is missed: pages answered in under a second (95 of 100), no error, no run lost.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from dataclasses import fields
from pathlib import Path

from tests.browser.conftest import serving
from tests.load.classroom import Plan, lesson, percentile, report

PAGE_P95 = 1.0  # seconds


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__)
    for option in fields(Plan):
        kind = type(option.default)
        parser.add_argument(f"--{option.name}", type=kind, default=option.default, help=f"({option.default})")
    parser.add_argument("--sample", action="store_true", help="without the full MNIST")
    asked = vars(parser.parse_args())
    sample, plan = asked.pop("sample"), Plan(**asked)
    with tempfile.TemporaryDirectory() as folder:
        environment = {"CONVSCOPE_DATA": f"{folder}/none"} if sample else {}
        with serving(Path(folder), **environment) as server:
            outcome = asyncio.run(lesson(server, plan))
            print(report(plan, outcome), flush=True)
    good = percentile(outcome.times("page"), 0.95) < PAGE_P95 and not (
        outcome.errors or outcome.lost or outcome.complaints
    )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
