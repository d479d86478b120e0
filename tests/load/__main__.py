"""`python -m tests.load --students 30`: a lesson on a server of its own, on this machine alone; prints a table.

    --lockstep 30     a lecture: thirty open each page in the same second (--links: each by its link, in a new tab;
                      --times 3; --pages convolution,filters)
    --board 30        a class looks at its board while nets train: how soon all see what is new, and what it costs
    --hostile 1000    somebody who tries what breaks: so many hostile inputs through all doors (--seed 0; --doors class:
                      those of a class alone)
    --class 30        so many students in one class for --seconds 300, the server killed in the middle (--no-kill)
    --guess 10000     so many codes tried on the page Class, by new visitors from one address
    --cost 20         nobody else there: processor time of each page and each click, the median of so many
                      (--beside TREE: an older commit, asked in turns)
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
from tests.load import board, cost, guessing, in_class, lockstep
from tests.load.classroom import ADDRESSES, Plan, lesson, report
from tests.load.needs import table


def main() -> int:
    asked = vars(_parser().parse_args())
    if asked["plan"]:
        print(table())
        return 0
    with tempfile.TemporaryDirectory() as folder:
        environment = {"CONVSCOPE_DATA": f"{folder}/none"} if asked["sample"] else {}
        if asked["cost"]:
            print(cost.measured(Path(folder), asked["cost"], asked["beside"], _pages(asked)), flush=True)
            return 0
        if asked["hostile"]:
            return _siege(Path(folder), asked, environment)
        if asked["class"]:
            return _class(Path(folder), asked, environment)
        if asked["guess"]:
            with serving(Path(folder), is_for_many=True, **environment) as server:
                guesses = asyncio.run(guessing.guess(server, asked["guess"]))
            print(guessing.told(guesses), flush=True)
            return 0 if guesses.is_good else 1
        environment["CONVSCOPE_WARM"] = "1"
        with serving(Path(folder), is_for_many=True, **environment) as server:
            cost.wait_until_quiet(server)
            if asked["board"]:
                looking = asyncio.run(board.look(server, asked["board"]))
                print(board.told(looking), flush=True)
                return 0 if looking.is_good else 1
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
    parser.add_argument("--board", type=int, default=0, metavar="STUDENTS", help="a class at its board")
    parser.add_argument("--hostile", type=int, default=0, metavar="INPUTS", help="so many hostile inputs")
    parser.add_argument("--doors", default="", metavar="BEGINNING", help="with --hostile, some doors alone")
    parser.add_argument("--class", type=int, default=0, metavar="STUDENTS", help="so many in one class")
    parser.add_argument("--no-kill", action="store_true", help="with --class, the server is left alone")
    parser.add_argument("--guess", type=int, default=0, metavar="CODES", help="so many codes are guessed")
    parser.add_argument("--cost", type=int, default=0, metavar="TIMES", help="processor time, one by one")
    parser.add_argument(
        "--beside", type=Path, metavar="TREE", help="with --cost, another tree asked in turns"
    )
    parser.add_argument("--times", type=int, default=3, help="how often each page, in lockstep (3)")
    parser.add_argument("--links", action="store_true", help="in lockstep, each page in a new tab")
    parser.add_argument(
        "--pages", help="with --lockstep and --cost, some alone: convolution,filters; home is the first"
    )
    return parser


def _lesson(server: Server, asked: dict[str, Any]) -> tuple[str, bool]:
    plan = Plan(**{option.name: asked[option.name] for option in fields(Plan)})
    outcome = asyncio.run(lesson(server, plan))
    return report(plan, outcome), not (outcome.errors or outcome.lost or outcome.complaints)


def _lecture(server: Server, asked: dict[str, Any]) -> tuple[str, bool]:
    students, times = asked["lockstep"], asked["times"]
    said = asyncio.run(lockstep.lecture(server, students, times, asked["links"], _pages(asked)))
    return lockstep.told(said), not (said.errors or said.complaints)


def _pages(asked: dict[str, Any]) -> list[str] | None:
    """Addresses of the pages that were asked for; None is all."""
    if asked["pages"] is None:
        return None
    pages = ["" if name == "home" else name for name in asked["pages"].split(",")]
    if unknown := set(pages) - set(ADDRESSES):
        raise SystemExit(f"no such page: {', '.join(sorted(unknown))}. There are {', '.join(ADDRESSES)}.")
    return pages


def _class(folder: Path, asked: dict[str, Any], environment: dict[str, str]) -> int:
    plan = in_class.ClassPlan(
        students=asked["class"],
        seconds=asked["seconds"],
        think=asked["think"],
        kill=not asked["no_kill"],
        wait=asked["wait"],
        seed=asked["seed"],
    )
    outcome = in_class.in_class(plan, folder, CONVSCOPE_WARM="1", **environment)
    print(in_class.told(plan, outcome), flush=True)
    return 0 if outcome.is_good else 1


def _siege(folder: Path, asked: dict[str, Any], environment: dict[str, str]) -> int:
    from tests.load import hostile  # with it come the files of many a format

    home = folder / "home"
    home.mkdir()
    environment["CONVSCOPE_MAX_STUDENTS"] = "100000"  # all of them may come into one class
    with serving(folder / "served", HOME=str(home), TMPDIR=str(home), **environment) as server:
        siege = asyncio.run(
            hostile.besiege(server, asked["hostile"], asked["seed"], home, only=asked["doors"])
        )
        print(hostile.told(siege), flush=True)
        server.log.write_text("")  # its complaints are told
    return 0 if siege.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
