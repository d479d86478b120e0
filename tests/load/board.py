"""A class at its board: students look at it while the nets of some of them train; how soon all see what is new.

The trainings are written down as workers write them, for their own work is not what is measured: a validation of each
every half second, and now and then one that has finished.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import psutil

from cnn_core.classroom import Classes
from cnn_core.model import PRESETS
from cnn_core.owners import owner_of
from cnn_core.runs import RunStore, Status, submission
from cnn_core.runs.files import write_json
from cnn_core.runs.status import change_status
from cnn_core.training import TrainSpec
from tests.browser.conftest import COMPLAINTS, Server
from tests.load.classroom import percentile
from tests.load.student import Student

SECONDS, CALM = 30.0, 10.0  # of looking while nets train, and while nothing happens
STEP = 0.5  # seconds between two lines of a training, as workers write them
FINISHES = 2.0  # seconds between two nets that finish
STEPS = 2_000
_LEARNT = {
    "portions": [{"dataset": "mnist", "source": "complete", "count": 55_000, "kept_aside": 5_000}],
    "is_known": True,
}


@dataclass
class Looking:
    """What came of it.

    late:  for each net that finished and each screen: seconds until it was there.
    work:  processor seconds of the server, in `seconds` of looking.
    calm:  the same while nothing happened.
    sent:  messages, and bytes of them, to one screen.
    missing: pairs of a net that finished and a screen where it never came.
    """

    screens: int
    training: int
    seconds: float = 0.0
    late: list[float] = field(default_factory=list)
    work: float = 0.0
    calm: float = 0.0
    sent: tuple[int, int] = (0, 0)
    missing: int = 0
    errors: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Whether everybody saw everything."""
        return not (self.missing or self.errors or self.complaints)


class Training:
    """A run of a member, written from outside."""

    def __init__(self, store: RunStore, token: str, seed: int) -> None:
        owner = owner_of(token)
        wish = submission.training(PRESETS["lesson"], TrainSpec(epochs=5, seed=seed), "mnist", None)
        store._visitors.make_folders(owner)
        self.run = submission.create_run(store.path, wish.card, owner, Status(epochs=5))
        store._visitors.add_run(owner, self.run.id)
        write_json(self.run.folder / "learnt_from.json", _LEARNT)
        self.step = 0

    def go_on(self) -> None:
        """A validation more."""
        self.step = min(STEPS - 1, self.step + 17)
        share = self.step / STEPS
        line = {
            "kind": "validated",
            "step": self.step,
            "epoch": 5 * share,
            "loss": 0.1,
            "accuracy": 0.9 + 0.08 * share,
        }
        with (self.run.folder / "events.jsonl").open("ab") as file:
            file.write(orjson.dumps(line) + b"\n")
        change_status(
            self.run.folder, state="running", step=self.step, steps=STEPS, epoch=5 * share, seconds=share * 60
        )

    def finish(self) -> None:
        """It is done, and tested."""
        result = {"accuracy": 0.985, "loss": 0.05, "count": 10_000, "is_sample": False, "seen": 0}
        change_status(
            self.run.folder, state="finished", step=STEPS, steps=STEPS, ended=time.time(), result=result
        )


async def look(server: Server, students: int, seconds: float = SECONDS) -> Looking:
    """Let a class look at its board for a while; a third of them train."""
    store, classes = RunStore(server.runs), Classes(server.runs)
    classroom, _ = classes.open(secrets.token_urlsafe(16), "Load", 1)
    tokens = [secrets.token_urlsafe(16) for _ in range(students)]
    for token in tokens:
        classes.join(token, classroom.code)
    trainings = [Training(store, token, seed) for seed, token in enumerate(tokens) for _ in range(2)]
    for training in trainings:
        training.finish()
    going_on = [Training(store, token, 100 + seed) for seed, token in enumerate(tokens[: students // 3])]
    outcome = Looking(students, len(going_on), seconds)
    everybody = [Student(server.url.removeprefix("http://"), token) for token in tokens]
    process = psutil.Process(server.process.pid)
    try:
        for student in everybody:
            await student.open("classroom", view="board")
        outcome.calm = await _work_of(
            process, asyncio.gather(*(one.hear(10, "class_board_feed", lambda _: None) for one in everybody))
        )
        seen: list[dict[str, float]] = [{} for _ in everybody]
        finished: dict[str, float] = {}
        outcome.work = await _work_of(
            process,
            asyncio.gather(
                _train(store, tokens, going_on, finished, seconds - 3),
                *(
                    one.hear(seconds, "class_board_feed", _notes(notes))
                    for one, notes in zip(everybody, seen, strict=True)
                ),
            ),
        )
    finally:
        await asyncio.gather(*(student.close() for student in everybody))
    for notes in seen:
        outcome.missing += len(set(finished) - set(notes))
        outcome.late += [max(0.0, notes[run] - at) for run, at in finished.items() if run in notes]
    outcome.errors = [error for student in everybody for answer in student.answers for error in answer.errors]
    heard = [answer for answer in everybody[0].answers if answer.kind == "heard"]
    outcome.sent = (0, sum(answer.size for answer in heard[1:]))
    outcome.complaints = [line for line in _log(server.log) if COMPLAINTS.search(line)]
    return outcome


def _log(path: Path) -> list[str]:
    return path.read_text(errors="replace").splitlines()


async def _work_of(process: psutil.Process, doing: Any) -> float:
    before = sum(process.cpu_times()[:2])
    await doing
    return sum(process.cpu_times()[:2]) - before


def _notes(notes: dict[str, float]) -> Any:
    def tell(data: Any) -> None:
        board = data[0]
        for one in (*board["places"], *board["others"]):
            notes.setdefault(one["run"], time.time())

    return tell


async def _train(
    store: RunStore, tokens: list[str], going_on: list[Training], finished: dict[str, float], seconds: float
) -> None:
    dice, end, due = random.Random(0), time.monotonic() + seconds, time.monotonic() + FINISHES
    while time.monotonic() < end:
        for training in going_on:
            training.go_on()
        if time.monotonic() > due:
            place = dice.randrange(len(going_on))
            going_on[place].finish()
            finished[going_on[place].run.id] = time.time()
            going_on[place] = Training(store, dice.choice(tokens), dice.randrange(10**6))
            due += FINISHES
        await asyncio.sleep(STEP)


def told(looking: Looking) -> str:
    """What came of it, in lines."""
    late, share = looking.late, 100 * looking.work / looking.seconds
    half, most = percentile(late, 0.5), percentile(late, 0.95)
    lines = [
        f"{looking.screens} screens at one board while {looking.training} nets train, for {looking.seconds:.0f} s",
        f"a net that finished was on the screens after p50 {half:.2f} s, p95 {most:.2f} s, at most "
        f"{max(late, default=float('nan')):.2f} s ({len(late)} times; missing {looking.missing})",
        f"the server's processor: {share:.1f} % of a core; {100 * looking.calm / CALM:.1f} % while nothing happens",
        f"sent to one screen: {looking.sent[1] / 1e3 / looking.seconds:.0f} kB/s",
    ]
    lines += [f"error: {words}" for words in sorted(set(looking.errors))[:20]]
    lines += [f"log: {line}" for line in looking.complaints[:20]]
    return "\n".join(lines)
