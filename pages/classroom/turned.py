"""How the class's nets read turned images: measured beside the server, one net after the other, and kept by weights."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

from cnn_core.classroom import Row, Share
from cnn_core.classroom.challenges import TURN, TURNED_IMAGES
from cnn_core.errors import StudentError
from pages.ui.visitor import networks, server
from pages.ui.wording import looking

MOST = 2_000  # nets whose share is remembered
LOOK_SECONDS = 0.5  # between two looks whether one is measured
log = logging.getLogger("convscope.server")

_Key = tuple[str, int, int]  # a run's id, the time of its file of weights, and how many images are turned
_shares: OrderedDict[_Key, float | None] = OrderedDict()  # None: it could not be measured
_waiting: OrderedDict[_Key, Row] = OrderedDict()
_lock = threading.Lock()
_measuring: list[threading.Thread] = []


def shares(rows: Sequence[Row]) -> dict[str, Share]:
    """Run id -> the share that it reads of turned test images, as far as that is measured; the others are asked for."""
    known: dict[str, Share] = {}
    for row in rows:
        if not row.is_test or (key := _key(row)) is None:
            continue
        with _lock:
            if key in _shares:
                share = _shares[key]
                known |= {} if share is None else {row.run_id: Share(share, key[2])}
            else:
                _waiting.setdefault(key, row)
                if not _measuring:
                    _measuring.append(threading.Thread(target=_measure_all, name="turned", daemon=True))
                    _measuring[0].start()
    return known


def serial() -> int:
    """Another number whenever a share is known that was not; for a channel's stamp."""
    return len(_shares)


def _key(row: Row) -> _Key | None:
    try:
        there = len(server.images(row.dataset))
        return row.run_id, os.stat(_weights(row)).st_mtime_ns, min(there, TURNED_IMAGES)
    except (OSError, StudentError):
        return None


def _weights(row: Row) -> Path:
    run = server.store().run(row.run_id)
    return run.snapshot_path(run.moment)


def _measure_all() -> None:
    while True:
        with _lock:
            if not _waiting:
                _measuring.clear()
                return
            key, row = next(iter(_waiting.items()))
        share = _measured(row)
        with _lock:
            _shares[key] = share
            del _waiting[key]
            while len(_shares) > MOST:
                _shares.popitem(last=False)


def _measured(row: Row) -> float | None:
    try:
        network = networks.named(f"run:{row.run_id}")
        if network.run_id != row.run_id or not network.trained:
            raise StudentError(f"Run {row.run_id} has no weights.", hint="")
        share: float | None = None
        while share is None:
            share = looking.glance(network, "accuracy_at", TURNED_IMAGES, change="rotation", strength=TURN)
            if share is None:
                time.sleep(LOOK_SECONDS)
        return share
    except (StudentError, OSError) as error:
        log.warning("a net of a class was not measured on turned images: %s", error)
    except Exception:
        # The next one may be another case, and nobody else would measure it.
        log.exception("a net of a class was not measured on turned images")
    return None
