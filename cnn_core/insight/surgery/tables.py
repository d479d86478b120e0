"""The operating tables of several networks, within so many bytes: the one that lay unused longest is given up first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

from cnn_core.insight.surgery.table import OperatingTable


class OperatingTables:
    """Tables by their keys.

    most_bytes: what they may keep together. What the tables keep grows with what is asked of them, so it is looked at
                anew each time; the table that is asked for stays, whatever it keeps.
    """

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self._tables: OrderedDict[Hashable, OperatingTable] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, key: Hashable, make: Callable[[], OperatingTable]) -> OperatingTable:
        """The table of that key; where there is none, what `make` returns."""
        with self._lock:
            if key not in self._tables:
                self._tables[key] = make()
            self._tables.move_to_end(key)
            while len(self._tables) > 1 and self._bytes() > self.most_bytes:
                self._tables.popitem(last=False)
            return self._tables[key]

    def _bytes(self) -> int:
        return sum(table.bytes_kept for table in self._tables.values())

    def __len__(self) -> int:
        return len(self._tables)
