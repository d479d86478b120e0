"""`python -m tests.hosting.fresh_root FOLDER` does what the Dockerfile does, in a root of its own, and measures.

The Dockerfile's own lines are read and carried out one by one in a minimal Debian (`debootstrap`, then `chroot`), the
server is started as its last line says, by its user, with everything read-only but the store and /tmp, and a class of
ten comes in (`tests.load`). Linux, as root, with debootstrap; run it with the interpreter that has tests/requirements.

    --torch WHEEL   where PyTorch's index cannot be reached: install this CPU build of torch instead of the lock's, and
                    no torchvision, for the two belong together
    --arg NAME=X    a build argument, as docker's --build-arg
    --again         the root is built already: only measure
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
DEBIAN = {"python:3.11-slim-bookworm": ("bookworm", "python3,python3-venv,ca-certificates")}
IGNORED = shutil.ignore_patterns("__pycache__")
PORT = 8671
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Step:
    """One instruction of a Dockerfile: its word ("RUN") and the rest of its line, continuation lines joined."""

    word: str
    rest: str


def steps_of(dockerfile: str) -> list[Step]:
    """The instructions of a Dockerfile, in order; comments left out.

    >>> steps_of("# a\\nRUN one \\\\\\n    && two\\nUSER x")
    [Step(word='RUN', rest='one && two'), Step(word='USER', rest='x')]
    """
    lines = [line for line in dockerfile.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [Step(*line.split(maxsplit=1)) for line in joined.splitlines()]


@dataclass
class Image:
    """What the instructions have led to: the root, and how its command is to be started."""

    root: Path
    arguments: dict[str, str] = field(default_factory=dict)  # given to ARG
    environment: dict[str, str] = field(default_factory=dict)
    folder: str = "/"
    user: str = "root"
    command: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)  # the command that looks after it

    def build(self, dockerfile: str, torch: Path | None, is_built: bool) -> None:
        """Carry the instructions out; where the root is built, only those that change no file."""
        for step in steps_of(dockerfile):
            if step.word in ("FROM", "RUN", "COPY") and is_built:
                continue
            print(f"  {step.word} {step.rest[:100]}", flush=True)
            getattr(self, f"_{step.word.lower()}")(step.rest)
            if torch and step.word == "COPY" and "requirements.lock" in step.rest:
                self._stand_in(torch)

    def _from(self, rest: str) -> None:
        suite, packages = DEBIAN[rest]
        if not (self.root / "usr/bin/python3").exists():
            command = ["debootstrap", "--variant=minbase", f"--include={packages}", suite, str(self.root)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    def _arg(self, rest: str) -> None:
        name, _, default = rest.partition("=")
        self.arguments.setdefault(name, default.strip('"'))

    def _env(self, rest: str) -> None:
        name, _, value = rest.partition("=")
        self.environment[name] = value

    def _run(self, rest: str) -> None:
        # As docker does: the builder's way to the network, and nothing else of this machine.
        mounts = {path: path for path in ("/etc/resolv.conf", "/etc/ssl/certs") if Path(path).exists()}
        ours = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_"))}
        command = self.started(["sh", "-c", rest], mounts, {**ours, **self.arguments})
        subprocess.run(command, check=True)

    def _copy(self, rest: str) -> None:
        *sources, target = rest.split()
        place = self.root / self.folder.lstrip("/") / target
        for source in sources:
            path = ROOT / source
            if path.is_dir():  # docker copies what is in it
                shutil.copytree(path, place, ignore=IGNORED, dirs_exist_ok=True)
            else:
                into = place if target.endswith("/") else place.parent
                into.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, place / path.name if target.endswith("/") else place)

    def _workdir(self, rest: str) -> None:
        self.folder = rest
        (self.root / rest.lstrip("/")).mkdir(parents=True, exist_ok=True)

    def _user(self, rest: str) -> None:
        self.user = rest

    def _cmd(self, rest: str) -> None:
        self.command = json.loads(rest)

    def _healthcheck(self, rest: str) -> None:
        self.health = json.loads(rest[rest.index("[") :])

    def _volume(self, _rest: str) -> None: ...

    _expose = _volume

    def _stand_in(self, torch: Path) -> None:
        """Let the lock name a wheel of this machine instead of its torch."""
        shutil.copy2(torch, self.root / "tmp")
        lock = self.root / self.folder.lstrip("/") / "requirements.lock"
        lines = [
            line
            for line in lock.read_text().splitlines()
            if not line.startswith(("torch==", "torchvision=="))
        ]
        lock.write_text("\n".join([*lines, f"torch @ file:///tmp/{torch.name}", ""]))

    def started(
        self,
        command: list[str],
        mounts: dict[str, str],
        environment: dict[str, str],
        read_only: bool = False,
    ) -> list[str]:
        """The words that start a command in the root, by its user, in mounts of its own that end with it.

        mounts: {path on this machine: path in the root}.
        The process of these words becomes the command's own: its id is the command's.
        """
        root = shlex.quote(str(self.root))
        lines = [
            f"mount --bind {root} {root}",
            f"mount -t proc proc {root}/proc",
            f"mount --rbind /dev {root}/dev",
        ]
        if read_only:
            lines.append(f"mount -t tmpfs tmpfs {root}/tmp")
        for here, there in mounts.items():
            place = shlex.quote(f"{self.root}{there}")
            is_folder = Path(here).is_dir()
            lines.append(f"mkdir -p {place}" if is_folder else f"test -e {place} || touch {place}")
            lines.append(f"mount --bind {shlex.quote(here)} {place}")
        if read_only:
            lines.append(f"mount -o remount,ro,bind {root}")
        given = {
            "PATH": PATH,
            **self.environment,
            **environment,
        }
        inner = ["env", "-i", f"--chdir={self.folder}", *(f"{n}={v}" for n, v in given.items()), *command]
        lines.append(f"exec chroot --userspec={self.user} {root} {shlex.join(inner)}")
        return ["unshare", "--mount", "sh", "-ec", "\n".join(lines)]


@contextmanager
def serving(image: Image, store: Path, environment: dict[str, str]) -> Iterator[object]:
    """The image's command at work, its store a folder of this machine under the same path; yields a `Server`."""
    from tests.browser.conftest import Server

    shutil.chown(store, int(_id(image, "-u")))
    given = {"CONVSCOPE_RUNS": str(store / "runs"), "CONVSCOPE_DATA": str(store / "data")}
    given |= {"STREAMLIT_SERVER_PORT": str(PORT), "STREAMLIT_SERVER_ADDRESS": "127.0.0.1"}
    command = image.started(image.command, {str(store): str(store)}, {**given, **environment}, read_only=True)
    log = store.with_name("server.log")
    with log.open("ab") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
    try:
        yield Server(f"http://127.0.0.1:{PORT}", process, log, store / "runs")
    finally:
        process.terminate()
        process.wait(60)


