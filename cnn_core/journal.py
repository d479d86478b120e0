"""What a server tells its operator: one line of JSON for each run, refusal and error, and how many there were.

On a laptop nothing is written: `tell` counts, and speaks to a logger that nobody has told to speak at this level.
`begin()` makes every line that this process logs, of whatever logger, one line of JSON; CONVSCOPE_LOG=json asks for it.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections import Counter
from typing import Any, TextIO

from cnn_core.settings import settings

log = logging.getLogger("convscope.journal")

LONGEST_TEXT = 500  # characters of one fact: a log is no place to keep a student's text

counts: Counter[str] = Counter()  # event -> how often it was told by this process


def tell(event: str, **facts: Any) -> None:
    """Count an event and write its line.

    event: "run", "refusal", "error", ...
    facts: JSON-ready, and nothing that is a secret: no token, no picture.
    """
    counts[event] += 1
    log.info("%s", event, extra={"facts": {"event": event, **facts}})


class OneLine(logging.Formatter):
    """A log record as one line of JSON: time, level, logger, and the facts of `tell` or the message."""

    def format(self, record: logging.LogRecord) -> str:
        """See logging.Formatter. What a stranger wrote cannot begin a line of its own: JSON writes it as \\n."""
        when = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line = {
            "time": f"{when}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        facts = getattr(record, "facts", None) or _facts_of(record)
        line |= {name: _short(value) for name, value in facts.items() if value is not None}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def _facts_of(record: logging.LogRecord) -> dict[str, Any]:
    """Of a line that was not told by `tell`."""
    error = record.exc_info[1] if record.exc_info else None
    event = "error" if error is not None or record.levelno >= logging.ERROR else "message"
    return {"event": event, "message": record.getMessage(), "error": type(error).__name__ if error else None}


def _short(value: Any) -> Any:
    return value[:LONGEST_TEXT] if isinstance(value, str) else value


def begin(stream: TextIO | None = None) -> None:
    """Write what this process logs: as JSON where the operator asked for it, else as plain lines with the time.

    stream: where to; the standard error output where None.
    """
    as_json = settings().log == "json"
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(OneLine() if as_json else logging.Formatter("%(asctime)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    if as_json:
        take_over()


def take_over() -> None:
    """Let loggers that have handlers of their own, as Streamlit's and uvicorn's have, write JSON as well."""
    for logger in list(logging.root.manager.loggerDict.values()):
        for handler in getattr(logger, "handlers", ()):
            handler.setFormatter(OneLine())
