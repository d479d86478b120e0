"""What the process from which workers are forked does once, by being imported: it gets warm, so that they are.

A worker that begins by itself imports torch and much else for two seconds and a half of a processor; one that is forked
from this process has it all, and shares the memory of it.

Only with one thread, and nothing of a graphics card: neither would survive the fork. Nobody else imports this.
"""

from __future__ import annotations

import logging
import signal

from cnn_core.machine import wait_briefly


def _warm() -> None:
    wait_briefly()
    import torch

    torch.set_num_threads(1)

    from cnn_core.runs.jobs.worker import rehearse

    rehearse()


# Whoever stops a service asks all its processes at once. Without this one the runner would take its workers for lost,
# before they have kept what they have; it ends by itself, with the runner.
signal.signal(signal.SIGTERM, signal.SIG_IGN)
try:
    _warm()
except Exception:  # the workers will meet it again, and the run that they do has a student to tell it to
    logging.getLogger("convscope.worker").warning("warming up failed", exc_info=True)
