"""A server of tickets and a clock: the policy of `fairness` played with runs whose lengths are known."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil, inf

from cnn_core.runs.fairness import SHORT_PATIENCE, AtWork, Queue, Room, Ticket, next_to_start, to_make_room


@dataclass
class Wish:
    """A run that somebody asks for at a second, and how many seconds of a worker it needs."""

    at: int
    owner: str
    needs: float
    kind: str = "training"
    name: str = ""


@dataclass
class Server:
    """workers, spares: places.  slice_seconds: of a training.  left_is_told: whether runs know how long they need."""

    workers: int = 2
    spares: int = 1
    slice_seconds: float = 60.0
    left_is_told: bool = True
    speed: float = 1.0  # of the machine: what a second of a worker brings
    now: float = 0.0
    waiting: list[Ticket] = field(default_factory=list)
    at_work: dict[Ticket, float] = field(default_factory=dict)  # since when
    needs: dict[str, float] = field(default_factory=dict)
    served: dict[tuple[str, str], float] = field(default_factory=dict)
    away: set[str] = field(default_factory=set)
    began: dict[str, float] = field(default_factory=dict)
    ended: dict[str, float] = field(default_factory=dict)
    starts: list[tuple[float, Ticket, Queue]] = field(default_factory=list)  # and the queue as it was
    stints: list[tuple[Ticket, float, float]] = field(default_factory=list)  # from when to when

    def ask(self, wish: Wish) -> Ticket:
        # No two at the same nanosecond: they are in the order in which they came.
        name = wish.name or f"{len(self.needs):04d}"
        ticket = Ticket(int(self.now * 1e9) + len(self.needs), name, wish.owner, wish.kind)
        self.needs[name] = wish.needs
        self.waiting.append(ticket)
        return ticket

    def queue(self) -> Queue:
        at_work = [
            AtWork(ticket, self.now - since, self.needs[ticket.run_id] if self.left_is_told else None)
            for ticket, since in self.at_work.items()
        ]
        return Queue(tuple(self.waiting), at_work, dict(self.served), frozenset(self.away))

    def room(self) -> Room:
        """The workers take trainings first; short work that finds one free takes it, else the spare place."""
        long = sum(ticket.is_long for ticket in self.at_work)
        short = len(self.at_work) - long
        in_workers = max(0, short - self.spares)
        return Room(self.workers - long - in_workers, max(0, self.spares - short), self.spares)

    def tick(self, until: float = inf) -> None:
        """Once round the runner's loop, then time goes by until something happens, or until `until`."""
        for ticket in [one for one in self.at_work if self.needs[one.run_id] <= 0]:
            self._leave(ticket)
            self.ended[ticket.run_id] = self.now
        for ticket in to_make_room(self.queue(), self.room(), self.slice_seconds):
            self._leave(ticket)
            self.waiting.append(ticket)
        while (ticket := next_to_start(queue := self.queue(), self.room())) is not None:
            self.starts.append((self.now, ticket, queue))
            self.waiting.remove(ticket)
            self.at_work[ticket] = self.now
            self.served[ticket.lane] = self.now
            self.began.setdefault(ticket.run_id, self.now)
        seconds = self._until_something_happens(until)
        self.now += seconds
        for ticket in self.at_work:
            self.needs[ticket.run_id] -= seconds * self.speed

    def _until_something_happens(self, until: float) -> float:
        """Whole seconds to the next end of a run or of a slice, but not beyond `until`; at least one."""
        moments = [until, *(self.now + self.needs[one.run_id] / self.speed for one in self.at_work)]
        for since in self.at_work.values() if self.waiting else ():
            for slices in (SHORT_PATIENCE, self.slice_seconds, 2 * self.slice_seconds):
                moments.append(since + slices if since + slices > self.now else inf)
        soonest = min(moments) - self.now
        return 1.0 if soonest == inf else max(1.0, ceil(soonest))

    def _leave(self, ticket: Ticket) -> None:
        self.stints.append((ticket, self.at_work.pop(ticket), self.now))
        self.served[ticket.lane] = self.now + 1e-6  # after whatever was asked for in the same second

    def play(self, wishes: list[Wish], most: int = 100_000) -> None:
        """Until all is done."""
        coming = sorted(wishes, key=lambda wish: wish.at)
        while coming or self.waiting or self.at_work:
            while coming and coming[0].at <= self.now:
                self.ask(coming.pop(0))
            self.tick(coming[0].at if coming else inf)
            assert self.now < most, "somebody starves"
