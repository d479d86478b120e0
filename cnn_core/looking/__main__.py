"""`python -m cnn_core.looking <file descriptor>`: one process that looks into networks for the one that started it.

With `--here` it asks no other machine. With `--light` it is asked what takes a moment, by somebody who waits.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from cnn_core.looking.far import Machines, is_worth_the_way
from cnn_core.looking.lookers import READY
from cnn_core.settings import settings

if TYPE_CHECKING:
    from cnn_core.looking.jobs import Say

NICER = 5  # as trainings are: the pages answer first
NICER_LIGHT = 1  # a page waits for it, and is not answered before


def main(descriptor: int, may_ask_others: bool = True, nicer: int = NICER) -> None:
    """Answer one question after the other, until whoever asked is gone."""
    threading.Thread(target=_die_with_whoever_asks, args=(os.getppid(),), daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server; without it we end by ourselves
    with suppress(OSError):
        os.nice(nicer)
    asking = Connection(descriptor)
    address = settings().ray
    machines = Machines(address) if address and may_ask_others else None

    def say(said: tuple) -> None:
        asking.send_bytes(pickle.dumps(said, protocol=pickle.HIGHEST_PROTOCOL))

    with suppress(EOFError, OSError):
        while True:
            message = asking.recv_bytes()
            if message == READY:
                from cnn_core.looking.jobs import rehearse

                rehearse()
                say(("ready", None))
                continue
            said = _answered_far(machines, message, say) if machines else None
            if said is None:
                said = _answered_here(message, say)
            say(said)


def _answered_here(message: bytes, say: Say) -> tuple:
    from cnn_core.looking.jobs import answered  # with torch, which is not there before a question
    from cnn_core.training.fast.aside import use_idle_core
    from cnn_core.training.fast.memory import keep_freed_memory

    keep_freed_memory()
    if "CONVSCOPE_THREADS" not in os.environ:
        use_idle_core()
    return answered(message, say)


def _answered_far(machines: Machines, message: bytes, say: Say) -> tuple | None:
    """What a machine of the cluster says to a message; None where it is to be answered here."""
    question, spec, _ = pickle.loads(message)
    if not is_worth_the_way(question, spec) or (taken := machines.take(message)) is None:
        return None
    say(("far away", None))
    return machines.answer(taken)


def _die_with_whoever_asks(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)


if __name__ == "__main__":
    is_light = "--light" in sys.argv
    main(
        int(sys.argv[1]),
        may_ask_others=not (is_light or "--here" in sys.argv),
        nicer=NICER_LIGHT if is_light else NICER,
    )
