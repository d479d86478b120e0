"""How the class's nets read turned images: measured beside the server, one net after the other, and kept by weights."""

from __future__ import annotations

import logging
import os
import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

from cnn_core.classroom import Row
from cnn_core.classroom.challenges import TURN, TURNED_IMAGES
from cnn_core.errors import StudentError
from pages.ui.visitor import server
from pages.ui.wording import looking

MOST = 2_000  # nets whose share is remembered
log = logging.getLogger("convscope.server")

_Key = tuple[str, int]  # a run's id, and the time of its file of weights
_shares: OrderedDict[_Key, float | None] = OrderedDict()  # None: it could not be measured
_waiting: OrderedDict[_Key, Row] = OrderedDict()
_lock = threading.Lock()
_measuring: list[threading.Thread] = []


def shares(rows: Sequence[Row]) -> dict[str, float]:
    """Run id -> the share that it reads of turned test images, as far as that is measured; the others are asked for."""
    known: dict[str, float] = {}
    for row in rows:
        if not row.is_test or (key := _key(row)) is None:
            continue
        with _lock:
            if key in _shares:
                share = _shares[key]
                known |= {} if share is None else {row.run_id: share}
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
        return row.run_id, os.stat(_weights(row)).st_mtime_ns
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
        share: float = looking.answer_of(
            _weights(row),
            row.run_id,
            "accuracy_at",
            row.dataset,
            TURNED_IMAGES,
            change="rotation",
            strength=TURN,
        )
        return share
    except (StudentError, OSError) as error:
        log.warning("a net of a class was not measured on turned images: %s", error)
    except Exception:
        # The next one may be another case, and nobody else would measure it.
        log.exception("a net of a class was not measured on turned images")
    return None
