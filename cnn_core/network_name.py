"""Which network: one short text that a link, a file of settings and the sidebar's choice all hold.

    pretrained:lesson           one that we trained ourselves
    run:AbCdEfGhIjK             a run's network as it is now
    run:AbCdEfGhIjK:128         a run's network as it was after 128 optimizer steps
    run:AbCdEfGhIjK:best        a run's network at its best epoch; also :last, and :remeasured
    design                      the visitor's own draft, untrained
    design:eJxLzkxO...          a design as a link, untrained
    efficientnet_lite0          a photo network

Whether there is such a network is for others to say; this module knows how a name is spelt.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from cnn_core.errors import StudentError

KINDS = ("pretrained", "run", "design", "photo")
MOMENTS = ("last", "best", "remeasured")  # of a run: weights of it that have a name of their own

_STEP = re.compile(r"(.*):(0|[1-9][0-9]{0,8})", re.ASCII | re.DOTALL)
_NO_SUCH_NETWORK = "There is no network of that name."


@dataclass(frozen=True)
class NetworkName:
    """The name of a network, taken apart.

    kind: one of KINDS.
    name: "lesson", a run's id, a design's link ("" is the visitor's draft) or a photo network's name.
    step: of a run: after which optimizer step; None is as it is now, and for all other kinds.
    moment: of a run: one of MOMENTS; "" is what it came to, and for all other kinds.

    >>> NetworkName("run", "AbCdEfGhIjK", 128)
    NetworkName(kind='run', name='AbCdEfGhIjK', step=128, moment='')
    >>> str(NetworkName("run", "AbCdEfGhIjK", 128)), str(NetworkName("design")), str(NetworkName("photo", "googlenet"))
    ('run:AbCdEfGhIjK:128', 'design', 'googlenet')
    """

    kind: str
    name: str = ""
    step: int | None = None
    moment: str = ""

    def __post_init__(self) -> None:
        assert self.kind in KINDS, self.kind
        assert self.step is None or self.kind == "run", "only a run is known at many steps"
        assert not self.moment or (self.kind == "run" and self.step is None and self.moment in MOMENTS)

    @classmethod
    def parse(cls, text: object, hint: str = "Choose another.") -> NetworkName:
        """The name that `text` spells; `str` of it is `text` again.

        text: whatever a stranger wrote into an address or a file.
        hint: what to do about a text that is no name, one sentence.
        Raises StudentError for a text that is no name.

        >>> NetworkName.parse("pretrained:lesson")
        NetworkName(kind='pretrained', name='lesson', step=None, moment='')
        """
        if not isinstance(text, str) or not text:
            raise StudentError(_NO_SUCH_NETWORK, hint)
        kind, colon, name = text.partition(":")
        if kind == "run" and (match := _STEP.fullmatch(name)):
            return cls(kind, match[1], int(match[2]))
        if kind == "run" and name.rpartition(":")[2] in MOMENTS:
            run, _, moment = name.rpartition(":")
            return cls(kind, run, moment=moment)
        if kind in ("pretrained", "run") or (kind == "design" and bool(name) == bool(colon)):
            return cls(kind, name)
        if colon:
            raise StudentError(_NO_SUCH_NETWORK, hint)
        return cls("photo", text)

    def __str__(self) -> str:
        if self.kind == "photo":
            return self.name
        if self.kind == "design" and not self.name:
            return self.kind
        step = "" if self.step is None else f":{self.step}"
        moment = f":{self.moment}" if self.moment else ""
        return f"{self.kind}:{self.name}{step}{moment}"
