"""Whether a training fits into a small server: refused with a sentence, for the kernel would end it without one."""

from __future__ import annotations

from math import prod

from cnn_core.errors import StudentError
from cnn_core.machine import SMALL, memory_limit
from cnn_core.model import summarize
from cnn_core.model.spec import ModelSpec

# Bytes, measured with a CPU build of torch (deploy/docker.md): the pages with ten students and the runner; a worker
# that has trained the lesson's network.
PAGES = 500_000_000
WORKER = 450_000_000

# Floats that a worker keeps for each weight (itself, its gradient, two of the optimiser, the best, one being written)
# and for each value between two layers of a batch (itself, its gradient, a copy in another layout).
FOR_A_WEIGHT, FOR_A_VALUE = 6, 3


def training_needs(spec: ModelSpec, batch_size: int) -> int:
    """About how many bytes a training takes beyond what its worker has anyway."""
    rows = summarize(spec)
    values = prod(spec.input_shape) + sum(prod(row.output_shape) for row in rows)
    return 4 * (FOR_A_WEIGHT * sum(row.parameters for row in rows) + FOR_A_VALUE * batch_size * values)


def check_memory(spec: ModelSpec, batch_size: int) -> None:
    """Raise StudentError where a small server has no room for this training; a larger one is not asked."""
    if (limit := memory_limit()) >= SMALL:
        return
    room = limit - PAGES - WORKER
    if room <= 0:
        raise StudentError(
            f"This server has {limit / 1e9:.1f} GB of memory, too little to train beside the pages.",
            hint="Look into the networks that were trained before, or start Convscope on a computer of your own.",
        )
    if (needs := training_needs(spec, batch_size)) > room:
        raise StudentError(
            f"This training needs about {needs / 1e6:,.0f} MB of memory, and this small server has "
            f"{room / 1e6:,.0f} MB for it.",
            hint="Use smaller batches, or fewer filters or units.",
        )
