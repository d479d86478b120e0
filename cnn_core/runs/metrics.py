"""The figures of a server in the text format that Prometheus reads: https://prometheus.io/docs/instrumenting/exposition_formats/"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cnn_core.runs.health import Health
from cnn_core.runs.jobs.tally import BOUNDS

Samples = list[tuple[dict[str, str], float]]  # labels and value


def exposition(
    health: Health, counts: Mapping[str, int], memory: Mapping[str, int], classes: Mapping[str, int]
) -> str:
    """All figures as text.

    counts: how often this process told each event (`cnn_core.journal.counts`).
    memory: {process: bytes in memory}.
    classes: {"open", "ended", "students", "most_open": how many} (`cnn_core.classroom.figures`).
    """
    return "".join(
        [
            *_family(
                "convscope_up", "gauge", "1 where nothing is to be seen to.", [({}, not health.problems)]
            ),
            *_family("convscope_store_writable", "gauge", "The folder of runs.", [({}, health.is_writable)]),
            *_family("convscope_store_free_bytes", "gauge", "On its disk.", [({}, health.free)]),
            *_family("convscope_runner_alive", "gauge", "A runner serves.", [({}, health.runner == "alive")]),
            *_family("convscope_queue", "gauge", "Unfinished work.", _queue(health)),
            *_family(
                "convscope_longest_wait_seconds", "gauge", "In the queue now.", [({}, health.longest_wait)]
            ),
            *_waits(health.tally),
            *_family("convscope_ended_total", "counter", "Since the runner began.", _ends(health.tally)),
            *_family("convscope_events_total", "counter", "Since the server began.", _by("event", counts)),
            *_family("convscope_memory_bytes", "gauge", "Resident.", _by("process", memory)),
            *_family("convscope_classes", "gauge", "That are kept.", _by("state", _states(classes))),
            *_family("convscope_classes_most", "gauge", "May be open.", [({}, classes.get("most_open", 0))]),
            *_family("convscope_students", "gauge", "In open classes.", [({}, classes.get("students", 0))]),
        ]
    )


def _queue(health: Health) -> Samples:
    return _by("state", {"waiting": health.waiting, "at_work": health.at_work, "paused": health.paused})


def _states(classes: Mapping[str, int]) -> dict[str, int]:
    return {state: classes.get(state, 0) for state in ("open", "ended")}


def _by(label: str, values: Mapping[str, float]) -> Samples:
    return [({label: name}, value) for name, value in values.items()]


def _ends(tally: Mapping[str, Any]) -> Samples:
    ends = tally.get("ends")
    return [
        (dict(zip(("kind", "state"), str(what).split(" ", 1), strict=False)), _number(count))
        for what, count in (ends.items() if isinstance(ends, dict) else ())
    ]


def _waits(tally: Mapping[str, Any]) -> Iterator[str]:
    """A histogram: how much work waited no longer than each bound, before it was started."""
    waits = tally.get("waits")
    counts = waits if isinstance(waits, dict) else {}
    name = "convscope_wait_seconds"
    yield f"# HELP {name} From asking to starting.\n# TYPE {name} histogram\n"
    for bound in BOUNDS:
        yield _line(f"{name}_bucket", {"le": str(bound)}, _number(counts.get(str(bound))))
    yield _line(f"{name}_bucket", {"le": "+Inf"}, _number(tally.get("count")))
    yield _line(f"{name}_sum", {}, _number(tally.get("seconds")))
    yield _line(f"{name}_count", {}, _number(tally.get("count")))


def _family(name: str, kind: str, what: str, samples: Samples) -> Iterator[str]:
    yield f"# HELP {name} {what}\n# TYPE {name} {kind}\n"
    for labels, value in samples:
        yield _line(name, labels, value)


def _line(name: str, labels: Mapping[str, str], value: float) -> str:
    inside = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
    return f"{name}{{{inside}}} {float(value)!r}\n" if inside else f"{name} {float(value)!r}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: object) -> float:
    # A file on a disk says it, so it may be anything.
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0
