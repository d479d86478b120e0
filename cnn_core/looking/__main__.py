"""`python -m cnn_core.looking <file descriptor>`: one process that looks into networks for the one that started it."""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
import time
import traceback
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from cnn_core.errors import StudentError

if TYPE_CHECKING:
    from cnn_core.looking.jobs import Tell
    from cnn_core.model.network import Network

NICER = 5  # as trainings are: the pages answer first
TELL_SECONDS = 0.1  # between two words on how far it is


def main(descriptor: int) -> None:
    """Answer one question after the other, until whoever asked is gone."""
    threading.Thread(target=_die_with_whoever_asks, args=(os.getppid(),), daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server; without it we end by ourselves
    with suppress(OSError):
        os.nice(NICER)
    asking = Connection(descriptor)
    with suppress(EOFError, OSError):
        while True:
            _answer(asking, asking.recv_bytes())


def _answer(asking: Connection, message: bytes) -> None:
    from cnn_core.looking.jobs import answer

    try:
        question, spec, weights = pickle.loads(message)
        net = _network(spec, weights)
        asking.send_bytes(pickle.dumps(("begun", None)))
        said: tuple = "answer", answer(net, question, _teller(asking))
    except StudentError as error:
        said = "refusal", error
    except Exception:
        said = "error", traceback.format_exc()
    asking.send_bytes(pickle.dumps(said, protocol=pickle.HIGHEST_PROTOCOL))


def _network(spec: object, weights: object) -> Network:
    from cnn_core.model import ModelSpec, build

    assert isinstance(spec, ModelSpec)
    net = build(spec)
    net.load_state_dict(weights)  # type: ignore[arg-type]
    return net.eval().requires_grad_(False)


def _teller(asking: Connection) -> Tell:
    last = 0.0

    def tell(fraction: float) -> None:
        nonlocal last
        if time.monotonic() - last > TELL_SECONDS:
            last = time.monotonic()
            asking.send_bytes(pickle.dumps(("far", fraction)))

    return tell


def _die_with_whoever_asks(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)


if __name__ == "__main__":
    main(int(sys.argv[1]))
