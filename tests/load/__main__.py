"""`python -m tests.load --students 30`: a lesson on a server of its own, on this machine alone; prints a table.

    --lockstep 30     a lecture: thirty open each page in the same second (--links: each by its link, in a new tab;
                      --times 3; --pages convolution,filters)
    --hostile 1000    somebody who tries what breaks: so many hostile inputs through all doors (--seed 0)
    --plan            starts nothing: prints what 30, 300 and 3,000 students need (`needs`)

It uses the images in CONVSCOPE_DATA; `--sample` takes those that need no download. Status 1 where somebody met an error
or work was lost. Seconds are for the reader: they are this machine's.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from dataclasses import fields
from pathlib import Path
from typing import Any

from tests.browser.conftest import Server, serving
from tests.load import lockstep
from tests.load.classroom import ADDRESSES, Plan, lesson, report
from tests.load.needs import table


def main() -> int:
    asked = vars(_parser().parse_args())
    if asked["plan"]:
        print(table())
        return 0
    with tempfile.TemporaryDirectory() as folder:
        environment = {"CONVSCOPE_DATA": f"{folder}/none"} if asked["sample"] else {}
        if asked["hostile"]:
            return _siege(Path(folder), asked, environment)
        with serving(Path(folder), **environment) as server:
            told, is_good = _lecture(server, asked) if asked["lockstep"] else _lesson(server, asked)
            print(told, flush=True)
    return 0 if is_good else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.load", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for option in fields(Plan):
        kind = type(option.default)
        parser.add_argument(f"--{option.name}", type=kind, default=option.default, help=f"({option.default})")
    parser.add_argument(
        "--plan", action="store_true", help="what 30, 300 and 3,000 students need; starts nothing"
    )
    parser.add_argument("--sample", action="store_true", help="without the full MNIST")
    parser.add_argument("--lockstep", type=int, default=0, metavar="STUDENTS", help="a lecture, not a lesson")
    parser.add_argument("--hostile", type=int, default=0, metavar="INPUTS", help="so many hostile inputs")
    parser.add_argument("--times", type=int, default=3, help="how often each page, in lockstep (3)")
    parser.add_argument("--links", action="store_true", help="in lockstep, each page in a new tab")
    parser.add_argument(
        "--pages", help="in lockstep, some pages alone: convolution,filters; home is the first"
    )
    return parser


def _lesson(server: Server, asked: dict[str, Any]) -> tuple[str, bool]:
    plan = Plan(**{option.name: asked[option.name] for option in fields(Plan)})
    outcome = asyncio.run(lesson(server, plan))
    return report(plan, outcome), not (outcome.errors or outcome.lost or outcome.complaints)


def _lecture(server: Server, asked: dict[str, Any]) -> tuple[str, bool]:
    pages = None
    if asked["pages"] is not None:
        pages = ["" if name == "home" else name for name in asked["pages"].split(",")]
        if unknown := set(pages) - set(ADDRESSES):
            raise SystemExit(f"no such page: {', '.join(sorted(unknown))}. There are {', '.join(ADDRESSES)}.")
    said = asyncio.run(lockstep.lecture(server, asked["lockstep"], asked["times"], asked["links"], pages))
    return lockstep.told(said), not (said.errors or said.complaints)


def _siege(folder: Path, asked: dict[str, Any], environment: dict[str, str]) -> int:
    from tests.load import hostile  # with it come the files of many a format

    home = folder / "home"
    home.mkdir()
    with serving(folder / "served", HOME=str(home), TMPDIR=str(home), **environment) as server:
        siege = asyncio.run(hostile.besiege(server, asked["hostile"], asked["seed"], home))
        print(hostile.told(siege), flush=True)
        server.log.write_text("")  # its complaints are told
    return 0 if siege.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
