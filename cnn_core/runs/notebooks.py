"""What visitors have done in the lesson: their guesses, and how far they came in the tour. One small file each.

    visitors/<owner>/notebook.json   guesses, the step of the tour, the steps done, whether pages ask first

It is written whole, and read again at each look, so that two tabs agree. A file can hold anything: what makes no sense
is left out, and the rest stays. It goes when the visitor is forgotten (`tidying`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from cnn_core.files import explain_disk_errors, opened, write_whole
from cnn_core.lesson.guesses import Guess, guess_of
from cnn_core.owners import owner_of
from cnn_core.runs.visitors import Visitors

LARGEST = 100_000  # bytes of one notebook
MOST_GUESSES = 150  # the oldest make room
MOST_STEPS = 100  # of the tour
_STEP = re.compile(r"[a-z0-9_.-]{1,60}", re.ASCII)


@dataclass(frozen=True)
class Notebook:
    """One visitor's.

    guesses:   oldest first, no two of one key.
    step:      id of the tour's step they are at; "" where they have not begun, or have left it at its end.
    done:      ids of the steps done, in the order in which they were.
    asks_first: whether pages ask before they answer.
    """

    guesses: tuple[Guess, ...] = ()
    step: str = ""
    done: tuple[str, ...] = field(default=())
    asks_first: bool = True

    def guess(self, key: tuple[str, str]) -> Guess | None:
        """The guess with this key (`Guess.key`), or None."""
        return next((guess for guess in self.guesses if guess.key == key), None)

    def has_answered(self, question: str, network: str) -> bool:
        """Whether this question was answered, or skipped, about a network of this title, whatever else it was about."""
        return any(guess.question == question and guess.network == network for guess in self.guesses)

    def with_guess(self, guess: Guess) -> Notebook:
        """The same with this guess, in place of an earlier one of its key."""
        others = [other for other in self.guesses if other.key != guess.key]
        return replace(self, guesses=(*others, guess)[-MOST_GUESSES:])


class Notebooks:
    """The notebooks of the store in folder `path`. What writes raises StudentError where the folder cannot be written.

    Everywhere `token` is the visitor's secret.
    """

    def __init__(self, path: Path) -> None:
        self._visitors = Visitors(path)

    def of(self, token: str) -> Notebook:
        """The visitor's notebook; an empty one where nothing readable is kept."""
        return read(self._visitors.notebook_file(owner_of(token)))

    def keep_guess(self, token: str, guess: Guess) -> None:
        """Keep a guess, in place of an earlier one of its key."""
        self._change(token, lambda notebook: notebook.with_guess(guess))

    def forget_guess(self, token: str, key: tuple[str, str]) -> None:
        """Let a question be asked anew."""
        others = lambda notebook: tuple(guess for guess in notebook.guesses if guess.key != key)  # noqa: E731
        self._change(token, lambda notebook: replace(notebook, guesses=others(notebook)))

    def be_at(self, token: str, step: str, done: Iterable[str] = ()) -> None:
        """The visitor is at this step of the tour ("" for none) and has done these besides those before."""
        new = _steps(list(done))
        self._change(
            token,
            lambda notebook: replace(
                notebook,
                step=step if _is_step(step) else "",
                done=(*notebook.done, *(one for one in new if one not in notebook.done))[:MOST_STEPS],
            ),
        )

    def ask_first(self, token: str, wished: bool) -> None:
        """Whether pages are to ask this visitor before they answer."""
        self._change(token, lambda notebook: replace(notebook, asks_first=bool(wished)))

    def wipe(self, token: str) -> None:
        """Nothing of it is left: the visitor has gone for good. Raises nothing."""
        with suppress(OSError):
            self._visitors.notebook_file(owner_of(token)).unlink()

    def _change(self, token: str, change: Callable[[Notebook], Notebook]) -> None:
        owner = owner_of(token)
        file = self._visitors.notebook_file(owner)
        with explain_disk_errors("Your guesses cannot be kept"):
            self._visitors.make_folders(owner)
            with self._visitors.locked(owner):  # two tabs may answer at once
                self._visitors.see(owner)
                before = read(file)
                after = change(before)
                if after != before:
                    write_whole(file, _bytes_of(after))


def read(file: Path) -> Notebook:
    """What a file of ours says, as far as it makes sense; an empty notebook where it is missing or no notebook."""
    try:
        stat = os.stat(file)
    except OSError:
        return Notebook()
    return _read(file, (stat.st_ino, stat.st_mtime_ns, stat.st_size))


@lru_cache(maxsize=64)  # a page looks up to ten times; what is written anew is another file
def _read(file: Path, _stamp: tuple[int, int, int]) -> Notebook:
    with suppress(OSError, ValueError, RecursionError):
        with opened(file) as handle:
            content = handle.read(LARGEST + 1)
        values = orjson.loads(content) if len(content) <= LARGEST else None
        if isinstance(values, dict):
            return _notebook_of(values)
    return Notebook()


def _notebook_of(values: dict[str, Any]) -> Notebook:
    notebook = Notebook(
        step=values["step"] if _is_step(values.get("step")) else "",
        done=_steps(values.get("done")),
        asks_first=values.get("asks_first") is not False,
    )
    listed = values.get("guesses")
    for one in listed[-MOST_GUESSES:] if isinstance(listed, list) else []:
        guess = guess_of(one)
        if guess is not None:
            notebook = notebook.with_guess(guess)
    return notebook


def _bytes_of(notebook: Notebook) -> bytes:
    """As the file holds it; as many of the oldest guesses are left out as it takes to stay in bounds."""
    guesses = [orjson.dumps(guess.to_dict()) for guess in notebook.guesses]
    rest = {"step": notebook.step, "done": list(notebook.done), "asks_first": notebook.asks_first}
    room = LARGEST - len(orjson.dumps(rest)) - len(b',"guesses":[]')
    first = len(guesses)
    while first > 0 and room >= len(guesses[first - 1]) + 1:
        first -= 1
        room -= len(guesses[first]) + 1
    return orjson.dumps({**rest, "guesses": [orjson.Fragment(one) for one in guesses[first:]]})


def _is_step(value: object) -> bool:
    return isinstance(value, str) and _STEP.fullmatch(value) is not None


def _steps(value: object) -> tuple[str, ...]:
    """Those of a stranger's list that can be steps, each once."""
    listed = value[:1000] if isinstance(value, list) else []
    return tuple(dict.fromkeys(one for one in listed if _is_step(one)))[:MOST_STEPS]
