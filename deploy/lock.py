"""`python -m deploy.lock > requirements.lock` works out which versions a server installs, and installs nothing.

The lock is for Linux and Python 3.11 or newer. CUDA's packages are left out: a CPU build of torch needs none, and
The usual build brings its own along.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
HEAD = """\
# What a server installs: one version of each package of requirements.txt and of what those need, without CUDA.
# Made by `python -m deploy.lock > requirements.lock`.
"""
_CUDA = re.compile(r"(nvidia|cuda)-.*|triton")


def report() -> dict[str, Any]:
    """What pip would install into an empty environment, by its own installation report."""
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet"]
    command += ["--report", "-", "--requirement", str(ROOT / "requirements.txt")]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def lock_of(report: dict[str, Any]) -> str:
    """The text of the lock: a line for each package of pip's report; CUDA's left out, and marks of local builds."""
    pins = {}
    for package in report["install"]:
        name = re.sub(r"[-_.]+", "-", package["metadata"]["name"]).lower()
        if not _CUDA.fullmatch(name):
            pins[name] = package["metadata"]["version"].partition("+")[0]
    return HEAD + "".join(f"{name}=={version}\n" for name, version in sorted(pins.items()))


if __name__ == "__main__":
    sys.stdout.write(lock_of(report()))
