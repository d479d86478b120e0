"""Random kills of workers, runner, server and all of them, over trainings, dreams and files that are opened.

All that was acknowledged has to end, with the weights and pictures that it has undisturbed. The kills are drawn by a
seed; when they fall is up to the machine. What takes its worker down again and again is given up, as it should be: so
nobody is killed who has not got on since the last time.

    python -m tests.faults --kills 200 --runs 30 --seed 0
"""

from __future__ import annotations

import argparse
import collections
import hashlib
import random
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import torch

from cnn_core.errors import StudentError
from cnn_core.insight import DreamSpec
from cnn_core.insight.dream.animation import to_png
from cnn_core.model import PRESETS
from cnn_core.pretrained import load
from cnn_core.runs import Run, RunStore, ensure_runner
from cnn_core.runs.files import file_names, read_json
from cnn_core.runs.jobs.worker import MAX_OPENINGS, MAX_TRIES, work
from cnn_core.training import RECIPES, save_model
from tests.faults.conftest import Machine, machine, processes
from tests.faults.test_runs_survive import RECIPE, SPEC, weights

ROOT = Path(__file__).parents[2]
AT_ONCE = 6  # unfinished runs, so that there is always something to kill
KILLS = {  # what is killed, how, how often of a hundred
    "a worker at work": 30,
    "any worker": 10,
    "all workers": 8,
    "a worker, SIGTERM": 6,
    "the runner": 18,
    "the runner, SIGTERM": 10,
    "the server": 10,
    "everything": 8,
}
# A server as far as the store sees one: it sees that somebody works on what is left, as every page does at its start.
SERVER = """
import sys, time
from cnn_core.errors import StudentError
from cnn_core.runs import RunStore, ensure_runner
store = RunStore(sys.argv[1])
while True:
    for run in store.runs():
        try:
            store.mend(run)
        except StudentError:
            pass
    if store.has_work():
        ensure_runner(store)
    time.sleep(0.3)
"""

Job = Callable[[RunStore, str], str]  # (store, owner's token) -> the id of its run


def jobs(folder: Path) -> dict[str, Job]:
    """What students ask for, by its name."""
    save_model(folder / "net.safetensors", load("lesson"), load("lesson").spec)
    content = (folder / "net.safetensors").read_bytes()
    picture = torch.zeros(1, 224, 224)
    picture[:, 40:110, 70:112] = 1
    dream = DreamSpec(
        f"design:{PRESETS['lesson'].to_link()}", (("conv2d_3", 1.0),), octaves=3, steps=40
    ).to_dict()
    found: dict[str, Job] = {
        "dream": lambda store, owner: store.submit_dream(dream, to_png(picture), owner=owner),
        "opening": lambda store, owner: store.openings.ask(content, "net.safetensors", owner),
        "lesson": lambda store, owner: store.submit(
            PRESETS["lesson"], replace(RECIPES["lesson"], epochs=1), owner=owner
        ),
    }
    for seed in range(3):
        found[f"forgetful {seed}"] = lambda store, owner, seed=seed: store.submit(
            SPEC, replace(RECIPE, epochs=2, seed=seed), owner=owner
        )
    return found


def outcome(run: Run) -> str:
    """What a run came to, as a hash: weights, optimizer, every snapshot and the test; or a dream's pictures."""
    digest = hashlib.sha256()
    if run.kind == "dream":
        for frame in run.frames():
            digest.update(frame.read_bytes())
    else:
        for name, value in sorted(weights(run).items()):
            digest.update(name.encode() + value)
        for snapshot in run.snapshots():
            # Behind the header, whose words about the file stand in any order.
            content = snapshot.path.read_bytes()
            digest.update(snapshot.path.name.encode() + content[8 + int.from_bytes(content[:8], "little") :])
        result = run.status.result or {}
        digest.update(repr([result.get(name) for name in ("accuracy", "loss", "confusion")]).encode())
    return digest.hexdigest()


def undisturbed(found: dict[str, Job], folder: Path) -> dict[str, str]:
    """What each job comes to here, one after the other, with nothing in its way."""
    torch.set_num_threads(1)
    store, expected = RunStore(folder), {}
    for name, job in found.items():
        run_id = job(store, "undisturbed")
        assert work(folder, run_id) == "done"
        assert store.run(run_id).status.state == "finished", store.run(run_id).status.reason
        expected[name] = outcome(store.run(run_id))
    return expected