def _id(image: Image, option: str) -> str:
    command = image.started(["id", option, image.user], {}, {})
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def size(path: Path) -> float:
    """Gigabytes (10^9 bytes) on the disk, of one file system."""
    said = subprocess.run(
        ["du", "-sx", "--block-size=1", str(path)], check=True, capture_output=True, text=True
    )
    return int(said.stdout.split()[0]) / 1e9


async def _first_answer(server: object, began: float) -> float:
    """Seconds from the start of the process to the first page, drawn."""
    from tests.browser.conftest import healthy
    from tests.load.student import Student

    while not healthy(server):
        await asyncio.sleep(0.05)
    student = Student(server.url.removeprefix("http://"), "A" * 22)
    answer = await student.open()
    await student.close()
    assert not answer.errors, (answer.errors, server.log.read_text(errors="replace")[-3000:])
    return time.monotonic() - began


def measure(image: Image, seconds: float, environment: dict[str, str]) -> None:
    """Print what was asked for: size, first answer, memory of ten students and one worker."""
    import psutil

    from tests.load.classroom import Plan, lesson, report

    ours = size(image.root / image.folder.lstrip("/"))
    whole = size(image.root) - size(image.root / "tmp")  # there lies the wheel that stood in
    print(f"installed: {whole:.2f} GB, of which {ours:.2f} GB beside Debian", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "store"
        store.mkdir()
        os.chmod(folder, 0o755)  # the server's user passes through it
        began = time.monotonic()
        with serving(
            image, store, {"CONVSCOPE_WORKERS": "1", "CONVSCOPE_OFFLINE": "1", **environment}
        ) as server:
            first = asyncio.run(_first_answer(server, began))
            used = sum(psutil.Process(server.process.pid).cpu_times()[:2])  # however busy the machine is
            print(f"first answer: {first:.1f} s, of which {used:.1f} s of a processor", flush=True)
            asked = {"STREAMLIT_SERVER_PORT": str(PORT)}
            looked = subprocess.run(
                image.started(image.health, {}, asked, read_only=True), capture_output=True
            )
            print(f"health check: status {looked.returncode}, {looked.stdout.decode().strip()}", flush=True)
            plan = Plan(students=10, training=2, watching=2, seconds=seconds)
            outcome = asyncio.run(lesson(server, plan))
        print(report(plan, outcome))
        print(f"memory, of all processes at their most: {sum(outcome.memory.values()) / 1e6:,.0f} MB")
        print(server.log.read_text(errors="replace")[-1500:])


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.hosting.fresh_root", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("root", type=Path)
    parser.add_argument("--torch", type=Path)
    parser.add_argument("--arg", action="append", default=[])
    parser.add_argument("--env", action="append", default=[], help="a setting of the server, as docker's -e")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--seconds", type=float, default=60.0)
    asked = parser.parse_args()
    image = Image(asked.root.absolute(), dict(pair.split("=", 1) for pair in asked.arg))
    image.build((ROOT / "Dockerfile").read_text("utf-8"), asked.torch, asked.again)
    measure(image, asked.seconds, dict(pair.split("=", 1) for pair in asked.env))


if __name__ == "__main__":
    main()
