"""Real servers as they are hosted: `python -m deploy.server`, and proxies before it; skipped where not installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.browser.conftest import (
    COMPLAINTS,
    ROOT,
    Server,
    free_port,
    healthy,
    wait_until,
)

DEPLOY = ROOT / "deploy"
TOKEN = "nobody-can-guess-this"


def needed(program: str) -> str:
    """The path of a program, or the test is skipped with the reason."""
    path = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")
    if path is None:
        pytest.skip(f"There is no {program} on this machine (apt-get install {program}).")
    return path


@contextmanager
def hosted(folder: Path, port: int | None = None, **environment: str) -> Iterator[Server]:
    """A hosted server; its store is `folder`/runs, which several may share. Ended by SIGTERM, as an operator does."""
    port = port or free_port()
    folder.mkdir(parents=True, exist_ok=True)
    runs, log = folder / "runs", folder / f"hosted-{port}.log"
    env = {
        **os.environ,
        "CONVSCOPE_RUNS": str(runs),
        "CONVSCOPE_DATA": str(folder / "none"),
        "CONVSCOPE_OFFLINE": "1",
        "CONVSCOPE_WORKERS": "1",
        "CONVSCOPE_THREADS": "1",
        "CONVSCOPE_LOG": "json",
        "CONVSCOPE_METRICS_TOKEN": TOKEN,
        "STREAMLIT_SERVER_PORT": str(port),
        "STREAMLIT_SERVER_ADDRESS": "127.0.0.1",
        **environment,
    }
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "deploy.server"], cwd=ROOT, env=env, stdout=out, stderr=subprocess.STDOUT
        )
    server = Server(f"http://127.0.0.1:{port}", process, log, runs)
    try:
        wait_until(lambda: healthy(server), 90)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(40)
        except subprocess.TimeoutExpired:
            server.kill()
            raise
    said = log.read_text(errors="replace")
    assert not COMPLAINTS.search(said), said[-6000:]


@contextmanager
def running(command: list[str], log: Path) -> Iterator[subprocess.Popen]:
    """A program beside the server, ended with the block."""
    with log.open("ab") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)


def certificate(folder: Path, *names: str) -> tuple[Path, Path]:
    """A certificate that we signed ourselves, and its key."""
    chain, key = folder / "fullchain.pem", folder / "privkey.pem"
    if not chain.exists():
        command = [needed("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
        command += [
            "-subj",
            f"/CN={names[0]}",
            "-addext",
            f"subjectAltName={','.join(f'DNS:{n}' for n in names)}",
        ]
        subprocess.run([*command, "-keyout", str(key), "-out", str(chain)], check=True, capture_output=True)
    return chain, key