class Campaign:
    """The kills, and what they were done to."""

    def __init__(self, here: Machine, found: dict[str, Job], seed: int) -> None:
        self.machine, self.jobs, self.random = here, found, random.Random(seed)
        self.asked: dict[str, str] = {}  # id of a run that was acknowledged: which job it is
        self.count: collections.Counter[str] = collections.Counter()
        self.server: subprocess.Popen[bytes] | None = None

    def run(self, kills: int, runs: int) -> None:
        """Kill so often, and begin at least so many runs; then wait for the end of all."""
        names = sorted(self.jobs)
        while self.count.total() < kills or len(self.asked) < runs:
            self._serve()
            while len(self._unfinished()) < AT_ONCE:
                name = names[len(self.asked) % len(names)]
                run_id = self.jobs[name](self.machine.store, secrets.token_hex(8))
                self.asked[run_id] = name
            time.sleep(self.random.uniform(0.3, 2.5))
            if self.count.total() < kills and self._may_kill():
                self._kill()
                print(f"\r{self.count.total()} kills, {len(self.asked)} runs", end="", file=sys.stderr)
        while self._unfinished():
            self._serve()
            time.sleep(0.2)
        print(file=sys.stderr)

    def end(self) -> None:
        """No server any more."""
        if self.server is not None:
            self.server.kill()
            self.server.wait()

    def _serve(self) -> None:
        if self.server is None or self.server.poll() is not None:
            self.server = subprocess.Popen(
                [sys.executable, "-c", SERVER, str(self.machine.store.path)], cwd=ROOT
            )

    def _unfinished(self) -> list[Run]:
        runs = [self.machine.store.run(run_id) for run_id in self.asked]
        return [run for run in runs if run.status.unfinished]

    def _may_kill(self) -> bool:
        """Whether something is at work, and nothing that would be given up if it were killed once more."""
        at_work = [run for run in self._unfinished() if run.status.state == "running"]
        return bool(at_work) and not any(self._is_on_its_last_try(run) for run in at_work)

    def _is_on_its_last_try(self, run: Run) -> bool:
        tries = read_json(run.folder / "tries.json")
        is_here = tries.get("step") == run.status.saved_step
        most = MAX_OPENINGS if run.kind == "opening" else MAX_TRIES
        return is_here and tries.get("count", 0) >= most

    def _kill(self) -> None:
        [what] = self.random.choices(list(KILLS), list(KILLS.values()))
        workers, runners = self.machine.workers(), self.machine.runners()
        at_work = [run.status.pid for run in self._unfinished() if run.status.state == "running"]
        server = [] if self.server is None else [self.server.pid]
        victims = {
            "a worker at work": sorted(set(at_work) & set(workers))[:1],
            "any worker": self.random.sample(workers, min(1, len(workers))),
            "all workers": workers,
            "a worker, SIGTERM": sorted(set(at_work) & set(workers))[-1:],
            "the runner": runners,
            "the runner, SIGTERM": runners,
            "the server": server,
            "everything": processes(self.machine.mark),
        }[what]
        for victim in victims:
            with suppress(ProcessLookupError):
                self.machine.kill([victim], signal.SIGTERM if "SIGTERM" in what else signal.SIGKILL)
        if victims:
            self.count[what] += 1


def report(campaign: Campaign, expected: dict[str, str]) -> int:
    """Print what came of it; how many runs are lost or other than they should be."""
    store, bad = campaign.machine.store, 0
    for run_id, name in campaign.asked.items():
        try:
            run = store.run(run_id)
            is_right = run.status.state == "finished" and outcome(run) == expected[name]
            why = f"{run.status.state} {run.status.reason}"
        except (StudentError, OSError) as error:
            is_right, why = False, str(error)
        if not is_right:
            bad += 1
            print(f"{name} {run_id}: {why}")
    left = [path for path in store.path.rglob(".*") if not path.is_dir()]
    tickets = sum(len(file_names(store.path / place)) for place in ("queue", "taken", "paused"))
    for what, count in campaign.count.most_common():
        print(f"{count:4}  {what}")
    print(*(f"left: {path.relative_to(store.path)}" for path in left), sep="\n")
    kinds = collections.Counter(name.split()[0] for name in campaign.asked.values())
    print(f"{campaign.count.total()} kills over {len(campaign.asked)} runs ({dict(kinds)}): ", end="")
    print(f"{bad} lost or different, {len(left)} half-written files, {tickets} tickets left")
    return bad + tickets


def main(arguments: list[str] | None = None) -> int:
    """0 where nothing was lost and nothing is different."""
    parser = argparse.ArgumentParser("python -m tests.faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        here, end = machine(folder, WORKERS=2, IDLE_SECONDS=5, MAX_QUEUE=1_000)
        campaign = None
        try:
            found = jobs(folder)
            expected = undisturbed(found, folder / "undisturbed")
            campaign = Campaign(here, found, asked.seed)
            ensure_runner(here.store)
            campaign.run(asked.kills, asked.runs)
            return report(campaign, expected)
        finally:
            if campaign is not None:
                campaign.end()
            end()
