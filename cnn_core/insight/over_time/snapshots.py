"""The snapshots of a training as every function here takes them: (step, a network or what loads it), in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import torch

from cnn_core.model.network import Network, build

Snapshots = Iterable[tuple[int, Network | Callable[[], Network]]]


def in_turn(snapshots: Snapshots) -> Iterator[tuple[int, Network]]:
    """Each network, loaded when it is wanted, in single precision: snapshots may be kept in float16."""
    for step, source in snapshots:
        net = source if isinstance(source, Network) else source()
        if any(value.dtype == torch.float16 for value in net.state_dict().values()):
            whole = build(net.spec)
            whole.load_state_dict(net.state_dict())
            net = whole.eval()
        yield step, net
